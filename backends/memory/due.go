package memory

import (
	"cmp"
	"math/rand/v2"
	"slices"
)

// dueHeap holds what has a deadline by its place, the earliest first, as a binary heap. Nothing in it is
// ever looked up: what has got another deadline, or is gone, is out of date, and noticed when its
// time comes. Lest too much of that piles up, each addition looks at a few others at random.
//
// It lies in chunks, so that it grows without being copied.
type dueHeap struct {
	chunks [][]due // all full but the last
	n      int
}

type due struct {
	at    int64 // Unix milliseconds
	place uint64
}

const (
	dueBytes  = 16
	dueChunk  = 4096
	dueProbes = 4
	dueSpare  = 64 // that many out of date are never minded
)

func (h *dueHeap) item(i int) *due { return &h.chunks[i/dueChunk][i%dueChunk] }

// first is the earliest deadline, 0 when there is none.
func (h *dueHeap) first() int64 {
	if h.n == 0 {
		return 0
	}
	return h.item(0).at
}

// isDue says whether a deadline has come.
func (h *dueHeap) isDue(now int64) bool {
	first := h.first()
	return first != 0 && first <= now
}

// push adds a deadline. At most live of those in the heap are up to date; valid says of one whether it is.
func (h *dueHeap) push(d due, live int, valid func(due) bool) {
	for range dueProbes {
		if h.n <= live+live/4+dueSpare {
			break
		}
		if i := rand.IntN(h.n); !valid(*h.item(i)) {
			h.remove(i)
		}
	}
	// What is there twice is up to date, and not found in this way.
	if h.n > 4*(live+dueSpare) {
		h.tidy(valid)
	}
	h.append(d)
	h.up(h.n - 1)
}

// pop takes out the earliest deadline.
func (h *dueHeap) pop() due {
	d := *h.item(0)
	h.remove(0)
	return d
}

func (h *dueHeap) append(d due) {
	last := len(h.chunks) - 1
	if last < 0 || len(h.chunks[last]) == dueChunk {
		h.chunks = append(h.chunks, nil)
		last++
	}
	h.chunks[last] = append(h.chunks[last], d)
	h.n++
}

// remove takes out number i.
func (h *dueHeap) remove(i int) {
	h.n--
	moved := *h.item(h.n)
	last := len(h.chunks) - 1
	if h.chunks[last] = h.chunks[last][:h.n%dueChunk]; h.n%dueChunk == 0 {
		h.chunks[last] = nil
		h.chunks = h.chunks[:last]
	}
	if i < h.n {
		*h.item(i) = moved
		h.down(h.up(i))
	}
}

// up moves number i towards the front as far as it belongs, and returns where it is then.
func (h *dueHeap) up(i int) int {
	d := *h.item(i)
	for i > 0 {
		parent := (i - 1) / 2
		if h.item(parent).at <= d.at {
			break
		}
		*h.item(i) = *h.item(parent)
		i = parent
	}
	*h.item(i) = d
	return i
}

func (h *dueHeap) down(i int) {
	d := *h.item(i)
	for child := 2*i + 1; child < h.n; child = 2*i + 1 {
		if child+1 < h.n && h.item(child+1).at < h.item(child).at {
			child++
		}
		if d.at <= h.item(child).at {
			break
		}
		*h.item(i) = *h.item(child)
		i = child
	}
	*h.item(i) = d
}

// tidy removes what is out of date or there twice. A sorted list is a heap.
func (h *dueHeap) tidy(valid func(due) bool) {
	all := slices.Concat(h.chunks...)
	slices.SortFunc(all, func(a, b due) int { return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.place, b.place)) })
	*h = dueHeap{}
	for _, d := range slices.Compact(all) {
		if valid(d) {
			h.append(d)
		}
	}
}

func (h *dueHeap) clone() dueHeap {
	c := dueHeap{n: h.n}
	for _, chunk := range h.chunks {
		c.chunks = append(c.chunks, slices.Clone(chunk))
	}
	return c
}

// bytes is what the heap takes.
func (h *dueHeap) bytes() int64 {
	if h.n == 0 {
		return 0
	}
	last := len(h.chunks) - 1
	return dueBytes*int64(last*dueChunk+cap(h.chunks[last])) + 24*int64(cap(h.chunks))
}
