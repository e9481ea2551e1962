package integration

import (
	"fmt"
	"math"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// state is one in which a client may vanish.
type state struct {
	name  string
	sends string // commands by line; the last is cut where it ends in ...
	reads int    // replies that it reads before it goes
	shows string // in its line of CLIENT LIST, where replies do not say that it is there; a regular expression
}

var states = []state{
	{"idle", "", 0, "cmd=NULL"},
	{"in the middle of a line", "SET k...", 0, "cmd=NULL"},
	{"in the middle of an argument", "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1000\r\nabc...", 0, "cmd=NULL"},
	{"with replies unread", "GET k\r\nGET k\r\nINCR n\r\nLRANGE list 0 -1", 0, "cmd=lrange"},
	{"in a transaction", "MULTI\r\nSET k v\r\nLPUSH elsewhere x", 3, "multi=2"},
	{"as a transaction runs", "MULTI\r\nINCR n\r\nINCR n\r\nEXEC", 3, ""},
	{"while it watches", "WATCH k other\r\nGET k", 2, ""},
	{"while it watches, in a transaction", "WATCH k\r\nMULTI\r\nGET k", 3, "multi=1"},
	{"blocked for a list", "BLPOP empty other:empty 0", 0, blocked},
	{"blocked for a move", "BLMOVE empty taken LEFT RIGHT 0", 0, blocked},
	{"blocked for a sorted set", "BZPOPMIN empty:z 0", 0, blocked},
	{"blocked for a stream", "XREAD BLOCK 0 STREAMS empty:x $", 0, blocked},
	{"blocked as a consumer", "XREADGROUP GROUP g me BLOCK 0 STREAMS group >", 0, blocked},
	{"blocked for a replica", "SET k v\r\nWAIT 1 0", 1, blocked},
	{"blocked, with more behind", "BLPOP empty 0\r\nSET k v\r\nLPUSH empty x", 0, blocked},
	{"subscribed", "SUBSCRIBE a b\r\nPSUBSCRIBE a*\r\nSSUBSCRIBE s", 4, "flags=P"},
	{"subscribed, in RESP3", "HELLO 3\r\nSUBSCRIBE a\r\nGET k", 3, "flags=P"},
	{"while it monitors", "MONITOR", 1, "flags=O"},
	{"without replies", "CLIENT REPLY OFF\r\nSET k v\r\nCLIENT REPLY SKIP\r\nGET k", 0, "cmd=get"},
	{"while it tracks", "HELLO 3\r\nCLIENT TRACKING ON\r\nGET k\r\nMGET k n other", 4, "flags=t"},
	{"while it tracks prefixes", "HELLO 3\r\nCLIENT TRACKING ON BCAST PREFIX k PREFIX n\r\nGET k", 3, "flags=tB"},
	{"while it may cache", "HELLO 3\r\nCLIENT TRACKING ON OPTIN\r\nCLIENT CACHING YES", 3, "flags=t"},
	{"as a script runs", "EVAL \"for i = 1, 5000 do end return redis.call('incr', 'n')\" 0", 0, ""},
	{"as a function runs", "FCALL spin 1 n", 0, ""},
	// It waits for one reply, or these clients could come faster than anybody can answer them.
	{"with much unread", strings.Repeat("GET big\r\n", 40), 1, "omem=[1-9]"},
	{"as it quits", "SET k v\r\nQUIT", 0, ""},
	{"after an error of the protocol", "*1\r\n$x\r\n", 0, ""},
	paused,
}

const blocked = "flags=b"

// paused is the state of a client whose call a CLIENT PAUSE holds back.
var paused = state{"held back", "SET held v", 0, blocked}

// gauges are lines of INFO as they are while there is no client but the one who asks. With one in each state, none of them is.
var gauges = []string{
	"connected_clients:1", "blocked_clients:0", "tracking_clients:0", "pubsub_clients:0", "watching_clients:0", "total_blocking_keys:0",
	"tracking_total_items:0", "tracking_total_prefixes:0", "pubsub_channels:0", "pubsub_patterns:0", "pubsubshard_channels:0",
}

// TestClientsThatVanishInAnyStateLeaveNothing has clients break off in all states in which they can be. Afterwards nothing of
// them is left, and nobody has taken anything with him.
func TestClientsThatVanishInAnyStateLeaveNothing(t *testing.T) {
	for _, name := range []string{"memory", "badger"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, seed := newRand(t)
			p := start(t, settings{Backend: name})
			control := dial(t, p.Addr)
			control.want("+OK\r\n", "SET", "big", strings.Repeat("x", 256<<10))
			control.want("+OK\r\n", "XGROUP", "CREATE", "group", "g", "$", "MKSTREAM")
			control.want("$4\r\nspin\r\n", "FUNCTION", "LOAD", "#!lua name=spin\nredis.register_function('spin', function(keys) for i = 1, 5000 do end return redis.call('INCR', keys[1]) end)")
			queue(t, p, control)
			crowd(t, p, control)
			kill(t, p, control)
			visit(t, p, control, seed, 5*len(states)) // pools and caches fill
			settled(t, control)
			before := collected(t, p, control)
			begun := time.Now()
			visit(t, p, control, seed, *visitsFlag)
			took := time.Since(begun)
			settled(t, control)
			allowed := map[string]float64{"go_goroutines": 5, "process_open_fds": 5, heapBytes: 32 << 20}
			var after map[string]float64
			defer func() {
				t.Logf("%d clients in %v", *visitsFlag, took.Round(time.Millisecond))
				for metric := range allowed {
					t.Logf("%s: %.0f, then %.0f", metric, before[metric], after[metric])
				}
			}()
			eventually(t, "all is as before", func() bool {
				after = collected(t, p, control)
				return len(left(before, after, allowed)) == 0
			})
			nothingTaken(t, control)
		})
	}
}

