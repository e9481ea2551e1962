package commands

import (
	"bytes"
	"math"
	"strconv"

	"github.com/tidwall/redcon"
)

// Reply appends replies in the protocol that the client speaks. It is the only place that knows
// the difference between RESP2 and RESP3.
type Reply struct {
	Buf   []byte
	Proto int // 2 or 3
}

// OK appends the simple string OK.
func (r *Reply) OK() { r.Buf = append(r.Buf, "+OK\r\n"...) }

// Status appends a simple string.
func (r *Reply) Status(s string) { r.Buf = redcon.AppendString(r.Buf, s) }

// Error appends an error, whose text begins with its code. Line breaks become spaces, as in Redis.
func (r *Reply) Error(text string) {
	r.Buf = append(r.Buf, '-')
	for i := 0; i < len(text); i++ {
		c := text[i]
		if c == '\r' || c == '\n' {
			c = ' '
		}
		r.Buf = append(r.Buf, c)
	}
	r.Buf = append(r.Buf, '\r', '\n')
}

// Int appends an integer.
func (r *Reply) Int(n int64) { r.Buf = redcon.AppendInt(r.Buf, n) }

// Flag appends the integer 1 or 0.
func (r *Reply) Flag(b bool) {
	if b {
		r.Buf = append(r.Buf, ":1\r\n"...)
	} else {
		r.Buf = append(r.Buf, ":0\r\n"...)
	}
}

// Bulk appends a bulk string.
func (r *Reply) Bulk(b []byte) { r.Buf = redcon.AppendBulk(r.Buf, b) }

// Text appends a string as a bulk string.
func (r *Reply) Text(s string) { r.Buf = redcon.AppendBulkString(r.Buf, s) }

// BulkOrNull appends b, or null where there is none.
func (r *Reply) BulkOrNull(b []byte, ok bool) {
	if ok {
		r.Bulk(b)
	} else {
		r.Null()
	}
}

// Null appends the absent value.
func (r *Reply) Null() {
	if r.Proto >= 3 {
		r.Buf = append(r.Buf, "_\r\n"...)
	} else {
		r.Buf = append(r.Buf, "$-1\r\n"...)
	}
}

// NullArray appends the absent array, which RESP3 does not tell from any other null.
func (r *Reply) NullArray() {
	if r.Proto >= 3 {
		r.Null()
	} else {
		r.Buf = append(r.Buf, "*-1\r\n"...)
	}
}

// Array announces n elements.
func (r *Reply) Array(n int) { r.header('*', n) }

// Map announces n pairs; in RESP2 it is an array of 2n elements.
func (r *Reply) Map(n int) {
	if r.Proto >= 3 {
		r.header('%', n)
	} else {
		r.header('*', 2*n)
	}
}

// Set announces n distinct elements; in RESP2 it is an array.
func (r *Reply) Set(n int) {
	if r.Proto >= 3 {
		r.header('~', n)
	} else {
		r.header('*', n)
	}
}

// Push announces n elements of what is no reply to a call; in RESP2 it is an array.
func (r *Reply) Push(n int) {
	if r.Proto >= 3 {
		r.header('>', n)
	} else {
		r.header('*', n)
	}
}

// Verbatim appends text that is meant for people; in RESP2 it is a bulk string.
func (r *Reply) Verbatim(s string) {
	if r.Proto < 3 {
		r.Text(s)
		return
	}
	r.header('=', len(s)+4)
	r.Buf = append(r.Buf, "txt:"...)
	r.Buf = append(r.Buf, s...)
	r.Buf = append(r.Buf, '\r', '\n')
}

// Bool appends a boolean; in RESP2 it is 1 or 0.
func (r *Reply) Bool(b bool) {
	switch {
	case r.Proto < 3:
		r.Flag(b)
	case b:
		r.Buf = append(r.Buf, "#t\r\n"...)
	default:
		r.Buf = append(r.Buf, "#f\r\n"...)
	}
}

// Double appends a floating-point number; in RESP2 it is a bulk string.
func (r *Reply) Double(f float64) {
	var buf [32]byte
	text := appendDouble(buf[:0], f)
	if r.Proto < 3 {
		r.Bulk(text)
		return
	}
	r.Buf = append(r.Buf, ',')
	r.Buf = append(r.Buf, text...)
	r.Buf = append(r.Buf, '\r', '\n')
}

// Texts appends an array of bulk strings.
func (r *Reply) Texts(list []string) {
	r.Array(len(list))
	for _, s := range list {
		r.Text(s)
	}
}

// headAt puts what head appends, which announces n elements, before those elements: they were
// appended from start on before they could be counted.
func (r *Reply) headAt(start int, head func(n int), n int) {
	end := len(r.Buf)
	head(n)
	announced := bytes.Clone(r.Buf[end:])
	copy(r.Buf[start+len(announced):], r.Buf[start:end])
	copy(r.Buf[start:], announced)
}

func (r *Reply) header(kind byte, n int) {
	r.Buf = append(r.Buf, kind)
	r.Buf = strconv.AppendInt(r.Buf, int64(n), 10)
	r.Buf = append(r.Buf, '\r', '\n')
}

// appendDouble prints the shortest digits that read back as f, in the form that Redis 7.2 gives them:
// 0.00001 and 1234.5678, but 1e-7 and 1.23456e-4.
func appendDouble(dst []byte, f float64) []byte {
	switch {
	case math.IsNaN(f):
		return append(dst, "nan"...)
	case math.IsInf(f, 1):
		return append(dst, "inf"...)
	case math.IsInf(f, -1):
		return append(dst, "-inf"...)
	case math.Trunc(f) == f && math.Abs(f) <= math.MaxInt64/2 && (f != 0 || !math.Signbit(f)):
		return strconv.AppendInt(dst, int64(f), 10)
	}
	var buf [32]byte
	mantissa, exp, _ := bytes.Cut(strconv.AppendFloat(buf[:0], f, 'e', -1, 64), []byte("e"))
	exponent, _ := strconv.Atoi(string(exp)) // it is a number
	digits := len(bytes.Trim(mantissa, "-"))
	if digits > 1 {
		digits-- // the point
	}
	last := exponent - digits + 1 // the power of ten of the last digit
	if last >= 0 && exponent < digits+7 || last < 0 && (last > -7 || -4 < exponent && exponent < 4) {
		return strconv.AppendFloat(dst, f, 'f', -1, 64)
	}
	dst = append(append(dst, mantissa...), 'e')
	if exponent >= 0 {
		dst = append(dst, '+')
	}
	return strconv.AppendInt(dst, int64(exponent), 10)
}
