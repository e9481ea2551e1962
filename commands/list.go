package commands

import (
	"bytes"
	"math"

	"switchyard/backends"
)

var listRows = []*Row{
	{Name: "rpush", Arity: -3, Flags: Write | DenyOOM | Fast, Keys: key("RW insert"), Categories: "list", Group: "list", Since: "1.0.0",
		Syntax: "key element [element ...]", Complexity: "O(1) for each element", Summary: "Adds elements at the end of a list.", Run: rpush},
	{Name: "lpush", Arity: -3, Flags: Write | DenyOOM | Fast, Keys: key("RW insert"), Categories: "list", Group: "list", Since: "1.0.0",
		Syntax: "key element [element ...]", Complexity: "O(1) for each element", Summary: "Adds elements at the front of a list.", Run: lpush},
	{Name: "rpushx", Arity: -3, Flags: Write | DenyOOM | Fast, Keys: key("RW insert"), Categories: "list", Group: "list", Since: "2.2.0",
		Syntax: "key element [element ...]", Complexity: "O(1) for each element", Summary: "Adds elements at the end of a list that exists.", Run: rpushx},
	{Name: "lpushx", Arity: -3, Flags: Write | DenyOOM | Fast, Keys: key("RW insert"), Categories: "list", Group: "list", Since: "2.2.0",
		Syntax: "key element [element ...]", Complexity: "O(1) for each element", Summary: "Adds elements at the front of a list that exists.", Run: lpushx},
	{Name: "linsert", Arity: 5, Flags: Write | DenyOOM | Long, Keys: key("RW insert"), Categories: "list", Group: "list", Since: "2.2.0",
		Syntax: "key <BEFORE | AFTER> pivot element", Complexity: "O(N) in the distance of the pivot from the front", Summary: "Adds an element before or after another one.", Run: linsert},
	{Name: "rpop", Arity: -2, Flags: Write | Fast, LongFor: popsMany, Keys: key("RW access delete"), Categories: "list", Group: "list", Since: "1.0.0",
		Syntax: "key [count]", Complexity: "O(N) in the number of elements returned", Summary: "Removes and returns the last elements of a list.", Run: rpop},
	{Name: "lpop", Arity: -2, Flags: Write | Fast, LongFor: popsMany, Keys: key("RW access delete"), Categories: "list", Group: "list", Since: "1.0.0",
		Syntax: "key [count]", Complexity: "O(N) in the number of elements returned", Summary: "Removes and returns the first elements of a list.", Run: lpop},
	{Name: "lmpop", Arity: -4, Flags: Write, LongFor: mpopsMany, Keys: countedKeys(1, "RW access delete"), Categories: "list", Group: "list", Since: "7.0.0",
		Syntax: "numkeys key [key ...] <LEFT | RIGHT> [COUNT count]", Complexity: "O(N+M) in the number of keys and of elements returned", Summary: "Removes and returns elements of the first of several lists that has any.", Run: lmpop},
	{Name: "llen", Arity: 2, Flags: Readonly | Fast, Keys: key("RO"), Categories: "list", Group: "list", Since: "1.0.0",
		Syntax: "key", Complexity: "O(1)", Summary: "Returns the length of a list.", Run: llen},
	{Name: "lindex", Arity: 3, Flags: Readonly, Keys: key("RO access"), Categories: "list", Group: "list", Since: "1.0.0",
		Syntax: "key index", Complexity: "O(N) in the distance from the nearer end, over blocks of elements", Summary: "Returns an element by its index.", Run: lindex},
	{Name: "lset", Arity: 4, Flags: Write | DenyOOM, Keys: key("RW update"), Categories: "list", Group: "list", Since: "1.0.0",
		Syntax: "key index element", Complexity: "O(N) in the distance from the nearer end, over blocks of elements", Summary: "Replaces an element by its index.", Run: lset},
	{Name: "lrange", Arity: 4, Flags: Readonly, LongFor: rangesFar, Keys: key("RO access"), Categories: "list", Group: "list", Since: "1.0.0",
		Syntax: "key start stop", Complexity: "O(S+N) in the distance from the nearer end and the number of elements returned", Summary: "Returns the elements of a range of indexes.", Run: lrange},
	{Name: "ltrim", Arity: 4, Flags: Write, Keys: key("RW delete"), Categories: "list", Group: "list", Since: "1.0.0",
		Syntax: "key start stop", Complexity: "O(N) in the number of elements removed, over blocks of elements", Summary: "Removes all but a range of indexes.", Run: ltrim},
	{Name: "lpos", Arity: -3, Flags: Readonly | Long, Keys: key("RO access"), Categories: "list", Group: "list", Since: "6.0.6",
		Syntax: "key element [RANK rank] [COUNT num-matches] [MAXLEN len]", Complexity: "O(N) in the length of the list, or in MAXLEN", Summary: "Returns the indexes of equal elements.", Run: lpos},
	{Name: "lrem", Arity: 4, Flags: Write | Long, Keys: key("RW delete"), Categories: "list", Group: "list", Since: "1.0.0",
		Syntax: "key count element", Complexity: "O(N) in the length of the list", Summary: "Removes elements that are equal to one.", Run: lrem},
	{Name: "rpoplpush", Arity: 3, Flags: Write | DenyOOM, Keys: twoKeys("RW access delete", "RW insert"), Categories: "list", Group: "list", Since: "1.2.0",
		Syntax: "source destination", Complexity: "O(1)", Summary: "Moves the last element of a list to the front of another.", Run: rpoplpush},
	{Name: "lmove", Arity: 5, Flags: Write | DenyOOM, Keys: twoKeys("RW access delete", "RW insert"), Categories: "list", Group: "list", Since: "6.2.0",
		Syntax: "source destination <LEFT | RIGHT> <LEFT | RIGHT>", Complexity: "O(1)", Summary: "Moves an element from an end of a list to an end of another.", Run: lmove},
}

