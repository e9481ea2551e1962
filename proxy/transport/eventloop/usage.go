package eventloop

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/panjf2000/gnet/v2"

	"switchyard/proxy/transport"
)

// usage is what others may know of a connection's buffers, which belong to who has the connection. Buffers that
// are empty, as nearly always, cost a look at a number.
type usage struct {
	partial atomic.Int64 // bytes of requests that have not come whole or not run yet, or are with a goroutine
	backlog atomic.Int64 // bytes behind them
	unread  atomic.Int64 // bytes that the loop could not send yet
	watched atomic.Bool  // they will be counted again
}

// recount is how old a count of unread bytes may be: the loop does not tell when it has sent them.
const recount = 100 * time.Millisecond

// Usage implements transport.Conn.
func (c *conn) Usage() (u transport.Usage) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.gc != nil:
		u.FD, u.Output = c.gc.Fd(), int(c.usage.unread.Load())+len(c.pushed)
	case c.nc != nil:
		u = c.out.Usage()
	}
	u.Input = int(c.usage.partial.Load() + c.usage.backlog.Load())
	return u
}

// count counts what is left of a batch.
func (c *conn) count() {
	if n := int64(len(c.partial) + len(c.ready)); n != c.usage.partial.Load() {
		c.usage.partial.Store(n)
	}
}

// unread counts what the loop could not send yet. It is called on the loop.
func (c *conn) unread(gc gnet.Conn) int {
	n := gc.OutboundBuffered()
	if n == 0 && c.usage.unread.Load() == 0 {
		return 0
	}
	c.usage.unread.Store(int64(n))
	if n > 0 && c.usage.watched.CompareAndSwap(false, true) {
		time.AfterFunc(recount, func() { c.recount(gc) })
	}
	return n
}

// recount counts again on the loop, until nothing is left or the connection has gone from it.
func (c *conn) recount(gc gnet.Conn) {
	// It fails only when the loop has ended, and the connection with it.
	_ = gc.EventLoop().Execute(context.Background(), gnet.RunnableFunc(func(context.Context) error {
		c.usage.watched.Store(false)
		c.mu.Lock()
		here := c.gc == gc
		c.mu.Unlock()
		if here && c.overflows(gc) {
			return gc.Close()
		}
		return nil
	}))
}
