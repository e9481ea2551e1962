// Package proxy is the server: sockets, sessions, the one way that every command takes, the active
// backend and what operators see. It knows commands and backends, and no Redis type.
//
// Start with dispatch.go, the way of a command. session.go is one client, hold.go what it waits for,
// gate.go what a switch closes, state.go the switch itself. server.go starts and ends it all.
package proxy

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/maphash"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"switchyard/backends"
	"switchyard/commands"
	"switchyard/proxy/admin"
	"switchyard/proxy/pubsub"
	"switchyard/proxy/switching"
	"switchyard/proxy/tracking"
	"switchyard/proxy/transport"
	"switchyard/proxy/transport/eventloop"
	"switchyard/proxy/transport/redconserver"
	"switchyard/proxy/wait"
)

// Server is one running Switchyard.
type Server struct {
	config   *Config
	version  string
	log      *slog.Logger
	table    *commands.Table
	compact  *backends.Compact // the same for all instances
	password [sha256.Size]byte
	runID    string
	started  time.Time

	// ctx ends when nothing may go on any more: after all connections have ended, or when they
	// had no more time to.
	ctx    context.Context
	cancel context.CancelFunc

	folder    folder
	instances []*instance
	active    atomic.Pointer[opened]
	tracker   atomic.Pointer[switching.Tracker]
	gate      *gate
	switching sync.Mutex // held by the switch under way
	journal   switching.State
	epoch     atomic.Uint64 // of SCAN cursors

	operations *operations
	stats      *stats
	errors     errorStats
	rates      rates
	patience   patience
	watches    *watches
	waits      *wait.Registry[*blocked]
	waking     waking
	scripts    *commands.Scripts
	functions  *commands.Functions
	reads      *tracking.Table[*session]     // what clients have copies of
	ranges     *tracking.Broadcast[*session] // and want to know of anyway
	trackers   atomic.Int64                  // clients that track
	pubsub     *pubsub.Registry
	notices    notices
	foreignRow *commands.Row // stands for every command that only a backend knows
	complaints complaints
	monitoring monitoring
	pause      pause
	quit       chan struct{} // closed by SHUTDOWN
	quitOnce   sync.Once

	mu       sync.Mutex
	clients  map[int64]*session
	nextID   int64
	modes    uint32 // of all sessions
	accepted atomic.Int64
	rejected atomic.Int64

	listener  net.Listener
	transport transport.Server
	admin     *admin.Server // nil: none
	sampler   sync.WaitGroup
}

// New opens the active backend and the listeners. Nothing is served before Run.
func New(config *Config, version string, log *slog.Logger) (*Server, error) {
	s := &Server{
		config: config, version: version, log: log, table: commands.NewTable(), compact: backends.NewCompact(), gate: newGate(),
		password: sha256.Sum256([]byte(config.Password)), started: time.Now(), clients: map[int64]*session{}, quit: make(chan struct{}),
		operations: newOperations(config.Limits.Operations, config.Timeouts.Operation.Duration),
		folder:     folder{path: config.Data}, watches: newWatches(), scripts: commands.NewScripts(), pubsub: pubsub.New(commands.MatchGlob),
	}
	s.functions = commands.NewFunctions(s.scripts.Runtime)
	s.waits = wait.New[*blocked]()
	s.reads, s.ranges = tracking.NewTable[*session](), tracking.NewBroadcast[*session]()
	s.reads.SetLimit(int64(config.Limits.TrackedKeys), s.forgotten)
	s.gate.add(&s.waking.pass)
	s.notices.seed = maphash.MakeSeed()
	events, _ := commands.ParseEvents(config.NotifyEvents) // Config.check has looked
	s.notices.set(events)
	s.instances = newInstances(config, s.compact, log)
	s.foreignRow = &commands.Row{Name: "foreign", FullName: "foreign", Index: len(s.table.Rows())}
	s.stats = newStats(len(s.table.Rows())+1, len(s.instances))
	var id [20]byte
	rand.Read(id[:])
	s.runID = hex.EncodeToString(id[:])
	s.ctx, s.cancel = context.WithCancel(context.Background())
	s.patience.parent = s.ctx
	if err := s.listen(); err != nil {
		s.cancel()
		return nil, err
	}
	if err := s.activate(); err != nil {
		s.cancel()
		return nil, errors.Join(err, s.release())
	}
	return s, nil
}

