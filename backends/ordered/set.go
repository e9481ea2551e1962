package ordered

import (
	"math/rand/v2"
	"strconv"

	"switchyard/backends"
	"switchyard/backends/intset"
	"switchyard/backends/listpack"
)

// setView is a set opened in a transaction: an intset, a listpack, or a record for each member.
type setView struct{ handle }

var _ backends.Set = (*setView)(nil)

// Set implements backends.Tx.
func (x *tx) Set(key []byte) (backends.Set, error) {
	h, err := x.handle(key, backends.SetType)
	if err != nil {
		return nil, err
	}
	v := x.sets.next()
	v.handle = h
	return v, nil
}

// integer reads a member that is exactly how a 64-bit integer is written.
func integer(member []byte) (n int64, ok bool) {
	const longest = 20
	if len(member) == 0 || len(member) > longest {
		return 0, false
	}
	n, err := strconv.ParseInt(string(member), 10, 64)
	var b [longest]byte
	return n, err == nil && string(strconv.AppendInt(b[:0], n, 10)) == string(member)
}

// Has implements backends.Set.
func (v *setView) Has(member []byte) bool {
	switch c := v.value(); {
	case c == nil:
		return false
	case c.form == intsForm:
		n, ok := integer(member)
		return ok && intset.Set(c.pack).Has(n)
	case c.packed():
		return c.find(member) != 0
	default:
		_, there := c.member(memberKey(c.version, member))
		return there
	}
}

// Add implements backends.Set.
func (v *setView) Add(member []byte) bool {
	n, isInt := integer(member)
	c := v.value()
	if c == nil {
		if c = v.first(member, isInt); c == nil {
			return false
		}
	}
	if c.form == intsForm {
		if isInt {
			return c.addInteger(n)
		}
		c.leaveIntegers(member)
	}
	if !c.packed() {
		return c.addMember(member, isInt)
	}
	if c.find(member) != 0 {
		return false
	}
	if compact := c.fitsSet(c.len()+1, len(member)); !compact || !c.room(len(member)) {
		c.spread(compact)
		return c.addMember(member, isInt)
	}
	c.pack = c.own().Append(member)
	return true
}

// first makes the set, in the form that is right for its first member.
func (v *setView) first(member []byte, isInt bool) *collection {
	if isInt && v.x.e.o.Compact.SetIntegers.Load() >= 1 {
		return v.create(intsForm, intset.New())
	}
	return v.create(packForm, emptyList())
}

// fitsSet says whether Redis has a listpack for so many members, of which the longest new one has so many bytes.
func (c *collection) fitsSet(members, longest int) bool {
	limits := c.x.e.o.Compact
	return int64(members) <= limits.SetEntries.Load() && int64(longest) <= c.x.Longest(&limits.SetValue)
}

func (c *collection) addInteger(n int64) bool {
	s := intset.Set(c.pack)
	if s.Has(n) {
		return false
	}
	c.pack, _ = intset.Set(c.own()).Add(n)
	if compact := c.fitsIntset(); !compact || !c.room(8) {
		c.spread(compact)
	}
	return true
}

// leaveIntegers makes an intset something that can take a member which is no integer.
func (c *collection) leaveIntegers(member []byte) {
	longest, list := len(member), emptyList()
	c.eachPacked(func(n, _ []byte, _ int64) bool {
		longest, list = max(longest, len(n)), list.Append(n)
		return true
	})
	switch compact := c.fitsSet(c.len()+1, longest); {
	case compact && c.room(longest):
		c.become(packForm, listpack.List(list))
	default:
		c.spread(false)
		if compact {
			c.disguise(packForm)
		}
	}
}

func (c *collection) fitsIntset() bool { return int64(c.len()) <= c.x.e.o.Compact.SetIntegers.Load() }

// addMember adds a member that has a record, or will have.
func (c *collection) addMember(member []byte, isInt bool) bool {
	mk := memberKey(c.version, member)
	if _, there := c.member(mk); there || c.x.err != nil {
		return false
	}
	m := c.newMember(member, maxName)
	c.x.set(mk, m.encode())
	c.count++
	c.touch()
	c.guiseSet(len(member), isInt)
	return true
}

// guiseSet follows the addition of a member to records.
func (c *collection) guiseSet(length int, isInt bool) {
	if c.guise == intsForm && !isInt {
		c.walk(0, func(_ uint64, m *visitedMember) bool {
			length = max(length, len(c.nameOf(m)))
			return c.x.err == nil
		})
		c.disguise(packForm)
	}
	if c.guise == packForm && !c.fitsSet(c.count, length) || c.guise == intsForm && !c.fitsIntset() {
		c.disguise(plain)
	}
}

// Remove implements backends.Set.
func (v *setView) Remove(member []byte) bool {
	c := v.value()
	switch {
	case c == nil:
		return false
	case c.form == intsForm:
		n, ok := integer(member)
		if !ok || !intset.Set(c.pack).Has(n) {
			return false
		}
		c.pack, _ = intset.Set(c.own()).Remove(n)
		c.removed()
		return true
	case c.packed():
		pos := c.find(member)
		if pos != 0 {
			c.drop(pos)
		}
		return pos != 0
	}
	mk := memberKey(c.version, member)
	m, there := c.member(mk)
	if there {
		c.dropMember(mk, &m)
		c.removed()
	}
	return there
}

// Each implements backends.Set.
func (v *setView) Each(fn func(member []byte) (more bool)) {
	c := v.value()
	if c == nil {
		return
	}
	if c.packed() {
		c.eachPacked(func(member, _ []byte, _ int64) bool { return fn(member) })
		return
	}
	c.walk(0, func(_ uint64, m *visitedMember) bool {
		member := c.nameOf(m)
		return c.x.err == nil && fn(member)
	})
}

// Scan implements backends.Set.
func (v *setView) Scan(cursor uint64, count int, fn func(member []byte)) (next uint64) {
	c := v.value()
	if c == nil {
		return 0
	}
	if c.packed() {
		v.Each(func(member []byte) bool { fn(member); return true })
		return 0
	}
	return walker[*visitedMember](c.walk).scan(cursor, count, func(m *visitedMember) {
		if member := c.nameOf(m); c.x.err == nil {
			fn(member)
		}
	})
}

// Random implements backends.Set.
func (v *setView) Random() []byte {
	c := v.value()
	switch {
	case c == nil:
		return nil
	case c.form == intsForm:
		s := intset.Set(c.pack)
		return strconv.AppendInt(nil, s.At(rand.IntN(s.Len())), 10)
	case c.packed():
		return c.element(c.randomPacked())
	}
	m, ok := c.random()
	if !ok {
		return nil
	}
	member := c.nameOf(&m)
	if c.x.err != nil {
		return nil
	}
	return member
}
