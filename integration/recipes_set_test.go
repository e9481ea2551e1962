package integration

import "strconv"

const setLines = `
	4* sadd <s> <member> { <member> }
	2* sadd <s> <manymembers>
	2* srem <s> <member> { <member> }
	srem <s> <manymembers>
	sismember <s> <member>
	smismember <s> <member> { <member> }
	scard <s>
	2* smembers <s>
	2* srandmember <s> [ <count> ]
	2* spop <s> [ <few> ]
	spop <s> <count>
	2* smove <s> <s> <member>
	( sinter | sunion | sdiff ) <s> { <s> }
	2* ( sinterstore | sunionstore | sdiffstore ) <s> <s> { <s> }
	2* sintercard <keys> [ limit <count> ]
	2* sscan <s> <cursor> { match <memberpattern> | count <scancount> }
	del <s>
`

var setMakers = map[string]maker{
	"s":             key("s"),
	"keys":          counted("s"),
	"member":        one((*generator).member),
	"memberpattern": oneOf("*", "1*", "m?", "[12]", "", "*5*"),
	"few":           oneOf("0", "1", "2", "3", "-1", "x"),
	"manymembers": func(g *generator) (list []string) {
		prefix, from := g.pick("", "", "m"), g.r.IntN(400)
		for i := range 50 + g.r.IntN(250) {
			list = append(list, prefix+strconv.Itoa(from+i))
		}
		return list
	},
}

// member is an integer more often than not.
func (g *generator) member() string {
	switch g.r.IntN(12) {
	case 0:
		return g.elementOrLong()
	case 1:
		return "m" + strconv.Itoa(g.r.IntN(20))
	case 2:
		return g.integer()
	}
	return strconv.Itoa(g.r.IntN(40) - 10)
}
