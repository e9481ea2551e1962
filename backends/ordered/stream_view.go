package ordered

import (
	"bytes"

	"switchyard/backends"
	"switchyard/backends/streamnode"
)

// streamView is a stream opened in a transaction.
type streamView struct{ handle }

var (
	_ backends.Stream          = (*streamView)(nil)
	_ backends.NodeKeeper      = (*streamView)(nil)
	_ backends.StreamGroups    = (*streamGroups)(nil)
	_ backends.StreamGroup     = (*groupView)(nil)
	_ backends.StreamConsumers = (*groupConsumers)(nil)
)

// Stream implements backends.Tx.
func (x *tx) Stream(key []byte) (backends.Stream, error) {
	h, err := x.handle(key, backends.StreamType)
	if err != nil {
		return nil, err
	}
	v := x.streams.next()
	v.handle = h
	return v, nil
}

// stream is nil when the key is absent or the transaction has failed.
func (v *streamView) stream() *stream {
	if c := v.value(); c != nil {
		return c.stream
	}
	return nil
}

// made is the stream, which is made when the key is absent; nil when the transaction has failed.
func (v *streamView) made() *stream {
	c := v.create(streamForm, nil)
	if c == nil {
		return nil
	}
	if c.stream == nil {
		c.stream = newStream(c)
	}
	return c.stream
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
	if s := v.made(); s != nil {
		s.setState(state)
	}
}

// Append implements backends.Stream.
func (v *streamView) Append(id backends.StreamID, fields [][]byte) {
	if s := v.made(); s != nil {
		s.append(id, fields)
	}
}

// Delete implements backends.Stream.
func (v *streamView) Delete(id backends.StreamID) bool {
	s := v.stream()
	return s != nil && s.remove(id)
}

// Each implements backends.Stream.
func (v *streamView) Each(from, to backends.StreamID, back bool, fn func(id backends.StreamID, fields [][]byte) (more bool)) {
	if s := v.stream(); s != nil {
		s.reader.Begin()
		s.each(from, to, back, func(e *streamnode.Entry) bool { return fn(e.ID, s.reader.Fields(e)) })
	}
}

// EachNode implements backends.NodeKeeper.
func (v *streamView) EachNode(fn func(first backends.StreamID, node []byte)) {
	if s := v.stream(); s != nil {
		s.eachBlock(0, false, func(b *block) bool {
			if b = s.read(b); b != nil {
				fn(b.Master, b.Pack)
			}
			return b != nil
		})
	}
}

// AppendNode implements backends.NodeKeeper.
func (v *streamView) AppendNode(first backends.StreamID, node []byte) bool {
	n := streamnode.Node{Master: first, Pack: bytes.Clone(node)}
	if n.First() != first {
		return false
	}
	if s := v.made(); s != nil {
		s.appendNode(n)
	}
	return true
}

// Trim implements backends.Stream.
func (v *streamView) Trim(t backends.Trim) int {
	if s := v.stream(); s != nil {
		return s.trim(t)
	}
	return 0
}

// Groups implements backends.Stream.
func (v *streamView) Groups() backends.StreamGroups { return (*streamGroups)(v) }

// streamGroups is a stream as a list of its groups.
type streamGroups streamView

func (v *streamGroups) stream() *stream { return (*streamView)(v).stream() }

// view is the group with a label.
func (v *streamGroups) view(label string) *groupView { return &groupView{(*streamView)(v), label} }

// Len implements backends.StreamGroups.
func (v *streamGroups) Len() int {
	if s := v.stream(); s != nil {
		return s.groups
	}
	return 0
}

// Get implements backends.StreamGroups.
func (v *streamGroups) Get(name []byte) (backends.StreamGroup, bool) {
	g := v.view(labelOf(name))
	if g.group() == nil {
		return nil, false
	}
	return g, true
}

// Create implements backends.StreamGroups.
func (v *streamGroups) Create(name []byte, state backends.GroupState) backends.StreamGroup {
	if s := v.stream(); s != nil {
		s.newGroup(name, state)
	}
	return v.view(labelOf(name))
}

// Delete implements backends.StreamGroups.
func (v *streamGroups) Delete(name []byte) bool {
	g := v.view(labelOf(name)).group()
	if g == nil {
		return false
	}
	g.s.dropGroup(g)
	return true
}

// Each implements backends.StreamGroups.
func (v *streamGroups) Each(fn func(name []byte, g backends.StreamGroup) (more bool)) {
	s := v.stream()
	if s == nil || s.groups == 0 {
		return
	}
	for _, n := range s.list(groupKey(s.c.version, ""), func(label string) *named {
		if g := s.group(label); g != nil {
			return &g.named
		}
		return nil
	}) {
		if !fn(n.name, v.view(n.label)) {
			return
		}
	}
}

