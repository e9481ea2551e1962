package memory

import (
	"bytes"
	"math"
	"unsafe"

	"switchyard/backends/listpack"
)

// node is a listpack, or one element too big for a listpack.
type node struct {
	pack  listpack.List // the element itself when it is plain
	count int32
	plain bool
}

const nodeBytes = int64(unsafe.Sizeof(node{}))

// nodeLimit is list-max-listpack-size: what the listpacks of a list may hold.
type nodeLimit struct{ bytes, elements int }

const unlimited = math.MaxInt32 // elements

// newNodeLimit reads the setting: a number of elements, with which a listpack may take 8 KB, or -1 to -5
// for 4 to 64 KB.
func newNodeLimit(size int64) nodeLimit {
	if size >= 0 {
		return nodeLimit{8 << 10, int(max(min(size, unlimited-1), 1))}
	}
	return nodeLimit{2 << 10 << min(-size, 5), unlimited}
}

func (m nodeLimit) allow(bytes, elements int) bool { return bytes <= m.bytes && elements <= m.elements }

// overhead is what Redis takes an element to need beside its bytes, and empty the bytes of an
// empty listpack.
const (
	overhead = 8
	empty    = 7
)

// large says whether an element goes into a node of its own.
func (m nodeLimit) large(element []byte) bool { return empty+len(element)+overhead > m.bytes }

// accepts says whether n has room for an element.
func (n *node) accepts(element []byte, m nodeLimit) bool {
	return !n.plain && m.allow(len(n.pack)+len(element)+overhead, int(n.count)+1)
}

// newNode makes a node of one element, with room to come to about size bytes.
func newNode(element []byte, size int, m nodeLimit) node {
	if m.large(element) {
		return node{bytes.Clone(element), 1, true}
	}
	size = min(max(size, empty+listpack.EntrySize(element)), m.bytes)
	return node{listpack.New(size).Append(element), 1, false}
}

// at is the element at an index. It may be in scratch.
func (n *node) at(i int, scratch *[20]byte) []byte {
	if n.plain {
		return n.pack
	}
	return n.pack.Get(n.pack.Seek(i), scratch)
}

// each visits the elements from index i on and says whether fn wants more.
func (n *node) each(i int, back bool, scratch *[20]byte, fn func([]byte) bool) (more bool) {
	if n.plain {
		return fn(n.pack)
	}
	for pos := n.pack.Seek(i); pos != 0; {
		if !fn(n.pack.Get(pos, scratch)) {
			return false
		}
		if back {
			pos = n.pack.Prev(pos)
		} else {
			pos = n.pack.Next(pos)
		}
	}
	return true
}

// filter is list.filter for one node, which is not changed: it returns the listpack that remains.
func (n *node) filter(back bool, scratch *[20]byte, fn func([]byte) (bool, bool)) (pack listpack.List, removed int, more bool) {
	pack, more = n.pack, true
	if n.plain {
		remove, more := fn(pack)
		if remove {
			return nil, 1, more
		}
		return pack, 0, more
	}
	pos := pack.First()
	if back {
		pos = pack.Last()
	}
	for pos != 0 && more {
		var remove bool
		remove, more = fn(pack.Get(pos, scratch))
		next := pos // what follows in the place of a removed element
		if back {
			next = pack.Prev(pos)
		} else if !remove {
			next = pack.Next(pos)
		}
		if remove {
			var behind int
			if pack, behind = pack.Delete(pos, 1); !back {
				next = behind
			}
			removed++
		}
		pos = next
	}
	return pack, removed, more
}

// roomy returns p with room for more bytes where the allocator's idea of growing would go far beyond
// the size to which p may come.
func roomy(p listpack.List, more int, m nodeLimit) listpack.List {
	need := len(p) + more
	if need <= cap(p) || need > m.bytes || need+need/4 < m.bytes {
		return p
	}
	return append(make(listpack.List, 0, m.bytes), p...)
}

// snug returns p without room that it has no use for any more.
func snug(p listpack.List) listpack.List {
	const small = 128
	if cap(p) <= small || cap(p) < 4*len(p) {
		return p
	}
	return append(make(listpack.List, 0, 2*len(p)), p...)
}
