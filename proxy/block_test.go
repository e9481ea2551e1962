package proxy

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"switchyard/backends"
	"switchyard/backends/memory"
	"switchyard/commands"
)

// try is ask as an event loop does it: what may not be run at once is executed.
func try(s *session, line ...string) string {
	s.Reply(nil)
	if !s.Try(words(line...)) {
		s.Execute(words(line...))
	}
	s.Settle()
	b, _ := s.Replies()
	return string(b)
}

// fetch is the reply to a call that has waited; "" if it waits still.
func fetch(s *session) string {
	s.Reply(nil)
	s.Settle()
	b, _ := s.Replies()
	return string(b)
}

// await waits until a call waits no longer, and fetches its reply.
func await(t testing.TB, s *session) string {
	t.Helper()
	woken := make(chan struct{}, 1)
	for s.Blocked(func() { woken <- struct{}{} }) {
		select {
		case <-woken:
		case <-time.After(20 * time.Second):
			t.Fatal("it still waits")
		}
	}
	return fetch(s)
}

// tale is talk with calls that wait: their reply is "...", and what they are replied then is that of an empty line. The
// line "bye" is the end of a client.
type tale []struct{ client, line, reply string }

func (k tale) play(t *testing.T, server *Server, ask func(*session, ...string) string) {
	t.Helper()
	sessions := map[string]*session{}
	defer func() {
		for _, s := range sessions {
			s.Close()
		}
		if n := server.waits.Len(); n != 0 {
			t.Errorf("%d wait when all have gone", n)
		}
	}()
	for i, step := range k {
		s := sessions[step.client]
		if s == nil {
			s = openSession(t, server)
			sessions[step.client] = s
		}
		if step.line == "bye" {
			s.Close()
			delete(sessions, step.client)
			continue
		}
		for _, other := range sessions {
			if other != s { // which sees to it itself
				other.catchUp(false)
			}
		}
		got := ""
		if step.line == "" {
			got = fetch(s)
		} else {
			if a := sessions["A"]; a != nil {
				step.line = strings.ReplaceAll(step.line, "<A>", fmt.Sprint(a.id))
			}
			got = ask(s, strings.Fields(step.line)...)
		}
		if s.Stopped() {
			got += "..."
		}
		if want := strings.ReplaceAll(step.reply, "|", "\r\n"); got != want {
			t.Errorf("step %d, %s says %q: %q, not %q", i+1, step.client, step.line, got, want)
		}
	}
}

