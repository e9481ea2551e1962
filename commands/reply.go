package commands

import (
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
	var text string
	switch {
	case math.IsInf(f, 1):
		text = "inf"
	case math.IsInf(f, -1):
		text = "-inf"
	case math.IsNaN(f):
		text = "nan"
	default:
		text = strconv.FormatFloat(f, 'g', -1, 64)
	}
	if r.Proto < 3 {
		r.Text(text)
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

func (r *Reply) header(kind byte, n int) {
	r.Buf = append(r.Buf, kind)
	r.Buf = strconv.AppendInt(r.Buf, int64(n), 10)
	r.Buf = append(r.Buf, '\r', '\n')
}
