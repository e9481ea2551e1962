package backendtest

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"

	"switchyard/backends"
)

// zsetParts are the parts about sorted sets.
var zsetParts = []part{
	{"sorted sets", testZSets},
	{"edges of sorted sets", testZSetEdges},
	{"an empty sorted set is gone", testEmptyZSet},
	{"sorted sets are copied and moved", testZSetTransfer},
	{"a sorted set is expanded", testExpand},
	{"elements may be of any length", testAnyLength},
	{"a scan of a sorted set keeps its promise", testZSetScan},
	{"sorted sets agree with a model", testZSetModel},
}

// scored is a member with its score.
type scored struct {
	member string
	score  float64
}

func compareScored(a, b scored) int {
	return cmp.Or(cmp.Compare(a.score, b.score), strings.Compare(a.member, b.member))
}

// withZSet runs body on the sorted set at key.
func withZSet(t testing.TB, e backends.Engine, key string, body func(tx backends.Tx, z backends.ZSet)) {
	t.Helper()
	do(t, e, write(key), func(tx backends.Tx) error {
		z, err := tx.ZSet([]byte(key))
		if err == nil {
			body(tx, z)
		}
		return err
	})
}

// ranked reads up to n members from a rank on.
func ranked(z backends.ZSet, rank int, back bool, n int) (all []scored) {
	if n <= 0 {
		return nil
	}
	z.Each(rank, back, func(member []byte, score float64) bool {
		all = append(all, scored{string(member), score})
		return len(all) < n
	})
	return all
}

func wantRanked(t testing.TB, z backends.ZSet, want ...scored) {
	t.Helper()
	if got := ranked(z, 0, false, math.MaxInt); !slices.Equal(got, want) || z.Len() != len(want) {
		t.Errorf("%d members %.300v, want %d: %.300v", z.Len(), got, len(want), want)
	}
}

func testZSets(t *testing.T, e backends.Engine) {
	big := strings.Repeat("big", 10_000)
	withZSet(t, e, "z", func(_ backends.Tx, z backends.ZSet) {
		wantRanked(t, z)
		for _, m := range []scored{{"b", 1}, {"a", 1}, {"", 1}, {"10", -2.5}, {big, math.Inf(1)}, {"\x00\xff", math.Inf(-1)}, {"tiny", 5e-324}} {
			if !z.Put([]byte(m.member), m.score) {
				t.Errorf("%.20q is not new", m.member)
			}
		}
	})
	withZSet(t, e, "z", func(_ backends.Tx, z backends.ZSet) {
		wantRanked(t, z, scored{"\x00\xff", math.Inf(-1)}, scored{"10", -2.5}, scored{"tiny", 5e-324}, scored{"", 1}, scored{"a", 1}, scored{"b", 1}, scored{big, math.Inf(1)})
		if z.Put([]byte("a"), 0.1) || z.Put([]byte("b"), 1) {
			t.Error("a member that is there is new")
		}
		if got := ranked(z, 4, true, 3); !slices.Equal(got, []scored{{"", 1}, {"a", 0.1}, {"tiny", 5e-324}}) {
			t.Errorf("back from 4: %v", got)
		}
		if score, ok := z.Score([]byte("10")); score != -2.5 || !ok {
			t.Errorf("the score of 10 is %v, %v", score, ok)
		}
		if _, ok := z.Score([]byte("c")); ok {
			t.Error("an absent member has a score")
		}
		if rank, ok := z.Rank([]byte(big)); rank != 6 || !ok {
			t.Errorf("the last of seven has rank %d, %v", rank, ok)
		}
		if _, ok := z.Rank([]byte("c")); ok {
			t.Error("an absent member has a rank")
		}
		if !z.Remove([]byte("")) || z.Remove([]byte("")) {
			t.Error("removing twice does not say whether the member was there")
		}
		if z.Len() != 6 {
			t.Errorf("%d members", z.Len())
		}
	})
}