// manyElements is how many a call may return without being taken for a long one. What a call
// is about to do has to be seen in its arguments: the length of the list is not known yet.
const manyElements = 1000

func popsMany(args [][]byte) bool { return len(args) > 2 && isMany(args[2]) }

func mpopsMany(args [][]byte) bool {
	last := len(args) - 1
	return equalFold(args[last-1], "COUNT") && isMany(args[last])
}

func isMany(count []byte) bool {
	n, ok := parseInt(count)
	return ok && n > manyElements
}

// rangesFar: from the front to the end, as in LRANGE key 0 -1, can be any number of elements.
func rangesFar(args [][]byte) bool {
	start, isStart := parseInt(args[2])
	end, isEnd := parseInt(args[3])
	if !isStart || !isEnd || start > end && (start < 0) == (end < 0) {
		return false
	}
	return (start < 0) != (end < 0) || end-start >= manyElements
}

func lpush(c *Ctx, tx backends.Tx) error  { return c.pushElements(tx, true, true) }
func rpush(c *Ctx, tx backends.Tx) error  { return c.pushElements(tx, false, true) }
func lpushx(c *Ctx, tx backends.Tx) error { return c.pushElements(tx, true, false) }
func rpushx(c *Ctx, tx backends.Tx) error { return c.pushElements(tx, false, false) }

func (c *Ctx) pushElements(tx backends.Tx, front, create bool) error {
	l, err := tx.List(c.Args[1])
	if err != nil {
		return err
	}
	if absent := l.Len() == 0; create || !absent {
		for _, element := range c.Args[2:] {
			l.Push(front, element)
		}
		c.notifyNew(absent, ListEvent, pushEvent(front), c.Args[1])
	}
	c.Int(int64(l.Len()))
	return nil
}

func pushEvent(front bool) string {
	if front {
		return "lpush"
	}
	return "rpush"
}

func linsert(c *Ctx, tx backends.Tx) error {
	where, pivot := c.Args[2], c.Args[3]
	after := equalFold(where, "AFTER")
	if !after && !equalFold(where, "BEFORE") {
		return ErrSyntax
	}
	l, err := tx.List(c.Args[1])
	if err != nil {
		return err
	}
	if l.Len() == 0 {
		c.Int(0)
		return nil
	}
	at, found := 0, false
	l.Each(0, false, func(element []byte) bool {
		if found = bytes.Equal(element, pivot); !found {
			at++
		}
		return !found
	})
	if !found {
		c.Int(-1)
		return nil
	}
	if after {
		at++
	}
	l.Insert(at, c.Args[4])
	c.Notify(ListEvent, "linsert", c.Args[1])
	c.Int(int64(l.Len()))
	return nil
}

func llen(c *Ctx, tx backends.Tx) error {
	l, err := c.readList(tx, c.Args[1])
	if err != nil {
		return err
	}
	c.Int(int64(l.Len()))
	return nil
}

func lindex(c *Ctx, tx backends.Tx) error {
	l, err := c.readList(tx, c.Args[1])
	if err != nil {
		return err
	}
	if l.Len() == 0 {
		c.Null() // and nobody looks at the index
		return nil
	}
	index, err := integer(c.Args[2])
	if err != nil {
		return err
	}
	if at, ok := indexIn(index, l.Len()); ok {
		c.Bulk(l.At(at))
	} else {
		c.Null()
	}
	return nil
}

// indexIn is the place of an index, which counts from the end when negative, among n elements.
func indexIn(index int64, n int) (at int, ok bool) {
	if index < 0 {
		index += int64(n)
	}
	return int(index), index >= 0 && index < int64(n)
}

func lset(c *Ctx, tx backends.Tx) error {
	l, err := tx.List(c.Args[1])
	if err != nil {
		return err
	}
	if l.Len() == 0 {
		return ErrNoSuchKey
	}
	index, err := integer(c.Args[2])
	if err != nil {
		return err
	}
	at, ok := indexIn(index, l.Len())
	if !ok {
		return ErrIndex
	}
	l.Put(at, c.Args[3])
	c.Notify(ListEvent, "lset", c.Args[1])
	c.OK()
	return nil
}

