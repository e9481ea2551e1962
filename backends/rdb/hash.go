package rdb

import (
	"encoding/binary"
	"strconv"

	"switchyard/backends"
	"switchyard/backends/listpack"
)

// A hash is
//
//	25  earliest deadline | listpack of field, value, deadline, field, value, deadline, ...
//	23  the same without the earliest deadline
//	24  earliest deadline | count | wait | field | value | wait | field | value | ...
//	22  the same without the earliest deadline
//	16  listpack of field, value, field, value, ...
//	13  the same as a ziplist
//	 9  zipmap
//	 4  count | field | value | field | value | ...
//
// where a blob is a string. The first four are for hashes with field expiry, 23 and 22 from versions of
// Redis 7.4 before its release. Deadlines are in Unix milliseconds, 0 for a field without one. The earliest
// has 8 bytes little-endian. A wait is a length: in 22 the deadline, in 24 one more than how much
// later it is than the earliest. In 23 and 25 the deadlines ascend, and those of 0 come last.
const (
	typeHash            = 4
	typeHashZipmap      = 9
	typeHashZiplist     = 13
	typeHashListpack    = 16
	typeHashMetadataRC  = 22
	typeHashDeadlinesRC = 23
	typeHashMetadata    = 24
	typeHashDeadlines   = 25

	// timedVersion is the version of Redis 7.4, which a hash with deadlines needs.
	timedVersion = 12
	// lastDeadline is the latest deadline that Redis accepts.
	lastDeadline = 1<<48 - 1
)

type hashValue struct {
	pairs     [][]byte // field, value, field, value, ...
	deadlines []int64  // by field; nil: there are none
}

// write lets fields go whose time has come: the view does.
func (v *hashValue) write(tx backends.Tx, key []byte) error {
	tx.Delete(key)
	h, err := tx.Hash(key)
	if err != nil {
		return err
	}
	for i := 0; i < len(v.pairs); i += 2 {
		h.Put(v.pairs[i], v.pairs[i+1])
		if v.deadlines != nil && v.deadlines[i/2] != 0 {
			h.SetFieldDeadline(v.pairs[i], v.deadlines[i/2])
		}
	}
	return nil
}

func readHash(r *reader) value {
	n := r.count()
	v := &hashValue{pairs: make([][]byte, 0, 2*min(n, reserve))}
	for ; n > 0 && !r.bad; n-- {
		v.pairs = append(v.pairs, r.string(), r.string())
	}
	r.tuples(v.pairs, 2)
	return v
}

func packedHash(packing packing) func(*reader) value {
	return func(r *reader) value {
		v := &hashValue{pairs: r.unpack(packing, nil)}
		r.tuples(v.pairs, 2)
		return v
	}
}

func readHashMetadata(r *reader) value {
	first := r.earliest()
	r.bad = r.bad || first > lastDeadline
	return r.timedHash(first - 1)
}

func readHashMetadataRC(r *reader) value { return r.timedHash(0) }

// earliest reads the earliest deadline.
func (r *reader) earliest() uint64 {
	if b := r.next(8); b != nil {
		return binary.LittleEndian.Uint64(b)
	}
	return 0
}

// timedHash reads a large hash with waits, to which base is added.
func (r *reader) timedHash(base uint64) value {
	n := r.count()
	v := &hashValue{pairs: make([][]byte, 0, 2*min(n, reserve)), deadlines: make([]int64, 0, min(n, reserve))}
	for ; n > 0 && !r.bad; n-- {
		at, encoded := r.length()
		r.bad = r.bad || encoded || at > lastDeadline
		if at != 0 {
			at += base // one less for an earliest deadline of 0: it wraps around
		}
		r.bad = r.bad || at > lastDeadline
		v.deadlines = append(v.deadlines, int64(at))
		v.pairs = append(v.pairs, r.string(), r.string())
	}
	r.tuples(v.pairs, 2)
	return v
}

// readHashDeadlines need not know the earliest deadline, nor does Redis.
func readHashDeadlines(r *reader) value {
	r.earliest()
	return readHashDeadlinesRC(r)
}

func readHashDeadlinesRC(r *reader) value {
	elements := r.unpack(plainListpack, nil)
	r.tuples(elements, 3)
	if r.bad {
		return nil
	}
	v := &hashValue{pairs: elements[:0], deadlines: make([]int64, 0, len(elements)/3)}
	last := int64(-1)
	for i := 0; i < len(elements); i += 3 {
		at, err := strconv.ParseInt(string(elements[i+2]), 10, 64)
		if err != nil || at < 0 || at > lastDeadline || at != 0 && (last == 0 || at < last) {
			r.bad = true
			return nil
		}
		last = at
		v.deadlines = append(v.deadlines, at)
		v.pairs = append(v.pairs, elements[i], elements[i+1]) // which lie further on
	}
	return v
}

// dumpHash asks for the deadline of every field of a hash that is no listpack, for which deadlines there are
// none: the views do not tell otherwise whether a field has one.
func dumpHash(tx backends.Tx, key []byte) []byte {
	h, err := tx.Hash(key)
	if err != nil {
		return nil
	}
	if tx.Encoding(key) == "listpack" {
		l := listpack.New(0)
		h.Each(func(field, value []byte) bool {
			l = l.Append(field).Append(value)
			return true
		})
		return sealBlob(typeHashListpack, l)
	}
	w, timed := newWriter(2*h.Len()), false
	h.Each(func(field, value []byte) bool {
		timed = h.FieldDeadline(field) != 0
		w.string(field)
		w.string(value)
		w.n++
		return !timed
	})
	if timed {
		return dumpTimedHash(h)
	}
	return w.seal(version, typeHash)
}

// dumpTimedHash writes deadlines, which only Redis 7.4 and later can read: older ones would have to lose them.
// Redis keeps a small hash of this kind as type 25; it reads 24 as well for any size.
func dumpTimedHash(h backends.Hash) []byte {
	first := int64(lastDeadline)
	h.Each(func(field, _ []byte) bool {
		if at := h.FieldDeadline(field); at != 0 {
			first = min(first, at)
		}
		return true
	})
	w := newWriter(2 * h.Len())
	h.Each(func(field, value []byte) bool {
		wait := uint64(0)
		if at := h.FieldDeadline(field); at != 0 {
			wait = uint64(at-first) + 1
		}
		w.p = appendLength(w.p, wait)
		w.string(field)
		w.string(value)
		w.n++
		return true
	})
	return w.seal(timedVersion, binary.LittleEndian.AppendUint64([]byte{typeHashMetadata}, uint64(first))...)
}
