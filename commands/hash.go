package commands

import (
	"math"
	"strconv"

	"switchyard/backends"
)

var hashRows = []*Row{
	{Name: "hset", Arity: -4, Flags: Write | DenyOOM | Fast, Keys: key("RW update"), Categories: "hash", Group: "hash", Since: "2.0.0",
		Syntax: "key field value [field value ...]", Complexity: "O(N) in the number of fields", Summary: "Sets fields of a hash.", Run: hset},
	{Name: "hsetnx", Arity: 4, Flags: Write | DenyOOM | Fast, Keys: key("RW insert"), Categories: "hash", Group: "hash", Since: "2.0.0",
		Syntax: "key field value", Complexity: "O(1)", Summary: "Sets a field that does not exist yet.", Run: hsetnx},
	{Name: "hget", Arity: 3, Flags: Readonly | Fast, Keys: key("RO access"), Categories: "hash", Group: "hash", Since: "2.0.0",
		Syntax: "key field", Complexity: "O(1)", Summary: "Returns the value of a field.", Run: hget},
	{Name: "hmset", Arity: -4, Flags: Write | DenyOOM | Fast, Keys: key("RW update"), Categories: "hash", Group: "hash", Since: "2.0.0",
		Syntax: "key field value [field value ...]", Complexity: "O(N) in the number of fields", Summary: "Sets fields of a hash; the old form of HSET.", Run: hmset},
	{Name: "hmget", Arity: -3, Flags: Readonly | Fast, Keys: key("RO access"), Categories: "hash", Group: "hash", Since: "2.0.0",
		Syntax: "key field [field ...]", Complexity: "O(N) in the number of fields", Summary: "Returns the values of fields.", Run: hmget},
	{Name: "hincrby", Arity: 4, Flags: Write | DenyOOM | Fast, Keys: key("RW access update"), Categories: "hash", Group: "hash", Since: "2.0.0",
		Syntax: "key field increment", Complexity: "O(1)", Summary: "Adds a number to the integer in a field, which begins at 0.", Run: hincrby},
	{Name: "hincrbyfloat", Arity: 4, Flags: Write | DenyOOM | Fast, Keys: key("RW access update"), Categories: "hash", Group: "hash", Since: "2.6.0",
		Syntax: "key field increment:double", Complexity: "O(1)", Summary: "Adds to the floating-point number in a field, which begins at 0.", Run: hincrbyfloat},
	{Name: "hdel", Arity: -3, Flags: Write | Fast, Keys: key("RW delete"), Categories: "hash", Group: "hash", Since: "2.0.0",
		Syntax: "key field [field ...]", Complexity: "O(N) in the number of fields", Summary: "Removes fields.", Run: hdel},
	{Name: "hlen", Arity: 2, Flags: Readonly | Fast, Keys: key("RO"), Categories: "hash", Group: "hash", Since: "2.0.0",
		Syntax: "key", Complexity: "O(1)", Summary: "Counts the fields of a hash.", Run: hlen},
	{Name: "hstrlen", Arity: 3, Flags: Readonly | Fast, Keys: key("RO"), Categories: "hash", Group: "hash", Since: "3.2.0",
		Syntax: "key field", Complexity: "O(1)", Summary: "Returns the length of a field's value.", Run: hstrlen},
	{Name: "hkeys", Arity: 2, Flags: Readonly, Keys: key("RO access"), Categories: "hash", Group: "hash", Since: "2.0.0",
		Tips:   []string{"nondeterministic_output_order"},
		Syntax: "key", Complexity: "O(N) in the size of the hash", Summary: "Returns all fields.", Run: hkeys},
	{Name: "hvals", Arity: 2, Flags: Readonly, Keys: key("RO access"), Categories: "hash", Group: "hash", Since: "2.0.0",
		Tips:   []string{"nondeterministic_output_order"},
		Syntax: "key", Complexity: "O(N) in the size of the hash", Summary: "Returns all values.", Run: hvals},
	{Name: "hgetall", Arity: 2, Flags: Readonly, Keys: key("RO access"), Categories: "hash", Group: "hash", Since: "2.0.0",
		Tips:   []string{"nondeterministic_output_order"},
		Syntax: "key", Complexity: "O(N) in the size of the hash", Summary: "Returns all fields and their values.", Run: hgetall},
	{Name: "hexists", Arity: 3, Flags: Readonly | Fast, Keys: key("RO"), Categories: "hash", Group: "hash", Since: "2.0.0",
		Syntax: "key field", Complexity: "O(1)", Summary: "Says whether a field exists.", Run: hexists},
	{Name: "hrandfield", Arity: -2, Flags: Readonly, LongFor: drawsMany, Keys: key("RO access"), Categories: "hash", Group: "hash", Since: "6.2.0",
		Tips:   []string{"nondeterministic_output"},
		Syntax: "key [count [WITHVALUES]]", Complexity: "O(N) in the number of fields returned", Summary: "Returns random fields.", Run: hrandfield},
	{Name: "hscan", Arity: -3, Flags: Readonly | Long, Keys: key("RO access"), Categories: "hash", Group: "hash", Since: "2.8.0",
		Tips:   []string{"nondeterministic_output"},
		Syntax: "key cursor [MATCH pattern] [COUNT count] [NOVALUES]", Complexity: "O(1) for each call", Summary: "Visits the fields of a hash, some at each call.", Run: hscan, Relay: elementScanRelay},
}

