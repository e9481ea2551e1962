package commands

import (
	"container/list"
	"context"
	"sync"
	"sync/atomic"
	"time"

	"switchyard/commands/lua"
)

// Scripts are those that the server has, by their SHA-1, and those that run. Scripts that were loaded stay until they are
// flushed. Of those that came with EVAL only so many stay that no client needs to fear for the server's
// memory: the ones that were not used for the longest time go, as in Redis 7.4.
type Scripts struct {
	Runtime *lua.Runtime

	mu     sync.Mutex
	loaded map[string]*lua.Script
	passed map[string]*list.Element // of *lua.Script
	order  *list.List               // of passed, the one used last first

	running   map[*scriptRun]struct{}
	spare     []*scriptRun // those that can be used again
	busy      atomic.Int32 // how many run for longer than the threshold
	Threshold atomic.Int64 // milliseconds after which others are told that the server is busy; 0: never
}

// busyThreshold is that of Redis, in milliseconds.
const busyThreshold = 5000

// keepPassed is how many scripts that came with EVAL are kept.
const keepPassed = 500

// scriptRun is one run of a script. It serves another one after that, unless it was killed or its timer has fired.
type scriptRun struct {
	parent context.Context
	ctx    context.Context // ends when it is killed
	kill   context.CancelCauseFunc
	wrote  atomic.Bool
	call   [][]byte    // of a function; nil: it is a script. With the next, under Scripts.mu
	since  time.Time   // when it began
	late   *time.Timer // nil: it was never set
	timed  bool        // late is set for this run
	busy   bool        // it has run for longer than the threshold; under Scripts.mu
}

// keepRuns is how many are kept to serve again.
const keepRuns = 16

// NewScripts makes the scripts of a server.
func NewScripts() *Scripts {
	s := &Scripts{Runtime: lua.New(lua.Options{Version: RedisVersion}), running: map[*scriptRun]struct{}{}}
	s.Threshold.Store(busyThreshold)
	s.Flush()
	return s
}

// Find returns a script; nil when there is none.
func (s *Scripts) Find(sha string) *lua.Script {
	s.mu.Lock()
	defer s.mu.Unlock()
	if script := s.loaded[sha]; script != nil {
		return script
	}
	e := s.passed[sha]
	if e == nil {
		return nil
	}
	s.order.MoveToFront(e)
	return e.Value.(*lua.Script)
}

// Keep takes a script that stays.
func (s *Scripts) Keep(script *lua.Script) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.loaded[script.SHA1] = script
	if e := s.passed[script.SHA1]; e != nil {
		s.order.Remove(e)
		delete(s.passed, script.SHA1)
	}
}

// Remember takes a script that stays as long as there are not too many.
func (s *Scripts) Remember(script *lua.Script) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.loaded[script.SHA1] != nil || s.passed[script.SHA1] != nil {
		return
	}
	s.passed[script.SHA1] = s.order.PushFront(script)
	if s.order.Len() > keepPassed {
		delete(s.passed, s.order.Remove(s.order.Back()).(*lua.Script).SHA1)
	}
}

// Flush forgets all scripts. Those that run go on.
func (s *Scripts) Flush() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.loaded, s.passed, s.order = map[string]*lua.Script{}, map[string]*list.Element{}, list.New()
}

// Len is the number of scripts.
func (s *Scripts) Len() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.loaded) + len(s.passed)
}

// begin is told of a script that begins to run.
func (s *Scripts) begin(ctx context.Context, function [][]byte) *scriptRun {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.idle(ctx)
	r.call, r.since = function, time.Now()
	s.running[r] = struct{}{}
	threshold := time.Duration(s.Threshold.Load()) * time.Millisecond
	switch r.timed = threshold > 0; {
	case !r.timed:
	case r.late == nil:
		r.late = time.AfterFunc(threshold, func() { s.late(r) })
	default:
		r.late.Reset(threshold)
	}
	return r
}

// idle is a scriptRun that does not run.
func (s *Scripts) idle(parent context.Context) *scriptRun {
	if n := len(s.spare); n > 0 && s.spare[n-1].parent == parent {
		r := s.spare[n-1]
		s.spare = s.spare[:n-1]
		return r
	}
	r := &scriptRun{parent: parent}
	r.ctx, r.kill = context.WithCancelCause(parent)
	return r
}

// late has others told that the server is busy.
func (s *Scripts) late(r *scriptRun) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, runs := s.running[r]; runs {
		r.busy = true
		s.busy.Add(1)
	}
}

func (s *Scripts) end(r *scriptRun) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.running, r)
	r.call = nil
	if r.busy {
		s.busy.Add(-1)
	}
	if (!r.timed || r.late.Stop()) && r.ctx.Err() == nil && len(s.spare) < keepRuns {
		r.wrote.Store(false)
		s.spare = append(s.spare, r)
		return
	}
	r.kill(nil)
}

// Busy says that a script has run for so long that others should not wait for it.
func (s *Scripts) Busy() bool { return s.busy.Load() > 0 }

// Refusal is what others are told then.
func (s *Scripts) Refusal() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for r := range s.running {
		if r.busy && r.call != nil {
			return ErrBusyFunction
		}
	}
	return ErrBusy
}

// function is the call of the function that runs, and for how long it has; nil: a script runs.
func (s *Scripts) function() (call [][]byte, since time.Duration, runs bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for r := range s.running {
		if !runs || r.call != nil {
			call, since, runs = r.call, time.Since(r.since), true
		}
	}
	return call, since, runs
}

// Kill ends the functions that run, or else the scripts, those that have not written anything.
func (s *Scripts) Kill(functions bool) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.running) == 0 {
		return ErrNotBusy
	}
	err := error(ErrUnkillable)
	for r := range s.running {
		switch {
		case r.wrote.Load() || err == nil && functions != (r.call != nil):
		case functions == (r.call != nil):
			r.kill(errKilled)
			err = nil
		case functions:
			err = ErrBusy
		default:
			err = ErrBusyFunction
		}
	}
	return err
}
