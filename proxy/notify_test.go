package proxy

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"switchyard/backends"
	"switchyard/backends/memory"
)

// notifying is a server that publishes events, and a client that hears of them all.
func notifying(t *testing.T, events string, change func(*Config)) (*Server, *client) {
	t.Helper()
	server := newTestServer(t, func(c *Config) {
		c.NotifyEvents = events
		if change != nil {
			change(c)
		}
	})
	listener := connect(t, server, "PSUBSCRIBE __key*__:*")
	t.Cleanup(listener.Close)
	return server, listener
}

// events are the messages to a client since the last time, in short: "set k" is the event set of the key k.
func (c *client) events() (list []string) {
	var texts []string
	for _, line := range strings.Split(c.take(), "\r\n") {
		if line != "" && line[0] != '$' && line[0] != '*' {
			texts = append(texts, line)
		}
	}
	for ; len(texts) >= 4; texts = texts[4:] {
		what, name, _ := strings.Cut(texts[2], "__:")
		if list = append(list, name+" "+texts[3]); strings.HasPrefix(what, "__keyspace") {
			list[len(list)-1] = texts[3] + " " + name
		}
	}
	return list
}

// hears compares these with what they should be.
func (c *client) hears(want string) {
	c.t.Helper()
	if got := strings.Join(c.events(), ", "); got != want {
		c.t.Errorf("hears %q\nwant  %q", got, want)
	}
}

// awaits waits until the client has heard of all that should come, and nothing else.
func (c *client) awaits(want string) {
	c.t.Helper()
	var got []string
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(time.Millisecond) {
		if got = append(got, c.events()...); len(got) > strings.Count(want, ",") {
			break
		}
	}
	if text := strings.Join(got, ", "); text != want {
		c.t.Errorf("hears %q\nwant  %q", text, want)
	}
}

func TestEventsArePublishedAsTheConfigurationSays(t *testing.T) {
	server, listener := notifying(t, "E$", nil)
	s := openSession(t, server)
	defer s.Close()
	for _, step := range []struct{ events, line, want string }{
		{"", "SET k v", "set k"},
		{"", "DEL k", ""},
		{"KEg$", "SET k v", "set k, set k"},
		{"K$g", "DEL k", "del k"},
		{"A", "SET k v", ""},
		{"KE", "SET k v", ""},
		{"KEnA", "SET new v", "new new, new new, set new, set new"},
		{"Em", "GET none", "keymiss none"},
		{"Em", "SET none v", ""},
		{"EA", "GET absent", ""},
		{"EA", "SET new v XX GET EX 100", "set new, expire new"},
		{"EA", "RPOPLPUSH nolist other", ""},
		{"EA", "LPUSH k wrong", ""},
	} {
		if step.events != "" && ask(s, "CONFIG", "SET", "notify-keyspace-events", step.events) != "+OK\r\n" {
			t.Fatalf("%q is refused", step.events)
		}
		ask(s, strings.Fields(step.line)...)
		listener.hears(step.want)
	}
	if got := ask(s, "CONFIG", "GET", "notify-keyspace-events"); !strings.HasSuffix(got, "AE\r\n") {
		t.Errorf("the value is shown as %q", got)
	}
}

func TestEventsCostNothingWhereNobodyListens(t *testing.T) {
	server := newTestServer(t, func(c *Config) { c.NotifyEvents = "KEAmn" })
	s := openSession(t, server)
	defer s.Close()
	buf := make([]byte, 0, 1024)
	run := func(line ...string) func() {
		args := words(line...)
		return func() {
			s.Reply(buf)
			s.Try(args)
			s.Replies()
		}
	}
	for _, line := range [][]string{{"SET", "k", "v"}, {"GET", "none"}} {
		run(line...)()
		if n := testing.AllocsPerRun(100, run(line...)); n != 0 {
			t.Errorf("%v: %v allocations", line, n)
		}
	}
	if server.Observed() || server.ObservesMisses() {
		t.Error("effects are asked for, and nobody listens")
	}
	shard := connect(t, server, "SSUBSCRIBE __keyevent@0__:set")
	if server.Observed() {
		t.Error("a shard channel has no events")
	}
	shard.Close()
	listener := connect(t, server, "SUBSCRIBE __keyevent@0__:set")
	if !server.Observed() || !server.ObservesMisses() {
		t.Error("somebody listens, and no effects are asked for")
	}
	ask(s, "SET", "k", "v")
	listener.want("*3 message __keyevent@0__:set k")
	if listener.Close(); server.Observed() {
		t.Error("effects are asked for, and nobody listens any more")
	}
}

