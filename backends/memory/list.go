package memory

import (
	"bytes"
	"unsafe"

	"switchyard/backends"
	"switchyard/backends/listpack"
)

// list is the value of a list: one listpack while it is small, a quicklist beyond that. As in Redis
// 7.2 it turns into a quicklist when a listpack would exceed list-max-listpack-size, and back when all that
// is left is one node of at most half that size.
type list struct {
	pack listpack.List
	deep *quicklist // not nil: it has the elements, and pack is nil
}

const listBytes = int64(unsafe.Sizeof(list{}))

var _ object = (*list)(nil)

func (l *list) address() unsafe.Pointer { return unsafe.Pointer(l) }

func (l *list) len() int {
	if l.deep != nil {
		return l.deep.count
	}
	return l.pack.Len()
}

func (l *list) bytes() int64 {
	if l.deep != nil {
		return listBytes + quicklistBytes + l.deep.bytes
	}
	return listBytes + allocated(int64(cap(l.pack)))
}

func (l *list) clone() object {
	if l.deep != nil {
		return &list{deep: l.deep.clone()}
	}
	return &list{pack: bytes.Clone(l.pack)}
}

func (l *list) encoding() string {
	if l.deep != nil {
		return "quicklist"
	}
	return "listpack"
}

// only is the listpack of a small list as a node.
func (l *list) only() *node { return &node{pack: l.pack, count: int32(l.pack.Len())} }

// at is the element at an index. It may be in scratch.
func (l *list) at(i int, scratch *[20]byte) []byte {
	if l.deep == nil {
		return l.only().at(i, scratch)
	}
	k, at := l.deep.locate(i)
	return l.deep.nodes()[k].at(at, scratch)
}

// grow makes a quicklist of a listpack that has no room for an element.
func (l *list) grow(element []byte, m nodeLimit) {
	if l.deep != nil || m.allow(len(l.pack)+len(element), l.pack.Len()+1) {
		return
	}
	l.deep = &quicklist{}
	if n := l.only(); n.count > 0 {
		l.deep.add(0, *n)
	}
	l.pack = nil
}

// shrink makes a listpack of a quicklist that has become small.
func (l *list) shrink(m nodeLimit) {
	if l.deep == nil {
		l.pack = snug(l.pack)
		return
	}
	half := m
	if half.elements /= 2; m.elements >= unlimited {
		half.bytes /= 2
	}
	if nodes := l.deep.nodes(); len(nodes) == 1 && !nodes[0].plain && half.allow(len(nodes[0].pack), l.deep.count) {
		l.pack, l.deep = nodes[0].pack, nil
	}
}

func (l *list) push(front bool, element []byte, m nodeLimit) {
	switch l.grow(element, m); {
	case l.deep != nil:
		l.deep.push(front, element, m)
	case front:
		l.pack = roomy(l.pack, len(element)+overhead, m).Prepend(element)
	default:
		l.pack = roomy(l.pack, len(element)+overhead, m).Append(element)
	}
}

func (l *list) insert(i int, element []byte, m nodeLimit) {
	if i == 0 || i == l.len() {
		l.push(i == 0, element, m)
		return
	}
	if l.grow(element, m); l.deep != nil {
		l.deep.insert(i, element, m)
		return
	}
	l.pack = roomy(l.pack, len(element)+overhead, m)
	l.pack = l.pack.InsertBefore(l.pack.Seek(i), element)
}

// replace asks for the room of one more element, although one goes, since Redis does.
func (l *list) replace(i int, element []byte, m nodeLimit, scratch *[20]byte) {
	if l.grow(element, m); l.deep != nil {
		l.deep.replace(i, element, m, scratch)
	} else {
		l.pack = l.pack.Replace(l.pack.Seek(i), element)
	}
	l.shrink(m)
}

func (l *list) remove(i, n int, m nodeLimit) {
	if l.deep != nil {
		l.deep.remove(i, n)
	} else {
		l.pack = l.pack.DeleteRange(i, n)
	}
	l.shrink(m)
}

// listView is a list opened in a transaction.
type listView struct {
	handle
	scratch [20]byte
}

var _ backends.List = (*listView)(nil)

// List implements backends.Tx.
func (x *tx) List(key []byte) (backends.List, error) {
	h, err := x.open(key, backends.ListType)
	if err != nil {
		return nil, err
	}
	v := x.lists.next()
	v.handle = h
	return v, nil
}

// list is nil when the key is absent.
func (v *listView) list() *list { return (*list)(v.value()) }

func (v *listView) limit() nodeLimit { return newNodeLimit(v.x.e.compact.ListSize.Load()) }

// Len implements backends.List.
func (v *listView) Len() int {
	if l := v.list(); l != nil {
		return l.len()
	}
	return 0
}

// At implements backends.List.
func (v *listView) At(i int) []byte { return v.list().at(i, &v.scratch) }

// Put implements backends.List.
func (v *listView) Put(i int, element []byte) {
	l := v.list()
	before := l.bytes()
	l.replace(i, element, v.limit(), &v.scratch)
	v.changed(l, before)
}

// Push implements backends.List.
func (v *listView) Push(front bool, element []byte) { v.Insert(v.end(front), element) }

// end is the index of an element that comes to an end.
func (v *listView) end(front bool) int {
	if front {
		return 0
	}
	return v.Len()
}

// Insert implements backends.List.
func (v *listView) Insert(i int, element []byte) {
	l := v.list()
	if l == nil {
		l = &list{pack: listpack.New(0)}
		l.push(true, element, v.limit())
		v.create(l)
		return
	}
	before := l.bytes()
	l.insert(i, element, v.limit())
	v.changed(l, before)
}

// Remove implements backends.List.
func (v *listView) Remove(i, n int) {
	l := v.list()
	if l == nil || n == 0 {
		return
	}
	before := l.bytes()
	l.remove(i, n, v.limit())
	v.changed(l, before)
}

// Each implements backends.List.
func (v *listView) Each(i int, back bool, fn func(element []byte) (more bool)) {
	l := v.list()
	switch {
	case l == nil || i < 0 || i >= l.len():
	case l.deep == nil:
		l.only().each(i, back, &v.scratch, fn)
	default:
		l.deep.each(i, back, &v.scratch, fn)
	}
}

// Filter implements backends.List.
func (v *listView) Filter(back bool, fn func(element []byte) (remove, more bool)) {
	l := v.list()
	if l == nil {
		return
	}
	before := l.bytes()
	if l.deep != nil {
		l.deep.filter(back, &v.scratch, fn)
	} else {
		l.pack, _, _ = l.only().filter(back, &v.scratch, fn)
	}
	l.shrink(v.limit())
	v.changed(l, before)
}
