package integration

import (
	"fmt"
	"strings"
	"testing"

	"switchyard/integration/redistest"
)

// orderedPairs are all the ways to switch.
func orderedPairs() (list [][2]string) {
	for _, from := range everyBackend {
		for _, to := range everyBackend {
			if from != to {
				list = append(list, [2]string{from, to})
			}
		}
	}
	return list
}

func TestSwitchCarriesEveryKeyValueAndExpiryOver(t *testing.T) {
	for _, pair := range orderedPairs() {
		t.Run(pair[0]+" to "+pair[1], func(t *testing.T) {
			t.Parallel()
			r, _ := newRand(t)
			p := start(t, settings{Backend: pair[0]})
			k := sample(r, 2000)
			k.store(t, p.Addr)
			client := dial(t, p.Addr) // stays connected
			client.want("+OK\r\n", "SELECT", "7")
			client.want("+OK\r\n", "STATE.SWITCH", pair[1])
			client.want("$3\r\n-42\r\n", "GET", "number")
			if got := p.Active(); got != pair[1] {
				t.Errorf("active: %s", got)
			}
			k.expect(t, p.Addr)
			if pair[1] == "redis" {
				k.expect(t, p.Upstream.Addr)
			}
			// And it is the target that is written to from now on.
			client.want("+OK\r\n", "SET", "after", "the switch")
			k[7]["after"] = record{"the switch", -1}
			p.Stop()
			if pair[1] != "memory" {
				k.expect(t, p.Again(settings{}).Addr)
			}
		})
	}
}

// A hundred thousand keys in sixteen databases, to a real Redis and back.
func TestSwitchToRedisAndBackToMemoryLosesNothing(t *testing.T) {
	t.Parallel()
	r, _ := newRand(t)
	p := start(t, settings{Backend: "memory"})
	k := sample(r, 100_000)
	k.store(t, p.Addr)
	c := dial(t, p.Addr)
	c.want("+OK\r\n", "STATE.SWITCH", "redis")
	k.expect(t, p.Upstream.Addr)
	c.want("+OK\r\n", "STATE.SWITCH", "memory", "FLUSH")
	if got := p.Active(); got != "memory" {
		t.Errorf("active: %s", got)
	}
	k.expect(t, p.Addr)
}

func TestSwitchRefusesATargetThatHoldsKeys(t *testing.T) {
	for _, pair := range orderedPairs() {
		t.Run(pair[0]+" to "+pair[1], func(t *testing.T) {
			t.Parallel()
			r, _ := newRand(t)
			p := start(t, settings{Backend: pair[1]})
			c := dial(t, p.Addr)
			there := sample(r, 50)
			there.store(t, p.Addr)
			c.want("+OK\r\n", "STATE.SWITCH", pair[0], "NOCOPY")
			here := sample(r, 50)
			here.store(t, p.Addr)
			if got := c.do("STATE.SWITCH", pair[1]); !got.isError() || !strings.Contains(got.text, "FLUSH") || !strings.Contains(got.text, "MERGE") {
				t.Errorf("STATE.SWITCH to keys: %q", got.raw)
			}
			if got := p.Active(); got != pair[0] {
				t.Errorf("active: %s", got)
			}
			here.expect(t, p.Addr)
			c.want("+OK\r\n", "STATE.SWITCH", pair[1], "NOCOPY")
			there.expect(t, p.Addr)
		})
	}
}

// stocked is a Switchyard where both backends hold keys, and the first is active.
func stocked(t *testing.T, from, to string) (p *process, c *conn) {
	p = start(t, settings{Backend: to})
	c = dial(t, p.Addr)
	c.want("+OK\r\n", "MSET", "both", "old", "theirs", "kept?", "counter", "1")
	c.want(":1\r\n", "EXPIRE", "both", "100000")
	c.want("+OK\r\n", "STATE.SWITCH", from, "NOCOPY")
	c.want("+OK\r\n", "MSET", "both", "new", "ours", "moved")
	return p, c
}

func TestSwitchFlushEmptiesTheTargetFirst(t *testing.T) {
	for _, pair := range orderedPairs() {
		t.Run(pair[0]+" to "+pair[1], func(t *testing.T) {
			t.Parallel()
			_, c := stocked(t, pair[0], pair[1])
			c.want("+OK\r\n", "STATE.SWITCH", pair[1], "flush")
			c.want(":2\r\n", "DBSIZE")
			c.want("*3\r\n$3\r\nnew\r\n$5\r\nmoved\r\n$-1\r\n", "MGET", "both", "ours", "theirs")
			c.want(":-1\r\n", "TTL", "both")
		})
	}
}

