package backendtest

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"switchyard/backends"
)

// streamParts are the parts about streams.
var streamParts = []part{
	{"streams", testStreams},
	{"an empty stream stays", testEmptyStream},
	{"streams are trimmed", testStreamTrim},
	{"streams have groups", testStreamGroups},
	{"streams are copied and moved", testStreamTransfer},
	{"streams go through a mover", testStreamMover},
	{"nodes of streams stay as they are", testStreamNodes},
	{"streams agree with a model", testStreamModel},
	{"groups agree with a model", testStreamGroupModel},
}

// withStream runs body on the stream at key.
func withStream(t testing.TB, e backends.Engine, key string, body func(tx backends.Tx, s backends.Stream)) {
	t.Helper()
	do(t, e, write(key), func(tx backends.Tx) error {
		s, err := tx.Stream([]byte(key))
		if err == nil {
			body(tx, s)
		}
		return err
	})
}

func streamID(ms, seq uint64) backends.StreamID { return backends.StreamID{Ms: ms, Seq: seq} }

// streamEntries reads the entries of a range as "1-2 field value ...".
func streamEntries(s backends.Stream, from, to backends.StreamID, back bool) (all []string) {
	s.Each(from, to, back, func(id backends.StreamID, fields [][]byte) bool {
		all = append(all, entryText(id, fields))
		return true
	})
	return all
}

func entryText(id backends.StreamID, fields [][]byte) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d-%d", id.Ms, id.Seq)
	for _, f := range fields {
		fmt.Fprintf(&b, " %s", f)
	}
	return b.String()
}

func wantEntries(t testing.TB, s backends.Stream, want ...string) {
	t.Helper()
	got := streamEntries(s, backends.StreamID{}, backends.LastStreamID, false)
	back := streamEntries(s, backends.StreamID{}, backends.LastStreamID, true)
	slices.Reverse(back)
	state, _ := s.State()
	if !slices.Equal(got, want) || !slices.Equal(back, want) || state.Length != len(want) {
		t.Errorf("%d entries %.300q, backwards %.300q, want %.300q", state.Length, got, back, want)
	}
}

func wantState(t testing.TB, s backends.Stream, want backends.StreamState) {
	t.Helper()
	got, ok := s.State()
	got.Nodes, got.RadixNodes = 0, 0
	if !ok || got != want {
		t.Errorf("the state is %+v, %v, want %+v", got, ok, want)
	}
}

func testStreams(t *testing.T, e backends.Engine) {
	big := strings.Repeat("big", 10_000)
	withStream(t, e, "s", func(tx backends.Tx, s backends.Stream) {
		if _, ok := s.State(); ok || tx.Type([]byte("s")) != backends.None || s.Delete(streamID(1, 1)) || s.Trim(backends.Trim{ByLength: true}) != 0 {
			t.Error("an absent stream is there")
		}
		wantEntries(t, s)
		if tx.Type([]byte("s")) != backends.None {
			t.Error("looking at an absent stream makes it")
		}
		s.Append(streamID(1, 5), keys("f", "v", "g", "-12"))
		s.Append(streamID(2, 0), keys("f", "w", "g", ""))
		s.Append(streamID(2, 1), keys("12", "7"))
		s.Append(streamID(3, 0), keys("f", big, "g", "\x00\xff"))
		s.Append(backends.LastStreamID, keys("", ""))
	})
	withStream(t, e, "s", func(tx backends.Tx, s backends.Stream) {
		wantEntries(t, s, "1-5 f v g -12", "2-0 f w g ", "2-1 12 7", "3-0 f "+big+" g \x00\xff", "18446744073709551615-18446744073709551615  ")
		wantState(t, s, backends.StreamState{Length: 5, First: streamID(1, 5), Last: backends.LastStreamID, Added: 5})
		if got := streamEntries(s, streamID(1, 6), streamID(2, 1), true); !slices.Equal(got, []string{"2-1 12 7", "2-0 f w g "}) {
			t.Errorf("a range is %q", got)
		}
		if got := streamEntries(s, streamID(3, 1), streamID(1, 5), false); len(got) > 0 {
			t.Errorf("a range that ends before it begins has %q", got)
		}
		if !s.Delete(streamID(2, 0)) || s.Delete(streamID(2, 0)) || !s.Delete(streamID(1, 5)) || s.Delete(streamID(9, 9)) {
			t.Error("an entry is not deleted once")
		}
		wantState(t, s, backends.StreamState{Length: 3, First: streamID(2, 1), Last: backends.LastStreamID, MaxDeleted: streamID(2, 0), Added: 5})
		if tx.Type([]byte("s")) != backends.StreamType || tx.Encoding([]byte("s")) != "stream" {
			t.Errorf("a stream is a %s, kept as %s", tx.Type([]byte("s")), tx.Encoding([]byte("s")))
		}
		if _, err := tx.String([]byte("s")); err != backends.ErrWrongType {
			t.Errorf("a stream opens as a string: %v", err)
		}
	})
	wantValue(t, e, 0, "other", "-")
}

