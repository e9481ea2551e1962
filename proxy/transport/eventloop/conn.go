package eventloop

import (
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/panjf2000/gnet/v2"

	"switchyard/proxy/transport"
)

// conn is one connection. It is in one of three places:
//
//   - on its loop, where requests are run as they come in (this file), and replies or a request may have to wait (park.go);
//   - with a goroutine, for one request that may take long and what its client has sent behind it, while
//     the loop gathers what comes in (wait.go);
//   - off the loop, with a goroutine of its own that also reads the socket, as long as the backend is one
//     for which nearly every request waits (solo.go).
//
// Whoever has the connection has its session, its scanner and the fields below.
type conn struct {
	s       *Server
	remote  net.Addr
	local   net.Addr
	session transport.Session
	scanner transport.Scanner
	partial []byte    // the well-formed part of a request that has not come whole yet
	ready   []byte    // a whole request that has not run yet, before all that is in backlog
	backlog []byte    // what came in and has to wait; always the loop's
	gone    bool      // the connection is closed; always the loop's
	ending  time.Time // since when nothing more is read; zero: it goes on
	at      int32     // the number of its loop

	home atomic.Int32 // the number of the loop where it belongs
	busy atomic.Bool  // a goroutine has it
	sits atomic.Bool  // its session is stopped; who has the connection changes it
	mute atomic.Bool  // it may be silent
	seen atomic.Int64 // Unix nanoseconds of the last request

	usage usage

	parked    *scratch    // replies that wait are in it; nil: none do
	violation error       // of the protocol, behind those replies
	wake      func()      // wakeUp
	woken     atomic.Bool // the parked replies may go

	mu     sync.Mutex
	gc     gnet.Conn         // on the loop, else nil; for others than the loop
	nc     net.Conn          // off the loop, else nil
	out    *transport.Outbox // of nc
	giving int               // batches of replies on their way to the loop, behind which pushes have to stay
	pushed []byte            // what is still to be pushed: by the loop, which must not be left before, or once it is on one
	quota  transport.Quota
	closed bool
}

const (
	// readBytes is how much a connection has read and run before the others have their turn, as in Redis.
	readBytes = 16 << 10
	// flushBytes is how much of the replies to a batch is kept back to be sent at once.
	flushBytes = 64 << 10
	// linger is how long a connection that ends may take to read its last replies, and
	// retryLinger how often the loop looks.
	linger      = 30 * time.Second
	retryLinger = 5 * time.Millisecond
	// keepBytes is the size above which buffers are not kept.
	keepBytes = 64 << 10
	// keepPushed is the same for what a connection is to push, since many wait for pushes and do nothing else.
	keepPushed = 512
)

// scratch is what works for one connection at a time; an idle connection needs nothing.
type scratch struct {
	args [][]byte
	out  []byte
}

var scratches = sync.Pool{New: func() any { return &scratch{out: make([]byte, 0, 16<<10)} }}

func (x *scratch) release() {
	clear(x.args[:cap(x.args)])
	if cap(x.args) > 1<<10 {
		x.args = nil
	}
	if cap(x.out) > keepBytes {
		x.out = make([]byte, 0, 16<<10)
	}
	scratches.Put(x)
}

// receive takes what has come in, which is nothing when the loop was only woken up.
func (c *conn) receive(gc gnet.Conn) gnet.Action {
	data, err := gc.Next(-1)
	if err != nil {
		return gnet.Close
	}
	if len(data) > 0 {
		c.session.Received(len(data))
		c.seen.Store(time.Now().UnixNano())
	}
	switch waits := c.parked != nil || c.sits.Load(); {
	case (waits || c.busy.Load()) && !c.gather(data):
		return gnet.Close
	case c.busy.Load():
		return gnet.None
	case c.parked != nil && !c.unpark(gc):
		if len(c.backlog) > parkedBytes && c.flee(gc) {
			return gnet.Close
		}
		return gnet.None
	case c.sits.Load() && c.blocked():
		if c.s.draining.Load() {
			return c.finish(gc)
		}
		return gnet.None
	case waits:
		data = nil // it is in the backlog
	}
	switch {
	case !c.ending.IsZero():
		return c.end(gc)
	case len(c.backlog) > 0:
		data, c.backlog = append(c.backlog, data...), nil
		c.usage.backlog.Store(0)
	}
	rest, ran := c.work(gc, data)
	if c.session.Stopped() {
		c.sits.Store(true)
	}
	switch {
	case c.parked != nil:
		c.keepRest(rest)
		return gnet.None
	case !c.ending.IsZero():
		return c.end(gc)
	case c.sits.Load():
		c.keepRest(rest)
		if c.s.draining.Load() || !c.session.Blocked(c.waker()) {
			_ = gc.Wake(nil) // fails only when the loop has ended
		}
		return gnet.None
	case !ran:
		return c.handOver(gc, append([]byte(nil), rest...)) // rest is the loop's
	case c.s.draining.Load():
		return c.finish(gc)
	case c.at != c.home.Load():
		return c.move(gc)
	}
	return gnet.None
}

