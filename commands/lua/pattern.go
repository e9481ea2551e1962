package lua

import (
	"strings"

	vm "github.com/yuin/gopher-lua"
)

const (
	specials = "^$*+?.([%-"
	// maxCaptures is Lua's. maxMatchDepth bounds our stack; Lua would crash later.
	maxCaptures   = 32
	maxMatchDepth = 100_000
)

// What a capture's length is while it is not closed, and when it is a position.
const (
	captureOpen     = -1
	capturePosition = -2
)

// matcher matches one pattern in one string.
type matcher struct {
	in       *interp
	L        *vm.LState
	source   string
	pattern  string
	captures []struct{ at, length int }
	depth    int
	steps    int
}

// start matches at a place and returns the end of the match, or -1.
func (m *matcher) start(at int) int {
	m.captures, m.depth = m.captures[:0], 0
	return m.match(at, 0)
}

// match matches the pattern from p at s.
func (m *matcher) match(s, p int) int {
	if m.depth++; m.depth > maxMatchDepth {
		fail(m.L, "pattern too complex")
	}
	defer func() { m.depth-- }()
	for p < len(m.pattern) {
		if m.steps++; m.steps&0xffff == 0 {
			m.in.check(m.L)
		}
		switch c := m.pattern[p]; {
		case c == '(' && p+1 < len(m.pattern) && m.pattern[p+1] == ')':
			return m.open(s, p+2, capturePosition)
		case c == '(':
			return m.open(s, p+1, captureOpen)
		case c == ')':
			return m.close(s, p+1)
		case c == '$' && p+1 == len(m.pattern):
			if s == len(m.source) {
				return s
			}
			return -1
		case c == '%' && p+1 < len(m.pattern) && m.pattern[p+1] == 'b':
			if s = m.balance(s, p+2); s < 0 {
				return -1
			}
			p += 4
			continue
		case c == '%' && p+1 < len(m.pattern) && m.pattern[p+1] == 'f':
			end := m.frontier(s, p+2)
			if end < 0 {
				return -1
			}
			p = end
			continue
		case c == '%' && p+1 < len(m.pattern) && isDigit(m.pattern[p+1]):
			if s = m.back(s, m.pattern[p+1]); s < 0 {
				return -1
			}
			p += 2
			continue
		}
		end := m.classEnd(p)
		var suffix byte
		if end < len(m.pattern) {
			suffix = m.pattern[end]
		}
		switch suffix {
		case '?':
			if m.single(s, p, end) {
				if r := m.match(s+1, end+1); r >= 0 {
					return r
				}
			}
			p = end + 1
		case '*':
			return m.expand(s, p, end, 0)
		case '+':
			return m.expand(s, p, end, 1)
		case '-':
			return m.expandLittle(s, p, end)
		default:
			if !m.single(s, p, end) {
				return -1
			}
			s, p = s+1, end
		}
	}
	return s
}

// classEnd returns where the class at p ends.
func (m *matcher) classEnd(p int) int {
	c := m.pattern[p]
	p++
	switch c {
	case '%':
		if p == len(m.pattern) {
			fail(m.L, "malformed pattern (ends with '%%')")
		}
		return p + 1
	case '[':
		if p < len(m.pattern) && m.pattern[p] == '^' {
			p++
		}
		for first := true; first || p >= len(m.pattern) || m.pattern[p] != ']'; first = false {
			if p >= len(m.pattern) {
				fail(m.L, "malformed pattern (missing ']')")
			}
			c := m.pattern[p]
			if p++; c == '%' && p < len(m.pattern) {
				p++ // an escaped ] does not end it
			}
		}
		return p + 1
	}
	return p
}

// single says whether the byte at s is of the class from p to end.
func (m *matcher) single(s, p, end int) bool {
	if s >= len(m.source) {
		return false
	}
	c := m.source[s]
	switch m.pattern[p] {
	case '.':
		return true
	case '%':
		return isClass(c, m.pattern[p+1])
	case '[':
		return m.inSet(c, p, end-1)
	}
	return m.pattern[p] == c
}

// inSet says whether c is in the set whose [ is at p and whose ] is at end.
func (m *matcher) inSet(c byte, p, end int) bool {
	found := true
	if p++; m.pattern[p] == '^' {
		found = false
		p++
	}
	for ; p < end; p++ {
		switch {
		case m.pattern[p] == '%' && p+1 < end:
			p++
			if isClass(c, m.pattern[p]) {
				return found
			}
		case p+2 < end && m.pattern[p+1] == '-':
			if m.pattern[p] <= c && c <= m.pattern[p+2] {
				return found
			}
			p += 2
		case m.pattern[p] == c:
			return found
		}
	}
	return !found
}

