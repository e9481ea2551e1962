package ordered

import (
	"fmt"

	"switchyard/backends"
	"switchyard/backends/listpack"
)

// The deadline of a field is beside its value. The fields of a large hash that have one are also in an
// index under its version, and every hash that has such fields is in the index y of the database by a
// deadline before which none of them expires. It may be too early, because a field that goes does not
// look for the next one: then the cleaner finds nothing in the hash and corrects it.

// expired says whether the time of a key has come, or of all fields of a hash.
func (x *tx) expired(key []byte, m *meta) bool {
	if m.deadline != 0 && m.deadline <= x.a.Now {
		return true
	}
	if m.fields == 0 || m.fields > x.a.Now {
		return false
	}
	if m.form == timedForm {
		return x.packedExpired(key, m.body)
	}
	if m.timed < int(m.outside.size) {
		return false
	}
	spent := true
	v := m.outside.version
	err := x.snapshot().scan(&x.writes, expiryFrom(v, x.a.Now+1), versionKey(v+1), func(string, []byte) bool {
		spent = false
		return false
	})
	x.fail(err)
	return spent && err == nil
}

// packedExpired is expired for the fields in a listpack.
func (x *tx) packedExpired(key, body []byte) bool {
	err := listpack.Valid(body)
	if err != nil {
		x.fail(fmt.Errorf("key %.64q in database %d: %w: %w", key, x.db, errDamaged, err))
		return false
	}
	lp := listpack.List(body)
	for i, pos := 1, lp.First(); pos != 0; i, pos = i+1, lp.Next(pos) {
		if i%timedForm.stride(backends.HashType) != 0 {
			continue
		}
		if at, _ := lp.Int(pos); at == 0 || at > x.a.Now {
			return false
		}
	}
	return true
}

// FieldDeadline implements backends.FieldExpiry.
func (v *hashView) FieldDeadline(field []byte) (at int64) {
	c := v.value()
	if c == nil {
		return 0
	}
	if c.packed() {
		if pos := c.find(field); pos != 0 {
			at = c.deadline(pos)
		}
	} else {
		m, _ := c.member(memberKey(c.version, field))
		at = m.deadline
	}
	if c.expired(at) {
		return 0
	}
	return at
}

// SetFieldDeadline implements backends.FieldExpiry.
func (v *hashView) SetFieldDeadline(field []byte, at int64) {
	c := v.value()
	switch {
	case c == nil:
	case at != 0 && at <= c.x.a.Now:
		v.Delete(field)
	case c.packed():
		c.setPackedDeadline(field, at)
	default:
		mk := memberKey(c.version, field)
		m, there := c.member(mk)
		if !there || c.expired(m.deadline) || m.deadline == at {
			return
		}
		c.setExpiry(mk, m.deadline, at)
		m.deadline = at
		c.x.set(mk, m.encode())
		if c.guise == packForm {
			c.disguise(timedForm)
		}
	}
}

func (c *collection) setPackedDeadline(field []byte, at int64) {
	pos := c.find(field)
	if pos == 0 || c.deadline(pos) == at || c.expired(c.deadline(pos)) {
		return
	}
	if c.form != timedForm {
		c.addDeadlines()
		pos = c.find(field)
	}
	lp := c.own()
	c.pack = lp.ReplaceInt(lp.Next(lp.Next(pos)), at)
	if at != 0 {
		c.expire(at)
	}
}

// addDeadlines makes room for deadlines in the listpack.
func (c *collection) addDeadlines() {
	timed := emptyList()
	c.eachPacked(func(field, value []byte, _ int64) bool {
		timed = timed.Append(field).Append(value).AppendInt(0)
		return true
	})
	c.become(timedForm, timed)
}

// dropSpent removes a hash of which all fields have expired, and says whether it was one. A key whose own time has
// come is not.
func (x *tx) dropSpent(key []byte) bool {
	f := x.locate(key)
	*f = found{key: key, space: f.space, rk: f.rk}
	x.load(f)
	if !f.there || f.meta.deadline != 0 && f.meta.deadline <= x.a.Now || !x.expired(key, &f.meta) {
		return false
	}
	x.remove(f)
	return x.err == nil
}

// reclaim removes some of the fields whose time has come, at most limit, and corrects the deadline by
// which the cleaner finds the hash. It returns whether that made any difference, and how many fields are gone. Others
// are there.
func (x *tx) reclaim(key []byte, limit int) (progress bool, gone int) {
	c := x.collection(key, backends.HashType)
	if c == nil || c.fields == 0 || c.fields > x.a.Now {
		return false, 0
	}
	before, n := c.fields, c.len()
	if c.packed() {
		c.fields = c.reclaimPacked()
	} else {
		c.fields = c.reclaimRecords(limit)
	}
	if x.err != nil {
		return false, 0
	}
	c.touch()
	if c.fields != 0 && (x.due == 0 || c.fields < x.due) {
		x.due = c.fields
	}
	gone = n - c.len()
	return c.fields != before || gone > 0, gone
}

// reclaimPacked removes the expired fields of a small hash, and returns the earliest deadline of the others.
func (c *collection) reclaimPacked() (next int64) {
	for pos := c.list().First(); pos != 0; {
		at := c.deadline(pos)
		if !c.expired(at) {
			if at != 0 && (next == 0 || at < next) {
				next = at
			}
			pos = c.after(pos)
			continue
		}
		c.pack, pos = c.own().Delete(pos, c.form.stride(c.kind))
	}
	c.removed()
	return next
}

// reclaimRecords does the same with the first few fields of a large one.
func (c *collection) reclaimRecords(limit int) (next int64) {
	var due []string
	c.x.flush()
	v := c.x.snapshot()
	err := v.scan(&c.x.writes, expiryFrom(c.version, c.fields), expiryFrom(c.version+1, 0), func(xk string, _ []byte) bool {
		if xk[memberAt-1] != tagExpiry {
			return false
		}
		at, mk, err := splitExpiryKey(xk)
		if err != nil {
			c.failMember(xk, err)
			return false
		}
		if !c.expired(at) || len(due) == limit {
			next = at
			return false
		}
		due = append(due, mk)
		return true
	})
	c.x.fail(err)
	for _, mk := range due {
		if m, there := c.member(mk); there {
			c.dropMember(mk, &m)
		}
	}
	c.removed()
	return next
}
