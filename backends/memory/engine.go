package memory

import (
	"context"
	"hash/maphash"
	"sync"
	"sync/atomic"

	"switchyard/backends"
)

// Engine is the in-memory backend. A transaction on one key locks that key's shard, one on several
// keys locks their shards, one on everything locks all, and one that is open locks as it goes on. One without
// keys locks nothing: walks over a database lock shard by shard.
type Engine struct {
	name      string
	seed      maphash.Seed
	databases int
	clock     func() int64 // Unix milliseconds, for what happens outside transactions
	compact   *backends.Compact

	shards  [shardCount]shard
	parking sync.Mutex
	wide    sync.Mutex // see lock.go
	many    sync.Pool  // of *transaction, for those that are not on one key

	slow      atomic.Int64 // transactions that may take any time
	limit     atomic.Int64 // bytes; 0: none
	policy    atomic.Uint32
	samples   atomic.Int64
	unshared  atomic.Bool // keys have their own clocks or counters, so that Redis shares no integers among them
	paused    atomic.Bool
	libraries atomic.Pointer[[]byte]
	onRemove  atomic.Pointer[func(db int, key []byte, why backends.Reason)]
	pool      pool // of candidates for eviction
	stop      context.CancelFunc
	stopped   chan struct{} // closed when the cleaner has ended
}

var (
	_ backends.Engine    = (*Engine)(nil)
	_ backends.Cleaner   = (*Engine)(nil)
	_ backends.Pauser    = (*Engine)(nil)
	_ backends.Notifier  = (*Engine)(nil)
	_ backends.Limiter   = (*Engine)(nil)
	_ backends.Librarian = (*Engine)(nil)
)

// Do implements backends.Engine. Its Commit is always nil.
func (e *Engine) Do(_ context.Context, a *backends.Access, body backends.Body) (*backends.Commit, error) {
	if a.Write {
		if err := e.makeRoom(a); err != nil {
			return nil, err
		}
	}
	if len(a.Keys) == 1 && !a.All && !a.Open {
		return nil, e.doOne(a, body)
	}
	if a.Slow {
		e.slow.Add(1)
		defer e.slow.Add(-1)
	}
	return nil, e.doMany(a, body)
}

// doOne is the path of nearly every command: one hash, one lock, no allocation.
func (e *Engine) doOne(a *backends.Access, body backends.Body) error {
	h := maphash.Bytes(e.seed, a.Keys[0])
	s := &e.shards[h>>shardShift]
	if !s.mu.TryLock() && !e.lockShard(s, a) {
		return backends.ErrWouldWait
	}
	defer s.finish()
	s.tx.begin(a)
	s.tx.known, s.tx.knownHash = a.Keys[0], h
	return body.Run(&s.tx.root)
}

// finish ends a transaction on one key, even when its body panics.
func (s *shard) finish() {
	s.tx.end()
	s.mu.Unlock()
}

func (e *Engine) doMany(a *backends.Access, body backends.Body) error {
	t := e.many.Get().(*transaction)
	defer func() {
		t.unlock()
		t.end()
		e.many.Put(t)
	}()
	t.begin(a)
	var want shardSet
	for _, key := range a.Keys {
		want.add(int(maphash.Bytes(e.seed, key) >> shardShift))
	}
	if a.All {
		want.fill()
	}
	if !t.lock(&want) {
		return backends.ErrWouldWait
	}
	err := body.Run(&t.root)
	if t.refused {
		return backends.ErrWouldWait
	}
	return err
}

// Name implements backends.Backend.
func (e *Engine) Name() string { return e.name }

// Driver implements backends.Backend.
func (e *Engine) Driver() string { return Driver.Name }

// Capabilities implements backends.Backend.
func (e *Engine) Capabilities() backends.Capabilities { return Driver.Capabilities }

// Ping implements backends.Backend: memory is always ready.
func (e *Engine) Ping(context.Context) error { return nil }

// Stats implements backends.Backend. It locks nothing, so the numbers are of nearly the same moment.
func (e *Engine) Stats(context.Context) (backends.Stats, error) {
	st := backends.Stats{
		Databases: make([]backends.DatabaseStats, e.databases),
		MaxBytes:  e.limit.Load(),
		Policy:    policy(e.policy.Load()).String(),
		Samples:   int(e.samples.Load()),
	}
	for i := range e.shards {
		s := &e.shards[i]
		st.Bytes += s.used.Load()
		st.Hits += s.hits.Load()
		st.Misses += s.misses.Load()
		st.Expired += s.expired.Load()
		st.Evicted += s.evicts.Load()
		for db := range s.tables {
			if t := s.tables[db].Load(); t != nil {
				st.Databases[db].Keys += t.keys.Load()
				st.Databases[db].Expires += t.expires.Load()
			}
		}
	}
	return st, nil
}

// Close implements backends.Backend.
func (e *Engine) Close() error {
	e.stop()
	<-e.stopped
	return nil
}

// Pause implements backends.Pauser. A key whose time has come is absent nevertheless, and a write
// that meets it removes it.
func (e *Engine) Pause() { e.paused.Store(true) }

// Resume implements backends.Pauser.
func (e *Engine) Resume() { e.paused.Store(false) }

// OnRemove implements backends.Notifier.
func (e *Engine) OnRemove(fn func(db int, key []byte, why backends.Reason)) {
	if fn == nil {
		e.onRemove.Store(nil)
		return
	}
	e.onRemove.Store(&fn)
}