func TestTheEventsOfATransactionComeWhenItIsDone(t *testing.T) {
	server, listener := notifying(t, "EA", nil)
	s := openSession(t, server)
	defer s.Close()
	for _, line := range []string{"MULTI", "SET a 1", "SELECT 2", "SET b 2", "DEL b"} {
		ask(s, strings.Fields(line)...)
	}
	listener.hears("")
	ask(s, "EXEC")
	listener.hears("set a, set b, del b")
}

// The cleaner is paused, so that the command itself finds the key.
func TestAnExpiryIsToldBeforeWhatComesInItsPlace(t *testing.T) {
	server, listener := notifying(t, "EA", nil)
	server.active.Load().Backend.(backends.Pauser).Pause()
	s := openSession(t, server)
	defer s.Close()
	for _, key := range []string{"k", "in a transaction"} {
		s.Execute(words("SET", key, "v", "PX", "1"))
		for ask(s, "EXISTS", key) != ":0\r\n" {
			time.Sleep(time.Millisecond)
		}
		listener.hears("set " + key + ", expire " + key)
	}
	ask(s, "SET", "k", "v")
	listener.hears("expired k, set k")
	ask(s, "MULTI")
	s.Execute(words("SET", "in a transaction", "v"))
	ask(s, "EXEC")
	listener.hears("expired in a transaction, set in a transaction")
}

func TestWhatTheBackendRemovesIsTold(t *testing.T) {
	server, listener := notifying(t, "EA", nil)
	s := openSession(t, server)
	defer s.Close()
	ask(s, "SET", "k", "v", "PX", "20")
	listener.awaits("set k, expire k, expired k")
	ask(s, "HSET", "h", "f", "v", "g", "v")
	ask(s, "HPEXPIRE", "h", "20", "FIELDS", "1", "f")
	listener.awaits("hset h, hexpire h, hexpired h")
	ask(s, "HPEXPIRE", "h", "20", "FIELDS", "1", "g")
	listener.awaits("hexpire h, hexpired h, del h")
	ask(s, "SET", "victim", "v")
	ask(s, "CONFIG", "SET", "maxmemory", "1", "maxmemory-policy", "allkeys-lru")
	ask(s, "SET", "refused", "v")
	listener.hears("set victim, evicted victim")
}

// Every session writes and removes the same keys. Whoever follows the events must see each key made, then gone, then made
// again.
func TestTheEventsOfAKeyComeInTheOrderOfItsChanges(t *testing.T) {
	server, listener := notifying(t, "Egn", nil)
	const keys = 3
	var all sync.WaitGroup
	for i := range 4 {
		s := openSession(t, server)
		defer s.Close()
		all.Go(func() {
			for n := range 2000 {
				key := fmt.Sprint("k", (n+i)%keys)
				if (n/keys+i)%2 == 0 {
					ask(s, "SET", key, "v")
				} else {
					ask(s, "DEL", key, fmt.Sprint("k", n%keys))
				}
			}
		})
	}
	all.Wait()
	there, told := map[string]bool{}, 0
	for _, e := range listener.events() {
		event, key, _ := strings.Cut(e, " ")
		if made := event == "new"; made == there[key] {
			t.Fatalf("event %d: %s, and there is such a key: %v", told, e, there[key])
		}
		there[key] = event == "new"
		told++
	}
	if told < 100 {
		t.Errorf("%d events", told)
	}
}

