package proxy

import (
	"bytes"
	"context"
	"time"

	"switchyard/backends"
	"switchyard/commands"
)

// A hold is a reply that must not leave yet: the command's effects are on their way to the disk, or
// the command itself is on its way to another server. The session goes on executing; all holds of
// a batch are waited for together. So a pipeline of 64 writes waits once.
type hold struct {
	row     *commands.Row
	backend *opened
	at, end int // where the reply is, or belongs, in the buffer
	start   time.Time
	failed  bool
	quiet   bool // no reply is sent

	commit *backends.Commit // either this
	flight *flight          // or this
}

// flight is a command that was forwarded.
type flight struct {
	pending backends.Pending
	db      int
	args    [][]byte
	foreign backends.ForeignCall
}

// overdue is the context of who has waited already.
var overdue = func() context.Context {
	ctx, cancel := context.WithDeadline(context.Background(), time.Unix(1, 0))
	cancel()
	return ctx
}()

// maxHolds bounds how much one batch can have under way.
const maxHolds = 1024

func (s *session) hold(h hold) { s.holds = append(s.holds, h) }

// forward sends a command on its way. The session stays inside the gate until the reply has come.
func (s *session) forward(b *opened, row *commands.Row, start time.Time) {
	c := &s.call
	at := len(c.Buf)
	args := c.Args
	if row.Relay != nil {
		var err error
		if args, err = row.Relay.Request(c, args); err != nil {
			s.conclude(row, at, err)
			s.account(row, start, true)
			return
		}
	}
	f := &flight{db: s.DB(), args: c.Args}
	write := row.Flags&commands.Write != 0
	if row == s.server.foreignRow {
		f.foreign, write = s.foreign, s.foreign.Write
	}
	f.pending = b.forwarder.Forward(s.server.ctx, backends.Request{DB: f.db, Proto: c.Proto, Args: args, Write: write})
	s.forwarding = true
	s.hold(hold{row: row, backend: b, at: at, end: at, start: start, flight: f})
}

// Settle implements transport.Session.
func (s *session) Settle() {
	if len(s.holds) > 0 {
		s.settle()
	}
	if s.forwarding {
		s.forwarding = false
		s.server.gate.leave(&s.pass)
	}
	if s.admitted {
		s.admitted = false
		s.server.operations.release()
	}
}

// Await implements transport.Session. It is enough to hear of the last group that is not durable yet: groups become
// durable in their order.
func (s *session) Await(fn func()) bool {
	for i := len(s.holds) - 1; i >= 0 && !s.overdue.Load(); i-- {
		if s.holds[i].commit.Then(fn) {
			s.parked(fn)
			return true
		}
	}
	s.since.Store(0)
	return false
}

// parked says that the session waits without a goroutine, and how to make its transport ask again.
func (s *session) parked(fn func()) {
	if s.resume.Load() == nil {
		s.resume.Store(&fn)
	}
	s.since.Store(s.seen.Load())
}

// hurry ends the waiting of those who have waited too long for their backend.
func (s *Server) hurry() {
	most := s.config.Timeouts.Operation.Duration
	for _, c := range s.sessions() {
		since := c.since.Load()
		if since != 0 && time.Since(time.Unix(0, since)) > most && !c.overdue.Swap(true) {
			(*c.resume.Load())()
		}
	}
}

// settle waits for all holds. Where a reply came only now or turned into an error, the buffer is
// put together anew.
func (s *session) settle() {
	ctx := s.server.patience.of(s.server.config.Timeouts.Operation.Duration)
	if s.overdue.Swap(false) {
		ctx = overdue
	}
	old, rebuilt := s.call.Buf, false
	done := 0 // so much of old is in the new buffer
	for i := range s.holds {
		h := &s.holds[i]
		reply, err := s.await(ctx, h)
		if h.flight != nil || err != nil {
			if !rebuilt {
				rebuilt = true
				s.call.Buf = s.spare[:0]
			}
			s.call.Buf = append(s.call.Buf, old[done:h.at]...)
			from := len(s.call.Buf)
			s.call.Buf = append(s.call.Buf, reply...)
			s.conclude(h.row, len(s.call.Buf), err)
			if h.quiet {
				s.call.Buf = s.call.Buf[:from]
			}
			done = h.end
		}
		s.account(h.row, h.start, h.failed || err != nil)
	}
	if rebuilt {
		s.call.Buf = append(s.call.Buf, old[done:]...)
		s.spare = old[:0]
		if cap(s.spare) > keepReplies {
			s.spare = nil
		}
	}
	clear(s.holds)
	s.holds = s.holds[:0]
}

// await waits for one hold, and returns the reply of a forwarded command.
func (s *session) await(ctx context.Context, h *hold) (reply []byte, err error) {
	if h.flight == nil {
		err = h.commit.Wait(ctx)
		if err != nil {
			h.backend.count(s.stats, true, err)
		}
		return nil, err
	}
	f := h.flight
	reply, err = f.pending.Reply(ctx)
	write := h.row.Flags&commands.Write != 0 || f.foreign.Write
	if write {
		s.trackForwarded(h)
	}
	h.backend.count(s.stats, write, err)
	if err != nil {
		return nil, err
	}
	if bytes.HasPrefix(reply, []byte("-")) {
		h.failed = true
		s.server.errors.add(string(reply[1:]))
	}
	if h.row.Relay != nil {
		own := s.call.Args // of the command at hand, behind which others are settled
		s.call.Args = f.args
		reply = h.row.Relay.Reply(&s.call, reply)
		s.call.Args = own
	}
	return reply, nil
}

// trackForwarded is track for a command that was forwarded. It does not ask how the command ended:
// one that failed may have written nevertheless.
func (s *session) trackForwarded(h *hold) {
	t := s.server.tracker.Load()
	if t == nil {
		return
	}
	f := h.flight
	if h.row != s.server.foreignRow {
		s.track(h.row, false, f.db, h.row.AppendKeys(nil, f.args))
		return
	}
	if f.foreign.Whole {
		t.MarkAll()
	}
	t.Mark(f.db, f.foreign.Keys)
}
