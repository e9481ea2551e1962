package proxy

import (
	"errors"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

func TestRepliesAreSentAsTheClientWants(t *testing.T) {
	for _, c := range []struct{ name, lines, want string }{
		{"off and on", "CLIENT REPLY OFF;PING;nosuch;SET k v;GET k;CLIENT REPLY SKIP;PING;CLIENT REPLY ON;PING", "+OK; +PONG"},
		{"skip", "CLIENT REPLY SKIP;PING;PING", "+PONG"},
		{"skip twice", "CLIENT REPLY SKIP;CLIENT REPLY SKIP;SET k v;PING", "+PONG"},
		{"skip and on", "CLIENT REPLY SKIP;CLIENT REPLY ON;PING", "+OK; +PONG"},
		{"skip an error", "CLIENT REPLY SKIP;GET;PING", "+PONG"},
		{"off in a transaction", "MULTI;PING;CLIENT REPLY OFF;SET k v;EXEC;PING;CLIENT REPLY ON", "+OK; +QUEUED; +QUEUED; +QUEUED; *3; +PONG; +OK"},
		{"skip in a transaction", "MULTI;PING;CLIENT REPLY SKIP;PING;EXEC;PING;PING", "+OK; +QUEUED; +QUEUED; +QUEUED; *3; +PONG; +PONG; +PONG"},
		{"on in a transaction", "CLIENT REPLY OFF;MULTI;PING;CLIENT REPLY ON;SET k v;EXEC;PING", "+OK; +OK; +PONG"},
		{"a transaction that is not answered", "CLIENT REPLY OFF;MULTI;PING;EXEC;EXEC;CLIENT REPLY ON", "+OK"},
		{"a transaction that is skipped", "MULTI;PING;DISCARD;CLIENT REPLY SKIP;MULTI;GET k;EXEC;PING", "+OK; +QUEUED; +OK; +QUEUED; *1; $-1; +PONG"},
		{"confirmations are sent", "CLIENT REPLY OFF;SUBSCRIBE x;UNSUBSCRIBE x;PING;CLIENT REPLY ON", "*3; subscribe; x; :1; *3; unsubscribe; x; :0; +OK"},
		{"confirmations in a transaction", "CLIENT REPLY OFF;MULTI;SUBSCRIBE x;PING;EXEC;UNSUBSCRIBE x;CLIENT REPLY ON", "*3; subscribe; x; :1; *3; unsubscribe; x; :0; +OK"},
		{"a reset turns them on", "CLIENT REPLY OFF;RESET;PING", "+RESET; +PONG"},
		{"a script replies to the client alone", "CLIENT REPLY OFF;EVAL return{redis.call('ping').ok,redis.call('dbsize')} 0;CLIENT REPLY ON", "+OK"},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := connect(t, newTestServer(t, nil))
			a.send(strings.Split(c.lines, ";")...)
			if got := shown(a.take()); got != c.want {
				t.Errorf("read %q\nwant %q", got, c.want)
			}
			a.Close()
		})
	}
}

func TestAReplyThatComesLaterIsNotSentEither(t *testing.T) {
	server := newServerOn(t, relayDriver)
	close(server.active.Load().Backend.(*relay).answer)
	a := connect(t, server)
	a.send("GET k", "CLIENT REPLY SKIP", "GET l", "GET m", "CLIENT REPLY OFF", "GET n", "GET unreachable", "GET broken", "CLIENT REPLY ON", "GET o")
	if got, want := shown(a.take()), `+0/2 ["GET" "k"]; +0/2 ["GET" "m"]; +OK; +0/2 ["GET" "o"]`; got != want {
		t.Errorf("read %q\nwant %q", got, want)
	}
	a.Close()

	server = newServerOn(t, slowDriver)
	b := server.active.Load().Backend.(*slow)
	a = connect(t, server)
	for _, line := range []string{"CLIENT REPLY SKIP", "SET k v", "SET k w", "MULTI", "SET k x", "CLIENT REPLY OFF"} {
		if line == "MULTI" { // which waits for those before it
			b.finish(t, errors.New("the disk is full"), nil)
		}
		a.Execute(words(strings.Fields(line)...))
	}
	a.Execute(words("EXEC"))
	b.finish(t, nil)
	a.send("MULTI", "SET k y")
	a.Execute(words("EXEC"))
	b.finish(t, errors.New("the disk is full"))
	a.send("CLIENT REPLY ON")
	if got, want := shown(a.take()), "+OK; +OK; +QUEUED; +QUEUED; *2; +OK; +OK"; got != want {
		t.Errorf("read %q\nwant %q", got, want)
	}
	a.Close()
}

