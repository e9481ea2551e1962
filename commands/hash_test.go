package commands

import (
	"fmt"
	"strings"
	"testing"
)

func TestHashesAreThoseOfRedis(t *testing.T) { compareStories(t, hashStories) }

var hashStories = []story{
	{"fields are set and read", `
		HSET h f v
		HSET h f w g x
		HSET h a 1 a 2
		HGET h a
		HGET h nosuch
		HGET none f
		HMSET h b 3 c 4
		HMGET h a b nosuch c a
		HMGET none a b
		HSETNX h a 9
		HSETNX h d 9
		HSETNX fresh f v
		HLEN h
		HLEN none
		HSTRLEN h f
		HSTRLEN h nosuch
		HSTRLEN none f
		HSET h n 12345 "" empty e ""
		HSTRLEN h n
		HSTRLEN h e
		HGET h ""
		HEXISTS h ""
		HEXISTS h nosuch
		HEXISTS none f
		HKEYS h
		HVALS h
		HGETALL h
		HKEYS none
		HVALS none
		HGETALL none
		HDEL h f nosuch g f
		HDEL none f
		HGETALL h
		TYPE h
		OBJECT ENCODING h
		EXPIRE h 100
		HSET h f v
		TTL h
		HDEL h f a b c d n "" e
		EXISTS h
		HSET h f v
		TTL h`},
	{"wrong arguments", `
		HSET h
		HSET h f
		HSET h f v g
		HMSET h f v g
		HSETNX h f
		HGET h
		HMGET h
		HGETALL
		HGETALL h x
		HDEL h
		HINCRBY h f
		HINCRBY h f x
		HINCRBY h f 1.5
		HINCRBY h f 9223372036854775808
		HINCRBYFLOAT h f x
		HINCRBYFLOAT h f inf
		HINCRBYFLOAT h f -inf
		HINCRBYFLOAT h f nan
		HINCRBYFLOAT h f ""
		EXISTS h`},
	{"a key of another type", `
		LPUSH l a
		HSET l f v
		HSET l f v g
		HMSET l f v
		HSETNX l f v
		HGET l f
		HMGET l f
		HGETALL l
		HKEYS l
		HVALS l
		HLEN l
		HSTRLEN l f
		HDEL l f
		HEXISTS l f
		HINCRBY l f 1
		HINCRBY l f x
		HINCRBYFLOAT l f 1
		HINCRBYFLOAT l f x
		HRANDFIELD l
		HRANDFIELD l 1
		HRANDFIELD l x
		HRANDFIELD l 0 foo
		HSCAN l 0
		HSCAN l x
		HSCAN l 0 foo
		SET s v
		HGET s f
		HSET h f v
		GET h
		SADD h a
		LPUSH h a
		INCR h
		MGET h
		APPEND h x
		SET h v
		TYPE h`},
	{"increments", `
		HINCRBY h f 5
		HINCRBY h f -7
		HGET h f
		HINCRBY h f 9223372036854775807
		HINCRBY h f 9223372036854775807
		HINCRBY h g -9223372036854775808
		HINCRBY h g -1
		HSET h t abc s " 1" p 1.5 e "" l 9223372036854775808
		HINCRBY h t 1
		HINCRBY h s 1
		HINCRBY h p 1
		HINCRBY h e 1
		HINCRBY h l 1
		HINCRBYFLOAT h t 1
		HINCRBYFLOAT h s 1
		HINCRBYFLOAT h e 1
		HINCRBYFLOAT h p 0.1
		HINCRBYFLOAT h p 0.2
		HINCRBYFLOAT h x 3.0e3
		HINCRBYFLOAT h x -3000
		HINCRBYFLOAT h l 1
		HINCRBYFLOAT h f 1
		HINCRBYFLOAT h big 1e400
		HSET h i inf
		HINCRBYFLOAT h i 1
		HGETALL h`},
	{"random fields", `
		HRANDFIELD none
		HRANDFIELD none 5
		HRANDFIELD none -5
		HRANDFIELD none 5 WITHVALUES
		HSET h f v
		HRANDFIELD h
		HRANDFIELD h 0
		HRANDFIELD h 0 WITHVALUES
		HRANDFIELD h 1
		HRANDFIELD h 5
		HRANDFIELD h 5 WITHVALUES
		HRANDFIELD h 5 withvalues
		HRANDFIELD h -3
		HRANDFIELD h -3 WITHVALUES
		HSET h g 1 x 2 y 3
		HRANDFIELD h
		HRANDFIELD h 1
		HRANDFIELD h 2
		HRANDFIELD h 4
		HRANDFIELD h 9 WITHVALUES
		HRANDFIELD h 2 WITHVALUES
		HRANDFIELD h -9
		HRANDFIELD h x
		HRANDFIELD h 1.5
		HRANDFIELD h 1 foo
		HRANDFIELD h x foo
		HRANDFIELD h 1 WITHVALUES x
		HRANDFIELD h -9223372036854775808
		HRANDFIELD h -9223372036854775807 WITHVALUES
		HRANDFIELD h 9223372036854775807 WITHVALUES
		HRANDFIELD h 9223372036854775807
		HRANDFIELD none x
		HRANDFIELD none 1 foo`},
	{"HSCAN", `
		HSCAN none 0
		HSCAN none 0 foo
		HSCAN none x
		HSCAN h
		HSET h f v g w ab 1 "" e
		HSCAN h 0
		HSCAN h 0 COUNT 1
		HSCAN h 5
		HSCAN h 0 MATCH a*
		HSCAN h 0 MATCH ""
		HSCAN h 0 MATCH nosuch
		HSCAN h 0 MATCH * COUNT 100
		HSCAN h 0 COUNT 0
		HSCAN h 0 COUNT x
		HSCAN h 0 COUNT
		HSCAN h 0 MATCH
		HSCAN h 0 foo
		HSCAN h 0 TYPE string
		HSCAN h 0 TYPE hash
		HSCAN h abc
		HSCAN h 0 NOVALUES
		HSCAN h 0 NOVALUES MATCH a*
		SCAN 0 NOVALUES
		SADD s a
		SSCAN s 0 NOVALUES`},
	{"a hash leaves its listpack, and does not come back", `
		HSET h f (v*64)
		OBJECT ENCODING h
		HSET h (f*64) v
		OBJECT ENCODING h
		HSET h f (v*65)
		OBJECT ENCODING h
		HDEL h f
		OBJECT ENCODING h
		HSET i (f*65) v
		OBJECT ENCODING i
		HSETNX j f (v*65)
		OBJECT ENCODING j
		HSET k f v
		HSETNX k f (v*65)
		OBJECT ENCODING k
		HINCRBYFLOAT k (f*65) 1
		OBJECT ENCODING k
		COPY h copy
		OBJECT ENCODING copy
		HGETALL copy
		RENAME copy other
		OBJECT ENCODING other
		HGET other (f*64)`},
}

