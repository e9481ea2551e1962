package integration

import "strconv"

// recipe makes a call of one command.
type recipe func(g *generator) []string

// recipes has every command that holds, changes or lists data, frequent ones more than once.
var recipes = []recipe{
	makeSet, makeSet, makeSet, makeSet, makeGet, makeGet, makeGetex, makeGetex, makeMset, makeMset,
	onKey("get"), onKey("get"), onKey("getdel"), onKey("strlen"), onKey("type"), onKey("dump"),
	onKey("incr"), onKey("decr"), onKey("ttl"), onKey("pttl"), onKey("expiretime"), onKey("pexpiretime"), onKey("persist"),
	onKeys("del"), onKeys("unlink"), onKeys("exists"), onKeys("touch"), onKeys("mget"), onKeys("mget"),
	makeSetWithTTL, makeExpire, makeExpire, makeExpire, makeRange, makeSetRange, makeIncrBy, makeIncrBy, makeIncrByFloat, makeIncrByFloat,
	makeRename, makeCopy, makeCopy, makeMove, makeRestore, makeRestore, makeSelect, makeSwapDB, makeFlush,
	makeKeys, makeScan, makeScan, makeConnection, makeUnknown,
	onValue("setnx"), onValue("getset"), onValue("append"), onValue("append"),
	constant("dbsize"), constant("randomkey"), constant("dbsize"),
}

func constant(args ...string) recipe {
	return func(*generator) []string { return append([]string(nil), args...) }
}

func onKey(name string) recipe { return func(g *generator) []string { return []string{name, g.key()} } }

func onKeys(name string) recipe {
	return func(g *generator) []string { return append([]string{name}, g.keys(5)...) }
}

func onValue(name string) recipe {
	return func(g *generator) []string { return []string{name, g.key(), g.value()} }
}

func makeGet(g *generator) []string { return []string{"get", g.key()} }

// makeSet puts the options in any order, contradictions included.
func makeSet(g *generator) []string {
	var groups [][]string
	for _, word := range []string{"nx", "xx", "get", "keepttl"} {
		if g.maybe(15) {
			groups = append(groups, []string{g.option(word)})
		}
	}
	if g.maybe(35) {
		groups = append(groups, g.times())
	}
	if g.maybe(3) {
		groups = append(groups, g.times())
	}
	g.r.Shuffle(len(groups), func(i, j int) { groups[i], groups[j] = groups[j], groups[i] })
	args := []string{"set", g.key(), g.value()}
	for _, group := range groups {
		args = append(args, group...)
	}
	return args
}

func makeGetex(g *generator) []string {
	args := []string{"getex", g.key()}
	if g.maybe(30) {
		args = append(args, g.option("persist"))
	}
	if g.maybe(50) {
		args = append(args, g.times()...)
	}
	return args
}

func makeSetWithTTL(g *generator) []string {
	if g.maybe(50) {
		return []string{"setex", g.key(), g.ttl("ex"), g.value()}
	}
	return []string{"psetex", g.key(), g.ttl("px"), g.value()}
}

func makeMset(g *generator) []string {
	args := []string{g.pick("mset", "mset", "msetnx")}
	for _, k := range g.keys(4) {
		args = append(args, k, g.value())
	}
	if g.maybe(5) {
		args = append(args, g.key())
	}
	return args
}

func makeExpire(g *generator) []string {
	unit := g.pick("ex", "px", "exat", "pxat")
	name := map[string]string{"ex": "expire", "px": "pexpire", "exat": "expireat", "pxat": "pexpireat"}[unit]
	args := []string{name, g.key(), g.ttl(unit)}
	for g.maybe(35) {
		args = append(args, g.option(g.pick("nx", "xx", "gt", "lt")))
	}
	return args
}

func makeRange(g *generator) []string {
	return []string{g.pick("getrange", "getrange", "substr"), g.key(), g.position(), g.position()}
}

func makeSetRange(g *generator) []string {
	return []string{"setrange", g.key(), g.position(), g.value()}
}

