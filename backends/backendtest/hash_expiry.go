package backendtest

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"switchyard/backends"
)

var (
	fieldA = []byte("a")
	fieldB = []byte("b")
	fieldC = []byte("c")
)

// testFieldExpiry follows one hash, two fields of which have deadlines.
func testFieldExpiry(t *testing.T, e backends.Engine) {
	withHash(t, e, "h", start, func(_ backends.Tx, h backends.Hash) {
		for _, f := range [][]byte{fieldA, fieldB, fieldC} {
			h.Put(f, f)
		}
		h.SetFieldDeadline(fieldA, start+10)
		h.SetFieldDeadline(fieldB, start+20)
		h.SetFieldDeadline([]byte("none"), start+20)
		if h.FieldDeadline(fieldA) != start+10 || h.FieldDeadline(fieldC) != 0 || h.FieldDeadline([]byte("none")) != 0 {
			t.Error("deadlines are wrong")
		}
		wantFields(t, h, map[string]string{"a": "a", "b": "b", "c": "c"})
	})
	for _, w := range []bool{false, true} {
		do(t, e, backends.Access{Keys: keys("h"), Write: w, Now: start + 10}, func(tx backends.Tx) error {
			h, err := tx.Hash([]byte("h"))
			if err == nil {
				wantNoFieldA(t, h)
			}
			return err
		})
	}
	withHash(t, e, "h", start+10, func(_ backends.Tx, h backends.Hash) { changeDeadlines(t, h) })
	wantSpentHash(t, e)
}

// wantNoFieldA wants the first field to have expired in every respect.
func wantNoFieldA(t *testing.T, h backends.Hash) {
	t.Helper()
	wantFields(t, h, map[string]string{"b": "b", "c": "c"})
	if _, ok := h.Get(fieldA); ok || h.FieldDeadline(fieldA) != 0 {
		t.Error("an expired field is there")
	}
	for range 20 {
		if f, _, ok := h.Random(); !ok || string(f) == "a" {
			t.Error("an expired field, or none, was drawn")
		}
	}
	h.Scan(0, 10, func(field, _ []byte) {
		if string(field) == "a" {
			t.Error("a scan shows an expired field")
		}
	})
}

// changeDeadlines is at start+10. In the end both fields left expire one millisecond later.
func changeDeadlines(t *testing.T, h backends.Hash) {
	t.Helper()
	if h.Delete(fieldA) || !h.Put(fieldA, []byte("new")) || h.FieldDeadline(fieldA) != 0 {
		t.Error("an expired field lives on")
	}
	h.SetFieldDeadline(fieldA, start+30)
	h.SetFieldDeadline(fieldA, 0)
	h.SetFieldDeadline(fieldB, start+40)
	h.Put(fieldB, []byte("again"))
	h.SetFieldDeadline(fieldC, start+10)
	if at := h.FieldDeadline(fieldB); at != 0 {
		t.Errorf("a value that was put has the deadline %d", at)
	}
	wantFields(t, h, map[string]string{"a": "new", "b": "again"})
	h.SetFieldDeadline(fieldA, start+11)
	h.SetFieldDeadline(fieldB, start+11)
}

// wantSpentHash wants a hash of which all fields have expired to be gone.
func wantSpentHash(t *testing.T, e backends.Engine) {
	t.Helper()
	do(t, e, backends.Access{Keys: keys("h"), Now: start + 11}, func(tx backends.Tx) error {
		if tx.Type([]byte("h")) != backends.None || tx.Touch([]byte("h")) {
			t.Error("a hash of expired fields is there")
		}
		tx.Scan(0, 100, func(key []byte, _ backends.Type) { t.Errorf("a scan shows %q", key) })
		return nil
	})
	later := write("h")
	later.Now = start + 11
	do(t, e, later, func(tx backends.Tx) error {
		_, err := tx.String([]byte("h")) // which may take its place
		return err
	})
}

// testFieldRemoval is by the real clock, since the backend's own cleaner goes by it.
func testFieldRemoval(t *testing.T, e backends.Engine) {
	c, cleans := backends.As[backends.Cleaner](e)
	if !cleans {
		return
	}
	var reports removals
	n, notifies := backends.As[backends.Notifier](e)
	if notifies {
		n.OnRemove(reports.add)
	}
	now := time.Now().UnixMilli()
	const fields = 300
	for _, key := range []string{"some", "all"} {
		withHash(t, e, key, now-1000, func(_ backends.Tx, h backends.Hash) {
			for i := range fields {
				field := fmt.Append(nil, "field:", i)
				h.Put(field, field)
				if i > 0 || key == "all" {
					h.SetFieldDeadline(field, now-1-int64(i%5))
				}
			}
		})
	}
	if _, err := c.Clean(context.Background()); err != nil {
		t.Fatal(err)
	}
	if n := length(t, e); n != 1 {
		t.Errorf("%d keys are left, want one", n)
	}
	do(t, e, backends.Access{Keys: keys("some"), Now: now - 1000}, func(tx backends.Tx) error {
		h, err := tx.Hash([]byte("some"))
		if err == nil && h.Len() != 1 {
			t.Errorf("%d fields are left, want one", h.Len())
		}
		return err
	})
	if notifies {
		reports.want(t, "some", "all")
	}
}

// removals counts what a backend reports, by key and reason.
type removals struct {
	mu    sync.Mutex
	count map[string]int
}

func (r *removals) add(db int, key []byte, why backends.Reason) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.count == nil {
		r.count = map[string]int{}
	}
	r.count[fmt.Sprintf("%d %s %d", db, key, why)]++
}

// want wants the fields of one hash to be reported, as often as it takes, and then of another one the end.
func (r *removals) want(t *testing.T, some, all string) {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	for text, n := range r.count {
		switch text {
		case fmt.Sprintf("0 %s %d", some, backends.FieldsExpired), fmt.Sprintf("0 %s %d", all, backends.FieldsExpired):
		case fmt.Sprintf("0 %s %d", all, backends.HashExpired):
		default:
			t.Errorf("%q is reported %d times", text, n)
		}
	}
	if r.count[fmt.Sprintf("0 %s %d", some, backends.FieldsExpired)] == 0 {
		t.Errorf("the fields of a hash go unreported: %v", r.count)
	}
	if n := r.count[fmt.Sprintf("0 %s %d", all, backends.HashExpired)]; n != 1 {
		t.Errorf("the end of a hash is reported %d times", n)
	}
}
