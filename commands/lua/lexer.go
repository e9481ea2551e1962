package lua

import (
	"fmt"
	"strings"
)

// The VM brings a parser, but all that it says of a mistake is "syntax error", and it takes words of
// Lua 5.2. The one here has the grammar, the limits and the words of Lua 5.1, and makes the same
// syntax tree, which the VM's compiler takes.

type token int

// Single characters are their own tokens.
const (
	tokenEOF token = iota + 256
	tokenName
	tokenNumber
	tokenString
	tokenConcat
	tokenDots
	tokenEqual
	tokenGreaterEqual
	tokenLessEqual
	tokenNotEqual
	tokenAnd
	tokenBreak
	tokenDo
	tokenElse
	tokenElseif
	tokenEnd
	tokenFalse
	tokenFor
	tokenFunction
	tokenIf
	tokenIn
	tokenLocal
	tokenNil
	tokenNot
	tokenOr
	tokenRepeat
	tokenReturn
	tokenThen
	tokenTrue
	tokenUntil
	tokenWhile
)

// tokenTexts are the names of the tokens from tokenEOF on.
var tokenTexts = strings.Fields("<eof> <name> <number> <string> .. ... == >= <= ~= and break do else elseif end false for function if in local nil not or repeat return then true until while")

var keywords = func() map[string]token {
	words := map[string]token{}
	for t := tokenAnd; t <= tokenWhile; t++ {
		words[t.String()] = t
	}
	return words
}()

func (t token) String() string {
	switch {
	case t >= tokenEOF:
		return tokenTexts[t-tokenEOF]
	case t < ' ' || t == 0x7f:
		return fmt.Sprintf("char(%d)", int(t))
	}
	return string([]byte{byte(t)})
}

// lexer reads tokens. It panics with a syntaxError.
type lexer struct {
	source string
	chunk  string // its name in messages
	pos    int
	line   int    // of what is read next
	raw    string // the text of a name, a number or a string, as it is written
	value  string // what a string means
}

type syntaxError string

func (x *lexer) fail(message, near string) {
	message = fmt.Sprintf("%s:%d: %s", x.chunk, x.line, message)
	if near != "" {
		// Lua keeps its texts as C strings.
		near, _, _ = strings.Cut(near, "\x00")
		message += " near '" + near + "'"
	}
	panic(syntaxError(message))
}

// peek returns the byte at a distance, or 0 at the end.
func (x *lexer) peek(ahead int) byte {
	if at := x.pos + ahead; at < len(x.source) {
		return x.source[at]
	}
	return 0
}

// newline passes the end of a line, in any of its forms.
func (x *lexer) newline() {
	first := x.peek(0)
	x.pos++
	if second := x.peek(0); x.pos < len(x.source) && (second == '\n' || second == '\r') && second != first {
		x.pos++
	}
	x.line++
}

func (x *lexer) next() token {
	for x.pos < len(x.source) {
		c := x.source[x.pos]
		switch {
		case c == '\n' || c == '\r':
			x.newline()
		case isSpace(c):
			x.pos++
		case c == '-' && x.peek(1) == '-':
			x.comment()
		case c == '[':
			if level := x.bracket(); level >= 0 {
				x.long(level, "string")
				return tokenString
			} else if level < -1 {
				x.fail("invalid long string delimiter", x.raw)
			}
			x.pos++
			return '['
		case c == '"' || c == '\'':
			x.quoted(c)
			return tokenString
		case isDigit(c) || c == '.' && isDigit(x.peek(1)):
			return x.numeral()
		case isAlpha(c) || c == '_':
			start := x.pos
			for x.pos < len(x.source) && (isAlpha(x.peek(0)) || isDigit(x.peek(0)) || x.peek(0) == '_') {
				x.pos++
			}
			x.raw = x.source[start:x.pos]
			if t, ok := keywords[x.raw]; ok {
				return t
			}
			return tokenName
		default:
			return x.symbol(c)
		}
	}
	return tokenEOF
}

