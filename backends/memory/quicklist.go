package memory

import (
	"bytes"
	"slices"
	"unsafe"

	"switchyard/backends/listpack"
)

// quicklist is a list of any length: nodes with a share of the elements each, one after the other in a
// window of a slice,
//
//	buf   | free | node | node | ... | node | free |
//	             lo                        hi
//
// so that a node at either end comes and goes in constant time, amortised: a window that has reached
// the edge of the slice is moved to its middle. An index is found by adding up the nodes'
// counts, and the middle is edited by moving the nodes behind. Both are linear in the number of nodes as
// they are in Redis, but over a few contiguous bytes per node where Redis follows a pointer; a tree
// above them would pay off for lists of gigabytes only.
//
// When nodes are filled, cut and joined is up to Redis 7.2, because OBJECT ENCODING depends on it: an
// insert joins nodes, a removal never does.
type quicklist struct {
	buf    []node
	lo, hi int
	count  int   // elements
	bytes  int64 // allocated for nodes and buf
}

const quicklistBytes = int64(unsafe.Sizeof(quicklist{}))

func (q *quicklist) nodes() []node { return q.buf[q.lo:q.hi] }

// put makes pack, with more elements than before, the contents of node k.
func (q *quicklist) put(k int, pack listpack.List, more int) {
	n := &q.buf[q.lo+k]
	q.bytes += allocated(int64(cap(pack))) - allocated(int64(cap(n.pack)))
	q.count += more
	n.pack, n.count = pack, n.count+int32(more)
}

// add makes n the node number k.
func (q *quicklist) add(k int, n node) {
	front := k < (q.hi-q.lo+1)/2
	if front && q.lo == 0 || !front && q.hi == len(q.buf) {
		q.recentre()
	}
	if front {
		q.lo--
		copy(q.buf[q.lo:q.lo+k], q.buf[q.lo+1:])
	} else {
		q.hi++
		copy(q.buf[q.lo+k+1:q.hi], q.buf[q.lo+k:])
	}
	q.buf[q.lo+k] = n
	q.count += int(n.count)
	q.bytes += allocated(int64(cap(n.pack)))
}

// recentre moves the window to the middle of a slice with room on both sides: of the same one if it is
// half empty.
func (q *quicklist) recentre() {
	n := q.hi - q.lo
	to := q.buf
	if 2*n >= len(to) || len(to) > 8*(n+2) {
		q.bytes -= allocated(int64(len(q.buf)) * nodeBytes)
		to = make([]node, max(4, 2*n+2))
		q.bytes += allocated(int64(len(to)) * nodeBytes)
	}
	lo := (len(to) - n) / 2
	copy(to[lo:lo+n], q.nodes())
	clear(to[:lo])
	clear(to[lo+n:])
	q.buf, q.lo, q.hi = to, lo, lo+n
}

// cut removes the nodes from number k to before number end.
func (q *quicklist) cut(k, end int) {
	for _, n := range q.nodes()[k:end] {
		q.count -= int(n.count)
		q.bytes -= allocated(int64(cap(n.pack)))
	}
	if size := end - k; k < q.hi-q.lo-end {
		copy(q.buf[q.lo+size:], q.buf[q.lo:q.lo+k])
		clear(q.buf[q.lo : q.lo+size])
		q.lo += size
	} else {
		copy(q.buf[q.lo+k:], q.buf[q.lo+end:q.hi])
		clear(q.buf[q.hi-size : q.hi])
		q.hi -= size
	}
	q.shrink()
}

// shrink gives up a slice that has become much too large.
func (q *quicklist) shrink() {
	if len(q.buf) > 8*(q.hi-q.lo+2) {
		q.recentre()
	}
}

// sweep removes all nodes without elements.
func (q *quicklist) sweep() {
	kept := q.lo
	for _, n := range q.nodes() {
		if n.count == 0 {
			q.bytes -= allocated(int64(cap(n.pack)))
			continue
		}
		q.buf[kept] = n
		kept++
	}
	clear(q.buf[kept:q.hi])
	q.hi = kept
	q.shrink()
}

// locate finds the node of an index and the index in it, from the nearer end.
func (q *quicklist) locate(i int) (k, at int) {
	nodes := q.nodes()
	if i < q.count/2 {
		for i >= int(nodes[k].count) {
			i -= int(nodes[k].count)
			k++
		}
		return k, i
	}
	behind := q.count - i
	for k = len(nodes) - 1; behind > int(nodes[k].count); k-- {
		behind -= int(nodes[k].count)
	}
	return k, int(nodes[k].count) - behind
}

func (q *quicklist) push(front bool, element []byte, m nodeLimit) {
	nodes := q.nodes()
	if len(nodes) == 0 {
		q.add(0, newNode(element, 0, m))
		return
	}
	k := 0
	if !front {
		k = len(nodes) - 1
	}
	if nodes[k].accepts(element, m) {
		q.insertInto(k, front, element, m)
		return
	}
	size := 0
	if !nodes[k].plain {
		size = len(nodes[k].pack) // a node that is full shows to what size they come here
	}
	if !front {
		k++
	}
	q.add(k, newNode(element, size, m))
}

// insertInto adds an element at an end of a node that accepts it.
func (q *quicklist) insertInto(k int, front bool, element []byte, m nodeLimit) {
	pack := roomy(q.nodes()[k].pack, len(element)+overhead, m)
	if front {
		pack = pack.Prepend(element)
	} else {
		pack = pack.Append(element)
	}
	q.put(k, pack, 1)
}