// move takes the connection to the loop where it belongs.
func (c *conn) move(gc gnet.Conn) gnet.Action {
	if gc.OutboundBuffered() > 0 {
		return gnet.None // with the next request, then
	}
	nc, err := c.detach(gc)
	if err != nil {
		return gnet.None
	}
	go c.enroll(nc) // it waits for the other loop
	return gnet.Close
}

// handOver gives the connection to a goroutine, which begins with input.
func (c *conn) handOver(gc gnet.Conn, input []byte) gnet.Action {
	c.busy.Store(true)
	c.usage.partial.Store(int64(len(c.partial) + len(c.ready) + len(input)))
	if !c.session.Prompt() && gc.OutboundBuffered() == 0 {
		if nc, err := c.detach(gc); err == nil {
			go c.solo(nc, input)
			return gnet.Close
		}
	}
	c.s.workers.start(job{c, gc, input})
	return gnet.None
}

// finish begins the end of the connection.
func (c *conn) finish(gc gnet.Conn) gnet.Action {
	c.ending = time.Now()
	return c.end(gc)
}

// end closes the connection once its replies are on their way.
func (c *conn) end(gc gnet.Conn) gnet.Action {
	c.backlog, c.ready = nil, nil
	c.usage.backlog.Store(0)
	c.count()
	c.flush(gc)
	if gc.OutboundBuffered() > 0 && time.Since(c.ending) < linger {
		time.AfterFunc(retryLinger, c.nudge)
		return gnet.None
	}
	return gnet.Close
}

// work runs requests on the loop, and sends the replies. At the first request that may not be run there it stops:
// then ran is false and rest is what it leaves. It stops, too, behind one that has stopped the session.
func (c *conn) work(gc gnet.Conn, data []byte) (rest []byte, ran bool) {
	if len(data) == 0 && c.ready == nil && !c.session.Stopped() {
		return nil, true
	}
	x := scratches.Get().(*scratch)
	c.session.Reply(x.out[:0])
	requests := 0
	rest, ran, violation := c.feed(x, data, func(args [][]byte) bool {
		requests++
		if c.session.Buffered() > flushBytes {
			if c.park(x, nil) {
				return false
			}
			c.send(gc, x, nil)
			c.session.Reply(x.out[:0])
		}
		return c.session.Try(args)
	})
	c.s.traffic[c.at].add(requests)
	if c.parked == nil && !c.park(x, violation) {
		c.send(gc, x, violation)
		x.release()
	}
	return rest, ran
}

// send sends the replies so far.
func (c *conn) send(gc gnet.Conn, x *scratch, violation error) {
	c.session.Settle()
	c.flush(gc) // what comes after this waits for its turn on the loop, behind the replies
	replies, closing := c.session.Replies()
	x.out = replies[:0]
	replies = withViolation(replies, closing, violation)
	failed := false
	if len(replies) > 0 {
		_, err := gc.Write(replies)
		failed = err != nil || c.overflows(gc)
	}
	switch {
	case failed:
		c.ending = time.Now().Add(-linger) // at once
	case (closing || violation != nil) && c.ending.IsZero():
		c.ending = time.Now()
	}
}

// overflows says whether the client leaves too much unread, for which it is disconnected.
func (c *conn) overflows(gc gnet.Conn) bool {
	unread := c.unread(gc)
	c.mu.Lock()
	exceeded := c.quota.Exceeded(unread)
	c.mu.Unlock()
	if exceeded {
		c.s.unread(c.remote, transport.ErrUnread)
	}
	return exceeded
}

// withViolation adds the answer to a violation of the protocol, unless the client has quit before it.
func withViolation(replies []byte, closing bool, violation error) []byte {
	if violation == nil || closing {
		return replies
	}
	return append(replies, transport.ErrorReply(violation)...)
}

// feed runs request after request, and stops at the first that was not run: that one is in ready, or
// at the beginning of rest. It stops, too, behind one that has stopped the session.
func (c *conn) feed(x *scratch, data []byte, run func([][]byte) bool) (rest []byte, ran bool, violation error) {
	defer c.count()
	for {
		if c.ready != nil {
			x.args = transport.Split(c.ready, x.args[:0])
			if !run(x.args) {
				return data, false, nil
			}
			c.ready = nil
			if c.session.Stopped() {
				return data, true, nil
			}
		}
		if len(data) == 0 {
			return nil, true, nil
		}
		trusted := c.session.Trusted()
		if trusted && c.scanner.Between() {
			args, after, ok := c.s.limits.Ordinary(data, x.args[:0])
			x.args = args
			if ok {
				if !run(args) {
					return data, false, nil
				}
				data = after
				if c.session.Stopped() {
					return data, true, nil
				}
				continue
			}
		}
		var err error
		if c.partial, data, err = c.scanner.ScanOne(c.partial, data, trusted); err != nil {
			return nil, true, err
		}
		if len(c.partial) > 0 && c.scanner.Between() {
			c.ready, c.partial = c.partial, nil
		}
	}
}