// listen takes the addresses before the backend is opened, so that a mistake changes nothing.
func (s *Server) listen() (err error) {
	if s.listener, err = listenOn(s.config.Listen); err != nil {
		if errors.Is(err, syscall.EADDRINUSE) {
			return fmt.Errorf("%s is taken by another program, say --listen HOST:PORT for another address", s.config.Listen)
		}
		return fmt.Errorf("listen: %w (--listen HOST:PORT names another address)", err)
	}
	if a, isTCP := s.listener.Addr().(*net.TCPAddr); isTCP && !a.IP.IsLoopback() && !s.PasswordRequired() {
		s.log.Warn("everybody who reaches this address can read and change all data: set a password", "listen", s.config.Listen)
	}
	if s.transport, err = s.newTransport(); err != nil {
		return errors.Join(err, s.listener.Close())
	}
	if s.config.Admin == "" {
		return nil
	}
	s.admin, err = admin.Listen(s.config.Admin, admin.Sources{
		Collector: collector{s}, Ready: s.ready, Version: s.version, Log: s.log,
	})
	if err != nil {
		if errors.Is(err, syscall.EADDRINUSE) {
			err = fmt.Errorf("%s is taken by another program, say --admin HOST:PORT for another address, or --admin \"\" for none", s.config.Admin)
		}
		return errors.Join(err, s.listener.Close())
	}
	return nil
}

// newTransport makes the transport that the configuration asks for.
func (s *Server) newTransport() (transport.Server, error) {
	limits, idle := s.config.limits(), s.config.Timeouts.Idle.Duration
	ln := s.listener
	if s.config.TLS.Cert != "" {
		cert, err := s.config.certificate()
		if err != nil {
			return nil, err
		}
		ln = tls.NewListener(ln, &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12})
	}
	loops := s.config.Transport == "eventloop" || s.config.Transport == "auto" && s.config.TLS.Cert == "" && eventloop.Supported()
	if loops {
		return eventloop.New(ln, s, eventloop.Options{Limits: limits, Idle: idle, Loops: s.config.Loops, Log: s.log})
	}
	return redconserver.New(ln, s, limits, idle, s.log), nil
}

// activate opens the backend that the last switch chose, or else the configured one.
func (s *Server) activate() error {
	if err := s.folder.takeIfThere(); err != nil {
		return err
	}
	var err error
	if s.journal, err = s.config.journal(); err != nil {
		return err
	}
	name := cmp.Or(s.journal.Backend, s.config.Backend)
	if name != s.config.Backend {
		s.log.Warn("the backend chosen by the last switch wins over the configured one; remove the file to reset it",
			"chosen", name, "configured", s.config.Backend, "file", s.config.journalPath())
	}
	if s.journal.Phase != switching.Idle {
		s.log.Warn("a switch was interrupted; its source is active, and its target may hold a partial copy",
			"source", name, "target", s.journal.Target)
		s.journal = s.journal.Failed(false)
	}
	i, _ := s.instance(name) // config.journal has looked
	ctx, cancel := context.WithTimeout(s.ctx, s.config.Timeouts.Open.Duration)
	defer cancel()
	b, err := s.open(ctx, i)
	if err != nil {
		return err
	}
	if err := s.functions.Change(func(*commands.Libraries) (*commands.Libraries, error) { return s.ownLibraries(ctx, b) }); err != nil {
		return err
	}
	s.use(b)
	s.epoch.Store(uint64(s.journal.Switches))
	return nil
}

// use makes b the active backend, whose removals it follows from now on. Who watches a key learns that it may be
// another one, and who waits for one looks again.
func (s *Server) use(b *opened) {
	if old := s.active.Load(); old != nil {
		if n, ok := backends.As[backends.Notifier](old.Backend); ok {
			n.OnRemove(nil)
		}
	}
	if n, ok := backends.As[backends.Notifier](b.Backend); ok {
		n.OnRemove(s.removed)
	}
	s.active.Store(b)
	s.watches.touchAll()
	s.abandonReaders(b)
	s.wakeEverybody()
}

// removed is told of each key that the active backend removes by itself, or fields of, while the key is locked.
func (s *Server) removed(db int, key []byte, why backends.Reason) {
	if t := s.tracker.Load(); t != nil {
		t.Mark(db, [][]byte{key})
	}
	s.watches.lose(db, key)
	s.tellRemoval(db, key, why)
	if s.trackers.Load() > 0 {
		s.outdateKey(key, nil)
		s.outdateRanges([]string{string(key)}, nil)
	}
	if s.waits.Awaited(db, key) {
		s.wakeSoon([]wait.Key{{DB: db, Name: string(key)}})
	}
}

// open opens an instance. One that keeps its data in the data folder needs that for this process alone.
func (s *Server) open(ctx context.Context, i *instance) (*opened, error) {
	if i.capabilities.Persistent && !i.capabilities.Shared {
		if err := s.folder.take(); err != nil {
			return nil, err
		}
	}
	return i.open(ctx)
}

