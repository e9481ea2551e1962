package rdb

import (
	"maps"
	"slices"

	"switchyard/backends"
)

// fakeStream is a stream without nodes: a slice of entries, and maps.
type fakeStream struct {
	state   backends.StreamState
	entries []fakeEntry
	groups  map[string]*fakeGroup
}

type fakeEntry struct {
	id     backends.StreamID
	fields [][]byte
}

type fakeGroup struct {
	state     backends.GroupState
	pending   map[backends.StreamID]backends.Delivery
	consumers map[string]backends.Consumer
}

func (s *fakeStream) clone() *fakeStream {
	c := &fakeStream{s.state, slices.Clone(s.entries), map[string]*fakeGroup{}}
	for name, g := range s.groups {
		c.groups[name] = &fakeGroup{g.state, maps.Clone(g.pending), maps.Clone(g.consumers)}
	}
	return c
}

// count follows a change of the entries.
func (s *fakeStream) count() {
	s.state.Length, s.state.First = len(s.entries), backends.StreamID{}
	if len(s.entries) > 0 {
		s.state.First = s.entries[0].id
	}
}

// fakeStreamView is a stream opened in a transaction. It looks its key up each time.
type fakeStreamView struct {
	x   fakeTx
	key []byte
}

type fakeGroups struct{ fakeStreamView }

func (x fakeTx) Stream(key []byte) (backends.Stream, error) {
	if is := x.Type(key); is != backends.None && is != backends.StreamType {
		return nil, backends.ErrWrongType
	}
	return fakeStreamView{x, key}, nil
}

// read is the stream, an empty one when absent.
func (v fakeStreamView) read() *fakeStream {
	if k, ok := v.x.get(v.key); ok {
		return k.stream
	}
	return &fakeStream{groups: map[string]*fakeGroup{}}
}

// made is the stream, made when absent.
func (v fakeStreamView) made() *fakeStream {
	if _, ok := v.x.get(v.key); !ok {
		v.x.keys()[string(v.key)] = fakeKey{stream: v.read()}
	}
	return v.read()
}

func (v fakeStreamView) State() (backends.StreamState, bool) {
	_, ok := v.x.get(v.key)
	return v.read().state, ok
}

func (v fakeStreamView) SetState(state backends.StreamState) {
	s := v.made()
	s.state = state
	s.count()
}

func (v fakeStreamView) Append(id backends.StreamID, fields [][]byte) {
	s := v.made()
	if !s.state.Last.Less(id) || len(fields) == 0 || len(fields)%2 != 0 {
		panic("what is appended is not an entry after all others")
	}
	own := make([][]byte, len(fields))
	for i, f := range fields {
		own[i] = append([]byte{}, f...)
	}
	s.entries = append(s.entries, fakeEntry{id, own})
	s.state.Last = id
	s.state.Added++
	s.count()
}

func (v fakeStreamView) Delete(id backends.StreamID) bool {
	s := v.read()
	i, found := slices.BinarySearchFunc(s.entries, id, func(e fakeEntry, id backends.StreamID) int { return e.id.Compare(id) })
	if found {
		s.entries = slices.Delete(s.entries, i, i+1)
		s.count()
		if s.state.MaxDeleted.Less(id) {
			s.state.MaxDeleted = id
		}
	}
	return found
}

func (v fakeStreamView) Each(from, to backends.StreamID, back bool, fn func(backends.StreamID, [][]byte) bool) {
	if back {
		panic("the codec does not go back")
	}
	for _, e := range v.read().entries {
		if !e.id.Less(from) && !to.Less(e.id) && !fn(e.id, e.fields) {
			return
		}
	}
}

func (v fakeStreamView) Trim(t backends.Trim) int {
	s := v.read()
	n := max(0, len(s.entries)-t.Length)
	if !t.ByLength {
		n, _ = slices.BinarySearchFunc(s.entries, t.First, func(e fakeEntry, id backends.StreamID) int { return e.id.Compare(id) })
	}
	s.entries = s.entries[n:]
	s.count()
	return n
}

