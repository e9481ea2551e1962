package memory

import (
	"bytes"
	"slices"
	"unsafe"
)

// ranks keeps the members of a sorted set in order: a B-tree whose branches count what is below
// each of their kids, so that an insertion, a rank, and the member at a rank cost a walk from
// the root. tidwall/btree finds the item at an index in the same way, but not the index of an item: by its
// GetAt that takes a binary search of such walks. A leaf has scores beside the members, so that a search
// looks at the text of members with equal scores alone.
type ranks struct {
	root  *branch
	bytes int64
}

// branch is a node of the tree. It is a leaf when it has no kids.
//
// Of a node with kids, the items are edges between them: all of kids[i-1] come before items[i], and
// none of kids[i] does; items[0] counts for nothing. The member of an edge may have left the set.
type branch struct {
	items []ranked
	kids  []kid
}

type ranked struct {
	score float64 // of a member that is there: the same that it has itself
	m     member
}

type kid struct {
	node  *branch
	count int // members in and below it
}

// fanout is how many items a node has at most, and fewest how many it has before it is joined with
// a neighbour.
const (
	fanout = 64
	fewest = fanout / 4
)

const (
	leafBytes   = int64(unsafe.Sizeof(branch{})) + fanout*int64(unsafe.Sizeof(ranked{}))
	branchBytes = leafBytes + fanout*int64(unsafe.Sizeof(kid{}))
)

// edge is a place between the members of a sorted set.
type edge struct {
	by    edgeBy
	after bool // behind the members that it names, not before them
	score float64
	text  []byte
}

type edgeBy uint8

const (
	byBoth edgeBy = iota
	byScore
	byText
)

// exceeds says whether an item comes before the edge.
func (e *edge) exceeds(it *ranked) bool {
	before, decided := e.exceedsScore(it.score)
	return before || !decided && e.exceedsText(it.m.text())
}

// exceedsScore is what the score of a member says about exceeds.
func (e *edge) exceedsScore(score float64) (before, decided bool) {
	switch {
	case e.by == byText:
		return false, false
	case score != e.score:
		return score < e.score, true
	default:
		return e.by == byScore && e.after, e.by == byScore
	}
}

func (e *edge) exceedsText(text []byte) bool {
	c := bytes.Compare(text, e.text)
	return c < 0 || c == 0 && e.after
}

func newRanks() ranks { return ranks{newLeaf(nil), leafBytes} }

func newLeaf(items []ranked) *branch {
	return &branch{items: append(make([]ranked, 0, fanout), items...)}
}

func newBranch(items []ranked, kids []kid) *branch {
	n := newLeaf(items)
	n.kids = append(make([]kid, 0, fanout), kids...)
	return n
}

// search counts the items of a leaf before the edge.
func (n *branch) search(e *edge) int { return n.searchFrom(0, e) }

// searchFrom is the index of the first item, from that at low on, that is not before the edge.
func (n *branch) searchFrom(low int, e *edge) int {
	high := len(n.items)
	for low < high {
		if mid := (low + high) / 2; e.exceeds(&n.items[mid]) {
			low = mid + 1
		} else {
			high = mid
		}
	}
	return low
}

// below is which kid the edge leads to: the last that begins before it.
func (n *branch) below(e *edge) int { return n.searchFrom(1, e) - 1 }

func (n *branch) count() (count int) {
	if n.kids == nil {
		return len(n.items)
	}
	for i := range n.kids {
		count += n.kids[i].count
	}
	return count
}

// rank counts the members before the edge.
func (t *ranks) rank(e *edge) (rank int) {
	n := t.root
	for n.kids != nil {
		at := n.below(e)
		for i := range n.kids[:at] {
			rank += n.kids[i].count
		}
		n = n.kids[at].node
	}
	return rank + n.search(e)
}

// insert adds a member that is not there.
func (t *ranks) insert(m member, score float64) {
	e := edge{by: byBoth, after: true, score: score, text: m.text()}
	if split := t.add(t.root, ranked{score, m}, &e); split != nil {
		edges := []ranked{{}, split.items[0]}
		t.root = newBranch(edges, []kid{{t.root, t.root.count()}, {split, split.count()}})
		t.bytes += branchBytes
	}
}

// add returns the new right neighbour of n when n had to be split.
func (t *ranks) add(n *branch, it ranked, e *edge) (split *branch) {
	if n.kids == nil {
		return t.put(n, n.search(e), it, kid{})
	}
	at := n.below(e)
	k := &n.kids[at]
	right := t.add(k.node, it, e)
	if right == nil {
		k.count++
		return nil
	}
	k.count = k.node.count()
	return t.put(n, at+1, right.items[0], kid{right, right.count()})
}

// put adds an item, and its kid in a node that has kids. A node that is full is split, where the item
// comes last or first unevenly: members that come in order leave full nodes behind.
func (t *ranks) put(n *branch, at int, it ranked, k kid) (split *branch) {
	into := n
	if len(n.items) == fanout {
		cut := fanout / 2
		switch at {
		case fanout:
			cut = fanout * 15 / 16
		case 0, 1:
			cut = fanout / 16
		}
		split = t.split(n, cut)
		if at > cut {
			into, at = split, at-cut
		}
	}
	into.items = slices.Insert(into.items, at, it)
	if into.kids != nil {
		into.kids = slices.Insert(into.kids, at, k)
	}
	return split
}

