package lua

import (
	"math"
	"strconv"
	"strings"

	vm "github.com/yuin/gopher-lua"
)

// Numbers look as C's printf shows them, which the VM's own texts do not: scripts build keys of them.

// maxExact is below 10^14, from where "%.14g" needs an exponent.
const maxExact = 99_999_999_999_999

// appendNumber appends f as tostring shows it, "%.14g".
func appendNumber(dst []byte, f float64) []byte {
	if i := int64(f); float64(i) == f && i <= maxExact && i >= -maxExact && (i != 0 || !math.Signbit(f)) {
		return strconv.AppendInt(dst, i, 10)
	}
	return appendG(dst, f, 14)
}

// appendG appends f as C's "%.<precision>g".
func appendG(dst []byte, f float64, precision int) []byte {
	switch {
	case math.IsNaN(f) && math.Signbit(f):
		return append(dst, "-nan"...)
	case math.IsNaN(f):
		return append(dst, "nan"...)
	case math.IsInf(f, 1):
		return append(dst, "inf"...)
	case math.IsInf(f, -1):
		return append(dst, "-inf"...)
	}
	return strconv.AppendFloat(dst, f, 'g', max(precision, 1), 64)
}

func numberText(n vm.LNumber) string {
	var buf [32]byte
	return string(appendNumber(buf[:0], float64(n)))
}

// text returns a string or a number as Lua sees it where a string is wanted.
func text(v vm.LValue) (s string, ok bool) {
	switch v := v.(type) {
	case vm.LString:
		return string(v), true
	case vm.LNumber:
		return numberText(v), true
	}
	return "", false
}

// number returns a number, or the number that a string spells.
func number(v vm.LValue) (f float64, ok bool) {
	switch v := v.(type) {
	case vm.LNumber:
		return float64(v), true
	case vm.LString:
		return parseNumber(string(v))
	}
	return 0, false
}

func isSpace(c byte) bool { return c == ' ' || c >= '\t' && c <= '\r' }
func isDigit(c byte) bool { return c >= '0' && c <= '9' }
func isAlpha(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }

// parseNumber reads s as Lua 5.1 does with C's strtod: spaces around it, hexadecimal, "inf" and
// "nan" are fine, and whatever follows a zero byte is not seen.
func parseNumber(s string) (f float64, ok bool) {
	s, _, _ = strings.Cut(s, "\x00")
	for s != "" && isSpace(s[0]) {
		s = s[1:]
	}
	for s != "" && isSpace(s[len(s)-1]) {
		s = s[:len(s)-1]
	}
	n := numeralLength(s)
	if n == 0 || n != len(s) {
		return namedNumber(s)
	}
	digits := strings.TrimLeft(s, "+-")
	if len(digits) > 1 && digits[1]|0x20 == 'x' && !strings.ContainsAny(digits, "pP") {
		s += "p0" // Go wants an exponent here
	}
	// Out of range is infinity or zero, as in C.
	f, err := strconv.ParseFloat(s, 64)
	return f, err == nil || f != 0 || isRange(err)
}

func isRange(err error) bool {
	e, ok := err.(*strconv.NumError)
	return ok && e.Err == strconv.ErrRange
}

func namedNumber(s string) (f float64, ok bool) {
	sign := 1.0
	if s != "" && (s[0] == '-' || s[0] == '+') {
		if s[0] == '-' {
			sign = -1
		}
		s = s[1:]
	}
	switch strings.ToLower(s) {
	case "inf", "infinity":
		return math.Inf(int(sign)), true
	case "nan":
		return math.Copysign(math.NaN(), sign), true
	}
	return 0, false
}

// numeralLength is how many bytes at the start of s are a decimal or hexadecimal numeral.
func numeralLength(s string) int {
	i := 0
	if i < len(s) && (s[i] == '-' || s[i] == '+') {
		i++
	}
	isHex := i+1 < len(s) && s[i] == '0' && s[i+1]|0x20 == 'x'
	exponent := byte('e')
	if isHex {
		i, exponent = i+2, 'p'
	}
	digits := 0
	run := func() {
		for i < len(s) && (isDigit(s[i]) || isHex && s[i]|0x20 >= 'a' && s[i]|0x20 <= 'f') {
			i, digits = i+1, digits+1
		}
	}
	run()
	if i < len(s) && s[i] == '.' {
		i++
		run()
	}
	if digits == 0 {
		return 0
	}
	if i < len(s) && s[i]|0x20 == exponent {
		j := i + 1
		if j < len(s) && (s[j] == '-' || s[j] == '+') {
			j++
		}
		if j < len(s) && isDigit(s[j]) {
			for j < len(s) && isDigit(s[j]) {
				j++
			}
			i = j
		}
	}
	return i
}

// parseBase reads s as C's strtoul does in a base from 2 to 36.
func parseBase(s string, base int) (f float64, ok bool) {
	s, _, _ = strings.Cut(s, "\x00")
	for s != "" && isSpace(s[0]) {
		s = s[1:]
	}
	for s != "" && isSpace(s[len(s)-1]) {
		s = s[:len(s)-1]
	}
	negative := strings.HasPrefix(s, "-")
	if negative || strings.HasPrefix(s, "+") {
		s = s[1:]
	}
	if base == 16 && len(s) > 2 && s[0] == '0' && s[1]|0x20 == 'x' {
		s = s[2:]
	}
	if strings.ContainsAny(s, "_+-") {
		return 0, false
	}
	u, err := strconv.ParseUint(s, base, 64)
	if err != nil && !isRange(err) {
		return 0, false
	}
	if negative && err == nil {
		u = -u
	}
	return float64(u), true
}

// toInt64 is C's conversion of a double to a long long on x86-64, where whatever does not fit becomes
// the least number.
func toInt64(f float64) int64 {
	if f >= math.MinInt64 && f < 1<<63 {
		return int64(f)
	}
	return math.MinInt64
}

// toInt is C's conversion by way of a ptrdiff_t to an int, which cuts off the upper half.
func toInt(f float64) int { return int(int32(toInt64(f))) }
