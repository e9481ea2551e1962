package integration

import (
	"fmt"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"switchyard/integration/redistest"
)

func TestConfiguredLimitsRefuseLargerRequests(t *testing.T) {
	t.Parallel()
	p := start(t, settings{Backend: "memory", Env: []string{
		"SWITCHYARD_LIMITS_ARGUMENT=2kb", "SWITCHYARD_LIMITS_ARGUMENTS=16", "SWITCHYARD_LIMITS_REQUEST=8kb",
	}})
	c := dial(t, p.Addr)
	c.want("+OK\r\n", "SET", "k", strings.Repeat("v", 2048))
	c.want("-ERR string exceeds maximum allowed size (proto-max-bulk-len)\r\n", "APPEND", "k", "v")
	c.want("-ERR string exceeds maximum allowed size (proto-max-bulk-len)\r\n", "SETRANGE", "k", "2048", "v")
	c.want(":2048\r\n", "STRLEN", "k")
	for _, tooMuch := range []struct{ name, bytes, err string }{
		{"an argument", string(encode("SET", "k", strings.Repeat("v", 2049))), "invalid bulk length"},
		{"arguments", string(encode(append([]string{"MGET"}, make([]string, 16)...)...)), "invalid multibulk length"},
		{"bytes", string(encode("MSET", "a", strings.Repeat("v", 2000), "b", strings.Repeat("v", 2000), "c", strings.Repeat("v", 2000), "d", strings.Repeat("v", 2000), "e", strings.Repeat("v", 2000))), "too big request"},
	} {
		if got := converse(t, p.Addr, tooMuch.bytes); got != "-ERR Protocol error: "+tooMuch.err+"\r\n" {
			t.Errorf("too many %s: %q", tooMuch.name, got)
		}
	}
	c.want(":2048\r\n", "STRLEN", "k")
}

func TestFullMemoryRefusesWritesAndGoesOnReading(t *testing.T) {
	t.Parallel()
	p := start(t, settings{Backend: "memory", Env: []string{"SWITCHYARD_BACKENDS_MEMORY_MAXMEMORY=2mb"}})
	c := dial(t, p.Addr)
	stored := fillUp(t, c)
	c.want("$4\r\nvvvv\r\n", "GETRANGE", "k0", "0", "3")
	c.want(fmt.Sprintf(":%d\r\n", stored), "DBSIZE")
	c.want("-OOM command not allowed when used memory > 'maxmemory'.\r\n", "INCR", "n")
	c.want(":1\r\n", "DEL", "k0")
	c.want(":1\r\n", "DEL", "k1")
	eventually(t, "there is room again", func() bool { return c.do("SET", "k0", "v").raw == "+OK\r\n" })
	if info := c.do("INFO", "memory").text; !strings.Contains(info, "maxmemory:2097152\r\n") {
		t.Errorf("INFO: %q", info)
	}
}

// fillUp writes values of 10 kB until one is refused for lack of memory, and returns how many were stored.
func fillUp(t *testing.T, c *conn) (stored int) {
	t.Helper()
	for stored < 1000 {
		r := c.do("SET", fmt.Sprint("k", stored), strings.Repeat("v", 10_000))
		if r.isError() {
			if r.raw != "-OOM command not allowed when used memory > 'maxmemory'.\r\n" {
				t.Fatalf("SET: %q", r.raw)
			}
			break
		}
		stored++
	}
	if stored < 100 || stored > 220 {
		t.Errorf("%d values of 10 kB fit in 2 MB", stored)
	}
	return stored
}

