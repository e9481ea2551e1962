package ordered

import (
	"bytes"
	"encoding/binary"
	"math"
	"strconv"

	"switchyard/backends"
)

// zsetView is a sorted set opened in a transaction: a listpack of members and scores in order, or a tree
// in order and beside it a record for each member, which has the score.
type zsetView struct{ handle }

var _ backends.ZSet = (*zsetView)(nil)

// ZSet implements backends.Tx.
func (x *tx) ZSet(key []byte) (backends.ZSet, error) {
	h, err := x.handle(key, backends.ZSetType)
	if err != nil {
		return nil, err
	}
	v := x.zsets.next()
	v.handle = h
	return v, nil
}

// Score implements backends.ZSet.
func (v *zsetView) Score(member []byte) (score float64, ok bool) {
	c := v.value()
	if c == nil {
		return 0, false
	}
	if !c.packed() {
		m, there := c.member(memberKey(c.version, member))
		if !there {
			return 0, false
		}
		return c.scoreOf(&m), c.x.err == nil
	}
	pos := c.find(member)
	if pos == 0 {
		return 0, false
	}
	return c.packedScore(pos), true
}

// Put implements backends.ZSet.
func (v *zsetView) Put(member []byte, score float64) (created bool) {
	c := v.create(packForm, emptyList())
	if c == nil {
		return false
	}
	limits := c.x.e.o.Compact
	fits := int64(len(member)) <= c.x.Longest(&limits.ZSetValue)
	if !c.packed() {
		created = c.putScore(member, score)
		if created && !(fits && int64(c.count) <= limits.ZSetEntries.Load()) {
			c.disguise(plain)
		}
		return created
	}
	if pos := c.find(member); pos != 0 {
		if c.packedScore(pos) != score {
			c.pack, _ = c.own().Delete(pos, 2)
			c.insertPacked(member, score)
		}
		return false
	}
	if fits = fits && int64(c.len()) < limits.ZSetEntries.Load(); !fits || !c.room(len(member)) {
		sorted := c.guise == treeForm
		if c.plant(); fits && !sorted {
			c.guise = packForm
		}
		return c.putScore(member, score)
	}
	c.insertPacked(member, score)
	return true
}

// Expand implements backends.ZSet.
func (v *zsetView) Expand() {
	switch c := v.value(); {
	case c == nil:
	case c.packed():
		c.disguise(treeForm)
	default:
		c.disguise(plain)
	}
}

// Remove implements backends.ZSet.
func (v *zsetView) Remove(member []byte) bool {
	c := v.value()
	if c == nil {
		return false
	}
	if c.packed() {
		pos := c.find(member)
		if pos != 0 {
			c.drop(pos)
		}
		return pos != 0
	}
	mk := memberKey(c.version, member)
	m, there := c.member(mk)
	if !there {
		return false
	}
	path := c.placeOf(member, c.scoreOf(&m))
	if path == nil {
		return false
	}
	c.tree.remove(path, 1)
	c.dropRecord(mk, &m)
	c.removed()
	return true
}

// Rank implements backends.ZSet.
func (v *zsetView) Rank(member []byte) (rank int, ok bool) {
	c := v.value()
	if c == nil {
		return 0, false
	}
	if c.packed() {
		found := c.find(member)
		for pos := c.list().First(); pos != found && pos != 0; pos = c.after(pos) {
			rank++
		}
		return rank, found != 0
	}
	m, there := c.member(memberKey(c.version, member))
	if !there {
		return 0, false
	}
	path := c.placeOf(member, c.scoreOf(&m))
	return index(path), path != nil
}

// Before implements backends.ZSet.
func (v *zsetView) Before(e backends.Edge) (n int) {
	c := v.value()
	if c == nil {
		return 0
	}
	if c.packed() {
		c.eachScored(0, false, func(member []byte, score float64) bool {
			if !isBefore(e, member, score) {
				return false
			}
			n++
			return true
		})
		return n
	}
	return index(c.tree.search(func(it *item) int {
		var member []byte
		if e.Member != nil {
			member = c.tree.text(it)
		}
		if isBefore(e, member, it.score) {
			return -1
		}
		return 1
	}))
}

// isBefore says whether a member comes before an edge.
func isBefore(e backends.Edge, member []byte, score float64) bool {
	if e.Member == nil {
		return score < e.Score || score == e.Score && e.After
	}
	order := bytes.Compare(member, e.Member)
	return order < 0 || order == 0 && e.After
}

// Each implements backends.ZSet.
func (v *zsetView) Each(rank int, back bool, fn func(member []byte, score float64) (more bool)) {
	c := v.value()
	switch {
	case c == nil:
	case c.packed():
		c.eachScored(rank, back, fn)
	default:
		c.x.flush() // so that fn does not, by what it reads
		c.tree.each(rank, back, func(it *item) bool {
			member := c.tree.text(it)
			return c.x.err == nil && fn(member, it.score)
		})
	}
}

