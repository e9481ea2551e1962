// Package listpack keeps a sequence of strings and integers in one block of bytes, in the format of
// Redis's listpack.c: what small hashes, lists and sorted sets and the nodes of streams are made of, in
// memory, on disk and in a DUMP payload. An edit gives the bytes that Redis 7 would have.
//
// Start here with the format; element.go has that of one element. walk.go reads, edit.go writes,
// valid.go is for bytes that somebody else made. ziplist.go and zipmap.go read what Redis kept in
// place of listpacks up to 6.2.
package listpack

import (
	"encoding/binary"
	"math"
)

// A List is
//
//	total bytes, 4 bytes | elements, 2 bytes | element | element | ... | ff
//
// with little-endian numbers. 65535 elements mean: that many or more, or fewer again; count them.
//
// The slice is exactly the list, so its len is what Redis calls the list's bytes. An edit works in
// place where the capacity allows, and returns the list: as with append, the slice it was called on is
// no longer of use. An edit that needs room allocates as append does, which keeps many small ones
// cheap; whoever wants no spare room clips the result.
//
// Elements are addressed by position, the offset of their first byte. 0 is no element. An edit
// moves all elements behind it, and invalidates bytes that Get returned. A value given to an edit
// must not be part of the list.
//
// Nothing here is checked on the way: foreign bytes go through Valid first. Reading never writes, so
// any number of goroutines may read at once.
type List []byte

const (
	headerSize = 6
	uncounted  = math.MaxUint16 // elements
	end        = 0xff

	// safe is how long a list may become: SIZE_SAFETY_LIMIT in Redis.
	safe = 1 << 30
)

// New returns an empty list with room for capacity bytes, header and end included.
func New(capacity int) List {
	l := make(List, headerSize+1, max(capacity, headerSize+1))
	l[headerSize] = end
	l.setSize()
	return l
}

// Len is how many elements there are. It is a look at the header for fewer than 65535 elements; beyond
// that, and until a DeleteRange or SplitAt after that, it is a walk.
//
// Redis writes the result of such a walk into the header. That would make readers writers.
func (l List) Len() int {
	if n := l.counted(); n != uncounted {
		return n
	}
	n := 0
	for pos := l.First(); pos != 0; pos = l.Next(pos) {
		n++
	}
	return n
}

// Fits says whether values of n bytes in all can be added. The limit is that of Redis, 1 GB; an edit
// that ignores it by so much that the header overflows, at 4 GB, panics.
func (l List) Fits(n int) bool { return len(l)+n <= safe }

// counted is the number of elements in the header.
func (l List) counted() int { return int(binary.LittleEndian.Uint16(l[4:])) }

func (l List) setCounted(n int) {
	binary.LittleEndian.PutUint16(l[4:], uint16(min(n, uncounted)))
}

// addCounted changes the number of elements. Once it is not known, it stays so.
func (l List) addCounted(n int) {
	if c := l.counted(); c != uncounted {
		l.setCounted(c + n)
	}
}

func (l List) setSize() {
	if uint64(len(l)) > math.MaxUint32 {
		panic("listpack: longer than its header can say")
	}
	binary.LittleEndian.PutUint32(l, uint32(len(l)))
}
