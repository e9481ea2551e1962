package proxy

import (
	"bytes"
	"runtime/debug"
	"time"

	"switchyard/backends"
	"switchyard/commands"
)

// Dispatch is the one way of every command: look up, authorise, enter the gate, execute, leave,
// account. Arity, access, routing, tracking and metrics come from the command's row and are dealt
// with here; no handler knows of them.

// Execute implements transport.Session.
func (s *session) Execute(args [][]byte) {
	if s.closing {
		return // Redis too ignores what follows QUIT
	}
	if s.call.Tracks {
		s.mail.holdBatch() // a call that was held back is in no batch of the transport's
	}
	s.catchUp(false)
	start := s.begin(args)
	defer s.survive(len(s.call.Buf))
	row, err := s.lookUp(args)
	if err == nil {
		err = s.authorise(row)
	}
	if err == nil && row.Serve == nil && !s.queues(row) {
		if err = s.enter(); err == nil && s.routed(row) {
			row, err = s.lookUp(args) // a switch may have come before
		}
	}
	s.call.Brief = false
	s.dispatch(row, err, start)
	if len(s.holds) >= maxHolds {
		s.Settle()
	}
}

// How large a request may be that is not given to a goroutine.
const (
	maxPromptArgs  = 128
	maxPromptBytes = 256 << 10
)

// prompt says whether a request is small enough to be run at once.
func prompt(args [][]byte) bool {
	size := 0
	for _, a := range args {
		size += len(a)
	}
	return len(args) <= maxPromptArgs && size <= maxPromptBytes
}

// Try implements transport.Session.
func (s *session) Try(args [][]byte) bool {
	if s.closing {
		return true
	}
	if !s.server.active.Load().prompt || !prompt(args) || len(s.holds) >= maxHolds || s.Stopped() || !s.catchUp(true) {
		return false
	}
	row, err := s.server.table.Find(args)
	if err == nil {
		err = s.authorise(row)
	}
	if err == nil && s.wouldWait(row, args) {
		return false
	}
	start := s.begin(args)
	defer s.survive(len(s.call.Buf))
	s.call.Brief = true
	return s.dispatch(row, err, start)
}

// wouldWait says that a call may not be tried. Otherwise the session is inside the gate if the call has to be.
func (s *session) wouldWait(row *commands.Row, args [][]byte) bool {
	switch {
	case s.queues(row):
		return false
	case row.Serve != nil && len(s.holds) > 0: // what came before has yet to take effect
		return true
	case row.Serve == nil && s.hearsItself(): // messages come after the reply, which may have to wait
		return true
	}
	return row.IsLong(args) || row.Serve == nil && !s.tryEnter()
}

// begin prepares the context of a call.
func (s *session) begin(args [][]byte) (start time.Time) {
	start = s.clock()
	s.call.Args, s.call.Now = args, start.UnixMilli()
	return start
}

// dispatch runs a command, or refuses it with err. It says false, and has done nothing, when the call
// was to be brief and would not be.
func (s *session) dispatch(row *commands.Row, err error, start time.Time) (done bool) {
	if row != nil {
		s.call.Row = row
		s.last.Store(row)
	}
	if modes := s.modes.Load(); modes == 0 {
		done = s.answer(row, err, start)
	} else {
		done = s.answerIn(modes, row, err, start)
	}
	if !s.forwarding {
		s.server.gate.leave(&s.pass)
	}
	if len(s.own) > 0 {
		s.appendOwn()
	}
	if s.mail != nil && s.mail.held {
		s.releaseMessages()
	}
	return done
}

// answer is dispatch inside of the gate.
func (s *session) answer(row *commands.Row, err error, start time.Time) (done bool) {
	switch {
	case err != nil:
		s.refuse(row, err)
	case s.queues(row):
		s.queue(row)
	case row.Serve != nil:
		return s.serve(row, start)
	default:
		return s.operate(row, start)
	}
	return true
}

// lookUp finds the row of a call. A command that the table does not have may be one of a real
// Redis below, which then decides, and scripts are.
func (s *session) lookUp(args [][]byte) (*commands.Row, error) {
	row, err := s.server.table.Find(args)
	foreign := err != nil && !s.server.table.Known(args[0]) || err == nil && row.Flags&commands.Upstream != 0
	if !foreign {
		return row, err
	}
	if catalog := s.server.active.Load().catalog; catalog != nil && s.trusted {
		if call, ok := catalog.Foreign(s.server.ctx, args); ok {
			s.foreign = call
			return s.server.foreignRow, nil
		}
	}
	return row, err
}

// routed says whether what lookUp has found depends on the active backend.
func (s *session) routed(row *commands.Row) bool {
	return row == s.server.foreignRow || row.Flags&commands.Upstream != 0
}

func (s *session) authorise(row *commands.Row) error {
	if !s.trusted && row.Flags&commands.NoAuth == 0 {
		return commands.ErrNoAuth
	}
	if s.server.scripts.Busy() && row.Flags&commands.AllowBusy == 0 {
		return s.server.scripts.Refusal()
	}
	return s.mayCall(row)
}

// serve runs a command about the server or the session, outside of the gate: STATE.SWITCH closes it. done is
// as for dispatch.
func (s *session) serve(row *commands.Row, start time.Time) (done bool) {
	s.Settle() // what came before takes effect before
	from := len(s.call.Buf)
	s.served = from
	err := row.Serve(&s.call)
	if err == commands.ErrLong {
		return false
	}
	s.conclude(row, from, err)
	s.account(row, start, err != nil)
	return true
}

