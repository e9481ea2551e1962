package ordered

import (
	"encoding/binary"
	"fmt"
)

// Each member of a large hash, set or sorted set has a record of its own, so that touching one of a million
// costs what touching one of ten does. They are ordered by hash, like the keys of a database and for the
// same reason. A record is
//
//	flags: 1 | [deadline: 8] | [id: 8 | length: uvarint] | [id: 8 | length: uvarint] or value
//	           hasDeadline     hasText                     hasLong
//
// The value is that of a field, the score of a member of a sorted set, or nothing. The text of a name that is
// too long for a key is in chunks, and so is a long value.
type member struct {
	deadline int64 // Unix milliseconds; 0: none
	text     part  // the text of a name that is too long
	long     part  // the value when it is too long
	value    []byte
}

const (
	hasText = 1 << 1
	hasLong = 1 << 2
)

func (m *member) encode() []byte {
	b := make([]byte, 1, 1+8+len(m.value))
	if m.deadline != 0 {
		b[0] |= hasDeadline
		b = binary.BigEndian.AppendUint64(b, uint64(m.deadline))
	}
	if m.text.version != 0 {
		b[0] |= hasText
		b = m.text.append(b)
	}
	if m.long.version != 0 {
		b[0] |= hasLong
		return m.long.append(b)
	}
	return append(b, m.value...)
}

// decodeMember reads a record of a collection with that version. The value is a part of b.
func decodeMember(version uint64, b []byte) (m member, err error) {
	if len(b) == 0 || b[0]&^(hasDeadline|hasText|hasLong) != 0 {
		return member{}, errDamaged
	}
	flags, b := b[0], b[1:]
	if flags&hasDeadline != 0 {
		if m.deadline, b, err = decodeDeadline(b); err != nil {
			return member{}, err
		}
	}
	if flags&hasText != 0 {
		if m.text, b, err = decodePart(b); err != nil {
			return member{}, err
		}
		m.text.owner = version
	}
	if flags&hasLong != 0 {
		if m.long, b, err = decodePart(b); err != nil || len(b) != 0 {
			return member{}, errDamaged
		}
		m.long.owner = version
	}
	m.value = b[:len(b):len(b)]
	return m, nil
}

// member looks a member up by the key of its record. One whose time has come is there too.
func (c *collection) member(mk string) (m member, there bool) {
	record := c.x.get(mk)
	if record == nil {
		return member{}, false
	}
	m, err := decodeMember(c.version, record)
	if err != nil {
		c.failMember(mk, err)
		return member{}, false
	}
	return m, true
}

func (c *collection) failMember(mk string, err error) {
	c.fail(fmt.Errorf("record %.64q: %w", mk, err))
}

// newMember is a member without a value, its long name stored.
func (c *collection) newMember(name []byte, longest int) (m member) {
	if len(name) > longest {
		m.text = c.x.storeIn(c.version, name)
	}
	return m
}

// dropMember removes a member of a hash or set.
func (c *collection) dropMember(mk string, m *member) {
	c.dropRecord(mk, m)
	c.count--
	c.touch()
}

// dropRecord removes the record of a member and all that it names.
func (c *collection) dropRecord(mk string, m *member) {
	c.x.set(mk, nil)
	c.setExpiry(mk, m.deadline, 0)
	c.x.erase(c.at.key, m.text)
	c.x.erase(c.at.key, m.long)
}

// setExpiry follows the change of a field's deadline.
func (c *collection) setExpiry(mk string, old, at int64) {
	if old == at {
		return
	}
	c.touch()
	if old != 0 {
		c.x.set(expiryKey(old, mk), nil)
		if c.timed--; c.timed == 0 {
			c.fields = 0
		}
	}
	if at != 0 {
		c.x.set(expiryKey(at, mk), present)
		c.timed++
		c.expire(at)
	}
}

// expire notes that a field expires.
func (c *collection) expire(at int64) {
	if c.fields == 0 || at < c.fields {
		c.fields = at
	}
}

// valueOf is the value of a member.
func (c *collection) valueOf(m *member) []byte {
	if m.long.version != 0 {
		return c.x.fetch(c.at.key, m.long)
	}
	return m.value
}

// visitedMember is a member that a walk has come to.
type visitedMember struct {
	member
	name []byte // nil: in m.text
}

// nameOf is the text of a member's name; nil after an error.
func (c *collection) nameOf(m *visitedMember) []byte {
	if m.name == nil {
		m.name = c.x.fetch(c.at.key, m.text)
	}
	return m.name
}

// walk visits the members that have records, from a hash on, and leaves out those whose time has come. A
// member is valid until fn returns.
func (c *collection) walk(from uint64, fn func(hash uint64, m *visitedMember) (more bool)) {
	c.x.flush()
	v := c.x.snapshot()
	if c.x.err != nil || from >= 1<<hashBits {
		return
	}
	end := memberFrom(c.version, 1<<hashBits-1) + "\xff"
	var m visitedMember // the same for all
	err := v.scan(&c.x.writes, memberFrom(c.version, from), end, func(mk string, record []byte) bool {
		hash, err := c.visit(&m, mk, record)
		if err != nil {
			c.failMember(mk, err)
			return false
		}
		if m.deadline != 0 && m.deadline <= c.x.a.Now {
			return true
		}
		return fn(hash, &m) && c.x.err == nil
	})
	c.x.fail(err)
}

func (c *collection) visit(m *visitedMember, mk string, record []byte) (hash uint64, err error) {
	m.member, err = decodeMember(c.version, record)
	if err == nil {
		hash, m.name, err = splitName(raw(mk[memberAt:]))
	}
	if err == nil && m.name == nil && m.text.version == 0 {
		err = errDamaged
	}
	return hash, err
}

// expired says whether a field's time has come.
func (c *collection) expired(deadline int64) bool { return deadline != 0 && deadline <= c.x.a.Now }

// setValue stores a value, in chunks when it is long.
func (c *collection) setValue(m *member, value []byte) {
	c.x.erase(c.at.key, m.long)
	m.long, m.value = part{}, value
	if len(value) > c.x.e.o.inline {
		m.long, m.value = c.x.storeIn(c.version, value), nil
	}
}
