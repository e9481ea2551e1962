package redis

import (
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

	"switchyard/backends"
	"switchyard/integration/redistest"
)

func TestOpenNamesTheServerThatIsNotThere(t *testing.T) {
	addr := redistest.FreeAddr(t)
	c := defaults()
	c.URL = "redis://user:secret@" + addr
	_, err := c.Open(t.Context(), backends.Env{})
	if err == nil || !strings.Contains(err.Error(), addr) || strings.Contains(err.Error(), "secret") || strings.Contains(err.Error(), "\n") {
		t.Errorf("%v", err)
	}
}

func TestOpenGivesUpOnASilentServer(t *testing.T) {
	s := redistest.Start(t)
	r := newRelay(t, s.Addr)
	r.mute.Store(true)
	c := defaults()
	c.URL = "redis://" + r.addr
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	start := time.Now()
	if _, err := c.Open(ctx, backends.Env{}); err == nil || time.Since(start) > 1900*time.Millisecond {
		t.Errorf("%v after %v", err, time.Since(start))
	}
}

func TestAStoppedServerIsUnavailableUntilItIsBack(t *testing.T) {
	s := redistest.Start(t)
	b := open(t, s, nil)
	defer b.Close()
	for _, proto := range []int{2, 3} {
		must(t, forward(b, request(0, proto, "PING")))
		s.Stop()
		// The first may find the connection that is just breaking.
		_, err := forward(b, request(0, proto, "PING")).Reply(t.Context())
		if err == nil {
			t.Error("a stopped server answered")
		}
		_, err = forward(b, request(0, proto, "PING")).Reply(t.Context())
		if !errors.Is(err, backends.ErrUnavailable) || !strings.Contains(err.Error(), s.Addr) {
			t.Errorf("%v", err)
		}
		if b.Ping(t.Context()) == nil {
			t.Error("a stopped server is ready")
		}
		s.Restart()
		recovered(t, b, proto)
		if err := b.Ping(t.Context()); err != nil {
			t.Error(err)
		}
	}
}

// What was answered was executed once, what was unavailable was not executed, and of the rest
// nobody knows.
func TestNoCommandIsSentTwice(t *testing.T) {
	s := redistest.Start(t)
	b := open(t, s, nil)
	defer b.Close()
	var answered, unknown, unavailable atomic.Int64
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	for client := range 20 {
		wg.Go(func() {
			var pending [10]backends.Pending
			for ctx.Err() == nil {
				for i := range pending {
					pending[i] = forward(b, request(0, 2+client%2, "INCR n"))
				}
				for _, p := range pending {
					_, err := p.Reply(context.Background())
					switch {
					case err == nil:
						answered.Add(1)
					case errors.Is(err, backends.ErrUnavailable):
						unavailable.Add(1)
					default:
						unknown.Add(1)
					}
				}
			}
		})
	}
	admin := s.Client()
	defer admin.Close()
	for range 100 {
		before := answered.Load()
		if err := admin.ClientKillByFilter(t.Context(), "TYPE", "normal", "SKIPME", "yes").Err(); err != nil {
			t.Error(err)
		}
		for end := time.Now().Add(5 * time.Second); answered.Load() == before && time.Now().Before(end); {
			time.Sleep(time.Millisecond)
		}
	}
	cancel()
	wg.Wait()
	n, err := admin.Get(t.Context(), "n").Int64()
	t.Logf("%d answered, %d unknown, %d unavailable: %d", answered.Load(), unknown.Load(), unavailable.Load(), n)
	if err != nil || n < answered.Load() || n > answered.Load()+unknown.Load() || unknown.Load() == 0 {
		t.Errorf("the counter is %d (%v)", n, err)
	}
}

func TestASlowCommandEndsInTime(t *testing.T) {
	s := redistest.Start(t, "--enable-debug-command", "yes")
	b := open(t, s, impatient(s.Addr))
	defer b.Close()
	must(t, forward(b, request(0, 3, "PING")))
	start := time.Now()
	sleep := forward(b, request(0, 3, "DEBUG SLEEP 2"))
	ping := forward(b, request(0, 3, "PING"))
	for _, p := range []backends.Pending{sleep, ping} {
		_, err := p.Reply(t.Context())
		if !errors.Is(err, errNoAnswer) || errors.Is(err, backends.ErrUnavailable) {
			t.Errorf("%v", err)
		}
	}
	// While it sleeps no connection can be made either.
	_, err := forward(b, request(0, 3, "SET k v")).Reply(t.Context())
	if !errors.Is(err, backends.ErrUnavailable) {
		t.Errorf("%v", err)
	}
	if took := time.Since(start); took > 1900*time.Millisecond {
		t.Errorf("it took %v", took)
	}
	recovered(t, b, 3)
}

