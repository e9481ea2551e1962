package commands

import (
	"strconv"
	"testing"
)

func TestRandomCallsOnStreamsAreAnsweredAsByRedis(t *testing.T) {
	var lists [][]generatedCall
	for range 8 {
		lists = append(lists, streamCalls, streamGroupCalls)
	}
	compareRandom(t, 5000, append(lists, streamMixedCalls)...)
}

func (g *generator) xkey() string {
	if g.IntN(25) == 0 {
		return g.pick("str", "set", "none")
	}
	return g.pick("x1", "x2", "x3")
}

func (g *generator) xgroup() string {
	if g.IntN(30) == 0 {
		return g.pick("", "none", "g9")
	}
	return g.pick("g1", "g2")
}

func (g *generator) xconsumer() string { return g.pick("c1", "c2", "c3", "c4", "") }

// xid mostly is near the ends of the streams.
func (g *generator) xid() string {
	switch g.IntN(40) {
	case 0:
		return g.pick("", "x", "-", "+", "$", ">", "*", "5-*", "5-", "-5", "1-2-3", "18446744073709551616", "05-1", "1-x", "(1")
	case 1:
		return g.pick("18446744073709551615-18446744073709551615", "18446744073709551615", "0-0", "0", "9223372036854775808-1")
	}
	id := strconv.Itoa(max(0, g.lastID+5-g.IntN(1+g.IntN(100))))
	if g.IntN(2) == 0 {
		return id
	}
	return id + "-" + strconv.Itoa(g.IntN(4))
}

func (g *generator) xids() (ids []string) {
	for range 1 + g.IntN(5) {
		ids = append(ids, g.xid())
	}
	return ids
}

func (g *generator) xbound() string {
	return g.pick("", "", "", "(") + g.pick("-", "+", g.xid(), g.xid(), g.xid(), g.xid())
}

// newID mostly is behind what is there.
func (g *generator) newID() string {
	if g.IntN(20) == 0 {
		return g.xid()
	}
	g.lastID += g.IntN(2)
	return strconv.Itoa(g.lastID) + g.pick("", "-1", "-*", "-*", "-2")
}

func (g *generator) xfields() []string {
	switch g.IntN(8) {
	case 0:
		return []string{g.value(), g.value(), g.value(), g.value()}
	case 1:
		return []string{"f", g.value()}
	case 2:
		return []string{"a", "1", "b", "2"}
	case 3:
		return []string{"f", g.value(), "g", g.value(), "h", g.value()}
	}
	return []string{"f", "v", "g", strconv.Itoa(g.IntN(1000))}
}

func (g *generator) xtrim() []string {
	args := []string{"MAXLEN"}
	if g.IntN(2) == 0 {
		args[0] = "MINID"
	}
	args = append(args, g.options([]string{g.option("~", "~", "=")})...)
	if args = args[:min(len(args), 2)]; args[0] == "MINID" {
		args = append(args, g.xid())
	} else {
		args = append(args, strconv.Itoa(g.IntN(60)-1))
	}
	if g.IntN(5) == 0 {
		args = append(args, "LIMIT", g.rankBound())
	}
	return args
}

func (g *generator) xadd() []string {
	args := []string{g.xkey()}
	if g.IntN(10) == 0 {
		args = append(args, "NOMKSTREAM")
	}
	if g.IntN(10) == 0 {
		args = append(args, g.xtrim()...)
	}
	return append(append(args, g.newID()), g.xfields()...)
}

// xstreams are some streams and as many IDs.
func (g *generator) xstreams(grouped bool) []string {
	var names, ids []string
	for range 1 + g.IntN(1+g.IntN(3)) {
		id := g.xid()
		if n := g.IntN(3); grouped && n > 0 {
			id = g.pick(">", ">", "0")
		} else if n == 0 {
			id = g.pick("$", "0", id)
		}
		names, ids = append(names, g.xkey()), append(ids, id)
	}
	return append(append([]string{"STREAMS"}, names...), ids...)
}

// minIdle is far from any idle time.
func (g *generator) minIdle() string {
	if g.IntN(30) == 0 {
		return g.number()
	}
	return g.pick("0", "0", "0", "100000000", "-1")
}

var streamCalls = []generatedCall{
	{"XADD", (*generator).xadd},
	{"XADD", (*generator).xadd},
	{"XADD", (*generator).xadd},
	{"XADD", (*generator).xadd},
	{"XADD", (*generator).xadd},
	{"XLEN", func(g *generator) []string { return []string{g.xkey()} }},
	{"XDEL", func(g *generator) []string { return append([]string{g.xkey()}, g.xids()...) }},
	{"XTRIM", func(g *generator) []string { return append([]string{g.xkey()}, g.xtrim()...) }},
	{"XRANGE", func(g *generator) []string {
		return append([]string{g.xkey(), g.xbound(), g.xbound()}, g.options([]string{"COUNT", g.rankBound()})...)
	}},
	{"XREVRANGE", func(g *generator) []string {
		return append([]string{g.xkey(), g.xbound(), g.xbound()}, g.options([]string{"COUNT", g.rankBound()})...)
	}},
	{"XRANGE", func(g *generator) []string { return []string{g.xkey(), "-", "+"} }},
	{"XREVRANGE", func(g *generator) []string { return []string{g.xkey(), "+", "-"} }},
	{"XREAD", func(g *generator) []string {
		return append(g.options([]string{"COUNT", g.rankBound()}), g.xstreams(false)...)
	}},
	{"XINFO", func(g *generator) []string { return []string{"STREAM", g.xkey()} }},
	{"XINFO", func(g *generator) []string {
		return append([]string{"STREAM", g.xkey(), "FULL"}, g.options([]string{"COUNT", g.rankBound()})...)
	}},
	{"XINFO", func(g *generator) []string { return []string{"GROUPS", g.xkey()} }},
}

