package memory

import (
	"hash/maphash"
	"strconv"
	"unsafe"

	"switchyard/backends"
)

// transaction is what the views of one transaction share.
type transaction struct {
	backends.Lengths
	e       *Engine
	a       *backends.Access
	refused bool // it would have had to wait, and must not
	held    shardSet
	wide    bool // it has Engine.wide
	root    tx

	known     []byte // a key whose hash is known, found again by its address
	knownHash uint64

	digits []byte // texts of integers that views have returned

	// changes counts the keys that were made and removed: a view that has seen fewer looks its
	// key up again before it touches the entry.
	changes uint64

	strings views[stringView]
	hashes  views[hashView]
	sets    views[setView]
	zsets   views[zsetView]
	lists   views[listView]
	streams views[streamView]
	entries fieldReader // of the stream that is being visited
}

func newTransaction(e *Engine) *transaction {
	t := &transaction{e: e}
	t.root.transaction = t
	return t
}

func (t *transaction) begin(a *backends.Access) {
	t.a = a
	t.root.db = a.DB
}

// end lets go of everything that the transaction has touched.
func (t *transaction) end() {
	t.strings.end()
	t.hashes.end()
	t.sets.end()
	t.digits = t.digits[:0]
	t.zsets.end()
	t.lists.end()
	t.streams.end()
	t.entries.end()
	t.a, t.known, t.refused, t.Lengths = nil, nil, false, backends.Lengths{}
}

// text is an integer as text, which is valid until the end of the transaction.
func (t *transaction) text(n int64) []byte {
	from := len(t.digits)
	t.digits = strconv.AppendInt(t.digits, n, 10)
	return t.digits[from:len(t.digits):len(t.digits)]
}

// tx is a transaction in one database.
type tx struct {
	*transaction
	db int
}

var _ backends.Tx = (*tx)(nil)

// In implements backends.Tx.
func (x *tx) In(db int) backends.Tx { return x.in(db) }

func (x *tx) in(db int) *tx {
	if db == x.db {
		return x
	}
	return &tx{x.transaction, db}
}

// locate finds where a key belongs. A key that its Access did not name is a mistake of the caller,
// which would otherwise be a data race, unless the transaction is open.
func (x *tx) locate(key []byte) (s *shard, place uint32) {
	h := x.knownHash
	if len(key) != len(x.known) || unsafe.SliceData(key) != unsafe.SliceData(x.known) || x.known == nil {
		h = maphash.Bytes(x.e.seed, key)
	}
	i := int(h >> shardShift)
	if !x.held.has(i) {
		x.extend(i)
	}
	return &x.e.shards[i], uint32(h >> placeShift)
}

// found is a key that is there.
type found struct {
	s *shard
	t *table
	e *entry
}

// find returns the key's entry, nil when absent. A write removes a key whose time has come.
func (x *tx) find(key []byte) (f found) {
	s, place := x.locate(key)
	t := s.tables[x.db].Load()
	if t == nil {
		return found{}
	}
	e := t.find(place, key)
	if e == nil {
		return found{}
	}
	if t.absent(e, x.a.Now) {
		if x.a.Write {
			s.drop(x.e, x.db, e, t.cause(e, x.a.Now))
			x.changes++
		}
		return found{}
	}
	return found{s, t, e}
}

// access is find that counts: as a hit or a miss, and as a use of the key.
func (x *tx) access(key []byte) found {
	f := x.find(key)
	if f.e != nil && !x.a.NoTouch {
		x.e.use(f.e, x.a.Now)
	}
	if x.a.Write || x.a.Silent {
		return f
	}
	if f.e != nil {
		f.s.hits.Add(1)
	} else {
		s, _ := x.locate(key)
		s.misses.Add(1)
	}
	return f
}

// replaced adds a key without a value, in the place of what is there.
func (x *tx) replaced(key []byte) found {
	if old := x.find(key); old.e != nil {
		x.remove(old)
	}
	s, place := x.locate(key)
	t, e := s.insert(x.db, place, key)
	x.e.born(e, x.a.Now)
	x.changes++
	return found{s, t, e}
}

