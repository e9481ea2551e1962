// Package wait knows who waits for which keys, in the order in which they came. It knows neither what a waiter is nor
// what it waits for: a key has changed, and those who wait for it are visited, first come first.
//
// Whoever may miss a change registers while it holds the key, so that the change comes after. As long as nobody waits
// at all, asking costs a look at one number.
package wait

import (
	"container/list"
	"hash/maphash"
	"sync"
	"sync/atomic"
)

// Registry holds the waiters of all keys. The keys are spread over shards, each with a lock of its own, of which
// no call takes two at once.
type Registry[T any] struct {
	waiters atomic.Int64
	seed    maphash.Seed
	shards  [shardCount]shard[T]
}

const shardCount = 64

type shard[T any] struct {
	mu     sync.Mutex
	number uint64 // of the place given out last
	lines  map[Key]*list.List
}

// Key is a key of a database.
type Key struct {
	DB   int
	Name string
}

// Waiter is somebody who waits for some keys. It is registered once and removed once.
type Waiter[T any] struct {
	Value  T
	places []*list.Element // of *place[T]
}

// place is a waiter's in the line of one key.
type place[T any] struct {
	key    Key
	number uint64 // they ascend along a line
	left   bool
	waiter *Waiter[T]
}

// New returns a registry of nobody.
func New[T any]() *Registry[T] { return &Registry[T]{seed: maphash.MakeSeed()} }

func (r *Registry[T]) shard(name []byte) *shard[T] {
	return &r.shards[maphash.Bytes(r.seed, name)%shardCount]
}

// Len is how many wait.
func (r *Registry[T]) Len() int { return int(r.waiters.Load()) }

// Add puts a waiter at the end of the lines of some keys, of which the same may be named twice.
func (r *Registry[T]) Add(w *Waiter[T], db int, keys [][]byte) {
	r.waiters.Add(1)
	seen := make(map[string]bool, len(keys))
	for _, name := range keys {
		if seen[string(name)] {
			continue
		}
		k := Key{db, string(name)}
		seen[k.Name] = true
		s := r.shard(name)
		s.mu.Lock()
		line := s.lines[k]
		if line == nil {
			if s.lines == nil {
				s.lines = map[Key]*list.List{}
			}
			line = list.New()
			s.lines[k] = line
		}
		s.number++
		w.places = append(w.places, line.PushBack(&place[T]{key: k, number: s.number, waiter: w}))
		s.mu.Unlock()
	}
}

// Remove takes a waiter out of all its lines.
func (r *Registry[T]) Remove(w *Waiter[T]) {
	for _, e := range w.places {
		p := e.Value.(*place[T])
		s := r.shard([]byte(p.key.Name))
		s.mu.Lock()
		line := s.lines[p.key]
		line.Remove(e)
		p.left = true
		if line.Len() == 0 {
			delete(s.lines, p.key)
		}
		s.mu.Unlock()
	}
	w.places = nil
	r.waiters.Add(-1)
}

// Awaited says whether anybody waits for a key.
func (r *Registry[T]) Awaited(db int, name []byte) bool {
	if r.waiters.Load() == 0 {
		return false
	}
	s := r.shard(name)
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.lines[Key{db, string(name)}] != nil
}

// Keys returns the keys of a database that somebody waits for.
func (r *Registry[T]) Keys(db int) (keys []Key) {
	if r.waiters.Load() == 0 {
		return nil
	}
	for i := range r.shards {
		s := &r.shards[i]
		s.mu.Lock()
		for k := range s.lines {
			if k.DB == db {
				keys = append(keys, k)
			}
		}
		s.mu.Unlock()
	}
	return keys
}

// Lines counts the keys that somebody waits for.
func (r *Registry[T]) Lines() (n int) {
	for i := range r.shards {
		s := &r.shards[i]
		s.mu.Lock()
		n += len(s.lines)
		s.mu.Unlock()
	}
	return n
}

// Visit is a walk along the line of a key as it was when it began: who comes to its end meanwhile is not met.
type Visit[T any] struct {
	shard *shard[T]
	key   Key
	at    *list.Element // of who was met last
	seen  uint64        // its number
	end   uint64
}

// Visit begins a walk along the line of a key.
func (r *Registry[T]) Visit(k Key) *Visit[T] {
	s := r.shard([]byte(k.Name))
	s.mu.Lock()
	defer s.mu.Unlock()
	return &Visit[T]{shard: s, key: k, end: s.number}
}

// Next returns the next waiter in the line; false: there is none. Each is met at most once, and waiters may leave
// at any time.
func (v *Visit[T]) Next() (value T, ok bool) {
	v.shard.mu.Lock()
	defer v.shard.mu.Unlock()
	e := v.next()
	if e == nil {
		return value, false
	}
	p := e.Value.(*place[T])
	if p.number > v.end {
		return value, false
	}
	v.at, v.seen = e, p.number
	return p.waiter.Value, true
}

// next finds where the walk goes on. Nearly always that is behind who was met last, or, when that one has left as most
// do, at the front; only behind some who have stayed it must be looked for.
func (v *Visit[T]) next() *list.Element {
	line := v.shard.lines[v.key]
	switch {
	case line == nil:
		return nil
	case v.at != nil && !v.at.Value.(*place[T]).left:
		return v.at.Next()
	}
	e := line.Front()
	for e != nil && e.Value.(*place[T]).number <= v.seen {
		e = e.Next()
	}
	return e
}
