package rdb

import (
	"switchyard/backends"
	"switchyard/backends/listpack"
)

// A list is, from the newest form to the oldest,
//
//	18  count of nodes | node | node | ...    node: 1 | element, or 2 | listpack
//	14  count of nodes | ziplist | ziplist | ...
//	10  ziplist
//	 1  count | element | element | ...
//
// where a blob is a string. Redis 7.0 to 7.4 write the first one.
const (
	typeList         = 1
	typeListZiplist  = 10
	typeQuicklist    = 14
	typeQuicklist2   = 18
	nodePlain        = 1
	nodePacked       = 2
	quicklistBytes   = 8 << 10 // of a node, with list-max-listpack-size at its default of -2
	quicklistElement = 8       // what Redis takes an element to need beside its bytes
)

type listValue [][]byte

func (v listValue) write(tx backends.Tx, key []byte) error {
	tx.Delete(key)
	l, err := tx.List(key)
	if err != nil {
		return err
	}
	for _, element := range v {
		l.Push(false, element)
	}
	return nil
}

func readList(r *reader) value { return listValue(r.strings(r.count())) }

func readListZiplist(r *reader) value {
	v := listValue(r.unpack(listpack.FromZiplist, nil))
	r.bad = r.bad || len(v) == 0
	return v
}

// readQuicklist skips empty ziplists, as Redis does, unless there is nothing else.
func readQuicklist(r *reader) value {
	var v listValue
	for n := r.count(); n > 0 && !r.bad; n-- {
		v = r.unpack(listpack.FromZiplist, v)
	}
	r.bad = r.bad || len(v) == 0
	return v
}

func readQuicklist2(r *reader) value {
	var v listValue
	for n := r.count(); n > 0 && !r.bad; n-- {
		switch container, encoded := r.length(); {
		case !encoded && container == nodePacked:
			v = r.unpack(plainListpack, v)
		case !encoded && container == nodePlain:
			element := r.string()
			r.bad = r.bad || len(element) == 0
			v = append(v, element)
		default:
			r.bad = true
		}
	}
	r.bad = r.bad || len(v) == 0
	return v
}

// dumpList fills the nodes as Redis does when all elements were pushed to the back, whatever the
// server's list-max-listpack-size: where nodes begin is not part of the value. Redis 7.0 has plain
// nodes for elements beyond 1 GB only, so none here.
func dumpList(tx backends.Tx, key []byte) []byte {
	l, err := tx.List(key)
	if err != nil {
		return nil
	}
	w := newWriter(l.Len())
	var node listpack.List
	flush := func() {
		if node != nil {
			w.p = appendString(append(w.p, nodePacked), node)
			w.n++
		}
	}
	l.Each(0, false, func(element []byte) bool {
		if node == nil || len(node)+len(element)+quicklistElement > quicklistBytes {
			flush()
			node = listpack.New(0)
		}
		node = node.Append(element)
		return true
	})
	flush()
	return w.seal(version, typeQuicklist2)
}
