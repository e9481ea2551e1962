package redconserver

import (
	"errors"
	"os"
	"time"
)

// While its session is stopped, a connection reads ahead: only so does it notice that its client has gone. What it reads
// runs afterwards. Its goroutine is woken up by a deadline that has passed.

// aheadBytes is how much is read at a time.
const aheadBytes = 4 << 10

// sit waits until the session goes on; false: the connection ends.
func (g *guard) sit() bool {
	// There is no limit while it waits, and nothing is left of the one before.
	if err := g.deadline(time.Time{}); err != nil {
		return false
	}
	woken := make(chan struct{})
	if !g.session.Blocked(func() {
		_ = g.Conn.SetReadDeadline(longAgo) // fails only when the connection is closed
		close(woken)
	}) {
		return true
	}
	buf := make([]byte, aheadBytes)
	for {
		n, err := g.Conn.Read(buf)
		g.session.Received(n)
		if g.raw = append(g.raw, buf[:n]...); int64(len(g.raw)) > g.scanner.Limits.Request {
			return false
		}
		over := false
		select {
		case <-woken:
			over = true
		default:
		}
		switch {
		case g.draining.Load():
			return false
		case errors.Is(err, os.ErrDeadlineExceeded):
			<-woken
			return g.deadline(time.Time{}) == nil
		case err != nil:
			return false
		case over:
			return g.deadline(time.Time{}) == nil
		}
	}
}
