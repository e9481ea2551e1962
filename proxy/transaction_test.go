package proxy

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// talk is what clients say one after the other, and what they are replied.
type talk []struct{ client, line, reply string }

// play opens a session for each client and compares their replies.
func (k talk) play(t *testing.T, server *Server) {
	t.Helper()
	sessions := map[string]*session{}
	for i, step := range k {
		s := sessions[step.client]
		if s == nil {
			s = openSession(t, server)
			defer s.Close()
			sessions[step.client] = s
		}
		if got := ask(s, strings.Fields(step.line)...); got != strings.ReplaceAll(step.reply, "|", "\r\n") {
			t.Errorf("step %d, %s says %s: %q, not %q", i+1, step.client, step.line, got, step.reply)
		}
	}
}

func TestTransactions(t *testing.T) {
	for name, k := range map[string]talk{
		"run as one": {
			{"A", "MULTI", "+OK|"}, {"A", "SET k 1", "+QUEUED|"}, {"A", "INCR k", "+QUEUED|"}, {"A", "GET k", "+QUEUED|"},
			{"B", "GET k", "$-1|"},
			{"A", "EXEC", "*3|+OK|:2|$1|2|"}, {"B", "GET k", "$1|2|"},
		},
		"may be empty":      {{"A", "MULTI", "+OK|"}, {"A", "EXEC", "*0|"}},
		"may be given up":   {{"A", "MULTI", "+OK|"}, {"A", "SET k 1", "+QUEUED|"}, {"A", "DISCARD", "+OK|"}, {"A", "GET k", "$-1|"}},
		"are not nested":    {{"A", "MULTI", "+OK|"}, {"A", "MULTI", "-ERR MULTI calls can not be nested|"}, {"A", "EXEC", "*0|"}},
		"must be begun":     {{"A", "EXEC", "-ERR EXEC without MULTI|"}, {"A", "DISCARD", "-ERR DISCARD without MULTI|"}},
		"end with RESET":    {{"A", "MULTI", "+OK|"}, {"A", "RESET", "+RESET|"}, {"A", "EXEC", "-ERR EXEC without MULTI|"}},
		"go on after EXEC":  {{"A", "MULTI", "+OK|"}, {"A", "PING", "+QUEUED|"}, {"A", "EXEC", "*1|+PONG|"}, {"A", "PING", "+PONG|"}},
		"change databases":  {{"A", "MULTI", "+OK|"}, {"A", "SET k 0", "+QUEUED|"}, {"A", "SELECT 1", "+QUEUED|"}, {"A", "SET k 1", "+QUEUED|"}, {"A", "EXEC", "*3|+OK|+OK|+OK|"}, {"A", "GET k", "$1|1|"}, {"B", "GET k", "$1|0|"}},
		"walk and look":     {{"A", "MULTI", "+OK|"}, {"A", "SET k 0", "+QUEUED|"}, {"A", "KEYS *", "+QUEUED|"}, {"A", "DBSIZE", "+QUEUED|"}, {"A", "RANDOMKEY", "+QUEUED|"}, {"A", "EXEC", "*4|+OK|*1|$1|k|:1|$1|k|"}},
		"flush":             {{"A", "MULTI", "+OK|"}, {"A", "SET k 0", "+QUEUED|"}, {"A", "FLUSHALL", "+QUEUED|"}, {"A", "SET l 0", "+QUEUED|"}, {"A", "EXEC", "*3|+OK|+OK|+OK|"}, {"B", "DBSIZE", ":1|"}},
		"keep their errors": {{"A", "MULTI", "+OK|"}, {"A", "SET k x", "+QUEUED|"}, {"A", "INCR k", "+QUEUED|"}, {"A", "SET l y", "+QUEUED|"}, {"A", "EXEC", "*3|+OK|-ERR value is not an integer or out of range|+OK|"}, {"B", "GET l", "$1|y|"}},
		"are refused after a refused command": {
			{"A", "MULTI", "+OK|"}, {"A", "SET k 1", "+QUEUED|"}, {"A", "GET", "-ERR wrong number of arguments for 'get' command|"},
			{"A", "EXEC", "-EXECABORT Transaction discarded because of previous errors.|"}, {"A", "GET k", "$-1|"}, {"A", "EXEC", "-ERR EXEC without MULTI|"},
		},
		"are refused with EXEC": {
			{"A", "MULTI", "+OK|"}, {"A", "EXEC now", "-EXECABORT Transaction discarded because of: wrong number of arguments for 'exec' command|"},
			{"A", "EXEC", "-ERR EXEC without MULTI|"},
		},
		"do not switch": {
			{"A", "MULTI", "+OK|"}, {"A", "STATE.SWITCH memory", "-ERR Command not allowed inside a transaction|"},
			{"A", "EXEC", "-EXECABORT Transaction discarded because of previous errors.|"},
		},
		"quit": {{"A", "MULTI", "+OK|"}, {"A", "QUIT", "+OK|"}},
	} {
		t.Run(name, func(t *testing.T) { k.play(t, newTestServer(t, nil)) })
	}
}

