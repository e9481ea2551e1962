package listpack

import (
	"bytes"
	"encoding/binary"
)

// First is the position of the first element, 0 when there is none.
func (l List) First() int {
	if l[headerSize] == end {
		return 0
	}
	return headerSize
}

// Last is the position of the last element, 0 when there is none.
func (l List) Last() int { return l.Prev(len(l) - 1) }

// Next is the position of the element after that at pos, 0 when there is none.
func (l List) Next(pos int) int {
	pos += l.span(pos)
	if l[pos] == end {
		return 0
	}
	return pos
}

// Prev is the position of the element before that at pos, 0 when there is none.
func (l List) Prev(pos int) int {
	if pos == headerSize {
		return 0
	}
	n := back(l, pos)
	return pos - n - backSize(n)
}

// Seek is the position of an element by its index, which counts from the end when negative: -1 is the
// last. It is 0 when there is no such element. The walk starts at the nearer end.
func (l List) Seek(index int) int {
	if n := l.counted(); n != uncounted {
		if index < 0 {
			index += n
		}
		if index < 0 || index >= n {
			return 0
		}
		if index > n/2 {
			index -= n
		}
	}
	if index < 0 {
		pos := l.Last()
		for ; index < -1 && pos != 0; index++ {
			pos = l.Prev(pos)
		}
		return pos
	}
	pos := l.First()
	for ; index > 0 && pos != 0; index-- {
		pos = l.Next(pos)
	}
	return pos
}

// Get is the element at pos as text. It shares memory with the list, or with scratch, into which an
// integer is written: it allocates nothing.
func (l List) Get(pos int, scratch *[20]byte) []byte {
	if text, ok := l.text(pos); ok {
		return text
	}
	return formatInt(l.integer(pos), scratch)
}

// Int is the element at pos if it is stored as an integer, as every value that reads like one is.
// Foreign bytes may hold such a value as a string: who needs to know reads that one with Get.
func (l List) Int(pos int) (n int64, isInt bool) {
	if isText(l[pos]) {
		return 0, false
	}
	return l.integer(pos), true
}

// Equal says whether the element at pos is value.
func (l List) Equal(pos int, value []byte) bool {
	n, isInt := parseInt(value)
	return l.equal(pos, value, n, isInt)
}

// equal is Equal for a value that was parsed already.
func (l List) equal(pos int, value []byte, n int64, isInt bool) bool {
	if text, ok := l.text(pos); ok {
		return bytes.Equal(text, value)
	}
	return isInt && n == l.integer(pos)
}

// Find is the position of the first element that is value, 0 when there is none. It begins at pos,
// which may be 0 for nothing to look at, and leaves out skip elements after each that it compares: with
// 1 it looks at the fields of a hash.
func (l List) Find(pos int, value []byte, skip int) int {
	if pos == 0 {
		return 0
	}
	n, isInt := parseInt(value)
	for {
		switch c := l[pos]; {
		case c&0xc0 == head6: // most strings; the rest is as equal has it
			if int(c&0x3f) == len(value) && bytes.Equal(l[pos+1:pos+1+len(value)], value) {
				return pos
			}
		case isInt || c >= head12:
			if l.equal(pos, value, n, isInt) {
				return pos
			}
		}
		for range skip + 1 {
			if pos += l.span(pos); l[pos] == end {
				return 0
			}
		}
	}
}

// spans has by the first byte what span returns, 0 where that byte does not tell.
var spans = func() (t [256]uint8) {
	for c := range 256 {
		switch {
		case c < head6:
			t[c] = 1 + 1
		case c < head13:
			t[c] = uint8(1 + c&0x3f + 1)
		case c < head12:
			t[c] = 2 + 1
		case c >= headI2 && c < headI8:
			t[c] = uint8(3 + c - headI2 + 1)
		case c == headI8:
			t[c] = 9 + 1
		}
	}
	return t
}()

// span is how many bytes the element at pos takes, its back-length included. Most strings are apart,
// although the table has them too: a branch that is foreseen costs less than to wait for the table.
func (l List) span(pos int) int {
	c := l[pos]
	if c&0xc0 == head6 {
		return int(c&0x3f) + 2
	}
	if n := spans[c]; n != 0 {
		return int(n)
	}
	return l.longSpan(pos)
}

func (l List) longSpan(pos int) int {
	n := l.headSize(pos) + l.textLen(pos)
	return n + backSize(n)
}

// isText says whether c is the first byte of a string.
func isText(c byte) bool { return c >= head6 && (c < head13 || c >= head12 && c <= head32) }

// text is the string at pos; false: it is an integer.
func (l List) text(pos int) ([]byte, bool) {
	c := l[pos]
	if !isText(c) {
		return nil, false
	}
	if c < head13 {
		return l[pos+1:][: c&0x3f : c&0x3f], true
	}
	start, n := pos+l.headSize(pos), l.textLen(pos)
	return l[start : start+n : start+n], true
}

// headSize is the size of the head of the long string at pos.
func (l List) headSize(pos int) int {
	if l[pos] < head32 {
		return 2
	}
	return 5
}

// textLen is the length of the long string at pos.
func (l List) textLen(pos int) int {
	if c := l[pos]; c < head32 {
		return int(c&0xf)<<8 | int(l[pos+1])
	}
	return int(binary.LittleEndian.Uint32(l[pos+1:]))
}

// integer is the integer at pos.
func (l List) integer(pos int) int64 {
	switch c := l[pos]; {
	case c < head6:
		return int64(c)
	case c < head12:
		return int64(int16(uint16(c)<<11|uint16(l[pos+1])<<3) >> 3)
	case c == headI2:
		return int64(int16(binary.LittleEndian.Uint16(l[pos+1:])))
	case c == headI3:
		// With the head's byte as the lowest it is four bytes, of which the upper three count.
		return int64(int32(binary.LittleEndian.Uint32(l[pos:])) >> 8)
	case c == headI4:
		return int64(int32(binary.LittleEndian.Uint32(l[pos+1:])))
	default:
		return int64(binary.LittleEndian.Uint64(l[pos+1:]))
	}
}