// Type implements backends.Keyspace.
func (x *tx) Type(key []byte) backends.Type {
	if f := x.find(key); f.e != nil {
		return f.e.kind()
	}
	return backends.None
}

// Encoding implements backends.Keyspace.
func (x *tx) Encoding(key []byte) string {
	f := x.find(key)
	switch {
	case f.e == nil:
		return ""
	case f.e.kind() == backends.StringType:
		return f.e.form().Encoding(f.e.str())
	}
	return f.e.object().encoding()
}

// Use implements backends.Keyspace.
func (x *tx) Use(key []byte) (u backends.Use, ok bool) {
	f := x.find(key)
	if f.e == nil {
		return u, false
	}
	u.Bytes = f.e.size() + bucketBytes
	u.Shared = f.e.kind() == backends.StringType && f.e.form() == backends.Shortest
	if u.Counted = policy(x.e.policy.Load()).lfu(); u.Counted {
		u.Frequency = int64(frequency(f.e.usage&usageMask, x.a.Now))
	} else {
		u.Idle = int64(idle(f.e.usage&usageMask, x.a.Now))
	}
	return u, true
}

// Touch implements backends.Keyspace.
func (x *tx) Touch(key []byte) bool {
	f := x.access(key)
	if f.e != nil && x.a.NoTouch {
		x.e.use(f.e, x.a.Now)
	}
	return f.e != nil
}

// SetUse implements backends.Keyspace.
func (x *tx) SetUse(key []byte, idle, frequency int64) {
	f := x.find(key)
	switch counted := policy(x.e.policy.Load()).lfu(); {
	case f.e == nil:
	case counted && frequency >= 0:
		f.e.setUsage(minutes(x.a.Now)<<8 | uint32(frequency))
	case !counted && idle >= 0:
		f.e.setUsage(uint32(x.a.Now/1000 - idle%(usageMask+1)))
	}
}

// Expiry implements backends.Keyspace.
func (x *tx) Expiry(key []byte) int64 {
	if f := x.find(key); f.e != nil {
		return f.t.deadline(f.e)
	}
	return 0
}

// SetExpiry implements backends.Keyspace.
func (x *tx) SetExpiry(key []byte, at int64) {
	switch f := x.find(key); {
	case f.e == nil:
	case at != 0 && at <= x.a.Now:
		x.remove(f)
	default:
		f.s.setDeadline(f.t, f.e, at)
	}
}

// Delete implements backends.Keyspace.
func (x *tx) Delete(key []byte) bool {
	f := x.find(key)
	if f.e == nil {
		return false
	}
	x.remove(f)
	return true
}

func (x *tx) remove(f found) {
	f.s.remove(f.t, f.e)
	x.changes++
}

// Move implements backends.Keyspace.
func (x *tx) Move(from []byte, db int, to []byte) {
	if f, made, moved := x.transfer(from, db, to); moved {
		x.remove(f)
		made.moved()
	}
}

// Copy implements backends.Keyspace.
func (x *tx) Copy(from []byte, db int, to []byte) {
	if _, made, moved := x.transfer(from, db, to); moved {
		before := made.e.size()
		made.e.unshare()
		made.s.resized(made.t, made.e.size()-before)
		made.moved()
	}
}

// transfer makes the key to with the value and the expiry of from, and returns both. For the
// moment the two share the value.
func (x *tx) transfer(from []byte, db int, to []byte) (f, made found, ok bool) {
	if f = x.find(from); f.e == nil || db == x.db && string(from) == string(to) {
		return f, made, false
	}
	made = x.in(db).replaced(to)
	before := made.e.size()
	made.e.take(f.e)
	made.s.resized(made.t, made.e.size()-before)
	made.s.setDeadline(made.t, made.e, f.t.deadline(f.e))
	return f, made, true
}
