package memory

import (
	"hash/maphash"
	"math/bits"
	"math/rand/v2"
	"slices"
	"unsafe"
)

// dict maps byte strings to byte strings, for the collections that are too large to be compact. It is an
// extendible hash table:
//
//	directory, by the first bits of the hash -> segment -> block, by the next bits -> entries (block.go)
//
// A segment is so small that to rehash it stalls nobody. One that has grown splits into two, and of all
// others only pointers in the directory move, so a dict grows and shrinks in small steps. Entries lie in
// blocks of about ten, packed: that costs a few bytes for each, where a chain costs pointers, an
// allocation and the garbage collector's time. The blocks are ranges of the hash in ascending order,
// so a SCAN cursor is simply the first place not visited yet.
type dict struct {
	seed  maphash.Seed
	dir   []*segment // 1<<depth of them
	depth uint8
	fine  uint8 // bits of the place that choose the narrowest block
	n     int
	size  int64 // bytes, as size.go counts them
}

// segment has the entries whose places begin with certain depth bits.
type segment struct {
	depth  uint8
	n      int
	bytes  int
	blocks []block // a power of two of them
}

const (
	dictPlaceBits = 40
	maxBits       = 32 // of the place that choose a block

	blockFill    = 12      // entries per block beyond which a segment grows
	blockBytes   = 1 << 10 // or bytes, so that large values do not pile up in one block
	longest      = 2 * blockFill
	segmentMost  = 256 // blocks
	segmentBytes = 256 << 10

	segmentSize   = int64(unsafe.Sizeof(segment{}))
	blockHeadSize = int64(unsafe.Sizeof(block{}))
	dictBytes     = int64(unsafe.Sizeof(dict{}))
	pointersHead  = 8 // what Go adds to an object that has pointers
	slotSize      = int64(unsafe.Sizeof((*segment)(nil)))
)

func newDict(seed maphash.Seed) dict {
	d := dict{seed: seed, dir: []*segment{{blocks: make([]block, 1)}}}
	d.size = slotSize + d.dir[0].weight()
	return d
}

func (d *dict) hash(key []byte) uint64 { return maphash.Bytes(d.seed, key) }

// placeOf is the part of a hash that says where an entry is; mark is another, which is kept in it.
func placeOf(hash uint64) uint64 { return hash >> (64 - dictPlaceBits) }
func mark(hash uint64) byte      { return byte(hash) & markMask }

// locate finds the segment and the number of the block in it that a place belongs to.
func (d *dict) locate(place uint64) (s *segment, b int) {
	s = d.dir[place>>(dictPlaceBits-d.depth)]
	return s, s.block(place)
}

func (s *segment) block(place uint64) int {
	within := place << s.depth & (1<<dictPlaceBits - 1)
	return int(within >> (dictPlaceBits - s.bits()))
}

// bits is how many bits of the place choose the block.
func (s *segment) bits() uint8 { return uint8(bits.TrailingZeros(uint(len(s.blocks)))) }

// find returns the entry of a key. Its bytes are valid until the next write.
func (d *dict) find(key []byte) (e item, ok bool) {
	h := d.hash(key)
	s, b := d.locate(placeOf(h))
	return s.blocks[b].find(mark(h), key)
}

// put sets the value and the deadline of a key, and says whether the key is new.
func (d *dict) put(key, value []byte, at int64) (created bool) {
	h := d.hash(key)
	s, b := d.locate(placeOf(h))
	e, found := s.blocks[b].find(mark(h), key)
	if !found {
		e.start = len(s.blocks[b])
		e.end = e.start
	}
	d.splice(s, b, e.start, e.end, &item{mark: mark(h), key: key, value: value, at: at})
	if found {
		return false
	}
	s.blocks[b].count(1)
	s.n++
	d.n++
	if s.crowded() {
		d.grow(s, placeOf(h))
	}
	return true
}

// remove removes a key and says whether it was there.
func (d *dict) remove(key []byte) bool {
	h := d.hash(key)
	s, b := d.locate(placeOf(h))
	e, found := s.blocks[b].find(mark(h), key)
	if found {
		d.cut(s, b, e)
		d.shrink(s, placeOf(h))
	}
	return found
}

