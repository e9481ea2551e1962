package rdb

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"switchyard/backends"
)

func moverOf(t *testing.T, e *fakeEngine, now int64) *mover {
	t.Helper()
	m, ok := MoverOf(e)
	if !ok {
		t.Fatal("an engine has no mover")
	}
	m.(*mover).clock = func() int64 { return now }
	return m.(*mover)
}

// own is a backend with a mover of its own, and wrapped one around it.
type own struct {
	*fakeEngine
	backends.Mover
}

type wrapped struct{ backends.Backend }

func (w wrapped) Unwrap() backends.Backend { return w.Backend }

func TestABackendsOwnMoverIsPreferred(t *testing.T) {
	b := &own{fakeEngine: newFake()}
	if m, ok := MoverOf(wrapped{b}); !ok || m != backends.Mover(b) {
		t.Fatalf("%v %v", m, ok)
	}
	if m, ok := MoverOf(wrapped{newFake()}); !ok {
		t.Fatalf("%v %v", m, ok)
	}
	if _, ok := MoverOf(wrapped{}); ok {
		t.Fatal("nothing has a mover")
	}
}

func TestKeysMoveFromOneEngineToAnother(t *testing.T) {
	ctx := t.Context()
	a, b := newFake(), newFake()
	for i := range 3000 {
		a.dbs[i%2][fmt.Sprint("key ", i)] = fakeKey{val: []byte(strings.Repeat("v", i)), at: int64(i%3) * 1000}
	}
	from, to := moverOf(t, a, 500), moverOf(t, b, 500)
	for db := range a.dbs {
		var keys [][]byte
		if err := from.EachKey(ctx, db, func(key []byte) error { keys = append(keys, key); return nil }); err != nil {
			t.Fatal(err)
		}
		vals, err := from.Dump(ctx, db, keys)
		if err != nil {
			t.Fatal(err)
		}
		if err := to.Restore(ctx, db, vals); err != nil {
			t.Fatal(err)
		}
	}
	if x, y := fmt.Sprint(a.dbs), fmt.Sprint(b.dbs); x != y {
		t.Fatal("the engines differ")
	}
	for _, access := range append(a.seen, b.seen...) {
		if len(access.Keys) > restoreKeys {
			t.Fatalf("%d keys in one transaction", len(access.Keys))
		}
	}
	if err := to.Flush(ctx); err != nil || len(b.dbs[0])+len(b.dbs[1]) != 0 || !b.seen[len(b.seen)-1].All {
		t.Fatalf("flush: %v, %v", b.dbs, err)
	}
}