var tales = map[string]tale{
	"first come, first served": {
		{"A", "BLPOP k 0", "..."}, {"B", "BRPOP k 0", "..."}, {"C", "RPUSH k 1 2 3", ":3|"}, {"C", "LRANGE k 0 -1", "*1|$1|2|"},
		{"A", "", "*2|$1|k|$1|1|"}, {"B", "", "*2|$1|k|$1|3|"},
	},
	"the pusher does not see what others get": {
		{"A", "BLPOP k 0", "..."}, {"B", "LPUSH k x", ":1|"}, {"B", "LLEN k", ":0|"}, {"B", "EXISTS k", ":0|"}, {"A", "", "*2|$1|k|$1|x|"}, {"A", "PING", "+PONG|"},
	},
	"one of several keys": {
		{"A", "BLPOP a b c 0", "..."}, {"B", "LPUSH b x", ":1|"}, {"A", "", "*2|$1|b|$1|x|"}, {"B", "LPUSH a y", ":1|"}, {"B", "LLEN a", ":1|"},
	},
	"the same key twice": {{"A", "BLPOP a a 0", "..."}, {"B", "LPUSH a x", ":1|"}, {"A", "", "*2|$1|a|$1|x|"}},
	"the call runs again from its beginning, so its own order of keys counts, as in Redis 7.2": {
		{"A", "BLPOP b a 0", "..."}, {"B", "MULTI", "+OK|"}, {"B", "RPUSH a 1", "+QUEUED|"}, {"B", "RPUSH b 2", "+QUEUED|"}, {"B", "EXEC", "*2|:1|:1|"},
		{"A", "", "*2|$1|b|$1|2|"}, {"B", "LLEN a", ":1|"},
	},
	"a transaction that pushes and pops leaves nothing": {
		{"A", "BLPOP k 0", "..."}, {"B", "MULTI", "+OK|"}, {"B", "RPUSH k 1", "+QUEUED|"}, {"B", "LPOP k", "+QUEUED|"}, {"B", "EXEC", "*2|:1|$1|1|"},
		{"A", "", "..."}, {"B", "RPUSH k 2", ":1|"}, {"A", "", "*2|$1|k|$1|2|"},
	},
	"inside a transaction nothing waits": {
		{"A", "MULTI", "+OK|"}, {"A", "BLPOP k 0", "+QUEUED|"}, {"A", "BLMOVE k l LEFT LEFT 0", "+QUEUED|"}, {"A", "BRPOPLPUSH k l 0", "+QUEUED|"}, {"A", "BLMPOP 0 1 k LEFT", "+QUEUED|"},
		{"A", "BZPOPMIN k 0", "+QUEUED|"}, {"A", "BZMPOP 0 1 k MIN", "+QUEUED|"}, {"A", "XREAD BLOCK 0 STREAMS k $", "+QUEUED|"},
		{"A", "EXEC", "*7|*-1|$-1|$-1|*-1|*-1|*-1|*-1|"}, {"A", "BLPOP k 0", "..."},
	},
	"another type is not what it waits for": {
		{"A", "BLPOP k 0", "..."}, {"B", "SET k v", "+OK|"}, {"A", "", "..."}, {"C", "BZPOPMIN k 0", "-WRONGTYPE Operation against a key holding the wrong kind of value|"},
		{"B", "DEL k", ":1|"}, {"C", "BZPOPMIN k 0", "..."}, {"B", "ZADD k 1 m", ":1|"}, {"C", "", "*3|$1|k|$1|m|$1|1|"}, {"A", "", "..."},
		{"B", "LPUSH k x", ":1|"}, {"A", "", "*2|$1|k|$1|x|"},
	},
	"a wrong type before the key is an error, as in Redis 7.2": {
		{"A", "BLPOP a b 0", "..."}, {"B", "SET a v", "+OK|"}, {"B", "LPUSH b x", ":1|"}, {"A", "", "-WRONGTYPE Operation against a key holding the wrong kind of value|"}, {"B", "LLEN b", ":1|"},
	},
	"a chain of moves": {
		{"A", "BLMOVE a b LEFT RIGHT 0", "..."}, {"B", "BLMOVE b c LEFT RIGHT 0", "..."}, {"C", "BLPOP c 0", "..."}, {"D", "LPUSH a x", ":1|"}, {"D", "EXISTS a b c", ":0|"},
		{"A", "", "$1|x|"}, {"B", "", "$1|x|"}, {"C", "", "*2|$1|c|$1|x|"},
	},
	"a circle of moves": {
		{"A", "BRPOPLPUSH a b 0", "..."}, {"B", "BRPOPLPUSH b a 0", "..."}, {"C", "LPUSH a x", ":1|"}, {"A", "", "$1|x|"}, {"B", "", "$1|x|"}, {"C", "LLEN a", ":1|"},
	},
	"a move onto a wrong type leaves the element to others": {
		{"A", "BLMOVE a b LEFT LEFT 0", "..."}, {"B", "BLPOP a 0", "..."}, {"C", "SET b v", "+OK|"}, {"C", "LPUSH a x", ":1|"},
		{"A", "", "-WRONGTYPE Operation against a key holding the wrong kind of value|"}, {"B", "", "*2|$1|a|$1|x|"},
	},
	"several elements": {
		{"A", "BLMPOP 0 2 a b RIGHT COUNT 2", "..."}, {"B", "BLMPOP 0 1 b LEFT COUNT 9", "..."}, {"C", "RPUSH b 1 2 3", ":3|"},
		{"A", "", "*2|$1|b|*2|$1|3|$1|2|"}, {"B", "", "*2|$1|b|*1|$1|1|"},
	},
	"sorted sets": {
		{"A", "BZPOPMAX z 0", "..."}, {"B", "BZMPOP 0 1 z MIN COUNT 2", "..."}, {"C", "ZADD z 1 a 2 b 3 c", ":3|"}, {"A", "", "*3|$1|z|$1|c|$1|3|"}, {"B", "", "*2|$1|z|*2|*2|$1|a|$1|1|*2|$1|b|$1|2|"},
	},
	"who leaves takes nothing": {
		{"A", "BLPOP k 0", "..."}, {"B", "BLPOP k 0", "..."}, {"A", "bye", ""}, {"C", "LPUSH k x", ":1|"}, {"B", "", "*2|$1|k|$1|x|"},
	},
	"databases are apart": {
		{"A", "SELECT 1", "+OK|"}, {"A", "BLPOP k 0", "..."}, {"B", "LPUSH k x", ":1|"}, {"A", "", "..."}, {"B", "MOVE k 1", ":1|"}, {"A", "", "*2|$1|k|$1|x|"},
	},
	"exchanged databases": {
		{"A", "BLPOP k 0", "..."}, {"B", "SELECT 1", "+OK|"}, {"B", "RPUSH k x y", ":2|"}, {"C", "SELECT 1", "+OK|"}, {"C", "BLPOP l 0", "..."},
		{"B", "SWAPDB 0 1", "+OK|"}, {"A", "", "*2|$1|k|$1|x|"}, {"C", "", "..."}, {"B", "SELECT 0", "+OK|"}, {"B", "LLEN k", ":1|"},
	},
	"a renamed, a copied, a sorted and a restored key": {
		{"B", "RPUSH l x", ":1|"}, {"A", "BLPOP k 0", "..."}, {"B", "RENAME l k", "+OK|"}, {"A", "", "*2|$1|k|$1|x|"},
		{"B", "RPUSH l y", ":1|"}, {"A", "BLPOP k 0", "..."}, {"B", "COPY l k", ":1|"}, {"A", "", "*2|$1|k|$1|y|"},
		{"A", "BLPOP k 0", "..."}, {"B", "SORT l ALPHA STORE k", ":1|"}, {"A", "", "*2|$1|k|$1|y|"},
		{"A", "BZPOPMIN z 0", "..."}, {"B", "ZADD y 1 m", ":1|"}, {"B", "ZUNIONSTORE z 1 y", ":1|"}, {"A", "", "*3|$1|z|$1|m|$1|1|"},
	},
	"streams": {
		{"A", "XREAD BLOCK 0 STREAMS s t $ 5-0", "..."}, {"B", "XADD t 4-0 f v", "$3|4-0|"}, {"A", "", "..."}, {"B", "XADD s 1-0 f v", "$3|1-0|"},
		{"A", "", "*1|*2|$1|s|*1|*2|$3|1-0|*2|$1|f|$1|v|"},
		{"A", "XREAD BLOCK 0 STREAMS s $", "..."}, {"C", "XREAD BLOCK 0 STREAMS s $", "..."}, {"B", "XADD s 2-0 f w", "$3|2-0|"},
		{"A", "", "*1|*2|$1|s|*1|*2|$3|2-0|*2|$1|f|$1|w|"}, {"C", "", "*1|*2|$1|s|*1|*2|$3|2-0|*2|$1|f|$1|w|"},
	},
	"$ is what it was when the call came": {
		{"B", "XADD s 1-0 f v", "$3|1-0|"}, {"A", "XREAD BLOCK 0 STREAMS s $", "..."}, {"B", "MULTI", "+OK|"}, {"B", "XADD s 2-0 f v", "+QUEUED|"}, {"B", "XADD s 3-0 f v", "+QUEUED|"},
		{"B", "EXEC", "*2|$3|2-0|$3|3-0|"}, {"A", "", "*1|*2|$1|s|*2|*2|$3|2-0|*2|$1|f|$1|v|*2|$3|3-0|*2|$1|f|$1|v|"},
	},
	"groups": {
		{"B", "XGROUP CREATE s g $ MKSTREAM", "+OK|"}, {"A", "XREADGROUP GROUP g a BLOCK 0 STREAMS s >", "..."}, {"C", "XREADGROUP GROUP g c BLOCK 0 STREAMS s >", "..."},
		{"B", "XADD s 1-0 f v", "$3|1-0|"}, {"A", "", "*1|*2|$1|s|*1|*2|$3|1-0|*2|$1|f|$1|v|"}, {"C", "", "..."},
		{"B", "XADD s 2-0 f v", "$3|2-0|"}, {"C", "", "*1|*2|$1|s|*1|*2|$3|2-0|*2|$1|f|$1|v|"},
	},
	"a group that goes": {
		{"B", "XGROUP CREATE s g $ MKSTREAM", "+OK|"}, {"A", "XREADGROUP GROUP g a BLOCK 0 STREAMS s >", "..."}, {"C", "XREAD BLOCK 0 STREAMS s $", "..."},
		{"B", "XGROUP DESTROY s g", ":1|"}, {"A", "", noGroup}, {"C", "", "..."},
	},
	"a stream that goes": {
		{"B", "XGROUP CREATE s g $ MKSTREAM", "+OK|"}, {"A", "XREADGROUP GROUP g a BLOCK 0 STREAMS s >", "..."}, {"C", "XREAD BLOCK 0 STREAMS s $", "..."},
		{"B", "DEL s", ":1|"}, {"A", "", noGroup}, {"C", "", "..."},
	},
	"all keys go": {
		{"B", "XGROUP CREATE s g $ MKSTREAM", "+OK|"}, {"A", "XREADGROUP GROUP g a BLOCK 0 STREAMS s >", "..."}, {"C", "BLPOP l 0", "..."},
		{"B", "FLUSHALL", "+OK|"}, {"A", "", noGroup}, {"C", "", "..."},
	},
	"a stream that becomes something else": {
		{"B", "XGROUP CREATE s g $ MKSTREAM", "+OK|"}, {"A", "XREADGROUP GROUP g a BLOCK 0 STREAMS s >", "..."},
		{"B", "SET s v", "+OK|"}, {"A", "", "-WRONGTYPE Operation against a key holding the wrong kind of value|"},
	},
	"a stream that is renamed away": {
		{"B", "XGROUP CREATE s g $ MKSTREAM", "+OK|"}, {"A", "XREADGROUP GROUP g a BLOCK 0 STREAMS s >", "..."}, {"B", "RENAME s t", "+OK|"}, {"A", "", noGroup},
	},
	"unblocked by others": {
		{"A", "BLPOP k 0", "..."}, {"B", "CLIENT UNBLOCK <A>", ":1|"}, {"A", "", "*-1|"}, {"B", "CLIENT UNBLOCK <A>", ":0|"},
		{"A", "BLMOVE k l LEFT LEFT 0", "..."}, {"B", "CLIENT UNBLOCK <A> TIMEOUT", ":1|"}, {"A", "", "*-1|"},
		{"A", "BLPOP k 0", "..."}, {"B", "CLIENT UNBLOCK <A> error", ":1|"}, {"A", "", "-UNBLOCKED client unblocked via CLIENT UNBLOCK|"},
		{"B", "LPUSH k x", ":1|"}, {"B", "LLEN k", ":1|"}, {"B", "CLIENT UNBLOCK 12345", ":0|"}, {"A", "PING", "+PONG|"},
	},
	"unblocked from a transaction": {
		{"A", "BLPOP k 0", "..."}, {"B", "MULTI", "+OK|"}, {"B", "RPUSH k x", "+QUEUED|"}, {"B", "CLIENT UNBLOCK <A>", "+QUEUED|"}, {"B", "EXEC", "*2|:1|:1|"}, {"A", "", "*-1|"}, {"B", "LLEN k", ":1|"},
	},
	"in RESP3": {
		{"A", "HELLO 3 SETNAME a b", "-ERR Syntax error in HELLO option 'b'|"},
		{"A", "BZPOPMIN z 0", "..."}, {"B", "CLIENT UNBLOCK <A>", ":1|"}, {"A", "", "*-1|"},
	},
	"a watched key that a waiter changes": {
		{"C", "WATCH k", "+OK|"}, {"A", "BLPOP l 0", "..."}, {"B", "LPUSH l x", ":1|"}, {"C", "MULTI", "+OK|"}, {"C", "EXEC", "*0|"},
		{"C", "WATCH m", "+OK|"}, {"A", "", "*2|$1|l|$1|x|"}, {"A", "BLMOVE l m LEFT LEFT 0", "..."}, {"B", "LPUSH l x", ":1|"}, {"C", "MULTI", "+OK|"}, {"C", "EXEC", "*-1|"},
	},
}

