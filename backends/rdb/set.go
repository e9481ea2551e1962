package rdb

import (
	"slices"
	"strconv"

	"switchyard/backends"
	"switchyard/backends/intset"
)

// A set is
//
//	20  listpack
//	11  intset
//	 2  count | member | member | ...
//
// where a blob is a string. Redis 7.2 writes all three, and 7.0 does not know the first. So what is a
// listpack here is written as the last one.
const (
	typeSet         = 2
	typeIntset      = 11
	typeSetListpack = 20
)

type setValue [][]byte

func (v setValue) write(tx backends.Tx, key []byte) error {
	tx.Delete(key)
	s, err := tx.Set(key)
	if err != nil {
		return err
	}
	for _, member := range v {
		s.Add(member)
	}
	return nil
}

func readSet(r *reader) value {
	v := setValue(r.strings(r.count()))
	r.tuples(v, 1)
	return v
}

func readSetListpack(r *reader) value {
	v := setValue(r.unpack(plainListpack, nil))
	r.tuples(v, 1)
	return v
}

func readIntset(r *reader) value {
	blob := r.string()
	if r.bad || intset.Valid(blob) != nil || intset.Set(blob).Len() == 0 {
		r.bad = true
		return nil
	}
	s := intset.Set(blob)
	v := make(setValue, s.Len())
	for i := range v {
		v[i] = r.number(s.At(i))
	}
	return v
}

func dumpSet(tx backends.Tx, key []byte) []byte {
	s, err := tx.Set(key)
	if err != nil {
		return nil
	}
	if tx.Encoding(key) == "intset" {
		if ints, ok := integers(s); ok {
			return sealBlob(typeIntset, ints)
		}
	}
	w := newWriter(s.Len())
	s.Each(func(member []byte) bool {
		w.string(member)
		w.n++
		return true
	})
	return w.seal(version, typeSet)
}

// integers makes an intset of s if it has integers only, and some.
func integers(s backends.Set) (ints intset.Set, ok bool) {
	list := make([]int64, 0, s.Len())
	s.Each(func(member []byte) bool {
		n, err := strconv.ParseInt(string(member), 10, 64)
		if ok = err == nil; ok {
			list = append(list, n)
		}
		return ok
	})
	slices.Sort(list) // many may lie in no order, which Add would take long for
	ints = intset.New()
	for _, n := range list {
		ints, _ = ints.Add(n)
	}
	return ints, ok
}
