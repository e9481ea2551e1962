package memory

import (
	"bytes"
	"unsafe"

	"switchyard/backends"
)

// entry is one key with its value. There may be hundreds of millions of them, so the fields are
// packed into 48 bytes, a size class of the Go allocator: pointers without the capacities that a
// slice or an interface would carry. Only this file knows about it.
//
// The deadline of a key that has one lives in its table's volatile heap.
type entry struct {
	next   *entry
	keyAt  *byte
	keyLen uint32
	place  uint32         // of the hash, as the package comment draws it
	usage  uint32         // the last 24 bits: LRU clock or LFU counter (evict.go); the first 8: the type
	heap   uint32         // 1 + the index in the volatile heap; 0: no deadline
	value  unsafe.Pointer // for a string its first byte; for other types the object
	length uint32         // of a string
	room   uint32         // the capacity of a string
}

const (
	usageBits = 24
	usageMask = 1<<usageBits - 1
)

func newEntry(place uint32, key []byte) *entry {
	own := bytes.Clone(key)
	return &entry{place: place, keyAt: unsafe.SliceData(own), keyLen: uint32(len(own))}
}

// key is the key, which never changes: it may be read without a lock.
func (e *entry) key() []byte { return unsafe.Slice(e.keyAt, e.keyLen) }

func (e *entry) is(place uint32, key []byte) bool {
	return e.place == place && bytes.Equal(e.key(), key)
}

func (e *entry) kind() backends.Type { return backends.Type(e.usage >> usageBits) }

func (e *entry) setKind(t backends.Type) { e.usage = e.usage&usageMask | uint32(t)<<usageBits }

// str is the value of a string, with its spare capacity.
func (e *entry) str() []byte {
	if e.room == 0 {
		return []byte{} // never nil: the key is there
	}
	return unsafe.Slice((*byte)(e.value), e.room)[:e.length]
}

func (e *entry) setStr(b []byte) {
	e.setKind(backends.StringType)
	e.value, e.length, e.room = unsafe.Pointer(unsafe.SliceData(b)), uint32(len(b)), uint32(cap(b))
}

// take gives e the value of from. The two share it when from lives on.
func (e *entry) take(from *entry) {
	e.usage, e.value, e.length, e.room = from.usage, from.value, from.length, from.room
}

// unshare gives e a value of its own after take.
func (e *entry) unshare() {
	if e.kind() == backends.StringType {
		e.setStr(bytes.Clone(e.str()))
	}
}
