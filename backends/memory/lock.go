package memory

import (
	"math/bits"
	"runtime"
	"time"

	"switchyard/backends"
)

// Lock order: Engine.wide, then shards in any order. Only who has wide, which is one transaction at a time, waits for a shard
// while it holds another: all others let go of what they hold first. So nobody who waits for wide, or for a shard
// without it, holds what its owner needs, and a script can turn to one key after the other. All that wait do
// so in this file. Inside a shard's lock nothing else is locked but Engine.parking.
//
// One case does not fit: a transaction that holds keys and then scans (a script, a queue of MULTI) needs to look into shards
// that others hold, which may scan as well, or have wide. So whoever waits while holding shards parks them
// first. It changes nothing in them until it goes on, and a scan may look into a parked shard without its lock. What
// it may see there is half of another transaction, which a walk over all keys never promised to hide.

// shardSet is a set of shard numbers.
type shardSet [shardCount / 64]uint64

func (s *shardSet) add(i int)      { s[i/64] |= 1 << (i % 64) }
func (s *shardSet) has(i int) bool { return s[i/64]>>(i%64)&1 != 0 }
func (s *shardSet) empty() bool    { return *s == shardSet{} }
func (s *shardSet) fill() {
	for w := range s {
		s[w] = ^uint64(0)
	}
}

// each calls fn with the members in ascending order.
func (s *shardSet) each(fn func(i int)) {
	for w, word := range s {
		for ; word != 0; word &= word - 1 {
			fn(w*64 + bits.TrailingZeros64(word))
		}
	}
}

// lockShard waits for a shard that is locked; false: it may be so for any time, and the transaction must be brief.
func (e *Engine) lockShard(s *shard, a *backends.Access) bool {
	if !a.Brief {
		s.mu.Lock()
		return true
	}
	for n := 0; ; n++ {
		switch {
		case s.mu.TryLock():
			return true
		case e.slow.Load() > 0:
			return false
		case n > spins:
			runtime.Gosched()
		}
	}
}

// spins is how often who must be brief looks for a shard before it lets others run: most have one for less
// than a microsecond.
const spins = 30

// lockRounds is how often a transaction begins anew with the shard that it did not get.
const lockRounds = 4

// lock locks the shards of want; false: it does not, because that might take any time, and must not.
func (t *transaction) lock(want *shardSet) (ok bool) {
	if t.a.All || t.a.Open {
		return t.lockWide(want)
	}
	for range lockRounds {
		busy := t.tryLock(want)
		if busy == nil {
			return true
		}
		t.unlock()
		if !t.e.lockShard(busy, t.a) {
			return false
		}
		t.held.add(busy.number)
	}
	if t.tryLock(want) == nil {
		return true
	}
	t.unlock()
	if !t.lockWide(want) {
		return false
	}
	t.wide = false
	t.e.wide.Unlock()
	return true
}

// tryLock locks shards until one is not to be had at once, and returns that.
func (t *transaction) tryLock(want *shardSet) (busy *shard) {
	want.each(func(i int) {
		switch s := &t.e.shards[i]; {
		case busy != nil, t.held.has(i):
		case s.mu.TryLock():
			t.held.add(i)
		default:
			busy = s
		}
	})
	return busy
}

// lockWide is lock that takes Engine.wide first.
func (t *transaction) lockWide(want *shardSet) bool {
	if t.a.Brief {
		t.wide = t.e.wide.TryLock()
	} else {
		t.e.wide.Lock()
		t.wide = true
	}
	ok := t.wide
	want.each(func(i int) { ok = ok && t.take(i) })
	return ok
}

// take locks one more shard.
func (t *transaction) take(i int) (ok bool) {
	s := &t.e.shards[i]
	if ok = t.held.has(i) || s.mu.TryLock(); !ok {
		t.park(true)
		ok = t.e.lockShard(s, t.a)
		t.park(false)
	}
	if ok {
		t.held.add(i)
	}
	return ok
}

// extend takes a shard that the Access of the transaction did not name.
func (t *transaction) extend(i int) {
	if !t.a.Open {
		panic("memory: a transaction touches a key that its Access does not name")
	}
	t.take(i)
}

// extendAll takes all shards.
func (t *transaction) extendAll() {
	for i := range t.e.shards {
		if !t.held.has(i) {
			t.extend(i)
		}
	}
}

// unlock lets go of all that the transaction holds.
func (t *transaction) unlock() {
	t.held.each(func(i int) { t.e.shards[i].mu.Unlock() })
	t.held = shardSet{}
	if t.wide {
		t.wide = false
		t.e.wide.Unlock()
	}
}

// park says whether others may look into the shards that t holds.
func (t *transaction) park(parked bool) {
	if t.held.empty() {
		return
	}
	t.e.parking.Lock()
	defer t.e.parking.Unlock()
	t.held.each(func(i int) { t.e.shards[i].parked = parked })
}

// visit runs look while nobody changes shard i. look must not change it either. It does nothing where that might take
// any time, and must not.
func (t *transaction) visit(i int, look func(*shard)) {
	s := &t.e.shards[i]
	switch {
	case t.held.has(i):
		look(s)
	case t.held.empty():
		if t.refused = t.refused || !t.e.lockShard(s, t.a); t.refused {
			return
		}
		defer s.mu.Unlock()
		look(s)
	default:
		t.park(true)
		defer t.park(false)
		for pause := time.Microsecond; !t.glance(s, look); pause = min(2*pause, time.Millisecond) {
			time.Sleep(pause)
		}
	}
}

// glance runs look if the shard is free or parked at this moment, and says whether it did.
func (t *transaction) glance(s *shard, look func(*shard)) bool {
	t.e.parking.Lock()
	defer t.e.parking.Unlock()
	if s.mu.TryLock() {
		defer s.mu.Unlock()
	} else if !s.parked {
		return false
	}
	look(s)
	return true
}
