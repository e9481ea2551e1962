package memory

import (
	"bytes"
	"hash/maphash"
	"math/rand/v2"
	"unsafe"

	"switchyard/backends"
	"switchyard/backends/listpack"
)

// hash is the value of a hash: a listpack of fields and values in turns while it is small and no field
// has a deadline, a dict beyond that, and for good.
type hash struct {
	pack  listpack.List
	table *fields // not nil: it has the fields, and pack is nil
}

const hashBytes = int64(unsafe.Sizeof(hash{}))

var _ object = (*hash)(nil)

func (h *hash) address() unsafe.Pointer { return unsafe.Pointer(h) }

func (h *hash) len() int {
	if h.table != nil {
		return h.table.n
	}
	return h.pack.Len() / 2
}

func (h *hash) bytes() int64 {
	if h.table != nil {
		return hashBytes + h.table.bytes()
	}
	return hashBytes + allocated(int64(cap(h.pack)))
}

func (h *hash) clone() object {
	if h.table != nil {
		return &hash{table: h.table.clone()}
	}
	return &hash{pack: bytes.Clone(h.pack)}
}

// encoding is that of Redis 7.4, which keeps a small hash with deadlines in a listpack of its own kind.
func (h *hash) encoding() string {
	switch {
	case h.table == nil:
		return "listpack"
	case h.table.small:
		return "listpackex"
	}
	return "hashtable"
}

// put sets a field of a listpack, without more spare room than the allocator gives.
func (h *hash) put(field, value []byte) (created bool) {
	if at := h.pack.Find(h.pack.First(), field, 1); at != 0 {
		h.pack = h.pack.Replace(h.pack.Next(at), value)
		return false
	}
	h.pack = packRoom(h.pack, listpack.EntrySize(field)+listpack.EntrySize(value))
	h.pack = h.pack.Append(field).Append(value)
	return true
}

// packRoom makes room for n bytes and no more.
func packRoom(pack []byte, n int) []byte {
	if cap(pack)-len(pack) >= n {
		return pack
	}
	return append(append([]byte(nil), make([]byte, len(pack)+n)...)[:0], pack...)
}

// spread moves the fields of a listpack to a dict.
func (h *hash) spread(seed maphash.Seed) {
	table := newFields(seed)
	var f, v [20]byte
	for at := h.pack.First(); at != 0; {
		to := h.pack.Next(at)
		table.put(h.pack.Get(at, &f), h.pack.Get(to, &v), 0)
		at = h.pack.Next(to)
	}
	h.pack, h.table = nil, table
}

// fits says whether Redis keeps a hash of n fields, this one among them, in a listpack.
func (h *hash) fits(x *tx, n int, field, value []byte) bool {
	most := x.Longest(&x.e.compact.HashValue)
	return int64(n) <= x.e.compact.HashEntries.Load() && int64(len(field)) <= most && int64(len(value)) <= most
}

// set sets a field, and moves to a dict when a listpack has no room for it.
func (h *hash) set(x *tx, field, value []byte, at int64) (created bool) {
	if h.table == nil {
		if h.fits(x, 0, field, value) && h.pack.Fits(len(field)+len(value)) {
			created = h.put(field, value)
			if !h.fits(x, h.len(), nil, nil) { // the limit may have been lowered since
				h.spread(x.e.seed)
			}
			return created
		}
		h.spread(x.e.seed)
	}
	created = h.table.set(field, value, at, x.a.Now)
	h.table.small = h.table.small && h.fits(x, h.len(), field, value)
	return created
}

// spent says whether e is a hash of which no field is left that has not expired.
func (e *entry) spent(now int64) bool {
	if e.kind() != backends.HashType {
		return false
	}
	table := (*hash)(e.value).table
	return table != nil && table.timed > 0 && table.spent(now)
}

// hashView is a hash opened in a transaction.
type hashView struct {
	handle
	digits [2][20]byte // for numbers in a listpack, while fn has them
}

var _ backends.Hash = (*hashView)(nil)

// Hash implements backends.Tx.
func (x *tx) Hash(key []byte) (backends.Hash, error) {
	h, err := x.open(key, backends.HashType)
	if err != nil {
		return nil, err
	}
	v := x.hashes.next()
	v.handle = h
	if x.a.Write {
		v.expire()
	}
	return v, nil
}

