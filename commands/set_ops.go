package commands

import (
	"cmp"
	"slices"

	"switchyard/backends"
)

var setOpsRows = []*Row{
	{Name: "sinter", Arity: -2, Flags: Readonly | Long, Keys: keys("RO access"), Categories: "set", Group: "set", Since: "1.0.0",
		Tips:   []string{"nondeterministic_output_order"},
		Syntax: "key [key ...]", Complexity: "O(N*M) in the size of the smallest set and the number of sets", Summary: "Returns what is a member of all sets.", Run: sinter},
	{Name: "sintercard", Arity: -3, Flags: Readonly | Long, Keys: countedKeys(1, "RO access"), Categories: "set", Group: "set", Since: "7.0.0",
		Syntax: "numkeys key [key ...] [LIMIT limit]", Complexity: "O(N*M) in the size of the smallest set and the number of sets", Summary: "Counts what is a member of all sets.", Run: sintercard},
	{Name: "sinterstore", Arity: -3, Flags: Write | DenyOOM | Long, Keys: targetAndKeys("RW update", "RO access"), Categories: "set", Group: "set", Since: "1.0.0",
		Syntax: "destination key [key ...]", Complexity: "O(N*M) in the size of the smallest set and the number of sets", Summary: "Stores what is a member of all sets.", Run: sinterstore},
	{Name: "sunion", Arity: -2, Flags: Readonly | Long, Keys: keys("RO access"), Categories: "set", Group: "set", Since: "1.0.0",
		Tips:   []string{"nondeterministic_output_order"},
		Syntax: "key [key ...]", Complexity: "O(N*M) in the size of all sets and their number", Summary: "Returns what is a member of any set.", Run: sunion},
	{Name: "sunionstore", Arity: -3, Flags: Write | DenyOOM | Long, Keys: targetAndKeys("OW update", "RO access"), Categories: "set", Group: "set", Since: "1.0.0",
		Syntax: "destination key [key ...]", Complexity: "O(N*M) in the size of all sets and their number", Summary: "Stores what is a member of any set.", Run: sunionstore},
	{Name: "sdiff", Arity: -2, Flags: Readonly | Long, Keys: keys("RO access"), Categories: "set", Group: "set", Since: "1.0.0",
		Tips:   []string{"nondeterministic_output_order"},
		Syntax: "key [key ...]", Complexity: "O(N*M) in the size of the first set and the number of sets", Summary: "Returns what is a member of the first set alone.", Run: sdiff},
	{Name: "sdiffstore", Arity: -3, Flags: Write | DenyOOM | Long, Keys: targetAndKeys("OW update", "RO access"), Categories: "set", Group: "set", Since: "1.0.0",
		Syntax: "destination key [key ...]", Complexity: "O(N*M) in the size of the first set and the number of sets", Summary: "Stores what is a member of the first set alone.", Run: sdiffstore},
}

// combination visits the members of a set that is made of others, each once, until fn says not to go on.
type combination func(sets []backends.Set, fn func(member []byte) (more bool))

// intersection looks each member of the smallest set up in the others.
func intersection(sets []backends.Set, fn func(member []byte) (more bool)) {
	slices.SortStableFunc(sets, func(a, b backends.Set) int { return cmp.Compare(a.Len(), b.Len()) })
	sets[0].Each(func(member []byte) bool {
		return !inAll(sets[1:], member) || fn(member)
	})
}

func inAll(sets []backends.Set, member []byte) bool {
	for _, s := range sets {
		if !s.Has(member) {
			return false
		}
	}
	return true
}

// union leaves out what a set before had already, so that it needs no memory of its own.
func union(sets []backends.Set, fn func(member []byte) (more bool)) {
	more := true
	for i := 0; i < len(sets) && more; i++ {
		sets[i].Each(func(member []byte) bool {
			more = inAny(sets[:i], member) || fn(member)
			return more
		})
	}
}

func difference(sets []backends.Set, fn func(member []byte) (more bool)) {
	sets[0].Each(func(member []byte) bool {
		return inAny(sets[1:], member) || fn(member)
	})
}

func inAny(sets []backends.Set, member []byte) bool {
	return slices.ContainsFunc(sets, func(s backends.Set) bool { return s.Has(member) })
}

func sinter(c *Ctx, tx backends.Tx) error      { return c.combineSets(tx, intersection) }
func sunion(c *Ctx, tx backends.Tx) error      { return c.combineSets(tx, union) }
func sdiff(c *Ctx, tx backends.Tx) error       { return c.combineSets(tx, difference) }
func sinterstore(c *Ctx, tx backends.Tx) error { return c.storeSets(tx, intersection) }
func sunionstore(c *Ctx, tx backends.Tx) error { return c.storeSets(tx, union) }
func sdiffstore(c *Ctx, tx backends.Tx) error  { return c.storeSets(tx, difference) }

// sets opens the sets of several keys, or none of them.
func (c *Ctx) sets(tx backends.Tx, keys [][]byte) (sets []backends.Set, err error) {
	sets = make([]backends.Set, len(keys))
	for i, name := range keys {
		if sets[i], err = c.readSet(tx, name); err != nil {
			return nil, err
		}
	}
	return sets, nil
}

func (c *Ctx) combineSets(tx backends.Tx, how combination) error {
	sets, err := c.sets(tx, c.Args[1:])
	if err != nil {
		return err
	}
	start, n := len(c.Buf), 0
	how(sets, func(member []byte) bool {
		c.Bulk(member)
		n++
		return true
	})
	c.headAt(start, c.Reply.Set, n)
	return nil
}

// storeSets replaces what the target holds, which may be one of the sources.
func (c *Ctx) storeSets(tx backends.Tx, how combination) error {
	sets, err := c.sets(tx, c.Args[2:])
	if err != nil {
		return err
	}
	var result elements
	how(sets, func(member []byte) bool {
		result.add(member)
		return true
	})
	existed := tx.Delete(c.Args[1])
	target, err := tx.Set(c.Args[1])
	if err != nil {
		return err
	}
	for i := range result.len() {
		target.Add(result.at(i))
	}
	c.notifyStored(existed, result.len(), SetEvent, c.Row.Name, c.Args[1])
	c.Int(int64(result.len()))
	return nil
}

// sintercard reads numkeys key ... [LIMIT limit].
func sintercard(c *Ctx, tx backends.Tx) error {
	keys, rest, err := countedArguments(c.Args[1:])
	if err != nil {
		return err
	}
	limit := int64(0)
	for o := (options{args: rest}); o.next(); {
		arg, err := o.value()
		if err != nil || !o.is("LIMIT") {
			return ErrSyntax
		}
		if limit, err = natural(arg, ErrLimitNegative); err != nil {
			return err
		}
	}
	sets, err := c.sets(tx, keys)
	if err != nil {
		return err
	}
	n := int64(0)
	intersection(sets, func([]byte) bool {
		n++
		return n != limit
	})
	c.Int(n)
	return nil
}

// countedArguments reads numkeys key ..., and returns what follows.
func countedArguments(args [][]byte) (keys, rest [][]byte, err error) {
	n, ok := parseInt(args[0])
	if !ok || n < 1 {
		return nil, nil, ErrNumKeys
	}
	if n > int64(len(args)-1) {
		return nil, nil, ErrTooManyKeys
	}
	return args[1 : n+1], args[n+1:], nil
}
