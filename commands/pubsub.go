package commands

// Topic is a kind of what a client can subscribe to.
type Topic int

// The kinds of topics. A message to a channel also goes to the patterns that match it; shard channels, which
// in a cluster stay on one node, know no patterns.
const (
	Channel Topic = iota
	Pattern
	ShardChannel
)

// Subscriptions is the part of a Client that is about pub/sub.
type Subscriptions interface {
	// Subscribe has messages come from when the reply of the call at hand is on its way.
	Subscribe(kind Topic, name []byte)
	// Unsubscribe has no more messages come, from now on.
	Unsubscribe(kind Topic, name []byte)
	// Subscribed counts the topics of a kind that the client listens to.
	Subscribed(kind Topic) int
	// Topics lists them.
	Topics(kind Topic) []string
	// Publish sends a message to all who listen, and counts them. The client itself gets it after the
	// reply of the call at hand, as in Redis 7.2; until 7.0 it came before.
	Publish(kind Topic, channel, message []byte) (receivers int)
}

// Broker is the part of the Server that is about pub/sub.
type Broker interface {
	// PublishCost is about how many subscribers and patterns a message would be sent to or compared with.
	PublishCost(kind Topic, channel []byte) int
	// TopicNames lists what has subscribers and matches a pattern; nil is all.
	TopicNames(kind Topic, pattern []byte) []string
	// Subscribers counts those of one topic.
	Subscribers(kind Topic, name []byte) int
	// TopicCount counts the topics that have subscribers.
	TopicCount(kind Topic) int
}

// MatchGlob says whether a name matches a pattern as KEYS understands it.
func MatchGlob(pattern, name []byte) bool { return match(pattern, name) }

const (
	subscribeFlags = PubSub | NoScript | Loading | Stale | Listening
	publishFlags   = PubSub | Loading | Stale | Fast | MayWrite
	pubsubFlags    = PubSub | Loading | Stale
)

var pubsubRows = []*Row{
	{Name: "psubscribe", Arity: -2, Flags: subscribeFlags, Group: "pubsub", Since: "2.0.0", Syntax: "<pattern> [<pattern> ...]",
		Complexity: "O(N) in the number of patterns", Summary: "Listens to the channels that match patterns.", Serve: subscribeTo(Pattern)},
	{Name: "publish", Arity: 3, Flags: publishFlags, Group: "pubsub", Since: "2.0.0", Syntax: "channel message",
		Complexity: "O(N+M) in the number of the channel's subscribers and of all patterns", Summary: "Sends a message to all who listen to a channel.", Serve: publishTo(Channel)},
	{Name: "pubsub", Arity: -2, Group: "pubsub", Since: "2.8.0", Complexity: "Depends on the subcommand",
		Summary: "A container for commands about channels and who listens.", Subs: []*Row{
			{Name: "channels", Arity: -2, Flags: pubsubFlags | Long, Since: "2.8.0", Syntax: "[pattern]", Complexity: "O(N) in the number of channels",
				Summary: "Lists the channels that have subscribers.", Serve: listTopics(Channel)},
			{Name: "numpat", Arity: 2, Flags: pubsubFlags, Since: "2.8.0", Complexity: "O(1)",
				Summary: "Counts the different patterns that clients listen to.", Serve: pubsubNumPat},
			{Name: "numsub", Arity: -2, Flags: pubsubFlags, Since: "2.8.0", Syntax: "[channel [channel ...]]", Complexity: "O(N) in the number of channels",
				Summary: "Counts the subscribers of channels, those of patterns left out.", Serve: countSubscribers(Channel)},
			{Name: "shardchannels", Arity: -2, Flags: pubsubFlags | Long, Since: "7.0.0", Syntax: "[pattern]", Complexity: "O(N) in the number of shard channels",
				Summary: "Lists the shard channels that have subscribers.", Serve: listTopics(ShardChannel)},
			{Name: "shardnumsub", Arity: -2, Flags: pubsubFlags, Since: "7.0.0", Syntax: "[shardchannel [shardchannel ...]]", Complexity: "O(N) in the number of shard channels",
				Summary: "Counts the subscribers of shard channels.", Serve: countSubscribers(ShardChannel)},
			{Name: "help", Arity: 2, Flags: Loading | Stale, Since: "6.2.0", Complexity: "O(1)",
				Summary: "Lists the subcommands.", Serve: containerHelp},
		}},
	{Name: "punsubscribe", Arity: -1, Flags: subscribeFlags, Group: "pubsub", Since: "2.0.0", Syntax: "[pattern [pattern ...]]",
		Complexity: "O(N) in the number of patterns", Summary: "Stops listening to the channels that match patterns.", Serve: unsubscribeFrom(Pattern)},
	{Name: "spublish", Arity: 3, Flags: publishFlags, Keys: key(notKey), Group: "pubsub", Since: "7.0.0", Syntax: "shardchannel message",
		Complexity: "O(N) in the number of the channel's subscribers", Summary: "Sends a message to all who listen to a shard channel.", Serve: publishTo(ShardChannel)},
	{Name: "ssubscribe", Arity: -2, Flags: subscribeFlags, Keys: keys(notKey), Group: "pubsub", Since: "7.0.0", Syntax: "shardchannel [shardchannel ...]",
		Complexity: "O(N) in the number of shard channels", Summary: "Listens to shard channels.", Serve: subscribeTo(ShardChannel)},
	{Name: "subscribe", Arity: -2, Flags: subscribeFlags, Group: "pubsub", Since: "2.0.0", Syntax: "channel [channel ...]",
		Complexity: "O(N) in the number of channels", Summary: "Listens to channels.", Serve: subscribeTo(Channel)},
	{Name: "sunsubscribe", Arity: -1, Flags: subscribeFlags, Keys: keys(notKey), Group: "pubsub", Since: "7.0.0", Syntax: "[shardchannel [shardchannel ...]]",
		Complexity: "O(N) in the number of shard channels", Summary: "Stops listening to shard channels.", Serve: unsubscribeFrom(ShardChannel)},
	{Name: "unsubscribe", Arity: -1, Flags: subscribeFlags, Group: "pubsub", Since: "2.0.0", Syntax: "[channel [channel ...]]",
		Complexity: "O(N) in the number of channels", Summary: "Stops listening to channels.", Serve: unsubscribeFrom(Channel)},
}

