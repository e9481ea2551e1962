package listpack

import (
	"encoding/binary"
	"math"
	"strconv"
)

// An element is a head, which for an integer is all of it, the text of a string, and a back-length.
// The first byte of the head says what follows:
//
//	0nnnnnnn                    integer from 0 to 127
//	10LLLLLL                    string of up to 63 bytes
//	110nnnnn nnnnnnnn           integer of 13 bits, the high ones first
//	1110LLLL LLLLLLLL           string of up to 4095 bytes, likewise
//	11110000 4 bytes            string of any length, little-endian
//	11110001 2 bytes            integer, little-endian, as the next three
//	11110010 3 bytes
//	11110011 4 bytes
//	11110100 8 bytes
//	11111111                    not an element but the end
//
// The back-length is the size of head and text, 7 bits to a byte, for who comes from behind: the
// last byte has the low bits, and the highest bit set if there is another byte before it.
//
// A value that is exactly how an integer is written is stored as one, in the shortest form.
const (
	head6  = 0x80 // strings
	head12 = 0xe0
	head32 = 0xf0
	head13 = 0xc0 // integers
	headI2 = 0xf1
	headI3 = 0xf2
	headI4 = 0xf3
	headI8 = 0xf4

	maxHead = 9
	maxBack = 5
)

// maxDigits is the length of the longest integer, the lowest with its sign.
const maxDigits = 20

// element is a value as it is about to be stored.
type element struct {
	head [maxHead]byte
	used int    // bytes of head
	text []byte // of a string
}

// encode makes an element of a value, which it shares.
func encode(value []byte) element {
	if n, ok := parseInt(value); ok {
		return encodeInt(n)
	}
	e := element{text: value}
	switch n := len(value); {
	case n < 1<<6:
		e.head[0], e.used = head6|byte(n), 1
	case n < 1<<12:
		e.head[0], e.head[1], e.used = head12|byte(n>>8), byte(n), 2
	default:
		e.head[0], e.used = head32, 5
		binary.LittleEndian.PutUint32(e.head[1:], uint32(n))
	}
	return e
}

func encodeInt(n int64) element {
	var e element
	h := e.head[:]
	switch {
	case n >= 0 && n < 1<<7:
		h[0], e.used = byte(n), 1
	case n >= -1<<12 && n < 1<<12:
		h[0], h[1], e.used = head13|byte(n>>8)&0x1f, byte(n), 2
	case n == int64(int16(n)):
		h[0], e.used = headI2, 3
		binary.LittleEndian.PutUint16(h[1:], uint16(n))
	case n >= -1<<23 && n < 1<<23:
		h[0], h[1], h[2], h[3], e.used = headI3, byte(n), byte(n>>8), byte(n>>16), 4
	case n == int64(int32(n)):
		h[0], e.used = headI4, 5
		binary.LittleEndian.PutUint32(h[1:], uint32(n))
	default:
		h[0], e.used = headI8, 9
		binary.LittleEndian.PutUint64(h[1:], uint64(n))
	}
	return e
}

// span is how many bytes e takes, its back-length included.
func (e *element) span() int {
	n := e.used + len(e.text)
	return n + backSize(n)
}

// put writes e to the start of p.
func (e *element) put(p []byte) {
	n := copy(p, e.head[:e.used])
	n += copy(p[n:], e.text)
	putBack(p[n:], n)
}

// EntrySize is how many bytes value takes in a list.
func EntrySize(value []byte) int {
	e := encode(value)
	return e.span()
}

// backSize is how many bytes the back-length of an element of n bytes takes. The upper bounds are one
// lower than they could be: a quirk of Redis that its bytes depend on.
func backSize(n int) int {
	switch {
	case n < 1<<7:
		return 1
	case n < 1<<14-1:
		return 2
	case n < 1<<21-1:
		return 3
	case n < 1<<28-1:
		return 4
	default:
		return 5
	}
}

// putBack writes the back-length of an element of n bytes to the start of p.
func putBack(p []byte, n int) {
	i := backSize(n) - 1
	for ; i > 0; i-- {
		p[i] = 0x80 | byte(n)
		n >>= 7
	}
	p[0] = byte(n)
}

// back reads the back-length that ends before pos.
func back(p []byte, pos int) int {
	n, shift := 0, 0
	for {
		pos--
		n |= int(p[pos]&0x7f) << shift
		if p[pos] < 0x80 {
			return n
		}
		shift += 7
	}
}

// parseInt reads s if it is exactly how a 64-bit integer is written, as lpStringToInt64 does.
func parseInt(s []byte) (int64, bool) {
	if len(s) == 0 || len(s) > maxDigits {
		return 0, false
	}
	digits, negative := s, s[0] == '-'
	if negative {
		digits = s[1:]
	}
	// 19 digits cannot overflow an unsigned integer, 20 are too many for a signed one.
	if len(digits) == 0 || len(digits) == maxDigits {
		return 0, false
	}
	if digits[0] == '0' {
		return 0, len(s) == 1
	}
	var n uint64
	for _, c := range digits {
		c -= '0'
		if c > 9 {
			return 0, false
		}
		n = n*10 + uint64(c)
	}
	if negative {
		return -int64(n), n <= 1<<63
	}
	return int64(n), n <= math.MaxInt64
}

// formatInt writes n into scratch.
func formatInt(n int64, scratch *[maxDigits]byte) []byte {
	return strconv.AppendInt(scratch[:0], n, 10)
}