// Run serves until ctx ends. Then it accepts no more, finishes what is in flight as far as the
// configured bound allows, and closes the backends. It is called once.
func (s *Server) Run(ctx context.Context) error {
	s.sampler.Go(s.sample)
	served := make(chan error, 1)
	go func() { served <- s.transport.Serve() }()
	if s.admin != nil {
		s.admin.Start()
	}
	var err error
	select {
	case <-ctx.Done():
		s.log.Info("shutting down")
	case <-s.quit:
		s.log.Info("shutting down, as a client has asked for")
	case err = <-served:
		err = fmt.Errorf("listener: %w", err)
		served <- nil
	}
	err = errors.Join(err, s.shutdown())
	return errors.Join(err, <-served)
}

func (s *Server) shutdown() error {
	ctx, cancel := context.WithTimeout(context.Background(), s.config.Timeouts.Shutdown.Duration)
	defer cancel()
	// What still runs when the time is over is told to stop, or its connection would never end.
	stop := context.AfterFunc(ctx, s.cancel)
	defer stop()
	s.closePause()
	if err := s.transport.Shutdown(ctx); err != nil {
		s.log.Warn("not all connections ended by themselves", "error", err)
	}
	s.cancel()
	s.sampler.Wait()
	s.switching.Lock() // a switch notices that ctx has ended
	defer s.switching.Unlock()
	s.waking.end()
	s.pause.runs.Wait()
	return s.release()
}

// release closes the admin server and the backends.
func (s *Server) release() error {
	var errs []error
	if s.admin != nil {
		errs = append(errs, s.admin.Close())
	}
	for _, i := range s.instances {
		errs = append(errs, i.close())
	}
	errs = append(errs, s.folder.release())
	if err := s.listener.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// sample feeds the rates that INFO shows, and looks for who has waited too long.
func (s *Server) sample() {
	tick := time.NewTicker(sampleEvery)
	defer tick.Stop()
	for looks := 0; ; {
		input, output := s.stats.bytes()
		if looks++; looks%hurryEvery == 0 {
			s.hurry()
		}
		s.rates.take(sample{time.Now(), s.stats.commands(), input, output})
		select {
		case <-tick.C:
		case <-s.ctx.Done():
			return
		}
	}
}

// Open implements transport.Handler.
func (s *Server) Open(c transport.Conn) (transport.Session, error) {
	s.accepted.Add(1)
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.clients) >= s.config.Limits.Clients {
		s.rejected.Add(1)
		return nil, commands.ErrMaxClients
	}
	s.nextID++
	session := newSession(s, s.nextID, c)
	session.modes.Store(s.modes)
	s.clients[session.id] = session
	s.gate.add(&session.pass)
	return session, nil
}

func (s *Server) remove(session *session) {
	s.gate.remove(&session.pass)
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.clients, session.id)
}

// explain is what a client reads about err, which goes to the log when it is the operator's matter.
func (s *Server) explain(row *commands.Row, err error) string {
	text, expected := commands.TextOf(err)
	if !expected {
		if n, now := s.complaints.allow(); now {
			s.log.Error("command failed", "command", row.FullName, "backend", s.active.Load().Name(), "error", err, "unlogged", n)
		}
	}
	return text
}

func isClientError(err error) bool {
	_, expected := commands.TextOf(err)
	return expected
}

// complaints keeps a dead backend from filling the log: one line a second.
type complaints struct {
	last     atomic.Int64 // Unix seconds
	unlogged atomic.Int64
}

func (c *complaints) allow() (unlogged int64, ok bool) {
	now := time.Now().Unix()
	if last := c.last.Load(); last == now || !c.last.CompareAndSwap(last, now) {
		c.unlogged.Add(1)
		return 0, false
	}
	return c.unlogged.Swap(0), true
}

// ready says whether clients can be served.
func (s *Server) ready(ctx context.Context) error { return s.active.Load().Ping(ctx) }

// Addr is where clients connect.
func (s *Server) Addr() net.Addr { return s.listener.Addr() }

// AdminAddr is where the admin server listens, nil when there is none.
func (s *Server) AdminAddr() net.Addr {
	if s.admin == nil {
		return nil
	}
	return s.admin.Addr()
}

// Active is the name and the driver of the active backend.
func (s *Server) Active() (name, driver string) {
	b := s.active.Load()
	return b.Name(), b.Driver()
}

var (
	_ transport.Handler = (*Server)(nil)
	_ commands.Server   = (*Server)(nil)
)
