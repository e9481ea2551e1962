package rdb

import (
	"bytes"
	"encoding/binary"
	"math"
	"strconv"

	"switchyard/backends"
	"switchyard/backends/listpack"
)

// A sorted set is
//
//	17  listpack of member, score, member, score, ...
//	12  the same as a ziplist
//	 5  count | member | score | member | score | ...   score: a double, 8 bytes little-endian
//	 3  count | member | score | ...                    score: its length, 1 byte, and its text
//
// where a blob is a string. Redis 7 writes 17 in order and 5 backwards; no reader relies on it. In 3 the
// lengths 253, 254 and 255 are the scores NaN, inf and -inf.
const (
	typeZSetText     = 3
	typeZSet         = 5
	typeZSetZiplist  = 12
	typeZSetListpack = 17

	textNaN  = 253
	textInf  = 254
	textLess = 255 // -inf
)

type zsetValue struct {
	members [][]byte
	scores  []float64
}

func (v *zsetValue) write(tx backends.Tx, key []byte) error {
	tx.Delete(key)
	z, err := tx.ZSet(key)
	if err != nil {
		return err
	}
	for i, member := range v.members {
		z.Put(member, v.scores[i])
	}
	return nil
}

func readZSet(r *reader) value     { return r.zset(r.doubleScore) }
func readZSetText(r *reader) value { return r.zset(r.textScore) }

// zset reads a large sorted set.
func (r *reader) zset(score func() float64) value {
	n := r.count()
	v := &zsetValue{make([][]byte, 0, min(n, reserve)), make([]float64, 0, min(n, reserve))}
	for ; n > 0 && !r.bad; n-- {
		v.members = append(v.members, r.string())
		v.scores = append(v.scores, score())
		r.bad = r.bad || math.IsNaN(v.scores[len(v.scores)-1])
	}
	r.tuples(v.members, 1)
	return v
}

func (r *reader) doubleScore() float64 {
	if b := r.next(8); b != nil {
		return math.Float64frombits(binary.LittleEndian.Uint64(b))
	}
	return 0
}

func (r *reader) textScore() float64 {
	switch n := r.byte(); n {
	case textNaN:
		return math.NaN()
	case textInf:
		return math.Inf(1)
	case textLess:
		return math.Inf(-1)
	default:
		return r.score(r.next(uint64(n)))
	}
}

// score reads the text of a score. Redis reads as much of it as is a number, and in a blob takes what is
// none for 0; but it never writes such a text, so it is an error here. Go allows underscores between
// digits.
func (r *reader) score(text []byte) float64 {
	score, err := strconv.ParseFloat(string(text), 64)
	if err != nil && !math.IsInf(score, 0) || math.IsNaN(score) || bytes.IndexByte(text, '_') >= 0 {
		r.bad = true
	}
	return score
}

// packedZSet reads a small sorted set backwards, as a large one is written: then each member comes before
// all that are there, where an engine with a compact set looks first.
func packedZSet(packing packing) func(*reader) value {
	return func(r *reader) value {
		pairs := r.unpack(packing, nil)
		r.tuples(pairs, 2)
		if r.bad {
			return nil
		}
		v := &zsetValue{make([][]byte, 0, len(pairs)/2), make([]float64, 0, len(pairs)/2)}
		for i := len(pairs) - 2; i >= 0; i -= 2 {
			v.members = append(v.members, pairs[i])
			v.scores = append(v.scores, r.score(pairs[i+1]))
		}
		return v
	}
}

func dumpZSet(tx backends.Tx, key []byte) []byte {
	z, err := tx.ZSet(key)
	if err != nil || z.Len() == 0 {
		return nil
	}
	if tx.Encoding(key) == "listpack" {
		return sealBlob(typeZSetListpack, packZSet(z))
	}
	w := newWriter(z.Len())
	z.Each(z.Len()-1, true, func(member []byte, score float64) bool {
		w.string(member)
		w.p = binary.LittleEndian.AppendUint64(w.p, math.Float64bits(score))
		w.n++
		return true
	})
	return w.seal(version, typeZSet)
}

// packZSet makes the listpack of a small sorted set. A score is an integer where it can be one, so that
// -0 loses its sign as in Redis, and otherwise text with 17 digits: Redis 7.0 writes those, while from 7.2 on
// it writes as few as tell the score from all others.
func packZSet(z backends.ZSet) listpack.List {
	const most = math.MaxInt64 / 2 // of what Redis takes for an integer
	l := listpack.New(0)
	var text [32]byte
	z.Each(0, false, func(member []byte, score float64) bool {
		l = l.Append(member)
		switch {
		case math.IsInf(score, 1):
			l = l.Append([]byte("inf"))
		case math.IsInf(score, -1):
			l = l.Append([]byte("-inf"))
		case math.Abs(score) <= most && math.Trunc(score) == score:
			l = l.AppendInt(int64(score))
		default:
			l = l.Append(strconv.AppendFloat(text[:0], score, 'g', 17, 64))
		}
		return true
	})
	return l
}
