package proxy

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"switchyard/backends"
	"switchyard/backends/memory"
)

// slowDriver is memory whose writes become durable when the test says so.
var slowDriver = backends.Driver{Name: "slow", Config: func() backends.Config { return &slowConfig{} }}

type slowConfig struct{}

func (*slowConfig) Check() error { return nil }

func (*slowConfig) Open(ctx context.Context, env backends.Env) (backends.Backend, error) {
	b, err := memory.Driver.Config().Open(ctx, env)
	if err != nil {
		return nil, err
	}
	return &slow{Engine: b.(backends.Engine)}, nil
}

type slow struct {
	backends.Engine
	mu      sync.Mutex
	commits []*backends.Commit
	failing error // of every transaction
}

func (s *slow) Do(ctx context.Context, a *backends.Access, body backends.Body) (*backends.Commit, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.failing != nil {
		return nil, s.failing
	}
	_, err := s.Engine.Do(ctx, a, body)
	if !a.Write {
		return nil, err
	}
	c := backends.NewCommit()
	s.commits = append(s.commits, c)
	return c, err
}

// finish has the writes so far become durable, or fail with the errors given, in their order.
func (s *slow) finish(t *testing.T, how ...error) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.commits) != len(how) {
		t.Errorf("%d writes, not %d", len(s.commits), len(how))
	}
	for i, c := range s.commits {
		c.Finish(how[min(i, len(how)-1)])
	}
	s.commits = nil
}

// relayDriver forwards to nobody: it replies with what it was asked.
var relayDriver = backends.Driver{Name: "relay", Config: func() backends.Config { return &relayConfig{} }}

type relayConfig struct{}

func (*relayConfig) Check() error { return nil }

func (*relayConfig) Open(_ context.Context, env backends.Env) (backends.Backend, error) {
	return &relay{name: env.Name, answer: make(chan struct{})}, nil
}

type relay struct {
	name      string
	mu        sync.Mutex
	submitted []string
	answer    chan struct{} // closed: replies come
}

func (r *relay) Name() string                                           { return r.name }
func (r *relay) Driver() string                                         { return "relay" }
func (r *relay) Capabilities() backends.Capabilities                    { return backends.Capabilities{} }
func (r *relay) Ping(context.Context) error                             { return nil }
func (r *relay) Stats(context.Context) (st backends.Stats, err error)   { return st, nil }
func (r *relay) Close() error                                           { return nil }
func (r *relay) EachKey(context.Context, int, func([]byte) error) error { return nil }
func (r *relay) Flush(context.Context) error                            { return nil }
func (r *relay) Restore(context.Context, int, []backends.Value) error   { return nil }
func (r *relay) Dump(context.Context, int, [][]byte) ([]backends.Value, error) {
	return nil, nil
}

func (r *relay) Foreign(_ context.Context, args [][]byte) (call backends.ForeignCall, ok bool) {
	return backends.ForeignCall{Write: true, Keys: args[1:]}, strings.HasPrefix(string(args[0]), "MOD.")
}

func (r *relay) Forward(_ context.Context, q backends.Request) backends.Pending {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.submitted = append(r.submitted, string(q.Args[0]))
	return &answer{r, fmt.Sprintf("+%d/%d %q\r\n", q.DB, q.Proto, q.Args)}
}

type answer struct {
	r    *relay
	text string
}

