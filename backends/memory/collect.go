package memory

import (
	"os"
	"runtime/debug"
	"sync"
)

// thrift keeps the garbage of the process small while it holds much data. Go's collector lets the garbage grow to the
// size of what is in use, so that a key takes twice its memory. Commands on data in memory make little garbage, so
// collecting more often costs them little; a heap of mostly garbage, as without much data, is collected as
// usual. It is one for the process, because the collector is. GOGC comes before it.
var thrift collectorThrift

const (
	thriftyBytes   = 64 << 20 // of data, from which on it matters
	thriftyPercent = 30       // of what is in use may be garbage
)

type collectorThrift struct {
	mu      sync.Mutex
	used    map[*Engine]int64
	thrifty bool
	usual   int // the percentage before
}

// report tells how many bytes of data an engine has; 0 when it ends.
func (c *collectorThrift) report(e *Engine, bytes int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.used == nil {
		c.used = map[*Engine]int64{}
	}
	if c.used[e] = bytes; bytes == 0 {
		delete(c.used, e)
	}
	var sum int64
	for _, n := range c.used {
		sum += n
	}
	switch much := sum >= thriftyBytes; {
	case much == c.thrifty || os.Getenv("GOGC") != "":
	case much:
		c.usual = debug.SetGCPercent(thriftyPercent)
		c.thrifty = true
	default:
		debug.SetGCPercent(c.usual)
		c.thrifty = false
	}
}
