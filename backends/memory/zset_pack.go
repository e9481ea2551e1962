package memory

import (
	"math"
	"strconv"

	"switchyard/backends/listpack"
)

// pairs is a small sorted set as Redis keeps it: a listpack of members in order, each followed by its
// score, an integer where it has no fraction and text otherwise. So -0 becomes 0, as in Redis.
type pairs listpack.List

func (p pairs) list() listpack.List { return listpack.List(p) }

func (p pairs) len() int { return p.list().Len() / 2 }

// find is the position of a member, 0 when it is not there.
func (p pairs) find(text []byte) (pos int) { return p.list().Find(p.list().First(), text, 1) }

// score is that of the member at pos.
func (p pairs) score(pos int) float64 {
	l := p.list()
	at := l.Next(pos)
	if n, isInt := l.Int(at); isInt {
		return float64(n)
	}
	var scratch [20]byte
	score, _ := strconv.ParseFloat(string(l.Get(at, &scratch)), 64) // we wrote it
	return score
}

// next is the position of the member after that at pos, 0 at the end.
func (p pairs) next(pos int) int { return p.list().Next(p.list().Next(pos)) }

// seek is the position of the first member that is not before the edge, 0 when all are, and its rank.
func (p pairs) seek(e *edge) (pos, rank int) {
	var scratch [20]byte
	for pos = p.list().First(); pos != 0; pos = p.next(pos) {
		before, decided := e.exceedsScore(p.score(pos))
		if !decided {
			before = e.exceedsText(p.list().Get(pos, &scratch))
		}
		if !before {
			return pos, rank
		}
		rank++
	}
	return 0, rank
}

// insert adds a member that is not there.
func (p pairs) insert(text []byte, score float64) pairs {
	var buf [32]byte
	value := appendScore(buf[:0], score)
	pos, _ := p.seek(&edge{by: byBoth, score: score, text: text})
	l := p.room(listpack.EntrySize(text) + listpack.EntrySize(value)).list()
	if pos == 0 {
		return pairs(l.Append(text).Append(value))
	}
	return pairs(l.InsertBefore(pos, value).InsertBefore(pos, text))
}

// room makes room for n bytes more, by one step of the allocator: sets are many, and small.
func (p pairs) room(n int) pairs {
	need := len(p) + n
	if need <= cap(p) {
		return p
	}
	return append(make(pairs, 0, allocated(int64(need))), p...)
}

// remove takes out the member at pos.
func (p pairs) remove(pos int) pairs {
	l, _ := p.list().Delete(pos, 2)
	return pairs(snug(l))
}

func (p pairs) each(rank int, back bool, visit func(text []byte, score float64) bool) {
	var scratch [20]byte
	l := p.list()
	for pos := l.Seek(2 * rank); pos != 0; {
		if !visit(l.Get(pos, &scratch), p.score(pos)) {
			return
		}
		if !back {
			pos = p.next(pos)
		} else if pos = l.Prev(pos); pos != 0 {
			pos = l.Prev(pos)
		}
	}
}

// appendScore writes a score as Redis stores it.
func appendScore(dst []byte, score float64) []byte {
	switch {
	case math.IsInf(score, 1):
		return append(dst, "inf"...)
	case math.IsInf(score, -1):
		return append(dst, "-inf"...)
	case math.Trunc(score) == score && math.Abs(score) <= math.MaxInt64/2:
		return strconv.AppendInt(dst, int64(score), 10)
	}
	return strconv.AppendFloat(dst, score, 'g', -1, 64)
}