// collected are the metrics after the collector has run a few times, with the smallest heap that was seen meanwhile: what has
// become free counts until it is swept, and pools let go of what they have in the second run. Nothing would make the collector
// run while the server has nothing to do.
func collected(t *testing.T, p *process, control *conn) map[string]float64 {
	t.Helper()
	m := p.Metrics()
	if _, ok := m[gcRuns]; !ok {
		t.Fatalf("no metric %s", gcRuns)
	}
	least := math.Inf(1)
	for first := m[gcRuns] + 2; m[gcRuns] < first+4; m = p.Metrics() {
		for range 8 {
			control.want(":1048576\r\n", "EVAL", "return #string.rep('x', 1048576)", "0")
		}
		if m[gcRuns] >= first {
			least = min(least, m[heapBytes])
		}
	}
	m[heapBytes] = min(least, m[heapBytes])
	return m
}

const (
	gcRuns    = "go_gc_duration_seconds_count"
	heapBytes = "go_memstats_heap_alloc_bytes"
)

// nothingTaken looks whether those who have waited have gone, without what they waited for and what they asked for behind it:
// what comes now is for others.
func nothingTaken(t *testing.T, control *conn) {
	control.want(":0\r\n", "EXISTS", "empty", "other:empty", "empty:z", "taken", "elsewhere")
	for _, key := range []string{"empty", "other:empty"} {
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
}

// crowd has several clients be in every state at once, so that it is certain that they have been in it, and all of them vanish.
func crowd(t *testing.T, p *process, control *conn) {
	control.do("DEL", "held")
	var clients []*conn
	for range 3 {
		for _, s := range states {
			if s == paused {
				continue // until all others are there: a pause holds back most of them
			}
			clients = append(clients, enter(t, p, control, s))
		}
	}
	control.want("+OK\r\n", "CLIENT", "PAUSE", "1000000", "WRITE")
	for range 3 {
		clients = append(clients, enter(t, p, control, paused))
	}
	eventually(t, "INFO shows them all", func() bool {
		info := control.do("INFO").text
		return !slices.ContainsFunc(gauges, func(line string) bool { return strings.Contains(info, line+"\r\n") })
	})
	for _, c := range clients {
		c.Close()
	}
	settled(t, control)
	control.want("+OK\r\n", "CLIENT", "UNPAUSE")
	control.want(":0\r\n", "EXISTS", "held")
}

// enter connects a client and waits until it is in a state.
func enter(t *testing.T, p *process, control *conn, s state) *conn {
	t.Helper()
	c := dial(t, p.Addr)
	if err := c.begin(s); err != nil {
		t.Fatalf("%s: %v", s.name, err)
	}
	if s.shows != "" {
		line := regexp.MustCompile(`(?m)^id=\d+ addr=` + regexp.QuoteMeta(c.LocalAddr().String()) + ` .*\b` + s.shows)
		eventually(t, "it is "+s.name, func() bool { return line.MatchString(control.do("CLIENT", "LIST").text) })
	}
	return c
}

// queue has clients wait for a key that a script has, and vanish before it ends. So many goroutines are made for them that
// those that a server keeps for the next ones are there from now on.
func queue(t *testing.T, p *process, control *conn) {
	const goroutines = "go_goroutines"
	before := p.Metrics()[goroutines]
	script := dial(t, p.Addr)
	script.send("EVAL", "while true do end", "1", "k")
	var clients []*conn
	for range 50 {
		c := dial(t, p.Addr)
		c.send("SET", "k", "v")
		clients = append(clients, c)
	}
	eventually(t, "they wait", func() bool { return p.Metrics()[goroutines] >= before+40 })
	for _, c := range append(clients, script) {
		c.Close()
	}
	eventually(t, "the script is killed", func() bool { return control.do("SCRIPT", "KILL").raw == "+OK\r\n" })
	settled(t, control)
}

// kill has scripts that never end be killed: by clients who do not wait for the answer, and after their own client has gone.
func kill(t *testing.T, p *process, control *conn) {
	endless := encode("EVAL", "while true do end", "1", "k")
	for range 5 {
		c := dial(t, p.Addr)
		c.write(endless)
		ended := make(chan error, 1)
		go func() {
			r, err := c.next()
			if err == nil && !strings.HasPrefix(r.raw, "-ERR Script killed by user") {
				err = fmt.Errorf("the script: %q", r.raw)
			}
			ended <- err
		}()
		eventually(t, "who vanishes has killed it", func() bool {
			select {
			case err := <-ended:
				if err != nil {
					t.Fatal(err)
				}
				return true
			default:
				killer := dial(t, p.Addr)
				killer.send("SCRIPT", "KILL")
				killer.Close()
				return false
			}
		})
		c.Close()
		settled(t, control)

		c = dial(t, p.Addr)
		c.write(endless)
		c.Close()
		eventually(t, "the script of a client that has vanished is killed", func() bool { return control.do("SCRIPT", "KILL").raw == "+OK\r\n" })
		eventually(t, "its key is free", func() bool { return control.do("SET", "k", "v").raw == "+OK\r\n" })
		settled(t, control)
	}
}

// visit has n clients vanish, in each state in turn, several at a time and in any order.
func visit(t *testing.T, p *process, control *conn, seed uint64, n int) {
	var all sync.WaitGroup
	const atOnce = 8
	for w := range atOnce {
		r := rand.New(rand.NewPCG(seed, uint64(w)))
		all.Go(func() {
			for i := w; i < n && !t.Failed(); i += atOnce {
				s := states[i%len(states)]
				if err := vanish(p.Addr, s, r); err != nil {
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

func vanish(addr string, s state, r *rand.Rand) error {
	c, err := dialError(addr)
	if err != nil {
		return err
	}
	defer c.Close()
	if err := c.begin(s); err != nil {
		return err
	}
	if r.IntN(4) == 0 { // long enough to be in the state, or not
		time.Sleep(time.Duration(r.IntN(3)) * time.Millisecond)
	}
	return nil
}

// begin sends what leads to a state.
func (c *conn) begin(s state) error {
	sends, cut := strings.CutSuffix(s.sends, "...")
	if !cut && sends != "" {
		sends += "\r\n"
	}
	if _, err := c.Write([]byte(sends)); err != nil {
		return err
	}
	for range s.reads {
		if _, err := c.next(); err != nil {
			return err
		}
	}
	return nil
}

// settled waits until the server knows of no client but the one who asks.
func settled(t *testing.T, control *conn) {
	t.Helper()
	eventually(t, "all have gone", func() bool {
		info := control.do("INFO").text
		return !slices.ContainsFunc(gauges, func(line string) bool { return !strings.Contains(info, line+"\r\n") })
	})
}
