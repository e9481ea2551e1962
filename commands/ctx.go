package commands

import (
	"context"
	"errors"
	"time"

	"switchyard/backends"
)

// Ctx is one call of a command: its arguments, the session that made it and its reply. A session
// reuses one Ctx for all its calls, so a handler keeps nothing of it.
type Ctx struct {
	Reply
	Args   [][]byte // the name first; valid until the handler returns
	Row    *Row
	Now    int64 // Unix milliseconds; stands still during the call
	Client Client
	Server Server

	// NoTouch keeps reads from counting as use of their keys (CLIENT NO-TOUCH).
	NoTouch bool

	// Brief says that the call is on an event loop, and must not take long: a handler that finds much
	// to do returns ErrLong before it has done anything, and is called again elsewhere.
	Brief bool

	// Tracks says that the client keeps copies of what it reads: Client.Read is to be told of it.
	Tracks bool

	// Part says that the call is one of several that run as one, and must not wait.
	Part bool

	// Scripted says that the call comes from a script, which gets its reply.
	Scripted bool

	access backends.Access
	start  int      // of the reply to the call
	ran    bool     // it has run once already
	digits [20]byte // room for a number on its way into a value
}

// How much a call may have to do on an event loop: about a hundred microseconds' worth.
const (
	briefBytes    = 256 << 10
	briefElements = 1000
)

// tooManyBytes says that the call must not handle so many bytes where it is.
func (c *Ctx) tooManyBytes(n int) bool { return c.Brief && n > briefBytes }

// tooManyElements says that the call must not handle so many elements where it is.
func (c *Ctx) tooManyElements(n int) bool { return c.Brief && n > briefElements }

// Context bounds what the call may wait for.
func (c *Ctx) Context() context.Context { return c.Server.Context() }

// Run makes Ctx the body of its own transaction.
func (c *Ctx) Run(tx backends.Tx) error {
	if c.ran {
		c.Buf = c.Buf[:c.start]
		c.Client.Forget()
	}
	c.ran = true
	return c.readAndRun(c.Row, c.Args, tx)
}

// readAndRun runs a command, and has the client told of later changes of what it reads. What a command rewrites it reads
// afterwards.
func (c *Ctx) readAndRun(row *Row, args [][]byte, tx backends.Tx) error {
	if c.Tracks && row.Flags&Rewrites == 0 {
		c.read(row, args)
	}
	err := row.Run(c, tx)
	if c.Tracks && row.Flags&Rewrites != 0 && err != errRewrites {
		c.read(row, args)
	}
	return err
}

// Execute runs the call as a transaction of an engine's.
func (c *Ctx) Execute(e backends.Engine, a *backends.Access) (*backends.Commit, error) {
	commit, err := e.Do(c.Context(), a, c)
	if err == errRewrites {
		a.Write, a.Again, a.Long = true, false, false
		commit, err = e.Do(c.Context(), a, c)
	}
	return commit, err
}

// errRewrites is what a handler returns, before it has done anything, to run again in a transaction that writes.
var errRewrites = errors.New("the transaction is to be one that writes")

// rewrites says whether a command that Rewrites may do so at once. Those of a script that only reads never may.
func (c *Ctx) rewrites() (may bool, err error) {
	if !c.access.Write && !c.Scripted {
		return false, errRewrites
	}
	return c.access.Write, nil
}

// read has the client told of later changes of what a command reads, from inside of its transaction. Scripts tell of each
// of their commands.
func (c *Ctx) read(row *Row, args [][]byte) {
	if row.Flags&Readonly != 0 && row.Span == nil {
		c.Client.Read(row, args)
	}
}

// Access says what the call's transaction may touch.
func (c *Ctx) Access() *backends.Access {
	a := &c.access
	a.DB = c.Client.DB()
	a.Keys = c.Row.AppendKeys(a.Keys[:0], c.Args)
	a.All = c.Row.Flags&Whole != 0 || c.Row.Wide != nil && c.Row.Wide(c.Args)
	a.Write = c.Row.Flags&Write != 0
	a.Grows = c.Row.Flags&DenyOOM != 0
	a.NoTouch, a.Silent, a.Slow, a.Open, a.Full = c.NoTouch, false, false, false, nil
	// What registers itself for changes must do so while nobody changes its keys.
	a.Again = c.Row.Flags&Readonly != 0 && c.Row.Flags&Blocking == 0 && !c.Tracks
	a.Long = a.Again && c.Row.IsLong(c.Args)
	c.start, c.ran = len(c.Buf), false
	a.Now = c.Now
	if c.Row.Span != nil {
		c.Row.Span(c, a)
	}
	return a
}

// Held is what Access has said last: what the transaction at hand may touch.
func (c *Ctx) Held() *backends.Access { return &c.access }

// Client is the session that a command comes from.
type Client interface {
	DB() int
	SelectDB(db int)
	SetProto(proto int)
	SetName(name string)
	SetLib(attribute, value string)
	SetNoEvict(on bool)
	SetNoTouch(on bool)
	// Info describes the session for CLIENT INFO and LIST.
	Info() ClientInfo
	// Authenticated says whether commands are allowed.
	Authenticated() bool
	// Authenticate checks a user's password and remembers that it was right.
	Authenticate(user, password []byte) bool
	Transactor
	Subscriptions
	Modes
	Tracker
	// Forget takes back what the call at hand has told, because it runs again.
	Forget()
	// Affect is told of an effect of the call at hand, from inside of its transaction.
	Affect(Effect)
	// Block has the call at hand wait, whose handler returns ErrWait then. It is called from inside of the transaction that
	// has found nothing: nobody can have changed the keys since.
	Block(Wait)
	// Reset returns the session to the state of a new connection.
	Reset()
	// CloseAfterReply ends the connection once the reply has been sent.
	CloseAfterReply()
}

