package ordered

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"switchyard/backends"
)

// glance runs body in a transaction that only reads and may run again.
func glance(e *Engine, long bool, body func(tx backends.Tx) error, keys ...string) error {
	a := &backends.Access{Again: true, Long: long, Now: 1}
	for _, k := range keys {
		a.Keys = append(a.Keys, []byte(k))
	}
	c, err := e.Do(context.Background(), a, backends.BodyFunc(body))
	if err == nil {
		err = c.Wait(context.Background())
	}
	return err
}

func textOf(tx backends.Tx, key string) string {
	v, err := tx.String([]byte(key))
	if err != nil {
		return err.Error()
	}
	return string(v.Bytes())
}

func TestAReaderDoesNotWaitForAWriter(t *testing.T) {
	e := open(t, newStore(), nil)
	defer shut(t, e)
	must(t, e, setter("old", "a", "b"), "a", "b")
	inside, leave, done := make(chan struct{}), make(chan struct{}), make(chan error)
	go func() {
		done <- try(e, func(tx backends.Tx) error {
			err := setter("new", "a")(tx)
			close(inside)
			<-leave
			return err
		}, "a", "b")
	}()
	<-inside
	for _, long := range []bool{false, true} {
		err := glance(e, long, func(tx backends.Tx) error {
			if got := textOf(tx, "a") + textOf(tx, "b"); got != "oldold" {
				t.Errorf("it reads %q", got)
			}
			return nil
		}, "a", "b")
		if err != nil {
			t.Error(err)
		}
	}
	brief := &backends.Access{Keys: [][]byte{[]byte("a"), []byte("b")}, Again: true, Brief: true, Now: 1}
	for range 10 { // it has neither a view nor the time to make one
		if _, err := e.Do(context.Background(), brief, backends.BodyFunc(setter("never", "a"))); !errors.Is(err, backends.ErrWouldWait) {
			t.Errorf("a brief reader ends with %v", err)
		}
	}
	close(leave)
	if err := <-done; err != nil {
		t.Error(err)
	}
	want(t, e, "a", "new")
}

func TestAWriterDoesNotWaitForAReader(t *testing.T) {
	for _, long := range []bool{false, true} {
		e := open(t, newStore(), nil)
		must(t, e, setter("old", "a", "b"), "a", "b")
		runs, last := 0, ""
		err := glance(e, long, func(tx backends.Tx) error {
			runs++
			last = textOf(tx, "a")
			if runs == 1 {
				must(t, e, setter("new", "a", "b"), "a", "b")
			}
			last += textOf(tx, "b")
			return nil
		}, "a", "b")
		if err != nil {
			t.Error(err)
		}
		if long && (runs != 1 || last != "oldold") || !long && (runs != 2 || last != "newnew") {
			t.Errorf("long %v: it has run %d times and read %q", long, runs, last)
		}
		shut(t, e)
	}
}

func TestAReaderThatMeetsWritersAgainAndAgainReadsAView(t *testing.T) {
	e := open(t, newStore(), nil)
	defer shut(t, e)
	must(t, e, setter("0", "a", "b"), "a", "b")
	runs, last := 0, ""
	err := glance(e, false, func(tx backends.Tx) error {
		runs++
		last = textOf(tx, "a")
		must(t, e, setter(fmt.Sprint(runs), "a", "b"), "a", "b")
		last += textOf(tx, "b")
		return nil
	}, "a", "b")
	if err != nil || runs != lookTries+1 || last != fmt.Sprint(lookTries, lookTries) && last != fmt.Sprintf("%d%d", lookTries, lookTries) {
		t.Errorf("it has run %d times and read %q, %v", runs, last, err)
	}
}

