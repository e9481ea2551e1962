package commands

import (
	"math"
	"strconv"

	"switchyard/backends"
)

var streamPendingRows = []*Row{
	{Name: "xpending", Arity: -3, Flags: Readonly, LongFor: pendingMany, Keys: key("RO access"), Categories: "stream", Tips: streamTips, Group: "stream", Since: "5.0.0",
		Syntax:     "key group [[IDLE min-idle-time:integer] start:string end:string count [consumer]]",
		Complexity: "O(log M + N) in the number of pending entries and of those returned; with IDLE, of those in the range", Summary: "Returns what was delivered and not acknowledged.", Run: xpending},
	{Name: "xclaim", Arity: -6, Flags: Write | Fast, Keys: key("RW update"), Categories: "stream", Tips: streamTips, Group: "stream", Since: "5.0.0",
		Syntax:     "key group consumer min-idle-time id [id ...] [IDLE ms] [TIME unix-time-milliseconds] [RETRYCOUNT count] [FORCE] [JUSTID] [LASTID id]",
		Complexity: "O(log N) for each ID", Summary: "Makes pending entries those of another consumer.", Run: xclaim},
	{Name: "xautoclaim", Arity: -6, Flags: Write | Fast, LongFor: autoclaimsMany, Keys: key("RW delete"), Categories: "stream", Tips: streamTips, Group: "stream", Since: "6.2.0",
		Syntax:     "key group consumer min-idle-time start:string [COUNT count] [JUSTID]",
		Complexity: "O(log M + N) in the number of pending entries and in COUNT", Summary: "Makes idle pending entries those of a consumer.", Run: xautoclaim},
}

// pendingMany: with IDLE it may be long until an entry is found.
func pendingMany(args [][]byte) bool {
	return len(args) > 5 && (equalFold(args[3], "IDLE") || isMany(args[5]))
}

// pendingRange are the arguments of XPENDING behind the group.
type pendingRange struct {
	idle, count int64
	from, to    backends.StreamID
	consumer    []byte // nil: of all
}

func parsePending(args [][]byte) (p pendingRange, err error) {
	const least, most = 3, 6 // start, end and count
	if len(args) < least || len(args) > most {
		return p, ErrSyntax
	}
	if equalFold(args[0], "IDLE") {
		if p.idle, err = integer(args[1]); err != nil {
			return p, err
		}
		if args = args[2:]; len(args) < least {
			return p, ErrSyntax
		}
	}
	if p.count, err = integer(args[2]); err != nil {
		return p, err
	}
	if p.from, err = parseRangeStart(args[0]); err != nil {
		return p, err
	}
	if p.to, err = parseRangeEnd(args[1]); err != nil {
		return p, err
	}
	if len(args) > least {
		p.consumer = args[least]
	}
	return p, nil
}

func xpending(c *Ctx, tx backends.Tx) (err error) {
	var p pendingRange
	if len(c.Args) > 3 {
		if p, err = parsePending(c.Args[3:]); err != nil {
			return err
		}
	}
	s, err := c.readStream(tx, c.Args[1])
	if err != nil {
		return err
	}
	g, exists := s.Groups().Get(c.Args[2])
	switch {
	case !exists:
		return noKeyOrGroup(c.Args[1], c.Args[2])
	case len(c.Args) == 3:
		c.pendingSummary(g)
	default:
		c.pendingEntries(g, &p)
	}
	return nil
}

func (c *Ctx) pendingSummary(g backends.StreamGroup) {
	c.Array(4)
	c.Int(int64(g.PendingCount(nil)))
	last, any := g.LastPending()
	if !any {
		c.Null()
		c.Null()
		c.NullArray()
		return
	}
	g.EachPending(backends.StreamID{}, nil, func(first backends.StreamID, _ backends.Delivery) bool {
		c.streamID(first)
		return false
	})
	c.streamID(last)
	start, n := len(c.Buf), 0
	g.Consumers().Each(func(name []byte, _ backends.Consumer) bool {
		if pending := g.PendingCount(name); pending > 0 {
			c.Array(2)
			c.Bulk(name)
			c.Bulk(strconv.AppendInt(c.digits[:0], int64(pending), 10))
			n++
		}
		return true
	})
	c.headAt(start, c.Array, n)
}

