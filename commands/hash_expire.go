package commands

import (
	"math"

	"switchyard/backends"
)

// The expiry of single fields is that of Redis 7.4, its order of checks included: first the type of the
// key, then the time, then the fields.

var fieldExpiryRows = []*Row{
	{Name: "hexpire", Arity: -6, Flags: Write | DenyOOM | Fast, Keys: key("RW update"), Categories: "hash", Group: "hash", Since: "7.4.0",
		Syntax:     "key seconds [NX | XX | GT | LT] FIELDS numfields field [field ...]",
		Complexity: "O(N) in the number of fields", Summary: "Sets the time to live of fields in seconds.", Run: hexpire},
	{Name: "hpexpire", Arity: -6, Flags: Write | DenyOOM | Fast, Keys: key("RW update"), Categories: "hash", Group: "hash", Since: "7.4.0",
		Syntax:     "key milliseconds [NX | XX | GT | LT] FIELDS numfields field [field ...]",
		Complexity: "O(N) in the number of fields", Summary: "Sets the time to live of fields in milliseconds.", Run: hpexpire},
	{Name: "hexpireat", Arity: -6, Flags: Write | DenyOOM | Fast, Keys: key("RW update"), Categories: "hash", Group: "hash", Since: "7.4.0",
		Syntax:     "key unix-time-seconds [NX | XX | GT | LT] FIELDS numfields field [field ...]",
		Complexity: "O(N) in the number of fields", Summary: "Sets the deadline of fields in Unix seconds.", Run: hexpireat},
	{Name: "hpexpireat", Arity: -6, Flags: Write | DenyOOM | Fast, Keys: key("RW update"), Categories: "hash", Group: "hash", Since: "7.4.0",
		Syntax:     "key unix-time-milliseconds [NX | XX | GT | LT] FIELDS numfields field [field ...]",
		Complexity: "O(N) in the number of fields", Summary: "Sets the deadline of fields in Unix milliseconds.", Run: hpexpireat},
	{Name: "httl", Arity: -5, Flags: Readonly | Fast, Keys: key("RO access"), Categories: "hash", Group: "hash", Since: "7.4.0",
		Tips:   []string{"nondeterministic_output"},
		Syntax: "key FIELDS numfields field [field ...]", Complexity: "O(N) in the number of fields", Summary: "Returns the time to live of fields in seconds.", Run: httl},
	{Name: "hpttl", Arity: -5, Flags: Readonly | Fast, Keys: key("RO access"), Categories: "hash", Group: "hash", Since: "7.4.0",
		Tips:   []string{"nondeterministic_output"},
		Syntax: "key FIELDS numfields field [field ...]", Complexity: "O(N) in the number of fields", Summary: "Returns the time to live of fields in milliseconds.", Run: hpttl},
	{Name: "hexpiretime", Arity: -5, Flags: Readonly | Fast, Keys: key("RO access"), Categories: "hash", Group: "hash", Since: "7.4.0",
		Syntax: "key FIELDS numfields field [field ...]", Complexity: "O(N) in the number of fields", Summary: "Returns the deadline of fields in Unix seconds.", Run: hexpiretime},
	{Name: "hpexpiretime", Arity: -5, Flags: Readonly | Fast, Keys: key("RO access"), Categories: "hash", Group: "hash", Since: "7.4.0",
		Syntax: "key FIELDS numfields field [field ...]", Complexity: "O(N) in the number of fields", Summary: "Returns the deadline of fields in Unix milliseconds.", Run: hpexpiretime},
	{Name: "hpersist", Arity: -5, Flags: Write | Fast, Keys: key("RW update"), Categories: "hash", Group: "hash", Since: "7.4.0",
		Syntax: "key FIELDS numfields field [field ...]", Complexity: "O(N) in the number of fields", Summary: "Removes the deadline of fields.", Run: hpersist},
}

// What these commands reply for a field.
const (
	fieldAbsent     = -2
	fieldNoDeadline = -1
	fieldNotMet     = 0 // the condition
	fieldChanged    = 1
	fieldExpired    = 2 // at once: the deadline was past
)

// maxFieldDeadline is the latest in Redis, which keeps it in 46 bits.
const maxFieldDeadline = 1<<46 - 1

func hexpire(c *Ctx, tx backends.Tx) error    { return c.expireFields(tx, expiryUnit{seconds: true}) }
func hpexpire(c *Ctx, tx backends.Tx) error   { return c.expireFields(tx, expiryUnit{}) }
func hpexpireat(c *Ctx, tx backends.Tx) error { return c.expireFields(tx, expiryUnit{absolute: true}) }
func hexpireat(c *Ctx, tx backends.Tx) error {
	return c.expireFields(tx, expiryUnit{seconds: true, absolute: true})
}

