package commands

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"
)

func TestSortedSetsAreThoseOfRedis(t *testing.T) { compareStories(t, zsetStories) }

var zsetStories = []story{
	{"ZADD adds and changes", `
		ZADD z 1 a
		ZADD z 1 a 2 b 3 c
		ZADD z 5 a
		ZADD z CH 6 a 2 b 9 d
		ZRANGE z 0 -1 WITHSCORES
		ZADD z NX 1 a 1 new
		ZADD z XX 1 a 1 other
		ZADD z XX CH 2 a 1 other
		ZADD none XX 1 a
		EXISTS none
		ZADD z GT 1 a 10 b
		ZADD z GT CH 1 a 11 b 1 gt
		ZADD z LT CH 1 a 12 b 1 lt
		ZADD z XX GT CH 20 a 20 xxgt
		ZADD z LT XX CH 20 a 1 b
		zadd z ch nx ch 20 twice
		ZADD z 1 same 2 same 3 same
		ZSCORE z same
		ZRANGE z 0 -1 WITHSCORES
		ZCARD z
		TYPE z
		OBJECT ENCODING z
		ZADD "" 1 ""
		ZSCORE "" ""
		ZADD bin 1 "a\x00b" 1 "\r\n" 1 "\xff" 1 a
		ZRANGE bin 0 -1`},
	{"ZADD refuses", `
		ZADD
		ZADD z
		ZADD z 1
		ZADD z 1 a 2
		ZADD z NX 1
		ZADD z NX XX
		ZADD z NX XX 1 a
		ZADD z NX GT 1 a
		ZADD z NX LT 1 a
		ZADD z GT LT 1 a
		ZADD z GT LT NX XX 1 a
		ZADD z NX GT XX 1 a
		ZADD z INCR 1 a 2 b
		ZADD z NX XX INCR 1 a 2 b
		ZADD z x a
		ZADD z 1 a x b
		EXISTS z
		ZADD z 1 a NX 2
		ZADD z nan a
		ZADD z NaN a
		ZADD z "" a
		ZADD z " 1" a
		ZADD z "1 " a
		ZADD z 1e400 a
		ZADD z -1e400 a
		ZADD z 1e-400 a
		ZADD z 1_0 a
		ZADD z 0b1 a
		ZADD z 0x a
		ZADD z 1e a
		ZADD z . a
		ZADD z "1\x00" a
		EXISTS z
		SET s v
		ZADD s 1 a
		ZADD s x a
		ZADD s NX XX 1 a
		ZADD s XX 1 a
		ZADD s INCR 1 a
		GET s`},
	{"scores are read as strtod reads them", `
		ZADD z inf a -inf b +inf c Infinity d -INFINITY e iNf f
		ZADD z 0x10 g 0x1p-3 h 0X1.8 i -0x.8p1 j +5 k .5 l 5. m 1e3 n 1E-3 o -0 p +0 q 00012 r
		ZADD z 5e-324 s 2.2250738585072014e-308 t 1.7976931348623157e308 u 4.9e-324 v
		ZADD z 123456789012345678 w 0.1 x 9007199254740993 y 1e22 z
		ZADD z 3.0000000000000004 aa 0.30000000000000004 ab 100000000000000000000 ac 1e17 ad 123456789.125 ae
		ZRANGE z 0 -1 WITHSCORES
		ZADD neg -0 a
		ZSCORE neg a
		ZADD neg 0 a
		ZSCORE neg a
		ZINCRBY neg -0 a
		ZSCORE neg a`},
	{"ZADD INCR and ZINCRBY", `
		ZADD z INCR 5 a
		ZADD z INCR -2.5 a
		ZADD z INCR NX 1 a
		ZADD z INCR XX 1 none
		ZADD z INCR GT -1 a
		ZADD z INCR GT 1 a
		ZADD z INCR LT 1 a
		ZADD z INCR LT -1 a
		ZADD z INCR CH 1 a
		ZADD z INCR 0 a
		ZADD z INCR GT 0 a
		ZADD fresh INCR XX 1 a
		EXISTS fresh
		ZINCRBY z 1 a
		ZINCRBY z 1 b
		ZINCRBY z inf b
		ZINCRBY z 5 b
		ZINCRBY z -inf b
		ZADD z INCR -inf b
		ZSCORE z b
		ZINCRBY z nan a
		ZINCRBY z x a
		ZINCRBY z NX a
		ZINCRBY z 1
		ZINCRBY z 1 a 2
		ZINCRBY z 0.1 c
		ZINCRBY z 0.2 c
		ZINCRBY z 1e308 d
		ZINCRBY z 1e308 d
		ZINCRBY z 1e308 d
		SET s v
		ZINCRBY s 1 a
		ZINCRBY s x a
		ZRANGE z 0 -1 WITHSCORES`},
	{"ZSCORE, ZMSCORE, ZREM, ZCARD", `
		ZSCORE none a
		ZMSCORE none a b
		ZCARD none
		ZREM none a
		ZADD z 1 a 2.5 b inf c
		ZSCORE z a
		ZSCORE z b
		ZSCORE z c
		ZSCORE z d
		ZSCORE z
		ZSCORE z a b
		ZMSCORE z a d c a
		ZMSCORE z
		ZREM z
		ZREM z a a x
		ZCARD z
		ZCARD
		ZCARD z z
		EXPIRE z 100
		ZREM z b c
		EXISTS z
		ZADD z 1 a
		TTL z
		SET s v
		ZSCORE s a
		ZMSCORE s a
		ZREM s a
		ZCARD s
		ZRANK s a
		ZADD z 1 12 2 012
		ZSCORE z 12
		ZREM z 012
		ZRANGE z 0 -1`},
	{"ZRANK and ZREVRANK", `
		ZADD z 1 a 2 b 2 c 3 d
		ZRANK z a
		ZRANK z c
		ZRANK z d
		ZRANK z e
		ZREVRANK z a
		ZREVRANK z c
		ZREVRANK z d
		ZREVRANK z e
		ZRANK none a
		ZREVRANK none a
		ZRANK z
		SET s v
		ZREVRANK s a`},
	{"ZCOUNT and ZLEXCOUNT", `
		ZADD z -inf a 1 b 2 c 2 d 3 e inf f
		ZCOUNT z -inf +inf
		ZCOUNT z (-inf (inf
		ZCOUNT z 2 2
		ZCOUNT z (2 2
		ZCOUNT z 2 (2
		ZCOUNT z (2 (2
		ZCOUNT z 3 1
		ZCOUNT z inf -inf
		ZCOUNT z 1.5 2.5
		ZCOUNT z 1e400 inf
		ZCOUNT z -1e400 1e-400
		ZCOUNT z "" 5
		ZCOUNT z ( 5
		ZCOUNT z " 1" 5
		ZCOUNT z "( 1" 5
		ZCOUNT z "1 " 5
		ZCOUNT z "1\x00x" 5
		ZCOUNT z " " 5
		ZCOUNT z x 5
		ZCOUNT z 1 x
		ZCOUNT z nan 5
		ZCOUNT z 1 nan
		ZCOUNT z ((1 5
		ZCOUNT z [1 5
		ZCOUNT z 0x1 0x2
		ZCOUNT z 1
		ZCOUNT none 1 2
		ZCOUNT none x 2
		SET s v
		ZCOUNT s 1 2
		ZCOUNT s x 2
		ZADD l 0 a 0 b 0 c 0 d 0 "" 0 aa
		ZLEXCOUNT l - +
		ZLEXCOUNT l + -
		ZLEXCOUNT l - -
		ZLEXCOUNT l + +
		ZLEXCOUNT l [a [c
		ZLEXCOUNT l (a (c
		ZLEXCOUNT l [a (aa
		ZLEXCOUNT l ( +
		ZLEXCOUNT l [ +
		ZLEXCOUNT l - [
		ZLEXCOUNT l [c [a
		ZLEXCOUNT l (a (a
		ZLEXCOUNT l [a [a
		ZLEXCOUNT l a [c
		ZLEXCOUNT l [a c
		ZLEXCOUNT l -x +
		ZLEXCOUNT l - +x
		ZLEXCOUNT l "-\x00x" "+\x00x"
		ZLEXCOUNT l "" +
		ZLEXCOUNT l -
		ZLEXCOUNT none - +
		ZLEXCOUNT none x +
		ZLEXCOUNT s - +
		ZLEXCOUNT s x +`},
	{"ZRANDMEMBER", `
		ZRANDMEMBER none
		ZRANDMEMBER none 3
		ZRANDMEMBER none 0
		ZRANDMEMBER none -3
		ZRANDMEMBER none 3 WITHSCORES
		ZADD one 1.5 a
		ZRANDMEMBER one
		ZRANDMEMBER one 0
		ZRANDMEMBER one 1
		ZRANDMEMBER one 5
		ZRANDMEMBER one -3
		ZRANDMEMBER one 1 WITHSCORES
		ZRANDMEMBER one 5 withscores
		ZRANDMEMBER one -2 WITHSCORES
		ZRANDMEMBER one x
		ZRANDMEMBER one 1.5
		ZRANDMEMBER one -9223372036854775808
		ZRANDMEMBER one 9223372036854775808
		ZRANDMEMBER one 9223372036854775807
		ZRANDMEMBER one 9223372036854775807 WITHSCORES
		ZRANDMEMBER one 4611686018427387903 WITHSCORES
		ZRANDMEMBER one -9223372036854775807 WITHSCORES
		ZRANDMEMBER one 1 foo
		ZRANDMEMBER one 1 WITHSCORES foo
		ZRANDMEMBER one x foo
		ZRANDMEMBER
		ZADD z 1 a 2 b 3 c
		ZRANDMEMBER z 3
		ZRANDMEMBER z 100 WITHSCORES
		SET s v
		ZRANDMEMBER s
		ZRANDMEMBER s 0
		ZRANDMEMBER s 1
		ZRANDMEMBER s x
		ZRANDMEMBER s 1 foo`},
	{"ZSCAN", `
		ZSCAN none 0
		ZSCAN none 0 foo
		ZSCAN none x
		ZADD z 1 a 2.5 b inf c 0.1 ab -0 zero 1e20 large
		ZSCAN z 0
		ZSCAN z 0 MATCH a*
		ZSCAN z 0 COUNT 1
		ZSCAN z 0 MATCH * COUNT 100
		ZSCAN z 0 COUNT 0
		ZSCAN z 0 COUNT x
		ZSCAN z 0 TYPE zset
		ZSCAN z 0 foo
		ZSCAN z 0 MATCH
		ZSCAN z x
		ZSCAN z 5
		ZSCAN z
		SET s v
		ZSCAN s 0
		ZSCAN s x
		ZSCAN s 0 foo
		ZADD big 0.1 (long*100) 1 one 1e20 large inf i -inf j 1234567890123456789 n -0 zero
		ZSCAN big 0 COUNT 100
		OBJECT ENCODING big`},
	{"the encoding follows the members", `
		ZADD z 1 (a*64)
		OBJECT ENCODING z
		ZADD z 1 (b*65)
		OBJECT ENCODING z
		ZREM z (b*65)
		OBJECT ENCODING z
		ZADD long 1 (b*65)
		OBJECT ENCODING long
		ZUNIONSTORE u 1 z
		OBJECT ENCODING u
		ZUNIONSTORE u 1 long
		OBJECT ENCODING u
		ZRANGESTORE r z 0 -1
		OBJECT ENCODING r
		COPY z copy
		OBJECT ENCODING copy`},
}

