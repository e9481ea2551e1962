package memory

import (
	"bytes"
	"hash/maphash"
	"unsafe"

	"switchyard/backends"
	"switchyard/backends/listpack"
)

// zset is the value of a sorted set: pairs while it is small, ranked members with an index of them
// for good once it was not, as in Redis.
type zset struct {
	pairs pairs
	large *largeZSet // not nil: it has the members, and pairs is nil
}

type largeZSet struct {
	index   index
	ranks   ranks
	n       int
	members int64 // bytes
	seed    maphash.Seed
}

const (
	zsetBytes      = int64(unsafe.Sizeof(zset{}))
	largeZSetBytes = int64(unsafe.Sizeof(largeZSet{}))
)

var _ object = (*zset)(nil)

func newZSet() *zset { return &zset{pairs: pairs(listpack.New(0))} }

func newLargeZSet(seed maphash.Seed) *largeZSet {
	return &largeZSet{index: newIndex(), ranks: newRanks(), seed: seed}
}

func (z *zset) address() unsafe.Pointer { return unsafe.Pointer(z) }

func (z *zset) len() int {
	if z.large != nil {
		return z.large.n
	}
	return z.pairs.len()
}

func (z *zset) bytes() int64 {
	if z.large != nil {
		return zsetBytes + largeZSetBytes + z.large.index.bytes + z.large.ranks.bytes + z.large.members
	}
	return zsetBytes + allocated(int64(cap(z.pairs)))
}

func (z *zset) encoding() string {
	if z.large != nil {
		return "skiplist"
	}
	return "listpack"
}

func (z *zset) clone() object {
	if z.large == nil {
		return &zset{pairs: bytes.Clone(z.pairs)}
	}
	old := z.large
	made := &largeZSet{index: newIndex(), ranks: old.ranks, n: old.n, members: old.members, seed: old.seed}
	made.ranks.root = old.ranks.root.clone(func(m member) { made.index.insert(made.place(m.text()), m) })
	return &zset{large: made}
}

func (z *zset) score(text []byte) (score float64, ok bool) {
	if z.large != nil {
		m, ok := z.large.find(text)
		if !ok {
			return 0, false
		}
		return m.score(), true
	}
	pos := z.pairs.find(text)
	if pos == 0 {
		return 0, false
	}
	return z.pairs.score(pos), true
}

// put says whether the member is new. A score that only differs as -0 from 0 does not change, as in Redis.
func (z *zset) put(x *tx, text []byte, score float64) (created bool) {
	if z.large != nil {
		return z.large.put(text, score)
	}
	if pos := z.pairs.find(text); pos != 0 {
		if z.pairs.score(pos) != score {
			z.pairs = z.pairs.remove(pos).insert(text, score)
		}
		return false
	}
	limits := x.e.compact
	if int64(z.pairs.len()) < limits.ZSetEntries.Load() && int64(len(text)) <= x.Longest(&limits.ZSetValue) &&
		z.pairs.list().Fits(len(text)) {
		z.pairs = z.pairs.insert(text, score)
		return true
	}
	z.grow(x.e.seed)
	return z.large.put(text, score)
}

// grow makes a large set of a small one.
func (z *zset) grow(seed maphash.Seed) {
	z.large = newLargeZSet(seed)
	z.pairs.each(0, false, func(text []byte, score float64) bool {
		z.large.put(text, score)
		return true
	})
	z.pairs = nil
}

func (z *zset) remove(text []byte) bool {
	if z.large != nil {
		return z.large.remove(text)
	}
	pos := z.pairs.find(text)
	if pos == 0 {
		return false
	}
	z.pairs = z.pairs.remove(pos)
	return true
}

// rank counts the members before an edge.
func (z *zset) rank(e *edge) int {
	if z.large != nil {
		return z.large.ranks.rank(e)
	}
	_, rank := z.pairs.seek(e)
	return rank
}

func (z *zset) each(rank int, back bool, visit func(text []byte, score float64) bool) {
	if z.large == nil {
		z.pairs.each(rank, back, visit)
		return
	}
	z.large.ranks.root.each(rank, back, func(it ranked) bool { return visit(it.m.text(), it.score) })
}

