package ordered

import "slices"

// How a tree keeps its shape.

// cut says where to split a node.
type cut int

const (
	cutMiddle cut = iota
	cutFront      // the element was inserted before all others: the right node stays full
	cutBack
)

// cutOf looks whether a path leads to one of the ends.
func cutOf(path []step) cut {
	front, back := true, true
	for _, s := range path {
		last := len(s.n.items)
		if s.n.level > 0 {
			last = len(s.n.kids) - 1
		}
		front, back = front && s.i == 0, back && s.i == last
	}
	switch {
	case back:
		return cutBack
	case front:
		return cutFront
	}
	return cutMiddle
}

// full says whether a node has to be split.
func (t *tree) full(n *node) bool {
	o := &t.c.x.e.o
	if n.level == 0 {
		return len(n.items) > o.leafItems || n.size > o.leafBytes && len(n.items) > 1
	}
	const least = 4 // so that a tree with long edges does not become a list
	return len(n.kids) > o.nodeKids || len(n.kids) > least && t.nodeSize(n) > o.nodeBytes
}

// divide splits what has become too large on a path.
func (t *tree) divide(path []step, where cut) {
	for d := len(path) - 1; d > 0 && t.full(path[d].n); d-- {
		t.split(path[d-1].n, path[d-1].i, where)
	}
	if t.full(t.root) {
		old := t.root
		old.id, old.changed = t.c.x.e.newVersion(), true
		t.root = &node{level: old.level + 1, kids: []kid{{id: old.id, count: old.count(), node: old}}}
		t.split(t.root, 0, where)
	}
}

// split makes two of a child of p.
func (t *tree) split(p *node, k int, where cut) {
	left := p.kids[k].node
	right := &node{id: t.c.x.e.newVersion(), level: left.level, changed: true}
	at := t.cutAt(left, where)
	var edge item
	if left.level == 0 {
		right.items = append(right.items, left.items[at:]...)
		left.items = slices.Delete(left.items, at, len(left.items))
		for i := range right.items {
			right.size += t.itemSize(&right.items[i])
		}
		left.size -= right.size
		edge = t.between(&left.items[at-1], &right.items[0])
	} else {
		right.kids = append(right.kids, left.kids[at:]...)
		left.kids = slices.Delete(left.kids, at, len(left.kids))
		edge, right.kids[0].edge = right.kids[0].edge, item{}
	}
	left.changed, p.changed = true, true
	p.kids[k].count = left.count()
	p.kids = slices.Insert(p.kids, k+1, kid{id: right.id, count: right.count(), edge: edge, node: right})
}

// cutAt is the number of entries that stay on the left.
func (t *tree) cutAt(n *node, where cut) int {
	entries := len(n.items) + len(n.kids)
	switch {
	case where == cutFront:
		return 1
	case where == cutBack:
		return entries - 1
	case n.level > 0:
		return entries / 2
	}
	at, size := 0, 0
	for ; at < entries-1 && (at == 0 || size < n.size/2); at++ {
		size += t.itemSize(&n.items[at])
	}
	return at
}

// between is the edge of a leaf: not after its first element b, after the element a before it, and as short as
// can be. Where members are in order whatever their scores, edges are so too.
func (t *tree) between(a, b *item) item {
	if !t.sorted {
		return item{}
	}
	before, first := t.text(a), t.text(b)
	n := 0
	for n < min(len(before), len(first)) && before[n] == first[n] {
		n++
	}
	edge := t.newItem(first[:min(n+1, len(first))])
	edge.score = b.score
	return edge
}

// dropEdge removes the chunks of an edge, which no other one has.
func (t *tree) dropEdge(edge *item) {
	if edge.long != nil {
		t.c.x.erase(t.c.at.key, *edge.long)
	}
}

// mend removes a child of p that has become empty, and merges one that has become small.
func (t *tree) mend(p *node, k int) {
	child := p.kids[k].node
	if child.count() == 0 {
		t.discard(child)
		t.dropEdge(&p.kids[k].edge)
		p.kids, p.changed = slices.Delete(p.kids, k, k+1), true
		return
	}
	if !t.within(child, nil, 1) {
		return
	}
	for _, left := range []int{k, k - 1} {
		if left >= 0 && left+1 < len(p.kids) && t.mayMerge(p, left) {
			t.merge(p, left)
			return
		}
	}
}

// mayMerge says whether a child of p and the next one together leave room in a node.
func (t *tree) mayMerge(p *node, left int) bool {
	if p.level == 1 && 4*(p.kids[left].count+p.kids[left+1].count) > 3*t.c.x.e.o.leafItems {
		return false
	}
	a, b := t.kid(p, left, true), t.kid(p, left+1, true)
	return a != nil && b != nil && t.within(a, b, 3)
}

// within says whether one or two nodes together take no more than some quarters of the space of one.
func (t *tree) within(a, b *node, quarters int) bool {
	o := &t.c.x.e.o
	entries, size := len(a.items)+len(a.kids), t.nodeSize(a)
	if b != nil {
		entries, size = entries+len(b.items)+len(b.kids), size+t.nodeSize(b)
	}
	if a.level == 0 {
		return 4*entries <= quarters*o.leafItems && 4*size <= quarters*o.leafBytes
	}
	return 4*entries <= quarters*o.nodeKids && 4*size <= quarters*o.nodeBytes
}

// merge adds the child behind left to left.
func (t *tree) merge(p *node, left int) {
	a, b := p.kids[left].node, p.kids[left+1].node
	edge := p.kids[left+1].edge
	if b.level > 0 {
		edge, b.kids[0].edge = b.kids[0].edge, edge
	}
	t.dropEdge(&edge)
	a.items, a.kids, a.size = append(a.items, b.items...), append(a.kids, b.kids...), a.size+b.size
	a.changed, p.changed = true, true
	p.kids[left].count = a.count()
	p.kids = slices.Delete(p.kids, left+1, left+2)
	t.discard(b)
}

// lower makes the only child of a root the root.
func (t *tree) lower() {
	for t.root.level > 0 && len(t.root.kids) == 1 {
		child := t.kid(t.root, 0, true)
		if child == nil {
			return
		}
		t.discard(child)
		t.dropEdge(&t.root.kids[0].edge)
		child.id, child.stored = 0, false
		t.root = child
	}
}
