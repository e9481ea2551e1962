package transporttest

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"
)

// testParked has replies wait after the requests have run.
func testParked(t *testing.T, build New, slow bool) {
	dial, _ := start(t, build, newEchoes(slow), 0)
	for _, c := range []struct {
		sent string
		want []string
	}{
		{"LATER\r\nPING\r\n", []string{`+["LATER"]`, `+["PING"]`}},
		{"PING\r\nLATER\r\nWAIT\r\nLATER\r\nGET k\r\n", []string{`+["PING"]`, `+["LATER"]`, `+["WAIT"]`, `+["LATER"]`, `+["GET" "k"]`}},
		{"LATER\r\n*1\r\n:1\r\nPING\r\n", []string{`+["LATER"]`, "-ERR Protocol error: expected '$', got ':'", ""}},
		{"LATER\r\nQUIT\r\nPING\r\n", []string{`+["LATER"]`, `+["QUIT"]`, ""}},
	} {
		nc := dial()
		send(t, nc, c.sent)
		wantLines(t, bufio.NewReader(nc), c.want...)
	}
	nc := dial()
	r := bufio.NewReader(nc)
	for i := range 200 {
		send(t, nc, fmt.Sprintf("LATER %d\r\nPING %d\r\nGE", i, i)) // what comes next comes meanwhile, or not
		send(t, nc, "T\r\n")
		wantLines(t, r, fmt.Sprintf(`+["LATER" "%d"]`, i), fmt.Sprintf(`+["PING" "%d"]`, i), `+["GET"]`)
	}
}

// testParkedFlood sends faster than what waits can go on.
func testParkedFlood(t *testing.T, build New, slow bool) {
	dial, _ := start(t, build, newEchoes(slow), 0)
	nc := dial()
	const n = 60_000
	request := "LATER\r\n" + strings.Repeat("PING some more bytes\r\n", 30)
	sent := make(chan error, 1)
	go func() {
		_, err := io.WriteString(nc, strings.Repeat(request, n/31))
		sent <- err
	}()
	r := bufio.NewReader(nc)
	for i := range n / 31 * 31 {
		want := `+["PING" "some" "more"`
		if i%31 == 0 {
			want = `+["LATER"]`
		}
		if line, err := r.ReadString('\n'); err != nil || !strings.HasPrefix(line, want[:10]) {
			t.Fatalf("reply %d is %q, %v", i, line, err)
		}
	}
	if err := <-sent; err != nil {
		t.Error(err)
	}
	send(t, nc, "PING\r\n")
	wantLines(t, r, `+["PING"]`)
}

// testParkedEnd has clients vanish, and the server end, while replies wait.
func testParkedEnd(t *testing.T, build New, slow bool) {
	h := newEchoes(slow)
	dial, shutdown := start(t, build, h, 0)
	for range 20 {
		c := dial()
		send(t, c, "LATER\r\nPING\r\n")
		_ = c.Close() // its replies may be there already
	}
	for deadline := time.Now().Add(20 * time.Second); h.open.Load() > 0; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%d sessions are still open", h.open.Load())
		}
	}
	c := dial()
	send(t, c, "PING\r\n")
	r := bufio.NewReader(c)
	wantLines(t, r, `+["PING"]`)
	before := h.executed.Load() // nobody else is there any more
	send(t, c, "LATER\r\n")
	for h.executed.Load() == before {
		time.Sleep(time.Millisecond)
	}
	if err := shutdown(context.Background()); err != nil {
		t.Error(err)
	}
	wantLines(t, r, `+["LATER"]`, "")
}
