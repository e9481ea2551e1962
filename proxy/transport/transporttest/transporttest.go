// Package transporttest is the suite that every transport must pass. A transport's test calls Run.
package transporttest

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"switchyard/proxy/transport"
)

// New makes the transport under test.
type New func(ln net.Listener, h transport.Handler, limits *transport.Limits, idle time.Duration) (transport.Server, error)

// Run runs the suite.
func Run(t *testing.T, build New) {
	for _, part := range []struct {
		name string
		test func(*testing.T, New, bool)
	}{
		{"requests are answered in order", testOrder},
		{"requests that wait keep the order", testWaiting},
		{"replies that wait keep the order", testParked},
		{"a client that sends faster than its replies come is held back", testParkedFlood},
		{"clients and servers end while replies wait", testParkedEnd},
		{"requests that stop their session keep the order", testStopped},
		{"much comes before and behind a request that stops its session", testStoppedBehind},
		{"clients and servers end while requests stop their sessions", testStoppedEnd},
		{"cuts make no difference", testCuts},
		{"a violation is answered after what came before, and ends the connection", testViolation},
		{"limits fall with authentication, even in one write", testAuthentication},
		{"a large argument arrives whole", testLargeArgument},
		{"a long pipeline may be sent before its replies are read", testSlowReader},
		{"a client that never reads is disconnected", testNoReader},
		{"what waits for its reader shows", testUsage},
		{"an endless pipeline does not starve others", testFairness},
		{"pushes arrive in order, between replies", testPushes},
		{"a session's own pushes keep their place among its replies", testOwnPushes},
		{"a push goes behind the replies that were given out before it", testPushBehind},
		{"a client that never reads pushes is disconnected at a limit of its own", testBound},
		{"a refused client reads why", testRefused},
		{"an idle client is disconnected", testIdle},
		{"shutdown finishes what is in flight", testShutdown},
		{"shutdown does not wait for ever", testShutdownBound},
		{"clients that vanish leave nothing behind", testVanishing},
	} {
		for _, slow := range []bool{false, true} {
			name := part.name + map[bool]string{false: ", prompt", true: ", slow"}[slow]
			t.Run(name, func(t *testing.T) { part.test(t, build, slow) })
		}
	}
}

var limits = &transport.Limits{Bulk: 1 << 20, Arguments: 1 << 10, Request: 64 << 20, UntrustedBulk: 64, UntrustedRequest: 3, Output: 64 << 20}

// echoes is a handler whose sessions reply to each request with its arguments.
type echoes struct {
	slow     atomic.Bool // as with a backend for which every request waits; SLOW and FAST change it
	refuse   error
	trusted  bool
	block    chan struct{} // what a BLOCK waits for
	open     atomic.Int64
	executed atomic.Int64
	once     sync.Once
	blocked  chan struct{} // closed when a BLOCK has begun
	last     atomic.Value  // the transport.Conn that was opened last
}

func newEchoes(slow bool, changes ...func(*echoes)) *echoes {
	h := &echoes{trusted: true, block: make(chan struct{}), blocked: make(chan struct{})}
	h.slow.Store(slow)
	for _, change := range changes {
		change(h)
	}
	return h
}

func (h *echoes) Open(c transport.Conn) (transport.Session, error) {
	if h.refuse != nil {
		return nil, h.refuse
	}
	h.open.Add(1)
	h.last.Store(c)
	return &echo{h: h, c: c, trusted: h.trusted}, nil
}

type echo struct {
	c       transport.Conn
	h       *echoes
	out     []byte
	behind  []byte // what is pushed once the replies so far are given out
	trusted bool
	closing bool
	later   atomic.Bool // the replies wait
	stop    *stop       // the last request waits; nil: it does not
}