// TestReadersSeeWholeTransactions moves an amount between accounts, and the fields of hashes that are large and
// small, while readers add them up, and the cache loses all that it has now and then.
func TestReadersSeeWholeTransactions(t *testing.T) {
	e := open(t, newStore(), tiny)
	defer shut(t, e)
	const accounts, total = 12, 1200
	names := make([]string, accounts)
	for i := range names {
		names[i] = fmt.Sprint("account", i)
		must(t, e, setter(fmt.Sprint(total/accounts), names[i]), names[i])
	}
	fields := []string{"h"}
	fill := func(tx backends.Tx, n int) error {
		h, err := tx.Hash([]byte("h"))
		if err != nil {
			return err
		}
		tx.Delete([]byte("h"))
		for i := range n {
			h.Put(fmt.Append(nil, "field", i), []byte(strings.Repeat("x", 1+n%50)))
		}
		return nil
	}
	must(t, e, func(tx backends.Tx) error { return fill(tx, 10) }, fields...)

	var all sync.WaitGroup
	var ended atomic.Bool
	stop := time.AfterFunc(2*time.Second, func() { ended.Store(true) })
	defer stop.Stop()
	all.Go(func() {
		for ; !ended.Load(); time.Sleep(time.Millisecond) {
			e.cache.c.Clear()
		}
	})
	for w := range 3 {
		all.Go(func() {
			r := rand.New(rand.NewPCG(uint64(w), 1))
			for !ended.Load() {
				from, to := names[r.IntN(accounts)], names[r.IntN(accounts)]
				err := try(e, func(tx backends.Tx) error {
					if from == to {
						return fill(tx, 1+r.IntN(60))
					}
					a, b := 0, 0
					if _, err := fmt.Sscan(textOf(tx, from), &a); err != nil {
						return err
					}
					if _, err := fmt.Sscan(textOf(tx, to), &b); err != nil {
						return err
					}
					if err := setter(fmt.Sprint(a-1), from)(tx); err != nil {
						return err
					}
					return setter(fmt.Sprint(b+1), to)(tx)
				}, from, to, "h")
				if err != nil {
					t.Error(err)
				}
			}
		})
	}
	for w := range 3 {
		all.Go(func() {
			for !ended.Load() {
				sum, length, size := 0, -1, -1
				err := glance(e, w == 0, func(tx backends.Tx) error {
					sum, length, size = 0, 0, 0
					for _, name := range names {
						n := 0
						if _, err := fmt.Sscan(textOf(tx, name), &n); err != nil {
							return err
						}
						sum += n
					}
					h, err := tx.Hash([]byte("h"))
					if err != nil {
						return err
					}
					length = h.Len()
					h.Each(func(_, value []byte) bool { size += len(value); return true })
					return nil
				}, append(names, "h")...)
				if err != nil || sum != total || size != length*(1+length%50) {
					t.Errorf("the sum is %d, %d fields have %d bytes, %v", sum, length, size, err)
				}
			}
		})
	}
	all.Wait()
	sum := 0
	for _, name := range names {
		n := 0
		text, _ := read(t, e, name)
		if _, err := fmt.Sscan(text, &n); err != nil {
			t.Error(err)
		}
		sum += n
	}
	if sum != total {
		t.Errorf("in the end the sum is %d", sum)
	}
}

// A body that waits for something to come must not wait for ever because the store fails, or because what it
// has read does not fit together.
func TestABodyEndsWithItsStore(t *testing.T) {
	s := newStore()
	e := open(t, s, tiny)
	members := func(tx backends.Tx, n int) error {
		set, err := tx.Set([]byte("s"))
		if err != nil {
			return err
		}
		for i := range n {
			set.Add(fmt.Append(nil, "member", i))
		}
		return nil
	}
	must(t, e, func(tx backends.Tx) error { return members(tx, 200) }, "s")
	shut(t, e)
	e = open(t, s, tiny) // with an empty cache
	defer shut(t, e)
	all := func(tx backends.Tx) error {
		set, err := tx.Set([]byte("s"))
		if err != nil {
			return err
		}
		seen := map[string]bool{}
		for len(seen) < set.Len() {
			seen[string(set.Random())] = true
		}
		return nil
	}
	if err := briefly(e, false, all, "s"); err != backends.ErrWouldWait {
		t.Errorf("it ended with %v", err)
	}
	var ended atomic.Bool
	var writer sync.WaitGroup
	writer.Go(func() {
		for n := 0; !ended.Load(); n++ {
			err := try(e, func(tx backends.Tx) error {
				tx.Delete([]byte("s"))
				return members(tx, 1+n%40)
			}, "s")
			if err != nil {
				t.Error(err)
			}
		}
	})
	for range 300 {
		if err := glance(e, false, all, "s"); err != nil {
			t.Error(err)
		}
	}
	ended.Store(true)
	writer.Wait()
}
