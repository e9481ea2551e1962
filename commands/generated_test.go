package commands

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
	"time"

	"switchyard/integration/redistest"
)

// generator makes random calls on few keys, so that they meet.
type generator struct {
	*rand.Rand
	times    []int // times to live that differ by seconds, so that the clocks of two servers do not matter
	payloads []string
	lastID   int // of an entry of a stream
}

func newGenerator(seed uint64) *generator {
	g := &generator{Rand: rand.New(rand.NewPCG(seed, 0))}
	g.times = g.Perm(100_000)
	return g
}

func (g *generator) pick(words ...string) string { return words[g.IntN(len(words))] }

func (g *generator) key() string { return g.pick("a", "b", "c", "d", "e", "") }

// number is often odd, and often on an edge.
func (g *generator) number() string {
	switch g.IntN(6) {
	case 0:
		return g.pick("", "x", "+1", " 1", "1 ", "01", "-0", "1e3", "0x10", "1.5", "nan", "inf", "9223372036854775808",
			"-9223372036854775809", "99999999999999999999", "18446744073709551616", "1\x00")
	case 1:
		return g.pick("9223372036854775807", "-9223372036854775808", "9223372036854775806", "-9223372036854775807",
			"4611686018427387904", "-4611686018427387904")
	default:
		return strconv.Itoa(g.IntN(30) - 12)
	}
}

func (g *generator) float() string {
	switch g.IntN(4) {
	case 0:
		return g.number()
	case 1:
		return strconv.FormatFloat(g.NormFloat64()*1000, 'f', g.IntN(18), 64)
	case 2:
		return strconv.FormatFloat(g.NormFloat64(), 'e', g.IntN(20), 64)
	default:
		return g.pick("0.1", "0.2", "-0.3", "1e10", "1e-10", "1e17", "-1e17", "1e-17", "3.0", "1e300", "-1e300", "0x1p-3", "1e5000", ".5", "5.", "1e")
	}
}

func (g *generator) value() string {
	switch g.IntN(5) {
	case 0:
		return g.number()
	case 1:
		return g.float()
	case 2:
		return g.pick("", "\x00", "\r\n", "\xff\xfe", "hello world", strings.Repeat("long", 100))
	default:
		return g.pick("v", "w", "10", "3.5")
	}
}

// option is a random one of the words, in random case, or sometimes nothing that belongs there.
func (g *generator) option(words ...string) string {
	switch g.IntN(30) {
	case 0:
		return g.pick("", "foo", "EX", "NX", "10", "\x00")
	case 1:
		return strings.ToLower(g.pick(words...))
	}
	return g.pick(words...)
}

// options are up to three options, each from a list of what follows its name.
func (g *generator) options(all ...[]string) (args []string) {
	for range g.IntN(4) {
		args = append(args, all[g.IntN(len(all))]...)
	}
	if g.IntN(20) == 0 {
		args = append(args, g.option("foo"))
	}
	return args
}

// ttl is a time to live in the unit: never twice the same.
func (g *generator) ttl(milliseconds bool) string {
	if g.IntN(8) == 0 {
		return g.pick("0", "-1", "x", "", "9223372036854775807", "-9223372036854775808", "9223372036854776", "1.5")
	}
	n := 1000 + 10*g.times[0]
	g.times = append(g.times[1:], g.times[0])
	if milliseconds {
		n *= 1000
	}
	return strconv.Itoa(n)
}

// instant is a Unix time, nearly always in the far future.
func (g *generator) instant(milliseconds bool) string {
	switch g.IntN(10) {
	case 0:
		return g.pick("1", "0", "-1", "x", "9223372036854775807", "9223372036854775", "9223372036854776")
	}
	n := 4_000_000_000 + g.IntN(10)
	if milliseconds {
		n = n*1000 + g.IntN(1000)
	}
	return strconv.Itoa(n)
}

func (g *generator) expiry() [][]string {
	return [][]string{{"EX", g.ttl(false)}, {"PX", g.ttl(true)}, {"EXAT", g.instant(false)}, {"PXAT", g.instant(true)}}
}

func (g *generator) keys() (args []string) {
	for range 1 + g.IntN(4) {
		args = append(args, g.key())
	}
	return args
}

func (g *generator) pairs() (args []string) {
	for range 1 + g.IntN(3) {
		args = append(args, g.key(), g.value())
	}
	if g.IntN(20) == 0 {
		args = args[1:]
	}
	return args
}

// call is the next random call.
func (g *generator) call() []string {
	name := g.pick(generated...)
	args := append([]string{name}, g.arguments(name)...)
	if g.IntN(60) == 0 {
		args = args[:g.IntN(len(args))+1]
	}
	return args
}

