package commands

import (
	"math"

	"switchyard/backends"
)

var expireRows = []*Row{
	{Name: "expire", Arity: -3, Flags: Write | Fast, Keys: key("RW update"), Categories: "keyspace", Group: "generic", Since: "1.0.0",
		Syntax: "key seconds [NX | XX | GT | LT]", Complexity: "O(1)", Summary: "Gives a key a time to live in seconds.", Run: expire},
	{Name: "pexpire", Arity: -3, Flags: Write | Fast, Keys: key("RW update"), Categories: "keyspace", Group: "generic", Since: "2.6.0",
		Syntax: "key milliseconds [NX | XX | GT | LT]", Complexity: "O(1)", Summary: "Gives a key a time to live in milliseconds.", Run: pexpire},
	{Name: "expireat", Arity: -3, Flags: Write | Fast, Keys: key("RW update"), Categories: "keyspace", Group: "generic", Since: "1.2.0",
		Syntax: "key unix-time-seconds [NX | XX | GT | LT]", Complexity: "O(1)", Summary: "Lets a key expire at a Unix time in seconds.", Run: expireat},
	{Name: "pexpireat", Arity: -3, Flags: Write | Fast, Keys: key("RW update"), Categories: "keyspace", Group: "generic", Since: "2.6.0",
		Syntax: "key unix-time-milliseconds [NX | XX | GT | LT]", Complexity: "O(1)", Summary: "Lets a key expire at a Unix time in milliseconds.", Run: pexpireat},
	{Name: "ttl", Arity: 2, Flags: Readonly | Fast, Keys: key("RO access"), Categories: "keyspace", Group: "generic", Since: "1.0.0",
		Tips:   []string{"nondeterministic_output"},
		Syntax: "key", Complexity: "O(1)", Summary: "Returns how many seconds a key has left.", Run: ttl},
	{Name: "pttl", Arity: 2, Flags: Readonly | Fast, Keys: key("RO access"), Categories: "keyspace", Group: "generic", Since: "2.6.0",
		Tips:   []string{"nondeterministic_output"},
		Syntax: "key", Complexity: "O(1)", Summary: "Returns how many milliseconds a key has left.", Run: pttl},
	{Name: "expiretime", Arity: 2, Flags: Readonly | Fast, Keys: key("RO access"), Categories: "keyspace", Group: "generic", Since: "7.0.0",
		Syntax: "key", Complexity: "O(1)", Summary: "Returns when a key expires, as a Unix time in seconds.", Run: expiretime},
	{Name: "pexpiretime", Arity: 2, Flags: Readonly | Fast, Keys: key("RO access"), Categories: "keyspace", Group: "generic", Since: "7.0.0",
		Syntax: "key", Complexity: "O(1)", Summary: "Returns when a key expires, as a Unix time in milliseconds.", Run: pexpiretime},
	{Name: "persist", Arity: 2, Flags: Write | Fast, Keys: key("RW update"), Categories: "keyspace", Group: "generic", Since: "2.2.0",
		Syntax: "key", Complexity: "O(1)", Summary: "Takes the expiry from a key.", Run: persist},
}

// expiryUnit says how a number becomes a deadline.
type expiryUnit struct {
	seconds  bool // otherwise milliseconds
	absolute bool // a Unix time, otherwise from now on
}

// expiryOption knows the options EX, PX, EXAT and PXAT.
func expiryOption(opt []byte) (u expiryUnit, ok bool) {
	switch {
	case equalFold(opt, "EX"):
		return expiryUnit{seconds: true}, true
	case equalFold(opt, "PX"):
		return expiryUnit{}, true
	case equalFold(opt, "EXAT"):
		return expiryUnit{seconds: true, absolute: true}, true
	case equalFold(opt, "PXAT"):
		return expiryUnit{absolute: true}, true
	}
	return u, false
}

// deadline is the Unix time in milliseconds that an expiry argument means, which must be positive.
func (c *Ctx) deadline(arg []byte, u expiryUnit) (int64, error) {
	n, err := integer(arg)
	if err != nil {
		return 0, err
	}
	if n <= 0 {
		return 0, invalidExpire(c.Row.FullName)
	}
	return c.instant(n, u)
}

