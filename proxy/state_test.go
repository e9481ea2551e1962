package proxy

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"switchyard/backends"
	"switchyard/backends/memory"
)

// withSecond adds an instance to switch to.
func withSecond(c *Config) {
	c.Backends["second"] = Instance{Driver: "memory", Config: memory.Driver.Config()}
}

func want(t *testing.T, s *session, reply string, line ...string) {
	t.Helper()
	if got := ask(s, line...); got != reply {
		t.Errorf("%v: %q, want %q", line, got, reply)
	}
}

func TestASwitchCarriesKeysOfAllDatabases(t *testing.T) {
	s := openSession(t, newTestServer(t, withSecond))
	defer s.Close()
	at := fmt.Sprint(time.Now().Add(time.Hour).UnixMilli())
	for db := range 16 {
		want(t, s, "+OK\r\n", "SELECT", fmt.Sprint(db))
		want(t, s, "+OK\r\n", "SET", "key", fmt.Sprint("value ", db), "PXAT", at)
	}
	want(t, s, "+OK\r\n", "STATE.SWITCH", "second")
	if name, _ := s.server.Active(); name != "second" {
		t.Fatalf("%s is active", name)
	}
	for db := range 16 {
		want(t, s, "+OK\r\n", "SELECT", fmt.Sprint(db))
		value := fmt.Sprint("value ", db)
		want(t, s, fmt.Sprintf("$%d\r\n%s\r\n", len(value), value), "GET", "key")
		want(t, s, ":"+at+"\r\n", "PEXPIRETIME", "key")
	}
}

func TestWhatASwitchRefuses(t *testing.T) {
	s := openSession(t, newTestServer(t, withSecond))
	defer s.Close()
	want(t, s, "+OK\r\n", "SET", "a", "1")
	want(t, s, "+OK\r\n", "STATE.SWITCH", "second")
	want(t, s, "-ERR the target backend is not empty, say FLUSH to remove its keys first, or MERGE to keep those that have no counterpart\r\n",
		"STATE.SWITCH", "memory")
	want(t, s, "-ERR unknown backend 'third', configured are: memory, second\r\n", "STATE.SWITCH", "third")
	want(t, s, "-ERR syntax error\r\n", "STATE.SWITCH", "memory", "PLEASE")
	want(t, s, "-ERR syntax error\r\n", "STATE.SWITCH", "memory", "FLUSH", "MERGE")
	if name, _ := s.server.Active(); name != "second" {
		t.Errorf("%s is active", name)
	}
	want(t, s, "$1\r\n1\r\n", "GET", "a")
}

func TestFlushMergeAndNoCopy(t *testing.T) {
	s := openSession(t, newTestServer(t, withSecond))
	defer s.Close()
	want(t, s, "+OK\r\n", "MSET", "a", "1", "b", "1")
	want(t, s, "+OK\r\n", "STATE.SWITCH", "second", "nocopy")
	want(t, s, ":0\r\n", "DBSIZE")
	want(t, s, "+OK\r\n", "MSET", "a", "2", "c", "2")
	want(t, s, "+OK\r\n", "STATE.SWITCH", "memory", "MERGE")
	want(t, s, "*3\r\n$1\r\n2\r\n$1\r\n1\r\n$1\r\n2\r\n", "MGET", "a", "b", "c")
	want(t, s, ":1\r\n", "DEL", "a")
	want(t, s, "+OK\r\n", "STATE.SWITCH", "second", "FLUSH")
	want(t, s, "*3\r\n$-1\r\n$1\r\n1\r\n$1\r\n2\r\n", "MGET", "a", "b", "c")
	want(t, s, "+OK\r\n", "STATE.SWITCH", "second")
}

func TestNoWriteIsLostWhileSwitching(t *testing.T) {
	server := newTestServer(t, withSecond)
	admin := openSession(t, server)
	defer admin.Close()
	const writers = 4
	stop := make(chan struct{})
	var all sync.WaitGroup
	counts := make([]int, writers)
	for w := range writers {
		s := openSession(t, server)
		all.Go(func() {
			defer s.Close()
			for n := 1; ; n++ {
				select {
				case <-stop:
					return
				default:
				}
				if got := ask(s, "INCR", fmt.Sprint("count:", w)); got != fmt.Sprintf(":%d\r\n", n) {
					t.Errorf("count %d of writer %d: %q", n, w, got)
					return
				}
				ask(s, "SET", fmt.Sprint("key:", w, ":", n%500), fmt.Sprint(n))
				counts[w] = n
			}
		})
	}
	for i := range 10 {
		target := []string{"second", "memory"}[i%2]
		want(t, admin, "+OK\r\n", "STATE.SWITCH", target, "FLUSH")
	}
	close(stop)
	all.Wait()
	for w, n := range counts {
		value := fmt.Sprint(n)
		want(t, admin, fmt.Sprintf("$%d\r\n%s\r\n", len(value), value), "GET", fmt.Sprint("count:", w))
		want(t, admin, fmt.Sprintf("$%d\r\n%s\r\n", len(value), value), "GET", fmt.Sprint("key:", w, ":", n%500))
	}
}

// restart ends a server and starts one with the same data folder.
func restart(t *testing.T, s *Server, change func(*Config)) (*Server, error) {
	t.Helper()
	if err := s.shutdown(); err != nil {
		t.Fatal(err)
	}
	c := testConfig(t)
	c.Data = s.config.Data
	change(c)
	return New(c, "test", slog.New(slog.DiscardHandler))
}