// shown is what a client has read, without lengths of strings, and times and addresses in what a monitor is shown.
func shown(raw string) string {
	raw = regexp.MustCompile(`\+\d+\.\d{6} \[(\d+) ([^\]]*)\] `).ReplaceAllString(raw, "$1 ")
	var list []string
	for _, line := range strings.Split(raw, "\r\n") {
		if line != "" && (line[0] != '$' || line == "$-1") {
			list = append(list, line)
		}
	}
	return strings.Join(list, "; ")
}

func TestMonitorsAreShownWhatIsRun(t *testing.T) {
	server := newTestServer(t, nil)
	m, a := connect(t, server, "MONITOR"), connect(t, server)
	for _, c := range []struct{ lines, want string }{
		{"SET k v;GET k", `0 "SET" "k" "v"; 0 "GET" "k"`},
		{"SELECT 3;DBSIZE;SELECT 0", `3 "SELECT" "3"; 3 "DBSIZE"; 0 "SELECT" "0"`},
		{"GET;nosuch;LPUSH k x", `0 "LPUSH" "k" "x"`},
		{"MULTI;SET k w;CONFIG GET port;EXEC", `0 "MULTI"; 0 "SET" "k" "w"; 0 "EXEC"`},
		{"MULTI;nosuch;EXEC", `0 "MULTI"; 0 "EXEC"`},
		{"MULTI;GET k;DISCARD", `0 "MULTI"; 0 "DISCARD"`},
		{"CONFIG GET port;CLIENT LIST;CLIENT SETNAME a;CLIENT KILL ID 99;CLIENT REPLY ON", `0 "CLIENT" "SETNAME" "a"; 0 "CLIENT" "REPLY" "ON"`},
		{"AUTH x;AUTH default x;HELLO 2 SETNAME b AUTH default x;HELLO 2 AUTH x", `0 "AUTH" "(redacted)"; 0 "AUTH" "(redacted)" "(redacted)"; ` +
			`0 "HELLO" "2" "SETNAME" "b" "AUTH" "(redacted)" "(redacted)"; 0 "HELLO" "2" "AUTH" "x"`},
		{"EVAL redis.call('set',KEYS[1],'x')return{redis.call('get',KEYS[1])} 1 q", `0 "EVAL" "redis.call('set',KEYS[1],'x')return{redis.call('get',KEYS[1])}" "1" "q"; 0 "set" "q" "x"; 0 "get" "q"`},
		{"CLIENT REPLY OFF;PING;CLIENT REPLY ON", `0 "CLIENT" "REPLY" "OFF"; 0 "PING"; 0 "CLIENT" "REPLY" "ON"`},
		{"RESET", `0 "RESET"`},
	} {
		a.send(strings.Split(c.lines, ";")...)
		if got := shown(m.take()); got != c.want {
			t.Errorf("%s: shown %s\nwant %s", c.lines, got, c.want)
		}
	}
	a.Close()
	m.Close()
	if got := server.monitoring.who; len(got) != 0 || server.modes != 0 {
		t.Errorf("%d monitor, modes %b", len(got), server.modes)
	}
}

func TestAMonitorIsShownItsOwnCallsAfterTheirReplies(t *testing.T) {
	server := newTestServer(t, nil)
	m := connect(t, server)
	m.send("CLIENT SETNAME me", "MONITOR", "MONITOR", "PING", "GET k", "MULTI", "PUBLISH x y", "EXEC", "MULTI", "PING", "EXEC")
	want := `+OK; +OK; +PONG; 0 "PING"; -ERR Replica can't interact with the keyspace; +OK; 0 "MULTI"; -ERR Replica can't interact with the keyspace; ` +
		`-EXECABORT Transaction discarded because of previous errors.; 0 "EXEC"; +OK; 0 "MULTI"; +QUEUED; *1; +PONG; 0 "PING"; 0 "EXEC"`
	if got := shown(m.take()); got != want {
		t.Errorf("read %s\nwant %s", got, want)
	}
	if !m.mute || !strings.Contains(m.Info().Flags, "O") {
		t.Errorf("flags %q, may be silent: %v", m.Info().Flags, m.mute)
	}
	m.send("CLIENT REPLY OFF", "PING", "CLIENT REPLY ON", "RESET", "GET k")
	if got, want := shown(m.take()), `+OK; 0 "CLIENT" "REPLY" "ON"; +RESET; $-1`; got != want {
		t.Errorf("read %s\nwant %s", got, want)
	}
	if m.mute || m.modes.Load() != 0 {
		t.Errorf("after RESET: may be silent: %v, modes %b", m.mute, m.modes.Load())
	}
	m.send("MULTI", "MONITOR", "EXEC")
	if got, want := shown(m.take()), "+OK; +QUEUED; *1; -ERR MONITOR isn't allowed for DENY BLOCKING client"; got != want {
		t.Errorf("read %s\nwant %s", got, want)
	}
	m.Close()
}

