package ordered

import (
	"context"
	"errors"
	"testing"

	"switchyard/backends"
)

// briefly runs body in a transaction that must not wait.
func briefly(e *Engine, write bool, body func(tx backends.Tx) error, keys ...string) error {
	a := &backends.Access{Write: write, Brief: true, Now: 1}
	for _, k := range keys {
		a.Keys = append(a.Keys, []byte(k))
	}
	_, err := e.Do(context.Background(), a, backends.BodyFunc(body))
	return err
}

func TestABriefTransactionRunsOnWhatIsInMemory(t *testing.T) {
	s := newStore()
	e := open(t, s, nil)
	defer shut(t, e)
	must(t, e, setter("1", "a", "b"), "a", "b")
	s.gets.Store(0)
	if err := briefly(e, true, setter("2", "a", "b"), "a", "b"); err != nil {
		t.Error(err)
	}
	look := func(tx backends.Tx) error {
		v, err := tx.String([]byte("a"))
		if err == nil && string(v.Bytes()) != "2" {
			t.Errorf("it is %q", v.Bytes())
		}
		return err
	}
	if err := briefly(e, false, look, "a"); err != nil {
		t.Error(err)
	}
	if n := s.gets.Load(); n != 0 {
		t.Errorf("%d reads came to the store", n)
	}
}

func TestABriefTransactionDoesNothingRatherThanWait(t *testing.T) {
	s := newStore()
	e := open(t, s, nil)
	must(t, e, setter("1", "a"), "a")
	shut(t, e)
	e = open(t, s, nil) // with an empty cache
	defer shut(t, e)
	s.gets.Store(0)
	s.visited.Store(0)
	walk := func(tx backends.Tx) error { tx.Scan(0, 10, func([]byte, backends.Type) {}); return nil }
	change := func(tx backends.Tx) error {
		if err := setter("3", "new")(tx); err != nil {
			return err
		}
		return setter("3", "a")(tx)
	}
	if err := briefly(e, false, walk); !errors.Is(err, backends.ErrWouldWait) {
		t.Errorf("a walk ended with %v", err)
	}
	if err := briefly(e, true, change, "a", "new"); !errors.Is(err, backends.ErrWouldWait) {
		t.Errorf("a write ended with %v", err)
	}
	if s.gets.Load()+s.visited.Load() != 0 {
		t.Error("it has read from the store")
	}
	want(t, e, "a", "1")
	want(t, e, "new", "-")
	wantCounts(t, e)

	// Another transaction has one of the keys.
	inside, leave := make(chan struct{}), make(chan struct{})
	done := make(chan error)
	go func() {
		done <- try(e, func(backends.Tx) error { close(inside); <-leave; return nil }, "a")
	}()
	<-inside
	for _, write := range []bool{true, false} {
		if err := briefly(e, write, func(backends.Tx) error { return nil }, "new", "a", "other"); !errors.Is(err, backends.ErrWouldWait) {
			t.Errorf("beside another transaction it ended with %v", err)
		}
	}
	close(leave)
	if err := <-done; err != nil {
		t.Error(err)
	}
	must(t, e, setter("4", "new", "a", "other"), "new", "a", "other") // nothing is locked any more
}

func TestABriefTransactionDoesNotWaitForTheQueue(t *testing.T) {
	s := newStore()
	e := open(t, s, nil)
	defer shut(t, e)
	want(t, e, "a", "-")
	arrived, release := stall(s)
	var last *backends.Commit
	for range maxGroups {
		e.queue.mu.Lock()
		if g := e.queue.newest(); g != nil {
			g.sealed = true // so that the next one has a group of its own
		}
		e.queue.mu.Unlock()
		c, err := begin(e, setter("1", "a"), "a")
		if err != nil {
			t.Fatal(err)
		}
		last = c
	}
	<-arrived
	if err := briefly(e, true, setter("2", "a"), "a"); !errors.Is(err, backends.ErrWouldWait) {
		t.Errorf("it ended with %v", err)
	}
	release(nil)
	if err := last.Wait(t.Context()); err != nil {
		t.Error(err)
	}
	want(t, e, "a", "1")
}
