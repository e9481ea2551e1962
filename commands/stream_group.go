package commands

import "switchyard/backends"

var streamGroupRows = []*Row{
	{Name: "xgroup", Arity: -2, Group: "stream", Since: "5.0.0", Complexity: "Depends on the subcommand",
		Summary: "A container for commands about consumer groups.", Subs: []*Row{
			{Name: "create", Arity: -5, Flags: Write | DenyOOM, Keys: subjectKey("RW insert"), Categories: "stream", Since: "5.0.0", Syntax: "key groupname <id | $> [MKSTREAM] [ENTRIESREAD entries_read]", Complexity: "O(1)",
				Summary: "Adds a consumer group to a stream.", Run: xgroupCreate},
			{Name: "setid", Arity: -5, Flags: Write, Keys: subjectKey("RW update"), Categories: "stream", Since: "5.0.0", Syntax: "key groupname <id | $> [ENTRIESREAD entries_read]", Complexity: "O(1)",
				Summary: "Sets how far a group has read.", Run: xgroupSetID},
			{Name: "destroy", Arity: 4, Flags: Write, Keys: subjectKey("RW delete"), Categories: "stream", Since: "5.0.0", Syntax: "key groupname", Complexity: "O(N) in the number of its consumers",
				Summary: "Removes a consumer group.", Run: xgroupDestroy},
			{Name: "createconsumer", Arity: 5, Flags: Write | DenyOOM, Keys: subjectKey("RW insert"), Categories: "stream", Since: "6.2.0", Syntax: "key groupname consumername", Complexity: "O(1)",
				Summary: "Adds a consumer to a group.", Run: xgroupCreateConsumer},
			{Name: "delconsumer", Arity: 5, Flags: Write | Long, Keys: subjectKey("RW delete"), Categories: "stream", Since: "5.0.0", Syntax: "key groupname consumername", Complexity: "O(N) in the number of its pending entries",
				Summary: "Removes a consumer from a group.", Run: xgroupDelConsumer},
			{Name: "help", Arity: 2, Flags: Loading | Stale, Categories: "stream", Since: "5.0.0", Complexity: "O(1)",
				Summary: "Lists the subcommands.", Serve: xgroupHelp},
		}},
	{Name: "xack", Arity: -4, Flags: Write | Fast, Keys: key("RW update"), Categories: "stream", Group: "stream", Since: "5.0.0",
		Syntax: "key group id [id ...]", Complexity: "O(log N) for each ID", Summary: "Acknowledges entries that were delivered to a consumer.", Run: xack},
}

// unknownRead is the number of entries that a group has read, before anybody knows it.
const unknownRead = -1

// groupOptions are the options of XGROUP CREATE and SETID.
type groupOptions struct {
	create bool // the stream
	read   int64
}

func parseGroupOptions(c *Ctx, creates bool) (p groupOptions, err error) {
	p.read = unknownRead
	for o := (options{args: c.Args[5:]}); o.next(); {
		switch {
		case creates && o.is("MKSTREAM"):
			p.create = true
		case o.is("ENTRIESREAD") && len(o.args) > 0:
			if p.read, err = integer(o.args[0]); err != nil {
				return p, err
			}
			if p.read < 0 && p.read != unknownRead {
				return p, ErrEntriesRead
			}
			o.args = o.args[1:]
		default:
			return p, c.subcommandSyntax()
		}
	}
	return p, nil
}

func (c *Ctx) subcommandSyntax() error {
	container := "XGROUP"
	if equalFold(c.Args[0], "XINFO") {
		container = "XINFO"
	}
	return subcommandSyntax(container, c.Args[1])
}

func xgroupCreate(c *Ctx, tx backends.Tx) error {
	p, err := parseGroupOptions(c, true)
	if err != nil {
		return err
	}
	s, err := tx.Stream(c.Args[2])
	if err != nil {
		return err
	}
	state, exists := s.State()
	if !exists && !p.create {
		return ErrGroupNoKey
	}
	const most = 8
	if len(c.Args) > most {
		return c.subcommandSyntax()
	}
	id := state.Last
	if string(untilZero(c.Args[4])) != "$" {
		if id, err = parseStreamID(c.Args[4], 0); err != nil {
			return err
		}
	}
	if !exists {
		s.SetState(state)
		c.made(true, c.Args[2])
	}
	groups := s.Groups()
	if _, exists := groups.Get(c.Args[3]); exists {
		return ErrGroupExists
	}
	groups.Create(c.Args[3], backends.GroupState{Last: id, Read: p.read})
	c.tell(StreamEvent, "xgroup-create", c.Args[2])
	c.OK()
	return nil
}

