package ordered

import (
	"math/bits"
	"sync"
	"sync/atomic"

	"switchyard/backends"
)

// Transactions exclude each other by the stripes of their keys, which are locked in ascending
// order: a writer has them for itself, readers share. A walk over a database needs none, because it
// reads a view, and a reader that may run again looks at their versions instead (look.go).

const stripeCount = 1024

type stripes [stripeCount]stripe

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
		v := s[i].version.Load()
		free = free && v&1 == 0
		list = append(list, v)
	})
	return list, free
}

// unchanged says whether the stripes of a set still have these versions.
func (s *stripes) unchanged(set *stripeSet, versions []uint32) (same bool) {
	same = true
	set.each(func(i int) {
		same = same && s[i].version.Load() == versions[0]
		versions = versions[1:]
	})
	return same
}

// stripeSet is a set of stripes. A single one, which nearly every command has, is kept as a number.
type stripeSet struct {
	all  bool
	one  int // 1 + its number; 0: see many
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

func stripesOf(a *backends.Access) (s stripeSet) {
	switch {
	case a.All:
		s.all = true
	case len(a.Keys) == 1:
		s.one = 1 + stripeOf(hashOf(a.Keys[0]))
	case len(a.Keys) > 1:
		s.many = make([]uint64, stripeCount/64)
		for _, key := range a.Keys {
			i := stripeOf(hashOf(key))
			s.many[i/64] |= 1 << (i % 64)
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
	case a.Write:
		held.each(func(i int) { s[i].Lock() })
	default:
		held.each(func(i int) { s[i].RLock() })
	}
	return held, true
}

// tryLock locks all of held or nothing.
func (s *stripes) tryLock(held *stripeSet, write bool) (ok bool) {
	locked, ok := 0, true
	held.each(func(i int) {
		switch {
		case !ok:
		case write && s[i].TryLock(), !write && s[i].TryRLock():
			locked++
		default:
			ok = false
		}
	})
	if ok {
		return true
	}
	held.each(func(i int) {
		switch locked--; {
		case locked < 0:
		case write:
			s[i].Unlock()
		default:
			s[i].RUnlock()
		}
	})
	return false
}

func (s *stripes) unlock(held *stripeSet, write bool) {
	if write {
		held.each(func(i int) { s[i].Unlock() })
	} else {
		held.each(func(i int) { s[i].RUnlock() })
	}
}