func lrange(c *Ctx, tx backends.Tx) error {
	start, end, err := c.listRange()
	if err != nil {
		return err
	}
	l, err := c.readList(tx, c.Args[1])
	if err != nil {
		return err
	}
	from, n := rangeIn(start, end, l.Len())
	c.listElements(l, from, false, n)
	return nil
}

// listRange reads the range of LRANGE and LTRIM.
func (c *Ctx) listRange() (start, end int64, err error) {
	if start, err = integer(c.Args[2]); err != nil {
		return 0, 0, err
	}
	end, err = integer(c.Args[3])
	return start, end, err
}

// rangeIn is where the range from start to end, which count from the end when negative, begins
// among size elements, and how many of them it has.
func rangeIn(start, end int64, size int) (from, n int) {
	last := int64(size) - 1
	if start < 0 {
		start = max(start+int64(size), 0)
	}
	if end < 0 {
		end += int64(size)
	}
	if end = min(end, last); start > end {
		return 0, 0
	}
	return int(start), int(end - start + 1)
}

// listElements replies with the n elements of a list from an index on, or back from it.
func (c *Ctx) listElements(l backends.List, from int, back bool, n int) {
	if c.Array(n); n == 0 {
		return
	}
	l.Each(from, back, func(element []byte) bool {
		c.Bulk(element)
		n--
		return n > 0
	})
}

func ltrim(c *Ctx, tx backends.Tx) error {
	start, end, err := c.listRange()
	if err != nil {
		return err
	}
	l, err := tx.List(c.Args[1])
	if err != nil {
		return err
	}
	if l.Len() > 0 {
		from, n := rangeIn(start, end, l.Len())
		l.Remove(from+n, l.Len()-from-n)
		l.Remove(0, from)
		c.notifyLess(l.Len(), ListEvent, "ltrim", c.Args[1])
	}
	c.OK()
	return nil
}

func lrem(c *Ctx, tx backends.Tx) error {
	count, err := integer(c.Args[2])
	if err != nil {
		return err
	}
	l, err := tx.List(c.Args[1])
	if err != nil {
		return err
	}
	most := int64(math.MaxInt64)
	if count != 0 && count != math.MinInt64 {
		most = max(count, -count)
	}
	removed := int64(0)
	l.Filter(count < 0, func(element []byte) (remove, more bool) {
		if remove = bytes.Equal(element, c.Args[3]); remove {
			removed++
		}
		return remove, removed < most
	})
	if removed > 0 {
		c.notifyLess(l.Len(), ListEvent, "lrem", c.Args[1])
	}
	c.Int(removed)
	return nil
}

// lposOptions are the arguments of LPOS after the element.
type lposOptions struct {
	rank, count, most int64 // most elements are compared; 0: all of them
	hasCount          bool
}

func parseLPos(args [][]byte) (p lposOptions, err error) {
	p.rank = 1
	for o := (options{args: args}); o.next(); {
		if len(o.args) == 0 {
			return p, ErrSyntax
		}
		arg := o.args[0]
		switch {
		case o.is("RANK"):
			if p.rank, err = integer(arg); err == nil && p.rank == math.MinInt64 {
				err = ErrNotNegatable
			} else if err == nil && p.rank == 0 {
				err = ErrRankZero
			}
		case o.is("COUNT"):
			p.hasCount = true
			p.count, err = natural(arg, ErrCountNegative)
		case o.is("MAXLEN"):
			p.most, err = natural(arg, ErrMaxLenNegative)
		default:
			err = ErrSyntax
		}
		if err != nil {
			return p, err
		}
		o.args = o.args[1:]
	}
	return p, nil
}

// natural reads a number that must not be negative, with the command's own error.
func natural(arg []byte, complaint Error) (int64, error) {
	n, ok := parseInt(arg)
	if !ok || n < 0 {
		return 0, complaint
	}
	return n, nil
}

func lpos(c *Ctx, tx backends.Tx) error {
	p, err := parseLPos(c.Args[3:])
	if err != nil {
		return err
	}
	l, err := c.readList(tx, c.Args[1])
	if err != nil {
		return err
	}
	found := p.positions(l, c.Args[2])
	switch {
	case p.hasCount:
		c.Array(len(found))
		for _, at := range found {
			c.Int(at)
		}
	case len(found) > 0:
		c.Int(found[0])
	default:
		c.Null()
	}
	return nil
}

// positions are the indexes of the elements that are wanted, in the order in which they are found.
func (p *lposOptions) positions(l backends.List, wanted []byte) (found []int64) {
	back := p.rank < 0
	at, step := int64(0), int64(1)
	if back {
		at, step = int64(l.Len())-1, -1
	}
	skip, most := max(p.rank, -p.rank)-1, p.count
	if !p.hasCount {
		most = 1
	}
	compared := int64(0)
	l.Each(int(at), back, func(element []byte) bool {
		if bytes.Equal(element, wanted) {
			if skip--; skip < 0 {
				found = append(found, at)
			}
		}
		at += step
		compared++
		return compared != p.most && (most == 0 || int64(len(found)) < most)
	})
	return found
}
