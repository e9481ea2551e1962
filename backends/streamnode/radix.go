package streamnode

import (
	"encoding/binary"
	"math"
	"math/bits"
	"slices"

	"switchyard/backends"
)

// Redis indexes the nodes of a stream in a radix tree by their Masters, 16 bytes each, and XINFO STREAM tells of how
// many nodes that tree consists: one for each ID where it ends, one for each place where IDs part, and one for
// each run of bytes in between. We keep the number without the tree.

// IDBytes is the length of an ID as a key of that tree, which is also how a payload of DUMP has it.
const IDBytes = 16

// AppendID adds an ID as bytes in the order of IDs.
func AppendID(b []byte, id backends.StreamID) []byte {
	return binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(b, id.Ms), id.Seq)
}

// ParseID is the inverse of AppendID. There may be more behind the ID; false: there is less.
func ParseID(b []byte) (id backends.StreamID, ok bool) {
	if len(b) < IDBytes {
		return id, false
	}
	return backends.StreamID{Ms: binary.BigEndian.Uint64(b), Seq: binary.BigEndian.Uint64(b[8:])}, true
}

// Masters are the IDs with which the nodes of a stream begin, in their order.
type Masters interface {
	Len() int
	At(i int) backends.StreamID
	// UpTo is how many of them are an ID or before it.
	UpTo(id backends.StreamID) int
}

// RadixNodes is of how many nodes a radix tree of the IDs consists. It looks at each: a stream adds up RadixShare.
func RadixNodes(ids []backends.StreamID) int { return radixNodes(ids, 0) }

// radixNodes counts the nodes for IDs that have their first bytes in common.
func radixNodes(ids []backends.StreamID, common int) (n int) {
	if len(ids) == 0 {
		return 1
	}
	parting := commonBytes(ids[0], ids[len(ids)-1])
	n = 1 // a leaf, or where they part
	if parting > common {
		n++
	}
	for parting < IDBytes && len(ids) > 0 {
		end := slices.IndexFunc(ids, func(id backends.StreamID) bool { return commonBytes(ids[0], id) <= parting })
		if end < 0 {
			end = len(ids)
		}
		n += radixNodes(ids[:end], parting+1)
		ids = ids[end:]
	}
	return n
}

// RadixShare is how many nodes the radix tree has beyond one without the ID at an index.
func RadixShare(m Masters, i int) int {
	if m.Len() == 1 {
		return 1 // the root of an empty tree is a node too
	}
	id := m.At(i)
	parting := -1 // bytes in common with a neighbour
	if i > 0 {
		parting = commonBytes(m.At(i-1), id)
	}
	if i < m.Len()-1 {
		parting = max(parting, commonBytes(id, m.At(i+1)))
	}
	lo, hi := radixGroup(m, id, parting)
	share := 1 + radixRun(parting, IDBytes)
	below := commonWithout(m, lo, hi-1, i)
	if below == parting {
		return share // others part there as well
	}
	above := -1
	if lo > 0 {
		above = commonBytes(m.At(lo-1), id)
	}
	if hi < m.Len() {
		above = max(above, commonBytes(id, m.At(hi)))
	}
	return share + 1 + radixRun(above, parting) + radixRun(parting, below) - radixRun(above, below)
}

// radixGroup is the range [lo, hi) of the IDs that have so many bytes in common with one of them.
func radixGroup(m Masters, id backends.StreamID, common int) (lo, hi int) {
	rest := backends.StreamID{Ms: math.MaxUint64 >> (8 * common), Seq: math.MaxUint64 >> (8 * max(common-8, 0))}
	if before, ok := (backends.StreamID{Ms: id.Ms &^ rest.Ms, Seq: id.Seq &^ rest.Seq}).Prev(); ok {
		lo = m.UpTo(before)
	}
	return lo, m.UpTo(backends.StreamID{Ms: id.Ms | rest.Ms, Seq: id.Seq | rest.Seq})
}

// commonWithout is how many bytes the IDs from first to last have in common, when that at i is left out.
func commonWithout(m Masters, first, last, i int) int {
	if first == i {
		first++
	}
	if last == i {
		last--
	}
	if first >= last {
		return IDBytes
	}
	return commonBytes(m.At(first), m.At(last))
}

// radixRun is 1 if there are bytes between the one at which IDs part and the next such one below.
func radixRun(above, below int) int {
	if below-above > 1 {
		return 1
	}
	return 0
}

// commonBytes is how many bytes two IDs begin with together.
func commonBytes(a, b backends.StreamID) int {
	if a.Ms != b.Ms {
		return bits.LeadingZeros64(a.Ms^b.Ms) / 8
	}
	return 8 + bits.LeadingZeros64(a.Seq^b.Seq)/8
}
