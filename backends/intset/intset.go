// Package intset keeps a small set of integers in one block of bytes, in the format of Redis's
// intset.c: what a set of integers is made of, in memory, on disk and in a DUMP payload. An edit gives
// the bytes that Redis 7 would have.
package intset

import (
	"encoding/binary"
	"errors"
	"math"
	"slices"
)

// A Set is
//
//	bytes per member, 4 bytes: 2, 4 or 8 | members, 4 bytes | member | member | ...
//
// with little-endian numbers and the members ascending. All members get wider when one has to be, and
// stay so when it leaves.
//
// The slice is exactly the set, so its len is the size of Redis's blob. An edit works in place where
// the capacity allows, and returns the set: as with append, the slice it was called on is no longer
// of use. Foreign bytes go through Valid first.
type Set []byte

const headerSize = 8

// Errors about foreign bytes.
var (
	errFrame = errors.New("intset: header and size do not match")
	errOrder = errors.New("intset: members are not ascending")
)

// New returns an empty set.
func New() Set {
	s := make(Set, headerSize)
	s.setWidth(2)
	return s
}

// Valid says what is wrong with b as a set, if anything: nil means that every method may be called on
// Set(b). It accepts what Redis's intsetValidateIntegrity does, and the empty set, which New returns.
func Valid(b []byte) error {
	if len(b) < headerSize {
		return errFrame
	}
	s := Set(b)
	w, n := uint64(binary.LittleEndian.Uint32(b)), uint64(binary.LittleEndian.Uint32(b[4:]))
	if w != 2 && w != 4 && w != 8 || headerSize+w*n != uint64(len(b)) {
		return errFrame
	}
	for i := 1; i < s.Len(); i++ {
		if s.At(i-1) >= s.At(i) {
			return errOrder
		}
	}
	return nil
}

// Len is how many members there are.
func (s Set) Len() int { return int(binary.LittleEndian.Uint32(s[4:])) }

// At is the member with i smaller ones.
func (s Set) At(i int) int64 {
	w := s.width()
	return read(s[headerSize+i*w:], w)
}

// Has says whether v is a member.
func (s Set) Has(v int64) bool {
	_, found := s.search(v)
	return found
}

// Add puts v into the set. added is false when it was there.
func (s Set) Add(v int64) (with Set, added bool) {
	i, found := s.search(v)
	if found {
		return s, false
	}
	n := s.Len()
	if width(v) > s.width() {
		s = s.widen(width(v))
	}
	w := s.width()
	s = slices.Grow(s, w)[:len(s)+w]
	at := headerSize + i*w
	copy(s[at+w:], s[at:])
	write(s[at:], w, v)
	s.setLen(n + 1)
	return s, true
}

// Remove takes v out of the set. removed is false when it was not there.
func (s Set) Remove(v int64) (without Set, removed bool) {
	i, found := s.search(v)
	if !found {
		return s, false
	}
	n, w := s.Len(), s.width()
	at := headerSize + i*w
	s = append(s[:at], s[at+w:]...)
	s.setLen(n - 1)
	return s, true
}

// search returns how many members are smaller than v, and whether v is one.
func (s Set) search(v int64) (i int, found bool) {
	n := s.Len()
	// Members are often added in order.
	if n > 0 && s.At(n-1) < v {
		return n, false
	}
	lo, hi := 0, n
	for lo < hi {
		if mid := int(uint(lo+hi) / 2); s.At(mid) < v {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	return lo, lo < n && s.At(lo) == v
}

// widen makes all members w bytes wide, in place from the last to the first.
func (s Set) widen(w int) Set {
	n, was := s.Len(), s.width()
	s = slices.Grow(s, n*(w-was))[:headerSize+n*w]
	for i := n - 1; i >= 0; i-- {
		write(s[headerSize+i*w:], w, read(s[headerSize+i*was:], was))
	}
	s.setWidth(w)
	return s
}

func (s Set) width() int { return int(binary.LittleEndian.Uint32(s)) }

func (s Set) setWidth(w int) { binary.LittleEndian.PutUint32(s, uint32(w)) }

func (s Set) setLen(n int) { binary.LittleEndian.PutUint32(s[4:], uint32(n)) }

// width is how many bytes v takes.
func width(v int64) int {
	switch {
	case v < math.MinInt32 || v > math.MaxInt32:
		return 8
	case v < math.MinInt16 || v > math.MaxInt16:
		return 4
	default:
		return 2
	}
}

// read is the member of w bytes at the start of p.
func read(p []byte, w int) int64 {
	switch w {
	case 2:
		return int64(int16(binary.LittleEndian.Uint16(p)))
	case 4:
		return int64(int32(binary.LittleEndian.Uint32(p)))
	default:
		return int64(binary.LittleEndian.Uint64(p))
	}
}

// write puts v, of w bytes, at the start of p.
func write(p []byte, w int, v int64) {
	switch w {
	case 2:
		binary.LittleEndian.PutUint16(p, uint16(v))
	case 4:
		binary.LittleEndian.PutUint32(p, uint32(v))
	default:
		binary.LittleEndian.PutUint64(p, uint64(v))
	}
}
