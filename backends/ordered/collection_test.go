package ordered

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"switchyard/backends"
)

// TestEncodings follows values through the forms that Redis has for them.
func TestEncodings(t *testing.T) {
	x := []byte("x")
	long := []byte(strings.Repeat("x", 65))
	many := func(n int, do func(name []byte)) {
		for i := range n {
			do(name(i))
		}
	}
	numbers := func(v collections, n int) {
		for i := range n {
			v.set.Add(fmt.Append(nil, i))
		}
	}
	for _, c := range []struct {
		name string
		kind backends.Type
		body func(v collections)
		want string
	}{
		{"a hash", backends.HashType, func(v collections) { v.hash.Put(x, x) }, "listpack"},
		{"a hash up to its limit", backends.HashType, func(v collections) {
			many(int(backends.NewCompact().HashEntries.Load()), func(f []byte) { v.hash.Put(f, x) })
		}, "listpack"},
		{"a hash above its limit", backends.HashType, func(v collections) {
			many(int(backends.NewCompact().HashEntries.Load())+1, func(f []byte) { v.hash.Put(f, x) })
		}, "hashtable"},
		{"a long field", backends.HashType, func(v collections) { v.hash.Put(long, x) }, "hashtable"},
		{"a long value that is gone", backends.HashType, func(v collections) { v.hash.Put(x, long); v.hash.Put(x, x) }, "hashtable"},
		{"a field that expires", backends.HashType, func(v collections) { v.hash.Put(x, x); v.hash.SetFieldDeadline(x, start+1) }, "listpackex"},
		{"integers", backends.SetType, func(v collections) { numbers(v, 512) }, "intset"},
		{"many integers", backends.SetType, func(v collections) { numbers(v, 513) }, "hashtable"},
		{"integers and a long word", backends.SetType, func(v collections) { numbers(v, 100); v.set.Add(long) }, "hashtable"},
		{"a sorted set that was sorted", backends.ZSetType, func(v collections) { v.zset.Put(x, 1); v.zset.Expand() }, "skiplist"},
		{"many fields, of which one expires", backends.HashType, func(v collections) {
			many(500, func(f []byte) { v.hash.Put(f, x) })
			v.hash.SetFieldDeadline(name(7), start+1)
		}, "listpackex"},
		{"integers and a word", backends.SetType, func(v collections) { numbers(v, 100); v.set.Add(x) }, "listpack"},
		{"too many integers and a word", backends.SetType, func(v collections) { numbers(v, 200); v.set.Add(x) }, "hashtable"},
		{"words", backends.SetType, func(v collections) { many(128, func(m []byte) { v.set.Add(m) }) }, "listpack"},
		{"many words", backends.SetType, func(v collections) { many(129, func(m []byte) { v.set.Add(m) }) }, "hashtable"},
		{"a long word", backends.SetType, func(v collections) { v.set.Add(long) }, "hashtable"},
		{"a list", backends.ListType, func(v collections) { v.list.Push(true, long) }, "listpack"},
		{"a long list", backends.ListType, func(v collections) { many(1000, func(e []byte) { v.list.Push(true, e) }) }, "quicklist"},
		{"a long list that has become short", backends.ListType, func(v collections) {
			many(1000, func(e []byte) { v.list.Push(true, e) })
			v.list.Remove(10, 990)
		}, "listpack"},
		{"a sorted set", backends.ZSetType, func(v collections) { many(128, func(m []byte) { v.zset.Put(m, 1) }) }, "listpack"},
		{"a large sorted set", backends.ZSetType, func(v collections) { many(129, func(m []byte) { v.zset.Put(m, 1) }) }, "skiplist"},
		{"a long member", backends.ZSetType, func(v collections) { v.zset.Put(long, 1) }, "skiplist"},
	} {
		t.Run(c.name, func(t *testing.T) {
			for size, sizes := range map[string]func(*Options){"usual": nil, "tiny": tiny} {
				if sizes != nil && c.kind == backends.ListType {
					continue // whose listpack is one node, however large Redis has them
				}
				e := open(t, newStore(), sizes)
				must(t, e, func(tx backends.Tx) error {
					c.body(collections{}.open(t, tx, c.kind))
					return nil
				}, "k")
				must(t, e, func(tx backends.Tx) error {
					if got := tx.Encoding([]byte("k")); got != c.want {
						t.Errorf("with %s records it is a %s, want %s", size, got, c.want)
					}
					return nil
				}, "k")
				shut(t, e)
			}
		})
	}
}

