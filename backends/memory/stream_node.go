package memory

import (
	"strconv"

	"switchyard/backends"
	"switchyard/backends/listpack"
)

// streamNode is a share of a stream's entries, as Redis keeps and dumps them: a listpack that begins with
// a master entry,
//
//	live entries | deleted ones | number of fields | field | ... | field | 0
//
// whose fields are those of the first entry. An entry follows the other:
//
//	flags | ms - master's | seq - master's | value | ... | value | elements of this entry but this one
//
// if it has the master entry's fields, otherwise with its own number of fields, and each value after its field. A
// deleted entry stays, with a flag.
type streamNode struct {
	master backends.StreamID // the ID of the first entry, deleted or not
	pack   listpack.List
}

const (
	flagDeleted    = 1
	flagSameFields = 2
)

// newStreamNode makes a node without entries for those with such fields. fields has a value after each.
func newStreamNode(master backends.StreamID, fields [][]byte) streamNode {
	size := 4 * 4
	for _, f := range fields {
		size += len(f) + overhead
	}
	p := listpack.New(size).AppendInt(0).AppendInt(0).AppendInt(int64(len(fields) / 2))
	for i := 0; i < len(fields); i += 2 {
		p = p.Append(fields[i])
	}
	return streamNode{master, p.AppendInt(0)}
}

// counts are the numbers of live and of deleted entries.
func (n *streamNode) counts() (live, deleted int) {
	at := n.pack.First()
	return n.int(at), n.int(n.pack.Next(at))
}

// int is an element that is always an integer.
func (n *streamNode) int(pos int) int {
	v, _ := n.pack.Int(pos)
	return int(v)
}

// count changes the numbers of entries. It moves all entries if a number takes more bytes than before.
func (n *streamNode) count(live, deleted int) {
	was, wasDeleted := n.counts()
	at := n.pack.First()
	n.pack = n.pack.ReplaceInt(at, int64(was+live))
	if deleted != 0 {
		n.pack = n.pack.ReplaceInt(n.pack.Next(at), int64(wasDeleted+deleted))
	}
}

// allows says whether an entry of size bytes may be added, as Redis decides it: deleted entries count.
func (n *streamNode) allows(size int, c *backends.Compact) bool {
	const most = 1 << 30 // STREAM_LISTPACK_MAX_SIZE
	limit := c.StreamBytes.Load()
	if limit <= 0 || limit > most {
		limit = most
	}
	live, deleted := n.counts()
	entries := c.StreamEntries.Load()
	return int64(len(n.pack)+size) < limit && (entries <= 0 || int64(live+deleted) < entries)
}

// append adds an entry, which is after all others.
func (n *streamNode) append(id backends.StreamID, fields [][]byte) {
	n.count(1, 0)
	flags, elements := int64(0), 4+len(fields)
	if n.sameFields(fields) {
		flags, elements = flagSameFields, 3+len(fields)/2
	}
	p := n.pack.AppendInt(flags).AppendInt(int64(id.Ms - n.master.Ms)).AppendInt(int64(id.Seq - n.master.Seq))
	if flags == 0 {
		p = p.AppendInt(int64(len(fields) / 2))
	}
	for i, f := range fields {
		if i%2 == 1 || flags == 0 {
			p = p.Append(f)
		}
	}
	n.pack = p.AppendInt(int64(elements))
}

// sameFields says whether an entry would have the fields of the master entry.
func (n *streamNode) sameFields(fields [][]byte) bool {
	at := n.pack.Seek(2)
	if n.int(at) != len(fields)/2 {
		return false
	}
	for i := 0; i < len(fields); i += 2 {
		if at = n.pack.Next(at); !n.pack.Equal(at, fields[i]) {
			return false
		}
	}
	return true
}

// last is the ID of the last entry, deleted or not.
func (n *streamNode) last() backends.StreamID {
	e := n.entries()
	e.last()
	return e.id
}

// remove marks the entry at pos as deleted. It keeps its position; the counts are the caller's.
func (n *streamNode) remove(pos int) {
	n.pack = n.pack.ReplaceInt(pos, int64(n.int(pos)|flagDeleted))
}

// streamEntry goes over the entries of a node.
type streamEntry struct {
	n      *streamNode
	master int // fields of the master entry
	id     backends.StreamID
	pos    int // of the flags
	flags  int
	fields int
	body   int // where the values, or the fields and values, begin
}

