package lua

import (
	"strings"

	vm "github.com/yuin/gopher-lua"
)

type jsonToken string

// The names of the tokens are in messages.
const (
	jsonObjectBegin jsonToken = "T_OBJ_BEGIN"
	jsonObjectEnd   jsonToken = "T_OBJ_END"
	jsonArrayBegin  jsonToken = "T_ARR_BEGIN"
	jsonArrayEnd    jsonToken = "T_ARR_END"
	jsonString      jsonToken = "T_STRING"
	jsonNumber      jsonToken = "T_NUMBER"
	jsonBoolean     jsonToken = "T_BOOLEAN"
	jsonNull        jsonToken = "T_NULL"
	jsonColon       jsonToken = "T_COLON"
	jsonComma       jsonToken = "T_COMMA"
	jsonEnd         jsonToken = "T_END"
)

// jsonDecoder reads one text.
type jsonDecoder struct {
	in    *interp
	L     *vm.LState
	c     *jsonConfig
	s     string
	pos   int
	start int       // of the token
	token jsonToken // or what is wrong
	value vm.LValue // of the token
	depth int
	steps int
}

func (in *interp) jsonDecode(L *vm.LState, c *jsonConfig) int {
	if L.GetTop() != 1 {
		argError(L, 1, "expected 1 argument")
	}
	d := jsonDecoder{in: in, L: L, c: c, s: stringArg(L, 1)}
	if len(d.s) >= 2 && (d.s[0] == 0 || d.s[1] == 0) {
		fail(L, "JSON parser does not support UTF-16 or UTF-32")
	}
	d.next()
	v := d.parse()
	d.next()
	if d.token != jsonEnd {
		d.expected("the end")
	}
	L.Push(v)
	return 1
}

func (d *jsonDecoder) expected(what string) {
	fail(d.L, "Expected %s but found %s at character %d", what, d.token, d.start+1)
}

// peek returns a byte ahead, or the zero that ends C's strings.
func (d *jsonDecoder) peek(ahead int) byte {
	if at := d.pos + ahead; at < len(d.s) {
		return d.s[at]
	}
	return 0
}

// problem makes the token an error at the place where the decoder is.
func (d *jsonDecoder) problem(what jsonToken) {
	d.token, d.start = what, d.pos
}

func (d *jsonDecoder) next() {
	if d.steps++; d.steps&0xffff == 0 {
		d.in.check(d.L)
	}
	for d.peek(0) == ' ' || d.peek(0) == '\t' || d.peek(0) == '\n' || d.peek(0) == '\r' {
		d.pos++
	}
	d.start = d.pos
	simple := func(t jsonToken, length int) { d.token, d.pos = t, d.pos+length }
	rest := d.s[d.pos:]
	switch c := d.peek(0); {
	case c == 0:
		d.token = jsonEnd
	case c == '{':
		simple(jsonObjectBegin, 1)
	case c == '}':
		simple(jsonObjectEnd, 1)
	case c == '[':
		simple(jsonArrayBegin, 1)
	case c == ']':
		simple(jsonArrayEnd, 1)
	case c == ',':
		simple(jsonComma, 1)
	case c == ':':
		simple(jsonColon, 1)
	case c == '"':
		d.string()
	case c == '-' || isDigit(c):
		if d.c.decodeInvalid == 0 && d.isInvalidNumber() {
			d.problem("invalid number")
		} else {
			d.number()
		}
	case strings.HasPrefix(rest, "true"):
		d.value = vm.LTrue
		simple(jsonBoolean, 4)
	case strings.HasPrefix(rest, "false"):
		d.value = vm.LFalse
		simple(jsonBoolean, 5)
	case strings.HasPrefix(rest, "null"):
		simple(jsonNull, 4)
	case d.c.decodeInvalid != 0 && d.isInvalidNumber():
		d.number()
	default:
		d.problem("invalid token")
	}
}

// isInvalidNumber says whether C's strtod might take what JSON has not: +1, 0x10, 007, inf, nan.
func (d *jsonDecoder) isInvalidNumber() bool {
	at := 0
	switch d.peek(0) {
	case '+':
		return true
	case '-':
		at = 1
	}
	c := d.peek(at)
	switch {
	case c == '0':
		after := d.peek(at + 1)
		return after|0x20 == 'x' || isDigit(after)
	case c <= '9':
		return false
	}
	word := d.s[d.pos+at : min(d.pos+at+3, len(d.s))]
	return strings.EqualFold(word, "inf") || strings.EqualFold(word, "nan")
}

func (d *jsonDecoder) number() {
	rest := d.s[d.pos:]
	n := numeralLength(rest)
	if n == 0 {
		n = namedLength(rest)
	}
	f, ok := parseNumber(rest[:n])
	if n == 0 || !ok {
		d.problem("invalid number")
		return
	}
	d.token, d.value = jsonNumber, vm.LNumber(f)
	d.pos += n
}

