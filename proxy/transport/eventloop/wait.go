package eventloop

import (
	"time"

	"github.com/panjf2000/gnet/v2"
)

// wait runs requests on a goroutine until none is left, sends the replies, and hands the connection
// back to its loop. There is at most one such goroutine for each connection; how many run at once
// is bounded by the session.
func (c *conn) wait(gc gnet.Conn, input []byte) {
	x := scratches.Get().(*scratch)
	defer x.release()
	c.session.Reply(nil)
	_, _, violation := c.feed(x, input, func(args [][]byte) bool {
		// The session keeps args until it settles; x.args is for the next request.
		c.session.Execute(append([][]byte(nil), args...))
		if c.session.Buffered() > flushBytes {
			c.session.Settle()
			replies, _ := c.session.Replies() // closing stays true until the end
			c.session.Reply(nil)
			_ = gc.AsyncWrite(replies, nil) // an error comes again at the end
		}
		return true
	})
	c.session.Settle()
	replies, closing := c.session.Replies()
	replies = withViolation(replies, closing, violation)
	back := func(gc gnet.Conn, err error) error {
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
		}
		return gc.Wake(nil)
	}
	if gc.AsyncWrite(replies, back) != nil {
		c.s.remove(c) // the loop has ended, and does not touch the connection any more
	}
}