// streamGroup opens the group that a subcommand names; nil: there is none of that name.
func (c *Ctx) streamGroup(tx backends.Tx) (s backends.Stream, g backends.StreamGroup, err error) {
	if s, err = tx.Stream(c.Args[2]); err != nil {
		return nil, nil, err
	}
	if _, exists := s.State(); !exists {
		return nil, nil, ErrGroupNoKey
	}
	g, _ = s.Groups().Get(c.Args[3])
	return s, g, nil
}

// neededGroup is streamGroup for what asks for a group that is there.
func (c *Ctx) neededGroup(tx backends.Tx) (s backends.Stream, g backends.StreamGroup, err error) {
	s, g, err = c.streamGroup(tx)
	if err == nil && g == nil {
		err = noGroup(c.Args[3], c.Args[2])
	}
	return s, g, err
}

func xgroupSetID(c *Ctx, tx backends.Tx) error {
	p, err := parseGroupOptions(c, false)
	if err != nil {
		return err
	}
	s, g, err := c.neededGroup(tx)
	if err != nil {
		return err
	}
	const most = 7
	if len(c.Args) > most {
		return c.subcommandSyntax()
	}
	state, _ := s.State()
	id := state.Last
	if string(untilZero(c.Args[4])) != "$" {
		if id, err = parseAnyID(c.Args[4], 0); err != nil {
			return err
		}
	}
	g.SetState(backends.GroupState{Last: id, Read: p.read})
	c.tell(StreamEvent, "xgroup-setid", c.Args[2])
	c.OK()
	return nil
}

func xgroupDestroy(c *Ctx, tx backends.Tx) error {
	s, _, err := c.streamGroup(tx)
	if err != nil {
		return err
	}
	destroyed := s.Groups().Delete(c.Args[3])
	if destroyed {
		c.tell(StreamEvent, "xgroup-destroy", c.Args[2])
	}
	c.Flag(destroyed)
	return nil
}

func xgroupCreateConsumer(c *Ctx, tx backends.Tx) error {
	_, g, err := c.neededGroup(tx)
	if err != nil {
		return err
	}
	_, exists := g.Consumers().Get(c.Args[4])
	if !exists {
		c.seeConsumer(c.Args[2], g, c.Args[4])
	}
	c.Flag(!exists)
	return nil
}

func xgroupDelConsumer(c *Ctx, tx backends.Tx) error {
	_, g, err := c.neededGroup(tx)
	if err != nil {
		return err
	}
	consumers := g.Consumers()
	if _, exists := consumers.Get(c.Args[4]); exists {
		c.tell(StreamEvent, "xgroup-delconsumer", c.Args[2])
	}
	c.Int(int64(consumers.Delete(c.Args[4])))
	return nil
}

func xgroupHelp(c *Ctx) error {
	c.statusLines(
		"XGROUP <subcommand> [<arg> [value] [opt] ...]. Subcommands are:",
		"CREATE <key> <groupname> <id|$> [option]",
		"    Create a new consumer group. Options are:",
		"    * MKSTREAM",
		"      Create the empty stream if it does not exist.",
		"    * ENTRIESREAD entries_read",
		"      Set the group's entries_read counter (internal use).",
		"CREATECONSUMER <key> <groupname> <consumer>",
		"    Create a new consumer in the specified group.",
		"DELCONSUMER <key> <groupname> <consumer>",
		"    Remove the specified consumer.",
		"DESTROY <key> <groupname>",
		"    Remove the specified group.",
		"SETID <key> <groupname> <id|$> [ENTRIESREAD entries_read]",
		"    Set the current group ID and entries_read counter.",
		"HELP",
		"    Prints this help.")
	return nil
}

func (c *Ctx) statusLines(lines ...string) {
	c.Array(len(lines))
	for _, l := range lines {
		c.Status(l)
	}
}

func xack(c *Ctx, tx backends.Tx) error {
	s, err := c.readStream(tx, c.Args[1])
	if err != nil {
		return err
	}
	g, exists := s.Groups().Get(c.Args[2])
	if !exists {
		c.Int(0) // and nobody looks at the IDs
		return nil
	}
	ids, err := parseStreamIDs(c.Args[3:])
	if err != nil {
		return err
	}
	acknowledged := int64(0)
	for _, id := range ids {
		if g.Acknowledge(id) {
			acknowledged++
		}
	}
	c.Int(acknowledged)
	return nil
}
