// Package streamnode has the blocks that a stream consists of in Redis: each holds a share of the entries in a
// listpack, and has the ID of its first one as its key. A stream is kept and dumped in such blocks, so whoever makes
// them as Redis does also trims as it does, and says the same in XINFO STREAM.
//
// Start here with the format and with what changes a node. walk.go visits entries, reader.go gives their fields,
// check.go is for bytes that somebody else made, and radix.go counts the index that Redis has of the nodes. When
// a node begins and ends, and where it lies, is for the stream to say.
package streamnode

import (
	"switchyard/backends"
	"switchyard/backends/listpack"
)

// Node is a node of a stream: a listpack that begins with a master entry,
//
//	live entries | deleted ones | number of fields | field | ... | field | 0
//
// whose fields are those of the first entry. The entries follow. One that has the master entry's fields is
//
//	flags | ms - Master's | seq - Master's | value | ... | value | elements of this entry but this one
//
// and another has its own number of fields before the values, and each value after its field. A deleted entry
// stays, with a flag. A node is gone with its last live entry, unless a trim that ends in the node has marked that.
//
// A change works in place where the capacity of Pack allows. Nothing is checked on the way: foreign bytes go
// through Check first. Reading never writes.
type Node struct {
	Master backends.StreamID // the ID of the first entry, deleted or not
	Pack   listpack.List
}

const (
	flagDeleted    = 1
	flagSameFields = 2
)

// MaxBytes is what a node takes at most, whatever the limits are: STREAM_LISTPACK_MAX_SIZE in Redis.
const MaxBytes = 1 << 30

// New makes a node without entries for those with such fields, in a listpack with room for so many bytes. fields has
// a value after each.
func New(master backends.StreamID, fields [][]byte, room int) Node {
	p := listpack.New(room).AppendInt(0).AppendInt(0).AppendInt(int64(len(fields) / 2))
	for i := 0; i < len(fields); i += 2 {
		p = p.Append(fields[i])
	}
	return Node{master, p.AppendInt(0)}
}

// Counts are the numbers of live and of deleted entries.
func (n *Node) Counts() (live, deleted int) {
	at := n.Pack.First()
	return n.int(at), n.int(n.Pack.Next(at))
}

// int is an element that is always an integer.
func (n *Node) int(pos int) int {
	v, _ := n.Pack.Int(pos)
	return int(v)
}

// count changes the numbers of entries. It moves all entries if a number takes more bytes than before.
func (n *Node) count(live, deleted int) {
	was, wasDeleted := n.Counts()
	at := n.Pack.First()
	n.Pack = n.Pack.ReplaceInt(at, int64(was+live))
	if deleted != 0 {
		n.Pack = n.Pack.ReplaceInt(n.Pack.Next(at), int64(wasDeleted+deleted))
	}
}

// Allows says whether an entry may be added, as Redis decides it: deleted entries count, and of the new one only
// the text. The node must not grow beyond most bytes.
func (n *Node) Allows(fields [][]byte, c *backends.Compact, most int) bool {
	limit := c.StreamBytes.Load()
	if limit <= 0 || limit > int64(most) {
		limit = int64(most)
	}
	size := len(n.Pack)
	for _, f := range fields {
		size += len(f)
	}
	live, deleted := n.Counts()
	entries := c.StreamEntries.Load()
	return int64(size) < limit && (entries <= 0 || int64(live+deleted) < entries)
}

// Append adds an entry, which is after all others.
func (n *Node) Append(id backends.StreamID, fields [][]byte) {
	n.count(1, 0)
	flags, elements := int64(0), 4+len(fields)
	if n.sameFields(fields) {
		flags, elements = flagSameFields, 3+len(fields)/2
	}
	p := n.Pack.AppendInt(flags).AppendInt(int64(id.Ms - n.Master.Ms)).AppendInt(int64(id.Seq - n.Master.Seq))
	if flags == 0 {
		p = p.AppendInt(int64(len(fields) / 2))
	}
	for i, f := range fields {
		if i%2 == 1 || flags == 0 {
			p = p.Append(f)
		}
	}
	n.Pack = p.AppendInt(int64(elements))
}

// sameFields says whether an entry would have the fields of the master entry.
func (n *Node) sameFields(fields [][]byte) bool {
	at := n.Pack.Seek(2)
	if n.int(at) != len(fields)/2 {
		return false
	}
	for i := 0; i < len(fields); i += 2 {
		if at = n.Pack.Next(at); !n.Pack.Equal(at, fields[i]) {
			return false
		}
	}
	return true
}

// Delete marks the entry at pos, where Find has found it, as deleted.
func (n *Node) Delete(pos int) {
	n.mark(pos)
	n.count(-1, 1)
}

// mark marks an entry. The counts are the caller's.
func (n *Node) mark(pos int) { n.Pack = n.Pack.ReplaceInt(pos, int64(n.int(pos)|flagDeleted)) }

// Within says whether t removes all of the node, which is the first of a stream of so many entries.
func (n *Node) Within(t backends.Trim, length int) bool {
	if t.ByLength {
		live, _ := n.Counts()
		return length-live >= t.Length
	}
	return n.Last().Less(t.First)
}

// Trim marks those of the entries that t removes as deleted, and returns how many. The node is the first of a stream
// of so many entries. As in Redis it stays, even when the rest of it had been deleted before.
func (n *Node) Trim(t backends.Trim, length int) (removed int) {
	e := n.walk()
	for more := e.first(); more; more = e.next() {
		if t.ByLength && length-removed <= t.Length || !t.ByLength && !e.ID.Less(t.First) {
			break
		}
		if !e.deleted() {
			size := len(n.Pack)
			n.mark(e.pos)
			e.body += len(n.Pack) - size // foreign flags may take more bytes than need be
			removed++
		}
	}
	if removed > 0 {
		n.count(-removed, removed)
	}
	return removed
}
