package memory

import (
	"bytes"

	"switchyard/backends"
	"switchyard/backends/streamnode"
)

// streamView is a stream opened in a transaction.
type streamView struct {
	handle
}

var (
	_ backends.Stream       = (*streamView)(nil)
	_ backends.NodeKeeper   = (*streamView)(nil)
	_ backends.StreamGroups = (*streamGroupsView)(nil)
)

// fieldReader reads the entries that a transaction visits.
type fieldReader struct{ streamnode.Reader }

// end lets go of them.
func (r *fieldReader) end() { r.Release() }

// Stream implements backends.Tx.
func (x *tx) Stream(key []byte) (backends.Stream, error) {
	h, err := x.open(key, backends.StreamType)
	if err != nil {
		return nil, err
	}
	v := x.streams.next()
	v.handle = h
	return v, nil
}

// stream is nil when the key is absent.
func (v *streamView) stream() *stream { return (*stream)(v.value()) }

// made is the stream, which is made when the key is absent.
func (v *streamView) made() *stream {
	s := v.stream()
	if s == nil {
		s = newStream()
		v.create(s)
	}
	return s
}

// resized follows a change of a stream that took before bytes. An empty one stays.
func (v *streamView) resized(s *stream, before int64) { v.at.s.resized(v.at.t, s.bytes()-before) }

// grew follows a change of the groups, which take so many more bytes.
func (v *streamView) grew(by int64) {
	s := v.stream()
	before := s.bytes()
	s.others += by
	v.resized(s, before)
}

// State implements backends.Stream.
func (v *streamView) State() (state backends.StreamState, ok bool) {
	s := v.stream()
	if s == nil {
		return state, false
	}
	return s.StreamState, true
}

// SetState implements backends.Stream.
func (v *streamView) SetState(state backends.StreamState) {
	s := v.made()
	before := s.bytes()
	s.setState(state)
	v.resized(s, before)
}

// Append implements backends.Stream.
func (v *streamView) Append(id backends.StreamID, fields [][]byte) {
	s := v.made()
	before := s.bytes()
	s.append(id, fields, v.x.e.compact)
	v.resized(s, before)
}

// Delete implements backends.Stream.
func (v *streamView) Delete(id backends.StreamID) bool {
	s := v.stream()
	if s == nil {
		return false
	}
	before := s.bytes()
	removed := s.remove(id)
	v.resized(s, before)
	return removed
}

// Each implements backends.Stream.
func (v *streamView) Each(from, to backends.StreamID, back bool, fn func(id backends.StreamID, fields [][]byte) (more bool)) {
	s := v.stream()
	if s == nil {
		return
	}
	r := &v.x.entries
	r.Begin()
	s.each(from, to, back, func(e *streamnode.Entry) bool { return fn(e.ID, r.Fields(e)) })
}

// EachNode implements backends.NodeKeeper.
func (v *streamView) EachNode(fn func(first backends.StreamID, node []byte)) {
	s := v.stream()
	if s == nil {
		return
	}
	for _, n := range s.nodes() {
		fn(n.Master, n.Pack)
	}
}

// AppendNode implements backends.NodeKeeper.
func (v *streamView) AppendNode(first backends.StreamID, node []byte) bool {
	s := v.made()
	before := s.bytes()
	s.appendNode(streamnode.Node{Master: first, Pack: bytes.Clone(node)})
	v.resized(s, before)
	return true
}

// Trim implements backends.Stream.
func (v *streamView) Trim(t backends.Trim) int {
	s := v.stream()
	if s == nil {
		return 0
	}
	before := s.bytes()
	removed := s.trim(t, v.x.e.compact)
	v.resized(s, before)
	return removed
}

// Groups implements backends.Stream.
func (v *streamView) Groups() backends.StreamGroups { return (*streamGroupsView)(v) }

// streamGroupsView is a stream as a list of its groups.
type streamGroupsView streamView

func (v *streamGroupsView) view() *streamView { return (*streamView)(v) }

// Len implements backends.StreamGroups.
func (v *streamGroupsView) Len() int {
	if s := v.view().stream(); s != nil {
		return s.groups.Len()
	}
	return 0
}

// Get implements backends.StreamGroups.
func (v *streamGroupsView) Get(name []byte) (backends.StreamGroup, bool) {
	s := v.view().stream()
	if s == nil {
		return nil, false
	}
	g, ok := s.groups.Get(text(name))
	if !ok {
		return nil, false
	}
	return groupView{v.view(), g}, true
}

// Create implements backends.StreamGroups.
func (v *streamGroupsView) Create(name []byte, state backends.GroupState) backends.StreamGroup {
	own := string(name)
	g := newStreamGroup(state)
	v.view().stream().groups.Set(own, g)
	v.view().grew(g.bytes(own))
	return groupView{v.view(), g}
}

// Delete implements backends.StreamGroups.
func (v *streamGroupsView) Delete(name []byte) bool {
	s := v.view().stream()
	if s == nil {
		return false
	}
	g, ok := s.groups.Delete(text(name))
	if ok {
		v.view().grew(-g.bytes(text(name)))
	}
	return ok
}

// Each implements backends.StreamGroups.
func (v *streamGroupsView) Each(fn func(name []byte, g backends.StreamGroup) (more bool)) {
	s := v.view().stream()
	if s == nil {
		return
	}
	s.groups.Scan(func(name string, g *streamGroup) bool {
		return fn(raw(name), groupView{v.view(), g})
	})
}
