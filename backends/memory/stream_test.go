package memory

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"

	"switchyard/backends"
	"switchyard/backends/streamnode"
)

// check is what must be true of a stream at any time.
func (s *stream) check() error {
	live, packs, others := 0, int64(0), int64(0)
	nodes := s.nodes()
	var ids []backends.StreamID
	for i := range nodes {
		n := &nodes[i]
		if err := n.Check(); err != nil {
			return fmt.Errorf("node %d at %v: %w", i, n.Master, err)
		}
		if n.First() != n.Master || i > 0 && !nodes[i-1].Last().Less(n.Master) {
			return fmt.Errorf("node %d at %v begins with %v", i, n.Master, n.First())
		}
		found, _ := n.Counts()
		live += found
		packs += allocated(int64(cap(n.Pack)))
		ids = append(ids, n.Master)
	}
	radix := streamnode.RadixNodes(ids)
	s.groups.Scan(func(name string, g *streamGroup) bool {
		others += g.bytes(name)
		return true
	})
	if live != s.Length || packs != s.packs || others != s.others || s.Nodes != len(nodes) || s.RadixNodes != radix {
		return fmt.Errorf("%d entries in %d bytes, %d bytes of groups, %d nodes and %d of a radix tree are counted as %d, %d, %d, %d, %d",
			live, packs, others, len(nodes), radix, s.Length, s.packs, s.others, s.Nodes, s.RadixNodes)
	}
	return nil
}

func TestAStreamIsConsistentAfterAnyChange(t *testing.T) {
	seed := rand.Uint64()
	r := rand.New(rand.NewPCG(seed, 0))
	c := backends.NewCompact()
	s := newStream()
	for step := range 2500 {
		if r.IntN(200) == 0 {
			c.StreamEntries.Store([]int64{1, 2, 3, 10, 100, 0}[r.IntN(6)])
		}
		id := backends.StreamID{Ms: s.Last.Ms - min(s.Last.Ms, r.Uint64N(1+s.Last.Ms/4)), Seq: r.Uint64N(3)}
		switch r.IntN(20) {
		case 0:
			s.trim(backends.Trim{ByLength: true, Length: s.Length - r.IntN(1+s.Length/5), Approx: r.IntN(2) == 0}, c)
		case 1:
			s.trim(backends.Trim{First: s.First, Approx: r.IntN(2) == 0}, c)
			s.remove(s.First)
		case 2:
			s.remove(id)
		case 3:
			if s.Length == 0 {
				s.setState(backends.StreamState{Last: id})
			}
		case 4:
			if r.IntN(20) == 0 {
				s.trim(backends.Trim{First: s.Last}, c)
				s.remove(s.Last)
			}
		case 5:
			if r.IntN(50) == 0 {
				s = s.clone().(*stream)
			}
		default:
			s.append(backends.StreamID{Ms: s.Last.Ms + 1 + r.Uint64N(1<<r.IntN(20)), Seq: r.Uint64N(1 << r.IntN(60))},
				[][]byte{[]byte("f"), fmt.Append(nil, r.IntN(5000)), fmt.Append(nil, r.IntN(3)), nil}, c)
		}
		if err := s.check(); err != nil {
			t.Fatalf("seed %d, step %d: %v", seed, step, err)
		}
	}
}

func TestTheBytesOfGroupsAreCounted(t *testing.T) {
	e := open(t, nil)
	defer e.Close()
	key := []byte("s")
	a := &backends.Access{Keys: [][]byte{key}, Write: true, Grows: true}
	_, err := e.Do(t.Context(), a, backends.BodyFunc(func(tx backends.Tx) error {
		v, err := tx.Stream(key)
		if err != nil {
			return err
		}
		v.SetState(backends.StreamState{})
		empty, _ := tx.Use(key)
		g := v.Groups().Create([]byte("group"), backends.GroupState{})
		g.Consumers().Set([]byte("c"), backends.Consumer{})
		g.Consumers().Set([]byte("d"), backends.Consumer{})
		for i := range uint64(100) {
			g.SetPending(backends.StreamID{Ms: i}, backends.Delivery{Consumer: [][]byte{[]byte("c"), []byte("d")}[i%2]})
		}
		g.SetPending(backends.StreamID{Ms: 7}, backends.Delivery{Consumer: []byte("c")})
		g.Acknowledge(backends.StreamID{Ms: 3})
		g.Consumers().Delete([]byte("c"))
		if err := v.(*streamView).stream().check(); err != nil {
			t.Error(err)
		}
		full, _ := tx.Use(key)
		v.Groups().Delete([]byte("group"))
		if after, _ := tx.Use(key); full.Bytes <= empty.Bytes || after.Bytes != empty.Bytes {
			t.Errorf("%d bytes, %d with a group and %d after it", empty.Bytes, full.Bytes, after.Bytes)
		}
		return nil
	}))
	if err != nil {
		t.Error(err)
	}
}

func TestAStreamHasManyReadersAtOnce(t *testing.T) {
	e := open(t, nil)
	defer e.Close()
	key, group := []byte("s"), []byte("g")
	do := func(write bool, body func(v backends.Stream)) {
		a := &backends.Access{Keys: [][]byte{key}, Write: write}
		if _, err := e.Do(t.Context(), a, backends.BodyFunc(func(tx backends.Tx) error {
			v, err := tx.Stream(key)
			body(v)
			return err
		})); err != nil {
			t.Error(err)
		}
	}
	do(true, func(v backends.Stream) {
		for i := range uint64(1000) {
			v.Append(backends.StreamID{Ms: i + 1}, [][]byte{[]byte("f"), []byte("12")})
		}
		g := v.Groups().Create(group, backends.GroupState{})
		g.Consumers().Set([]byte("c"), backends.Consumer{})
		for i := range uint64(100) {
			g.SetPending(backends.StreamID{Ms: i}, backends.Delivery{Consumer: []byte("c")})
		}
	})
	var all sync.WaitGroup
	for i := range uint64(4) {
		all.Go(func() {
			for range 50 {
				do(false, func(v backends.Stream) {
					v.Each(backends.StreamID{Ms: i * 200}, backends.LastStreamID, i%2 == 0, func(backends.StreamID, [][]byte) bool { return true })
					g, _ := v.Groups().Get(group)
					g.EachPending(backends.StreamID{Ms: i}, []byte("c"), func(backends.StreamID, backends.Delivery) bool { return true })
					if _, ok := g.Pending(backends.StreamID{Ms: 7}); !ok || g.Consumers().Len() != 1 {
						t.Error("a reader does not find what is there")
					}
				})
			}
		})
	}
	all.Wait()
}
