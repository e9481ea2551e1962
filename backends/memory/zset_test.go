package memory

import (
	"bytes"
	"context"
	"fmt"
	"hash/maphash"
	"math"
	"math/rand/v2"
	"runtime"
	"testing"

	"switchyard/backends"
	"switchyard/backends/listpack"
)

// check is what must be true of a sorted set at any time.
func (z *zset) check() error {
	if z.large == nil {
		return listpack.Valid(z.pairs.list())
	}
	if err := z.large.index.check(z.large.n); err != nil {
		return err
	}
	n, size, err := z.large.ranks.root.check(nil, nil)
	if err != nil {
		return err
	}
	if members := z.memberBytes(); n != z.large.n || size != z.large.ranks.bytes || members != z.large.members {
		return fmt.Errorf("%d members, %d bytes of nodes and %d of members are counted as %d, %d, %d", n, size, members, z.large.n, z.large.ranks.bytes, z.large.members)
	}
	return nil
}

func (z *zset) memberBytes() (size int64) {
	z.large.ranks.root.each(0, false, func(it ranked) bool {
		size += it.m.bytes()
		return true
	})
	return size
}

func (it *ranked) edge() *edge { return &edge{score: it.score, text: it.m.text()} }

// check says what is wrong with a node whose items lie between two edges, nil for none.
func (n *branch) check(low, high *ranked) (count int, size int64, err error) {
	if len(n.items) > fanout || cap(n.items) != fanout {
		return 0, 0, fmt.Errorf("%d items in room for %d", len(n.items), cap(n.items))
	}
	if n.kids == nil {
		for i := range n.items {
			it := &n.items[i]
			if i > 0 && !it.edge().exceeds(&n.items[i-1]) || low != nil && low.edge().exceeds(it) || high != nil && !high.edge().exceeds(it) || it.score != it.m.score() {
				return 0, 0, fmt.Errorf("member %q is not in its place", it.m.text())
			}
		}
		return len(n.items), leafBytes, nil
	}
	if len(n.kids) != len(n.items) || cap(n.kids) != fanout {
		return 0, 0, fmt.Errorf("%d kids between %d edges", len(n.kids), len(n.items))
	}
	size = branchBytes
	for i, k := range n.kids {
		below, above := low, high
		if i > 0 {
			below = &n.items[i]
		}
		if i+1 < len(n.kids) {
			above = &n.items[i+1]
		}
		c, s, err := k.node.check(below, above)
		if err != nil || c != k.count {
			return 0, 0, fmt.Errorf("kid of %d members counted as %d: %w", c, k.count, err)
		}
		count, size = count+c, size+s
	}
	return count, size, nil
}

func (x *index) check(n int) error {
	size, deepest, members := pointerBytes*int64(len(x.pages)), 0, 0
	for i := 0; i < len(x.pages); {
		p := x.pages[i]
		same := 1 << (x.depth - p.depth)
		for j := range same {
			if x.pages[i+j] != p {
				return fmt.Errorf("page %d is not page %d", i+j, i)
			}
		}
		for k := range p.n {
			if x.page(p.places[k]) != p || k > 0 && p.places[k-1] > p.places[k] {
				return fmt.Errorf("place %x is not in its place", p.places[k])
			}
		}
		if p.depth == x.depth {
			deepest++
		}
		members, size, i = members+int(p.n), size+pageBytes, i+same
	}
	if members != n || size != x.bytes || deepest != x.deepest {
		return fmt.Errorf("%d members in %d bytes and %d deep pages are counted as %d, %d, %d", members, size, deepest, n, x.bytes, x.deepest)
	}
	return nil
}

// TestASortedSetIsSoundWhateverComes lets sets grow and shrink in different orders.
func TestASortedSetIsSoundWhateverComes(t *testing.T) {
	seed := rand.Uint64()
	r := rand.New(rand.NewPCG(seed, 0))
	x := newTransaction(&Engine{compact: backends.NewCompact(), seed: maphash.MakeSeed()})
	for round, score := range []func(i int) float64{
		func(i int) float64 { return float64(i) },
		func(i int) float64 { return float64(-i) },
		func(i int) float64 { return r.Float64() },
		func(i int) float64 { return float64(r.IntN(3)) },
		func(i int) float64 { return 0 },
	} {
		z, n := newZSet(), 1<<(8+r.IntN(5))
		name := func(i int) []byte { return fmt.Appendf(nil, "%d%s", i, bytes.Repeat([]byte("x"), i%300)) }
		check := func(when string) {
			if err := z.check(); err != nil {
				t.Fatalf("seed %d, round %d, %s: %v", seed, round, when, err)
			}
		}
		for i := range n {
			z.put(&x.root, name(i), score(i))
			z.put(&x.root, name(r.IntN(i+1)), score(i))
		}
		check("grown")
		c := z.clone().(*zset)
		for _, i := range r.Perm(n)[:n*9/10] {
			if z.remove(name(i)); i%256 == 0 {
				check("shrinking")
			}
		}
		check("shrunk")
		for i := range n {
			z.remove(name(i))
		}
		check("empty")
		if z = c; z.len() != n {
			t.Errorf("a copy has %d of %d members", z.len(), n)
		}
		check("copied")
	}
}

