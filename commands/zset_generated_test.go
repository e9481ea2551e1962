package commands

import (
	"strconv"
	"strings"
	"testing"
)

func TestRandomCallsOnSortedSetsAreAnsweredAsByRedis(t *testing.T) {
	compareRandom(t, 4000, zsetCalls, zsetCalls, zsetCalls, zsetMixedCalls)
}

// zkey is a key of a sorted set, mostly; those of lex have members with equal scores, as ranges of members
// ask for.
func (g *generator) zkey() string {
	if g.IntN(25) == 0 {
		return g.pick("str", "set", "none")
	}
	return g.pick("z1", "z2", "z3", "big")
}

func (g *generator) zscore() string {
	switch g.IntN(8) {
	case 0:
		return g.pick("inf", "-inf", "+inf", "-0", "0", "1e308", "-1e308", "5e-324", "1e-300", "9007199254740993", "1e17", "123456789012345678")
	case 1:
		return g.float()
	case 2:
		return strconv.FormatFloat(g.NormFloat64()*10, 'g', -1, 64)
	default:
		return strconv.Itoa(g.IntN(8))
	}
}

// zmember is one of a few, and sometimes of many, so that sets go back and forth over the limits.
func (g *generator) zmember() string {
	switch g.IntN(10) {
	case 0:
		return g.pick("", "12", "-7", "012", "9223372036854775807", "a\x00b", "\xff", strings.Repeat("m", 64))
	case 1:
		if g.IntN(20) == 0 {
			return strings.Repeat("n", 65)
		}
		fallthrough
	case 2, 3:
		return "m" + strconv.Itoa(g.IntN(150))
	default:
		return g.pick("a", "b", "c", "d", "e", "f")
	}
}

func (g *generator) zpairs(most int) (args []string) {
	for range 1 + g.IntN(most) {
		args = append(args, g.zscore(), g.zmember())
	}
	return args
}

func (g *generator) zmembers() (args []string) {
	for range 1 + g.IntN(4) {
		args = append(args, g.zmember())
	}
	return args
}

func (g *generator) scoreBound() string {
	return g.pick("", "", "", "(") + g.pick("-inf", "inf", "+inf", g.zscore(), g.zscore(), g.zscore())
}

func (g *generator) lexBound() string {
	if g.IntN(4) == 0 {
		return g.pick("-", "+", "x", "", "[", "(", "-x", "+\x00")
	}
	return g.pick("[", "(") + g.zmember()
}

func (g *generator) rankBound() string {
	if g.IntN(10) == 0 {
		return g.number()
	}
	return strconv.Itoa(g.IntN(20) - 8)
}

func (g *generator) zaddArgs() []string {
	args := []string{g.zkey()}
	for range g.IntN(3) {
		args = append(args, g.option("NX", "XX", "GT", "LT", "CH", "INCR"))
	}
	most := 3
	if args[0] == "big" {
		most = 20
	}
	return append(args, g.zpairs(most)...)
}

func (g *generator) limitOption() []string { return []string{"LIMIT", g.rankBound(), g.rankBound()} }

// zrangeArgs are the ends and the options of a range. Members whose scores differ have no ranges of members.
func (g *generator) zrangeArgs(key string) []string {
	options := [][]string{{"REV"}, {"WITHSCORES"}, g.limitOption()}
	switch g.IntN(3) {
	case 0:
		return append([]string{key, g.rankBound(), g.rankBound()}, g.options(options...)...)
	case 1:
		return append([]string{key, g.scoreBound(), g.scoreBound(), "BYSCORE"}, g.options(options...)...)
	default:
		return append([]string{"lex", g.lexBound(), g.lexBound(), "BYLEX"}, g.options(options...)...)
	}
}

// zsources are a number and so many keys.
func (g *generator) zsources() []string {
	var keys []string
	for range 1 + g.IntN(3) {
		keys = append(keys, g.pick("z1", "z2", "z3", "set", "lex", "none", g.zkey()))
	}
	n := strconv.Itoa(len(keys))
	if g.IntN(20) == 0 {
		n = g.number()
	}
	return append([]string{n}, keys...)
}

func (g *generator) zcombineArgs(options ...[]string) []string {
	args := g.zsources()
	weights := []string{"WEIGHTS"}
	for range args[1:] {
		weights = append(weights, g.zscore())
	}
	options = append(options, weights, []string{"AGGREGATE", g.option("SUM", "MIN", "MAX")})
	return append(args, g.options(options...)...)
}

func (g *generator) stored() string { return g.pick("z1", "z2", "z3", "out", "str") }

