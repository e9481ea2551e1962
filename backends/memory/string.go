package memory

import (
	"bytes"
	"slices"

	"switchyard/backends"
)

// stringView is a string opened in a transaction.
type stringView struct{ handle }

var _ backends.String = (*stringView)(nil)

// String implements backends.Tx.
func (x *tx) String(key []byte) (backends.String, error) {
	h, err := x.open(key, backends.StringType)
	if err != nil {
		return nil, err
	}
	v := x.strings.next()
	v.handle = h
	return v, nil
}

// Exists implements backends.String.
func (v *stringView) Exists() bool { return v.entry() != nil }

// Len implements backends.String.
func (v *stringView) Len() int {
	if e := v.entry(); e != nil {
		return int(e.length)
	}
	return 0
}

// Bytes implements backends.String.
func (v *stringView) Bytes() []byte {
	if e := v.entry(); e != nil {
		return slices.Clip(e.str())
	}
	return nil
}

// Set implements backends.String. A value that fits is written in place, unless that would waste
// most of a large one: readers have copied what they need, since they held the lock.
func (v *stringView) Set(value []byte) {
	const small = 64
	if e := v.entry(); e != nil {
		if room := int(e.room); len(value) <= room && (room <= small || room <= 2*len(value)) {
			e.length = uint32(copy(e.str()[:room], value))
			e.setKind(backends.StringType)
			v.unshare()
			return
		}
	}
	v.store(bytes.Clone(value))
	v.unshare()
}

// unshare follows Set.
func (v *stringView) unshare() {
	if v.x.e.unshared.Load() {
		v.at.e.setForm(backends.Unshared)
	}
}

// SetAs implements backends.String.
func (v *stringView) SetAs(value []byte, form backends.StringForm) {
	if v.Set(value); form != backends.Shortest {
		v.at.e.setKind(backends.StringType)
		v.at.e.setForm(form)
	}
}

// SetRange implements backends.String. Room for more is made as for append, so that appending byte
// by byte stays linear.
func (v *stringView) SetRange(offset int, data []byte) {
	var old []byte
	if e := v.entry(); e != nil {
		old = e.str()
	}
	value := old
	if end := offset + len(data); end > len(old) {
		value = slices.Grow(old, end-len(old))[:end]
		if offset > len(old) {
			clear(value[len(old):offset])
		}
	}
	copy(value[offset:], data)
	v.store(value)
	v.at.e.setForm(backends.Raw)
}

// store makes b, which nobody else has, the value.
func (v *stringView) store(b []byte) {
	if v.entry() == nil {
		v.at = v.x.replaced(v.key)
		v.seen = v.x.changes
	}
	f := v.at
	before := f.e.size()
	f.e.setStr(b)
	f.s.resized(f.t, f.e.size()-before)
}
