package commands

import (
	"fmt"
	"math"
	"slices"

	"switchyard/backends"
)

var streamReadRows = []*Row{
	{Name: "xread", Arity: -4, Flags: Readonly | Blocking, LongFor: readsMany, Relay: readRelay, MoreKeys: readKeys, Keys: []KeySpec{{1, AfterStreams, 1, "RO access"}}, Categories: "stream", Group: "stream", Since: "5.0.0",
		Syntax:     "[COUNT count] [BLOCK milliseconds] STREAMS key [key ...] id [id ...]",
		Complexity: "O(log M + N) for each stream, in its length and the number of entries returned", Summary: "Returns what came to several streams after an ID.", Run: xread},
	{Name: "xreadgroup", Arity: -7, Flags: Write | Blocking, LongFor: readsMany, Relay: readRelay, MoreKeys: readKeys, Keys: []KeySpec{{4, AfterStreams, 1, "RO access"}}, Categories: "stream", Group: "stream", Since: "5.0.0",
		Syntax:     "GROUP group consumer [COUNT count] [BLOCK milliseconds] [NOACK] STREAMS key [key ...] id [id ...]",
		Complexity: "O(log M + N) for each stream, in its length and the number of entries returned", Summary: "Returns new entries to a consumer of a group, or those that it has not acknowledged.", Run: xreadgroup},
}

// readKeys finds the keys of XREAD and XREADGROUP as these read their arguments: a group may be called
// streams.
func readKeys(dst, args [][]byte) [][]byte {
	for i := 1; i < len(args)-1; i++ {
		switch {
		case equalFold(args[i], "BLOCK"), equalFold(args[i], "COUNT"):
			i++
		case equalFold(args[i], "GROUP"):
			i += 2
		case equalFold(args[i], "STREAMS"):
			return append(dst, streamKeys(args, i)...)
		}
	}
	// A call that will be refused has the keys that COMMAND INFO's key spec finds.
	first := 1
	if equalFold(args[0], "XREADGROUP") {
		first = 4
	}
	for i := first; i < len(args)-1; i++ {
		if equalFold(args[i], "STREAMS") {
			return append(dst, streamKeys(args, i)...)
		}
	}
	return dst
}

// streamKeys are the first half of what follows the word STREAMS.
func streamKeys(args [][]byte, at int) [][]byte {
	return args[at+1 : at+1+(len(args)-at-1)/2]
}

// readRelay keeps a real Redis from blocking a connection that clients share.
var readRelay = &Relay{
	Request: func(c *Ctx, args [][]byte) ([][]byte, error) {
		for i := 1; i < len(args)-1 && !equalFold(args[i], "STREAMS"); i++ {
			switch {
			case equalFold(args[i], "COUNT"):
				i++
			case equalFold(args[i], "GROUP"):
				i += 2
			case equalFold(args[i], "BLOCK"):
				if _, err := timeout(args[i+1], c.Now); err == nil {
					args = slices.Concat(args[:i], args[i+2:])
					i--
				} else {
					i++ // Redis will refuse it
				}
			}
		}
		return args, nil
	},
	Reply: func(_ *Ctx, reply []byte) []byte { return reply },
}

// readsMany: without a COUNT there can be any number of entries.
func readsMany(args [][]byte) bool {
	for i := 1; i < len(args)-1; i++ {
		switch {
		case equalFold(args[i], "COUNT"):
			n, ok := parseInt(args[i+1])
			return ok && (n <= 0 || n > manyElements)
		case equalFold(args[i], "STREAMS"):
			return true
		}
	}
	return false
}

// streamRead are the arguments of XREAD and XREADGROUP.
type streamRead struct {
	count           int64 // of each stream; 0: all
	block           int64 // milliseconds to wait for something; -1: do not wait
	grouped         bool  // it is XREADGROUP
	group, consumer []byte
	noAck           bool
	keys, ids       [][]byte
	much            bool // more than may be read where the call is
}

