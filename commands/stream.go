package commands

import (
	"math"

	"switchyard/backends"
)

var streamTips = []string{"nondeterministic_output"}

var streamRows = []*Row{
	{Name: "xadd", Arity: -5, Flags: Write | DenyOOM | Fast, Keys: key("RW update"), KeyNotes: []string{"More than an insertion, since trimming removes entries."}, Categories: "stream", Tips: streamTips, Group: "stream", Since: "5.0.0",
		Syntax:     "key [NOMKSTREAM] [<MAXLEN | MINID> [= | ~] threshold [LIMIT count]] <* | id> field value [field value ...]",
		Complexity: "O(1), and O(N) in the number of entries trimmed", Summary: "Adds an entry to a stream.", Run: xadd},
	{Name: "xrange", Arity: -4, Flags: Readonly, LongFor: xrangesFar, Keys: key("RO access"), Categories: "stream", Group: "stream", Since: "5.0.0",
		Syntax: "key start:string end:string [COUNT count]", Complexity: "O(log M + N) in the length of the stream and the number of entries returned", Summary: "Returns the entries of a range of IDs.", Run: xrange},
	{Name: "xrevrange", Arity: -4, Flags: Readonly, LongFor: xrangesFar, Keys: key("RO access"), Categories: "stream", Group: "stream", Since: "5.0.0",
		Syntax: "key end:string start:string [COUNT count]", Complexity: "O(log M + N) in the length of the stream and the number of entries returned", Summary: "Returns the entries of a range of IDs, the last one first.", Run: xrevrange},
	{Name: "xlen", Arity: 2, Flags: Readonly | Fast, Keys: key("RO"), Categories: "stream", Group: "stream", Since: "5.0.0",
		Syntax: "key", Complexity: "O(1)", Summary: "Returns the number of entries of a stream.", Run: xlen},
	{Name: "xsetid", Arity: -3, Flags: Write | DenyOOM | Fast, Keys: key("RW update"), Categories: "stream", Group: "stream", Since: "5.0.0",
		Syntax:     "key last-id [ENTRIESADDED entries_added] [MAXDELETEDID max_deleted_entry_id]",
		Complexity: "O(1)", Summary: "Sets the last ID of a stream.", Run: xsetid},
	{Name: "xdel", Arity: -3, Flags: Write | Fast, Keys: key("RW delete"), Categories: "stream", Group: "stream", Since: "5.0.0",
		Syntax: "key id [id ...]", Complexity: "O(log N) for each entry", Summary: "Removes entries from a stream.", Run: xdel},
	{Name: "xtrim", Arity: -4, Flags: Write | Long, Keys: key("RW delete"), Categories: "stream", Tips: streamTips, Group: "stream", Since: "5.0.0",
		Syntax: "key <<MAXLEN | MINID> [= | ~] threshold [LIMIT count]>", Complexity: "O(N) in the number of entries removed, over blocks of entries", Summary: "Removes the first entries of a stream.", Run: xtrim},
}

// addOrTrim are the arguments that XADD and XTRIM share.
type addOrTrim struct {
	trim     backends.Trim
	trims    bool
	limited  bool // LIMIT was given
	noCreate bool

	id                backends.StreamID
	idGiven, seqGiven bool
	fields            [][]byte // what follows the ID
}

func parseAddOrTrim(args [][]byte, add bool) (a addOrTrim, err error) {
	for o := (options{args: args}); o.next(); {
		more := len(o.args) > 0
		switch {
		case add && string(untilZero(o.opt)) == "*":
			a.fields = o.args
			return a, a.check(add)
		case o.is("MAXLEN") && more, o.is("MINID") && more:
			err = a.parseTrim(&o)
		case o.is("LIMIT") && more:
			err = a.parseLimit(&o)
		case add && o.is("NOMKSTREAM"):
			a.noCreate = true
		case add:
			a.idGiven, a.fields = true, o.args
			if a.id, a.seqGiven, err = parsePartialID(o.opt, 0); err == nil {
				err = a.check(add)
			}
			return a, err
		default:
			err = ErrSyntax
		}
		if err != nil {
			return a, err
		}
	}
	return a, a.check(add)
}

