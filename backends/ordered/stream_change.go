package ordered

import (
	"switchyard/backends"
	"switchyard/backends/streamnode"
)

// append adds an entry, which is after all others.
func (s *stream) append(id backends.StreamID, fields [][]byte) {
	b := s.taking(fields)
	if b == nil && s.c.x.err == nil {
		b = s.begin(id, fields)
	}
	if s.c.x.err != nil {
		return
	}
	b.append(id, fields)
	if s.Length == 0 {
		s.First = id
	}
	s.Gain(1, id)
	s.grown(b)
}

// grown follows a change of the last block. One that is too large gets a record of its own.
func (s *stream) grown(b *block) {
	s.touch()
	if len(b.Pack) > s.c.x.e.o.packed {
		s.push()
		s.full = true
	}
}

// appendNode adds a block as it is.
func (s *stream) appendNode(n streamnode.Node) {
	b := &block{Node: n, owned: true, open: true, whole: true}
	if s.add(b); s.c.x.err != nil {
		return
	}
	live, _ := b.Counts()
	empty := s.Length == 0
	if s.Gain(live, b.Last()); empty && live > 0 {
		s.findFirst()
	}
	s.grown(b)
}

// taking is the last block, in the record of the key, if it takes an entry; nil: there is to be another one.
func (s *stream) taking(fields [][]byte) *block {
	limits, most := s.c.x.e.o.Compact, s.c.x.e.o.packed
	b := s.tail
	if b == nil && s.outer > 0 && !s.full {
		// Those behind it were deleted.
		if b = s.check(s.load(s.masterAt(s.outer - 1))); b != nil && b.Allows(fields, limits, most) {
			s.takeOut(b)
			s.tail = b
		}
	}
	if b = s.check(b); b == nil || !b.Allows(fields, limits, most) {
		return nil
	}
	return b
}

// begin makes a block behind the others.
func (s *stream) begin(id backends.StreamID, fields [][]byte) *block {
	if s.add(newBlock(id, fields)); s.c.x.err != nil {
		return nil
	}
	return s.tail
}

// add puts a block behind the others.
func (s *stream) add(b *block) {
	if s.tail != nil {
		if s.push(); s.c.x.err != nil {
			return
		}
	}
	s.tail, s.full = b, false
	s.Nodes++
	s.RadixNodes += streamnode.RadixShare((*masters)(s), s.Nodes-1)
}

// setState changes what does not follow from the entries. Blocks of nothing but deleted entries stay as in Redis,
// unless new entries could come before them.
func (s *stream) setState(state backends.StreamState) {
	if s.Length == 0 && s.Nodes > 0 {
		b := s.at(s.Nodes - 1)
		if b == nil {
			return
		}
		for state.Last.Less(b.Last()) && s.Nodes > 0 && s.c.x.err == nil {
			if first := s.at(0); first != nil {
				s.drop(0, first)
			}
		}
	}
	s.Last, s.MaxDeleted, s.Added = state.Last, state.MaxDeleted, state.Added
	s.touch()
}

// eachBlock visits the blocks from an index on, or back from it.
func (s *stream) eachBlock(i int, back bool, fn func(b *block) (more bool)) {
	if i < 0 {
		return
	}
	if back && i == s.outer {
		if b := s.check(s.tail); b == nil || !fn(b) {
			return
		}
		i--
	}
	more := true
	if s.outer > 0 && i >= 0 && i < s.outer {
		t := s.blocks()
		if t == nil {
			return
		}
		t.each(i, back, func(it *item) bool {
			master, ok := t.idOf(it)
			if !ok {
				return false
			}
			b := s.check(s.load(master))
			more = b != nil && fn(b)
			return more
		})
	}
	if b := s.tail; !back && b != nil && more && s.c.x.err == nil {
		if b = s.check(b); b != nil {
			fn(b)
		}
	}
}

// each visits the entries in [from, to] that were not deleted.
func (s *stream) each(from, to backends.StreamID, back bool, fn func(e *streamnode.Entry) (more bool)) {
	if s.Length == 0 || s.Last.Less(from) || to.Less(from) {
		return
	}
	first := 0
	if back {
		first = s.upTo(to) - 1
	} else {
		first = max(s.upTo(from)-1, 0)
	}
	s.eachBlock(first, back, func(b *block) bool {
		if b = s.read(b); b == nil || !back && to.Less(b.Master) {
			return false
		}
		return b.Each(from, to, back, fn)
	})
}

// findFirst finds the first entry, after the one that was is gone.
func (s *stream) findFirst() {
	s.First = backends.StreamID{}
	s.each(backends.StreamID{}, backends.LastStreamID, false, func(e *streamnode.Entry) bool {
		s.First = e.ID
		return false
	})
}

// remove deletes an entry: with its block if that has no other.
func (s *stream) remove(id backends.StreamID) bool {
	i := s.upTo(id) - 1
	if i < 0 || s.c.x.err != nil {
		return false
	}
	b := s.at(i)
	if b == nil {
		return false
	}
	pos := b.Find(id)
	if pos == 0 {
		return false
	}
	if live, _ := b.Counts(); live == 1 {
		s.drop(i, b)
	} else {
		b.own(0)
		b.Delete(pos)
		s.edited(b)
	}
	s.Lose(id)
	if id == s.First {
		s.findFirst()
	}
	return true
}

// trim removes the first entries: block by block, and of the one where it ends by marks.
func (s *stream) trim(t backends.Trim) (removed int) {
	limit := 0
	if t.Approx {
		if limit = t.Limit; limit == backends.DefaultLimit {
			limit = s.c.x.e.o.Compact.StreamTrim()
		}
	}
	for s.Nodes > 0 && !(t.ByLength && s.Length <= t.Length) && s.c.x.err == nil {
		b := s.at(0)
		if b == nil {
			break
		}
		live, _ := b.Counts()
		if limit > 0 && removed+live > limit {
			break
		}
		if !b.Within(t, s.Length) {
			if !t.Approx {
				removed += s.trimBlock(b, t)
			}
			break
		}
		s.drop(0, b)
		s.Length -= live
		removed += live
	}
	if removed > 0 {
		s.findFirst()
	}
	return removed
}

// trimBlock marks the first entries of a block as deleted.
func (s *stream) trimBlock(b *block, t backends.Trim) (removed int) {
	b.own(0)
	if removed = b.Trim(t, s.Length); removed > 0 {
		s.Length -= removed
		s.edited(b)
	}
	return removed
}
