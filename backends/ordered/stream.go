package ordered

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"

	"switchyard/backends"
	"switchyard/backends/streamnode"
)

// A stream is a row of blocks of entries (package streamnode), which begin and end where those of Redis do, so that
// approximate trimming and XINFO STREAM say the same. The last block is in the record of the key:
//
//	record of the key      state, last block
//	record per block       for the others, by the ID with which the block begins; it is like a member's (member.go)
//	tree                   of those IDs, which finds the block of an entry
//	record per group       stream_group.go
//
// So XADD reads and writes one record, whose size does not depend on the length of the stream, and once in a
// hundred entries a few more. A small stream is one record. One record per entry would make XADD write less, but a
// range read, and a trim remove, a hundred times as many records.
//
// The body of the record is
//
//	length | added | last | max deleted | first | groups | blocks elsewhere | nodes of Redis's index | flags | [master | listpack]
//	                                                                                                   hasTail
//
// in uvarints, of which an ID has two.
type stream struct {
	c *collection
	backends.StreamState
	groups int
	outer  int    // blocks with records of their own
	index  *tree  // of these; nil: not read yet
	tail   *block // the last block; nil: it has a record of its own, because it is too large, or there is none
	full   bool   // the last of those with a record takes no more entries
	loaded *block // of those with records, the one that was used last
	opened map[string]*streamGroup

	changed   bool // the record of the key is out of date
	reindexed bool // that of the tree's root

	reader streamnode.Reader
}

const (
	hasTail = 1 << iota
	isFull
)

func newStream(c *collection) *stream {
	return &stream{c: c, StreamState: backends.StreamState{RadixNodes: 1}, changed: true}
}

const idBytes = streamnode.IDBytes

// idKey is an ID as bytes in the order of IDs.
func idKey(id backends.StreamID) []byte { return streamnode.AppendID(make([]byte, 0, idBytes), id) }

func appendID(b []byte, id backends.StreamID) []byte {
	return binary.AppendUvarint(binary.AppendUvarint(b, id.Ms), id.Seq)
}

func (d *decoder) id() backends.StreamID { return backends.StreamID{Ms: d.uvarint(), Seq: d.uvarint()} }

// count reads a number of things.
func (d *decoder) count() int {
	n := d.uvarint()
	if n > math.MaxInt64 {
		d.bad = true
	}
	return int(n)
}

func (s *stream) encode() []byte {
	const head = 14 * binary.MaxVarintLen64
	size := head
	if s.tail != nil {
		size += len(s.tail.Pack)
	}
	b := make([]byte, 0, size)
	b = binary.AppendUvarint(binary.AppendUvarint(b, uint64(s.Length)), s.Added)
	b = appendID(appendID(appendID(b, s.Last), s.MaxDeleted), s.First)
	b = binary.AppendUvarint(binary.AppendUvarint(b, uint64(s.groups)), uint64(s.outer))
	b = binary.AppendUvarint(b, uint64(s.RadixNodes))
	flags := byte(0)
	if s.full {
		flags |= isFull
	}
	if s.tail == nil {
		return append(b, flags)
	}
	return append(appendID(append(b, flags|hasTail), s.tail.Master), s.tail.Pack...)
}

func decodeStream(c *collection, b []byte) (*stream, error) {
	d := decoder{b: b}
	s := newStream(c)
	s.changed = false
	s.Length, s.Added = d.count(), d.uvarint()
	s.Last, s.MaxDeleted, s.First = d.id(), d.id(), d.id()
	s.groups, s.outer, s.RadixNodes = d.count(), d.count(), d.count()
	flags := d.bytes(1)
	if d.bad || flags[0]&^(hasTail|isFull) != 0 {
		return nil, errDamaged
	}
	s.full, s.Nodes = flags[0]&isFull != 0, s.outer
	if flags[0]&hasTail != 0 {
		s.tail = &block{Node: streamnode.Node{Master: d.id(), Pack: d.b}}
		s.Nodes++
	} else if len(d.b) > 0 {
		d.bad = true
	}
	if d.bad || c.version == 0 && s.outer+s.groups > 0 || s.outer > maxCount || s.groups > maxCount || s.Length > 0 && s.Nodes == 0 {
		return nil, errDamaged
	}
	return s, nil
}

