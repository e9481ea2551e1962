package ordered

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"switchyard/backends"
	"switchyard/backends/memory"
	"switchyard/backends/streamnode"
)

// twoStreams is the key s in this engine and in that which keeps streams as Redis does.
type twoStreams struct {
	t       *testing.T
	ours    *Engine
	theirs  backends.Engine
	compact *backends.Compact
}

// both does the same to both, and compares what it returns.
func (p *twoStreams) both(what string, body func(s backends.Stream) any) {
	p.t.Helper()
	var got [2]string
	for i, e := range []backends.Engine{p.ours, p.theirs} {
		a := &backends.Access{Keys: [][]byte{[]byte("s")}, Write: true, Grows: true, Now: start}
		c, err := e.Do(context.Background(), a, backends.BodyFunc(func(tx backends.Tx) error {
			s, err := tx.Stream(a.Keys[0])
			if err == nil {
				got[i] = fmt.Sprint(body(s))
			}
			return err
		}))
		if err == nil {
			err = c.Wait(context.Background())
		}
		if err != nil {
			p.t.Fatal(err)
		}
	}
	if got[0] != got[1] {
		p.t.Fatalf("%s: it is %.2000s, want %.2000s", what, got[0], got[1])
	}
}

func nodesOf(s backends.Stream) any {
	var all [][]byte
	s.(backends.NodeKeeper).EachNode(func(first backends.StreamID, node []byte) {
		all = append(all, fmt.Append(nil, first), bytes.Clone(node))
	})
	state, ok := s.State()
	return fmt.Sprintf("%+v %v %x", state, ok, all)
}

// TestBlocksAreThoseOfMemory compares replies, blocks byte for byte, and what XINFO STREAM tells of Redis's index.
func TestBlocksAreThoseOfMemory(t *testing.T) {
	seed := rand.Uint64()
	r := rand.New(rand.NewPCG(seed, 0))
	t.Logf("seed %d", seed)
	p := twoStreams{t: t, compact: backends.NewCompact()}
	kv := newStore()
	small := func(o *Options) { o.Compact = p.compact }
	p.ours = open(t, kv, small)
	theirs, err := memory.Driver.Config().Open(context.Background(), backends.Env{Name: "memory", Compact: p.compact})
	if err != nil {
		t.Fatal(err)
	}
	defer theirs.Close()
	p.theirs, _ = backends.As[backends.Engine](theirs)
	var last backends.StreamID
	for step := range 800 {
		if r.IntN(100) == 0 {
			p.compact.StreamEntries.Store([]int64{1, 2, 3, 10, 100, 0}[r.IntN(6)])
			p.compact.StreamBytes.Store([]int64{200, 1000, 4096, 0}[r.IntN(4)])
		}
		if r.IntN(300) == 0 {
			shut(t, p.ours)
			p.ours = open(t, kv, small)
		}
		what, body := streamStep(r, &last)
		p.both(fmt.Sprintf("step %d, %s", step, what), body)
		if step%10 == 0 {
			p.both(fmt.Sprintf("step %d, after %s", step, what), nodesOf)
		}
	}
	shut(t, p.ours)
	checkStore(t, kv, Options{sizes: defaultSizes})
}

