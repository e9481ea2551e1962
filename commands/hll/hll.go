// Package hll reads and writes Redis's HyperLogLogs: strings that estimate how many distinct elements
// were added to them. The representation is Redis's to the bit, so that a value may come from a Redis
// and go to one.
//
//	byte 0   "HYLL"
//	     4   encoding: 0 dense, 1 sparse
//	     5   three bytes without a meaning, which are kept as they are
//	     8   the last estimate, little-endian; its highest bit says that it is stale
//	    16   dense: 16384 registers of 6 bits, lowest bits first
//	         sparse: the registers in runs of
//	             00xxxxxx           xxxxxx+1 zeros
//	             01xxxxxx yyyyyyyy  xxxxxxyyyyyyyy+1 zeros
//	             1vvvvvll           ll+1 times the value vvvvv+1
//
// An element falls to one register and has a rank; the register holds the highest one. A sketch is
// sparse at first and becomes dense, once and for all, when a register must hold more than 32 or the
// string would exceed 3000 bytes.
package hll

import (
	"encoding/binary"
	"math/bits"
)

const (
	indexBits = 14
	// Size is the number of registers.
	Size = 1 << indexBits
	// maxRank is the rank of an element whose hash has nothing but zeros behind the index.
	maxRank = 64 - indexBits + 1

	headerSize = 16
	denseSize  = headerSize + Size*6/8

	encodingAt = 4
	estimateAt = 8
	staleAt    = 15 // the last byte of the estimate
	stale      = 0x80

	dense  = 0
	sparse = 1

	seed = 0xadc83b19
)

// Sketch is the string of a HyperLogLog. Methods other than Valid are for one that is valid. Even so
// its runs may not add up to all registers, which is found when they are read: ok is false then.
type Sketch []byte

// New returns a sketch to which nothing was added.
func New() Sketch {
	s := make(Sketch, headerSize, headerSize+64)
	copy(s, "HYLL")
	s[encodingAt] = sparse
	return appendRun(s, 0, Size)
}

// Valid says whether the string begins as a sketch does and, if it is dense, has the length of one.
func (s Sketch) Valid() bool {
	if len(s) < headerSize || string(s[:encodingAt]) != "HYLL" {
		return false
	}
	return s[encodingAt] == sparse || s.Dense() && len(s) == denseSize
}

// Dense says whether each register has a place of its own.
func (s Sketch) Dense() bool { return s[encodingAt] == dense }

// Stale says whether the stored estimate is older than the registers.
func (s Sketch) Stale() bool { return s[staleAt]&stale != 0 }

// Cached is the stored estimate; ok is false when it is stale.
func (s Sketch) Cached() (estimate uint64, ok bool) {
	return binary.LittleEndian.Uint64(s[estimateAt:]), !s.Stale()
}

// Invalidate marks the stored estimate as stale, in place.
func (s Sketch) Invalidate() { s[staleAt] |= stale }

// AppendStale appends to dst what Invalidate writes at offset.
func (s Sketch) AppendStale(dst []byte) (offset int, patch []byte) {
	return staleAt, append(dst, s[staleAt]|stale)
}

// AppendEstimate appends to dst what stores an estimate at offset, which is not stale then.
func AppendEstimate(dst []byte, estimate uint64) (offset int, patch []byte) {
	return estimateAt, binary.LittleEndian.AppendUint64(dst, estimate)
}

// Locate returns the register to which an element falls, and its rank there, which is at least 1.
func Locate(element []byte) (register int, rank byte) {
	h := murmur64A(element)
	zeros := bits.TrailingZeros64(h>>indexBits | 1<<(maxRank-1))
	return int(h & (Size - 1)), byte(zeros + 1)
}

// murmur64A is MurmurHash2 in its 64-bit variant A.
func murmur64A(data []byte) uint64 {
	const (
		m = 0xc6a4a7935bd1e995
		r = 47
	)
	h := seed ^ uint64(len(data))*m
	for ; len(data) >= 8; data = data[8:] {
		k := binary.LittleEndian.Uint64(data) * m
		k = (k ^ k>>r) * m
		h = (h ^ k) * m
	}
	if len(data) > 0 {
		var last [8]byte
		copy(last[:], data)
		h = (h ^ binary.LittleEndian.Uint64(last[:])) * m
	}
	h = (h ^ h>>r) * m
	return h ^ h>>r
}

// Register returns the value of a register.
func (s Sketch) Register(i int) (value byte, ok bool) {
	if s.Dense() {
		return s.denseRegister(i), true
	}
	r, ok := s.find(i)
	return r.value, ok
}

// Raise makes a register at least rank. The sketch is changed in place where that is possible and must not
// be used any more; raised takes its place. When it is corrupted it is returned as it was.
func (s Sketch) Raise(i int, rank byte) (raised Sketch, ok bool) {
	if !s.Dense() {
		return s.raiseSparse(i, rank)
	}
	if rank > s.denseRegister(i) {
		var room [2]byte
		offset, patch := s.AppendPatch(room[:0], i, rank)
		copy(s[offset:], patch)
	}
	return s, true
}
