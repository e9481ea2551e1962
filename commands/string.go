package commands

import (
	"math"

	"switchyard/backends"
)

var stringRows = []*Row{
	{Name: "get", Arity: 2, Flags: Readonly | Fast, Keys: key("RO access"), Categories: "string", Group: "string", Since: "1.0.0",
		Syntax: "key", Complexity: "O(1)", Summary: "Returns the string at a key.", Run: get},
	{Name: "set", Arity: -3, Flags: Write | DenyOOM, Keys: key("RW access update variable_flags"), KeyFlags: setKeyFlags, KeyNotes: []string{"Read as well when GET is given."}, Categories: "string", Group: "string", Since: "1.0.0",
		Syntax:     "key value [NX | XX] [GET] [EX seconds | PX milliseconds | EXAT unix-time-seconds | PXAT unix-time-milliseconds | KEEPTTL]",
		Complexity: "O(1)", Summary: "Stores a string under a key, whatever was there before.", Run: set},
	{Name: "setnx", Arity: 3, Flags: Write | DenyOOM | Fast, Keys: key("OW insert"), Categories: "string", Group: "string", Since: "1.0.0",
		Syntax: "key value", Complexity: "O(1)", Summary: "Stores a string under a key that does not exist yet.", Run: setnx},
	{Name: "setex", Arity: 4, Flags: Write | DenyOOM, Keys: key("OW update"), Categories: "string", Group: "string", Since: "2.0.0",
		Syntax: "key seconds value", Complexity: "O(1)", Summary: "Stores a string and its time to live in seconds.", Run: setex},
	{Name: "psetex", Arity: 4, Flags: Write | DenyOOM, Keys: key("OW update"), Categories: "string", Group: "string", Since: "2.6.0",
		Syntax: "key milliseconds value", Complexity: "O(1)", Summary: "Stores a string and its time to live in milliseconds.", Run: psetex},
	{Name: "getset", Arity: 3, Flags: Write | DenyOOM | Fast, Keys: key("RW access update"), Categories: "string", Group: "string", Since: "1.0.0",
		Syntax: "key value", Complexity: "O(1)", Summary: "Stores a string and returns the one before.", Run: getset},
	{Name: "getex", Arity: -2, Flags: Write | Fast, Keys: key("RW access update"), KeyNotes: []string{"Written, since the expiry may change."}, Categories: "string", Group: "string", Since: "6.2.0",
		Syntax:     "key [EX seconds | PX milliseconds | EXAT unix-time-seconds | PXAT unix-time-milliseconds | PERSIST]",
		Complexity: "O(1)", Summary: "Returns a string and changes its expiry.", Run: getex},
	{Name: "getdel", Arity: 2, Flags: Write | Fast, Keys: key("RW access delete"), Categories: "string", Group: "string", Since: "6.2.0",
		Syntax: "key", Complexity: "O(1)", Summary: "Returns a string and removes its key.", Run: getdel},
	{Name: "mget", Arity: -2, Flags: Readonly | Fast, Keys: keys("RO access"), Categories: "string", Group: "string", Since: "1.0.0",
		Tips:   []string{"request_policy:multi_shard"},
		Syntax: "key [key ...]", Complexity: "O(N) in the number of keys", Summary: "Returns the strings at several keys.", Run: mget},
	{Name: "mset", Arity: -3, Flags: Write | DenyOOM, Keys: pairs("OW update"), Categories: "string", Group: "string", Since: "1.0.1",
		Tips:   []string{"request_policy:multi_shard", "response_policy:all_succeeded"},
		Syntax: "key value [key value ...]", Complexity: "O(N) in the number of keys", Summary: "Stores several strings at once.", Run: mset},
	{Name: "msetnx", Arity: -3, Flags: Write | DenyOOM, Keys: pairs("OW insert"), Categories: "string", Group: "string", Since: "1.0.1",
		Tips:   []string{"request_policy:multi_shard", "response_policy:agg_min"},
		Syntax: "key value [key value ...]", Complexity: "O(N) in the number of keys", Summary: "Stores several strings if none of the keys exists.", Run: msetnx},
	{Name: "strlen", Arity: 2, Flags: Readonly | Fast, Keys: key("RO"), Categories: "string", Group: "string", Since: "2.2.0",
		Syntax: "key", Complexity: "O(1)", Summary: "Returns the length of a string.", Run: strlen},
	{Name: "append", Arity: 3, Flags: Write | DenyOOM | Fast, Keys: key("RW insert"), Categories: "string", Group: "string", Since: "2.0.0",
		Syntax: "key value", Complexity: "O(1) amortised", Summary: "Adds to the end of a string.", Run: appendString},
	{Name: "getrange", Arity: 4, Flags: Readonly, Keys: key("RO access"), Categories: "string", Group: "string", Since: "2.4.0",
		Syntax: "key start end", Complexity: "O(N) in the length of the reply", Summary: "Returns a part of a string.", Run: getrange},
	{Name: "substr", Arity: 4, Flags: Readonly, Keys: key("RO access"), Categories: "string", Group: "string", Since: "1.0.0",
		Syntax: "key start end", Complexity: "O(N) in the length of the reply", Summary: "Returns a part of a string; the old name of GETRANGE.", Run: getrange},
	{Name: "setrange", Arity: 4, Flags: Write | DenyOOM, Keys: key("RW update"), Categories: "string", Group: "string", Since: "2.2.0",
		Syntax: "key offset value", Complexity: "O(M) in the length of the new part", Summary: "Overwrites a part of a string.", Run: setrange},
}