func (v fakeStreamView) Groups() backends.StreamGroups { return fakeGroups{v} }

func (v fakeGroups) Len() int { return len(v.read().groups) }

func (v fakeGroups) Get(name []byte) (backends.StreamGroup, bool) {
	g, ok := v.read().groups[string(name)]
	return g, ok
}

func (v fakeGroups) Create(name []byte, state backends.GroupState) backends.StreamGroup {
	g := &fakeGroup{state, map[backends.StreamID]backends.Delivery{}, map[string]backends.Consumer{}}
	v.read().groups[string(name)] = g
	return g
}

func (v fakeGroups) Delete(name []byte) bool {
	_, ok := v.read().groups[string(name)]
	delete(v.read().groups, string(name))
	return ok
}

func (v fakeGroups) Each(fn func(name []byte, g backends.StreamGroup) bool) {
	eachByName(v.read().groups, func(name []byte, g *fakeGroup) bool { return fn(name, g) })
}

func eachByName[T any](all map[string]T, fn func(name []byte, v T) bool) {
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if !fn(append([]byte{}, name...), all[name]) {
			return
		}
	}
}

func (g *fakeGroup) State() backends.GroupState     { return g.state }
func (g *fakeGroup) SetState(s backends.GroupState) { g.state = s }

func (g *fakeGroup) Pending(id backends.StreamID) (backends.Delivery, bool) {
	d, ok := g.pending[id]
	return d, ok
}

func (g *fakeGroup) SetPending(id backends.StreamID, d backends.Delivery) {
	if _, ok := g.consumers[string(d.Consumer)]; !ok {
		panic("a delivery to a consumer that is not there")
	}
	d.Consumer = append([]byte{}, d.Consumer...)
	g.pending[id] = d
}

func (g *fakeGroup) Acknowledge(id backends.StreamID) bool {
	_, ok := g.pending[id]
	delete(g.pending, id)
	return ok
}

func (g *fakeGroup) EachPending(from backends.StreamID, consumer []byte, fn func(backends.StreamID, backends.Delivery) bool) {
	ids := slices.SortedFunc(maps.Keys(g.pending), backends.StreamID.Compare)
	for _, id := range ids {
		d := g.pending[id]
		if !id.Less(from) && (consumer == nil || string(consumer) == string(d.Consumer)) && !fn(id, d) {
			return
		}
	}
}

func (g *fakeGroup) PendingCount(consumer []byte) (n int) {
	g.EachPending(backends.StreamID{}, consumer, func(backends.StreamID, backends.Delivery) bool { n++; return true })
	return n
}

func (g *fakeGroup) LastPending() (last backends.StreamID, ok bool) {
	for id := range g.pending {
		if last.Less(id) {
			last = id
		}
	}
	return last, len(g.pending) > 0
}

func (g *fakeGroup) Consumers() backends.StreamConsumers { return fakeConsumers{g} }

type fakeConsumers struct{ *fakeGroup }

func (c fakeConsumers) Len() int { return len(c.consumers) }

func (c fakeConsumers) Get(name []byte) (backends.Consumer, bool) {
	state, ok := c.consumers[string(name)]
	return state, ok
}

func (c fakeConsumers) Set(name []byte, state backends.Consumer) { c.consumers[string(name)] = state }

func (c fakeConsumers) Delete(name []byte) int {
	n := c.PendingCount(append([]byte{}, name...))
	maps.DeleteFunc(c.pending, func(_ backends.StreamID, d backends.Delivery) bool { return string(d.Consumer) == string(name) })
	delete(c.consumers, string(name))
	return n
}

func (c fakeConsumers) Each(fn func(name []byte, state backends.Consumer) bool) {
	eachByName(c.consumers, fn)
}