func (s *echo) Execute(args [][]byte) {
	s.h.executed.Add(1)
	if s.stop != nil {
		panic("a request runs behind one that waits")
	}
	switch {
	case s.closing:
		return
	case string(args[0]) == "AUTH":
		s.trusted = true
	case string(args[0]) == "SLOW", string(args[0]) == "FAST":
		s.h.slow.Store(string(args[0]) == "SLOW")
	case string(args[0]) == "QUIT":
		s.closing = true
	case string(args[0]) == "BLOCK":
		s.h.once.Do(func() { close(s.h.blocked) })
		<-s.h.block
	}
	if string(args[0]) == "STOP" {
		s.stopAt(args)
		return
	}
	if string(args[0]) == "SAY" {
		s.c.Push(fmt.Appendf(s.out, ">%.20q\r\n", args))
		s.out = s.out[:0]
		return
	}
	if string(args[0]) == "BEHIND" {
		s.behind = fmt.Appendf(s.behind, ">%.20q\r\n", args)
	}
	if string(args[0]) == "BOUND" {
		s.c.Bound(ownLimit)
	}
	if string(args[0]) == "SPARE" {
		s.c.Spare(string(args[1]) == "on")
	}
	if string(args[0]) == "PUSH" {
		go pushLines(s.c)
	}
	if string(args[0]) == "BIG" {
		s.out = append(s.out, bigReply...)
		return
	}
	s.out = fmt.Appendf(s.out, "+%.20q\r\n", args)
}

func (s *echo) Reply(buf []byte) {
	if s.out = buf; s.stop != nil {
		s.goOn()
	}
}
func (s *echo) Try(args [][]byte) bool {
	if name := string(args[0]); s.h.slow.Load() || name == "BLOCK" || name == "WAIT" {
		return false
	}
	s.Execute(args)
	s.later.Store(s.later.Load() || string(args[0]) == "LATER")
	return true
}

// Await has the replies wait for a moment after a LATER, for the second time only if it is asked for that again.
func (s *echo) Await(fn func()) bool {
	if !s.later.Load() {
		return false
	}
	go func() {
		fn() // too early
		time.Sleep(time.Millisecond)
		s.later.Store(false)
		fn()
	}()
	return true
}

func (s *echo) Settle() {
	for s.later.Load() {
		time.Sleep(time.Millisecond)
	}
}
func (s *echo) Buffered() int { return len(s.out) }
func (s *echo) Replies() ([]byte, bool) {
	out := s.out
	s.out = nil
	if s.behind != nil {
		s.c.Push(s.behind) // as another goroutine may at this moment
		s.behind = nil
	}
	return out, s.closing
}
func (s *echo) Prompt() bool  { return !s.h.slow.Load() }
func (s *echo) Trusted() bool { return s.trusted }
func (s *echo) Received(int)  {}
func (s *echo) Close()        { s.h.open.Add(-1) }

// start serves h and returns a way to connect and one to shut down.
func start(t *testing.T, build New, h *echoes, idle time.Duration) (dial func() net.Conn, shutdown func(context.Context) error) {
	t.Helper()
	leaks := goleak.IgnoreCurrent()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s, err := build(ln, h, limits, idle)
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- s.Serve() }()
	var ended bool
	shutdown = func(ctx context.Context) error {
		ended = true
		err := s.Shutdown(ctx)
		if e := <-served; e != nil {
			t.Error(e)
		}
		if n := h.open.Load(); n != 0 {
			t.Errorf("%d sessions are still open", n)
		}
		return err
	}
	t.Cleanup(func() {
		if !ended {
			if err := shutdown(context.Background()); err != nil {
				t.Error(err)
			}
		}
		goleak.VerifyNone(t, leaks)
	})
	return func() net.Conn {
		c, err := net.Dial("tcp", ln.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = c.Close() }) // some tests close it themselves
		return c
	}, shutdown
}

func send(t *testing.T, c net.Conn, s string) {
	t.Helper()
	if _, err := io.WriteString(c, s); err != nil {
		t.Fatal(err)
	}
}

// wantLines reads lines; "" at the end wants the end of the connection.
func wantLines(t *testing.T, r *bufio.Reader, want ...string) {
	t.Helper()
	for _, w := range want {
		line, err := r.ReadString('\n')
		if w == "" {
			if line != "" || !errors.Is(err, io.EOF) {
				t.Fatalf("%q, %v; want the end", line, err)
			}
			return
		}
		if err != nil || strings.TrimRight(line, "\r\n") != w {
			t.Fatalf("%q, %v; want %q", line, err, w)
		}
	}
}

func testOrder(t *testing.T, build New, slow bool) {
	dial, _ := start(t, build, newEchoes(slow), 0)
	c := dial()
	r := bufio.NewReader(c)
	send(t, c, "*1\r\n$4\r\nPING\r\nGET k\r\n*2\r\n$1\r\na")
	wantLines(t, r, `+["PING"]`, `+["GET" "k"]`)
	send(t, c, "\r\n$1\r\nb\r\nQUIT\r\nPING\r\n")
	wantLines(t, r, `+["a" "b"]`, `+["QUIT"]`, "")
}

