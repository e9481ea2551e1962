package lua

import (
	"math"
	"strconv"
	"strings"

	vm "github.com/yuin/gopher-lua"
)

// replyWriter appends what a script returned as a reply.
type replyWriter struct {
	in    *interp
	proto int // the client's
	dst   []byte
}

// maxStack is how many values Lua's stack has room for. Redis converts a reply on it and gives up
// when a value is nested too deep; value counts as Redis does.
const maxStack = 8000

func (w *replyWriter) value(v vm.LValue, stack int) {
	if stack+6 > maxStack {
		w.dst = appendError(w.dst, "ERR reached lua stack limit")
		return
	}
	switch v := v.(type) {
	case vm.LString:
		w.bulk(string(v))
	case vm.LBool:
		w.boolean(bool(v))
	case vm.LNumber:
		w.header(':', int(toInt64(float64(v))))
	case *vm.LTable:
		w.table(w.in.content(v), stack)
	default:
		w.null()
	}
}

func (w *replyWriter) header(kind byte, n int) {
	w.dst = strconv.AppendInt(append(w.dst, kind), int64(n), 10)
	w.dst = append(w.dst, "\r\n"...)
}

func (w *replyWriter) bulk(s string) {
	w.header('$', len(s))
	w.dst = append(append(w.dst, s...), "\r\n"...)
}

func (w *replyWriter) null() {
	if w.proto >= 3 {
		w.dst = append(w.dst, "_\r\n"...)
	} else {
		w.dst = append(w.dst, "$-1\r\n"...)
	}
}

// boolean is an integer or nothing for scripts that speak RESP2, which has none.
func (w *replyWriter) boolean(b bool) {
	switch {
	case w.in.resp == 2 && !b:
		w.null()
	case w.in.resp == 3 && w.proto >= 3 && b:
		w.dst = append(w.dst, "#t\r\n"...)
	case w.in.resp == 3 && w.proto >= 3:
		w.dst = append(w.dst, "#f\r\n"...)
	case b:
		w.header(':', 1)
	default:
		w.header(':', 0)
	}
}

// table appends a table: what it is is told by the first of these fields that it has.
func (w *replyWriter) table(t *vm.LTable, stack int) {
	if message, ok := t.RawGetString("err").(vm.LString); ok {
		w.dst = appendError(w.dst, cString(string(message)))
		return
	}
	if status, ok := t.RawGetString("ok").(vm.LString); ok {
		w.line('+', cString(string(status)))
		return
	}
	if f, ok := t.RawGetString("double").(vm.LNumber); ok {
		w.double(float64(f))
		return
	}
	if digits, ok := t.RawGetString("big_number").(vm.LString); ok {
		if w.proto >= 3 {
			w.line('(', string(digits))
		} else {
			w.bulk(oneLine(string(digits)))
		}
		return
	}
	if v, ok := t.RawGetString("verbatim_string").(*vm.LTable); ok {
		format, ok1 := v.RawGetString("format").(vm.LString)
		s, ok2 := v.RawGetString("string").(vm.LString)
		if ok1 && ok2 {
			w.verbatim(cString(string(format)), string(s))
			return
		}
	}
	if m, ok := t.RawGetString("map").(*vm.LTable); ok {
		w.pairs(m, stack)
		return
	}
	if s, ok := t.RawGetString("set").(*vm.LTable); ok {
		w.set(s, stack)
		return
	}
	w.array(t, stack)
}

func (w *replyWriter) line(kind byte, s string) {
	w.dst = append(append(append(w.dst, kind), oneLine(s)...), "\r\n"...)
}

func (w *replyWriter) double(f float64) {
	b := appendG(nil, f, 17)
	if w.proto < 3 {
		w.bulk(string(b))
		return
	}
	w.dst = append(append(append(w.dst, ','), b...), "\r\n"...)
}

func (w *replyWriter) verbatim(format, s string) {
	if w.proto < 3 {
		w.bulk(s)
		return
	}
	w.header('=', len(s)+4)
	w.dst = append(w.dst, (format + "   ")[:3]...)
	w.dst = append(append(append(w.dst, ':'), s...), "\r\n"...)
}

// count appends the header of a sequence after its elements were appended.
func (w *replyWriter) count(start int, kind byte, n int) {
	if w.proto < 3 {
		if kind == '%' {
			n *= 2
		}
		kind = '*'
	}
	elements := string(w.dst[start:])
	w.dst = w.dst[:start]
	w.header(kind, n)
	w.dst = append(w.dst, elements...)
}

func (w *replyWriter) pairs(t *vm.LTable, stack int) {
	start, n := len(w.dst), 0
	for key, v := t.Next(vm.LNil); key != vm.LNil; key, v = t.Next(key) {
		w.value(key, stack+4)
		w.value(v, stack+3)
		n++
	}
	w.count(start, '%', n)
}

