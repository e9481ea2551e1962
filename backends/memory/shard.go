package memory

import (
	"sync"
	"sync/atomic"

	"switchyard/backends"
)

const (
	shardBits  = 7
	shardCount = 1 << shardBits
	shardShift = 64 - shardBits
	placeShift = shardShift - placeBits
)

// shard is one part of the hash space in all databases.
type shard struct {
	mu     sync.Mutex
	number int
	tables []atomic.Pointer[table] // by database; nil: no keys. Written with mu held
	tx     *transaction            // for transactions on one key, so that they allocate nothing
	parked bool                    // guarded by Engine.parking, see lock.go

	used                          atomic.Int64
	hits, misses, expired, evicts atomic.Int64
}

func (s *shard) open(e *Engine, i int) {
	s.number = i
	s.tables = make([]atomic.Pointer[table], e.databases)
	s.tx = newTransaction(e)
	s.tx.held.add(i)
}

// grown adds to the shard's count what t has grown since it used before bytes.
func (s *shard) grown(t *table, before int64) {
	if n := t.used - before; n != 0 {
		s.used.Add(n)
	}
}

// insert adds an entry with the key, which is not there yet, and without a value.
func (s *shard) insert(db int, place uint32, key []byte) (*table, *entry) {
	t := s.tables[db].Load()
	if t == nil {
		t = new(table)
		s.tables[db].Store(t)
	}
	before := t.used
	e := newEntry(place, key)
	t.link(e)
	t.used += e.size()
	s.grown(t, before)
	return t, e
}

func (s *shard) remove(t *table, e *entry) {
	before := t.used
	t.setDeadline(e, 0)
	t.unlink(e)
	t.used -= e.size()
	s.grown(t, before)
}

// resized counts that a value has grown by n bytes.
func (s *shard) resized(t *table, n int64) {
	if n != 0 {
		t.used += n
		s.used.Add(n)
	}
}

func (s *shard) setDeadline(t *table, e *entry, at int64) {
	before := t.used
	t.setDeadline(e, at)
	s.grown(t, before)
}

// replace puts another table, or nil, in the place of a database's and returns the old one.
func (s *shard) replace(db int, t *table) (old *table) {
	old = s.tables[db].Swap(t)
	s.used.Add(t.bytes() - old.bytes())
	return old
}

func (t *table) bytes() int64 {
	if t == nil {
		return 0
	}
	return t.used
}

// drop removes what the engine removes by itself, and reports it.
func (s *shard) drop(en *Engine, db int, e *entry, why backends.Reason) {
	s.remove(s.tables[db].Load(), e)
	if why == backends.Evicted {
		s.evicts.Add(1)
	} else {
		s.expired.Add(1)
	}
	en.report(db, e, why)
}

// report says what the engine has removed by itself.
func (en *Engine) report(db int, e *entry, why backends.Reason) {
	if fn := en.onRemove.Load(); fn != nil {
		(*fn)(db, e.key(), why)
	}
}
