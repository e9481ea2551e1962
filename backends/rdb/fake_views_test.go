package rdb

import (
	"cmp"
	"math"
	"slices"
	"strconv"

	"switchyard/backends"
)

// fakeMembers are those of a collection of any type: a slice, and for all but lists an index of it.
type fakeMembers struct {
	kind  backends.Type
	list  []fakeMember
	index map[string]int
}

// fakeMember has what its type needs: a list element and the member of a set have only a name.
type fakeMember struct {
	name, value string
	score       float64
	at          int64
}

func (m *fakeMembers) clone() *fakeMembers {
	c := &fakeMembers{m.kind, slices.Clone(m.list), nil}
	c.reindex()
	return c
}

func (m *fakeMembers) reindex() {
	if m.kind == backends.ListType {
		return
	}
	m.index = make(map[string]int, len(m.list))
	for i, e := range m.list {
		m.index[e.name] = i
	}
}

// fakeView is a collection opened in a transaction. It looks its key up each time.
type fakeView struct {
	x    fakeTx
	key  []byte
	kind backends.Type
}

type (
	fakeList struct{ fakeView }
	fakeSet  struct{ fakeView }
	fakeZSet struct{ fakeView }
	fakeHash struct{ fakeView }
)

func (x fakeTx) open(key []byte, kind backends.Type) (fakeView, error) {
	if is := x.Type(key); is != backends.None && is != kind {
		return fakeView{}, backends.ErrWrongType
	}
	return fakeView{x, key, kind}, nil
}

func (x fakeTx) List(key []byte) (backends.List, error) {
	v, err := x.open(key, backends.ListType)
	return fakeList{v}, err
}

func (x fakeTx) Set(key []byte) (backends.Set, error) {
	v, err := x.open(key, backends.SetType)
	return fakeSet{v}, err
}

func (x fakeTx) ZSet(key []byte) (backends.ZSet, error) {
	v, err := x.open(key, backends.ZSetType)
	return fakeZSet{v}, err
}

func (x fakeTx) Hash(key []byte) (backends.Hash, error) {
	v, err := x.open(key, backends.HashType)
	return fakeHash{v}, err
}

// Encoding says what Redis 7.2 would with its default limits, of a collection that was never larger.
func (x fakeTx) Encoding(key []byte) string {
	k, ok := x.get(key)
	if !ok {
		return ""
	}
	switch {
	case k.stream != nil:
		return "stream"
	case k.members == nil:
		return backends.Shortest.Encoding(k.val)
	}
	bytes, longest, integers, timed := 0, 0, true, false
	for _, e := range k.members.list {
		n, err := strconv.ParseInt(e.name, 10, 64)
		integers = integers && err == nil && strconv.FormatInt(n, 10) == e.name
		longest = max(longest, len(e.name), len(e.value))
		bytes += len(e.name) + 8
		timed = timed || e.at != 0
	}
	most := 128
	if k.members.kind == backends.HashType {
		most = 512
	}
	small := len(k.members.list) <= most && longest <= 64
	switch kind := k.members.kind; {
	case kind == backends.ListType && bytes > 8000:
		return "quicklist"
	case kind == backends.SetType && integers && len(k.members.list) <= 512:
		return "intset"
	case kind == backends.ListType, small && !timed:
		return "listpack"
	case kind == backends.ZSetType:
		return "skiplist"
	case small:
		return "listpackex"
	}
	return "hashtable"
}

// read is the collection, empty when absent.
func (v fakeView) read() *fakeMembers {
	if k, ok := v.x.get(v.key); ok {
		return k.members
	}
	return &fakeMembers{kind: v.kind}
}

// change lets fn change the collection, and removes the key if that leaves it empty.
func (v fakeView) change(fn func(m *fakeMembers)) {
	m, k := v.read(), v.x.keys()[string(v.key)]
	if _, ok := v.x.get(v.key); !ok {
		k = fakeKey{}
	}
	fn(m)
	m.reindex()
	if k.members = m; len(m.list) == 0 {
		delete(v.x.keys(), string(v.key))
	} else {
		v.x.keys()[string(v.key)] = k
	}
}

// put adds or replaces a member.
func (v fakeView) put(e fakeMember) (created bool) {
	m := v.read()
	i, there := m.index[e.name]
	if there {
		m.list[i] = e
		return false
	}
	if len(m.list) == 0 { // there is no such key
		m.index = map[string]int{}
		v.x.keys()[string(v.key)] = fakeKey{members: m}
	}
	m.index[e.name] = len(m.list)
	m.list = append(m.list, e)
	return true
}

func (v fakeView) remove(name []byte) bool {
	i, there := v.read().index[string(name)]
	if there {
		v.change(func(m *fakeMembers) { m.list = slices.Delete(m.list, i, i+1) })
	}
	return there
}

func (v fakeView) get(name []byte) (fakeMember, bool) {
	m := v.read()
	if i, there := m.index[string(name)]; there {
		return m.list[i], true
	}
	return fakeMember{}, false
}

