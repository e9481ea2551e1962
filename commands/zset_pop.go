package commands

import "switchyard/backends"

var zsetPopRows = []*Row{
	{Name: "zpopmin", Arity: -2, Flags: Write | Fast, LongFor: popsMany, Keys: key("RW access delete"), Categories: "sortedset", Group: "sorted-set", Since: "5.0.0",
		Syntax: "key [count]", Complexity: "O(log(N)*M) in the number of members returned", Summary: "Removes and returns the members with the lowest scores.", Run: zpopmin},
	{Name: "zpopmax", Arity: -2, Flags: Write | Fast, LongFor: popsMany, Keys: key("RW access delete"), Categories: "sortedset", Group: "sorted-set", Since: "5.0.0",
		Syntax: "key [count]", Complexity: "O(log(N)*M) in the number of members returned", Summary: "Removes and returns the members with the highest scores.", Run: zpopmax},
	{Name: "zmpop", Arity: -4, Flags: Write, LongFor: mpopsMany, Keys: countedKeys(1, "RW access delete"), Categories: "sortedset", Group: "sorted-set", Since: "7.0.0",
		Syntax: "numkeys key [key ...] <MIN | MAX> [COUNT count]", Complexity: "O(K)+O(log(N)*M) in the number of keys and of members returned", Summary: "Removes and returns members of the first of several sorted sets that has any.", Run: zmpop},
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
	for _, key := range keys {
		z, err := tx.ZSet(key)
		if err != nil {
			return err
		}
		if z.Len() == 0 {
			continue
		}
		popped := c.popRanked(tx, key, z, count, !lowest)
		c.Array(2)
		c.Bulk(key)
		c.Array(len(popped))
		c.pairs(popped, true)
		return nil
	}
	c.NullArray()
	return nil
}

// zsetEnd reads MIN or MAX.
func zsetEnd(arg []byte) (lowest bool, err error) {
	if lowest = equalFold(arg, "MIN"); !lowest && !equalFold(arg, "MAX") {
		return false, ErrSyntax
	}
	return lowest, nil
}