func TestATransactionWithInfoLooksAtBackends(t *testing.T) {
	s := openSession(t, newTestServer(t, nil))
	defer s.Close()
	ask(s, "SET", "k", "v", "EX", "100")
	for _, line := range [][]string{{"MULTI"}, {"SET", "k", "w"}, {"INFO"}, {"MEMORY", "STATS"}, {"STATE.STATS"}, {"GET", "k"}} {
		ask(s, line...)
	}
	got := ask(s, "EXEC")
	if !strings.HasPrefix(got, "*5\r\n+OK\r\n$") || !strings.Contains(got, "db0:keys=1") || !strings.HasSuffix(got, "$1\r\nw\r\n") {
		t.Errorf("%.100q ... %q", got, got[max(0, len(got)-50):])
	}
}

func TestATransactionIsBounded(t *testing.T) {
	server := newTestServer(t, func(c *Config) { c.Limits.Request = 1 << 20 })
	s := openSession(t, server)
	defer s.Close()
	ask(s, "MULTI")
	value, replies := strings.Repeat("x", 300<<10), ""
	for range 4 {
		replies += ask(s, "SET", "k", value)
	}
	if want := strings.Repeat("+QUEUED\r\n", 3) + "-ERR the transaction is larger than a request may be\r\n"; replies != want {
		t.Errorf("%q", replies)
	}
	if got := ask(s, "EXEC"); !strings.HasPrefix(got, "-EXECABORT ") {
		t.Errorf("%q", got)
	}
}

func TestQueuedCommandsAreCounted(t *testing.T) {
	s := openSession(t, newTestServer(t, nil))
	defer s.Close()
	ask(s, "MULTI")
	ask(s, "PING")
	if i := s.Info(); i.Queued != 1 || i.Flags != "x" {
		t.Errorf("%d queued, flags %s", i.Queued, i.Flags)
	}
	ask(s, "EXEC")
	if i := s.Info(); i.Queued != -1 || i.Flags != "N" {
		t.Errorf("%d queued, flags %s", i.Queued, i.Flags)
	}
}

