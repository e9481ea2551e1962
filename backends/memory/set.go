package memory

import (
	"bytes"
	"hash/maphash"
	"math/rand/v2"
	"unsafe"

	"switchyard/backends"
	"switchyard/backends/intset"
	"switchyard/backends/listpack"
)

// set is the value of a set. As in Redis 7.2 it begins as an intset when its first member is an
// integer, becomes a listpack when one that is none joins a few, and a dict beyond the limits. It never goes back.
type set struct {
	pack  []byte // an intset or a listpack
	ints  bool   // it is an intset
	table *dict  // not nil: it has the members, and pack is nil
}

const setBytes = int64(unsafe.Sizeof(set{}))

var _ object = (*set)(nil)

func (s *set) address() unsafe.Pointer { return unsafe.Pointer(s) }

func (s *set) len() int {
	switch {
	case s.table != nil:
		return s.table.n
	case s.ints:
		return intset.Set(s.pack).Len()
	}
	return listpack.List(s.pack).Len()
}

func (s *set) bytes() int64 {
	if s.table != nil {
		return setBytes + dictBytes + s.table.size
	}
	return setBytes + allocated(int64(cap(s.pack)))
}

func (s *set) clone() object {
	if s.table != nil {
		table := s.table.clone()
		return &set{table: &table}
	}
	return &set{pack: bytes.Clone(s.pack), ints: s.ints}
}

func (s *set) encoding() string {
	switch {
	case s.table != nil:
		return "hashtable"
	case s.ints:
		return "intset"
	}
	return "listpack"
}

func (s *set) has(member []byte) bool {
	switch {
	case s.table != nil:
		_, ok := s.table.find(member)
		return ok
	case s.ints:
		n, isInt := parseInt(member)
		return isInt && intset.Set(s.pack).Has(n)
	}
	pack := listpack.List(s.pack)
	return pack.Find(pack.First(), member, 0) != 0
}

func (s *set) add(x *tx, member []byte) (created bool) {
	n, isInt := int64(0), false
	if s.ints {
		n, isInt = parseInt(member)
	}
	switch {
	case s.table != nil:
		return s.table.put(member, nil, 0)
	case isInt:
		s.pack, created = intset.Set(packRoom(s.pack, 8)).Add(n)
		if created && int64(s.len()) > x.e.compact.SetIntegers.Load() {
			s.spread(x.e.seed)
		}
		return created
	case !s.ints && s.has(member):
		return false
	}
	// The limit on the length counts for the digits of integers as well.
	if int64(s.len()) >= x.e.compact.SetEntries.Load() || int64(max(len(member), s.widest())) > x.Longest(&x.e.compact.SetValue) ||
		!listpack.List(s.pack).Fits(len(member)) {
		s.spread(x.e.seed)
		return s.table.put(member, nil, 0)
	}
	s.mix()
	s.pack = packRoom(s.pack, listpack.EntrySize(member))
	s.pack = listpack.List(s.pack).Append(member)
	return true
}

// widest is how many digits the longest member of an intset has; 0 for a listpack.
func (s *set) widest() int {
	ints := intset.Set(s.pack)
	if !s.ints || ints.Len() == 0 {
		return 0
	}
	var digits [20]byte
	return max(len(appendInt(&digits, ints.At(0))), len(appendInt(&digits, ints.At(ints.Len()-1))))
}

// mix makes a listpack of an intset.
func (s *set) mix() {
	if !s.ints {
		return
	}
	ints, pack := intset.Set(s.pack), listpack.New(0)
	for i := range ints.Len() {
		pack = pack.AppendInt(ints.At(i))
	}
	s.pack, s.ints = pack, false
}

// spread moves the members to a dict.
func (s *set) spread(seed maphash.Seed) {
	table := newDict(seed)
	var digits [20]byte
	s.eachPacked(&digits, func(member []byte) bool {
		table.put(member, nil, 0)
		return true
	})
	*s = set{table: &table}
}

// eachPacked visits the members of an intset or a listpack.
func (s *set) eachPacked(digits *[20]byte, fn func(member []byte) (more bool)) {
	if s.ints {
		for i, ints := 0, intset.Set(s.pack); i < ints.Len(); i++ {
			if !fn(appendInt(digits, ints.At(i))) {
				return
			}
		}
		return
	}
	pack := listpack.List(s.pack)
	for at := pack.First(); at != 0; at = pack.Next(at) {
		if !fn(pack.Get(at, digits)) {
			return
		}
	}
}

func (s *set) remove(member []byte) (was bool) {
	switch {
	case s.table != nil:
		return s.table.remove(member)
	case s.ints:
		if n, isInt := parseInt(member); isInt {
			s.pack, was = intset.Set(s.pack).Remove(n)
		}
	default:
		pack := listpack.List(s.pack)
		if at := pack.Find(pack.First(), member, 0); at != 0 {
			s.pack, _ = pack.Delete(at, 1)
			was = true
		}
	}
	s.pack = packTrim(s.pack)
	return was
}

// random returns a member of a set that is not empty.
func (s *set) random(digits *[20]byte) []byte {
	if s.table != nil {
		return s.table.random().key
	}
	i := rand.IntN(s.len())
	if s.ints {
		return appendInt(digits, intset.Set(s.pack).At(i))
	}
	pack := listpack.List(s.pack)
	return pack.Get(pack.Seek(i), digits)
}

// setView is a set opened in a transaction.
type setView struct {
	handle
	digits [20]byte // for a number, while fn has it
}

var _ backends.Set = (*setView)(nil)

// Set implements backends.Tx.
func (x *tx) Set(key []byte) (backends.Set, error) {
	h, err := x.open(key, backends.SetType)
	if err != nil {
		return nil, err
	}
	v := x.sets.next()
	v.handle = h
	return v, nil
}

func (v *setView) set() *set { return (*set)(v.value()) }

// Len implements backends.Set.
func (v *setView) Len() int {
	if s := v.set(); s != nil {
		return s.len()
	}
	return 0
}

// Has implements backends.Set.
func (v *setView) Has(member []byte) bool {
	s := v.set()
	return s != nil && s.has(member)
}

// Add implements backends.Set.
func (v *setView) Add(member []byte) (created bool) {
	s := v.set()
	if s == nil {
		_, isInt := parseInt(member)
		if s = (&set{pack: listpack.New(0)}); isInt {
			s = &set{pack: intset.New(), ints: true}
		}
		v.create(s)
	}
	before := s.bytes()
	created = s.add(v.x, member)
	v.changed(s, before)
	return created
}

// Remove implements backends.Set.
func (v *setView) Remove(member []byte) (was bool) {
	s := v.set()
	if s == nil {
		return false
	}
	before := s.bytes()
	was = s.remove(member)
	v.changed(s, before)
	return was
}

// Each implements backends.Set.
func (v *setView) Each(fn func(member []byte) (more bool)) {
	switch s := v.set(); {
	case s == nil:
	case s.table != nil:
		s.table.each(func(e item) bool { return fn(e.key) })
	default:
		s.eachPacked(&v.digits, fn)
	}
}

// Scan implements backends.Set.
func (v *setView) Scan(cursor uint64, count int, fn func(member []byte)) (next uint64) {
	if s := v.set(); s != nil && s.table != nil {
		return s.table.scan(cursor, count, func(e item) { fn(e.key) })
	}
	v.Each(func(member []byte) bool {
		fn(member)
		return true
	})
	return 0
}

// Random implements backends.Set.
func (v *setView) Random() []byte {
	if s := v.set(); s != nil {
		return s.random(&v.digits)
	}
	return nil
}