// WITHSCORE came with 7.2: its documentation is the reference.
func TestRanksComeWithScores(t *testing.T) {
	r := newRig(t)
	r.do("ZADD", "z", "1", "a", "2.5", "b")
	r.do("SET", "s", "v")
	for line, want := range map[string][2]string{
		"ZRANK z b WITHSCORE":        {"*2\r\n:1\r\n$3\r\n2.5\r\n", "*2\r\n:1\r\n,2.5\r\n"},
		"ZREVRANK z b withscore":     {"*2\r\n:0\r\n$3\r\n2.5\r\n", "*2\r\n:0\r\n,2.5\r\n"},
		"ZRANK z none WITHSCORE":     {"*-1\r\n", "_\r\n"},
		"ZRANK none a WITHSCORE":     {"*-1\r\n", "_\r\n"},
		"ZRANK z a foo":              {"-ERR syntax error\r\n", "-ERR syntax error\r\n"},
		"ZRANK s a foo":              {"-ERR syntax error\r\n", "-ERR syntax error\r\n"},
		"ZRANK z a WITHSCORE foo":    {arityError("zrank"), arityError("zrank")},
		"ZREVRANK z a WITHSCORE x y": {arityError("zrevrank"), arityError("zrevrank")},
	} {
		for i, proto := range []string{"2", "3"} {
			r.do("HELLO", proto)
			r.ctx.Proto = i + 2
			if got := string(r.do(strings.Fields(line)...)); got != want[i] {
				t.Errorf("RESP%s %s: %q", proto, line, got)
			}
		}
	}
}

