package proxy

import (
	"fmt"
	"log/slog"
	"net"
	"testing"

	"switchyard/backends"
	"switchyard/backends/memory"
	"switchyard/proxy/transport"
)

// testConfig is the configuration that tests start from: a memory backend and free ports.
func testConfig(t testing.TB) *Config {
	t.Helper()
	c, err := Load(Sources{Defaults: readDefaults(t), Drivers: testDrivers})
	if err != nil {
		t.Fatal(err)
	}
	c.Listen, c.Admin, c.Data = "127.0.0.1:0", "", t.TempDir()
	return c
}

var testDrivers = backends.Registry{memory.Driver, slowDriver, relayDriver, shyDriver}

// fakeConn is a connection that is only its addresses.
type fakeConn struct{}

func (fakeConn) Push([]byte)                 {}
func (fakeConn) Bound(transport.OutputLimit) {}
func (fakeConn) Spare(bool)                  {}
func (fakeConn) Abandon()                    {}
func (fakeConn) Usage() transport.Usage      { return transport.Usage{FD: 3, Input: 20, Output: 100} }
func (fakeConn) RemoteAddr() net.Addr        { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 1} }
func (fakeConn) LocalAddr() net.Addr         { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 2} }

// newTestServer is a server that listens but does not serve; tests feed its sessions themselves.
func newTestServer(t testing.TB, change func(*Config)) *Server {
	t.Helper()
	c := testConfig(t)
	if change != nil {
		change(c)
	}
	s, err := New(c, "test", slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.shutdown(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func openSession(t testing.TB, s *Server) *session {
	t.Helper()
	opened, err := s.Open(fakeConn{})
	if err != nil {
		t.Fatal(err)
	}
	return opened.(*session)
}

func words(line ...string) (args [][]byte) {
	for _, w := range line {
		args = append(args, []byte(w))
	}
	return args
}

// ask runs one request as a batch of its own and returns the raw reply.
func ask(s *session, line ...string) string {
	s.Execute(words(line...))
	s.Settle()
	b, _ := s.Replies()
	return string(b)
}

func TestOrdinaryCommandsAllocateNothing(t *testing.T) {
	s := openSession(t, newTestServer(t, nil))
	defer s.Close()
	for _, line := range [][]string{{"SET", "key", "value"}, {"GET", "key"}, {"GET", "absent"}, {"PING"}} {
		args, buf := words(line...), make([]byte, 0, 1024)
		run := func() {
			s.Reply(buf)
			if !s.Try(args) {
				t.Fatalf("%v would have to wait", line)
			}
			s.Settle()
			s.Replies()
		}
		run()
		if n := testing.AllocsPerRun(100, run); n != 0 {
			t.Errorf("%v: %v allocations", line, n)
		}
	}
}

func BenchmarkSession(b *testing.B) {
	for _, depth := range []int{1, 64} {
		for _, name := range []string{"GET", "SET"} {
			b.Run(fmt.Sprintf("%s/depth=%d", name, depth), func(b *testing.B) {
				s := openSession(b, newTestServer(b, nil))
				defer s.Close()
				requests := make([][][]byte, 1<<16)
				for i := range requests {
					requests[i] = words(name, fmt.Sprint("key:", i), "the value of the key")[:map[string]int{"GET": 2, "SET": 3}[name]]
				}
				buf := make([]byte, 0, 1<<16)
				b.ReportAllocs()
				for i := 0; b.Loop(); i++ {
					if i%depth == 0 {
						s.Settle()
						s.Replies()
						s.Reply(buf)
					}
					s.Try(requests[i%len(requests)])
				}
			})
		}
	}
}
