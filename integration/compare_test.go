package integration

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// exchange is a command and what both servers said to it: Redis and Switchyard.
type exchange struct {
	name      string // in lower case
	args      []string
	want, got reply
	seen      reply // what Redis said to the witness, just before
}

// differ compares what Redis answered with what Switchyard did, byte for byte but for the exceptions.
func differ(args []string, want, got reply) (why string) { return differSeen(args, want, got, reply{}) }

// differSeen is differ for a command that may have a witness.
func differSeen(args []string, want, got, seen reply) (why string) {
	if want.raw == got.raw {
		return ""
	}
	x := exchange{strings.ToLower(args[0]), args, want, got, seen}
	failed := want.isError() || got.isError()
	for _, e := range exceptions {
		if failed == e.errors && (e.commands == "" || slices.Contains(strings.Fields(e.commands), x.name)) && e.alike(x) {
			return ""
		}
	}
	return fmt.Sprintf("%q: want %q, got %q", short(args), clip(want.raw), clip(got.raw))
}

// witness returns what Redis is to be asked before a command, so that the replies can be compared.
func witness(args []string) []string {
	name := strings.ToLower(args[0])
	if name == "sort" || name == "sort_ro" {
		// Redis refuses to sort while errno says that some number was too large, whoever met it. Reading
		// a coordinate resets errno.
		return []string{"GEOSEARCH", "nosuch", "FROMLONLAT", "1", "1", "BYRADIUS", "1", "m"}
	}
	if len(args) < 2 {
		return nil
	}
	switch name {
	case "hgetall", "hkeys", "hvals", "smembers", "hscan", "sscan", "zscan":
		return []string{"OBJECT", "ENCODING", args[1]}
	case "srandmember":
		return []string{"SMEMBERS", args[1]}
	case "hrandfield":
		return []string{"HGETALL", args[1]}
	case "zrandmember":
		return []string{"ZRANGE", args[1], "0", "-1", "WITHSCORES"}
	case "dump":
		return []string{"TYPE", args[1]}
	case "object":
		return []string{"TYPE", args[len(args)-1]}
	}
	return nil
}

// exception is where two good answers are not the same bytes, or where Switchyard promises something
// else than the oracle, which is Redis 7.0, does.
type exception struct {
	reason   string
	commands string // in lower case; "" for all
	errors   bool   // one of the answers is an error; without it, neither is
	alike    func(x exchange) bool
}

const (
	ofSortedSets = "zadd zincrby zscore zmscore zrange zrevrange zrangebyscore zrevrangebyscore zpopmin zpopmax zmpop zunion zinter zdiff zscan"
	ofPlaces     = "geopos geodist geosearch georadius georadius_ro georadiusbymember georadiusbymember_ro"
	ofStreams    = "xinfo xpending xrange xrevrange xread xreadgroup xclaim xautoclaim"
)