// operate runs a command about data on the active backend; done is as for dispatch.
func (s *session) operate(row *commands.Row, start time.Time) (done bool) {
	b := s.server.active.Load()
	switch {
	case b.engine == nil && row.Span != nil:
		s.refuse(row, commands.ErrNoTransactions)
		return true
	case b.engine == nil:
		s.forward(b, row, start)
		return true
	}
	from := len(s.call.Buf)
	s.began = start
	access := s.call.Access()
	brief := s.call.Brief
	access.Brief = brief && row.Span == nil
	if s.hearsItself() {
		s.mail.hold()
	}
	whole := access.Open && !s.server.Tracked() // if a switch begins meanwhile, it does not learn what was written
	commit, err := s.call.Execute(b.engine, access)
	blocks := s.entering != nil && s.suspend(row, err)
	if err == commands.ErrLong || err == backends.ErrWouldWait {
		s.call.Buf = s.call.Buf[:from]
		s.Forget()
		return false
	}
	if len(s.effects) > 0 {
		s.publish(brief)
	}
	if access.Write {
		s.track(row, row.Span != nil && (access.All || whole), access.DB, access.Keys)
	}
	if row.Span != nil && s.modes.Load()&caching != 0 {
		s.endCaching(row) // one of its commands may have said it
	}
	if blocks {
		s.call.Buf = s.call.Buf[:from]
		return true
	}
	b.count(s.stats, access.Write, err)
	s.conclude(row, from, err)
	if commit != nil {
		s.hold(hold{row: row, backend: b, at: from, end: len(s.call.Buf), start: start, commit: commit, failed: err != nil})
		return true
	}
	s.account(row, start, err != nil)
	return true
}

// enter takes the batch's place among the operations that run at once, and enters the gate.
func (s *session) enter() error {
	if !s.admitted {
		if err := s.server.operations.acquire(s.server.ctx); err != nil {
			return err
		}
		s.admitted = true
	}
	s.server.gate.enter(&s.pass)
	return nil
}

// tryEnter is enter that does not wait. Whether the backend is a prompt one is certain only inside.
func (s *session) tryEnter() bool {
	if !s.admitted {
		if !s.server.operations.take() {
			return false
		}
		s.admitted = true
	}
	if !s.server.gate.tryEnter(&s.pass) {
		return false
	}
	if !s.server.active.Load().prompt {
		s.server.gate.leave(&s.pass)
		return false
	}
	return true
}

// track tells a switch under way what was written. It is called after the write and inside the
// gate, as switching.Tracker asks for.
func (s *session) track(row *commands.Row, whole bool, db int, keys [][]byte) {
	t := s.server.tracker.Load()
	switch {
	case t == nil:
	case whole, row.Flags&commands.Whole != 0:
		t.MarkAll()
	case row.Flags&commands.AnyDB != 0:
		for db := range s.server.config.Databases {
			t.Mark(db, keys)
		}
	default:
		t.Mark(db, keys)
	}
}

// conclude replaces what a failed command has replied so far with its error.
func (s *session) conclude(row *commands.Row, from int, err error) {
	if err == nil {
		return
	}
	text := s.server.explain(row, err)
	s.call.Buf = s.call.Buf[:from]
	s.call.Error(text)
	s.server.errors.add(text)
}

// refuse replies to a command that does not run. row is nil when there is none.
func (s *session) refuse(row *commands.Row, err error) {
	if row == nil && isHTTP(s.call.Args[0]) {
		s.server.log.Warn("a client speaks HTTP and was disconnected: a page in somebody's browser may be behind it", "client", s.addr)
		s.closing = true
		return
	}
	s.conclude(row, len(s.call.Buf), s.breakTransaction(row, err))
	if row != nil {
		s.stats.rows[row.Index].rejected.Add(1)
	}
}

// isHTTP recognises the first words of the lines by which a browser can be made to send commands
// to a server that it can reach. Redis too disconnects it, before it comes to the body.
func isHTTP(name []byte) bool {
	return bytes.EqualFold(name, []byte("POST")) || bytes.EqualFold(name, []byte("Host:"))
}

// account ends a command's way.
func (s *session) account(row *commands.Row, start time.Time, failed bool) {
	s.now = time.Now()
	s.stats.rows[row.Index].add(s.now.Sub(start), failed)
}

// clock is the time at which the command at hand began, and where one ends the next begins: one
// look at the clock for each.
func (s *session) clock() time.Time {
	if s.now.IsZero() {
		s.now = time.Now()
		s.seen.Store(s.now.UnixNano())
	}
	return s.now
}

// survive turns a panic, which is a mistake of ours, into an error of one client.
func (s *session) survive(from int) {
	p := recover()
	if p == nil {
		return
	}
	if s.entering != nil {
		s.suspend(nil, commands.ErrInternal)
	}
	s.Forget()
	s.server.log.Error("panic in a command", "command", string(s.call.Args[0]), "panic", p, "stack", string(debug.Stack()))
	if !s.forwarding {
		s.server.gate.leave(&s.pass)
	}
	s.call.Buf = s.call.Buf[:from]
	s.call.Error(string(commands.ErrInternal))
	s.closing = true
}

var _ backends.Body = (*commands.Ctx)(nil)
