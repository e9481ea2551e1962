package rdb

import (
	"encoding/binary"
	"math"
	"strconv"
)

// Lengths and strings. The two highest bits of a length's first byte say how it goes on:
//
//	00LLLLLL                 6 bits
//	01LLLLLL LLLLLLLL        14 bits
//	10000000 4 bytes         32 bits, big-endian
//	10000001 8 bytes         64 bits, big-endian
//	11EEEEEE                 not a length but a string in encoding E: an integer or LZF
//
// A string is its length and its bytes, or one of the encodings: Redis stores a number of up to 32
// bits as an integer, and compresses what is longer than 20 bytes if that saves anything.
const (
	lenWide32 = 0x80
	lenWide64 = 0x81

	encInt8  = 0xc0
	encInt16 = 0xc1
	encInt32 = 0xc2
	encLZF   = 0xc3

	// maxString is the size of the longest string that Redis accepts.
	maxString = 512 << 20
)

func appendLength(p []byte, n uint64) []byte {
	switch {
	case n < 1<<6:
		return append(p, byte(n))
	case n < 1<<14:
		return append(p, 0x40|byte(n>>8), byte(n))
	case n <= math.MaxUint32:
		return binary.BigEndian.AppendUint32(append(p, lenWide32), uint32(n))
	default:
		return binary.BigEndian.AppendUint64(append(p, lenWide64), n)
	}
}

// appendString appends s as Redis with rdbcompression would.
func appendString(p, s []byte) []byte {
	if n, ok := smallInteger(s); ok {
		return appendInteger(p, n)
	}
	if len(s) > 20 {
		var done bool
		if p, done = appendCompressed(p, s); done {
			return p
		}
	}
	return append(appendLength(p, uint64(len(s))), s...)
}

// appendCompressed appends s compressed, if that saves at least four bytes.
func appendCompressed(p, s []byte) ([]byte, bool) {
	t := lzfTables.Get().(*lzfTable)
	defer t.release(len(s))
	packed := t.compress(s, len(s)-4)
	if packed == nil {
		return p, false
	}
	p = appendLength(append(p, encLZF), uint64(len(packed)))
	return append(appendLength(p, uint64(len(s))), packed...), true
}

// smallInteger says whether s is exactly how a 32-bit integer is written. Most strings are none, so it
// has a look before it leaves the text to strconv, which makes an error of those.
func smallInteger(s []byte) (int64, bool) {
	if len(s) == 0 || len(s) > 11 {
		return 0, false
	}
	for i, c := range s {
		if (c < '0' || c > '9') && (c != '-' || i > 0) {
			return 0, false
		}
	}
	n, err := strconv.ParseInt(string(s), 10, 32)
	if err != nil {
		return 0, false
	}
	var canonical [11]byte
	return n, string(strconv.AppendInt(canonical[:0], n, 10)) == string(s)
}

func appendInteger(p []byte, n int64) []byte {
	switch {
	case n == int64(int8(n)):
		return append(p, encInt8, byte(n))
	case n == int64(int16(n)):
		return binary.LittleEndian.AppendUint16(append(p, encInt16), uint16(n))
	default:
		return binary.LittleEndian.AppendUint32(append(p, encInt32), uint32(n))
	}
}

// reader takes a payload's body apart. The first violation is kept and ends all that follows.
type reader struct {
	p      []byte
	bad    bool
	digits []byte // texts of numbers that were read
}

// next takes n bytes, which are not copied.
func (r *reader) next(n uint64) []byte {
	if r.bad || n > uint64(len(r.p)) {
		r.bad = true
		return nil
	}
	b := r.p[:n]
	r.p = r.p[n:]
	return b
}

func (r *reader) byte() byte {
	if b := r.next(1); b != nil {
		return b[0]
	}
	return 0
}

// length reads a length. encoded: it was not one, but the encoding of a string.
func (r *reader) length() (n uint64, encoded bool) {
	c := r.byte()
	switch {
	case c < 0x40:
		return uint64(c), false
	case c < 0x80:
		return uint64(c&0x3f)<<8 | uint64(r.byte()), false
	case c >= 0xc0:
		return uint64(c), true
	case c == lenWide32:
		if b := r.next(4); b != nil {
			return uint64(binary.BigEndian.Uint32(b)), false
		}
	case c == lenWide64:
		if b := r.next(8); b != nil {
			return binary.BigEndian.Uint64(b), false
		}
	}
	r.bad = true
	return 0, false
}

// string reads a string, which may share memory with the payload.
func (r *reader) string() []byte {
	n, encoded := r.length()
	if !encoded {
		if n > maxString {
			r.bad = true
		}
		return r.next(n)
	}
	switch n {
	case encInt8:
		return r.number(int64(int8(r.byte())))
	case encInt16:
		if b := r.next(2); b != nil {
			return r.number(int64(int16(binary.LittleEndian.Uint16(b))))
		}
	case encInt32:
		if b := r.next(4); b != nil {
			return r.number(int64(int32(binary.LittleEndian.Uint32(b))))
		}
	case encLZF:
		return r.packed()
	}
	r.bad = true
	return nil
}

// packed reads what follows encLZF: both lengths and the compressed bytes.
func (r *reader) packed() []byte {
	stored, odd := r.length()
	size, odder := r.length()
	in := r.next(stored)
	if r.bad || odd || odder {
		r.bad = true
		return nil
	}
	out, err := lzfDecompress(in, size)
	if err != nil {
		r.bad = true
	}
	return out
}
