package memory

import (
	"bytes"
	"unsafe"

	"switchyard/backends"
)

// entry is one key with its value. There may be hundreds of millions of them, so the fields are
// packed into 48 bytes, a size class of the Go allocator: pointers without the capacities that a
// slice or an interface would carry. A short key lies right behind its entry, in the same
// allocation: to find it takes one cache miss less. Only this file knows about it.
//
// The deadline of a key that has one lives in its table's volatile heap.
type entry struct {
	next   *entry
	keyAt  *byte
	keyLen uint32
	place  uint32         // of the hash, as the package comment draws it
	usage  uint32         // the last 24 bits: LRU clock or LFU counter (evict.go); the first 8: the form of a string and the type
	heap   uint32         // 1 + the index in the volatile heap; 0: no deadline
	value  unsafe.Pointer // for a string its first byte; for other types the object
	length uint32         // of a string
	room   uint32         // the capacity of a string
}

const (
	usageBits = 24
	usageMask = 1<<usageBits - 1
	kindMask  = 1<<6 - 1
	formShift = usageBits + 6 // of usage: where backends.StringForm is
)

// Entries with room for a key, one for each of the allocator's next size classes.
type (
	entry16 struct {
		entry
		room [16]byte
	}
	entry32 struct {
		entry
		room [32]byte
	}
	entry48 struct {
		entry
		room [48]byte
	}
)

func newEntry(place uint32, key []byte) *entry {
	var e *entry
	var own []byte
	switch n := len(key); {
	case n <= 16:
		with := new(entry16)
		e, own = &with.entry, with.room[:n]
	case n <= 32:
		with := new(entry32)
		e, own = &with.entry, with.room[:n]
	case n <= 48:
		with := new(entry48)
		e, own = &with.entry, with.room[:n]
	default:
		e, own = new(entry), make([]byte, n)
	}
	copy(own, key)
	e.place, e.keyAt, e.keyLen = place, unsafe.SliceData(own), uint32(len(own))
	return e
}

// keyBytes is what an entry takes for itself and a key of n bytes.
func keyBytes(n int64) int64 {
	if n > 48 {
		return entryBytes + allocated(n)
	}
	return entryBytes + max(n+15, 16)/16*16
}

// key is the key, which never changes: it may be read without a lock.
func (e *entry) key() []byte { return unsafe.Slice(e.keyAt, e.keyLen) }

func (e *entry) is(place uint32, key []byte) bool {
	return e.place == place && bytes.Equal(e.key(), key)
}

func (e *entry) kind() backends.Type { return backends.Type(e.usage >> usageBits & kindMask) }

// setKind makes the form of a string the shortest.
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

func (e *entry) form() backends.StringForm { return backends.StringForm(e.usage >> formShift) }

// setForm follows setStr or setKind.
func (e *entry) setForm(f backends.StringForm) { e.usage |= uint32(f) << formShift }

// take gives e the value of from. The two share it when from lives on.
func (e *entry) take(from *entry) {
	e.usage, e.value, e.length, e.room = from.usage, from.value, from.length, from.room
}

// unshare gives e a value of its own after take.
func (e *entry) unshare() {
	switch e.kind() {
	case backends.None: // not made yet
	case backends.StringType:
		form := e.form()
		if form == backends.Shortest {
			form = backends.Unshared
		}
		e.setStr(bytes.Clone(e.str()))
		e.setForm(form)
	default:
		e.setObject(e.kind(), e.object().clone())
	}
}