// TestScriptsInFullMemory compares with a real Redis: what only reads or makes room runs, and a script that has begun to
// write may go on.
func TestScriptsInFullMemory(t *testing.T) {
	t.Parallel()
	r, p := redistest.Start(t), start(t, settings{Backend: "memory"})
	calls := [][]string{
		{"MSET", "k1", "v", "k2", "v", "k3", "v"},
		{"CONFIG", "SET", "maxmemory", "1"},
		{"EVAL", "return redis.call('get', KEYS[1])", "1", "k1"},
		{"EVAL_RO", "return redis.call('get', 'k1')", "0"},
		{"EVAL", "return redis.call('set', KEYS[1], 'w')", "1", "k1"},
		{"EVAL", "redis.call('set', KEYS[1], 'w') return 1", "1", "k1"},
		{"EVAL", "return redis.pcall('incr', 'n')['err']", "0"},
		{"EVAL", "redis.call('del', 'k1') return redis.call('set', 'k1', 'w')", "1", "k1"},
		{"EVAL", "#!lua\nreturn redis.call('get', KEYS[1])", "1", "k1"},
		{"EVAL", "#!lua flags=no-writes\nreturn redis.call('get', KEYS[1])", "1", "k1"},
		{"EVAL", "#!lua flags=allow-oom\nreturn redis.call('set', KEYS[1], 'x')", "1", "k1"},
		{"SET", "k1", "y"},
		{"DBSIZE"},
		{"CONFIG", "SET", "maxmemory", "0"},
		{"EVAL", "#!lua\nreturn redis.call('set', KEYS[1], 'z')", "1", "k1"},
	}
	real, ours := dial(t, r.Addr), dial(t, p.Addr)
	for _, call := range calls {
		if want, got := real.do(call...).raw, ours.do(call...).raw; got != want {
			t.Errorf("%q: %q, but Redis has %q", call, got, want)
		}
	}
}

func TestFullMemoryEvictsByPolicy(t *testing.T) {
	for _, policy := range []string{"allkeys-lru", "allkeys-lfu", "allkeys-random", "volatile-lru", "volatile-lfu", "volatile-random", "volatile-ttl"} {
		t.Run(policy, func(t *testing.T) {
			t.Parallel()
			p := start(t, settings{Backend: "memory", Env: []string{
				"SWITCHYARD_BACKENDS_MEMORY_MAXMEMORY=2mb", "SWITCHYARD_BACKENDS_MEMORY_MAXMEMORY_POLICY=" + policy,
			}})
			c := dial3(t, p.Addr)
			c.want("+OK\r\n", "SET", "for good", "stays where only volatile keys go")
			for i := range 1000 {
				c.want("+OK\r\n", "SET", fmt.Sprint("k", i), strings.Repeat("v", 10_000), "EX", "10000")
			}
			if n := c.do("DBSIZE").int(); n < 50 || n > 220 {
				t.Errorf("DBSIZE: %d", n)
			}
			if r := c.do("GET", "for good"); strings.HasPrefix(policy, "volatile") && r.isNull() {
				t.Error("a key without an expiry was evicted")
			}
			if info := c.do("INFO").text; !strings.Contains(info, "maxmemory_policy:"+policy+"\r\n") || strings.Contains(info, "evicted_keys:0\r\n") {
				t.Errorf("INFO: %q", info)
			}
			if n, _ := c.do("STATE.STATS").field("evicted"); n.int() < 700 {
				t.Errorf("evicted: %q", n.raw)
			}
		})
	}
}

func TestIdleClientsAreDisconnected(t *testing.T) {
	t.Parallel()
	p := start(t, settings{Backend: "memory", Env: []string{"SWITCHYARD_TIMEOUTS_IDLE=1s"}})
	c := dial(t, p.Addr)
	c.want("+PONG\r\n", "PING")
	began := time.Now()
	if got := c.rest(); got != "" {
		t.Errorf("%q", got)
	}
	if idle := time.Since(began); idle < 900*time.Millisecond {
		t.Errorf("disconnected after %v", idle)
	}
}

func TestAUnixSocketServesClients(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "s")
	p := launch(t, settings{Backend: "memory", Args: []string{"--listen", "unix:" + path}})
	eventually(t, "the socket answers", func() bool {
		nc, err := net.Dial("unix", path)
		if err != nil {
			return false
		}
		defer nc.Close()
		if _, err := nc.Write(encode("ECHO", "hi")); err != nil {
			return false
		}
		b := make([]byte, 8)
		n, err := nc.Read(b)
		return err == nil && string(b[:n]) == "$2\r\nhi\r\n"
	})
	p.Stop()
}