const noGroup = "-NOGROUP No such key 's' or consumer group 'g' in XREADGROUP with GROUP option|"

func TestBlockedCalls(t *testing.T) {
	for name, k := range tales {
		t.Run(name, func(t *testing.T) { k.play(t, newTestServer(t, nil), ask) })
		t.Run(name+", on a loop", func(t *testing.T) { k.play(t, newTestServer(t, nil), try) })
		t.Run(name+", on a loop that may not wait", func(t *testing.T) {
			server := newServerOn(t, shyDriver)
			k.play(t, server, try)
		})
	}
}

// shyDriver is memory that makes no second attempt where that must be brief.
var shyDriver = backends.Driver{Name: "shy", Config: func() backends.Config { return &shyConfig{} }}

type shyConfig struct{ slowConfig }

func (c *shyConfig) Open(ctx context.Context, env backends.Env) (backends.Backend, error) {
	b, err := c.slowConfig.Open(ctx, env)
	if err != nil {
		return nil, err
	}
	return &shy{b.(*slow).Engine}, nil
}

type shy struct{ backends.Engine }

func (s *shy) Do(ctx context.Context, a *backends.Access, body backends.Body) (*backends.Commit, error) {
	if _, again := body.(*blocked); again && a.Brief {
		return nil, backends.ErrWouldWait
	}
	return s.Engine.Do(ctx, a, body)
}

