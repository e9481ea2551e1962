package commands

import (
	"switchyard/backends"
)

// What takes elements from a list. list_block.go has the commands that wait for one where there is none: each reply
// comes from a function that says whether there was anything to take.

func lpop(c *Ctx, tx backends.Tx) error { return c.popElements(tx, true) }
func rpop(c *Ctx, tx backends.Tx) error { return c.popElements(tx, false) }

func (c *Ctx) popElements(tx backends.Tx, front bool) error {
	if len(c.Args) > 3 {
		return wrongArity(c.Row.FullName)
	}
	count, hasCount := int64(1), len(c.Args) == 3
	if hasCount {
		var err error
		if count, err = natural(c.Args[2], ErrNotPositive); err != nil {
			return err
		}
	}
	l, err := tx.List(c.Args[1])
	if err != nil {
		return err
	}
	switch {
	case l.Len() == 0 && hasCount:
		c.NullArray()
	case l.Len() == 0:
		c.Null()
	case hasCount:
		c.takeElements(c.Args[1], l, front, count)
	default:
		c.takeElement(c.Args[1], l, front)
	}
	return nil
}

// takeElement replies with the element at an end of a key's list, and removes it.
func (c *Ctx) takeElement(name []byte, l backends.List, front bool) {
	at := endOf(l, front)
	c.Bulk(l.At(at))
	l.Remove(at, 1)
	c.notifyLess(l.Len(), ListEvent, popEvent(front), name)
}

func popEvent(front bool) string {
	if front {
		return "lpop"
	}
	return "rpop"
}

// endOf is the index of the first or the last element.
func endOf(l backends.List, front bool) int {
	if front {
		return 0
	}
	return l.Len() - 1
}

// takeElements replies with count elements from an end of a key's list, or as many as there are, and removes them.
func (c *Ctx) takeElements(name []byte, l backends.List, front bool, count int64) {
	size := l.Len()
	n := int(min(count, int64(size)))
	c.listElements(l, endOf(l, front), !front, n)
	if front {
		l.Remove(0, n)
	} else {
		l.Remove(size-n, n)
	}
	if n > 0 {
		c.notifyLess(size-n, ListEvent, popEvent(front), name)
	}
}

// listEnd reads LEFT or RIGHT.
func listEnd(arg []byte) (front bool, err error) {
	switch {
	case equalFold(arg, "LEFT"):
		return true, nil
	case equalFold(arg, "RIGHT"):
		return false, nil
	}
	return false, ErrSyntax
}

// listEnds reads LEFT or RIGHT twice.
func listEnds(from, to []byte) (fromFront, toFront bool, err error) {
	if fromFront, err = listEnd(from); err == nil {
		toFront, err = listEnd(to)
	}
	return fromFront, toFront, err
}

func lmpop(c *Ctx, tx backends.Tx) error {
	names, front, count, err := parseMPop(c.Args[1:], listEnd)
	if err != nil {
		return err
	}
	taken, err := c.takeFirst(tx, names, front, count)
	if err == nil && !taken {
		c.NullArray()
	}
	return err
}

// parseMPop reads numkeys key [key ...] end [COUNT count], where end is LEFT or RIGHT, MIN or MAX.
func parseMPop(args [][]byte, end func([]byte) (front bool, err error)) (names [][]byte, front bool, count int64, err error) {
	n, isNumber := parseInt(args[0])
	if !isNumber || n < 1 {
		return nil, false, 0, ErrNumKeys
	}
	if n >= int64(len(args)-1) {
		return nil, false, 0, ErrSyntax
	}
	names, args = args[1:n+1], args[n+1:]
	if front, err = end(args[0]); err != nil {
		return nil, false, 0, err
	}
	count = 1
	switch args = args[1:]; {
	case len(args) == 0:
	case len(args) == 1 || !equalFold(args[0], "COUNT"):
		return nil, false, 0, ErrSyntax
	default:
		if count, err = natural(args[1], ErrMPopCount); err == nil && count == 0 {
			err = ErrMPopCount
		}
		if err == nil && len(args) > 2 {
			err = ErrSyntax
		}
	}
	return names, front, count, err
}

// takeFirst replies with elements of the first list that has any, and says whether there was one.
func (c *Ctx) takeFirst(tx backends.Tx, names [][]byte, front bool, count int64) (taken bool, err error) {
	for _, name := range names {
		l, err := tx.List(name)
		if err != nil {
			return false, err
		}
		if l.Len() > 0 {
			c.Array(2)
			c.Bulk(name)
			c.takeElements(name, l, front, count)
			return true, nil
		}
	}
	return false, nil
}

func rpoplpush(c *Ctx, tx backends.Tx) error { return c.listMove(tx, false, true) }

func lmove(c *Ctx, tx backends.Tx) error {
	from, to, err := listEnds(c.Args[3], c.Args[4])
	if err != nil {
		return err
	}
	return c.listMove(tx, from, to)
}

func (c *Ctx) listMove(tx backends.Tx, from, to bool) error {
	moved, err := c.moveElement(tx, from, to)
	if err == nil && !moved {
		c.Null()
	}
	return err
}

// moveElement replies with an element that it moves from an end of the first key's list to one of
// the second's, and says whether there was one. The keys may be the same: the list is then never
// empty in between, and keeps its expiry.
func (c *Ctx) moveElement(tx backends.Tx, fromFront, toFront bool) (moved bool, err error) {
	source, err := tx.List(c.Args[1])
	if err != nil || source.Len() == 0 {
		return false, err // of whatever type the target may be
	}
	target, err := tx.List(c.Args[2])
	if err != nil {
		return false, err
	}
	absent := target.Len() == 0
	element := source.At(endOf(source, fromFront))
	c.Bulk(element)
	if same := string(c.Args[1]) == string(c.Args[2]); !same || fromFront != toFront {
		// The copy in the reply outlives the writes.
		end := len(c.Buf) - len("\r\n")
		target.Push(toFront, c.Buf[end-len(element):end])
		source.Remove(endOf(source, fromFront), 1)
	}
	c.notifyNew(absent, ListEvent, pushEvent(toFront), c.Args[2])
	c.notifyLess(source.Len(), ListEvent, popEvent(fromFront), c.Args[1])
	return true, nil
}
