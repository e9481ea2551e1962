package proxy

import (
	"crypto/sha256"
	"crypto/subtle"
	"net"
	"sync"
	"sync/atomic"
	"time"
	"unsafe"

	"switchyard/backends"
	"switchyard/commands"
	"switchyard/proxy/transport"
)

// session is one client: a state machine that is fed requests and has replies, and does not know
// who reads its socket. All but what CLIENT LIST shows belongs to the goroutine that feeds it.
type session struct {
	server *Server
	id     int64
	addr   string
	laddr  string
	opened time.Time
	stats  *shard
	conn   transport.Conn

	call    commands.Ctx // its Buf has the replies that were not sent yet
	spare   []byte       // the other buffer, for when replies are put together anew
	holds   []hold
	pass    pass
	now     time.Time            // the last look at the clock in this batch; zero: none yet
	foreign backends.ForeignCall // of the command at hand

	entering  *blocked                  // the command at hand blocks, and is still in its transaction
	blocked   atomic.Pointer[blocked]   // the last command waits, or its reply is still to be fetched; nil: neither
	postponed atomic.Pointer[postponed] // the last command is held back, or its reply is; nil: neither
	stands    bool                      // it makes a blocked call again in the place of another session
	behind    <-chan struct{}           // closed when those are served who have waited for what it has changed; nil: they are

	transaction *commands.Transaction // begun with MULTI; nil: none
	began       time.Time             // when the command of a transaction began that runs
	watch       *watch                // nil: it has never watched anything
	effects     []commands.Effect     // of the command at hand, in order
	silence     silence               // what is not to be sent
	ended       bool                  // nothing that follows in a transaction is, because it ends the connection
	served      int                   // where the reply to the command at hand begins
	turns       turns                 // that it has, to tell of them
	subscriber  *subscriber           // nil: it has never subscribed to anything; others look at it with mu
	mail        *mailbox              // nil: it has never needed one; likewise
	own         []byte                // messages that go behind the reply to the command at hand
	changed     []string              // by the batch: for those who want to be told of all keys with some prefix

	trusted    bool // may run all commands
	admitted   bool // counts among the operations that run at once
	forwarding bool // inside the gate until the holds are settled
	closing    bool // after the replies

	copies         atomic.Pointer[copies] // that its client keeps; nil: it does not track
	brokenRedirect atomic.Bool            // who was to be told of changes in its place has gone

	modes  atomic.Uint32 // see modes.go
	db     atomic.Int32
	proto  atomic.Int32
	queued atomic.Int32 // see countQueued

	since   atomic.Int64           // Unix nanoseconds, when it began to wait without a goroutine; 0: it does not
	resume  atomic.Pointer[func()] // see Await
	overdue atomic.Bool            // it has waited too long
	seen    atomic.Int64           // Unix nanoseconds of the last request
	last    atomic.Pointer[commands.Row]

	mu              sync.Mutex
	name            string
	libName, libVer string
	noEvict         bool
	noTouch         bool
}

var (
	_ transport.Session = (*session)(nil)
	_ commands.Client   = (*session)(nil)
)

func newSession(server *Server, id int64, c transport.Conn) *session {
	s := &session{
		server: server, id: id, addr: address(c.RemoteAddr()), laddr: address(c.LocalAddr()), opened: time.Now(),
		stats: server.stats.of(id), conn: c, trusted: !server.PasswordRequired(),
	}
	s.call.Client, s.call.Server = s, server
	s.SetProto(2)
	s.seen.Store(s.opened.UnixNano())
	return s
}

// address prints an address as CLIENT LIST shows it.
func address(a net.Addr) string {
	if a.Network() == "unix" {
		return a.String() + ":0"
	}
	return a.String()
}

// keepReplies is the size above which a session does not keep a buffer.
const keepReplies = 64 << 10

// Reply implements transport.Session.
func (s *session) Reply(buf []byte) {
	s.call.Buf = buf
	if s.call.Tracks {
		s.mail.holdBatch()
	}
	if s.Stopped() {
		s.goOn()
	}
}

// Replies implements transport.Session.
func (s *session) Replies() (b []byte, closing bool) {
	if len(s.changed) > 0 {
		s.tellRanges()
		s.appendOwn()
	}
	b = s.call.Buf
	if s.mail != nil && s.mail.batch {
		b = s.mail.releaseBatch(b)
	}
	s.stats.output.Add(int64(len(b)))
	s.call.Buf = nil
	s.now = time.Time{}
	return b, s.closing
}

// Buffered implements transport.Session.
func (s *session) Buffered() int { return len(s.call.Buf) }

// Prompt implements transport.Session.
func (s *session) Prompt() bool { return s.server.active.Load().prompt }

// Trusted implements transport.Session.
func (s *session) Trusted() bool { return s.trusted }