func TestTheTimeOfACallPasses(t *testing.T) {
	s := openSession(t, newTestServer(t, nil))
	defer s.Close()
	for line, want := range map[string]string{
		"BLPOP k 0.001": "*-1\r\n", "BRPOP k 0.0001": "*-1\r\n", "BLMOVE k l LEFT LEFT 1e-3": "*-1\r\n", "BRPOPLPUSH k l .01": "*-1\r\n", "BLMPOP 0.01 1 k LEFT": "*-1\r\n",
		"BZPOPMIN k 0.01": "*-1\r\n", "BZPOPMAX k 0x1p-8": "*-1\r\n", "BZMPOP 0.01 1 k MIN": "*-1\r\n", "XREAD BLOCK 1 STREAMS k $": "*-1\r\n",
		"BLPOP k x": "-ERR timeout is not a float or out of range\r\n", "BLPOP k nan": "-ERR timeout is not a float or out of range\r\n", "BLPOP k -1": "-ERR timeout is negative\r\n",
		"BLPOP k inf": "-ERR timeout is out of range\r\n", "BLPOP k 1e300": "-ERR timeout is out of range\r\n", "BLPOP k 9223372036854775": "-ERR timeout is out of range\r\n",
	} {
		got := ask(s, strings.Fields(line)...)
		if s.Stopped() {
			got = await(t, s)
		}
		if got != want {
			t.Errorf("%s: %q, not %q", line, got, want)
		}
	}
	if n := s.server.waits.Len(); n != 0 {
		t.Errorf("%d wait", n)
	}
}