// Scan implements backends.ZSet.
func (v *zsetView) Scan(cursor uint64, count int, fn func(member []byte, score float64)) (next uint64) {
	c := v.value()
	if c == nil {
		return 0
	}
	if c.packed() {
		c.eachScored(0, false, func(member []byte, score float64) bool { fn(member, score); return true })
		return 0
	}
	return walker[*visitedMember](c.walk).scan(cursor, count, func(m *visitedMember) {
		if member, score := c.nameOf(m), c.scoreOf(&m.member); c.x.err == nil {
			fn(member, score)
		}
	})
}

// appendScore writes a score as Redis has it in a listpack.
func appendScore(b []byte, score float64) []byte {
	const exact = 1 << 62
	if n := int64(score); score > -exact && score < exact && float64(n) == score {
		return strconv.AppendInt(b, n, 10)
	}
	if math.IsInf(score, 0) {
		return append(b, map[bool]string{true: "inf", false: "-inf"}[score > 0]...)
	}
	return strconv.AppendFloat(b, score, 'g', -1, 64)
}

// packedScore is the score of the member at pos.
func (c *collection) packedScore(pos int) float64 {
	lp := c.list()
	at := c.behind(pos)
	if n, isInt := lp.Int(at); isInt {
		return float64(n)
	}
	score, err := strconv.ParseFloat(string(lp.Get(at, nil)), 64)
	if err != nil || math.IsNaN(score) {
		c.fail(errDamaged)
		return 0
	}
	return score
}

// eachScored visits the members of the listpack from a rank on, or back from it.
func (c *collection) eachScored(rank int, back bool, fn func(member []byte, score float64) (more bool)) {
	if rank < 0 {
		return // which to a listpack is one from the end
	}
	var scratch [20]byte
	lp := c.list()
	for pos := lp.Seek(2 * rank); pos != 0; {
		if score := c.packedScore(pos); c.x.err != nil || !fn(lp.Get(pos, &scratch), score) {
			return
		}
		if !back {
			pos = c.after(pos)
		} else if pos = lp.Prev(pos); pos != 0 {
			pos = lp.Prev(pos)
		}
	}
}

// insertPacked puts a member where it belongs in the listpack.
func (c *collection) insertPacked(member []byte, score float64) {
	var scratch [20]byte
	lp := c.own()
	pos := lp.First()
	for ; pos != 0; pos = c.after(pos) {
		if order(c.packedScore(pos), lp.Get(pos, &scratch), score, member) > 0 {
			break
		}
	}
	text := appendScore(scratch[:0], score)
	if pos == 0 {
		c.pack = lp.Append(member).Append(text)
		return
	}
	lp = lp.InsertBefore(pos, member)
	c.pack = lp.InsertAfter(pos, text)
}

// plant makes a tree of the listpack.
func (c *collection) plant() {
	old := *c
	c.become(treeForm, nil)
	c.tree, c.count = newTree(c), 0
	old.eachScored(0, false, func(member []byte, score float64) bool {
		return c.putScore(member, score)
	})
}

func (c *collection) scoreOf(m *member) float64 {
	const scoreBytes = 8
	if len(m.value) != scoreBytes {
		c.fail(errDamaged)
		return 0
	}
	score := math.Float64frombits(binary.BigEndian.Uint64(m.value))
	if math.IsNaN(score) {
		c.fail(errDamaged)
	}
	return score
}

// place is the path to where a member with a score is, or would be.
func (c *collection) place(member []byte, score float64) []step {
	return c.tree.search(func(it *item) int {
		if it.score != score {
			return order(it.score, nil, score, nil)
		}
		return bytes.Compare(c.tree.text(it), member)
	})
}

// placeOf is the path to a member that is there; nil after an error.
func (c *collection) placeOf(member []byte, score float64) []step {
	path := c.place(member, score)
	if path == nil {
		return nil
	}
	leaf := path[len(path)-1]
	if leaf.i < len(leaf.n.items) {
		it := &leaf.n.items[leaf.i]
		if it.score == score && bytes.Equal(c.tree.text(it), member) {
			return path
		}
	}
	c.fail(errDamaged)
	return nil
}

// putScore adds a member to the tree, or changes its score.
func (c *collection) putScore(member []byte, score float64) (created bool) {
	mk := memberKey(c.version, member)
	m, there := c.member(mk)
	switch {
	case c.x.err != nil:
		return false
	case !there:
		m = c.newMember(member, c.x.e.o.element)
	case c.scoreOf(&m) == score:
		return false
	default:
		path := c.placeOf(member, c.scoreOf(&m))
		if path == nil {
			return false
		}
		c.tree.remove(path, 1)
	}
	path := c.place(member, score)
	if path == nil {
		return false
	}
	it := item{score: score}
	if m.text.version != 0 {
		it.long = &m.text
	} else {
		it.text = append([]byte{}, member...)
	}
	c.tree.insert(path, it)
	m.value = binary.BigEndian.AppendUint64(nil, math.Float64bits(score))
	c.x.set(mk, m.encode())
	return !there
}
