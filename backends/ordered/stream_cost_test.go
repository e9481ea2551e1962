package ordered

import (
	"context"
	"testing"

	"switchyard/backends"
)

// costlyStream is the stream at k with the group g, in which all entries but the last ten are pending for c.
type costlyStream struct {
	tx backends.Tx
	backends.Stream
	group backends.StreamGroup
	n     uint64 // entries, with the IDs 1-0 to n-0
}

func openCostly(t *testing.T, tx backends.Tx, n uint64) *costlyStream {
	t.Helper()
	s, err := tx.Stream([]byte("k"))
	if err != nil {
		t.Fatal(err)
	}
	g, _ := s.Groups().Get([]byte("g"))
	return &costlyStream{tx, s, g, n}
}

func (s *costlyStream) id(i uint64) backends.StreamID { return backends.StreamID{Ms: i} }

func (s *costlyStream) add() {
	s.n++
	s.Append(s.id(s.n), [][]byte{[]byte("field"), name(int(s.n))})
}

func (s *costlyStream) deliver(i uint64) {
	s.group.SetPending(s.id(i), backends.Delivery{Consumer: []byte("c"), Delivered: 1, Count: 1})
}

func (s *costlyStream) each(from uint64, count int, back bool, fn func(id backends.StreamID)) {
	to := backends.LastStreamID
	if back {
		from, to = 0, s.id(from)
	}
	s.Each(s.id(from), to, back, func(id backends.StreamID, _ [][]byte) bool {
		fn(id)
		count--
		return count > 0
	})
}

// readGroup is an XREADGROUP COUNT 10 of what is new.
func (s *costlyStream) readGroup() {
	c, _ := s.group.Consumers().Get([]byte("c"))
	s.group.Consumers().Set([]byte("c"), backends.Consumer{Seen: c.Seen + 1})
	state := s.group.State()
	var ids []backends.StreamID
	s.each(state.Last.Ms+1, 10, false, func(id backends.StreamID) { ids = append(ids, id) })
	s.group.SetState(backends.GroupState{Last: ids[len(ids)-1]})
	for _, id := range ids {
		s.deliver(id.Ms)
	}
}

func (s *costlyStream) eachPending(from uint64, count int, consumer []byte) {
	s.group.EachPending(s.id(from), consumer, func(backends.StreamID, backends.Delivery) bool {
		count--
		return count > 0
	})
}

func costly(t *testing.T, n uint64) *store {
	t.Helper()
	kv := newStore()
	e := open(t, kv, nil)
	must(t, e, func(tx backends.Tx) error {
		s := openCostly(t, tx, 0)
		s.SetState(backends.StreamState{})
		s.group = s.Groups().Create([]byte("g"), backends.GroupState{Last: s.id(n - 10)})
		s.group.Consumers().Set([]byte("c"), backends.Consumer{})
		for range n {
			if s.add(); s.n <= n-10 {
				s.deliver(s.n)
			}
		}
		return nil
	}, "k")
	shut(t, e)
	return kv
}

// TestOneEntryOfManyCostsAsMuchAsOneOfFew is TestOneElementOfManyCostsAsMuchAsOneOfFew for streams. The tree of the
// blocks and those of what is pending have their root in another record; the blocks have two levels, and what is
// pending has three. A million entries have one more of each.
func TestOneEntryOfManyCostsAsMuchAsOneOfFew(t *testing.T) {
	const few, many = 20, 40_050
	const index = 2       // gets to find a block
	const block = 1 + 1   // ops to write it, and the leaf of the tree
	const pending = 2 * 2 // ops below the roots of the group's tree and of the consumer's
	stores := [2]*store{costly(t, few), costly(t, many)}
	for _, c := range []struct {
		name string
		body func(s *costlyStream)
		most [2]cost
	}{
		{"XADD", func(s *costlyStream) { s.add() }, [2]cost{{2, 0, 1}, {2, 0, 1}}},
		{"XADD of a hundred", func(s *costlyStream) {
			for range 100 {
				s.add()
			}
		}, [2]cost{{2, 0, 1 + 2}, {2 + 2*index, 0, 1 + block + 1}}},
		{"XLEN", func(s *costlyStream) { s.State() }, [2]cost{{2, 0, 0}, {2, 0, 0}}},
		{"XRANGE COUNT 10", func(s *costlyStream) { s.each(s.n/2, 10, false, func(backends.StreamID) {}) }, [2]cost{{2, 0, 0}, {2 + index + 1, 0, 0}}},
		{"XREVRANGE COUNT 10", func(s *costlyStream) { s.each(s.n, 10, true, func(backends.StreamID) {}) }, [2]cost{{2, 0, 0}, {2, 0, 0}}},
		{"XDEL", func(s *costlyStream) { s.Delete(s.id(s.n / 2)) }, [2]cost{{2, 0, 1}, {2 + index + 1, 0, 1 + 1}}},
		{"XTRIM of a block", func(s *costlyStream) {
			s.Trim(backends.Trim{ByLength: true, Length: int(max(s.n, 110)) - 100, Approx: true})
		},
			[2]cost{{2, 0, 0}, {2 + index + 2, 0, 1 + block + 1}}},
		{"XACK", func(s *costlyStream) { s.group.Acknowledge(s.id(s.n / 2)) }, [2]cost{{3, 0, 2}, {3 + pending, 0, 2 + pending}}},
		{"XCLAIM", func(s *costlyStream) {
			s.group.Consumers().Set([]byte("other"), backends.Consumer{})
			s.group.SetPending(s.id(s.n/2), backends.Delivery{Consumer: []byte("other"), Count: 2})
		}, [2]cost{{4, 0, 3}, {4 + pending, 0, 3 + pending}}},
		{"XREADGROUP COUNT 10", (*costlyStream).readGroup, [2]cost{{3, 0, 2}, {3 + pending, 0, 2 + pending + 2}}},
		{"XPENDING", func(s *costlyStream) {
			s.group.LastPending()
			s.group.PendingCount([]byte("c"))
			s.eachPending(0, 1, nil)
		}, [2]cost{{3, 0, 0}, {3 + pending, 0, 0}}},
		{"XPENDING of a consumer", func(s *costlyStream) { s.eachPending(s.n/2, 10, []byte("c")) }, [2]cost{{3, 0, 0}, {3 + pending + 2, 0, 0}}},
		{"XGROUP DESTROY", func(s *costlyStream) { s.Groups().Delete([]byte("g")) }, [2]cost{{2, sweepOps + 1, 3}, {2, sweepOps + 1, 3}}},
		{"DEL", func(s *costlyStream) { s.tx.Delete([]byte("k")) }, [2]cost{{2, sweepOps + 1, 3}, {2, sweepOps + 1, 3}}},
	} {
		for i, n := range []uint64{few, many} {
			kv := stores[i].crashed()
			e := open(t, kv, uncached)
			got := costOf(t, kv, e, func(tx backends.Tx) { c.body(openCostly(t, tx, n)) })
			if !got.within(c.most[i]) {
				t.Errorf("%s costs %+v with %d entries, at most %+v is meant", c.name, got, n, c.most[i])
			}
			if err := e.Sweep(context.Background()); err != nil {
				t.Error(err)
			}
			shut(t, e)
			checkStore(t, kv, e.o)
		}
	}
}
