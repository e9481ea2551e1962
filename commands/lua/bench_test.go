package lua

import (
	"context"
	"strings"
	"testing"
)

// canned answers every command with the same bytes.
type canned struct{ replies map[string][]byte }

func (c canned) Call(args [][]byte, proto int) []byte     { return c.replies[string(args[0])] }
func (c canned) Permits([][]byte) (permitted, known bool) { return true, true }
func (c canned) Log(level int, text string)               {}

var cannedReplies = canned{map[string][]byte{
	"GET":    []byte("$1\r\n3\r\n"),
	"INCR":   []byte(":4\r\n"),
	"EXPIRE": []byte(":1\r\n"),
	"LRANGE": []byte("*" + "100\r\n" + strings.Repeat("$5\r\nhello\r\n", 100)),
}}

const limiter = `local current = tonumber(redis.call('GET', KEYS[1]) or '0')
if current + 1 > tonumber(ARGV[1]) then return 0 end
local n = redis.call('INCR', KEYS[1])
if n == 1 then redis.call('EXPIRE', KEYS[1], ARGV[2]) end
redis.call('EXPIRE', KEYS[1], ARGV[2])
return 1`

func benchmark(b *testing.B, script string, keys, args []string) {
	s, err := Compile([]byte(script))
	if err != nil {
		b.Fatal(err)
	}
	r := New(Options{})
	ctx, cancel := context.WithCancel(b.Context())
	defer cancel()
	var dst []byte
	k, a := byteSlices(keys), byteSlices(args)
	b.ReportAllocs()
	for b.Loop() {
		if dst, err = r.Run(ctx, s, k, a, cannedReplies, 2, dst[:0]); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkEmpty(b *testing.B)   { benchmark(b, "return 1", nil, nil) }
func BenchmarkLimiter(b *testing.B) { benchmark(b, limiter, []string{"key"}, []string{"10", "60"}) }
func BenchmarkCall(b *testing.B) {
	benchmark(b, "return redis.call('GET', KEYS[1])", []string{"key"}, nil)
}
func BenchmarkPcall(b *testing.B) {
	benchmark(b, "return select(2, pcall(redis.call, 'GET', KEYS[1]))", []string{"key"}, nil)
}
func BenchmarkFailedPcall(b *testing.B) {
	benchmark(b, "return select(2, pcall(error, 'x'))", nil, nil)
}
func BenchmarkError(b *testing.B) { benchmark(b, "error('x')", nil, nil) }
func BenchmarkLrange(b *testing.B) {
	benchmark(b, "return #redis.call('LRANGE', KEYS[1], 0, -1)", []string{"key"}, nil)
}
func BenchmarkLoop(b *testing.B) {
	benchmark(b, "local s = 0 for i = 1, 10000 do s = s + i if s > 100 then s = 0 end end return s", nil, nil)
}
func BenchmarkModulo(b *testing.B) {
	benchmark(b, "local s = 0 for i = 1, 10000 do s = i % 7 end return s", nil, nil)
}
func BenchmarkConcat(b *testing.B) {
	benchmark(b, "local s = 0 for i = 1, 10000 do s = 'a' .. i .. 'b' end return s", nil, nil)
}
func BenchmarkJSON(b *testing.B) {
	benchmark(b, "local t = cjson.decode(ARGV[1]) t.n = t.n + 1 return cjson.encode(t)", nil, []string{`{"n":1,"name":"job","list":[1,2,3],"opts":{"attempts":3}}`})
}
func BenchmarkCompile(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Compile([]byte(limiter)); err != nil {
			b.Fatal(err)
		}
	}
}
func BenchmarkNewInterpreter(b *testing.B) {
	r := New(Options{})
	b.ReportAllocs()
	for b.Loop() {
		newInterp(r)
	}
}
