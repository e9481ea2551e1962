// Package commands says what each Redis command means. A command is one row in a family's table
// (string.go, key.go, ...) and one handler below it. Rows are the single source of truth: arity
// errors, key extraction, COMMAND and its subcommands, metrics and routing all derive from them,
// and no handler checks by itself what its row says.
package commands

import (
	"bytes"
	"math"
	"slices"
	"strings"

	"switchyard/backends"
)

// Row is one command, or one subcommand of a container such as CLIENT.
type Row struct {
	Name       string // lower case; of a subcommand, without its container
	Arity      int    // including the name; negative: at least that many
	Flags      Flags
	Keys       []KeySpec
	KeyFlags   func(args [][]byte) string // what a call does to its keys, where that varies (variable_flags)
	Categories string                     // ACL categories that do not follow from the flags
	Tips       []string
	Syntax     string // the arguments, as syntax.go reads them
	Group      string
	Since      string
	Complexity string
	Summary    string

	// Exactly one of Run, Serve and Subs is set, but for COMMAND, which is a command and a container.
	Run   func(c *Ctx, tx backends.Tx) error // data: runs inside a transaction, or is forwarded
	Serve func(c *Ctx) error                 // the server or the session itself: never forwarded
	Subs  []*Row

	// MoreKeys appends the keys of a call that are where no spec can tell: those of the Unknown ones.
	MoreKeys func(dst, args [][]byte) [][]byte
	// Wide says that a call may read keys that are not among its arguments, as SORT does with BY and GET: what
	// they are called follows from what it finds. Its transaction needs them all; Keys stay those that
	// it may write.
	Wide func(args [][]byte) bool
	// Span says what a call's transaction touches, where that does not follow from its arguments. Such a command
	// needs an Engine: it is not forwarded.
	Span func(c *Ctx, a *backends.Access)
	// LongFor says of a call what Long says of all calls. It sees the arguments alone, since the
	// decision comes before the transaction.
	LongFor func(args [][]byte) bool

	// Relay adapts a forwarded command and its reply where the proxy has a part in
	// their meaning; nil for all but SCAN.
	Relay *Relay

	KeyNotes []string // what COMMAND INFO says of the key specs beside the rest, by their number; "": nothing

	FullName string // "client|list"; set when the table is built
	operands []operand
	Index    int // the row's number in its table, for arrays of counters
	subs     map[string]*Row
}

// Relay rewrites what goes to and comes from a Forwarder.
type Relay struct {
	Request func(c *Ctx, args [][]byte) ([][]byte, error)
	Reply   func(c *Ctx, reply []byte) []byte
}

// Flags are a command's properties, under Redis's names.
type Flags uint32

const (
	Write Flags = 1 << iota
	Readonly
	DenyOOM
	Admin
	PubSub
	NoScript
	Blocking
	Loading
	Stale
	Fast
	NoAuth
	AllowBusy
	SkipSlowlog
	SkipMonitor
	NoMandatoryKeys
	NoMulti // refused between MULTI and EXEC
	// Whole is our own: the command touches every key, so that its transaction needs them all.
	Whole
	// AnyDB is our own: the command's keys may lie in any database.
	AnyDB
	// Long is our own: a single call may take long, or wait for something.
	Long
	// Listening is our own: a client that has subscribed to something may call it in RESP2 too.
	Listening
	// AtOnce is our own: between MULTI and EXEC the command runs at once, where others are queued.
	AtOnce
	// MayWrite is our own: CLIENT PAUSE WRITE holds the command back though it is no write: others would see what it does.
	MayWrite
	// Rewrites is our own: the command reads, and now and then changes how what it reads is kept, as in Redis (Ctx.rewrites).
	Rewrites
	// Upstream is our own: where the active backend is a real Redis, the command is that server's affair as a whole.
	Upstream
	// Apart is our own: the command looks at backends by itself, so it cannot run inside a transaction.
	Apart
)

var flagNames = []struct {
	flag Flags
	name string
}{
	{Write, "write"}, {Readonly, "readonly"}, {DenyOOM, "denyoom"}, {Admin, "admin"}, {PubSub, "pubsub"},
	{NoScript, "noscript"}, {Blocking, "blocking"}, {Loading, "loading"}, {Stale, "stale"}, {Fast, "fast"},
	{NoAuth, "no_auth"}, {AllowBusy, "allow_busy"}, {SkipMonitor, "skip_monitor"}, {SkipSlowlog, "skip_slowlog"}, {NoMandatoryKeys, "no_mandatory_keys"}, {NoMulti, "no_multi"},
}

// Names lists the flags as COMMAND INFO does.
func (f Flags) Names() (names []string) {
	for _, n := range flagNames {
		if f&n.flag != 0 {
			names = append(names, n.name)
		}
	}
	return names
}

// KeySpec says where a command's keys are among its arguments.
type KeySpec struct {
	First int
	Last  int // as in COMMAND INFO's key specs: relative to First, or negative from the end
	Step  int
	Flags string // "RO access": what is done to the keys
}

// notKey are the Flags of what is routed as a key in a cluster, and is none.
const notKey = "not_key"

// Counted as a KeySpec's Last says that the argument at First is how many keys follow it, which COMMAND
// INFO calls keynum.
const Counted = math.MinInt

// Unknown as a KeySpec's Last says that only the command itself can find these keys: see Row.MoreKeys.
const Unknown = math.MinInt + 1

// AfterStore, AfterStoreDist and AfterStreams as a KeySpec's Last say that the key follows that word, which is looked for
// from First on: COMMAND INFO calls that a keyword. Row.MoreKeys finds it.
const (
	AfterStore     = math.MinInt + 2
	AfterStoreDist = math.MinInt + 3
	// AfterStreams: the keys are the first half of what follows the word.
	AfterStreams = math.MinInt + 4
)

