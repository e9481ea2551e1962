package backendtest

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"

	"switchyard/backends"
)

// listParts are the parts about lists.
var listParts = []part{
	{"lists", testLists},
	{"an empty list is gone", testEmptyList},
	{"lists are copied and moved", testListTransfer},
	{"lists agree with a model", testListModel},
}

// withList runs body on the list at key.
func withList(t testing.TB, e backends.Engine, key string, body func(tx backends.Tx, l backends.List)) {
	t.Helper()
	do(t, e, write(key), func(tx backends.Tx) error {
		l, err := tx.List([]byte(key))
		if err == nil {
			body(tx, l)
		}
		return err
	})
}

// elements reads a list from the front.
func elements(l backends.List) (all []string) {
	l.Each(0, false, func(element []byte) bool {
		all = append(all, string(element))
		return true
	})
	return all
}

func wantElements(t testing.TB, l backends.List, want ...string) {
	t.Helper()
	if got := elements(l); !slices.Equal(got, want) || l.Len() != len(want) {
		t.Errorf("%d elements %.200q, want %d: %.200q", l.Len(), got, len(want), want)
	}
}

func testLists(t *testing.T, e backends.Engine) {
	big := strings.Repeat("big", 100_000)
	withList(t, e, "l", func(_ backends.Tx, l backends.List) {
		wantElements(t, l)
		for _, v := range []string{"", "7", "-9223372036854775808", "\x00\xff\r\n", "007"} {
			l.Push(false, []byte(v))
		}
		l.Push(true, []byte("front"))
		l.Insert(3, []byte(big))
		l.Insert(0, []byte("first"))
		l.Insert(l.Len(), []byte("last"))
	})
	withList(t, e, "l", func(_ backends.Tx, l backends.List) {
		wantElements(t, l, "first", "front", "", "7", big, "-9223372036854775808", "\x00\xff\r\n", "007", "last")
		if got := string(l.At(3)) + string(l.At(8)); got != "7last" {
			t.Errorf("elements 3 and 8 are %q", got)
		}
		l.Put(4, []byte("small"))
		l.Put(0, []byte(big))
		l.Remove(5, 2)
		l.Remove(1, 0)
		wantElements(t, l, big, "front", "", "7", "small", "007", "last")
		var back []string
		l.Each(3, true, func(element []byte) bool {
			back = append(back, string(element))
			return len(back) < 3
		})
		if !slices.Equal(back, []string{"7", "", "front"}) {
			t.Errorf("back from 3: %q", back)
		}
	})
	wantValue(t, e, 0, "other", "-")
}

func testEmptyList(t *testing.T, e backends.Engine) {
	withList(t, e, "l", func(tx backends.Tx, l backends.List) {
		l.Filter(false, func([]byte) (bool, bool) { return true, true })
		if tx.Type([]byte("l")) != backends.None {
			t.Error("looking at an absent list makes it")
		}
		for _, empty := range []func(){
			func() { l.Remove(0, 2) },
			func() { l.Filter(true, func([]byte) (bool, bool) { return true, true }) },
		} {
			l.Push(false, []byte("a"))
			l.Push(false, []byte("b"))
			tx.SetExpiry([]byte("l"), start+10)
			empty()
			if tx.Type([]byte("l")) != backends.None || l.Len() != 0 || tx.Delete([]byte("l")) {
				t.Error("an empty list is there")
			}
		}
		l.Push(false, []byte("again"))
		if at := tx.Expiry([]byte("l")); at != 0 {
			t.Errorf("a new list expires at %d", at)
		}
		if tx.Type([]byte("l")) != backends.ListType {
			t.Error("a list is not a list")
		}
		if _, err := tx.String([]byte("l")); err != backends.ErrWrongType {
			t.Errorf("a list opens as a string: %v", err)
		}
		tx.Delete([]byte("l"))
		wantElements(t, l)
	})
	set(t, e, "s", "v")
	do(t, e, write("s"), func(tx backends.Tx) error {
		if _, err := tx.List([]byte("s")); err != backends.ErrWrongType {
			t.Errorf("a string opens as a list: %v", err)
		}
		return nil
	})
}