// namedLength is how many bytes spell infinity or NaN.
func namedLength(s string) int {
	sign := 0
	if s != "" && (s[0] == '+' || s[0] == '-') {
		sign = 1
	}
	for _, name := range []string{"infinity", "inf", "nan"} {
		if len(s) >= sign+len(name) && strings.EqualFold(s[sign:sign+len(name)], name) {
			return sign + len(name)
		}
	}
	return 0
}

func (d *jsonDecoder) string() {
	var out []byte
	d.pos++
	for start := d.pos; ; {
		c := d.peek(0)
		switch {
		case c == 0:
			d.problem("unexpected end of string")
			return
		case c == '"':
			d.token = jsonString
			if out == nil {
				d.value = vm.LString(d.s[start:d.pos])
			} else {
				d.value = vm.LString(append(out, d.s[start:d.pos]...))
			}
			d.pos++
			return
		case c != '\\':
			d.pos++
			continue
		}
		if out = append(out, d.s[start:d.pos]...); out == nil {
			out = []byte{}
		}
		var ok bool
		if out, ok = d.escape(out); !ok {
			return
		}
		start = d.pos
	}
}

func (d *jsonDecoder) escape(out []byte) (to []byte, ok bool) {
	c := d.peek(1)
	if c == 'u' {
		r, length := d.unicode()
		if length == 0 {
			d.problem("invalid unicode escape code")
			return out, false
		}
		d.pos += length
		return append(out, string(r)...), true
	}
	at := strings.IndexByte(`"\/btnfr`, c)
	if at < 0 || c == 0 {
		d.problem("invalid escape code")
		return out, false
	}
	d.pos += 2
	return append(out, "\"\\/\b\t\n\f\r"[at]), true
}

// unicode reads \uXXXX, or two of them that are a surrogate pair.
func (d *jsonDecoder) unicode() (r rune, length int) {
	r, ok := d.hex4(2)
	if !ok {
		return 0, 0
	}
	if r&0xf800 != 0xd800 {
		return r, 6
	}
	if r&0x400 != 0 || d.peek(6) != '\\' || d.peek(7) != 'u' {
		return 0, 0
	}
	low, ok := d.hex4(8)
	if !ok || low&0xfc00 != 0xdc00 {
		return 0, 0
	}
	return (r&0x3ff<<10 | low&0x3ff) + 0x10000, 12
}

func (d *jsonDecoder) hex4(ahead int) (r rune, ok bool) {
	for i := range 4 {
		c := d.peek(ahead + i)
		switch {
		case isDigit(c):
			c -= '0'
		case c|0x20 >= 'a' && c|0x20 <= 'f':
			c = c | 0x20 - 'a' + 10
		default:
			return 0, false
		}
		r = r<<4 | rune(c)
	}
	return r, true
}

func (d *jsonDecoder) descend() {
	// Lua's stack ends before some limits that a script may set.
	if d.depth++; d.depth > d.c.decodeDepth || d.depth > maxStack/3 {
		fail(d.L, "Found too many nested data structures (%d) at character %d", d.depth, d.pos)
	}
}

func (d *jsonDecoder) parse() vm.LValue {
	switch d.token {
	case jsonString, jsonNumber, jsonBoolean:
		return d.value
	case jsonNull:
		return jsonConstants["null"]
	case jsonObjectBegin:
		return d.object()
	case jsonArrayBegin:
		return d.array()
	}
	d.expected("value")
	return nil
}

func (d *jsonDecoder) object() vm.LValue {
	d.descend()
	t := newTable(0, 0)
	if d.next(); d.token == jsonObjectEnd {
		d.depth--
		return t
	}
	for {
		if d.token != jsonString {
			d.expected("object key string")
		}
		key := d.value
		if d.next(); d.token != jsonColon {
			d.expected("colon")
		}
		d.next()
		t.RawSet(key, d.parse())
		d.next()
		if d.token == jsonObjectEnd {
			d.depth--
			return t
		}
		if d.token != jsonComma {
			d.expected("comma or object end")
		}
		d.next()
	}
}

func (d *jsonDecoder) array() vm.LValue {
	d.descend()
	t := newTable(0, 0)
	if d.c.markArrays {
		t.Metatable = d.c.arrayMetatable
	}
	if d.next(); d.token == jsonArrayEnd {
		d.depth--
		return t
	}
	for i := 1; ; i++ {
		t.RawSetInt(i, d.parse())
		d.next()
		if d.token == jsonArrayEnd {
			d.depth--
			return t
		}
		if d.token != jsonComma {
			d.expected("comma or array end")
		}
		d.next()
	}
}
