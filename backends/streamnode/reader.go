package streamnode

import (
	"strconv"

	"switchyard/backends/listpack"
)

// Reader makes texts of entries. It keeps the master entry's fields of a node, and room for all of it, from
// one entry to the next. The zero Reader is ready for use.
type Reader struct {
	of     listpack.List // the node that master is from
	master [][]byte
	fields [][]byte
	digits []byte // of integers; digits[:kept] are those of master
	kept   int
}

// Begin forgets the node of the last entry. It comes before each walk, since nodes may have changed in place.
func (r *Reader) Begin() { r.of = nil }

// Release lets go of what was read. A rare large entry should not make its room permanent.
func (r *Reader) Release() {
	const most = 64
	if r.of = nil; cap(r.fields) > most {
		*r = Reader{}
	}
	clear(r.fields[:cap(r.fields)])
	clear(r.master[:cap(r.master)])
}

// Fields returns the fields and values of an entry. They are valid until the next call.
func (r *Reader) Fields(e *Entry) [][]byte {
	p := e.n.Pack
	if len(r.of) == 0 || &r.of[0] != &p[0] {
		r.readMaster(p, e.master)
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

func (r *Reader) readMaster(p listpack.List, fields int) {
	r.of, r.master, r.digits = p, r.master[:0], r.digits[:0]
	at := p.Seek(2)
	for range fields {
		at = p.Next(at)
		r.master = append(r.master, r.text(p, at))
	}
	r.kept = len(r.digits)
}

// text is an element. That of an integer stays where it is when digits grows.
func (r *Reader) text(p listpack.List, at int) []byte {
	n, isInt := p.Int(at)
	if !isInt {
		return p.Get(at, nil)
	}
	from := len(r.digits)
	r.digits = strconv.AppendInt(r.digits, n, 10)
	return r.digits[from:len(r.digits):len(r.digits)]
}
