package ordered

import (
	"bytes"

	"switchyard/backends"
)

// hashView is a hash opened in a transaction: a listpack of fields and values, also of deadlines once a
// field has had one, or a record for each field.
type hashView struct{ handle }

var _ backends.Hash = (*hashView)(nil)

// Hash implements backends.Tx.
func (x *tx) Hash(key []byte) (backends.Hash, error) {
	h, err := x.handle(key, backends.HashType)
	if err != nil {
		return nil, err
	}
	v := x.hashes.next()
	v.handle = h
	return v, nil
}

// Get implements backends.Hash.
func (v *hashView) Get(field []byte) (value []byte, ok bool) {
	c := v.value()
	if c == nil {
		return nil, false
	}
	if c.packed() {
		pos := c.find(field)
		if pos == 0 || c.expired(c.deadline(pos)) {
			return nil, false
		}
		return c.element(c.behind(pos)), true
	}
	m, there := c.member(memberKey(c.version, field))
	if !there || c.expired(m.deadline) {
		return nil, false
	}
	return c.valueOf(&m), true
}

// Put implements backends.Hash.
func (v *hashView) Put(field, value []byte) (created bool) {
	c := v.create(packForm, emptyList())
	if c == nil {
		return false
	}
	compact := int64(max(len(field), len(value))) <= c.x.Longest(&c.x.e.o.Compact.HashValue)
	if c.packed() && !(compact && c.room(len(field)+len(value))) {
		c.spread(compact)
	}
	if !c.packed() {
		created = c.putField(field, value)
		if !compact || int64(c.count) > c.x.e.o.Compact.HashEntries.Load() {
			c.disguise(plain)
		}
		return created
	}
	lp, pos := c.own(), c.find(field)
	if pos != 0 {
		created = c.expired(c.deadline(pos))
		at := c.behind(pos)
		lp = lp.Replace(at, value)
		if c.form == timedForm {
			lp = lp.ReplaceInt(lp.Next(at), 0)
		}
	} else {
		created = true
		lp = lp.Append(field).Append(value)
		if c.form == timedForm {
			lp = lp.AppendInt(0)
		}
	}
	// With an old field too: the limit may have been lowered since.
	if c.pack = lp; int64(c.len()) > c.x.e.o.Compact.HashEntries.Load() {
		c.spread(false)
	}
	return created
}

// putField sets a field that has a record, or will have.
func (c *collection) putField(field, value []byte) (created bool) {
	mk := memberKey(c.version, field)
	m, there := c.member(mk)
	if c.x.err != nil {
		return false
	}
	created = !there || c.expired(m.deadline)
	if !there {
		m = c.newMember(field, maxName)
		c.count++
		c.touch()
	}
	c.setExpiry(mk, m.deadline, 0)
	m.deadline = 0
	c.setValue(&m, value)
	c.x.set(mk, m.encode())
	return created
}

// Delete implements backends.Hash.
func (v *hashView) Delete(field []byte) bool {
	c := v.value()
	if c == nil {
		return false
	}
	if c.packed() {
		pos := c.find(field)
		if pos == 0 {
			return false
		}
		existed := !c.expired(c.deadline(pos))
		c.drop(pos)
		return existed
	}
	mk := memberKey(c.version, field)
	m, there := c.member(mk)
	if !there {
		return false
	}
	c.dropMember(mk, &m)
	c.removed()
	return !c.expired(m.deadline)
}

// Each implements backends.Hash.
func (v *hashView) Each(fn func(field, value []byte) (more bool)) {
	c := v.value()
	if c == nil {
		return
	}
	if c.packed() {
		c.eachPacked(func(field, value []byte, deadline int64) bool {
			return c.expired(deadline) || fn(field, value)
		})
		return
	}
	c.walk(0, func(_ uint64, m *visitedMember) bool {
		field, value := c.nameOf(m), c.valueOf(&m.member)
		return c.x.err == nil && fn(field, value)
	})
}

// Scan implements backends.Hash.
func (v *hashView) Scan(cursor uint64, count int, fn func(field, value []byte)) (next uint64) {
	c := v.value()
	if c == nil {
		return 0
	}
	if c.packed() {
		v.Each(func(field, value []byte) bool { fn(field, value); return true })
		return 0
	}
	return walker[*visitedMember](c.walk).scan(cursor, count, func(m *visitedMember) {
		if field, value := c.nameOf(m), c.valueOf(&m.member); c.x.err == nil {
			fn(field, value)
		}
	})
}

// Random implements backends.Hash.
func (v *hashView) Random() (field, value []byte, ok bool) {
	c := v.value()
	if c == nil {
		return nil, nil, false
	}
	if c.packed() {
		pos := c.randomPacked()
		if pos == 0 {
			return nil, nil, false
		}
		return c.element(pos), c.element(c.behind(pos)), true
	}
	m, ok := c.random()
	if !ok {
		return nil, nil, false
	}
	field, value = c.nameOf(&m), c.valueOf(&m.member)
	return field, value, c.x.err == nil
}

// random is one of the members that have records.
func (c *collection) random() (m visitedMember, ok bool) {
	return random(c.walk, func(*visitedMember) bool { return true }, func(m *visitedMember) visitedMember {
		taken := *m
		taken.value = bytes.Clone(m.value) // which is valid for the moment
		return taken
	})
}