func get(c *Ctx, tx backends.Tx) error {
	s, err := c.readString(tx, c.Args[1])
	if err != nil {
		return err
	}
	if c.tooManyBytes(s.Len()) {
		return ErrLong
	}
	c.BulkOrNull(s.Bytes(), s.Exists())
	return nil
}

func set(c *Ctx, tx backends.Tx) error {
	o, err := parseSet(c)
	if err != nil {
		return err
	}
	name := c.Args[1]
	exists := tx.Type(name) != backends.None
	if o.get {
		s, err := c.readString(tx, name)
		if err != nil {
			return err
		}
		c.BulkOrNull(s.Bytes(), s.Exists())
	}
	if o.nx && exists || o.xx && !exists {
		if !o.get {
			c.Null()
		}
		return nil
	}
	if _, err := replace(tx, name, c.Args[2]); err != nil {
		return err
	}
	if !o.keepTTL {
		tx.SetExpiry(name, o.expireAt)
	}
	c.notifyNew(!exists, StringEvent, "set", name)
	if o.expireAt != 0 {
		c.Notify(GenericEvent, "expire", name)
	}
	if o.expireAt != 0 && o.expireAt <= c.Now {
		c.Notify(ExpiredEvent, "expired", name) // Redis removes it a moment later
	}
	if !o.get {
		c.OK()
	}
	return nil
}

// setKeyFlags: SET reads what it replaces only with GET.
func setKeyFlags(args [][]byte) string {
	for _, a := range args[min(len(args), 3):] {
		if equalFold(a, "GET") {
			return "RW access update"
		}
	}
	return "OW update"
}

// replace stores a string whatever type the key had, and leaves its expiry alone. It says whether it has made
// the key.
func replace(tx backends.Tx, name, value []byte) (made bool, err error) {
	return replaceAs(tx, name, value, backends.Shortest)
}

// replaceAs is replace with a form for the string.
func replaceAs(tx backends.Tx, name, value []byte, form backends.StringForm) (made bool, err error) {
	t := tx.Type(name)
	if t != backends.None && t != backends.StringType {
		at := tx.Expiry(name)
		tx.Delete(name)
		defer tx.SetExpiry(name, at)
	}
	s, err := tx.String(name)
	if err != nil {
		return false, err
	}
	s.SetAs(value, form)
	return t == backends.None, nil
}

// setOptions are the arguments of SET after the value.
type setOptions struct {
	nx, xx, get, keepTTL bool
	expireAt             int64 // Unix milliseconds; 0: never
}

