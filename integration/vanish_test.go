package integration

import (
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"
)

// states are those in which a client may vanish: what it has sent by then, and what it reads before it goes.
var states = []struct {
	name  string
	sends string // commands by line; the last is cut where it ends in ...
	reads int    // replies
}{
	{"idle", "", 0},
	{"in the middle of a line", "SET k...", 0},
	{"in the middle of an argument", "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1000\r\nabc...", 0},
	{"with replies unread", "GET k\r\nGET k\r\nINCR n\r\nLRANGE list 0 -1", 0},
	{"in a transaction", "MULTI\r\nSET k v\r\nLPUSH elsewhere x", 3},
	{"as a transaction runs", "MULTI\r\nINCR n\r\nINCR n\r\nEXEC", 3},
	{"while it watches", "WATCH k other\r\nGET k", 2},
	{"while it watches, in a transaction", "WATCH k\r\nMULTI\r\nGET k", 3},
	{"blocked for a list", "BLPOP empty other:empty 0", 0},
	{"blocked for a move", "BLMOVE empty taken LEFT RIGHT 0", 0},
	{"blocked for a sorted set", "BZPOPMIN empty:z 0", 0},
	{"blocked for a stream", "XREAD BLOCK 0 STREAMS empty:x $", 0},
	{"blocked as a consumer", "XREADGROUP GROUP g me BLOCK 0 STREAMS group >", 0},
	{"blocked for a replica", "SET k v\r\nWAIT 1 0", 1},
	{"blocked, with more behind", "BLPOP empty 0\r\nSET k v\r\nLPUSH empty x", 0},
	{"subscribed", "SUBSCRIBE a b\r\nPSUBSCRIBE a*\r\nSSUBSCRIBE s", 4},
	{"subscribed, in RESP3", "HELLO 3\r\nSUBSCRIBE a\r\nGET k", 3},
	{"while it monitors", "MONITOR", 1},
	{"without replies", "CLIENT REPLY OFF\r\nSET k v\r\nCLIENT REPLY SKIP\r\nGET k", 0},
	{"while it tracks", "HELLO 3\r\nCLIENT TRACKING ON\r\nGET k\r\nMGET k n other", 4},
	{"while it tracks prefixes", "HELLO 3\r\nCLIENT TRACKING ON BCAST PREFIX k PREFIX n\r\nGET k", 3},
	{"while it may cache", "HELLO 3\r\nCLIENT TRACKING ON OPTIN\r\nCLIENT CACHING YES", 3},
	{"as a script runs", "EVAL \"for i = 1, 5000 do end return redis.call('incr', 'n')\" 0", 0},
	{"as a function runs", "FCALL spin 1 n", 0},
	{"with much unread", strings.Repeat("GET big\r\n", 40), 0},
	{"held back", "SET held v", 0}, // while a CLIENT PAUSE goes on
	{"as it quits", "SET k v\r\nQUIT", 0},
	{"after an error of the protocol", "*1\r\n$x\r\n", 0},
}

// TestClientsThatVanishInAnyStateLeaveNothing has clients break off in all states in which they can be. Afterwards nothing of
// them is left, and nobody has taken anything with him.
func TestClientsThatVanishInAnyStateLeaveNothing(t *testing.T) {
	for _, name := range []string{"memory", "badger"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := start(t, settings{Backend: name})
			control := dial(t, p.Addr)
			control.want("+OK\r\n", "SET", "big", strings.Repeat("x", 256<<10))
			control.want("+OK\r\n", "XGROUP", "CREATE", "group", "g", "$", "MKSTREAM")
			control.want("$4\r\nspin\r\n", "FUNCTION", "LOAD", "#!lua name=spin\nredis.register_function('spin', function(keys) for i = 1, 5000 do end return redis.call('INCR', keys[1]) end)")
			visit(t, p, control, 5) // pools and caches fill
			settled(t, control)
			before := p.Metrics()
			visit(t, p, control, *visitsFlag)
			settled(t, control)
			allowed := map[string]float64{"go_goroutines": 5, "process_open_fds": 5}
			if *visitsFlag > 1000 {
				allowed["go_memstats_heap_alloc_bytes"] = 32 << 20 // what the collector's rhythm blurs
			}
			eventually(t, "all is as before", func() bool { return len(left(before, p.Metrics(), allowed)) == 0 })
			// Those who have waited have gone: what comes now is for others.
			for _, key := range []string{"empty", "other:empty"} {
				control.do("DEL", key)
				control.want(":1\r\n", "LPUSH", key, "x")
				control.want("$1\r\nx\r\n", "RPOP", key)
			}
			control.want(":1\r\n", "ZADD", "empty:z", "1", "m")
			control.want(":1\r\n", "ZCARD", "empty:z")
			control.want(":0\r\n", "EXISTS", "taken", "elsewhere")
			control.do("XADD", "group", "1-1", "f", "v")
			if r := control.do("XPENDING", "group", "g"); !strings.HasPrefix(r.raw, "*4\r\n:0\r\n") {
				t.Errorf("an entry was given to somebody: %q", r.raw)
			}
		})
	}
}

// visit has n clients vanish in each state, several at a time and in any order.
func visit(t *testing.T, p *process, control *conn, n int) {
	var all sync.WaitGroup
	const atOnce = 8
	for w := range atOnce {
		r := rand.New(rand.NewPCG(rand.Uint64(), 0))
		all.Go(func() {
			for i := w; i < n*len(states) && !t.Failed(); i += atOnce {
				s := &states[i%len(states)]
				if err := vanish(p.Addr, s.sends, s.reads, r); err != nil {
					t.Errorf("%s: %v", s.name, err)
				}
			}
		})
	}
	done := make(chan struct{})
	go func() {
		all.Wait()
		close(done)
	}()
	for { // pauses come and go meanwhile
		select {
		case <-done:
			return
		case <-time.After(20 * time.Millisecond):
			control.want("+OK\r\n", "CLIENT", "PAUSE", "5", "WRITE")
			control.want(":0\r\n", "PUBLISH", "nobody", "listens")
			control.do("PUBLISH", "a", "message")
		}
	}
}

func vanish(addr, sends string, reads int, r *rand.Rand) error {
	c, err := dialError(addr)
	if err != nil {
		return err
	}
	defer c.Close()
	if whole, cut := strings.CutSuffix(sends, "..."); cut {
		sends = whole
	} else if sends != "" {
		sends += "\r\n"
	}
	if _, err := c.Write([]byte(sends)); err != nil {
		return err
	}
	for range reads {
		if _, err := c.next(); err != nil {
			return err
		}
	}
	if r.IntN(4) == 0 { // long enough to be in the state, or not
		time.Sleep(time.Duration(r.IntN(3)) * time.Millisecond)
	}
	return nil
}

// settled waits until the server knows of no client but the one who asks.
func settled(t *testing.T, control *conn) {
	t.Helper()
	var info string
	eventually(t, "all have gone", func() bool {
		info = control.do("INFO").text
		for _, line := range []string{"connected_clients:1", "blocked_clients:0", "tracking_clients:0", "pubsub_clients:0", "watching_clients:0",
			"total_blocking_keys:0", "tracking_total_items:0", "tracking_total_prefixes:0", "pubsub_channels:0", "pubsub_patterns:0", "pubsubshard_channels:0"} {
			if !strings.Contains(info, line+"\r\n") {
				return false
			}
		}
		return true
	})
}
