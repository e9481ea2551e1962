package streamnode

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"slices"
	"testing"

	"switchyard/backends"
	"switchyard/backends/listpack"
)

// sound is a node with three entries. Its elements are
//
//	 0   2 | 1 | 2 | f | g | 0      two live entries and a deleted one
//	 6   2 | 0 | 0 | v | w | 5      5-5
//	12   0 | 0 | 1 | 1 | x | y | 6  5-6, which has other fields
//	19   3 | 1 | -5 | 7 | 8 | 5     6-0, the deleted one
func sound() Node {
	pair := func(texts ...string) (all [][]byte) {
		for _, s := range texts {
			all = append(all, []byte(s))
		}
		return all
	}
	n := New(backends.StreamID{Ms: 5, Seq: 5}, pair("f", "v", "g", "w"), 0)
	n.Append(n.Master, pair("f", "v", "g", "w"))
	n.Append(backends.StreamID{Ms: 5, Seq: 6}, pair("x", "y"))
	n.Append(backends.StreamID{Ms: 6}, pair("f", "7", "g", "8"))
	n.Delete(n.Find(backends.StreamID{Ms: 6}))
	return n
}

func TestDamagedNodesAreFound(t *testing.T) {
	const ofMaster, ofEntries = true, false
	for _, c := range []struct {
		name   string
		at     int // of the element that is another one
		value  string
		master bool // CheckMaster finds it
	}{
		{"too many live entries", 0, "3", ofEntries},
		{"too few live entries", 0, "1", ofEntries},
		{"live entries below none", 0, "-1", ofMaster},
		{"more live entries than bytes", 0, "1000", ofMaster},
		{"a word for the live entries", 0, "x", ofMaster},
		{"too many deleted entries", 1, "2", ofEntries},
		{"countless deleted entries", 1, "9223372036854775807", ofMaster},
		{"no fields", 2, "0", ofMaster},
		{"countless fields", 2, "4611686018427387904", ofMaster},
		{"fewer fields", 2, "1", ofMaster},
		{"more fields, up to a zero", 2, "5", ofEntries},
		{"no end of the master entry", 5, "1", ofMaster},
		{"a word for flags", 6, "x", ofEntries},
		{"an unknown flag", 6, "6", ofEntries},
		{"negative flags", 6, "-2", ofEntries},
		{"a flag that is missing", 6, "0", ofEntries},
		{"a flag too many", 12, "2", ofEntries},
		{"a word in an ID", 7, "x", ofEntries},
		{"an entry before the node", 8, "-1", ofEntries},
		{"an entry before another", 14, "-1", ofEntries},
		{"the same ID twice", 14, "0", ofEntries},
		{"an entry of no fields", 15, "0", ofEntries},
		{"an entry of less than no fields", 15, "-1", ofEntries},
		{"an entry of countless fields", 15, "9223372036854775807", ofEntries},
		{"an entry that miscounts its elements", 18, "5", ofEntries},
		{"an entry that ends in a word", 24, "x", ofEntries},
	} {
		n := sound()
		n.Pack = n.Pack.Replace(n.Pack.Seek(c.at), []byte(c.value))
		if n.Check() == nil || (n.CheckMaster() != nil) != c.master {
			t.Errorf("%s: %v, and of the master entry %v", c.name, n.Check(), n.CheckMaster())
		}
	}
}

func TestNodesThatAreCutAreFound(t *testing.T) {
	whole := sound()
	if err := whole.Check(); err != nil {
		t.Fatal(err)
	}
	elements := whole.Pack.Len()
	for left := range elements {
		n := sound()
		n.Pack = n.Pack.DeleteRange(left, elements-left)
		if err, ofMaster := n.Check(), n.CheckMaster(); err == nil || (ofMaster == nil) != (left >= 6) {
			t.Errorf("%d elements of %d: %v, and of the master entry %v", left, elements, err, ofMaster)
		}
	}
	for at := range whole.Pack {
		n := Node{whole.Master, whole.Pack[:at]}
		if n.Check() == nil {
			t.Errorf("%d bytes of %d are sound", at, len(whole.Pack))
		}
	}
	if whole.Pack = whole.Pack.AppendInt(0); whole.Check() == nil {
		t.Error("something behind the entries is sound")
	}
}