var generated = []string{
	"GET", "SET", "SET", "SETNX", "SETEX", "PSETEX", "GETSET", "GETEX", "GETDEL", "MGET", "MSET", "MSETNX", "STRLEN", "APPEND", "GETRANGE",
	"SUBSTR", "SETRANGE", "INCR", "DECR", "INCRBY", "DECRBY", "INCRBYFLOAT", "DEL", "UNLINK", "EXISTS", "TYPE", "TOUCH", "RENAME", "RENAMENX",
	"COPY", "MOVE", "DUMP", "RESTORE", "RESTORE", "EXPIRE", "PEXPIRE", "EXPIREAT", "PEXPIREAT", "TTL", "PTTL", "EXPIRETIME", "PEXPIRETIME",
	"PERSIST", "SELECT", "SWAPDB", "KEYS", "SCAN", "LPUSH",
	"SETBIT", "GETBIT", "BITCOUNT", "BITPOS", "BITOP", "BITFIELD", "BITFIELD_RO", "PFADD", "PFADD", "PFMERGE", "LCS",
}

func (g *generator) arguments(name string) []string {
	switch name {
	case "SET":
		return append([]string{g.key(), g.value()}, g.options(append(g.expiry(), []string{"NX"}, []string{"XX"}, []string{"GET"}, []string{"KEEPTTL"})...)...)
	case "GETEX":
		return append([]string{g.key()}, g.options(append(g.expiry(), []string{"PERSIST"})...)...)
	case "SETEX":
		return []string{g.key(), g.ttl(false), g.value()}
	case "PSETEX":
		return []string{g.key(), g.ttl(true), g.value()}
	case "SETNX", "GETSET", "APPEND":
		return []string{g.key(), g.value()}
	case "LPUSH":
		return []string{g.key(), "x"}
	case "MGET", "DEL", "UNLINK", "EXISTS", "TOUCH":
		return g.keys()
	case "MSET", "MSETNX":
		return g.pairs()
	case "GETRANGE", "SUBSTR":
		return []string{g.key(), g.number(), g.number()}
	case "SETRANGE":
		return []string{g.key(), g.pick("0", "1", "5", "20", "-1", "x", "536870912", "9223372036854775807"), g.value()}
	case "INCRBY", "DECRBY":
		return []string{g.key(), g.number()}
	case "INCRBYFLOAT":
		return []string{g.key(), g.float()}
	case "RENAME", "RENAMENX":
		return []string{g.key(), g.key()}
	case "COPY":
		return append([]string{g.key(), g.key()}, g.options([]string{"REPLACE"}, []string{"DB", g.pick("0", "1", "16", "x")})...)
	case "MOVE":
		return []string{g.key(), g.pick("0", "1", "2", "16", "-1", "x")}
	case "RESTORE":
		return append([]string{g.key(), g.ttl(true), g.pick(g.payloads...)},
			g.options([]string{"REPLACE"}, []string{"FREQ", g.number()}, []string{"IDLETIME", g.number()})...)
	case "EXPIRE":
		return append([]string{g.key(), g.ttl(false)}, g.condition()...)
	case "PEXPIRE":
		return append([]string{g.key(), g.ttl(true)}, g.condition()...)
	case "EXPIREAT":
		return append([]string{g.key(), g.instant(false)}, g.condition()...)
	case "PEXPIREAT":
		return append([]string{g.key(), g.instant(true)}, g.condition()...)
	case "SELECT":
		return []string{g.pick("0", "0", "1", "16", "x")}
	case "SWAPDB":
		return []string{g.pick("0", "1", "16"), g.pick("0", "1", "x")}
	case "KEYS":
		return []string{g.pick("*", "a", "[a-c]", "?", "[^a]", "")}
	case "SCAN":
		return append([]string{"0", "COUNT", "1000"}, g.options([]string{"MATCH", g.pick("*", "a", "[a-c]", "?")}, []string{"TYPE", g.pick("nosuch", "hash")})...)
	case "SETBIT":
		return []string{g.key(), g.bitOffset(), g.pick("0", "1", "1", "2", "x")}
	case "GETBIT":
		return []string{g.key(), g.bitOffset()}
	case "BITCOUNT":
		return append([]string{g.key()}, g.bitRange()...)
	case "BITPOS":
		return append([]string{g.key(), g.pick("0", "0", "1", "1", "2", "")}, g.bitRange()...)
	case "BITOP":
		return append([]string{g.option("AND", "OR", "XOR", "NOT"), g.key()}, g.keys()...)
	case "BITFIELD", "BITFIELD_RO":
		return append([]string{g.key()}, g.bitfield(name == "BITFIELD_RO")...)
	case "PFADD":
		return append([]string{g.key()}, g.keys()...)
	case "PFMERGE":
		return g.keys()
	case "LCS":
		return append([]string{g.key(), g.key()}, g.options([]string{"LEN"}, []string{"IDX"}, []string{"WITHMATCHLEN"}, []string{"MINMATCHLEN", g.number()})...)
	}
	return []string{g.key()}
}