func (w *replyWriter) set(t *vm.LTable, stack int) {
	start, n := len(w.dst), 0
	for key, _ := t.Next(vm.LNil); key != vm.LNil; key, _ = t.Next(key) {
		w.value(key, stack+3)
		n++
	}
	w.count(start, '~', n)
}

// array ends at the first nil.
func (w *replyWriter) array(t *vm.LTable, stack int) {
	n := 0
	for elementOf(t, n+1) != vm.LNil {
		n++
	}
	w.header('*', n)
	for i := 1; i <= n; i++ {
		w.value(elementOf(t, i), stack+1)
	}
}

// appendError appends an error reply, which is one line.
func appendError(dst []byte, message string) []byte {
	dst = append(append(dst, '-'), oneLine(strings.TrimRight(message, "\r\n"))...)
	return append(dst, "\r\n"...)
}

var lineBreaks = strings.NewReplacer("\r", " ", "\n", " ")

func oneLine(s string) string {
	if strings.ContainsAny(s, "\r\n") {
		return lineBreaks.Replace(s)
	}
	return s
}

// cString is what C sees of a string that may have a zero in it.
func cString(s string) string {
	s, _, _ = strings.Cut(s, "\x00")
	return s
}

func appendInt(dst []byte, i int64) []byte { return strconv.AppendInt(dst, i, 10) }

// replyReader turns the reply to a command into a value of Lua.
type replyReader struct{ rest []byte }

// maxReplyDepth bounds our recursion; no command nests as deep.
const maxReplyDepth = 1000

func (r *replyReader) line() (kind byte, text []byte, ok bool) {
	end := 1
	for end < len(r.rest) && r.rest[end] != '\r' && r.rest[end] != '\n' {
		end++
	}
	if end+2 > len(r.rest) {
		return 0, nil, false
	}
	kind, text = r.rest[0], r.rest[1:end]
	r.rest = r.rest[end+2:]
	return kind, text, true
}

func (r *replyReader) value(depth int) (v vm.LValue, ok bool) {
	kind, line, ok := r.line()
	if !ok || depth > maxReplyDepth {
		return nil, false
	}
	switch kind {
	case '+':
		return single("ok", vm.LString(line)), true
	case '-':
		t := errorTable("-" + string(line))
		t.RawSetString("ignore_error_stats_update", vm.LTrue)
		return t, true
	case '_':
		return vm.LNil, true
	case '#':
		return vm.LBool(string(line) == "t"), true
	case ',':
		f, ok := parseNumber(string(line))
		return single("double", vm.LNumber(f)), ok
	case '(':
		return single("big_number", vm.LString(line)), true
	}
	n, err := strconv.ParseInt(string(line), 10, 64)
	if err != nil {
		return nil, false
	}
	if kind == ':' {
		return vm.LNumber(n), true
	}
	if n < 0 {
		return vm.LFalse, kind == '$' || kind == '*'
	}
	switch kind {
	case '$', '=':
		return r.bulk(kind, n)
	case '*', '>', '~', '%', '|':
		if n > int64(len(r.rest)) {
			return nil, false
		}
		return r.sequence(kind, int(n), depth+1)
	}
	return nil, false
}

func single(name string, v vm.LValue) *vm.LTable {
	t := newTable(0, 1)
	t.RawSetString(name, v)
	return t
}

func (r *replyReader) bulk(kind byte, n int64) (v vm.LValue, ok bool) {
	if n > int64(len(r.rest))-2 {
		return nil, false
	}
	s := r.rest[:n]
	r.rest = r.rest[n+2:]
	if kind == '$' {
		return vm.LString(s), true
	}
	if n < 4 {
		return nil, false
	}
	t := newTable(0, 2)
	t.RawSetString("format", vm.LString(s[:3]))
	t.RawSetString("string", vm.LString(s[4:]))
	return single("verbatim_string", t), true
}

func (r *replyReader) sequence(kind byte, n, depth int) (v vm.LValue, ok bool) {
	switch kind {
	case '*', '>':
		t := newTable(n, 0)
		for i := 1; i <= n; i++ {
			element, ok := r.value(depth)
			if !ok {
				return nil, false
			}
			t.RawSetInt(i, element)
		}
		return t, true
	case '~':
		t := newTable(0, n)
		for range n {
			element, ok := r.value(depth)
			if !ok {
				return nil, false
			}
			setKey(t, element, vm.LTrue)
		}
		return single("set", t), true
	}
	t := newTable(0, n)
	for range n {
		key, ok1 := r.value(depth)
		element, ok2 := r.value(depth)
		if !ok1 || !ok2 {
			return nil, false
		}
		setKey(t, key, element)
	}
	if kind == '|' {
		return r.value(depth) // attributes are not shown to scripts
	}
	return single("map", t), true
}

// setKey sets a field whose name came from outside.
func setKey(t *vm.LTable, key, v vm.LValue) {
	if f, ok := key.(vm.LNumber); key == vm.LNil || ok && math.IsNaN(float64(f)) {
		return
	}
	t.RawSet(key, v)
}
