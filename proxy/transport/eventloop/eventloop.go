// Package eventloop is the transport with one event loop for each processor, on gnet. A request that
// cannot wait is parsed in place and run on the loop; all others run on goroutines, one for each
// connection that has something to do, so that no client ever stops a loop.
//
// The listener is Go's own: connections are accepted, counted and refused as by the other
// transport, and then enrolled in a loop. conn.go is one connection.
package eventloop

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"net"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/panjf2000/gnet/v2"
	"github.com/panjf2000/gnet/v2/pkg/logging"

	"switchyard/proxy/transport"
)

// Supported says whether the event loop runs on this system.
func Supported() bool {
	switch runtime.GOOS {
	case "linux", "darwin", "freebsd", "dragonfly", "netbsd", "openbsd":
		return true
	}
	return false
}

// Server serves sessions on one listener.
type Server struct {
	ln       net.Listener
	handler  transport.Handler
	limits   *transport.Limits
	idle     time.Duration
	log      *slog.Logger
	loops    []*gnet.Client // each with one loop
	workers  *workers
	active   atomic.Int32 // so many of them have connections
	traffic  []traffic    // of each
	balancer func()       // changes active with the load until ended is closed; nil: none
	ended    chan struct{}

	draining atomic.Bool
	mu       sync.Mutex
	started  bool // the loops run
	conns    map[*conn]struct{}
	wg       sync.WaitGroup // connections

	background sync.WaitGroup // the balancer
}

// Options are what can be chosen.
type Options struct {
	Limits *transport.Limits
	Idle   time.Duration // ends a connection that has been silent for so long; 0: never
	Loops  int           // 0: as many as the load wants, up to one for each processor
	Log    *slog.Logger
}

// New prepares to serve; nothing is accepted before Serve.
func New(ln net.Listener, h transport.Handler, o Options) (*Server, error) {
	s := &Server{
		ln: ln, handler: h, limits: o.Limits, idle: o.Idle, log: o.Log,
		conns: map[*conn]struct{}{}, workers: newWorkers(), ended: make(chan struct{}),
	}
	n := cmp.Or(o.Loops, runtime.GOMAXPROCS(0))
	s.traffic = make([]traffic, n)
	s.active.Store(int32(n))
	if _, known := idleTime(); known && o.Loops == 0 {
		s.balancer = s.balance
		s.active.Store(1)
	}
	for i := range n {
		// gnet calls its own side of an enrolled connection a client; its loop is the same as a server's.
		client, err := gnet.NewClient(&events{s: s},
			gnet.WithNumEventLoop(1),
			gnet.WithReadBufferCap(readBytes),
			gnet.WithTCPNoDelay(gnet.TCPNoDelay),
			gnet.WithTicker(o.Idle > 0 && i == 0),
			gnet.WithLogger(gnetLog{o.Log}))
		if err != nil {
			return nil, err
		}
		s.loops = append(s.loops, client)
	}
	return s, nil
}

// acceptPause keeps a lack of descriptors from becoming a busy loop.
const acceptPause = 20 * time.Millisecond

// Serve accepts until Shutdown.
func (s *Server) Serve() error {
	if err := s.start(); err != nil {
		return err
	}
	for {
		nc, err := s.ln.Accept()
		switch {
		case errors.Is(err, net.ErrClosed):
			return nil
		case err != nil:
			s.log.Warn("accept", "error", err)
			time.Sleep(acceptPause)
		default:
			s.accept(nc)
		}
	}
}

func stop(loops []*gnet.Client) (err error) {
	for _, l := range loops {
		err = errors.Join(err, l.Stop())
	}
	return err
}

// start starts the loops, unless Shutdown came first.
func (s *Server) start() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.draining.Load() {
		return nil
	}
	for i, l := range s.loops {
		if err := l.Start(); err != nil {
			return errors.Join(err, stop(s.loops[:i]))
		}
	}
	s.started = true
	if s.balancer != nil {
		s.background.Go(s.balancer)
	}
	return nil
}

func (s *Server) accept(nc net.Conn) {
	c := &conn{s: s, scanner: transport.Scanner{Limits: s.limits}, remote: nc.RemoteAddr(), local: nc.LocalAddr()}
	c.quota.Limit.Hard = s.limits.Output
	session, err := s.handler.Open(c)
	if err != nil {
		_, _ = nc.Write(transport.ErrorReply(err)) // the client may be gone
		_ = nc.Close()
		return
	}
	c.session = session
	c.seen.Store(time.Now().UnixNano())
	if !s.add(c) {
		session.Close()
		_ = nc.Close() // the client may be gone
		return
	}
	s.enroll(nc, c)
}

