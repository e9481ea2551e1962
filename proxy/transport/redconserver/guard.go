package redconserver

import (
	"errors"
	"log/slog"
	"net"
	"sync/atomic"
	"time"

	"switchyard/proxy/transport"
)

// guard is a connection as redcon sees it: Read yields well-formed requests only. A violation of
// the protocol is answered here, when the requests before it have been, and ends the connection.
type guard struct {
	net.Conn
	log      *slog.Logger
	outbox   *transport.Outbox
	session  transport.Session
	scanner  transport.Scanner
	draining atomic.Bool
	mute     atomic.Bool // it may be silent

	buf     []byte // what was scanned; out is its unread part
	out     []byte
	replies []byte // the buffer that the session replies into
	lent    bool   // the session has it
	ended   bool   // nothing runs any more
	raw     []byte // what was received and not scanned yet: behind the one request that an untrusted client may send, or in sit
	err     error
}

// keepBuffer is the size above which an idle connection gives its buffer back.
const keepBuffer = 16 << 10

// Read implements net.Conn.
func (g *guard) Read(p []byte) (int, error) {
	for {
		switch {
		case len(g.out) > 0:
			n := copy(p, g.out)
			g.out = g.out[n:]
			return n, nil
		case g.err != nil:
			return 0, g.refuse()
		case len(g.raw) > 0:
			raw := g.raw
			g.raw = nil
			g.scan(raw)
			continue
		}
		n, err := g.Conn.Read(p)
		g.session.Received(n)
		if within := g.scanner.Within(); within > 0 && n > 0 && int64(n) <= within {
			g.scanner.Skip(n) // the middle of a large argument goes through as it is
			return n, nil
		}
		g.scan(p[:n])
		if err != nil && g.err == nil {
			g.err = err
		}
	}
}

func (g *guard) scan(data []byte) {
	if cap(g.buf) > keepBuffer {
		g.buf = nil
	}
	out, rest, err := g.scanner.Scan(g.buf[:0], data, g.session.Trusted())
	if len(rest) > 0 {
		g.raw = append([]byte(nil), rest...) // data is redcon's
	}
	g.buf, g.out, g.err = out, out, err
}

// refuse tells the client what it did wrong, if it did.
func (g *guard) refuse() error {
	var violation transport.ProtocolError
	if errors.As(g.err, &violation) {
		_, _ = g.Write(transport.ErrorReply(violation)) // the connection ends anyway
	}
	return g.err
}

// Write implements net.Conn. It does not wait for the client to read.
func (g *guard) Write(b []byte) (int, error) {
	n, err := g.outbox.Write(b)
	g.complain(err)
	return n, err
}

// complain logs why a client was disconnected, unless it has gone by itself.
func (g *guard) complain(err error) {
	if errors.Is(err, transport.ErrUnread) {
		g.log.Warn("a client was disconnected", "client", g.RemoteAddr().String(), "reason", err)
	}
}

// Push implements transport.Conn. redcon writes the replies to a batch in one piece, so they are not torn.
func (g *guard) Push(b []byte) {
	_, err := g.outbox.Push(b) // an error is the end of the connection
	g.complain(err)
}

// Bound implements transport.Conn.
func (g *guard) Bound(limit transport.OutputLimit) { g.outbox.Bound(limit) }

// Spare implements transport.Conn.
func (g *guard) Spare(on bool) { g.mute.Store(on) }

// Abandon implements transport.Conn.
func (g *guard) Abandon() { _ = g.abandon() } // what fails to be closed cannot be used either

// Usage implements transport.Conn. redcon does not tell how much it has of requests that are not whole.
func (g *guard) Usage() transport.Usage { return g.outbox.Usage() }

// linger is how long a connection that ends may take to read its last replies.
const linger = 30 * time.Second

// Close implements net.Conn.
func (g *guard) Close() error {
	g.outbox.Wait(linger)
	return g.Conn.Close()
}

// lend gives the session its buffer.
func (g *guard) lend() {
	if !g.lent {
		g.session.Reply(g.replies)
		g.lent = true
	}
}

// take takes the replies out of the session, and keeps their buffer for the next batch. What is pushed until they are
// written goes behind them.
func (g *guard) take() (replies []byte, closing bool) {
	g.outbox.Give()
	replies, closing = g.session.Replies()
	g.lent, g.replies = false, replies[:0]
	if cap(replies) > keepBuffer {
		g.replies = nil
	}
	return replies, closing
}

// longAgo is a deadline that has passed.
var longAgo = time.Unix(1, 0)

// drain ends the connection at its next attempt to read from the socket.
func (g *guard) drain() error {
	g.draining.Store(true)
	return ignoreClosed(g.Conn.SetReadDeadline(longAgo))
}

// SetReadDeadline implements net.Conn. redcon sets the idle time with it, which must not undo drain.
func (g *guard) SetReadDeadline(t time.Time) error {
	if g.mute.Load() {
		t = time.Time{}
	}
	return g.deadline(t)
}

// deadline sets the deadline of the socket, which must not undo drain.
func (g *guard) deadline(t time.Time) error {
	err := g.Conn.SetReadDeadline(t)
	if g.draining.Load() {
		err = g.Conn.SetReadDeadline(longAgo)
	}
	return err
}

// abandon ends the connection now.
func (g *guard) abandon() error { return ignoreClosed(g.Conn.Close()) }

func ignoreClosed(err error) error {
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}