func TestAClientHearsOfItsCommandsAfterTheReplies(t *testing.T) {
	const lines = "SET k v,GET k,MSET a 1 b 2,GET k"
	const want = "+OK >4 pmessage __key* __keyevent@0__:set k v +OK >4 pmessage __key* __keyevent@0__:set a " +
		">4 pmessage __key* __keyevent@0__:set b v"
	for _, driver := range []backends.Driver{memory.Driver, slowDriver} {
		t.Run(driver.Name, func(t *testing.T) {
			server := newServerOn(t, driver)
			if slow, is := server.active.Load().Backend.(*slow); is {
				stop := slow.commitAll()
				defer stop()
			}
			c := connect(t, server, "CONFIG SET notify-keyspace-events EA", "HELLO 3", "PSUBSCRIBE __key*")
			defer c.Close()
			for _, line := range strings.Split(lines, ",") {
				if c.Try(words(strings.Fields(line)...)) {
					t.Errorf("%s is tried where it must not wait", line)
				}
			}
			c.send(strings.Split(lines, ",")...)
			c.want(want)
		})
	}
}

// commitAll makes everything durable from time to time, until the returned function is called.
func (s *slow) commitAll() (stop func()) {
	ended, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for {
			s.mu.Lock()
			for _, c := range s.commits {
				c.Finish(nil)
			}
			s.commits = nil
			s.mu.Unlock()
			select {
			case <-ended:
				return
			case <-time.After(time.Millisecond):
			}
		}
	}()
	return func() {
		close(ended)
		<-stopped
	}
}

// A message does not wait for the disk, and the reply does.
func TestEventsAreToldBeforeTheyAreDurable(t *testing.T) {
	server := newServerOn(t, slowDriver)
	listener := connect(t, server, "CONFIG SET notify-keyspace-events EA", "PSUBSCRIBE __key*")
	defer listener.Close()
	s := openSession(t, server)
	s.Execute(words("SET", "k", "v"))
	s.Execute(words("DEL", "k"))
	listener.hears("set k, del k")
	stop := server.active.Load().Backend.(*slow).commitAll()
	s.Close()
	stop()
}

func TestWhoFailsLeavesTheKeysToOthers(t *testing.T) {
	server, listener := notifying(t, "EA", nil)
	a, b := openSession(t, server), openSession(t, server)
	defer a.Close()
	defer b.Close()
	a.Execute(words("DEL", "k"))
	func() {
		defer a.survive(0)
		a.call.Notify(1, "imagined", []byte("k"))
		if a.turns == 0 {
			t.Error("it has no turn")
		}
		panic("in a handler")
	}()
	ask(b, "SET", "k", "v")
	listener.hears("set k")
}

func TestApplicationsSetEventsAsTheyDoWithRedis(t *testing.T) {
	server := newTestServer(t, nil)
	s := openSession(t, server)
	defer s.Close()
	for _, step := range []struct{ line, want string }{
		{"CONFIG GET notify-keyspace-events", "*2\r\n$22\r\nnotify-keyspace-events\r\n$0\r\n\r\n"},
		{"CONFIG SET notify-keyspace-events Egx", "+OK\r\n"}, // Spring Session
		{"CONFIG GET notify-keyspace-events", "*2\r\n$22\r\nnotify-keyspace-events\r\n$3\r\ngxE\r\n"},
		{"CONFIG SET notify-keyspace-events gxE", "+OK\r\n"},
		{"config set NOTIFY-KEYSPACE-EVENTS EA", "+OK\r\n"}, // Spring Data
		{"CONFIG GET notify-*", "*2\r\n$22\r\nnotify-keyspace-events\r\n$2\r\nAE\r\n"},
		{"CONFIG SET notify-keyspace-events KEA maxmemory 0", "+OK\r\n"},
		{"CONFIG SET notify-keyspace-events Q", "-ERR CONFIG SET failed (possibly related to argument 'notify-keyspace-events')" +
			" - Invalid event class character. Use 'Ag$lshzxeKEtmdn'.\r\n"},
		{"CONFIG GET notify-keyspace-events", "*2\r\n$22\r\nnotify-keyspace-events\r\n$3\r\nAKE\r\n"},
	} {
		if got := ask(s, strings.Fields(step.line)...); got != step.want {
			t.Errorf("%s: %q, want %q", step.line, got, step.want)
		}
	}
}