func TestEveryTypeMovesWithItsDeadlines(t *testing.T) {
	a, b := newFake(), newFake()
	key := func(i int) []byte { return fmt.Append(nil, i) }
	var keys [][]byte
	held := make(map[*fakeEngine][]contents)
	look := func(e *fakeEngine) {
		err := e.with(1, func(tx backends.Tx) error {
			for _, k := range keys {
				held[e] = append(held[e], heldBy(tx, k))
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	for i, f := range fixtures() {
		keys = append(keys, key(i))
		if err := a.with(1, func(tx backends.Tx) error { return Restore(tx, key(i), f.payload()) }); err != nil {
			t.Fatal(err)
		}
	}
	vals, err := moverOf(t, a, 1).Dump(t.Context(), 0, keys)
	if err != nil {
		t.Fatal(err)
	}
	if err := moverOf(t, b, 1).Restore(t.Context(), 0, vals); err != nil {
		t.Fatal(err)
	}
	look(a)
	look(b)
	for i, f := range fixtures() {
		if !held[b][i].equal(held[a][i]) || !held[b][i].equal(contents{f.held, f.elements}) {
			t.Errorf("%s came as %.300q", f.name, held[b][i])
		}
	}
}

// A stream of many nodes and deliveries goes over whole, among others that are small or empty.
func TestStreamsMoveFromOneEngineToAnother(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	keys := [][]byte{[]byte("empty"), []byte("large"), []byte("small"), []byte("none")}
	sizes := []int{0, 30_000, 5, -1}
	fill := func(s backends.Stream, n int) {
		s.SetState(backends.StreamState{Last: backends.StreamID{Ms: 3}, Added: 7})
		g := s.Groups().Create([]byte("group"), backends.GroupState{Last: backends.StreamID{Ms: uint64(n)}, Read: int64(n) - 1})
		for _, name := range []string{"", "alice", "bob"} {
			g.Consumers().Set([]byte(name), backends.Consumer{Seen: 5, Active: 5})
		}
		for i := range n {
			id := backends.StreamID{Ms: 4 + uint64(i/3), Seq: uint64(i % 3)}
			s.Append(id, [][]byte{[]byte("field"), []byte(element(r)), []byte("number"), fmt.Append(nil, i)})
			if i%2 == 0 {
				g.SetPending(id, backends.Delivery{Consumer: []byte([]string{"", "alice"}[i/2%2]), Delivered: int64(i), Count: uint64(i)})
			}
		}
		for i := range n / 10 {
			s.Delete(backends.StreamID{Ms: 4 + uint64(i)})
		}
	}
	look := func(e backends.Engine) (all []contents) {
		_, err := e.Do(background, &backends.Access{Keys: keys, Now: 1}, backends.BodyFunc(func(tx backends.Tx) error {
			for _, key := range keys {
				all = append(all, heldBy(tx, key))
			}
			return nil
		}))
		if err != nil {
			t.Fatal(err)
		}
		return all
	}
	first := openMemory(t, backends.NewCompact())
	_, err := first.Do(background, &backends.Access{Keys: keys, Write: true, Now: 1}, backends.BodyFunc(func(tx backends.Tx) error {
		for i, key := range keys[:3] {
			s, err := tx.Stream(key)
			if err != nil {
				return err
			}
			fill(s, sizes[i])
			tx.SetExpiry(key, later)
		}
		return nil
	}))
	if err != nil {
		t.Fatal(err)
	}
	want := look(first)
	from := backends.Engine(first)
	for _, to := range []backends.Engine{openMemory(t, backends.NewCompact()), newFake(), openMemory(t, backends.NewCompact())} {
		source, _ := MoverOf(from)
		target, _ := MoverOf(to)
		vals, err := source.Dump(background, 0, keys)
		if err != nil || vals[3].Payload != nil || vals[1].ExpireAt != later {
			t.Fatal(vals[3].Payload, vals[1].ExpireAt, err)
		}
		if err := target.Restore(background, 0, vals); err != nil {
			t.Fatal(err)
		}
		for i, got := range look(to) {
			if !got.equal(want[i]) || got.kind != []string{"stream", "stream", "stream", "none"}[i] {
				t.Errorf("%s in %s came as %.500q, not %.500q", keys[i], to.Name(), got, want[i])
			}
		}
		from = to
	}
}

func TestALargeKeyEndsItsGroup(t *testing.T) {
	e := newFake()
	var keys [][]byte
	for i := range 8 {
		k := fmt.Append(nil, i)
		keys = append(keys, k)
		e.dbs[0][string(k)] = fakeKey{val: []byte("small")}
	}
	large := make([]byte, 2*groupBytes)
	_, _ = rand.NewChaCha8([32]byte{}).Read(large) // which never fails; nothing compresses it
	e.dbs[0]["3"] = fakeKey{val: large}
	vals, err := moverOf(t, e, 1).Dump(t.Context(), 0, keys)
	if err != nil || len(vals) != len(keys) || len(e.seen) != 2 {
		t.Fatalf("%d of %d keys in %d transactions, %v", len(vals), len(keys), len(e.seen), err)
	}
	for i, v := range vals {
		if string(v.Key) != string(keys[i]) || v.Payload == nil {
			t.Errorf("key %d is %q with %d bytes", i, v.Key, len(v.Payload))
		}
	}
}

func TestRestoreDeletesWhatIsGoneOrExpired(t *testing.T) {
	e := newFake()
	e.dbs[0] = map[string]fakeKey{"gone": {val: []byte("x")}, "expired": {val: []byte("x")}, "stays": {val: []byte("x")}}
	err := moverOf(t, e, 500).Restore(t.Context(), 0, []backends.Value{
		{Key: []byte("gone")},
		{Key: []byte("expired"), Payload: dumped([]byte("y")), ExpireAt: 500},
		{Key: []byte("lives"), Payload: dumped([]byte("y")), ExpireAt: 501},
	})
	if err != nil || fmt.Sprint(e.dbs[0]) != fmt.Sprint(map[string]fakeKey{"lives": {val: []byte("y"), at: 501}, "stays": {val: []byte("x")}}) {
		t.Fatalf("%v, %v", e.dbs[0], err)
	}
	if err := moverOf(t, e, 500).Restore(t.Context(), 0, []backends.Value{{Key: []byte("stays")}}); err != nil || e.seen[len(e.seen)-1].Grows {
		t.Fatalf("deleting takes no space: %v", err)
	}
}

func TestABadPayloadInAGroupChangesNothing(t *testing.T) {
	e := newFake()
	err := moverOf(t, e, 1).Restore(t.Context(), 0, []backends.Value{
		{Key: []byte("a"), Payload: dumped([]byte("y"))},
		{Key: []byte("b"), Payload: []byte("nonsense, but long enough")},
	})
	if !errors.Is(err, ErrChecksum) || len(e.dbs[0]) != 0 {
		t.Fatalf("%v, %v", e.dbs[0], err)
	}
}

func TestRestoreWaitsForDurability(t *testing.T) {
	e := newFake()
	broken := errors.New("disk")
	e.commit = func() *backends.Commit {
		c := backends.NewCommit()
		c.Finish(broken)
		return c
	}
	if err := moverOf(t, e, 1).Restore(t.Context(), 0, []backends.Value{{Key: []byte("a")}}); !errors.Is(err, broken) {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	e.commit = func() *backends.Commit { cancel(); return backends.NewCommit() }
	if _, err := moverOf(t, e, 1).Dump(ctx, 0, [][]byte{[]byte("a")}); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
}

func TestErrorsOfTheEngineAreNamed(t *testing.T) {
	e := newFake()
	e.fail = errors.New("disk")
	m := moverOf(t, e, 1)
	_, dumpErr := m.Dump(t.Context(), 0, [][]byte{nil})
	for _, err := range []error{
		dumpErr, m.Flush(t.Context()),
		m.Restore(t.Context(), 0, []backends.Value{{}}),
		m.EachKey(t.Context(), 0, func([]byte) error { return nil }),
	} {
		if !errors.Is(err, e.fail) || !strings.HasPrefix(err.Error(), "fake: ") {
			t.Error(err)
		}
	}
}
