package memory

import (
	"encoding/binary"
	"sort"

	"switchyard/backends"
)

// trim removes the first entries: node by node, and of the one where it ends by marks.
func (s *stream) trim(t backends.Trim, c *backends.Compact) (removed int) {
	limit := 0
	if t.Approx {
		if limit = t.Limit; limit == backends.DefaultLimit {
			limit = c.StreamTrim()
		}
	}
	for len(s.nodes()) > 0 && !(t.ByLength && s.Length <= t.Length) {
		n := &s.nodes()[0]
		live, _ := n.counts()
		if limit > 0 && removed+live > limit {
			break
		}
		whole := s.Length-live >= t.Length
		if !t.ByLength {
			whole = n.last().Less(t.First)
		}
		if !whole {
			if !t.Approx {
				removed += s.trimNode(n, t)
			}
			break
		}
		s.drop(0)
		s.Length -= live
		removed += live
	}
	if removed > 0 {
		s.findFirst()
	}
	return removed
}

// trimNode marks the first entries of a node as deleted. As in Redis the node stays, even when the rest
// of it had been deleted before.
func (s *stream) trimNode(n *streamNode, t backends.Trim) (removed int) {
	s.edit(n, func() {
		e := n.entries()
		for more := e.first(); more; more = e.next() {
			if t.ByLength && s.Length <= t.Length || !t.ByLength && !e.id.Less(t.First) {
				break
			}
			if e.live() {
				n.remove(e.pos)
				removed++
				s.Length--
			}
		}
		n.count(-removed, removed)
	})
	return removed
}

// Redis indexes nodes in a radix tree by their first IDs, 16 bytes each, and XINFO STREAM tells of how many
// nodes that consists: one for each ID where it ends, one for each place where IDs part, and one for each
// run of bytes in between. We keep the number without the tree.

// radixShare is how many nodes a radix tree of the IDs of nodes has beyond one without the ID at index i.
func radixShare(nodes []streamNode, i int) int {
	if len(nodes) == 1 {
		return 1 // the root of an empty tree is a node too
	}
	id := nodes[i].master
	before, after := -1, -1 // bytes in common with the neighbours
	if i > 0 {
		before = commonBytes(nodes[i-1].master, id)
	}
	if i < len(nodes)-1 {
		after = commonBytes(id, nodes[i+1].master)
	}
	parting := max(before, after)
	lo, hi := radixGroup(nodes, i, parting)
	share := 1 + radixRun(parting, idBytes)
	first, last := lo, hi-1
	if first == i {
		first++
	}
	if last == i {
		last--
	}
	below := idBytes
	if first != last {
		below = commonBytes(nodes[first].master, nodes[last].master)
	}
	if below == parting {
		return share // others part there as well
	}
	above := -1
	if lo > 0 {
		above = commonBytes(nodes[lo-1].master, id)
	}
	if hi < len(nodes) {
		above = max(above, commonBytes(id, nodes[hi].master))
	}
	return share + 1 + radixRun(above, parting) + radixRun(parting, below) - radixRun(above, below)
}

// radixGroup is the range [lo, hi) of IDs that have so many bytes in common with the one at index i.
func radixGroup(nodes []streamNode, i, common int) (lo, hi int) {
	id := nodes[i].master
	lo = sort.Search(i, func(k int) bool { return commonBytes(nodes[k].master, id) >= common })
	hi = sort.Search(len(nodes)-i-1, func(k int) bool { return commonBytes(nodes[i+1+k].master, id) < common })
	return lo, i + 1 + hi
}

const idBytes = 16

// radixRun is 1 if there are bytes between the one at which IDs part and the next such one below.
func radixRun(above, below int) int {
	if below-above > 1 {
		return 1
	}
	return 0
}

// commonBytes is how many bytes two IDs begin with together.
func commonBytes(a, b backends.StreamID) int {
	if a == b {
		return idBytes
	}
	var x, y [idBytes]byte
	binary.BigEndian.PutUint64(x[:], a.Ms)
	binary.BigEndian.PutUint64(x[8:], a.Seq)
	binary.BigEndian.PutUint64(y[:], b.Ms)
	binary.BigEndian.PutUint64(y[8:], b.Seq)
	n := 0
	for x[n] == y[n] {
		n++
	}
	return n
}