// instant is deadline for any number; one that overflows is refused.
func (c *Ctx) instant(n int64, u expiryUnit) (int64, error) {
	if u.seconds {
		if n > math.MaxInt64/1000 || n < math.MinInt64/1000 {
			return 0, invalidExpire(c.Row.FullName)
		}
		n *= 1000
	}
	if !u.absolute {
		if n > math.MaxInt64-c.Now {
			return 0, invalidExpire(c.Row.FullName)
		}
		n += c.Now
	}
	return n, nil
}

func expire(c *Ctx, tx backends.Tx) error    { return c.expireKey(tx, expiryUnit{seconds: true}) }
func pexpire(c *Ctx, tx backends.Tx) error   { return c.expireKey(tx, expiryUnit{}) }
func pexpireat(c *Ctx, tx backends.Tx) error { return c.expireKey(tx, expiryUnit{absolute: true}) }
func expireat(c *Ctx, tx backends.Tx) error {
	return c.expireKey(tx, expiryUnit{seconds: true, absolute: true})
}

func (c *Ctx) expireKey(tx backends.Tx, u expiryUnit) error {
	cond, err := parseExpireCondition(c.Args[3:])
	if err != nil {
		return err
	}
	n, err := integer(c.Args[2])
	if err != nil {
		return err
	}
	at, err := c.instant(n, u)
	if err != nil {
		return err
	}
	name := c.Args[1]
	if tx.Type(name) == backends.None || !cond.allows(tx.Expiry(name), at) {
		c.Flag(false)
		return nil
	}
	if at <= 0 {
		at = 1 // 0 would mean no expiry; both are long past
	}
	c.setExpiry(tx, name, at)
	c.Flag(true)
	return nil
}

// setExpiry sets the deadline of a key that exists. One that is past removes it.
func (c *Ctx) setExpiry(tx backends.Tx, name []byte, at int64) {
	if tx.SetExpiry(name, at); at <= c.Now {
		c.Notify(GenericEvent, "del", name)
	} else {
		c.Notify(GenericEvent, "expire", name)
	}
}

// unsetExpiry takes its deadline from a key, and says whether it had one.
func (c *Ctx) unsetExpiry(tx backends.Tx, name []byte) (had bool) {
	if had = tx.Expiry(name) != 0; had {
		tx.SetExpiry(name, 0)
		c.Notify(GenericEvent, "persist", name)
	}
	return had
}

// expireCondition is the NX, XX, GT or LT of the EXPIRE family.
type expireCondition struct{ nx, xx, gt, lt bool }

func parseExpireCondition(args [][]byte) (e expireCondition, err error) {
	for o := (options{args: args}); o.next(); {
		switch {
		case o.is("NX"):
			e.nx = true
		case o.is("XX"):
			e.xx = true
		case o.is("GT"):
			e.gt = true
		case o.is("LT"):
			e.lt = true
		default:
			return e, unsupportedOption(o.opt)
		}
	}
	switch {
	case e.nx && (e.xx || e.gt || e.lt):
		return e, ErrNXandOthers
	case e.gt && e.lt:
		return e, ErrGTandLT
	}
	return e, nil
}

// allows compares deadlines; a key without one lives for ever.
func (e expireCondition) allows(current, at int64) bool {
	switch {
	case e.nx && current != 0, e.xx && current == 0:
		return false
	case e.gt && (current == 0 || at <= current):
		return false
	case e.lt && current != 0 && at >= current:
		return false
	}
	return true
}

// remaining appends what f makes of a key's deadline, -1 when it has none, and -2 when there is no key.
func (c *Ctx) remaining(tx backends.Tx, f func(at int64) int64) error {
	at := tx.Expiry(c.Args[1])
	switch {
	case at != 0:
		c.Int(f(at))
	case c.typeOf(tx, c.Args[1]) != backends.None:
		c.Int(-1)
	default:
		c.Int(-2)
	}
	return nil
}

func ttl(c *Ctx, tx backends.Tx) error {
	return c.remaining(tx, func(at int64) int64 { return (at - c.Now + 500) / 1000 })
}

func pttl(c *Ctx, tx backends.Tx) error {
	return c.remaining(tx, func(at int64) int64 { return at - c.Now })
}

func expiretime(c *Ctx, tx backends.Tx) error {
	return c.remaining(tx, func(at int64) int64 { return int64((uint64(at) + 500) / 1000) })
}

func pexpiretime(c *Ctx, tx backends.Tx) error {
	return c.remaining(tx, func(at int64) int64 { return at })
}

func persist(c *Ctx, tx backends.Tx) error {
	c.Flag(c.unsetExpiry(tx, c.Args[1]))
	return nil
}
