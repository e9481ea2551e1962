package memory

import (
	"math/rand/v2"
	"testing"
)

func TestDeadlinesComeInOrder(t *testing.T) {
	seed := rand.Uint64()
	r := rand.New(rand.NewPCG(seed, 0))
	var h dueHeap
	current := map[uint64]int64{} // the deadline that a place has now
	valid := func(d due) bool { return current[d.place] == d.at }
	for range 60_000 {
		d := due{1 + r.Int64N(1000), r.Uint64N(5000)}
		if r.IntN(3) > 0 {
			d.at = 1001 // many have the same one, again and again
		}
		current[d.place] = d.at
		h.push(d, len(current), valid)
	}
	if most := 4*(len(current)+dueSpare) + 1; h.n > most {
		t.Errorf("seed %d: %d deadlines for %d places", seed, h.n, len(current))
	}
	c := h.clone()
	last := int64(0)
	for h.n > 0 {
		d := h.pop()
		if d.at < last {
			t.Fatalf("seed %d: %d comes after %d", seed, d.at, last)
		}
		last = d.at
		if valid(d) {
			delete(current, d.place)
		}
	}
	if len(current) > 0 {
		t.Errorf("seed %d: %d places were lost", seed, len(current))
	}
	if h.bytes() != 0 || c.n == 0 || c.first() == 0 {
		t.Errorf("seed %d: %d bytes are left, and %d deadlines in the copy", seed, h.bytes(), c.n)
	}
}
