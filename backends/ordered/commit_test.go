package ordered

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"switchyard/backends"
)

// stall makes Apply wait until release is called, with the error to return.
func stall(s *store) (arrived <-chan struct{}, release func(error)) {
	at, result := make(chan struct{}, 100), make(chan error, 100)
	done := make(chan struct{})
	s.when(func([]Op) error {
		at <- struct{}{}
		select {
		case err := <-result:
			return err
		case <-done:
			return nil
		}
	})
	return at, func(err error) {
		if err != nil {
			result <- err
			return
		}
		// Not under the lock of the store, which the stalled Apply holds.
		go s.when(nil)
		select {
		case <-done:
		default:
			close(done)
		}
	}
}

func TestARefusedGroupNeverHappened(t *testing.T) {
	for _, partly := range []bool{false, true} {
		s := newStore()
		s.partly = partly
		e := open(t, s, tiny)
		must(t, e, setter("1", "a", "c"), "a", "c")
		long := strings.Repeat("x", 100)
		for range 2 {
			s.when(func([]Op) error { return errDisk })
			for _, value := range []string{"2", long} {
				if err := try(e, setter(value, "a", "b"), "a", "b"); !errors.Is(err, errDisk) {
					t.Fatalf("the error is %v", err)
				}
				want(t, e, "a", "1")
				want(t, e, "b", "-")
			}
			if err := try(e, deleter("c"), "c"); !errors.Is(err, errDisk) {
				t.Fatal(err)
			}
			if err := try(e, func(tx backends.Tx) error { tx.Flush(); return nil }); !errors.Is(err, errDisk) {
				t.Fatal(err)
			}
			s.when(nil)
			must(t, e, setter("3", "d"), "d")
			want(t, e, "a", "1")
			want(t, e, "b", "-")
			want(t, e, "c", "1")
			wantCounts(t, e)
			shut(t, e)
			e = open(t, s, tiny)
			want(t, e, "a", "1")
			want(t, e, "b", "-")
			want(t, e, "c", "1")
			want(t, e, "d", "3")
			wantCounts(t, e)
		}
		shut(t, e)
	}
}

func TestWhatWasReadFromTheQueueFailsWithIt(t *testing.T) {
	s := newStore()
	e := open(t, s, nil)
	defer shut(t, e)
	must(t, e, setter("1", "a", "b"), "a", "b")
	arrived, release := stall(s)
	first, err := begin(e, setter("2", "a"), "a")
	if err != nil {
		t.Fatal(err)
	}
	<-arrived
	second, err := begin(e, setter("3", "a", "c"), "a", "c")
	if err != nil {
		t.Fatal(err)
	}
	value, dirty := read(t, e, "a")
	if value != "3" || dirty == nil {
		t.Fatalf("a reader sees %q, with the commit %v", value, dirty)
	}
	if value, clean := read(t, e, "b"); value != "1" || clean != nil {
		t.Errorf("a read of what is durable is %q, and depends on %v", value, clean)
	}
	release(errDisk)
	for _, c := range []*backends.Commit{first, second, dirty} {
		if err := c.Wait(context.Background()); !errors.Is(err, errDisk) {
			t.Errorf("the commit ended with %v", err)
		}
	}
	release(nil)
	want(t, e, "a", "1")
	want(t, e, "c", "-")
}

func TestATransactionDoesNotOutliveAFailure(t *testing.T) {
	s := newStore()
	e := open(t, s, nil)
	defer shut(t, e)
	s.when(func([]Op) error { return errDisk })
	err := try(e, func(tx backends.Tx) error {
		if err := try(e, setter("1", "b"), "b"); !errors.Is(err, errDisk) {
			t.Error(err)
		}
		return setter("1", "a")(tx)
	}, "a")
	if !errors.Is(err, errOvertook) {
		t.Errorf("the error is %v", err)
	}
	s.when(nil)
	want(t, e, "a", "-")
}

func TestWritesMergeWhileTheStoreIsBusy(t *testing.T) {
	s := newStore()
	e := open(t, s, nil)
	defer shut(t, e)
	arrived, release := stall(s)
	var last *backends.Commit
	before := s.applied
	for i := range 100 {
		var err error
		if last, err = begin(e, setter(fmt.Sprint(i), "n"), "n"); err != nil {
			t.Fatal(err)
		}
		if i == 0 {
			<-arrived
		}
	}
	release(nil)
	if err := last.Wait(context.Background()); err != nil {
		t.Fatal(err)
	}
	if n := s.applied - before; n != 2 {
		t.Errorf("100 writes took %d Applies", n)
	}
	want(t, e, "n", "99")
}

