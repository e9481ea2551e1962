package memory

import (
	"math/bits"
	"unsafe"

	"switchyard/backends"
)

// Memory is counted, not measured: what the allocator hands out for entries, keys, values and
// tables. What the garbage collector has not freed yet is not in it.

const (
	entryBytes    = int64(unsafe.Sizeof(entry{}))
	bucketBytes   = int64(unsafe.Sizeof((*entry)(nil)))
	deadlineBytes = int64(unsafe.Sizeof(deadline{}))
)

// size is what an entry takes with its key and its value.
func (e *entry) size() int64 {
	n := keyBytes(int64(e.keyLen))
	switch e.kind() {
	case backends.None: // not made yet
	case backends.StringType:
		n += allocated(int64(e.room))
	default:
		n += e.object().bytes()
	}
	return n
}

// allocated rounds n up as Go's size classes do, nearly: by 8 up to 32 bytes, by 16 up to 256, by
// an eighth of the power of two up to 32 KB, by pages above.
func allocated(n int64) int64 {
	step := int64(8 << 10)
	switch {
	case n <= 32:
		step = 8
	case n <= 256:
		step = 16
	case n <= 32<<10:
		step = 1 << (bits.Len64(uint64(n-1)) - 4)
	}
	return (n + step - 1) / step * step
}