// Redis takes these too.
func TestUnusualNodesAreSound(t *testing.T) {
	late, empty := sound(), sound()
	for at, behind := range map[int]int64{8: 1, 14: 2} { // 5-6 and 5-7
		late.Pack = late.Pack.ReplaceInt(late.Pack.Seek(at), behind)
	}
	empty.Pack = empty.Pack.DeleteRange(6, empty.Pack.Len()-6)
	for at := range 2 {
		empty.Pack = empty.Pack.ReplaceInt(empty.Pack.Seek(at), 0)
	}
	for name, n := range map[string]Node{"entries after the node's ID": late, "no entries": empty} {
		if err := n.Check(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if err := examine(&n, walked(&n), rand.New(rand.NewPCG(1, 2))); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if pos := n.Find(n.Master); pos != 0 {
			t.Errorf("%s: there is an entry with the node's ID at %d", name, pos)
		}
	}
}

// walked are the entries of a node, from the first to the last.
func walked(n *Node) (all []modelEntry) {
	var r Reader
	e := n.walk()
	for more := e.first(); more; more = e.next() {
		all = append(all, modelEntry{e.ID, e.deleted(), texts(r.Fields(&e))})
	}
	return all
}

// mend gives b the header and the end of a listpack, so that more than the check of those is tested.
func mend(b []byte) []byte {
	b = slices.Concat([]byte{0, 0, 0, 0, 0xff, 0xff}, b, []byte{0xff})
	binary.LittleEndian.PutUint32(b, uint32(len(b)))
	return b
}

// Whatever passes Check can be read both ways, and changed, and passes it again.
func FuzzCheck(f *testing.F) {
	n := sound()
	f.Add([]byte(n.Pack), n.Master.Ms, n.Master.Seq, uint64(1))
	f.Add([]byte(n.Pack[6:len(n.Pack)-1]), n.Master.Ms, n.Master.Seq, uint64(2))
	f.Add([]byte(n.Pack[6:len(n.Pack)-1]), ^uint64(0), ^uint64(0), uint64(3))
	// A live entry whose flags take more bytes than need be.
	f.Add([]byte("\x01\x01\x00\x01\x01\x01\x81f\x02\x00\x01\xf1\x02\x00\x03\x00\x01\x00\x01\x81v\x02\x04\x01"), uint64(1), uint64(1), uint64(4))
	f.Fuzz(func(t *testing.T, b []byte, ms, seq, seed uint64) {
		for _, b := range [][]byte{b, mend(b)} {
			if n := (Node{backends.StreamID{Ms: ms, Seq: seq}, bytes.Clone(b)}); n.Check() == nil {
				readAndChange(t, n, rand.New(rand.NewPCG(seed, 0)))
			}
		}
	})
}

func readAndChange(t *testing.T, n Node, r *rand.Rand) {
	all := walked(&n)
	if err := examine(&n, all, r); err != nil {
		t.Fatal(err)
	}
	e := n.walk()
	i := len(all)
	for more := e.last(); more; more = e.prev() {
		if i--; i < 0 || all[i].id != e.ID {
			t.Fatalf("%v is not what the walk on found", e.ID)
		}
	}
	if i != 0 {
		t.Fatalf("the walk back ends %d entries after the first one", i)
	}
	original := listpack.List(bytes.Clone(n.Pack))
	for i, e := range all {
		if !e.deleted {
			n.Delete(n.Find(e.id))
			all[i].deleted = true
			if err := examine(&n, all, r); err != nil {
				t.Fatal(err)
			}
			all[i].deleted = false
			break
		}
	}
	n.Pack = original
	live, _ := n.Counts()
	removed := n.Trim(backends.Trim{ByLength: true, Length: live / 2}, live)
	if err := n.Check(); err != nil || removed != live-live/2 {
		t.Fatalf("%d of %d entries were removed: %v", removed, live, err)
	}
	all = walked(&n)
	last := n.Master
	if len(all) > 0 {
		last = all[len(all)-1].id
	}
	if id, ok := last.Next(); ok {
		e := modelEntry{id, false, someFields(r, nil)}
		n.Append(id, e.raw())
		if err := examine(&n, append(all, e), r); err != nil {
			t.Fatal(err)
		}
	}
}
