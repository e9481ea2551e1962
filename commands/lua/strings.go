package lua

import (
	"bytes"
	"strings"

	vm "github.com/yuin/gopher-lua"
)

func (in *interp) stringLibrary() library {
	return library{
		"byte":    stringByte,
		"char":    stringChar,
		"dump":    func(L *vm.LState) int { fail(L, "unable to dump given function"); return 0 },
		"find":    func(L *vm.LState) int { return in.search(L, true) },
		"format":  format,
		"gfind":   in.gmatch,
		"gmatch":  in.gmatch,
		"gsub":    in.gsub,
		"len":     func(L *vm.LState) int { return pushNumber(L, float64(len(stringArg(L, 1)))) },
		"lower":   func(L *vm.LState) int { return pushString(L, mapASCII(stringArg(L, 1), 'A', 'Z')) },
		"match":   func(L *vm.LState) int { return in.search(L, false) },
		"rep":     stringRep,
		"reverse": stringReverse,
		"sub":     stringSub,
		"upper":   func(L *vm.LState) int { return pushString(L, mapASCII(stringArg(L, 1), 'a', 'z')) },
	}
}

// position turns an index that may count from the end into one from the start.
func position(i, length int) int {
	if i < 0 {
		i += length + 1
	}
	return max(i, 0)
}

func stringByte(L *vm.LState) int {
	s := stringArg(L, 1)
	first := position(optionalInteger(L, 2, 1), len(s))
	last := position(optionalInteger(L, 3, first), len(s))
	first, last = max(first, 1), min(last, len(s))
	if first > last {
		return 0
	}
	n := last - first + 1
	if n > maxResults-L.GetTop() {
		fail(L, "stack overflow (string slice too long)")
	}
	for i := first; i <= last; i++ {
		L.Push(vm.LNumber(s[i-1]))
	}
	return n
}

func stringChar(L *vm.LState) int {
	b := make([]byte, L.GetTop())
	for i := range b {
		c := intArg(L, i+1)
		if c < 0 || c > 255 {
			argError(L, i+1, "invalid value")
		}
		b[i] = byte(c)
	}
	return pushString(L, string(b))
}

// mapASCII changes the case of the letters from first to last.
func mapASCII(s string, first, last byte) string {
	b := []byte(s)
	for i, c := range b {
		if c >= first && c <= last {
			b[i] = c ^ 0x20
		}
	}
	return string(b)
}

func stringRep(L *vm.LState) int {
	s, n := stringArg(L, 1), intArg(L, 2)
	if n <= 0 || s == "" {
		return pushString(L, "")
	}
	if n > maxString/len(s) {
		fail(L, "resulting string too large")
	}
	return pushString(L, strings.Repeat(s, n))
}

func stringReverse(L *vm.LState) int {
	s := stringArg(L, 1)
	b := make([]byte, len(s))
	for i := range b {
		b[i] = s[len(s)-1-i]
	}
	return pushString(L, string(b))
}

func stringSub(L *vm.LState) int {
	s := stringArg(L, 1)
	first := max(position(integerArg(L, 2), len(s)), 1)
	last := min(position(optionalInteger(L, 3, -1), len(s)), len(s))
	if first > last {
		return pushString(L, "")
	}
	return pushString(L, s[first-1:last])
}

// search is find and match.
func (in *interp) search(L *vm.LState, find bool) int {
	s, pattern := stringArg(L, 1), stringArg(L, 2)
	start := min(max(position(optionalInteger(L, 3, 1), len(s))-1, 0), len(s))
	if find && (vm.LVAsBool(L.Get(4)) || !strings.ContainsAny(pattern, specials)) {
		i := strings.Index(s[start:], pattern)
		if i < 0 {
			L.Push(vm.LNil)
			return 1
		}
		L.Push(vm.LNumber(start + i + 1))
		L.Push(vm.LNumber(start + i + len(pattern)))
		return 2
	}
	anchored := strings.HasPrefix(pattern, "^")
	m := matcher{in: in, L: L, source: s, pattern: strings.TrimPrefix(pattern, "^")}
	if !anchored {
		m.pattern = pattern
	}
	for ; start <= len(s); start++ {
		end := m.start(start)
		if end >= 0 {
			if !find {
				return m.pushCaptures(start, end, true)
			}
			L.Push(vm.LNumber(start + 1))
			L.Push(vm.LNumber(end))
			return 2 + m.pushCaptures(start, end, false)
		}
		if anchored {
			break
		}
	}
	L.Push(vm.LNil)
	return 1
}