func TestASampleHasDistinctMembers(t *testing.T) {
	for _, n := range []int{1, 10, 1000} {
		for _, count := range []int64{1, 3, int64(n) / 3, int64(n)/3 + 1, int64(n) - 1, int64(n), int64(n) + 5} {
			ranks := randomRanks(n, count)
			slices.Sort(ranks)
			if want := int(min(int64(n), max(0, count))); len(slices.Compact(ranks)) != want || want > 0 && (ranks[0] < 0 || ranks[want-1] >= n) {
				t.Errorf("%d of %d: %v", count, n, ranks)
			}
		}
	}
	if got := len(randomRanks(3, -50)); got != 50 {
		t.Errorf("-50 of 3 are %d", got)
	}
}

// FuzzScore: whatever it reads, ParseFloat reads as the same number.
func FuzzScore(f *testing.F) {
	for _, s := range []string{"1", "-0", ".5", "5.", "0x1.8p3", "0x10", "1e400", "1e-400", "inf", "-Infinity", "nan", "1e+", "0x", "1_0", "0b1",
		"123456789012345", "1234567890123456", "0.000000000000001", "-.", "+", ""} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		got, lost, ok := double(b)
		if !ok {
			return
		}
		want, err := strconv.ParseFloat(string(b), 64)
		if isHex := strings.ContainsAny(string(b), "xX"); isHex && err != nil && !lost {
			want, err = strconv.ParseFloat(string(b)+"p0", 64)
		}
		if math.Float64bits(got) != math.Float64bits(want) || (err != nil) && !lost {
			t.Errorf("%q is %v, not %v, %v", b, got, want, err)
		}
	})
}

