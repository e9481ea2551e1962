package proxy

import (
	"errors"
	"sync"

	"switchyard/commands"
	"switchyard/proxy/wait"
)

// After a command that has changed keys, those who wait for them are served, key after key in the order of the effects,
// and at each first come first served. It is done by who has changed them, before his next command: so
// who pushes an element for which somebody waits does not see it afterwards. What those who are served do is
// appended to the same list of keys.
//
// On an event loop neither much can be done nor anything that waits. What is left then is done by a goroutine of the
// server's, for which the session waits before its next command.

// briefAttempts is how many attempts are made on an event loop after one command.
const briefAttempts = 128

var errAbsent = errors.New("the key is not there")

// promises says whether, after an effect, somebody may find in the key what he has waited for, or find it gone.
func promises(e *commands.Effect) bool {
	if e.Kept {
		return e.Event == "xgroup-destroy"
	}
	switch e.Event {
	case "lpop", "rpop", "lrem", "ltrim", "lset", "zrem", "zremrangebyrank", "zremrangebyscore", "zremrangebylex", "zpopmin", "zpopmax",
		"xdel", "xtrim", "expire", "persist":
		return false
	}
	return true
}

// awaits says whether somebody is to be served because of an effect.
func (s *Server) awaits(e *commands.Effect) bool {
	if s.waits.Len() == 0 {
		return false
	}
	return e.All || promises(e) && s.waits.Awaited(e.DB, e.Key)
}

// appendAwaited appends the keys of effects that somebody waits for, but for one that is being seen to.
func (s *Server) appendAwaited(keys []wait.Key, effects []commands.Effect, but *wait.Key) []wait.Key {
	for i := range effects {
		switch e := &effects[i]; {
		case !s.awaits(e):
		case e.All:
			keys = append(keys, s.waits.Keys(e.DB)...)
		default:
			k := wait.Key{DB: e.DB, Name: string(e.Key)}
			if n := len(keys); (n == 0 || keys[n-1] != k) && (but == nil || *but != k) {
				keys = append(keys, k)
			}
		}
	}
	return keys
}

// wake serves those who wait for keys, and returns what is left to do. The caller is inside the gate, and in no
// transaction.
func (s *Server) wake(keys []wait.Key, brief bool) (left []wait.Key) {
	for attempts := 0; len(keys) > 0; keys = keys[1:] {
		for v := s.waits.Visit(keys[0]); ; {
			b, ok := v.Next()
			if !ok {
				break
			}
			if attempts++; brief && attempts > briefAttempts {
				return keys
			}
			var how attempt
			if how, keys = b.retry(keys[0], brief, keys); how == busy {
				return keys
			}
			if how == absent {
				break
			}
		}
	}
	return nil
}

// serveWaiters is wake after a command of the session.
func (s *session) serveWaiters(keys []wait.Key, brief bool) {
	if left := s.server.wake(keys, brief); len(left) > 0 {
		s.behind = s.server.wakeSoon(left)
	}
}

// catchUp waits until all are served who have waited for what the session has changed; false: they are not yet, and the
// call must be brief.
func (s *session) catchUp(brief bool) bool {
	if s.behind == nil {
		return true
	}
	select {
	case <-s.behind:
	default:
		if brief {
			return false
		}
		select {
		case <-s.behind:
		case <-s.server.ctx.Done():
		}
	}
	s.behind = nil
	return true
}

// waking is the goroutine that serves those who wait where nobody else can. It is there while it has something to do.
type waking struct {
	pass pass

	mu     sync.Mutex
	list   []wakeUp
	busy   bool
	closed bool
	all    sync.WaitGroup
}

// wakeUp are keys whose waiters are to be served.
type wakeUp struct {
	keys []wait.Key
	done chan struct{}
}

// wakeSoon has those served who wait for keys, and returns what is closed then. It may be called from anywhere.
func (s *Server) wakeSoon(keys []wait.Key) <-chan struct{} {
	w, u := &s.waking, wakeUp{keys, make(chan struct{})}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		close(u.done)
		return u.done
	}
	w.list = append(w.list, u)
	if !w.busy {
		w.busy = true
		w.all.Go(s.wakeAll)
	}
	return u.done
}

// wakeAll serves until nothing is left to do.
func (s *Server) wakeAll() {
	w := &s.waking
	for {
		w.mu.Lock()
		list := w.list
		w.list, w.busy = nil, len(list) > 0
		w.mu.Unlock()
		if len(list) == 0 {
			return
		}
		for _, u := range list {
			s.gate.enter(&w.pass)
			s.wake(u.keys, false)
			s.gate.leave(&w.pass)
			close(u.done)
		}
	}
}

// wakeEverybody has all calls that wait tried again: another backend may have what they wait for, and one that does not
// know how to wait ends them.
func (s *Server) wakeEverybody() {
	var keys []wait.Key
	for db := range s.config.Databases {
		keys = append(keys, s.waits.Keys(db)...)
	}
	if len(keys) > 0 {
		s.wakeSoon(keys)
	}
}

// end waits until nobody is served any more.
func (w *waking) end() {
	w.mu.Lock()
	w.closed = true
	w.mu.Unlock()
	w.all.Wait()
}
