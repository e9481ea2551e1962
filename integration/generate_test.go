package integration

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"time"
)

// generator makes commands: nearly right ones, mostly. It remembers nothing of the servers, so that
// any subsequence of what it made makes sense too, which is what shortening a failure needs.
//
// Expiries come from far apart, so that no comparison of two of them (EXPIRE ... GT) depends on
// the milliseconds that pass between the servers.
type generator struct {
	r        *rand.Rand
	now      int64 // Unix seconds
	dumps    []string
	families []family // all that the backend has
	mix      []family // those of this episode, each as often as its share
	lastID   int      // the time part of the streams' latest ID
}

func newGenerator(r *rand.Rand, families []family, dumps []string) *generator {
	return &generator{r: r, families: families, mix: families, now: time.Now().Unix(), dumps: dumps}
}

// begin chooses what the next episode is about: everything, or a few types that then grow larger.
func (g *generator) begin() {
	g.lastID = 0
	some := 1 + g.r.IntN(3)
	everything := g.maybe(20)
	g.mix = nil
	for _, i := range g.r.Perm(len(g.families)) {
		f := g.families[i]
		if f.prefix != "" && !everything {
			if some--; some < 0 {
				continue
			}
		}
		for range f.share {
			g.mix = append(g.mix, f)
		}
	}
}

// next returns a command.
func (g *generator) next() []string {
	args := g.mix[g.r.IntN(len(g.mix))].call(g)
	switch g.r.IntN(40) {
	case 0:
		if damaged := g.damage(args); harmless(damaged) {
			args = damaged
		}
	case 1:
		args[0] = strings.ToUpper(args[0])
	case 2:
		first := min(1, len(args[0]))
		args[0] = strings.ToUpper(args[0][:first]) + args[0][first:]
	}
	return args
}

// harmless says whether Redis can stand a damaged call, and both can answer it alike.
func harmless(args []string) bool {
	switch args[0] {
	case "config", "command":
		return false // a * would ask for all that Redis alone has, and so would the name of a command
	case "zadd":
		return len(args) > 1 && !strings.HasPrefix(args[1], "lex") // all scores are to be equal there
	case "geosearchstore", "georadius":
		return !hasWord(args, "storedist") // the last bit of a distance shows where it is stored
	case "xadd", soon:
		return !slices.Contains(args, "*") && args[0] != soon // an ID of its own making
	case "scan":
		return len(args) > 1 && args[1] == "0" // another cursor is each server's own
	case "hscan", "sscan", "zscan":
		return len(args) > 2 && args[2] == "0"
	case "lpos":
		return !slices.Contains(args, "-9223372036854775808") // as a RANK, Redis 7.0 never finds the end of it
	}
	return true
}

func (g *generator) pick(list ...string) string { return list[g.r.IntN(len(list))] }

func (g *generator) maybe(percent int) bool { return g.r.IntN(100) < percent }

// damage leaves an argument out, or adds one that does not belong, or puts it in another's place.
func (g *generator) damage(args []string) []string {
	args = append([]string(nil), args...)
	at := 1 + g.r.IntN(len(args))
	switch g.r.IntN(4) {
	case 0:
		if at < len(args) {
			return append(args[:at], args[at+1:]...)
		}
		return args[:1]
	case 1:
		if at < len(args) {
			args[at] = g.junk()
			return args
		}
		return append(args, g.junk())
	case 2:
		return append(args[:at], append([]string{g.junk()}, args[at:]...)...)
	}
	return append(args, args[len(args)-1])
}

// junk is an argument for any place. It never is a small positive number, which as a time to live
// would make the rest of the run depend on the clock, or a number that makes a huge string.
func (g *generator) junk() string {
	return g.pick("", "-1", "-0", "01", "+5", " 7", "7 ", "1.5", "1e3", "0x10", "abc", "nx", "XX", "ex", "PX", "get", "keepttl", "persist", "GT",
		"9223372036854775807", "-9223372036854775808", "9223372036854775808", "-9223372036854775809", "18446744073709551616",
		"99999999999999999999999999", "inf", "nan", "\x00", "1\x00", "a\r\nb", "0", "replace", "db", "async", "match", "*", "count", "type", "string")
}

