package transport

import (
	"bytes"
	"math"
	"slices"
	"strconv"

	"github.com/tidwall/redcon"
)

// Limits bound what one client may claim.
type Limits struct {
	Bulk             int64 // bytes of one argument
	Arguments        int64
	Request          int64 // bytes of all arguments together
	UntrustedBulk    int64 // the same before AUTH
	UntrustedRequest int64 // arguments before AUTH
	Output           int64 // bytes of replies that a client leaves unread
}

// maxLine is the longest line that Redis accepts: an inline request, or a length.
const maxLine = 64 << 10

// ProtocolError ends a connection. Its text is what the client reads.
type ProtocolError string

func (e ProtocolError) Error() string { return string(e) }

// What Redis 7 says about requests that break the protocol (networking.c).
const (
	errInlineTooBig    ProtocolError = "ERR Protocol error: too big inline request"
	errQuotes          ProtocolError = "ERR Protocol error: unbalanced quotes in request"
	errArrayLine       ProtocolError = "ERR Protocol error: too big mbulk count string"
	errBulkLine        ProtocolError = "ERR Protocol error: too big bulk count string"
	errArrayLength     ProtocolError = "ERR Protocol error: invalid multibulk length"
	errBulkLength      ProtocolError = "ERR Protocol error: invalid bulk length"
	errUntrustedLength ProtocolError = "ERR Protocol error: unauthenticated multibulk length"
	errUntrustedBulk   ProtocolError = "ERR Protocol error: unauthenticated bulk length"
	errRequestTooBig   ProtocolError = "ERR Protocol error: too big request"
)

func errNoDollar(got byte) ProtocolError {
	if got == '\r' || got == '\n' {
		got = ' '
	}
	return ProtocolError("ERR Protocol error: expected '$', got '" + string([]byte{got}) + "'")
}

// Scanner turns the bytes of a client into well-formed requests: arrays of bulk strings and nothing
// else. It refuses what Redis refuses as soon as it is seen, which is before anything is allocated
// for it, and accepts what Redis accepts: inline requests become arrays, empty requests vanish, and
// the byte after a carriage return can be any.
//
// It is a state machine, since requests come in pieces cut anywhere.
type Scanner struct {
	Limits *Limits

	state state
	head  []byte // the beginning of a line that was cut
	bulks int64  // still to come in this request
	left  int64  // bytes still to come in this bulk, or of its line end
	size  int64  // bytes of this request so far
}

type state uint8

const (
	atStart state = iota
	atArray
	atInline
	atBulk
	inBulk
	atBulkEnd
)

// Within says how many of the bytes to come belong to the bulk string at hand: they need no scan.
func (s *Scanner) Within() int64 {
	if s.state == inBulk {
		return s.left
	}
	return 0
}

// Skip passes over n bytes, at most Within.
func (s *Scanner) Skip(n int) {
	if s.left -= int64(n); s.left == 0 {
		s.state, s.left = atBulkEnd, 2
	}
}

// Between says that no request has begun: the next byte is the first of one.
func (s *Scanner) Between() bool { return s.state == atStart }

// Scan appends the well-formed form of data to dst. A client that is not trusted gets one request
// at a time, because it may be trusted after it: rest is then what comes behind. An error is a
// ProtocolError; what was appended before is still to be answered.
func (s *Scanner) Scan(dst, data []byte, trusted bool) (out, rest []byte, err error) {
	return s.scan(dst, data, trusted, !trusted)
}

// ScanOne is Scan that stops behind the first request, which is whole if Between holds afterwards
// and something was appended.
func (s *Scanner) ScanOne(dst, data []byte, trusted bool) (out, rest []byte, err error) {
	return s.scan(dst, data, trusted, true)
}

func (s *Scanner) scan(dst, data []byte, trusted, one bool) (out, rest []byte, err error) {
	for len(data) > 0 {
		switch s.state {
		case atStart:
			s.size = 0
			s.state = atInline
			if data[0] == '*' {
				s.state = atArray
			}
		case inBulk:
			n := int(min(int64(len(data)), s.left))
			dst = append(dst, data[:n]...)
			data = data[n:]
			s.Skip(n)
		case atBulkEnd:
			n := int(min(int64(len(data)), s.left))
			data = data[n:]
			if s.left -= int64(n); s.left == 0 {
				dst = append(dst, '\r', '\n')
				s.endBulk()
			}
		default:
			if dst, data, err = s.line(dst, data, trusted); err != nil {
				return dst, nil, err
			}
		}
		if s.state == atStart && one && len(dst) > 0 {
			break
		}
	}
	return dst, data, nil
}

