package backendtest

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"testing"

	"switchyard/backends"
	"switchyard/backends/rdb"
)

// testStreamMover dumps streams and restores them in another database, in place of others: all must come along but
// when a consumer was last active, of which payloads say nothing.
func testStreamMover(t *testing.T, e backends.Engine) {
	m, ok := rdb.MoverOf(e)
	if !ok {
		t.Fatal("an engine has no mover")
	}
	names := []string{"empty", "one", "many", "trimmed"}
	sizes := map[string]uint64{"one": 1, "many": 3000, "trimmed": 500}
	do(t, e, write(names...), func(tx backends.Tx) error {
		for _, name := range names {
			s, err := tx.Stream([]byte(name))
			if err != nil {
				return err
			}
			fillStream(s, sizes[name])
			if name == "trimmed" {
				s.Trim(backends.Trim{ByLength: true, Length: 20})
			}
			tx.SetExpiry([]byte(name), start+100)
			old, err := tx.In(1).Stream([]byte(name))
			if err != nil {
				return err
			}
			old.Append(streamID(1, 1), keys("is", "replaced"))
		}
		return nil
	})
	vals, err := m.Dump(context.Background(), 0, keys(names...))
	if err != nil {
		t.Fatal(err)
	}
	if err := m.Restore(context.Background(), 1, vals); err != nil {
		t.Fatal(err)
	}
	for i, name := range names {
		from, to := streamText(t, e, 0, name), streamText(t, e, 1, name)
		if !slices.Equal(from, to) || len(from) < 3 {
			t.Errorf("%s was %.300q and came as %.300q", name, from, to)
		}
		again, err := m.Dump(context.Background(), 1, keys(name))
		if err != nil || again[0].ExpireAt != start+100 || !bytes.Equal(again[0].Payload, vals[i].Payload) {
			t.Errorf("%s, dumped again: expiry %d, %v, and not the same bytes", name, again[0].ExpireAt, err)
		}
	}
}

// fillStream gives a stream n entries, some with other fields, and groups.
func fillStream(s backends.Stream, n uint64) {
	s.SetState(backends.StreamState{Last: streamID(1, 0), MaxDeleted: streamID(0, 7), Added: 20})
	for i := range n {
		fields := keys("field", fmt.Sprint(i*i), "12", "\x00\xff")
		if i%7 == 3 {
			fields = keys("other", "")
		}
		s.Append(streamID(2+i/3, i%3), fields)
	}
	g := s.Groups().Create([]byte("g"), backends.GroupState{Last: streamID(9, 0), Read: 5})
	s.Groups().Create(nil, backends.GroupState{Read: -1})
	for i, name := range []string{"", "12", "idle"} {
		g.Consumers().Set([]byte(name), backends.Consumer{Seen: int64(i), Active: int64(i)})
	}
	for i := range n + 1 {
		g.SetPending(streamID(2+i, 0), backends.Delivery{Consumer: keys("", "12")[i%2], Delivered: int64(i), Count: i})
	}
}

// streamText is all of a stream of a database.
func streamText(t *testing.T, e backends.Engine, db int, name string) (all []string) {
	a := backends.Access{DB: db, Keys: keys(name)}
	do(t, e, a, func(tx backends.Tx) error {
		s, err := tx.Stream([]byte(name))
		if err != nil {
			return err
		}
		state, ok := s.State()
		state.Nodes, state.RadixNodes = 0, 0
		all = append(all, fmt.Sprint(state, ok))
		all = append(all, streamEntries(s, backends.StreamID{}, backends.LastStreamID, false)...)
		s.Groups().Each(func(name []byte, g backends.StreamGroup) bool {
			all = append(all, fmt.Sprintf("group %q %v", name, g.State()))
			g.EachPending(backends.StreamID{}, nil, func(id backends.StreamID, d backends.Delivery) bool {
				all = append(all, fmt.Sprintf("%v %q %d %d", id, d.Consumer, d.Delivered, d.Count))
				return true
			})
			g.Consumers().Each(func(name []byte, c backends.Consumer) bool {
				all = append(all, fmt.Sprintf("%q %v %d", name, c, g.PendingCount(name)))
				return true
			})
			return true
		})
		return nil
	})
	return all
}

// testStreamNodes gives a stream the nodes of another one, some of whose entries were deleted.
func testStreamNodes(t *testing.T, e backends.Engine) {
	type node struct{ first, pack string }
	nodes := func(s backends.NodeKeeper) (list []node) {
		s.EachNode(func(first backends.StreamID, pack []byte) {
			list = append(list, node{fmt.Sprint(first), string(pack)})
		})
		return list
	}
	do(t, e, write("from", "to"), func(tx backends.Tx) error {
		from, err := tx.Stream([]byte("from"))
		if err != nil {
			return err
		}
		to, err := tx.Stream([]byte("to"))
		if err != nil {
			return err
		}
		source, keeps := from.(backends.NodeKeeper)
		if !keeps {
			return nil
		}
		fillStream(from, 350)
		for n := range uint64(120) {
			from.Delete(streamID(40+n/3, n%3))
		}
		from.Trim(backends.Trim{ByLength: true, Length: 200})
		source.EachNode(func(first backends.StreamID, pack []byte) {
			if !to.(backends.NodeKeeper).AppendNode(first, pack) {
				t.Errorf("the node %v is refused", first)
			}
		})
		was, _ := from.State()
		if is, _ := to.State(); is.Length != was.Length || is.First != was.First || is.Last != was.Last || is.Nodes != was.Nodes || is.RadixNodes != was.RadixNodes {
			t.Errorf("the state is %+v, want that of %+v", is, was)
		}
		return nil
	})
	do(t, e, write("from", "to"), func(tx backends.Tx) error {
		from, err := tx.Stream([]byte("from"))
		if err != nil {
			return err
		}
		to, err := tx.Stream([]byte("to"))
		if err != nil {
			return err
		}
		source, keeps := from.(backends.NodeKeeper)
		if !keeps {
			return nil
		}
		want, got := nodes(source), nodes(to.(backends.NodeKeeper))
		if !slices.Equal(got, want) || len(want) < 2 {
			t.Errorf("%d nodes are %.300q, want %d: %.300q", len(got), got, len(want), want)
		}
		for _, s := range []backends.Stream{from, to} {
			s.Append(streamID(1000, 0), keys("f", "v"))
		}
		if got, want = nodes(to.(backends.NodeKeeper)), nodes(source); !slices.Equal(got, want) {
			t.Errorf("with another entry the nodes are %.300q, want %.300q", got, want)
		}
		if n := len(streamEntries(to, backends.StreamID{}, backends.LastStreamID, true)); n != 201 {
			t.Errorf("%d entries", n)
		}
		return nil
	})
}
