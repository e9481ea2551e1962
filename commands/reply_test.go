package commands

import (
	"bytes"
	"fmt"
	"math"
	"testing"
)

func TestRepliesInBothProtocols(t *testing.T) {
	for _, c := range []struct {
		name         string
		append       func(r *Reply)
		resp2, resp3 string
	}{
		{"OK", func(r *Reply) { r.OK() }, "+OK\r\n", "+OK\r\n"},
		{"a status", func(r *Reply) { r.Status("PONG") }, "+PONG\r\n", "+PONG\r\n"},
		{"an error", func(r *Reply) { r.Error("ERR a\r\nb") }, "-ERR a  b\r\n", "-ERR a  b\r\n"},
		{"an integer", func(r *Reply) { r.Int(math.MinInt64) }, ":-9223372036854775808\r\n", ":-9223372036854775808\r\n"},
		{"flags", func(r *Reply) { r.Flag(true); r.Flag(false) }, ":1\r\n:0\r\n", ":1\r\n:0\r\n"},
		{"booleans", func(r *Reply) { r.Bool(true); r.Bool(false) }, ":1\r\n:0\r\n", "#t\r\n#f\r\n"},
		{"a bulk string", func(r *Reply) { r.Bulk([]byte("a\r\n\x00")) }, "$4\r\na\r\n\x00\r\n", "$4\r\na\r\n\x00\r\n"},
		{"no bytes", func(r *Reply) { r.Bulk(nil) }, "$0\r\n\r\n", "$0\r\n\r\n"},
		{"text", func(r *Reply) { r.Text("abc") }, "$3\r\nabc\r\n", "$3\r\nabc\r\n"},
		{"null", func(r *Reply) { r.Null() }, "$-1\r\n", "_\r\n"},
		{"a null array", func(r *Reply) { r.NullArray() }, "*-1\r\n", "_\r\n"},
		{"bytes or null", func(r *Reply) { r.BulkOrNull(nil, true); r.BulkOrNull(nil, false) }, "$0\r\n\r\n$-1\r\n", "$0\r\n\r\n_\r\n"},
		{"an array", func(r *Reply) { r.Array(10) }, "*10\r\n", "*10\r\n"},
		{"a map", func(r *Reply) { r.Map(10) }, "*20\r\n", "%10\r\n"},
		{"a set", func(r *Reply) { r.Set(10) }, "*10\r\n", "~10\r\n"},
		{"verbatim text", func(r *Reply) { r.Verbatim("abc\r\n") }, "$5\r\nabc\r\n\r\n", "=9\r\ntxt:abc\r\n\r\n"},
		{"a number", func(r *Reply) { r.Double(1.5) }, "$3\r\n1.5\r\n", ",1.5\r\n"},
		{"texts", func(r *Reply) { r.Texts([]string{"a", ""}) }, "*2\r\n$1\r\na\r\n$0\r\n\r\n", "*2\r\n$1\r\na\r\n$0\r\n\r\n"},
	} {
		for proto, want := range map[int]string{2: c.resp2, 3: c.resp3} {
			r := Reply{Proto: proto}
			c.append(&r)
			if string(r.Buf) != want {
				t.Errorf("%s in RESP%d is %q, not %q", c.name, proto, r.Buf, want)
			}
		}
	}
}

func TestRepliesAreAppended(t *testing.T) {
	r := Reply{Buf: []byte("+before\r\n"), Proto: 2}
	r.Int(1)
	if string(r.Buf) != "+before\r\n:1\r\n" {
		t.Errorf("%q", r.Buf)
	}
}

// The texts are those of Redis 7.2, which prints the shortest digits that read back as the number.
func TestNumbersPrintLikeRedis(t *testing.T) {
	for f, want := range map[float64]string{
		0: "0", 1: "1", -1: "-1", 3.14: "3.14", 0.1: "0.1", 100: "100", 1234567: "1234567", 1e15: "1000000000000000", 1e18: "1000000000000000000",
		4e18: "4000000000000000000", 1e20: "1e+20", 1.5e300: "1.5e+300", -1.5e300: "-1.5e+300", 1e-5: "0.00001", 1e-7: "1e-7", 0.000123456: "1.23456e-4",
		0.00123456: "0.00123456", 1234.5678: "1234.5678", 17179869184.5: "17179869184.5", 5e-324: "5e-324",
		math.Inf(1): "inf", math.Inf(-1): "-inf",
	} {
		r := Reply{Proto: 3}
		if r.Double(f); string(r.Buf) != ","+want+"\r\n" {
			t.Errorf("%v prints as %q, not %s", f, r.Buf, want)
		}
	}
	var r Reply
	r.Double(math.NaN())
	r.Double(math.Copysign(0, -1))
	if want := "$3\r\nnan\r\n$2\r\n-0\r\n"; string(r.Buf) != want {
		t.Errorf("%q, not %q", r.Buf, want)
	}
}

func FuzzDouble(f *testing.F) {
	f.Add(0.1)
	f.Add(1e21)
	f.Add(1.2345678123456789e7)
	f.Fuzz(func(t *testing.T, n float64) {
		r := Reply{Proto: 3}
		r.Double(n)
		var back float64
		text := bytes.TrimSuffix(bytes.TrimPrefix(r.Buf, []byte(",")), []byte("\r\n"))
		if _, err := fmt.Sscan(string(text), &back); err != nil || back != n && !math.IsNaN(n) {
			t.Errorf("%v prints as %q: %v", n, text, err)
		}
	})
}
