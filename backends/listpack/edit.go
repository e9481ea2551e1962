package listpack

import "slices"

// Append adds value at the end.
func (l List) Append(value []byte) List {
	e := encode(value)
	return l.insert(len(l)-1, &e)
}

// AppendInt adds n at the end, as its text would be.
func (l List) AppendInt(n int64) List {
	e := encodeInt(n)
	return l.insert(len(l)-1, &e)
}

// Prepend adds value at the beginning.
func (l List) Prepend(value []byte) List {
	e := encode(value)
	return l.insert(headerSize, &e)
}

// InsertBefore adds value before the element at pos, where it is then itself. A pos of 0 is what a
// search for the successor returns when there is none: value comes last.
func (l List) InsertBefore(pos int, value []byte) List {
	if pos == 0 {
		pos = len(l) - 1
	}
	e := encode(value)
	return l.insert(pos, &e)
}

// InsertAfter adds value after the element at pos, which keeps its position.
func (l List) InsertAfter(pos int, value []byte) List {
	e := encode(value)
	return l.insert(pos+l.span(pos), &e)
}

// Replace makes value of the element at pos.
func (l List) Replace(pos int, value []byte) List {
	e := encode(value)
	return l.replace(pos, &e)
}

// ReplaceInt makes n of the element at pos.
func (l List) ReplaceInt(pos int, n int64) List {
	e := encodeInt(n)
	return l.replace(pos, &e)
}

// Delete removes n elements, from that at pos on, or as many as there are; a field with its value
// is two. It returns the position of what followed them, 0 when that is nothing.
func (l List) Delete(pos, n int) (rest List, next int) {
	behind, removed := pos, 0
	for ; removed < n && l[behind] != end; removed++ {
		behind += l.span(behind)
	}
	l = l.shift(behind, pos)
	l.addCounted(-removed)
	if l[pos] == end {
		return l, 0
	}
	return l, pos
}

// DeleteRange removes n elements, from that at index on, or as many as there are. The index is that of
// Seek; without an element there nothing is removed.
func (l List) DeleteRange(index, n int) List {
	pos := l.Seek(index)
	if pos == 0 {
		return l
	}
	l, _ = l.Delete(pos, n)
	l.setCounted(l.Len())
	return l
}

// Concat adds all elements of m, which stays as it is, at the end.
func (l List) Concat(m List) List {
	n := l.Len() + m.Len()
	l = append(l[:len(l)-1], m[headerSize:]...)
	l.setSize()
	l.setCounted(n)
	return l
}

// SplitAt cuts the list before the element at index, which counts from the end when negative. The
// elements before it stay in place; the others, none if there is no such element, are copied into a
// list that has no spare room.
func (l List) SplitAt(index int) (before, after List) {
	pos := l.Seek(index)
	if pos == 0 {
		return l, New(0)
	}
	n := l.Len()
	if index < 0 {
		index += n
	}
	after = make(List, headerSize+len(l)-pos)
	copy(after[headerSize:], l[pos:])
	after.setSize()
	after.setCounted(n - index)
	l = l[:pos+1]
	l[pos] = end
	l.setSize()
	l.setCounted(index)
	return l, after
}

// insert puts e at pos, before what is there.
func (l List) insert(pos int, e *element) List {
	l = l.shift(pos, pos+e.span())
	e.put(l[pos:])
	l.addCounted(1)
	return l
}

func (l List) replace(pos int, e *element) List {
	if was, is := l.span(pos), e.span(); was != is {
		l = l.shift(pos+was, pos+is)
	}
	e.put(l[pos:])
	return l
}

// shift moves all that begins at from to begin at to.
func (l List) shift(from, to int) List {
	size := len(l) + to - from
	if size > len(l) {
		l = slices.Grow(l, size-len(l))
	}
	copy(l[to:size], l[from:])
	l = l[:size]
	l.setSize()
	return l
}
