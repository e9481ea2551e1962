package redis

import (
	"bytes"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"switchyard/backends"
)

// Servers that are not as they should be, and backends with little patience for them.

// relay stands between a backend and its server, and can hold the server's replies back.
type relay struct {
	addr string
	mute atomic.Bool
	slow atomic.Bool // replies come byte by byte
	t    testing.TB
	wg   sync.WaitGroup
	mu   sync.Mutex
	all  []net.Conn
}

func newRelay(t testing.TB, server string) *relay {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r := &relay{addr: l.Addr().String(), t: t}
	r.wg.Go(func() {
		for {
			near, err := l.Accept()
			if err != nil {
				return
			}
			far, err := net.Dial("tcp", server)
			if err != nil {
				near.Close()
				continue
			}
			r.mu.Lock()
			r.all = append(r.all, near, far)
			r.mu.Unlock()
			r.wg.Go(func() { r.pass(far, near, false) })
			r.wg.Go(func() { r.pass(near, far, true) })
		}
	})
	t.Cleanup(func() {
		l.Close()
		r.mu.Lock()
		for _, c := range r.all {
			c.Close()
		}
		r.mu.Unlock()
		r.wg.Wait()
	})
	return r
}

func (r *relay) pass(to, from net.Conn, replies bool) {
	defer to.Close()
	buf := make([]byte, 4096)
	for {
		n, err := from.Read(buf)
		if err != nil {
			return
		}
		if replies && r.mute.Load() {
			continue
		}
		for part := range bytes.Lines(buf[:n]) {
			if replies && r.slow.Load() {
				time.Sleep(time.Millisecond)
			}
			if _, err := to.Write(part); err != nil {
				return
			}
		}
	}
}

const selectZero = "*2\r\n$6\r\nSELECT\r\n$1\r\n0\r\n"

// fake is a server that is not Redis.
func fake(t testing.TB, serve func(net.Conn)) (addr string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			wg.Go(func() {
				defer c.Close()
				serve(c)
			})
		}
	})
	t.Cleanup(func() {
		l.Close()
		wg.Wait()
	})
	return l.Addr().String()
}

// bare is a backend that was not opened, for servers that Open would refuse.
func bare(t testing.TB, addr string) *Backend {
	t.Helper()
	c := defaults()
	impatient(addr)(c)
	up, err := c.upstream()
	if err != nil {
		t.Fatal(err)
	}
	b := newBackend(up, backends.Env{Name: "test"})
	t.Cleanup(func() { b.Close() })
	return b
}

// patient is how long a backend of these tests waits: longer than a busy machine takes to answer.
const patient = 300 * time.Millisecond

func impatient(addr string) func(*Config) {
	return func(c *Config) {
		c.URL = "redis://" + addr
		c.Timeout, c.DialTimeout = backends.Duration{Duration: patient}, backends.Duration{Duration: patient}
	}
}

// recovered waits until commands are answered again.
func recovered(t *testing.T, b *Backend, proto int) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		got, err := forward(b, request(0, proto, "PING")).Reply(t.Context())
		if err == nil && string(got) == "+PONG\r\n" {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("it does not recover: %q, %v", got, err)
		}
	}
}
