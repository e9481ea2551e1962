package proxy

import (
	"bytes"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"switchyard/commands"
)

// monitoring is MONITOR: some clients are sent every command that is run, in the order in which they come here. A command
// is shown when it has been run, so among those that ran at the same time the order is one of several that
// are right. Nothing here waits for a client: one that does not read is disconnected at the limit for its output.
type monitoring struct {
	mu   sync.Mutex
	who  []*session
	line []byte // the last one, for its memory
}

// keepLine is the size above which a line's memory is not kept.
const keepLine = 4 << 10

// Monitor implements commands.Client.
func (s *session) Monitor() bool {
	if s.modes.Load()&monitors != 0 {
		return false
	}
	m := &s.server.monitoring
	m.mu.Lock()
	defer m.mu.Unlock()
	m.who = append(m.who, s)
	s.setMode(monitors, true)
	s.conn.Spare(true)
	if len(m.who) == 1 {
		s.server.setModes(0, monitored)
	}
	if !s.silence.now {
		s.push(s.call.Buf) // before anything is shown, which waits for m.mu, but when everything will be
	}
	s.call.Buf = s.call.Buf[:0]
	return true
}

// unmonitor ends Monitor.
func (s *session) unmonitor() {
	if s.modes.Load()&monitors == 0 {
		return
	}
	m := &s.server.monitoring
	m.mu.Lock()
	defer m.mu.Unlock()
	m.who = slices.DeleteFunc(m.who, func(c *session) bool { return c == s })
	s.setMode(monitors, false)
	s.conn.Spare(s.listens())
	if len(m.who) == 0 {
		m.line = nil
		s.server.setModes(monitored, 0)
	}
}

// Show implements commands.Client.
func (s *session) Show() {
	if s.modes.Load()&monitored != 0 {
		s.show(s.call.Row, s.call.Args)
	}
}

// show shows a call to those who monitor. To the client itself it comes behind the reply.
func (s *session) show(row *commands.Row, args [][]byte) {
	if row.Flags&commands.Admin != 0 {
		return
	}
	m := &s.server.monitoring
	m.mu.Lock()
	defer m.mu.Unlock()
	m.line = appendShown(m.line[:0], time.Now(), s.DB(), s.shownAs(), args)
	for _, c := range m.who {
		switch {
		case c.modes.Load()&quiet != 0:
		case c == s:
			s.call.Buf = append(s.call.Buf, m.line...)
		default:
			c.push(m.line)
		}
	}
	if cap(m.line) > keepLine {
		m.line = nil
	}
}

// shownAs is who calls.
func (s *session) shownAs() string {
	path, isUnix := strings.CutSuffix(s.addr, ":0")
	switch {
	case s.call.Scripted:
		return "lua"
	case isUnix:
		return "unix:" + path
	}
	return s.addr
}

// appendShown appends the line that shows a call.
func appendShown(b []byte, now time.Time, db int, by string, args [][]byte) []byte {
	micros := now.UnixMicro()
	b = strconv.AppendInt(append(b, '+'), micros/1e6, 10)
	b = append(b, '.')
	fraction := strconv.AppendInt(nil, 1e6+micros%1e6, 10)
	b = append(b, fraction[1:]...)
	b = strconv.AppendInt(append(b, " ["...), int64(db), 10)
	b = append(append(append(b, ' '), by...), ']')
	secret := secrets(args)
	for i, a := range args {
		b = append(b, ' ')
		if secret(i) {
			b = append(b, `"(redacted)"`...)
		} else {
			b = appendQuoted(b, a)
		}
	}
	return append(b, '\r', '\n')
}

// secrets says which arguments are not shown.
func secrets(args [][]byte) func(i int) bool {
	from, end := 0, 0
	switch {
	case bytes.EqualFold(args[0], []byte("AUTH")):
		from, end = 1, len(args)
	case bytes.EqualFold(args[0], []byte("HELLO")):
		from, end = secretsAfter(args, 2, map[string]int{"AUTH": 2})
	case bytes.EqualFold(args[0], []byte("MIGRATE")):
		from, end = secretsAfter(args, 6, map[string]int{"AUTH": 1, "AUTH2": 2})
	}
	return func(i int) bool { return from <= i && i < end }
}

// secretsAfter looks from the argument at on for a word that as many secrets follow.
func secretsAfter(args [][]byte, at int, words map[string]int) (from, end int) {
	for i := at; i < len(args); i++ {
		if n := words[strings.ToUpper(string(args[i]))]; n > 0 && i+n < len(args) {
			return i + 1, i + 1 + n
		}
	}
	return 0, 0
}

// appendQuoted quotes as Redis does in its logs.
func appendQuoted(b, text []byte) []byte {
	const hex = "0123456789abcdef"
	b = append(b, '"')
	for _, c := range text {
		switch i := strings.IndexByte("\\\"\n\r\t\a\b", c); {
		case i >= 0:
			b = append(b, '\\', `\"nrtab`[i])
		case ' ' <= c && c <= '~':
			b = append(b, c)
		default:
			b = append(b, '\\', 'x', hex[c>>4], hex[c&15])
		}
	}
	return append(b, '"')
}
