package proxy

import (
	"runtime/debug"
	"sync"
	"time"

	"switchyard/backends"
	"switchyard/commands"
	"switchyard/proxy/wait"
)

// A call that found nothing and waits is blocked: its session runs nothing else, and whoever changes one of its keys
// runs the call again, in the waiter's place and before his own next command, as Redis does (wake.go). It costs no
// goroutine.
//
// The call registers itself from inside of its transaction, while nobody can change the keys: so whoever changes them
// later finds it. What may end it (an attempt that found something, its time, CLIENT UNBLOCK, the end of the
// connection) can come at the same time from many sides. Who has running runs the call, or ends it; the others leave
// word and go, and who has running sees to it before he lets go. So nobody waits for an attempt but who wants
// to make one himself, which he does outside of any transaction.
//
// Locks are taken in the order: running, keys of a backend, mu. In the first attempt running comes last, but then nobody
// else knows of it yet.

// blocked is one call that waits.
type blocked struct {
	session *session // whose call it is
	twin    *session // makes it again in its place, with a context and effects of its own
	want    commands.Wait
	waiter  wait.Waiter[*blocked]
	timer   *time.Timer // nil: it waits for ever

	running sync.Mutex
	at      wait.Key // because of which it runs again

	mu      sync.Mutex
	waits   bool   // who has running changes it
	verdict func() // ends the wait: for who has running; nil: nobody wants that
	resume  func() // tells the transport that the wait has ended; nil: it does not want to know
	reply   []byte
	hold    hold // of the reply, when that must not leave yet
	closes  bool // the connection ends after the reply
	mute    bool // there is none; the session's own

	later *postponed // the call waits for no key, and all that follows is the matter of this; nil: it does
}

// Block implements commands.Client.
func (s *session) Block(w commands.Wait) {
	if s.stands { // for one that has registered already
		return
	}
	b := &blocked{session: s, want: w, waits: true}
	b.waiter.Value = b
	b.running.Lock()
	s.entering = b
	s.server.waits.Add(&b.waiter, s.DB(), w.Keys)
	b.want.Keys = nil
}

// suspend is what follows when the transaction has ended in which a call has blocked, with err. It says false when
// the call does not wait after all: it could not read its keys.
func (s *session) suspend(row *commands.Row, err error) bool {
	b := s.entering
	s.entering = nil
	if err != commands.ErrWait {
		b.end(nil)
		b.release()
		return false
	}
	b.twin = &session{server: s.server, id: s.id, addr: s.addr, stats: s.stats, conn: s.conn, stands: true}
	b.twin.db.Store(s.db.Load())
	b.twin.call = commands.Ctx{
		Reply: commands.Reply{Proto: s.call.Proto}, Args: b.want.Args, Row: row, Client: b.twin, Server: s.server, NoTouch: s.call.NoTouch,
	}
	if ms := b.want.Timeout; ms > 0 && ms <= int64(longest/time.Millisecond) {
		b.timer = time.AfterFunc(time.Duration(ms)*time.Millisecond, func() { b.decide(b.timeOut) })
	}
	s.blocked.Store(b)
	b.release()
	return true
}

// longest is the longest Duration, after nearly three hundred years.
const longest = time.Duration(1<<63 - 1)

// release lets others run the call, or end it. If somebody wanted it to end meanwhile it ends now.
func (b *blocked) release() {
	b.mu.Lock()
	verdict := b.verdict
	if verdict == nil || !b.waits {
		b.running.Unlock()
		b.mu.Unlock()
		return
	}
	b.mu.Unlock()
	verdict()
	b.running.Unlock()
}

// decide has the wait end with verdict, which calls end, and says whether it waited. It waits for nothing.
func (b *blocked) decide(verdict func()) bool {
	b.mu.Lock()
	if !b.waits || b.verdict != nil {
		b.mu.Unlock()
		return false
	}
	b.verdict = verdict
	mine := b.running.TryLock()
	b.mu.Unlock()
	if mine {
		b.release()
	}
	return true
}

// end ends the wait: reply puts the reply into the twin's buffer, nil for none. The caller has running.
func (b *blocked) end(reply func()) {
	b.session.server.waits.Remove(&b.waiter)
	if b.timer != nil {
		b.timer.Stop()
	}
	if reply != nil {
		reply()
	}
	b.mu.Lock()
	b.waits = false
	if b.twin != nil {
		b.reply, b.twin.call.Buf = b.twin.call.Buf, nil
	}
	resume := b.resume
	b.resume = nil
	b.mu.Unlock()
	if resume != nil {
		resume()
	}
}

// timeOut ends the wait because its time has passed.
func (b *blocked) timeOut() {
	b.end(func() {
		b.twin.call.NullArray()
		b.account(time.Now(), false)
	})
}

// fail ends the wait with an error.
func (b *blocked) fail(err error) {
	b.end(func() {
		b.twin.conclude(b.twin.call.Row, 0, err)
		b.account(time.Now(), true)
	})
}

func (b *blocked) account(start time.Time, failed bool) {
	b.twin.account(b.twin.call.Row, start, failed)
}

// attempt is how an attempt has ended.
type attempt int

