package eventloop

import (
	"slices"
	"time"

	"github.com/panjf2000/gnet/v2"
)

// Requests that have run may have replies that must not leave yet, because a backend has still to make their effects
// durable. The connection is parked then: it stays on its loop, which gathers what comes in, and goes on
// when its session says so. No goroutine waits meanwhile, and the end of one commit wakes all clients of a loop
// at once.
//
// The connection of a session that is stopped stays on its loop in the same way, until the session says that the request
// waits no longer. What was replied before goes out meanwhile, and no more requests are run.

// parkedBytes is how much a parked client may send before its connection leaves the loop: there it is not read
// from while it waits, and a client that sends faster than the backend takes is held back.
const parkedBytes = 256 << 10

// park parks the connection if its replies must wait; x has what they are put together in.
func (c *conn) park(x *scratch, violation error) bool {
	if !c.session.Await(c.waker()) {
		return false
	}
	c.parked, c.violation = x, violation
	return true
}

// blocked says whether the request that has stopped the session still waits.
func (c *conn) blocked() bool {
	if c.session.Blocked(c.waker()) {
		return true
	}
	c.sits.Store(false)
	c.seen.Store(time.Now().UnixNano()) // as if its client had spoken only now
	return false
}

// waker returns wakeUp, always the same.
func (c *conn) waker() func() {
	if c.wake == nil {
		c.wake = c.wakeUp
	}
	return c.wake
}

// wakeUp has the loop look whether a parked connection can go on.
func (c *conn) wakeUp() {
	c.woken.Store(true)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.gc != nil {
		_ = c.gc.Wake(nil) // fails only when the loop has ended, and the connection with it
	}
}

// unpark sends the replies that have waited; false: they still have to.
func (c *conn) unpark(gc gnet.Conn) bool {
	if !c.woken.Swap(false) || c.session.Await(c.wake) {
		return false
	}
	x := c.parked
	c.parked = nil
	c.send(gc, x, c.violation)
	c.violation = nil
	x.release()
	return true
}

// gather keeps what comes in meanwhile; false: it is more than a client may send, and Redis too disconnects a client
// whose unprocessed requests become too many.
func (c *conn) gather(data []byte) bool {
	if len(data) > 0 {
		c.backlog = append(c.backlog, data...)
		c.usage.backlog.Store(int64(len(c.backlog)))
	}
	return int64(len(c.backlog)) <= c.s.limits.Request
}

// flee has a goroutine take over a parked connection, unless it cannot leave the loop.
func (c *conn) flee(gc gnet.Conn) bool {
	if gc.OutboundBuffered() > 0 {
		return false
	}
	nc, err := c.detach(gc)
	if err != nil {
		return false
	}
	c.busy.Store(true)
	input := c.backlog
	c.backlog = nil
	c.usage.backlog.Store(0)
	go c.solo(nc, input)
	return true
}

// keepRest puts what was not run before what will come in. rest is the loop's.
func (c *conn) keepRest(rest []byte) {
	c.backlog = slices.Concat(rest, c.backlog)
	c.usage.backlog.Store(int64(len(c.backlog)))
}