// parseTrim reads [=|~] and the length or the ID.
func (a *addOrTrim) parseTrim(o *options) (err error) {
	if a.trims {
		return ErrTrimBoth
	}
	a.trims, a.trim.ByLength = true, o.is("MAXLEN")
	if word := untilZero(o.args[0]); len(o.args) > 1 && (string(word) == "~" || string(word) == "=") {
		a.trim.Approx = string(word) == "~"
		o.args = o.args[1:]
	}
	arg := o.args[0]
	o.args = o.args[1:]
	if !a.trim.ByLength {
		a.trim.First, err = parseStreamID(arg, 0)
		return err
	}
	length, err := integer(arg)
	if err == nil && length < 0 {
		err = ErrTrimMaxLen
	}
	a.trim.Length = int(length)
	return err
}

func (a *addOrTrim) parseLimit(o *options) error {
	limit, err := integer(o.args[0])
	if err == nil && limit < 0 {
		err = ErrTrimLimit
	}
	a.limited, a.trim.Limit = true, int(limit)
	o.args = o.args[1:]
	return err
}

// check says what is wrong with the options together.
func (a *addOrTrim) check(add bool) error {
	switch {
	case a.trim.Limit != 0 && !a.trims:
		return ErrTrimLimitAlone
	case !add && !a.trims:
		return ErrTrimNothing
	case a.limited && !a.trim.Approx:
		return ErrTrimLimitExact
	case !a.limited:
		a.trim.Limit = backends.DefaultLimit
	}
	return nil
}

func xadd(c *Ctx, tx backends.Tx) error {
	a, err := parseAddOrTrim(c.Args[2:], true)
	if err != nil {
		return err
	}
	if len(a.fields) < 2 || len(a.fields)%2 != 0 {
		return wrongArity(c.Row.FullName)
	}
	if a.seqGiven && a.id == (backends.StreamID{}) {
		return ErrStreamIDZero
	}
	s, err := tx.Stream(c.Args[1])
	if err != nil {
		return err
	}
	state, exists := s.State()
	if !exists && a.noCreate {
		c.Null()
		return nil
	}
	id, err := a.next(state.Last, c.Now)
	if err != nil {
		return err
	}
	s.Append(id, a.fields)
	c.notifyNew(!exists, StreamEvent, "xadd", c.Args[1])
	if a.trims && s.Trim(a.trim) > 0 {
		c.Notify(StreamEvent, "xtrim", c.Args[1])
	}
	c.streamID(id)
	return nil
}

// next is the ID of the entry to add to a stream with that last ID.
func (a *addOrTrim) next(last backends.StreamID, now int64) (id backends.StreamID, err error) {
	if last == backends.LastStreamID {
		return id, ErrStreamExhausted
	}
	switch {
	case !a.idGiven && uint64(now) > last.Ms:
		id.Ms = uint64(now)
	case !a.idGiven:
		id, _ = last.Next() // there is one
	case a.seqGiven || a.id.Ms != last.Ms:
		id = a.id
	case last.Seq == math.MaxUint64:
		return id, ErrStreamIDSmall
	default:
		id = backends.StreamID{Ms: last.Ms, Seq: last.Seq + 1}
	}
	if !last.Less(id) {
		return id, ErrStreamIDSmall
	}
	const most = 1 << 30 // STREAM_LISTPACK_MAX_SIZE
	size := 0
	for _, f := range a.fields {
		size += len(f)
	}
	if size > most {
		return id, ErrStreamTooLarge
	}
	return id, nil
}

// xrangesFar: without a COUNT a range can be any number of entries.
func xrangesFar(args [][]byte) bool {
	last := len(args) - 1
	return last < 5 || !equalFold(args[last-1], "COUNT") || isMany(args[last])
}

func xrange(c *Ctx, tx backends.Tx) error    { return c.streamRange(tx, c.Args[2], c.Args[3], false) }
func xrevrange(c *Ctx, tx backends.Tx) error { return c.streamRange(tx, c.Args[3], c.Args[2], true) }

