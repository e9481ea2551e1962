package redis

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"
)

// A link is one connection and all that waits for it. Its goroutine connects and then writes; a second
// one reads. Either may end it, as may the clock and Close: fail is the one place where that happens.
//
//	queue:  | sent, oldest first | being written | unsent: their bytes are in out |
//
// Nothing is written twice. At the end, calls whose bytes never reached the connection fail with
// ErrUnavailable; of the others nobody knows whether they were executed. The order of commands holds
// within one link: a command of which that is not known may still take effect after one of the next link.

var (
	errNoAnswer = errors.New("the server does not answer in time")
	errUnasked  = errors.New("protocol error: a reply that nothing asked for")
)

// keepOut is the largest buffer of commands that stays with a link.
const keepOut = 1 << 20

type link struct {
	s      *stream
	ctx    context.Context // ends with the link
	cancel context.CancelFunc
	wake   chan struct{} // out is no longer empty

	mu       sync.Mutex
	conn     net.Conn // nil while connecting
	err      error    // why the link ended
	out      []byte   // encoded commands
	queue    queue
	unsent   int
	room     chan struct{} // closed when a full link has room again; nil when nobody waits for that
	clock    *time.Timer   // runs expire at the deadline of the oldest call, or earlier
	watching bool          // the clock is set
}

func newLink(s *stream) *link {
	l := &link{s: s, wake: make(chan struct{}, 1)}
	l.ctx, l.cancel = context.WithCancel(context.Background())
	return l
}

// add appends a call. When it cannot, full is closed once it may be tried again; a nil full means
// that the link is no more.
func (l *link) add(c *call, args [][]byte) (full <-chan struct{}, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.err != nil {
		return nil, false
	}
	if l.queue.len() >= maxPending || len(l.out) >= maxUnsent {
		if l.room == nil {
			l.room = make(chan struct{})
		}
		return l.room, false
	}
	c.deadline = time.Now().Add(l.s.up.timeout)
	l.out = appendCommand(l.out, args)
	l.queue.push(c)
	l.unsent++
	if !l.watching {
		l.watching = true
		if l.clock == nil {
			l.clock = time.AfterFunc(l.s.up.timeout, l.expire)
		} else {
			l.clock.Reset(l.s.up.timeout)
		}
	}
	if l.unsent == 1 {
		select {
		case l.wake <- struct{}{}:
		default:
		}
	}
	return nil, true
}

// expire ends the link when its oldest call is overdue: no later reply can come before that call's.
func (l *link) expire() {
	l.mu.Lock()
	c := l.queue.first()
	l.watching = c != nil && l.err == nil
	if !l.watching {
		l.mu.Unlock()
		return
	}
	left := time.Until(c.deadline)
	if left > 0 {
		l.clock.Reset(left)
	}
	l.mu.Unlock()
	if left <= 0 {
		l.fail(errNoAnswer, 0)
	}
}

func (l *link) run() {
	conn, r, err := l.s.up.connect(l.ctx, l.s.db, l.s.proto)
	if err != nil {
		l.fail(err, 0)
		return
	}
	l.mu.Lock()
	ended := l.err != nil
	l.conn = conn
	l.mu.Unlock()
	if ended {
		conn.Close()
		return
	}
	l.s.wg.Go(func() { l.read(r) })
	l.write(conn)
}

// write sends whatever has gathered since the last time, in one piece.
func (l *link) write(conn net.Conn) {
	var buf []byte
	for {
		select {
		case <-l.wake:
		case <-l.ctx.Done():
			return
		}
		if cap(buf) > keepOut {
			buf = nil
		}
		l.mu.Lock()
		buf, l.out = l.out, buf[:0]
		calls := l.unsent
		l.unsent = 0
		l.makeRoom()
		l.mu.Unlock()
		if len(buf) == 0 {
			continue
		}
		n, err := conn.Write(buf)
		if err != nil {
			if n > 0 {
				calls = 0
			}
			l.fail(err, calls)
			return
		}
	}
}

// read hands out replies.
func (l *link) read(r *replies) {
	for {
		reply, err := r.next()
		if err != nil {
			l.fail(fmt.Errorf("connection lost: %w", err), 0)
			return
		}
		l.mu.Lock()
		var c *call
		if l.queue.len() > l.unsent {
			c = l.queue.pop()
			l.makeRoom()
		}
		l.mu.Unlock()
		if c == nil {
			l.fail(errUnasked, 0)
			return
		}
		c.answer(reply, r)
	}
}

// makeRoom lets those try again who found the link full. l.mu is held.
func (l *link) makeRoom() {
	if l.room != nil && l.queue.len() < maxPending && len(l.out) < maxUnsent {
		close(l.room)
		l.room = nil
	}
}

// fail ends the link, once, and all that waits for it. unwritten is how many calls the writer had
// taken without a byte of them having left.
func (l *link) fail(cause error, unwritten int) {
	l.mu.Lock()
	if l.err != nil {
		l.mu.Unlock()
		return
	}
	l.err = cause
	calls := l.queue.all()
	sent := len(calls) - l.unsent - unwritten
	l.queue, l.out, l.unsent = queue{}, nil, 0
	if l.room != nil {
		close(l.room)
	}
	if l.clock != nil {
		l.clock.Stop()
	}
	conn := l.conn
	l.cancel()
	l.s.link.CompareAndSwap(l, nil)
	l.mu.Unlock()

	lost, unavailable := l.s.up.lost(cause), l.s.up.unavailable(cause)
	for i, c := range calls {
		if i < sent {
			c.fail(lost)
		} else {
			c.fail(unavailable)
		}
	}
	// Last, since TLS says goodbye first, and may wait to be heard.
	if conn != nil {
		conn.Close()
	}
}

// queue holds calls in their order.
type queue struct {
	calls []*call
	head  int // those before it are gone
}

func (q *queue) len() int     { return len(q.calls) - q.head }
func (q *queue) all() []*call { return q.calls[q.head:] }

func (q *queue) first() *call {
	if q.len() == 0 {
		return nil
	}
	return q.calls[q.head]
}

func (q *queue) push(c *call) {
	// Without this a queue that never runs empty would grow for ever.
	if len(q.calls) == cap(q.calls) && q.head > len(q.calls)/2 {
		n := copy(q.calls, q.calls[q.head:])
		clear(q.calls[n:])
		q.calls, q.head = q.calls[:n], 0
	}
	q.calls = append(q.calls, c)
}

func (q *queue) pop() *call {
	c := q.calls[q.head]
	q.calls[q.head] = nil
	if q.head++; q.head == len(q.calls) {
		q.calls, q.head = q.calls[:0], 0
	}
	return c
}
