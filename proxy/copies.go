package proxy

import (
	"bytes"
	"strings"

	"github.com/tidwall/redcon"

	"switchyard/commands"
	"switchyard/proxy/tracking"
)

// Clients keep copies of what they read, and want to be told when those are outdated (CLIENT TRACKING). A command that reads
// remembers its keys from inside of its transaction, where nobody can change them: so it is before or behind any
// change. After a transaction, and before the session's next command, those are told who have read what it has changed.
// Those who want to be told of all keys with a prefix are told behind the session's batch, of each key once, as Redis
// tells them once for a turn of its loop.
// Whoever reads a key between a change and its telling has read the new value, and is told nevertheless: too often, and
// never too rarely. A message that reaches a session while it runs a batch waits for the replies to that, which may be
// the copies in question (mailbox.go). Reads of a session that tracks lock their keys, because the view that
// others may be given is of a moment that has passed (Access.Again).
//
// On a backend that is a Forwarder others change keys unseen, so tracking is refused there. Who tracks when such a one becomes the
// active backend is told that all copies are outdated and is disconnected, since he would wait for messages that do not
// come; when he returns he learns that there is no tracking now.

// copies is how a client tracks; it does not change.
type copies struct {
	client  *tracking.Client[*session]
	options commands.Tracking // Prefixes are the client's
}

// SetTracking implements commands.Client.
func (s *session) SetTracking(o commands.Tracking) error {
	old := s.copies.Load()
	c := &copies{options: o}
	if old != nil {
		c.client = old.client
	} else {
		c.client = tracking.NewClient(s)
		s.server.trackers.Add(1)
	}
	for _, prefix := range o.Prefixes {
		s.server.ranges.Add(c.client, prefix)
	}
	s.brokenRedirect.Store(false)
	s.letters().holdBatch()
	s.copies.Store(c)
	s.call.Tracks = true
	// abandonReaders looks at the sessions behind the change of the backend, this at the backend behind that of the session: a
	// switch that comes at this moment is seen by one of them.
	if s.server.active.Load().engine == nil {
		s.StopTracking()
		return commands.ErrNoTracking
	}
	return nil
}

// StopTracking implements commands.Client.
func (s *session) StopTracking() {
	c := s.copies.Swap(nil)
	s.call.Tracks = false
	s.setMode(caching, false)
	s.brokenRedirect.Store(false)
	if c != nil {
		s.server.trackers.Add(-1)
		s.server.reads.End(c.client)
		s.server.ranges.End(c.client)
	}
}

// Tracking implements commands.Client.
func (s *session) Tracking() (o commands.Tracking, on bool) {
	c := s.copies.Load()
	if c == nil {
		return o, false
	}
	o = c.options
	o.Prefixes = c.client.Prefixes()
	o.Caching, o.Broken = s.modes.Load()&caching != 0, s.brokenRedirect.Load()
	return o, true
}

// SetCaching implements commands.Client.
func (s *session) SetCaching() { s.setMode(caching, true) }

// Read implements commands.Client.
func (s *session) Read(row *commands.Row, args [][]byte) {
	c := s.copies.Load()
	if c == nil || c.options.Broadcast {
		return
	}
	if given := s.modes.Load()&caching != 0; c.options.OptIn && !given || c.options.OptOut && given {
		return
	}
	for _, key := range row.AppendKeys(nil, args) {
		again := s.server.reads.Remember(c.client, key, s.server.forgotten)
		if row.Flags&commands.Rewrites != 0 && !again {
			s.firstRead(key)
		}
	}
}

// firstRead notes that a command which has rewritten a key is the first of the client's to read it.
func (s *session) firstRead(key []byte) {
	for i := range s.effects {
		if e := &s.effects[i]; e.Read && bytes.Equal(e.Key, key) {
			e.First = true
		}
	}
}

// forgotten tells those who have read a key that had to make room for others.
func (s *Server) forgotten(key string, readers []*tracking.Client[*session]) {
	for _, r := range readers {
		s.outdate(r, []string{key}, nil)
	}
}

// tellReaders tells who has copies of what the command at hand has changed.
func (s *session) tellReaders() {
	if s.server.trackers.Load() == 0 {
		return
	}
	all, ranges := false, s.server.ranges.Len() > 0
	for i := range s.effects {
		switch e := &s.effects[i]; {
		case e.All:
			all = true
		case !e.Kept:
			s.outdateOwn(e)
			if n := len(s.changed); ranges && (n == 0 || s.changed[n-1] != string(e.Key)) {
				s.changed = append(s.changed, string(e.Key))
			}
		}
	}
	if all {
		s.server.outdateAll(s)
	}
	if s.stands || len(s.changed) > maxChanged {
		s.tellRanges()
	}
}

// maxChanged bounds how many changed keys a session collects.
const maxChanged = 1000

// tellRanges tells those who want to know of all keys with some prefix what has changed since the last time.
func (s *session) tellRanges() {
	s.server.outdateRanges(s.changed, s)
	s.changed = nil
}

