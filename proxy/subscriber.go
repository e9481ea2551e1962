package proxy

import (
	"fmt"

	"switchyard/commands"
	"switchyard/proxy/pubsub"
	"switchyard/proxy/transport"
)

// subscriber is a session's part in pub/sub.
type subscriber struct {
	*pubsub.Subscriber
	session *session
	mail    *mailbox
}

var (
	_ pubsub.Receiver        = (*subscriber)(nil)
	_ commands.Subscriptions = (*session)(nil)
	_ commands.Broker        = (*Server)(nil)
)

// Receive implements pubsub.Receiver.
func (p *subscriber) Receive(m *pubsub.Message) { p.mail.put(m.In(int(p.session.proto.Load()))) }

// listens says whether the client has subscribed to anything.
func (s *session) listens() bool { return s.subscriber != nil && s.subscriber.Total() > 0 }

// mayCall refuses what a client may not call while nothing but messages can be told from replies.
func (s *session) mayCall(row *commands.Row) error {
	if row.Flags&commands.Listening != 0 || s.call.Proto >= 3 || !s.listens() {
		return nil
	}
	return commands.NotWhileListening(row.FullName)
}

// Subscribe implements commands.Client.
func (s *session) Subscribe(kind commands.Topic, name []byte) {
	if s.subscriber == nil {
		p := &subscriber{session: s, mail: s.letters()}
		p.Subscriber = s.server.pubsub.NewSubscriber(p)
		s.mu.Lock()
		s.subscriber = p
		s.mu.Unlock()
	}
	if !s.listens() {
		s.bound(s.server.config.pubsubLimit())
		s.conn.Spare(true) // it is heard of again when there is a message
	}
	s.mail.hold()
	s.mail.confirm = true
	s.subscriber.Subscribe(pubsub.Kind(kind), name)
}

// Unsubscribe implements commands.Client.
func (s *session) Unsubscribe(kind commands.Topic, name []byte) {
	if !s.listens() {
		return
	}
	if s.subscriber.Unsubscribe(pubsub.Kind(kind), name); !s.listens() {
		s.stopListening()
	}
}

// unsubscribeAll ends all subscriptions.
func (s *session) unsubscribeAll() {
	if s.listens() {
		s.subscriber.Close()
		s.stopListening()
	}
}

// stopListening makes the connection an ordinary one.
func (s *session) stopListening() {
	s.bound(s.server.config.outputLimit())
	s.conn.Spare(s.modes.Load()&monitors != 0)
}

// Subscribed implements commands.Client.
func (s *session) Subscribed(kind commands.Topic) int {
	if s.subscriber == nil {
		return 0
	}
	return s.subscriber.Count(pubsub.Kind(kind))
}

// Topics implements commands.Client.
func (s *session) Topics(kind commands.Topic) []string {
	if s.subscriber == nil {
		return nil
	}
	return s.subscriber.Names(pubsub.Kind(kind))
}

// Publish implements commands.Client.
func (s *session) Publish(kind commands.Topic, channel, message []byte) (receivers int) {
	if s.listens() {
		s.mail.hold()
	}
	return s.server.pubsub.Publish(pubsub.Kind(kind), channel, message)
}

// describeSubscriptions adds what CLIENT LIST shows. s.mu is held.
func (s *session) describeSubscriptions(info *commands.ClientInfo) (any bool) {
	if s.subscriber == nil {
		return false
	}
	for kind := range info.Subscribed {
		info.Subscribed[kind] = s.subscriber.Count(pubsub.Kind(kind))
	}
	return s.subscriber.Total() > 0
}

// PublishCost implements commands.Server.
func (s *Server) PublishCost(kind commands.Topic, channel []byte) int {
	return s.pubsub.Cost(pubsub.Kind(kind), channel)
}

// TopicNames implements commands.Server.
func (s *Server) TopicNames(kind commands.Topic, pattern []byte) []string {
	return s.pubsub.Names(pubsub.Kind(kind), pattern)
}

// Subscribers implements commands.Server.
func (s *Server) Subscribers(kind commands.Topic, name []byte) int {
	return s.pubsub.Subscribers(pubsub.Kind(kind), name)
}

// TopicCount implements commands.Server.
func (s *Server) TopicCount(kind commands.Topic) int { return s.pubsub.Count(pubsub.Kind(kind)) }

// topics counts the topics of each kind, and the clients that listen to any.
func (s *Server) topics() (counts [commands.ShardChannel + 1]int, clients int) {
	for kind := range counts {
		counts[kind] = s.TopicCount(commands.Topic(kind))
	}
	for _, c := range s.sessions() {
		if c.subscribes() {
			clients++
		}
	}
	return counts, clients
}

// subscribes is listens for any goroutine.
func (s *session) subscribes() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.listens()
}

// outputLimits are the limits as Redis shows them. There are no replicas, so theirs are Redis's own.
func (c *Config) outputLimits() string {
	limit := func(l transport.OutputLimit) string {
		return fmt.Sprintf("%d %d %d", l.Hard, l.Soft, int64(l.Grace.Seconds()))
	}
	return "normal " + limit(c.outputLimit()) + " slave 268435456 67108864 60 pubsub " + limit(c.pubsubLimit())
}

// outputLimit is how much an ordinary client may leave unread.
func (c *Config) outputLimit() transport.OutputLimit {
	return transport.OutputLimit{Hard: int64(c.Limits.Output)}
}

// pubsubLimit is the same for one that has subscribed to something.
func (c *Config) pubsubLimit() transport.OutputLimit {
	return transport.OutputLimit{
		Hard: int64(c.Limits.PubSubOutput), Soft: int64(c.Limits.PubSubOutputSoft), Grace: c.Limits.PubSubOutputGrace.Duration,
	}
}