// isClass says whether c is in a class such as %a, or is the byte itself after the %.
func isClass(c, class byte) (is bool) {
	isPunct := c > ' ' && c < 0x7f && !isAlpha(c) && !isDigit(c)
	switch class | 0x20 {
	case 'a':
		is = isAlpha(c)
	case 'c':
		is = c < ' ' || c == 0x7f
	case 'd':
		is = isDigit(c)
	case 'l':
		is = c >= 'a' && c <= 'z'
	case 'p':
		is = isPunct
	case 's':
		is = isSpace(c)
	case 'u':
		is = c >= 'A' && c <= 'Z'
	case 'w':
		is = isAlpha(c) || isDigit(c)
	case 'x':
		is = isDigit(c) || c|0x20 >= 'a' && c|0x20 <= 'f'
	case 'z':
		is = c == 0
	default:
		return class == c
	}
	if !isAlpha(class) {
		return class == c
	}
	return is == (class&0x20 != 0)
}

func (m *matcher) expand(s, p, end, least int) int {
	n := 0
	for m.single(s+n, p, end) {
		n++
	}
	for ; n >= least; n-- {
		if r := m.match(s+n, end+1); r >= 0 {
			return r
		}
	}
	return -1
}

func (m *matcher) expandLittle(s, p, end int) int {
	for {
		if r := m.match(s, end+1); r >= 0 {
			return r
		}
		if !m.single(s, p, end) {
			return -1
		}
		s++
	}
}

func (m *matcher) open(s, p, length int) int {
	if len(m.captures) >= maxCaptures {
		fail(m.L, "too many captures")
	}
	level := len(m.captures)
	m.captures = append(m.captures, struct{ at, length int }{s, length})
	r := m.match(s, p)
	if r < 0 {
		m.captures = m.captures[:level]
	}
	return r
}

func (m *matcher) close(s, p int) int {
	for i := len(m.captures) - 1; i >= 0; i-- {
		if m.captures[i].length != captureOpen {
			continue
		}
		m.captures[i].length = s - m.captures[i].at
		r := m.match(s, p)
		if r < 0 {
			m.captures[i].length = captureOpen
		}
		return r
	}
	fail(m.L, "invalid pattern capture")
	return -1
}

func (m *matcher) balance(s, p int) int {
	if p+1 >= len(m.pattern) {
		fail(m.L, "unbalanced pattern")
	}
	if s >= len(m.source) || m.source[s] != m.pattern[p] {
		return -1
	}
	for level := 1; s+1 < len(m.source); {
		s++
		switch m.source[s] {
		case m.pattern[p+1]:
			if level--; level == 0 {
				return s + 1
			}
		case m.pattern[p]:
			level++
		}
	}
	return -1
}

// frontier returns where the set at p ends, if it begins to match at s, or -1.
func (m *matcher) frontier(s, p int) int {
	if p >= len(m.pattern) || m.pattern[p] != '[' {
		fail(m.L, "missing '[' after '%%f' in pattern")
	}
	end := m.classEnd(p)
	before, here := byte(0), byte(0)
	if s > 0 {
		before = m.source[s-1]
	}
	if s < len(m.source) {
		here = m.source[s]
	}
	if m.inSet(before, p, end-1) || !m.inSet(here, p, end-1) {
		return -1
	}
	return end
}

// back matches a capture again.
func (m *matcher) back(s int, digit byte) int {
	i := int(digit) - '1'
	if i < 0 || i >= len(m.captures) || m.captures[i].length == captureOpen {
		fail(m.L, "invalid capture index")
	}
	c := m.captures[i]
	if c.length < 0 || !strings.HasPrefix(m.source[s:], m.source[c.at:c.at+c.length]) {
		return -1
	}
	return s + c.length
}

func (m *matcher) pushCapture(i, start, end int) {
	if i >= len(m.captures) {
		if i != 0 {
			fail(m.L, "invalid capture index")
		}
		m.L.Push(vm.LString(m.source[start:end]))
		return
	}
	switch c := m.captures[i]; c.length {
	case captureOpen:
		fail(m.L, "unfinished capture")
	case capturePosition:
		m.L.Push(vm.LNumber(c.at + 1))
	default:
		m.L.Push(vm.LString(m.source[c.at : c.at+c.length]))
	}
}

// pushCaptures pushes all captures, or the whole match if there is none and it is wanted.
func (m *matcher) pushCaptures(start, end int, whole bool) int {
	n := len(m.captures)
	if n == 0 && whole {
		n = 1
	}
	for i := range n {
		m.pushCapture(i, start, end)
	}
	return n
}
