package integration

const stringLines = `
	4* set <k> <value> { nx | xx | get | keepttl | ex <ex> | px <px> | exat <exat> | pxat <pxat> }
	2* get <k>
	2* getex <k> [ persist | ex <ex> | px <px> | exat <exat> | pxat <pxat> ] [ persist | <junk> ]
	getdel <k>
	getset <k> <value>
	setnx <k> <value>
	setex <k> <ex> <value>
	psetex <k> <px> <value>
	2* ( mset | mset | msetnx ) <k> <value> { <k> <value> }
	2* mget <k> { <k> | <any> }
	strlen <k>
	2* append <k> <value>
	2* ( getrange | getrange | substr ) <k> <position> <position>
	setrange <k> <position> <value>
	( incr | decr ) <k>
	2* ( incrby | decrby ) <k> <int>
	2* incrbyfloat <k> <float>
`

var stringMakers = map[string]maker{"k": key("k")}

// LCS needs as much memory as the product of two lengths, so its strings are short ones of its own.
const lcsLines = `
	4* set <t> <text>
	append <t> <text>
	lpush <t> x
	2* del <t>
	6* lcs <t> <t> { len | idx | withmatchlen | minmatchlen <minimum> }
	lcs <t> <t> <junk>
`

var lcsMakers = map[string]maker{
	"t":       one(func(g *generator) string { return g.strictKey("t") }),
	"text":    one((*generator).text),
	"minimum": one(func(g *generator) string { return g.pick("0", "1", "2", "3", "5", "-1", "x", "9223372036854775807") }),
}

// text has much in common with others.
func (g *generator) text() string {
	b := make([]byte, g.r.IntN(60))
	for i := range b {
		b[i] = "abc\x00"[g.r.IntN(4)]
	}
	return string(b)
}
