package integration

import (
	"bytes"
	"strings"
)

const keyLines = `
	2* ( del | unlink ) <any> [ <any> ]
	2* ( exists | touch ) <any> { <any> }
	2* type <any>
	2* ( rename | renamenx ) <any> <target>
	3* copy <any> <target> { db <db> | replace | replace }
	move <target> <db>
	3* select <db>
	<rarely>
	keys <pattern>
	2* scan <cursor> { match <pattern> | count <scancount> | type <type> }
	dbsize
	randomkey
	8* object encoding <any>
	2* object refcount <any>
	object ( idletime | freq | help ) [ <any> ]
	<hasty>
`

var keyMakers = map[string]maker{
	"type": oneOf("string", "STRING", "list", "set", "zset", "hash", "stream", "ReJSON-RL", "nosuchtype", ""),
	// What empties databases is rare, or nothing would grow.
	"rarely": func(g *generator) []string {
		switch {
		case g.maybe(85):
			return []string{"dbsize"}
		case g.maybe(50):
			return []string{"swapdb", g.db(), g.db()}
		}
		args := []string{g.pick("flushdb", "flushdb", "flushdb", "flushall")}
		if g.maybe(50) {
			args = append(args, g.option(g.pick("async", "sync", "async", "later")))
		}
		return args
	},
	"hasty": func(g *generator) []string {
		if g.maybe(90) {
			return []string{"exists", g.anyKey()}
		}
		return []string{soon, g.target()}
	},
}

const expiryLines = `
	2* expire <any> <ex> { nx | xx | gt | lt }
	2* pexpire <any> <px> { nx | xx | gt | lt }
	expireat <any> <exat> { nx | xx | gt | lt }
	pexpireat <any> <pxat> { nx | xx | gt | lt }
	3* ( ttl | pttl | expiretime | pexpiretime ) <any>
	2* persist <any>
`

const dumpLines = `
	2* dump <any>
	2* restore <target> <dumped>
`

var dumpMakers = map[string]maker{"dumped": (*generator).dumped}

// dumped is all that follows the key of RESTORE.
func (g *generator) dumped() (args []string) {
	absolute := g.maybe(30)
	switch {
	case g.maybe(40):
		args = append(args, "0")
	case absolute:
		args = append(args, g.ttl("pxat"))
	default:
		args = append(args, g.ttl("px"))
	}
	args = append(args, g.payload())
	if absolute {
		args = append(args, g.option("absttl"))
	}
	if g.maybe(70) {
		args = append(args, g.option("replace"))
	}
	if g.maybe(10) {
		args = append(args, g.option("idletime"), g.integer())
	}
	if g.maybe(10) {
		args = append(args, g.option("freq"), g.pick("0", "5", "255", "256", "-1", "x"))
	}
	return args
}

// payload is what RESTORE reads, sound or not.
func (g *generator) payload() string {
	p := g.pick(g.dumps...)
	if g.maybe(10) {
		b := bytes.Clone([]byte(p))
		b[g.r.IntN(len(b))] ^= 1 << g.r.IntN(8)
		return string(b)
	}
	if g.maybe(3) {
		return p[:g.r.IntN(len(p))]
	}
	return p
}

// The limits up to which collections are compact, under their names and those of Redis 6.
const limitLines = `
	config set ( 'hash-max-listpack-entries' | 'hash-max-ziplist-entries' ) <entries>
	config set ( 'hash-max-listpack-value' | 'hash-max-ziplist-value' ) <bytes>
	config set ( 'zset-max-listpack-entries' | 'zset-max-ziplist-entries' ) <entries>
	config set ( 'zset-max-listpack-value' | 'zset-max-ziplist-value' ) <bytes>
	config set ( 'list-max-listpack-size' | 'list-max-ziplist-size' ) <listsize>
	config set 'set-max-intset-entries' <entries>
	config set 'stream-node-max-entries' <nodeentries>
	config set 'stream-node-max-bytes' <nodebytes>
	config get <limit> { <limit> }
	config set 'set-max-intset-entries' <entries> 'hash-max-listpack-entries' <entries>
	config set 'set-max-intset-entries' <entries> 'nosuch' 1
	config set <limit>
`

var limitMakers = map[string]maker{
	"entries":     oneOf("0", "1", "4", "16", "100", "128", "512", "512", "-1", "x", "", "1.5", "9223372036854775807", "9223372036854775808", "1kb"),
	"bytes":       oneOf("0", "1", "5", "16", "20", "64", "64", "64b", "x", "1gib", "1.5"),
	"listsize":    oneOf("-1", "-2", "-2", "-3", "-5", "4", "16", "128", "x", "", "1.5"),
	"nodeentries": oneOf("1", "2", "4", "5", "7", "0", "100", "100", "-1", "x"),
	// With less than an entry has, Redis 7.0 goes on in memory that it has freed.
	"nodebytes": oneOf("1500", "2500", "0", "4096", "4kb", "x"),
	"limit": oneOf("hash-max-*-entries", "hash-max-listpack-value", "zset-max-ziplist-*", "zset-max-listpack-value", "list-max-listpack-size",
		"LIST-max-ziplist-size", "set-max-intset-entries", "stream-node-max-*", "stream-node-max-bytes"),
}