func parseSet(c *Ctx) (s setOptions, err error) {
	var when []byte
	var unit expiryUnit
	for o := (options{args: c.Args[3:]}); o.next(); {
		switch u, isUnit := expiryOption(o.opt); {
		case o.is("NX") && !s.xx:
			s.nx = true
		case o.is("XX") && !s.nx:
			s.xx = true
		case o.is("GET"):
			s.get = true
		case o.is("KEEPTTL") && when == nil:
			s.keepTTL = true
		case isUnit && (when == nil || u == unit) && !s.keepTTL && len(o.args) > 0:
			unit = u
			when, _ = o.value() // there is one
		default:
			return s, ErrSyntax
		}
	}
	if when != nil {
		s.expireAt, err = c.deadline(when, unit)
	}
	return s, err
}

func setnx(c *Ctx, tx backends.Tx) error {
	absent := tx.Type(c.Args[1]) == backends.None
	c.Flag(absent)
	if !absent {
		return nil
	}
	c.notifyNew(true, StringEvent, "set", c.Args[1])
	_, err := replace(tx, c.Args[1], c.Args[2])
	return err
}

func setex(c *Ctx, tx backends.Tx) error  { return c.setWithTTL(tx, expiryUnit{seconds: true}) }
func psetex(c *Ctx, tx backends.Tx) error { return c.setWithTTL(tx, expiryUnit{}) }

func (c *Ctx) setWithTTL(tx backends.Tx, unit expiryUnit) error {
	at, err := c.deadline(c.Args[2], unit)
	if err != nil {
		return err
	}
	made, err := replace(tx, c.Args[1], c.Args[3])
	if err != nil {
		return err
	}
	tx.SetExpiry(c.Args[1], at)
	c.notifyNew(made, StringEvent, "set", c.Args[1])
	c.Notify(GenericEvent, "expire", c.Args[1])
	c.OK()
	return nil
}

func getset(c *Ctx, tx backends.Tx) error {
	s, err := c.readString(tx, c.Args[1])
	if err != nil {
		return err
	}
	c.BulkOrNull(s.Bytes(), s.Exists())
	c.notifyNew(!s.Exists(), StringEvent, "set", c.Args[1])
	s.Set(c.Args[2])
	tx.SetExpiry(c.Args[1], 0)
	return nil
}

func getex(c *Ctx, tx backends.Tx) error {
	var when []byte
	var unit expiryUnit
	persist := false
	for o := (options{args: c.Args[2:]}); o.next(); {
		switch u, isUnit := expiryOption(o.opt); {
		case o.is("PERSIST") && when == nil:
			persist = true
		case isUnit && (when == nil || u == unit) && !persist && len(o.args) > 0:
			unit = u
			when, _ = o.value() // there is one
		default:
			return ErrSyntax
		}
	}
	s, err := c.readString(tx, c.Args[1])
	if err != nil {
		return err
	}
	if !s.Exists() {
		c.Null()
		return nil
	}
	var at int64
	if when != nil {
		if at, err = c.deadline(when, unit); err != nil {
			return err
		}
	}
	c.Bulk(s.Bytes())
	switch {
	case when != nil:
		c.setExpiry(tx, c.Args[1], at)
	case persist:
		c.unsetExpiry(tx, c.Args[1])
	}
	return nil
}

func getdel(c *Ctx, tx backends.Tx) error {
	s, err := c.readString(tx, c.Args[1])
	if err != nil {
		return err
	}
	c.BulkOrNull(s.Bytes(), s.Exists())
	c.delete(tx, c.Args[1])
	return nil
}

func mget(c *Ctx, tx backends.Tx) error {
	c.Array(len(c.Args) - 1)
	missing := false
	for _, name := range c.Args[1:] {
		s, err := tx.String(name)
		if err != nil {
			c.Null() // a key of another type reads as absent here
			continue
		}
		if c.tooManyBytes(len(c.Buf) + s.Len()) {
			return ErrLong
		}
		c.BulkOrNull(s.Bytes(), s.Exists())
		missing = missing || !s.Exists()
	}
	for _, name := range c.Args[1:] {
		if missing && tx.Type(name) == backends.None {
			c.miss(name)
		}
	}
	return nil
}

