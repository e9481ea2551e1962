package backendtest

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"switchyard/backends"
)

// hashParts are the parts about hashes.
var hashParts = []part{
	{"hashes", testHashes},
	{"an empty hash is gone", testEmptyHash},
	{"a hash that grows keeps its fields", testHashGrows},
	{"expired fields are absent", testFieldExpiry},
	{"expired fields are removed by themselves", testFieldRemoval},
	{"hashes are copied and moved", testHashTransfer},
	{"a scan of a hash keeps its promise", testHashScan},
	{"random fields are fair", testHashRandom},
	{"hashes agree with a model", testHashModel},
}

// withHash runs body on the hash at key at a time.
func withHash(t testing.TB, e backends.Engine, key string, now int64, body func(tx backends.Tx, h backends.Hash)) {
	t.Helper()
	a := write(key)
	a.Now = now
	do(t, e, a, func(tx backends.Tx) error {
		h, err := tx.Hash([]byte(key))
		if err == nil {
			body(tx, h)
		}
		return err
	})
}

// fieldsOf are all fields of a hash with their values.
func fieldsOf(h backends.Hash) map[string]string {
	all := map[string]string{}
	h.Each(func(field, value []byte) bool {
		all[string(field)] = string(value)
		return true
	})
	return all
}

func wantFields(t testing.TB, h backends.Hash, want map[string]string) {
	t.Helper()
	if got := fieldsOf(h); len(got) != len(want) {
		t.Errorf("%d fields, want %d", len(got), len(want))
	}
	for field, value := range want {
		if got, ok := h.Get([]byte(field)); !ok || string(got) != value {
			t.Errorf("field %.20q is %.20q (%v), want %.20q", field, got, ok, value)
		}
	}
}

func testHashes(t *testing.T, e backends.Engine) {
	values := map[string]string{"": "empty field", "empty": "", "12": "-7", "\x00\xff": "\r\n", strings.Repeat("f", 300): strings.Repeat("v", 100_000)}
	withHash(t, e, "h", start, func(tx backends.Tx, h backends.Hash) {
		if _, ok := h.Get([]byte("f")); ok || h.Len() != 0 || h.Delete([]byte("f")) {
			t.Error("an absent hash has fields")
		}
		for field, value := range values {
			if !h.Put([]byte(field), []byte("before")) || h.Put([]byte(field), []byte(value)) {
				t.Errorf("field %.20q is not new, or new twice", field)
			}
		}
		wantFields(t, h, values)
		if tx.Type([]byte("h")) != backends.HashType || h.Len() != len(values) {
			t.Errorf("a %v of %d fields", tx.Type([]byte("h")), h.Len())
		}
		one, _ := h.Get([]byte("12"))
		two, _ := h.Get([]byte("12"))
		if string(one) != "-7" || string(two) != "-7" {
			t.Errorf("values read together are %q and %q", one, two)
		}
		if _, err := tx.String([]byte("h")); err != backends.ErrWrongType {
			t.Errorf("a hash opened as a string: %v", err)
		}
		seen := 0
		h.Each(func(_, _ []byte) bool { seen++; return seen < 2 })
		if seen != 2 {
			t.Errorf("a walk that was to end after 2 fields saw %d", seen)
		}
	})
}

func testEmptyHash(t *testing.T, e backends.Engine) {
	withHash(t, e, "h", start, func(tx backends.Tx, h backends.Hash) {
		h.Put([]byte("f"), []byte("v"))
		tx.SetExpiry([]byte("h"), start+1000)
		if !h.Delete([]byte("f")) || tx.Type([]byte("h")) != backends.None || h.Len() != 0 {
			t.Error("a hash without fields is there")
		}
		if h.Put([]byte("g"), []byte("w")); tx.Expiry([]byte("h")) != 0 {
			t.Error("a new hash has the deadline of the one before")
		}
		wantFields(t, h, map[string]string{"g": "w"})
		if !tx.Delete([]byte("h")) || h.Len() != 0 {
			t.Error("a deleted hash is there")
		}
	})
}

