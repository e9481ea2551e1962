package memory

import (
	"bytes"
	"encoding/binary"
	"math"
	"slices"
	"unsafe"
)

// member is a member of a sorted set with its score, in one allocation without pointers, which the
// garbage collector need not look into:
//
//	score: 8 bytes | length: 1 byte, or 255 and 4 bytes | text
//
// Index and ranks share it. Its text never changes, its score does.
type member struct{ at *byte }

const (
	scoreSize  = 8
	shortHead  = scoreSize + 1
	longHead   = shortHead + 4
	longMember = 255 // the first length that has 4 bytes
)

func newMember(text []byte, score float64) member {
	head := memberHead(len(text))
	b := make([]byte, head+len(text))
	if b[scoreSize] = byte(len(text)); head == longHead {
		b[scoreSize] = longMember
		binary.LittleEndian.PutUint32(b[shortHead:], uint32(len(text)))
	}
	copy(b[head:], text)
	m := member{unsafe.SliceData(b)}
	m.setScore(score)
	return m
}

func memberHead(n int) int {
	if n < longMember {
		return shortHead
	}
	return longHead
}

// bytes is what m takes.
func (m member) bytes() int64 {
	n := len(m.text())
	return allocated(int64(memberHead(n) + n))
}

func (m member) text() []byte {
	n, head := int(unsafe.Slice(m.at, shortHead)[scoreSize]), shortHead
	if n == longMember {
		n, head = int(binary.LittleEndian.Uint32(unsafe.Slice(m.at, longHead)[shortHead:])), longHead
	}
	return slices.Clip(unsafe.Slice(m.at, head+n)[head:])
}

func (m member) score() float64 {
	return math.Float64frombits(binary.LittleEndian.Uint64(unsafe.Slice(m.at, scoreSize)))
}

func (m member) setScore(score float64) {
	binary.LittleEndian.PutUint64(unsafe.Slice(m.at, scoreSize), math.Float64bits(score))
}

// index finds members by their text. It is an extendible hash table: a page has the members of a
// range of places, the upper bits of their hashes, and the directory has for each prefix of depth bits its page.
// A full page is cut in two, so the table grows and shrinks page by page: no insertion waits for all to
// be moved, as in a table that doubles. A SCAN cursor is the first place not visited yet.
type index struct {
	pages   []*page // 1 << depth; neighbours may be the same page
	depth   uint8
	deepest int   // pages of that depth
	bytes   int64 // of directory and pages
}

// pageRoom fills the size class of 768 bytes. As many members of the same place are out of the question.
const pageRoom = 63

// page has its members in the order of their places.
type page struct {
	members [pageRoom]member
	places  [pageRoom]uint32
	n       uint8
	depth   uint8 // bits that all places in it share
}

const (
	pageBytes    = int64(768)
	pointerBytes = int64(unsafe.Sizeof((*page)(nil)))
)

func newIndex() index {
	return index{pages: []*page{{}}, deepest: 1, bytes: pageBytes + pointerBytes}
}

func (x *index) slot(place uint32) uint32 { return place >> (placeBits - x.depth) }

func (x *index) page(place uint32) *page { return x.pages[x.slot(place)] }

func (x *index) find(place uint32, text []byte) (m member, ok bool) {
	p := x.page(place)
	if i, ok := p.find(place, text); ok {
		return p.members[i], true
	}
	return member{}, false
}

func (p *page) find(place uint32, text []byte) (at int, ok bool) {
	for i := p.search(place); i < int(p.n) && p.places[i] == place; i++ {
		if bytes.Equal(p.members[i].text(), text) {
			return i, true
		}
	}
	return 0, false
}

// search is the index of the first member whose place is not below place.
func (p *page) search(place uint32) int {
	low, high := 0, int(p.n)
	for low < high {
		if mid := (low + high) / 2; p.places[mid] < place {
			low = mid + 1
		} else {
			high = mid
		}
	}
	return low
}

