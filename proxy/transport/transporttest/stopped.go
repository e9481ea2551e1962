package transporttest

import (
	"bufio"
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"
)

// stop is a request that waits: STOP for a moment, STOP now not at all, STOP block as long as BLOCK, and STOP ever for ever.
type stop struct {
	reply []byte

	mu    sync.Mutex
	waits bool
	fn    func()
}

func (s *echo) stopAt(args [][]byte) {
	t := &stop{reply: fmt.Appendf(nil, "+%.20q\r\n", args), waits: true}
	s.stop = t
	switch how := string(args[len(args)-1]); how {
	case "ever":
	case "now":
		t.waits = false
	default:
		go func() {
			if how == "block" {
				<-s.h.block
			} else {
				time.Sleep(time.Millisecond)
			}
			t.end()
		}()
	}
}

func (t *stop) end() {
	t.mu.Lock()
	t.waits = false
	fn := t.fn
	t.mu.Unlock()
	if fn != nil {
		fn()
	}
}

func (s *echo) Stopped() bool { return s.stop != nil }

func (s *echo) Blocked(fn func()) bool {
	if s.stop == nil {
		return false
	}
	s.stop.mu.Lock()
	defer s.stop.mu.Unlock()
	s.stop.fn = fn
	return s.stop.waits
}

// goOn puts the reply of what has waited first.
func (s *echo) goOn() {
	t := s.stop
	t.mu.Lock()
	defer t.mu.Unlock()
	if !t.waits {
		s.stop = nil
		s.out = append(s.out, t.reply...)
	}
}

// testStopped has requests stop their sessions, one after the other, among requests that wait in other ways.
func testStopped(t *testing.T, build New, slow bool) {
	h := newEchoes(slow)
	dial, _ := start(t, build, h, 0)
	for _, c := range []struct {
		sent string
		want []string
	}{
		{"STOP\r\n", []string{`+["STOP"]`}},
		{"STOP now\r\n", []string{`+["STOP" "now"]`}},
		{"STOP\r\nPING\r\nSTOP now\r\nSTOP\r\n", []string{`+["STOP"]`, `+["PING"]`, `+["STOP" "now"]`, `+["STOP"]`}},
		{"PING\r\nSTOP\r\nWAIT\r\nSTOP now\r\nWAIT\r\nSTOP\r\nGET k\r\n", []string{`+["PING"]`, `+["STOP"]`, `+["WAIT"]`, `+["STOP" "now"]`, `+["WAIT"]`, `+["STOP"]`, `+["GET" "k"]`}},
		{"WAIT\r\nSTOP\r\nPING\r\n", []string{`+["WAIT"]`, `+["STOP"]`, `+["PING"]`}},
		{"LATER\r\nSTOP\r\nLATER\r\nSTOP now\r\n", []string{`+["LATER"]`, `+["STOP"]`, `+["LATER"]`, `+["STOP" "now"]`}},
		{"SLOW\r\nSTOP\r\nFAST\r\nSTOP\r\nPING\r\n", []string{`+["SLOW"]`, `+["STOP"]`, `+["FAST"]`, `+["STOP"]`, `+["PING"]`}},
		{"STOP\r\nSAY x\r\nSTOP\r\n", []string{`+["STOP"]`, `>["SAY" "x"]`, `+["STOP"]`}},
		{"STOP\r\n*1\r\n:1\r\nPING\r\n", []string{`+["STOP"]`, "-ERR Protocol error: expected '$', got ':'", ""}},
		{"STOP\r\nQUIT\r\nPING\r\n", []string{`+["STOP"]`, `+["QUIT"]`, ""}},
	} {
		h.slow.Store(slow)
		nc := dial()
		send(t, nc, c.sent)
		wantLines(t, bufio.NewReader(nc), c.want...)
	}
	h.slow.Store(slow)
	nc := dial()
	r := bufio.NewReader(nc)
	for i := range 200 {
		send(t, nc, fmt.Sprintf("STOP %d\r\nPING %d\r\nGE", i, i)) // what comes next comes meanwhile, or not
		send(t, nc, "T\r\n")
		wantLines(t, r, fmt.Sprintf(`+["STOP" "%d"]`, i), fmt.Sprintf(`+["PING" "%d"]`, i), `+["GET"]`)
	}
}

// testStoppedBehind has much come behind a request that waits, and before it more replies than the buffers of the
// system hold.
func testStoppedBehind(t *testing.T, build New, slow bool) {
	h := newEchoes(slow)
	dial, _ := start(t, build, h, 0)
	nc := dial()
	const n, padding = 200, 20_000
	send(t, nc, strings.Repeat("BIG\r\n", n)+"STOP block\r\n"+strings.Repeat("PING "+strings.Repeat("x", padding)+"\r\n", n))
	r := bufio.NewReaderSize(nc, 1<<20)
	for range n {
		if _, err := r.ReadSlice('\n'); err != nil {
			t.Fatal(err)
		}
	}
	close(h.block)
	wantLines(t, r, `+["STOP" "block"]`)
	for range n {
		wantLines(t, r, `+["PING" "`+strings.Repeat("x", 20)+`"]`)
	}
}

// testStoppedEnd has what was replied before a request that waits arrive at once, clients vanish that wait,
// and the server end while others do. None is idle.
func testStoppedEnd(t *testing.T, build New, slow bool) {
	h := newEchoes(slow)
	dial, shutdown := start(t, build, h, 250*time.Millisecond)
	for range 20 {
		c := dial()
		send(t, c, "PING\r\nSTOP ever\r\nPING\r\n")
		wantLines(t, bufio.NewReader(c), `+["PING"]`)
		_ = c.Close() // the server has to notice
	}
	for deadline := time.Now().Add(20 * time.Second); h.open.Load() > 0; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%d sessions are still open", h.open.Load())
		}
	}
	c := dial()
	r := bufio.NewReader(c)
	send(t, c, "PING\r\nSTOP block\r\n")
	wantLines(t, r, `+["PING"]`)
	for range 3 {
		wantLines(t, bufio.NewReader(dial()), "") // so long they may be silent at least
	}
	close(h.block)
	wantLines(t, r, `+["STOP" "block"]`, "")
	ever := dial()
	r = bufio.NewReader(ever)
	send(t, ever, "PING\r\nSTOP ever\r\nPING\r\n")
	wantLines(t, r, `+["PING"]`)
	if err := shutdown(context.Background()); err != nil {
		t.Error(err)
	}
	wantLines(t, r, "")
}
