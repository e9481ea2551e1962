package integration

const listLines = `
	3* ( lpush | rpush ) <l> <lelement> { <lelement> }
	( lpush | rpush ) <l> <manyelements>
	( lpushx | rpushx ) <l> <lelement> { <lelement> }
	2* ( lpop | rpop ) <l> [ <count> ]
	llen <l>
	2* lindex <l> <index>
	2* lset <l> <index> <lelement>
	2* linsert <l> ( before | after | after | foo ) <element> <lelement>
	2* lrange <l> <index> <index>
	lrange <l> 0 -1
	ltrim <l> <index> <index>
	2* ltrim <l> ( 0 | 1 | 2 | -400 ) ( -1 | -2 | 300 | 400 )
	2* lrem <l> <index> <element>
	3* lpos <l> <element> { rank <rank> | count <index> | maxlen <index> }
	2* lmove <l> <l> ( left | right | foo ) ( left | right )
	rpoplpush <l> <l>
	lmove <l> <target> ( left | right ) ( left | right )
	2* lmpop <keys> ( left | right | right | foo ) [ count <count> ]
	del <l>
`

var listMakers = map[string]maker{
	"l":        key("l"),
	"keys":     counted("l"),
	"element":  one((*generator).element),
	"lelement": one((*generator).elementOrLong),
	// The rank that is as small as can be keeps Redis 7.0 busy for ever.
	"rank": one(func(g *generator) string {
		return g.pick("1", "-1", "2", "-2", "5", "0", "x", "", "9223372036854775807", "-9223372036854775807")
	}),
	"manyelements": func(g *generator) (list []string) {
		for range 30 + g.r.IntN(200) {
			list = append(list, g.elementOrLong())
		}
		return list
	},
}
