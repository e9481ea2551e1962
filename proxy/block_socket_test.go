package proxy

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"runtime"
	"testing"
	"time"
)

// TestBlockedConnectionsCostNoGoroutines has clients wait on an event loop, some of them with requests before and behind.
func TestBlockedConnectionsCostNoGoroutines(t *testing.T) {
	config := testConfig(t)
	config.Transport = "eventloop"
	server, err := New(config, "test", slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error)
	go func() { ended <- server.Run(ctx) }()
	dial := func(say string) (net.Conn, *bufio.Reader) {
		c, err := net.Dial("tcp", server.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = c.Close() }) // some are closed before
		if _, err := io.WriteString(c, say); err != nil {
			t.Fatal(err)
		}
		return c, bufio.NewReaderSize(c, 64)
	}
	until := func(n int) {
		t.Helper()
		for deadline := time.Now().Add(30 * time.Second); server.waits.Len() != n; time.Sleep(time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("%d wait, not %d", server.waits.Len(), n)
			}
		}
	}
	pusher, replies := dial("PING\r\n")
	if line, err := replies.ReadString('\n'); line != "+PONG\r\n" {
		t.Fatal(line, err)
	}
	before := runtime.NumGoroutine()
	const n = 600
	conns, readers := make([]net.Conn, n), make([]*bufio.Reader, n)
	says := []string{"BLPOP k%d 0\r\n", "SET s%[1]d v\r\nBLPOP k%[1]d 1000\r\nPING\r\n", "XREAD BLOCK 0 STREAMS x%d $\r\n"} // the last begins on a goroutine
	for i := range conns {
		conns[i], readers[i] = dial(fmt.Sprintf(says[i%3], i))
	}
	until(n)
	for deadline := time.Now().Add(30 * time.Second); runtime.NumGoroutine() > before+10; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%d blocked connections have %d goroutines", n, runtime.NumGoroutine()-before)
		}
	}
	for i := range conns {
		switch {
		case i >= n/2:
			_ = conns[i].Close() // which the server has to notice
		case i%3 == 2:
			fmt.Fprintf(pusher, "XADD x%d 1-1 f v\r\n", i)
		default:
			fmt.Fprintf(pusher, "RPUSH k%d v\r\n", i)
		}
	}
	until(0)
	for i, r := range readers[:n/2] {
		want := []string{"*2\r\n", "+OK\r\n", "*1\r\n"}[i%3]
		if line, err := r.ReadString('\n'); line != want {
			t.Errorf("%d reads %q, %v, not %q", i, line, err, want)
		}
	}
	blocked, _ := dial("BLPOP ever 0\r\n")
	until(1)
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if _, err := blocked.Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("a client that waits reads %v at the end of the server", err)
	}
}
