package switching

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// filled is a house whose active store has n keys in each database.
func filled(n int) (*house, *store) {
	from := newStore("old")
	for i := range n {
		from.set(0, fmt.Sprint("k", i), fmt.Sprint("v", i), int64(i))
		from.set(1, fmt.Sprint("k", i), fmt.Sprint("w", i), 0)
	}
	return &house{active: from}, from
}

func mustRun(t *testing.T, p *Plan) {
	t.Helper()
	if err := p.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func mustEqual(t *testing.T, got, want map[string]string) {
	t.Helper()
	if maps.Equal(got, want) {
		return
	}
	for k, v := range want {
		if got[k] != v {
			t.Errorf("%s is %q, not %q", k, got[k], v)
		}
	}
	for k, v := range got {
		if _, ok := want[k]; !ok {
			t.Errorf("%s is %q and should not be", k, v)
		}
	}
	t.FailNow()
}

func TestEverythingArrives(t *testing.T) {
	h, from := filled(3000)
	to := newStore("new")
	mustRun(t, h.plan(to, Copy))
	mustEqual(t, to.content(), from.content())
	if h.active != to || h.opened != h.closed || to.paused || from.notify != nil || h.tracker != nil {
		t.Fatal("something was not put back")
	}
}

func TestSwitchToTheActiveBackendDoesNothing(t *testing.T) {
	h, from := filled(1)
	mustRun(t, h.plan(from, Copy))
	if h.closed != 0 || h.active != from {
		t.Fatal("it did something")
	}
}

func TestModesAndTheKeysOfTheTarget(t *testing.T) {
	mine := func() *store {
		to := newStore("new")
		to.set(0, "k1", "mine", 0)
		to.set(0, "mine", "mine", 0)
		return to
	}
	h, from := filled(5)
	to := mine()
	if err := h.plan(to, Copy).Run(t.Context()); !errors.Is(err, ErrNotEmpty) || !strings.HasPrefix(err.Error(), "switch old -> new: ") {
		t.Fatal(err)
	}
	mustEqual(t, to.content(), mine().content())

	partial := h.plan(to, Copy)
	partial.Partial = true
	mustRun(t, partial)
	mustEqual(t, to.content(), from.content())

	h, from = filled(5)
	to = mine()
	mustRun(t, h.plan(to, Flush))
	mustEqual(t, to.content(), from.content())

	h, from = filled(5)
	to = mine()
	mustRun(t, h.plan(to, Merge))
	want := from.content()
	want["0 mine"] = "mine @0"
	mustEqual(t, to.content(), want)

	h, _ = filled(5)
	to = mine()
	mustRun(t, h.plan(to, NoCopy))
	mustEqual(t, to.content(), mine().content())
	if h.active != to {
		t.Fatal("not flipped")
	}
}

// once runs something at the first call of a method of a store.
func once(s *store, step string, f func()) {
	var o sync.Once
	s.before = func(name string, _ context.Context) {
		if name == step {
			o.Do(f)
		}
	}
}

func TestMergeDeletesOnlyWhatItHadCopied(t *testing.T) {
	h, _ := filled(5)
	to := newStore("new")
	to.set(0, "mine", "mine", 0)
	p := h.plan(to, Merge)
	p.Progress = func() func(Progress) {
		var o sync.Once
		return func(Progress) {
			o.Do(func() {
				h.set(0, "k1", "")
				h.set(0, "mine", "")
				h.do(func(s *store) { s.flushDB(1) }, func(t *Tracker) { t.MarkDB(1) })
				h.set(1, "k2", "again")
			})
		}
	}()
	mustRun(t, p)
	mustEqual(t, to.content(), map[string]string{
		"0 k0": "v0 @0", "0 k2": "v2 @2", "0 k3": "v3 @3", "0 k4": "v4 @4", "0 mine": "mine @0", "1 k2": "again @0",
	})
}

func TestAWriteBetweenReadingAndWritingAKeyIsNotLost(t *testing.T) {
	h, from := filled(1)
	to := newStore("new")
	once(to, "restore", func() { h.set(0, "k0", "newer") })
	mustRun(t, h.plan(to, Copy))
	mustEqual(t, to.content(), from.content())
}

func TestFlushAllDuringTheCopyStartsItOver(t *testing.T) {
	h, from := filled(3000)
	to := newStore("new")
	once(to, "restore", func() {
		h.do(func(s *store) { s.flushDB(0); s.flushDB(1) }, (*Tracker).MarkAll)
		h.set(1, "k1", "last")
	})
	mustRun(t, h.plan(to, Copy))
	mustEqual(t, to.content(), from.content())
}

func TestEndlessFlushAllsEndBehindTheGate(t *testing.T) {
	h, from := filled(10)
	to := newStore("new")
	p := h.plan(to, Copy)
	from.before = func(name string, _ context.Context) {
		if name == "dump" && h.gate.TryRLock() { // not when the gate is closed
			h.gate.RUnlock()
			h.do(func(*store) {}, (*Tracker).MarkAll)
		}
	}
	mustRun(t, p)
	mustEqual(t, to.content(), from.content())
}

func TestMarksBeyondTheBoundMeanEverything(t *testing.T) {
	h, from := filled(2000)
	to := newStore("new")
	p := h.plan(to, Copy)
	p.Limits.Marks = 1000
	var o sync.Once
	to.before = func(name string, _ context.Context) {
		if name == "restore" {
			o.Do(func() {
				for i := range 100 {
					h.set(0, fmt.Sprint("k", i), "changed")
				}
			})
		}
	}
	mustRun(t, p)
	mustEqual(t, to.content(), from.content())
}

func TestFailuresLeaveTheSourceWholeAndActive(t *testing.T) {
	for _, c := range []struct{ where, step string }{
		{"new", "ping"}, {"new", "each"}, {"new", "restore"}, {"old", "each"}, {"old", "dump"},
		{"new", "flush"}, {"", "flip"}, {"", "cancel"},
	} {
		t.Run(c.where+" "+c.step, func(t *testing.T) {
			h, from := filled(100)
			want := from.content()
			to := newStore("new")
			for _, s := range []*store{from, to} {
				if s.name == c.where {
					s.fail = c.step
				}
			}
			p := h.plan(to, Copy)
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			switch c.step {
			case "flip":
				p.Flip = func() error { return errInjected }
			case "cancel":
				once(to, "restore", cancel)
			case "flush":
				p.Flip = func() error { return errInjected }
			}
			err := p.Run(ctx)
			if c.step == "cancel" && !errors.Is(err, context.Canceled) || c.step != "cancel" && !errors.Is(err, errInjected) {
				t.Fatal(err)
			}
			if errors.Is(err, ErrPartial) != (c.step == "flush") {
				t.Fatal(err)
			}
			if h.active != from || h.opened != h.closed || h.tracker != nil || from.notify != nil || to.paused {
				t.Fatal("something was not put back")
			}
			mustEqual(t, from.content(), want)
			if len(to.content()) > 0 && c.step != "flush" {
				t.Fatal("the target was not emptied")
			}
		})
	}
}

func TestATooSlowCutOverIsTriedAgainThenGivenUp(t *testing.T) {
	for _, slow := range []int{2, 100} { // so many attempts are too slow
		h, from := filled(10)
		to := newStore("new")
		p := h.plan(to, Copy)
		p.Limits.Pause, p.Limits.Attempts = time.Millisecond, 4
		from.before = func(name string, ctx context.Context) {
			if name != "dump" {
				return
			}
			if h.gate.TryRLock() {
				h.gate.RUnlock()
				h.set(0, "hot", "changed")
			} else if h.closed <= slow {
				<-ctx.Done()
			}
		}
		err := p.Run(t.Context())
		if slow == 2 {
			if err != nil {
				t.Fatal(err)
			}
			mustEqual(t, to.content(), from.content())
		} else if !errors.Is(err, ErrBusy) || h.active != from || len(to.content()) != 0 || h.opened != h.closed {
			t.Fatal(err)
		}
	}
}

// model is what must be in the active store, kept beside it.
type model struct {
	mu   sync.Mutex
	keys map[string]string
}

// write does one random thing to the active store and to the model.
func (m *model) write(h *house, r *rand.Rand) {
	db, key, value := r.IntN(databases), fmt.Sprint("k", r.IntN(1000)), fmt.Sprint(r.Uint64())
	var at int64
	name := fmt.Sprint(db, " ", key)
	dice := r.IntN(3000)
	mark := func(t *Tracker) { t.Mark(db, [][]byte{[]byte(key)}) }
	switch {
	case dice == 0:
		mark = (*Tracker).MarkAll
	case dice == 1:
		mark = func(t *Tracker) { t.MarkDB(db) }
	case dice < 800:
		value = ""
	case dice < 1400:
		at = 1 + r.Int64()
	case dice < 1600:
		mark = nil // the store tells by itself
	}
	h.do(func(s *store) {
		m.mu.Lock()
		defer m.mu.Unlock()
		switch {
		case dice < 2:
			for d := range databases {
				if dice == 0 || d == db {
					s.flushDB(d)
					maps.DeleteFunc(m.keys, func(k, _ string) bool { return strings.HasPrefix(k, fmt.Sprint(d, " ")) })
				}
			}
		case dice < 800:
			s.set(db, key, "", 0)
			delete(m.keys, name)
		case dice >= 1400 && dice < 1600:
			s.removeItself(db, key)
			delete(m.keys, name)
		default:
			s.set(db, key, value, at)
			m.keys[name] = fmt.Sprintf("%s @%d", value, at)
		}
	}, mark)
}

// meanwhile is for store.before: it writes at the very moments when a key is between its source and
// its target.
func (m *model) meanwhile(h *house, seed uint64) func(string, context.Context) {
	var mu sync.Mutex
	r := rand.New(rand.NewPCG(seed, 1000))
	return func(string, context.Context) {
		if !h.gate.TryRLock() {
			return
		}
		h.gate.RUnlock()
		mu.Lock()
		defer mu.Unlock()
		for range 10 {
			m.write(h, r)
		}
	}
}

func TestNoWriteIsLostInManySwitches(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	a, b := newStore("a"), newStore("b")
	h := &house{active: a}
	m := &model{keys: map[string]string{}}
	stop := make(chan struct{})
	var writers sync.WaitGroup
	for i := range 4 {
		r := rand.New(rand.NewPCG(seed, uint64(i)))
		writers.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
					m.write(h, r)
				}
			}
		})
	}
	defer writers.Wait()
	defer close(stop)
	a.before, b.before = m.meanwhile(h, seed), m.meanwhile(h, seed+1)
	for i := range 60 {
		to := map[*store]*store{a: b, b: a}[h.active]
		p := h.plan(to, Flush)
		p.Limits.BatchKeys, p.Limits.Small = 32, 100
		p.Limits.Marks = int64(rand.New(rand.NewPCG(seed, uint64(100+i))).IntN(100_000) + 20_000)
		p.Limits.WholePause, p.Limits.Pause = time.Minute, time.Minute
		p.Flip = func() error {
			mustEqual(t, to.content(), m.keys)
			h.active = to
			return nil
		}
		mustRun(t, p)
	}
}

// named is a store that says which one it is.
type named struct {
	*store
	id string
}

func (n named) Identity(context.Context) (string, error) { return n.id, nil }

func TestTwoNamesOfOneStoreAreNotSwitched(t *testing.T) {
	for _, mode := range []Mode{Copy, Flush, Merge, NoCopy} {
		h, _ := filled(10)
		to := newStore("new")
		p := h.plan(to, mode)
		p.From, p.To = named{h.active, "one"}, named{to, "one"}
		before := h.active.content()
		if err := p.Run(context.Background()); !errors.Is(err, ErrSame) {
			t.Errorf("%s: %v", mode, err)
		}
		mustEqual(t, h.active.content(), before)
		if h.active.flushes+to.flushes > 0 {
			t.Errorf("%s: something was emptied", mode)
		}
	}
}

func TestADeadSourceCostsTheTargetNothing(t *testing.T) {
	h, _ := filled(10)
	to := newStore("new")
	to.set(0, "old", "value", 0)
	h.active.fail = "ping"
	if err := h.plan(to, Flush).Run(context.Background()); !errors.Is(err, errInjected) {
		t.Errorf("%v", err)
	}
	if len(to.content()) != 1 {
		t.Errorf("the target has %v", to.content())
	}
}
