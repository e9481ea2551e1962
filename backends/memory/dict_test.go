package memory

import (
	"fmt"
	"hash/maphash"
	"math/rand/v2"
	"strings"
	"testing"
)

// check recounts a dict.
func (d *dict) check(t *testing.T) {
	t.Helper()
	n, size := 0, slotSize*int64(len(d.dir))
	last := uint64(0)
	for i := 0; i < len(d.dir); {
		s := d.dir[i]
		for range 1 << (d.depth - s.depth) {
			if d.dir[i] != s {
				t.Fatalf("segment %d is not whole", i)
			}
			i++
		}
		n += s.n
		size += s.weight()
		before, bytes := s.n, s.bytes
		if s.recount(); s.n != before || s.bytes != bytes {
			t.Fatalf("a segment has %d entries of %d bytes, and counts %d and %d", s.n, s.bytes, before, bytes)
		}
		for b := range s.blocks {
			s.blocks[b].each(func(e item) bool {
				place := placeOf(d.hash(e.key))
				if at, in := d.locate(place); at != s || in != b {
					t.Fatalf("%q is in the wrong block", e.key)
				}
				if width := uint64(1) << (dictPlaceBits - s.depth - s.bits()); place&^(width-1) < last {
					t.Fatal("blocks are out of order")
				} else {
					last = place &^ (width - 1)
				}
				return true
			})
		}
	}
	if n != d.n || size != d.size {
		t.Fatalf("%d entries in %d bytes, counted %d and %d", n, size, d.n, d.size)
	}
}

func TestDictAgreesWithAMap(t *testing.T) {
	for name, value := range map[string]string{"none": "", "short": "value", "long": strings.Repeat("v", 200), "huge": strings.Repeat("v", 30_000)} {
		t.Run(name, func(t *testing.T) {
			seed := rand.Uint64()
			r := rand.New(rand.NewPCG(seed, 0))
			d, model := newDict(maphash.MakeSeed()), map[string]string{}
			most := 12_000
			if len(value) > 1000 {
				most = 1000
			}
			for step := range 4 * most {
				key := fmt.Sprint(r.IntN(most))
				if r.IntN(50) == 0 {
					key = strings.Repeat(key, 100)
				}
				_, there := model[key]
				// First it grows, then it shrinks.
				if r.IntN(4*most) > step {
					v := value[:len(value)*r.IntN(11)/10]
					if d.put([]byte(key), []byte(v), int64(r.IntN(2))) == there {
						t.Fatalf("seed %d, step %d: put of %.20q, which is there: %v", seed, step, key, there)
					}
					model[key] = v
				} else {
					if d.remove([]byte(key)) != there {
						t.Fatalf("seed %d, step %d: removal of %.20q, which is there: %v", seed, step, key, there)
					}
					delete(model, key)
				}
				if v, ok := d.find([]byte(key)); ok != (model[key] != "" || ok && len(v.value) == 0) || string(v.value) != model[key] {
					t.Fatalf("seed %d, step %d: %.20q is wrong", seed, step, key)
				}
				if step%(most/4) == 0 {
					d.check(t)
					wantEntries(t, &d, model)
				}
			}
			for key := range model {
				d.remove([]byte(key))
			}
			if d.check(t); d.n != 0 || len(d.dir) > 1 {
				t.Errorf("%d entries and %d segments are left", d.n, len(d.dir))
			}
		})
	}
}

func wantEntries(t *testing.T, d *dict, model map[string]string) {
	t.Helper()
	seen := 0
	d.each(func(e item) bool {
		if v, ok := model[string(e.key)]; !ok || v != string(e.value) {
			t.Fatalf("%.20q is wrong", e.key)
		}
		seen++
		return true
	})
	if seen != len(model) {
		t.Fatalf("%d entries of %d", seen, len(model))
	}
	c := d.clone()
	if c.check(t); c.n != d.n {
		t.Fatalf("a clone has %d entries of %d", c.n, d.n)
	}
}

// A scan visits what is there all the time, while as much comes and goes that the dict grows and shrinks.
func TestDictScanWhileItChanges(t *testing.T) {
	d := newDict(maphash.MakeSeed())
	const stays, comes = 1000, 30_000
	for i := range stays {
		d.put(fmt.Append(nil, "stays:", i), nil, 0)
	}
	for round := range 2 {
		seen := map[string]bool{}
		at := 0
		for cursor, first := uint64(0), true; cursor != 0 || first; first = false {
			cursor = d.scan(cursor, 20, func(e item) { seen[string(e.key)] = true })
			if cursor >= 1<<48 {
				t.Fatalf("cursor %d", cursor)
			}
			for range comes / 100 {
				key := fmt.Append(nil, "comes:", at%comes)
				if at++; (round+at/comes)%2 == 0 {
					d.put(key, nil, 0)
				} else {
					d.remove(key)
				}
			}
		}
		for i := range stays {
			if !seen[fmt.Sprint("stays:", i)] {
				t.Fatalf("round %d leaves out %d", round, i)
			}
		}
	}
	if next := d.scan(1<<63, 10, nil); next != 0 {
		t.Errorf("a cursor past the end leads to %d", next)
	}
}

func TestDictRandomIsFair(t *testing.T) {
	for _, n := range []int{1, 5, 100, 5000} {
		d := newDict(maphash.MakeSeed())
		for i := range n {
			d.put(fmt.Append(nil, i), make([]byte, i%50), 0)
		}
		count := map[string]int{}
		const each = 100
		for range n * each {
			count[string(d.random().key)]++
		}
		for i := range n {
			if c := count[fmt.Sprint(i)]; c < each/3 || c > each*3 {
				t.Fatalf("of %d entries number %d was drawn %d times, expected about %d", n, i, c, each)
			}
		}
	}
}

// No write stalls others for long, however large the dict is.
func TestDictRehashesInSmallSteps(t *testing.T) {
	d := newDict(maphash.MakeSeed())
	for i := range 150_000 {
		d.put(fmt.Append(nil, "member:", i), nil, 0)
	}
	for _, s := range d.dir {
		if len(s.blocks) > segmentMost {
			t.Fatalf("a segment has %d blocks", len(s.blocks))
		}
	}
	if per := d.size / int64(d.n); per > 40 {
		t.Errorf("%d bytes for a member of 13", per)
	}
	t.Logf("%d bytes per member", d.size/int64(d.n))
}
