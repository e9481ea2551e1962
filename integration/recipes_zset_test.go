package integration

import (
	"strconv"
	"strings"
)

const zsetLines = `
	6* zadd <z> { nx | xx | gt | lt | ch | incr } <score> <zmember> { <score> <zmember> }
	zadd <z> <manyscored>
	2* zincrby <z> <score> <zmember>
	2* zrem <z> <zmember> { <zmember> }
	zcard <z>
	zscore <z> <zmember>
	zmscore <z> <zmember> { <zmember> }
	2* ( zrank | zrevrank ) <z> <zmember>
	2* zcount <z> <bound> <bound>
	2* zrange <z> <index> <index> { rev | withscores | limit <index> <index> }
	2* zrange <z> <bound> <bound> byscore { rev | withscores | limit <index> <index> }
	zrange <z> 0 -1 withscores
	zrevrange <z> <index> <index> [ withscores | foo ]
	2* ( zrangebyscore | zrevrangebyscore ) <z> <bound> <bound> { withscores | limit <index> <index> }
	zrangestore <z> <z> <index> <index> { rev | limit <index> <index> | withscores }
	zrangestore <z> <z> <bound> <bound> byscore { rev | limit <index> <index> }
	zremrangebyrank <z> <index> <index>
	zremrangebyscore <z> <bound> <bound>
	2* ( zpopmin | zpopmax ) <z> [ <few> ]
	zmpop <keys> ( min | max | foo ) [ count <count> ]
	2* ( zunion | zinter ) <weighted> { aggregate ( sum | min | max | foo ) | withscores }
	zdiff <sources> [ withscores | foo ]
	2* ( zunionstore | zinterstore ) <z> <weighted> { aggregate ( sum | min | max ) }
	zdiffstore <z> <sources>
	zintercard <sources> [ limit <count> ]
	zrandmember <z>
	2* zrandmember <z> <count> [ withscores | foo ]
	2* zscan <z> <cursor> { match <memberpattern> | count <scancount> }
	sadd <s> <zmember> { <zmember> }
	del <z>
`

// Ranges of members are defined where all scores are equal.
const lexLines = `
	6* zadd <lex> 0 <zmember> { 0 <zmember> }
	zadd <lex> <manyequal>
	2* zrem <lex> <zmember> { <zmember> }
	2* zlexcount <lex> <lexbound> <lexbound>
	3* zrange <lex> <lexbound> <lexbound> bylex { rev | limit <index> <index> }
	zrange <lex> <lexbound> <lexbound> bylex withscores
	2* ( zrangebylex | zrevrangebylex ) <lex> <lexbound> <lexbound> { limit <index> <index> }
	zrangestore <z> <lex> <lexbound> <lexbound> bylex { rev | limit <index> <index> }
	zremrangebylex <lex> <lexbound> <lexbound>
	( zpopmin | zpopmax ) <lex> [ <few> ]
	set <lex> <int>
	2* del <lex>
`

var zsetMakers = map[string]maker{
	"z":             key("z"),
	"s":             key("s"),
	"lex":           one(func(g *generator) string { return g.strictKey("lex") }),
	"keys":          counted("z"),
	"score":         one((*generator).score),
	"zmember":       one((*generator).zmember),
	"bound":         one((*generator).bound),
	"lexbound":      one((*generator).lexBound),
	"sources":       (*generator).sources,
	"weighted":      (*generator).weighted,
	"few":           oneOf("0", "1", "2", "3", "-1", "x"),
	"memberpattern": oneOf("*", "m1*", "m?", "[ab]", "", "*5*"),
	"manyscored": func(g *generator) (args []string) {
		for _, m := range g.membersInARow() {
			args = append(args, g.score(), m)
		}
		return args
	},
	"manyequal": func(g *generator) (args []string) {
		for _, m := range g.membersInARow() {
			args = append(args, "0", m)
		}
		return args
	},
}

func (g *generator) membersInARow() (list []string) {
	from := g.r.IntN(150)
	for i := range 20 + g.r.IntN(130) {
		list = append(list, "m"+strconv.Itoa(from+i))
	}
	return list
}

// score is one of few, often: equal scores are ordered by members.
func (g *generator) score() string {
	switch g.r.IntN(10) {
	case 0:
		return g.pick("inf", "-inf", "+inf", "-0", "0", "1e308", "-1e308", "5e-324", "1e-300", "9007199254740993", "1e17", "123456789012345678")
	case 1:
		return g.float()
	case 2:
		return strconv.FormatFloat(g.r.NormFloat64()*10, 'g', -1, 64)
	}
	return strconv.Itoa(g.r.IntN(8))
}

// zmember is one of a few, and sometimes of many, so that sets go back and forth over the limits.
func (g *generator) zmember() string {
	switch g.r.IntN(10) {
	case 0:
		return g.pick("", "12", "-7", "012", "9223372036854775807", "a\x00b", "\xff", strings.Repeat("m", 64), strings.Repeat("m", 65))
	case 1, 2, 3:
		return "m" + strconv.Itoa(g.r.IntN(150))
	}
	return g.pick("a", "b", "c", "d", "e", "f")
}

func (g *generator) bound() string {
	return g.pick("", "", "", "(") + g.pick("-inf", "inf", "+inf", g.score(), g.score(), g.score())
}

func (g *generator) lexBound() string {
	if g.maybe(25) {
		return g.pick("-", "+", "-", "+", "-", "+", "x", "", "[", "(", "-x", "+\x00")
	}
	return g.pick("[", "(") + g.zmember()
}

// sources are a number and so many keys, some of which are sets.
func (g *generator) sources() []string {
	args := counted("z")(g)
	for i := 1; i < len(args); i++ {
		if g.maybe(20) {
			args[i] = g.keyOf("s")
		}
	}
	return args
}

// weighted are sources, perhaps with a weight each.
func (g *generator) weighted() []string {
	args := g.sources()
	n := len(args) - 1
	if g.maybe(40) {
		args = append(args, g.option("weights"))
		for range n {
			args = append(args, g.score())
		}
	}
	return args
}
