package proxy

import (
	"bytes"

	"switchyard/commands"
)

// What calls do to keys is told twice. From inside of a transaction, those who watch a key are marked, since whoever
// locks the key next has to see that. After it, in the order of the effects, everybody else is told: dispatch
// does so before it takes the session's next command.

// Observed implements commands.Server.
func (s *Server) Observed() bool {
	return s.watches.count.Load() > 0 || s.trackers.Load() > 0 || s.followed()
}

// Tracked implements commands.Server.
func (s *Server) Tracked() bool { return s.tracker.Load() != nil }

// followed says whether anybody is to be told after the transaction.
func (s *Server) followed() bool { return s.told() != 0 || s.waits.Len() > 0 }

// ObservesMisses implements commands.Server.
func (s *Server) ObservesMisses() bool { return s.told()&commands.KeyMissEvent != 0 }

// Affect implements commands.Client.
func (s *session) Affect(e commands.Effect) {
	if !e.Kept {
		s.server.watches.touch(e.DB, e.Key)
	}
	told := s.server.told()&e.Class != 0
	if told {
		s.takeTurns()
	}
	if told || s.server.awaits(&e) || s.server.trackers.Load() > 0 && (e.All || !e.Kept) {
		e.Key = bytes.Clone(e.Key)
		s.effects = append(s.effects, e)
	}
}

// Forget implements commands.Client. Nobody else has been told of it: what runs again changes no keys.
func (s *session) Forget() {
	clear(s.effects)
	s.effects = s.effects[:0]
	s.endTurns()
}

// publish tells what the command at hand has done, and serves those who have waited for it.
func (s *session) publish(brief bool) {
	keys := s.server.appendAwaited(nil, s.effects, nil)
	s.tellEffects()
	s.Forget()
	if len(keys) > 0 {
		s.serveWaiters(keys, brief)
	}
}