func parseRead(c *Ctx, grouped bool) (r streamRead, err error) {
	r.block, r.grouped = -1, grouped
	for o := (options{args: c.Args[1:]}); o.next(); {
		more := len(o.args)
		switch {
		case o.is("BLOCK") && more > 0:
			r.block, err = timeout(o.args[0], c.Now)
			o.args = o.args[1:]
		case o.is("COUNT") && more > 0:
			r.count, err = integer(o.args[0])
			r.count = max(r.count, 0)
			o.args = o.args[1:]
		case o.is("STREAMS") && more > 0:
			return r, r.parseStreams(c, o.args)
		case o.is("GROUP") && more > 1:
			if !grouped {
				return r, ErrReadGroup
			}
			r.group, r.consumer = o.args[0], o.args[1]
			o.args = o.args[2:]
		case o.is("NOACK"):
			if r.noAck = true; !grouped {
				return r, ErrReadNoAck
			}
		default:
			err = ErrSyntax
		}
		if err != nil {
			return r, err
		}
	}
	return r, ErrSyntax // STREAMS is missing
}

func (r *streamRead) parseStreams(c *Ctx, args [][]byte) error {
	n := len(args) / 2
	r.keys, r.ids = args[:n], args[n:]
	switch {
	case len(args)%2 != 0 && r.grouped:
		return unbalancedStreams(c.Row.FullName, '>')
	case len(args)%2 != 0:
		return unbalancedStreams(c.Row.FullName, '$')
	case r.grouped && r.group == nil:
		return ErrReadGroupMissing
	}
	return nil
}

// timeout reads how many milliseconds to wait.
func timeout(arg []byte, now int64) (int64, error) {
	switch ms, ok := parseInt(arg); {
	case !ok:
		return 0, ErrTimeoutInteger
	case ms < 0:
		return 0, ErrTimeoutNegative
	case ms > math.MaxInt64-now:
		return 0, ErrTimeoutRange
	default:
		return ms, nil
	}
}

// streamSource is a stream to read from.
type streamSource struct {
	key    []byte
	stream backends.Stream
	state  backends.StreamState
	exists bool
	group  backends.StreamGroup
	after  backends.StreamID
	newest bool // what the group has not seen yet, whatever after says
}

func xread(c *Ctx, tx backends.Tx) error      { return c.readStreams(tx, false) }
func xreadgroup(c *Ctx, tx backends.Tx) error { return c.readStreams(tx, true) }

// readStreams replies with what is there. With nothing there it has changed nothing but when the consumer was seen, and
// waits if that was asked for.
func (c *Ctx) readStreams(tx backends.Tx, grouped bool) error {
	r, err := parseRead(c, grouped)
	if err != nil {
		return err
	}
	sources := make([]streamSource, len(r.keys))
	for i := range sources {
		if err := r.open(c, tx, i, &sources[i]); err != nil {
			return err
		}
	}
	start, served := len(c.Buf), 0
	for i := range sources {
		if !sources[i].exists {
			c.miss(sources[i].key) // Redis looks twice
		}
		if c.serveStream(&r, &sources[i]) {
			served++
		}
	}
	switch {
	case r.much:
		return ErrLong
	case served == 0 && r.block >= 0:
		return c.wait(Wait{Kind: backends.StreamType, Keys: r.keys, Timeout: r.block, Args: r.again(c.Args, sources), OrGone: grouped})
	case served == 0:
		c.NullArray()
	case c.Proto >= 3:
		c.headAt(start, c.Map, served)
	default:
		c.headAt(start, c.Array, served)
	}
	return nil
}

// open opens the stream number i.
func (r *streamRead) open(c *Ctx, tx backends.Tx, i int, src *streamSource) (err error) {
	src.key = r.keys[i]
	if src.stream, err = c.readStream(tx, src.key); err != nil {
		return err
	}
	src.state, src.exists = src.stream.State()
	if r.grouped {
		var ok bool
		if src.group, ok = src.stream.Groups().Get(r.group); !ok {
			return noGroupToRead(src.key, r.group)
		}
	}
	switch string(untilZero(r.ids[i])) {
	case "$":
		if r.grouped {
			return ErrReadDollar
		}
		src.after = src.state.Last
		return nil
	case ">":
		if src.newest = true; !r.grouped {
			return ErrReadNew
		}
		return nil
	}
	src.after, err = parseStreamID(r.ids[i], 0)
	src.newest = r.grouped && src.after == backends.LastStreamID // Redis writes > as this ID
	return err
}