const (
	over   attempt = iota // the call waits no longer
	stays                 // it has found nothing
	absent                // nor will others: the key is not there
	busy                  // it would have taken long, or waited for somebody
)

// Run implements backends.Body. Redis 7.2 too looks at the type before it runs a call again, so that what waits for a list
// minds no string.
func (b *blocked) Run(tx backends.Tx) error {
	if !b.want.OrGone {
		switch t := tx.Type([]byte(b.at.Name)); t {
		case b.want.Kind:
		case backends.None:
			return errAbsent
		default:
			return commands.ErrWait
		}
	}
	return b.twin.call.Run(tx)
}

// retry runs the call again because a key has changed. The caller is inside the gate. What the attempt has done to keys
// is appended to changed.
func (b *blocked) retry(at wait.Key, brief bool, changed []wait.Key) (how attempt, more []wait.Key) {
	how, more = over, changed // after a panic, too
	if !brief {
		b.running.Lock()
	} else if !b.running.TryLock() {
		return busy, changed
	}
	defer b.release()
	if !b.waits {
		return over, changed
	}
	o := b.session.server.active.Load()
	if o.engine == nil {
		b.fail(commands.ErrUnblockedByState)
		return over, changed
	}
	b.at = at
	defer b.survive()
	return b.run(o, brief, changed)
}

// run is retry on an engine.
func (b *blocked) run(o *opened, brief bool, changed []wait.Key) (attempt, []wait.Key) {
	t, start := b.twin, time.Now()
	c := &t.call
	// What only reads gives up by itself where there is much.
	if brief && c.Row.IsLong(c.Args) && c.Row.Flags&commands.Readonly == 0 {
		return busy, changed
	}
	c.Buf, c.Now, c.Brief = nil, start.UnixMilli(), brief
	access := c.Access()
	access.Brief = brief
	commit, err := o.engine.Do(t.server.ctx, access, b)
	switch err {
	case commands.ErrLong, backends.ErrWouldWait:
		t.Forget()
		return busy, changed
	case errAbsent:
		return absent, changed
	}
	changed = t.server.appendAwaited(changed, t.effects, &b.at)
	t.tellEffects()
	t.Forget()
	if access.Write {
		t.track(c.Row, false, access.DB, access.Keys)
	}
	if err == commands.ErrWait {
		return stays, changed
	}
	o.count(t.stats, access.Write, err)
	b.end(func() {
		t.conclude(c.Row, 0, err)
		if commit == nil {
			b.account(start, err != nil)
			return
		}
		b.hold = hold{row: c.Row, backend: o, end: len(c.Buf), start: start, commit: commit, failed: err != nil}
	})
	return over, changed
}

// survive turns a panic, which is a mistake of ours, into an error of the client that waits.
func (b *blocked) survive() {
	p := recover()
	if p == nil {
		return
	}
	t := b.twin
	t.Forget()
	t.server.log.Error("panic in a command that had waited", "command", t.call.Row.FullName, "panic", p, "stack", string(debug.Stack()))
	b.mu.Lock()
	b.closes = true
	b.mu.Unlock()
	if b.waits {
		b.fail(commands.ErrInternal)
	}
}

// Stopped implements transport.Session.
func (s *session) Stopped() bool { return s.blocked.Load() != nil }

// Blocked implements transport.Session.
func (s *session) Blocked(fn func()) bool {
	if p := s.postponed.Load(); p != nil {
		return p.waits(fn)
	}
	b := s.blocked.Load()
	if b == nil {
		return false
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.waits {
		b.resume = fn
	}
	return b.waits
}

// goOn puts the reply of a call that has waited at the beginning of the replies.
func (s *session) goOn() {
	b := s.blocked.Load()
	if b.later != nil {
		b.later.goOn(b.mute)
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.waits {
		return
	}
	from := len(s.call.Buf)
	s.call.Buf = append(s.call.Buf, b.reply...)
	s.closing = s.closing || b.closes
	if h := b.hold; h.commit != nil {
		h.at, h.end = from, from+h.end
		s.holds = append(s.holds, h)
	}
	s.blocked.Store(nil)
}

// leaveBlocked is the end of the connection.
func (s *session) leaveBlocked() {
	b := s.blocked.Load()
	if b == nil || b.later != nil {
		return
	}
	b.mu.Lock()
	b.resume, b.verdict = nil, nil // whatever else was to happen
	b.mu.Unlock()
	b.decide(func() { b.end(nil) })
}

// waitsForKey says whether the session's call waits. Any goroutine may call it.
func (s *session) waitsForKey() bool {
	b := s.blocked.Load()
	if b == nil || b.later != nil {
		return b != nil
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.waits
}

// Unblock implements commands.Server.
func (s *Server) Unblock(id int64, withError bool) bool {
	s.mu.Lock()
	c := s.clients[id]
	s.mu.Unlock()
	if c == nil {
		return false
	}
	b := c.blocked.Load()
	switch {
	case b == nil:
		return false
	case b.later != nil && withError:
		return b.later.finish(commands.ErrUnblocked)
	case b.later != nil:
		return b.later.finish(nil)
	case withError:
		return b.decide(func() { b.fail(commands.ErrUnblocked) })
	}
	return b.decide(b.timeOut)
}

var _ backends.Body = (*blocked)(nil)
