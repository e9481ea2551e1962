package ordered

import "switchyard/backends"

// append adds an entry, which is after all others.
func (s *stream) append(id backends.StreamID, fields [][]byte) {
	size := 0
	for _, f := range fields {
		size += len(f)
	}
	b := s.taking(size)
	if b == nil && s.c.x.err == nil {
		b = s.begin(id, fields)
	}
	if s.c.x.err != nil {
		return
	}
	b.append(id, fields, size)
	if s.Length == 0 {
		s.First = id
	}
	s.Length++
	s.Added++
	s.Last = id
	s.touch()
	if len(b.pack) > s.c.x.e.o.packed {
		s.push()
		s.full = true
	}
}

// taking is the last block, in the record of the key, if it takes an entry of size bytes; nil: there is to be
// another one.
func (s *stream) taking(size int) *block {
	limits, most := s.c.x.e.o.Compact, s.c.x.e.o.packed
	b := s.tail
	if b == nil && s.outer > 0 && !s.full {
		// Those behind it were deleted.
		if b = s.check(s.load(s.masterAt(s.outer - 1))); b != nil && b.allows(size, limits, most) {
			s.takeOut(b)
			s.tail = b
		}
	}
	if b = s.check(b); b == nil || !b.allows(size, limits, most) {
		return nil
	}
	return b
}

// begin makes a block behind the others.
func (s *stream) begin(id backends.StreamID, fields [][]byte) *block {
	if s.tail != nil {
		if s.push(); s.c.x.err != nil {
			return nil
		}
	}
	s.tail, s.full = newBlock(id, fields), false
	s.Nodes++
	s.RadixNodes += s.radixShare(s.Nodes - 1)
	return s.tail
}

// setState changes what does not follow from the entries. Blocks of nothing but deleted entries stay as in Redis,
// unless new entries could come before them.
func (s *stream) setState(state backends.StreamState) {
	if s.Length == 0 && s.Nodes > 0 {
		b := s.at(s.Nodes - 1)
		if b == nil {
			return
		}
		for state.Last.Less(b.entries[len(b.entries)-1].id) && s.Nodes > 0 && s.c.x.err == nil {
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
func (s *stream) each(from, to backends.StreamID, back bool, fn func(b *block, e *blockEntry) (more bool)) {
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
		if b = s.read(b); b == nil || !back && to.Less(b.master) {
			return false
		}
		return b.each(from, to, back, fn)
	})
}

// each visits the entries of a block, and says whether there may be others in the next one.
func (b *block) each(from, to backends.StreamID, back bool, fn func(b *block, e *blockEntry) (more bool)) (more bool) {
	lo, _ := b.search(from)
	hi, found := b.search(to)
	if found {
		hi++
	}
	for n := range hi - lo {
		i := lo + n
		if back {
			i = hi - 1 - n
		}
		if e := &b.entries[i]; !e.deleted && !fn(b, e) {
			return false
		}
	}
	if back {
		return lo == 0
	}
	return hi == len(b.entries)
}

// findFirst finds the first entry, after the one that was is gone.
func (s *stream) findFirst() {
	s.First = backends.StreamID{}
	s.each(backends.StreamID{}, backends.LastStreamID, false, func(_ *block, e *blockEntry) bool {
		s.First = e.id
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
	k, found := b.search(id)
	if !found || b.entries[k].deleted {
		return false
	}
	if b.live == 1 {
		s.drop(i, b)
	} else {
		b.mark(k)
		b.count(-1, 1)
		s.edited(b)
	}
	s.Length--
	if s.MaxDeleted.Less(id) {
		s.MaxDeleted = id
	}
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
		if b == nil || limit > 0 && removed+b.live > limit {
			break
		}
		whole := s.Length-b.live >= t.Length
		if !t.ByLength {
			whole = b.entries[len(b.entries)-1].id.Less(t.First)
		}
		if !whole {
			if !t.Approx {
				removed += s.trimBlock(b, t)
			}
			break
		}
		s.drop(0, b)
		s.Length -= b.live
		removed += b.live
	}
	if removed > 0 {
		s.findFirst()
	}
	return removed
}

// trimBlock marks the first entries of a block as deleted. As in Redis the block stays, even when the rest of it
// had been deleted before.
func (s *stream) trimBlock(b *block, t backends.Trim) (removed int) {
	for i := range b.entries {
		e := &b.entries[i]
		if t.ByLength && s.Length <= t.Length || !t.ByLength && !e.id.Less(t.First) {
			break
		}
		if !e.deleted {
			b.mark(i)
			removed++
			s.Length--
		}
	}
	if removed > 0 {
		b.count(-removed, removed)
		s.edited(b)
	}
	return removed
}
