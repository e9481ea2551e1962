package transport

import (
	"errors"
	"net"
	"sync"
	"syscall"
	"time"
)

// Outbox sends to a connection without ever waiting for its reader: what the system does not take at once
// is kept, and sent by a goroutine. So a client may send all of a long pipeline before it reads the first
// reply, as with Redis. Beyond a limit it is disconnected.
type Outbox struct {
	conn net.Conn
	raw  syscall.RawConn // nil: the connection has none, as with TLS

	mu      sync.Mutex
	quota   Quota
	pending []byte
	sending int           // bytes that the goroutine has taken out of pending
	err     error         // why nothing is sent any more
	idle    chan struct{} // closed when nothing is pending; nil: nothing is
	giving  bool          // see Give
	aside   []byte        // what goes behind the replies
}

// ErrUnread says why a client was disconnected.
var ErrUnread = errors.New("the client leaves too much unread")

// NewOutbox returns the outbox of a connection. limit bounds the bytes that wait.
func NewOutbox(conn net.Conn, limit int64) *Outbox {
	o := &Outbox{conn: conn, quota: Quota{Limit: OutputLimit{Hard: limit}}}
	if c, ok := conn.(syscall.Conn); ok {
		if raw, err := c.SyscallConn(); err == nil {
			o.raw = raw
		}
	}
	return o
}

// Bound replaces the limit.
func (o *Outbox) Bound(limit OutputLimit) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.quota.Limit = limit
}

// Give says that replies are about to be taken out of the session. What is pushed until they are written, or none turn out to
// be there (GiveNone), goes behind them.
func (o *Outbox) Give() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.giving = true
}

// GiveNone ends Give.
func (o *Outbox) GiveNone() { _, _ = o.Write(nil) } // an error is the end of the connection

// Push writes what does not belong to the replies. Any goroutine may call it.
func (o *Outbox) Push(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if !o.giving || o.err != nil {
		return o.write(b)
	}
	if o.aside = append(o.aside, b...); o.quota.Exceeded(len(o.pending) + o.sending + len(o.aside)) {
		o.fail(ErrUnread)
	}
	return len(b), o.err
}

// Write implements io.Writer, for replies. It does not keep b. After an error the connection is closed.
func (o *Outbox) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	n, err := o.write(b)
	o.giving = false
	if err == nil && len(o.aside) > 0 {
		_, err = o.write(o.aside)
	}
	o.aside = nil
	return n, err
}

// write is Write with o.mu held.
func (o *Outbox) write(b []byte) (int, error) {
	n := len(b)
	if o.err == nil && o.idle == nil && n > 0 {
		b = o.attempt(b)
	}
	if o.err == nil && len(b) > 0 {
		if o.pending = append(o.pending, b...); o.quota.Exceeded(len(o.pending) + o.sending) {
			o.fail(ErrUnread)
		} else if o.idle == nil {
			o.idle = make(chan struct{})
			go o.send()
		}
	}
	if o.err != nil {
		return 0, o.err
	}
	return n, nil
}

// attempt gives the system what it takes at once, and returns the rest. o.mu is held.
func (o *Outbox) attempt(b []byte) []byte {
	if o.raw == nil {
		return b
	}
	var n int
	var err error
	if closed := o.raw.Write(func(fd uintptr) bool {
		n, err = syscall.Write(int(fd), b)
		return true
	}); closed != nil {
		err = closed
	}
	switch {
	case err == nil:
		return b[n:]
	case errors.Is(err, syscall.EAGAIN), errors.Is(err, syscall.EINTR):
		return b
	}
	o.fail(err)
	return nil
}

// send sends what is pending, until nothing is.
func (o *Outbox) send() {
	o.mu.Lock()
	defer o.mu.Unlock()
	for o.err == nil && len(o.pending) > 0 {
		b := o.pending
		o.pending, o.sending = nil, len(b)
		o.mu.Unlock()
		_, err := o.conn.Write(b)
		o.mu.Lock()
		o.sending = 0
		if err == nil && o.quota.Exceeded(len(o.pending)) {
			err = ErrUnread
		}
		if err != nil && o.err == nil {
			o.fail(err)
		}
	}
	close(o.idle)
	o.idle = nil
}

// fail closes the connection. o.mu is held.
func (o *Outbox) fail(err error) {
	o.err, o.pending = err, nil
	_ = o.conn.Close() // it has failed already
}

// Wait waits until nothing is pending, and no longer than d.
func (o *Outbox) Wait(d time.Duration) {
	o.mu.Lock()
	idle := o.idle
	o.mu.Unlock()
	if idle == nil {
		return
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-idle:
	case <-t.C:
	}
}

// Usage says what is pending, and the number of the socket.
func (o *Outbox) Usage() (u Usage) {
	o.mu.Lock()
	u.Output = len(o.pending) + o.sending
	o.mu.Unlock()
	if o.raw != nil {
		_ = o.raw.Control(func(fd uintptr) { u.FD = int(fd) }) // it fails when the connection is closed
	}
	return u
}

// Empty says that nothing is pending.
func (o *Outbox) Empty() bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.idle == nil
}