func hset(c *Ctx, tx backends.Tx) error {
	created, err := c.putFields(tx)
	if err != nil {
		return err
	}
	c.Int(int64(created))
	return nil
}

func hmset(c *Ctx, tx backends.Tx) error {
	if _, err := c.putFields(tx); err != nil {
		return err
	}
	c.OK()
	return nil
}

// putFields sets the fields that the arguments name, each with its value, and counts the new ones.
func (c *Ctx) putFields(tx backends.Tx) (created int, err error) {
	if len(c.Args)%2 != 0 {
		return 0, wrongArity(c.Row.FullName)
	}
	h, err := tx.Hash(c.Args[1])
	if err != nil {
		return 0, err
	}
	c.notifyNew(h.Len() == 0, HashEvent, "hset", c.Args[1])
	for i := 2; i < len(c.Args); i += 2 {
		if h.Put(c.Args[i], c.Args[i+1]) {
			created++
		}
	}
	return created, nil
}

func hsetnx(c *Ctx, tx backends.Tx) error {
	h, err := tx.Hash(c.Args[1])
	if err != nil {
		return err
	}
	_, exists := h.Get(c.Args[2])
	if !exists {
		c.notifyNew(h.Len() == 0, HashEvent, "hset", c.Args[1])
		h.Put(c.Args[2], c.Args[3])
	}
	c.Flag(!exists)
	return nil
}

func hget(c *Ctx, tx backends.Tx) error {
	h, err := c.readHash(tx, c.Args[1])
	if err != nil {
		return err
	}
	c.BulkOrNull(h.Get(c.Args[2]))
	return nil
}

func hmget(c *Ctx, tx backends.Tx) error {
	h, err := c.readHash(tx, c.Args[1])
	if err != nil {
		return err
	}
	c.Array(len(c.Args) - 2)
	for _, field := range c.Args[2:] {
		c.BulkOrNull(h.Get(field))
	}
	return nil
}

func hincrby(c *Ctx, tx backends.Tx) error {
	by, err := integer(c.Args[3])
	if err != nil {
		return err
	}
	h, err := tx.Hash(c.Args[1])
	if err != nil {
		return err
	}
	var n int64
	if value, ok := h.Get(c.Args[2]); ok {
		if n, ok = parseInt(value); !ok {
			return ErrHashNotInteger
		}
	}
	if by > 0 && n > math.MaxInt64-by || by < 0 && n < math.MinInt64-by {
		return ErrOverflow
	}
	n += by
	c.notifyNew(h.Len() == 0, HashEvent, "hincrby", c.Args[1])
	putKeepingDeadline(h, c.Args[2], strconv.AppendInt(c.digits[:0], n, 10))
	c.Int(n)
	return nil
}

