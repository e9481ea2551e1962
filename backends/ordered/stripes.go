package ordered

import (
	"math/bits"
	"sync"
	"sync/atomic"

	"switchyard/backends"
)

// Transactions exclude each other by the stripes of their keys: a writer has them for itself, readers share. A walk over
// a database needs none, because it reads a view, and a reader that may run again looks at their versions
// instead (look.go).
//
// Only who has wide, which is one transaction at a time, waits for a stripe while it holds another: all others let go of
// what they hold first. So nobody who waits for wide, or for a stripe without it, holds what its owner needs, and a
// script can turn to one key after the other.

const stripeCount = 1024

type stripes struct {
	of   [stripeCount]stripe
	wide sync.Mutex
}

type stripe struct {
	sync.RWMutex
	version atomic.Uint32 // odd while a writer has the stripe
}

func (s *stripe) Lock() {
	s.RWMutex.Lock()
	s.version.Add(1)
}

func (s *stripe) TryLock() bool {
	ok := s.RWMutex.TryLock()
	if ok {
		s.version.Add(1)
	}
	return ok
}

func (s *stripe) Unlock() {
	s.version.Add(1)
	s.RWMutex.Unlock()
}

// versions appends the versions of the stripes of a set to list; not free: a writer has one of them.
func (s *stripes) versions(set *stripeSet, list []uint32) (versions []uint32, free bool) {
	free = true
	set.each(func(i int) {
		v := s.of[i].version.Load()
		free = free && v&1 == 0
		list = append(list, v)
	})
	return list, free
}

// unchanged says whether the stripes of a set still have these versions.
func (s *stripes) unchanged(set *stripeSet, versions []uint32) (same bool) {
	same = true
	set.each(func(i int) {
		same = same && s.of[i].version.Load() == versions[0]
		versions = versions[1:]
	})
	return same
}

// stripeSet is a set of stripes. A single one, which nearly every command has, is kept as a number.
type stripeSet struct {
	all  bool
	wide bool // with stripes.wide
	one  int  // 1 + its number; 0: see many
	many []uint64
}

func stripeOf(hash uint64) int { return int(hash % stripeCount) }

func (s *stripeSet) has(i int) bool {
	return s.all || s.one == i+1 || s.many != nil && s.many[i/64]>>(i%64)&1 != 0
}

func (s *stripeSet) empty() bool { return !s.all && s.one == 0 && s.many == nil }

func (s *stripeSet) each(fn func(i int)) {
	switch {
	case s.all:
		for i := range stripeCount {
			fn(i)
		}
	case s.one != 0:
		fn(s.one - 1)
	}
	for w, word := range s.many {
		for ; word != 0; word &= word - 1 {
			fn(w*64 + bits.TrailingZeros64(word))
		}
	}
}

func (s *stripeSet) add(i int) {
	s.many[i/64] |= 1 << (i % 64)
}

func stripesOf(a *backends.Access) (s stripeSet) {
	switch {
	case a.All:
		s.all = true
	case len(a.Keys) == 1 && !a.Open:
		s.one = 1 + stripeOf(hashOf(a.Keys[0]))
	case len(a.Keys) > 1 || a.Open:
		s.many = make([]uint64, stripeCount/64)
		for _, key := range a.Keys {
			s.add(stripeOf(hashOf(key)))
		}
	}
	return s
}

// lock locks the stripes of a transaction; false: that would have waited, and must not.
func (s *stripes) lock(a *backends.Access) (held stripeSet, ok bool) {
	held = stripesOf(a)
	switch {
	case a.Brief:
		return held, s.tryLock(&held, a.Write)
	case held.one != 0:
		s.of[held.one-1].take(a.Write)
	case a.All || a.Open:
		s.lockWide(&held, a.Write)
	case !s.tryLock(&held, a.Write):
		s.lockWide(&held, a.Write)
		held.wide = false
		s.wide.Unlock()
	}
	return held, true
}

// lockWide locks wide and then all of held.
func (s *stripes) lockWide(held *stripeSet, write bool) {
	s.wide.Lock()
	held.wide = true
	held.each(func(i int) { s.of[i].take(write) })
}

// extend adds a stripe to those of a transaction that is open.
func (s *stripes) extend(held *stripeSet, i int, write bool) {
	s.of[i].take(write)
	held.add(i)
}

// extendAll adds all.
func (s *stripes) extendAll(held *stripeSet, write bool) {
	for i := range s.of {
		if !held.has(i) {
			s.extend(held, i, write)
		}
	}
	held.all, held.many = true, nil
}

func (s *stripe) take(write bool) {
	if write {
		s.Lock()
	} else {
		s.RLock()
	}
}

func (s *stripe) tryTake(write bool) bool {
	if write {
		return s.TryLock()
	}
	return s.TryRLock()
}

func (s *stripe) release(write bool) {
	if write {
		s.Unlock()
	} else {
		s.RUnlock()
	}
}

// tryLock locks all of held or nothing.
func (s *stripes) tryLock(held *stripeSet, write bool) (ok bool) {
	locked, ok := 0, true
	held.each(func(i int) {
		if ok = ok && s.of[i].tryTake(write); ok {
			locked++
		}
	})
	if ok {
		return true
	}
	held.each(func(i int) {
		if locked--; locked >= 0 {
			s.of[i].release(write)
		}
	})
	return false
}

func (s *stripes) unlock(held *stripeSet, write bool) {
	held.each(func(i int) { s.of[i].release(write) })
	if held.wide {
		s.wide.Unlock()
	}
}