// Transactor is a session as far as MULTI and WATCH are concerned.
type Transactor interface {
	// Transaction is what was begun with MULTI; nil: none was.
	Transaction() *Transaction
	// SetTransaction begins one, or ends the one at hand.
	SetTransaction(*Transaction)
	// Watch has the session learn of changes to keys of the current database, from inside of a transaction
	// that holds them.
	Watch(tx backends.Tx, keys [][]byte)
	// AppendWatched appends the keys that are watched, in whichever database.
	AppendWatched(dst [][]byte) [][]byte
	// Disturbed says whether a watched key has changed, its expiry included. tx holds them.
	Disturbed(tx backends.Tx) bool
	Unwatch()
	// Finish ends one command of several that run as one: it puts the error in the place of what the command
	// has replied since from, and accounts for it.
	Finish(row *Row, from int, err error)
}

// Tracking is how a client keeps copies of what it reads.
type Tracking struct {
	Broadcast     bool // it is told of all keys with its prefixes
	OptIn, OptOut bool // it keeps what it is said to, or all but that
	NoLoop        bool // it need not be told of its own changes
	Redirect      int64
	Prefixes      []string // to be added, or those that it has

	Caching bool // CLIENT CACHING has said something about the next command
	Broken  bool // the client to which its messages went has gone
}

// Tracker is a session as far as CLIENT TRACKING is concerned.
type Tracker interface {
	// Tracking says whether it tracks, and how.
	Tracking() (t Tracking, on bool)
	SetTracking(Tracking) error
	StopTracking()
	// SetCaching makes the next command or transaction an exception.
	SetCaching()
	// Read is told what a command reads, from inside of its transaction, while nobody can change it.
	Read(row *Row, args [][]byte)
}

// ClientInfo is what CLIENT LIST shows of a session.
type ClientInfo struct {
	ID              int64
	Addr, LocalAddr string
	Name            string
	Age, Idle       time.Duration
	Flags           string
	DB              int
	Queued          int    // commands since MULTI; -1: outside of a transaction
	FD              int    // the number of the socket; 0: unknown, or closed
	InputBytes      int    // received, and not run yet
	OutputBytes     int    // that the client has yet to read
	TotalBytes      int    // of memory, as far as it is known
	LastCommand     string // full name
	User            string
	Proto           int
	LibName, LibVer string
	Redirect        int64 // the client that is told of changed keys; 0: itself; -1: it does not track

	Subscribed [ShardChannel + 1]int // topics that it listens to, by Topic
}

// Server is the process, as far as commands about it need to know.
type Server interface {
	Context() context.Context // ends when the server shuts down
	Table() *Table
	Databases() int
	MaxStringLength() int64
	PasswordRequired() bool
	Clients() []ClientInfo
	// HasClient says whether there is a client of that number.
	HasClient(id int64) bool
	// Unblock ends the wait of a client's call, as if its time had passed or else with an error, and says whether it waited.
	Unblock(id int64, withError bool) bool
	Info(ctx context.Context) ServerInfo
	// Parameters are what CONFIG GET knows, by Redis's names, sorted.
	Parameters(ctx context.Context) []Parameter
	// SetParameters changes all of the parameters given, whatever the case of their names, or none.
	SetParameters(ctx context.Context, pairs []Parameter) error
	ResetStats()
	Scripts() *Scripts
	Functions() *Functions
	// KeepLibraries has the active backend keep all libraries of functions there are.
	KeepLibraries(ctx context.Context, payload []byte) error
	// LogScript is what a script logs, at a level from 0 (debug) to 3 (warning).
	LogScript(level int, text string)
	State
	Observer
	Broker
	Controller
}

// Parameter is one configuration parameter.
type Parameter struct{ Name, Value string }

// State is what the STATE commands need to know of the backends.
type State interface {
	Backends(ctx context.Context) []BackendInfo
	// BackendStats describes one instance; "" is the active one.
	BackendStats(ctx context.Context, name string) (BackendStats, error)
	// Switch moves the keyspace of the calling client's server to another instance. The client's
	// session must not be in its gate, which Client's implementation sees to.
	Switch(ctx context.Context, client Client, name string, mode SwitchMode) error
	Clean(ctx context.Context) (removed int64, err error)
	Optimize(ctx context.Context) error
	// ScanEpoch marks SCAN cursors; it is another one after each switch.
	ScanEpoch() uint64
}

// SwitchMode says what STATE.SWITCH does about keys in the target.
type SwitchMode int

const (
	SwitchEmpty  SwitchMode = iota // refuse a target that has keys
	SwitchFlush                    // remove them first
	SwitchMerge                    // keep those that the source does not have
	SwitchNoCopy                   // leave them, and copy nothing
)

// BackendInfo is one line of STATE.BACKENDS.
type BackendInfo struct {
	Name, Driver          string
	Active, Open, Healthy bool
	Capabilities          []string
}

// BackendStats is what STATE.STATS shows.
type BackendStats struct {
	Name, Driver          string
	Contents              backends.Stats
	Reads, Writes, Errors int64
	Uptime                time.Duration
	OpsPerSecond          float64
	Switches              int64
}
