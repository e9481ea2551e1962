package commands

import "switchyard/backends"

var streamInfoRows = []*Row{
	{Name: "xinfo", Arity: -2, Group: "stream", Since: "5.0.0", Complexity: "Depends on the subcommand",
		Summary: "A container for commands that tell about streams.", Subs: []*Row{
			{Name: "consumers", Arity: 4, Flags: Readonly, Keys: subjectKey("RO access"), Categories: "stream", Tips: streamTips, Since: "5.0.0", Syntax: "key groupname", Complexity: "O(N) in the number of consumers",
				Summary: "Tells about the consumers of a group.", Run: xinfoConsumers},
			{Name: "groups", Arity: 3, Flags: Readonly, Keys: subjectKey("RO access"), Categories: "stream", Since: "5.0.0", Syntax: "key", Complexity: "O(N) in the number of groups",
				Summary: "Tells about the consumer groups of a stream.", Run: xinfoGroups},
			{Name: "stream", Arity: -3, Flags: Readonly, LongFor: xinfoMany, Keys: subjectKey("RO access"), Categories: "stream", Since: "5.0.0", Syntax: "key [FULL <[COUNT count]>]", Complexity: "O(1); with FULL O(N) in the number of entries returned",
				Summary: "Tells about a stream.", Run: xinfoStream},
			{Name: "help", Arity: 2, Flags: Loading | Stale, Categories: "stream", Since: "5.0.0", Complexity: "O(1)",
				Summary: "Lists the subcommands.", Serve: xinfoHelp},
		}},
}

// infoStream opens the stream that a subcommand of XINFO is about.
func (c *Ctx) infoStream(tx backends.Tx) (s backends.Stream, state backends.StreamState, err error) {
	if s, err = c.readStream(tx, c.Args[2]); err != nil {
		return nil, state, err
	}
	state, exists := s.State()
	if !exists {
		return nil, state, ErrNoSuchKey
	}
	return s, state, nil
}

func xinfoConsumers(c *Ctx, tx backends.Tx) error {
	s, _, err := c.infoStream(tx)
	if err != nil {
		return err
	}
	g, exists := s.Groups().Get(c.Args[3])
	if !exists {
		return noGroup(c.Args[3], c.Args[2])
	}
	c.Array(g.Consumers().Len())
	g.Consumers().Each(func(name []byte, consumer backends.Consumer) bool {
		inactive := int64(-1)
		if consumer.Active >= 0 {
			inactive = max(c.Now-consumer.Active, 0)
		}
		c.Map(4)
		c.Text("name")
		c.Bulk(name)
		c.intField("pending", int64(g.PendingCount(name)))
		c.intField("idle", max(c.Now-consumer.Seen, 0))
		c.intField("inactive", inactive)
		return true
	})
	return nil
}

func (c *Ctx) intField(name string, n int64) {
	c.Text(name)
	c.Int(n)
}

func (c *Ctx) idField(name string, id backends.StreamID) {
	c.Text(name)
	c.streamID(id)
}

func xinfoGroups(c *Ctx, tx backends.Tx) error {
	s, state, err := c.infoStream(tx)
	if err != nil {
		return err
	}
	c.Array(s.Groups().Len())
	s.Groups().Each(func(name []byte, g backends.StreamGroup) bool {
		c.Map(6)
		c.Text("name")
		c.Bulk(name)
		c.intField("consumers", int64(g.Consumers().Len()))
		c.intField("pending", int64(g.PendingCount(nil)))
		c.progress(&state, g.State())
		return true
	})
	return nil
}

// progress appends three fields about how far a group has read.
func (c *Ctx) progress(s *backends.StreamState, g backends.GroupState) {
	c.idField("last-delivered-id", g.Last)
	c.Text("entries-read")
	c.intOrNull(g.Read, g.Read != unknownRead)
	c.Text("lag")
	lag, known := groupLag(s, g)
	c.intOrNull(lag, known)
}

func (c *Ctx) intOrNull(n int64, ok bool) {
	if ok {
		c.Int(n)
	} else {
		c.Null()
	}
}

// fullInfo are the arguments of XINFO STREAM behind the key.
type fullInfo struct {
	full  bool
	count int64 // of each list; 0: all
}

func xinfoMany(args [][]byte) bool {
	if len(args) < 6 {
		return false
	}
	n, ok := parseInt(args[5])
	return ok && (n == 0 || n > manyElements)
}

func (c *Ctx) parseFullInfo(args [][]byte) (p fullInfo, err error) {
	const few = 10
	p.full, p.count = len(args) > 0, few
	switch {
	case !p.full:
		return p, nil
	case len(args) != 1 && len(args) != 3, !equalFold(args[0], "FULL"), len(args) == 3 && !equalFold(args[1], "COUNT"):
		return p, c.subcommandSyntax()
	case len(args) == 3:
		if p.count, err = integer(args[2]); p.count < 0 {
			p.count = few
		}
	}
	return p, err
}