// expireFields reads time [NX | XX | GT | LT] FIELDS count field ...
func (c *Ctx) expireFields(tx backends.Tx, u expiryUnit) error {
	h, err := tx.Hash(c.Args[1])
	if err != nil {
		return err
	}
	at, err := c.fieldDeadline(c.Args[2], u)
	if err != nil {
		return err
	}
	cond, rest := fieldCondition(c.Args[3:])
	fields, err := fieldArguments(rest, ErrNumFields)
	if err != nil {
		return err
	}
	c.Array(len(fields))
	var outcome int64
	for _, field := range fields {
		n := c.expireField(h, field, at, cond)
		c.Int(n)
		outcome = max(outcome, n)
	}
	switch outcome { // all that were changed have expired, or none of them
	case fieldChanged:
		c.Notify(HashEvent, "hexpire", c.Args[1])
	case fieldExpired:
		c.notifyLess(h.Len(), HashEvent, "hdel", c.Args[1])
	}
	return nil
}

func (c *Ctx) expireField(h backends.Hash, field []byte, at int64, cond expireCondition) int64 {
	if _, ok := h.Get(field); !ok {
		return fieldAbsent
	}
	if !cond.allows(h.FieldDeadline(field), at) {
		return fieldNotMet
	}
	h.SetFieldDeadline(field, max(at, 1)) // 0 would mean none; both are long past
	if at <= c.Now {
		return fieldExpired
	}
	return fieldChanged
}

// fieldDeadline reads a time for fields.
func (c *Ctx) fieldDeadline(arg []byte, u expiryUnit) (int64, error) {
	n, err := integer(arg)
	if err != nil {
		return 0, err
	}
	if n < 0 {
		return 0, ErrFieldExpire
	}
	latest, unit := int64(maxFieldDeadline), int64(1)
	if !u.absolute {
		latest -= c.Now
	}
	if u.seconds {
		unit = 1000
	}
	if n > math.MaxInt64/unit || n*unit > latest {
		return 0, invalidExpire(c.Row.FullName)
	}
	return maxFieldDeadline - latest + n*unit, nil
}

// fieldCondition reads at most one condition, and returns the other arguments.
func fieldCondition(args [][]byte) (e expireCondition, rest [][]byte) {
	switch opt := args[0]; {
	case equalFold(opt, "NX"):
		e.nx = true
	case equalFold(opt, "XX"):
		e.xx = true
	case equalFold(opt, "GT"):
		e.gt = true
	case equalFold(opt, "LT"):
		e.lt = true
	default:
		return e, args
	}
	return e, args[1:]
}

// fieldArguments reads FIELDS count field ... A count that is none is refused with malformed.
func fieldArguments(args [][]byte, malformed Error) ([][]byte, error) {
	if !equalFold(args[0], "FIELDS") {
		return nil, ErrFieldsMissing
	}
	n, ok := parseInt(args[1])
	if !ok || n < 1 {
		return nil, malformed
	}
	if n != int64(len(args)-2) {
		return nil, ErrFieldsMismatch
	}
	return args[2:], nil
}

// eachFieldDeadline replies for each field what show makes of its deadline, which is not 0.
func (c *Ctx) eachFieldDeadline(h backends.Hash, show func(field []byte, at int64) int64) error {
	fields, err := fieldArguments(c.Args[2:], ErrFieldCount)
	if err != nil {
		return err
	}
	c.Array(len(fields))
	for _, field := range fields {
		_, ok := h.Get(field)
		switch at := h.FieldDeadline(field); {
		case !ok:
			c.Int(fieldAbsent)
		case at == 0:
			c.Int(fieldNoDeadline)
		default:
			c.Int(show(field, at))
		}
	}
	return nil
}

// remainingOfFields is remaining for fields.
func (c *Ctx) remainingOfFields(tx backends.Tx, f func(at int64) int64) error {
	h, err := c.readHash(tx, c.Args[1])
	if err != nil {
		return err
	}
	return c.eachFieldDeadline(h, func(_ []byte, at int64) int64 { return f(at) })
}

func httl(c *Ctx, tx backends.Tx) error {
	return c.remainingOfFields(tx, func(at int64) int64 { return (at - c.Now + 999) / 1000 })
}

func hpttl(c *Ctx, tx backends.Tx) error {
	return c.remainingOfFields(tx, func(at int64) int64 { return at - c.Now })
}

func hexpiretime(c *Ctx, tx backends.Tx) error {
	return c.remainingOfFields(tx, func(at int64) int64 { return (at + 999) / 1000 })
}

func hpexpiretime(c *Ctx, tx backends.Tx) error {
	return c.remainingOfFields(tx, func(at int64) int64 { return at })
}

func hpersist(c *Ctx, tx backends.Tx) error {
	h, err := tx.Hash(c.Args[1])
	if err != nil {
		return err
	}
	changed := false
	err = c.eachFieldDeadline(h, func(field []byte, _ int64) int64 {
		h.SetFieldDeadline(field, 0)
		changed = true
		return fieldChanged
	})
	if changed {
		c.Notify(HashEvent, "hpersist", c.Args[1])
	}
	return err
}
