package backends

import (
	"cmp"
	"math"
)

// StreamID identifies an entry of a stream and orders it among the others.
type StreamID struct{ Ms, Seq uint64 }

// Less says whether id comes before other.
func (id StreamID) Less(other StreamID) bool {
	return id.Ms < other.Ms || id.Ms == other.Ms && id.Seq < other.Seq
}

// Compare is -1 when id comes before other, 1 when it comes after it, 0 when both are the same.
func (id StreamID) Compare(other StreamID) int {
	return cmp.Or(cmp.Compare(id.Ms, other.Ms), cmp.Compare(id.Seq, other.Seq))
}

// LastStreamID is the greatest of all.
var LastStreamID = StreamID{math.MaxUint64, math.MaxUint64}

// Next is the ID after id; false: there is none.
func (id StreamID) Next() (next StreamID, ok bool) {
	switch {
	case id == LastStreamID:
		return id, false
	case id.Seq == math.MaxUint64:
		return StreamID{id.Ms + 1, 0}, true
	}
	return StreamID{id.Ms, id.Seq + 1}, true
}

// Prev is the ID before id; false: there is none.
func (id StreamID) Prev() (prev StreamID, ok bool) {
	switch {
	case id == StreamID{}:
		return id, false
	case id.Seq == 0:
		return StreamID{id.Ms - 1, math.MaxUint64}, true
	}
	return StreamID{id.Ms, id.Seq - 1}, true
}

// Stream is one stream: entries by ascending ID, and the groups that consume them. Unlike other values
// an empty stream is there: only Keyspace.Delete removes its key.
type Stream interface {
	// State tells an absent stream by ok.
	State() (state StreamState, ok bool)
	// SetState changes what is not a consequence of the entries, and creates the stream.
	SetState(StreamState)
	// Append adds an entry whose ID is after State.Last, and creates the stream. fields and values
	// alternate and are copied. It counts the entry, and sets State.Last.
	Append(id StreamID, fields [][]byte)
	// Delete removes an entry and says whether it was there. It keeps State.MaxDeleted.
	Delete(id StreamID) bool
	// Each visits the entries in [from, to], backwards when back, until fn says not to go on. fields
	// are valid until fn returns. fn must not write, nor visit entries itself.
	Each(from, to StreamID, back bool, fn func(id StreamID, fields [][]byte) (more bool))
	// Trim removes the first entries, as long as there are more than Trim.Length, or those before
	// Trim.First, and returns how many. As in Redis it does not change State.MaxDeleted.
	Trim(t Trim) int
	// Groups are the consumer groups.
	Groups() StreamGroups
}

// NodeKeeper is a Stream that keeps its entries as Redis does. Without it package rdb makes nodes of the
// entries when it dumps a stream, and leaves out deleted ones when it restores it.
type NodeKeeper interface {
	// EachNode visits the nodes by the IDs of their first entries, deleted or not. node is the listpack that
	// DUMP of Redis has for it. It is valid until fn returns, and must not be changed. fn must not write.
	EachNode(fn func(first StreamID, node []byte))
	// AppendNode adds a node as it is, whatever the limits of Compact are, and creates the stream. It has entries, all
	// after State.Last; package streamnode has checked and the stream copies it. It counts the live entries, and
	// sets State.Last. false: the stream cannot keep such a node, and has done nothing.
	AppendNode(first StreamID, node []byte) bool
}

// StreamState is what a stream knows beside its entries.
type StreamState struct {
	Length     int      // of entries; SetState ignores it
	First      StreamID // the first entry's; zero when there is none; SetState ignores it
	Last       StreamID // the greatest ID ever
	MaxDeleted StreamID // the greatest ID ever given to Delete
	Added      uint64   // entries ever added

	// Nodes are the blocks that hold the entries, and RadixNodes what Redis's index of them consists of, as XINFO
	// STREAM tells. An engine without such blocks leaves them zero, and SetState ignores them.
	Nodes, RadixNodes int
}

// Gain is what the addition of so many entries, up to last, does to the state, but for First.
func (s *StreamState) Gain(entries int, last StreamID) {
	s.Length += entries
	s.Added += uint64(entries)
	s.Last = last
}

// Lose is what the removal of an entry by Stream.Delete does to the state, but for First.
func (s *StreamState) Lose(id StreamID) {
	s.Length--
	if s.MaxDeleted.Less(id) {
		s.MaxDeleted = id
	}
}

// Trim is a way to shorten a stream.
type Trim struct {
	ByLength bool
	Length   int
	First    StreamID // unless ByLength: of the first entry to stay
	Approx   bool     // remove whole nodes only, of stream-node-max-entries
	Limit    int      // with Approx: at most so many entries; 0: no limit; DefaultLimit: Compact.StreamTrim
}

// DefaultLimit is for a Trim without a limit of its own.
const DefaultLimit = -1

// StreamGroups are the consumer groups of a stream.
type StreamGroups interface {
	Len() int
	// Get opens a group; false when there is none of that name.
	Get(name []byte) (StreamGroup, bool)
	// Create adds a group, whose name is new, to a stream that is there.
	Create(name []byte, state GroupState) StreamGroup
	// Delete removes a group with all that it knows, and says whether it was there.
	Delete(name []byte) bool
	// Each visits the groups by name. fn must not write.
	Each(fn func(name []byte, g StreamGroup) (more bool))
}

// StreamGroup is one consumer group: how far it has read, and which entries were delivered to which
// consumer and not acknowledged yet.
type StreamGroup interface {
	State() GroupState
	SetState(GroupState)

	// Pending is what is known of a delivered entry.
	Pending(id StreamID) (d Delivery, ok bool)
	// SetPending makes an entry pending, whatever it was. Its consumer exists.
	SetPending(id StreamID, d Delivery)
	// Acknowledge ends that, and says whether it was pending.
	Acknowledge(id StreamID) bool
	// EachPending visits pending entries by ID from one on: those of a consumer, or all when it is nil.
	// fn must not write, but may visit entries.
	EachPending(from StreamID, consumer []byte, fn func(id StreamID, d Delivery) (more bool))
	// PendingCount counts those of a consumer, or all when it is nil.
	PendingCount(consumer []byte) int
	// LastPending is the greatest ID of all that are pending; false: there is none.
	LastPending() (id StreamID, ok bool)

	Consumers() StreamConsumers
}

// GroupState is how far a group has read.
type GroupState struct {
	Last StreamID // delivered last
	Read int64    // entries read so far; -1: not known
}

// Delivery is one of an entry that was not acknowledged yet.
type Delivery struct {
	Consumer  []byte
	Delivered int64 // when last, Unix milliseconds
	Count     uint64
}

// StreamConsumers are the consumers of a group.
type StreamConsumers interface {
	Len() int
	Get(name []byte) (c Consumer, ok bool)
	// Set creates or changes a consumer.
	Set(name []byte, c Consumer)
	// Delete removes a consumer with its pending entries, and returns how many those were.
	Delete(name []byte) (pending int)
	// Each visits the consumers by name. fn must not write.
	Each(fn func(name []byte, c Consumer) (more bool))
}

// Consumer is one consumer of a group.
type Consumer struct {
	Seen   int64 // when it last tried to get something, Unix milliseconds
	Active int64 // when it last got something; -1: never
}