// insert makes element the one at index i, which is not at an end.
func (q *quicklist) insert(i int, element []byte, m nodeLimit) {
	k, at := q.locate(i)
	nodes := q.nodes()
	switch {
	case nodes[k].accepts(element, m):
		pack := roomy(nodes[k].pack, len(element)+overhead, m)
		q.put(k, pack.InsertBefore(pack.Seek(at), element), 1)
	case at == 0 && k > 0 && nodes[k-1].accepts(element, m):
		q.insertInto(k-1, false, element, m)
	case at == 0:
		q.add(k, newNode(element, 0, m))
	default:
		q.split(k, at)
		switch nodes = q.nodes(); {
		case nodes[k].accepts(element, m):
			q.insertInto(k, false, element, m)
		case nodes[k+1].accepts(element, m):
			q.insertInto(k+1, true, element, m)
		default:
			q.add(k+1, newNode(element, 0, m))
			return
		}
		q.join(k+1, m)
		q.join(k, m)
	}
}

// split makes two nodes of node k, the second from index at on.
func (q *quicklist) split(k, at int) {
	before, after := q.nodes()[k].pack.SplitAt(at)
	moved := int(q.nodes()[k].count) - at
	q.put(k, snug(before), -moved)
	q.add(k+1, node{after, int32(moved), false})
}

// join makes one node of node k and its neighbours as far as they fit.
func (q *quicklist) join(k int, m nodeLimit) {
	for _, k := range []int{k, k - 1} { // the later first, so that the numbers stay right
		nodes := q.nodes()
		if k < 0 || k+1 >= len(nodes) || nodes[k].plain || nodes[k+1].plain ||
			!m.allow(len(nodes[k].pack)+len(nodes[k+1].pack)-empty, int(nodes[k].count+nodes[k+1].count)) {
			continue
		}
		more, pack := int(nodes[k+1].count), nodes[k+1].pack
		q.put(k, roomy(nodes[k].pack, len(pack), m).Concat(pack), more)
		q.cut(k+1, k+2)
	}
}

// replace makes element the one at index i.
func (q *quicklist) replace(i int, element []byte, m nodeLimit, scratch *[20]byte) {
	k, at := q.locate(i)
	switch n := &q.nodes()[k]; {
	case n.count == 1:
		made := newNode(element, 0, m)
		q.put(k, made.pack, 0)
		n.plain = made.plain
	case !m.large(element) && q.fits(k, at, element, m, scratch):
		pack := roomy(n.pack, len(element)+overhead, m)
		q.put(k, pack.Replace(pack.Seek(at), element), 0)
	case i == q.count-1:
		q.remove(i, 1)
		q.push(false, element, m)
	default:
		q.remove(i, 1)
		q.insert(i, element, m)
	}
}

// fits says whether element can take the place of another in a node that has more of them.
func (q *quicklist) fits(k, at int, element []byte, m nodeLimit, scratch *[20]byte) bool {
	n := &q.nodes()[k]
	more := listpack.EntrySize(element) - listpack.EntrySize(n.at(at, scratch))
	return more <= 0 || len(n.pack)+more <= m.bytes
}

// remove removes n elements from index i on.
func (q *quicklist) remove(i, n int) {
	k, at := q.locate(i)
	whole := -1 // the first of the nodes that go as a whole
	for ; n > 0; k++ {
		count := int(q.nodes()[k].count)
		part := min(n, count-at)
		n -= part
		if part < count {
			q.put(k, snug(q.nodes()[k].pack.DeleteRange(at, part)), -part)
		} else if whole < 0 {
			whole = k
		}
		if whole >= 0 && (n == 0 || part < count) {
			end := k
			if part == count {
				end++
			}
			q.cut(whole, end)
			return // what comes after whole nodes is the end
		}
		at = 0
	}
}

// each visits the elements from index i on, or back from it, as far as fn wants more.
func (q *quicklist) each(i int, back bool, scratch *[20]byte, fn func([]byte) bool) {
	nodes := q.nodes()
	k, at := q.locate(i)
	for nodes[k].each(at, back, scratch, fn) {
		if back {
			k--
		} else {
			k++
		}
		if k < 0 || k == len(nodes) {
			return
		}
		if at = 0; back {
			at = int(nodes[k].count) - 1
		}
	}
}

func (q *quicklist) filter(back bool, scratch *[20]byte, fn func([]byte) (remove, more bool)) {
	nodes, emptied := q.nodes(), false
	for more, k := true, 0; more && k < len(nodes); k++ {
		at := k
		if back {
			at = len(nodes) - 1 - k
		}
		var pack listpack.List
		var removed int
		if pack, removed, more = nodes[at].filter(back, scratch, fn); removed > 0 {
			q.put(at, snug(pack), -removed)
			emptied = emptied || nodes[at].count == 0
		}
	}
	if emptied {
		q.sweep()
	}
}

func (q *quicklist) clone() *quicklist {
	c := &quicklist{buf: slices.Clone(q.nodes()), hi: q.hi - q.lo, count: q.count}
	c.bytes = allocated(int64(len(c.buf)) * nodeBytes)
	for i := range c.buf {
		n := &c.buf[i]
		n.pack = bytes.Clone(n.pack)
		c.bytes += allocated(int64(cap(n.pack)))
	}
	return c
}