func (v *hashView) hash() *hash { return (*hash)(v.value()) }

// table is the dict that has the fields, nil when there is none.
func (v *hashView) table() *fields {
	if h := v.hash(); h != nil {
		return h.table
	}
	return nil
}

// Len implements backends.Hash.
func (v *hashView) Len() int {
	if h := v.hash(); h != nil {
		return h.len()
	}
	return 0
}

// Get implements backends.Hash.
func (v *hashView) Get(field []byte) (value []byte, ok bool) {
	h := v.hash()
	switch {
	case h == nil:
		return nil, false
	case h.table != nil:
		e, ok := h.table.get(field, v.x.a.Now)
		return e.value, ok
	}
	at := h.pack.Find(h.pack.First(), field, 1)
	if at == 0 {
		return nil, false
	}
	at = h.pack.Next(at)
	if n, isInt := h.pack.Int(at); isInt {
		return v.x.text(n), true
	}
	return h.pack.Get(at, nil), true
}

// Put implements backends.Hash.
func (v *hashView) Put(field, value []byte) (created bool) {
	h := v.made()
	before := h.bytes()
	created = h.set(v.x, field, value, 0)
	v.changed(h, before)
	return created
}

// made is the hash, which it makes when absent.
func (v *hashView) made() *hash {
	if h := v.hash(); h != nil {
		return h
	}
	h := &hash{pack: listpack.New(0)}
	v.create(h)
	return h
}

// Delete implements backends.Hash.
func (v *hashView) Delete(field []byte) (was bool) {
	h := v.hash()
	if h == nil {
		return false
	}
	before := h.bytes()
	if h.table != nil {
		was = h.table.unset(field, v.x.a.Now)
	} else if at := h.pack.Find(h.pack.First(), field, 1); at != 0 {
		h.pack, _ = h.pack.Delete(at, 2)
		h.pack = packTrim(h.pack)
		was = true
	}
	v.changed(h, before)
	return was
}

// packTrim gives back the room of a listpack or an intset that has become much smaller.
func packTrim(pack []byte) []byte {
	if cap(pack) > 64 && cap(pack) > 2*len(pack) {
		return append([]byte(nil), pack...)
	}
	return pack
}

// Each implements backends.Hash.
func (v *hashView) Each(fn func(field, value []byte) (more bool)) {
	h := v.hash()
	switch {
	case h == nil:
	case h.table != nil:
		now := v.x.a.Now
		h.table.each(func(e item) bool { return e.expired(now) || fn(e.key, e.value) })
	default:
		for at := h.pack.First(); at != 0; {
			to := h.pack.Next(at)
			if !fn(h.pack.Get(at, &v.digits[0]), h.pack.Get(to, &v.digits[1])) {
				return
			}
			at = h.pack.Next(to)
		}
	}
}

// Scan implements backends.Hash.
func (v *hashView) Scan(cursor uint64, count int, fn func(field, value []byte)) (next uint64) {
	if table := v.table(); table != nil && !table.small {
		now := v.x.a.Now
		return table.scan(cursor, count, func(e item) {
			if !e.expired(now) {
				fn(e.key, e.value)
			}
		})
	}
	v.Each(func(field, value []byte) bool {
		fn(field, value)
		return true
	})
	return 0
}

// Random implements backends.Hash. Expired fields are drawn again; where nearly all are expired, the
// first one that is not must do.
func (v *hashView) Random() (field, value []byte, ok bool) {
	const draws = 100
	h := v.hash()
	if h == nil {
		return nil, nil, false
	}
	if h.table == nil {
		at := h.pack.Seek(2 * rand.IntN(h.len()))
		return h.pack.Get(at, &v.digits[0]), h.pack.Get(h.pack.Next(at), &v.digits[1]), true
	}
	for range draws {
		if e := h.table.random(); !e.expired(v.x.a.Now) {
			return e.key, e.value, true
		}
	}
	v.Each(func(f, val []byte) bool {
		field, value, ok = f, val, true
		return false
	})
	return field, value, ok
}