func TestHashesGrowAsInRedis(t *testing.T) {
	var lines strings.Builder
	fields := func(from, to int) {
		lines.WriteString("HSET h")
		for i := from; i < to; i++ {
			fmt.Fprintf(&lines, " f%d %d", i, i*i)
		}
		lines.WriteString("\nHLEN h\nOBJECT ENCODING h\nHGETALL h\n")
	}
	for _, edge := range []int{0, 127, 129, 511, 512, 513, 600} {
		fields(max(0, edge-60), edge+1)
	}
	lines.WriteString("HDEL h f1 f2\nHKEYS h\nHVALS h\nHSCAN h 0 COUNT 1000\nHRANDFIELD h 100\nHRANDFIELD h 500\nHRANDFIELD h -50\nHRANDFIELD h 10 WITHVALUES\n")
	compareStories(t, []story{{"fields come", lines.String()}})
}

var hashCalls = []generatedCall{
	{"HSET", func(g *generator) []string { return append([]string{g.key()}, g.fieldPairs()...) }},
	{"HSET", func(g *generator) []string { return append([]string{g.key()}, g.fieldPairs()...) }},
	{"HMSET", func(g *generator) []string { return append([]string{g.key()}, g.fieldPairs()...) }},
	{"HSETNX", func(g *generator) []string { return []string{g.key(), g.field(), g.fieldValue()} }},
	{"HGET", func(g *generator) []string { return []string{g.key(), g.field()} }},
	{"HMGET", func(g *generator) []string { return []string{g.key(), g.field(), g.field()} }},
	{"HGETALL", func(g *generator) []string { return []string{g.key()} }},
	{"HKEYS", func(g *generator) []string { return []string{g.key()} }},
	{"HVALS", func(g *generator) []string { return []string{g.key()} }},
	{"HLEN", func(g *generator) []string { return []string{g.key()} }},
	{"HSTRLEN", func(g *generator) []string { return []string{g.key(), g.field()} }},
	{"HDEL", func(g *generator) []string { return append([]string{g.key()}, g.many(g.field)...) }},
	{"HEXISTS", func(g *generator) []string { return []string{g.key(), g.field()} }},
	{"HINCRBY", func(g *generator) []string { return []string{g.key(), g.field(), g.number()} }},
	{"HINCRBYFLOAT", func(g *generator) []string { return []string{g.key(), g.field(), g.float()} }},
	{"HRANDFIELD", func(g *generator) []string {
		return append([]string{g.key()}, g.options([]string{g.count()}, []string{"WITHVALUES"})...)
	}},
	{"HSCAN", func(g *generator) []string {
		return append([]string{g.key(), "0", "COUNT", "100000"}, g.options([]string{"MATCH", g.pick("*", "f1*", "a", "")})...)
	}},
}