// appendOwn puts what the session has told itself behind the replies so far. Nothing comes behind the last one.
func (s *session) appendOwn() {
	if !s.closing {
		s.call.Buf = append(s.call.Buf, s.own...)
	}
	s.own = s.own[:0]
}

// outdateKey tells those who have read a key; by is who has changed it, nil for nobody.
func (s *Server) outdateKey(key []byte, by *session) {
	for _, r := range s.reads.Forget(key) {
		s.outdate(r, []string{string(key)}, by)
	}
}

// outdateOwn is outdateKey for what the command at hand has done. What it has read as it is now it goes on to be told of.
func (s *session) outdateOwn(e *commands.Effect) {
	c := s.copies.Load()
	if !e.Read || c == nil {
		s.server.outdateKey(e.Key, s)
		return
	}
	for _, r := range s.server.reads.ForgetBut(e.Key, c.client) {
		if r != c.client || !e.First {
			s.server.outdate(r, []string{string(e.Key)}, s)
		}
	}
}

// outdateRanges tells those who want to know of all keys with some prefix.
func (s *Server) outdateRanges(changed []string, by *session) {
	if len(changed) == 0 {
		return
	}
	s.ranges.Each(changed, func(keys []string, clients []*tracking.Client[*session]) {
		for _, c := range clients {
			s.outdate(c, keys, by)
		}
	})
}

// outdateAll tells all who track that no copy is worth anything.
func (s *Server) outdateAll(by *session) {
	if s.trackers.Load() == 0 {
		return
	}
	s.reads.ForgetAll()
	for _, c := range s.sessions() {
		if t := c.copies.Load(); t != nil {
			s.outdate(t.client, nil, by)
		}
	}
}

// redirected is the channel of messages that go to another client, which may speak RESP2.
const redirected = "__redis__:invalidate"

// outdate tells a client that its copies of keys are outdated; nil: of all keys. What the client has done itself it is
// told behind the reply to that, or not at all if it does not want to be.
func (s *Server) outdate(client *tracking.Client[*session], keys []string, by *session) {
	reader := client.Of
	c := reader.copies.Load()
	if c == nil {
		return
	}
	own := by != nil && by.id == reader.id // also of who makes a call of the client's again in its place
	if own && c.options.NoLoop && keys != nil {
		return
	}
	target := reader
	if c.options.Redirect != 0 {
		if target = s.session(c.options.Redirect); target == nil {
			reader.breakRedirect(c.options.Redirect, by)
			return
		}
	}
	var b []byte
	switch proto := target.proto.Load(); {
	case proto >= 3:
		b = redcon.AppendBulkString([]byte(">2\r\n"), "invalidate")
	case c.options.Redirect != 0 && target.subscribes():
		b = redcon.AppendBulkString(redcon.AppendBulkString(redcon.AppendArray(b, 3), "message"), redirected)
	default:
		return // there is no way to tell it
	}
	target.inform(appendNames(b, keys, int(reader.proto.Load())), by)
}

// appendNames appends the keys of a message; in Redis the null for all keys is in the protocol of who has read them.
func appendNames(b []byte, keys []string, proto int) []byte {
	switch {
	case keys != nil:
		b = redcon.AppendArray(b, len(keys))
		for _, key := range keys {
			b = redcon.AppendBulkString(b, key)
		}
		return b
	case proto >= 3:
		return append(b, "_\r\n"...)
	}
	return redcon.AppendNull(b)
}

// inform is deliver, behind the reply to the command at hand if that is the session's own.
func (s *session) inform(b []byte, by *session) {
	if s == by {
		s.own = append(s.own, b...)
		return
	}
	s.deliver(b)
}

// breakRedirect notes that the client has gone to which messages go.
func (s *session) breakRedirect(id int64, by *session) {
	s.brokenRedirect.Store(true)
	if s.proto.Load() >= 3 {
		s.inform(redcon.AppendInt(redcon.AppendBulkString([]byte(">2\r\n"), "tracking-redir-broken"), id), by)
	}
}

// session finds a client by its number; nil: it has gone.
func (s *Server) session(id int64) *session {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.clients[id]
}

// HasClient implements commands.Server.
func (s *Server) HasClient(id int64) bool { return s.session(id) != nil }

// abandonReaders is outdateAll when another backend becomes the active one, which b is.
func (s *Server) abandonReaders(b *opened) {
	s.outdateAll(nil)
	if b.engine != nil {
		return
	}
	for _, c := range s.sessions() {
		if c.copies.Load() != nil {
			s.log.Warn("a client that tracks keys was disconnected, since the new backend cannot say what changes", "client", c.addr, "backend", b.Name())
			s.Kill(c.id)
		}
	}
}

// endCaching ends what CLIENT CACHING has said, which holds for the next command or transaction.
func (s *session) endCaching(row *commands.Row) {
	if s.transaction == nil && (row == nil || !strings.HasPrefix(row.FullName, "client|")) {
		s.setMode(caching, false)
	}
}

func (s *Server) trackingInfo() (i commands.TrackingInfo) {
	i.Clients, i.Prefixes = s.trackers.Load(), s.ranges.Len()
	i.Keys, i.Items = s.reads.Len()
	return i
}
