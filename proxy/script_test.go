package proxy

import (
	"strings"
	"testing"
	"time"
)

const endless = "while true do end"

// runs has a session run a line on a goroutine of its own.
func runs(s *session, line ...string) <-chan string {
	reply := make(chan string, 1)
	go func() { reply <- ask(s, line...) }()
	return reply
}

func TestAScriptThatNeverEndsHarmsNobodyAndCanBeKilled(t *testing.T) {
	server := newTestServer(t, nil)
	server.scripts.Threshold.Store(20)
	s, other := openSession(t, server), openSession(t, server)
	defer s.Close()
	defer other.Close()
	ask(other, "SET", "k", "v")
	reply := runs(s, "EVAL", endless, "1", "k")
	for !server.scripts.Busy() {
		// Whoever must not wait is not made to, and neither is who can.
		other.Reply(nil)
		if other.Try(words("GET", "k")) {
			other.Settle()
		}
		if got, _ := other.Replies(); len(got) > 0 && string(got) != "$1\r\nv\r\n" && !strings.HasPrefix(string(got), "-BUSY ") {
			t.Fatalf("%q", got)
		}
		time.Sleep(time.Millisecond)
	}
	if got := ask(other, "GET", "k"); got != "-BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.\r\n" {
		t.Errorf("%q", got)
	}
	if got := ask(other, "SCRIPT", "KILL"); got != "+OK\r\n" {
		t.Errorf("%q", got)
	}
	if got := <-reply; !strings.HasPrefix(got, "-ERR Script killed by user with SCRIPT KILL... script: ") {
		t.Errorf("%q", got)
	}
	if got := ask(other, "SCRIPT", "KILL"); got != "-NOTBUSY No scripts in execution right now.\r\n" {
		t.Errorf("%q", got)
	}
	if got := ask(other, "GET", "k"); got != "$1\r\nv\r\n" {
		t.Errorf("%q", got)
	}
}

func TestAScriptThatHasWrittenCannotBeKilled(t *testing.T) {
	server := newTestServer(t, nil)
	server.scripts.Threshold.Store(1)
	s, other := openSession(t, server), openSession(t, server)
	defer s.Close()
	defer other.Close()
	reply := runs(s, "EVAL", "redis.call('set','k','v') for i = 1, 3e6 do end return 'done'", "0")
	for !server.scripts.Busy() {
		time.Sleep(100 * time.Microsecond)
	}
	if got := ask(other, "SCRIPT", "KILL"); !strings.HasPrefix(got, "-UNKILLABLE ") && !strings.HasPrefix(got, "-NOTBUSY ") {
		t.Errorf("%q", got)
	}
	if got := <-reply; got != "$4\r\ndone\r\n" {
		t.Errorf("%q", got)
	}
}

func TestScriptsThatCameWithEvalAreForgottenInTime(t *testing.T) {
	server := newTestServer(t, nil)
	s := openSession(t, server)
	defer s.Close()
	ask(s, "SCRIPT", "LOAD", "return 'kept'")
	for i := range 600 {
		ask(s, "EVAL", "return "+strings.Repeat("1", 1+i%15)+string(rune('0'+i%10))+" + "+strings.Repeat("2", 1+i/15), "0")
	}
	if n := server.scripts.Len(); n != 501 {
		t.Errorf("%d scripts", n)
	}
	if got := ask(s, "SCRIPT", "EXISTS", "8b6b6c2c1d2b5d1d1a1b1c1d1e1f101112131415"); got != "*1\r\n:0\r\n" {
		t.Errorf("%q", got)
	}
}

// What a script has locked, the commands in it must not wait for.
func TestAScriptMayAskForWhatLooksAtBackends(t *testing.T) {
	s := openSession(t, newTestServer(t, nil))
	defer s.Close()
	ask(s, "SET", "k", "v", "EX", "100")
	if got := ask(s, "EVAL", "return redis.call('INFO', 'keyspace')", "0"); !strings.Contains(got, "db0:keys=1,expires=1,") {
		t.Errorf("INFO: %q", got)
	}
	for _, call := range []string{"'MEMORY', 'STATS'", "'MEMORY', 'DOCTOR'", "'DBSIZE'", "'RANDOMKEY'", "'SCAN', '0'"} {
		if got := ask(s, "EVAL", "redis.call("+call+") return 'done'", "0"); got != "$4\r\ndone\r\n" {
			t.Errorf("%s: %q", call, got)
		}
	}
}

func TestAFunctionThatNeverEndsIsKilledAsOne(t *testing.T) {
	server := newTestServer(t, nil)
	server.scripts.Threshold.Store(1)
	s, other := openSession(t, server), openSession(t, server)
	defer s.Close()
	defer other.Close()
	code := "#!lua name=l\nredis.register_function('f', function(keys) if keys[1] then redis.call('set', keys[1], 'v') end while true do end end)"
	if got := ask(other, "FUNCTION", "LOAD", code); got != "$1\r\nl\r\n" {
		t.Fatalf("%q", got)
	}
	const (
		useFunctionKill = "-BUSY Redis is busy running a script. You can only call FUNCTION KILL or SHUTDOWN NOSAVE.\r\n"
		useScriptKill   = "-BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.\r\n"
	)
	for _, c := range []struct {
		call                     []string
		get, stats, wrong, right []string // each a call and the beginning of its reply
		end                      string
	}{
		{
			call: []string{"FCALL", "f", "0", "an argument"}, get: []string{"GET", "k", useFunctionKill},
			stats: []string{"FUNCTION", "STATS", "*4\r\n$14\r\nrunning_script\r\n*6\r\n$4\r\nname\r\n$1\r\nf\r\n$7\r\ncommand\r\n*4\r\n$5\r\nFCALL\r\n$1\r\nf\r\n$1\r\n0\r\n$11\r\nan argument\r\n$11\r\nduration_ms\r\n:"},
			wrong: []string{"SCRIPT", "KILL", useFunctionKill}, right: []string{"FUNCTION", "KILL", "+OK\r\n"},
			end: "-ERR Script killed by user with SCRIPT KILL... script: f, on @user_function:",
		},
		{
			call: []string{"EVAL", endless, "0"}, get: []string{"GET", "k", useScriptKill}, stats: []string{"FUNCTION", "STATS", useScriptKill},
			wrong: []string{"FUNCTION", "KILL", useScriptKill}, right: []string{"SCRIPT", "KILL", "+OK\r\n"},
			end: "-ERR Script killed by user with SCRIPT KILL... script: ",
		},
	} {
		reply := runs(s, c.call...)
		for !server.scripts.Busy() {
			time.Sleep(time.Millisecond)
		}
		for _, x := range [][]string{c.get, c.stats, c.wrong, c.right} {
			last := len(x) - 1
			if got := ask(other, x[:last]...); !strings.HasPrefix(got, x[last]) {
				t.Errorf("while %q runs, %q replies %q", c.call, x[:last], got)
			}
		}
		if got := <-reply; !strings.HasPrefix(got, c.end) {
			t.Errorf("%q ends with %q", c.call, got)
		}
	}
	if got := ask(other, "FUNCTION", "KILL"); got != "-NOTBUSY No scripts in execution right now.\r\n" {
		t.Errorf("%q", got)
	}
}