// field is one of few, or rarely a long one.
func (g *generator) field() string {
	if g.IntN(10) == 0 {
		return g.pick("", "a", "-5", "\x00", strings.Repeat("f", 63+g.IntN(3)))
	}
	return fmt.Sprint("f", g.IntN(30))
}

// fieldValue is a value as long as the limits of compact collections.
func (g *generator) fieldValue() string {
	if g.IntN(12) == 0 {
		return strings.Repeat("v", 63+g.IntN(3))
	}
	return g.value()
}

// fieldPairs are a few fields with values, or so many that a hash outgrows its listpack.
func (g *generator) fieldPairs() (args []string) {
	if g.IntN(20) > 0 {
		for range 1 + g.IntN(3) {
			args = append(args, g.field(), g.fieldValue())
		}
	} else {
		from, n := g.IntN(300), 120+g.IntN(140)
		for i := range n {
			args = append(args, fmt.Sprint("f", from+i), "v")
		}
	}
	if g.IntN(30) == 0 {
		args = args[1:]
	}
	return args
}

func (g *generator) many(f func() string) (args []string) {
	for range 1 + g.IntN(4) {
		args = append(args, f())
	}
	return args
}

// count is how many random elements are wanted.
func (g *generator) count() string {
	if g.IntN(6) == 0 {
		return g.pick("x", "", "1.5", "-9223372036854775808", "9223372036854775807", "9223372036854775808")
	}
	return fmt.Sprint(g.IntN(60) - 20)
}

// mixedCalls are those that hashes and sets have in common with other keys.
var mixedCalls = []generatedCall{
	{"DEL", func(g *generator) []string { return []string{g.key()} }},
	{"LPUSH", func(g *generator) []string { return []string{g.key(), "x"} }},
	{"SET", func(g *generator) []string { return []string{g.key(), g.value()} }},
	{"TYPE", func(g *generator) []string { return []string{g.key()} }},
	{"COPY", func(g *generator) []string { return []string{g.key(), g.key(), "REPLACE"} }},
	{"RENAME", func(g *generator) []string { return []string{g.key(), g.key()} }},
	{"EXPIRE", func(g *generator) []string { return []string{g.key(), g.ttl(false)} }},
	{"TTL", func(g *generator) []string { return []string{g.key()} }},
	{"OBJECT", func(g *generator) []string { return []string{"ENCODING", g.key()} }},
	{"APPEND", func(g *generator) []string { return []string{g.key(), g.value()} }},
	{"INCR", func(g *generator) []string { return []string{g.key()} }},
	{"SETRANGE", func(g *generator) []string { return []string{g.key(), "1", g.value()} }},
}

func TestRandomCallsOnHashes(t *testing.T) {
	compareRandom(t, 4000, hashCalls, hashCalls, hashCalls, mixedCalls)
}

func TestScansOfValuesAreRelayedWithAMarkedCursor(t *testing.T) {
	r := newRig(t)
	r.server.epoch = 3
	for _, name := range []string{"hscan", "sscan"} {
		relay := r.server.table.named(name).Relay
		if relay == nil {
			t.Fatalf("%s is not relayed", name)
		}
		for cursor, want := range map[string]string{"0": "0", "844424930131985": "17", "17": "0"} {
			args, err := relay.Request(&r.ctx, [][]byte{[]byte(name), []byte("k"), []byte(cursor), []byte("COUNT"), []byte("5")})
			if err != nil || string(args[1]) != "k" || string(args[2]) != want || len(args) != 5 {
				t.Errorf("%s k %s is forwarded as %q (%v)", name, cursor, args, err)
			}
		}
	}
}

func TestScansOfLargeValuesVisitAll(t *testing.T) {
	r := newRig(t)
	const elements = 3000
	for i := range elements {
		r.do("HSET", "h", fmt.Sprint("f", i), "v")
		r.do("SADD", "s", fmt.Sprint("f", i))
	}
	for _, call := range [][]string{{"HSCAN", "h"}, {"SSCAN", "s"}} {
		seen := map[string]bool{}
		for cursor := "0"; ; {
			reply := parseReply(t, r.do(call[0], call[1], cursor, "COUNT", "7")).([]any)
			for _, e := range reply[1].([]any) {
				seen[e.(string)] = true
			}
			if cursor = reply[0].(string); cursor == "0" {
				break
			}
		}
		delete(seen, "v")
		if len(seen) != elements {
			t.Errorf("%s visits %d of %d", call[0], len(seen), elements)
		}
	}
}