// bitOffset is small where it is one, so that no string becomes a large one.
func (g *generator) bitOffset() string {
	if g.IntN(8) == 0 {
		return g.pick("", "x", "-1", "#1", "01", "4294967296", "9223372036854775807", "9223372036854775808")
	}
	return strconv.Itoa(g.IntN(200))
}

// bitRange is what may follow BITCOUNT and BITPOS.
func (g *generator) bitRange() (args []string) {
	for range g.IntN(3) {
		args = append(args, g.number())
	}
	if len(args) == 2 && g.IntN(2) == 0 {
		args = append(args, g.option("BIT", "BYTE"))
	}
	return args
}

// bitfield is some operations, mostly correct ones.
func (g *generator) bitfield(readonly bool) (args []string) {
	for range 1 + g.IntN(4) {
		integer := []string{g.option("i64", "u63", "i1", "u1", "i8", "u8", "u7", "i9", "u31", "i32", "u33", "u64"), g.pick("", "#") + strconv.Itoa(g.IntN(20))}
		operand := strconv.FormatInt(int64(g.Uint64())>>g.IntN(64), 10)
		if g.IntN(4) == 0 {
			operand = g.number()
		}
		switch kind := g.IntN(4); {
		case kind == 0 || readonly && kind < 3:
			args = append(append(args, "GET"), integer...)
		case kind == 1:
			args = append(append(append(args, "SET"), integer...), operand)
		case kind == 2:
			args = append(append(append(args, "INCRBY"), integer...), operand)
		default:
			args = append(args, "OVERFLOW", g.option("SAT", "WRAP", "FAIL"))
		}
	}
	return args
}

// condition is rarely GT or LT: next to a time to live that is set again they would compare clocks.
func (g *generator) condition() []string {
	return g.options([]string{g.option("NX", "XX")}, []string{g.option("GT", "LT")})
}

func TestRandomCallsAreAnsweredAsByRedis(t *testing.T) {
	redis := redistest.Start(t)
	seed := uint64(time.Now().UnixNano())
	for i := range uint64(2) {
		t.Run(fmt.Sprint("seed ", seed+i), func(t *testing.T) {
			g := newGenerator(seed + i)
			p := newPair(t, redis.Addr, []string{"2", "3"}[i%2])
			g.addPayloads(p)
			var history []string
			for range 6000 {
				call := g.call()
				p.compare(call...)
				if history = append(history, fmt.Sprintf("%.40q", call)); t.Failed() {
					t.Fatalf("after\n%s", strings.Join(history[max(0, len(history)-30):], "\n"))
				}
			}
		})
	}
}

// addPayloads asks Redis for payloads that are right, and adds some that are not.
func (g *generator) addPayloads(p *pair) {
	g.payloads = []string{"", "abc", "\x00\x05hello\n\x00\x14\xa5\x66\x4a\x2c\x2b\xd1\x5c"}
	for _, v := range []string{"hello", "12345", "", strings.Repeat("a", 100)} {
		p.oracle.do("SET", "k", v)
		g.payloads = append(g.payloads, parseReply(p.t, p.oracle.do("DUMP", "k")).(string))
	}
	p.oracle.do("DEL", "k")
}

// generatedCall makes calls of one command.
type generatedCall struct {
	name string
	args func(g *generator) []string
}

var steps = flag.Int("steps", 0, "calls of each random comparison of a family, in place of its short run")

// compareRandom compares so many random calls, each from one of the lists.
func compareRandom(t *testing.T, short int, lists ...[]generatedCall) {
	redis := redistest.Start(t)
	n := max(*steps, short)
	for i := range uint64(2) {
		seed := uint64(time.Now().UnixNano())
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			g := newGenerator(seed)
			p := newPair(t, redis.Addr, []string{"2", "3"}[i%2])
			var history []string
			defer func() {
				if t.Failed() { // or Redis has crashed
					t.Logf("after\n%s", strings.Join(history[max(0, len(history)-30):], "\n"))
				}
			}()
			for range n {
				list := lists[g.IntN(len(lists))]
				c := list[g.IntN(len(list))]
				call := append([]string{c.name}, c.args(g)...)
				if g.IntN(60) == 0 {
					call = call[:1+g.IntN(len(call))]
				}
				history = append(history, fmt.Sprintf("%.40q", call))
				if p.compare(call...); t.Failed() {
					return
				}
			}
		})
	}
}