// cut takes an entry out of its block.
func (d *dict) cut(s *segment, b int, e item) {
	s.blocks[b].count(-1)
	d.splice(s, b, e.start, e.end, nil)
	s.n--
	d.n--
}

// splice replaces a part of a block by an entry, or by nothing.
func (d *dict) splice(s *segment, b, start, end int, e *item) {
	was, wasUsed := allocated(int64(cap(s.blocks[b]))), len(s.blocks[b])
	s.blocks[b] = s.blocks[b].splice(start, end, e)
	s.bytes += len(s.blocks[b]) - wasUsed
	d.size += allocated(int64(cap(s.blocks[b]))) - was
}

// crowded says whether a segment should have more blocks.
func (s *segment) crowded() bool {
	blocks := len(s.blocks)
	return s.n > blockFill*blocks || s.bytes > blockBytes*blocks && s.n > blocks
}

// grow gives the segment of a place twice its blocks, or makes two of one that is large already.
func (d *dict) grow(s *segment, place uint64) {
	switch {
	case s.depth+s.bits() == maxBits:
	case len(s.blocks) == 1 || len(s.blocks) < segmentMost && s.bytes < segmentBytes:
		d.rehash(s, 2*len(s.blocks))
	default:
		d.split(s, place)
	}
}

// rehash gives a segment another number of blocks.
func (d *dict) rehash(s *segment, blocks int) {
	old := s.blocks
	d.size -= s.weight()
	s.blocks = make([]block, blocks)
	for _, b := range old {
		b.each(func(e item) bool {
			to := &s.blocks[s.block(placeOf(d.hash(e.key)))]
			*to = to.add(b[e.start:e.end])
			return true
		})
	}
	s.recount()
	d.size += s.weight()
	d.fine = max(d.fine, s.depth+s.bits())
}

// split makes two segments of one: its blocks are in order, so each half has a half of them. Both halves
// are copied, since one that is still in use would keep the memory of the other.
func (d *dict) split(s *segment, place uint64) {
	if s.depth == d.depth {
		d.double()
	}
	d.size -= s.weight()
	half := len(s.blocks) / 2
	low := &segment{depth: s.depth + 1, blocks: slices.Clone(s.blocks[:half])}
	high := &segment{depth: s.depth + 1, blocks: slices.Clone(s.blocks[half:])}
	first, slots := d.span(s, place)
	for i := range slots {
		d.dir[first+i] = low
		if i >= slots/2 {
			d.dir[first+i] = high
		}
	}
	low.recount()
	high.recount()
	d.size += low.weight() + high.weight()
}

// span is which part of the directory points to the segment of a place.
func (d *dict) span(s *segment, place uint64) (first, slots int) {
	slots = 1 << (d.depth - s.depth)
	return int(place>>(dictPlaceBits-d.depth)) &^ (slots - 1), slots
}

// double makes the directory one bit deeper.
func (d *dict) double() {
	dir := make([]*segment, 2*len(d.dir))
	for i := range dir {
		dir[i] = d.dir[i/2]
	}
	d.size += slotSize * int64(len(d.dir))
	d.dir, d.depth = dir, d.depth+1
}

// shrink gives back what the segment of a place does not need when it has become nearly empty.
func (d *dict) shrink(s *segment, place uint64) {
	half := len(s.blocks) / 2
	if s.n > blockFill*half/2 || s.bytes > blockBytes*half/2 && s.n > half/2 {
		return
	}
	if half > 0 {
		d.rehash(s, half)
	}
	for s != nil && s.depth > 0 {
		s = d.merge(s, place)
	}
	d.measure()
}

// measure finds the narrowest block.
func (d *dict) measure() {
	d.fine = 0
	for i := 0; i < len(d.dir); i += 1 << (d.depth - d.dir[i].depth) {
		d.fine = max(d.fine, d.dir[i].depth+d.dir[i].bits())
	}
}

