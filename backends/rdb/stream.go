package rdb

import (
	"encoding/binary"
	"errors"

	"switchyard/backends"
	"switchyard/backends/streamnode"
)

// A stream is, from the newest form to the oldest,
//
//	21  nodes | state | groups, with consumers' time of activity
//	19  the same without that time
//	15  the same, and the state is its first two parts
//
// where the parts, with a number in front of what there are several of, are
//
//	nodes     master ID, a string of 16 bytes | listpack as a string
//	state     length | last ID | first ID | greatest deleted ID | entries added
//	groups    name | last ID | entries read, not in 15 | pending | consumers
//	pending   raw ID | time of delivery | deliveries
//	consumers name | time seen | time of activity, in 21 | raw IDs of what is pending for it
//
// An ID is two lengths, a raw one 16 bytes big-endian. A time is Unix milliseconds in 8 bytes little-endian.
// What is pending is told twice: for all, by ID, and in parts for the consumers. Package streamnode has what is in a node.
//
// Redis 5 and 6 write 15, 7.0 writes 19, and 7.2 and 7.4 write 21. We write what 7.0 can read, without the
// time of activity: a reader takes the time seen for it, as Redis does.
const (
	typeStream       = 15
	typeStreamState  = 19
	typeStreamActive = 21
)

// streamValue has the nodes as they came.
type streamValue struct {
	nodes  []streamnode.Node
	state  backends.StreamState // with Length and First as the entries have them
	groups []streamGroup
}

type streamGroup struct {
	name      []byte
	state     backends.GroupState
	pending   []streamDelivery // by ID
	consumers []streamConsumer
}

type streamDelivery struct {
	id        backends.StreamID
	delivered int64
	count     uint64
	consumer  int // number in consumers, from 1 on; 0: not known yet
}

type streamConsumer struct {
	name  []byte
	state backends.Consumer
}

// write appends the nodes to a new stream, and their entries one by one where it does not keep nodes: then those that
// were deleted are left out.
func (v *streamValue) write(tx backends.Tx, key []byte) error {
	if _, err := tx.Stream(key); errors.Is(err, backends.ErrNoType) {
		return err // before anything is lost
	}
	tx.Delete(key)
	s, err := tx.Stream(key)
	if err != nil {
		return err
	}
	var r streamnode.Reader
	keeper, keeps := s.(backends.NodeKeeper)
	for i := range v.nodes {
		n := &v.nodes[i]
		if live, deleted := n.Counts(); live+deleted == 0 || keeps && keeper.AppendNode(n.Master, n.Pack) {
			continue
		}
		n.Each(backends.StreamID{}, backends.LastStreamID, false, func(e *streamnode.Entry) bool {
			s.Append(e.ID, r.Fields(e))
			return true
		})
	}
	s.SetState(v.state)
	for i := range v.groups {
		v.groups[i].write(s)
	}
	return nil
}

func (v *streamGroup) write(s backends.Stream) {
	g := s.Groups().Create(v.name, v.state)
	for _, c := range v.consumers {
		g.Consumers().Set(c.name, c.state)
	}
	for _, d := range v.pending {
		g.SetPending(d.id, backends.Delivery{Consumer: v.consumers[d.consumer-1].name, Delivered: d.delivered, Count: d.count})
	}
}

// dumpStream copies the nodes of a stream that has some, and makes them of the entries of one that has none.
func dumpStream(tx backends.Tx, key []byte) []byte {
	s, err := tx.Stream(key)
	if err != nil {
		return nil
	}
	state, ok := s.State()
	if !ok {
		return nil
	}
	w := newWriter(state.Length)
	if n, ok := s.(backends.NodeKeeper); ok {
		n.EachNode(func(master backends.StreamID, node []byte) { w.node(master, node) })
	} else {
		packNodes(w, s)
	}
	w.length(uint64(state.Length))
	w.id(state.Last)
	w.id(state.First)
	w.id(state.MaxDeleted)
	w.length(state.Added)
	w.length(uint64(s.Groups().Len()))
	s.Groups().Each(func(name []byte, g backends.StreamGroup) bool {
		w.group(name, g)
		return true
	})
	return w.close(version, typeStreamState)
}

// packNodes writes the entries of a stream that has no nodes, in those that Redis would have made for them. Their
// limits are the defaults of Redis: a node is not part of the value, and any server takes it, whatever its limits are.
func packNodes(w *writer, s backends.Stream) {
	const room = 4096
	var node streamnode.Node
	limits := backends.NewCompact()
	flush := func() {
		if len(node.Pack) > 0 {
			w.node(node.Master, node.Pack)
		}
	}
	s.Each(backends.StreamID{}, backends.LastStreamID, false, func(id backends.StreamID, fields [][]byte) bool {
		if len(node.Pack) == 0 || !node.Allows(fields, limits, streamnode.MaxBytes) {
			flush()
			node = streamnode.New(id, fields, room)
		}
		node.Append(id, fields)
		return true
	})
	flush()
}

func (w *writer) length(n uint64) { w.p = appendLength(w.p, n) }

func (w *writer) id(id backends.StreamID) {
	w.length(id.Ms)
	w.length(id.Seq)
}

func (w *writer) time(ms int64) { w.p = binary.LittleEndian.AppendUint64(w.p, uint64(ms)) }

func (w *writer) node(master backends.StreamID, node []byte) {
	var raw [streamnode.IDBytes]byte
	w.string(streamnode.AppendID(raw[:0], master))
	w.string(node)
	w.n++
}

func (w *writer) group(name []byte, g backends.StreamGroup) {
	state := g.State()
	w.string(name)
	w.id(state.Last)
	w.length(uint64(state.Read))
	w.length(uint64(g.PendingCount(nil)))
	g.EachPending(backends.StreamID{}, nil, func(id backends.StreamID, d backends.Delivery) bool {
		w.p = streamnode.AppendID(w.p, id)
		w.time(d.Delivered)
		w.length(d.Count)
		return true
	})
	w.length(uint64(g.Consumers().Len()))
	g.Consumers().Each(func(name []byte, c backends.Consumer) bool {
		w.string(name)
		w.time(c.Seen)
		w.length(uint64(g.PendingCount(name)))
		g.EachPending(backends.StreamID{}, name, func(id backends.StreamID, _ backends.Delivery) bool {
			w.p = streamnode.AppendID(w.p, id)
			return true
		})
		return true
	})
}