var zsetCalls = []generatedCall{
	{"ZADD", (*generator).zaddArgs},
	{"ZADD", (*generator).zaddArgs},
	{"ZADD", func(g *generator) []string { return []string{g.pick("z1", "z2", "z3"), g.zscore(), g.zmember()} }},
	{"ZADD", func(g *generator) []string { return []string{"lex", "0", g.zmember(), "0", g.zmember()} }},
	{"ZINCRBY", func(g *generator) []string { return []string{g.zkey(), g.zscore(), g.zmember()} }},
	{"ZREM", func(g *generator) []string { return append([]string{g.zkey()}, g.zmembers()...) }},
	{"ZREM", func(g *generator) []string { return append([]string{"lex"}, g.zmembers()...) }},
	{"ZCARD", func(g *generator) []string { return []string{g.zkey()} }},
	{"ZSCORE", func(g *generator) []string { return []string{g.zkey(), g.zmember()} }},
	{"ZMSCORE", func(g *generator) []string { return append([]string{g.zkey()}, g.zmembers()...) }},
	{"ZRANK", func(g *generator) []string { return []string{g.zkey(), g.zmember()} }},
	{"ZREVRANK", func(g *generator) []string { return []string{g.zkey(), g.zmember()} }},
	{"ZCOUNT", func(g *generator) []string { return []string{g.zkey(), g.scoreBound(), g.scoreBound()} }},
	{"ZLEXCOUNT", func(g *generator) []string { return []string{"lex", g.lexBound(), g.lexBound()} }},
	{"ZRANGE", func(g *generator) []string { return g.zrangeArgs(g.zkey()) }},
	{"ZRANGE", func(g *generator) []string { return []string{g.zkey(), "0", "-1", "WITHSCORES"} }},
	{"ZREVRANGE", func(g *generator) []string {
		return append([]string{g.zkey(), g.rankBound(), g.rankBound()}, g.options([]string{"WITHSCORES"})...)
	}},
	{"ZRANGEBYSCORE", func(g *generator) []string {
		return append([]string{g.zkey(), g.scoreBound(), g.scoreBound()}, g.options([]string{"WITHSCORES"}, g.limitOption())...)
	}},
	{"ZREVRANGEBYSCORE", func(g *generator) []string {
		return append([]string{g.zkey(), g.scoreBound(), g.scoreBound()}, g.options([]string{"WITHSCORES"}, g.limitOption())...)
	}},
	{"ZRANGEBYLEX", func(g *generator) []string {
		return append([]string{"lex", g.lexBound(), g.lexBound()}, g.options(g.limitOption())...)
	}},
	{"ZREVRANGEBYLEX", func(g *generator) []string {
		return append([]string{"lex", g.lexBound(), g.lexBound()}, g.options(g.limitOption())...)
	}},
	{"ZRANGESTORE", func(g *generator) []string { return append([]string{g.stored()}, g.zrangeArgs(g.zkey())...) }},
	{"ZREMRANGEBYRANK", func(g *generator) []string { return []string{g.zkey(), g.rankBound(), g.rankBound()} }},
	{"ZREMRANGEBYSCORE", func(g *generator) []string { return []string{g.zkey(), g.scoreBound(), g.scoreBound()} }},
	{"ZREMRANGEBYLEX", func(g *generator) []string { return []string{"lex", g.lexBound(), g.lexBound()} }},
	{"ZPOPMIN", func(g *generator) []string { return append([]string{g.zkey()}, g.options([]string{g.rankBound()})...) }},
	{"ZPOPMAX", func(g *generator) []string { return append([]string{g.zkey()}, g.options([]string{g.rankBound()})...) }},
	{"ZMPOP", func(g *generator) []string {
		return append(append(g.zsources(), g.option("MIN", "MAX")), g.options([]string{"COUNT", g.rankBound()})...)
	}},
	{"ZUNION", func(g *generator) []string { return g.zcombineArgs([]string{"WITHSCORES"}) }},
	{"ZINTER", func(g *generator) []string { return g.zcombineArgs([]string{"WITHSCORES"}) }},
	{"ZDIFF", func(g *generator) []string { return append(g.zsources(), g.options([]string{"WITHSCORES"})...) }},
	{"ZUNIONSTORE", func(g *generator) []string { return append([]string{g.stored()}, g.zcombineArgs()...) }},
	{"ZINTERSTORE", func(g *generator) []string { return append([]string{g.stored()}, g.zcombineArgs()...) }},
	{"ZDIFFSTORE", func(g *generator) []string { return append([]string{g.stored()}, g.zsources()...) }},
	{"ZINTERCARD", func(g *generator) []string {
		return append(g.zsources(), g.options([]string{"LIMIT", g.rankBound()})...)
	}},
	{"ZRANDMEMBER", func(g *generator) []string {
		return append([]string{g.zkey()}, g.options([]string{strconv.Itoa(g.IntN(40) - 15)}, []string{"WITHSCORES"})...)
	}},
	{"ZSCAN", func(g *generator) []string {
		return append([]string{g.zkey(), "0", "COUNT", "1000"}, g.options([]string{"MATCH", g.pick("*", "a", "m*")})...)
	}},
	{"OBJECT", func(g *generator) []string { return []string{"ENCODING", g.pick("z1", "z2", "z3", "out", "lex")} }},
}

// zsetMixedCalls bring in what is not a sorted set, and lose keys.
var zsetMixedCalls = []generatedCall{
	{"SET", func(g *generator) []string { return []string{"str", g.value()} }},
	{"SADD", func(g *generator) []string { return append([]string{"set"}, g.zmembers()...) }},
	{"DEL", func(g *generator) []string { return []string{g.pick("z1", "z2", "z3", "lex", "out", "set", "str")} }},
	{"TYPE", func(g *generator) []string { return []string{g.zkey()} }},
	{"COPY", func(g *generator) []string { return []string{g.pick("z1", "z2", "big", "str"), g.stored(), "REPLACE"} }},
	{"RENAME", func(g *generator) []string { return []string{g.pick("z1", "z2", "big", "str"), g.stored()} }},
	{"EXPIRE", func(g *generator) []string { return []string{g.zkey(), "100"} }},
	{"TTL", func(g *generator) []string { return []string{g.stored()} }},
}
