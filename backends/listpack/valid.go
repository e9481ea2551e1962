package listpack

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
)

// Errors about foreign bytes.
var (
	errFrame = errors.New("listpack: header or end is wrong")
	errCount = errors.New("listpack: header miscounts the elements")
)

// Valid says what is wrong with b as a list, if anything: nil means that every method may be called on
// List(b). It reads each element once and allocates only the error.
//
// It accepts what Redis's lpValidateIntegrity does, an empty list and integers stored as strings
// included, but for back-lengths that are longer than need be. To read those means to read on into
// the element before, so they would change with it.
func Valid(b []byte) error {
	last := len(b) - 1
	if last < headerSize || uint64(binary.LittleEndian.Uint32(b)) != uint64(len(b)) || b[last] != end {
		return errFrame
	}
	n := 0
	for pos := headerSize; pos < last; n++ {
		span := validSpan(b[pos:last])
		if span == 0 {
			return fmt.Errorf("listpack: element %d at byte %d is wrong", n, pos)
		}
		pos += span
	}
	if counted := List(b).counted(); counted != uncounted && counted != n {
		return errCount
	}
	return nil
}

// validSpan is how many bytes the element at the start of b takes, 0 if it is none.
func validSpan(b []byte) int {
	size := int(spans[b[0]]) - 1 // without a back-length of one byte
	if c := b[0]; c >= head12 && c < head32 && len(b) >= 2 || c == head32 && len(b) >= 5 {
		size = List(b).headSize(0) + List(b).textLen(0)
	}
	if size < 1 || size >= len(b) {
		return 0
	}
	span := size + backSize(size)
	var want [maxBack]byte
	putBack(want[:], size)
	if span > len(b) || !bytes.Equal(want[:span-size], b[size:span]) {
		return 0
	}
	return span
}