// merge joins a segment and the one next to it if both together are small; otherwise it returns nil.
func (d *dict) merge(s *segment, place uint64) (joined *segment) {
	first, slots := d.span(s, place)
	low, high := s, s
	if first&slots == 0 {
		high = d.dir[first+slots]
	} else {
		low = d.dir[first-slots]
		first -= slots
	}
	if low.depth != high.depth || low.n+high.n > blockFill*segmentMost/8 || low.bytes+high.bytes > segmentBytes/8 {
		return nil
	}
	d.size -= low.weight() + high.weight()
	most := max(len(low.blocks), len(high.blocks))
	joined = &segment{depth: s.depth - 1}
	for _, part := range []*segment{low, high} {
		if len(part.blocks) < most {
			d.size += part.weight()
			d.rehash(part, most)
			d.size -= part.weight()
		}
		joined.blocks = append(joined.blocks, part.blocks...)
	}
	for i := range 2 * slots {
		d.dir[first+i] = joined
	}
	joined.recount()
	d.size += joined.weight()
	d.halve()
	return joined
}

// halve makes the directory as shallow as its segments allow.
func (d *dict) halve() {
	for d.depth > 0 {
		for i := 0; i < len(d.dir); i += 2 {
			if d.dir[i] != d.dir[i+1] {
				return
			}
		}
		dir := make([]*segment, len(d.dir)/2)
		for i := range dir {
			dir[i] = d.dir[2*i]
		}
		d.size -= slotSize * int64(len(dir))
		d.dir, d.depth = dir, d.depth-1
	}
}

// recount adds up the entries and the bytes of the blocks.
func (s *segment) recount() {
	s.n, s.bytes = 0, 0
	for _, b := range s.blocks {
		s.n += b.len()
		s.bytes += len(b)
	}
}

// weight is what a segment takes.
func (s *segment) weight() int64 {
	n := segmentSize + allocated(blockHeadSize*int64(len(s.blocks))+pointersHead)
	for _, b := range s.blocks {
		n += allocated(int64(cap(b)))
	}
	return n
}

// each visits all entries in the order of their places until fn says not to go on.
func (d *dict) each(fn func(e item) (more bool)) {
	for i := 0; i < len(d.dir); {
		s := d.dir[i]
		for _, b := range s.blocks {
			if !b.each(fn) {
				return
			}
		}
		i += 1 << (d.depth - s.depth)
	}
}

// scan visits about count entries from place cursor on, and returns the first place not visited; 0
// at the end. Entries with one place are always visited together.
func (d *dict) scan(cursor uint64, count int, fn func(e item)) (next uint64) {
	for count = max(count, 1); cursor < 1<<dictPlaceBits && count > 0; cursor = next {
		s, b := d.locate(cursor)
		width := uint64(1) << (dictPlaceBits - s.depth - s.bits())
		start := cursor &^ (width - 1)
		s.blocks[b].each(func(e item) bool {
			if start == cursor || placeOf(d.hash(e.key)) >= cursor {
				fn(e)
				count--
			}
			return true
		})
		next = start + width
	}
	if cursor >= 1<<dictPlaceBits {
		return 0
	}
	return cursor
}

// random returns some entry, each with the same chance as long as no block has more than the longest
// expected. The dict is not empty.
//
// A place drawn at random lies more often in a wide block, and an entry of a full one is chosen less
// often. Draws are rejected so that neither counts.
func (d *dict) random() item {
	for {
		s, b := d.locate(rand.Uint64N(1 << dictPlaceBits))
		if wider := d.fine - s.depth - s.bits(); wider > 0 && rand.Uint64N(1<<wider) != 0 {
			continue
		}
		block, most := s.blocks[b], longest
		if d.fine == 0 {
			most = d.n // there is but one
		}
		if i := rand.IntN(max(most, block.len())); i < block.len() {
			return block.at(i)
		}
	}
}

// clone returns a copy that shares nothing.
func (d *dict) clone() dict {
	c := *d
	c.dir = make([]*segment, len(d.dir))
	c.size -= slotSize * int64(len(d.dir))
	for i := 0; i < len(d.dir); {
		old := d.dir[i]
		s := &segment{depth: old.depth, n: old.n, bytes: old.bytes, blocks: make([]block, len(old.blocks))}
		for b := range old.blocks {
			s.blocks[b] = append(block(nil), old.blocks[b]...)
		}
		c.size += s.weight() - old.weight()
		for range 1 << (d.depth - s.depth) {
			c.dir[i] = s
			i++
		}
	}
	c.size += slotSize * int64(len(d.dir))
	return c
}