func (a *answer) Reply(ctx context.Context) ([]byte, error) {
	select {
	case <-a.r.answer:
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	switch {
	case strings.Contains(a.text, "unreachable"):
		return nil, fmt.Errorf("relay: %w", backends.ErrUnavailable)
	case strings.Contains(a.text, "broken"):
		return nil, errors.New("relay: connection reset")
	}
	return []byte(a.text), nil
}

// newServerOn is a server whose active backend is of one of the drivers above.
func newServerOn(t *testing.T, driver backends.Driver) *Server {
	t.Helper()
	return newTestServer(t, func(c *Config) {
		c.Backends["other"] = Instance{Driver: driver.Name, Config: driver.Config()}
		c.Backend = "other"
	})
}

func TestAPipelineOfWritesWaitsOnceForAll(t *testing.T) {
	server := newServerOn(t, slowDriver)
	b := server.active.Load().Backend.(*slow)
	s := openSession(t, server)
	defer s.Close()
	for range 64 {
		s.Execute(words("INCR", "n"))
	}
	if len(b.commits) != 64 {
		t.Fatalf("%d commands ran before the first wait, want 64", len(b.commits))
	}
	settled := make(chan struct{})
	go func() {
		s.Settle()
		close(settled)
	}()
	for _, c := range b.commits[:63] {
		c.Finish(nil)
	}
	select {
	case <-settled:
		t.Fatal("replies may leave before the last write is durable")
	case <-time.After(10 * time.Millisecond):
	}
	b.commits[63].Finish(nil)
	<-settled
	replies, _ := s.Replies()
	if want := strings.Count(string(replies), "\r\n"); want != 64 || !strings.HasSuffix(string(replies), ":64\r\n") {
		t.Errorf("%q", replies)
	}
}

func TestAWriteThatDidNotBecomeDurableIsAnError(t *testing.T) {
	server := newServerOn(t, slowDriver)
	b := server.active.Load().Backend.(*slow)
	s := openSession(t, server)
	defer s.Close()
	for _, line := range []string{"SET a 1", "GET", "SET b 2", "GET a", "SET c 3"} {
		s.Execute(words(strings.Fields(line)...))
	}
	for i, err := range []error{nil, errors.New("disk on fire"), nil} {
		b.commits[i].Finish(err)
	}
	s.Settle()
	replies, _ := s.Replies()
	want := "+OK\r\n-ERR wrong number of arguments for 'get' command\r\n" +
		"-ERR backend failed, see the server's log\r\n$1\r\n1\r\n+OK\r\n"
	if string(replies) != want {
		t.Errorf("%q\nwant %q", replies, want)
	}
	if _, _, failed := server.stats.backend(server.active.Load().index); failed != 1 {
		t.Errorf("%d errors of the backend were counted", failed)
	}
}

func TestAPipelineIsForwardedBeforeTheFirstReply(t *testing.T) {
	server := newServerOn(t, relayDriver)
	b := server.active.Load().Backend.(*relay)
	s := openSession(t, server)
	defer s.Close()
	for _, line := range []string{"SET k v", "GET", "GET k", "MOD.GET x", "GET broken", "GET unreachable", "NOSUCH x"} {
		s.Execute(words(strings.Fields(line)...))
	}
	if got := strings.Join(b.submitted, " "); got != "SET GET MOD.GET GET GET" {
		t.Fatalf("submitted: %s", got)
	}
	if !s.pass.inside.Load() {
		t.Error("the session has left the gate before the replies came")
	}
	close(b.answer)
	s.Settle()
	if s.pass.inside.Load() {
		t.Error("the session is still in the gate")
	}
	replies, _ := s.Replies()
	want := `+0/2 ["SET" "k" "v"]` + "\r\n-ERR wrong number of arguments for 'get' command\r\n" +
		`+0/2 ["GET" "k"]` + "\r\n" + `+0/2 ["MOD.GET" "x"]` + "\r\n" +
		"-ERR backend failed, see the server's log\r\n-ERR backend unavailable, see the server's log\r\n" +
		"-ERR unknown command 'NOSUCH', with args beginning with: 'x' \r\n"
	if string(replies) != want {
		t.Errorf("%q\nwant %q", replies, want)
	}
	s.Execute(words("HELLO", "3"))
	s.Execute(words("SELECT", "5"))
	s.Execute(words("GET", "k"))
	s.Settle()
	replies, _ = s.Replies()
	if want := `+5/3 ["GET" "k"]` + "\r\n"; !strings.HasSuffix(string(replies), want) {
		t.Errorf("%q, want %q at the end", replies, want)
	}
}

func TestABackendThatDoesNotAnswerIsAnErrorInTime(t *testing.T) {
	server := newServerOn(t, relayDriver)
	server.config.Timeouts.Operation.Duration = 10 * time.Millisecond
	s := openSession(t, server)
	defer s.Close()
	if got := ask(s, "GET", "k"); got != "-ERR backend did not answer in time; the command may have taken effect\r\n" {
		t.Errorf("%q", got)
	}
}

func TestABatchIsSettledBeforeItGrowsWithoutBound(t *testing.T) {
	server := newServerOn(t, relayDriver)
	close(server.active.Load().Backend.(*relay).answer)
	s := openSession(t, server)
	defer s.Close()
	for range 3 * maxHolds {
		s.Execute(words("GET", "k"))
		if len(s.holds) >= maxHolds {
			t.Fatalf("%d holds", len(s.holds))
		}
	}
	s.Settle()
	if replies, _ := s.Replies(); strings.Count(string(replies), "\r\n") != 3*maxHolds {
		t.Error("a reply is missing")
	}
}

// The reply of a command with a part of ours in it is taken when another command is at hand already.
func TestACommandBehindAForwardedOneHasItsOwnArguments(t *testing.T) {
	server := newServerOn(t, relayDriver)
	close(server.active.Load().Backend.(*relay).answer)
	s := openSession(t, server)
	defer s.Close()
	s.Execute(words("XREAD", "STREAMS", "x", "0"))
	if got := ask(s, "SELECT", "5"); !strings.HasSuffix(got, "+OK\r\n") {
		t.Errorf("%q", got)
	}
}