func testListTransfer(t *testing.T, e backends.Engine) {
	for _, size := range []int{3, 5000} {
		do(t, e, write("a", "b", "c"), func(tx backends.Tx) error {
			a, err := tx.List([]byte("a"))
			if err != nil {
				return err
			}
			for i := range size {
				a.Push(false, strconv.AppendInt(nil, int64(i), 10))
			}
			tx.Copy([]byte("a"), 1, []byte("b"))
			a.Push(false, []byte("more"))
			tx.Move([]byte("a"), 0, []byte("c"))
			b, err := tx.In(1).List([]byte("b"))
			if err != nil {
				return err
			}
			c, err := tx.List([]byte("c"))
			if err != nil {
				return err
			}
			if a.Len() != 0 || b.Len() != size || c.Len() != size+1 {
				t.Errorf("of %d elements are %d, %d and %d", size, a.Len(), b.Len(), c.Len())
			}
			b.Put(0, []byte("changed"))
			if got := string(c.At(0)); got != "0" {
				t.Errorf("a change of a copy shows in the original: %q", got)
			}
			tx.Delete([]byte("c"))
			tx.In(1).Delete([]byte("b"))
			return nil
		})
	}
}

// testListModel runs random operations on a list and on a Go slice.
func testListModel(t *testing.T, e backends.Engine) {
	seed := rand.Uint64()
	r := rand.New(rand.NewPCG(seed, 0))
	var model []string
	for step := range 150 {
		before := slices.Clone(model)
		withList(t, e, "l", func(_ backends.Tx, l backends.List) {
			for range 40 {
				model = listStep(r, l, model)
			}
			if got := elements(l); !slices.Equal(got, model) || l.Len() != len(model) {
				t.Errorf("seed %d, step %d: a list of %d", seed, step, len(before))
			}
		})
		withList(t, e, "l", func(_ backends.Tx, l backends.List) {
			if got := listSample(r, l, model); got != "" {
				t.Errorf("seed %d, step %d: %s", seed, step, got)
			}
		})
		if t.Failed() {
			return
		}
	}
}

// listElement is short, or a number, or beyond what fits into a node with others.
func listElement(r *rand.Rand) string {
	switch r.IntN(12) {
	case 0:
		return strings.Repeat("x", r.IntN(9000))
	case 1, 2:
		return strings.Repeat("y", r.IntN(600))
	case 3, 4, 5:
		return strconv.Itoa(r.IntN(1 << r.IntN(40)))
	}
	return fmt.Sprint("e", r.IntN(20))
}

// listStep does one random operation to both: more often one that makes the list longer, until it is long.
func listStep(r *rand.Rand, l backends.List, model []string) []string {
	element := listElement(r)
	n := len(model)
	at := r.IntN(n + 1)
	if n > 3000 && r.IntN(50) == 0 {
		at = r.IntN(20)
		l.Remove(at, n-at)
		return model[:at]
	}
	switch op := r.IntN(16); {
	case op < 4:
		l.Push(true, []byte(element))
		return slices.Insert(model, 0, element)
	case op < 8:
		l.Push(false, []byte(element))
		return append(model, element)
	case op < 11 || n == 0:
		l.Insert(at, []byte(element))
		return slices.Insert(model, at, element)
	case op < 13:
		at = min(at, n-1)
		l.Put(at, []byte(element))
		model[at] = element
		return model
	case op < 15:
		count := min(r.IntN(1+r.IntN(30)), n-at)
		if l.Remove(at, count); r.IntN(10) == 0 {
			l.Remove(0, 0)
		}
		return slices.Delete(model, at, at+count)
	}
	return listFilter(r, l, model)
}

// listFilter removes up to so many of the elements that are equal to one of them.
func listFilter(r *rand.Rand, l backends.List, model []string) []string {
	unwanted := model[r.IntN(len(model))]
	back, most := r.IntN(2) == 0, 1+r.IntN(20)
	left := most
	l.Filter(back, func(element []byte) (remove, more bool) {
		if remove = string(element) == unwanted; remove {
			left--
		}
		return remove, left > 0
	})
	if back {
		slices.Reverse(model)
	}
	model = slices.DeleteFunc(model, func(element string) bool {
		if element != unwanted {
			return false
		}
		most--
		return most >= 0
	})
	if back {
		slices.Reverse(model)
	}
	return model
}

// listSample compares some elements by their index, and walks from there.
func listSample(r *rand.Rand, l backends.List, model []string) string {
	for range min(10, len(model)) {
		at, back, steps := r.IntN(len(model)), r.IntN(2) == 0, 20
		if got := string(l.At(at)); got != model[at] {
			return fmt.Sprintf("element %d of %d is %.40q, want %.40q", at, len(model), got, model[at])
		}
		wrong := ""
		i := at
		l.Each(at, back, func(element []byte) bool {
			if string(element) != model[i] {
				wrong = fmt.Sprintf("on a walk from %d of %d, element %d is %.40q, want %.40q", at, len(model), i, element, model[i])
			}
			if i++; back {
				i -= 2
			}
			steps--
			return steps > 0 && wrong == ""
		})
		if wrong != "" {
			return wrong
		}
	}
	return ""
}
