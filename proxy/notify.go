package proxy

import (
	"hash/maphash"
	"math/bits"
	"strconv"
	"sync"
	"sync/atomic"

	"switchyard/backends"
	"switchyard/commands"
	"switchyard/proxy/pubsub"
)

// Keyspace notifications are messages about what happens to keys: in the channel __keyspace@<db>__:<key> the name of
// the event, in __keyevent@<db>__:<event> the key.
//
// They leave when the transaction is done and others see what it did, but before it is known to be durable. Who reads
// the key after a message waits for the same commit as everybody else, so reads nothing that may be lost. Had the
// messages to wait for the disk, so had the session's next command, or those of several commits would come out of
// order. The price is that a message may tell of what a crash or a failed commit takes back: like Redis, which
// promises nothing of messages, it says "look at this key" too often rather than too rarely.
//
// The events of a transaction follow what it publishes itself, which does not wait for its end.
//
// What a backend removes by itself is told at once, while the key is locked. So a write that finds a key expired tells
// of that before it tells of itself. Messages never wait, and nobody who delivers them wants a key.
//
// Locks are taken in the order: keys of a backend, turns, those of package pubsub.

// notices knows which events are published.
type notices struct {
	classes atomic.Uint32 // commands.Class, the value of notify-keyspace-events

	seed  maphash.Seed
	turns [turnCount]sync.Mutex
}

// turnCount is the number of bits of turns.
const turnCount = 64

// turns is a set of them. The events of a key are told in the order in which it was changed, whoever changed it, or
// who follows them would be left with a wrong idea. So a call that has something to tell takes the turns of its keys
// while it has them locked, and gives them back when it has told. It takes them all at once and by number,
// and waits for no other call from then on.
type turns uint64

const everyTurn = ^turns(0)

// each visits the turns of a set in their order.
func (t turns) each(fn func(i int)) {
	for ; t != 0; t &= t - 1 {
		fn(bits.TrailingZeros64(uint64(t)))
	}
}

// turnsOf are those of the keys of a transaction.
func (n *notices) turnsOf(a *backends.Access) (t turns) {
	if a.All || a.Open {
		return everyTurn
	}
	for _, key := range a.Keys {
		t |= 1 << (maphash.Bytes(n.seed, key) % turnCount)
	}
	return t
}

// set changes which events are published. Those of calls at hand may be published or not.
func (n *notices) set(c commands.Class) { n.classes.Store(uint32(c)) }

// value is what notify-keyspace-events was set to.
func (n *notices) value() commands.Class { return commands.Class(n.classes.Load()) }

// told are the classes of events that are published, and in which channels. It is 0 while nobody listens to anything.
func (s *Server) told() commands.Class {
	c := s.notices.value()
	if c == 0 {
		return 0
	}
	const channels = commands.KeyspaceChannel | commands.KeyeventChannel
	if c&channels == 0 || c&^channels == 0 || !s.pubsub.Heard() {
		return 0
	}
	return c
}

// tell publishes an event if its class is among those told.
func (s *Server) tell(told commands.Class, db int, class commands.Class, event string, key []byte) {
	if told&class == 0 {
		return
	}
	at := strconv.Itoa(db)
	if told&commands.KeyspaceChannel != 0 {
		s.pubsub.Publish(pubsub.Channel, append([]byte("__keyspace@"+at+"__:"), key...), []byte(event))
	}
	if told&commands.KeyeventChannel != 0 {
		s.pubsub.Publish(pubsub.Channel, []byte("__keyevent@"+at+"__:"+event), key)
	}
}

// removals are the events of what a backend removes by itself. Those of fields are of Redis 7.4.
var removals = map[backends.Reason][]struct {
	class commands.Class
	event string
}{
	backends.Expired:       {{commands.ExpiredEvent, "expired"}},
	backends.Evicted:       {{commands.EvictedEvent, "evicted"}},
	backends.FieldsExpired: {{commands.HashEvent, "hexpired"}},
	backends.HashExpired:   {{commands.HashEvent, "hexpired"}, {commands.GenericEvent, "del"}},
}

// tellRemoval is tell for these. It takes no turn, which the call at hand may have: so where a key is gone in the
// moment between a call that has changed it and the messages about that, its end is told first.
func (s *Server) tellRemoval(db int, key []byte, why backends.Reason) {
	told := s.told()
	if told == 0 {
		return
	}
	for _, r := range removals[why] {
		s.tell(told, db, r.class, r.event, key)
	}
}

// takeTurns is called from inside of a transaction before the first effect that is to be told. One that only reads
// changes nothing, and may not have locked its keys.
func (s *session) takeTurns() {
	if a := s.call.Held(); s.turns == 0 && a.Write {
		s.turns = s.server.notices.turnsOf(a)
		s.turns.each(func(i int) { s.server.notices.turns[i].Lock() })
	}
}

// endTurns lets others tell of the same keys.
func (s *session) endTurns() {
	if s.turns != 0 {
		s.turns.each(func(i int) { s.server.notices.turns[i].Unlock() })
		s.turns = 0
	}
}

// tellEffects publishes what the command at hand has done.
func (s *session) tellEffects() {
	told := s.server.told()
	for i := range s.effects {
		e := &s.effects[i]
		s.server.tell(told, e.DB, e.Class, e.Event, e.Key)
	}
	s.tellReaders()
}

// hearsItself says whether the client may get messages about what it does. In RESP2 who listens does nothing else.
func (s *session) hearsItself() bool { return s.listens() && s.server.told() != 0 }
