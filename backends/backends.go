// Package backends says what it takes to hold Redis data. It holds the contracts and the
// registry, and nothing else: drivers live in the folders below, and this package imports none.
//
// There are two ways to be a backend. An Engine keeps the data itself and runs a function as one
// atomic transaction over typed views (tx.go). A Forwarder executes whole commands by itself, as a
// real Redis does. Either can have optional capabilities, found by interface with As.
package backends

import (
	"context"
	"errors"
)

// Errors that reach a client word for word. Any other error of a backend is an operator's matter:
// dispatch logs it with backend and command, and the client reads a short text without details.
var (
	ErrWrongType = errors.New("WRONGTYPE Operation against a key holding the wrong kind of value")
	//lint:ignore ST1005 the text is Redis's
	ErrNoSpace = errors.New("OOM command not allowed when used memory > 'maxmemory'.")
	// ErrWouldWait refuses what was to be brief. No client reads it.
	ErrWouldWait = errors.New("the transaction would wait")
	// ErrNoType is for a type of value that a backend does not hold.
	ErrNoType = errors.New("ERR the backend does not hold values of this type")
	// ErrDiskFull is for a persistent backend what ErrNoSpace is for memory.
	ErrDiskFull = errors.New("MISCONF No space left on the disk of the backend, commands that may need more of it are refused")
)

// Backend is what every driver is. All methods may be called from many goroutines at once.
type Backend interface {
	Name() string   // the instance, as in [backends.NAME]
	Driver() string // the driver, as in driver = "..."
	Capabilities() Capabilities

	// Ping returns nil when the backend is ready to serve.
	Ping(ctx context.Context) error
	// Stats is cheap enough for every scrape of the metrics.
	Stats(ctx context.Context) (Stats, error)
	// Close makes everything acknowledged durable, as far as the backend promises it, stops every goroutine and
	// releases every resource. Nothing may be running in the backend, nor be called after it.
	Close() error
}

// Capabilities are the facts about a backend that no interface shows.
type Capabilities struct {
	TTL          bool // keys expire by themselves, to the millisecond
	Transactions bool // several commands can run as one
	Atomic       bool // read-modify-write commands are atomic
	Persistent   bool // data survives a restart of the process
	Shared       bool // other processes can see and change the data
	Prompt       bool // an Engine that nearly always can do what is brief (Access.Brief)
}

// Stats describes the contents and the history of a backend since it was opened.
type Stats struct {
	Databases []DatabaseStats // by number; those past the end are empty
	Bytes     int64           // memory used, or space on disk for a persistent backend
	MaxBytes  int64           // the limit on Bytes; 0: none
	Policy    string          // the eviction policy by Redis's name; "" means noeviction
	Samples   int             // how many keys are looked at to evict one; 0: none is ever evicted
	Hits      int64           // reads of a key that was there
	Misses    int64           // reads of a key that was not
	Expired   int64           // keys removed because their time had come
	Evicted   int64           // keys removed to stay below MaxBytes
}

// DatabaseStats counts the keys of one numbered database.
type DatabaseStats struct {
	Keys    int64
	Expires int64 // keys that have an expiry
}

// Keys is the number of keys in all databases.
func (s Stats) Keys() (n int64) {
	for _, d := range s.Databases {
		n += d.Keys
	}
	return n
}

// Expires is the number of keys with an expiry in all databases.
func (s Stats) Expires() (n int64) {
	for _, d := range s.Databases {
		n += d.Expires
	}
	return n
}

// Engine holds the data itself. Commands are written once, against Tx.
type Engine interface {
	Backend
	// Do runs body exactly once, unless a.Again, as one atomic transaction over the keys in a: others see all
	// that it did or nothing. When body returns an error nothing is undone that it did before,
	// as in Redis, and the error is passed on. body must keep neither the Tx, nor a view, nor a
	// byte slice obtained from either.
	//
	// A nil Commit says that the effects, and all that was read, are as durable as they will
	// be. Otherwise no reply may leave before the Commit is done.
	//
	// Do fails with ErrNoSpace or ErrDiskFull, before body runs, when a.Grows and there is no
	// space left.
	Do(ctx context.Context, a *Access, body Body) (*Commit, error)
}

