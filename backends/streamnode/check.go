package streamnode

import (
	"errors"

	"switchyard/backends"
	"switchyard/backends/listpack"
)

// Errors about foreign bytes.
var (
	errMaster  = errors.New("streamnode: the master entry is wrong")
	errEntries = errors.New("streamnode: the entries are wrong, or not as many as the master entry says")
)

// Check says what is wrong with a node, if anything: nil means that every method may be called. It allocates only
// the error.
//
// Redis does not look at the order of IDs. We do, since entries are searched by it. As in Redis a node may
// be without entries, and its first one may come after Master.
func (n *Node) Check() error {
	if err := n.CheckMaster(); err != nil {
		return err
	}
	return n.CheckEntries()
}

// CheckMaster is the part of Check that Counts, Allows and Append rely on. It saves an XADD the look at all entries.
func (n *Node) CheckMaster() error {
	if err := listpack.Valid(n.Pack); err != nil {
		return err
	}
	r := elements{p: n.Pack, at: n.Pack.First()}
	most := int64(len(n.Pack))
	if live, deleted := r.count(), r.count(); live > most || deleted > most {
		return errMaster
	}
	r.skip(r.fields())
	if r.int() != 0 || r.bad {
		return errMaster
	}
	return nil
}

// CheckEntries is the rest of Check, for a node that has passed CheckMaster.
func (n *Node) CheckEntries() error {
	live, deleted := n.Counts()
	r := elements{p: n.Pack, at: n.Pack.Seek(2)}
	fields := r.fields()
	r.skip(fields + 1)
	from := n.Master
	for i := 0; r.at != 0; i++ {
		id, flags := r.entry(n.Master, fields)
		if r.bad || id.Less(from) || i > 0 && id == from {
			return errEntries
		}
		if from = id; flags&flagDeleted != 0 {
			deleted--
		} else {
			live--
		}
	}
	if live != 0 || deleted != 0 {
		return errEntries
	}
	return nil
}

// elements takes the elements of a node one by one. Once one is missing, or is not what it must be, it is bad, and
// what follows means nothing.
type elements struct {
	p   listpack.List
	at  int // the next one; 0: there is none
	bad bool
}

// entry takes an entry.
func (r *elements) entry(master backends.StreamID, fields int64) (id backends.StreamID, flags int64) {
	flags = r.int()
	id = backends.StreamID{Ms: master.Ms + uint64(r.int()), Seq: master.Seq + uint64(r.int())}
	others := int64(3)
	if flags&flagSameFields == 0 {
		fields, others = 2*r.fields(), 4
	}
	r.skip(fields)
	r.bad = r.int() != others+fields || r.bad || flags&^(flagDeleted|flagSameFields) != 0
	return id, flags
}

// int takes an integer.
func (r *elements) int() int64 {
	if r.at == 0 {
		r.bad = true
		return 0
	}
	n, isInt := r.p.Int(r.at)
	r.bad = r.bad || !isInt
	r.at = r.p.Next(r.at)
	return n
}

// count takes an integer that is not negative.
func (r *elements) count() int64 {
	n := r.int()
	r.bad = r.bad || n < 0
	return n
}

// fields takes a number of fields: there is at least one, and none is without bytes.
func (r *elements) fields() int64 {
	n := r.int()
	if n < 1 || n > int64(len(r.p)) {
		r.bad = true
		return 0
	}
	return n
}

// skip takes so many elements, whatever they are.
func (r *elements) skip(n int64) {
	for ; n > 0; n-- {
		if r.at == 0 {
			r.bad = true
			return
		}
		r.at = r.p.Next(r.at)
	}
}
