package ordered

import (
	"encoding/binary"

	"switchyard/backends"
)

// Redis indexes the nodes of a stream, our blocks, in a radix tree by their first IDs, 16 bytes each, and XINFO
// STREAM tells of how many nodes that tree consists: one for each ID where it ends, one for each place where IDs
// part, and one for each run of bytes in between. We keep the number without the tree.

const idBytes = 16

// idKey is an ID as bytes in the order of IDs.
func idKey(id backends.StreamID) []byte {
	return binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(make([]byte, 0, idBytes), id.Ms), id.Seq)
}

// parseID is the inverse of idKey. There may be more behind the ID.
func parseID(b []byte) (id backends.StreamID, ok bool) {
	if len(b) < idBytes {
		return id, false
	}
	return backends.StreamID{Ms: binary.BigEndian.Uint64(b), Seq: binary.BigEndian.Uint64(b[8:])}, true
}

// radixShare is how many nodes a radix tree of the blocks has beyond one without the block at index i.
func (s *stream) radixShare(i int) int {
	if s.Nodes == 1 {
		return 1 // the root of an empty tree is a node too
	}
	id := s.masterAt(i)
	parting := -1 // bytes in common with a neighbour
	if i > 0 {
		parting = commonBytes(s.masterAt(i-1), id)
	}
	if i < s.Nodes-1 {
		parting = max(parting, commonBytes(id, s.masterAt(i+1)))
	}
	lo, hi := s.radixGroup(id, parting)
	share := 1 + radixRun(parting, idBytes)
	below := s.common(lo, hi-1, i)
	if below == parting {
		return share // others part there as well
	}
	above := -1
	if lo > 0 {
		above = commonBytes(s.masterAt(lo-1), id)
	}
	if hi < s.Nodes {
		above = max(above, commonBytes(id, s.masterAt(hi)))
	}
	return share + 1 + radixRun(above, parting) + radixRun(parting, below) - radixRun(above, below)
}

// radixGroup is the range [lo, hi) of the blocks whose IDs have so many bytes in common with one of them.
func (s *stream) radixGroup(id backends.StreamID, common int) (lo, hi int) {
	first, last := idKey(id), idKey(id)
	for k := common; k < idBytes; k++ {
		first[k], last[k] = 0, 0xff
	}
	from, _ := parseID(first)
	to, _ := parseID(last)
	lo = s.upTo(from)
	if lo > 0 && s.masterAt(lo-1) == from {
		lo--
	}
	return lo, s.upTo(to)
}

// common is how many bytes the IDs of the blocks from first to last have in common, when that at i is left out.
func (s *stream) common(first, last, i int) int {
	if first == i {
		first++
	}
	if last == i {
		last--
	}
	if first >= last {
		return idBytes
	}
	return commonBytes(s.masterAt(first), s.masterAt(last))
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
	x, y := idKey(a), idKey(b)
	n := 0
	for n < idBytes && x[n] == y[n] {
		n++
	}
	return n
}
