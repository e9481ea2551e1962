package lua

import (
	"fmt"
	"math"
	"strings"

	vm "github.com/yuin/gopher-lua"
)

// A directive is one %... of a format.
type directive struct {
	flags     string
	width     int
	precision int // -1 when there is none
	verb      byte
}

// format is string.format.
func format(L *vm.LState) int {
	f := stringArg(L, 1)
	var out strings.Builder
	arg := 1
	for i := 0; i < len(f); i++ {
		if f[i] != '%' {
			out.WriteByte(f[i])
			continue
		}
		i++
		if i < len(f) && f[i] == '%' {
			out.WriteByte('%')
			continue
		}
		if arg++; arg > L.GetTop() {
			argError(L, arg, "no value")
		}
		d, n := parseDirective(L, f[i:])
		i += n
		out.WriteString(d.format(L, arg))
		checkLength(L, out.Len())
	}
	return pushString(L, out.String())
}

// parseDirective reads what follows a % and returns where its verb is.
func parseDirective(L *vm.LState, s string) (d directive, verb int) {
	i := 0
	for i < len(s) && strings.IndexByte("-+ #0", s[i]) >= 0 {
		i++
	}
	if i > 5 {
		fail(L, "invalid format (repeated flags)")
	}
	d.flags, d.precision = s[:i], -1
	digits := func() (n int) {
		for range 2 {
			if i < len(s) && isDigit(s[i]) {
				n = n*10 + int(s[i]-'0')
				i++
			}
		}
		return n
	}
	d.width = digits()
	if i < len(s) && s[i] == '.' {
		i++
		d.precision = digits()
	}
	if i < len(s) && isDigit(s[i]) {
		fail(L, "invalid format (width or precision too long)")
	}
	if i < len(s) {
		d.verb = s[i]
	}
	return d, i
}

func (d directive) format(L *vm.LState, arg int) string {
	switch d.verb {
	case 'c':
		return d.pad(string([]byte{byte(intArgOf(numberArg(L, arg)))}))
	case 'd', 'i':
		return fmt.Sprintf(d.spec(d.flags, "d"), toInt64(numberArg(L, arg)))
	case 'o', 'u', 'x', 'X':
		verb := string(d.verb)
		if d.verb == 'u' {
			verb = "d"
		}
		return fmt.Sprintf(d.spec(strings.NewReplacer("+", "", " ", "").Replace(d.flags), verb), toUint64(numberArg(L, arg)))
	case 'e', 'E', 'f', 'g', 'G':
		return d.float(numberArg(L, arg))
	case 'q':
		return quote(stringArg(L, arg))
	case 's':
		s := stringArg(L, arg)
		if d.precision < 0 && len(s) >= 100 {
			return s
		}
		s, _, _ = strings.Cut(s, "\x00")
		if d.precision >= 0 && d.precision < len(s) {
			s = s[:d.precision]
		}
		return d.pad(s)
	}
	verb := string([]byte{d.verb})
	if d.verb == 0 {
		verb = ""
	}
	fail(L, "invalid option '%%%s' to 'format'", verb)
	return ""
}

func intArgOf(f float64) int { return int(toInt64(f)) }

// toUint64 is C's conversion of a double to an unsigned long on x86-64.
func toUint64(f float64) uint64 {
	if f >= 1<<63 {
		return uint64(toInt64(f-1<<63)) ^ 1<<63
	}
	return uint64(toInt64(f))
}

func (d directive) spec(flags, verb string) string {
	spec := "%" + flags
	if d.width > 0 {
		spec += fmt.Sprint(d.width)
	}
	if d.precision >= 0 {
		spec += "." + fmt.Sprint(d.precision)
		if verb == "d" || verb == "o" || verb == "x" || verb == "X" {
			spec = strings.Replace(spec, "0", "", strings.Count(flags, "0")) // C drops it, too
		}
	}
	return spec + verb
}

func (d directive) float(f float64) string {
	if math.IsInf(f, 0) || math.IsNaN(f) {
		var b []byte
		b = appendG(b, f, 6)
		if s := string(b); s[0] != '-' {
			if strings.Contains(d.flags, "+") {
				b = append([]byte("+"), b...)
			} else if strings.Contains(d.flags, " ") {
				b = append([]byte(" "), b...)
			}
		}
		s := string(b)
		if d.verb == 'E' || d.verb == 'G' {
			s = strings.ToUpper(s)
		}
		return d.pad(s)
	}
	if d.precision < 0 {
		d.precision = 6
	}
	if (d.verb == 'g' || d.verb == 'G') && d.precision == 0 {
		d.precision = 1
	}
	return fmt.Sprintf(d.spec(d.flags, string(d.verb)), f)
}

func (d directive) pad(s string) string {
	if n := d.width - len(s); n > 0 {
		if strings.Contains(d.flags, "-") {
			return s + strings.Repeat(" ", n)
		}
		return strings.Repeat(" ", n) + s
	}
	return s
}

var quoter = strings.NewReplacer(`"`, `\"`, `\`, `\\`, "\n", "\\\n", "\r", `\r`, "\x00", `\000`)

func quote(s string) string { return `"` + quoter.Replace(s) + `"` }
