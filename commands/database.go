package commands

import "switchyard/backends"

var databaseRows = []*Row{
	{Name: "dbsize", Arity: 1, Flags: Readonly | Fast, Categories: "keyspace", Group: "server", Since: "1.0.0",
		Tips:       []string{"request_policy:all_shards", "response_policy:agg_sum"},
		Complexity: "O(1)", Summary: "Counts the keys of the database.", Run: dbsize},
	{Name: "flushdb", Arity: -1, Flags: Write | Whole | Long, Categories: "keyspace dangerous", Group: "server", Since: "1.0.0",
		Tips:   []string{"request_policy:all_shards", "response_policy:all_succeeded"},
		Syntax: "[ASYNC | SYNC]", Complexity: "O(1)", Summary: "Removes all keys of the database.", Run: flushdb},
	{Name: "flushall", Arity: -1, Flags: Write | Whole | Long, Categories: "keyspace dangerous", Group: "server", Since: "1.0.0",
		Tips:   []string{"request_policy:all_shards", "response_policy:all_succeeded"},
		Syntax: "[ASYNC | SYNC]", Complexity: "O(1)", Summary: "Removes all keys of all databases.", Run: flushall},
	{Name: "swapdb", Arity: 3, Flags: Write | Fast | Whole | Long, Categories: "keyspace dangerous", Group: "server", Since: "4.0.0",
		Syntax: "index1 index2", Complexity: "O(1)", Summary: "Exchanges two databases.", Run: swapdb},
}

func dbsize(c *Ctx, tx backends.Tx) error {
	c.Int(tx.Len())
	return nil
}

func flushdb(c *Ctx, tx backends.Tx) error {
	if err := c.checkFlush(); err != nil {
		return err
	}
	c.flush(tx, c.Client.DB())
	c.OK()
	return nil
}

func flushall(c *Ctx, tx backends.Tx) error {
	if err := c.checkFlush(); err != nil {
		return err
	}
	for db := range c.Server.Databases() {
		c.flush(tx, db)
	}
	c.OK()
	return nil
}

func (c *Ctx) flush(tx backends.Tx, db int) {
	if c.Server.Observed() {
		c.Server.Replacing(tx, db, -1)
	}
	tx.In(db).Flush()
	c.notifyAll(db)
}

// checkFlush accepts ASYNC and SYNC, which are the same here: space is always reclaimed in the background.
func (c *Ctx) checkFlush() error {
	if !isFlushMode(c.Args[1:]) {
		return ErrSyntax
	}
	return nil
}

// isFlushMode reads [ASYNC | SYNC].
func isFlushMode(args [][]byte) bool {
	return len(args) == 0 || len(args) == 1 && (equalFold(args[0], "ASYNC") || equalFold(args[0], "SYNC"))
}

func swapdb(c *Ctx, tx backends.Tx) error {
	a, ok := parseInt(c.Args[1])
	if !ok || a != int64(int32(a)) {
		return ErrFirstDB
	}
	b, ok := parseInt(c.Args[2])
	if !ok || b != int64(int32(b)) {
		return ErrSecondDB
	}
	first, err := c.database(a)
	if err != nil {
		return err
	}
	second, err := c.database(b)
	if err != nil {
		return err
	}
	if c.Server.Observed() {
		c.Server.Replacing(tx, first, second)
		c.Server.Replacing(tx, second, first)
	}
	tx.In(first).Swap(second)
	c.notifyAll(first)
	c.notifyAll(second)
	c.OK()
	return nil
}
