package integration

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
)

func TestStateStatsDescribesABackend(t *testing.T) {
	onEveryBackend(t, func(t *testing.T, p *process) {
		c := dial3(t, p.Addr)
		c.want("+OK\r\n", "MSET", "a", "1", "b", "2", "c", "3")
		c.want(":1\r\n", "EXPIRE", "a", "1000")
		c.do("GET", "a")
		c.do("GET", "nosuch")
		c.do("INCR", "b")
		stats := c.do("STATE.STATS")
		if stats.kind != '%' {
			t.Fatalf("%q", stats.raw)
		}
		for _, name := range []string{"backend", "driver", "keys", "bytes", "expiring_keys", "hits", "misses", "reads", "writes", "errors",
			"expired", "evicted", "uptime", "ops_per_second", "switches"} {
			if _, ok := stats.field(name); !ok {
				t.Errorf("no %s in %q", name, stats.raw)
			}
		}
		for name, want := range map[string]int64{"keys": 3, "expiring_keys": 1, "errors": 0, "switches": 0} {
			if n, _ := stats.field(name); n.int() != want {
				t.Errorf("%s: %q, want %d", name, n.raw, want)
			}
		}
		for name, least := range map[string]int64{"reads": 2, "writes": 3, "hits": 1, "misses": 1, "bytes": 1} {
			if n, _ := stats.field(name); n.int() < least {
				t.Errorf("%s: %q, want at least %d", name, n.raw, least)
			}
		}
		if named := c.do("STATE.STATS", p.Active()); len(named.items) != len(stats.items) {
			t.Errorf("by name: %q", named.raw)
		}
		if r := c.do("STATE.STATS", "nosuch"); !r.isError() || !strings.Contains(r.text, "nosuch") {
			t.Errorf("of an unknown backend: %q", r.raw)
		}
		if r := c.do("STATE.STATS", "a", "b"); r.raw != "-ERR wrong number of arguments for 'state.stats' command\r\n" {
			t.Errorf("%q", r.raw)
		}
	})
}

func TestStateBackendsListsEveryInstance(t *testing.T) {
	onEveryBackend(t, func(t *testing.T, p *process) {
		var names []string
		for _, b := range dial3(t, p.Addr).do("STATE.BACKENDS").items {
			name, _ := b.field("name")
			names = append(names, name.text)
			active, _ := b.field("active")
			open, _ := b.field("open")
			healthy, _ := b.field("healthy")
			want := map[bool]string{true: "#t\r\n", false: "#f\r\n"}[name.text == p.Active()]
			if active.raw != want || open.raw != want {
				t.Errorf("%s: active %q, open %q", name.text, active.raw, open.raw)
			}
			if want == "#t\r\n" && healthy.raw != want {
				t.Errorf("%s: healthy %q", name.text, healthy.raw)
			}
			if capabilities, _ := b.field("capabilities"); open.raw == "#t\r\n" && len(capabilities.items) == 0 {
				t.Errorf("%s: no capabilities: %q", name.text, b.raw)
			}
		}
		slices.Sort(names)
		if want := []string{"badger", "memory", "redis"}; !slices.Equal(names, want) {
			t.Errorf("%q", names)
		}
	})
}

func TestStateCommandsAreCommandsLikeOthers(t *testing.T) {
	t.Parallel()
	c := dial3(t, start(t, settings{Backend: "memory"}).Addr)
	help := c.do("STATE.HELP").raw
	all := c.do("COMMAND", "LIST").texts()
	for _, name := range []string{"state.switch", "state.stats", "state.backends", "state.help"} {
		if r := c.do("COMMAND", "INFO", name); len(r.items) != 1 || len(r.items[0].items) != 10 {
			t.Errorf("COMMAND INFO %s: %q", name, r.raw)
		}
		if r := c.do("COMMAND", "DOCS", name); len(r.items) != 2 || !strings.Contains(r.raw, "summary") {
			t.Errorf("COMMAND DOCS %s: %q", name, r.raw)
		}
		if !slices.Contains(all, name) {
			t.Errorf("COMMAND LIST has no %s", name)
		}
		if !strings.Contains(help, strings.ToUpper(name)) {
			t.Errorf("STATE.HELP has no %s", name)
		}
	}
	if n := c.do("COMMAND", "COUNT").int(); n != int64(len(all)) {
		t.Errorf("COMMAND COUNT is %d, COMMAND LIST has %d", n, len(all))
	}
}

func TestLogsCanBeJSON(t *testing.T) {
	t.Parallel()
	p := start(t, settings{Backend: "memory", Env: []string{"SWITCHYARD_LOG_FORMAT=json"}})
	dial(t, p.Addr).want("+OK\r\n", "STATE.SWITCH", "badger")
	p.Stop()
	n := 0
	for _, line := range strings.Split(p.Log(), "\n") {
		if !strings.HasPrefix(line, "{") {
			continue // what is said to the person who started it
		}
		var entry struct{ Time, Level, Msg string }
		if err := json.Unmarshal([]byte(line), &entry); err != nil || entry.Time == "" || entry.Level == "" || entry.Msg == "" {
			t.Errorf("%v: %s", err, line)
		}
		n++
	}
	if n < 2 {
		t.Errorf("%d entries in\n%s", n, p.Log())
	}
}

// Commands that only a real Redis has reach it while it is active, errors about types included.
func TestWhatOnlyRedisHasReachesIt(t *testing.T) {
	t.Parallel()
	p := start(t, settings{Backend: "redis"})
	c := dial(t, p.Addr)
	c.want(":2\r\n", "EVAL", "return redis.call('RPUSH', KEYS[1], 'a', 'b')", "1", "list")
	c.want("*2\r\n$1\r\na\r\n$1\r\nb\r\n", "LRANGE", "list", "0", "-1")
	c.want("-WRONGTYPE Operation against a key holding the wrong kind of value\r\n", "GET", "list")
	c.want("-WRONGTYPE Operation against a key holding the wrong kind of value\r\n", "INCR", "list")
	c.want("+list\r\n", "TYPE", "list")
	c.want("*1\r\n$-1\r\n", "MGET", "list")
	c.want("$3\r\n1-1\r\n", "XADD", "stream", "1-1", "f", "v")
	c.want(":1\r\n", "XLEN", "stream")
	c.want("-ERR unknown subcommand 'nosuch'. Try CLIENT HELP.\r\n", "CLIENT", "nosuch")
}
