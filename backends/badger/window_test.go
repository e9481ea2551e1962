package badger

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"switchyard/backends"
)

// In each transaction a writer adds one element to a list, a set, a sorted set, a hash and a stream, and removes the
// oldest when there are too many: so all five have the same elements at any time. A consumer of the stream has got
// all of them.

// The values of every other writer are small: one record each.
func windowSize(writer int) int { return 40 + 100*(writer%2) }

func windowKeys(writer int) (ks [][]byte) {
	for _, kind := range []string{"list", "set", "zset", "hash", "stream"} {
		ks = append(ks, fmt.Appendf(nil, "%s:%d", kind, writer))
	}
	return ks
}

func windowElement(writer int, i int64) []byte {
	return fmt.Appendf(nil, "%d:%s", i, strings.Repeat("x", int(i%40)+100*(writer%2)))
}

// window is the five values.
type window struct {
	list   backends.List
	set    backends.Set
	zset   backends.ZSet
	hash   backends.Hash
	stream backends.Stream
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
	if w.hash, err = tx.Hash(ks[3]); err != nil {
		return w, err
	}
	w.stream, err = tx.Stream(ks[4])
	return w, err
}

var windowGroup, windowConsumer = []byte("group"), []byte("consumer")

// deliver adds an entry to the stream and makes it pending.
func (w *window) deliver(i int64, element []byte) {
	id := backends.StreamID{Ms: uint64(i)}
	w.stream.Append(id, [][]byte{[]byte("element"), element})
	g, ok := w.stream.Groups().Get(windowGroup)
	if !ok {
		g = w.stream.Groups().Create(windowGroup, backends.GroupState{})
		g.Consumers().Set(windowConsumer, backends.Consumer{Active: -1})
	}
	g.SetPending(id, backends.Delivery{Consumer: windowConsumer, Delivered: i, Count: 1})
}

// forget removes the oldest entry of the stream.
func (w *window) forget() {
	state, _ := w.stream.State()
	if g, ok := w.stream.Groups().Get(windowGroup); ok {
		g.Acknowledge(state.First)
	}
	w.stream.Trim(backends.Trim{ByLength: true, Length: state.Length - 1})
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
	w.deliver(i, element)
	if n := w.list.Len(); n > windowSize(writer) {
		oldest := slices.Clone(w.list.At(n - 1))
		w.list.Remove(n-1, 1)
		w.set.Remove(oldest)
		w.zset.Remove(oldest)
		w.hash.Delete(oldest)
		w.forget()
	}
	for _, k := range windowKeys(writer) {
		tx.SetExpiry(k, 4e12)
	}
	return nil
}

// checkWindow checks that the five values agree, and begin with what was acknowledged last or with the
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
		checkDelivered(t, &w, writer, n)
		if first := string(w.list.At(0)); first != string(windowElement(writer, last)) && first != string(windowElement(writer, last+1)) {
			t.Errorf("writer %d acknowledged %d, and has %.20q", writer, last, first)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

// checkDelivered checks that the stream has the elements of the list, all of them pending.
func checkDelivered(t *testing.T, w *window, writer, n int) {
	t.Helper()
	g, ok := w.stream.Groups().Get(windowGroup)
	if !ok || g.PendingCount(windowConsumer) != n || g.PendingCount(nil) != n {
		t.Errorf("writer %d has a group: %v", writer, ok)
		return
	}
	entries := 0
	w.stream.Each(backends.StreamID{}, backends.LastStreamID, true, func(id backends.StreamID, fields [][]byte) bool {
		d, pending := g.Pending(id)
		if !pending || uint64(d.Delivered) != id.Ms || string(fields[1]) != string(w.list.At(entries)) {
			t.Errorf("entry %v of writer %d is %.20q, pending %v", id, writer, fields[1], pending)
		}
		entries++
		return !t.Failed()
	})
	if state, _ := w.stream.State(); entries != n || state.Length != n {
		t.Errorf("writer %d has %d entries, counts %d, want %d", writer, entries, state.Length, n)
	}
}
