package pubsub

import (
	"sync"

	"github.com/tidwall/redcon"
)

// Message is a message as it goes over the wire. It is written once for all who speak the same
// protocol: as an array in RESP2, as a push in RESP3, which differ in the first byte.
type Message struct{ array, push []byte }

var messages = sync.Pool{New: func() any { return new(Message) }}

// keepBytes is the size above which buffers are not kept.
const keepBytes = 64 << 10

// compose writes the message that subscribers of a topic get. pattern is its name, which matters only to a pattern's.
func compose(kind Kind, pattern string, channel, payload []byte) *Message {
	m := messages.Get().(*Message)
	b := m.array[:0]
	switch kind {
	case Pattern:
		b = redcon.AppendBulkString(redcon.AppendArray(b, 4), "pmessage")
		b = redcon.AppendBulkString(b, pattern)
	case Shard:
		b = redcon.AppendBulkString(redcon.AppendArray(b, 3), "smessage")
	default:
		b = redcon.AppendBulkString(redcon.AppendArray(b, 3), "message")
	}
	b = redcon.AppendBulk(b, channel)
	m.array, m.push = redcon.AppendBulk(b, payload), m.push[:0]
	return m
}

// release lets the buffers be used again.
func (m *Message) release() {
	if cap(m.array) <= keepBytes && cap(m.push) <= keepBytes {
		messages.Put(m)
	}
}

// In is the message in a version of the protocol.
func (m *Message) In(proto int) []byte {
	if proto < 3 {
		return m.array
	}
	if len(m.push) == 0 {
		m.push = append(m.push, m.array...)
		m.push[0] = '>'
	}
	return m.push
}