func TestASilentServerIsAnErrorInTime(t *testing.T) {
	s := redistest.Start(t)
	r := newRelay(t, s.Addr)
	b := open(t, s, impatient(r.addr))
	defer b.Close()
	must(t, forward(b, request(0, 2, "PING")))
	r.mute.Store(true)
	start := time.Now()
	_, err := forward(b, request(0, 2, "SET k v")).Reply(t.Context())
	if err == nil || errors.Is(err, backends.ErrUnavailable) {
		t.Errorf("a command that was executed: %v", err)
	}
	_, err = forward(b, request(0, 2, "SET k v")).Reply(t.Context())
	if !errors.Is(err, backends.ErrUnavailable) {
		t.Errorf("a command that was not sent: %v", err)
	}
	if took := time.Since(start); took > 10*time.Second {
		t.Errorf("it took %v", took)
	}
	r.mute.Store(false)
	recovered(t, b, 2)
}

func TestASlowLineDeliversWholeReplies(t *testing.T) {
	s := redistest.Start(t)
	r := newRelay(t, s.Addr)
	b := open(t, s, func(c *Config) { c.URL = "redis://" + r.addr })
	defer b.Close()
	must(t, forward(b, request(0, 3, "HSET h a 1 b 2")))
	r.slow.Store(true)
	var pending []backends.Pending
	for range 20 {
		pending = append(pending, forward(b, request(0, 3, "HGETALL h")))
	}
	for _, p := range pending {
		if got := must(t, p); got != "%2\r\n$1\r\na\r\n$1\r\n1\r\n$1\r\nb\r\n$1\r\n2\r\n" {
			t.Errorf("%q", got)
		}
	}
}

// A server that reads nothing fills every buffer on the way; then Forward waits, but not for ever.
func TestWhatWaitsIsBounded(t *testing.T) {
	over := make(chan struct{})
	addr := fake(t, func(c net.Conn) {
		if _, err := io.ReadFull(c, make([]byte, len(selectZero))); err != nil {
			return
		}
		io.WriteString(c, "+OK\r\n")
		<-over
	})
	t.Cleanup(func() { close(over) })
	b := bare(t, addr)
	value := make([]byte, 1<<20)
	var pending []backends.Pending
	start := time.Now()
	for range 60 {
		pending = append(pending, forward(b, request(0, 2, "SET k", value)))
		if l := b.streams[0][0].link.Load(); l != nil {
			l.mu.Lock()
			if len(l.out) > maxUnsent+2*len(value) {
				t.Errorf("%d bytes are waiting", len(l.out))
			}
			l.mu.Unlock()
		}
	}
	for _, p := range pending {
		if _, err := p.Reply(t.Context()); err == nil {
			t.Error("a server that reads nothing answered")
		}
	}
	if took := time.Since(start); took < patient/2 || took > 20*time.Second {
		t.Errorf("it took %v", took)
	}
}

func TestTooManyCommandsWait(t *testing.T) {
	s := redistest.Start(t)
	b := open(t, s, nil)
	defer b.Close()
	const n = maxPending*2 + 100
	pending := make([]backends.Pending, n)
	r := request(0, 2, "INCR n")
	for i := range pending {
		pending[i] = forward(b, r)
	}
	for i, p := range pending {
		if got := must(t, p); got != fmt.Sprintf(":%d\r\n", i+1) {
			t.Fatalf("reply %d is %q", i, got)
		}
	}
}

func TestGarbageEndsTheConnection(t *testing.T) {
	for _, tc := range []struct{ name, garbage, why string }{
		{"no protocol", "HTTP/1.1 400 Bad Request\r\n\r\n", "begins with 'H'"},
		{"a huge length", "$9999999999\r\nx", "connection lost"},
		{"an impossible length", "*99999999999999999999\r\n", "impossible length"},
		{"a length that is no number", "$x\r\n", "impossible length"},
		{"too many elements", strings.Repeat("*4000000000\r\n", 3), "impossible length"},
		{"deep nesting", strings.Repeat("*1\r\n", 1<<16), "connection lost"},
		{"a line without its end", "+OK\n", "CR LF"},
		{"a bulk without its end", "$1\r\nxyz", "CR LF"},
		{"half a reply", "*2\r\n+OK\r\n", "connection lost"},
		{"nothing", "", "connection lost"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			addr := fake(t, func(c net.Conn) {
				// The command may come in the same piece or later.
				io.ReadFull(c, make([]byte, len(selectZero)))
				io.WriteString(c, "+OK\r\n")
				c.Read(make([]byte, 100))
				io.WriteString(c, tc.garbage)
			})
			_, err := forward(bare(t, addr), request(0, 2, "GET k")).Reply(t.Context())
			if err == nil || errors.Is(err, backends.ErrUnavailable) || !strings.Contains(err.Error(), tc.why) {
				t.Errorf("%v", err)
			}
		})
	}
}

