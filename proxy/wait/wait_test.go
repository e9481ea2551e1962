package wait

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

func keys(names string) (list [][]byte) {
	for _, n := range strings.Fields(names) {
		list = append(list, []byte(n))
	}
	return list
}

// line is who a walk meets; each is shown to during, which may be nil.
func line(r *Registry[string], db int, name string, during func(string)) string {
	var met []string
	for v := r.Visit(Key{db, name}); ; {
		who, ok := v.Next()
		if !ok {
			return strings.Join(met, " ")
		}
		met = append(met, who)
		if during != nil {
			during(who)
		}
	}
}

func TestWaitersAreMetInTheOrderInWhichTheyCame(t *testing.T) {
	r := New[string]()
	waiters := map[string]*Waiter[string]{}
	for _, w := range []struct {
		name, keys string
		db         int
	}{{"A", "x y", 0}, {"B", "y x y x", 0}, {"C", "x", 1}, {"D", "y", 0}, {"E", "", 0}} {
		waiters[w.name] = &Waiter[string]{Value: w.name}
		r.Add(waiters[w.name], w.db, keys(w.keys))
	}
	want := func(lines map[Key]string, n int) {
		t.Helper()
		for k, who := range lines {
			if got := line(r, k.DB, k.Name, nil); got != who || r.Awaited(k.DB, []byte(k.Name)) != (who != "") {
				t.Errorf("%v: %q, not %q", k, got, who)
			}
		}
		if r.Len() != n {
			t.Errorf("%d wait, not %d", r.Len(), n)
		}
	}
	want(map[Key]string{{0, "x"}: "A B", {0, "y"}: "A B D", {1, "x"}: "C", {1, "y"}: "", {0, ""}: ""}, 5)
	if got := r.Keys(0); len(got) != 2 || r.Lines() != 3 {
		t.Errorf("%v, of %d", got, r.Lines())
	}
	r.Remove(waiters["A"])
	r.Remove(waiters["C"])
	want(map[Key]string{{0, "x"}: "B", {0, "y"}: "B D", {1, "x"}: ""}, 3)
	for _, name := range []string{"B", "D", "E"} {
		r.Remove(waiters[name])
	}
	want(map[Key]string{{0, "x"}: "", {0, "y"}: ""}, 0)
	for i := range r.shards {
		if len(r.shards[i].lines) > 0 {
			t.Errorf("lines are left: %v", r.shards[i].lines)
		}
	}
}

func TestAWalkMindsNoChanges(t *testing.T) {
	for _, c := range []struct {
		name          string
		at, leave     string // when the walk meets at, these leave
		come          string // and this one comes
		want, forever string // who is met, and who waits in the end
	}{
		{"nobody leaves", "", "", "", "A B C D", "A B C D"},
		{"who is met leaves", "B", "B", "", "A B C D", "A C D"},
		{"who comes next leaves", "B", "C", "", "A B D", "A B D"},
		{"who was met leaves", "C", "A", "", "A B C D", "B C D"},
		{"all before leave", "C", "A B C", "", "A B C D", "D"},
		{"all leave", "A", "A B C D", "", "A", ""},
		{"all leave and one comes", "A", "A B C D", "E", "A", "E"},
		{"one comes", "B", "", "E", "A B C D", "A B C D E"},
	} {
		r := New[string]()
		waiters := map[string]*Waiter[string]{}
		add := func(name string) {
			waiters[name] = &Waiter[string]{Value: name}
			r.Add(waiters[name], 0, keys("k other"+name))
		}
		for _, name := range strings.Fields("A B C D") {
			add(name)
		}
		got := line(r, 0, "k", func(who string) {
			if who != c.at {
				return
			}
			for _, name := range strings.Fields(c.leave) {
				r.Remove(waiters[name])
			}
			if c.come != "" {
				add(c.come)
			}
		})
		if after := line(r, 0, "k", nil); got != c.want || after != c.forever {
			t.Errorf("%s: met %q, not %q; left %q, not %q", c.name, got, c.want, after, c.forever)
		}
	}
}

// TestManyAtOnce has many come and go while others walk: nobody is met twice in a walk, nor out of order, and in
// the end nobody is there.
func TestManyAtOnce(t *testing.T) {
	r := New[int64]()
	var number atomic.Int64
	var coming, walking sync.WaitGroup
	stop := make(chan struct{})
	for n := range 4 {
		coming.Go(func() {
			random := rand.New(rand.NewPCG(1, uint64(n)))
			for range 2000 {
				w := &Waiter[int64]{Value: number.Add(1)}
				var names [][]byte
				for range 1 + random.IntN(3) {
					names = append(names, fmt.Append(nil, random.IntN(8)))
				}
				r.Add(w, random.IntN(2), names)
				r.Awaited(0, names[0])
				r.Remove(w)
			}
		})
		walking.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-stop:
					return
				default:
				}
				seen := map[int64]bool{}
				for v := r.Visit(Key{i % 2, fmt.Sprint(i % 8)}); ; {
					who, ok := v.Next()
					if !ok {
						break
					}
					if seen[who] {
						t.Errorf("%d is met twice", who)
					}
					seen[who] = true
				}
				r.Keys(i % 2)
			}
		})
	}
	coming.Wait()
	close(stop)
	walking.Wait()
	if r.Len() != 0 || len(r.Keys(0))+len(r.Keys(1)) != 0 {
		t.Errorf("%d wait, for %v and %v", r.Len(), r.Keys(0), r.Keys(1))
	}
}

func TestALineOfManyIsWalkedInAMoment(t *testing.T) {
	r := New[int]()
	const n = 100_000 // a walk that began anew for each would take minutes
	waiters := make([]*Waiter[int], n)
	for i := range waiters {
		waiters[i] = &Waiter[int]{Value: i}
		r.Add(waiters[i], 0, keys("k"))
	}
	for _, leaves := range []bool{false, true} {
		v := r.Visit(Key{0, "k"})
		for i := range n {
			if got, ok := v.Next(); !ok || got != i {
				t.Fatalf("%d, %v, not %d", got, ok, i)
			}
			if leaves {
				r.Remove(waiters[i])
			}
		}
	}
}

func BenchmarkAwaited(b *testing.B) {
	r := New[int]()
	key := []byte("some:key")
	b.Run("nobody waits", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			r.Awaited(0, key)
		}
	})
	r.Add(&Waiter[int]{}, 0, keys("another"))
	b.Run("others wait", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			r.Awaited(0, key)
		}
	})
}
