package commands

import "switchyard/backends"

// subjectKey is the key of a subcommand.
func subjectKey(flags string) []KeySpec { return []KeySpec{{2, 0, 1, flags}} }

var objectTips = []string{"nondeterministic_output"}

var objectRows = []*Row{
	{Name: "object", Arity: -2, Group: "generic", Since: "2.2.3", Complexity: "Depends on the subcommand",
		Summary: "A container for commands about how values are kept.", Subs: []*Row{
			{Name: "encoding", Arity: 3, Flags: Readonly, Keys: subjectKey("RO"), Categories: "keyspace", Since: "2.2.3", Tips: objectTips, Syntax: "key", Complexity: "O(1)",
				Summary: "Returns how a value is kept.", Run: objectEncoding},
			{Name: "freq", Arity: 3, Flags: Readonly, Keys: subjectKey("RO"), Categories: "keyspace", Since: "4.0.0", Tips: objectTips, Syntax: "key", Complexity: "O(1)",
				Summary: "Returns how often a key is used, on a logarithmic scale.", Run: objectFreq},
			{Name: "idletime", Arity: 3, Flags: Readonly, Keys: subjectKey("RO"), Categories: "keyspace", Since: "2.2.3", Tips: objectTips, Syntax: "key", Complexity: "O(1)",
				Summary: "Returns the seconds since a key was used.", Run: objectIdleTime},
			{Name: "refcount", Arity: 3, Flags: Readonly, Keys: subjectKey("RO"), Categories: "keyspace", Since: "2.2.3", Tips: objectTips, Syntax: "key", Complexity: "O(1)",
				Summary: "Returns how many keys share a value.", Run: objectRefCount},
			{Name: "help", Arity: 2, Flags: Loading | Stale, Categories: "keyspace", Since: "6.2.0", Complexity: "O(1)",
				Summary: "Lists the subcommands.", Serve: containerHelp},
		}},
}

func objectEncoding(c *Ctx, tx backends.Tx) error {
	name := tx.Encoding(c.Args[2])
	c.BulkOrNull([]byte(name), name != "")
	return nil
}

func objectFreq(c *Ctx, tx backends.Tx) error {
	use, ok := tx.Use(c.Args[2])
	switch {
	case !ok:
		c.Null()
	case !use.Counted:
		return ErrNotLFU
	default:
		c.Int(use.Frequency)
	}
	return nil
}

func objectIdleTime(c *Ctx, tx backends.Tx) error {
	use, ok := tx.Use(c.Args[2])
	switch {
	case !ok:
		c.Null()
	case use.Counted:
		return ErrLFU
	default:
		c.Int(use.Idle)
	}
	return nil
}

// objectRefCount: Redis shares the integers below 10000, and says of them that they have endless references.
func objectRefCount(c *Ctx, tx backends.Tx) error {
	const stock, endless = 10_000, 1<<31 - 1
	name := c.Args[2]
	use, ok := tx.Use(name)
	if !ok {
		c.Null()
		return nil
	}
	references := int64(1)
	if use.Shared && tx.Encoding(name) == "int" {
		s, err := tx.String(name)
		if err != nil {
			return err
		}
		if n, _ := parseInt(s.Bytes()); n >= 0 && n < stock {
			references = endless
		}
	}
	c.Int(references)
	return nil
}