func testViolation(t *testing.T, build New, slow bool) {
	dial, _ := start(t, build, newEchoes(slow), 0)
	c := dial()
	send(t, c, "PING\r\n*1\r\n:1\r\nPING\r\n")
	wantLines(t, bufio.NewReader(c), `+["PING"]`, "-ERR Protocol error: expected '$', got ':'", "")
}

func testAuthentication(t *testing.T, build New, slow bool) {
	dial, _ := start(t, build, newEchoes(slow, func(h *echoes) { h.trusted = false }), 0)
	c := dial()
	big := strings.Repeat("x", 100)
	send(t, c, "AUTH\r\n*2\r\n$3\r\nSET\r\n$100\r\n"+big+"\r\n")
	wantLines(t, bufio.NewReader(c), `+["AUTH"]`, `+["SET" "`+big[:20]+`"]`)
	c = dial()
	send(t, c, "*2\r\n$3\r\nSET\r\n$100\r\n"+big+"\r\n")
	wantLines(t, bufio.NewReader(c), "-ERR Protocol error: unauthenticated bulk length", "")
}

func testLargeArgument(t *testing.T, build New, slow bool) {
	dial, _ := start(t, build, newEchoes(slow), 0)
	c := dial()
	send(t, c, "*1\r\n$1000000\r\n"+strings.Repeat("y", 1e6)+"\r\nPING\r\n")
	wantLines(t, bufio.NewReader(c), `+["yyyyyyyyyyyyyyyyyyyy"]`, `+["PING"]`)
}

func testRefused(t *testing.T, build New, slow bool) {
	dial, _ := start(t, build, newEchoes(slow, func(h *echoes) { h.refuse = errors.New("ERR max number of clients reached") }), 0)
	wantLines(t, bufio.NewReader(dial()), "-ERR max number of clients reached", "")
}

func testIdle(t *testing.T, build New, slow bool) {
	dial, _ := start(t, build, newEchoes(slow), 50*time.Millisecond)
	wantLines(t, bufio.NewReader(dial()), "")
	spared := dial()
	r := bufio.NewReader(spared)
	send(t, spared, "SPARE on\r\n")
	wantLines(t, r, `+["SPARE" "on"]`)
	for range 3 {
		wantLines(t, bufio.NewReader(dial()), "") // so long the other one may be silent at least
	}
	send(t, spared, "SPARE off\r\n")
	wantLines(t, r, `+["SPARE" "off"]`, "")
}

func testShutdown(t *testing.T, build New, slow bool) {
	h := newEchoes(slow)
	dial, shutdown := start(t, build, h, time.Hour)
	c, silent := dial(), dial()
	send(t, silent, "PING\r\n")
	wantLines(t, bufio.NewReader(silent), `+["PING"]`)
	send(t, c, "BLOCK\r\nPING\r\n")
	<-h.blocked
	ended := make(chan error)
	go func() { ended <- shutdown(context.Background()) }()
	wantLines(t, bufio.NewReader(silent), "")
	close(h.block)
	wantLines(t, bufio.NewReader(c), `+["BLOCK"]`, `+["PING"]`, "")
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func testShutdownBound(t *testing.T, build New, slow bool) {
	h := newEchoes(slow)
	dial, shutdown := start(t, build, h, 0)
	c := dial()
	send(t, c, "BLOCK\r\n")
	<-h.blocked
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	context.AfterFunc(ctx, func() { close(h.block) })
	if err := shutdown(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
}

func testVanishing(t *testing.T, build New, slow bool) {
	h := newEchoes(slow)
	dial, _ := start(t, build, h, 0)
	for _, half := range []string{"", "*", "*2\r\n$3\r\nGE", "PING", "*1\r\n$4\r\nPING\r\n"} {
		for range 20 {
			c := dial()
			send(t, c, half)
			if err := c.Close(); err != nil {
				t.Fatal(err)
			}
		}
	}
	for deadline := time.Now().Add(10 * time.Second); h.open.Load() > 0; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%d sessions are still open", h.open.Load())
		}
	}
}
