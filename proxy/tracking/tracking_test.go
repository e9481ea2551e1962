package tracking

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
)

func names(list []*Client[string]) string {
	var all []string
	for _, c := range list {
		all = append(all, c.Of)
	}
	slices.Sort(all)
	return strings.Join(all, " ")
}

// never is for who forgets nothing.
func never(t *testing.T) func(string, []*Client[string]) {
	return func(key string, _ []*Client[string]) { t.Helper(); t.Errorf("%q was forgotten", key) }
}

func TestAReaderIsToldOnceOfAKey(t *testing.T) {
	table := NewTable[string]()
	a, b := NewClient("a"), NewClient("b")
	for _, c := range []*Client[string]{a, b, a} {
		table.Remember(c, []byte("k"), never(t))
	}
	table.Remember(a, []byte("j"), never(t))
	if keys, items := table.Len(); keys != 2 || items != 3 {
		t.Errorf("%d keys, %d items", keys, items)
	}
	if got := names(table.Forget([]byte("k"))); got != "a b" {
		t.Errorf("told: %q", got)
	}
	if got := table.Forget([]byte("k")); got != nil {
		t.Errorf("told again: %q", names(got))
	}
	table.Remember(b, []byte("k"), never(t))
	table.End(a)
	if keys, items := table.Len(); keys != 1 || items != 1 {
		t.Errorf("after the end of one: %d keys, %d items", keys, items)
	}
	table.ForgetAll()
	if keys, items := table.Len(); keys != 0 || items != 0 || len(b.keys) != 0 {
		t.Errorf("after all: %d keys, %d items, %d of a client", keys, items, len(b.keys))
	}
}

func TestWhoHasReadAKeyAsItIsNowStaysRemembered(t *testing.T) {
	table := NewTable[string]()
	a, b := NewClient("a"), NewClient("b")
	for _, step := range []struct {
		reader *Client[string]
		again  bool
	}{{a, false}, {b, false}, {a, true}} {
		if again := table.Remember(step.reader, []byte("k"), never(t)); again != step.again {
			t.Errorf("%s reads it again: %v", step.reader.Of, again)
		}
	}
	if got := names(table.ForgetBut([]byte("k"), a)); got != "a b" {
		t.Errorf("told: %q", got)
	}
	if keys, items := table.Len(); keys != 1 || items != 1 || len(b.keys) != 0 {
		t.Errorf("%d keys, %d items, and b has %d", keys, items, len(b.keys))
	}
	if got := names(table.Forget([]byte("k"))); got != "a" {
		t.Errorf("told: %q", got)
	}
	if keys, items := table.Len(); keys != 0 || items != 0 {
		t.Errorf("in the end: %d keys, %d items", keys, items)
	}
}

func TestATableForgetsBeyondItsLimit(t *testing.T) {
	table := NewTable[string]()
	c := NewClient("c")
	forgotten := map[string]bool{}
	forgot := func(key string, readers []*Client[string]) {
		if forgotten[key] = true; names(readers) != "c" {
			t.Errorf("told of %q: %q", key, names(readers))
		}
	}
	table.SetLimit(10, forgot)
	for i := range 100 {
		key := fmt.Sprint(i)
		table.Remember(c, []byte(key), forgot)
		if forgotten[key] {
			t.Errorf("%q was forgotten when it was read", key)
		}
	}
	if keys, _ := table.Len(); keys != 10 || len(forgotten) != 90 || len(c.keys) != 10 {
		t.Errorf("%d keys, %d forgotten, %d of the client", keys, len(forgotten), len(c.keys))
	}
	table.SetLimit(3, forgot)
	if keys, _ := table.Len(); keys != 3 || len(forgotten) != 97 {
		t.Errorf("%d keys, %d forgotten", keys, len(forgotten))
	}
}

func TestPrefixesSayWhoIsTold(t *testing.T) {
	b := NewBroadcast[string]()
	x, y := NewClient("x"), NewClient("y")
	b.Add(x, "a")
	b.Add(x, "long:")
	b.Add(y, "")
	b.Add(y, "a") // whether prefixes of one overlap is the caller's to refuse
	told := func(keys ...string) string {
		var got []string
		b.Each(keys, func(keys []string, clients []*Client[string]) {
			got = append(got, fmt.Sprintf("%s: %s", strings.Join(keys, ","), names(clients)))
		})
		return strings.Join(got, "; ")
	}
	for _, c := range []struct{ keys, want string }{
		{"b", "b: y"},
		{"a", "a: y; a: x y"},
		{"ab c aa ab", "aa,ab,c: y; aa,ab: x y"},
		{"long:1 long", "long,long:1: y; long:1: x"},
	} {
		if got := told(strings.Fields(c.keys)...); got != c.want {
			t.Errorf("%s: told %q, want %q", c.keys, got, c.want)
		}
	}
	b.End(y)
	if got := told("b", "a1"); got != "a1: x" || b.Len() != 2 {
		t.Errorf("after an end: %q, %d prefixes", got, b.Len())
	}
	b.End(x)
	if got := told("a1"); got != "" || b.Len() != 0 {
		t.Errorf("after the last: %q, %d prefixes", got, b.Len())
	}
}

func TestManyAtOnceLeaveNothingBehind(t *testing.T) {
	table := NewTable[string]()
	table.SetLimit(50, never(t))
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			for range 50 {
				c := NewClient("c")
				for range 40 {
					key := []byte(fmt.Sprint(rand.IntN(100)))
					if rand.IntN(3) == 0 {
						table.Forget(key)
					} else {
						table.Remember(c, key, func(string, []*Client[string]) {})
					}
				}
				table.End(c)
			}
		})
	}
	all.Wait()
	if keys, items := table.Len(); keys != 0 || items != 0 {
		t.Errorf("%d keys, %d items are left", keys, items)
	}
}
