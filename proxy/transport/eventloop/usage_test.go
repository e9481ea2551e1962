package eventloop

import (
	"context"
	"io"
	"net"
	"testing"
	"time"

	"switchyard/proxy/transport"
)

// quiet is a session that replies to nothing, and where FREEZE waits.
type quiet struct {
	conn   transport.Conn
	frozen chan struct{}
	opened chan *quiet
}

func (s *quiet) Open(c transport.Conn) (transport.Session, error) {
	session := &quiet{conn: c, frozen: s.frozen}
	s.opened <- session
	return session, nil
}

func (s *quiet) Try(args [][]byte) bool { return string(args[0]) != "FREEZE" }
func (s *quiet) Execute(args [][]byte) {
	if !s.Try(args) {
		<-s.frozen
	}
}
func (*quiet) Await(func()) bool       { return false }
func (*quiet) Stopped() bool           { return false }
func (*quiet) Blocked(func()) bool     { return false }
func (*quiet) Reply([]byte)            {}
func (*quiet) Settle()                 {}
func (*quiet) Buffered() int           { return 0 }
func (*quiet) Replies() ([]byte, bool) { return nil, false }
func (*quiet) Prompt() bool            { return true }
func (*quiet) Trusted() bool           { return true }
func (*quiet) Received(int)            {}
func (*quiet) Close()                  {}

const freeze = "*1\r\n$6\r\nFREEZE\r\n"

func TestWhatHasNotRunYetShows(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	h := &quiet{frozen: make(chan struct{}), opened: make(chan *quiet, 1)}
	s, err := build(ln, h, &transport.Limits{Bulk: 1 << 20, Arguments: 1 << 10, Request: 1 << 20, Output: 1 << 20}, 0)
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- s.Serve() }()
	c, err := net.Dial("tcp", ln.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	session := <-h.opened
	for _, step := range []struct {
		send string
		want int
	}{
		{"", 0},
		{"*2\r\n$3\r\nGET\r\n$10\r\n12345", len("*2\r\n$3\r\nGET\r\n$10\r\n12345")},
		{"67890\r\n", 0},
		{freeze, len(freeze)},
		{"PING\r\n", len(freeze + "PING\r\n")},
	} {
		if _, err := io.WriteString(c, step.send); err != nil {
			t.Fatal(err)
		}
		for deadline := time.Now().Add(20 * time.Second); session.conn.Usage().Input != step.want; time.Sleep(time.Millisecond) {
			if time.Now().After(deadline) {
				t.Fatalf("after %q there are %d bytes, not %d", step.send, session.conn.Usage().Input, step.want)
			}
		}
	}
	close(h.frozen)
	_ = c.Close() // the server ends the connection as well
	if err := s.Shutdown(context.Background()); err != nil {
		t.Error(err)
	}
	if err := <-served; err != nil {
		t.Error(err)
	}
}