// Body is the inside of a transaction. It is an interface and not a func so that the command path,
// whose context implements it, makes no closure per command.
type Body interface {
	Run(tx Tx) error
}

// BodyFunc makes a Body of a function, where an allocation does not matter.
type BodyFunc func(tx Tx) error

// Run calls f.
func (f BodyFunc) Run(tx Tx) error { return f(tx) }

// Access names what a transaction may touch. On the command path it comes from the command table,
// never from a handler.
type Access struct {
	DB    int      // the database that Tx opens first
	Keys  [][]byte // the keys of the transaction, in whichever database
	All   bool     // everything: FLUSHALL, SWAPDB
	Open  bool     // what else the body turns to as it goes on, as scripts do
	Write bool     // false: the body only reads
	Grows bool     // the body may need more space (Redis's flag denyoom)
	Now   int64    // the time of the transaction, Unix milliseconds; it stands still inside

	// NoTouch keeps opening a key from counting as its use; Keyspace.Touch counts nevertheless.
	NoTouch bool
	// Brief says that the caller must not wait: Do fails with ErrWouldWait, having done nothing, where it would
	// wait for a disk, or for other transactions for more than a moment.
	Brief bool
	// Again says that the body only reads, and may be run more than once: it forgets what it did before, and
	// nobody else sees that. So an engine need not lock what it reads. Long expects the body to take long.
	Again, Long bool
	// Slow says that the body may take any time: who must be Brief does not wait for it.
	Slow bool
	// Full is set by Do, before body runs, to why it would have failed had it been told that the body Grows: who
	// is Open knows that only later.
	Full error
	// Silent keeps it from counting as a hit or a miss as well: the proxy reads, not a client.
	Silent bool
}

// Forwarder executes commands by itself.
type Forwarder interface {
	Backend
	// Forward submits a command and returns without waiting for its reply. The commands of one
	// caller take effect in the order in which they were submitted. r is not kept after Reply has returned;
	// until then the caller must not change the arguments.
	Forward(ctx context.Context, r Request) Pending
}

// Request is one command on its way to a Forwarder.
type Request struct {
	DB    int
	Proto int      // the client's protocol: 2 or 3
	Args  [][]byte // the command and its arguments
	Write bool     // false: a replica may serve it
}

// Pending is a reply that is still to come.
type Pending interface {
	// Reply waits for the reply, and returns it as the raw bytes of the protocol asked for. An error reply of the
	// server is a reply, not an error; err says that no reply came, and wraps ErrUnavailable
	// when the command certainly had no effect.
	Reply(ctx context.Context) ([]byte, error)
}

// ErrUnavailable is wrapped by errors that say that a backend could not be reached at all.
var ErrUnavailable = errors.New("backend unavailable")

// Mover lets any two backends exchange keys. Package rdb makes one for any Engine; a Forwarder
// brings its own.
type Mover interface {
	// EachKey visits every key that is there from start to end at least once. key is fn's to
	// keep. An error of fn ends the walk and is returned.
	EachKey(ctx context.Context, db int, fn func(key []byte) error) error
	// Dump reads the values of keys, in their order, leaving the access times of the keys alone.
	Dump(ctx context.Context, db int, keys [][]byte) ([]Value, error)
	// Restore writes vals, replacing what is there, and returns when they are as durable as
	// the backend promises. A Value without a payload, or one whose time has come, deletes its key.
	Restore(ctx context.Context, db int, vals []Value) error
	// Flush removes all keys of all databases.
	Flush(ctx context.Context) error
}

// Value is one key on the move.
type Value struct {
	Key      []byte
	Payload  []byte // as DUMP returns it; nil: there is no such key
	ExpireAt int64  // Unix milliseconds; 0: never
}