func testHashGrows(t *testing.T, e backends.Engine) {
	const batch = 30
	want := map[string]string{}
	for first := 0; first < 3000; first += batch {
		withHash(t, e, "h", start, func(_ backends.Tx, h backends.Hash) {
			for i := first; i < first+batch; i++ {
				field, value := fmt.Sprint("field:", i), strings.Repeat("v", i%80)
				if want[field] = value; !h.Put([]byte(field), []byte(value)) {
					t.Errorf("field %d is not new", i)
				}
			}
		})
	}
	withHash(t, e, "h", start, func(_ backends.Tx, h backends.Hash) { wantFields(t, h, want) })
	for first := 0; first < 3000-batch; first += batch {
		withHash(t, e, "h", start, func(_ backends.Tx, h backends.Hash) {
			for i := first; i < first+batch; i++ {
				if !h.Delete(fmt.Append(nil, "field:", i)) {
					t.Errorf("field %d is not there", i)
				}
				delete(want, fmt.Sprint("field:", i))
			}
		})
	}
	withHash(t, e, "h", start, func(_ backends.Tx, h backends.Hash) { wantFields(t, h, want) })
}

func testHashTransfer(t *testing.T, e backends.Engine) {
	f, g := []byte("f"), []byte("g")
	withHash(t, e, "h", start, func(_ backends.Tx, h backends.Hash) {
		h.Put(f, []byte("1"))
		h.Put(g, []byte("2"))
		h.SetFieldDeadline(g, start+10)
	})
	do(t, e, write("h", "copy", "moved"), func(tx backends.Tx) error {
		tx.Copy([]byte("h"), 0, []byte("copy"))
		tx.Copy([]byte("h"), 1, []byte("h"))
		tx.Move([]byte("h"), 0, []byte("moved"))
		h, err := tx.Hash([]byte("copy"))
		if err != nil {
			return err
		}
		h.Put(f, []byte("changed"))
		h.SetFieldDeadline(g, start+5)
		return nil
	})
	for _, w := range []struct {
		db   int
		key  string
		now  int64
		want map[string]string
	}{
		{0, "moved", start + 9, map[string]string{"f": "1", "g": "2"}},
		{0, "moved", start + 10, map[string]string{"f": "1"}},
		{1, "h", start + 9, map[string]string{"f": "1", "g": "2"}},
		{1, "h", start + 10, map[string]string{"f": "1"}},
		{0, "copy", start + 4, map[string]string{"f": "changed", "g": "2"}},
		{0, "copy", start + 5, map[string]string{"f": "changed"}},
		{0, "h", start, nil},
	} {
		do(t, e, backends.Access{DB: w.db, Keys: keys(w.key), Now: w.now}, func(tx backends.Tx) error {
			h, err := tx.Hash([]byte(w.key))
			if err == nil {
				wantFields(t, h, w.want)
			}
			return err
		})
	}
}

func testHashScan(t *testing.T, e backends.Engine) {
	put := func(h backends.Hash, name string, from, to int) {
		for i := from; i < to; i++ {
			h.Put(fmt.Append(nil, name, i), []byte("v"))
		}
	}
	const stays = 500
	withHash(t, e, "h", start, func(_ backends.Tx, h backends.Hash) { put(h, "stays:", 0, stays) })
	for round := range 3 {
		seen := map[string]bool{}
		for cursor, first, step := uint64(0), true, 0; cursor != 0 || first; first, step = false, step+1 {
			withHash(t, e, "h", start, func(_ backends.Tx, h backends.Hash) {
				cursor = h.Scan(cursor, 10, func(field, _ []byte) { seen[string(field)] = true })
				if round == 1 {
					put(h, "comes:", 50*step, 50*step+50)
				} else if round == 2 {
					for i := 50 * step; i < 50*step+50; i++ {
						h.Delete(fmt.Append(nil, "comes:", i))
					}
				}
			})
			if cursor >= 1<<backends.CursorBits {
				t.Fatalf("cursor %d is too large", cursor)
			}
		}
		for i := range stays {
			if !seen[fmt.Sprint("stays:", i)] {
				t.Errorf("round %d: the walk left out field %d", round, i)
			}
		}
	}
}

