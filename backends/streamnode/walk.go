package streamnode

import "switchyard/backends"

// Entry is an entry of a node, on a walk over them. It is valid for one step of that.
type Entry struct {
	ID backends.StreamID

	n      *Node
	master int // fields of the master entry
	pos    int // of the flags
	flags  int
	fields int
	body   int // where the values, or the fields and values, begin
}

func (n *Node) walk() Entry { return Entry{n: n, master: n.int(n.Pack.Seek(2))} }

// First is the ID of the first entry, deleted or not; zero when there is none. It is the Master's, unless the node
// is a foreign one.
func (n *Node) First() backends.StreamID {
	e := n.walk()
	e.first()
	return e.ID
}

// Last is the ID of the last entry, deleted or not; zero when there is none.
func (n *Node) Last() backends.StreamID {
	e := n.walk()
	e.last()
	return e.ID
}

// Find is the position of the entry with an ID; 0: there is none, or it was deleted.
func (n *Node) Find(id backends.StreamID) (pos int) {
	e := n.walk()
	for more := e.seek(id, false); more && !id.Less(e.ID); more = e.next() {
		if e.ID == id && !e.deleted() {
			return e.pos
		}
	}
	return 0
}

// Each visits the entries in [from, to] that were not deleted, until fn says not to go on, and says whether the
// walk may go on in the next node. fn must not change the node.
func (n *Node) Each(from, to backends.StreamID, back bool, fn func(e *Entry) (more bool)) (more bool) {
	e := n.walk()
	start := from
	if back {
		start = to
	}
	for more := e.seek(start, back); more; {
		switch {
		case back && e.ID.Less(from), !back && to.Less(e.ID):
			return false
		case e.deleted(), e.ID.Less(from), to.Less(e.ID):
		case !fn(&e):
			return false
		}
		if back {
			more = e.prev()
		} else {
			more = e.next()
		}
	}
	return true
}

// seek goes to where a walk has all entries from id on before it, or back from id, and few others: it looks for
// that from the end that is nearer. false: there are no such entries.
func (e *Entry) seek(id backends.StreamID, back bool) bool {
	first := e.n.Master
	if !back && !first.Less(id) {
		return e.first()
	}
	if !e.last() {
		return false
	}
	last := e.ID
	switch {
	case last.Less(id):
		return back
	case id.Less(first):
		return false
	case nearer(id, first, last):
		if more := e.first(); !back {
			return more
		}
		for e.ID.Less(id) && e.next() {
		}
	case !back:
		for id.Less(e.ID) && e.prev() {
		}
	}
	return true
}

// nearer says whether an ID is nearer to first than to last, between which it is.
func nearer(id, first, last backends.StreamID) bool {
	if first.Ms != last.Ms {
		return id.Ms-first.Ms < (last.Ms-first.Ms)/2
	}
	return id.Seq-first.Seq < (last.Seq-first.Seq)/2
}

// first reads the first entry.
func (e *Entry) first() bool {
	p := e.n.Pack
	at := p.Seek(2)
	for range e.master + 1 {
		at = p.Next(at)
	}
	return e.read(p.Next(at))
}

// next reads the entry after this one.
func (e *Entry) next() bool {
	p := e.n.Pack
	at := e.body
	elements := e.fields
	if e.flags&flagSameFields == 0 {
		elements *= 2
	}
	for range elements + 1 {
		at = p.Next(at)
	}
	return e.read(at)
}

// last reads the last entry.
func (e *Entry) last() bool { return e.readBefore(len(e.n.Pack) - 1) }

// prev reads the entry before this one.
func (e *Entry) prev() bool { return e.readBefore(e.pos) }

// readBefore reads the entry that ends where something else, or nothing, begins. The last element of the master
// entry says that there is none.
func (e *Entry) readBefore(end int) bool {
	p := e.n.Pack
	at := p.Prev(end)
	elements := e.n.int(at)
	if elements == 0 {
		return false
	}
	for range elements {
		at = p.Prev(at)
	}
	return e.read(at)
}

// read reads the entry at pos; 0 is behind the last one.
func (e *Entry) read(pos int) bool {
	if pos == 0 {
		return false
	}
	p := e.n.Pack
	e.pos, e.flags = pos, e.n.int(pos)
	pos = p.Next(pos)
	ms, _ := p.Int(pos)
	pos = p.Next(pos)
	seq, _ := p.Int(pos)
	e.ID = backends.StreamID{Ms: e.n.Master.Ms + uint64(ms), Seq: e.n.Master.Seq + uint64(seq)}
	e.body = p.Next(pos)
	if e.flags&flagSameFields != 0 {
		e.fields = e.master
		return true
	}
	e.fields = e.n.int(e.body)
	e.body = p.Next(e.body)
	return true
}

func (e *Entry) deleted() bool { return e.flags&flagDeleted != 0 }
