package memory

import (
	"slices"
	"unsafe"

	"github.com/tidwall/btree"

	"switchyard/backends"
	"switchyard/backends/listpack"
	"switchyard/backends/streamnode"
)

// stream is the value of a stream: nodes with a share of the entries each, in a slice that is searched by
// their first IDs where Redis has a radix tree. New entries go to the last node, and a trim moves lo:
//
//	buf   | free | node | node | ... | node | room of the slice |
//	             lo
//
// When a node is full, begun or removed is up to Redis 7.2: approximate trimming and XINFO STREAM show it.
type stream struct {
	backends.StreamState
	buf    []streamnode.Node
	lo     int
	packs  int64 // bytes allocated for the nodes' listpacks
	groups btree.Map[string, *streamGroup]
	others int64 // bytes of the groups
}

const (
	streamBytes     = int64(unsafe.Sizeof(stream{}))
	streamNodeBytes = int64(unsafe.Sizeof(streamnode.Node{}))
)

var _ object = (*stream)(nil)

func newStream() *stream {
	return &stream{StreamState: backends.StreamState{RadixNodes: 1}}
}

func (s *stream) address() unsafe.Pointer { return unsafe.Pointer(s) }

func (s *stream) len() int { return s.Length }

func (s *stream) bytes() int64 {
	return streamBytes + allocated(int64(cap(s.buf))*streamNodeBytes) + s.packs + s.others
}

func (s *stream) clone() object {
	c := &stream{StreamState: s.StreamState, buf: slices.Clone(s.nodes()), others: s.others}
	for i := range c.buf {
		n := &c.buf[i]
		n.Pack = slices.Clone(n.Pack)
		c.packs += allocated(int64(cap(n.Pack)))
	}
	s.groups.Scan(func(name string, g *streamGroup) bool {
		c.groups.Set(name, g.clone())
		return true
	})
	return c
}

func (s *stream) encoding() string { return "stream" }

func (s *stream) nodes() []streamnode.Node { return s.buf[s.lo:] }

// seek is the index of the last node that begins at an ID or before it; -1: there is none.
func (s *stream) seek(id backends.StreamID) int {
	i, found := slices.BinarySearchFunc(s.nodes(), id, func(n streamnode.Node, id backends.StreamID) int {
		return n.Master.Compare(id)
	})
	if found {
		return i
	}
	return i - 1
}

// edit changes a node, and follows what it takes.
func (s *stream) edit(n *streamnode.Node, change func()) {
	before := cap(n.Pack)
	change()
	s.packs += allocated(int64(cap(n.Pack))) - allocated(int64(before))
}

// append adds an entry, which is after all others.
func (s *stream) append(id backends.StreamID, fields [][]byte, c *backends.Compact) {
	nodes := s.nodes()
	if k := len(nodes); k == 0 || !nodes[k-1].Allows(fields, c, streamnode.MaxBytes) {
		if k > 0 {
			last := &nodes[k-1]
			s.edit(last, func() { last.Pack = closed(last.Pack) })
		}
		s.begin(streamnode.New(id, fields, roomFor(fields)))
	}
	n := &s.buf[len(s.buf)-1]
	before := cap(n.Pack)
	n.Append(id, fields)
	s.packs += allocated(int64(cap(n.Pack))) - allocated(int64(before))
	if s.Length == 0 {
		s.First = id
	}
	s.Gain(1, id)
}

// appendNode adds a node as it is.
func (s *stream) appendNode(n streamnode.Node) {
	s.begin(n)
	live, _ := n.Counts()
	empty := s.Length == 0
	if s.Gain(live, n.Last()); empty {
		s.findFirst()
	}
}

// roomFor is what a node of one such entry takes.
func roomFor(fields [][]byte) int {
	size := 4 * 4
	for _, f := range fields {
		size += len(f) + overhead
	}
	return size
}