func makeIncrBy(g *generator) []string {
	return []string{g.pick("incrby", "decrby"), g.key(), g.integer()}
}

func makeIncrByFloat(g *generator) []string {
	return []string{"incrbyfloat", g.key(), g.float()}
}

func makeRename(g *generator) []string {
	return []string{g.pick("rename", "renamenx"), g.key(), g.key()}
}

func makeCopy(g *generator) []string {
	args := []string{"copy", g.key(), g.key()}
	if g.maybe(40) {
		args = append(args, g.option("db"), g.db())
	}
	if g.maybe(40) {
		args = append(args, g.option("replace"))
	}
	return args
}

func makeMove(g *generator) []string { return []string{"move", g.key(), g.db()} }

func makeRestore(g *generator) []string {
	args := []string{"restore", g.key()}
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
	if g.maybe(60) {
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

func makeSelect(g *generator) []string { return []string{"select", g.db()} }

func makeSwapDB(g *generator) []string { return []string{"swapdb", g.db(), g.db()} }

func makeFlush(g *generator) []string {
	if !g.maybe(15) {
		return []string{"dbsize"}
	}
	args := []string{g.pick("flushdb", "flushdb", "flushall")}
	if g.maybe(50) {
		args = append(args, g.option(g.pick("async", "sync", "async", "later")))
	}
	return args
}

func makeKeys(g *generator) []string { return []string{"keys", g.pattern()} }

func makeScan(g *generator) []string {
	args := []string{"scan", "0"}
	if g.maybe(5) {
		args[1] = g.pick("x", "", "-", "99999999999999999999999", "1.5")
	}
	if g.maybe(40) {
		args = append(args, g.option("match"), g.pattern())
	}
	if g.maybe(40) {
		args = append(args, g.option("count"), g.pick("1", "2", "7", "1000", "0", "-1", "x", "9223372036854775807"))
	}
	if g.maybe(30) {
		args = append(args, g.option("type"), g.pick("string", "STRING", "hash", "nosuchtype", ""))
	}
	return args
}

func makeConnection(g *generator) []string {
	switch g.r.IntN(14) {
	case 0:
		return []string{"ping"}
	case 1:
		return []string{"ping", g.value()}
	case 2:
		return []string{"echo", g.value()}
	case 3:
		return []string{"client", g.option("setname"), g.pick("", "name", "two words", "line\n", "é", "ok:1")}
	case 4:
		return []string{"client", g.option("getname")}
	case 5:
		return []string{"client", g.option("no-evict"), g.pick("on", "OFF", "maybe", "")}
	case 6:
		return []string{"hello", g.pick("1", "4", "x", "", "-3", "99999999999999999999")}
	case 7:
		return append([]string{"command", g.option("getkeys")}, g.next()...)
	case 8:
		return []string{"auth", g.pick("secret", "")}
	case 9:
		return []string{"auth", g.pick("default", "nobody"), g.pick("secret", "")}
	case 10:
		return []string{"config", "get", g.pick("nosuch", "no*such?", "databases", "proto-max-bulk-len")}
	case 11:
		return []string{"client", "list", "type", g.pick("nosuch", "")}
	case 12:
		return []string{"client", "list", "id", g.pick("x", "", "1.5")}
	}
	return []string{"command", "info", "nosuch", "neither"}
}

func makeUnknown(g *generator) []string {
	name := g.pick("nosuch", "foo\r\nbar", "", "GETT", longKey[:200], "client", "config", "command", "state")
	args := []string{name}
	for range g.r.IntN(4) {
		args = append(args, g.pick("x", "arg "+strconv.Itoa(g.r.IntN(10)), longKey[:150], "it's", "a\r\nb", "\x00z"))
	}
	if name == "client" || name == "config" || name == "command" {
		args = append([]string{name, g.pick("nosuch", "", "se", "x\r\ny", longKey[:140])}, args[1:]...)
	}
	return args
}
