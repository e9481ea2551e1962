package redis

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"
)

// A stream is the order of the commands in one database and one protocol. It has one connection at
// a time, made when a command needs it: what is submitted while it is being made goes out first.
// When it breaks, all that waits for it fails, and the next command makes another.

// Limits on what may wait in one stream.
const (
	maxPending = 1 << 16  // commands without a reply
	maxUnsent  = 32 << 20 // bytes that the connection has not taken yet; one command may be larger
)

var (
	errFull   = errors.New("too many commands are waiting already")
	errClosed = errors.New("closed")
)

type stream struct {
	up        *upstream
	db, proto int

	link atomic.Pointer[link] // nil: the next command makes one

	mu sync.Mutex     // held while link is replaced by a new one
	wg sync.WaitGroup // the goroutines of all its links
}

// submit appends a command to the stream. The arguments are encoded at once and not kept.
func (s *stream) submit(ctx context.Context, args [][]byte) *call {
	c := &call{done: make(chan struct{})}
	for {
		full, ok := s.current().add(c, args)
		if ok {
			return c
		}
		if full == nil { // the link broke just now
			continue
		}
		if err := waitFor(ctx, full, s.up.timeout); err != nil {
			c.fail(s.up.unavailable(err))
			return c
		}
	}
}

// waitFor waits for room in a full link.
func waitFor(ctx context.Context, room <-chan struct{}, timeout time.Duration) error {
	t := time.NewTimer(timeout)
	defer t.Stop()
	select {
	case <-room:
		return nil
	case <-t.C:
		return errFull
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// current returns the connection, which may still be in the making.
func (s *stream) current() *link {
	if l := s.link.Load(); l != nil {
		return l
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	l := s.link.Load()
	if l == nil {
		l = newLink(s)
		s.link.Store(l)
		s.wg.Go(l.run)
	}
	return l
}

func (s *stream) close() {
	if l := s.link.Load(); l != nil {
		l.fail(errClosed, 0)
	}
	s.wg.Wait()
}

// call is one command that waits for its reply.
type call struct {
	done     chan struct{} // closed when reply and err are final
	deadline time.Time     // set when a link takes it
	reply    []byte
	err      error
	short    [40]byte // where a short reply is kept, to save an allocation
}

// failed is a call that was over before it began.
func failed(err error) *call {
	c := &call{done: make(chan struct{})}
	c.fail(err)
	return c
}

func (c *call) fail(err error) {
	c.err = err
	close(c.done)
}

// answer delivers the reply that r has just read.
func (c *call) answer(reply []byte, r *replies) {
	if own, ok := r.take(); ok {
		c.reply = own
	} else {
		c.reply = append(c.short[:0:len(c.short)], reply...)
	}
	close(c.done)
}

// Reply waits for the reply. It may be called again, and gives the same.
func (c *call) Reply(ctx context.Context) ([]byte, error) {
	select {
	case <-c.done:
		return c.reply, c.err
	default:
	}
	select {
	case <-c.done:
		return c.reply, c.err
	case <-ctx.Done():
		return nil, &abandonedError{context.Cause(ctx)}
	}
}

// abandonedError is for a caller that waits no longer; its command takes its course.
type abandonedError struct{ cause error }

func (e *abandonedError) Error() string {
	return "redis: no reply was awaited, the command may have been executed: " + e.cause.Error()
}

func (e *abandonedError) Unwrap() error { return e.cause }