func mset(c *Ctx, tx backends.Tx) error {
	if len(c.Args)%2 == 0 {
		return wrongArity(c.Row.FullName)
	}
	if err := c.setPairs(tx); err != nil {
		return err
	}
	c.OK()
	return nil
}

func msetnx(c *Ctx, tx backends.Tx) error {
	if len(c.Args)%2 == 0 {
		return wrongArity(c.Row.FullName)
	}
	for i := 1; i < len(c.Args); i += 2 {
		if tx.Type(c.Args[i]) != backends.None {
			c.Flag(false)
			return nil
		}
	}
	c.Flag(true)
	return c.setPairs(tx)
}

func (c *Ctx) setPairs(tx backends.Tx) error {
	for i := 1; i < len(c.Args); i += 2 {
		made, err := replace(tx, c.Args[i], c.Args[i+1])
		if err != nil {
			return err
		}
		tx.SetExpiry(c.Args[i], 0)
		c.notifyNew(made, StringEvent, "set", c.Args[i])
	}
	return nil
}

func strlen(c *Ctx, tx backends.Tx) error {
	s, err := c.readString(tx, c.Args[1])
	if err != nil {
		return err
	}
	c.Int(int64(s.Len()))
	return nil
}

func appendString(c *Ctx, tx backends.Tx) error {
	s, err := tx.String(c.Args[1])
	if err != nil {
		return err
	}
	if err := c.checkLength(int64(s.Len()), len(c.Args[2])); err != nil {
		return err
	}
	exists := s.Exists()
	if exists {
		if c.tooManyBytes(s.Len()) {
			return ErrLong // it may have to be copied to where there is more room
		}
		s.SetRange(s.Len(), c.Args[2])
	} else {
		s.Set(c.Args[2])
	}
	c.notifyNew(!exists, StringEvent, "append", c.Args[1])
	c.Int(int64(s.Len()))
	return nil
}

func getrange(c *Ctx, tx backends.Tx) error {
	start, err := integer(c.Args[2])
	if err != nil {
		return err
	}
	end, err := integer(c.Args[3])
	if err != nil {
		return err
	}
	s, err := c.readString(tx, c.Args[1])
	if err != nil {
		return err
	}
	if c.tooManyBytes(s.Len()) {
		return ErrLong
	}
	value := s.Bytes()
	n := int64(len(value))
	if start < 0 && end < 0 && start > end {
		c.Bulk(nil)
		return nil
	}
	if start < 0 {
		start = max(start+n, 0)
	}
	if end < 0 {
		end = max(end+n, 0)
	}
	end = min(end, n-1)
	if start > end {
		c.Bulk(nil)
		return nil
	}
	c.Bulk(value[start : end+1])
	return nil
}

func setrange(c *Ctx, tx backends.Tx) error {
	offset, err := integer(c.Args[2])
	if err != nil {
		return err
	}
	if offset < 0 {
		return ErrOffset
	}
	s, err := tx.String(c.Args[1])
	if err != nil {
		return err
	}
	if len(c.Args[3]) > 0 {
		if err := c.checkLength(offset, len(c.Args[3])); err != nil {
			return err
		}
		if c.tooManyBytes(max(int(offset), s.Len())) {
			return ErrLong
		}
		c.notifyNew(!s.Exists(), StringEvent, "setrange", c.Args[1])
		s.SetRange(int(offset), c.Args[3])
	}
	c.Int(int64(s.Len()))
	return nil
}

// checkLength refuses a string that would grow beyond proto-max-bulk-len.
func (c *Ctx) checkLength(size int64, more int) error {
	if size > math.MaxInt64-int64(more) || size+int64(more) > c.Server.MaxStringLength() {
		return ErrStringTooLong
	}
	return nil
}
