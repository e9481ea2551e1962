package backendtest

import (
	"fmt"
	"strings"
	"testing"

	"switchyard/backends"
)

// testForms: how a string came to be shows in its encoding, and goes where the string goes.
func testForms(t *testing.T, e backends.Engine) {
	twelve, large := []byte("12"), []byte(strings.Repeat("large", 40_000))
	for _, c := range []struct {
		name     string
		make     func(s backends.String)
		encoding string
		shared   bool
	}{
		{"an integer", func(s backends.String) { s.Set(twelve) }, "int", true},
		{"a text", func(s backends.String) { s.Set([]byte("x")) }, "embstr", true},
		{"a long text", func(s backends.String) { s.Set(large[:45]) }, "raw", true},
		{"an integer that was not looked for", func(s backends.String) { s.SetAs(twelve, backends.Embedded) }, "embstr", false},
		{"a raw integer", func(s backends.String) { s.SetAs(twelve, backends.Raw) }, "raw", false},
		{"an integer of its own", func(s backends.String) { s.SetAs(twelve, backends.Unshared) }, "int", false},
		{"one that was changed in part", func(s backends.String) { s.Set(twelve); s.SetRange(1, []byte("3")) }, "raw", false},
		{"one that was appended to", func(s backends.String) { s.Set(twelve); s.SetRange(2, []byte("3")) }, "raw", false},
		{"one that was changed in no part", func(s backends.String) { s.Set(twelve); s.SetRange(0, nil) }, "raw", false},
		{"an empty one that was changed in no part", func(s backends.String) { s.Set(nil); s.SetRange(0, nil) }, "raw", false},
		{"a large one that was changed in no part", func(s backends.String) { s.Set(large); s.SetRange(0, nil) }, "raw", false},
		{"a raw one that was replaced", func(s backends.String) { s.SetAs(twelve, backends.Raw); s.Set(twelve) }, "int", true},
	} {
		var text string
		is := func(tx backends.Tx, where, key string, shared bool) {
			use, _ := tx.Use([]byte(key))
			s, err := tx.String([]byte(key))
			if err != nil {
				t.Fatal(err)
			}
			if got := tx.Encoding([]byte(key)); got != c.encoding || use.Shared != shared || string(s.Bytes()) != text {
				t.Errorf("%s, %s: %s, shared: %v, %.60q", c.name, where, got, use.Shared, s.Bytes())
			}
		}
		do(t, e, write("k", "copy", "moved"), func(tx backends.Tx) error {
			tx.Delete([]byte("k"))
			s, err := tx.String([]byte("k"))
			if err != nil {
				return err
			}
			c.make(s)
			text = string(s.Bytes())
			is(tx, "made", "k", c.shared)
			tx.Copy([]byte("k"), 0, []byte("copy"))
			tx.Move([]byte("k"), 0, []byte("moved"))
			tx.SetExpiry([]byte("moved"), start+10)
			return nil
		})
		do(t, e, write("copy", "moved"), func(tx backends.Tx) error {
			is(tx, "moved", "moved", c.shared)
			is(tx, "copied", "copy", false)
			return nil
		})
	}
}

// testExpand: a sorted set that was told to is one of the large ones, and goes on as before.
func testExpand(t *testing.T, e backends.Engine) {
	want := func(tx backends.Tx, key, encoding string, members ...string) {
		t.Helper()
		var got []string
		z, err := tx.ZSet([]byte(key))
		if err != nil {
			t.Fatal(err)
		}
		z.Each(0, false, func(member []byte, score float64) bool {
			got = append(got, fmt.Sprintf("%s:%v", member, score))
			return true
		})
		if is := tx.Encoding([]byte(key)); is != encoding || fmt.Sprint(got) != fmt.Sprint(members) {
			t.Errorf("%s is a %s of %v, want a %s of %v", key, is, got, encoding, members)
		}
	}
	withZSet(t, e, "z", func(tx backends.Tx, z backends.ZSet) {
		if z.Expand(); tx.Type([]byte("z")) != backends.None {
			t.Error("there is something where nothing was")
		}
		z.Put([]byte("b"), 2)
		z.Put([]byte("a"), 1)
		want(tx, "z", "listpack", "a:1", "b:2")
		z.Expand()
		z.Expand()
		want(tx, "z", "skiplist", "a:1", "b:2")
	})
	do(t, e, write("z", "copy"), func(tx backends.Tx) error {
		want(tx, "z", "skiplist", "a:1", "b:2")
		tx.Copy([]byte("z"), 0, []byte("copy"))
		want(tx, "copy", "skiplist", "a:1", "b:2")
		return nil
	})
	withZSet(t, e, "z", func(tx backends.Tx, z backends.ZSet) {
		z.Put([]byte("c"), 0)
		z.Put([]byte("b"), -1)
		z.Remove([]byte("a"))
		want(tx, "z", "skiplist", "b:-1", "c:0")
		z.Remove([]byte("b"))
		z.Remove([]byte("c"))
		z.Put([]byte("new"), 1)
		want(tx, "z", "listpack", "new:1")
	})
}

// testAnyLength: elements may be long only as long as the body says so, and never too many.
func testAnyLength(t *testing.T, e backends.Engine) {
	long, longer := []byte(strings.Repeat("x", 65)), []byte(strings.Repeat("x", 66))
	for kind, c := range map[backends.Type]struct {
		put   func(tx backends.Tx, element []byte) error
		large string
	}{
		backends.HashType: {func(tx backends.Tx, element []byte) error {
			h, err := tx.Hash([]byte("k"))
			if err == nil {
				h.Put(element, element)
			}
			return err
		}, "hashtable"},
		backends.SetType: {func(tx backends.Tx, element []byte) error {
			s, err := tx.Set([]byte("k"))
			if err == nil {
				s.Add(element)
			}
			return err
		}, "hashtable"},
		backends.ZSetType: {func(tx backends.Tx, element []byte) error {
			z, err := tx.ZSet([]byte("k"))
			if err == nil {
				z.Put(element, 1)
			}
			return err
		}, "skiplist"},
	} {
		want := func(tx backends.Tx, when, encoding string) {
			t.Helper()
			if got := tx.Encoding([]byte("k")); got != encoding {
				t.Errorf("%v %s: a %s, want a %s", kind, when, got, encoding)
			}
		}
		do(t, e, write("k"), func(tx backends.Tx) error {
			tx.AnyLength(true)
			for n := range 600 {
				if err := c.put(tx, fmt.Append(nil, "element ", n)); err != nil {
					return err
				}
			}
			want(tx, "with too many elements", c.large)
			tx.Delete([]byte("k"))
			err := c.put(tx, long)
			want(tx, "with a long element", "listpack")
			return err
		})
		do(t, e, write("k"), func(tx backends.Tx) error {
			err := c.put(tx, []byte("short"))
			want(tx, "with a short one too", "listpack")
			if err == nil {
				err = c.put(tx, longer)
			}
			want(tx, "in another transaction", c.large)
			tx.Delete([]byte("k"))
			return err
		})
	}
}
