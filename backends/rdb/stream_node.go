package rdb

import (
	"strconv"

	"switchyard/backends"
	"switchyard/backends/listpack"
)

// A node of a stream holds some of its entries in a listpack. It begins with the master entry,
//
//	live entries | deleted ones | number of fields | field | ... | field | 0
//
// and goes on with the others,
//
//	flags | ms - master ID's | seq - master ID's | number of fields | field | value | ... | elements so far
//
// of which one with the fields of the master entry has only the values. The node keeps deleted entries, marked by
// a flag, and is gone with the last live one.
const (
	entryDeleted    = 1
	entrySameFields = 2

	// What a node takes with the defaults of Redis. A node that is given these is not part of the value, whatever
	// limits the server that reads it has.
	nodeBytes   = 4096
	nodeEntries = 100
)

// streamNode is a node whose listpack is sound.
type streamNode struct {
	master backends.StreamID
	pack   listpack.List
}

// nodeEntry is one entry on a walk over a node, and is valid for one step.
type nodeEntry struct {
	id      backends.StreamID
	deleted bool
	fields  [][]byte // with a value after each
}

// each visits the entries, deleted ones too, until fn says not to go on, and returns whether the node is
// as Redis makes one.
func (n *streamNode) each(fn func(e *nodeEntry) (more bool)) (sound bool) {
	r := nodeReader{p: n.pack, at: n.pack.First()}
	live, deleted := r.int(), r.int()
	for count := r.some(); count > 0 && !r.bad; count-- {
		r.names = append(r.names, r.text())
	}
	if r.int() != 0 || r.bad {
		return false
	}
	r.kept = len(r.digits)
	for r.at != 0 {
		e := r.entry(n.master)
		if r.bad {
			return false
		}
		if e.deleted {
			deleted--
		} else {
			live--
		}
		if !fn(e) {
			return true
		}
	}
	return live == 0 && deleted == 0
}

// nodeReader takes a node apart. As with reader, the first violation is kept and ends what follows.
type nodeReader struct {
	p      listpack.List
	at     int // the next element; 0: there is none
	bad    bool
	names  [][]byte // of the master entry's fields
	e      nodeEntry
	digits []byte // texts of integers, digits[:kept] of those in names
	kept   int
}

// entry reads the next entry.
func (r *nodeReader) entry(master backends.StreamID) *nodeEntry {
	r.e.fields, r.digits = r.e.fields[:0], r.digits[:r.kept]
	flags := r.int()
	r.e.id = backends.StreamID{Ms: master.Ms + uint64(r.int()), Seq: master.Seq + uint64(r.int())}
	r.e.deleted = flags&entryDeleted != 0
	elements := int64(3)
	if flags&entrySameFields != 0 {
		for _, name := range r.names {
			r.e.fields = append(r.e.fields, name, r.text())
		}
		elements += int64(len(r.names))
	} else {
		count := r.some()
		for i := count; i > 0 && !r.bad; i-- {
			r.e.fields = append(r.e.fields, r.text(), r.text())
		}
		elements += 1 + 2*count
	}
	r.bad = r.int() != elements || r.bad || flags&^(entryDeleted|entrySameFields) != 0
	return &r.e
}

// int takes an element that is an integer.
func (r *nodeReader) int() int64 {
	if r.at == 0 {
		r.bad = true
		return 0
	}
	n, isInt := r.p.Int(r.at)
	r.bad = r.bad || !isInt
	r.at = r.p.Next(r.at)
	return n
}

// some takes a number of fields: there is at least one.
func (r *nodeReader) some() int64 {
	n := r.int()
	r.bad = r.bad || n < 1
	return n
}

// text takes any element. The texts of integers lie in digits: those that are there stay when it grows.
func (r *nodeReader) text() []byte {
	if r.at == 0 {
		r.bad = true
		return nil
	}
	at := r.at
	r.at = r.p.Next(at)
	n, isInt := r.p.Int(at)
	if !isInt {
		return r.p.Get(at, nil)
	}
	from := len(r.digits)
	r.digits = strconv.AppendInt(r.digits, n, 10)
	return r.digits[from:len(r.digits):len(r.digits)]
}

// packNodes writes the entries of a stream that has no nodes, in those that Redis would have made for them.
func packNodes(w *writer, s backends.Stream) {
	var node streamNode
	entries := 0
	flush := func() {
		if entries > 0 {
			w.node(node.master, node.pack.ReplaceInt(node.pack.First(), int64(entries)))
		}
	}
	s.Each(backends.StreamID{}, backends.LastStreamID, false, func(id backends.StreamID, fields [][]byte) bool {
		size := 0
		for _, f := range fields {
			size += len(f)
		}
		if entries == 0 || len(node.pack)+size >= nodeBytes || entries >= nodeEntries {
			flush()
			node, entries = newNode(id, fields), 0
		}
		node.add(id, fields)
		entries++
		return true
	})
	flush()
}

// newNode makes a node without entries for those with such fields.
func newNode(master backends.StreamID, fields [][]byte) streamNode {
	p := listpack.New(nodeBytes).AppendInt(0).AppendInt(0).AppendInt(int64(len(fields) / 2))
	for i := 0; i < len(fields); i += 2 {
		p = p.Append(fields[i])
	}
	return streamNode{master, p.AppendInt(0)}
}

// add adds an entry, which is after all others. It leaves the number of entries to the caller.
func (n *streamNode) add(id backends.StreamID, fields [][]byte) {
	flags, elements := int64(0), 4+len(fields)
	if n.hasFields(fields) {
		flags, elements = entrySameFields, 3+len(fields)/2
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

// hasFields says whether an entry has the fields of the master entry.
func (n *streamNode) hasFields(fields [][]byte) bool {
	at := n.pack.Seek(2)
	if count, _ := n.pack.Int(at); count != int64(len(fields)/2) {
		return false
	}
	for i := 0; i < len(fields); i += 2 {
		if at = n.pack.Next(at); !n.pack.Equal(at, fields[i]) {
			return false
		}
	}
	return true
}
