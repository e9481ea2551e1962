package ordered

import "switchyard/backends"

// stringView is a string opened in a transaction.
type stringView struct {
	x     *tx
	key   []byte
	whole []byte // the value, once it was asked for
	seen  uint64 // x.changes at that time
}

var _ backends.String = (*stringView)(nil)

// String implements backends.Tx.
func (x *tx) String(key []byte) (backends.String, error) {
	f := x.access(key)
	if f.there && f.meta.kind != backends.StringType {
		return nil, backends.ErrWrongType
	}
	v := x.strings.next()
	*v = stringView{x: x, key: key}
	return v, nil
}

// find is the key's record, which another view of the transaction may have changed.
func (v *stringView) find() *found {
	f := v.x.find(v.key)
	if f.there && f.meta.kind != backends.StringType {
		return &found{}
	}
	return f
}

// Exists implements backends.String.
func (v *stringView) Exists() bool { return v.find().there }

// Len implements backends.String.
func (v *stringView) Len() int {
	m := &v.find().meta
	return len(m.body) + int(m.outside.size)
}

// Bytes implements backends.String.
func (v *stringView) Bytes() []byte {
	switch f := v.find(); {
	case !f.there:
		return nil
	case f.meta.outside.version == 0:
		return f.meta.body
	case v.whole == nil || v.seen != v.x.changes:
		v.whole, v.seen = v.x.fetch(v.key, f.meta.outside), v.x.changes
	}
	return v.whole
}

// Set implements backends.String.
func (v *stringView) Set(value []byte) { v.SetAs(value, backends.Shortest) }

// SetAs implements backends.String.
func (v *stringView) SetAs(value []byte, form backends.StringForm) {
	f := v.x.find(v.key)
	m := meta{kind: backends.StringType, deadline: f.meta.deadline, text: form}
	v.x.forget(f.meta.outside)
	if len(value) <= v.x.e.o.inline {
		m.body = value // put copies it
	} else {
		m.outside = v.x.store(value)
	}
	v.x.put(f, m)
}

// SetRange implements backends.String. It rewrites a short string, and of a long one the chunks
// that it meets.
func (v *stringView) SetRange(offset int, data []byte) {
	f := v.x.find(v.key)
	m := f.meta
	m.kind, m.text = backends.StringType, backends.Raw
	end := max(offset+len(data), len(m.body))
	switch {
	case m.outside.version != 0:
		m.outside = v.x.patch(v.key, m.outside, offset, data)
	case end <= v.x.e.o.inline:
		b := make([]byte, end)
		copy(b, m.body)
		copy(b[offset:], data)
		m.body = b
	default:
		m.outside = v.x.patch(v.key, v.x.store(m.body), offset, data)
		m.body = nil
	}
	v.x.put(f, m)
}
