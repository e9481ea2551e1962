package commands

import (
	"math/rand/v2"

	"switchyard/backends"
)

var setRows = []*Row{
	{Name: "sadd", Arity: -3, Flags: Write | DenyOOM | Fast, Keys: key("RW insert"), Categories: "set", Group: "set", Since: "1.0.0",
		Syntax: "key member [member ...]", Complexity: "O(N) in the number of members", Summary: "Adds members to a set.", Run: sadd},
	{Name: "srem", Arity: -3, Flags: Write | Fast, Keys: key("RW delete"), Categories: "set", Group: "set", Since: "1.0.0",
		Syntax: "key member [member ...]", Complexity: "O(N) in the number of members", Summary: "Removes members from a set.", Run: srem},
	{Name: "smove", Arity: 4, Flags: Write | Fast, Keys: twoKeys("RW access delete", "RW insert"), Categories: "set", Group: "set", Since: "1.0.0",
		Syntax: "source destination member", Complexity: "O(1)", Summary: "Moves a member from one set to another.", Run: smove},
	{Name: "sismember", Arity: 3, Flags: Readonly | Fast, Keys: key("RO"), Categories: "set", Group: "set", Since: "1.0.0",
		Syntax: "key member", Complexity: "O(1)", Summary: "Says whether something is a member of a set.", Run: sismember},
	{Name: "smismember", Arity: -3, Flags: Readonly | Fast, Keys: key("RO access"), Categories: "set", Group: "set", Since: "6.2.0",
		Syntax: "key member [member ...]", Complexity: "O(N) in the number of members", Summary: "Says which of several are members of a set.", Run: smismember},
	{Name: "scard", Arity: 2, Flags: Readonly | Fast, Keys: key("RO"), Categories: "set", Group: "set", Since: "1.0.0",
		Syntax: "key", Complexity: "O(1)", Summary: "Counts the members of a set.", Run: scard},
	{Name: "spop", Arity: -2, Flags: Write | Fast, LongFor: drawsMany, Keys: key("RW access delete"), Categories: "set", Group: "set", Since: "1.0.0",
		Tips:   []string{"nondeterministic_output"},
		Syntax: "key [count]", Complexity: "O(N) in the number of members returned", Summary: "Removes and returns random members.", Run: spop},
	{Name: "srandmember", Arity: -2, Flags: Readonly, LongFor: drawsMany, Keys: key("RO access"), Categories: "set", Group: "set", Since: "1.0.0",
		Tips:   []string{"nondeterministic_output"},
		Syntax: "key [count]", Complexity: "O(N) in the number of members returned", Summary: "Returns random members.", Run: srandmember},
	{Name: "smembers", Arity: 2, Flags: Readonly, Keys: key("RO access"), Categories: "set", Group: "set", Since: "1.0.0",
		Tips:   []string{"nondeterministic_output_order"},
		Syntax: "key", Complexity: "O(N) in the size of the set", Summary: "Returns all members.", Run: smembers},
	{Name: "sscan", Arity: -3, Flags: Readonly | Long, Keys: key("RO access"), Categories: "set", Group: "set", Since: "2.8.0",
		Tips:   []string{"nondeterministic_output"},
		Syntax: "key cursor [MATCH pattern] [COUNT count]", Complexity: "O(1) for each call", Summary: "Visits the members of a set, some at each call.", Run: sscan, Relay: elementScanRelay},
}

func sadd(c *Ctx, tx backends.Tx) error {
	s, err := tx.Set(c.Args[1])
	if err != nil {
		return err
	}
	absent := s.Len() == 0
	if c.countMembers(s, backends.Set.Add) > 0 {
		c.notifyNew(absent, SetEvent, "sadd", c.Args[1])
	}
	return nil
}

func srem(c *Ctx, tx backends.Tx) error {
	s, err := tx.Set(c.Args[1])
	if err != nil {
		return err
	}
	if c.countMembers(s, backends.Set.Remove) > 0 {
		c.notifyLess(s.Len(), SetEvent, "srem", c.Args[1])
	}
	return nil
}

// countMembers replies for how many of the arguments f holds.
func (c *Ctx) countMembers(s backends.Set, f func(s backends.Set, member []byte) bool) (n int) {
	for _, member := range c.Args[2:] {
		if f(s, member) {
			n++
		}
	}
	c.Int(int64(n))
	return n
}

func smove(c *Ctx, tx backends.Tx) error {
	from, to, member := c.Args[1], c.Args[2], c.Args[3]
	if tx.Type(from) == backends.None {
		c.Flag(false) // whatever the other key is
		return nil
	}
	source, err := tx.Set(from)
	if err != nil {
		return err
	}
	target, err := tx.Set(to)
	if err != nil {
		return err
	}
	moved := source.Has(member)
	if moved && string(from) != string(to) {
		source.Remove(member)
		c.notifyLess(source.Len(), SetEvent, "srem", from)
		c.made(target.Len() == 0, to)
		if target.Add(member) {
			c.Notify(SetEvent, "sadd", to)
		}
	}
	c.Flag(moved)
	return nil
}