func TestBlockedClientsShow(t *testing.T) {
	server := newTestServer(t, nil)
	s, other := openSession(t, server), openSession(t, server)
	defer s.Close()
	defer other.Close()
	ask(s, "BLPOP", "a", "b", "a", "0")
	info := ask(other, "INFO", "clients")
	if i := s.Info(); i.Flags != "b" || i.LastCommand != "blpop" || !strings.Contains(info, "\r\nblocked_clients:1\r\n") || !strings.Contains(info, "\r\ntotal_blocking_keys:2\r\n") {
		t.Errorf("%+v\n%s", i, info)
	}
	ask(other, "LPUSH", "a", "x")
	info = ask(other, "INFO", "clients")
	if i := s.Info(); i.Flags != "N" || !strings.Contains(info, "\r\nblocked_clients:0\r\n") || !strings.Contains(info, "\r\ntotal_blocking_keys:0\r\n") {
		t.Errorf("%+v\n%s", i, info)
	}
	fetch(s)
	row, err := server.table.Find(words("BLPOP", "a", "0"))
	if err != nil {
		t.Fatal(err)
	}
	if n := server.stats.row(row.Index); n.calls() != 1 || n.failed != 0 {
		t.Errorf("%d calls are counted", n.calls())
	}
}

// What takes an element that is not durable yet is not durable before it, and may fail with it.
func TestTheReplyToABlockedCallWaitsForTheDisk(t *testing.T) {
	for _, failure := range []error{nil, errors.New("disk on fire")} {
		server := newServerOn(t, slowDriver)
		b := server.active.Load().Backend.(*slow)
		s, other := openSession(t, server), openSession(t, server)
		s.Execute(words("SET", "k", "v"))
		s.Execute(words("BLPOP", "l", "0"))
		for _, c := range b.commits {
			c.Finish(nil)
		}
		s.Settle()
		if got, _ := s.Replies(); string(got) != "+OK\r\n" || !s.Stopped() {
			t.Errorf("%q", got)
		}
		n := len(b.commits)
		other.Execute(words("LPUSH", "l", "x"))
		s.Reply(nil)
		if s.Stopped() || len(s.holds) != 1 || len(b.commits) != n+2 {
			t.Fatalf("stopped %v, %d holds, %d commits", s.Stopped(), len(s.holds), len(b.commits)-n)
		}
		s.Execute(words("GET", "l"))
		b.commits[n].Finish(nil)
		b.commits[n+1].Finish(failure)
		s.Settle()
		replies, _ := s.Replies()
		want := "*2\r\n$1\r\nl\r\n$1\r\nx\r\n$-1\r\n"
		if failure != nil {
			want = "-ERR backend failed, see the server's log\r\n$-1\r\n"
		}
		if string(replies) != want {
			t.Errorf("%q, not %q", replies, want)
		}
		s.Close()
		other.Close()
	}
}

