package pubsub

import (
	"maps"
	"slices"
	"sync/atomic"
)

// Receiver takes the messages of a Subscriber.
type Receiver interface {
	// Receive takes a message, which is valid until it returns. It must not wait, nor use the registry.
	// Messages of different topics may come at the same time.
	Receive(m *Message)
}

// Subscriber is what one client listens to. Its methods are called one at a time, but for the counts,
// which any goroutine may ask for.
type Subscriber struct {
	registry *Registry
	to       Receiver
	topics   [kinds]map[string]*subscription
	counts   [kinds]atomic.Int64
}

// NewSubscriber returns one that listens to nothing yet.
func (r *Registry) NewSubscriber(to Receiver) *Subscriber { return &Subscriber{registry: r, to: to} }

// Subscribe listens to a topic, unless the subscriber does so already.
func (s *Subscriber) Subscribe(kind Kind, name []byte) {
	if s.topics[kind][string(name)] != nil {
		return
	}
	if s.topics[kind] == nil {
		s.topics[kind] = map[string]*subscription{}
	}
	sub := s.registry.subscribe(kind, name, s.to)
	s.topics[kind][sub.topic.name] = sub
	s.counts[kind].Add(1)
}

// Unsubscribe listens to a topic no more. When it returns, no message of it comes any more.
func (s *Subscriber) Unsubscribe(kind Kind, name []byte) {
	sub := s.topics[kind][string(name)]
	if sub == nil {
		return
	}
	if delete(s.topics[kind], string(name)); len(s.topics[kind]) == 0 {
		s.topics[kind] = nil
	}
	s.counts[kind].Add(-1)
	s.registry.unsubscribe(kind, sub)
}

// Close ends all subscriptions.
func (s *Subscriber) Close() {
	for kind := range kinds {
		for _, sub := range s.topics[kind] {
			s.registry.unsubscribe(kind, sub)
		}
		s.topics[kind] = nil
		s.counts[kind].Store(0)
	}
}

// Names lists the topics of a kind that the subscriber listens to, sorted.
func (s *Subscriber) Names(kind Kind) []string { return slices.Sorted(maps.Keys(s.topics[kind])) }

// Count counts the topics of a kind that the subscriber listens to.
func (s *Subscriber) Count(kind Kind) int { return int(s.counts[kind].Load()) }

// Total counts the topics of all kinds.
func (s *Subscriber) Total() int { return s.Count(Channel) + s.Count(Pattern) + s.Count(Shard) }