// streamStep is a random operation. last is the ID of the last entry.
func streamStep(r *rand.Rand, last *backends.StreamID) (what string, body func(s backends.Stream) any) {
	near := backends.StreamID{Ms: last.Ms - min(last.Ms, r.Uint64N(1+last.Ms/4)), Seq: r.Uint64N(3)}
	trim := backends.Trim{ByLength: r.IntN(2) == 0, First: near, Approx: r.IntN(2) == 0, Limit: r.IntN(2) * r.IntN(300)}
	share := r.IntN(8)
	switch op := r.IntN(20); {
	case op == 0:
		return fmt.Sprintf("trim %+v by 1/%d", trim, share), func(s backends.Stream) any {
			state, _ := s.State()
			trim.Length = state.Length - state.Length*share/20
			if !trim.ByLength {
				trim.First = backends.StreamID{Ms: state.First.Ms + (state.Last.Ms-state.First.Ms)/20*uint64(share)}
			}
			return s.Trim(trim)
		}
	case op < 3:
		return "delete", func(s backends.Stream) any { return s.Delete(near) }
	case op < 5:
		return "delete of the first and last", func(s backends.Stream) any {
			state, _ := s.State()
			return []any{s.Delete(state.First), share == 0 && s.Delete(state.Last)}
		}
	case op == 5 && share == 0:
		*last = backends.StreamID{Ms: near.Ms / 2}
		return "clear", func(s backends.Stream) any {
			state, _ := s.State()
			n := s.Trim(backends.Trim{First: state.Last})
			s.Delete(state.Last)
			s.SetState(backends.StreamState{Last: *last, Added: state.Added})
			return n
		}
	}
	var ids []backends.StreamID
	var values [][][]byte
	for range 1 + r.IntN(20) {
		*last = backends.StreamID{Ms: last.Ms + 1 + r.Uint64N(1<<r.IntN(20)), Seq: r.Uint64N(1 << r.IntN(60))}
		ids = append(ids, *last)
		values = append(values, [][]byte{[]byte("f"), fmt.Append(nil, r.IntN(5000)), fmt.Append(nil, r.IntN(3)), []byte(strings.Repeat("x", r.IntN(100)))})
	}
	return "append", func(s backends.Stream) any {
		for i, id := range ids {
			s.Append(id, values[i])
		}
		return nil
	}
}

// TestLongEntriesAreElsewhere has entries that are too long for the record of the key, and for any record.
func TestLongEntriesAreElsewhere(t *testing.T) {
	kv := newStore()
	e := open(t, kv, nil)
	sizes := []int{10, 200_000, 20, 1_000_000, 100_000, 30}
	must(t, e, func(tx backends.Tx) error {
		s, err := tx.Stream([]byte("s"))
		if err != nil {
			return err
		}
		for i, n := range sizes {
			s.Append(backends.StreamID{Ms: uint64(i + 1)}, [][]byte{[]byte("f"), bytes.Repeat([]byte("x"), n)})
		}
		s.Delete(backends.StreamID{Ms: 2})
		return nil
	}, "s")
	shut(t, e)
	record, _ := kv.data.Get(recordKey(0, hashOf([]byte("s")), []byte("s")))
	if len(record) > 1000 {
		t.Errorf("the record of the key has %d bytes", len(record))
	}
	checkStore(t, kv, Options{sizes: defaultSizes})
	e = open(t, kv, nil)
	defer shut(t, e)
	must(t, e, func(tx backends.Tx) error {
		s, err := tx.Stream([]byte("s"))
		if err != nil {
			return err
		}
		var got []int
		s.Each(backends.StreamID{}, backends.LastStreamID, true, func(_ backends.StreamID, fields [][]byte) bool {
			got = append(got, len(fields[1]))
			return true
		})
		if want := fmt.Sprint([]int{30, 100_000, 1_000_000, 20, 10}); fmt.Sprint(got) != want {
			t.Errorf("the entries have %v bytes, want %s", got, want)
		}
		tx.Delete([]byte("s"))
		return nil
	}, "s")
	if err := e.Sweep(context.Background()); err != nil {
		t.Fatal(err)
	}
	if n := kv.count(tagVersion); n != 0 {
		t.Errorf("%d records are left", n)
	}
}