func (t *ranks) split(n *branch, cut int) (right *branch) {
	if n.kids == nil {
		t.bytes += leafBytes
		right = newLeaf(n.items[cut:])
	} else {
		t.bytes += branchBytes
		right = newBranch(n.items[cut:], n.kids[cut:])
	}
	n.cut(cut)
	return right
}

// cut leaves n its first items.
func (n *branch) cut(at int) {
	clear(n.items[at:])
	n.items = n.items[:at]
	if n.kids != nil {
		clear(n.kids[at:])
		n.kids = n.kids[:at]
	}
}

// remove takes out a member that is there.
func (t *ranks) remove(m member) {
	t.take(t.root, &edge{by: byBoth, after: true, score: m.score(), text: m.text()})
	for len(t.root.kids) == 1 {
		t.root = t.root.kids[0].node
		t.bytes -= branchBytes
	}
}

// take removes the last item before the edge.
func (t *ranks) take(n *branch, e *edge) {
	if n.kids == nil {
		at := n.search(e)
		n.items = slices.Delete(n.items, at-1, at)
		return
	}
	at := n.below(e)
	k := &n.kids[at]
	t.take(k.node, e)
	if k.count--; len(k.node.items) < fewest && len(n.kids) > 1 {
		t.join(n, max(0, at-1))
	}
}

// join makes one node of two neighbours, or two of the same size where one would be too full.
func (t *ranks) join(n *branch, at int) {
	left, right := n.kids[at].node, n.kids[at+1].node
	if right.kids != nil {
		right.items[0] = n.items[at+1]
	}
	if len(left.items)+len(right.items) > fanout {
		left.share(right)
		n.items[at+1] = right.items[0]
		n.kids[at].count, n.kids[at+1].count = left.count(), right.count()
		return
	}
	left.items = append(left.items, right.items...)
	if t.bytes -= leafBytes; left.kids != nil {
		left.kids = append(left.kids, right.kids...)
		t.bytes -= branchBytes - leafBytes
	}
	n.kids[at].count += n.kids[at+1].count
	n.items = slices.Delete(n.items, at+1, at+2)
	n.kids = slices.Delete(n.kids, at+1, at+2)
}

// share gives n and its right neighbour as many items.
func (n *branch) share(right *branch) {
	half := (len(n.items) + len(right.items)) / 2
	if more := len(n.items) - half; more > 0 {
		right.items = slices.Insert(right.items, 0, n.items[half:]...)
		if n.kids != nil {
			right.kids = slices.Insert(right.kids, 0, n.kids[half:]...)
		}
		n.cut(half)
		return
	}
	more := half - len(n.items)
	n.items = append(n.items, right.items[:more]...)
	right.items = slices.Delete(right.items, 0, more)
	if n.kids != nil {
		n.kids = append(n.kids, right.kids[:more]...)
		right.kids = slices.Delete(right.kids, 0, more)
	}
}

// move gives a member, which keeps its own score for the moment, its place for another score.
func (t *ranks) move(m member, score float64) {
	old := edge{by: byBoth, after: true, score: m.score(), text: m.text()}
	leaf := t.root
	for leaf.kids != nil {
		leaf = leaf.kids[leaf.below(&old)].node
	}
	at := leaf.search(&old) - 1
	is := edge{by: byBoth, score: score, text: old.text}
	if at > 0 && at < len(leaf.items)-1 && is.exceeds(&leaf.items[at-1]) && !is.exceeds(&leaf.items[at+1]) {
		leaf.items[at].score = score // most changes are small
		return
	}
	t.remove(m)
	t.insert(m, score)
}

// each visits the members from a rank on, or back from it, until visit says not to go on.
func (n *branch) each(rank int, back bool, visit func(ranked) bool) (more bool) {
	if n.kids == nil {
		return n.eachItem(rank, back, visit)
	}
	at := 0
	for rank >= n.kids[at].count {
		rank -= n.kids[at].count
		at++
	}
	more = n.kids[at].node.each(rank, back, visit)
	if back {
		for at--; more && at >= 0; at-- {
			more = n.kids[at].node.each(n.kids[at].count-1, back, visit)
		}
		return more
	}
	for at++; more && at < len(n.kids); at++ {
		more = n.kids[at].node.each(0, back, visit)
	}
	return more
}

func (n *branch) eachItem(at int, back bool, visit func(ranked) bool) (more bool) {
	step := 1
	if back {
		step = -1
	}
	for more = true; more && at >= 0 && at < len(n.items); at += step {
		more = visit(n.items[at])
	}
	return more
}

// clone copies the tree with members of its own, which it reports.
func (n *branch) clone(made func(member)) *branch {
	if n.kids == nil {
		c := newLeaf(n.items)
		for i := range c.items {
			it := &c.items[i]
			it.m = newMember(it.m.text(), it.score)
			made(it.m)
		}
		return c
	}
	c := newBranch(n.items, n.kids)
	for i := range c.kids {
		c.kids[i].node = c.kids[i].node.clone(made)
	}
	return c
}
