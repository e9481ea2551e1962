package badger

import (
	"math"
	"os"
	"runtime/debug"
	"runtime/metrics"
	"sync"
)

// budget limits the Go heap of the process to the sum of what its Badger instances may take. Without
// that the garbage of a fast load piles up to a multiple: a gigabyte where a quarter of it was
// meant. It is one for the process, because the limit is.
//
// Two things come before it: GOMEMLIMIT, and data that other backends keep in memory. When what is
// live comes near the limit, the limit steps aside, since the collector would run without end.
var budget memoryBudget

type memoryBudget struct {
	mu  sync.Mutex
	sum int64
	own bool // the limit is ours to set
}

func (b *memoryBudget) join(bytes int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.sum == 0 {
		b.own = os.Getenv("GOMEMLIMIT") == "" && debug.SetMemoryLimit(-1) == math.MaxInt64
	}
	b.sum += bytes
	b.set()
}

func (b *memoryBudget) leave(bytes int64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.sum -= bytes
	b.set()
}

// adjust looks at the memory again.
func (b *memoryBudget) adjust() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.set()
}

// set sets the limit; b.mu is locked.
func (b *memoryBudget) set() {
	if !b.own {
		return
	}
	limit := b.sum
	if limit == 0 || live() > limit*3/4 {
		limit = math.MaxInt64
	}
	if debug.SetMemoryLimit(-1) != limit {
		debug.SetMemoryLimit(limit)
	}
}

// live is what the last garbage collection has found in use.
func live() int64 {
	sample := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	if metrics.Read(sample); sample[0].Value.Kind() != metrics.KindUint64 {
		return 0
	}
	return int64(sample[0].Value.Uint64())
}
