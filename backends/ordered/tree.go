package ordered

import (
	"bytes"
	"slices"
	"sort"

	"switchyard/backends"
)

// A large list or sorted set is a B+tree of blocks: leaves with some 100 elements, and above them nodes
// that count what is below. So an element is found by its index, and in a sorted set by its order, by reading
// as many blocks as the tree is high, three for a million elements; an insert or a removal writes those
// again. Nodes are read once in a transaction and written once, at its end.
//
// A node that has become too large is split in two, one that has become small is merged with a neighbour if
// both together leave room. At the ends of the tree a split leaves the old node full: so pushes fill
// leaves instead of leaving them half empty.
type tree struct {
	c       *collection
	version uint64 // of the records of nodes
	count   *int   // of elements
	sorted  bool   // elements are in order, whatever they are
	scored  bool   // a sorted set: they have scores
	root    *node
	path    []step // of the last search
}

// step is one node on the way to an element, and the entry that the way goes on with.
type step struct {
	n *node
	i int
}

// newTree is the tree of a collection that has no elements yet.
func newTree(c *collection) *tree {
	scored := c.kind == backends.ZSetType
	return &tree{c: c, version: c.version, count: &c.count, sorted: scored, scored: scored, root: &node{}}
}

// text is the text of an element; it is read and kept when it is in chunks.
func (t *tree) text(it *item) []byte {
	if it.text == nil && it.long != nil {
		it.text = t.c.x.fetch(t.c.at.key, *it.long)
	}
	return it.text
}

// newItem is an element of a list. A long one is stored.
func (t *tree) newItem(element []byte) item {
	if len(element) > t.c.x.e.o.element {
		long := t.c.x.storeIn(t.version, element)
		return item{long: &long}
	}
	return item{text: append([]byte{}, element...)}
}

// dropItem removes the chunks of an element. Those in a sorted set are shared with the member's record,
// which is dropped too.
func (t *tree) dropItem(it *item) {
	if it.long != nil && !t.scored {
		t.c.x.erase(t.c.at.key, *it.long)
	}
}

// seek goes to the element at an index. With keep its leaf stays in memory, for a change. The path is nil after
// an error, and valid until the next search.
func (t *tree) seek(i int, keep bool) []step {
	t.path = t.path[:0]
	n := t.root
	for n.level > 0 {
		k := 0
		for ; k < len(n.kids)-1 && i >= n.kids[k].count; k++ {
			i -= n.kids[k].count
		}
		t.path = append(t.path, step{n, k})
		if n = t.kid(n, k, keep || n.level > 1); n == nil {
			return nil
		}
	}
	if i >= len(n.items) {
		t.c.fail(errDamaged)
		return nil
	}
	t.path = append(t.path, step{n, i})
	return t.path
}

// seekGap goes to where an element would be inserted to have an index.
func (t *tree) seekGap(i int) []step {
	if i == 0 {
		return t.search(func(*item) int { return 1 })
	}
	path := t.seek(i-1, true)
	if path != nil {
		path[len(path)-1].i++
	}
	return path
}

// search goes to the first element that is not before some place, to which compare compares an element.
func (t *tree) search(compare func(it *item) int) []step {
	t.path = t.path[:0]
	n := t.root
	for n.level > 0 {
		k := sort.Search(len(n.kids)-1, func(k int) bool { return compare(&n.kids[k+1].edge) > 0 })
		t.path = append(t.path, step{n, k})
		if n = t.kid(n, k, true); n == nil {
			return nil
		}
	}
	i := sort.Search(len(n.items), func(i int) bool { return compare(&n.items[i]) >= 0 })
	if t.c.x.err != nil {
		return nil
	}
	t.path = append(t.path, step{n, i})
	return t.path
}

// index is how many elements are before the place that a path leads to.
func index(path []step) (i int) {
	for _, s := range path {
		if s.n.level == 0 {
			return i + s.i
		}
		for k := range s.i {
			i += s.n.kids[k].count
		}
	}
	return i
}