// TestGroupsAreReadWhileTheyChange nests visits, and changes what was visited in the same transaction.
func TestGroupsAreReadWhileTheyChange(t *testing.T) {
	e := open(t, newStore(), nil)
	defer shut(t, e)
	const n = 1000
	must(t, e, func(tx backends.Tx) error {
		s, err := tx.Stream([]byte("s"))
		if err != nil {
			return err
		}
		for i := range uint64(n) {
			s.Append(backends.StreamID{Ms: i + 1}, [][]byte{[]byte("f"), []byte("v")})
		}
		for _, name := range []string{"b", "a"} {
			g := s.Groups().Create([]byte(name), backends.GroupState{})
			g.Consumers().Set([]byte("c"), backends.Consumer{})
			for i := range uint64(n) {
				g.SetPending(backends.StreamID{Ms: i + 1}, backends.Delivery{Consumer: []byte("c")})
			}
		}
		return nil
	}, "s")
	must(t, e, func(tx backends.Tx) error {
		s, err := tx.Stream([]byte("s"))
		if err != nil {
			return err
		}
		seen := 0
		s.Groups().Each(func(_ []byte, g backends.StreamGroup) bool {
			g.Consumers().Each(func(name []byte, _ backends.Consumer) bool {
				g.EachPending(backends.StreamID{}, name, func(id backends.StreamID, _ backends.Delivery) bool {
					s.Each(id, id, false, func(backends.StreamID, [][]byte) bool { seen++; return true })
					return true
				})
				return true
			})
			return true
		})
		if seen != 2*n {
			t.Errorf("%d entries are pending, want %d", seen, 2*n)
		}
		a, _ := s.Groups().Get([]byte("a"))
		if gone := a.Consumers().Delete([]byte("c")); gone != n || a.PendingCount(nil) != 0 {
			t.Errorf("a consumer goes with %d, and %d stay", gone, a.PendingCount(nil))
		}
		// A key that is replaced takes its groups with it.
		tx.Move([]byte("s"), 1, []byte("s"))
		if _, ok := s.Groups().Get([]byte("b")); ok || a.Acknowledge(backends.StreamID{Ms: 1}) {
			t.Error("a group outlives its key")
		}
		s.Append(backends.StreamID{Ms: 1}, [][]byte{[]byte("f"), []byte("v")})
		moved, err := tx.In(1).Stream([]byte("s"))
		if err != nil {
			return err
		}
		if g, ok := moved.Groups().Get([]byte("b")); !ok || g.PendingCount([]byte("c")) != n || s.Groups().Len() != 0 {
			t.Error("a group did not move")
		}
		return nil
	}, "s")
}

// TestASweepOfAStreamSurvivesCrashes cuts the power again and again while a stream with groups, which is gone, is swept:
// each group is garbage of its own from the moment on at which its record goes.
func TestASweepOfAStreamSurvivesCrashes(t *testing.T) {
	kv := newStore()
	e := open(t, kv, tiny)
	must(t, e, func(tx backends.Tx) error {
		if err := fillForStreamFuzz(tx, 3000); err != nil {
			return err
		}
		s, err := tx.Stream([]byte("k"))
		if err != nil {
			return err
		}
		for _, name := range []string{"h", strings.Repeat("long", 100)} {
			g := s.Groups().Create([]byte(name), backends.GroupState{})
			g.Consumers().Set([]byte(name), backends.Consumer{})
			for i := range uint64(2000) {
				g.SetPending(backends.StreamID{Ms: i}, backends.Delivery{Consumer: []byte(name)})
			}
		}
		s.Groups().Delete([]byte("h"))
		tx.Copy([]byte("k"), 2, []byte("k"))
		tx.Move([]byte("k"), 1, []byte("k"))
		tx.In(2).Delete([]byte("k"))
		tx.In(1).Flush()
		return nil
	})
	for cut := 0; kv.count(tagVersion) > 0; cut++ {
		after := kv.crashed()
		shut(t, e)
		kv = after
		ctx, cancel := context.WithCancel(context.Background())
		applied := 0
		kv.when(func([]Op) error {
			if applied++; applied > 1+cut { // the first is Open's
				cancel()
				return errDisk
			}
			return nil
		})
		e = open(t, kv, tiny)
		if err := e.Sweep(ctx); err != nil && !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
		cancel()
	}
	shut(t, e)
	if n := kv.count(tagGarbage); n != 0 {
		t.Errorf("%d garbage records are left", n)
	}
}

func TestABlockThatBeginsBeforeItsFirstEntryIsNotKept(t *testing.T) {
	e := open(t, newStore(), nil)
	defer shut(t, e)
	must(t, e, func(tx backends.Tx) error {
		s, err := tx.Stream([]byte("k"))
		if err != nil {
			return err
		}
		n := streamnode.New(backends.StreamID{Ms: 1}, [][]byte{[]byte("f"), []byte("v")}, 100)
		n.Append(backends.StreamID{Ms: 1, Seq: 1}, [][]byte{[]byte("f"), []byte("v")})
		if kept := s.(backends.NodeKeeper).AppendNode(n.Master, n.Pack); kept || tx.Type([]byte("k")) != backends.None {
			t.Errorf("kept: %v, and the key is a %v", kept, tx.Type([]byte("k")))
		}
		return nil
	}, "k")
}