// TestNothingIsLostBetweenManyWhoWait has producers and consumers, some of which give up, are unblocked or leave.
func TestNothingIsLostBetweenManyWhoWait(t *testing.T) {
	for _, driver := range []backends.Driver{shyDriver, memory.Driver} {
		server := newServerOn(t, driver)
		var consumers, producers sync.WaitGroup
		var mu sync.Mutex
		got := map[string]int{}
		const each = 500
		stop := make(chan struct{})
		for n := range 8 {
			consumers.Go(func() {
				for i := 0; ; i++ {
					select {
					case <-stop:
						return
					default:
					}
					consume(t, server, n+i, func(element string) {
						mu.Lock()
						defer mu.Unlock()
						got[element]++
					})
				}
			})
		}
		for n := range 4 {
			producers.Go(func() {
				s := openSession(t, server)
				defer s.Close()
				for i := range each {
					reply := try(s, "RPUSH", fmt.Sprint("k", i%3), fmt.Sprint(n, ".", i))
					if i%10 == 0 {
						try(s, "CLIENT", "UNBLOCK", fmt.Sprint(i))
					}
					if !strings.HasPrefix(reply, ":") {
						t.Errorf("%q", reply)
					}
				}
			})
		}
		producers.Wait()
		close(stop)
		consumers.Wait()
		s := openSession(t, server)
		for k := range 4 {
			for reply := "*"; !strings.HasPrefix(reply, "$-1"); {
				if reply = ask(s, "LPOP", fmt.Sprint("k", k)); reply[1] != '-' {
					got[strings.Split(reply, "\r\n")[1]]++
				}
			}
		}
		s.Close()
		for n := range 4 {
			for i := range each {
				if e := fmt.Sprint(n, ".", i); got[e] != 1 {
					t.Errorf("%s was taken %d times", e, got[e])
				}
			}
		}
		if n := server.waits.Len(); n != 0 {
			t.Errorf("%d wait", n)
		}
	}
}