// touch notes that the record of the key has to be written.
func (s *stream) touch() {
	s.changed = true
	s.c.touch()
}

// version is that of the records outside of the key's.
func (s *stream) version() uint64 {
	if s.c.version == 0 {
		s.c.version = s.c.x.e.newVersion()
		s.index = nil // which is empty, and would have no version
		s.touch()
	}
	return s.c.version
}

// write writes the records outside of the key's, and says whether that has to be written.
func (s *stream) write() bool {
	s.save()
	if s.reindexed && s.outer == 0 {
		s.c.x.set(nodeKey(s.c.version, 0), nil)
	} else if s.reindexed {
		s.c.x.set(nodeKey(s.c.version, 0), s.index.write())
	}
	for _, g := range s.opened {
		g.write()
	}
	changed := s.changed
	s.changed, s.reindexed = false, false
	return changed
}

// blocks is the tree of the blocks with records; nil after an error.
func (s *stream) blocks() *tree {
	if s.index != nil {
		return s.index
	}
	t := newIDs(s.c, s.c.version, &s.outer)
	if s.outer > 0 {
		if !t.load(s.c.x.get(nodeKey(s.c.version, 0))) {
			return nil
		}
	}
	s.index = t
	return t
}

// newIDs is a tree, without elements yet, whose elements begin with different IDs.
func newIDs(c *collection, version uint64, count *int) *tree {
	return &tree{c: c, version: version, count: count, sorted: true, root: &node{}}
}

// load reads the root.
func (t *tree) load(b []byte) bool {
	if t.c.x.err != nil {
		return false
	}
	root, err := t.decode(b)
	if err == nil && root.count() != *t.count {
		err = errDamaged
	}
	if err != nil {
		t.c.fail(fmt.Errorf("root of a tree: %w", err))
		return false
	}
	t.root = root
	return true
}

// seekID goes to the element with an ID, or where it would be; the path is nil after an error.
func (t *tree) seekID(id backends.StreamID) (path []step, found bool) {
	key := idKey(id)
	path = t.search(func(it *item) int { return bytes.Compare(it.text[:min(idBytes, len(it.text))], key) })
	if path == nil {
		return nil, false
	}
	leaf := path[len(path)-1]
	return path, leaf.i < len(leaf.n.items) && bytes.HasPrefix(leaf.n.items[leaf.i].text, key)
}

// idOf is the ID with which an element begins; false after an error.
func (t *tree) idOf(it *item) (id backends.StreamID, ok bool) {
	if id, ok = streamnode.ParseID(it.text); !ok {
		t.c.fail(fmt.Errorf("element of a tree: %w", errDamaged))
	}
	return id, ok
}

// idAt is the ID at an index.
func (t *tree) idAt(i int) (id backends.StreamID, ok bool) {
	path := t.seek(i, true)
	if path == nil {
		return id, false
	}
	leaf := path[len(path)-1]
	return t.idOf(&leaf.n.items[leaf.i])
}

// addID inserts an element where the path leads.
func (t *tree) addID(path []step, text []byte) { t.insert(path, item{text: text}) }

// masterAt is the ID of a block by its index; zero after an error.
func (s *stream) masterAt(i int) (id backends.StreamID) {
	if i == s.outer && s.tail != nil {
		return s.tail.Master
	}
	if t := s.blocks(); t != nil {
		id, _ = t.idAt(i)
	}
	return id
}

// upTo is how many blocks begin at an ID or before it.
func (s *stream) upTo(id backends.StreamID) (n int) {
	if s.tail != nil && s.tail.Master.Compare(id) <= 0 {
		return s.Nodes
	}
	if s.outer == 0 {
		return 0
	}
	t := s.blocks()
	if t == nil {
		return 0
	}
	path, found := t.seekID(id)
	if path == nil {
		return 0
	}
	if n = index(path); found {
		n++
	}
	return n
}

