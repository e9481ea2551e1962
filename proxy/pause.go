package proxy

import (
	"context"
	"sync"
	"time"

	"switchyard/backends"
	"switchyard/commands"
)

// pause is CLIENT PAUSE. A call that it holds back stops its session, as one that waits for a key does (postpone.go), and
// is run when the pause ends. So neither a loop nor a goroutine waits.
//
// A session is inside the gate before it looks at its modes, and who pauses sets the modes before he looks who is
// inside. So when Pause returns, every call that it does not hold back is over.
type pause struct {
	mu     sync.Mutex
	modes  uint32    // pausedAll or pausedWrite; 0: there is no pause
	end    time.Time // of the pause
	timer  *time.Timer
	held   map[*postponed]struct{}
	calm   backends.Pauser // removes no keys meanwhile; nil: it does by itself, or is none
	closed bool            // there is no pause any more
	runs   sync.WaitGroup  // those that were held and run now
}

// Pause implements commands.Server. As in Redis the longer of two pauses, and what holds more back, wins.
func (s *Server) Pause(ctx context.Context, p commands.Pause) error {
	s.beginPause(p)
	if p.Part {
		return nil // others may wait for the keys that it has
	}
	ctx, cancel := context.WithTimeout(ctx, s.config.Timeouts.Operation.Duration)
	defer cancel()
	return s.gate.drain(ctx)
}

func (s *Server) beginPause(p commands.Pause) {
	q := &s.pause
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		return
	}
	wait := time.Duration(min(p.Milliseconds, int64(longest/time.Millisecond))) * time.Millisecond
	if end := time.Now().Add(wait); end.After(q.end) {
		q.end = end
	}
	old := q.modes
	if q.modes = pausedAll; p.Writes && old != pausedAll {
		q.modes = pausedWrite
	}
	if q.timer != nil {
		q.timer.Stop()
	}
	q.timer = time.AfterFunc(time.Until(q.end), s.pauseOver)
	s.setModes(old, q.modes)
	if q.calm == nil {
		if calm, ok := backends.As[backends.Pauser](s.active.Load().Backend); ok {
			q.calm = calm
			calm.Pause()
		}
	}
}

// pauseOver ends the pause when its time has come. It may have been made longer meanwhile.
func (s *Server) pauseOver() {
	q := &s.pause
	q.mu.Lock()
	if time.Now().Before(q.end) {
		q.mu.Unlock()
		return
	}
	q.mu.Unlock()
	s.Unpause()
}

// Unpause implements commands.Server.
func (s *Server) Unpause() {
	q := &s.pause
	q.mu.Lock()
	held := s.endPause()
	q.mu.Unlock()
	goAgain(held)
}

func goAgain(held map[*postponed]struct{}) {
	for p := range held {
		p.goAgain()
	}
}

// endPause ends the pause, and returns what it has held. q.mu is held.
func (s *Server) endPause() (held map[*postponed]struct{}) {
	q := &s.pause
	s.setModes(pausedAll|pausedWrite, 0)
	q.modes, q.end = 0, time.Time{}
	if q.timer != nil {
		q.timer.Stop()
		q.timer = nil
	}
	if q.calm != nil {
		q.calm.Resume()
		q.calm = nil
	}
	held, q.held = q.held, nil
	return held
}

// closePause ends the pause for good: what it holds back is not run.
func (s *Server) closePause() {
	q := &s.pause
	q.mu.Lock()
	q.closed = true
	held := s.endPause()
	q.mu.Unlock()
	goAgain(held)
}

// hold has p run when the pause ends; false: there is none.
func (q *pause) hold(p *postponed) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.modes == 0 {
		return false
	}
	if q.held == nil {
		q.held = map[*postponed]struct{}{}
	}
	q.held[p] = struct{}{}
	return true
}

// drop is for a connection that has ended.
func (q *pause) drop(p *postponed) {
	q.mu.Lock()
	defer q.mu.Unlock()
	delete(q.held, p)
}

// pauses says whether the pause holds a call back. QUIT passes, as in Redis 7.0.
func (s *session) pauses(modes uint32, row *commands.Row) bool {
	switch {
	case modes&(pausedAll|pausedWrite) == 0, row.FullName == "quit":
		return false
	case modes&pausedAll != 0:
		return true
	case row == s.server.foreignRow:
		return s.foreign.Write
	}
	return s.call.MayWrite()
}
