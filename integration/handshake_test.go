package integration

import (
	"strings"
	"testing"

	"switchyard/integration/redistest"
)

// handshake is what a client sends when it connects.
type handshake struct {
	client string
	lines  []string
}

// handshakes were captured from, or read in the source of, the clients that they are named after.
var handshakes = []handshake{
	{"go-redis 9", []string{"hello 3", "select 5", "client setname me",
		"client maint_notifications on moving-endpoint-type internal-ip",
		"client setinfo LIB-NAME go-redis(,go1.26.8)", "client setinfo LIB-VER 9.23.0"}},
	{"rueidis", []string{"HELLO 3", "CLIENT SETINFO LIB-NAME rueidis", "CLIENT SETINFO LIB-VER 1.0.79", "PING"}},
	{"ioredis 5", []string{"select 2", "client setname me", "client SETINFO LIB-NAME ioredis", "client SETINFO LIB-VER 5.11.1", "info"}},
	{"ioredis 6", []string{"hello 3", "select 2", "client setname me", "client SETINFO LIB-NAME ioredis", "client SETINFO LIB-VER 6.0.0", "info"}},
	{"node-redis in RESP2", []string{"CLIENT SETNAME me", "SELECT 1", "CLIENT SETINFO LIB-VER 5.12.1", "CLIENT SETINFO LIB-NAME node-redis"}},
	{"node-redis in RESP3", []string{"HELLO 3", "SELECT 1", "CLIENT SETINFO LIB-VER 6.0.0", "CLIENT SETINFO LIB-NAME node-redis",
		"CLIENT MAINT_NOTIFICATIONS ON moving-endpoint-type external-ip"}},
	{"redis-py 8", []string{"HELLO 3", "CLIENT MAINT_NOTIFICATIONS ON", "CLIENT SETNAME me",
		"CLIENT SETINFO LIB-NAME redis-py", "CLIENT SETINFO LIB-VER 8.1.0", "SELECT 4"}},
	{"jedis 7", []string{"HELLO 3", "CLIENT SETNAME me", "CLIENT SETINFO LIB-NAME jedis", "CLIENT SETINFO LIB-VER 7.0.0", "SELECT 1", "PING"}},
	{"lettuce", []string{"HELLO 3 SETNAME me", "CLIENT SETNAME me", "SELECT 1", "CLIENT SETINFO lib-name Lettuce", "CLIENT SETINFO lib-ver 6.5.0/abc",
		"CLIENT MAINT_NOTIFICATIONS ON"}},
	{"redisson", []string{"HELLO 3", "SELECT 1", "CLIENT SETNAME me", "CLIENT CAPA redirect", "PING"}},
	{"StackExchange.Redis", []string{"HELLO 3", "CLIENT SETNAME me", "CLIENT SETINFO lib-name SE.Redis", "CLIENT SETINFO lib-ver 3.0", "CLIENT ID",
		"CONFIG GET timeout", "CONFIG GET replica-read-only", "CONFIG GET databases", "INFO replication", "INFO server",
		"SET 0f0e replica-read-only PX 1 NX", "GET __Booksleeve_TieBreak", "ECHO 0123456789abcdef", "PING", "TIME"}},
	{"predis", []string{"HELLO 2 SETNAME predis", "CLIENT SETINFO LIB-NAME predis", "CLIENT SETINFO LIB-VER 3.0.0", "SELECT 1"}},
	{"phpredis", []string{"SELECT 1"}},
	{"redis-client of Ruby", []string{"HELLO 3", "CLIENT SETNAME me", "SELECT 1",
		"CLIENT SETINFO LIB-NAME redis-client(v0.26.0)", "CLIENT SETINFO LIB-VER 0.26.0"}},
	{"redis-cli -3", []string{"HELLO 3", "SELECT 1", "COMMAND DOCS"}},
	{"redis-benchmark", []string{"CONFIG GET save", "CONFIG GET appendonly", "PING"}},
	{"memtier_benchmark", []string{"SELECT 1", "HELLO 2"}},
	{"redis_exporter", []string{"PING", "CLIENT SETNAME redis_exporter", "INFO ALL", "CONFIG GET *", "CLIENT LIST", "INFO MODULES"}},
	{"RedisInsight", []string{"INFO", "INFO server", "HELLO", "COMMAND INFO json.get ft.search", "COMMAND", "CONFIG GET databases", "CLIENT LIST", "DBSIZE", "SCAN 0 TYPE string"}},
}

// since72 are the beginnings of lines that Redis 7.2 knows and the oracle does not; they succeed.
var since72 = []string{"client setinfo", "client no-touch"}

