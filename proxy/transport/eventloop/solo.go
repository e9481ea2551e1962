package eventloop

import (
	"errors"
	"net"
	"os"
	"time"

	"github.com/panjf2000/gnet/v2"

	"switchyard/proxy/transport"
)

// While requests wait for a disk or another server, a loop would only pass each of them on to a
// goroutine and back, and could not stop reading from a client that sends faster than the backend
// takes. So such a connection leaves the loop for a goroutine of its own, and comes back when the
// backend is a prompt one again, or when its session is stopped: nobody need have a goroutine to wait for a key.

// longAgo is a deadline that has passed.
var longAgo = time.Unix(1, 0)

var errQueued = errors.New("the loop has yet to write pushes, or to close the connection")

// detach takes the connection off its loop, which then closes its own descriptor.
func (c *conn) detach(gc gnet.Conn) (net.Conn, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.pushed) > 0 || c.closed {
		return nil, errQueued
	}
	fd, err := gc.Dup()
	if err != nil {
		return nil, err
	}
	f := os.NewFile(uintptr(fd), "client")
	defer f.Close()
	nc, err := net.FileConn(f)
	if err != nil {
		return nil, err
	}
	c.gc, c.nc, c.out = nil, nc, transport.NewOutbox(nc, c.s.limits.Output)
	c.out.Bound(c.quota.Limit)
	return nc, nil
}

// solo serves the connection until it ends or goes back to a loop.
func (c *conn) solo(nc net.Conn, input []byte) {
	x, out := c.parked, c.out
	goesOn := true
	if x != nil {
		c.session.Settle()
		goesOn = c.deliver(x, out, c.violation) != nil
		c.parked, c.violation = nil, nil
	} else {
		x = scratches.Get().(*scratch)
	}
	defer x.release()
	buf := make([]byte, readBytes)
	for goesOn {
		rest := input
		if !c.sits.Load() {
			rest, goesOn = c.batch(x, out, input)
		}
		if !goesOn {
			break
		}
		if c.session.Stopped() {
			if c.sitDown(nc, out, rest) {
				return
			}
			break
		}
		// A client that sends more than was read at once would soon be back.
		if c.session.Prompt() && c.scanner.Between() && len(input) < len(buf) && c.enroll(nc) {
			return
		}
		if c.s.idle > 0 {
			var end time.Time
			if !c.mute.Load() {
				end = time.Now().Add(c.s.idle)
			}
			_ = nc.SetReadDeadline(end) // an error comes again in Read
		}
		if c.s.draining.Load() {
			break
		}
		n, err := nc.Read(buf)
		c.session.Received(n)
		c.seen.Store(time.Now().UnixNano())
		// What is kept of a request lies in the buffer, but not beyond batch.
		if input = buf[:n]; err != nil && n == 0 {
			break
		}
	}
	out.Wait(linger)
	c.mu.Lock()
	c.nc, c.closed = nil, true
	c.mu.Unlock()
	_ = nc.Close() // the client may have closed it before
	c.s.remove(c)
}

// sitDown takes a connection whose session is stopped back to a loop, with what it has to run afterwards, once the client has
// read what was replied before; false: the connection ends.
func (c *conn) sitDown(nc net.Conn, out *transport.Outbox, rest []byte) bool {
	c.keepRest(rest)
	c.sits.Store(true)
	for !c.s.draining.Load() {
		if c.enroll(nc) {
			return true
		}
		out.Wait(linger)
	}
	return false
}

// batch runs all requests in input, until one stops the session, and sends the replies. It returns what it has not run;
// false: the connection ends.
func (c *conn) batch(x *scratch, out *transport.Outbox, input []byte) (rest []byte, ok bool) {
	c.session.Reply(x.out[:0])
	rest, _, violation := c.feed(x, input, func(args [][]byte) bool {
		// The session keeps args until it settles; x.args is for the next request.
		c.session.Execute(append([][]byte(nil), args...))
		if c.session.Buffered() > flushBytes {
			c.session.Settle()
			c.session.Reply(c.deliver(x, out, nil))
		}
		return true
	})
	c.session.Settle()
	return rest, c.deliver(x, out, violation) != nil
}

// deliver sends the replies so far, and returns the buffer for more; nil: the connection ends.
func (c *conn) deliver(x *scratch, out *transport.Outbox, violation error) []byte {
	out.Give()
	replies, closing := c.session.Replies()
	x.out = replies[:0]
	replies = withViolation(replies, closing, violation)
	if _, err := out.Write(replies); err != nil {
		c.s.unread(c.remote, err)
		closing = true
	}
	if closing || violation != nil {
		return nil
	}
	if cap(x.out) > keepBytes || x.out == nil {
		x.out = make([]byte, 0, readBytes)
	}
	return x.out
}

// enroll puts the connection on a loop again, unless something is still to be sent. nc is closed then;
// its loop has a descriptor of its own.
func (c *conn) enroll(nc net.Conn) bool {
	c.mu.Lock()
	if !c.out.Empty() {
		c.mu.Unlock()
		return false
	}
	c.nc = nil
	c.mu.Unlock()
	c.busy.Store(false)
	c.s.enroll(nc, c)
	return true
}