func TestWhatIsShownIsQuotedAsInRedis(t *testing.T) {
	line := appendShown(nil, time.UnixMicro(1700000000000042), 5, "unix:/tmp/s", [][]byte{[]byte("set"), []byte("a\x00\n\r\t\a\b\xff'\"\\é ~")})
	want := `+1700000000.000042 [5 unix:/tmp/s] "set" "a\x00\n\r\t\a\b\xff'\"\\\xc3\xa9 ~"` + "\r\n"
	if string(line) != want {
		t.Errorf("%s", line)
	}
	for call, want := range map[string]string{
		"migrate h 1 k 0 10 auth a":         `"migrate" "h" "1" "k" "0" "10" "auth" "(redacted)"`,
		"migrate h 1 k 0 10 copy auth2 a b": `"migrate" "h" "1" "k" "0" "10" "copy" "auth2" "(redacted)" "(redacted)"`,
		"migrate auth 1 k 0 10":             `"migrate" "auth" "1" "k" "0" "10"`,
		"auth a b c":                        `"auth" "(redacted)" "(redacted)" "(redacted)"`,
	} {
		line := string(appendShown(nil, time.UnixMicro(0), 0, "x", words(strings.Fields(call)...)))
		if got := strings.TrimSuffix(line, "\r\n"); got != "+0.000000 [0 x] "+want {
			t.Errorf("%s: %s", call, got)
		}
	}
}

func TestNothingIsShownOrCopiedWhenNobodyMonitors(t *testing.T) {
	server := newTestServer(t, nil)
	m, a := connect(t, server, "MONITOR"), connect(t, server)
	m.send("RESET")
	m.take()
	args, buf := words("SET", "key", "value"), make([]byte, 0, 1024)
	run := func() {
		a.Reply(buf)
		if !a.Try(args) {
			t.Fatal("SET would have to wait")
		}
		a.Settle()
		a.Replies()
	}
	run()
	if n := testing.AllocsPerRun(100, run); n != 0 {
		t.Errorf("%v allocations", n)
	}
	if got := m.take(); got != "" {
		t.Errorf("read %q", got)
	}
	a.Close()
	m.Close()
}

func TestAKilledClientRunsNothingMore(t *testing.T) {
	server := newTestServer(t, nil)
	a, b := connect(t, server), connect(t, server)
	b.Execute(words("SET", "k", "1"))
	a.send("CLIENT KILL SKIPME yes", "CLIENT KILL ID 999", "CLIENT LIST ID "+itoa(b.id))
	if got := a.take(); got != ":1\r\n:0\r\n$0\r\n\r\n" {
		t.Errorf("read %q", got)
	}
	if b.abandoned.Load() != 1 {
		t.Error("the connection goes on")
	}
	b.Execute(words("SET", "k", "2"))
	if !b.Try(words("SET", "k", "3")) {
		t.Error("a goroutine is wanted for what is not run")
	}
	b.Settle()
	if _, closing := b.Replies(); !closing {
		t.Error("the session goes on")
	}
	b.Close()
	a.send("GET k", "MULTI", "PING", "CLIENT KILL SKIPME no", "PING", "CLIENT INFO", "EXEC", "PING")
	a.want("1 +OK +QUEUED +QUEUED +QUEUED +QUEUED *4 +PONG :1")
	if a.closing != true || !strings.Contains(a.Info().Flags, "c") {
		t.Errorf("closing %v, flags %q", a.closing, a.Info().Flags)
	}
	a.Close()
}

func itoa(n int64) string { return strconv.FormatInt(n, 10) }