// at is the block at an index, with its entries read; nil after an error.
func (s *stream) at(i int) *block {
	if i == s.outer {
		return s.read(s.tail)
	}
	if id := s.masterAt(i); s.c.x.err == nil {
		return s.read(s.load(id))
	}
	return nil
}

// check looks at a block before its first use; nil after an error.
func (s *stream) check(b *block) *block {
	if b == nil || b.open {
		return b
	}
	if err := b.check(); err != nil {
		s.failBlock(b, err)
		return nil
	}
	return b
}

// read is check, which looks at the entries too.
func (s *stream) read(b *block) *block {
	if b = s.check(b); b == nil {
		return nil
	}
	if err := b.read(); err != nil {
		s.failBlock(b, err)
		return nil
	}
	return b
}

func (s *stream) failBlock(b *block, err error) {
	s.c.fail(fmt.Errorf("entries from %d-%d on: %w", b.Master.Ms, b.Master.Seq, err))
}

// load reads a block with a record of its own.
func (s *stream) load(master backends.StreamID) *block {
	if s.loaded != nil && s.loaded.Master == master {
		return s.loaded
	}
	s.save()
	b := &block{Node: streamnode.Node{Master: master}}
	m, err := decodeMember(s.c.version, s.c.x.get(blockKey(s.c.version, master)))
	if s.c.x.err == nil && err != nil {
		s.failBlock(b, err)
	}
	b.record = m
	if b.Pack = s.c.valueOf(&m); s.c.x.err != nil {
		return nil
	}
	s.loaded = b
	return b
}

// save writes the loaded block.
func (s *stream) save() {
	if b := s.loaded; b != nil && b.dirty {
		s.c.setValue(&b.record, b.Pack)
		s.c.x.set(blockKey(s.c.version, b.Master), b.record.encode())
		b.dirty = false
	}
}

// edited notes that a block has changed.
func (s *stream) edited(b *block) {
	b.dirty = b != s.tail
	s.touch()
}

// push gives the last block a record of its own.
func (s *stream) push() {
	b := s.tail
	s.version()
	s.save()
	t := s.blocks()
	if t == nil {
		return
	}
	path, _ := t.seekID(b.Master)
	if path == nil {
		return
	}
	t.addID(path, idKey(b.Master))
	s.tail, s.loaded, s.reindexed = nil, b, true
	s.edited(b)
}

// takeOut removes the record of a block.
func (s *stream) takeOut(b *block) {
	t := s.blocks()
	if t == nil {
		return
	}
	path, found := t.seekID(b.Master)
	if !found {
		s.failBlock(b, errDamaged)
		return
	}
	t.remove(path, 1)
	s.c.x.set(blockKey(s.c.version, b.Master), nil)
	s.c.x.erase(s.c.at.key, b.record.long)
	b.record, b.dirty = member{}, false
	s.loaded, s.reindexed = nil, true
	s.touch()
}

// drop removes a block.
func (s *stream) drop(i int, b *block) {
	share := streamnode.RadixShare((*masters)(s), i)
	if i == s.Nodes-1 {
		s.full = false
	}
	if b == s.tail {
		s.tail = nil
	} else {
		s.takeOut(b)
	}
	s.Nodes--
	s.RadixNodes -= share
	s.touch()
}

// masters is a stream as a list of the IDs with which its blocks begin. They are zero after an error.
type masters stream

// Len implements streamnode.Masters.
func (m *masters) Len() int { return m.Nodes }

// At implements streamnode.Masters.
func (m *masters) At(i int) backends.StreamID { return (*stream)(m).masterAt(i) }

// UpTo implements streamnode.Masters.
func (m *masters) UpTo(id backends.StreamID) int { return (*stream)(m).upTo(id) }