var streamGroupCalls = []generatedCall{
	{"XSETID", func(g *generator) []string {
		return append([]string{g.xkey(), g.xid()}, g.options([]string{"ENTRIESADDED", g.rankBound()}, []string{"MAXDELETEDID", g.xid()})...)
	}},
	{"XGROUP", func(g *generator) []string {
		return append([]string{"CREATE", g.xkey(), g.xgroup(), g.pick("0", "0", "$", g.xid())}, g.options([]string{"MKSTREAM"}, []string{"MKSTREAM"}, []string{"ENTRIESREAD", g.rankBound()})...)
	}},
	{"XGROUP", func(g *generator) []string {
		return append([]string{"SETID", g.xkey(), g.xgroup(), g.pick("0", "$", g.xid())}, g.options([]string{"ENTRIESREAD", g.rankBound()})...)
	}},
	{"XGROUP", func(g *generator) []string {
		if g.IntN(20) == 0 {
			return []string{"DESTROY", g.xkey(), g.xgroup()}
		}
		return []string{g.pick("CREATECONSUMER", "CREATECONSUMER", "DELCONSUMER"), g.xkey(), g.xgroup(), g.xconsumer()}
	}},
	{"XREADGROUP", (*generator).xreadgroup},
	{"XREADGROUP", (*generator).xreadgroup},
	{"XREADGROUP", (*generator).xreadgroup},
	{"XACK", func(g *generator) []string { return append([]string{g.xkey(), g.xgroup()}, g.xids()...) }},
	{"XPENDING", func(g *generator) []string { return []string{g.xkey(), g.xgroup()} }},
	{"XPENDING", func(g *generator) []string {
		args := append([]string{g.xkey(), g.xgroup()}, g.options([]string{"IDLE", g.minIdle()})...)
		return append(append(args, g.xbound(), g.xbound(), g.rankBound()), g.options([]string{g.xconsumer()})...)
	}},
	{"XPENDING", func(g *generator) []string { return []string{g.xkey(), g.xgroup(), "-", "+", "100"} }},
	{"XCLAIM", func(g *generator) []string {
		args := append([]string{g.xkey(), g.xgroup(), g.xconsumer(), g.minIdle()}, g.xids()...)
		return append(args, g.options([]string{"IDLE", g.pick("0", "1000000000", "-5")}, []string{"TIME", g.pick("1000", "0", "-5")}, []string{"RETRYCOUNT", g.rankBound()},
			[]string{"FORCE"}, []string{"FORCE"}, []string{"JUSTID"}, []string{"LASTID", g.xid()})...)
	}},
	{"XAUTOCLAIM", func(g *generator) []string {
		args := []string{g.xkey(), g.xgroup(), g.xconsumer(), g.minIdle(), g.pick("0", "0-0", g.xbound())}
		return append(args, g.options([]string{"COUNT", g.rankBound()}, []string{"JUSTID"})...)
	}},
	{"XINFO", func(g *generator) []string { return []string{"CONSUMERS", g.xkey(), g.xgroup()} }},
	{"XINFO", func(g *generator) []string { return []string{"GROUPS", g.xkey()} }},
}

func (g *generator) xreadgroup() []string {
	args := []string{"GROUP", g.xgroup(), g.xconsumer()}
	if g.IntN(2) == 0 {
		args = append(args, "COUNT", strconv.Itoa(g.IntN(8)))
	} else {
		args = append(args, g.options([]string{"COUNT", g.rankBound()}, []string{"NOACK"})...)
	}
	if g.IntN(200) == 0 { // it takes its time
		args = append(args, "BLOCK", "1")
	}
	return append(args, g.xstreams(true)...)
}

// streamMixedCalls bring in what is not a stream, lose keys and change the limits of nodes.
var streamMixedCalls = []generatedCall{
	{"SET", func(g *generator) []string { return []string{"str", g.value()} }},
	{"SADD", func(g *generator) []string { return append([]string{"set"}, g.zmembers()...) }},
	{"DEL", func(g *generator) []string { return []string{g.pick("x1", "x2", "x3", "str", "set")} }},
	{"TYPE", func(g *generator) []string { return []string{g.xkey()} }},
	{"EXISTS", func(g *generator) []string { return []string{g.xkey()} }},
	{"OBJECT", func(g *generator) []string { return []string{"ENCODING", g.xkey()} }},
	{"COPY", func(g *generator) []string { return []string{g.xkey(), g.pick("x1", "x2", "x3"), "REPLACE"} }},
	{"RENAME", func(g *generator) []string { return []string{g.xkey(), g.pick("x1", "x2", "x3")} }},
	{"CONFIG", func(g *generator) []string {
		return []string{"SET", "stream-node-max-entries", g.pick("1", "2", "3", "4", "5", "0", "100")}
	}},
	{"CONFIG", func(g *generator) []string {
		// With a limit below the size of an entry Redis 7.0 uses memory that it has freed.
		return []string{"SET", "stream-node-max-bytes", g.pick("1500", "2500", "0", "4096")}
	}},
}