// pendingEntries appends the pending entries of a range. A consumer that is not there has none.
func (c *Ctx) pendingEntries(g backends.StreamGroup, p *pendingRange) {
	start, n := len(c.Buf), int64(0)
	if p.count > 0 {
		g.EachPending(p.from, p.consumer, func(id backends.StreamID, d backends.Delivery) bool {
			if p.to.Less(id) {
				return false
			}
			if p.idle != 0 && c.Now-d.Delivered < p.idle {
				return true
			}
			c.Array(4)
			c.streamID(id)
			c.Bulk(d.Consumer)
			c.Int(max(c.Now-d.Delivered, 0))
			c.Int(int64(d.Count))
			n++
			return n < p.count
		})
	}
	c.headAt(start, c.Array, int(n))
}

// claim are the arguments of XCLAIM behind the consumer.
type claim struct {
	idle      int64 // at least so long
	ids       []backends.StreamID
	delivered int64 // -1: now
	count     int64 // -1: one more
	force     bool
	justID    bool
	last      backends.StreamID
}

func parseClaim(args [][]byte, now int64) (p claim, err error) {
	p.delivered, p.count = -1, -1
	idle, ok := parseInt(args[0])
	if !ok {
		return p, invalidClaim("min-idle-time", "XCLAIM")
	}
	p.idle = max(idle, 0)
	args = args[1:]
	for len(args) > 0 {
		id, err := parseStreamID(args[0], 0)
		if err != nil {
			break // the options begin
		}
		p.ids = append(p.ids, id)
		args = args[1:]
	}
	for o := (options{args: args}); o.next(); {
		if err := p.parseOption(&o, now); err != nil {
			return p, err
		}
	}
	if p.delivered < 0 || p.delivered > now {
		p.delivered = now // clients may compute it from clocks of their own
	}
	return p, nil
}

func (p *claim) parseOption(o *options, now int64) (err error) {
	switch more := len(o.args) > 0; {
	case o.is("FORCE"):
		p.force = true
	case o.is("JUSTID"):
		p.justID = true
	case more && o.is("LASTID"):
		p.last, err = parseStreamID(o.args[0], 0)
		o.args = o.args[1:]
	case more && o.is("IDLE"):
		p.delivered, err = claimNumber(o, "IDLE")
		p.delivered = now - p.delivered
	case more && o.is("TIME"):
		p.delivered, err = claimNumber(o, "TIME")
	case more && o.is("RETRYCOUNT"):
		p.count, err = claimNumber(o, "RETRYCOUNT")
	default:
		err = unrecognizedClaimOption(o.opt)
	}
	return err
}

func claimNumber(o *options, name string) (int64, error) {
	n, ok := parseInt(o.args[0])
	o.args = o.args[1:]
	if !ok {
		return 0, invalidClaim(name+" option", "XCLAIM")
	}
	return n, nil
}

func xclaim(c *Ctx, tx backends.Tx) error {
	s, err := c.readStream(tx, c.Args[1])
	if err != nil {
		return err
	}
	g, exists := s.Groups().Get(c.Args[2])
	if !exists {
		return noKeyOrGroup(c.Args[1], c.Args[2])
	}
	p, err := parseClaim(c.Args[4:], c.Now)
	if err != nil {
		return err
	}
	if group := g.State(); group.Last.Less(p.last) {
		group.Last = p.last
		g.SetState(group)
	}
	consumer := c.seeConsumer(c.Args[1], g, c.Args[3])
	start, n := len(c.Buf), 0
	for _, id := range p.ids {
		if c.claimEntry(s, g, &p, id) {
			n++
		}
	}
	if n > 0 {
		consumer.Active = c.Now
		g.Consumers().Set(c.Args[3], consumer)
	}
	c.headAt(start, c.Array, n)
	return nil
}

// claimEntry makes a pending entry the consumer's and appends it. An entry that is gone is pending no more.
func (c *Ctx) claimEntry(s backends.Stream, g backends.StreamGroup, p *claim, id backends.StreamID) bool {
	d, pending := g.Pending(id)
	start := len(c.Buf)
	if !c.entryAt(s, id, p.justID) {
		g.Acknowledge(id)
		return false
	}
	if !pending && !p.force || pending && p.idle > 0 && c.Now-d.Delivered < p.idle {
		c.Buf = c.Buf[:start]
		return false
	}
	if !pending {
		d.Count = 1
	}
	if p.count >= 0 {
		d.Count = uint64(p.count)
	} else if !p.justID {
		d.Count++
	}
	d.Consumer, d.Delivered = c.Args[3], p.delivered
	g.SetPending(id, d)
	return true
}