func (n *streamNode) entries() streamEntry { return streamEntry{n: n, master: n.int(n.pack.Seek(2))} }

// first reads the first entry.
func (e *streamEntry) first() bool {
	at := e.n.pack.Seek(2)
	for range e.master + 1 {
		at = e.n.pack.Next(at)
	}
	return e.read(e.n.pack.Next(at))
}

// next reads the entry after this one.
func (e *streamEntry) next() bool {
	at := e.body
	elements := e.fields
	if e.flags&flagSameFields == 0 {
		elements *= 2
	}
	for range elements + 1 {
		at = e.n.pack.Next(at)
	}
	return e.read(at)
}

// last reads the last entry.
func (e *streamEntry) last() bool { return e.readBefore(len(e.n.pack) - 1) }

// prev reads the entry before this one.
func (e *streamEntry) prev() bool { return e.readBefore(e.pos) }

// readBefore reads the entry that ends where something else, or nothing, begins. The last element
// of the master entry says that there is none.
func (e *streamEntry) readBefore(end int) bool {
	at := e.n.pack.Prev(end)
	elements := e.n.int(at)
	if elements == 0 {
		return false
	}
	for range elements {
		at = e.n.pack.Prev(at)
	}
	return e.read(at)
}

// read reads the entry at pos; 0 is behind the last one.
func (e *streamEntry) read(pos int) bool {
	if pos == 0 {
		return false
	}
	p := e.n.pack
	e.pos, e.flags = pos, e.n.int(pos)
	pos = p.Next(pos)
	ms, _ := p.Int(pos)
	pos = p.Next(pos)
	seq, _ := p.Int(pos)
	e.id = backends.StreamID{Ms: e.n.master.Ms + uint64(ms), Seq: e.n.master.Seq + uint64(seq)}
	e.body = p.Next(pos)
	if e.flags&flagSameFields != 0 {
		e.fields = e.master
		return true
	}
	e.fields = e.n.int(e.body)
	e.body = p.Next(e.body)
	return true
}

func (e *streamEntry) live() bool { return e.flags&flagDeleted == 0 }

// fieldReader makes texts of entries. It keeps the master entry's fields of a node, and room for all of it, from
// one entry to the next.
type fieldReader struct {
	of     listpack.List // the node that master is from
	master [][]byte
	fields [][]byte
	digits []byte // of integers; digits[:kept] are those of master
	kept   int
}

// end lets go of what was read. A rare large entry should not make its room permanent.
func (r *fieldReader) end() {
	const most = 64
	if r.of = nil; cap(r.fields) > most {
		*r = fieldReader{}
	}
	clear(r.fields[:cap(r.fields)])
	clear(r.master[:cap(r.master)])
}

// read returns the fields and values of an entry. They are valid until the next call.
func (r *fieldReader) read(e *streamEntry) [][]byte {
	p := e.n.pack
	if len(r.of) == 0 || &r.of[0] != &p[0] {
		r.readMaster(p)
	}
	r.fields, r.digits = r.fields[:0], r.digits[:r.kept]
	same := e.flags&flagSameFields != 0
	at := e.body
	for i := range e.fields {
		if same {
			r.fields = append(r.fields, r.master[i])
		} else {
			r.fields = append(r.fields, r.text(p, at))
			at = p.Next(at)
		}
		r.fields = append(r.fields, r.text(p, at))
		at = p.Next(at)
	}
	return r.fields
}

func (r *fieldReader) readMaster(p listpack.List) {
	r.of, r.master, r.digits = p, r.master[:0], r.digits[:0]
	at := p.Seek(2)
	count, _ := p.Int(at)
	for range count {
		at = p.Next(at)
		r.master = append(r.master, r.text(p, at))
	}
	r.kept = len(r.digits)
}

// text is an element. That of an integer stays where it is when digits grows.
func (r *fieldReader) text(p listpack.List, at int) []byte {
	n, isInt := p.Int(at)
	if !isInt {
		return p.Get(at, nil)
	}
	from := len(r.digits)
	r.digits = strconv.AppendInt(r.digits, n, 10)
	return r.digits[from:len(r.digits):len(r.digits)]
}