func (s *Scanner) endBulk() {
	s.state = atBulk
	if s.bulks--; s.bulks == 0 {
		s.state = atStart
	}
}

// line handles a length or an inline request, once all of it is there.
func (s *Scanner) line(dst, data []byte, trusted bool) (out, rest []byte, err error) {
	line, rest, whole := s.cutLine(data)
	if !whole {
		if len(s.head) > maxLine {
			return dst, nil, map[state]error{atInline: errInlineTooBig, atArray: errArrayLine, atBulk: errBulkLine}[s.state]
		}
		return dst, rest, nil
	}
	switch s.state {
	case atInline:
		dst, err = s.inline(dst, line)
	case atArray:
		dst, err = s.array(dst, line, trusted)
	default:
		dst, err = s.bulk(dst, line, trusted)
	}
	if s.head = s.head[:0]; cap(s.head) > 1<<10 {
		s.head = nil
	}
	return dst, rest, err
}

// cutLine takes a line off data, together with what came of it before. A length ends with a
// carriage return and one byte more, an inline request with a newline.
func (s *Scanner) cutLine(data []byte) (line, rest []byte, whole bool) {
	end, extra := byte('\r'), 1
	if s.state == atInline {
		end, extra = '\n', 0
	}
	if len(s.head) == 0 {
		if i := bytes.IndexByte(data, end); i >= 0 && i+extra < len(data) {
			return data[:i], data[i+extra+1:], true
		}
	}
	before := len(s.head)
	s.head = append(s.head, data...)
	from := max(before-1, 0) // the carriage return may have been the last byte
	i := bytes.IndexByte(s.head[from:], end)
	if i < 0 || from+i+extra >= len(s.head) {
		return nil, nil, false
	}
	i += from
	return s.head[:i], data[i+extra+1-before:], true
}

func (s *Scanner) inline(dst, line []byte) ([]byte, error) {
	s.state = atStart
	words, ok := splitWords(bytes.TrimSuffix(line, []byte("\r")))
	if !ok {
		return dst, errQuotes
	}
	if len(words) == 0 {
		return dst, nil
	}
	dst = appendHeader(dst, '*', int64(len(words)))
	for _, w := range words {
		dst = appendHeader(dst, '$', int64(len(w)))
		dst = append(append(dst, w...), '\r', '\n')
	}
	return dst, nil
}

func (s *Scanner) array(dst, line []byte, trusted bool) ([]byte, error) {
	n, ok := parseLength(line[1:])
	switch {
	case !ok || n > s.Limits.Arguments || n > math.MaxInt32:
		return dst, errArrayLength
	case !trusted && n > s.Limits.UntrustedRequest:
		return dst, errUntrustedLength
	case n <= 0:
		s.state = atStart
		return dst, nil
	}
	s.state, s.bulks = atBulk, n
	return appendHeader(dst, '*', n), nil
}

func (s *Scanner) bulk(dst, line []byte, trusted bool) ([]byte, error) {
	if len(line) == 0 || line[0] != '$' {
		got := byte('\r')
		if len(line) > 0 {
			got = line[0]
		}
		return dst, errNoDollar(got)
	}
	n, ok := parseLength(line[1:])
	switch {
	case !ok || n < 0 || n > s.Limits.Bulk:
		return dst, errBulkLength
	case !trusted && n > s.Limits.UntrustedBulk:
		return dst, errUntrustedBulk
	}
	if s.size += n; s.size > s.Limits.Request {
		return dst, errRequestTooBig
	}
	s.state, s.left = inBulk, n
	if n == 0 {
		s.Skip(0)
	}
	dst = appendHeader(dst, '$', n)
	if n > largeBulk {
		dst = slices.Grow(dst, int(n)+len("\r\n")) // as Redis: it would be copied again and again as it grows
	}
	return dst, nil
}

// largeBulk is the size from which an argument has its room before it has come.
const largeBulk = 32 << 10