func (in *interp) gmatch(L *vm.LState) int {
	m := &matcher{in: in, source: stringArg(L, 1), pattern: stringArg(L, 2)}
	at := 0
	L.Push(L.NewFunction(func(L *vm.LState) int {
		m.L = L
		for ; at <= len(m.source); at++ {
			if end := m.start(at); end >= 0 {
				start := at
				if at = end; end == start {
					at++
				}
				return m.pushCaptures(start, end, true)
			}
		}
		return 0
	}))
	return 1
}

func (in *interp) gsub(L *vm.LState) int {
	s, pattern := stringArg(L, 1), stringArg(L, 2)
	replacement := L.Get(3)
	switch replacement.Type() {
	case vm.LTNumber, vm.LTString, vm.LTFunction, vm.LTTable:
	default:
		argError(L, 3, "string/function/table expected")
	}
	limit := optionalInt(L, 4, len(s)+1)
	m := matcher{in: in, L: L, source: s, pattern: pattern}
	anchored := strings.HasPrefix(pattern, "^")
	if anchored {
		m.pattern = pattern[1:]
	}
	var out bytes.Buffer
	at, n := 0, 0
	for n < limit {
		end := m.start(at)
		if end >= 0 {
			n++
			m.appendReplacement(&out, at, end, replacement)
			checkLength(L, out.Len())
		}
		switch {
		case end > at:
			at = end
		case at < len(s):
			out.WriteByte(s[at])
			at++
		default:
			at++
		}
		if at > len(s) || anchored {
			break
		}
	}
	if at < len(s) {
		out.WriteString(s[at:])
	}
	L.Push(vm.LString(out.String()))
	L.Push(vm.LNumber(n))
	return 2
}

func (m *matcher) appendReplacement(out *bytes.Buffer, start, end int, replacement vm.LValue) {
	L := m.L
	var value vm.LValue
	switch r := replacement.(type) {
	case *vm.LFunction:
		L.Push(r)
		n := m.pushCaptures(start, end, true)
		m.in.call(L, n, 1)
		value = L.Get(-1)
		L.Pop(1)
	case *vm.LTable:
		m.pushCapture(0, start, end)
		value = L.GetTable(r, L.Get(-1))
		L.Pop(1)
	default:
		s, _ := text(r)
		m.appendTemplate(out, s, start, end)
		return
	}
	if !vm.LVAsBool(value) {
		out.WriteString(m.source[start:end])
		return
	}
	s, ok := text(value)
	if !ok {
		fail(L, "invalid replacement value (a %s)", value.Type())
	}
	out.WriteString(s)
}

// appendTemplate appends a replacement in which %1 is the first capture and so on.
func (m *matcher) appendTemplate(out *bytes.Buffer, template string, start, end int) {
	for i := 0; i < len(template); i++ {
		c := template[i]
		if c != '%' {
			out.WriteByte(c)
			continue
		}
		i++
		switch {
		case i == len(template):
			out.WriteByte(0) // Lua takes the zero that ends the string
		case template[i] == '0':
			out.WriteString(m.source[start:end])
		case isDigit(template[i]):
			m.pushCapture(int(template[i]-'1'), start, end)
			s, _ := text(m.L.Get(-1))
			m.L.Pop(1)
			out.WriteString(s)
		default:
			out.WriteByte(template[i])
		}
	}
}
