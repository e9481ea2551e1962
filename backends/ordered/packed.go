package ordered

import (
	"math/rand/v2"
	"strconv"

	"switchyard/backends/intset"
	"switchyard/backends/listpack"
)

// What small hashes and sets have in common: their members in one listpack or intset, to be looked
// through from the front.

// find is the position of a member in the listpack; 0: it is not there.
func (c *collection) find(member []byte) int {
	lp := c.list()
	return lp.Find(lp.First(), member, c.form.stride(c.kind)-1)
}

// element is what is at a position of the listpack. It is valid until the collection changes.
func (c *collection) element(pos int) []byte {
	lp := c.list()
	if n, isInt := lp.Int(pos); isInt {
		return strconv.AppendInt(nil, n, 10)
	}
	return lp.Get(pos, nil)
}

// behind is the position of the value of the member at pos.
func (c *collection) behind(pos int) int { return c.list().Next(pos) }

// deadline is when the field at pos expires; 0: never.
func (c *collection) deadline(pos int) int64 {
	if c.form != timedForm {
		return 0
	}
	lp := c.list()
	at, ok := lp.Int(lp.Next(lp.Next(pos)))
	if !ok || at < 0 {
		c.fail(errDamaged)
	}
	return at
}

// eachPacked visits the members, those whose time has come too, until fn says not to go on. The slices
// are valid until fn returns; value is nil but for hashes.
func (c *collection) eachPacked(fn func(name, value []byte, deadline int64) (more bool)) {
	var a, b [20]byte
	if c.form == intsForm {
		s := intset.Set(c.pack)
		for i := range s.Len() {
			if !fn(strconv.AppendInt(a[:0], s.At(i), 10), nil, 0) {
				return
			}
		}
		return
	}
	lp := c.list()
	for pos := lp.First(); pos != 0; pos = c.after(pos) {
		var value []byte
		if c.form.stride(c.kind) > 1 {
			value = lp.Get(lp.Next(pos), &b)
		}
		if !fn(lp.Get(pos, &a), value, c.deadline(pos)) {
			return
		}
	}
}

// after is the position of the member behind that at pos; 0: there is none.
func (c *collection) after(pos int) int {
	lp := c.list()
	for range c.form.stride(c.kind) {
		if pos = lp.Next(pos); pos == 0 {
			return 0
		}
	}
	return pos
}

// drop removes the member at pos.
func (c *collection) drop(pos int) {
	c.pack, _ = c.own().Delete(pos, c.form.stride(c.kind))
	c.removed()
}

// randomPacked is some member of the listpack that has not expired, as its position; 0: there is none.
func (c *collection) randomPacked() int {
	lp := c.list()
	if c.form != timedForm {
		return lp.Seek(rand.IntN(c.len()) * c.form.stride(c.kind))
	}
	chosen, n := 0, 0
	for pos := lp.First(); pos != 0; pos = c.after(pos) {
		if c.expired(c.deadline(pos)) {
			continue
		}
		if n++; rand.IntN(n) == 0 {
			chosen = pos
		}
	}
	return chosen
}

// room says whether n more bytes leave the value small enough for one record.
func (c *collection) room(n int) bool {
	const heads = 3 * 16 // what a listpack adds to a few elements
	return len(c.pack)+n+heads <= c.x.e.o.packed
}

// spread moves the members to records of their own. compact says that it is for their size alone, and that Redis
// would still have them in one piece.
func (c *collection) spread(compact bool) {
	old := *c
	c.become(tableForm, nil)
	if compact {
		c.guise = old.form
	}
	c.count = 0
	old.eachPacked(func(name, value []byte, deadline int64) bool {
		mk := memberKey(c.version, name)
		m := c.newMember(name, maxName)
		m.deadline = deadline
		c.setExpiry(mk, 0, deadline)
		c.setValue(&m, value)
		c.x.set(mk, m.encode())
		c.count++
		return true
	})
}

// emptyList is the body of a new collection.
func emptyList() listpack.List { return listpack.New(64) }
