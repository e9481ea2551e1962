package memory

import (
	"unsafe"

	"switchyard/backends"
)

// object is a value of any type but string, which an entry holds by itself.
type object interface {
	len() int     // elements
	bytes() int64 // what it takes, as size.go counts; it is known, not computed
	clone() object
	encoding() string // as OBJECT ENCODING says it
	address() unsafe.Pointer
}

// object is the value of an entry that is not a string.
func (e *entry) object() object {
	switch e.kind() {
	case backends.HashType:
		return (*hash)(e.value)
	case backends.SetType:
		return (*set)(e.value)
	case backends.ListType:
		return (*list)(e.value)
	case backends.ZSetType:
		return (*zset)(e.value)
	case backends.StreamType:
		return (*stream)(e.value)
	default:
		return nil
	}
}

func (e *entry) setObject(kind backends.Type, o object) {
	e.setKind(kind)
	e.value, e.length, e.room = o.address(), 0, 0
}

// handle is a collection opened in a transaction. The views embed it.
type handle struct {
	x    *tx
	key  []byte
	kind backends.Type
	at   found
	seen uint64 // x.changes when at was looked up
}

// open fails with ErrWrongType when the key holds something else.
func (x *tx) open(key []byte, kind backends.Type) (handle, error) {
	f := x.access(key)
	if f.e != nil && f.e.kind() != kind {
		return handle{}, backends.ErrWrongType
	}
	return handle{x, key, kind, f, x.changes}, nil
}

// entry is the collection's entry, nil when absent.
func (h *handle) entry() *entry {
	if h.seen != h.x.changes {
		h.at = h.x.find(h.key)
		h.seen = h.x.changes
		if h.at.e != nil && h.at.e.kind() != h.kind {
			h.at = found{}
		}
	}
	return h.at.e
}

// value is where the object is, nil when the key is absent.
func (h *handle) value() unsafe.Pointer {
	if e := h.entry(); e != nil {
		return e.value
	}
	return nil
}

// create makes the key, which is absent, with a new object.
func (h *handle) create(o object) {
	h.at = h.x.replaced(h.key)
	h.seen = h.x.changes
	before := h.at.e.size()
	h.at.e.setObject(h.kind, o)
	h.at.s.resized(h.at.t, h.at.e.size()-before)
}

// changed follows a change of the object, which took before bytes before it. A collection that has
// become empty is gone.
func (h *handle) changed(o object, before int64) {
	h.at.s.resized(h.at.t, o.bytes()-before)
	if o.len() == 0 {
		h.x.remove(h.at)
	}
}

// views hands out the views of one type one by one, so that opening a key allocates nothing. Those in use
// are never moved, and those that nobody uses any more can be collected: SORT may open a million.
type views[V any] struct {
	list   []V
	opened int
}

func (v *views[V]) next() *V {
	const most = 64 // at a time, so that a rare large transaction does not make its views permanent
	if v.opened == len(v.list) {
		v.list, v.opened = make([]V, max(1, min(2*len(v.list), most))), 0
	}
	v.opened++
	return &v.list[v.opened-1]
}

// end lets go of what the views have touched.
func (v *views[V]) end() {
	clear(v.list[:v.opened])
	v.opened = 0
}
