package rdb

import (
	"bytes"
	"hash/maphash"
	"slices"
	"strconv"

	"switchyard/backends/listpack"
)

// What the collections have in common. Redis writes a small one as a blob, the compact bytes that it
// has in memory as one string, and a large one as a count and its elements as a string each. Reading
// either gives a slice of elements, which share memory with the payload where that is possible; writing
// visits the elements of a view once, into one buffer.

// reserve is how many elements are made room for because a count says so. A count that lies costs
// nothing: beyond this, memory grows with what was read.
const reserve = 1024

// count reads how many elements follow. None is an error, since an empty collection does not exist.
//
// Redis takes what marks the encoding of a string as a number here.
func (r *reader) count() uint64 {
	n, encoded := r.length()
	if encoded || n == 0 {
		r.bad = true
		return 0
	}
	return n
}

// strings reads n strings.
func (r *reader) strings(n uint64) [][]byte {
	elements := make([][]byte, 0, min(n, reserve))
	for ; n > 0 && !r.bad; n-- {
		elements = append(elements, r.string())
	}
	return elements
}

// packing turns a blob into a listpack, which it checks.
type packing func(blob []byte) (listpack.List, error)

// plainListpack is the packing of Redis 7 for a blob that is one.
func plainListpack(blob []byte) (listpack.List, error) { return blob, listpack.Valid(blob) }

// unpack reads a blob and appends its elements to those that are there.
func (r *reader) unpack(packing packing, elements [][]byte) [][]byte {
	blob := r.string()
	if r.bad {
		return elements
	}
	l, err := packing(blob)
	if err != nil {
		r.bad = true
		return elements
	}
	elements = slices.Grow(elements, l.Len())
	for pos := l.First(); pos != 0; pos = l.Next(pos) {
		if n, isInt := l.Int(pos); isInt {
			elements = append(elements, r.number(n))
		} else {
			elements = append(elements, l.Get(pos, nil))
		}
	}
	return elements
}

// number is n as text. Texts of numbers lie behind each other: most are too short for an allocation of
// their own.
func (r *reader) number(n int64) []byte {
	const most = 20
	if cap(r.digits)-len(r.digits) < most {
		r.digits = make([]byte, 0, max(most, min(2*cap(r.digits), 4<<10)))
	}
	from := len(r.digits)
	r.digits = strconv.AppendInt(r.digits, n, 10)
	return r.digits[from:len(r.digits):len(r.digits)]
}

// tuples checks elements that come in groups of size, of which the first ones name the group: there must be
// some, in whole groups, and no name twice.
func (r *reader) tuples(elements [][]byte, size int) {
	r.bad = r.bad || len(elements) == 0 || len(elements)%size != 0 || !distinct(elements, size)
}

var distinctSeed = maphash.MakeSeed()

// distinct compares every step-th element with all others. It keeps their numbers in a hash table, and
// copies none of them.
func distinct(elements [][]byte, step int) bool {
	size := 8
	for size < 2*len(elements)/step {
		size *= 2
	}
	table := make([]uint32, size) // 0: free; otherwise a number, from 1 on
	for i := 0; i < len(elements); i += step {
		at := int(maphash.Bytes(distinctSeed, elements[i]) % uint64(size))
		for ; table[at] != 0; at = (at + 1) % size {
			if bytes.Equal(elements[table[at]-1], elements[i]) {
				return false
			}
		}
		table[at] = uint32(i + 1)
	}
	return true
}

// writer makes the payload of a large collection. The count stands before the elements, but is known
// after them, as a hash has no count of the fields that have not expired. So there is room for the
// longest head, and it is written backwards from the elements.
//
// The buffer grows by doubling and later by a quarter: while it does, both copies are there. Its
// start is a guess.
type writer struct {
	p []byte
	n uint64
}

const headRoom = 1 + 8 + 9 // type, earliest deadline, count

func newWriter(elements int) *writer {
	const guess = 16
	return &writer{p: make([]byte, headRoom, headRoom+guess*elements+footer)}
}

func (w *writer) string(s []byte) { w.p = appendString(w.p, s) }

// seal returns the payload with what comes before the count; nil if there is no element.
func (w *writer) seal(version uint16, head ...byte) []byte {
	if w.n == 0 {
		return nil
	}
	return w.close(version, head...)
}

// close is seal for what may be empty.
func (w *writer) close(version uint16, head ...byte) []byte {
	head = appendLength(head, w.n)
	p := w.p[headRoom-len(head):]
	copy(p, head)
	return seal(p, version)
}

// sealBlob returns the payload of a small collection.
func sealBlob(kind byte, blob []byte) []byte {
	p := make([]byte, 1, len(blob)+headRoom+footer)
	p[0] = kind
	return seal(appendString(p, blob), version)
}
