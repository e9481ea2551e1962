package ordered

import (
	"bytes"
	"errors"
	"fmt"

	"switchyard/backends"
)

// transaction is what the views of one transaction share.
type transaction struct {
	change
	backends.Lengths
	e       *Engine
	a       *backends.Access
	held    *stripeSet
	root    tx
	now     *spaces // as this transaction sees them
	view    *view   // nil until something needs more than single keys
	newest  *group  // of those that anything read is in; nil: all is durable
	err     error   // the first of the store; it ends the transaction
	running bool    // its body runs

	// Of a transaction without locks (look.go):
	optimistic bool     // it reads what may change
	frozen     bool     // it reads its view
	seen       []uint32 // the versions of its stripes
	reads      int
	fresh      []Op // what came from the store

	// changes counts writes: what was looked up before is looked up again.
	changes uint64
	last    found // the key looked up last, which most commands come back to
	due     int64 // the earliest deadline set; 0: none
	dropped []dropped

	open  map[string]*collection // by the key of their record
	dirty []*collection          // those that were changed since they were written

	strings views[stringView]
	hashes  views[hashView]
	sets    views[setView]
	lists   views[listView]
	zsets   views[zsetView]
	streams views[streamView]
}

// dropped is a key that was removed because its time had come.
type dropped struct {
	db  int
	key []byte
	why backends.Reason
}

func newTransaction(e *Engine) *transaction {
	t := &transaction{e: e, changes: 1, open: map[string]*collection{}}
	t.root.transaction = t
	return t
}

func (t *transaction) begin(held *stripeSet) {
	t.held = held
	t.root.db = t.a.DB
	t.e.queue.mu.RLock()
	t.now, t.epoch = t.e.queue.spaces, t.e.queue.epoch.Load()
	t.e.queue.mu.RUnlock()
}

// end lets go of everything that the transaction has touched.
func (t *transaction) end() {
	if t.view != nil {
		t.view.release()
	}
	if len(t.open) > keepViews {
		t.open = map[string]*collection{}
	}
	clear(t.open)
	t.strings.end()
	t.hashes.end()
	t.sets.end()
	t.lists.end()
	t.zsets.end()
	t.streams.end()
	t.writes.reset()
	*t = transaction{
		change: change{writes: t.writes}, seen: t.seen[:0], e: t.e, root: t.root, changes: 1, open: t.open,
		strings: t.strings, hashes: t.hashes, sets: t.sets, lists: t.lists, zsets: t.zsets, streams: t.streams,
	}
	t.root.transaction = t
}

// read notes that something was read from g.
func (t *transaction) read(g *group) {
	if g != nil && (t.newest == nil || g.number > t.newest.number) {
		t.newest = g
	}
}

// fail keeps the first error, which ends the body.
func (t *transaction) fail(err error) {
	switch {
	case t.err != nil || err == nil:
	case errors.Is(err, backends.ErrWouldWait):
		t.err = err
	default:
		t.err = fmt.Errorf("%s: %w", t.e.o.Name, err)
	}
	if t.err != nil {
		t.abort()
	}
}

// get reads a record; nil when absent.
func (t *transaction) get(key string) []byte {
	if t.err != nil {
		t.abort() // who calls has survived it
		return nil
	}
	if t.writes.Len() > 0 {
		if v, ok := t.writes.Get(key); ok {
			return v
		}
	}
	if t.optimistic {
		t.recheck()
	}
	if t.frozen {
		v, err := t.view.get(key)
		t.fail(err)
		return v
	}
	if v, number, ok := t.e.cache.get(key, t.epoch); ok {
		t.read(t.e.queue.pending(number))
		return v
	}
	v, from, err := t.e.queue.get(key, t.a.Brief)
	if err != nil {
		t.fail(err)
		return nil
	}
	switch {
	case from != nil:
		t.read(from)
	case !t.optimistic:
		t.e.cache.put(key, v, t.epoch, 0)
	case len(t.fresh) < keepFresh && t.e.cache.caches(key, v):
		t.fresh = append(t.fresh, Op{key, v})
	}
	return v
}

// set writes a record, or deletes it when value is nil. value is the store's from now on.
func (t *transaction) set(key string, value []byte) {
	if t.err != nil {
		return
	}
	if !t.a.Write {
		panic("ordered: a transaction that only reads writes")
	}
	op := Op{key, value}
	if old, replaced := t.writes.Set(key, value); replaced {
		t.size -= Op{key, old}.size()
	}
	t.size += op.size()
	t.changes++
}

// count changes the counts of a space.
func (t *transaction) count(space uint32, d counts) {
	if t.counts == nil {
		t.counts = map[uint32]counts{}
	}
	t.counts[space] = t.counts[space].plus(d)
}

// discard leaves a version or a space to the sweeper.
func (t *transaction) discard(g garbage) {
	t.set(g.key(), present)
	t.garbage = append(t.garbage, g)
}

