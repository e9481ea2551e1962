package integration

import (
	"bytes"
	"fmt"
	"math/rand/v2"
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
	r       *rand.Rand
	recipes []recipe
	now     int64 // Unix seconds
	dumps   []string
}

func newGenerator(r *rand.Rand, dumps []string) *generator {
	return &generator{r: r, recipes: recipes, now: time.Now().Unix(), dumps: dumps}
}

// next returns a command.
func (g *generator) next() []string {
	args := g.recipes[g.r.IntN(len(g.recipes))](g)
	switch g.r.IntN(40) {
	case 0:
		// A * among the patterns would ask for all that Redis alone has, and so would the name of a command.
		if args[0] != "config" && args[0] != "command" {
			args = g.damage(args)
		}
	case 1:
		args[0] = strings.ToUpper(args[0])
	case 2:
		first := min(1, len(args[0]))
		args[0] = strings.ToUpper(args[0][:first]) + args[0][first:]
	}
	return args
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

// key is one of few, so that commands meet.
func (g *generator) key() string {
	if g.maybe(3) {
		return g.pick("", longKey, "\x00\xff\r\n$5", "{tag}x", "key with spaces", "käse")
	}
	return "k" + strconv.Itoa(g.r.IntN(9))
}

var longKey = strings.Repeat("long key ", 8000) // 72,000 bytes, more than Badger takes as one key

func (g *generator) keys(most int) []string {
	list := make([]string, 1+g.r.IntN(most))
	for i := range list {
		list[i] = g.key()
	}
	return list
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

// ttl is a time to live: thousands of seconds, or something that Redis has an opinion about.
func (g *generator) ttl(unit string) string {
	if g.maybe(15) {
		return g.pick("0", "-1", "-5000", "9223372036854775807", "9223372036854775", "-9223372036854775808", "9223372036854775808", "9223370000000000", "", "x", "1.5", "10000000000000000")
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
	return strconv.Itoa(g.r.IntN(3))
}

// pattern is a glob.
func (g *generator) pattern() string {
	return g.pick("*", "k*", "k?", "k[0-4]", "k[^3]", "[jkl]?", "", "k\\*", "*[5-", "?", "k[a-", "\\", "**1", "k[4-0]", "[]", "[^]", "*\xff*", "k", "K*", "k[\\0-9]", "*k*e*y*")
}

// times are the options that set an expiry.
func (g *generator) times() []string {
	unit := g.pick("ex", "px", "exat", "pxat")
	return []string{g.option(unit), g.ttl(unit)}
}

// payload is what RESTORE reads, sound or not.
func (g *generator) payload() string {
	p := g.dumps[g.r.IntN(len(g.dumps))]
	if g.maybe(20) {
		b := bytes.Clone([]byte(p))
		b[g.r.IntN(len(b))] ^= 1 << g.r.IntN(8)
		return string(b)
	}
	if g.maybe(5) {
		return p[:g.r.IntN(len(p))]
	}
	return p
}
