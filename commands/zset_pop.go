package commands

import "switchyard/backends"

var zsetPopRows = []*Row{
	{Name: "zpopmin", Arity: -2, Flags: Write | Fast, LongFor: popsMany, Keys: key("RW access delete"), Categories: "sortedset", Group: "sorted-set", Since: "5.0.0",
		Syntax: "key [count]", Complexity: "O(log(N)*M) in the number of members returned", Summary: "Removes and returns the members with the lowest scores.", Run: zpopmin},
	{Name: "zpopmax", Arity: -2, Flags: Write | Fast, LongFor: popsMany, Keys: key("RW access delete"), Categories: "sortedset", Group: "sorted-set", Since: "5.0.0",
		Syntax: "key [count]", Complexity: "O(log(N)*M) in the number of members returned", Summary: "Removes and returns the members with the highest scores.", Run: zpopmax},
	{Name: "zmpop", Arity: -4, Flags: Write, LongFor: mpopsMany, Keys: countedKeys(1, "RW access delete"), Categories: "sortedset", Group: "sorted-set", Since: "7.0.0",
		Syntax: "numkeys key [key ...] <MIN | MAX> [COUNT count]", Complexity: "O(K)+O(log(N)*M) in the number of keys and of members returned", Summary: "Removes and returns members of the first of several sorted sets that has any.", Run: zmpop},
	{Name: "bzpopmin", Arity: -3, Flags: Write | NoScript | Blocking | Fast, Relay: noBlockingRelay, Keys: []KeySpec{{1, -2, 1, "RW access delete"}}, Categories: "sortedset", Group: "sorted-set", Since: "5.0.0",
		Syntax: "key [key ...] timeout", Complexity: "O(log(N)) in the number of members", Summary: "Removes and returns the member with the lowest score of the first of several sorted sets that has any, or waits for one.", Run: bzpopmin},
	{Name: "bzpopmax", Arity: -3, Flags: Write | NoScript | Blocking | Fast, Relay: noBlockingRelay, Keys: []KeySpec{{1, -2, 1, "RW access delete"}}, Categories: "sortedset", Group: "sorted-set", Since: "5.0.0",
		Syntax: "key [key ...] timeout", Complexity: "O(log(N)) in the number of members", Summary: "Removes and returns the member with the highest score of the first of several sorted sets that has any, or waits for one.", Run: bzpopmax},
	{Name: "bzmpop", Arity: -5, Flags: Write | Blocking, LongFor: mpopsMany, Relay: noBlockingRelay, Keys: countedKeys(2, "RW access delete"), Categories: "sortedset", Group: "sorted-set", Since: "7.0.0",
		Syntax: "timeout numkeys key [key ...] <MIN | MAX> [COUNT count]", Complexity: "O(K)+O(log(N)*M) in the number of keys and of members returned", Summary: "Removes and returns members of the first of several sorted sets that has any, or waits for them.", Run: bzmpop},
}

func zpopmin(c *Ctx, tx backends.Tx) error { return c.popScored(tx, false) }
func zpopmax(c *Ctx, tx backends.Tx) error { return c.popScored(tx, true) }

// popScored replies with pairs in RESP3 only when there is a count.
func (c *Ctx) popScored(tx backends.Tx, highest bool) error {
	if len(c.Args) > 3 {
		return ErrSyntax
	}
	count, counted := int64(1), len(c.Args) == 3
	if counted {
		var err error
		if count, err = natural(c.Args[2], ErrNotPositive); err != nil {
			return err
		}
	}
	z, err := tx.ZSet(c.Args[1])
	if err != nil {
		return err
	}
	popped := c.popRanked(tx, c.Args[1], z, count, highest)
	nested := counted && c.Proto >= 3
	if nested {
		c.Array(len(popped))
	} else {
		c.Array(2 * len(popped))
	}
	c.pairs(popped, nested)
	return nil
}

// pairs are members with their scores.
func (c *Ctx) pairs(list []scored, nested bool) {
	for _, m := range list {
		if nested {
			c.Array(2)
		}
		c.Text(m.member)
		c.Double(m.score)
	}
}

func (c *Ctx) popRanked(tx backends.Tx, key []byte, z backends.ZSet, count int64, highest bool) []scored {
	first, event := 0, "zpopmin"
	if highest {
		first, event = z.Len()-1, "zpopmax"
	}
	popped := takeRanked(z, first, int(min(count, int64(z.Len()))), highest)
	c.removeRanked(tx, key, z, popped, event)
	return popped
}

func zmpop(c *Ctx, tx backends.Tx) error {
	keys, lowest, count, err := parseMPop(c.Args[1:], zsetEnd)
	if err != nil {
		return err
	}
	taken, err := c.takeFirstRanked(tx, keys, lowest, count)
	if err == nil && !taken {
		c.NullArray()
	}
	return err
}

// takeFirstRanked replies with members of the first sorted set that has any, and says whether there was one.
func (c *Ctx) takeFirstRanked(tx backends.Tx, keys [][]byte, lowest bool, count int64) (taken bool, err error) {
	for _, key := range keys {
		z, err := tx.ZSet(key)
		if err != nil {
			return false, err
		}
		if z.Len() > 0 {
			popped := c.popRanked(tx, key, z, count, !lowest)
			c.Array(2)
			c.Bulk(key)
			c.Array(len(popped))
			c.pairs(popped, true)
			return true, nil
		}
	}
	return false, nil
}

// zsetEnd reads MIN or MAX.
func zsetEnd(arg []byte) (lowest bool, err error) {
	if lowest = equalFold(arg, "MIN"); !lowest && !equalFold(arg, "MAX") {
		return false, ErrSyntax
	}
	return lowest, nil
}

func bzpopmin(c *Ctx, tx backends.Tx) error { return c.popScoredOrWait(tx, false) }
func bzpopmax(c *Ctx, tx backends.Tx) error { return c.popScoredOrWait(tx, true) }

func (c *Ctx) popScoredOrWait(tx backends.Tx, highest bool) error {
	timeout, err := c.seconds(c.last())
	if err != nil {
		return err
	}
	keys := c.Args[1 : len(c.Args)-1]
	for _, key := range keys {
		z, err := tx.ZSet(key)
		if err != nil {
			return err
		}
		if z.Len() > 0 {
			popped := c.popRanked(tx, key, z, 1, highest)
			c.Array(3)
			c.Bulk(key)
			c.pairs(popped, false)
			return nil
		}
	}
	return c.wait(Wait{Kind: backends.ZSetType, Keys: keys, Timeout: timeout})
}

func bzmpop(c *Ctx, tx backends.Tx) error {
	keys, lowest, count, err := parseMPop(c.Args[2:], zsetEnd)
	if err != nil {
		return err
	}
	timeout, err := c.seconds(c.Args[1])
	if err != nil {
		return err
	}
	taken, err := c.takeFirstRanked(tx, keys, lowest, count)
	if err != nil || taken {
		return err
	}
	return c.wait(Wait{Kind: backends.ZSetType, Keys: keys, Timeout: timeout})
}