// closed is the listpack of a node that gets no more entries, without much spare room.
func closed(p listpack.List) listpack.List {
	if cap(p)-len(p) <= len(p)/16 {
		return p
	}
	return append(make(listpack.List, 0, len(p)), p...)
}

// begin adds a node behind the others.
func (s *stream) begin(n streamnode.Node) {
	if len(s.buf) == cap(s.buf) && s.lo > len(s.buf)/2 {
		s.compact(s.buf[:0])
	}
	s.buf = append(s.buf, n)
	s.packs += allocated(int64(cap(n.Pack)))
	s.Nodes++
	s.RadixNodes += streamnode.RadixShare((*masters)(s), len(s.nodes())-1)
}

// compact moves the nodes to the front of a slice.
func (s *stream) compact(to []streamnode.Node) {
	nodes := s.nodes()
	to = append(to, nodes...)
	clear(to[len(to):cap(to)])
	s.buf, s.lo = to, 0
}

// drop removes the node at an index.
func (s *stream) drop(i int) {
	nodes := s.nodes()
	s.packs -= allocated(int64(cap(nodes[i].Pack)))
	s.Nodes--
	s.RadixNodes -= streamnode.RadixShare((*masters)(s), i)
	if i > 0 {
		s.buf = slices.Delete(s.buf, s.lo+i, s.lo+i+1)
	} else {
		nodes[0] = streamnode.Node{}
		s.lo++
	}
	if cap(s.buf) > 8*(len(s.buf)-s.lo+2) {
		s.compact(make([]streamnode.Node, 0, 2*(len(s.buf)-s.lo)))
	}
}

// setState changes what does not follow from the entries. Nodes of nothing but deleted entries stay
// as in Redis, unless new entries could come before them.
func (s *stream) setState(state backends.StreamState) {
	nodes := s.nodes()
	if s.Length == 0 && len(nodes) > 0 && state.Last.Less(nodes[len(nodes)-1].Last()) {
		for range len(nodes) {
			s.drop(0)
		}
	}
	s.Last, s.MaxDeleted, s.Added = state.Last, state.MaxDeleted, state.Added
}

// each visits the entries in [from, to] that were not deleted.
func (s *stream) each(from, to backends.StreamID, back bool, fn func(e *streamnode.Entry) (more bool)) {
	if s.Last.Less(from) {
		return
	}
	i, step := max(s.seek(from), 0), 1
	if back {
		i, step = s.seek(to), -1
	}
	for nodes := s.nodes(); i >= 0 && i < len(nodes) && nodes[i].Each(from, to, back, fn); i += step {
	}
}

// findFirst finds the first entry, after the one that was is gone.
func (s *stream) findFirst() {
	s.First = backends.StreamID{}
	if s.Length > 0 {
		s.each(backends.StreamID{}, backends.LastStreamID, false, func(e *streamnode.Entry) bool {
			s.First = e.ID
			return false
		})
	}
}

// remove deletes an entry: with its node if that has no other.
func (s *stream) remove(id backends.StreamID) bool {
	i := s.seek(id)
	if i < 0 {
		return false
	}
	n := &s.nodes()[i]
	pos := n.Find(id)
	if pos == 0 {
		return false
	}
	if live, _ := n.Counts(); live == 1 {
		s.drop(i)
	} else {
		s.edit(n, func() { n.Delete(pos) })
	}
	s.Lose(id)
	if id == s.First {
		s.findFirst()
	}
	return true
}

// masters is a stream as a list of the IDs that its nodes have in Redis's index.
type masters stream

// Len implements streamnode.Masters.
func (m *masters) Len() int { return len((*stream)(m).nodes()) }

// At implements streamnode.Masters.
func (m *masters) At(i int) backends.StreamID { return (*stream)(m).nodes()[i].Master }

// UpTo implements streamnode.Masters.
func (m *masters) UpTo(id backends.StreamID) int { return (*stream)(m).seek(id) + 1 }