// attach puts the connection on a loop.
func (c *conn) attach(gc gnet.Conn) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.gc = gc
	c.usage.unread.Store(0)
	switch {
	case c.closed:
		c.abandonOn(gc)
	case len(c.pushed) > 0:
		c.flushSoon()
	}
	if c.sits.Load() {
		_ = gc.Wake(nil) // it has come here to wait; fails only when the loop has ended, and the connection with it
	}
}

// RemoteAddr implements transport.Conn.
func (c *conn) RemoteAddr() net.Addr { return c.remote }

// LocalAddr implements transport.Conn.
func (c *conn) LocalAddr() net.Addr { return c.local }

// Push implements transport.Conn. Replies are only ever written whole, so it need not know of them.
func (c *conn) Push(b []byte) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.closed || len(b) == 0:
		return
	case c.nc != nil:
		if _, err := c.out.Push(b); err != nil { // its goroutine notices
			c.s.unread(c.remote, err)
		}
		return
	}
	c.pushed = append(c.pushed, b...)
	switch {
	case c.quota.Exceeded(len(c.pushed) + int(c.usage.unread.Load())):
		c.s.unread(c.remote, transport.ErrUnread)
		c.closed, c.pushed = true, nil
		c.abandonOn(c.gc)
	case c.gc != nil && len(c.pushed) == len(b) && c.giving == 0:
		c.flushSoon()
	}
}

// take takes the replies out of the session, for a goroutine. What has been pushed before goes before them, and what is from
// then on behind them: it waits until given is called, once the loop has written them.
func (c *conn) take() (replies []byte, closing bool) {
	c.mu.Lock()
	before := c.pushed
	c.pushed = nil
	c.giving++
	c.mu.Unlock()
	replies, closing = c.session.Replies()
	if len(before) > 0 {
		replies = append(before, replies...)
	}
	return replies, closing
}

// given is called by the loop when replies that were taken are written.
func (c *conn) given(gc gnet.Conn, err error) error {
	c.mu.Lock()
	c.giving--
	c.mu.Unlock()
	if err == nil {
		c.flush(gc)
	}
	return nil
}

// flushSoon has the loop flush, in its turn among what it is to write. c.mu is held.
func (c *conn) flushSoon() {
	// It fails only when the loop has ended, and the connection with it.
	_ = c.gc.AsyncWrite(nil, func(gc gnet.Conn, err error) error {
		if err == nil && c.flush(gc) && c.overflows(gc) {
			return gc.Close()
		}
		return nil
	})
}

// flush writes what is to be pushed, on the loop. So whatever came together costs one write. It says
// whether there was something.
func (c *conn) flush(gc gnet.Conn) bool {
	c.mu.Lock()
	b := c.pushed
	if c.gc != gc || len(b) == 0 || c.giving > 0 {
		c.mu.Unlock()
		return false
	}
	c.pushed = nil
	c.usage.unread.Add(int64(len(b))) // until it is known how much of it is
	c.mu.Unlock()
	_, _ = gc.Write(b) // an error is the end of the connection, and comes to leave, which takes the lock
	c.unread(gc)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.pushed == nil && cap(b) <= keepPushed {
		c.pushed = b[:0]
	}
	return true
}

// Bound implements transport.Conn.
func (c *conn) Bound(limit transport.OutputLimit) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.quota.Limit = limit
	if c.nc != nil {
		c.out.Bound(limit)
	}
}

// Spare implements transport.Conn.
func (c *conn) Spare(on bool) { c.mute.Store(on) }

// Abandon implements transport.Conn.
func (c *conn) Abandon() {
	c.mu.Lock()
	c.closed, c.pushed = true, nil
	c.mu.Unlock()
	c.abandon()
}

// nudge makes whoever has the connection look at it.
func (c *conn) nudge() {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.gc != nil:
		_ = c.gc.Wake(nil) // fails only when the loop has ended, and the connection with it
	case c.nc != nil && c.s.draining.Load():
		_ = c.nc.SetReadDeadline(longAgo) // fails only when it is closed
	}
}

// abandon closes the connection as it is.
func (c *conn) abandon() {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.gc != nil:
		c.abandonOn(c.gc)
	case c.nc != nil:
		_ = c.nc.Close() // its goroutine notices
	}
}

// abandonOn is abandon on a loop; nil: the connection is not on one now, and attach sees to it.
func (c *conn) abandonOn(gc gnet.Conn) {
	if gc != nil {
		_ = gc.Close() // fails only when the loop has ended, and the connection with it
	}
}

// leave is the end of the connection on its loop, unless it has left that. The session ends with it, or
// when the goroutine is done.
func (c *conn) leave(gc gnet.Conn) {
	c.mu.Lock()
	left := c.gc != gc
	if !left {
		c.gc, c.closed = nil, true
	}
	c.mu.Unlock()
	if left {
		return
	}
	c.gone = true
	switch {
	case c.busy.Load(): // the goroutine sees to it
	case c.parked != nil:
		go c.s.remove(c) // it waits for what is under way
	default:
		c.s.remove(c)
	}
}