// Received implements transport.Session.
func (s *session) Received(n int) { s.stats.input.Add(int64(n)) }

// Close implements transport.Session. It waits for what is under way: a command that was sent on
// must be tracked before the session leaves the gate.
func (s *session) Close() {
	if p := s.postponed.Load(); p != nil && !p.leave() {
		return // it is called again
	}
	s.leaveBlocked()
	s.Settle()
	s.tellRanges()
	s.Unwatch()
	s.unsubscribeAll()
	s.StopTracking()
	s.unmonitor()
	s.server.remove(s)
}

// DB implements commands.Client.
func (s *session) DB() int { return int(s.db.Load()) }

// SelectDB implements commands.Client.
func (s *session) SelectDB(db int) { s.db.Store(int32(db)) }

// SetProto implements commands.Client.
func (s *session) SetProto(proto int) {
	if s.listens() {
		s.mail.hold()
		s.mail.confirm = true
	}
	s.call.Proto = proto
	s.proto.Store(int32(proto))
}

// SetName implements commands.Client.
func (s *session) SetName(name string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.name = name
}

// SetLib implements commands.Client.
func (s *session) SetLib(attribute, value string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if attribute == "lib-name" {
		s.libName = value
	} else {
		s.libVer = value
	}
}

// SetNoEvict implements commands.Client.
func (s *session) SetNoEvict(on bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.noEvict = on
}

// SetNoTouch implements commands.Client.
func (s *session) SetNoTouch(on bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.noTouch, s.call.NoTouch = on, on
}

// Info implements commands.Client. Any goroutine may call it.
func (s *session) Info() commands.ClientInfo {
	u, blocks := s.conn.Usage(), s.waitsForKey()
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	info := commands.ClientInfo{
		ID: s.id, Addr: s.addr, LocalAddr: s.laddr, Name: s.name, DB: s.DB(), Proto: int(s.proto.Load()),
		Age: now.Sub(s.opened), Idle: now.Sub(time.Unix(0, s.seen.Load())),
		User: defaultUser, LibName: s.libName, LibVer: s.libVer, LastCommand: "NULL",
		FD: u.FD, InputBytes: u.Input, OutputBytes: u.Output, TotalBytes: memoryOf(u),
	}
	if row := s.last.Load(); row != nil {
		info.LastCommand = row.FullName
	}
	info.Queued = int(s.queued.Load()) - 1
	modes, c := s.modes.Load(), s.copies.Load()
	tracks := c != nil
	info.Flags = flagsOf([]flag{
		{'O', modes&monitors != 0}, {'P', s.describeSubscriptions(&info)}, {'x', info.Queued >= 0}, {'b', blocks}, {'c', modes&ending != 0},
		{'t', tracks}, {'R', s.brokenRedirect.Load()}, {'B', tracks && c.options.Broadcast},
		{'e', s.noEvict}, {'T', s.noTouch},
	})
	info.Redirect = -1
	if tracks {
		info.Redirect = c.options.Redirect
	}
	return info
}

// flag is one of the letters by which CLIENT LIST describes a client.
type flag struct {
	letter byte
	set    bool
}

func flagsOf(flags []flag) string {
	var letters []byte
	for _, f := range flags {
		if f.set {
			letters = append(letters, f.letter)
		}
	}
	if len(letters) == 0 {
		return "N"
	}
	return string(letters)
}

// memoryOf is what a session and the buffers of its connection take. It has no others while it is idle.
func memoryOf(u transport.Usage) int { return int(unsafe.Sizeof(session{})) + u.Input + u.Output }

// defaultUser is the only user.
const defaultUser = "default"

// Authenticated implements commands.Client.
func (s *session) Authenticated() bool { return s.trusted }

// Authenticate implements commands.Client. Hashes are compared, so that the time taken tells
// nothing about the password, not even its length. Without a password any one is right, as in Redis.
func (s *session) Authenticate(user, password []byte) bool {
	given, right := sha256.Sum256(password), s.server.password
	if string(user) != defaultUser || s.server.PasswordRequired() && subtle.ConstantTimeCompare(given[:], right[:]) != 1 {
		return false
	}
	s.trusted = true
	return true
}

// Reset implements commands.Client.
func (s *session) Reset() {
	s.SetTransaction(nil)
	s.Unwatch()
	s.unsubscribeAll()
	s.StopTracking()
	s.unmonitor()
	s.SetReplies(commands.ReplyOn)
	s.SelectDB(0)
	s.SetProto(2)
	s.SetName("")
	s.SetNoEvict(false)
	s.SetNoTouch(false)
	s.trusted = !s.server.PasswordRequired()
}

// CloseAfterReply implements commands.Client.
func (s *session) CloseAfterReply() {
	s.closing = true
	s.setMode(ending, true)
}
