package proxy

import (
	"time"

	"switchyard/commands"
)

// Transaction implements commands.Client.
func (s *session) Transaction() *commands.Transaction { return s.transaction }

// SetTransaction implements commands.Client.
func (s *session) SetTransaction(t *commands.Transaction) {
	s.transaction = t
	s.countQueued()
}

// countQueued tells others how long the queue is: 0 without one, else one more.
func (s *session) countQueued() {
	n := 0
	if s.transaction != nil {
		n = 1 + s.transaction.Len()
	}
	s.queued.Store(int32(n))
}

// queues says whether a command waits for EXEC.
func (s *session) queues(row *commands.Row) bool {
	return s.transaction != nil && row.Flags&commands.AtOnce == 0
}

// queue keeps a command for EXEC.
func (s *session) queue(row *commands.Row) {
	switch {
	case row.Flags&commands.NoMulti != 0:
		s.refuse(row, commands.ErrNotInMulti)
	case row == s.server.foreignRow:
		s.refuse(row, commands.ErrNoTransactions)
	case !s.transaction.Queue(row, s.call.Args, int64(s.server.config.Limits.Request)):
		s.refuse(row, commands.ErrTransactionTooLarge)
	default:
		s.countQueued()
		s.call.Status("QUEUED")
	}
}

// breakTransaction has EXEC fail because a command was refused, or ends the transaction when EXEC itself was. It
// returns what the client reads.
func (s *session) breakTransaction(row *commands.Row, err error) error {
	switch {
	case s.transaction == nil:
	case row != nil && row.FullName == "exec":
		s.SetTransaction(nil)
		s.Unwatch()
		return commands.Discarded(err)
	default:
		s.transaction.Break()
	}
	return err
}

// Finish implements commands.Client.
func (s *session) Finish(row *commands.Row, from int, err error) {
	s.conclude(row, from, err)
	if modes := s.modes.Load(); modes != 0 {
		s.finishIn(modes, row, from)
	}
	now := time.Now()
	s.stats.rows[row.Index].add(now.Sub(s.began), err != nil)
	s.began = now
}
