package memory

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"

	"switchyard/backends"
	"switchyard/backends/listpack"
)

// check is what must be true of a list at any time.
func (l *list) check() error {
	if l.deep == nil {
		return listpack.Valid(l.pack)
	}
	q := l.deep
	count, size := 0, allocated(int64(len(q.buf))*nodeBytes)
	for i, n := range q.nodes() {
		count += int(n.count)
		size += allocated(int64(cap(n.pack)))
		if n.plain {
			continue
		}
		if err := listpack.Valid(n.pack); err != nil || n.pack.Len() != int(n.count) || n.count == 0 {
			return fmt.Errorf("node %d of %d elements: %v", i, n.count, err)
		}
	}
	for i, n := range q.buf {
		if (i < q.lo || i >= q.hi) && n.pack != nil {
			return fmt.Errorf("node %d is kept outside of the window from %d to %d", i, q.lo, q.hi)
		}
	}
	if count != q.count || size != q.bytes {
		return fmt.Errorf("%d elements and %d bytes are counted as %d and %d", count, size, q.count, q.bytes)
	}
	return nil
}

// TestAListIsSoundWhateverItsNodesHold: random edits under limits that change, from few elements to a node
// to many.
func TestAListIsSoundWhateverItsNodesHold(t *testing.T) {
	seed := rand.Uint64()
	r := rand.New(rand.NewPCG(seed, 0))
	var scratch [20]byte
	for _, sizes := range [][]int64{{-2}, {-1, -2, -3, -4, -5, -9}, {0}, {1}, {3}, {64}, {5, -1, 1000}, {1 << 40}} {
		l, model := &list{pack: listpack.New(0)}, []string{}
		longest := 100 + r.IntN(2000)
		for step := range 4000 {
			m := newNodeLimit(sizes[r.IntN(len(sizes))])
			at, element := r.IntN(len(model)+1), []byte(strconv.Itoa(r.IntN(1<<r.IntN(30))))
			if r.IntN(8) == 0 {
				element = bytes.Repeat(element, r.IntN(1<<r.IntN(12)))
			}
			switch op := r.IntN(10); {
			case op < 2:
				l.push(true, element, m)
				model = slices.Insert(model, 0, string(element))
			case op < 5 || len(model) == 0:
				l.insert(at, element, m)
				model = slices.Insert(model, at, string(element))
			case op < 7:
				l.push(false, element, m)
				model = append(model, string(element))
			case op < 9:
				at = min(at, len(model)-1)
				l.replace(at, element, m, &scratch)
				model[at] = string(element)
			default:
				n := min(r.IntN(6), len(model)-at)
				if len(model) > longest {
					at, n = at/8, len(model)-at/8-r.IntN(3)
				}
				l.remove(at, n, m)
				model = slices.Delete(model, at, at+n)
			}
			if step%16 != 0 {
				continue
			}
			if err := l.check(); err != nil {
				t.Fatalf("seed %d, sizes %d, step %d: %v", seed, sizes, step, err)
			}
		}
		got := []string{}
		for i := range l.len() {
			got = append(got, string(l.at(i, &scratch)))
		}
		if !slices.Equal(got, model) {
			t.Fatalf("seed %d, sizes %d: %d elements, want %d", seed, sizes, len(got), len(model))
		}
		copied := l.clone().(*list)
		if err := copied.check(); err != nil || copied.len() != l.len() {
			t.Fatalf("seed %d, sizes %d: a copy: %v", seed, sizes, err)
		}
	}
}

