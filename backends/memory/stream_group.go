package memory

import (
	"unsafe"

	"github.com/tidwall/btree"

	"switchyard/backends"
)

// streamGroup is a consumer group. A delivery is in the tree of the group and in that of its consumer.
type streamGroup struct {
	backends.GroupState
	pending   *btree.BTreeG[*delivery]
	consumers btree.Map[string, *streamConsumer]
}

type streamConsumer struct {
	backends.Consumer
	name    string
	pending *btree.BTreeG[*delivery]
}

type delivery struct {
	id        backends.StreamID
	to        *streamConsumer
	delivered int64
	count     uint64
}

// What these take, with their places in trees that are filled by about two thirds.
const (
	treeBytes           = int64(unsafe.Sizeof(btree.BTreeG[*delivery]{}))
	streamGroupBytes    = int64(unsafe.Sizeof(streamGroup{})) + treeBytes + 3*24/2
	streamConsumerBytes = int64(unsafe.Sizeof(streamConsumer{})) + treeBytes + 3*24/2
	deliveryBytes       = int64(unsafe.Sizeof(delivery{})) + 8 + 2*3*8/2
)

func newDeliveries() *btree.BTreeG[*delivery] {
	return btree.NewBTreeGOptions(func(a, b *delivery) bool { return a.id.Less(b.id) }, btree.Options{NoLocks: true})
}

func newStreamGroup(state backends.GroupState) *streamGroup {
	return &streamGroup{GroupState: state, pending: newDeliveries()}
}

// bytes is what a group of that name takes. It looks at each consumer.
func (g *streamGroup) bytes(name string) int64 {
	n := streamGroupBytes + allocated(int64(len(name))) + int64(g.pending.Len())*deliveryBytes
	g.consumers.Scan(func(name string, _ *streamConsumer) bool {
		n += consumerBytes(name)
		return true
	})
	return n
}

func consumerBytes(name string) int64 { return streamConsumerBytes + allocated(int64(len(name))) }

func (g *streamGroup) clone() *streamGroup {
	c := newStreamGroup(g.GroupState)
	g.consumers.Scan(func(name string, from *streamConsumer) bool {
		to := &streamConsumer{from.Consumer, name, newDeliveries()}
		c.consumers.Set(name, to)
		from.pending.Scan(func(d *delivery) bool {
			to.pending.Load(&delivery{d.id, to, d.delivered, d.count})
			return true
		})
		return true
	})
	g.pending.Scan(func(d *delivery) bool {
		to, _ := c.consumers.Get(d.to.name)
		own, _ := to.pending.Get(d)
		c.pending.Load(own)
		return true
	})
	return c
}

// text is a name to look up, which shares memory with b.
func text(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

// raw is text's counterpart. It is never nil, which would be no name.
func raw(name string) []byte {
	if name == "" {
		return []byte{}
	}
	return unsafe.Slice(unsafe.StringData(name), len(name))
}

// groupView is a consumer group opened in a transaction. It is its own list of consumers.
type groupView struct {
	v *streamView
	*streamGroup
}

var (
	_ backends.StreamGroup     = groupView{}
	_ backends.StreamConsumers = consumersView{}
)

// State implements backends.StreamGroup.
func (g groupView) State() backends.GroupState { return g.GroupState }

// SetState implements backends.StreamGroup.
func (g groupView) SetState(s backends.GroupState) { g.GroupState = s }

// Pending implements backends.StreamGroup.
func (g groupView) Pending(id backends.StreamID) (d backends.Delivery, ok bool) {
	p, ok := g.pending.Get(&delivery{id: id})
	if ok {
		d = p.public()
	}
	return d, ok
}

func (d *delivery) public() backends.Delivery {
	return backends.Delivery{Consumer: raw(d.to.name), Delivered: d.delivered, Count: d.count}
}

// SetPending implements backends.StreamGroup.
func (g groupView) SetPending(id backends.StreamID, d backends.Delivery) {
	to, ok := g.consumers.Get(text(d.Consumer))
	if !ok {
		panic("memory: a delivery to a consumer that is not there")
	}
	p, ok := g.pending.Get(&delivery{id: id})
	if !ok {
		p = &delivery{id: id}
		g.pending.Set(p)
		g.v.grew(deliveryBytes)
	}
	if p.to != to {
		if p.to != nil {
			p.to.pending.Delete(p)
		}
		to.pending.Set(p)
	}
	p.to, p.delivered, p.count = to, d.Delivered, d.Count
}

// Acknowledge implements backends.StreamGroup.
func (g groupView) Acknowledge(id backends.StreamID) bool {
	p, ok := g.pending.Delete(&delivery{id: id})
	if ok {
		p.to.pending.Delete(p)
		g.v.grew(-deliveryBytes)
	}
	return ok
}

// of are the deliveries of a consumer, or all when it is nil; nil: there is no such consumer.
func (g groupView) of(consumer []byte) *btree.BTreeG[*delivery] {
	if consumer == nil {
		return g.pending
	}
	if c, ok := g.consumers.Get(text(consumer)); ok {
		return c.pending
	}
	return nil
}

// EachPending implements backends.StreamGroup.
func (g groupView) EachPending(from backends.StreamID, consumer []byte, fn func(backends.StreamID, backends.Delivery) bool) {
	if tree := g.of(consumer); tree != nil {
		tree.Ascend(&delivery{id: from}, func(p *delivery) bool { return fn(p.id, p.public()) })
	}
}

// PendingCount implements backends.StreamGroup.
func (g groupView) PendingCount(consumer []byte) int {
	if tree := g.of(consumer); tree != nil {
		return tree.Len()
	}
	return 0
}

// LastPending implements backends.StreamGroup.
func (g groupView) LastPending() (id backends.StreamID, ok bool) {
	p, ok := g.pending.Max()
	if ok {
		id = p.id
	}
	return id, ok
}

// Consumers implements backends.StreamGroup.
func (g groupView) Consumers() backends.StreamConsumers { return consumersView(g) }

// consumersView is a group as a list of its consumers.
type consumersView groupView

// Len implements backends.StreamConsumers.
func (c consumersView) Len() int { return c.consumers.Len() }

// Get implements backends.StreamConsumers.
func (c consumersView) Get(name []byte) (state backends.Consumer, ok bool) {
	found, ok := c.consumers.Get(text(name))
	if ok {
		state = found.Consumer
	}
	return state, ok
}

// Set implements backends.StreamConsumers.
func (c consumersView) Set(name []byte, state backends.Consumer) {
	if found, ok := c.consumers.Get(text(name)); ok {
		found.Consumer = state
		return
	}
	own := string(name)
	c.consumers.Set(own, &streamConsumer{state, own, newDeliveries()})
	c.v.grew(consumerBytes(own))
}

// Delete implements backends.StreamConsumers.
func (c consumersView) Delete(name []byte) (pending int) {
	gone, ok := c.consumers.Delete(text(name))
	if !ok {
		return 0
	}
	gone.pending.Scan(func(p *delivery) bool {
		c.pending.Delete(p)
		return true
	})
	c.v.grew(-consumerBytes(gone.name) - int64(gone.pending.Len())*deliveryBytes)
	return gone.pending.Len()
}

// Each implements backends.StreamConsumers.
func (c consumersView) Each(fn func(name []byte, state backends.Consumer) bool) {
	c.consumers.Scan(func(_ string, found *streamConsumer) bool {
		return fn(raw(found.name), found.Consumer)
	})
}
