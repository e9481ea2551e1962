package ordered

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"switchyard/backends"
)

// TestEncodingsDoNotDependOnSizes does the same to an engine that has each value in one record as long as Redis keeps it
// in one piece, and to one whose records are tiny, under limits that change. Both are to say what Redis would, after a
// restart too.
func TestEncodingsDoNotDependOnSizes(t *testing.T) {
	seed := rand.Uint64()
	r := rand.New(rand.NewPCG(seed, 0))
	limits := backends.NewCompact()
	stores := []*store{newStore(), newStore()}
	kinds := []backends.Type{backends.HashType, backends.SetType, backends.ZSetType}
	for round := range 40 {
		kind := kinds[r.IntN(len(kinds))]
		engines := make([]*Engine, len(stores))
		for i, s := range stores {
			engines[i] = open(t, s, func(o *Options) {
				if i > 0 {
					tiny(o)
				}
				o.Compact = limits
			})
			must(t, engines[i], func(tx backends.Tx) error {
				if tx.Type([]byte("k")) != kind {
					tx.Delete([]byte("k"))
				}
				return nil
			}, "k")
		}
		shuffleLimits(r, limits)
		for range 200 {
			change, loose := randomChange(r), r.IntN(10) == 0
			got := make([]string, len(engines))
			for i, e := range engines {
				must(t, e, func(tx backends.Tx) error {
					tx.AnyLength(loose)
					change(tx, collections{}.open(t, tx, kind))
					got[i] = tx.Encoding([]byte("k"))
					return nil
				}, "k", "other")
			}
			if got[0] != got[1] {
				t.Fatalf("seed %d, round %d: a %v is a %q, and with tiny records a %q", seed, round, kind, got[0], got[1])
			}
		}
		for i, e := range engines {
			shut(t, e)
			checkStore(t, stores[i], e.o)
		}
	}
}

func shuffleLimits(r *rand.Rand, c *backends.Compact) {
	c.HashEntries.Store(1 + r.Int64N(60))
	c.HashValue.Store(1 + r.Int64N(40))
	c.SetIntegers.Store(1 + r.Int64N(120))
	c.SetEntries.Store(1 + r.Int64N(200))
	c.SetValue.Store(1 + r.Int64N(14))
	c.ZSetEntries.Store(1 + r.Int64N(60))
	c.ZSetValue.Store(1 + r.Int64N(40))
}

// randomChange is something to do to the collection at k.
func randomChange(r *rand.Rand) func(tx backends.Tx, v collections) {
	var elements [][]byte
	integers := r.IntN(10) > 0
	for range 1 + r.IntN(8) {
		switch n := r.IntN(100); {
		case integers:
			elements = append(elements, fmt.Append(nil, n*n*n*n*n))
		case r.IntN(100) == 0:
			elements = append(elements, []byte(strings.Repeat("x", n)))
		default:
			elements = append(elements, fmt.Appendf(nil, "w%d", n))
		}
	}
	switch at := r.IntN(100); {
	case at < 1:
		return func(tx backends.Tx, _ collections) { tx.Delete([]byte("k")) }
	case at < 4:
		return func(tx backends.Tx, _ collections) {
			tx.Copy([]byte("k"), 0, []byte("other"))
			tx.Move([]byte("other"), 0, []byte("k"))
		}
	case at < 6:
		return func(_ backends.Tx, v collections) {
			switch {
			case v.zset != nil:
				v.zset.Expand()
			case v.hash != nil:
				v.hash.Each(func(field, _ []byte) bool { elements = [][]byte{field}; return false })
				v.hash.SetFieldDeadline(elements[0], start+1000)
			}
		}
	case at < 85:
		return func(_ backends.Tx, v collections) { v.put(elements) }
	}
	return func(_ backends.Tx, v collections) { v.remove(elements) }
}

func (c collections) put(elements [][]byte) {
	for i, e := range elements {
		switch {
		case c.hash != nil:
			c.hash.Put(e, elements[0])
		case c.set != nil:
			c.set.Add(e)
		case c.zset != nil:
			c.zset.Put(e, float64(i))
		}
	}
}

func (c collections) remove(elements [][]byte) {
	for _, e := range elements {
		switch {
		case c.hash != nil:
			c.hash.Delete(e)
		case c.set != nil:
			c.set.Remove(e)
		case c.zset != nil:
			c.zset.Remove(e)
		}
	}
}