func testEmptyStream(t *testing.T, e backends.Engine) {
	withStream(t, e, "s", func(tx backends.Tx, s backends.Stream) {
		s.SetState(backends.StreamState{})
		wantState(t, s, backends.StreamState{})
		s.Append(streamID(1, 1), keys("f", "v"))
		tx.SetExpiry([]byte("s"), start+10)
		s.Delete(streamID(1, 1))
		wantEntries(t, s)
		wantState(t, s, backends.StreamState{Last: streamID(1, 1), MaxDeleted: streamID(1, 1), Added: 1})
		s.Append(streamID(1, 2), keys("f", "v"))
		s.Trim(backends.Trim{ByLength: true})
		wantState(t, s, backends.StreamState{Last: streamID(1, 2), MaxDeleted: streamID(1, 1), Added: 2})
		s.SetState(backends.StreamState{Last: streamID(0, 5), Added: 7})
		s.Append(streamID(0, 6), keys("g", "w"))
		wantEntries(t, s, "0-6 g w")
		wantState(t, s, backends.StreamState{Length: 1, First: streamID(0, 6), Last: streamID(0, 6), Added: 8})
		if tx.Expiry([]byte("s")) != start+10 || !tx.Delete([]byte("s")) || tx.Type([]byte("s")) != backends.None {
			t.Error("an empty stream is not a key like others")
		}
		if _, ok := s.State(); ok {
			t.Error("a deleted stream is there")
		}
	})
}

func testStreamTrim(t *testing.T, e backends.Engine) {
	withStream(t, e, "s", func(_ backends.Tx, s backends.Stream) {
		for i := range uint64(10_000) {
			s.Append(streamID(i+1, 0), keys("f", "v"))
		}
		for _, step := range []struct {
			trim    backends.Trim
			removed int
		}{
			{backends.Trim{ByLength: true, Length: 20_000}, 0},
			{backends.Trim{ByLength: true, Length: 9_990}, 10},
			{backends.Trim{First: streamID(15, 0)}, 4},
			{backends.Trim{First: streamID(3, 0)}, 0},
			{backends.Trim{First: streamID(2_000, 1)}, 1_986},
			{backends.Trim{ByLength: true, Length: 10}, 7_990},
		} {
			if n := s.Trim(step.trim); n != step.removed {
				t.Errorf("%+v removes %d, want %d", step.trim, n, step.removed)
			}
		}
		state, _ := s.State()
		if state.Length != 10 || state.First != streamID(9_991, 0) || len(streamEntries(s, backends.StreamID{}, backends.LastStreamID, false)) != 10 {
			t.Errorf("after all %+v", state)
		}
	})
	withStream(t, e, "t", func(_ backends.Tx, s backends.Stream) {
		for i := range uint64(1000) {
			s.Append(streamID(i+1, 0), keys("f", "v"))
		}
		for _, trim := range []backends.Trim{{ByLength: true, Length: 500, Approx: true, Limit: 150}, {First: streamID(400, 0), Approx: true}} {
			before, _ := s.State()
			n := s.Trim(trim)
			after, _ := s.State()
			if after.Length != before.Length-n || trim.Limit > 0 && n > trim.Limit || trim.ByLength && after.Length < trim.Length ||
				!trim.ByLength && trim.First.Less(after.First) {
				t.Errorf("%+v removes %d of %d", trim, n, before.Length)
			}
		}
	})
}