// enroll puts a connection on the loop where it belongs. nc is closed; the loop has a descriptor of its own.
func (s *Server) enroll(nc net.Conn, c *conn) {
	c.at = c.home.Load()
	// A client that has gone meanwhile has no address, without which gnet would panic.
	if nc.RemoteAddr() == nil || nc.LocalAddr() == nil {
		_ = nc.Close()
		s.remove(c)
		return
	}
	if _, err := s.loops[c.at].EnrollContext(nc, c); err != nil {
		s.log.Warn("a connection was not taken", "error", err)
		s.remove(c)
	}
}

// add counts a connection; false: the server is shutting down.
func (s *Server) add(c *conn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.draining.Load() {
		return false
	}
	s.conns[c] = struct{}{}
	s.wg.Add(1)
	c.home.Store(int32(len(s.conns)) % s.active.Load())
	return true
}

// remove ends a connection's session, when nobody uses it any more.
func (s *Server) remove(c *conn) {
	c.session.Close()
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.conns, c)
	s.wg.Done()
}

// unread logs why a client was disconnected, unless it has gone by itself.
func (s *Server) unread(client net.Addr, err error) {
	if errors.Is(err, transport.ErrUnread) {
		s.log.Warn("a client was disconnected", "client", client.String(), "reason", err)
	}
}

func (s *Server) all() []*conn {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := make([]*conn, 0, len(s.conns))
	for c := range s.conns {
		list = append(list, c)
	}
	return list
}

// Shutdown implements transport.Server.
func (s *Server) Shutdown(ctx context.Context) error {
	s.mu.Lock()
	s.draining.Store(true)
	started := s.started
	s.mu.Unlock()
	err := s.ln.Close()
	if !started {
		return err
	}
	close(s.ended)
	for _, c := range s.all() {
		c.nudge()
	}
	err = errors.Join(err, transport.AwaitEnd(ctx, &s.wg, func() error {
		for _, c := range s.all() {
			c.abandon()
		}
		return nil
	}))
	s.background.Wait()
	err = errors.Join(err, stop(s.loops))
	s.workers.end()
	return err
}

// events are what gnet calls, always on the loop of the connection.
type events struct {
	gnet.BuiltinEventEngine
	s *Server
}

// OnOpen implements gnet.EventHandler.
func (*events) OnOpen(gc gnet.Conn) ([]byte, gnet.Action) {
	c := gc.Context().(*conn)
	c.attach(gc)
	if c.s.draining.Load() {
		return nil, gnet.Close
	}
	return nil, gnet.None
}

// OnTraffic implements gnet.EventHandler.
func (*events) OnTraffic(gc gnet.Conn) gnet.Action {
	return gc.Context().(*conn).receive(gc)
}

// OnClose implements gnet.EventHandler.
func (*events) OnClose(gc gnet.Conn, _ error) gnet.Action {
	gc.Context().(*conn).leave(gc)
	return gnet.None
}

// OnTick implements gnet.EventHandler: it disconnects who has been silent for too long.
func (e *events) OnTick() (time.Duration, gnet.Action) {
	limit := time.Now().Add(-e.s.idle).UnixNano()
	for _, c := range e.s.all() {
		if c.seen.Load() < limit && !c.busy.Load() && !c.sits.Load() && !c.mute.Load() {
			c.abandon()
		}
	}
	return min(max(e.s.idle/4, 10*time.Millisecond), time.Second), gnet.None
}

// gnetLog passes on what gnet has to say, which is either a mistake or of no interest.
type gnetLog struct{ log *slog.Logger }

var _ logging.Logger = gnetLog{}

func (gnetLog) Debugf(string, ...any) {}
func (gnetLog) Infof(string, ...any)  {}
func (g gnetLog) Warnf(format string, args ...any) {
	g.log.Warn("event loop", "text", format, "args", args)
}
func (g gnetLog) Errorf(format string, args ...any) {
	g.log.Error("event loop", "text", format, "args", args)
}
func (g gnetLog) Fatalf(format string, args ...any) {
	g.log.Error("event loop", "text", format, "args", args)
}