func sismember(c *Ctx, tx backends.Tx) error {
	s, err := c.readSet(tx, c.Args[1])
	if err != nil {
		return err
	}
	c.Flag(s.Has(c.Args[2]))
	return nil
}

func smismember(c *Ctx, tx backends.Tx) error {
	s, err := c.readSet(tx, c.Args[1])
	if err != nil {
		return err
	}
	c.Array(len(c.Args) - 2)
	for _, member := range c.Args[2:] {
		c.Flag(s.Has(member))
	}
	return nil
}

func scard(c *Ctx, tx backends.Tx) error {
	s, err := c.readSet(tx, c.Args[1])
	if err != nil {
		return err
	}
	c.Int(int64(s.Len()))
	return nil
}

// spop reads [count].
func spop(c *Ctx, tx backends.Tx) error {
	n, err := int64(1), error(nil)
	switch len(c.Args) {
	case 2:
	case 3:
		if n, err = natural(c.Args[2], ErrNotPositive); err != nil {
			return err
		}
	default:
		return ErrSyntax
	}
	s, err := tx.Set(c.Args[1])
	if err != nil {
		return err
	}
	n = min(n, int64(s.Len()))
	if len(c.Args) == 2 && n == 0 {
		c.Null()
		return nil
	}
	if len(c.Args) == 3 {
		c.Set(int(n))
	}
	if n > 0 {
		c.notifyLess(s.Len()-int(n), SetEvent, "spop", c.Args[1])
	}
	if n == int64(s.Len()) {
		c.setMembers(s)
		tx.Delete(c.Args[1])
		return nil
	}
	for range n {
		member := s.Random()
		c.Bulk(member)
		s.Remove(member)
	}
	return nil
}

// setMembers appends all members of a set.
func (c *Ctx) setMembers(s backends.Set) {
	s.Each(func(member []byte) bool {
		c.Bulk(member)
		return true
	})
}

// srandmember reads [count].
func srandmember(c *Ctx, tx backends.Tx) error {
	if len(c.Args) == 2 {
		s, err := c.readSet(tx, c.Args[1])
		if err != nil {
			return err
		}
		member := s.Random()
		c.BulkOrNull(member, member != nil)
		return nil
	}
	if len(c.Args) > 3 {
		return ErrSyntax
	}
	n, err := draws(c.Args[2])
	if err != nil {
		return err
	}
	s, err := c.readSet(tx, c.Args[1])
	if err != nil {
		return err
	}
	c.randomMembers(s, n)
	return nil
}

// randomMembers replies with n members, or with -n that may repeat.
func (c *Ctx) randomMembers(s backends.Set, n int64) {
	const few = 3 // as Redis: up to a third is drawn, and more is chosen from all
	size := int64(s.Len())
	switch {
	case size == 0:
		c.Array(0)
	case n < 0:
		c.Array(int(-n))
		for range -n {
			c.Bulk(s.Random())
		}
	case n >= size:
		c.Array(int(size))
		c.setMembers(s)
	case n*few > size:
		var all elements
		s.Each(func(member []byte) bool {
			all.add(member)
			return true
		})
		c.Array(int(n))
		for _, i := range rand.Perm(all.len())[:n] {
			c.Bulk(all.at(i))
		}
	default:
		c.Array(int(n))
		for seen := map[string]struct{}{}; int64(len(seen)) < n; {
			member := s.Random()
			if _, again := seen[string(member)]; !again {
				seen[string(member)] = struct{}{}
				c.Bulk(member)
			}
		}
	}
}

func smembers(c *Ctx, tx backends.Tx) error {
	s, err := c.readSet(tx, c.Args[1])
	if err != nil {
		return err
	}
	if c.tooManyElements(s.Len()) {
		return ErrLong
	}
	c.Set(s.Len())
	c.setMembers(s)
	return nil
}

// sscan reads cursor [MATCH pattern] [COUNT count].
func sscan(c *Ctx, tx backends.Tx) error {
	at, err := c.openCursor(c.Args[2])
	if err != nil {
		return err
	}
	s, err := c.readSet(tx, c.Args[1])
	if err != nil {
		return err
	}
	if s.Len() == 0 {
		return c.emptyScan()
	}
	o, err := parseScan(c.Args[3:], backends.SetType)
	if err != nil {
		return err
	}
	return c.scanElements(func(show func(element []byte) bool) uint64 {
		return s.Scan(at, o.count, func(member []byte) {
			if o.selects(member, backends.SetType) {
				show(member)
			}
		})
	})
}