// journaled is a server that outlives no test and whose end the test itself sees to.
func journaled(t *testing.T, change func(*Config)) *Server {
	t.Helper()
	c := testConfig(t)
	change(c)
	s, err := New(c, "test", slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestTheChoiceOfASwitchSurvivesARestart(t *testing.T) {
	server := journaled(t, withSecond)
	s := openSession(t, server)
	want(t, s, "+OK\r\n", "STATE.SWITCH", "second")
	s.Close()
	again, err := restart(t, server, withSecond)
	if err != nil {
		t.Fatal(err)
	}
	if name, _ := again.Active(); name != "second" {
		t.Errorf("%s is active after the restart", name)
	}
	if _, err := restart(t, again, func(*Config) {}); err == nil || !strings.Contains(err.Error(), `says that backend "second" is active`) {
		t.Errorf("without that instance: %v", err)
	}
}

func TestAnInterruptedSwitchLeavesItsSourceActive(t *testing.T) {
	server := journaled(t, withSecond)
	if err := server.record(server.journal.Begin("memory", "second", "copy")); err != nil {
		t.Fatal(err)
	}
	again, err := restart(t, server, func(c *Config) { withSecond(c); c.Backend = "second" })
	if err != nil {
		t.Fatal(err)
	}
	defer again.shutdown()
	if name, _ := again.Active(); name != "memory" {
		t.Errorf("%s is active", name)
	}
	if !again.journal.Holds("second") {
		t.Error("the partial copy is forgotten")
	}
}

func TestAJournalThatMakesNoSenseStopsTheStart(t *testing.T) {
	server := journaled(t, withSecond)
	if err := server.folder.take(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(server.config.journalPath(), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := restart(t, server, withSecond); err == nil || !strings.Contains(err.Error(), "switchyard.json") {
		t.Errorf("%v", err)
	}
}

func TestASwitchThatFailsChangesNothing(t *testing.T) {
	server := newTestServer(t, func(c *Config) { c.Backends["other"] = Instance{Driver: "slow", Config: &slowConfig{}} })
	s := openSession(t, server)
	defer s.Close()
	want(t, s, "+OK\r\n", "SET", "a", "1")
	other, _ := server.instance("other")
	b, err := other.open(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	b.Backend.(*slow).failing = errors.New("disk on fire")
	if got := ask(s, "STATE.SWITCH", "other"); !strings.HasPrefix(got, "-ERR switch memory -> other: ") || !strings.Contains(got, "disk on fire") {
		t.Errorf("%q", got)
	}
	want(t, s, "$1\r\n1\r\n", "GET", "a")
	if name, _ := server.Active(); name != "memory" {
		t.Errorf("%s is active", name)
	}
}

func TestShutdownLeavesNoGoroutine(t *testing.T) {
	leaks := goleak.IgnoreCurrent()
	server := journaled(t, func(c *Config) { withSecond(c); c.Admin = "127.0.0.1:0" })
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error)
	go func() { ended <- server.Run(ctx) }()
	s := openSession(t, server)
	want(t, s, "+OK\r\n", "STATE.SWITCH", "second")
	s.Close()
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	goleak.VerifyNone(t, leaks)
}

func TestAnExpiredKeyDoesNotComeBackWithASwitch(t *testing.T) {
	s := openSession(t, newTestServer(t, withSecond))
	defer s.Close()
	want(t, s, "+OK\r\n", "SET", "k", "v", "PX", "1")
	for deadline := time.Now().Add(5 * time.Second); ask(s, "EXISTS", "k") != ":0\r\n"; {
		if time.Now().After(deadline) {
			t.Fatal("the key does not expire")
		}
	}
	want(t, s, "+OK\r\n", "STATE.SWITCH", "second")
	want(t, s, ":0\r\n", "DBSIZE")
}

var _ backends.Engine = (*slow)(nil)

func TestAFlushThatWouldFailLeavesTheTargetAsItIs(t *testing.T) {
	server := newTestServer(t, withSecond)
	s := openSession(t, server)
	defer s.Close()
	want(t, s, "+OK\r\n", "SET", "a", "1")
	want(t, s, "+OK\r\n", "STATE.SWITCH", "second")
	source := server.active.Load()
	broken := *source
	broken.Backend = unreadable{source.engine}
	server.active.Store(&broken)
	if got := ask(s, "STATE.SWITCH", "memory", "FLUSH"); !strings.Contains(got, "the target was left as it is") {
		t.Errorf("%q", got)
	}
	server.active.Store(source)
	memory, _ := server.instance("memory")
	st, err := memory.get().Stats(context.Background())
	if err != nil || st.Keys() != 1 {
		t.Errorf("%d keys, %v", st.Keys(), err)
	}
}

// unreadable is a backend whose values no other can hold.
type unreadable struct{ backends.Engine }

func (unreadable) EachKey(_ context.Context, db int, fn func([]byte) error) error {
	if db > 0 {
		return nil
	}
	return fn([]byte("module"))
}

func (unreadable) Dump(_ context.Context, _ int, keys [][]byte) ([]backends.Value, error) {
	return []backends.Value{{Key: keys[0], Payload: []byte("\x07\x00\n\x00no checksum")}}, nil
}
func (unreadable) Restore(context.Context, int, []backends.Value) error { return nil }
func (unreadable) Flush(context.Context) error                          { return nil }
