package streamnode

import (
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"switchyard/backends"
)

// modelEntry is an entry that a node must have.
type modelEntry struct {
	id      backends.StreamID
	deleted bool
	fields  []string
}

func (e modelEntry) raw() (all [][]byte) {
	for _, f := range e.fields {
		all = append(all, []byte(f))
	}
	return all
}

func texts(fields [][]byte) (all []string) {
	for _, f := range fields {
		all = append(all, string(f))
	}
	return all
}

// within are the live entries in a range, as Each must visit them.
func within(all []modelEntry, from, to backends.StreamID, back bool) (in []modelEntry) {
	for _, e := range all {
		if !e.deleted && !e.id.Less(from) && !to.Less(e.id) {
			in = append(in, e)
		}
	}
	if back {
		slices.Reverse(in)
	}
	return in
}

// goesOn is whether entries beyond a range leave it open that the next node has some, too.
func goesOn(all []modelEntry, from, to backends.StreamID, back bool) bool {
	return !slices.ContainsFunc(all, func(e modelEntry) bool { return back && e.id.Less(from) || !back && to.Less(e.id) })
}

// examine compares what a node says with what it must have. IDs to look for are near those of entries.
func examine(n *Node, all []modelEntry, r *rand.Rand) error {
	if err := n.Check(); err != nil {
		return err
	}
	live := len(within(all, backends.StreamID{}, backends.LastStreamID, false))
	if l, d := n.Counts(); l != live || d != len(all)-live {
		return fmt.Errorf("%d live entries and %d deleted ones, not %d and %d", l, d, live, len(all)-live)
	}
	if len(all) == 0 {
		return nil
	}
	if first, last := n.First(), n.Last(); first != all[0].id || last != all[len(all)-1].id {
		return fmt.Errorf("entries from %v to %v, not from %v to %v", first, last, all[0].id, all[len(all)-1].id)
	}
	near := func() backends.StreamID {
		id := all[r.IntN(len(all))].id
		return backends.StreamID{Ms: id.Ms + r.Uint64N(3) - 1, Seq: id.Seq + r.Uint64N(3) - 1} // or far, by an overflow
	}
	var reader Reader
	for range 4 {
		from, to, back := near(), near(), r.IntN(2) == 0
		var got []modelEntry
		reader.Begin()
		more := n.Each(from, to, back, func(e *Entry) bool {
			got = append(got, modelEntry{e.ID, false, texts(reader.Fields(e))})
			return true
		})
		if want := within(all, from, to, back); !reflect.DeepEqual(got, want) {
			return fmt.Errorf("from %v to %v, back %v: %v, not %v", from, to, back, got, want)
		}
		if !from.Less(n.Master) && !to.Less(from) && !more && goesOn(all, from, to, back) {
			return fmt.Errorf("from %v to %v, back %v: the next node is left out", from, to, back)
		}
		found := len(within(all, to, to, false)) > 0
		if pos := n.Find(to); (pos != 0) != found {
			return fmt.Errorf("%v is found %v, at %d", to, !found, pos)
		}
	}
	return nil
}

// someFields are those of the entry before, or others.
func someFields(r *rand.Rand, before []string) (fields []string) {
	values := []string{"", "v", "-7", "12345678901", fmt.Sprint(r.IntN(1 << r.IntN(30))), strings.Repeat("x", r.IntN(100))}
	if len(before) == 0 || r.IntN(4) == 0 {
		before = nil
		for range 1 + r.IntN(3) {
			before = append(before, []string{"f", "12", "field", "-0"}[r.IntN(4)], "")
		}
	}
	for i, f := range before {
		if i%2 == 1 {
			f = values[r.IntN(len(values))]
		}
		fields = append(fields, f)
	}
	return fields
}

func TestANodeAgreesWithASliceAfterAnyChange(t *testing.T) {
	seed := rand.Uint64()
	r := rand.New(rand.NewPCG(seed, 0))
	for range 30 {
		master := backends.StreamID{Ms: r.Uint64N(1 << r.IntN(60)), Seq: r.Uint64()}
		var fields []string
		var all []modelEntry
		var n Node
		for range 120 {
			if err := step(&n, &all, &fields, master, r); err != nil {
				t.Fatalf("seed %d: %v", seed, err)
			}
			if err := examine(&n, all, r); err != nil {
				t.Fatalf("seed %d: %v", seed, err)
			}
		}
	}
}