func TestAWatchedKeyThatChangesStopsTheTransaction(t *testing.T) {
	server := newTestServer(t, nil)
	s, other := openSession(t, server), openSession(t, server)
	defer s.Close()
	defer other.Close()
	const happens, isOff = "*1\r\n+PONG\r\n", "*-1\r\n"
	for i, c := range []struct {
		before, watch, then, want string
	}{
		{"", "WATCH k", "", happens},
		{"SET k 1", "WATCH k", "", happens},
		{"SET k 1", "WATCH k", "FLUSHALL", isOff},
		{"", "WATCH k", "FLUSHALL", happens}, // it was not there before, and is not now
		{"SET k 1", "WATCH k", "SWAPDB 0 1", isOff},
		{"", "WATCH k", "SWAPDB 0 1", happens},
		{"SET k 1 PX 1", "WATCH k", "", happens}, // its time had come before
		{"", "WATCH k", "GET k", happens},
		{"", "WATCH k", "SET k 1", isOff},
		{"SET k 1", "WATCH k", "SET k 1 NX", happens},
		{"SET k 1", "WATCH k", "GETEX k EX 100", isOff},
		{"SET k 1", "WATCH k", "EXPIRE k 0", isOff},
		{"SET k 1", "WATCH k", "PERSIST k", happens},
		{"SET k 1", "WATCH k", "RENAME k other", isOff},
		{"SET other 1", "WATCH k", "COPY other k", isOff},
		{"SET k 1", "WATCH k", "COPY k other", happens},
		{"SET k 1", "WATCH k", "MOVE k 1", isOff},
		{"SET k 1", "WATCH k", "COPY k k DB 1", happens},
		{"RPUSH k a", "WATCH k", "LMOVE k k LEFT LEFT", isOff},
		{"RPUSH k a", "WATCH k", "LREM k 0 b", happens},
		{"HSET k f v", "WATCH k", "HEXPIRE k 100 FIELDS 1 f", isOff},
		{"HSET k f v", "WATCH k", "HDEL k g", happens},
		{"SADD k a", "WATCH k", "SADD k a", happens},
		{"SADD k a", "WATCH k", "SMOVE k other a", isOff},
		{"ZADD k 1 a", "WATCH k", "ZADD k 1 a", happens},
		{"ZADD k 1 a", "WATCH k", "ZPOPMIN k", isOff},
		{"ZADD k 1 a", "WATCH k", "ZRANGESTORE k none 0 -1", isOff},
		{"XADD k 1-1 f v", "WATCH k", "XTRIM k MAXLEN 1", happens},
		{"XADD k 1-1 f v", "WATCH k", "XDEL k 1-1", isOff},
	} {
		key := fmt.Sprint("k", i)
		say := func(s *session, line string) {
			if line != "" {
				ask(s, strings.Fields(strings.ReplaceAll(line, " k", " "+key))...)
			}
		}
		ask(s, "FLUSHALL")
		say(other, c.before)
		if strings.Contains(c.before, "PX") {
			time.Sleep(5 * time.Millisecond)
		}
		say(s, c.watch)
		say(other, c.then)
		ask(s, "MULTI")
		ask(s, "PING")
		if got := ask(s, "EXEC"); got != c.want {
			t.Errorf("%s, %s, %s: %q", c.before, c.watch, c.then, got)
		}
	}
	if n := server.watches.count.Load(); n != 0 {
		t.Errorf("%d keys are watched still", n)
	}
}

func TestAWatchedKeyThatExpiresStopsTheTransaction(t *testing.T) {
	s := openSession(t, newTestServer(t, nil))
	defer s.Close()
	ask(s, "SET", "k", "1", "PX", "50")
	ask(s, "WATCH", "k")
	for ask(s, "EXISTS", "k") == ":1\r\n" {
		time.Sleep(time.Millisecond)
	}
	ask(s, "MULTI")
	if got := ask(s, "EXEC"); got != "*-1\r\n" {
		t.Errorf("%q", got)
	}
}

func TestASwitchStopsTransactionsThatWatch(t *testing.T) {
	server := newTestServer(t, nil)
	s := openSession(t, server)
	defer s.Close()
	ask(s, "WATCH", "k")
	server.use(server.active.Load())
	ask(s, "MULTI")
	if got := ask(s, "EXEC"); got != "*-1\r\n" {
		t.Errorf("%q", got)
	}
}

func TestWatchesEndWithTheirSession(t *testing.T) {
	server := newTestServer(t, nil)
	for _, end := range []string{"UNWATCH", "DISCARD", "RESET", "close"} {
		s := openSession(t, server)
		ask(s, "WATCH", "a", "b", "a")
		if n := server.watches.count.Load(); n != 2 {
			t.Errorf("%d keys are watched", n)
		}
		if end == "DISCARD" {
			ask(s, "MULTI")
		}
		if end != "close" {
			ask(s, end)
			if n := server.watches.count.Load(); n != 0 {
				t.Errorf("after %s %d keys are watched", end, n)
			}
		}
		s.Close()
	}
	if n := server.watches.count.Load(); n != 0 {
		t.Errorf("%d keys are watched in the end", n)
	}
}

func TestARealRedisRunsNoTransactions(t *testing.T) {
	server := newServerOn(t, relayDriver)
	talk{
		{"A", "WATCH k", "-ERR the active backend does not run transactions|"},
		{"A", "MULTI", "+OK|"}, {"A", "PING", "+QUEUED|"}, {"A", "EXEC", "-EXECABORT Transaction discarded because of: the active backend does not run transactions|"},
		{"A", "EXEC", "-ERR the active backend does not run transactions|"}, {"A", "PING", "+PONG|"},
	}.play(t, server)
}
