// Package redistest starts real redis-server processes for tests: the oracle of what is right, and
// the upstream of the redis backend. Nothing else stands in for either.
//
// redis-server and redis-cli come from the system's package redis-server; `make test` installs it
// where it is missing. A test that needs them fails without them, it never skips.
package redistest

import (
	"math/rand/v2"
	"net"
	"os/exec"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// Server is one running redis-server. It listens on the loopback and keeps its files, if any, in
// a folder of the test's.
type Server struct {
	Addr string // host:port
	Dir  string // its working folder

	t    testing.TB
	args []string
	cmd  *exec.Cmd
}

// Start runs a redis-server on a free port until the test ends, and returns once it answers. args
// are further options, such as "--appendonly", "yes"; by default nothing is saved to disk.
func Start(t testing.TB, args ...string) *Server {
	t.Helper()
	s := &Server{Addr: FreeAddr(t), Dir: t.TempDir(), t: t}
	host, port, err := net.SplitHostPort(s.Addr)
	if err != nil {
		t.Fatal(err)
	}
	s.args = append([]string{"--bind", host, "--port", port, "--dir", s.Dir, "--save", ""}, args...)
	s.Restart()
	t.Cleanup(s.Stop)
	return s
}

// Restart starts the server on its address, after it was stopped.
func (s *Server) Restart() {
	s.t.Helper()
	s.cmd = exec.Command("redis-server", s.args...)
	if err := s.cmd.Start(); err != nil {
		s.t.Fatalf("redis-server (package redis-server): %v", err)
	}
	c := s.Client()
	defer c.Close()
	deadline := time.Now().Add(20 * time.Second)
	for {
		err := c.Ping(s.t.Context()).Err()
		if err == nil || redis.HasErrorPrefix(err, "NOAUTH") {
			return // with a password set, a refusal is an answer too
		}
		if time.Now().After(deadline) {
			s.Stop()
			s.t.Fatalf("redis-server at %s does not answer: %v", s.Addr, err)
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// Stop kills the server, as a crash would, and waits for its end. It may be called twice.
func (s *Server) Stop() {
	if s.cmd == nil {
		return
	}
	if err := s.cmd.Process.Kill(); err != nil {
		s.t.Errorf("redis-server: %v", err)
	}
	// It was killed, so the only thing that Wait could report is just that.
	_ = s.cmd.Wait()
	s.cmd = nil
}

// Client returns a client of the server's database 0, which the caller closes.
func (s *Server) Client() *redis.Client {
	return redis.NewClient(&redis.Options{Addr: s.Addr})
}

// Port is the port of Addr.
func (s *Server) Port() int {
	_, port, err := net.SplitHostPort(s.Addr)
	if err != nil {
		s.t.Fatal(err)
	}
	n, err := strconv.Atoi(port)
	if err != nil {
		s.t.Fatal(err)
	}
	return n
}

// given are the ports that this process has handed out.
var given sync.Map

// FreeAddr returns an address of the loopback on which nobody listens at the moment, another at each
// call. Its port is below those that systems give to outgoing connections: one of the many that tests
// make would otherwise take it before it is used.
func FreeAddr(t testing.TB) string {
	t.Helper()
	const first, count = 10_000, 22_000
	for range 1000 {
		port := first + rand.IntN(count)
		if _, again := given.LoadOrStore(port, true); again {
			continue
		}
		l, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
		if err != nil {
			continue
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		return l.Addr().String()
	}
	t.Fatal("no free port")
	return ""
}