func TestALongMemberComesBack(t *testing.T) {
	for _, n := range []int{0, 1, 254, 255, 256, 100_000} {
		text := bytes.Repeat([]byte("m"), n)
		m := newMember(text, math.Pi)
		if !bytes.Equal(m.text(), text) || m.score() != math.Pi {
			t.Errorf("a member of %d bytes is %.20q, %v", n, m.text(), m.score())
		}
	}
}

func TestScoresOfSmallSetsAreThoseOfRedis(t *testing.T) {
	for score, want := range map[float64]string{
		0: "0", 1.5: "1.5", -3: "-3", 1e18: "1000000000000000000", 1e19: "1e+19", 0.1: "0.1", math.Inf(1): "inf", math.Inf(-1): "-inf",
		math.Copysign(0, -1): "0", 5e-324: "5e-324", math.MaxFloat64: "1.7976931348623157e+308",
	} {
		if got := appendScore(nil, score); string(got) != want {
			t.Errorf("%v is stored as %s, not %s", score, got, want)
		}
		p := newZSet().pairs.insert([]byte("m"), score)
		if got := p.score(p.list().First()); got != score {
			t.Errorf("%v is read as %v", score, got)
		}
	}
}

// large makes a set of n members with scores in no order.
func large(n int) *zset {
	x := newTransaction(&Engine{compact: backends.NewCompact(), seed: maphash.MakeSeed()})
	z := newZSet()
	for i := range n {
		z.put(&x.root, fmt.Appendf(nil, "member:%07d", i), float64(i*7919%n))
	}
	return z
}

func BenchmarkZSet(b *testing.B) {
	const n = 1_000_000
	e := open(b, nil)
	defer e.Close()
	z, key := large(n), []byte("z")
	names := make([][]byte, 1<<16)
	for i := range names {
		names[i] = fmt.Appendf(nil, "member:%07d", rand.IntN(n))
	}
	for name, op := range map[string]func(v backends.ZSet, i int){
		"put":   func(v backends.ZSet, i int) { v.Put(names[i%len(names)], rand.Float64()*n) },
		"score": func(v backends.ZSet, i int) { v.Score(names[i%len(names)]) },
		"rank":  func(v backends.ZSet, i int) { v.Rank(names[i%len(names)]) },
		"before": func(v backends.ZSet, i int) {
			v.Before(backends.Edge{Score: float64(i * 7919 % n)})
		},
		"ten": func(v backends.ZSet, i int) {
			left := 10
			v.Each(i*7919%(n-10), false, func([]byte, float64) bool { left--; return left > 0 })
		},
		"put and remove": func(v backends.ZSet, i int) {
			v.Put([]byte("new"), rand.Float64()*n)
			v.Remove([]byte("new"))
		},
	} {
		b.Run(name, func(b *testing.B) {
			a := &backends.Access{Keys: [][]byte{key}, Write: true, Now: 1}
			_, err := e.Do(context.Background(), a, backends.BodyFunc(func(tx backends.Tx) error {
				v, err := tx.ZSet(key)
				if err != nil {
					return err
				}
				if v.Len() == 0 {
					v.(*zsetView).create(z)
				}
				b.ReportAllocs()
				for i := 0; b.Loop(); i++ {
					op(v, i)
				}
				return nil
			}))
			if err != nil {
				b.Fatal(err)
			}
		})
	}
}

// BenchmarkZSetBytes reports what a member takes: as counted, and of the heap.
func BenchmarkZSetBytes(b *testing.B) {
	for _, n := range []int{100, 1_000_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			sets := make([]*zset, 1_000_000/n)
			var before, after runtime.MemStats
			var counted int64
			for b.Loop() {
				clear(sets)
				runtime.GC()
				runtime.ReadMemStats(&before)
				counted = 0
				for i := range sets {
					sets[i] = large(n)
					counted += sets[i].bytes()
				}
				runtime.GC()
				runtime.ReadMemStats(&after)
			}
			members := float64(n * len(sets))
			b.ReportMetric(float64(counted)/members, "counted-B/member")
			b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/members, "heap-B/member")
			runtime.KeepAlive(sets)
		})
	}
}
