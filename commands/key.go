package commands

import (
	"errors"
	"math"

	"switchyard/backends"
	"switchyard/backends/rdb"
)

var keyRows = []*Row{
	{Name: "del", Arity: -2, Flags: Write, Keys: keys("RM delete"), Categories: "keyspace", Group: "generic", Since: "1.0.0",
		Tips:   []string{"request_policy:multi_shard", "response_policy:agg_sum"},
		Syntax: "key [key ...]", Complexity: "O(N) in the number of keys", Summary: "Removes keys.", Run: del},
	{Name: "unlink", Arity: -2, Flags: Write | Fast, Keys: keys("RM delete"), Categories: "keyspace", Group: "generic", Since: "4.0.0",
		Tips:   []string{"request_policy:multi_shard", "response_policy:agg_sum"},
		Syntax: "key [key ...]", Complexity: "O(1) for each key", Summary: "Removes keys and reclaims their space later.", Run: del},
	{Name: "exists", Arity: -2, Flags: Readonly | Fast, Keys: keys("RO"), Categories: "keyspace", Group: "generic", Since: "1.0.0",
		Tips:   []string{"request_policy:multi_shard", "response_policy:agg_sum"},
		Syntax: "key [key ...]", Complexity: "O(N) in the number of keys", Summary: "Counts which of the keys exist.", Run: exists},
	{Name: "type", Arity: 2, Flags: Readonly | Fast, Keys: key("RO"), Categories: "keyspace", Group: "generic", Since: "1.0.0",
		Syntax: "key", Complexity: "O(1)", Summary: "Returns the type of the value at a key.", Run: typeOf},
	{Name: "touch", Arity: -2, Flags: Readonly | Fast, Keys: keys("RO"), Categories: "keyspace", Group: "generic", Since: "3.2.1",
		Tips:   []string{"request_policy:multi_shard", "response_policy:agg_sum"},
		Syntax: "key [key ...]", Complexity: "O(N) in the number of keys", Summary: "Marks keys as used now, and counts those that exist.", Run: touch},
	{Name: "rename", Arity: 3, Flags: Write, Keys: twoKeys("RW access delete", "OW update"), Categories: "keyspace", Group: "generic", Since: "1.0.0",
		Syntax: "key newkey", Complexity: "O(1)", Summary: "Gives a key another name, replacing what has it.", Run: rename},
	{Name: "renamenx", Arity: 3, Flags: Write | Fast, Keys: twoKeys("RW access delete", "OW insert"), Categories: "keyspace", Group: "generic", Since: "1.0.0",
		Syntax: "key newkey", Complexity: "O(1)", Summary: "Gives a key another name unless that is taken.", Run: renamenx},
	{Name: "copy", Arity: -3, Flags: Write | DenyOOM | AnyDB | Long, Keys: twoKeys("RO access", "OW update"), Categories: "keyspace", Group: "generic", Since: "6.2.0",
		Syntax: "source destination [DB destination-db] [REPLACE]", Complexity: "O(N) in the size of the value", Summary: "Copies a value and its expiry to another key.", Run: copyKey},
	{Name: "move", Arity: 3, Flags: Write | Fast | AnyDB, Keys: key("RW access update"), Categories: "keyspace", Group: "generic", Since: "1.0.0",
		Syntax: "key db", Complexity: "O(1)", Summary: "Moves a key to another database.", Run: move},
	{Name: "dump", Arity: 2, Flags: Readonly | Long, Keys: key("RO access"), Categories: "keyspace", Group: "generic", Since: "2.6.0",
		Tips:   []string{"nondeterministic_output"},
		Syntax: "key", Complexity: "O(N) in the size of the value", Summary: "Returns a value in the form that RESTORE reads.", Run: dump},
	{Name: "restore", Arity: -4, Flags: Write | DenyOOM | Long, Keys: key("OW update"), Categories: "keyspace dangerous", Group: "generic", Since: "2.6.0",
		Syntax:     "key ttl serialized-value [REPLACE] [ABSTTL] [IDLETIME seconds] [FREQ frequency]",
		Complexity: "O(N) in the size of the value", Summary: "Makes a key of what DUMP returned.", Run: restore},
}

func del(c *Ctx, tx backends.Tx) error {
	c.countKeys(func(name []byte) bool { return c.delete(tx, name) })
	return nil
}

// delete removes a key, as a command does that asks for it.
func (c *Ctx) delete(tx backends.Tx, name []byte) (existed bool) {
	if existed = tx.Delete(name); existed {
		c.Notify(GenericEvent, "del", name)
	}
	return existed
}

func exists(c *Ctx, tx backends.Tx) error {
	c.countKeys(func(name []byte) bool { return c.typeOf(tx, name) != backends.None })
	return nil
}

func touch(c *Ctx, tx backends.Tx) error {
	c.countKeys(func(name []byte) bool {
		there := tx.Touch(name)
		if !there {
			c.miss(name)
		}
		return there
	})
	return nil
}

// countKeys replies for how many of the arguments f holds.
func (c *Ctx) countKeys(f func(name []byte) bool) {
	n := 0
	for _, name := range c.Args[1:] {
		if f(name) {
			n++
		}
	}
	c.Int(int64(n))
}

func typeOf(c *Ctx, tx backends.Tx) error {
	c.Status(c.typeOf(tx, c.Args[1]).String())
	return nil
}

// typeOf is the type of a key that the call only reads.
func (c *Ctx) typeOf(tx backends.Tx, name []byte) backends.Type {
	t := tx.Type(name)
	if t == backends.None {
		c.miss(name)
	}
	return t
}