const connectionLines = `
	ping [ <value> ]
	echo <value>
	client ( setname | getname ) [ <clientname> ]
	client no-evict ( on | off | maybe | <junk> )
	client list type ( nosuch | <junk> )
	client list id ( x | 1.5 )
	hello <protocol>
	auth [ default | nobody ] [ secret ]
	config get ( nosuch | no*such? | databases | proto-max-bulk-len )
	3* command getkeys <call>
	command info nosuch neither
	<nonsense>
`

var connectionMakers = map[string]maker{
	"clientname": oneOf("", "name", "two words", "line\n", "é", "ok:1"),
	"protocol":   oneOf("1", "4", "x", "", "-3", "99999999999999999999"),
	"call":       (*generator).next,
	"nonsense":   (*generator).nonsense,
}

// nonsense is the call of a command, or a subcommand, that there is not.
func (g *generator) nonsense() []string {
	name := g.pick("nosuch", "foo\r\nbar", "", "GETT", longKey[:200], "client", "config", "command", "object", "xinfo", "state")
	args := []string{name}
	if name == "client" || name == "config" || name == "command" || name == "object" || name == "xinfo" {
		args = append(args, g.pick("nosuch", "", "se", "x\r\ny", longKey[:140]))
	}
	for range g.r.IntN(4) {
		args = append(args, g.pick("x", "arg "+g.integer(), longKey[:150], "it's", "a\r\nb", "\x00z"))
	}
	return args
}

// sampleDumps are payloads of every type and encoding, made by a real Redis.
func sampleDumps(c *conn) (dumps []string) {
	many := func(from, n int, with ...string) (args []string) {
		for i := range n {
			for _, w := range with {
				args = append(args, strings.ReplaceAll(w, "#", strings.Repeat("i", from+i)))
			}
		}
		return args
	}
	text := strings.Repeat("again and again ", 50)
	for _, call := range [][]string{
		{"SET", "sample", ""}, {"SET", "sample", "1"}, {"SET", "sample", "-129"}, {"SET", "sample", "70000"}, {"SET", "sample", "-3000000000"},
		{"SET", "sample", "text"}, {"SET", "sample", text}, {"SET", "sample", "\x00\xff" + strings.Repeat("z", 20000)},
		{"RPUSH", "sample", "a", "-1", "300", "\x00", "", text}, append([]string{"RPUSH", "sample"}, many(1, 200, "element #")...),
		{"RPUSH", "sample", "a", strings.Repeat("plain", 4000), "b"},
		{"SADD", "sample", "1", "-70000", "3000000000"}, {"SADD", "sample", "a", "1", ""}, append([]string{"SADD", "sample"}, many(1, 150, "#")...),
		{"HSET", "sample", "f", "v", "1", "2", "", text}, {"HSET", "sample", "n1", "7", "f1", "x"}, append([]string{"HSET", "sample"}, many(0, 600, "f#", "#")...),
		{"ZADD", "sample", "1", "a", "-2.5", "b", "inf", "c"}, append([]string{"ZADD", "sample"}, scored(many(1, 140, "m#"))...),
		append([]string{"PFADD", "sample"}, many(1, 100, "#")...), {"PFADD", "sample"},
		{"XADD", "sample", "1-1", "f", "v", "g", "w"},
	} {
		c.do(call...)
		dumps = append(dumps, c.do("DUMP", "sample").text)
		c.do("DEL", "sample")
	}
	return append(dumps, streamWithGroups(c))
}

// scored puts a score before each member.
func scored(members []string) (args []string) {
	for i, m := range members {
		args = append(args, []string{"1", "2.5", "-3e10"}[i%3], m)
	}
	return args
}

// streamWithGroups is a stream with groups, of which one has consumers and entries that wait for them, one of
// them deleted, and with a deleted entry in a node.
func streamWithGroups(c *conn) string {
	c.do("XADD", "sample", "0-5", "f", "v")
	c.do("XGROUP", "CREATE", "sample", "g1", "0")
	c.do("XREADGROUP", "GROUP", "g1", "c1", "STREAMS", "sample", ">")
	c.do("XDEL", "sample", "0-5")
	for _, id := range []string{"1-1", "1-2", "2-0", "5-7", "5-8"} {
		c.do("XADD", "sample", id, "f", "v")
	}
	c.do("XDEL", "sample", "5-7")
	c.do("XGROUP", "CREATE", "sample", "g2", "2-0")
	c.do("XREADGROUP", "GROUP", "g1", "c1", "COUNT", "2", "STREAMS", "sample", ">")
	c.do("XREADGROUP", "GROUP", "g1", "c2", "COUNT", "1", "STREAMS", "sample", ">")
	defer c.do("DEL", "sample")
	return c.do("DUMP", "sample").text
}
