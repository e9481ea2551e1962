package memory

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"

	"switchyard/backends"
)

// Eviction follows Redis (evict.c, version 7): look at a few random keys, keep the best candidates
// seen so far in a small pool, remove the best of the pool. The formulas of the LRU clock and of the
// logarithmic LFU counter are Redis's too (usage.go).

// policy is an eviction policy.
type policy uint32

const (
	noeviction policy = iota
	allkeysLRU
	allkeysLFU
	allkeysRandom
	volatileLRU
	volatileLFU
	volatileRandom
	volatileTTL
)

var policyNames = []string{"noeviction", "allkeys-lru", "allkeys-lfu", "allkeys-random",
	"volatile-lru", "volatile-lfu", "volatile-random", "volatile-ttl"}

// Policies are the names of the eviction policies.
func Policies() []string { return slices.Clone(policyNames) }

func policyByName(name string) (policy, bool) {
	i := slices.Index(policyNames, name)
	return policy(i), i >= 0
}

func (p policy) String() string { return policyNames[p] }
func (p policy) lfu() bool      { return p == allkeysLFU || p == volatileLFU }
func (p policy) lru() bool      { return p == allkeysLRU || p == volatileLRU }
func (p policy) random() bool   { return p == allkeysRandom || p == volatileRandom }
func (p policy) volatile() bool { return p >= volatileLRU }

// weight counts the keys of a table that the policy may remove.
func (p policy) weight(t *table) int64 {
	if p.volatile() {
		return t.expires.Load()
	}
	return t.keys.Load()
}

// draw takes a random key that the policy may remove; the table has one.
func (p policy) draw(t *table) (e *entry) {
	if p.volatile() {
		return t.heap[rand.IntN(len(t.heap))].e
	}
	for e == nil {
		e = t.random()
	}
	return e
}

// SetLimits implements backends.Limiter.
func (e *Engine) SetLimits(l backends.Limits) error {
	p, ok := policyByName(l.Policy)
	if !ok {
		return fmt.Errorf("unknown eviction policy %q", l.Policy)
	}
	if l.Bytes < 0 {
		return fmt.Errorf("the limit cannot be negative: %d", l.Bytes)
	}
	if l.Samples < 1 {
		return fmt.Errorf("there must be samples: %d", l.Samples)
	}
	e.policy.Store(uint32(p))
	e.samples.Store(int64(l.Samples))
	e.limit.Store(l.Bytes)
	e.unshared.Store(l.Bytes > 0 && (p.lru() || p.lfu()))
	return nil
}

func (e *Engine) used() (n int64) {
	for i := range e.shards {
		n += e.shards[i].used.Load()
	}
	return n
}

// makeRoom removes keys until the memory used is within the limit. It fails when that is not
// possible and the transaction may need more.
func (e *Engine) makeRoom(a *backends.Access) error {
	limit := e.limit.Load()
	if limit == 0 {
		return nil
	}
	for e.used() > limit {
		if a.Brief && e.slow.Load() > 0 {
			return backends.ErrWouldWait // what is evicted may be locked
		}
		if !e.evict(policy(e.policy.Load()), a.Now) {
			a.Full = backends.ErrNoSpace
			if a.Grows {
				return backends.ErrNoSpace
			}
			return nil
		}
	}
	return nil
}

const poolSize = 16

// pool remembers the best candidates seen, the best last. They may be gone by now.
type pool struct {
	mu   sync.Mutex
	of   policy // for which the scores are
	best []candidate
}

type candidate struct {
	shard int
	db    int
	place uint32
	key   string
	score uint64
}

// evict removes one key; false says that there is none to remove.
func (e *Engine) evict(p policy, now int64) bool {
	if p == noeviction || e.paused.Load() {
		return false
	}
	e.pool.mu.Lock()
	defer e.pool.mu.Unlock()
	if e.pool.of != p {
		e.pool.of, e.pool.best = p, e.pool.best[:0]
	}
	for e.sample(p, now) {
		for n := len(e.pool.best); n > 0; n = len(e.pool.best) {
			c := e.pool.best[n-1]
			e.pool.best = e.pool.best[:n-1]
			if e.evictOne(c, p) {
				return true
			}
		}
	}
	return false
}

// evictOne removes a candidate if it is still there.
func (e *Engine) evictOne(c candidate, p policy) bool {
	s := &e.shards[c.shard]
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.tables[c.db].Load()
	if t == nil || e.paused.Load() {
		return false
	}
	en := t.find(c.place, []byte(c.key))
	if en == nil || p.volatile() && en.heap == 0 {
		return false
	}
	s.drop(e, c.db, en, backends.Evicted)
	return true
}

// sample adds random keys to the pool; false says that there are none.
func (e *Engine) sample(p policy, now int64) bool {
	samples := e.samples.Load()
	if p.random() {
		samples = 1
	}
	for range samples {
		first, tried := rand.IntN(shardCount), 0
		for !e.sampleShard((first+tried)%shardCount, p, now) {
			if tried++; tried == shardCount {
				return false
			}
		}
	}
	return true
}

// sampleShard adds one random key of a shard to the pool, from a database by its share;
// false says that it has none.
func (e *Engine) sampleShard(i int, p policy, now int64) bool {
	s := &e.shards[i]
	s.mu.Lock()
	defer s.mu.Unlock()
	var sum int64
	var from *table
	c := candidate{shard: i}
	for db := range s.tables {
		if t := s.tables[db].Load(); t != nil && p.weight(t) > 0 {
			if sum += p.weight(t); rand.Int64N(sum) < p.weight(t) {
				from, c.db = t, db
			}
		}
	}
	if from == nil {
		return false
	}
	en := p.draw(from)
	c.place, c.key, c.score = en.place, string(en.key()), p.score(from, en, now)
	e.pool.add(c)
	return true
}

// score is higher for a better candidate.
func (p policy) score(t *table, e *entry, now int64) uint64 {
	switch {
	case p == volatileTTL:
		return ^uint64(t.deadline(e))
	case p.lfu():
		return uint64(255 - frequency(e.usage&usageMask, now))
	default:
		return uint64(idle(e.usage&usageMask, now))
	}
}

// add keeps c if it is among the best.
func (p *pool) add(c candidate) {
	p.best = slices.DeleteFunc(p.best, func(o candidate) bool { return o.db == c.db && o.key == c.key })
	at, _ := slices.BinarySearchFunc(p.best, c.score, func(o candidate, score uint64) int {
		if o.score < score {
			return -1
		}
		return 1
	})
	p.best = slices.Insert(p.best, at, c)
	if len(p.best) > poolSize {
		p.best = slices.Delete(p.best, 0, 1)
	}
}