func TestSwitchMergeKeepsWhatOnlyTheTargetHas(t *testing.T) {
	for _, pair := range orderedPairs() {
		t.Run(pair[0]+" to "+pair[1], func(t *testing.T) {
			t.Parallel()
			_, c := stocked(t, pair[0], pair[1])
			c.want("+OK\r\n", "STATE.SWITCH", pair[1], "Merge")
			c.want(":4\r\n", "DBSIZE")
			c.want("*3\r\n$3\r\nnew\r\n$5\r\nmoved\r\n$5\r\nkept?\r\n", "MGET", "both", "ours", "theirs")
			c.want(":-1\r\n", "TTL", "both")
		})
	}
}

func TestSwitchToWhatIsNotThereChangesNothing(t *testing.T) {
	onEveryBackend(t, func(t *testing.T, p *process) {
		active := p.Active()
		c := dial(t, p.Addr)
		c.want("+OK\r\n", "SET", "k", "v")
		for _, args := range [][]string{
			{"STATE.SWITCH", "nosuch"}, {"STATE.SWITCH", ""}, {"STATE.SWITCH", "memory", "SOMEHOW"},
			{"STATE.SWITCH", "memory", "FLUSH", "MERGE"}, {"STATE.SWITCH"},
		} {
			if r := c.do(args...); !r.isError() {
				t.Errorf("%q: %q", args, r.raw)
			}
		}
		if r := c.do("STATE.SWITCH", "nosuch"); !strings.Contains(r.text, "nosuch") {
			t.Errorf("the error does not name the backend: %q", r.raw)
		}
		c.want("-ERR wrong number of arguments for 'state.switch' command\r\n", "STATE.SWITCH")
		c.want("+OK\r\n", "STATE.SWITCH", active) // where it is already
		c.want("$1\r\nv\r\n", "GET", "k")
		if got := p.Active(); got != active {
			t.Errorf("active: %s", got)
		}
	})
}

func TestSwitchToAnUnreachableRedisLeavesTheOldBackendWhole(t *testing.T) {
	for _, from := range []string{"memory", "badger"} {
		t.Run(from, func(t *testing.T) {
			t.Parallel()
			r, _ := newRand(t)
			upstream := redistest.Start(t)
			p := start(t, settings{Backend: from, Upstream: upstream})
			k := sample(r, 500)
			k.store(t, p.Addr)
			upstream.Stop()
			c := dial(t, p.Addr)
			for _, mode := range []string{"FLUSH", "MERGE", "NOCOPY"} {
				if r := c.do("STATE.SWITCH", "redis", mode); !r.isError() {
					t.Errorf("STATE.SWITCH to a dead redis-server, %s: %q", mode, r.raw)
				}
			}
			if r := c.do("STATE.SWITCH", "redis"); !r.isError() {
				t.Errorf("STATE.SWITCH to a dead redis-server: %q", r.raw)
			}
			if got := p.Active(); got != from {
				t.Errorf("active: %s", got)
			}
			k.expect(t, p.Addr)
			upstream.Restart()
			c.want("+OK\r\n", "STATE.SWITCH", "redis")
			k.expect(t, upstream.Addr)
		})
	}
}

func TestTheChoiceSurvivesARestartAndWinsOverTheFlag(t *testing.T) {
	t.Parallel()
	p := start(t, settings{Backend: "memory"})
	c := dial(t, p.Addr)
	c.want("+OK\r\n", "SET", "k", "v")
	c.want("+OK\r\n", "STATE.SWITCH", "badger")
	p.Stop()
	for _, s := range []settings{{Backend: "memory"}, {Env: []string{"SWITCHYARD_BACKEND=memory"}}, {}} {
		q := p.Again(s)
		if got := q.Active(); got != "badger" {
			t.Errorf("%+v: active: %s", s, got)
		}
		dial(t, q.Addr).want("$1\r\nv\r\n", "GET", "k")
		eventually(t, "the log tells of both", func() bool {
			return strings.Contains(q.Log(), "badger") && strings.Contains(q.Log(), "memory")
		})
		q.Stop()
	}
}

func TestStatsCountSwitches(t *testing.T) {
	t.Parallel()
	p := start(t, settings{Backend: "memory"})
	c := dial3(t, p.Addr)
	for i, name := range []string{"badger", "redis", "memory"} {
		c.want("+OK\r\n", "STATE.SWITCH", name)
		stats := c.do("STATE.STATS")
		if n, _ := stats.field("switches"); n.int() != int64(i+1) {
			t.Errorf("after %d switches: %q", i+1, n.raw)
		}
	}
	for i, b := range c.do("STATE.BACKENDS").items {
		name, _ := b.field("name")
		active, _ := b.field("active")
		if want := fmt.Sprintf("#%c\r\n", "ft"[b2i(name.text == "memory")]); active.raw != want {
			t.Errorf("instance %d, %s: active %q", i, name.text, active.raw)
		}
	}
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}