func hincrbyfloat(c *Ctx, tx backends.Tx) error {
	by, err := longDouble(c.Args[3])
	if err != nil {
		return err
	}
	if by.IsInf() {
		return ErrNotFinite
	}
	h, err := tx.Hash(c.Args[1])
	if err != nil {
		return err
	}
	n := newLongDouble()
	if value, ok := h.Get(c.Args[2]); ok {
		if n, err = longDouble(value); err != nil {
			return ErrHashNotFloat
		}
	}
	if n.IsInf() {
		return ErrNaNOrInfinity
	}
	if n.Add(n, by); n.MantExp(nil) > maxLongDoubleExponent {
		return ErrNaNOrInfinity
	}
	text := formatLongDouble(n)
	c.notifyNew(h.Len() == 0, HashEvent, "hincrbyfloat", c.Args[1])
	putKeepingDeadline(h, c.Args[2], []byte(text))
	c.Text(text)
	return nil
}

// putKeepingDeadline sets a field as the increments do: it expires when it would have.
func putKeepingDeadline(h backends.Hash, field, value []byte) {
	at := h.FieldDeadline(field)
	if h.Put(field, value); at != 0 {
		h.SetFieldDeadline(field, at)
	}
}

func hdel(c *Ctx, tx backends.Tx) error {
	h, err := tx.Hash(c.Args[1])
	if err != nil {
		return err
	}
	removed := 0
	for _, field := range c.Args[2:] {
		if h.Delete(field) {
			removed++
		}
	}
	if removed > 0 {
		c.notifyLess(h.Len(), HashEvent, "hdel", c.Args[1])
	}
	c.Int(int64(removed))
	return nil
}

func hlen(c *Ctx, tx backends.Tx) error {
	h, err := c.readHash(tx, c.Args[1])
	if err != nil {
		return err
	}
	c.Int(int64(h.Len()))
	return nil
}

func hstrlen(c *Ctx, tx backends.Tx) error {
	h, err := c.readHash(tx, c.Args[1])
	if err != nil {
		return err
	}
	value, _ := h.Get(c.Args[2])
	c.Int(int64(len(value)))
	return nil
}

func hexists(c *Ctx, tx backends.Tx) error {
	h, err := c.readHash(tx, c.Args[1])
	if err != nil {
		return err
	}
	_, exists := h.Get(c.Args[2])
	c.Flag(exists)
	return nil
}

func hkeys(c *Ctx, tx backends.Tx) error {
	return c.eachField(tx, c.Array, func(field, _ []byte) { c.Bulk(field) })
}

func hvals(c *Ctx, tx backends.Tx) error {
	return c.eachField(tx, c.Array, func(_, value []byte) { c.Bulk(value) })
}

func hgetall(c *Ctx, tx backends.Tx) error {
	return c.eachField(tx, c.Map, func(field, value []byte) {
		c.Bulk(field)
		c.Bulk(value)
	})
}

// eachField replies with what show makes of each field. How many there are is known in the end: some
// may have expired.
func (c *Ctx) eachField(tx backends.Tx, head func(n int), show func(field, value []byte)) error {
	h, err := c.readHash(tx, c.Args[1])
	if err != nil {
		return err
	}
	if c.tooManyElements(h.Len()) {
		return ErrLong
	}
	start, n := len(c.Buf), 0
	h.Each(func(field, value []byte) bool {
		show(field, value)
		n++
		return true
	})
	c.headAt(start, head, n)
	return nil
}

// hscan reads cursor [MATCH pattern] [COUNT count] [NOVALUES].
func hscan(c *Ctx, tx backends.Tx) error {
	at, err := c.openCursor(c.Args[2])
	if err != nil {
		return err
	}
	h, err := c.readHash(tx, c.Args[1])
	if err != nil {
		return err
	}
	if h.Len() == 0 {
		return c.emptyScan()
	}
	o, err := parseScan(c.Args[3:], backends.HashType)
	if err != nil {
		return err
	}
	return c.scanElements(func(show func(element []byte) bool) uint64 {
		return h.Scan(at, o.count, func(field, value []byte) {
			if o.selects(field, backends.HashType) && show(field) && !o.noValues {
				show(value)
			}
		})
	})
}
