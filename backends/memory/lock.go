package memory

import (
	"math/bits"
	"runtime"
	"time"

	"switchyard/backends"
)

// Lock order: shards are locked by ascending number, and whoever holds one waits for another only
// in this file. Inside a shard's lock nothing else is locked but Engine.parking.
//
// One case does not fit the order: a transaction that holds keys and then scans (a script, a
// queue of MULTI) needs shards below those it holds, and two such transactions could wait for each other for
// ever. So whoever waits while holding shards parks them first. It changes nothing in them until
// it goes on, and a scan may look into a parked shard without its lock. What it may see there is
// half of another transaction, which a walk over all keys never promised to hide.

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

// lock locks the shards of want; false: none, because that might take any time, and must not.
func (t *transaction) lock(want *shardSet) (ok bool) {
	ok = true
	want.each(func(i int) {
		s := &t.e.shards[i]
		if ok && !s.mu.TryLock() {
			t.park(true)
			ok = t.e.lockShard(s, t.a)
			t.park(false)
		}
		if ok {
			t.held.add(i)
		}
	})
	return ok
}

func (t *transaction) unlock() {
	t.held.each(func(i int) { t.e.shards[i].mu.Unlock() })
	t.held = shardSet{}
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
