package ordered

import "switchyard/backends"

// Type implements backends.Keyspace.
func (x *tx) Type(key []byte) backends.Type {
	if f := x.find(key); f.there {
		return f.meta.kind
	}
	return backends.None
}

// Encoding implements backends.Keyspace.
func (x *tx) Encoding(key []byte) string {
	switch f := x.find(key); {
	case !f.there:
		return ""
	case f.meta.kind == backends.StringType:
		v := stringView{x: x, key: key}
		return f.meta.text.Encoding(v.Bytes())
	default:
		return f.meta.shown().encoding(f.meta.kind)
	}
}

// Use implements backends.Keyspace. Of a large collection only the number of elements is known without
// reading it.
func (x *tx) Use(key []byte) (u backends.Use, ok bool) {
	f := x.find(key)
	if !f.there {
		return u, false
	}
	return backends.Use{
		Bytes:  int64(len(key)+len(f.meta.body)) + int64(f.meta.outside.size),
		Shared: f.meta.kind == backends.StringType && f.meta.text == backends.Shortest,
	}, true
}

// Touch implements backends.Keyspace.
func (x *tx) Touch(key []byte) bool { return x.access(key).there }

// SetUse implements backends.Keyspace: nothing is kept.
func (x *tx) SetUse([]byte, int64, int64) {}

// Expiry implements backends.Keyspace.
func (x *tx) Expiry(key []byte) int64 { return x.find(key).meta.deadline }

// SetExpiry implements backends.Keyspace.
func (x *tx) SetExpiry(key []byte, at int64) {
	f := x.find(key)
	switch {
	case !f.there || f.meta.deadline == at:
	case at != 0 && at <= x.a.Now:
		x.remove(f)
	default:
		m := f.meta
		m.deadline = at
		x.put(f, m)
	}
}

// Delete implements backends.Keyspace.
func (x *tx) Delete(key []byte) bool {
	f := x.find(key)
	if !f.there {
		return false
	}
	x.remove(f)
	return true
}

// Move implements backends.Keyspace: what the value has outside of its record stays where it is.
func (x *tx) Move(from []byte, db int, to []byte) {
	m, ok := x.transfer(from, db, to)
	if !ok {
		return
	}
	source := *x.find(from)
	source.meta.outside = part{} // not garbage
	x.remove(&source)
	x.in(db).put(x.in(db).find(to), m)
}

// Copy implements backends.Keyspace. It takes as long as what the value has outside of its record.
func (x *tx) Copy(from []byte, db int, to []byte) {
	m, ok := x.transfer(from, db, to)
	if !ok {
		return
	}
	switch m.kind {
	case backends.StringType:
		if m.text == backends.Shortest {
			m.text = backends.Unshared
		}
		m.outside = x.duplicate(from, m.outside)
	case backends.StreamType:
		m.outside = x.duplicateStream(from, m.outside)
	default:
		m.outside = x.duplicateAll(m.outside)
	}
	x.in(db).put(x.in(db).find(to), m)
}

// transfer removes the key to and returns what takes its place.
func (x *tx) transfer(from []byte, db int, to []byte) (m meta, ok bool) {
	f := x.find(from)
	if !f.there || db == x.db && string(from) == string(to) {
		return meta{}, false
	}
	m = f.meta
	m.name = part{}
	x.in(db).Delete(to)
	return m, true
}