// each visits the elements from an index on, or back from it, until fn says not to go on.
func (t *tree) each(i int, back bool, fn func(it *item) (more bool)) {
	for i >= 0 && i < *t.count && t.c.x.err == nil {
		path := t.seek(i, false)
		if path == nil {
			return
		}
		leaf := path[len(path)-1]
		items, j := leaf.n.items, leaf.i
		for ; j >= 0 && j < len(items); j += direction(back) {
			if !fn(&items[j]) {
				return
			}
		}
		i += j - leaf.i
	}
}

func direction(back bool) int {
	if back {
		return -1
	}
	return 1
}

// insert puts an element where the path leads.
func (t *tree) insert(path []step, it item) {
	cut := cutOf(path)
	leaf := path[len(path)-1]
	leaf.n.items = slices.Insert(leaf.n.items, leaf.i, it)
	leaf.n.size += t.itemSize(&it)
	t.adjust(path, 1)
	t.divide(path, cut)
}

// adjust counts elements that have come or gone where the path leads.
func (t *tree) adjust(path []step, by int) {
	for _, s := range path {
		if s.n.changed = true; s.n.level > 0 {
			s.n.kids[s.i].count += by
		}
	}
	*t.count += by
	t.c.touch()
}

// replace makes it the element that the path leads to.
func (t *tree) replace(path []step, it item) {
	leaf := path[len(path)-1]
	old := &leaf.n.items[leaf.i]
	t.dropItem(old)
	leaf.n.size += t.itemSize(&it) - t.itemSize(old)
	*old = it
	t.adjust(path, 0)
	t.divide(path, cutMiddle)
}

// remove removes up to n elements from where the path leads, as many as there are in that leaf, and returns
// their number.
func (t *tree) remove(path []step, n int) int {
	leaf := path[len(path)-1]
	n = min(n, len(leaf.n.items)-leaf.i)
	for i := range n {
		it := &leaf.n.items[leaf.i+i]
		t.dropItem(it)
		leaf.n.size -= t.itemSize(it)
	}
	leaf.n.items = slices.Delete(leaf.n.items, leaf.i, leaf.i+n)
	t.adjust(path, -n)
	for d := len(path) - 1; d > 0; d-- {
		t.mend(path[d-1].n, path[d-1].i)
	}
	t.lower()
	return n
}

// filter visits all elements below a node, from the front or from the back, and removes those for which fn
// says so, until it says not to go on.
func (t *tree) filter(n *node, back bool, fn func(element []byte) (remove, more bool)) (more bool) {
	if n.level == 0 {
		return t.filterLeaf(n, back, fn)
	}
	more = true
	for k := range n.kids {
		if back {
			k = len(n.kids) - 1 - k
		}
		child := t.kid(n, k, false)
		if child == nil {
			return false
		}
		more = t.filter(child, back, fn)
		if count := child.count(); count != n.kids[k].count {
			n.kids[k].count, n.kids[k].node, n.changed = count, child, true
		}
		if !more {
			break
		}
	}
	for k := len(n.kids) - 1; k >= 0 && t.c.x.err == nil; k-- {
		if child := n.kids[k].node; child != nil && child.changed {
			t.mend(n, k)
		}
	}
	return more
}

func (t *tree) filterLeaf(n *node, back bool, fn func(element []byte) (remove, more bool)) (more bool) {
	gone := make([]bool, len(n.items))
	more = true
	for i := range n.items {
		if back {
			i = len(n.items) - 1 - i
		}
		element := t.text(&n.items[i])
		if t.c.x.err != nil {
			return false
		}
		if gone[i], more = fn(element); gone[i] {
			n.size -= t.itemSize(&n.items[i])
			t.dropItem(&n.items[i])
			n.changed = true
		}
		if !more {
			break
		}
	}
	if n.changed {
		i := -1
		n.items = slices.DeleteFunc(n.items, func(item) bool { i++; return gone[i] })
	}
	return more
}

// order compares two elements of a sorted set.
func order(aScore float64, a []byte, bScore float64, b []byte) int {
	switch {
	case aScore < bScore:
		return -1
	case aScore > bScore:
		return 1
	}
	return bytes.Compare(a, b)
}