func (c *Ctx) streamRange(tx backends.Tx, start, end []byte, back bool) error {
	from, err := parseRangeStart(start)
	if err != nil {
		return err
	}
	to, err := parseRangeEnd(end)
	if err != nil {
		return err
	}
	count := int64(-1)
	for o := (options{args: c.Args[4:]}); o.next(); {
		arg, err := o.value()
		if err != nil || !o.is("COUNT") {
			return ErrSyntax
		}
		if count, err = integer(arg); err != nil {
			return err
		}
		count = max(count, 0)
	}
	s, err := c.readStream(tx, c.Args[1])
	if err != nil {
		return err
	}
	switch _, exists := s.State(); {
	case !exists:
		c.Array(0)
	case count == 0:
		c.NullArray()
	default:
		c.entries(s, from, to, back, count)
	}
	return nil
}

func xlen(c *Ctx, tx backends.Tx) error {
	s, err := c.readStream(tx, c.Args[1])
	if err != nil {
		return err
	}
	state, _ := s.State()
	c.Int(int64(state.Length))
	return nil
}

// setIDOptions are the arguments of XSETID behind the key.
type setIDOptions struct {
	last, deleted backends.StreamID
	added         int64 // -1: as it is
}

func parseSetID(args [][]byte) (p setIDOptions, err error) {
	p.added = -1
	if p.last, err = parseStreamID(args[0], 0); err != nil {
		return p, err
	}
	for o := (options{args: args[1:]}); o.next(); {
		arg, err := o.value()
		switch {
		case err != nil:
			return p, err
		case o.is("ENTRIESADDED"):
			if p.added, err = integer(arg); err == nil && p.added < 0 {
				err = ErrSetIDAdded
			}
		case o.is("MAXDELETEDID"):
			if p.deleted, err = parseStreamID(arg, 0); err == nil && p.last.Less(p.deleted) {
				err = ErrSetIDDeletedArg
			}
		default:
			err = ErrSyntax
		}
		if err != nil {
			return p, err
		}
	}
	return p, nil
}

func xsetid(c *Ctx, tx backends.Tx) error {
	p, err := parseSetID(c.Args[2:])
	if err != nil {
		return err
	}
	s, err := tx.Stream(c.Args[1])
	if err != nil {
		return err
	}
	state, exists := s.State()
	if !exists {
		return ErrNoSuchKey
	}
	switch {
	case p.last.Less(state.MaxDeleted):
		return ErrSetIDDeleted
	case state.Length > 0 && p.last.Less(lastEntry(s)):
		return ErrSetIDSmall
	case p.added >= 0 && int64(state.Length) > p.added:
		return ErrSetIDLength
	}
	state.Last = p.last
	if p.added >= 0 {
		state.Added = uint64(p.added)
	}
	if p.deleted != (backends.StreamID{}) {
		state.MaxDeleted = p.deleted
	}
	s.SetState(state)
	c.tell(StreamEvent, "xsetid", c.Args[1])
	c.OK()
	return nil
}

// lastEntry is the ID of the last entry.
func lastEntry(s backends.Stream) (last backends.StreamID) {
	s.Each(backends.StreamID{}, backends.LastStreamID, true, func(id backends.StreamID, _ [][]byte) bool {
		last = id
		return false
	})
	return last
}

func xdel(c *Ctx, tx backends.Tx) error {
	s, err := tx.Stream(c.Args[1])
	if err != nil {
		return err
	}
	if _, exists := s.State(); !exists {
		c.Int(0) // and nobody looks at the IDs
		return nil
	}
	ids, err := parseStreamIDs(c.Args[2:])
	if err != nil {
		return err
	}
	removed := int64(0)
	for _, id := range ids {
		if s.Delete(id) {
			removed++
		}
	}
	if removed > 0 {
		c.Notify(StreamEvent, "xdel", c.Args[1])
	}
	c.Int(removed)
	return nil
}

func xtrim(c *Ctx, tx backends.Tx) error {
	a, err := parseAddOrTrim(c.Args[2:], false)
	if err != nil {
		return err
	}
	s, err := tx.Stream(c.Args[1])
	if err != nil {
		return err
	}
	removed := s.Trim(a.trim)
	if removed > 0 {
		c.Notify(StreamEvent, "xtrim", c.Args[1])
	}
	c.Int(int64(removed))
	return nil
}