// Ordinary takes one request off data in place: args are parts of data. ok is false for all but a
// whole request in the very form that clients send; Scan knows the rest, and says what is wrong
// with it.
func (l *Limits) Ordinary(data []byte, args [][]byte) (found [][]byte, rest []byte, ok bool) {
	if len(data) == 0 || data[0] != '*' {
		return args, data, false
	}
	whole, args, _, rest, err := redcon.ReadNextCommand(data, args)
	if err != nil || !whole || len(args) == 0 || int64(len(args)) > l.Arguments {
		return args, data, false
	}
	// redcon reads numbers more leniently than Redis does; with the shortest form of all lengths there
	// is nothing to be lenient about.
	size := headerSize(len(args))
	for _, a := range args {
		size += headerSize(len(a)) + len(a) + len("\r\n")
	}
	return args, rest, size == len(data)-len(rest) && int64(size) <= l.Bulk
}

// Split takes a whole request apart that a Scanner has made: args are parts of it.
func Split(request []byte, args [][]byte) [][]byte {
	_, args, _, _, _ = redcon.ReadNextCommand(request, args) // well-formed by construction
	return args
}

// headerSize is the length of "*n\r\n".
func headerSize(n int) int {
	size := len("*n\r\n")
	for ; n >= 10; n /= 10 {
		size++
	}
	return size
}

func appendHeader(dst []byte, kind byte, n int64) []byte {
	dst = strconv.AppendInt(append(dst, kind), n, 10)
	return append(dst, '\r', '\n')
}

// parseLength reads a number as strictly as Redis does: no plus, no leading zeros.
func parseLength(b []byte) (int64, bool) {
	n, err := strconv.ParseInt(string(b), 10, 64)
	if err != nil {
		return 0, false
	}
	digits := bytes.TrimPrefix(b, []byte("-"))
	canonical := digits[0] != '+' && (digits[0] != '0' || len(b) == 1)
	return n, canonical
}

// splitWords splits an inline request as Redis does (sdssplitargs): words between spaces, 'single
// quotes' with \' in them, "double quotes" with \n \r \t \b \a \xHH and \ before any other byte.
// Not ok: a quote is not closed, or followed by something else than a space.
func splitWords(line []byte) (words [][]byte, ok bool) {
	if i := bytes.IndexByte(line, 0); i >= 0 {
		line = line[:i] // Redis reads it as a C string
	}
	for {
		line = bytes.TrimLeft(line, " \n\r\t\v\f")
		if len(line) == 0 {
			return words, true
		}
		var word []byte
		if word, line, ok = cutWord(line); !ok {
			return nil, false
		}
		words = append(words, word)
	}
}

func cutWord(line []byte) (word, rest []byte, ok bool) {
	word = []byte{}
	for len(line) > 0 {
		switch c := line[0]; c {
		case ' ', '\n', '\r', '\t':
			return word, line, true
		case '"', '\'':
			quoted, rest, ok := cutQuoted(line[1:], c)
			if !ok || len(rest) > 0 && !isSpace(rest[0]) {
				return nil, nil, false
			}
			return append(word, quoted...), rest, true
		default:
			word = append(word, c)
			line = line[1:]
		}
	}
	return word, nil, true
}

func isSpace(c byte) bool { return c == ' ' || c >= '\t' && c <= '\r' }

func cutQuoted(line []byte, quote byte) (word, rest []byte, ok bool) {
	for len(line) > 0 {
		c := line[0]
		switch {
		case c == quote:
			return word, line[1:], true
		case c == '\\' && quote == '\'' && len(line) > 1 && line[1] == '\'':
			word, line = append(word, '\''), line[2:]
		case c == '\\' && quote == '"' && len(line) > 1:
			var n int
			word, n = appendEscape(word, line[1:])
			line = line[1+n:]
		default:
			word, line = append(word, c), line[1:]
		}
	}
	return nil, nil, false
}

// appendEscape appends what stands for the escape whose text, without the backslash, is at the
// start of b, and says how long that text is.
func appendEscape(word, b []byte) ([]byte, int) {
	if b[0] == 'x' && len(b) > 2 {
		if n, err := strconv.ParseUint(string(b[1:3]), 16, 8); err == nil {
			return append(word, byte(n)), 3
		}
	}
	if i := bytes.IndexByte([]byte("nrtba"), b[0]); i >= 0 {
		return append(word, "\n\r\t\b\a"[i]), 1
	}
	return append(word, b[0]), 1
}