// autoclaim are the arguments of XAUTOCLAIM behind the consumer.
type autoclaim struct {
	idle   int64
	from   backends.StreamID
	count  int64 // of entries in the reply
	justID bool
}

const (
	// attempts is how many pending entries XAUTOCLAIM looks at for each that it may return.
	attempts = 10
	// mostClaimed is Redis's bound on COUNT: a 16th of a LONG_MAX.
	mostClaimed = math.MaxInt64 / 16
)

func autoclaimsMany(args [][]byte) bool {
	for i, arg := range args[6:] {
		if equalFold(arg, "COUNT") && i+7 < len(args) {
			return isMany(args[i+7])
		}
	}
	return false
}

func parseAutoclaim(args [][]byte) (p autoclaim, err error) {
	idle, ok := parseInt(args[0])
	if !ok {
		return p, invalidClaim("min-idle-time", "XAUTOCLAIM")
	}
	p.idle, p.count = max(idle, 0), 100
	if p.from, err = parseRangeStart(args[1]); err != nil {
		return p, err
	}
	for o := (options{args: args[2:]}); o.next(); {
		switch {
		case o.is("COUNT") && len(o.args) > 0:
			if p.count, ok = parseInt(o.args[0]); !ok || p.count < 1 || p.count > mostClaimed {
				return p, ErrClaimCount
			}
			o.args = o.args[1:]
		case o.is("JUSTID"):
			p.justID = true
		default:
			return p, ErrSyntax
		}
	}
	return p, nil
}

func xautoclaim(c *Ctx, tx backends.Tx) error {
	s, wrongType := c.readStream(tx, c.Args[1])
	p, err := parseAutoclaim(c.Args[4:])
	if err != nil {
		return err
	}
	if wrongType != nil {
		return wrongType
	}
	g, exists := s.Groups().Get(c.Args[2])
	if !exists {
		return noKeyOrGroup(c.Args[1], c.Args[2])
	}
	consumer := c.seeConsumer(c.Args[1], g, c.Args[3])
	c.Array(3)
	start := len(c.Buf)
	taken, gone, next := c.idleEntries(s, g, &p)
	c.headAt(start, func(n int) { c.streamID(next); c.Array(n) }, len(taken))
	c.takeOver(g, taken, gone, p.justID)
	if len(taken) > 0 {
		consumer.Active = c.Now
		g.Consumers().Set(c.Args[3], consumer)
	}
	c.Array(len(gone))
	for _, id := range gone {
		c.streamID(id)
	}
	return nil
}

// idleEntries appends pending entries that may be taken. It returns their IDs, those of pending entries that are
// gone, and the ID to go on with.
func (c *Ctx) idleEntries(s backends.Stream, g backends.StreamGroup, p *autoclaim) (taken, gone []backends.StreamID, next backends.StreamID) {
	tries := attempts * p.count
	g.EachPending(p.from, nil, func(id backends.StreamID, d backends.Delivery) bool {
		if tries == 0 || int64(len(taken)+len(gone)) == p.count {
			next = id
			return false
		}
		tries--
		before := len(c.Buf)
		switch {
		case !c.entryAt(s, id, p.justID):
			gone = append(gone, id)
		case p.idle > 0 && c.Now-d.Delivered < p.idle:
			c.Buf = c.Buf[:before]
		default:
			taken = append(taken, id)
		}
		return true
	})
	return taken, gone, next
}

// takeOver makes pending entries the consumer's, and those that are gone pending no more.
func (c *Ctx) takeOver(g backends.StreamGroup, taken, gone []backends.StreamID, justID bool) {
	for _, id := range taken {
		d, _ := g.Pending(id) // it is: it was just found
		d.Consumer, d.Delivered = c.Args[3], c.Now
		if !justID {
			d.Count++
		}
		g.SetPending(id, d)
	}
	for _, id := range gone {
		g.Acknowledge(id)
	}
}
