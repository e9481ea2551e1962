package badger

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"switchyard/backends"
)

// In each transaction a writer adds one element to a list, a set, a sorted set and a hash, and removes the
// oldest when there are too many: so all four have the same elements at any time.

// The values of every other writer are small: one record each.
func windowSize(writer int) int { return 40 + 100*(writer%2) }

func windowKeys(writer int) (ks [][]byte) {
	for _, kind := range []string{"list", "set", "zset", "hash"} {
		ks = append(ks, fmt.Appendf(nil, "%s:%d", kind, writer))
	}
	return ks
}

func windowElement(writer int, i int64) []byte {
	return fmt.Appendf(nil, "%d:%s", i, strings.Repeat("x", int(i%40)+100*(writer%2)))
}

// window is the four values.
type window struct {
	list backends.List
	set  backends.Set
	zset backends.ZSet
	hash backends.Hash
}

func openWindow(tx backends.Tx, writer int) (w window, err error) {
	ks := windowKeys(writer)
	if w.list, err = tx.List(ks[0]); err != nil {
		return w, err
	}
	if w.set, err = tx.Set(ks[1]); err != nil {
		return w, err
	}
	if w.zset, err = tx.ZSet(ks[2]); err != nil {
		return w, err
	}
	w.hash, err = tx.Hash(ks[3])
	return w, err
}

func slide(tx backends.Tx, writer int, i int64) error {
	w, err := openWindow(tx, writer)
	if err != nil {
		return err
	}
	element := windowElement(writer, i)
	w.list.Push(true, element)
	w.set.Add(element)
	w.zset.Put(element, float64(i))
	w.hash.Put(element, element)
	w.hash.SetFieldDeadline(element, 4e12+i)
	if n := w.list.Len(); n > windowSize(writer) {
		oldest := slices.Clone(w.list.At(n - 1))
		w.list.Remove(n-1, 1)
		w.set.Remove(oldest)
		w.zset.Remove(oldest)
		w.hash.Delete(oldest)
	}
	for _, k := range windowKeys(writer) {
		tx.SetExpiry(k, 4e12)
	}
	return nil
}

// checkWindow checks that the four values agree, and begin with what was acknowledged last or with the
// one after it.
func checkWindow(t *testing.T, b *Backend, writer int, last int64) {
	t.Helper()
	err := commit(b, &backends.Access{Keys: windowKeys(writer), Now: 1}, func(tx backends.Tx) error {
		w, err := openWindow(tx, writer)
		if err != nil {
			return err
		}
		n := 0
		w.list.Each(0, false, func(element []byte) bool {
			value, _ := w.hash.Get(element)
			rank, ranked := w.zset.Rank(element)
			if !w.set.Has(element) || string(value) != string(element) || w.hash.FieldDeadline(element) == 0 || !ranked || rank != w.zset.Len()-1-n {
				t.Errorf("element %d of writer %d, %.20q, is not everywhere", n, writer, element)
			}
			n++
			return !t.Failed()
		})
		if w.set.Len() != n || w.zset.Len() != n || w.hash.Len() != n || w.list.Len() != n || n == 0 {
			t.Errorf("writer %d has %d, %d, %d and %d elements", writer, w.list.Len(), w.set.Len(), w.zset.Len(), w.hash.Len())
			return nil
		}
		if first := string(w.list.At(0)); first != string(windowElement(writer, last)) && first != string(windowElement(writer, last+1)) {
			t.Errorf("writer %d acknowledged %d, and has %.20q", writer, last, first)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}
