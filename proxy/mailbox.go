package proxy

import (
	"sync"

	"switchyard/proxy/transport"
)

// mailbox is where messages for a client arrive that it did not ask for at this moment: those of channels, and that its copies
// of keys are outdated. They are pushes, and come at any time. But none may come before the confirmation of its subscription,
// nor in a protocol that the client has not yet been told of: what such a command replies is pushed too, together with all
// replies before it, and what comes meanwhile waits behind it. And who keeps copies must read the reply that he
// copies before he reads that it is outdated: for him, messages wait for the replies to the batch at hand.
type mailbox struct {
	session *session
	confirm bool // the reply of the command at hand has to come before any message; the session's

	mu      sync.Mutex
	most    int  // bytes that may wait, beyond which the connection's limit is exceeded
	held    bool // messages wait for the end of a command; only the session changes it, and may look at it without the lock
	batch   bool // they wait for the replies to the batch; likewise
	pending []byte
}

// letters is the session's mailbox, which it has once it needs one.
func (s *session) letters() *mailbox {
	if s.mail == nil {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.mail = &mailbox{session: s, most: int(s.server.config.Limits.Output)}
	}
	return s.mail
}

// bound says how much the client may leave unread.
func (s *session) bound(limit transport.OutputLimit) {
	s.conn.Bound(limit)
	s.mail.mu.Lock()
	defer s.mail.mu.Unlock()
	s.mail.most = int(limit.Hard)
}

// deliver gives the client a message. Any goroutine may call it.
func (s *session) deliver(b []byte) {
	s.mu.Lock()
	m := s.mail
	s.mu.Unlock()
	if m == nil {
		s.push(b)
		return
	}
	m.put(b)
}

// push sends bytes beside the replies to a batch.
func (s *session) push(b []byte) {
	s.stats.output.Add(int64(len(b)))
	s.conn.Push(b)
}

func (m *mailbox) put(b []byte) {
	m.mu.Lock()
	defer m.mu.Unlock()
	switch {
	case !m.held && !m.batch:
		m.session.push(b)
	case len(m.pending) <= m.most: // beyond it the client will be disconnected
		m.pending = append(m.pending, b...)
	}
}

// hold has messages wait for the end of the command at hand.
func (m *mailbox) hold() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.held = true
}

// holdBatch has messages wait for the replies to the batch.
func (m *mailbox) holdBatch() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.batch = true
}

// releaseNone ends hold if no message waits, or those that do wait for more than the end of the command.
func (m *mailbox) releaseNone() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.held = len(m.pending) > 0 && !m.batch
	return !m.held
}

// releaseMessages ends hold, when the command has replied. It waits for nothing where no message has come.
func (s *session) releaseMessages() {
	m := s.mail
	if !m.confirm && m.releaseNone() {
		return
	}
	s.Settle()
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.confirm || len(m.pending) > 0 {
		s.push(s.call.Buf)
		s.call.Buf = s.call.Buf[:0]
		s.push(m.pending)
	}
	m.held, m.confirm, m.pending = false, false, nil
}

// releaseBatch ends holdBatch: the messages go behind the replies.
func (m *mailbox) releaseBatch(replies []byte) []byte {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.batch = false
	if !m.held {
		replies = append(replies, m.pending...)
		m.pending = nil
	}
	return replies
}