// insert adds a member that is not there.
func (x *index) insert(place uint32, m member) {
	p := x.page(place)
	for p.n == pageRoom {
		x.split(p)
		p = x.page(place)
	}
	at := p.search(place)
	copy(p.members[at+1:p.n+1], p.members[at:p.n])
	copy(p.places[at+1:p.n+1], p.places[at:p.n])
	p.members[at], p.places[at] = m, place
	p.n++
}

// remove takes out a member that is there.
func (x *index) remove(place uint32, text []byte) {
	p := x.page(place)
	at, ok := p.find(place, text)
	if !ok {
		return
	}
	copy(p.members[at:], p.members[at+1:p.n])
	copy(p.places[at:], p.places[at+1:p.n])
	p.n--
	p.members[p.n] = member{}
	if p.n < pageRoom/4 {
		x.join(p, place)
	}
}

// split gives the upper half of p's places to a new page.
func (x *index) split(p *page) {
	if p.depth == x.depth {
		x.double()
	}
	p.depth++
	upper := p.places[0]>>(placeBits-p.depth) | 1
	upper <<= placeBits - p.depth
	at := p.search(upper)
	q := &page{depth: p.depth, n: p.n - uint8(at)}
	copy(q.members[:], p.members[at:p.n])
	copy(q.places[:], p.places[at:p.n])
	clear(p.members[at:p.n])
	p.n = uint8(at)
	x.assign(q, upper)
	if p.depth == x.depth {
		x.deepest += 2
	}
	x.bytes += pageBytes
}

// join makes one page of p, which has place, and the other half of what was split, when both fit well.
func (x *index) join(p *page, place uint32) {
	if p.depth == 0 {
		return
	}
	bit := uint32(1) << (placeBits - p.depth)
	low, high := x.page(place&^bit), x.page(place|bit)
	if low.depth != high.depth || low.n+high.n > pageRoom/2 {
		return
	}
	copy(low.members[low.n:], high.members[:high.n])
	copy(low.places[low.n:], high.places[:high.n])
	low.n += high.n
	if low.depth == x.depth {
		x.deepest -= 2
	}
	low.depth--
	x.assign(low, place)
	x.bytes -= pageBytes
	for x.deepest == 0 && x.depth > 0 {
		x.halve()
	}
}

// assign enters p in the directory, as the page of place and all that share its first bits.
func (x *index) assign(p *page, place uint32) {
	same := x.depth - p.depth
	first := x.slot(place) >> same << same
	for i := range uint32(1) << same {
		x.pages[first+i] = p
	}
}

func (x *index) double() {
	pages := make([]*page, 2*len(x.pages))
	for i, p := range x.pages {
		pages[2*i], pages[2*i+1] = p, p
	}
	x.setPages(pages, x.depth+1)
}

func (x *index) halve() {
	pages := make([]*page, len(x.pages)/2)
	for i := range pages {
		pages[i] = x.pages[2*i]
	}
	x.setPages(pages, x.depth-1)
}

func (x *index) setPages(pages []*page, depth uint8) {
	x.bytes += pointerBytes * int64(len(pages)-len(x.pages))
	x.pages, x.depth, x.deepest = pages, depth, 0
	for _, p := range pages {
		if p.depth == depth {
			x.deepest++
		}
	}
}

// scan visits count members, or some more that share a place, from the place from on. It returns the
// first place not visited, 1<<placeBits at the end.
func (x *index) scan(from uint64, count int, visit func(member)) (next uint64) {
	for from < 1<<placeBits {
		p := x.page(uint32(from))
		for i := p.search(uint32(from)); i < int(p.n); i++ {
			if place := uint64(p.places[i]); count <= 0 && place != from {
				return place
			} else {
				from = place
			}
			visit(p.members[i])
			count--
		}
		size := uint64(1) << (placeBits - p.depth)
		from = from&^(size-1) + size
	}
	return from
}