func TestAHashLeavesItsListpackWhenAFieldIsSetAboveALoweredLimit(t *testing.T) {
	limits := backends.NewCompact()
	e := open(t, newStore(), func(o *Options) { o.Compact = limits })
	defer shut(t, e)
	for _, want := range []string{"listpack", "hashtable"} {
		must(t, e, func(tx backends.Tx) error {
			v := collections{}.open(t, tx, backends.HashType)
			if created := v.hash.Put([]byte("a"), []byte(want)); created != (want == "listpack") {
				t.Errorf("created: %v", created)
			}
			if want == "listpack" {
				v.hash.Put([]byte("b"), []byte("x"))
			}
			if got := tx.Encoding([]byte("k")); got != want {
				t.Errorf("it is a %s, want %s", got, want)
			}
			if got, _ := v.hash.Get([]byte("a")); string(got) != want {
				t.Errorf("the field is %q", got)
			}
			return nil
		}, "k")
		limits.HashEntries.Store(1)
	}
}

// TestHugeElements has elements that are far too long for a record.
func TestHugeElements(t *testing.T) {
	s := newStore()
	e := open(t, s, nil)
	huge := []byte(strings.Repeat("0123456789", 500_000))
	also := []byte(string(huge) + "!")
	for _, kind := range modelKinds {
		must(t, e, func(tx backends.Tx) error {
			c := collections{}.open(t, tx, kind)
			switch kind {
			case backends.HashType:
				c.hash.Put(huge, huge)
				c.hash.Put(also, also)
			case backends.SetType:
				c.set.Add(huge)
				c.set.Add(also)
			case backends.ListType:
				c.list.Push(true, also)
				c.list.Push(true, huge)
			case backends.ZSetType:
				c.zset.Put(also, 1)
				c.zset.Put(huge, 1)
			}
			tx.Copy([]byte("k"), 1, []byte("k"))
			tx.Delete([]byte("k"))
			tx.Move([]byte("k"), 1, []byte("other"))
			return nil
		}, "k")
		must(t, e, func(tx backends.Tx) error {
			v, err := readTyped(tx.In(1), []byte("k"))
			if err != nil {
				return err
			}
			h, g := string(huge), string(also)
			switch {
			case kind == backends.HashType && (v.hash[h].value != h || v.hash[g].value != g),
				kind == backends.SetType && (!v.set[h] || !v.set[g]),
				kind == backends.ListType && (len(v.list) != 2 || v.list[0] != h || v.list[1] != g),
				kind == backends.ZSetType && (v.zset[h] != 1 || v.zset[g] != 1):
				t.Errorf("a %v of huge elements is wrong", kind)
			}
			tx.In(1).Delete([]byte("k"))
			return nil
		}, "k")
	}
	if err := e.Sweep(context.Background()); err != nil {
		t.Fatal(err)
	}
	shut(t, e)
	if n := s.count(tagVersion); n != 0 {
		t.Errorf("%d records are left", n)
	}
}

// TestTheCleanerRemovesFields has hashes of which some, all and none of the fields expire.
func TestTheCleanerRemovesFields(t *testing.T) {
	for _, n := range []int{3, 2000} {
		t.Run(fmt.Sprint(n), func(t *testing.T) { testCleanFields(t, n) })
	}
}

