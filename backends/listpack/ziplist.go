package listpack

import (
	"encoding/binary"
	"errors"
	"fmt"
	"iter"
)

// A ziplist is what Redis before 7.0 had in place of a listpack; the format is from the comment at the
// top of its ziplist.c. Redis 7 reads it from old files and payloads and writes it no more, and so do
// we.
//
//	total bytes, 4 bytes | offset of the last element, 4 bytes | elements, 2 bytes | element | ... | ff
//
// with little-endian numbers; 65535 elements mean: count them. An element is
//
//	size of the element before | head | text
//
// That size, 0 for the first, is one byte, or fe and four little-endian bytes. The head is one of
//
//	00LLLLLL             string of up to 63 bytes
//	01LLLLLL LLLLLLLL    string of up to 16383 bytes, the length big-endian
//	10...... 4 bytes     string of any length, likewise
//	1100.... 2 bytes     integer, little-endian, as the next four: c0, d0, e0, f0, fe
//	1101.... 4 bytes
//	1110.... 8 bytes
//	11110000 3 bytes
//	11111110 1 byte
//	1111nnnn             integer nnnn-1, for nnnn from 1 to 13
const (
	zipHeader = 10
	zipMark   = 0xfe // a size of four bytes follows
)

var errZiplist = errors.New("ziplist: header or end is wrong")

// zipEntry is an element of a ziplist.
type zipEntry struct {
	before int // size of the element before, as this one has it
	size   int
	text   []byte
	n      int64
	isInt  bool
}

// Ziplist returns the elements of a ziplist, as text. A yielded slice is good until the next one. The
// ziplist is checked first, as thoroughly as Redis's ziplistValidateIntegrity does; nothing is copied.
func Ziplist(b []byte) (iter.Seq[[]byte], error) {
	if err := validZiplist(b); err != nil {
		return nil, err
	}
	return func(yield func([]byte) bool) {
		var scratch [maxDigits]byte
		for e := range zipEntries(b) {
			if e.isInt {
				e.text = formatInt(e.n, &scratch)
			}
			if !yield(e.text) {
				return
			}
		}
	}, nil
}

// FromZiplist makes a list of a ziplist, after the same check as Ziplist. The two share no memory.
func FromZiplist(b []byte) (List, error) {
	if err := validZiplist(b); err != nil {
		return nil, err
	}
	l := New(len(b))
	for e := range zipEntries(b) {
		if e.isInt {
			l = l.AppendInt(e.n)
		} else {
			l = l.Append(e.text)
		}
	}
	return l, nil
}

// zipEntries returns the elements of a ziplist that was found valid.
func zipEntries(b []byte) iter.Seq[zipEntry] {
	return func(yield func(zipEntry) bool) {
		for b = b[zipHeader : len(b)-1]; len(b) > 0; {
			e, _ := readZipEntry(b)
			if !yield(e) {
				return
			}
			b = b[e.size:]
		}
	}
}

func validZiplist(b []byte) error {
	last := len(b) - 1
	if last < zipHeader || uint64(binary.LittleEndian.Uint32(b)) != uint64(len(b)) || b[last] != end {
		return errZiplist
	}
	n, before, tail := 0, 0, uint64(binary.LittleEndian.Uint32(b[4:]))
	for pos := zipHeader; pos < last; n++ {
		e, ok := readZipEntry(b[pos:last])
		if !ok || e.before != before {
			return fmt.Errorf("ziplist: element %d at byte %d is wrong", n, pos)
		}
		before = e.size
		pos += e.size
	}
	// Redis tells an offset that is wrong only when there is an element to point at.
	if tail > uint64(last) || n > 0 && tail != uint64(last-before) {
		return errZiplist
	}
	if counted := int(binary.LittleEndian.Uint16(b[8:])); counted != uncounted && counted != n {
		return errZiplist
	}
	return nil
}

// readZipEntry reads the element at the start of b.
func readZipEntry(b []byte) (e zipEntry, ok bool) {
	size := 1
	switch {
	case b[0] < zipMark:
		e.before = int(b[0])
	case b[0] == zipMark && len(b) >= 5:
		// A size that is too large for an int cannot be right: no element is that long.
		e.before = int(min(binary.LittleEndian.Uint32(b[1:]), 1<<31-1))
		size = 5
	default:
		return e, false
	}
	head, length, isInt := zipHead(b[size:])
	size += head
	if head == 0 || length > uint64(len(b)-size) {
		return e, false
	}
	content := b[size : size+int(length)]
	e.size = size + int(length)
	if e.isInt = isInt; isInt {
		e.n = zipInt(b[size-1], content)
	} else {
		e.text = content
	}
	return e, true
}

// zipHead reads the head at the start of b: its size, 0 when there is none, and the bytes that follow.
func zipHead(b []byte) (size int, length uint64, isInt bool) {
	if len(b) == 0 {
		return 0, 0, false
	}
	switch c := b[0]; {
	case c < 0x40:
		return 1, uint64(c), false
	case c < 0x80 && len(b) >= 2:
		return 2, uint64(c&0x3f)<<8 | uint64(b[1]), false
	case c >= 0x80 && c < 0xc0 && len(b) >= 5:
		return 5, uint64(binary.BigEndian.Uint32(b[1:])), false
	case c == 0xc0:
		return 1, 2, true
	case c == 0xd0:
		return 1, 4, true
	case c == 0xe0:
		return 1, 8, true
	case c == 0xf0:
		return 1, 3, true
	case c == 0xfe:
		return 1, 1, true
	case c > 0xf0 && c < 0xfe:
		return 1, 0, true
	}
	return 0, 0, false
}

// zipInt is the integer that follows the head c.
func zipInt(c byte, p []byte) int64 {
	if len(p) == 0 {
		return int64(c&0xf) - 1
	}
	var n uint64
	for i, b := range p {
		n |= uint64(b) << (8 * i)
	}
	spare := 64 - 8*len(p)
	return int64(n<<spare) >> spare
}