func xinfoStream(c *Ctx, tx backends.Tx) error {
	s, state, err := c.infoStream(tx)
	if err != nil {
		return err
	}
	p, err := c.parseFullInfo(c.Args[3:])
	if err != nil {
		return err
	}
	if p.full {
		c.Map(9)
	} else {
		c.Map(10)
	}
	c.intField("length", int64(state.Length))
	c.intField("radix-tree-keys", int64(state.Nodes))
	c.intField("radix-tree-nodes", int64(state.RadixNodes))
	c.idField("last-generated-id", state.Last)
	c.idField("max-deleted-entry-id", state.MaxDeleted)
	c.intField("entries-added", int64(state.Added))
	c.idField("recorded-first-entry-id", state.First)
	if p.full {
		c.Text("entries")
		c.entries(s, backends.StreamID{}, backends.LastStreamID, false, p.count)
		c.fullGroups(s, &state, p.count)
		return nil
	}
	c.intField("groups", int64(s.Groups().Len()))
	c.Text("first-entry")
	c.edgeEntry(s, false)
	c.Text("last-entry")
	c.edgeEntry(s, true)
	return nil
}

// edgeEntry appends the first or the last entry.
func (c *Ctx) edgeEntry(s backends.Stream, last bool) {
	found := false
	s.Each(backends.StreamID{}, backends.LastStreamID, last, func(id backends.StreamID, fields [][]byte) bool {
		c.streamEntry(id, fields)
		found = true
		return false
	})
	if !found {
		c.Null()
	}
}

// fullGroups appends all about the groups, but only count pending entries of each and of each consumer.
func (c *Ctx) fullGroups(s backends.Stream, state *backends.StreamState, count int64) {
	c.Text("groups")
	c.Array(s.Groups().Len())
	s.Groups().Each(func(name []byte, g backends.StreamGroup) bool {
		c.Map(7)
		c.Text("name")
		c.Bulk(name)
		c.progress(state, g.State())
		c.intField("pel-count", int64(g.PendingCount(nil)))
		c.Text("pending")
		c.fullPending(g, nil, count)
		c.Text("consumers")
		c.Array(g.Consumers().Len())
		g.Consumers().Each(func(name []byte, consumer backends.Consumer) bool {
			c.Map(5)
			c.Text("name")
			c.Bulk(name)
			c.intField("seen-time", consumer.Seen)
			c.intField("active-time", consumer.Active)
			c.intField("pel-count", int64(g.PendingCount(name)))
			c.Text("pending")
			c.fullPending(g, name, count)
			return true
		})
		return true
	})
}

// fullPending appends the first pending entries of a consumer, or those of all with their consumers.
func (c *Ctx) fullPending(g backends.StreamGroup, consumer []byte, count int64) {
	start, n := len(c.Buf), int64(0)
	g.EachPending(backends.StreamID{}, consumer, func(id backends.StreamID, d backends.Delivery) bool {
		if consumer == nil {
			c.Array(4)
			c.streamID(id)
			c.Bulk(d.Consumer)
		} else {
			c.Array(3)
			c.streamID(id)
		}
		c.Int(d.Delivered)
		c.Int(int64(d.Count))
		n++
		return n != count
	})
	c.headAt(start, c.Array, int(n))
}

func xinfoHelp(c *Ctx) error {
	c.statusLines(
		"XINFO <subcommand> [<arg> [value] [opt] ...]. Subcommands are:",
		"CONSUMERS <key> <groupname>",
		"    Show consumers of <groupname>.",
		"GROUPS <key>",
		"    Show the stream consumer groups.",
		"STREAM <key> [FULL [COUNT <count>]",
		"    Show information about the stream.",
		"HELP",
		"    Prints this help.")
	return nil
}

// A group counts the entries that it has read, of all that were ever added. The number is known as long as
// nothing was deleted from the part that it has still to read, and can be found out at some places.

// hasTombstones says whether entries from an ID on were deleted, behind the first one.
func hasTombstones(s *backends.StreamState, from backends.StreamID) bool {
	return s.Length > 0 && !s.MaxDeleted.Less(s.First) && !s.MaxDeleted.Less(from)
}

// entriesUpTo is how many entries were ever added up to an ID; unknownRead: one cannot tell.
func entriesUpTo(s *backends.StreamState, id backends.StreamID) int64 {
	added, length := int64(s.Added), int64(s.Length)
	switch {
	case added == 0:
		return 0
	case length == 0 && id.Compare(s.Last) <= 0:
		return added
	case id == s.Last:
		return added
	case s.Last.Less(id):
		return unknownRead
	case s.MaxDeleted != (backends.StreamID{}) && !s.MaxDeleted.Less(s.First):
		return unknownRead
	case id.Less(s.First):
		return added - length
	case id == s.First:
		return added - length + 1
	}
	return unknownRead
}

// readUpTo is how many entries a group has read with that of an ID, which follows what it has read.
func readUpTo(s *backends.StreamState, g backends.GroupState, id backends.StreamID) int64 {
	switch {
	case g.Read != unknownRead && !hasTombstones(s, id):
		return g.Read + 1
	case s.Added > 0:
		return entriesUpTo(s, id)
	}
	return g.Read
}

// groupLag is how many entries a group has still to read, if that is known.
func groupLag(s *backends.StreamState, g backends.GroupState) (lag int64, known bool) {
	added := int64(s.Added)
	switch {
	case added == 0:
		return 0, true
	case g.Read != unknownRead && !hasTombstones(s, g.Last):
		return added - g.Read, true
	}
	read := entriesUpTo(s, g.Last)
	return added - read, read != unknownRead
}
