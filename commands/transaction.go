package commands

import (
	"bytes"

	"switchyard/backends"
)

const transactionFlags = NoScript | Loading | Stale | AtOnce

var transactionRows = []*Row{
	{Name: "multi", Arity: 1, Flags: transactionFlags | Fast | AllowBusy, Group: "transactions", Categories: "transaction", Since: "1.2.0",
		Complexity: "O(1)", Summary: "Begins a transaction: what follows is queued.", Serve: multi},
	{Name: "exec", Arity: 1, Flags: transactionFlags | SkipSlowlog | AnyDB, Group: "transactions", Categories: "transaction", Since: "1.2.0",
		Complexity: "Depends on the commands", Summary: "Runs the queued commands as one.", Span: execSpan, Run: execQueue},
	{Name: "discard", Arity: 1, Flags: transactionFlags | Fast | AllowBusy, Group: "transactions", Categories: "transaction", Since: "2.0.0",
		Complexity: "O(N) in the number of queued commands", Summary: "Forgets the queued commands.", Serve: discard},
	{Name: "watch", Arity: -2, Flags: transactionFlags | Fast | AllowBusy, Group: "transactions", Categories: "transaction", Since: "2.2.0",
		Keys: keys("RO"), Syntax: "key [key ...]", Complexity: "O(1) for each key",
		Summary: "Makes the next transaction depend on keys staying as they are.", Span: watchSpan, Run: watch},
	{Name: "unwatch", Arity: 1, Flags: NoScript | Loading | Stale | Fast | AllowBusy, Group: "transactions", Categories: "transaction", Since: "2.2.0",
		Complexity: "O(1)", Summary: "Forgets the keys that are watched.", Serve: unwatch},
}

// Transaction is what a client has queued since MULTI. One EXEC runs it as one transaction of the
// engine, over the keys of all its commands.
type Transaction struct {
	queue  []queued
	bytes  int
	broken bool // a command was refused, so that EXEC will be too
	spans  backends.Access
	brief  bool // it surely takes little time
	apart  bool // some commands are Apart
	shows  bool // some commands MayWrite
}

type queued struct {
	row   *Row
	args  [][]byte
	reply []byte // of a command that ran apart
}

// NewTransaction begins one.
func NewTransaction() *Transaction { return &Transaction{brief: true} }

// maxBriefQueue is how many commands are run on an event loop.
const maxBriefQueue = 64

// Queue adds a call of at most so many bytes in all, and says whether there was room. args are copied.
func (t *Transaction) Queue(row *Row, args [][]byte, limit int64) bool {
	if t.bytes += sizeOf(args); int64(t.bytes) > limit {
		return false
	}
	args = CopyArgs(args)
	t.queue = append(t.queue, queued{row: row, args: args})
	t.spans.Keys = row.AppendKeys(t.spans.Keys, args)
	script := row.Span != nil // nothing else that has one is queued
	t.spans.All = t.spans.All || row.Flags&Whole != 0 || row.Wide != nil && row.Wide(args)
	t.spans.Open = t.spans.Open || script
	t.spans.Write = t.spans.Write || script && row.Flags&Readonly == 0 || row.Flags&(Write|Rewrites) != 0
	t.spans.Grows = t.spans.Grows || row.Flags&DenyOOM != 0
	t.spans.Slow = t.spans.Slow || script
	t.apart = t.apart || row.Flags&Apart != 0
	t.shows = t.shows || row.Flags&MayWrite != 0
	t.brief = t.brief && len(t.queue) <= maxBriefQueue && !row.IsLong(args) && (row.Flags&Fast != 0 || row.Group == "string")
	return true
}

// sizeOf is how many bytes args are.
func sizeOf(args [][]byte) (size int) {
	for _, a := range args {
		size += len(a)
	}
	return size
}

// CopyArgs copies the arguments of a call that is kept, into one piece.
func CopyArgs(args [][]byte) [][]byte {
	text := make([]byte, 0, sizeOf(args))
	list := make([][]byte, len(args))
	for i, a := range args {
		from := len(text)
		text = append(text, a...)
		list[i] = text[from:len(text):len(text)]
	}
	return list
}

// Break makes EXEC refuse the transaction.
func (t *Transaction) Break() { t.broken = true }

// Len is the number of queued commands.
func (t *Transaction) Len() int { return len(t.queue) }

func multi(c *Ctx) error {
	if c.Client.Transaction() != nil {
		return ErrNestedMulti
	}
	c.Client.SetTransaction(NewTransaction())
	c.OK()
	return nil
}

func discard(c *Ctx) error {
	if c.Client.Transaction() == nil {
		return ErrDiscard
	}
	c.Client.SetTransaction(nil)
	c.Client.Unwatch()
	c.OK()
	return nil
}

func watchSpan(_ *Ctx, a *backends.Access) { a.Silent = true }

func watch(c *Ctx, tx backends.Tx) error {
	if c.Client.Transaction() != nil {
		return ErrWatchInMulti
	}
	c.Client.Watch(tx, c.Args[1:])
	c.OK()
	return nil
}

func unwatch(c *Ctx) error {
	c.Client.Unwatch()
	c.OK()
	return nil
}

// execSpan runs the commands that look at backends by themselves, since they cannot do so while the
// transaction holds its keys.
func execSpan(c *Ctx, a *backends.Access) {
	t := c.Client.Transaction()
	if t == nil || t.broken || c.Brief && !t.brief {
		return
	}
	a.Keys = append(a.Keys, t.spans.Keys...)
	a.Keys = c.Client.AppendWatched(a.Keys)
	a.All, a.Open, a.Write, a.Grows, a.Slow = t.spans.All, t.spans.Open, t.spans.Write, t.spans.Grows, t.spans.Slow
	if !t.apart {
		return
	}
	for i := range t.queue {
		if q := &t.queue[i]; q.row.Flags&Apart != 0 {
			from := len(c.Buf)
			c.run(q, nil)
			q.reply = bytes.Clone(c.Buf[from:])
			c.Buf = c.Buf[:from]
		}
	}
}

func execQueue(c *Ctx, tx backends.Tx) error {
	t := c.Client.Transaction()
	switch {
	case t == nil:
		return ErrNoMulti
	case c.Brief && !t.brief && !t.broken:
		return ErrLong
	}
	c.Client.SetTransaction(nil)
	defer c.Client.Unwatch()
	switch {
	case t.broken:
		return ErrExecAbort
	case c.Client.Disturbed(tx):
		c.NullArray()
		return nil
	}
	c.Brief = false // there is no second time
	c.Array(len(t.queue))
	for i := range t.queue {
		if q := &t.queue[i]; q.reply != nil {
			c.Buf = append(c.Buf, q.reply...)
		} else {
			c.run(q, tx)
		}
	}
	return nil
}

// run runs one of several commands that are one call.
func (c *Ctx) run(q *queued, tx backends.Tx) {
	row, args, part, from := c.Row, c.Args, c.Part, len(c.Buf)
	c.Row, c.Args, c.Part = q.row, q.args, true
	var err error
	if q.row.Serve != nil {
		err = q.row.Serve(c)
	} else {
		err = c.readAndRun(q.row, q.args, tx.In(c.Client.DB()))
	}
	c.Client.Finish(q.row, from, err)
	c.Row, c.Args, c.Part = row, args, part
}