// TestHandshakesOfClientsSucceed sends what clients send, on connections without and with a
// password. Where Redis refuses a line, clients read its text in order to go on without.
func TestHandshakesOfClientsSucceed(t *testing.T) {
	onEveryBackend(t, func(t *testing.T, p *process) {
		oracle := redistest.Start(t).Addr
		for _, h := range handshakes {
			t.Run(h.client, func(t *testing.T) {
				redis, ours := dial(t, oracle), dial(t, p.Addr)
				for _, line := range h.lines {
					args := strings.Fields(line)
					want, got := redis.do(args...), ours.do(args...)
					compareShape(t, line, want, got)
				}
				ours.want("+OK\r\n", "SET", "greeting", "done")
			})
		}
	})
}

// compareShape expects the same error, or the same kind of reply, and the same reply where it is short
// enough to have nothing of the server's own in it.
func compareShape(t *testing.T, line string, want, got reply) {
	t.Helper()
	lower := strings.ToLower(line)
	for _, beginning := range since72 {
		if strings.HasPrefix(lower, beginning) {
			if got.raw != "+OK\r\n" {
				t.Errorf("%s: %q", line, got.raw)
			}
			return
		}
	}
	switch {
	case want.isError() || want.kind == '+' || want.isNull():
		if got.raw != want.raw {
			t.Errorf("%s: want %q, got %q", line, want.raw, clip(got.raw))
		}
	case got.kind != want.kind:
		t.Errorf("%s: want a reply of kind %q, got %q", line, want.kind, clip(got.raw))
	}
}

func TestHelloDescribesTheServer(t *testing.T) {
	onEveryBackend(t, func(t *testing.T, p *process) {
		c := dial(t, p.Addr)
		for _, proto := range []string{"3", "2"} {
			r := c.do("HELLO", proto)
			if kind := map[string]byte{"2": '*', "3": '%'}[proto]; r.kind != kind {
				t.Fatalf("HELLO %s: %q", proto, r.raw)
			}
			for _, f := range []struct{ name, raw string }{
				{"server", "$5\r\nredis\r\n"}, {"proto", ":" + proto + "\r\n"}, {"mode", "$10\r\nstandalone\r\n"},
				{"role", "$6\r\nmaster\r\n"}, {"modules", "*0\r\n"},
			} {
				if v, _ := r.field(f.name); v.raw != f.raw {
					t.Errorf("%s: %q, want %q", f.name, v.raw, f.raw)
				}
			}
			version, _ := r.field("version")
			if !strings.HasPrefix(version.text, "7.2.") {
				t.Errorf("version: %q", version.raw)
			}
			if id, _ := r.field("id"); id.raw != c.do("CLIENT", "ID").raw {
				t.Errorf("id: %q", id.raw)
			}
		}
	})
}

func TestResetForgetsWhatTheClientSaid(t *testing.T) {
	onEveryBackend(t, func(t *testing.T, p *process) {
		c := dial3(t, p.Addr)
		c.want("+OK\r\n", "SELECT", "7")
		c.want("+OK\r\n", "CLIENT", "SETNAME", "me")
		c.want("+OK\r\n", "SET", "k", "seven")
		c.want("+RESET\r\n", "RESET")
		c.want("$-1\r\n", "CLIENT", "GETNAME")
		c.want("$-1\r\n", "GET", "k")
	})
}

func TestQuitAnswersAndCloses(t *testing.T) {
	onEveryBackend(t, func(t *testing.T, p *process) {
		c := dial(t, p.Addr)
		c.write([]byte("PING\r\nQUIT\r\nPING\r\n"))
		if got := c.rest(); got != "+PONG\r\n+OK\r\n" {
			t.Errorf("%q", got)
		}
	})
}

func TestClientListShowsWhatClientsSaidOfThemselves(t *testing.T) {
	onEveryBackend(t, func(t *testing.T, p *process) {
		a, b := dial3(t, p.Addr), dial(t, p.Addr)
		a.want("+OK\r\n", "CLIENT", "SETNAME", "first")
		a.want("+OK\r\n", "CLIENT", "SETINFO", "lib-name", "library")
		a.want("+OK\r\n", "CLIENT", "SETINFO", "LIB-VER", "1.2")
		a.want("-ERR lib-ver cannot contain spaces, newlines or special characters.\r\n", "CLIENT", "SETINFO", "lib-ver", "1 2")
		a.want("-ERR Unrecognized option 'lib-age'\r\n", "CLIENT", "SETINFO", "lib-age", "9")
		a.want("+OK\r\n", "CLIENT", "NO-TOUCH", "on")
		a.want("+OK\r\n", "SELECT", "9")
		list := b.do("CLIENT", "LIST").text
		for _, field := range []string{" name=first ", " db=9 ", " resp=3 ", " lib-name=library ", " lib-ver=1.2", " addr=" + a.LocalAddr().String() + " ", " laddr=" + p.Addr + " "} {
			if !strings.Contains(list, field) {
				t.Errorf("no%sin %q", field, list)
			}
		}
		if info := a.do("CLIENT", "INFO").text; !strings.Contains(info, " name=first ") || strings.Count(info, "\n") != 1 {
			t.Errorf("CLIENT INFO: %q", info)
		}
	})
}