var exceptions = []exception{
	{"the clock goes on from one server to the other", "ttl expiretime", false, func(x exchange) bool { return closeTo(x.want, x.got, 10) }},
	{"the clock goes on from one server to the other", "pttl pexpiretime", false, func(x exchange) bool { return closeTo(x.want, x.got, 10_000) }},
	{"the clock goes on, and Redis 7.2 tells more about consumers", ofStreams, false, func(x exchange) bool { return sameStreams(x.want, x.got) }},
	{"a command asks a server about itself", "command client config hello object", false, func(x exchange) bool { return ofItself(x.args) && x.want.kind == x.got.kind }},
	{"a keyspace has no order", "keys scan", false, func(x exchange) bool { return sameItems(x.want, x.got, 1) }},
	{"Redis shows parameters in the order of a hashtable", "config", false, func(x exchange) bool { return sameItems(x.want, x.got, 2) }},
	{"a hashtable has no order", "hgetall hscan", false, func(x exchange) bool { return hashed(x) && sameItems(x.want, x.got, 2) }},
	{"a hashtable has no order", "hkeys hvals smembers sscan", false, func(x exchange) bool { return hashed(x) && sameItems(x.want, x.got, 1) }},
	{"Redis looks for the smallest set first, in which order is its own affair", "sinter sunion sdiff spop", false, func(x exchange) bool { return sameItems(x.want, x.got, 1) }},
	{"text of equal weights has no order", "sort sort_ro", false, func(x exchange) bool {
		return looseSort(x.args) && (sameItems(x.want, x.got, 1) || hasWord(x.args, "limit") && len(x.want.items) == len(x.got.items))
	}},
	{"text is compared up to a zero byte, and what is equal then has no order", "sort sort_ro", false, func(x exchange) bool {
		return hasWord(x.args, "alpha") && strings.Contains(x.want.raw, "\x00") && sameItems(x.want, x.got, 1)
	}},
	{"what is random is to be possible", "srandmember hrandfield zrandmember", false, sameChoice},
	{"Redis 7.0 prints doubles with 17 digits, 7.2 with as few as they need", ofSortedSets, false, func(x exchange) bool { return sameNumbers(x.want, x.got, 0) }},
	{"a skiplist is scanned in the order of a hashtable", "zscan", false, func(x exchange) bool {
		return x.seen.text == "skiplist" && sameNumbers(inOrder(x.want, 2), inOrder(x.got, 2), 0)
	}},
	{"sines and cosines differ in the last bit from one library to another", ofPlaces, false, func(x exchange) bool { return sameNumbers(x.want, x.got, 0.00011) }},
	{"what only holds such distances is ordered by them", "zrange zrevrange", false, func(x exchange) bool {
		return strings.HasPrefix(x.args[1], distances) && sameItems(x.want, x.got, 1)
	}},
	{"Redis 7.2 keeps small lists and sets in listpacks", "object", false, sameEncoding},
	{"a dump has the order of a hashtable and the nodes of a list", "dump", false, func(x exchange) bool {
		return x.seen.text != "string" && x.want.kind == '$' && x.got.kind == '$' && !x.want.isNull() && !x.got.isNull()
	}},
	{"Redis 7.2 says HELLO <proto> AUTH, 7.0 left <proto> out", "", true, func(x exchange) bool {
		return strings.Replace(x.got.raw, "HELLO <proto> AUTH", "HELLO AUTH", 1) == x.want.raw
	}},
	{"Redis 7.2 takes WITHSCORE", "zrank zrevrank", true, func(x exchange) bool {
		return len(x.args) == 4 && strings.HasPrefix(x.want.text, "ERR wrong number of arguments") && x.got.text == "ERR syntax error"
	}},
	{"Redis 7.2 takes WITHSCORE", "command", true, func(x exchange) bool {
		return len(x.args) == 6 && (hasWord(x.args, "zrank") || hasWord(x.args, "zrevrank")) && x.want.text == "ERR Invalid number of arguments specified for command"
	}},
	{"Redis 7.2 has other words", "xread xreadgroup", true, func(x exchange) bool {
		return strings.HasPrefix(x.want.text, "ERR Unbalanced XREAD list") && strings.HasPrefix(x.got.text, "ERR Unbalanced '"+x.name+"' list")
	}},
	{"Redis 7.2 has other words", "xadd", true, func(x exchange) bool {
		return x.want.text == "ERR Elements are too large to be stored" && strings.HasPrefix(x.got.text, "ERR The ID specified in XADD is equal or smaller")
	}},
}

// ofItself says whether a command asks a server about itself, so that no two answer alike.
func ofItself(args []string) bool {
	switch line := strings.ToLower(strings.Join(args, " ")); line {
	case "command", "command info", "command docs", "command list", "client list", "config get *":
		return true
	default:
		return strings.HasPrefix(line+" ", "hello ") || strings.HasPrefix(line, "object idletime ") || strings.HasPrefix(line, "object help")
	}
}

// hasWord says whether one of the arguments is the word.
func hasWord(args []string, word string) bool {
	return slices.ContainsFunc(args, func(a string) bool { return strings.EqualFold(a, word) })
}

// closeTo allows for the time between two servers. Negative numbers mean something and are exact.
func closeTo(want, got reply, tolerance int64) bool {
	a, b := want.int(), got.int()
	return a >= 0 && b >= 0 && a-b <= tolerance && b-a <= tolerance
}

// hashed says whether Redis keeps the value in a hashtable.
func hashed(x exchange) bool { return x.seen.text == "hashtable" }

func sorted(r reply) []string {
	list := r.texts()
	slices.Sort(list)
	return list
}

// sameItems compares lists whose items, of so many parts each, come in any order.
func sameItems(want, got reply, parts int) bool {
	if want.kind != got.kind || len(want.items) != len(got.items) {
		return false
	}
	a, b := inOrder(want, parts), inOrder(got, parts)
	return slices.EqualFunc(a.items, b.items, func(x, y reply) bool { return x.raw == y.raw })
}