func (v fakeView) Len() int { return len(v.read().list) }

func (v fakeView) each(fn func(e fakeMember) bool) {
	for _, e := range v.read().list {
		if !fn(e) {
			return
		}
	}
}

func (l fakeList) At(i int) []byte { return []byte(l.read().list[i].name) }
func (l fakeList) Put(i int, element []byte) {
	l.change(func(m *fakeMembers) { m.list[i].name = string(element) })
}
func (l fakeList) Push(front bool, element []byte) {
	if front {
		l.Insert(0, element)
	} else {
		l.Insert(l.Len(), element)
	}
}
func (l fakeList) Insert(i int, element []byte) {
	l.change(func(m *fakeMembers) { m.list = slices.Insert(m.list, i, fakeMember{name: string(element)}) })
}
func (l fakeList) Remove(i, n int) {
	l.change(func(m *fakeMembers) { m.list = slices.Delete(m.list, i, i+n) })
}
func (l fakeList) Each(i int, back bool, fn func([]byte) bool) {
	for list := l.read().list; i >= 0 && i < len(list) && fn([]byte(list[i].name)); {
		if back {
			i--
		} else {
			i++
		}
	}
}
func (l fakeList) Filter(bool, func([]byte) (remove, more bool)) { panic("the codec does not filter") }

func (s fakeSet) Has(member []byte) bool    { _, ok := s.get(member); return ok }
func (s fakeSet) Add(member []byte) bool    { return s.put(fakeMember{name: string(member)}) }
func (s fakeSet) Remove(member []byte) bool { return s.remove(member) }
func (s fakeSet) Each(fn func([]byte) bool) {
	s.each(func(e fakeMember) bool { return fn([]byte(e.name)) })
}
func (s fakeSet) Scan(_ uint64, _ int, fn func([]byte)) uint64 {
	s.each(func(e fakeMember) bool { fn([]byte(e.name)); return true })
	return 0
}
func (s fakeSet) Random() []byte { return nil }

func (z fakeZSet) Score(member []byte) (float64, bool) { e, ok := z.get(member); return e.score, ok }
func (z fakeZSet) Put(member []byte, score float64) bool {
	if math.IsNaN(score) {
		panic("a score is NaN")
	}
	return z.put(fakeMember{name: string(member), score: score})
}
func (z fakeZSet) Remove(member []byte) bool { return z.remove(member) }
func (z fakeZSet) ordered() []fakeMember {
	return slices.SortedFunc(slices.Values(z.read().list), func(a, b fakeMember) int {
		return cmp.Or(cmp.Compare(a.score, b.score), cmp.Compare(a.name, b.name))
	})
}
func (z fakeZSet) Rank(member []byte) (int, bool) {
	i := slices.IndexFunc(z.ordered(), func(e fakeMember) bool { return e.name == string(member) })
	return i, i >= 0
}
func (z fakeZSet) Expand()                  { panic("the codec sorts nothing") }
func (z fakeZSet) Before(backends.Edge) int { panic("the codec knows no edges") }
func (z fakeZSet) Each(rank int, back bool, fn func([]byte, float64) bool) {
	for all := z.ordered(); rank >= 0 && rank < len(all) && fn([]byte(all[rank].name), all[rank].score); {
		if back {
			rank--
		} else {
			rank++
		}
	}
}
func (z fakeZSet) Scan(_ uint64, _ int, fn func([]byte, float64)) uint64 {
	z.each(func(e fakeMember) bool { fn([]byte(e.name), e.score); return true })
	return 0
}

func (h fakeHash) live(e fakeMember) bool { return e.at == 0 || e.at > h.x.a.Now }
func (h fakeHash) Get(field []byte) ([]byte, bool) {
	e, ok := h.get(field)
	return []byte(e.value), ok && h.live(e)
}
func (h fakeHash) Put(field, value []byte) bool {
	return h.put(fakeMember{name: string(field), value: string(value)})
}
func (h fakeHash) Delete(field []byte) bool { return h.remove(field) }
func (h fakeHash) Each(fn func(field, value []byte) bool) {
	h.each(func(e fakeMember) bool { return !h.live(e) || fn([]byte(e.name), []byte(e.value)) })
}
func (h fakeHash) Scan(_ uint64, _ int, fn func(field, value []byte)) uint64 {
	h.Each(func(field, value []byte) bool { fn(field, value); return true })
	return 0
}
func (h fakeHash) Random() (field, value []byte, ok bool) { return nil, nil, false }
func (h fakeHash) FieldDeadline(field []byte) int64 {
	if e, ok := h.get(field); ok && h.live(e) {
		return e.at
	}
	return 0
}
func (h fakeHash) SetFieldDeadline(field []byte, at int64) {
	e, ok := h.get(field)
	if ok && at != 0 && at <= h.x.a.Now {
		h.remove(field)
	} else if ok {
		e.at = at
		h.put(e)
	}
}