func TestWritersWaitForRoomAsLongAsTheirContext(t *testing.T) {
	s := newStore()
	e := open(t, s, nil)
	defer shut(t, e)
	e.queue.limits.Ops = 1
	arrived, release := stall(s)
	for i := range maxGroups {
		if _, err := begin(e, setter("v", fmt.Sprint(i)), fmt.Sprint(i)); err != nil {
			t.Fatal(err)
		}
		if i == 0 {
			<-arrived
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Millisecond)
	defer cancel()
	a := &backends.Access{Write: true, Keys: [][]byte{[]byte("x")}}
	if _, err := e.Do(ctx, a, backends.BodyFunc(setter("v", "x"))); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("the error is %v", err)
	}
	release(nil)
	must(t, e, setter("v", "x"), "x")
}

func TestAFailingBodyUndoesNothing(t *testing.T) {
	e := open(t, newStore(), nil)
	defer shut(t, e)
	oops := errors.New("oops")
	c, err := begin(e, func(tx backends.Tx) error {
		if err := setter("1", "a")(tx); err != nil {
			return err
		}
		return oops
	}, "a")
	if !errors.Is(err, oops) || c == nil {
		t.Fatalf("%v, %v", c, err)
	}
	want(t, e, "a", "1")
}

// TestALargeTransactionIsAllOrNothing cuts the power after each of the Applies that it takes.
func TestALargeTransactionIsAllOrNothing(t *testing.T) {
	t.Run("applied is durable", func(t *testing.T) { cutLarge(t, newStore) })
	t.Run("synced is durable", func(t *testing.T) { cutLarge(t, newSyncedStore) })
}

func cutLarge(t *testing.T, newStore func() *store) {
	const n = 3000
	keys := make([]string, n)
	for i := range keys {
		keys[i] = fmt.Sprint("key:", i)
	}
	value := strings.Repeat("v", 1000)
	for cut, done := 0, false; !done; cut++ {
		s := newStore()
		s.limits = Limits{1000, 1 << 20}
		e := open(t, s, nil)
		must(t, e, setter("old", keys[7]), keys[7])
		applied, failed := 0, make(chan struct{})
		s.when(func([]Op) error {
			if applied++; applied == cut+1 {
				close(failed)
			}
			if applied > cut {
				return errDisk
			}
			return nil
		})
		c, err := begin(e, setter(value, keys...), keys...)
		if err != nil {
			t.Fatal(err)
		}
		acknowledged := false
		select {
		case <-c.Done():
			acknowledged = c.Wait(context.Background()) == nil
		case <-failed: // with the marker written it tries until the power is back
		}
		after := s.crashed()
		done = e.Close() == nil && applied <= cut
		e = open(t, after, nil)
		got, _ := read(t, e, keys[0])
		want(t, e, keys[n-1], got)
		want(t, e, keys[7], map[string]string{"-": "old", value: value}[got])
		if acknowledged && got != value {
			t.Error("an acknowledged transaction is lost")
		}
		wantCounts(t, e)
		if after.count(tagLog) != 0 || after.count(tagMarker) != 0 {
			t.Error("the log was left behind")
		}
		shut(t, e)
		if cut > 100 {
			t.Fatal("it never ends")
		}
	}
}

func TestALargeTransactionGoesOnWhenTheDiskIsBack(t *testing.T) {
	s := newStore()
	s.limits = Limits{1000, 1 << 20}
	e := open(t, s, nil)
	defer shut(t, e)
	failed := false
	s.when(func(ops []Op) error {
		if !failed && s.applied > 2 && len(ops) > 900 {
			failed = true
			return errDisk
		}
		return nil
	})
	must(t, e, func(tx backends.Tx) error {
		for i := range 5000 {
			if err := setter("v", fmt.Sprint(i))(tx); err != nil {
				return err
			}
		}
		return nil
	})
	if !failed {
		t.Error("nothing failed")
	}
	wantCounts(t, e)
	want(t, e, "4999", "v")
	if s.count(tagLog) != 0 {
		must(t, e, setter("v", "x"), "x") // the tidying up follows the commit
	}
}