// TestListsChangeTheirEncodingAsInRedis follows t_list.c of version 7.2, which the redis-server at hand is
// too old for. An element of 100 bytes takes 103 in a listpack, one of 8000 takes 8007, and a listpack 7 more.
func TestListsChangeTheirEncodingAsInRedis(t *testing.T) {
	const pack, quick = "listpack", "quicklist"
	e := open(t, nil)
	defer e.Close()
	key := []byte("l")
	for _, c := range []struct {
		name string
		size int64
		edit func(l backends.List)
		want string
	}{
		{"a small list", -2, push(3, 5), pack},
		{"8 KB with the element to come", -2, both(push(1, 8000), push(1, 8192-7-8007)), pack},
		{"a big element alone", -2, push(1, 8192-7), pack},
		{"too big an element alone", -2, push(1, 8192-6), quick},
		{"4 KB", -1, push(5, 1000), quick},
		{"64 KB", -5, push(60, 1000), pack},
		{"beyond -5", -100, push(60, 1000), pack},
		{"as many elements as allowed", 10, push(10, 5), pack},
		{"one more", 10, push(11, 5), quick},
		{"few, but long", 10, push(9, 1000), quick},
		{"0 is 1", 0, push(1, 5), pack},
		{"0 is no more than 1", 0, push(2, 5), quick},
		{"half of what is allowed", 10, both(push(11, 5), remove(10, 1), remove(0, 5)), pack},
		{"more than half", 10, both(push(11, 5), remove(10, 1), remove(0, 4)), quick},
		{"half as many in two nodes", 10, both(push(20, 5), remove(0, 9), remove(2, 9)), quick},
		{"4 KB again", -2, both(push(90, 100), remove(39, 51)), pack},
		{"not yet 4 KB again", -2, both(push(78, 100), push(1, 400), remove(50, 29)), quick},
		{"a replacement in a full list", 10, both(push(10, 5), put(3, 5)), quick},
		{"a replacement in a list half full", 10, both(push(6, 5), put(3, 5)), pack},
		{"a long replacement", -2, both(push(6, 5), put(3, 9000)), quick},
		{"and a short one for it", -2, both(push(6, 5), put(5, 9000), put(5, 3)), quick},
		{"an insertion", 10, both(push(10, 5), func(l backends.List) { l.Insert(5, []byte("x")) }), quick},
		{"a filter", -2, both(push(90, 100), func(l backends.List) {
			n := 0
			l.Filter(false, func([]byte) (bool, bool) { n++; return n > 10, true })
		}), pack},
	} {
		e.compact.ListSize.Store(c.size)
		within(t, e, key, func(tx backends.Tx, l backends.List) {
			c.edit(l)
			if got := tx.Encoding(key); got != c.want {
				t.Errorf("%s: %s, want %s", c.name, got, c.want)
			}
			tx.Delete(key)
		})
	}
}

// within runs body on a list.
func within(t testing.TB, e *Engine, key []byte, body func(tx backends.Tx, l backends.List)) {
	t.Helper()
	a := &backends.Access{Keys: [][]byte{key}, Write: true, Now: 1}
	if _, err := e.Do(context.Background(), a, backends.BodyFunc(func(tx backends.Tx) error {
		l, err := tx.List(key)
		if err == nil {
			body(tx, l)
		}
		return err
	})); err != nil {
		t.Error(err)
	}
}

func push(times, size int) func(backends.List) {
	return func(l backends.List) {
		for range times {
			l.Push(false, []byte(strings.Repeat("x", size)))
		}
	}
}

func put(at, size int) func(backends.List) {
	return func(l backends.List) { l.Put(at, []byte(strings.Repeat("y", size))) }
}

func remove(at, n int) func(backends.List) { return func(l backends.List) { l.Remove(at, n) } }

func both(edits ...func(backends.List)) func(backends.List) {
	return func(l backends.List) {
		for _, edit := range edits {
			edit(l)
		}
	}
}

// TestTheBytesOfAListAreCounted: what Stats says grows and shrinks with a list, to nothing in the end.
func TestTheBytesOfAListAreCounted(t *testing.T) {
	e := open(t, nil)
	defer e.Close()
	used := func() int64 {
		st, err := e.Stats(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		return st.Bytes
	}
	key := []byte("l")
	within(t, e, key, func(_ backends.Tx, l backends.List) { both(push(1, 1), remove(0, 1))(l) })
	empty := used() // but for the table
	for range 3 {
		within(t, e, key, func(tx backends.Tx, l backends.List) { push(10_000, 100)(l) })
		if n := used() - empty; n < 1_020_000 || n > 1_200_000 {
			t.Errorf("a list of 1020000 bytes is counted as %d", n)
		}
		within(t, e, key, func(tx backends.Tx, l backends.List) { l.Remove(5, 9_990) })
		if n := used() - empty; n < 1000 || n > 6000 {
			t.Errorf("a list of 1020 bytes is counted as %d", n)
		}
		within(t, e, key, func(tx backends.Tx, l backends.List) { l.Remove(0, l.Len()) })
		if used() != empty {
			t.Errorf("%d bytes are left of no list", used()-empty)
		}
	}
}

func BenchmarkList(b *testing.B) {
	for _, size := range []int{100, 100_000, 10_000_000} {
		e := open(b, nil)
		within(b, e, []byte("l"), func(_ backends.Tx, l backends.List) {
			push(size, 10)(l)
			b.Run(fmt.Sprint("push and pop of ", size), func(b *testing.B) {
				b.ReportAllocs()
				for element := []byte("0123456789x"); b.Loop(); l.Remove(l.Len()-1, 1) {
					l.Push(true, element)
				}
			})
			b.Run(fmt.Sprint("middle of ", size), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					l.At(size / 2)
				}
			})
			b.Run(fmt.Sprint("insert and remove in ", size), func(b *testing.B) {
				b.ReportAllocs()
				for element := []byte("0123456789x"); b.Loop(); l.Remove(size/3, 1) {
					l.Insert(size/3, element)
				}
			})
		})
		e.Close()
	}
}
