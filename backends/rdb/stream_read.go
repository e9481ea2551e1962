package rdb

import (
	"encoding/binary"
	"slices"

	"switchyard/backends"
	"switchyard/backends/streamnode"
)

// A payload of a stream says much twice, or in an order. All of that is checked, more than Redis does, since a
// stream that contradicts itself could not be written: entries, nodes and what is pending come by ascending
// ID, the length and the last ID go with the entries, and each pending entry belongs to exactly one consumer.
// The first ID is not looked at: it follows from the entries.

// unknownRead is how many entries a group has read when nobody knows.
const unknownRead = -1

// readStream reads a stream of one of its types.
func readStream(kind byte) func(*reader) value {
	return func(r *reader) value {
		v := &streamValue{}
		last := v.readNodes(r)
		length := r.plain()
		v.state.Last = r.id()
		r.bad = r.bad || length != uint64(v.state.Length) || v.state.Last.Less(last)
		if kind == typeStream {
			v.state.Added = length
		} else {
			r.id()
			v.state.MaxDeleted = r.id()
			v.state.Added = r.plain()
		}
		var names [][]byte
		for n := r.plain(); n > 0 && !r.bad; n-- {
			g := r.group(kind, &v.state)
			v.groups, names = append(v.groups, g), append(names, g.name)
		}
		r.bad = r.bad || !distinct(names, 1)
		return v
	}
}

// readNodes reads the nodes and counts their entries. It returns the ID of the last one, deleted or not.
func (v *streamValue) readNodes(r *reader) (last backends.StreamID) {
	for n := r.plain(); n > 0 && !r.bad; n-- {
		key, pack := r.string(), r.string()
		if r.bad || len(key) != streamnode.IDBytes {
			r.bad = true
			return last
		}
		master, _ := streamnode.ParseID(key)
		node := streamnode.Node{Master: master, Pack: pack}
		if !last.Less(master) || node.Check() != nil {
			r.bad = true
			return last
		}
		live, deleted := node.Counts()
		if live+deleted > 0 {
			last = node.Last()
		}
		if v.state.Length == 0 {
			node.Each(backends.StreamID{}, backends.LastStreamID, false, func(e *streamnode.Entry) bool {
				v.state.First = e.ID
				return false
			})
		}
		v.state.Length += live
		v.nodes = append(v.nodes, node)
	}
	return last
}

// group reads a consumer group of a stream in some state.
func (r *reader) group(kind byte, state *backends.StreamState) (g streamGroup) {
	g.name = r.string()
	g.state.Last = r.id()
	if kind == typeStream {
		g.state.Read = estimateRead(state, g.state.Last)
	} else {
		read := r.plain()
		g.state.Read = int64(read)
		r.bad = r.bad || g.state.Read < unknownRead
	}
	for n := r.plain(); n > 0 && !r.bad; n-- {
		d := streamDelivery{id: r.raw(), delivered: r.time(), count: r.plain()}
		r.bad = r.bad || len(g.pending) > 0 && !g.pending[len(g.pending)-1].id.Less(d.id)
		g.pending = append(g.pending, d)
	}
	var names [][]byte
	owned := 0
	for n := r.plain(); n > 0 && !r.bad; n-- {
		c := streamConsumer{name: r.string()}
		c.state.Seen = r.time()
		if c.state.Active = c.state.Seen; kind == typeStreamActive {
			c.state.Active = r.time()
		}
		g.consumers, names = append(g.consumers, c), append(names, c.name)
		owned += r.owned(&g)
	}
	r.bad = r.bad || owned != len(g.pending) || !distinct(names, 1)
	return g
}

// owned reads which of the pending entries are the last consumer's, and returns how many they are.
func (r *reader) owned(g *streamGroup) (count int) {
	for n := r.plain(); n > 0 && !r.bad; n-- {
		i, found := slices.BinarySearchFunc(g.pending, r.raw(), func(d streamDelivery, id backends.StreamID) int { return d.id.Compare(id) })
		if r.bad || !found || g.pending[i].consumer != 0 {
			r.bad = true
			return 0
		}
		g.pending[i].consumer = len(g.consumers)
		count++
	}
	return count
}

// estimateRead is how many entries a group has read, of which only the last is known, if that can be told of a
// stream that does not know either how many were ever added to it. It is the guess of Redis 7.0.
func estimateRead(s *backends.StreamState, last backends.StreamID) int64 {
	switch {
	case s.Length == 0:
		return 0
	case last == s.Last:
		return int64(s.Length)
	case last.Less(s.First):
		return 0
	case last == s.First:
		return 1
	}
	return unknownRead
}

// plain reads a length, where the mark of a string's encoding is an error.
func (r *reader) plain() uint64 {
	n, encoded := r.length()
	r.bad = r.bad || encoded
	return n
}

// id reads an ID of two lengths.
func (r *reader) id() backends.StreamID { return backends.StreamID{Ms: r.plain(), Seq: r.plain()} }

// raw reads an ID of 16 bytes; zero when there are fewer.
func (r *reader) raw() backends.StreamID {
	id, _ := streamnode.ParseID(r.next(streamnode.IDBytes))
	return id
}

// time reads Unix milliseconds.
func (r *reader) time() int64 {
	if b := r.next(8); b != nil {
		return int64(binary.LittleEndian.Uint64(b))
	}
	return 0
}