func testZSetEdges(t *testing.T, e backends.Engine) {
	for _, size := range []int{10, 1000} {
		withZSet(t, e, "z"+strconv.Itoa(size), func(_ backends.Tx, z backends.ZSet) {
			for i := range size {
				z.Put(fmt.Appendf(nil, "m%05d", i), float64(i/2))
			}
			for _, c := range []struct {
				edge backends.Edge
				want int
			}{
				{backends.Edge{Score: math.Inf(-1)}, 0},
				{backends.Edge{Score: math.Inf(1), After: true}, size},
				{backends.Edge{Score: 3}, 6},
				{backends.Edge{Score: 3, After: true}, 8},
				{backends.Edge{Score: 2.5}, 6},
				{backends.Edge{Score: 1e9}, size},
				{backends.Edge{Member: []byte("m00003")}, 3},
				{backends.Edge{Member: []byte("m00003"), After: true}, 4},
				{backends.Edge{Member: []byte("m00003x")}, 4},
				{backends.Edge{Member: []byte{}, After: true}, 0},
				{backends.Edge{Member: []byte("z")}, size},
			} {
				if got := z.Before(c.edge); got != c.want {
					t.Errorf("%d of %d members come before %+v, want %d", got, size, c.edge, c.want)
				}
			}
		})
	}
}

func testEmptyZSet(t *testing.T, e backends.Engine) {
	key := []byte("z")
	withZSet(t, e, "z", func(tx backends.Tx, z backends.ZSet) {
		if z.Remove([]byte("a")) || z.Before(backends.Edge{Score: 1}) != 0 || tx.Type(key) != backends.None {
			t.Error("looking at an absent sorted set makes it")
		}
		z.Put([]byte("a"), 1)
		z.Put([]byte("b"), 2)
		tx.SetExpiry(key, start+10)
		z.Remove([]byte("a"))
		z.Remove([]byte("b"))
		if tx.Type(key) != backends.None || z.Len() != 0 || tx.Delete(key) {
			t.Error("an empty sorted set is there")
		}
		z.Put([]byte("again"), 1)
		if at := tx.Expiry(key); at != 0 || tx.Type(key) != backends.ZSetType {
			t.Errorf("a new sorted set expires at %d and is a %v", at, tx.Type(key))
		}
		if _, err := tx.String(key); err != backends.ErrWrongType {
			t.Errorf("a sorted set opens as a string: %v", err)
		}
		tx.Delete(key)
		wantRanked(t, z)
	})
	set(t, e, "s", "v")
	do(t, e, write("s"), func(tx backends.Tx) error {
		if _, err := tx.ZSet([]byte("s")); err != backends.ErrWrongType {
			t.Errorf("a string opens as a sorted set: %v", err)
		}
		return nil
	})
}

func testZSetTransfer(t *testing.T, e backends.Engine) {
	for _, size := range []int{3, 5000} {
		do(t, e, write("a", "b", "c"), func(tx backends.Tx) error {
			a, err := tx.ZSet([]byte("a"))
			if err != nil {
				return err
			}
			for i := range size {
				a.Put(strconv.AppendInt(nil, int64(i), 10), float64(i))
			}
			tx.Copy([]byte("a"), 1, []byte("b"))
			a.Put([]byte("more"), 1)
			tx.Move([]byte("a"), 0, []byte("c"))
			b, err := tx.In(1).ZSet([]byte("b"))
			if err != nil {
				return err
			}
			c, err := tx.ZSet([]byte("c"))
			if err != nil {
				return err
			}
			if a.Len() != 0 || b.Len() != size || c.Len() != size+1 {
				t.Errorf("of %d members are %d, %d and %d", size, a.Len(), b.Len(), c.Len())
			}
			b.Put([]byte("2"), -5)
			if rank, _ := b.Rank([]byte("2")); rank != 0 {
				t.Errorf("a member of a copy has rank %d", rank)
			}
			if score, _ := c.Score([]byte("2")); score != 2 {
				t.Errorf("a change of a copy shows in the original: %v", score)
			}
			tx.In(1).Delete([]byte("b"))
			tx.Delete([]byte("c"))
			return nil
		})
	}
}