// searched says whether it takes a look at the arguments to know where the keys are.
func (k *KeySpec) searched() bool { return k.Last <= AfterStreams }

// The shapes that nearly all commands have.
func key(flags string) []KeySpec   { return []KeySpec{{1, 0, 1, flags}} }
func keys(flags string) []KeySpec  { return []KeySpec{{1, -1, 1, flags}} }
func pairs(flags string) []KeySpec { return []KeySpec{{1, -1, 2, flags}} }

func twoKeys(first, second string) []KeySpec {
	return []KeySpec{{1, 0, 1, first}, {2, 0, 1, second}}
}

// targetAndKeys is a key that is written and, after it, those that it is made of.
func targetAndKeys(target, sources string) []KeySpec {
	return []KeySpec{{1, 0, 1, target}, {2, -1, 1, sources}}
}

// countedKeys are keys after their number, which is the argument at first.
func countedKeys(first int, flags string) []KeySpec {
	return []KeySpec{{first, Counted, 1, flags}}
}

// targetAndCountedKeys is a key that is written, the number of those that it is made of, and these.
func targetAndCountedKeys(target, sources string) []KeySpec {
	return []KeySpec{{1, 0, 1, target}, {2, Counted, 1, sources}}
}

// AppendKeys appends the keys among args to dst.
func (r *Row) AppendKeys(dst, args [][]byte) [][]byte {
	for i := range r.Keys {
		first, last, step := r.Keys[i].bounds(args)
		for at := first; at <= last && at < len(args); at += step {
			dst = append(dst, args[at])
		}
	}
	if r.MoreKeys != nil {
		dst = r.MoreKeys(dst, args)
	}
	return dst
}

// bounds are where the first and the last key are among args. A wrong number of keys, which the
// handler refuses, makes none.
func (k *KeySpec) bounds(args [][]byte) (first, last, step int) {
	switch {
	case k.Last == Unknown, k.Last == AfterStore, k.Last == AfterStoreDist, k.Last == AfterStreams:
		return 1, 0, 1
	case k.Last == Counted:
		if k.First >= len(args) {
			return 1, 0, 1
		}
		n := leadingInt(args[k.First])
		if n < 1 || n > int64(len(args)-k.First-1) {
			return 1, 0, 1
		}
		return k.First + 1, k.First + int(n)*k.Step, k.Step
	case k.Last < 0:
		return k.First, len(args) + k.Last, k.Step
	}
	return k.First, k.First + k.Last, k.Step
}

// leadingInt reads the digits at the beginning, as Redis does here: whether that is all of a number is for the handler.
func leadingInt(text []byte) (n int64) {
	text = bytes.TrimPrefix(bytes.TrimLeft(text, " \t\n\v\f\r"), []byte("+"))
	for _, c := range text {
		if c < '0' || c > '9' || n > math.MaxInt32 {
			break
		}
		n = 10*n + int64(c-'0')
	}
	return n
}

// miscounts says whether args has not as many keys as it says, or ends before some keys begin.
func (r *Row) miscounts(args [][]byte) bool {
	return slices.ContainsFunc(r.Keys, func(k KeySpec) bool {
		if k.Last == AfterStreams {
			return len(r.MoreKeys(nil, args)) == 0
		}
		first, last, _ := k.bounds(args)
		return first > last && (k.Last == Counted || !k.searched())
	})
}

// movable says whether COMMAND INFO's legacy fields leave out keys.
func (r *Row) movable() bool {
	return slices.ContainsFunc(r.Keys, func(k KeySpec) bool { return k.searched() })
}

// keyRange is the first key, last key and step of the legacy fields of COMMAND INFO: those of all key
// specs that are ranges.
func (r *Row) keyRange() (first, last, step int) {
	for _, k := range r.Keys {
		if k.searched() {
			continue
		}
		if first == 0 {
			first, step = k.First, k.Step
		}
		if last = k.Last; last >= 0 {
			last += k.First
		}
	}
	return first, last, step
}

// IsLong says whether a call may take long, or wait for something.
func (r *Row) IsLong(args [][]byte) bool {
	return r.Flags&Long != 0 || r.LongFor != nil && r.LongFor(args)
}

// AcceptsArity says whether a call with n arguments, the name included, has the right number.
func (r *Row) AcceptsArity(n int) bool {
	return n == r.Arity || r.Arity < 0 && n >= -r.Arity
}

// categoryOrder is the order in which Redis lists ACL categories.
var categoryOrder = []string{
	"keyspace", "read", "write", "set", "sortedset", "list", "hash", "string", "bitmap", "hyperloglog", "geo", "stream", "pubsub",
	"admin", "fast", "slow", "blocking", "dangerous", "connection", "transaction", "scripting",
}

// ACLCategories lists the row's categories, with those that Redis derives from the flags.
func (r *Row) ACLCategories() []string {
	var names []string
	add := func(when bool, more ...string) {
		if when {
			names = append(names, more...)
		}
	}
	add(r.Flags&Write != 0, "write")
	add(r.Flags&Readonly != 0 && r.Group != "scripting", "read")
	add(r.Flags&Admin != 0, "admin", "dangerous")
	add(r.Flags&PubSub != 0, "pubsub")
	add(r.Flags&Fast != 0, "fast")
	add(r.Flags&Blocking != 0, "blocking")
	add(r.Flags&Fast == 0, "slow")
	for _, c := range strings.Fields(r.Categories) {
		add(!slices.Contains(names, c), c)
	}
	slices.SortFunc(names, func(a, b string) int {
		return slices.Index(categoryOrder, a) - slices.Index(categoryOrder, b)
	})
	return names
}
