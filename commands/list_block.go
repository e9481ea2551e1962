package commands

import "switchyard/backends"

// What takes elements from a list as list_move.go does, and waits for one where there is none.

var listBlockRows = []*Row{
	{Name: "blpop", Arity: -3, Flags: Write | NoScript | Blocking, Relay: noBlockingRelay, Keys: []KeySpec{{1, -2, 1, "RW access delete"}}, Categories: "list", Group: "list", Since: "2.0.0",
		Syntax: "key [key ...] timeout", Complexity: "O(N) in the number of keys", Summary: "Removes and returns the first element of the first of several lists that has any, or waits for one.", Run: blpop},
	{Name: "brpop", Arity: -3, Flags: Write | NoScript | Blocking, Relay: noBlockingRelay, Keys: []KeySpec{{1, -2, 1, "RW access delete"}}, Categories: "list", Group: "list", Since: "2.0.0",
		Syntax: "key [key ...] timeout", Complexity: "O(N) in the number of keys", Summary: "Removes and returns the last element of the first of several lists that has any, or waits for one.", Run: brpop},
	{Name: "blmove", Arity: 6, Flags: Write | DenyOOM | NoScript | Blocking, Relay: noBlockingRelay, Keys: twoKeys("RW access delete", "RW insert"), Categories: "list", Group: "list", Since: "6.2.0",
		Syntax: "source destination <LEFT | RIGHT> <LEFT | RIGHT> timeout", Complexity: "O(1)", Summary: "Moves an element from an end of a list to an end of another, or waits for one.", Run: blmove},
	{Name: "brpoplpush", Arity: 4, Flags: Write | DenyOOM | NoScript | Blocking, Relay: noBlockingRelay, Keys: twoKeys("RW access delete", "RW insert"), Categories: "list", Group: "list", Since: "2.2.0",
		Syntax: "source destination timeout", Complexity: "O(1)", Summary: "Moves the last element of a list to the front of another, or waits for one.", Run: brpoplpush},
	{Name: "blmpop", Arity: -5, Flags: Write | Blocking, LongFor: mpopsMany, Relay: noBlockingRelay, Keys: countedKeys(2, "RW access delete"), Categories: "list", Group: "list", Since: "7.0.0",
		Syntax: "timeout numkeys key [key ...] <LEFT | RIGHT> [COUNT count]", Complexity: "O(N+M) in the number of keys and of elements returned", Summary: "Removes and returns elements of the first of several lists that has any, or waits for them.", Run: blmpop},
}

func blpop(c *Ctx, tx backends.Tx) error { return c.popOrWait(tx, true) }
func brpop(c *Ctx, tx backends.Tx) error { return c.popOrWait(tx, false) }

func (c *Ctx) popOrWait(tx backends.Tx, front bool) error {
	timeout, err := c.seconds(c.last())
	if err != nil {
		return err
	}
	names := c.Args[1 : len(c.Args)-1]
	for _, name := range names {
		l, err := tx.List(name)
		if err != nil {
			return err
		}
		if l.Len() > 0 {
			c.Array(2)
			c.Bulk(name)
			c.takeElement(name, l, front)
			return nil
		}
	}
	return c.wait(Wait{Kind: backends.ListType, Keys: names, Timeout: timeout})
}

func blmove(c *Ctx, tx backends.Tx) error {
	from, to, err := listEnds(c.Args[3], c.Args[4])
	if err != nil {
		return err
	}
	return c.moveOrWait(tx, from, to)
}

func brpoplpush(c *Ctx, tx backends.Tx) error { return c.moveOrWait(tx, false, true) }

func (c *Ctx) moveOrWait(tx backends.Tx, from, to bool) error {
	timeout, err := c.seconds(c.last())
	if err != nil {
		return err
	}
	moved, err := c.moveElement(tx, from, to)
	switch {
	case err != nil || moved:
		return err
	case c.Part:
		c.Null()
		return nil
	}
	return c.wait(Wait{Kind: backends.ListType, Keys: c.Args[1:2], Timeout: timeout})
}

func blmpop(c *Ctx, tx backends.Tx) error {
	names, front, count, err := parseMPop(c.Args[2:], listEnd)
	if err != nil {
		return err
	}
	timeout, err := c.seconds(c.Args[1])
	if err != nil {
		return err
	}
	taken, err := c.takeFirst(tx, names, front, count)
	if err != nil || taken {
		return err
	}
	return c.wait(Wait{Kind: backends.ListType, Keys: names, Timeout: timeout})
}