// again are the arguments for the next attempt: $ stands for what it stands for now.
func (r *streamRead) again(args [][]byte, sources []streamSource) [][]byte {
	args = slices.Clone(args)
	ids := args[len(args)-len(r.ids):]
	for i := range sources {
		if string(untilZero(ids[i])) == "$" {
			ids[i] = fmt.Appendf(nil, "%d-%d", sources[i].after.Ms, sources[i].after.Seq)
		}
	}
	return args
}

// serveStream appends what one stream has, and says whether that is anything.
func (c *Ctx) serveStream(r *streamRead, src *streamSource) bool {
	start := len(c.Buf)
	if c.Proto < 3 {
		c.Array(2)
	}
	c.Bulk(src.key)
	switch {
	case !r.grouped:
		if n := c.entriesAfter(r, src, nil); n > 0 {
			r.much = r.much || c.tooManyElements(int(n))
			return true
		}
	case src.newest:
		if c.deliver(r, src) > 0 {
			return true
		}
	default:
		c.history(r, src)
		return true
	}
	c.Buf = c.Buf[:start]
	return false
}

// entriesAfter appends the entries after an ID, and returns how many there are.
func (c *Ctx) entriesAfter(r *streamRead, src *streamSource, each func(id backends.StreamID)) (n int64) {
	from, ok := src.after.Next()
	if !ok {
		return 0
	}
	start := len(c.Buf)
	src.stream.Each(from, backends.LastStreamID, false, func(id backends.StreamID, fields [][]byte) bool {
		c.streamEntry(id, fields)
		if each != nil {
			each(id)
		}
		n++
		return n != r.count && (r.grouped || !c.tooManyElements(int(n)))
	})
	c.headAt(start, c.Array, int(n))
	return n
}

// deliver gives new entries to the consumer.
func (c *Ctx) deliver(r *streamRead, src *streamSource) (n int64) {
	consumer := c.seeConsumer(src.key, src.group, r.consumer)
	group := src.group.State()
	src.after = group.Last
	var ids []backends.StreamID
	n = c.entriesAfter(r, src, func(id backends.StreamID) {
		group.Read = readUpTo(&src.state, group, id)
		group.Last = id
		if !r.noAck {
			ids = append(ids, id)
		}
	})
	if n == 0 {
		return 0
	}
	src.group.SetState(group)
	for _, id := range ids {
		src.group.SetPending(id, backends.Delivery{Consumer: r.consumer, Delivered: c.Now, Count: 1})
	}
	if len(ids) > 0 {
		consumer.Active = c.Now
		src.group.Consumers().Set(r.consumer, consumer)
	}
	return n
}

// seeConsumer notes that a consumer has tried to get something from the stream at a key, and makes it when it is new.
func (c *Ctx) seeConsumer(key []byte, g backends.StreamGroup, name []byte) backends.Consumer {
	consumers := g.Consumers()
	consumer, exists := consumers.Get(name)
	if !exists {
		consumer.Active = -1
		c.tell(StreamEvent, "xgroup-createconsumer", key)
	}
	consumer.Seen = c.Now
	consumers.Set(name, consumer)
	return consumer
}

// history gives the consumer again what it has not acknowledged, with null in place of an entry that is gone.
func (c *Ctx) history(r *streamRead, src *streamSource) {
	c.seeConsumer(src.key, src.group, r.consumer)
	from, _ := src.after.Next() // the last ID has another meaning
	type again struct {
		id backends.StreamID
		backends.Delivery
	}
	var delivered []again
	start, n := len(c.Buf), int64(0)
	src.group.EachPending(from, r.consumer, func(id backends.StreamID, d backends.Delivery) bool {
		if c.entryAt(src.stream, id, false) {
			d.Delivered = c.Now
			d.Count++
			delivered = append(delivered, again{id, d})
		} else {
			c.Array(2)
			c.streamID(id)
			c.NullArray()
		}
		n++
		return n != r.count
	})
	for _, d := range delivered {
		src.group.SetPending(d.id, d.Delivery)
	}
	c.headAt(start, c.Array, int(n))
}
