package switching

import (
	"hash/maphash"
	"sync"
	"sync/atomic"
)

// Tracker knows which keys may differ between the source and the target. It is exact about single
// keys up to a bound of memory, and beyond it says that everything differs.
//
// What dispatch must do, while a Tracker is installed, for every command that may write, whatever
// its outcome (a failed command may have written before it failed):
//
//  1. enter the session's gate,
//  2. execute the command until its effects are visible to others (for a Forwarder: until its
//     reply has come, or can come no more),
//  3. load the pointer to the installed Tracker, not earlier, and mark what the command touched,
//  4. leave the gate.
//
// Why nothing is lost in this order: a round takes the marks first and reads the keys afterwards.
// A write whose mark it took was visible before it was marked, so the round reads it. A write that
// the round did not see is marked after the marks were taken, and belongs to the next round. When
// the gate is closed no command is between 2 and 3, so the last round is complete. Marking before
// the execution would lose a write: a round could take the mark and read the key in between. And a
// command that found no Tracker in step 3 had already written when the Tracker was installed,
// which is before anything was copied.
//
// All methods may be called from many goroutines at once.
type Tracker struct {
	seed   maphash.Seed
	limit  int64        // of bytes
	bytes  atomic.Int64 // about what the keys take
	count  atomic.Int64 // of the keys
	all    atomic.Bool
	shards [64]shard

	mu  sync.Mutex
	dbs map[int]bool // databases of which every key is marked
	any atomic.Bool  // dbs is not empty
}

type shard struct {
	mu   sync.Mutex
	keys map[id]struct{}
	_    [48]byte // a cache line for each
}

type id struct {
	db  int
	key string
}

// idBytes is about what a mark takes beside its key.
const idBytes = 64

// NewTracker returns a Tracker that keeps marks of about limit bytes.
func NewTracker(limit int64) *Tracker {
	return &Tracker{seed: maphash.MakeSeed(), limit: limit, dbs: map[int]bool{}}
}

// Mark says that keys were written. The keys are copied.
func (t *Tracker) Mark(db int, keys [][]byte) {
	for _, key := range keys {
		// A mark on everything that is still to be taken covers this one as well.
		if t.all.Load() {
			return
		}
		t.mark(db, key)
	}
}

func (t *Tracker) mark(db int, key []byte) {
	s := &t.shards[maphash.Bytes(t.seed, key)%uint64(len(t.shards))]
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, known := s.keys[id{db, string(key)}]; known {
		return
	}
	if s.keys == nil {
		s.keys = map[id]struct{}{}
	}
	s.keys[id{db, string(key)}] = struct{}{}
	t.count.Add(1)
	if t.bytes.Add(int64(len(key)+idBytes)) > t.limit {
		t.all.Store(true)
	}
}

// MarkDB says that any key of a database may have changed, as after FLUSHDB.
func (t *Tracker) MarkDB(db int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.dbs[db] = true
	t.any.Store(true)
}

// MarkAll says that any key may have changed, as after FLUSHALL and SWAPDB.
func (t *Tracker) MarkAll() { t.all.Store(true) }

// whole says whether a database as a whole is marked.
func (t *Tracker) whole() bool { return t.all.Load() || t.any.Load() }

// crowded says that the marks should be taken soon, before they become too many.
func (t *Tracker) crowded() bool { return t.bytes.Load() > t.limit/2 }

// take returns all marks and removes them. A mark that is made meanwhile is in this result or in
// the next.
func (t *Tracker) take() dirty {
	d := dirty{keys: map[int][][]byte{}, dbs: map[int]bool{}}
	d.all = t.all.Swap(false)
	t.mu.Lock()
	d.dbs, t.dbs = t.dbs, map[int]bool{}
	t.any.Store(false)
	t.mu.Unlock()
	for i := range t.shards {
		s := &t.shards[i]
		s.mu.Lock()
		keys := s.keys
		s.keys = nil
		s.mu.Unlock()
		for k := range keys {
			t.bytes.Add(-int64(len(k.key) + idBytes))
			if !d.all && !d.dbs[k.db] {
				d.keys[k.db] = append(d.keys[k.db], []byte(k.key))
			}
		}
		t.count.Add(-int64(len(keys)))
	}
	return d
}

// dirty is a set of keys to be copied.
type dirty struct {
	all  bool
	dbs  map[int]bool     // whole databases
	keys map[int][][]byte // single keys, by database
}

func (d dirty) whole() bool { return d.all || len(d.dbs) > 0 }

// len counts the single keys.
func (d dirty) len() (n int) {
	for _, keys := range d.keys {
		n += len(keys)
	}
	return n
}

// plus is the union. A key may be twice in it.
func (d dirty) plus(other dirty) dirty {
	sum := dirty{all: d.all || other.all, dbs: map[int]bool{}, keys: map[int][][]byte{}}
	for _, part := range []dirty{d, other} {
		for db := range part.dbs {
			sum.dbs[db] = true
		}
		for db, keys := range part.keys {
			sum.keys[db] = append(sum.keys[db], keys...)
		}
	}
	return sum
}

// has says whether the whole database is in d.
func (d dirty) has(db int) bool { return d.all || d.dbs[db] }
