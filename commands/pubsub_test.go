package commands

import (
	"maps"
	"slices"
	"testing"
)

// fakeBroker knows the subscriptions of one client, and no patterns beyond their names.
type fakeBroker struct{ of *fakeSubscriptions }

type fakeSubscriptions struct {
	topics [ShardChannel + 1]map[string]bool
}

func newFakeBroker() (*fakeBroker, *fakeSubscriptions) {
	s := &fakeSubscriptions{}
	for kind := range s.topics {
		s.topics[kind] = map[string]bool{}
	}
	return &fakeBroker{s}, s
}

func (s *fakeSubscriptions) Subscribe(kind Topic, name []byte) { s.topics[kind][string(name)] = true }
func (s *fakeSubscriptions) Unsubscribe(kind Topic, name []byte) {
	delete(s.topics[kind], string(name))
}
func (s *fakeSubscriptions) Subscribed(kind Topic) int { return len(s.topics[kind]) }
func (s *fakeSubscriptions) Topics(kind Topic) []string {
	return slices.Sorted(maps.Keys(s.topics[kind]))
}

// Publish counts, and sends nothing.
func (s *fakeSubscriptions) Publish(kind Topic, channel, _ []byte) (receivers int) {
	if s.topics[kind][string(channel)] {
		receivers++
	}
	for p := range s.topics[Pattern] {
		if kind == Channel && MatchGlob([]byte(p), channel) {
			receivers++
		}
	}
	return receivers
}

func (b *fakeBroker) PublishCost(kind Topic, channel []byte) int { return b.Subscribers(kind, channel) }
func (b *fakeBroker) TopicCount(kind Topic) int                  { return b.of.Subscribed(kind) }
func (b *fakeBroker) Subscribers(kind Topic, name []byte) int {
	if b.of.topics[kind][string(name)] {
		return 1
	}
	return 0
}

func (b *fakeBroker) TopicNames(kind Topic, pattern []byte) (names []string) {
	for _, name := range b.of.Topics(kind) {
		if pattern == nil || MatchGlob(pattern, []byte(name)) {
			names = append(names, name)
		}
	}
	return names
}

// What several clients see of each other is in integration/conversations.
func TestPubSubIsThatOfRedis(t *testing.T) { compareStories(t, pubsubStories) }

var pubsubStories = []story{
	{"wrong numbers of arguments are refused", `
		SUBSCRIBE
		PSUBSCRIBE
		SSUBSCRIBE
		PUBLISH
		PUBLISH x
		PUBLISH x y z
		SPUBLISH x
		SPUBLISH x y z
		PUBSUB
		PUBSUB NOSUCH
		PUBSUB NUMPAT x
		PUBSUB HELP x
		PUBSUB CHANNELS a b
		PUBSUB channels a b
		PUBSUB SHARDCHANNELS a b
		PUBSUB (x*200)`},
	{"nobody listens", `
		PUBLISH x y
		SPUBLISH x y
		PUBLISH "" ""
		PUBSUB CHANNELS
		PUBSUB CHANNELS *
		PUBSUB SHARDCHANNELS
		PUBSUB NUMPAT
		PUBSUB NUMSUB
		PUBSUB NUMSUB a "" a
		PUBSUB SHARDNUMSUB
		PUBSUB SHARDNUMSUB a b`},
	{"there is nothing to stop listening to", `
		UNSUBSCRIBE
		PUNSUBSCRIBE
		SUNSUBSCRIBE
		UNSUBSCRIBE x
		PUNSUBSCRIBE ""
		SUNSUBSCRIBE x
		PING
		GET k`},
	{"channels are routed as keys and are none", `
		COMMAND GETKEYS SUBSCRIBE a
		COMMAND GETKEYS PUBLISH a b
		COMMAND GETKEYS SPUBLISH a b
		COMMAND GETKEYS SPUBLISH a
		COMMAND GETKEYS SSUBSCRIBE a b
		COMMAND GETKEYSANDFLAGS SSUBSCRIBE a b`},
	{"one subscription", `
		SUBSCRIBE x
		PING
		PING hello
		PING ""
		PING a b
		PSUBSCRIBE p*
		SSUBSCRIBE s
		SUBSCRIBE x
		UNSUBSCRIBE nosuch
		UNSUBSCRIBE
		UNSUBSCRIBE
		SUBSCRIBE ""
		UNSUBSCRIBE x
		UNSUBSCRIBE ""
		UNSUBSCRIBE
		PUNSUBSCRIBE
		PING
		SUNSUBSCRIBE
		PING`},
}