func testCleanFields(t *testing.T, n int) {
	var now atomic.Int64
	now.Store(1000)
	s := newStore()
	e := open(t, s, func(o *Options) { o.Clock = now.Load })
	var reported, partly atomic.Int64
	e.OnRemove(func(_ int, _ []byte, why backends.Reason) {
		if why == backends.FieldsExpired {
			partly.Add(1)
		} else {
			reported.Add(1)
		}
	})
	must(t, e, func(tx backends.Tx) error {
		for _, key := range []string{"some", "all", "none", "later"} {
			h, err := tx.In(1).Hash([]byte(key))
			if err != nil {
				return err
			}
			for i := range n {
				h.Put(name(i), []byte("value"))
				switch {
				case key == "all", key == "some" && i > 0:
					h.SetFieldDeadline(name(i), start+1+int64(i%7))
				case key == "later":
					h.SetFieldDeadline(name(i), start+1)
					h.SetFieldDeadline(name(i), start+1000) // the index says too early
				}
			}
		}
		tx.In(1).Move([]byte("some"), 1, []byte("moved"))
		return nil
	})
	clean := func() {
		t.Helper()
		if _, err := e.Clean(context.Background()); err != nil {
			t.Fatal(err)
		}
	}
	e.Pause()
	now.Store(start + 100)
	if clean(); s.count(tagFields) != 3 {
		t.Errorf("%d hashes are in the index, want 3", s.count(tagFields))
	}
	e.Resume()
	clean()
	must(t, e, func(tx backends.Tx) error {
		lengths := ""
		for _, key := range []string{"moved", "all", "none", "later"} {
			h, err := tx.In(1).Hash([]byte(key))
			if err != nil {
				return err
			}
			lengths += fmt.Sprint(h.Len(), " ")
		}
		if want := fmt.Sprint(1, 0, n, n) + " "; lengths != want {
			t.Errorf("the lengths are %q, want %q", lengths, want)
		}
		return nil
	})
	if e.Stats(context.Background()); reported.Load() != 1 || partly.Load() == 0 || e.expired.Load() != 1 {
		t.Errorf("%d keys were reported, and %d times fields", reported.Load(), partly.Load())
	}
	shut(t, e)
	checkStore(t, s, e.o)
	if left := s.count(tagFields); left != 1 {
		t.Errorf("%d hashes are in the index, want the one of which fields expire later", left)
	}
}

// TestViewsSeeEachOther has several views of a key, and the key itself changed between their calls.
func TestViewsSeeEachOther(t *testing.T) {
	for _, size := range []int{2, 500} {
		e := open(t, newStore(), nil)
		must(t, e, func(tx backends.Tx) error {
			k := []byte("k")
			first := collections{}.open(t, tx, backends.ListType)
			for i := range size {
				collections{}.open(t, tx, backends.ListType).list.Push(false, name(i))
			}
			if first.list.Len() != size || tx.Len() != 1 || tx.Type(k) != backends.ListType {
				t.Errorf("a view sees %d elements, the database has %d keys", first.list.Len(), tx.Len())
			}
			if _, err := tx.Hash(k); !errors.Is(err, backends.ErrWrongType) {
				t.Errorf("the list opens as a hash: %v", err)
			}
			tx.SetExpiry(k, start+5)
			first.list.Push(true, []byte("again"))
			if tx.Expiry(k) != start+5 || first.list.Len() != size+1 {
				t.Errorf("it expires at %d", tx.Expiry(k))
			}
			tx.Move(k, 0, []byte("other"))
			if first.list.Len() != 0 || tx.Type(k) != backends.None {
				t.Error("a list that was moved is there")
			}
			first.list.Push(true, []byte("new"))
			if first.list.Len() != 1 || tx.Expiry(k) != 0 || tx.Len() != 2 {
				t.Errorf("a new list has %d elements", first.list.Len())
			}
			tx.Flush()
			if first.list.Len() != 0 || tx.Len() != 0 {
				t.Error("the list is there after FLUSHDB")
			}
			return nil
		})
		shut(t, e)
	}
}