// step changes a node and the model of it.
func step(n *Node, all *[]modelEntry, fields *[]string, master backends.StreamID, r *rand.Rand) error {
	length := len(within(*all, backends.StreamID{}, backends.LastStreamID, false))
	switch op := r.IntN(30); {
	case len(*all) == 0 || op > 3:
		id := master
		if len(*all) > 0 {
			id = (*all)[len(*all)-1].id
			id = backends.StreamID{Ms: id.Ms + 1 + r.Uint64N(1<<r.IntN(40)), Seq: r.Uint64N(1 << r.IntN(60))}
		}
		*fields = someFields(r, *fields)
		e := modelEntry{id, false, *fields}
		if len(*all) == 0 {
			*n = New(id, e.raw(), 0)
		}
		n.Append(id, e.raw())
		*all = append(*all, e)
	case op > 1:
		if e := &(*all)[r.IntN(len(*all))]; !e.deleted {
			n.Delete(n.Find(e.id))
			e.deleted = true
		}
	default:
		trim := backends.Trim{ByLength: op == 0, Length: length - r.IntN(1+length/4), First: (*all)[r.IntN(len(*all))/4].id}
		removed := 0
		for i := range *all {
			e := &(*all)[i]
			if trim.ByLength && length-removed <= trim.Length || !trim.ByLength && !e.id.Less(trim.First) {
				break
			}
			if !e.deleted {
				e.deleted = true
				removed++
			}
		}
		if got := n.Trim(trim, length); got != removed {
			return fmt.Errorf("%+v removes %d entries, not %d", trim, got, removed)
		}
	}
	return nil
}

func TestATrimTakesWholeNodes(t *testing.T) {
	n := New(backends.StreamID{Ms: 5}, [][]byte{[]byte("f"), nil}, 0)
	for ms := range uint64(4) {
		n.Append(backends.StreamID{Ms: 5 + ms}, [][]byte{[]byte("f"), nil})
	}
	n.Delete(n.Find(backends.StreamID{Ms: 8}))
	for _, c := range []struct {
		name   string
		trim   backends.Trim
		length int
		want   bool
	}{
		{"by length, when the others are as many", backends.Trim{ByLength: true, Length: 7}, 10, true},
		{"by length, when the others are fewer", backends.Trim{ByLength: true, Length: 8}, 10, false},
		{"by length, when there are no others", backends.Trim{ByLength: true}, 3, true},
		{"by ID, after the last entry", backends.Trim{First: backends.StreamID{Ms: 8, Seq: 1}}, 10, true},
		{"by ID, at the last entry, a deleted one", backends.Trim{First: backends.StreamID{Ms: 8}}, 10, false},
	} {
		if got := n.Within(c.trim, c.length); got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
	}
}

func TestANodeTakesAsMuchAsTheLimitsSay(t *testing.T) {
	fields := [][]byte{[]byte("field"), []byte("value")}
	n := New(backends.StreamID{Ms: 1}, fields, 0)
	for ms := range uint64(3) {
		n.Append(backends.StreamID{Ms: 1 + ms}, fields)
	}
	n.Delete(n.Find(backends.StreamID{Ms: 2}))
	size := int64(len(n.Pack) + 10)
	for _, c := range []struct {
		name           string
		bytes, entries int64
		most           int
		want           bool
	}{
		{"without limits", 0, 0, MaxBytes, true},
		{"one byte less than the limit", size + 1, 0, MaxBytes, true},
		{"the limit of bytes", size, 0, MaxBytes, false},
		{"the limit of the caller", size + 1, 0, int(size), false},
		{"one entry less than the limit", 0, 4, MaxBytes, true},
		{"the limit of entries, with a deleted one", 0, 3, MaxBytes, false},
		{"a limit of bytes above the greatest", math.MaxInt64, 0, int(size), false},
	} {
		limits := backends.NewCompact()
		limits.StreamBytes.Store(c.bytes)
		limits.StreamEntries.Store(c.entries)
		if got := n.Allows(fields, limits, c.most); got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
	}
}

func TestAReleasedReaderReadsOn(t *testing.T) {
	var long [][]byte
	for i := range 200 {
		long = append(long, fmt.Append(nil, i))
	}
	var r Reader
	for _, fields := range [][][]byte{long[:4], long, long[:2]} {
		n := New(backends.StreamID{Ms: 1}, fields, 0)
		n.Append(backends.StreamID{Ms: 1}, fields)
		n.Each(backends.StreamID{}, backends.LastStreamID, false, func(e *Entry) bool {
			if got := r.Fields(e); !reflect.DeepEqual(got, fields) {
				t.Errorf("%q instead of %q", got, fields)
			}
			return true
		})
		r.Release()
	}
}

func TestReadingAllocatesNothingPerEntry(t *testing.T) {
	fields := [][]byte{[]byte("field"), []byte("value"), []byte("12"), []byte("-7")}
	n := New(backends.StreamID{Ms: 1}, fields, 0)
	for ms := range uint64(100) {
		n.Append(backends.StreamID{Ms: 1 + ms}, fields)
	}
	var r Reader
	read := 0
	visit := func(e *Entry) bool { read += len(r.Fields(e)); return true }
	got := testing.AllocsPerRun(10, func() {
		r.Begin()
		n.Each(backends.StreamID{}, backends.LastStreamID, false, visit)
		n.Find(backends.StreamID{Ms: 50})
	})
	if got > 1 || read == 0 { // the Entry
		t.Errorf("%v allocations for %d texts", got, read)
	}
}