// keyOf is one of the few keys that mostly hold one type, so that commands meet. Now and then it is
// another's, so that they meet what they do not expect.
func (g *generator) keyOf(prefix string) string {
	if g.maybe(1) {
		return g.oddKey()
	}
	if g.maybe(3) {
		prefix = g.prefix(false)
	}
	return g.strictKey(prefix)
}

// strictKey is a key whose type nobody else changes.
func (g *generator) strictKey(prefix string) string { return prefix + strconv.Itoa(g.r.IntN(4)) }

func (g *generator) oddKey() string {
	if g.maybe(10) {
		return longKey
	}
	return g.pick("", "\x00\xff\r\n$5", "{tag}x", "key with spaces", "käse")
}

var longKey = strings.Repeat("long key ", 8000) // 72,000 bytes, more than Badger takes as one key

// prefix is one of this episode's; those of strict keys are not meant to be written to.
func (g *generator) prefix(readOnly bool) string {
	for range 100 {
		f := g.mix[g.r.IntN(len(g.mix))]
		if f.prefix != "" && (readOnly || !f.strict) {
			return f.prefix
		}
	}
	return "k"
}

// anyKey is a key of any type, to be read.
func (g *generator) anyKey() string {
	if g.maybe(2) {
		return g.oddKey()
	}
	return g.strictKey(g.prefix(true))
}

// target is a key of any type, to be written.
func (g *generator) target() string { return g.keyOf(g.prefix(false)) }

// several makes up to most of what f makes.
func (g *generator) several(most int, f func() string) []string {
	list := make([]string, 1+g.r.IntN(most))
	for i := range list {
		list[i] = f()
	}
	return list
}

// counted makes a number and so many keys of one type. Rarely the number is wrong.
func counted(prefix string) maker {
	return func(g *generator) []string {
		keys := g.several(3, func() string { return g.keyOf(prefix) })
		n := strconv.Itoa(len(keys))
		if g.maybe(4) {
			n = g.pick("0", "-1", "1", "2", "5", "x", "9223372036854775807", "9223372036854775808")
		}
		return append([]string{n}, keys...)
	}
}

// value is of any kind.
func (g *generator) value() string {
	switch g.r.IntN(12) {
	case 0:
		return ""
	case 1:
		b := make([]byte, g.r.IntN(300))
		for i := range b {
			b[i] = byte(g.r.IntN(256))
		}
		return string(b)
	case 2:
		return strings.Repeat(g.pick("x", "ab", "\x00", "1"), 1+g.r.IntN(5000))
	case 3, 4, 5:
		return g.integer()
	case 6, 7:
		return g.float()
	case 8:
		return g.pick("\r\n", "+OK\r\n", "nil", "(nil)", "\xff\xfe", "true", "-0", "007", " 1")
	}
	return "value " + strconv.Itoa(g.r.IntN(1000))
}

func (g *generator) integer() string {
	switch g.r.IntN(8) {
	case 0:
		return g.pick("9223372036854775807", "-9223372036854775808", "9223372036854775806", "-9223372036854775807", "4611686018427387904")
	case 1:
		return g.pick("0", "1", "-1", "255", "256", "65535", "65536", "-32769", "2147483647", "2147483648", "-2147483649")
	case 2:
		return strconv.FormatInt(int64(g.r.Uint64()), 10)
	case 3:
		if g.maybe(30) {
			return g.junk()
		}
	}
	return strconv.Itoa(g.r.IntN(2000) - 1000)
}

func (g *generator) float() string {
	switch g.r.IntN(7) {
	case 0:
		return g.pick("0.1", "0.2", "3.0e3", "5.0e3", "-1.5", ".5", "5.", "1e17", "1e18", "-1e-5", "1e-17", "1e-18", "12345678.12345678", "1e300", "-0", "-0.0", "1e4000", "0x1p4")
	case 1:
		return g.pick("inf", "-inf", "+inf", "infinity", "nan", "1e5000", "-1e5000", "1e-5000", "1,5", "1e", "e1", "--1", "1_000", "0x", " 1", "1 ", "+1")
	case 2:
		return strconv.FormatFloat(g.r.NormFloat64()*1e6, 'g', -1, 64)
	case 3:
		return strconv.FormatFloat(g.r.ExpFloat64()/1e3, 'f', g.r.IntN(18), 64)
	case 4:
		return fmt.Sprintf("%d.%0*d", g.r.IntN(100000), 1+g.r.IntN(17), g.r.IntN(100000))
	}
	return strconv.FormatFloat(g.r.NormFloat64(), 'f', g.r.IntN(6), 64)
}