func subscribeTo(kind Topic) func(c *Ctx) error {
	return func(c *Ctx) error {
		for _, name := range c.Args[1:] {
			c.Client.Subscribe(kind, name)
			c.confirm(kind, name)
		}
		return nil
	}
}

func publishTo(kind Topic) func(c *Ctx) error {
	return func(c *Ctx) error {
		if c.tooManyElements(c.Server.PublishCost(kind, c.Args[1])) {
			return ErrLong
		}
		c.Int(int64(c.Client.Publish(kind, c.Args[1], c.Args[2])))
		return nil
	}
}

func listTopics(kind Topic) func(c *Ctx) error {
	return func(c *Ctx) error {
		var pattern []byte
		switch len(c.Args) {
		case 2:
		case 3:
			pattern = c.Args[2]
		default:
			return subcommandSyntax("PUBSUB", c.Args[1])
		}
		c.Texts(c.Server.TopicNames(kind, pattern))
		return nil
	}
}

func pubsubNumPat(c *Ctx) error {
	c.Int(int64(c.Server.TopicCount(Pattern)))
	return nil
}

func countSubscribers(kind Topic) func(c *Ctx) error {
	return func(c *Ctx) error {
		channels := c.Args[2:]
		c.Array(2 * len(channels))
		for _, name := range channels {
			c.Bulk(name)
			c.Int(int64(c.Server.Subscribers(kind, name)))
		}
		return nil
	}
}

// unsubscribeFrom ends all subscriptions of a kind where the call names none. Then the reply says what they
// were; when there were none it has the absent value in place of a name.
func unsubscribeFrom(kind Topic) func(c *Ctx) error {
	return func(c *Ctx) error {
		for _, name := range c.Args[1:] {
			c.Client.Unsubscribe(kind, name)
			c.confirm(kind, name)
		}
		if len(c.Args) > 1 {
			return nil
		}
		if c.tooManyElements(c.Client.Subscribed(kind)) {
			return ErrLong
		}
		topics := c.Client.Topics(kind)
		for _, name := range topics {
			c.Client.Unsubscribe(kind, []byte(name))
			c.confirm(kind, []byte(name))
		}
		if len(topics) == 0 {
			c.confirm(kind, nil)
		}
		return nil
	}
}

// confirm appends what a change of one subscription is answered with; a nil name is the absent value. Channels
// and patterns are counted together, as in Redis.
func (c *Ctx) confirm(kind Topic, name []byte) {
	c.Reply.Push(3)
	c.Text(c.Row.Name)
	c.BulkOrNull(name, name != nil)
	if kind == ShardChannel {
		c.Int(int64(c.Client.Subscribed(kind)))
	} else {
		c.Int(int64(c.Client.Subscribed(Channel) + c.Client.Subscribed(Pattern)))
	}
}

// listening counts all that the client listens to.
func (c *Ctx) listening() int {
	return c.Client.Subscribed(Channel) + c.Client.Subscribed(Pattern) + c.Client.Subscribed(ShardChannel)
}
