package proxy

import (
	"bytes"
	"sync"
	"time"

	"switchyard/commands"
)

// postponed is a call that stops its session without waiting for a key: CLIENT PAUSE holds it back, or its reply is to
// leave later. It costs no goroutine until it is run, which is done by one of its own: the transport has the session
// again when that is done.
type postponed struct {
	session *session
	args    [][]byte    // of the call that is held back; nil: it has been run, and its reply is there
	timer   *time.Timer // when the reply leaves; nil: nobody knows
	wants   bool        // it is to be held back once more; the session's own

	mu     sync.Mutex
	state  postponement
	due    bool   // it is to be run as soon as the transport has let go of the session
	resume func() // tells the transport that it may go on; nil: it does not want to know
	reply  []byte
	left   bool // the connection has ended while it ran
}

// postponement is how far it has come.
type postponement int

const (
	waiting postponement = iota
	underWay
	finished
)

// postpone has the pause hold the call at hand back; false: the pause is over.
func (s *session) postpone() bool {
	if p := s.postponed.Load(); p != nil { // it was held back before
		p.wants = true
		return true
	}
	p := &postponed{session: s, args: commands.CopyArgs(s.call.Args)}
	if !s.server.pause.hold(p) {
		return false
	}
	s.stop(p)
	return true
}

func (s *session) stop(p *postponed) {
	s.postponed.Store(p)
	s.blocked.Store(&blocked{session: s, later: p})
}

// Delay implements commands.Client.
func (s *session) Delay(milliseconds int64) {
	p := &postponed{session: s, reply: bytes.Clone(s.call.Buf[s.served:])}
	s.call.Buf = s.call.Buf[:s.served]
	if milliseconds > 0 && milliseconds <= int64(longest/time.Millisecond) {
		p.timer = time.AfterFunc(time.Duration(milliseconds)*time.Millisecond, func() { p.finish(nil) })
	}
	s.stop(p)
}

// finish ends the wait of a call whose reply is there, with an error in its place unless that is nil. It says whether
// the call waited.
func (p *postponed) finish(err error) bool {
	p.mu.Lock()
	if p.args != nil || p.state != waiting {
		p.mu.Unlock()
		return false
	}
	p.state = finished
	if err != nil {
		r := commands.Reply{Proto: int(p.session.proto.Load())}
		text, _ := commands.TextOf(err)
		r.Error(text)
		p.reply = r.Buf
	}
	resume := p.resume
	p.mu.Unlock()
	if p.timer != nil {
		p.timer.Stop()
	}
	if resume != nil {
		resume()
	}
	return true
}

// goAgain runs a call that was held back. The session is its transport's until that has asked whether it waits.
func (p *postponed) goAgain() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.due = true
	p.start()
}

// start runs the call if it is time to. p.mu is held.
func (p *postponed) start() {
	if p.due && p.resume != nil && p.state == waiting {
		p.state, p.due = underWay, false
		p.session.server.pause.runs.Go(p.run)
	}
}

// waits is Blocked for the session.
func (p *postponed) waits(fn func()) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.state == finished {
		return false
	}
	p.resume = fn
	p.start()
	return true
}

// run runs the call on the session, until it is not held back again.
func (p *postponed) run() {
	s := p.session
	for {
		if p.wants = false; s.server.pauseClosed() {
			s.closing = true
		}
		s.call.Buf = nil
		s.Execute(p.args)
		if !p.wants {
			break
		}
		p.mu.Lock()
		p.state = waiting // before the pause can end
		held := !p.left && s.server.pause.hold(p)
		if held {
			p.mu.Unlock()
			return
		}
		p.state = underWay
		p.mu.Unlock()
	}
	s.Settle()
	p.mu.Lock()
	p.reply, s.call.Buf = s.call.Buf, nil
	s.now = time.Time{}
	p.state = finished
	left, resume := p.left, p.resume
	if b := s.blocked.Load(); b != nil && b.later != p { // it waits for a key now
		s.postponed.Store(nil)
	}
	p.mu.Unlock()
	if left {
		s.Close()
	} else {
		resume()
	}
}

// pauseClosed says whether nothing that was held back is to be run.
func (s *Server) pauseClosed() bool {
	s.pause.mu.Lock()
	defer s.pause.mu.Unlock()
	return s.pause.closed
}

// goOn puts the reply at the beginning of the replies, if it is there, or drops it.
func (p *postponed) goOn(mute bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.state == finished {
		s := p.session
		if !mute {
			s.call.Buf = append(s.call.Buf, p.reply...)
		}
		s.postponed.Store(nil)
		s.blocked.Store(nil)
	}
}

// leave is the end of the connection. It says false when the call runs, which closes the session when it has.
func (p *postponed) leave() bool {
	p.session.server.pause.drop(p)
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.state == underWay {
		p.left = true
		return false
	}
	p.state = finished
	if p.timer != nil {
		p.timer.Stop()
	}
	p.session.postponed.Store(nil)
	return true
}