func (z *largeZSet) place(text []byte) uint32 {
	return uint32(maphash.Bytes(z.seed, text) >> (64 - placeBits))
}

func (z *largeZSet) find(text []byte) (member, bool) { return z.index.find(z.place(text), text) }

func (z *largeZSet) put(text []byte, score float64) (created bool) {
	place := z.place(text)
	if m, ok := z.index.find(place, text); ok {
		if m.score() != score {
			z.ranks.move(m, score)
			m.setScore(score)
		}
		return false
	}
	m := newMember(text, score)
	z.index.insert(place, m)
	z.ranks.insert(m, score)
	z.n++
	z.members += m.bytes()
	return true
}

func (z *largeZSet) remove(text []byte) bool {
	place := z.place(text)
	m, ok := z.index.find(place, text)
	if !ok {
		return false
	}
	z.index.remove(place, text)
	z.ranks.remove(m)
	z.n--
	z.members -= m.bytes()
	return true
}

// zsetView is a sorted set opened in a transaction.
type zsetView struct{ handle }

var _ backends.ZSet = (*zsetView)(nil)

// ZSet implements backends.Tx.
func (x *tx) ZSet(key []byte) (backends.ZSet, error) {
	h, err := x.open(key, backends.ZSetType)
	if err != nil {
		return nil, err
	}
	v := x.zsets.next()
	v.handle = h
	return v, nil
}

// zset is nil when the key is absent.
func (v *zsetView) zset() *zset { return (*zset)(v.value()) }

// Len implements backends.ZSet.
func (v *zsetView) Len() int {
	if z := v.zset(); z != nil {
		return z.len()
	}
	return 0
}

// Score implements backends.ZSet.
func (v *zsetView) Score(member []byte) (score float64, ok bool) {
	if z := v.zset(); z != nil {
		return z.score(member)
	}
	return 0, false
}

// Put implements backends.ZSet.
func (v *zsetView) Put(member []byte, score float64) (created bool) {
	z := v.zset()
	if z == nil {
		z = newZSet()
		z.put(v.x, member, score)
		v.create(z)
		return true
	}
	before := z.bytes()
	created = z.put(v.x, member, score)
	v.changed(z, before)
	return created
}

// Remove implements backends.ZSet.
func (v *zsetView) Remove(member []byte) bool {
	z := v.zset()
	if z == nil {
		return false
	}
	before := z.bytes()
	removed := z.remove(member)
	v.changed(z, before)
	return removed
}

// Rank implements backends.ZSet.
func (v *zsetView) Rank(member []byte) (rank int, ok bool) {
	z := v.zset()
	if z == nil {
		return 0, false
	}
	score, ok := z.score(member)
	if !ok {
		return 0, false
	}
	return z.rank(&edge{by: byBoth, score: score, text: member}), true
}

// Before implements backends.ZSet.
func (v *zsetView) Before(e backends.Edge) int {
	z := v.zset()
	if z == nil {
		return 0
	}
	own := edge{by: byScore, after: e.After, score: e.Score, text: e.Member}
	if e.Member != nil {
		own.by = byText
	}
	return z.rank(&own)
}

// Each implements backends.ZSet.
func (v *zsetView) Each(rank int, back bool, fn func(member []byte, score float64) (more bool)) {
	if z := v.zset(); z != nil && rank >= 0 && rank < z.len() {
		z.each(rank, back, fn)
	}
}

// Scan implements backends.ZSet.
func (v *zsetView) Scan(cursor uint64, count int, fn func(member []byte, score float64)) (next uint64) {
	z := v.zset()
	switch {
	case z == nil:
		return 0
	case z.large == nil:
		z.pairs.each(0, false, func(text []byte, score float64) bool {
			fn(text, score)
			return true
		})
		return 0
	}
	next = z.large.index.scan(cursor, count, func(m member) { fn(m.text(), m.score()) })
	return next & (1<<placeBits - 1) // the end is 0
}

// Expand implements backends.ZSet.
func (v *zsetView) Expand() {
	if z := v.zset(); z != nil && z.large == nil {
		before := z.bytes()
		z.grow(v.x.e.seed)
		v.changed(z, before)
	}
}
