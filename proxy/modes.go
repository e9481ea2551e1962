package proxy

import (
	"bytes"
	"time"

	"switchyard/commands"
)

// What makes a session's calls different from ordinary ones is in one word, at which each call looks once: somebody
// monitors, calls are held back, replies are not wanted. What most sessions have in common is set in all of them by
// who begins it, so that nobody pays for it meanwhile.
const (
	killed      uint32 = 1 << iota // it runs nothing any more
	ending                         // its connection ends after the replies
	monitored                      // somebody monitors
	monitors                       // its client does
	pausedAll                      // CLIENT PAUSE holds all calls back
	pausedWrite                    // or those that may write
	quiet                          // CLIENT REPLY OFF or SKIP
	caching                        // CLIENT CACHING has said something about the next command
)

// setMode sets or clears a mode of the session alone.
func (s *session) setMode(mode uint32, on bool) {
	if on {
		s.modes.Or(mode)
	} else {
		s.modes.And(^mode)
	}
}

// setModes clears and sets modes of all sessions, and of those to come.
func (s *Server) setModes(clear, set uint32) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.modes = s.modes&^clear | set
	for _, c := range s.clients {
		c.modes.And(^clear)
		c.modes.Or(set)
	}
}

// answerIn is answer in a session with modes.
func (s *session) answerIn(modes uint32, row *commands.Row, err error, start time.Time) (done bool) {
	switch {
	case modes&killed != 0:
		s.closing = true
		return true
	case err != nil:
	case modes&monitors != 0 && s.call.UsesKeys():
		err = commands.ErrMonitorKeys
	case s.pauses(modes, row) && s.postpone():
		return true
	}
	queued := err == nil && s.queues(row)
	if err == nil && row.Serve != nil && !queued {
		s.Settle() // as answer would, which may move what was replied so far
	}
	from, holds, args := len(s.call.Buf), len(s.holds), s.call.Args
	silence := s.silence
	aborts := err != nil && row != nil && row.FullName == "exec" && s.transaction != nil
	s.silence.begin()
	silent := s.silence.now
	if done = s.answer(row, err, start); !done {
		s.silence = silence
		return false
	}
	if modes&caching != 0 {
		s.endCaching(row)
	}
	if modes&quiet != 0 {
		s.suppress(row, err, from, holds, silent)
	}
	if modes&monitored != 0 && (err == nil && !queued && row.Flags&commands.SkipMonitor == 0 || aborts) {
		s.show(row, args)
	}
	return true
}

// silence says which replies are not sent. It belongs to who has the session.
type silence struct {
	off  bool // CLIENT REPLY OFF
	skip bool // the next one, because of CLIENT REPLY SKIP
	now  bool // that of the call at hand
}

// begin begins a call.
func (q *silence) begin() {
	q.now = q.off || q.skip
	q.skip = false
}

// SetReplies implements commands.Client.
func (s *session) SetReplies(mode commands.ReplyMode) {
	q := &s.silence
	switch mode {
	case commands.ReplyOn:
		*q = silence{}
	case commands.ReplyOff:
		q.off, q.now = true, true
	case commands.ReplySkip:
		q.skip = q.skip || !q.off
	}
	s.setMode(quiet, q.off || q.skip)
}

// pushes says of a command that what it replies are messages, which are sent in any case.
func pushes(row *commands.Row) bool {
	const flags = commands.PubSub | commands.Listening
	return row.Flags&flags == flags
}

// suppress takes back what a call has replied since from, and what it will. silent says whether that was to be so from its
// beginning.
func (s *session) suppress(row *commands.Row, err error, from, holds int, silent bool) {
	now := s.silence.now
	s.silence.now = s.silence.off
	s.setMode(quiet, s.silence.off || s.silence.skip)
	isExec := row != nil && row.FullName == "exec"
	switch {
	case isExec && silent:
		// The replies to the queued commands have been dealt with one by one. In front of them is how many they are; in
		// place of them may be an error or a null, which take a line as well.
		line := bytes.IndexByte(s.call.Buf[from:], '\n') + 1
		s.call.Buf = append(s.call.Buf[:from], s.call.Buf[from+line:]...)
	case isExec, !now, err == nil && pushes(row) && !s.queues(row):
		return
	default:
		s.call.Buf = s.call.Buf[:from]
		if b := s.blocked.Load(); b != nil {
			b.mute = true
		}
	}
	for i := holds; i < len(s.holds); i++ {
		h := &s.holds[i]
		h.end, h.quiet = len(s.call.Buf), true
	}
}

// finishIn is what modes do to a command of several that run as one, which has replied since from.
func (s *session) finishIn(modes uint32, row *commands.Row, from int) {
	if !s.call.Scripted && (s.silence.now && !pushes(row) || s.ended) {
		s.call.Buf = s.call.Buf[:from]
	}
	s.ended = modes&ending != 0 // nothing comes behind the reply to what ends the connection
	if modes&monitored != 0 && row.Flags&commands.SkipMonitor == 0 {
		s.show(row, s.call.Args)
	}
}
