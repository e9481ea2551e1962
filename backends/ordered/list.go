package ordered

import (
	"math"

	"switchyard/backends"
	"switchyard/backends/listpack"
)

// listView is a list opened in a transaction: a listpack or a tree.
type listView struct{ handle }

var _ backends.List = (*listView)(nil)

// List implements backends.Tx.
func (x *tx) List(key []byte) (backends.List, error) {
	h, err := x.handle(key, backends.ListType)
	if err != nil {
		return nil, err
	}
	v := x.lists.next()
	v.handle = h
	return v, nil
}

// listLimits are the bytes and the elements that a listpack may have, as Redis has them for a node of a
// quicklist.
func (c *collection) listLimits() (size, count int64) {
	const safeBytes, smallest, levels = 8192, 4096, 5
	limit := c.x.e.o.Compact.ListSize.Load()
	if limit >= 0 {
		return safeBytes, max(limit, 1)
	}
	return smallest << (min(-limit, levels) - 1), math.MaxInt64
}

// prepare makes a tree of a listpack that cannot take one more element.
func (c *collection) prepare(element []byte) {
	if !c.packed() {
		return
	}
	size, count := c.listLimits()
	if int64(len(c.pack)+len(element)) <= size && int64(c.len()) < count && c.room(len(element)) {
		return
	}
	old := c.list()
	c.become(treeForm, nil)
	c.tree, c.count = newTree(c), 0
	var scratch [20]byte
	for pos := old.First(); pos != 0; pos = old.Next(pos) {
		c.tree.insert(c.tree.seekGap(c.count), c.tree.newItem(old.Get(pos, &scratch)))
	}
}

// shrunk follows the removal of elements: a tree that is one node, half as large as a listpack may be, becomes
// one again, as a quicklist does since Redis 7.2.
func (c *collection) shrunk() {
	if !c.packed() && c.count > 0 && c.tree.root.level == 0 {
		size, count := c.listLimits()
		if root := c.tree.root; int64(root.size) <= size/2 && int64(c.count) <= count/2 {
			c.repack(root.items, int(size/2))
		}
	}
	c.removed()
}

// repack makes a listpack of the elements, unless it gets longer than size.
func (c *collection) repack(items []item, size int) {
	lp := emptyList()
	for i := range items {
		if items[i].long != nil {
			return
		}
		lp = lp.Append(items[i].text)
	}
	if len(lp) <= min(size, c.x.e.o.packed/2) {
		c.become(packForm, lp)
		c.count = 0
	}
}

// At implements backends.List.
func (v *listView) At(i int) []byte {
	c := v.value()
	if c == nil {
		return nil
	}
	if c.packed() {
		return c.element(c.list().Seek(i))
	}
	path := c.tree.seek(i, true)
	if path == nil {
		return nil
	}
	leaf := path[len(path)-1]
	return c.tree.text(&leaf.n.items[leaf.i])
}

// Put implements backends.List.
func (v *listView) Put(i int, element []byte) {
	c := v.value()
	if c == nil {
		return
	}
	c.prepare(element)
	if c.packed() {
		lp := c.own()
		c.pack = lp.Replace(lp.Seek(i), element)
		return
	}
	if path := c.tree.seek(i, true); path != nil {
		c.tree.replace(path, c.tree.newItem(element))
		c.shrunk()
	}
}

// Push implements backends.List.
func (v *listView) Push(front bool, element []byte) {
	c := v.create(packForm, emptyList())
	if c == nil {
		return
	}
	i := 0
	if !front {
		i = c.len()
	}
	c.insertAt(i, element)
}

// Insert implements backends.List.
func (v *listView) Insert(i int, element []byte) {
	if c := v.create(packForm, emptyList()); c != nil {
		c.insertAt(i, element)
	}
}

func (c *collection) insertAt(i int, element []byte) {
	c.prepare(element)
	switch n := c.len(); {
	case !c.packed():
		if path := c.tree.seekGap(i); path != nil {
			c.tree.insert(path, c.tree.newItem(element))
		}
	case i == n:
		c.pack = c.own().Append(element)
	default:
		lp := c.own()
		c.pack = lp.InsertBefore(lp.Seek(i), element)
	}
}

// Remove implements backends.List.
func (v *listView) Remove(i, n int) {
	c := v.value()
	if c == nil || n <= 0 {
		return
	}
	if c.packed() {
		c.pack = c.own().DeleteRange(i, n)
		c.removed()
		return
	}
	for n > 0 {
		path := c.tree.seek(i, true)
		if path == nil {
			return
		}
		n -= c.tree.remove(path, n)
	}
	c.shrunk()
}

// Each implements backends.List.
func (v *listView) Each(i int, back bool, fn func(element []byte) (more bool)) {
	c := v.value()
	switch {
	case c == nil:
	case c.packed():
		eachIn(c.list(), i, back, fn)
	default:
		c.x.flush() // so that fn does not, by what it reads
		c.tree.each(i, back, func(it *item) bool {
			element := c.tree.text(it)
			return c.x.err == nil && fn(element)
		})
	}
}

// eachIn visits the elements of a listpack from an index on.
func eachIn(lp listpack.List, i int, back bool, fn func(element []byte) (more bool)) {
	if i < 0 {
		return // which to a listpack is one from the end
	}
	var scratch [20]byte
	next := lp.Next
	if back {
		next = lp.Prev
	}
	for pos := lp.Seek(i); pos != 0; pos = next(pos) {
		if !fn(lp.Get(pos, &scratch)) {
			return
		}
	}
}

// Filter implements backends.List.
func (v *listView) Filter(back bool, fn func(element []byte) (remove, more bool)) {
	c := v.value()
	switch {
	case c == nil:
	case c.packed():
		c.filterPacked(back, fn)
	default:
		c.tree.filter(c.tree.root, back, fn)
		c.tree.lower()
		if n := c.tree.root.count(); n != c.count {
			c.count = n
			c.touch()
			c.shrunk()
		}
	}
}

func (c *collection) filterPacked(back bool, fn func(element []byte) (remove, more bool)) {
	var scratch [20]byte
	lp := c.list()
	pos := lp.First()
	if back {
		pos = lp.Last()
	}
	for more := true; pos != 0 && more; {
		var remove bool
		remove, more = fn(lp.Get(pos, &scratch))
		at := pos
		if back {
			pos = lp.Prev(at)
		} else if !remove {
			pos = lp.Next(at)
		}
		if remove {
			var next int
			lp, next = c.own().Delete(at, 1)
			if c.pack = lp; !back {
				pos = next
			}
		}
	}
	c.removed()
}
