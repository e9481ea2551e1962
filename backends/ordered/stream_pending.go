package ordered

import (
	"encoding/binary"
	"fmt"

	"switchyard/backends"
	"switchyard/backends/streamnode"
)

// What is pending in a group: a tree of the group, with all that is known of an entry, and one of each consumer, with the
// IDs alone. stream_group.go has their records.

// deliveries is a tree of pending entries.
type deliveries struct {
	*tree
	count int
}

// append adds the number of elements and the root.
func (t *deliveries) append(b []byte) []byte {
	if b = binary.AppendUvarint(b, uint64(t.count)); t.count == 0 {
		return b
	}
	return append(b, t.tree.write()...)
}

// read reads the rest of d, and says whether all was good.
func (t *deliveries) read(s *stream, version uint64, d *decoder) bool {
	t.count = d.count()
	t.tree = newIDs(s.c, version, &t.count)
	if d.bad || t.count > maxCount || t.count == 0 && len(d.b) > 0 {
		s.c.fail(fmt.Errorf("record of a stream: %w", errDamaged))
		return false
	}
	return t.count == 0 || t.tree.load(d.b)
}

// clear makes the tree empty, and visits its IDs.
func (t *deliveries) clear(fn func(id backends.StreamID)) {
	for t.count > 0 {
		path := t.seek(0, true)
		if path == nil {
			return
		}
		leaf := path[len(path)-1].n
		for i := range leaf.items {
			if id, ok := t.idOf(&leaf.items[i]); ok {
				fn(id)
			}
		}
		t.tree.remove(path, len(leaf.items))
	}
}

// pendingEntry is an element of a group's tree.
type pendingEntry struct {
	label     string // of the consumer
	delivered int64
	count     uint64
}

func (p *pendingEntry) encode(id backends.StreamID) []byte {
	b := binary.BigEndian.AppendUint64(idKey(id), uint64(p.delivered))
	return append(binary.AppendUvarint(b, p.count), p.label...)
}

// decode reads an element. It is not ok after an error.
func (g *streamGroup) decode(it *item) (id backends.StreamID, p pendingEntry, ok bool) {
	id, ok = streamnode.ParseID(it.text)
	d := decoder{b: it.text[min(idBytes, len(it.text)):]}
	p.delivered, p.count = int64(d.uint64()), d.uvarint()
	if !ok || d.bad || len(d.b) == 0 {
		g.fail()
		return id, p, false
	}
	p.label = text(d.b)
	return id, p, true
}

// find is what is known of a pending entry, and where it is, or would be. The path is nil after an error.
func (g *streamGroup) find(id backends.StreamID) (path []step, p pendingEntry, found bool) {
	path, found = g.pending.seekID(id)
	if found {
		leaf := path[len(path)-1]
		if _, p, found = g.decode(&leaf.n.items[leaf.i]); !found {
			return nil, p, false
		}
	}
	return path, p, found
}

// owner is the consumer of a pending entry; nil after an error.
func (g *streamGroup) owner(p *pendingEntry) *streamConsumer {
	c := g.consumer(p.label)
	if c == nil {
		g.fail()
	}
	return c
}

// public is a pending entry as others know it. It is not ok after an error.
func (g *streamGroup) public(p *pendingEntry) (d backends.Delivery, ok bool) {
	d = backends.Delivery{Delivered: p.delivered, Count: p.count}
	if p.label[0] == shortKey {
		d.Consumer = raw(p.label)[1:]
		return d, true
	}
	if c := g.owner(p); c != nil {
		d.Consumer = g.s.nameOf(&c.named)
	}
	return d, g.s.c.x.err == nil
}

// setPending makes an entry pending for a consumer that is there.
func (g *streamGroup) setPending(id backends.StreamID, d backends.Delivery) {
	label := labelOf(d.Consumer)
	to := g.consumer(label)
	path, old, found := g.find(id)
	if path == nil || g.s.c.x.err != nil {
		return
	}
	if to == nil {
		panic("ordered: a delivery to a consumer that is not there")
	}
	entry := pendingEntry{label, d.Delivered, d.Count}
	if found {
		g.pending.replace(path, item{text: entry.encode(id)})
	} else {
		g.pending.addID(path, entry.encode(id))
	}
	g.touch()
	if found && old.label == label {
		return
	}
	if found {
		g.takeFrom(&old, id)
	}
	if path, there := to.pending.seekID(id); path != nil && !there {
		to.pending.addID(path, idKey(id))
		to.touch()
	}
}

// takeFrom removes an ID from those of its consumer.
func (g *streamGroup) takeFrom(p *pendingEntry, id backends.StreamID) {
	c := g.owner(p)
	if c == nil {
		return
	}
	path, there := c.pending.seekID(id)
	if !there {
		g.fail()
		return
	}
	c.pending.remove(path, 1)
	c.touch()
}

func (g *streamGroup) acknowledge(id backends.StreamID) bool {
	path, p, found := g.find(id)
	if !found {
		return false
	}
	g.pending.remove(path, 1)
	g.touch()
	g.takeFrom(&p, id)
	return true
}

// eachPending visits the pending entries of the group, or of a consumer, from an ID on.
func (g *streamGroup) eachPending(from backends.StreamID, c *streamConsumer, fn func(id backends.StreamID, p *pendingEntry) (more bool)) {
	t := g.pending.tree
	if c != nil {
		t = c.pending.tree
	}
	path, _ := t.seekID(from)
	if path == nil {
		return
	}
	t.each(index(path), false, func(it *item) bool {
		id, p, ok := backends.StreamID{}, pendingEntry{}, false
		if c == nil {
			id, p, ok = g.decode(it)
		} else if id, ok = t.idOf(it); ok {
			if _, p, ok = g.find(id); !ok {
				g.fail()
			}
		}
		return ok && fn(id, &p)
	})
}
