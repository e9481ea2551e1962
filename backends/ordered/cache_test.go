package ordered

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

func TestTheCacheRemembersWhatIsThereAndWhatIsNot(t *testing.T) {
	c := newRecordCache(1 << 20)
	long := strings.Repeat("x", cachedValue+1)
	for _, step := range []struct {
		key, value   string
		epoch, group uint64 // it is put with
		asked        uint64 // epoch
		ok           bool
	}{
		{"k1", "value", 1, 7, 1, true},
		{"k1", "a value that is longer", 1, 8, 1, true},
		{"k1", "", 1, 9, 1, true}, // deleted
		{"v1", "an element", 1, 0, 1, true},
		{"v1", "of a lost group", 1, 3, 2, false},
		{"v2", long, 1, 0, 1, false},
		{"v1", long, 1, 0, 1, false}, // and nothing older instead
		{"x1", "an index", 1, 0, 1, false},
	} {
		var value []byte
		if step.value != "" {
			value = []byte(step.value)
		}
		c.put(step.key, value, step.epoch, step.group)
		got, group, ok := c.get(step.key, step.asked)
		if ok != step.ok || ok && (string(got) != step.value || group != step.group || (got == nil) != (value == nil)) {
			t.Errorf("%s = %.20q: got %.20q of group %d, %v", step.key, step.value, got, group, ok)
		}
	}
	c.put("k1", []byte("v"), 1, 0)
	if c.drop("k1"); ok(c.get("k1", 1)) {
		t.Error("a dropped record is still there")
	}
}

func ok(_ []byte, _ uint64, ok bool) bool { return ok }

func TestNoCacheCachesNothing(t *testing.T) {
	c := newRecordCache(0)
	c.put("k", []byte("v"), 1, 0)
	c.drop("k")
	c.age(1)
	if ok(c.get("k", 1)) {
		t.Error("it has a record")
	}
}

// A read that the cache answers does not ask the store.
func TestTheCacheSparesTheStore(t *testing.T) {
	s := newStore()
	e := open(t, s, nil)
	defer shut(t, e)
	must(t, e, setter("1", "a"), "a")
	want(t, e, "b", "-")
	s.gets.Store(0)
	want(t, e, "a", "1")
	want(t, e, "b", "-")
	must(t, e, setter("2", "a", "b"), "a", "b")
	want(t, e, "a", "2")
	want(t, e, "b", "2")
	must(t, e, deleter("a"), "a")
	want(t, e, "a", "-")
	if n := s.gets.Load(); n != 0 {
		t.Errorf("%d reads came to the store", n)
	}
}

// What the cache has of a lost group must not be seen, and one that it drops for a long batch neither.
func TestTheCacheForgetsWhatWasLost(t *testing.T) {
	s := newStore()
	e := open(t, s, nil)
	defer shut(t, e)
	many := make([]string, 3*fewOps)
	for i := range many {
		many[i] = fmt.Sprint("k", i)
	}
	for _, keys := range [][]string{{"k0"}, many} {
		must(t, e, setter("old", keys...), keys...)
		want(t, e, "k0", "old")
		s.when(func([]Op) error { return errDisk })
		if err := try(e, setter("new", keys...), keys...); !errors.Is(err, errDisk) {
			t.Fatal(err)
		}
		s.when(nil)
		want(t, e, "k0", "old")
		must(t, e, setter("newer", keys...), keys...)
		want(t, e, "k0", "newer")
	}
}

// A reader of a cached value waits for the group that it is from.
func TestACachedValueIsOnlyAsDurableAsItsGroup(t *testing.T) {
	s := newStore()
	e := open(t, s, nil)
	defer shut(t, e)
	arrived, release := stall(s)
	first, err := begin(e, setter("1", "a"), "a")
	if err != nil {
		t.Fatal(err)
	}
	<-arrived
	if value, commit := read(t, e, "a"); value != "1" || commit != first {
		t.Errorf("it is %q and depends on %v, not %v", value, commit, first)
	}
	release(nil)
	if err := first.Wait(t.Context()); err != nil {
		t.Fatal(err)
	}
	if value, commit := read(t, e, "a"); value != "1" || commit != nil {
		t.Errorf("it is %q and depends on %v", value, commit)
	}
}

func TestABatchIsAMap(t *testing.T) {
	var b batch
	want := map[string]string{}
	for i := range 4 * fewOps {
		key := fmt.Sprint("k", i*7%(3*fewOps))
		old, replaced := b.Set(key, []byte(fmt.Sprint(i)))
		if before, there := want[key]; there != replaced || there && string(old) != before {
			t.Errorf("%s was %q, %v", key, old, replaced)
		}
		want[key] = fmt.Sprint(i)
		if b.Len() != len(want) || b.sorted().Len() != len(want) {
			t.Errorf("it has %d, not %d", b.Len(), len(want))
		}
	}
	seen := 0
	b.Scan(func(key string, value []byte) bool {
		seen++
		if got, ok := b.Get(key); !ok || string(got) != want[key] || string(value) != want[key] {
			t.Errorf("%s is %q and %q", key, value, got)
		}
		return true
	})
	if _, ok := b.Get("other"); ok || seen != len(want) {
		t.Errorf("it has visited %d of %d", seen, len(want))
	}
	if b.reset(); b.Len() != 0 {
		t.Error("a batch that was reset is not empty")
	}
}

// uncached opens an engine all of whose reads come to the store.
func uncached(o *Options) { o.Cache = 0 }
