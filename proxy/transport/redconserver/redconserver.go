// Package redconserver is the transport with a goroutine for each connection, on redcon.Server. It
// runs on every platform.
//
// redcon reads and parses; guard.go stands between it and the socket, so that it only ever sees
// requests that Redis would accept.
package redconserver

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"sync"
	"time"

	"github.com/tidwall/redcon"

	"switchyard/proxy/transport"
)

// flushBytes is how much of a batch's replies is kept back to be sent at once.
const flushBytes = 64 << 10

// Server serves sessions on one listener.
type Server struct {
	ln     *listener
	redcon *redcon.Server

	mu       sync.Mutex
	conns    map[*guard]struct{}
	draining bool
	wg       sync.WaitGroup // connections
}

// New prepares to serve; nothing is accepted before Serve. idle ends a connection that has been
// silent for so long; 0: never.
func New(ln net.Listener, h transport.Handler, limits *transport.Limits, idle time.Duration, log *slog.Logger) *Server {
	s := &Server{conns: map[*guard]struct{}{}}
	s.ln = &listener{ln, limits, make(chan struct{}), log}
	s.redcon = redcon.NewServerNetwork(ln.Addr().Network(), "", serve,
		func(c redcon.Conn) bool { return s.accept(c, h) }, s.closed)
	s.redcon.SetIdleClose(idle)
	s.redcon.AcceptError = func(err error) {
		log.Warn("accept", "error", err)
		time.Sleep(acceptPause)
	}
	return s
}

// acceptPause keeps a lack of descriptors from becoming a busy loop.
const acceptPause = 20 * time.Millisecond

// Serve accepts until Shutdown.
func (s *Server) Serve() error { return s.redcon.Serve(s.ln) }

// listener puts a guard before each connection. Once closed, it says so only when all connections
// have ended: redcon would close them at once.
type listener struct {
	net.Listener
	limits  *transport.Limits
	drained chan struct{}
	log     *slog.Logger
}

func (l *listener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if errors.Is(err, net.ErrClosed) {
		<-l.drained
	}
	if err != nil {
		return nil, err
	}
	return &guard{Conn: c, log: l.log, outbox: transport.NewOutbox(c, l.limits.Output), scanner: transport.Scanner{Limits: l.limits}}, nil
}

func (s *Server) accept(c redcon.Conn, h transport.Handler) bool {
	g := c.NetConn().(*guard)
	session, err := h.Open(g)
	if err != nil {
		c.WriteRaw(transport.ErrorReply(err))
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.draining {
		session.Close()
		return false
	}
	g.session = session
	s.conns[g] = struct{}{}
	s.wg.Add(1)
	return true
}

// serve executes one request of a batch, and sends the replies after the last.
func serve(c redcon.Conn, request redcon.Command) {
	g := c.NetConn().(*guard)
	if g.ended {
		return
	}
	g.lend()
	g.session.Execute(request.Args)
	for g.session.Stopped() {
		g.session.Settle()
		replies, closing := g.take()
		_, _ = g.Write(replies) // an error comes again in Read
		if closing || !g.sit() {
			g.ended = true
			_ = c.Close() // the client may be gone already
			return
		}
		g.lend()
	}
	last := len(c.PeekPipeline()) == 0
	if !last && g.session.Buffered() < flushBytes {
		return
	}
	g.session.Settle()
	replies, closing := g.take()
	if len(replies) == 0 {
		g.outbox.GiveNone() // redcon writes nothing either
	}
	switch {
	case closing:
		c.WriteRaw(replies)
		_ = c.Close() // the client may be gone already
	case last:
		c.WriteRaw(replies)
	default:
		_, _ = g.Write(replies) // an error comes again in Read
	}
}

func (s *Server) closed(c redcon.Conn, _ error) {
	g := c.NetConn().(*guard)
	g.session.Close()
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.conns, g)
	s.wg.Done()
}

// Shutdown accepts no more, lets each connection finish the batch at hand, and closes it. When ctx
// ends first the connections are closed as they are. It is called once.
func (s *Server) Shutdown(ctx context.Context) error {
	s.mu.Lock()
	s.draining = true
	conns := make([]*guard, 0, len(s.conns))
	for g := range s.conns {
		conns = append(conns, g)
	}
	s.mu.Unlock()
	err := s.ln.Close()
	for _, g := range conns {
		err = errors.Join(err, g.drain())
	}
	err = errors.Join(err, transport.AwaitEnd(ctx, &s.wg, func() (err error) {
		for _, g := range conns {
			err = errors.Join(err, g.abandon())
		}
		return err
	}))
	close(s.ln.drained)
	return err
}