// snapshot is the view that walks read, which begins with the first of them. A transaction without keys
// locks nothing, so for it the numbers of the databases are those of that moment too.
func (t *transaction) snapshot() *view {
	if t.view == nil && t.a.Brief {
		t.fail(backends.ErrWouldWait)
		t.view = &view{}
	}
	if t.view == nil {
		t.view = t.e.queue.view()
		t.read(t.view.newest)
		if t.optimistic && t.changed() {
			t.abort()
		}
		if t.held.empty() {
			t.now = t.view.spaces
		}
	}
	return t.view
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

func (x *tx) space() uint32 { return x.now.of[x.db] }

// found is a key that was looked up.
type found struct {
	key   []byte
	space uint32
	rk    string // the key of its record
	there bool
	meta  meta
	seen  uint64 // transaction.changes at that time
}

// is says whether f is about a key; it need not know for a long one.
func (f *found) is(space uint32, key []byte) bool {
	return f.rk != "" && f.space == space && len(key) <= maxName && f.rk[nameAt+1:] == string(key)
}

// extend takes a stripe that the Access of the transaction did not name.
func (t *transaction) extend(i int) {
	if !t.a.Open {
		panic("ordered: a transaction touches a key that its Access does not name")
	}
	t.e.stripes.extend(t.held, i, t.a.Write)
}

// locate makes a key the one looked up last, and does not read its record. A key that its Access did not name is a mistake of
// the caller, which would otherwise break the order of transactions, unless the transaction is open.
func (x *tx) locate(key []byte) *found {
	f, space := &x.last, x.space()
	if !f.is(space, key) {
		hash := hashOf(key)
		if i := stripeOf(hash); !x.held.has(i) {
			x.extend(i)
		}
		*f = found{key: key, space: space, rk: recordKey(space, hash, key)}
	}
	return f
}

// find looks a key up. A write removes a key whose time has come.
func (x *tx) find(key []byte) *found {
	f := x.locate(key)
	if c := x.open[f.rk]; c != nil {
		c.write()
	}
	if f.seen == x.changes {
		return f
	}
	*f = found{key: key, space: f.space, rk: f.rk}
	x.load(f)
	if f.there && x.expired(key, &f.meta) {
		if x.a.Write {
			why := backends.HashExpired
			if at := f.meta.deadline; at != 0 && at <= x.a.Now {
				why = backends.Expired
			}
			x.remove(f)
			x.dropped = append(x.dropped, dropped{x.db, bytes.Clone(key), why})
		}
		f.there, f.meta = false, meta{}
	}
	f.seen = x.changes
	return f
}

// load reads the record of a key.
func (x *tx) load(f *found) {
	record := x.get(f.rk)
	if record == nil {
		return
	}
	m, err := decodeMeta(record)
	if err != nil {
		x.fail(fmt.Errorf("key %.64q in database %d: %w", f.key, x.db, err))
		return
	}
	f.there, f.meta = true, m
}

// access is find that counts as a hit or a miss.
func (x *tx) access(key []byte) *found {
	f := x.find(key)
	x.counted(f.there)
	return f
}

// counted counts a hit or a miss.
func (x *tx) counted(hit bool) {
	switch {
	case x.a.Write, x.a.Silent, x.err != nil:
	case hit:
		x.e.hits.Add(1)
	default:
		x.e.misses.Add(1)
	}
}

// remove deletes a key that is there, and leaves what it has elsewhere to the sweeper.
func (x *tx) remove(f *found) {
	x.outdate(f)
	x.set(f.rk, nil)
	d := counts{keys: -1, expires: x.index(tagDeadline, f.meta.deadline, f.rk, nil)}
	x.index(tagFields, f.meta.fields, f.rk, nil)
	x.count(f.space, d)
	if f.meta.name.version != 0 {
		x.discard(garbage{version: f.meta.name.version})
	}
	x.forget(f.meta.outside)
	f.there, f.meta = false, meta{}
}

// forget leaves what a value has outside of its record to the sweeper.
func (t *transaction) forget(p part) {
	if p.version != 0 {
		t.discard(garbage{version: p.version})
	}
}

// put makes m the record of f, whose old value the caller has taken care of.
func (x *tx) put(f *found, m meta) {
	var d counts
	if !f.there {
		d.keys = 1
		if len(f.key) > maxName {
			m.name = x.store(f.key)
		}
	} else {
		m.name = f.meta.name
	}
	x.outdate(f)
	if m.deadline != f.meta.deadline {
		d.expires += x.index(tagDeadline, f.meta.deadline, f.rk, nil) + x.index(tagDeadline, m.deadline, f.rk, present)
	}
	if m.fields != f.meta.fields {
		x.index(tagFields, f.meta.fields, f.rk, nil)
		x.index(tagFields, m.fields, f.rk, present)
	}
	record := m.encode()
	m.body = record[len(record)-len(m.body):]
	x.set(f.rk, record)
	if d != (counts{}) {
		x.count(f.space, d)
	}
	f.there, f.meta, f.seen = true, m, x.changes
}

// index adds a deadline to those that the cleaner looks at, or takes it out, and returns the change
// of the number of keys that have one.
func (x *tx) index(tag byte, at int64, rk string, value []byte) int64 {
	if at == 0 {
		return 0
	}
	x.set(deadlineKey(tag, at, rk), value)
	if value == nil {
		return -1
	}
	if x.due == 0 || at < x.due {
		x.due = at
	}
	return 1
}