func testStreamGroups(t *testing.T, e backends.Engine) {
	withStream(t, e, "s", func(_ backends.Tx, s backends.Stream) {
		if s.Groups().Len() != 0 || s.Groups().Delete([]byte("g")) {
			t.Error("an absent stream has groups")
		}
		s.SetState(backends.StreamState{})
		for _, name := range []string{"g", "", "b", "\xff\x00"} {
			g := s.Groups().Create([]byte(name), backends.GroupState{Last: streamID(1, 2), Read: -1})
			g.Consumers().Set([]byte("c"), backends.Consumer{Seen: 5, Active: -1})
		}
		g, _ := s.Groups().Get([]byte("g"))
		g.SetState(backends.GroupState{Last: streamID(7, 0), Read: 3})
		g.Consumers().Set(nil, backends.Consumer{Seen: 6, Active: 7})
		for i := range uint64(5) {
			g.SetPending(streamID(i, 0), backends.Delivery{Consumer: keys("c", "")[i%2], Delivered: int64(i), Count: i})
		}
		g.SetPending(streamID(2, 0), backends.Delivery{Consumer: nil, Delivered: 9, Count: 10})
		if !s.Groups().Delete([]byte("b")) || s.Groups().Delete([]byte("b")) {
			t.Error("a group is not deleted once")
		}
	})
	withStream(t, e, "s", func(_ backends.Tx, s backends.Stream) {
		var names []string
		s.Groups().Each(func(name []byte, g backends.StreamGroup) bool {
			names = append(names, fmt.Sprintf("%s %v %d", name, g.State(), g.Consumers().Len()))
			return true
		})
		if want := []string{" {{1 2} -1} 1", "g {{7 0} 3} 2", "\xff\x00 {{1 2} -1} 1"}; !slices.Equal(names, want) {
			t.Errorf("the groups are %q, want %q", names, want)
		}
		g, ok := s.Groups().Get([]byte("g"))
		if _, none := s.Groups().Get([]byte("b")); !ok || none {
			t.Fatal("a group is not there, or a deleted one is")
		}
		wantPending(t, g, nil, "0-0 c 0 0", "1-0  1 1", "2-0  9 10", "3-0  3 3", "4-0 c 4 4")
		wantPending(t, g, []byte("c"), "0-0 c 0 0", "4-0 c 4 4")
		wantPending(t, g, []byte{}, "1-0  1 1", "2-0  9 10", "3-0  3 3")
		wantPending(t, g, []byte("nobody"))
		if !g.Acknowledge(streamID(3, 0)) || g.Acknowledge(streamID(3, 0)) {
			t.Error("an entry is not acknowledged once")
		}
		if n := g.Consumers().Delete([]byte{}); n != 2 || g.Consumers().Delete([]byte{}) != 0 {
			t.Errorf("a consumer goes with %d entries", n)
		}
		wantPending(t, g, nil, "0-0 c 0 0", "4-0 c 4 4")
		if last, ok := g.LastPending(); !ok || last != streamID(4, 0) {
			t.Errorf("the last pending entry is %v", last)
		}
		if c, ok := g.Consumers().Get([]byte("c")); !ok || c != (backends.Consumer{Seen: 5, Active: -1}) {
			t.Errorf("a consumer is %v, %v", c, ok)
		}
	})
}

// wantPending compares the pending entries of a consumer.
func wantPending(t testing.TB, g backends.StreamGroup, consumer []byte, want ...string) {
	t.Helper()
	var got []string
	g.EachPending(backends.StreamID{}, consumer, func(id backends.StreamID, d backends.Delivery) bool {
		got = append(got, fmt.Sprintf("%d-%d %s %d %d", id.Ms, id.Seq, d.Consumer, d.Delivered, d.Count))
		return true
	})
	if !slices.Equal(got, want) || g.PendingCount(consumer) != len(want) {
		t.Errorf("%d are pending for %q: %q, want %q", g.PendingCount(consumer), consumer, got, want)
	}
}

func testStreamTransfer(t *testing.T, e backends.Engine) {
	for _, size := range []uint64{0, 3, 5000} {
		do(t, e, write("a", "b", "c"), func(tx backends.Tx) error {
			a, err := tx.Stream([]byte("a"))
			if err != nil {
				return err
			}
			a.SetState(backends.StreamState{Added: 10})
			for i := range size {
				a.Append(streamID(i+1, 0), keys("f", fmt.Sprint(i)))
			}
			g := a.Groups().Create([]byte("g"), backends.GroupState{Last: streamID(3, 0), Read: 3})
			g.Consumers().Set([]byte("x"), backends.Consumer{Seen: 1, Active: 2})
			g.SetPending(streamID(2, 0), backends.Delivery{Consumer: []byte("x"), Delivered: 4, Count: 5})
			tx.Copy([]byte("a"), 1, []byte("b"))
			a.Append(streamID(size+1, 0), keys("more", ""))
			g.Acknowledge(streamID(2, 0))
			tx.Move([]byte("a"), 0, []byte("c"))
			return sameTransfers(t, tx, int(size))
		})
	}
}

// sameTransfers looks at the copy of a stream, and at the original, which has moved after a change.
func sameTransfers(t *testing.T, tx backends.Tx, size int) error {
	b, err := tx.In(1).Stream([]byte("b"))
	if err != nil {
		return err
	}
	c, err := tx.Stream([]byte("c"))
	if err != nil {
		return err
	}
	before, _ := b.State()
	after, _ := c.State()
	if tx.Type([]byte("a")) != backends.None || before.Length != size || after.Length != size+1 || before.Added != uint64(size+10) {
		t.Errorf("a stream of %d was copied as %+v and moved as %+v", size, before, after)
	}
	g, ok := b.Groups().Get([]byte("g"))
	moved, ok2 := c.Groups().Get([]byte("g"))
	if !ok || !ok2 {
		t.Fatal("a group was lost")
	}
	wantPending(t, g, []byte("x"), "2-0 x 4 5")
	wantPending(t, moved, nil)
	b.Append(streamID(1_000_000, 0), keys("f", "v"))
	if last, _ := c.State(); last.Last != streamID(uint64(size+1), 0) {
		t.Error("a change of a copy shows in the original")
	}
	tx.Delete([]byte("c"))
	tx.In(1).Delete([]byte("b"))
	return nil
}
