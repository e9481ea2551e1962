// Package pubsub knows who listens to what, and hands each message to all who do. It knows nothing of
// connections: a Receiver takes a message and never waits.
//
// A topic is a channel, a pattern or a shard channel. Topics lie in stripes by their name, and each has a
// lock of its own, which is held while a message goes to its subscribers. So all of them see the messages
// of a topic in one order, whoever publishes, and a topic with many subscribers delays no other. Patterns
// are all looked at for each message, as in Redis.
//
// Locks are taken in the order: stripe, or a topic, then the Receiver's own. A stripe's lock and a
// topic's are never held together, but for those of patterns, whose stripe stays locked for reading.
package pubsub

import (
	"hash/maphash"
	"slices"
	"sync"
	"sync/atomic"
)

// Kind is what a topic is.
type Kind int

// The kinds of topics. Names of different kinds have nothing to do with each other, but that a message
// to a channel also goes to the patterns that match.
const (
	Channel Kind = iota
	Pattern
	Shard
	kinds
)

// Registry is all subscriptions of a server.
type Registry struct {
	match    func(pattern, name []byte) bool
	seed     maphash.Seed
	exact    [kinds][stripeCount]stripe // of Channel and Shard
	patterns stripe
	every    []*topic     // the patterns, in no order; patterns.mu guards it
	some     atomic.Int64 // how many they are
	channels atomic.Int64 // how many channels there are
}

// stripeCount is how many stripes channels lie in.
const stripeCount = 64

type stripe struct {
	mu     sync.RWMutex
	topics map[string]*topic
	_      [64]byte // the next stripe has a cache line of its own
}

// topic is what has subscribers.
type topic struct {
	name string
	refs int // subscriptions, also those that are on their way; the stripe's lock guards it, and at
	at   int // the place among the patterns

	mu   sync.Mutex
	subs []*subscription
}

type subscription struct {
	to    Receiver
	topic *topic
	at    int // the place in topic.subs; topic.mu guards it
}

// New returns an empty registry. match says whether a pattern matches the name of a channel.
func New(match func(pattern, name []byte) bool) *Registry {
	return &Registry{match: match, seed: maphash.MakeSeed()}
}

// stripe is where a topic lies.
func (r *Registry) stripe(kind Kind, name []byte) *stripe {
	if kind == Pattern {
		return &r.patterns
	}
	return &r.exact[kind][maphash.Bytes(r.seed, name)%stripeCount]
}

// subscribe makes a subscription, and the topic where it is the first.
func (r *Registry) subscribe(kind Kind, name []byte, to Receiver) *subscription {
	st := r.stripe(kind, name)
	st.mu.Lock()
	t := st.topics[string(name)]
	if t == nil {
		t = &topic{name: string(name)}
		if st.topics == nil {
			st.topics = map[string]*topic{}
		}
		st.topics[t.name] = t
		if kind == Pattern {
			t.at = len(r.every)
			r.every = append(r.every, t)
		}
		r.counted(kind, 1)
	}
	t.refs++
	st.mu.Unlock()

	t.mu.Lock()
	defer t.mu.Unlock()
	s := &subscription{to: to, topic: t, at: len(t.subs)}
	t.subs = append(t.subs, s)
	return s
}

// unsubscribe ends a subscription, and its topic with the last. No message is handed to it any more when it returns.
func (r *Registry) unsubscribe(kind Kind, s *subscription) {
	t := s.topic
	t.mu.Lock()
	last := len(t.subs) - 1
	t.subs[s.at], t.subs[last].at = t.subs[last], s.at
	t.subs[last] = nil
	t.subs = t.subs[:last]
	t.mu.Unlock()

	st := r.stripe(kind, []byte(t.name))
	st.mu.Lock()
	defer st.mu.Unlock()
	if t.refs--; t.refs > 0 {
		return
	}
	if delete(st.topics, t.name); len(st.topics) == 0 {
		st.topics = nil // a map does not give memory back by itself
	}
	if kind == Pattern {
		last := len(r.every) - 1
		r.every[t.at], r.every[last].at = r.every[last], t.at
		r.every[last] = nil
		r.every = r.every[:last]
	}
	r.counted(kind, -1)
}

// counted follows the topics that there are.
func (r *Registry) counted(kind Kind, n int64) {
	switch kind {
	case Pattern:
		r.some.Add(n)
	case Channel:
		r.channels.Add(n)
	}
}

// Heard says whether anybody listens to any channel, by its name or by a pattern. It costs next to nothing.
func (r *Registry) Heard() bool { return r.some.Load() > 0 || r.channels.Load() > 0 }

// Publish hands a message to the subscribers of a channel or a shard channel, and of the patterns that match
// a channel. It returns how many subscriptions it was handed to. It does not keep its arguments.
func (r *Registry) Publish(kind Kind, channel, payload []byte) (receivers int) {
	st := r.stripe(kind, channel)
	st.mu.RLock()
	t := st.topics[string(channel)]
	st.mu.RUnlock()
	if t != nil {
		receivers = t.deliver(kind, channel, payload)
	}
	if kind != Channel || r.some.Load() == 0 {
		return receivers
	}
	r.patterns.mu.RLock()
	defer r.patterns.mu.RUnlock()
	for _, t := range r.every {
		if r.match([]byte(t.name), channel) {
			receivers += t.deliver(Pattern, channel, payload)
		}
	}
	return receivers
}

// deliver hands a message to all subscribers of a topic.
func (t *topic) deliver(kind Kind, channel, payload []byte) (receivers int) {
	m := compose(kind, t.name, channel, payload)
	defer m.release()
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, s := range t.subs {
		s.to.Receive(m)
	}
	return len(t.subs)
}

// Cost is about how much Publish would have to do: how many subscribers the channel has, and patterns there are.
func (r *Registry) Cost(kind Kind, channel []byte) int {
	n := r.Subscribers(kind, channel)
	if kind == Channel {
		n += int(r.some.Load())
	}
	return n
}

// Subscribers counts those of one topic.
func (r *Registry) Subscribers(kind Kind, name []byte) int {
	st := r.stripe(kind, name)
	st.mu.RLock()
	defer st.mu.RUnlock()
	if t := st.topics[string(name)]; t != nil {
		return t.refs
	}
	return 0
}

// all are the stripes of a kind.
func (r *Registry) all(kind Kind) func(yield func(*stripe) bool) {
	return func(yield func(*stripe) bool) {
		if kind == Pattern {
			yield(&r.patterns)
			return
		}
		for i := range r.exact[kind] {
			if !yield(&r.exact[kind][i]) {
				return
			}
		}
	}
}

// Count counts the topics of a kind that have subscribers.
func (r *Registry) Count(kind Kind) (n int) {
	for st := range r.all(kind) {
		st.mu.RLock()
		n += len(st.topics)
		st.mu.RUnlock()
	}
	return n
}

// Names lists the topics of a kind that have subscribers and match a pattern, sorted; nil is all.
func (r *Registry) Names(kind Kind, pattern []byte) (names []string) {
	for st := range r.all(kind) {
		st.mu.RLock()
		for name := range st.topics {
			if pattern == nil || r.match(pattern, []byte(name)) {
				names = append(names, name)
			}
		}
		st.mu.RUnlock()
	}
	slices.Sort(names)
	return names
}