// testZSetScan scans while members come and go: those that stay are all seen.
func testZSetScan(t *testing.T, e backends.Engine) {
	for _, size := range []int{20, 3000} {
		key := "z" + strconv.Itoa(size)
		withZSet(t, e, key, func(_ backends.Tx, z backends.ZSet) {
			for i := range size {
				z.Put(fmt.Appendf(nil, "stays%d", i), float64(i%7))
				z.Put(fmt.Appendf(nil, "goes%d", i), float64(i))
			}
		})
		seen, cursor, steps := map[string]bool{}, uint64(0), 0
		for first := true; first || cursor != 0; first = false {
			withZSet(t, e, key, func(_ backends.Tx, z backends.ZSet) {
				cursor = z.Scan(cursor, 10, func(member []byte, score float64) { seen[string(member)] = true })
				for range 30 {
					z.Remove(fmt.Appendf(nil, "goes%d", rand.IntN(size)))
				}
				z.Put(fmt.Appendf(nil, "comes%d", steps), 1)
				z.Put(fmt.Appendf(nil, "stays%d", rand.IntN(size)), float64(steps))
			})
			if steps++; cursor >= 1<<backends.CursorBits || steps > 10*size {
				t.Fatalf("cursor %d after %d steps", cursor, steps)
			}
		}
		for i := range size {
			if !seen[fmt.Sprintf("stays%d", i)] {
				t.Errorf("stays%d of %d was not seen", i, size)
			}
		}
		withZSet(t, e, key, func(_ backends.Tx, z backends.ZSet) {
			z.Scan(math.MaxUint64, 10, func([]byte, float64) {}) // any number is a valid cursor
		})
	}
}

// testZSetModel runs random operations on sorted sets, which grow and shrink, and on sorted slices.
func testZSetModel(t *testing.T, e backends.Engine) {
	seed := rand.Uint64()
	r := rand.New(rand.NewPCG(seed, 0))
	var model []scored
	for round := range 60 {
		most := 1 << r.IntN(12)
		do(t, e, write("z"), func(tx backends.Tx) error {
			z, err := tx.ZSet([]byte("z"))
			if err != nil {
				return err
			}
			for step := range 200 {
				if model, err = zsetStep(r, z, model, most); err != nil {
					return fmt.Errorf("seed %d, round %d, step %d: %w", seed, round, step, err)
				}
			}
			return nil
		})
		if t.Failed() {
			return
		}
		withZSet(t, e, "z", func(_ backends.Tx, z backends.ZSet) { wantRanked(t, z, model...) })
	}
}

// zsetStep does one random operation to both, with members of which there are about most.
func zsetStep(r *rand.Rand, z backends.ZSet, model []scored, most int) ([]scored, error) {
	m := scored{fmt.Sprint("m", r.IntN(most)), []float64{float64(r.IntN(most)), float64(r.IntN(5)), r.NormFloat64(), math.Inf(1)}[r.IntN(4)]}
	at := slices.IndexFunc(model, func(s scored) bool { return s.member == m.member })
	switch r.IntN(8) {
	case 0, 1, 2, 3:
		if created := z.Put([]byte(m.member), m.score); created != (at < 0) {
			return nil, fmt.Errorf("%v is new: %v", m, created)
		}
		if at >= 0 {
			model = slices.Delete(model, at, at+1)
		}
		to, _ := slices.BinarySearchFunc(model, m, compareScored)
		return slices.Insert(model, to, m), nil
	case 4:
		if z.Remove([]byte(m.member)) != (at >= 0) {
			return nil, fmt.Errorf("%s is there: %v", m.member, at < 0)
		}
		if at >= 0 {
			model = slices.Delete(model, at, at+1)
		}
	case 5:
		score, ok := z.Score([]byte(m.member))
		rank, ranked := z.Rank([]byte(m.member))
		if ok != (at >= 0) || ranked != ok || ok && (rank != at || score != model[at].score) {
			return nil, fmt.Errorf("%s has rank %d and score %v, not %d", m.member, rank, score, at)
		}
	case 6:
		return model, checkEdge(z, model, backends.Edge{Score: m.score, After: r.IntN(2) == 0})
	case 7:
		if len(model) > 0 {
			return model, checkWalk(z, model, r.IntN(len(model)), r.IntN(2) == 0)
		}
	}
	return model, nil
}

func checkEdge(z backends.ZSet, model []scored, e backends.Edge) error {
	want := 0
	for _, m := range model {
		if m.score < e.Score || e.After && m.score == e.Score {
			want++
		}
	}
	if got := z.Before(e); got != want {
		return fmt.Errorf("%d members come before %+v, not %d", got, e, want)
	}
	return nil
}

func checkWalk(z backends.ZSet, model []scored, from int, back bool) error {
	const most = 100
	got := ranked(z, from, back, most)
	want := slices.Clone(model[from:])
	if back {
		want = slices.Clone(model[:from+1])
		slices.Reverse(want)
	}
	if want = want[:min(len(want), most)]; !slices.Equal(got, want) {
		return fmt.Errorf("from %d, back %v: %v, not %v", from, back, got, want)
	}
	return nil
}