func (x *lexer) symbol(c byte) token {
	for _, s := range []struct {
		text string
		t    token
	}{{"...", tokenDots}, {"..", tokenConcat}, {"==", tokenEqual}, {">=", tokenGreaterEqual}, {"<=", tokenLessEqual}, {"~=", tokenNotEqual}} {
		if strings.HasPrefix(x.source[x.pos:], s.text) {
			x.pos += len(s.text)
			return s.t
		}
	}
	x.pos++
	return token(c)
}

func (x *lexer) comment() {
	x.pos += 2
	if x.peek(0) == '[' {
		if level := x.bracket(); level >= 0 {
			x.long(level, "comment")
			return
		}
	}
	for x.pos < len(x.source) && x.source[x.pos] != '\n' && x.source[x.pos] != '\r' {
		x.pos++
	}
}

// bracket returns how many = a long bracket at this place has, -1 when it is a plain one, or less when
// it begins like a long one. It does not move.
func (x *lexer) bracket() (level int) {
	for x.peek(1+level) == '=' {
		level++
	}
	if x.peek(1+level) == '[' {
		return level
	}
	x.raw = x.source[x.pos : x.pos+1+level]
	return -1 - level
}

func (x *lexer) long(level int, what string) {
	start := x.pos
	x.pos += level + 2
	if c := x.peek(0); c == '\n' || c == '\r' {
		x.newline()
	}
	closing := "]" + strings.Repeat("=", level) + "]"
	for body := x.pos; ; {
		switch {
		case x.pos >= len(x.source):
			x.fail("unfinished long "+what, tokenEOF.String())
		case strings.HasPrefix(x.source[x.pos:], closing):
			x.value = x.source[body:x.pos]
			x.pos += len(closing)
			x.raw = x.source[start:x.pos]
			return
		case x.source[x.pos] == '\n' || x.source[x.pos] == '\r':
			x.newline()
		case level == 0 && x.source[x.pos] == '[' && x.peek(1) == '[' && what == "string":
			// An inner [[ was once counted; Lua 5.1 refuses it.
			x.fail("nesting of [[...]] is deprecated", "[")
		default:
			x.pos++
		}
	}
}

func (x *lexer) quoted(quote byte) {
	start := x.pos
	var value []byte
	for x.pos++; ; {
		if x.pos >= len(x.source) {
			x.fail("unfinished string", tokenEOF.String())
		}
		switch c := x.source[x.pos]; c {
		case quote:
			x.pos++
			x.raw, x.value = x.source[start:x.pos], string(value)
			return
		case '\n', '\r':
			x.fail("unfinished string", string(quote)+string(value))
		case '\\':
			value = x.escape(quote, value)
		default:
			value = append(value, c)
			x.pos++
		}
	}
}

func (x *lexer) escape(quote byte, value []byte) []byte {
	x.pos++
	c := x.peek(0)
	switch {
	case x.pos >= len(x.source):
		return value // the end is complained of by the caller
	case c == '\n' || c == '\r':
		x.newline()
		return append(value, '\n')
	case isDigit(c):
		n := 0
		for i := 0; i < 3 && isDigit(x.peek(0)); i++ {
			n = n*10 + int(x.peek(0)-'0')
			x.pos++
		}
		if n > 255 {
			x.fail("escape sequence too large", string(quote)+string(value))
		}
		return append(value, byte(n))
	}
	x.pos++
	if at := strings.IndexByte("abfnrtv", c); at >= 0 {
		c = "\a\b\f\n\r\t\v"[at]
	}
	return append(value, c)
}

func (x *lexer) numeral() token {
	start := x.pos
	for isDigit(x.peek(0)) || x.peek(0) == '.' {
		x.pos++
	}
	if x.peek(0)|0x20 == 'e' {
		x.pos++
		if c := x.peek(0); c == '+' || c == '-' {
			x.pos++
		}
	}
	for isAlpha(x.peek(0)) || isDigit(x.peek(0)) || x.peek(0) == '_' {
		x.pos++
	}
	x.raw = x.source[start:x.pos]
	if _, ok := parseNumber(x.raw); !ok {
		x.fail("malformed number", x.raw)
	}
	return tokenNumber
}