func testHashRandom(t *testing.T, e backends.Engine) {
	withHash(t, e, "h", start, func(_ backends.Tx, h backends.Hash) {
		if _, _, ok := h.Random(); ok {
			t.Error("a random field of an absent hash")
		}
	})
	for _, n := range []int{5, 500} {
		withHash(t, e, "h", start, func(_ backends.Tx, h backends.Hash) {
			for i := range n {
				h.Put(fmt.Append(nil, i), fmt.Append(nil, "value:", i))
			}
			count := map[string]int{}
			const each = 100
			for range n * each {
				field, value, _ := h.Random()
				if count[string(field)]++; string(value) != "value:"+string(field) {
					t.Fatalf("%q has the value %q", field, value)
				}
			}
			for i := range n {
				if c := count[fmt.Sprint(i)]; c < each/4 || c > each*4 {
					t.Errorf("field %d of %d was drawn %d times, expected about %d", i, n, c, each)
				}
			}
		})
	}
}

// modelField is a field of the model.
type modelField struct {
	value string
	at    int64
}

func testHashModel(t *testing.T, e backends.Engine) {
	seed := rand.Uint64()
	r := rand.New(rand.NewPCG(seed, 0))
	model := map[string]modelField{}
	now := start
	for step := range 3000 {
		now += int64(r.IntN(3))
		for f, v := range model {
			if v.at != 0 && v.at <= now {
				delete(model, f)
			}
		}
		withHash(t, e, "h", now, func(tx backends.Tx, h backends.Hash) {
			if err := hashStep(r, h, model, now, step); err != nil {
				t.Fatalf("seed %d, step %d: %v", seed, step, err)
			}
			if there := tx.Type([]byte("h")) != backends.None; there != (len(model) > 0) {
				t.Fatalf("seed %d, step %d: with %d fields there is a key: %v", seed, step, len(model), there)
			}
			if got := fieldsOf(h); len(got) != len(model) {
				t.Fatalf("seed %d, step %d: %d fields, want %d", seed, step, len(got), len(model))
			}
		})
	}
}

// hashStep does one random operation to both. The hash grows for a while, and shrinks again.
func hashStep(r *rand.Rand, h backends.Hash, model map[string]modelField, now int64, step int) error {
	field := fmt.Sprint(r.IntN(300))
	old, there := model[field]
	if value, ok := h.Get([]byte(field)); ok != there || string(value) != old.value {
		return fmt.Errorf("field %s is %q (%v), want %q (%v)", field, value, ok, old.value, there)
	}
	if at := h.FieldDeadline([]byte(field)); at != old.at {
		return fmt.Errorf("the deadline of %s is %d, want %d", field, at, old.at)
	}
	growing := step/1000%2 == 0
	switch n := r.IntN(10); {
	case n < 5 && growing || n < 2:
		value := strings.Repeat("v", r.IntN(1+r.IntN(100)))
		if h.Put([]byte(field), []byte(value)) == there {
			return fmt.Errorf("field %s is there: %v", field, there)
		}
		model[field] = modelField{value: value}
	case n < 8:
		if h.Delete([]byte(field)) != there {
			return fmt.Errorf("field %s is there: %v", field, there)
		}
		delete(model, field)
	case there && step > 500:
		at := now + int64(r.IntN(400)) - 20
		if at = max(at, 0); r.IntN(4) == 0 {
			at = 0
		}
		h.SetFieldDeadline([]byte(field), at)
		if model[field] = (modelField{old.value, at}); at != 0 && at <= now {
			delete(model, field)
		}
	}
	return nil
}
