package ordered

import (
	"encoding/binary"
	"fmt"
	"math"
)

// A node of a tree is
//
//	level: 1 | entries: uvarint | entry...
//
// An entry of a leaf, which has level 0, is an element. That of an inner node is a child: where it is, how
// many elements it has and, where these are in order, its edge. No element of the child comes before the edge, and
// none of those before the child comes after it. An edge need not be an element: it is as short as it can be. That
// of the first child means nothing.
//
//	element   length * 2: uvarint | text             [score: 8]     in a sorted set
//	          length * 2 + 1: uvarint | id: 8                       when the text is too long: it is in chunks
//	child     node: 8 | elements: uvarint | [edge: as an element]
//
// It is not a listpack, because an element must be able to be elsewhere, and because a tree is never sent to
// anybody as it is.
type node struct {
	id    uint64 // 0: the root, which is in the record of the key
	level int
	items []item
	kids  []kid

	size    int  // of all items
	stored  bool // there is a record
	changed bool // which is out of date
}

// item is an element.
type item struct {
	text  []byte // nil: in long
	long  *part
	score float64
}

// kid is a child.
type kid struct {
	id    uint64
	count int
	edge  item
	node  *node // nil: not read yet
}

const (
	maxLevel = 32
	maxCount = 1 << 48 // of elements, so that sums do not overflow
)

func (n *node) count() (sum int) {
	if n.level == 0 {
		return len(n.items)
	}
	for i := range n.kids {
		sum += n.kids[i].count
	}
	return sum
}

func (t *tree) itemSize(it *item) int {
	size := binary.MaxVarintLen16 + len(it.text)
	if it.long != nil {
		size = binary.MaxVarintLen64 + 8
	}
	if t.scored {
		size += 8
	}
	return size
}

func (t *tree) nodeSize(n *node) (size int) {
	for i := range n.kids {
		if size += 8 + binary.MaxVarintLen16; t.sorted {
			size += t.itemSize(&n.kids[i].edge)
		}
	}
	return size + n.size
}

func (t *tree) encode(n *node) []byte {
	b := make([]byte, 1, 1+binary.MaxVarintLen16+t.nodeSize(n))
	b[0] = byte(n.level)
	b = binary.AppendUvarint(b, uint64(len(n.items)+len(n.kids)))
	for i := range n.items {
		b = t.appendItem(b, &n.items[i])
	}
	for i := range n.kids {
		k := &n.kids[i]
		b = binary.AppendUvarint(binary.BigEndian.AppendUint64(b, k.id), uint64(k.count))
		if t.sorted {
			b = t.appendItem(b, &k.edge)
		}
	}
	return b
}

func (t *tree) appendItem(b []byte, it *item) []byte {
	if it.long != nil {
		b = binary.AppendUvarint(b, it.long.size<<1|1)
		b = binary.BigEndian.AppendUint64(b, it.long.version)
	} else {
		b = binary.AppendUvarint(b, uint64(len(it.text))<<1)
		b = append(b, it.text...)
	}
	if t.scored {
		b = binary.BigEndian.AppendUint64(b, math.Float64bits(it.score))
	}
	return b
}

// decode reads a node, whose texts are parts of b.
func (t *tree) decode(b []byte) (*node, error) {
	if len(b) == 0 || b[0] > maxLevel {
		return nil, errDamaged
	}
	d := decoder{b: b[1:]}
	n := &node{level: int(b[0])}
	entries := d.uvarint()
	if d.bad || entries == 0 || entries > uint64(len(d.b)) {
		return nil, errDamaged
	}
	if n.level == 0 {
		n.items = make([]item, entries)
		for i := range n.items {
			t.decodeItem(&d, &n.items[i])
			n.size += t.itemSize(&n.items[i])
		}
	} else {
		n.kids = make([]kid, entries)
		for i := range n.kids {
			t.decodeKid(&d, &n.kids[i])
		}
	}
	if d.bad || len(d.b) > 0 {
		return nil, errDamaged
	}
	return n, nil
}

func (t *tree) decodeItem(d *decoder, it *item) {
	size := d.uvarint()
	if size&1 == 0 {
		it.text = d.bytes(size >> 1)
	} else {
		it.long = &part{version: d.uint64(), size: size >> 1, owner: t.version}
		if it.long.version == 0 || it.long.size == 0 {
			d.bad = true
		}
	}
	if t.scored {
		it.score = math.Float64frombits(d.uint64())
		d.bad = d.bad || math.IsNaN(it.score)
	}
}

func (t *tree) decodeKid(d *decoder, k *kid) {
	k.id = d.uint64()
	count := d.uvarint()
	if k.count = int(count); k.id == 0 || count == 0 || count > maxCount {
		d.bad = true
	}
	if t.sorted {
		t.decodeItem(d, &k.edge)
	}
}

// decoder reads what was appended. Once something is missing it is bad, and all that follows is zero.
type decoder struct {
	b   []byte
	bad bool
}

func (d *decoder) uvarint() uint64 {
	n, size := binary.Uvarint(d.b)
	if size <= 0 || d.bad {
		d.bad = true
		return 0
	}
	d.b = d.b[size:]
	return n
}

func (d *decoder) uint64() uint64 {
	b := d.bytes(8)
	if b == nil {
		return 0
	}
	return binary.BigEndian.Uint64(b)
}

// bytes are the next n; nil when there are fewer.
func (d *decoder) bytes(n uint64) (b []byte) {
	if d.bad || n > uint64(len(d.b)) {
		d.bad = true
		return nil
	}
	b, d.b = d.b[:n:n], d.b[n:]
	return b
}

// kid reads a child; nil after an error. It stays in memory when keep says so.
func (t *tree) kid(n *node, i int, keep bool) *node {
	k := &n.kids[i]
	if k.node != nil {
		return k.node
	}
	record := t.c.x.get(nodeKey(t.version, k.id))
	if t.c.x.err != nil {
		return nil
	}
	child, err := t.decode(record)
	if err == nil && (child.level != n.level-1 || child.count() != k.count) {
		err = errDamaged
	}
	if err != nil {
		t.c.fail(fmt.Errorf("node %x: %w", k.id, err))
		return nil
	}
	child.id, child.stored = k.id, true
	if keep {
		k.node = child
	}
	return child
}

// write writes the nodes that were changed, and returns the root for the record of the key.
func (t *tree) write() []byte {
	t.writeKids(t.root)
	return t.encode(t.root)
}

func (t *tree) writeKids(n *node) {
	for i := range n.kids {
		child := n.kids[i].node
		if child == nil {
			continue
		}
		t.writeKids(child)
		if child.changed {
			t.c.x.set(nodeKey(t.version, child.id), t.encode(child))
			child.changed, child.stored = false, true
		}
	}
}

// discard removes the record of a node that is no longer in the tree.
func (t *tree) discard(n *node) {
	if n.stored {
		t.c.x.set(nodeKey(t.version, n.id), nil)
	}
}