// consume is one client that waits for an element, and leaves.
func consume(t *testing.T, server *Server, n int, got func(string)) {
	s := openSession(t, server)
	reply := try(s, [][]string{
		{"BLPOP", "k0", "k1", "k2", "0.002"}, {"BRPOP", "k2", "k1", "0.005"}, {"BLMOVE", "k1", "k3", "LEFT", "LEFT", "0.002"}, {"BLPOP", "k3", "k0", "0.001"},
	}[n%4]...)
	b := s.blocked.Load()
	if s.Stopped() && n%5 != 0 {
		reply = await(t, s)
	}
	stopped := s.Stopped()
	s.Close()
	if stopped { // what it has got meanwhile is lost with the connection
		b.running.Lock()
		reply = string(b.reply)
		b.running.Unlock()
	}
	if parts := strings.Split(reply, "\r\n"); len(parts) > 4 {
		got(parts[4])
	}
}

func TestBlockedSessionsCostNoGoroutines(t *testing.T) {
	server := newTestServer(t, func(c *Config) { c.Limits.Clients = 30_000 })
	before := runtime.NumGoroutine()
	const n = 20_000
	sessions := make([]*session, n)
	for i := range sessions {
		sessions[i] = openSession(t, server)
		try(sessions[i], "BLPOP", fmt.Sprint("own", i), "shared", fmt.Sprint(1000+i%3))
	}
	if more := runtime.NumGoroutine() - before; more > 10 {
		t.Errorf("%d blocked calls have %d goroutines", n, more)
	}
	pusher := openSession(t, server)
	defer pusher.Close()
	for i := 0; i < n; i += 1000 { // first come, first served, also where many are
		try(pusher, "RPUSH", "shared", "x", "y")
		for _, s := range sessions[i/500 : i/500+2] {
			if reply := fetch(s); s.Stopped() || !strings.HasPrefix(reply, "*2\r\n$6\r\nshared") {
				t.Errorf("%q", reply)
			}
		}
	}
	for _, s := range sessions {
		s.Close()
	}
	if server.waits.Len() != 0 || server.waits.Lines() != 0 {
		t.Errorf("%d wait for %d keys", server.waits.Len(), server.waits.Lines())
	}
}

// TestBlockedCallsOnAnotherBackend switches under calls that wait.
func TestBlockedCallsOnAnotherBackend(t *testing.T) {
	server := newTestServer(t, func(c *Config) {
		withSecond(c)
		c.Backends["relay"] = Instance{Driver: "relay", Config: relayDriver.Config()}
	})
	s, other, third := openSession(t, server), openSession(t, server), openSession(t, server)
	defer s.Close()
	defer other.Close()
	defer third.Close()
	want(t, other, "+OK\r\n", "STATE.SWITCH", "second")
	want(t, other, ":2\r\n", "RPUSH", "k", "x", "y")
	want(t, other, "+OK\r\n", "STATE.SWITCH", "memory", "NOCOPY")
	want(t, s, "", "BLPOP", "k", "0")
	want(t, third, "", "BLPOP", "l", "0")
	want(t, other, "+OK\r\n", "STATE.SWITCH", "second", "NOCOPY")
	if got := await(t, s); got != "*2\r\n$1\r\nk\r\n$1\r\nx\r\n" {
		t.Errorf("%q", got)
	}
	want(t, other, ":1\r\n", "LPUSH", "l", "z")
	if got := await(t, third); got != "*2\r\n$1\r\nl\r\n$1\r\nz\r\n" {
		t.Errorf("%q", got)
	}
	want(t, s, "", "BLPOP", "m", "0")
	want(t, other, "+OK\r\n", "STATE.SWITCH", "relay", "NOCOPY")
	if got := await(t, s); got != "-UNBLOCKED force unblock from blocking operation, instance state changed (master -> replica?)\r\n" {
		t.Errorf("%q", got)
	}
	want(t, s, "-ERR the active backend does not run blocking commands\r\n", "BLPOP", "m", "0")
}

