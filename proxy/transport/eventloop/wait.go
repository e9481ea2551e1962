package eventloop

import (
	"context"
	"time"

	"github.com/panjf2000/gnet/v2"
)

// wait runs requests on a goroutine until none is left or one stops the session, sends the replies, and hands the connection
// back to its loop. There is at most one such goroutine for each connection; how many run at once
// is bounded by the session.
func (c *conn) wait(gc gnet.Conn, input []byte) {
	x := scratches.Get().(*scratch)
	defer x.release()
	c.session.Reply(nil)
	rest, _, violation := c.feed(x, input, func(args [][]byte) bool {
		// The session keeps args until it settles; x.args is for the next request.
		c.session.Execute(append([][]byte(nil), args...))
		if c.session.Buffered() > flushBytes {
			c.session.Settle()
			replies, _ := c.take() // closing stays true until the end
			c.session.Reply(nil)
			_ = gc.AsyncWrite(c.trickle(gc, replies), c.given) // an error comes again at the end
		}
		return true
	})
	stopped := c.session.Stopped()
	c.session.Settle()
	replies, closing := c.take()
	replies = c.trickle(gc, withViolation(replies, closing, violation))
	back := func(gc gnet.Conn, err error) error {
		_ = c.given(gc, err) // it has none
		if stopped {
			c.keepRest(rest)
			c.sits.Store(true)
		}
		c.busy.Store(false)
		c.seen.Store(time.Now().UnixNano())
		switch {
		case c.gone:
			c.s.remove(c)
			return nil
		case err != nil, c.overflows(gc):
			return gc.Close()
		case closing, violation != nil:
			c.ending = time.Now()
		case !stopped && len(c.backlog) == 0 && !c.s.draining.Load():
			return nil // there is nothing to go on with
		}
		return gc.Wake(nil)
	}
	if gc.AsyncWrite(replies, back) != nil {
		c.s.remove(c) // the loop has ended, and does not touch the connection any more
	}
}

const (
	// pieceBytes is how much of a large reply is given to the loop at a time.
	pieceBytes = 1 << 20
	// retryPiece is how long to wait for the client to have read some of it.
	retryPiece = time.Millisecond
)

// trickle sends all of b but the last piece, as fast as the client reads it: what the loop cannot send at
// once it copies, and a large reply need not be in memory twice. The loop goes on reading meanwhile.
func (c *conn) trickle(gc gnet.Conn, b []byte) (last []byte) {
	for len(b) > pieceBytes {
		if gc.AsyncWrite(b[:pieceBytes], nil) != nil {
			return nil
		}
		b = b[pieceBytes:]
		for unread := pieceBytes + 1; unread > pieceBytes; {
			look := func() {
				if unread = 0; c.gone {
					b = nil
				} else {
					unread = c.unread(gc)
				}
			}
			if !onLoop(gc, look) {
				return nil
			}
			if unread > pieceBytes {
				time.Sleep(retryPiece)
			}
		}
	}
	return b
}

// onLoop runs f on the connection's loop and waits for it; false: the loop has ended.
func onLoop(gc gnet.Conn, f func()) bool {
	ran := make(chan struct{})
	err := gc.EventLoop().Execute(context.Background(), gnet.RunnableFunc(func(context.Context) error {
		f()
		close(ran)
		return nil
	}))
	if err != nil {
		return false
	}
	<-ran
	return true
}