// groupView is a consumer group opened in a transaction. It looks the group up each time, because others may
// have removed it or replaced the key.
type groupView struct {
	v     *streamView
	label string
}

// group is nil when there is no such group any more, or the transaction has failed.
func (v *groupView) group() *streamGroup {
	if s := v.v.stream(); s != nil {
		return s.group(v.label)
	}
	return nil
}

// State implements backends.StreamGroup.
func (v *groupView) State() backends.GroupState {
	if g := v.group(); g != nil {
		return g.GroupState
	}
	return backends.GroupState{}
}

// SetState implements backends.StreamGroup.
func (v *groupView) SetState(state backends.GroupState) {
	if g := v.group(); g != nil {
		g.GroupState = state
		g.touch()
	}
}

// Pending implements backends.StreamGroup.
func (v *groupView) Pending(id backends.StreamID) (d backends.Delivery, ok bool) {
	g := v.group()
	if g == nil {
		return d, false
	}
	_, p, found := g.find(id)
	if !found {
		return d, false
	}
	return g.public(&p)
}

// SetPending implements backends.StreamGroup.
func (v *groupView) SetPending(id backends.StreamID, d backends.Delivery) {
	if g := v.group(); g != nil {
		g.setPending(id, d)
	}
}

// Acknowledge implements backends.StreamGroup.
func (v *groupView) Acknowledge(id backends.StreamID) bool {
	g := v.group()
	return g != nil && g.acknowledge(id)
}

// EachPending implements backends.StreamGroup.
func (v *groupView) EachPending(from backends.StreamID, consumer []byte, fn func(id backends.StreamID, d backends.Delivery) (more bool)) {
	g := v.group()
	if g == nil {
		return
	}
	var c *streamConsumer
	if consumer != nil {
		if c = g.consumer(labelOf(consumer)); c == nil {
			return
		}
	}
	g.eachPending(from, c, func(id backends.StreamID, p *pendingEntry) bool {
		d, ok := g.public(p)
		return ok && fn(id, d)
	})
}

// PendingCount implements backends.StreamGroup.
func (v *groupView) PendingCount(consumer []byte) int {
	g := v.group()
	switch {
	case g == nil:
		return 0
	case consumer == nil:
		return g.pending.count
	}
	if c := g.consumer(labelOf(consumer)); c != nil {
		return c.pending.count
	}
	return 0
}

// LastPending implements backends.StreamGroup.
func (v *groupView) LastPending() (id backends.StreamID, ok bool) {
	g := v.group()
	if g == nil || g.pending.count == 0 {
		return id, false
	}
	return g.pending.idAt(g.pending.count - 1)
}

// Consumers implements backends.StreamGroup.
func (v *groupView) Consumers() backends.StreamConsumers { return (*groupConsumers)(v) }

// groupConsumers is a group as a list of its consumers.
type groupConsumers groupView

func (v *groupConsumers) group() *streamGroup { return (*groupView)(v).group() }

// consumer is nil when there is none of that name.
func (v *groupConsumers) consumer(name []byte) *streamConsumer {
	if g := v.group(); g != nil {
		return g.consumer(labelOf(name))
	}
	return nil
}

// Len implements backends.StreamConsumers.
func (v *groupConsumers) Len() int {
	if g := v.group(); g != nil {
		return g.consumers
	}
	return 0
}

// Get implements backends.StreamConsumers.
func (v *groupConsumers) Get(name []byte) (c backends.Consumer, ok bool) {
	if found := v.consumer(name); found != nil {
		return found.Consumer, true
	}
	return c, false
}

// Set implements backends.StreamConsumers.
func (v *groupConsumers) Set(name []byte, c backends.Consumer) {
	if g := v.group(); g != nil {
		g.setConsumer(name, c)
	}
}

// Delete implements backends.StreamConsumers.
func (v *groupConsumers) Delete(name []byte) (pending int) {
	if c := v.consumer(name); c != nil {
		return c.g.dropConsumer(c)
	}
	return 0
}

// Each implements backends.StreamConsumers.
func (v *groupConsumers) Each(fn func(name []byte, c backends.Consumer) (more bool)) {
	g := v.group()
	if g == nil || g.consumers == 0 {
		return
	}
	for _, n := range g.s.list(consumerKey(g.version, ""), func(label string) *named {
		if c := g.consumer(label); c != nil {
			return &c.named
		}
		return nil
	}) {
		if c := g.consumer(n.label); c == nil || !fn(n.name, c.Consumer) {
			return
		}
	}
}