// position is an offset or an end of a range. It is small or hopeless.
func (g *generator) position() string {
	if g.maybe(10) {
		return g.pick("-1", "-100", "-9223372036854775808", "9223372036854775807", "-9223372036854775807", "536870912", "4294967296", "abc", "", "1.0")
	}
	return strconv.Itoa(g.r.IntN(40) - 20)
}

// option writes a word in some case.
func (g *generator) option(word string) string {
	switch g.r.IntN(3) {
	case 0:
		return strings.ToUpper(word)
	case 1:
		return word[:1] + strings.ToUpper(word[1:])
	}
	return word
}

// index is a place in a list or a sorted set.
func (g *generator) index() string {
	if g.maybe(8) {
		return g.position()
	}
	return strconv.Itoa(g.r.IntN(30) - 15)
}

// count is how many elements are wanted: few, too many or hopeless. No huge negative number is a good
// one, since that would be how many random elements to reply with.
func (g *generator) count() string {
	if g.maybe(10) {
		return g.pick("x", "", "1.5", "-9223372036854775808", "9223372036854775807", "9223372036854775808", "0")
	}
	return strconv.Itoa(g.r.IntN(60) - 20)
}

// ttl is a time to live: thousands of seconds, or something that Redis has an opinion about.
func (g *generator) ttl(unit string) string {
	if g.maybe(15) {
		return g.pick("0", "-1", "-5000", "9223372036854775807", "9223372036854775", "-9223372036854775808", "9223372036854775808", "", "x", "1.5", "10000000000000000",
			strconv.FormatInt(9223370000000000-1_000_000*g.r.Int64N(1_000_000), 10)) // never twice, as GT would see the clock go on
	}
	n := 10_000 + g.r.Int64N(100_000_000)
	switch unit {
	case "px":
		n = n*1000 + g.r.Int64N(1000)
	case "exat":
		n += g.now
	case "pxat":
		n = (n+g.now)*1000 + g.r.Int64N(1000)
	}
	if strings.HasSuffix(unit, "at") && g.maybe(8) {
		n = g.r.Int64N(1_000_000_000) // long past in either unit
	}
	return strconv.FormatInt(n, 10)
}

func (g *generator) db() string {
	if g.maybe(10) {
		return g.pick("15", "16", "-1", "x", "", "2147483647", "2147483648", "-2147483649", "99999999999999999999", "01")
	}
	return strconv.Itoa(g.r.IntN(5) % 3)
}

// pattern is a glob.
func (g *generator) pattern() string {
	return g.pick("*", "k*", "k?", "k[0-4]", "k[^3]", "[jkl]?", "", "k\\*", "*[5-", "?", "k[a-", "\\", "**1", "k[4-0]", "[]", "[^]", "*\xff*", "k", "K*", "k[\\0-9]", "*k*e*y*")
}

// commonMakers make what commands of several families take.
func commonMakers() map[string]maker {
	makers := map[string]maker{
		"any": one((*generator).anyKey), "target": one((*generator).target),
		"value": one((*generator).value), "int": one((*generator).integer), "float": one((*generator).float),
		"position": one((*generator).position), "index": one((*generator).index), "count": one((*generator).count),
		"junk": one((*generator).junk), "pattern": one((*generator).pattern), "db": one((*generator).db),
		"scancount": oneOf("1", "2", "7", "1000", "0", "-1", "x", "9223372036854775807"),
		"cursor": one(func(g *generator) string {
			if g.maybe(5) {
				return g.pick("x", "", "-", "99999999999999999999999", "1.5")
			}
			return "0"
		}),
	}
	for _, unit := range []string{"ex", "px", "exat", "pxat"} {
		makers[unit] = one(func(g *generator) string { return g.ttl(unit) })
	}
	return makers
}