// TestNothingIsMissedAcrossASwitch has a backend become another one again and again while elements are pushed and
// waited for.
func TestNothingIsMissedAcrossASwitch(t *testing.T) {
	server := newTestServer(t, withSecond)
	stop, switched := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(switched)
		s := openSession(t, server)
		defer s.Close()
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			default:
				want(t, s, "+OK\r\n", "STATE.SWITCH", []string{"second", "memory"}[i%2], "FLUSH")
			}
		}
	}()
	pusher, popper := openSession(t, server), openSession(t, server)
	defer pusher.Close()
	defer popper.Close()
	for i := range 300 {
		got := try(popper, "BLPOP", "k", "0")
		if e := fmt.Sprint(i); popper.Stopped() {
			try(pusher, "RPUSH", "k", e)
			if got = await(t, popper); !strings.Contains(got, "\r\n"+e+"\r\n") {
				t.Errorf("%q, not %s", got, e)
			}
		} else {
			t.Errorf("%q came from nowhere", got)
		}
	}
	close(stop)
	<-switched
}

func TestAKeyThatExpiresIsGoneForAGroup(t *testing.T) {
	s, other := openSession(t, newTestServer(t, nil)), (*session)(nil)
	defer s.Close()
	other = openSession(t, s.server)
	defer other.Close()
	ask(other, "XGROUP", "CREATE", "s", "g", "$", "MKSTREAM")
	want(t, s, "", "XREADGROUP", "GROUP", "g", "a", "BLOCK", "0", "STREAMS", "s", ">")
	ask(other, "PEXPIRE", "s", "5")
	if got, want := await(t, s), strings.ReplaceAll(noGroup, "|", "\r\n"); got != want {
		t.Errorf("%q", got)
	}
}

func TestAPanicInABlockedCallEndsOneClient(t *testing.T) {
	server := newTestServer(t, nil)
	s, other := openSession(t, server), openSession(t, server)
	defer s.Close()
	defer other.Close()
	want(t, s, "", "BLPOP", "k", "0")
	s.blocked.Load().twin.call.Row = &commands.Row{
		FullName: "blpop", Keys: []commands.KeySpec{{First: 1, Step: 1}}, Run: func(*commands.Ctx, backends.Tx) error { panic("a mistake") },
	}
	want(t, other, ":1\r\n", "LPUSH", "k", "x")
	if got := fetch(s); !strings.HasPrefix(got, "-ERR internal error") || !s.closing {
		t.Errorf("%q", got)
	}
	want(t, other, ":1\r\n", "LLEN", "k")
}

func TestTheServerEndsWhileCallsWaitAndAreServed(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	c := testConfig(t)
	withSecond(c)
	server, err := New(c, "test", slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	s := openSession(t, server)
	for i := range 100 {
		want(t, openSession(t, server), "", "BLPOP", fmt.Sprint("k", i), "1000")
	}
	want(t, s, "+OK\r\n", "STATE.SWITCH", "second")
	for _, c := range server.sessions() {
		c.Close()
	}
	if err := server.shutdown(); err != nil {
		t.Error(err)
	}
}