// inOrder returns a list with its items, of so many parts each, in order.
func inOrder(r reply, parts int) reply {
	chunks := slices.Collect(slices.Chunk(r.items, parts))
	slices.SortFunc(chunks, func(a, b []reply) int { return strings.Compare(a[0].raw, b[0].raw) })
	r.items = slices.Concat(chunks...)
	return r
}

// sameNumbers compares replies in which numbers with a fraction may differ by the tolerance.
func sameNumbers(want, got reply, tolerance float64) bool {
	if want.kind != got.kind || len(want.items) != len(got.items) {
		return false
	}
	for i := range want.items {
		if !sameNumbers(want.items[i], got.items[i], tolerance) {
			return false
		}
	}
	if len(want.items) > 0 || want.text == got.text {
		return true
	}
	if !strings.ContainsAny(want.text+got.text, ".e") && want.text != "-0" && got.text != "-0" {
		return false
	}
	a, err := strconv.ParseFloat(want.text, 64)
	b, err2 := strconv.ParseFloat(got.text, 64)
	return err == nil && err2 == nil && max(a-b, b-a) <= tolerance
}

// leaves are the parts of a reply that are not lists.
func leaves(r reply) (list []string) {
	if len(r.items) == 0 && !strings.ContainsRune("*~%>", rune(r.kind)) {
		return []string{r.text}
	}
	for _, it := range r.items {
		list = append(list, leaves(it)...)
	}
	return list
}

// sameChoice says whether both chose as much, and Switchyard something that Redis could have chosen. In
// RESP3 what SRANDMEMBER chooses is a set in Redis 7.0, and a list since 7.2.
func sameChoice(x exchange) bool {
	want, got, all := leaves(x.want), leaves(x.got), leaves(x.seen)
	if x.want.kind != x.got.kind && !(x.want.kind == '~' && x.got.kind == '*') || len(want) != len(got) {
		return false
	}
	have := map[string]string{} // a member of a set stands for itself
	chosen := map[string]bool{}
	step := 1
	if x.name != "srandmember" {
		step = 2
	}
	for i := 0; i < len(all); i += step {
		have[all[i]] = all[i+step-1]
	}
	if len(x.args) < 4 {
		step = 1 // without values or scores
	}
	for i := 0; i < len(got); i += step {
		value, isThere := have[got[i]]
		if !isThere || step == 2 && got[i+1] != value && !sameNumbers(reply{text: value}, reply{text: got[i+1]}, 0) {
			return false
		}
		chosen[got[i]] = true
	}
	return len(x.args) < 3 || x.args[2][0] == '-' || len(chosen) == len(got)/step
}

// sameEncoding also allows for SDIFFSTORE, which in Redis may make a set for more than is left in the end.
func sameEncoding(x exchange) bool {
	if !strings.EqualFold(x.args[1], "encoding") {
		return false
	}
	switch x.seen.text + ": " + x.want.text + " or " + x.got.text {
	case "list: quicklist or listpack", "set: hashtable or listpack", "set: hashtable or intset":
		return true
	}
	return false
}

// newFields are those of XINFO that came with Redis 7.2.
var newFields = []string{"inactive", "active-time"}

// sameStreams compares replies about streams, but for times.
func sameStreams(want, got reply) bool {
	if len(got.items) == 0 && len(want.items) == 0 {
		return want.raw == got.raw
	}
	a, b := want.items, withoutNew(got.items)
	if want.kind != got.kind || len(a) != len(b) {
		return false
	}
	for i := range a {
		isTime := i > 0 && (a[i-1].text == "idle" || a[i-1].text == "seen-time") && min(a[i].int(), b[i].int()) >= 0
		if !isTime && !(i == timeOfDelivery(a) && closeTo(a[i], b[i], 10_000)) && !sameStreams(a[i], b[i]) {
			return false
		}
	}
	return true
}

// withoutNew is a list without the new fields and their values.
func withoutNew(list []reply) (old []reply) {
	for i := 0; i < len(list); i++ {
		if slices.Contains(newFields, list[i].text) && i+1 < len(list) && list[i+1].kind == ':' {
			i++
			continue
		}
		old = append(old, list[i])
	}
	return old
}

// timeOfDelivery is where the time is in a pending entry: ID, perhaps the consumer, time, count. It is -1
// in other lists.
func timeOfDelivery(list []reply) int {
	n := len(list)
	if n != 3 && n != 4 || !strings.Contains(list[0].text, "-") || list[n-1].kind != ':' || list[n-2].kind != ':' {
		return -1
	}
	return n - 2
}