func rename(c *Ctx, tx backends.Tx) error {
	from, to := c.Args[1], c.Args[2]
	if tx.Type(from) == backends.None {
		return ErrNoSuchKey
	}
	c.rename(tx, from, to)
	c.OK()
	return nil
}

func (c *Ctx) rename(tx backends.Tx, from, to []byte) {
	if string(from) == string(to) {
		return
	}
	tx.Move(from, c.Client.DB(), to)
	c.Notify(NewKeyEvent, "new", to)
	c.Notify(GenericEvent, "rename_from", from)
	c.Notify(GenericEvent, "rename_to", to)
}

func renamenx(c *Ctx, tx backends.Tx) error {
	from, to := c.Args[1], c.Args[2]
	if tx.Type(from) == backends.None {
		return ErrNoSuchKey
	}
	free := tx.Type(to) == backends.None
	if free {
		c.rename(tx, from, to)
	}
	c.Flag(free)
	return nil
}

func copyKey(c *Ctx, tx backends.Tx) error {
	from, to := c.Args[1], c.Args[2]
	db, replace := c.Client.DB(), false
	for o := (options{args: c.Args[3:]}); o.next(); {
		switch {
		case o.is("REPLACE"):
			replace = true
		case o.is("DB") && len(o.args) > 0:
			arg, _ := o.value() // there is one
			var err error
			if db, err = c.databaseArg(arg); err != nil {
				return err
			}
		default:
			return ErrSyntax
		}
	}
	if db == c.Client.DB() && string(from) == string(to) {
		return ErrSameObject
	}
	done := c.typeOf(tx, from) != backends.None && (replace || tx.In(db).Type(to) == backends.None)
	if done {
		tx.Copy(from, db, to)
		c.NotifyIn(db, NewKeyEvent, "new", to)
		c.NotifyIn(db, GenericEvent, "copy_to", to)
	}
	c.Flag(done)
	return nil
}

func move(c *Ctx, tx backends.Tx) error {
	db, err := c.databaseArg(c.Args[2])
	if err != nil {
		return err
	}
	if db == c.Client.DB() {
		return ErrSameObject
	}
	name := c.Args[1]
	done := tx.Type(name) != backends.None && tx.In(db).Type(name) == backends.None
	if done {
		tx.Move(name, db, name)
		c.NotifyIn(db, NewKeyEvent, "new", name)
		c.Notify(GenericEvent, "move_from", name)
		c.NotifyIn(db, GenericEvent, "move_to", name)
	}
	c.Flag(done)
	return nil
}

// databaseArg reads the number of a database, with the errors of SELECT.
func (c *Ctx) databaseArg(arg []byte) (int, error) {
	n, err := integer(arg)
	if err != nil {
		return 0, err
	}
	if n < math.MinInt32 || n > math.MaxInt32 {
		return 0, ErrNotInt32
	}
	return c.database(n)
}

// database refuses a number that is no database's.
func (c *Ctx) database(n int64) (int, error) {
	if n < 0 || n >= int64(c.Server.Databases()) {
		return 0, ErrDBRange
	}
	return int(n), nil
}

func dump(c *Ctx, tx backends.Tx) error {
	payload, err := rdb.Dump(tx, c.Args[1])
	if err != nil {
		return err
	}
	c.BulkOrNull(payload, payload != nil)
	if payload == nil {
		c.miss(c.Args[1])
	}
	return nil
}

func restore(c *Ctx, tx backends.Tx) error {
	name, payload := c.Args[1], c.Args[3]
	o, err := parseRestore(c.Args[4:])
	if err != nil {
		return err
	}
	existed := tx.Type(name) != backends.None
	if existed && !o.replace {
		return ErrBusyKey
	}
	at, err := integer(c.Args[2])
	if err != nil {
		return err
	}
	if at < 0 {
		return ErrInvalidTTL
	}
	if at != 0 && !o.absolute {
		at += c.Now
	}
	if err := rdb.Restore(tx, name, payload); err != nil {
		return restoreError(err)
	}
	tx.SetUse(name, o.idle, o.frequency)
	tx.SetExpiry(name, at)
	switch late := at != 0 && at <= c.Now; {
	case !late:
		c.notifyNew(true, GenericEvent, "restore", name)
	case existed:
		c.Notify(GenericEvent, "del", name)
	}
	c.OK()
	return nil
}

// restoreError makes a client's text of what the codec found wrong with a payload.
func restoreError(err error) error {
	for _, known := range []error{rdb.ErrChecksum, rdb.ErrFormat} {
		if errors.Is(err, known) {
			return Error(known.Error())
		}
	}
	return err
}

type restoreOptions struct {
	replace, absolute bool
	idle, frequency   int64 // -1: not given
}

func parseRestore(args [][]byte) (r restoreOptions, err error) {
	r.idle, r.frequency = -1, -1
	for o := (options{args: args}); o.next(); {
		switch {
		case o.is("REPLACE"):
			r.replace = true
		case o.is("ABSTTL"):
			r.absolute = true
		case o.is("IDLETIME") && len(o.args) > 0 && r.frequency < 0:
			arg, _ := o.value() // there is one
			n, err := integer(arg)
			if err != nil {
				return r, err
			}
			if n < 0 {
				return r, ErrIdleTime
			}
			r.idle = n
		case o.is("FREQ") && len(o.args) > 0 && r.idle < 0:
			arg, _ := o.value() // there is one
			n, err := integer(arg)
			if err != nil {
				return r, err
			}
			if n < 0 || n > 255 {
				return r, ErrFreq
			}
			r.frequency = n
		default:
			return r, ErrSyntax
		}
	}
	return r, nil
}
