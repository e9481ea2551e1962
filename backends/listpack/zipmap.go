package listpack

import (
	"encoding/binary"
	"errors"
	"fmt"
	"iter"
)

// A zipmap is what Redis before 2.6 kept small hashes in; the format is from the comment at the top of
// its zipmap.c. As with ziplists, Redis 7 still reads it.
//
//	pairs, 1 byte | pair | pair | ... | ff
//
// 254 pairs mean: count them. A pair is
//
//	length | field | length | spare, 1 byte | value | as many unused bytes
//
// A length is one byte, or for 254 and more fe and four little-endian bytes.
const zipmapLong = 0xfe

var errZipmap = errors.New("zipmap: count or end is wrong")

// zipPair is a field with its value in a zipmap, and the size of both together.
type zipPair struct {
	field, value []byte
	size         int
}

// Zipmap returns the pairs of a zipmap, which share its memory. It is checked first, as thoroughly as
// Redis's zipmapValidateIntegrity does and a little more: a length that takes five bytes without
// need, which Redis lets pass to misread it later, is an error. An empty zipmap and a field that is
// there twice, which Redis refuses, are for the caller to see.
func Zipmap(b []byte) (iter.Seq2[[]byte, []byte], error) {
	if err := validZipmap(b); err != nil {
		return nil, err
	}
	return func(yield func([]byte, []byte) bool) {
		for rest := b[1 : len(b)-1]; len(rest) > 0; {
			p, _ := readZipPair(rest)
			if !yield(p.field, p.value) {
				return
			}
			rest = rest[p.size:]
		}
	}, nil
}

// FromZipmap makes a list of a zipmap, each field before its value, after the same check as Zipmap.
// The two share no memory.
func FromZipmap(b []byte) (List, error) {
	pairs, err := Zipmap(b)
	if err != nil {
		return nil, err
	}
	l := New(len(b))
	for field, value := range pairs {
		l = l.Append(field).Append(value)
	}
	return l, nil
}

func validZipmap(b []byte) error {
	last := len(b) - 1
	if last < 1 || b[last] != end {
		return errZipmap
	}
	n := 0
	for pos := 1; pos < last; n++ {
		p, ok := readZipPair(b[pos:last])
		if !ok {
			return fmt.Errorf("zipmap: pair %d at byte %d is wrong", n, pos)
		}
		pos += p.size
	}
	if b[0] != zipmapLong && int(b[0]) != n {
		return errZipmap
	}
	return nil
}

// readZipPair reads the pair at the start of b.
func readZipPair(b []byte) (p zipPair, ok bool) {
	field, pos, ok := readZipString(b, 0)
	if !ok {
		return p, false
	}
	value, next, ok := readZipString(b[pos:], 1)
	if !ok {
		return p, false
	}
	return zipPair{field, value, pos + next}, true
}

// readZipString reads the string at the start of b, between whose length and text are 0 or 1 bytes
// that say how many more are to be left out. next is the offset of what follows.
func readZipString(b []byte, spare int) (text []byte, next int, ok bool) {
	if len(b) == 0 {
		return nil, 0, false
	}
	head, n := 1, uint64(b[0])
	if b[0] >= zipmapLong {
		if head = 5; b[0] != zipmapLong || len(b) < head {
			return nil, 0, false
		}
		if n = uint64(binary.LittleEndian.Uint32(b[1:])); n < zipmapLong {
			return nil, 0, false
		}
	}
	if len(b) < head+spare || n > uint64(len(b)-head-spare) {
		return nil, 0, false
	}
	text = b[head+spare:][:n:n]
	next = head + spare + int(n)
	if spare > 0 {
		next += int(b[head])
	}
	return text, next, next <= len(b)
}