func TestAnUnaskedReplyEndsTheConnection(t *testing.T) {
	addr := fake(t, func(c net.Conn) {
		io.ReadFull(c, make([]byte, len(selectZero)))
		io.WriteString(c, "+OK\r\n")
		c.Read(make([]byte, 100))
		io.WriteString(c, "+mine\r\n+nobody's\r\n")
		io.Copy(io.Discard, c) // until the backend closes it
	})
	b := bare(t, addr)
	for range 3 {
		if got := must(t, forward(b, request(0, 2, "GET k"))); got != "+mine\r\n" {
			t.Errorf("%q", got)
		}
		for b.streams[0][0].link.Load() != nil {
			time.Sleep(time.Millisecond)
		}
	}
}

func TestTheServersRefusalIsInTheError(t *testing.T) {
	s := redistest.Start(t)
	b := open(t, s, nil)
	defer b.Close()
	admin := direct(t, s, 2)
	if err := admin.ConfigSet(t.Context(), "requirepass", "secret").Err(); err != nil {
		t.Fatal(err)
	}
	for _, proto := range []int{2, 3} {
		_, err := forward(b, request(0, proto, "GET k")).Reply(t.Context())
		if !errors.Is(err, backends.ErrUnavailable) || !strings.Contains(err.Error(), "NOAUTH") {
			t.Errorf("RESP%d: %v", proto, err)
		}
	}
	for _, tc := range []struct{ user, password, why string }{
		{"", "", "NOAUTH"},
		{"", "sesame", "WRONGPASS"},
		{"nobody", "sesame", "WRONGPASS"},
	} {
		c := defaults()
		c.URL, c.Username, c.Password = "redis://"+s.Addr, tc.user, tc.password
		_, err := c.Open(t.Context(), backends.Env{})
		if err == nil || !strings.Contains(err.Error(), tc.why) || !strings.Contains(err.Error(), s.Addr) || strings.Contains(err.Error(), "sesame") {
			t.Errorf("%+v: %v", tc, err)
		}
	}
	for _, url := range []string{"redis://:secret@" + s.Addr, "redis://default:secret@" + s.Addr} {
		good := open(t, s, func(c *Config) { c.URL = url })
		for _, proto := range []int{2, 3} {
			if got := must(t, forward(good, request(1, proto, "PING"))); got != "+PONG\r\n" {
				t.Errorf("%q", got)
			}
		}
		if err := good.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestRefusedCommandsAreReplies(t *testing.T) {
	for _, tc := range []struct {
		options []string
		line    string
		want    string
	}{
		{[]string{"--replicaof", "127.0.0.1 1"}, "SET k v", "-READONLY "},
		{[]string{"--cluster-enabled", "yes"}, "GET k", "-CLUSTERDOWN "},
		{[]string{"--maxmemory", "1"}, "SET k v", "-OOM "},
	} {
		s := redistest.Start(t, tc.options...)
		b := bare(t, s.Addr)
		for _, proto := range []int{2, 3} {
			if got := must(t, forward(b, request(0, proto, tc.line))); !strings.HasPrefix(got, tc.want) {
				t.Errorf("%v: %q", tc.options, got)
			}
		}
	}
}

func TestAFullServerIsUnavailable(t *testing.T) {
	s := redistest.Start(t)
	b := open(t, s, nil)
	defer b.Close()
	if err := direct(t, s, 2).ConfigSet(t.Context(), "maxclients", "1").Err(); err != nil {
		t.Fatal(err)
	}
	_, err := forward(b, request(0, 3, "SET k v")).Reply(t.Context())
	if !errors.Is(err, backends.ErrUnavailable) {
		t.Errorf("%v", err)
	}
}

func TestCloseFailsWhatIsPending(t *testing.T) {
	s := redistest.Start(t)
	b := open(t, s, nil)
	p := forward(b, request(0, 2, "BLPOP none 0"))
	for b.streams[0][0].link.Load().queue.len() == 0 {
		time.Sleep(time.Millisecond)
	}
	if err := b.Close(); err != nil {
		t.Error(err)
	}
	if _, err := p.Reply(t.Context()); !errors.Is(err, errClosed) {
		t.Errorf("%v", err)
	}
}