// sameScores allows for scores of other digits that are the same number, which Redis 7.0 prints with 17
// of them and 7.2 with as few as it can.
func sameScores(t testing.TB, ours, theirs string) bool {
	return slices.Equal(flat(parseReply(t, []byte(ours))), flat(parseReply(t, []byte(theirs))))
}

// flat lists what is in a reply, with numbers in the digits that they need. -0 is 0 there: a set that ZUNIONSTORE
// makes too large to be compact has lost the sign here, and keeps it in Redis.
func flat(v any) (parts []string) {
	list, isList := v.([]any)
	if !isList {
		text := fmt.Sprintf("%T %v", v, v)
		if s, isText := v.(string); isText && (strings.ContainsAny(s, ".e") || s == "-0") {
			if f, err := strconv.ParseFloat(s, 64); err == nil {
				text = "string " + string(appendDouble(nil, f+0))
			}
		}
		return []string{text}
	}
	parts = append(parts, fmt.Sprint("list of ", len(list)))
	for _, e := range list {
		parts = append(parts, flat(e)...)
	}
	return parts
}

// sameMembers compares replies whose members, with their scores, come in any order after the first parts.
func sameMembers(t testing.TB, ours, theirs string, first int) bool {
	groups := func(reply string) (list []string) {
		parts := flat(parseReply(t, []byte(reply)))
		first := min(first, len(parts))
		for pair := range slices.Chunk(parts[first:], 2) {
			list = append(list, fmt.Sprint(pair))
		}
		slices.Sort(list)
		return append(list, parts[:first]...)
	}
	return slices.Equal(groups(ours), groups(theirs))
}
