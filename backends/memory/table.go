package memory

import (
	"math/rand/v2"
	"sync/atomic"

	"switchyard/backends"
)

// table holds one shard's keys of one database: a hash table with chains, whose buckets are ranges
// of the place in ascending order. So a table that doubles or halves keeps its order, and a SCAN cursor is
// simply the first place not visited yet.
//
// The shard's lock guards all of it; the counters can be read without.
type table struct {
	buckets []*entry // a power of two of them, or none
	shift   uint8    // a place's bucket is place >> shift
	heap    volatile
	fields  dueHeap // hashes whose fields have deadlines (hash_expire.go)
	used    int64   // bytes, as size.go counts them

	keys        atomic.Int64
	expires     atomic.Int64
	timedFields atomic.Int64 // the length of fields
}

const (
	firstBuckets = 4
	placeBits    = 32
	sparse       = 8 // a table with fewer than one key in so many buckets is halved
)

func (t *table) find(place uint32, key []byte) *entry {
	if len(t.buckets) == 0 {
		return nil
	}
	e := t.buckets[place>>t.shift]
	for e != nil && !e.is(place, key) {
		e = e.next
	}
	return e
}

// link adds an entry whose key is not there yet.
func (t *table) link(e *entry) {
	if n := t.keys.Add(1); n > int64(len(t.buckets)) {
		t.resize(max(firstBuckets, 2*len(t.buckets)))
	}
	head := &t.buckets[e.place>>t.shift]
	e.next, *head = *head, e
}

// unlink takes out an entry that is there.
func (t *table) unlink(e *entry) {
	at := &t.buckets[e.place>>t.shift]
	for *at != e {
		at = &(*at).next
	}
	*at, e.next = e.next, nil
	if n := t.keys.Add(-1); len(t.buckets) > firstBuckets && n < int64(len(t.buckets)/sparse) {
		t.resize(len(t.buckets) / 2)
	}
}

// resize moves all entries to n buckets at once: a shard is small enough that nobody notices.
func (t *table) resize(n int) {
	old := t.buckets
	t.buckets = make([]*entry, n)
	t.shift = placeBits
	for ; n > 1; n /= 2 {
		t.shift--
	}
	for _, e := range old {
		for e != nil {
			next := e.next
			head := &t.buckets[e.place>>t.shift]
			e.next, *head = *head, e
			e = next
		}
	}
	t.used += bucketBytes * int64(len(t.buckets)-len(old))
}

// scan visits whole buckets, starting at the one of place from and without the entries before from, until
// it has visited count. It returns the first place not visited; 1<<placeBits at the end.
func (t *table) scan(from uint64, count int, visit func(*entry)) (next uint64) {
	if len(t.buckets) == 0 {
		return 1 << placeBits
	}
	for b := from >> t.shift; b < uint64(len(t.buckets)); b++ {
		if count <= 0 {
			return b << t.shift
		}
		for e := t.buckets[b]; e != nil; e = e.next {
			if uint64(e.place) >= from {
				visit(e)
				count--
			}
		}
	}
	return 1 << placeBits
}

// random returns an entry, each with the same chance as long as no chain is longer than the
// longest expected; nil when the draw missed, and for an empty table.
func (t *table) random() *entry {
	const longest = 8
	if len(t.buckets) == 0 {
		return nil
	}
	e := t.buckets[rand.IntN(len(t.buckets))]
	for skip := rand.IntN(longest); skip > 0 && e != nil; skip-- {
		e = e.next
	}
	return e
}

// deadline is when e expires in Unix milliseconds; 0: never.
func (t *table) deadline(e *entry) int64 {
	if e.heap == 0 {
		return 0
	}
	return t.heap[e.heap-1].at
}

// setDeadline changes when e expires; 0: never.
func (t *table) setDeadline(e *entry, at int64) {
	before := cap(t.heap)
	switch {
	case at == 0 && e.heap == 0:
		return
	case at == 0:
		t.heap.remove(e)
	case e.heap == 0:
		t.heap.add(e, at)
	default:
		t.heap.change(e, at)
	}
	t.expires.Store(int64(len(t.heap)))
	t.used += deadlineBytes * int64(cap(t.heap)-before)
}

// absent says whether e, although it is in the table, is no key any more.
func (t *table) absent(e *entry, now int64) bool { return t.expired(e, now) || e.spent(now) }

// cause says why e, which is absent, is no key any more.
func (t *table) cause(e *entry, now int64) backends.Reason {
	if t.expired(e, now) {
		return backends.Expired
	}
	return backends.HashExpired
}

func (t *table) expired(e *entry, now int64) bool {
	return e.heap != 0 && t.heap[e.heap-1].at <= now
}