// Optional capabilities.
type (
	// Cleaner removes expired keys now. Without it STATE.CLEANUP finds nothing to do.
	Cleaner interface {
		Clean(ctx context.Context) (removed int64, err error)
	}
	// Optimizer reclaims space now. Without it STATE.OPTIMIZE finds nothing to do.
	Optimizer interface {
		Optimize(ctx context.Context) error
	}
	// Limiter can change the limit on the memory that it uses. Without it there is no such limit, or it
	// is not ours.
	Limiter interface {
		// SetLimits changes all limits at once. What is above them goes with the next write.
		SetLimits(Limits) error
	}
	// Pauser can stop removing keys by itself (expiry, eviction), as the hidden target of a
	// switch must. Calls of Pause and Resume do not nest. Without it the backend is taken as one
	// that a switch need not tell.
	Pauser interface {
		Pause()
		Resume()
	}
	// Syncer can make all that was acknowledged before survive a power failure, whatever it promises otherwise. Without
	// it the backend is taken as one that cannot, or does not know.
	Syncer interface {
		Sync(ctx context.Context) error
	}
	// Identifier names the store that a backend talks to, where two instances may talk to one: they
	// have the same text. Without it the backend is taken as one that shares its store with no other.
	Identifier interface {
		Identity(ctx context.Context) (string, error)
	}
	// Librarian keeps the libraries of functions beside the keys, which they outlive: no flush removes them. Without it
	// there are none. Calls come one at a time, some from inside of a transaction.
	Librarian interface {
		// Libraries returns what SetLibraries was given last; nothing at first. The caller must not change it.
		Libraries(ctx context.Context) (payload []byte, err error)
		// SetLibraries keeps all libraries there are, as FUNCTION DUMP has them (rdb.DumpLibraries), and returns when
		// they are as durable as the backend promises. A longer payload than the last is refused as Do refuses what
		// Grows. The caller must not change payload afterwards.
		SetLibraries(ctx context.Context, payload []byte) error
	}
	// Notifier reports each key that the backend removes by itself, and each hash that loses fields so. fn is called
	// while the key is locked, and whoever locks it later sees what is left: it must be quick and must not call back. nil
	// stops the reports. Without it the backend is taken as one that removes nothing but what has expired.
	Notifier interface {
		OnRemove(fn func(db int, key []byte, why Reason))
	}
)

// Limits are a limit on the memory used, and what to do about it.
type Limits struct {
	Bytes   int64  // 0: none
	Policy  string // the eviction policy by Redis's name
	Samples int    // how many keys are looked at to evict one
}

// Catalog is a Forwarder's knowledge of commands that the command table does not have: those of
// modules and of newer servers. Without it such commands are unknown.
type Catalog interface {
	// Foreign describes a call of such a command; it may ask the server, once per name. ok is false when the
	// server does not have it either, or when it cannot share a connection with other clients,
	// because it blocks, subscribes or changes the state of its connection.
	Foreign(ctx context.Context, args [][]byte) (call ForeignCall, ok bool)
}

// ForeignCall is what must be known of a call to forward it and to follow what it changes.
type ForeignCall struct {
	Write bool
	Keys  [][]byte // that it may write
	Whole bool     // it may write others too, or the keys are not known
}

// Reason says why a backend removed a key by itself, or fields of one.
type Reason int

const (
	Expired       Reason = iota // the time of the key had come
	Evicted                     // there was no room
	FieldsExpired               // the time of some fields of a hash had come; the key is there with the others
	HashExpired                 // so had that of all its fields, and the key is gone with them
)

// Unwrapper is a backend around another one, whose capabilities As finds too.
type Unwrapper interface {
	Unwrap() Backend
}

// As finds a capability in b or in what b wraps, as errors.As does for errors.
func As[T any](b Backend) (t T, ok bool) {
	for b != nil {
		if t, ok = b.(T); ok {
			return t, true
		}
		w, wraps := b.(Unwrapper)
		if !wraps {
			break
		}
		b = w.Unwrap()
	}
	return t, false
}
