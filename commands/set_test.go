package commands

import (
	"fmt"
	"strings"
	"testing"
)

func TestSetsAreThoseOfRedis(t *testing.T) { compareStories(t, setStories) }

var setStories = []story{
	{"members come and go", `
		SADD s a
		SADD s a b c a
		SADD s ""
		SISMEMBER s a
		SISMEMBER s ""
		SISMEMBER s x
		SISMEMBER none a
		SMISMEMBER s a x b ""
		SMISMEMBER none a b
		SCARD s
		SCARD none
		SMEMBERS s
		SMEMBERS none
		SREM s a x a
		SREM none a
		EXPIRE s 100
		SADD s d
		TTL s
		SREM s b c d "" x
		EXISTS s
		SADD s a
		TTL s
		TYPE s`},
	{"integers are ascending", `
		SADD s 5 3 -1 3 9223372036854775807 -9223372036854775808 0
		SMEMBERS s
		OBJECT ENCODING s
		SISMEMBER s 05
		SISMEMBER s +5
		SISMEMBER s 5
		SREM s 5 05
		SMEMBERS s
		SADD s 05
		OBJECT ENCODING s
		SISMEMBER s 3
		SREM s 05
		OBJECT ENCODING s
		SADD one 9223372036854775808
		OBJECT ENCODING one
		SADD long 1
		SADD long (a*64)
		OBJECT ENCODING long
		SADD long (a*65)
		OBJECT ENCODING long
		SADD plain (a*65)
		OBJECT ENCODING plain`},
	{"wrong arguments", `
		SADD s
		SADD
		SREM s
		SISMEMBER s
		SISMEMBER s a b
		SMISMEMBER s
		SCARD
		SMEMBERS s x
		SMOVE a b
		SPOP
		SPOP s 1 2
		SPOP s x
		SPOP s -1
		SPOP s 1.5
		SPOP s x 2
		SRANDMEMBER
		SRANDMEMBER s 1 2
		SRANDMEMBER s x 2
		SRANDMEMBER s x
		SRANDMEMBER s -9223372036854775808
		SINTER
		SINTERSTORE d
		SUNION
		SUNIONSTORE d
		SDIFF
		SDIFFSTORE d
		SINTERCARD
		SINTERCARD 1`},
	{"a key of another type", `
		LPUSH l a
		SADD l a
		SREM l a
		SISMEMBER l a
		SMISMEMBER l a
		SCARD l
		SMEMBERS l
		SPOP l
		SPOP l 0
		SPOP l 1
		SPOP l x
		SPOP l 1 2
		SRANDMEMBER l
		SRANDMEMBER l 0
		SRANDMEMBER l 1
		SRANDMEMBER l x
		SSCAN l 0
		SSCAN l x
		SSCAN l 0 foo
		SADD s a
		GET s
		HSET s f v
		LPUSH s a
		SMOVE l s a
		SMOVE s l a
		SMOVE s l nosuch
		SMOVE none l a
		SMOVE none none a
		SMOVE l none a
		SINTER s l
		SINTER none l
		SINTER l none
		SUNION s l
		SUNION none l
		SDIFF s l
		SDIFF none l
		SDIFF l none
		SINTERSTORE d s l
		SINTERSTORE d none l
		SINTERSTORE l s
		TYPE l
		LPUSH m a
		SUNIONSTORE m none
		EXISTS m
		LPUSH m a
		SDIFFSTORE d m s
		SUNIONSTORE d s m
		SINTERCARD 2 s m
		SINTERCARD 2 none m
		SINTERCARD 2 s m LIMIT x
		EXISTS d
		SMEMBERS s`},
	{"SMOVE", `
		SADD a x y
		SMOVE a b x
		SMEMBERS b
		SMOVE a b nosuch
		SMOVE none b x
		SMOVE b a x
		EXISTS b
		SMOVE a a x
		SMOVE a a nosuch
		SADD c x
		SMOVE a c x
		SCARD c
		SMEMBERS a
		EXPIRE c 100
		SMOVE a c y
		TTL c
		EXISTS a`},
	{"SPOP and SRANDMEMBER", `
		SPOP none
		SPOP none 0
		SPOP none 5
		SRANDMEMBER none
		SRANDMEMBER none 0
		SRANDMEMBER none 5
		SRANDMEMBER none -5
		SADD s a
		SRANDMEMBER s
		SRANDMEMBER s 0
		SRANDMEMBER s 1
		SRANDMEMBER s 5
		SRANDMEMBER s -3
		SPOP s 0
		SPOP s
		EXISTS s
		SADD s a b c d e f g h 1 2 3
		SRANDMEMBER s
		SRANDMEMBER s 3
		SRANDMEMBER s 9
		SRANDMEMBER s 11
		SRANDMEMBER s 100
		SRANDMEMBER s -20
		SRANDMEMBER s 9223372036854775807
		SPOP s
		SPOP s 4
		SCARD s
		SPOP s 5
		SMEMBERS s
		SADD s x y z
		SPOP s 100
		EXISTS s
		SADD i 1 2 3 4
		SPOP i 2
		SPOP i
		SMEMBERS i
		SPOP i 9223372036854775807
		SPOP i 9223372036854775808
		SADD t x
		SPOP t 1
		EXISTS t`},
	{"intersections, unions and differences", `
		SADD a 1 2 3 x y
		SADD b 2 3 y z
		SADD c 3 y 9
		SINTER a
		SINTER a b
		SINTER a b c
		SINTER a a
		SINTER a none
		SINTER none
		SUNION a
		SUNION a b c none
		SUNION none
		SUNION a a
		SDIFF a
		SDIFF a b
		SDIFF a b c
		SDIFF a a
		SDIFF a none
		SDIFF none a
		SINTERSTORE d a b
		SMEMBERS d
		SUNIONSTORE d a b c
		SMEMBERS d
		SDIFFSTORE d a c
		SMEMBERS d
		EXPIRE d 100
		SDIFFSTORE d a b
		TTL d
		SINTERSTORE a a b
		SMEMBERS a
		SUNIONSTORE b a b
		SMEMBERS b
		SDIFFSTORE b b a
		SMEMBERS b
		SINTERSTORE b b none
		EXISTS b
		SET s v
		SUNIONSTORE s a c
		TYPE s
		SET s v
		SUNIONSTORE s none
		EXISTS s
		SADD i 1 2 3
		SADD j 2 3 4
		SINTERSTORE k i j
		OBJECT ENCODING k
		SMEMBERS k
		SUNIONSTORE k i j
		OBJECT ENCODING k
		SMEMBERS k
		SUNIONSTORE k i j c
		OBJECT ENCODING k
		SINTERSTORE k c i
		OBJECT ENCODING k`},
	{"SINTERCARD", `
		SADD a 1 2 3 x y
		SADD b 2 3 y z
		SINTERCARD 1 a
		SINTERCARD 2 a b
		SINTERCARD 2 a none
		SINTERCARD 1 none
		SINTERCARD 2 a b LIMIT 0
		SINTERCARD 2 a b LIMIT 2
		SINTERCARD 2 a b limit 9
		SINTERCARD 2 a b LIMIT 1 LIMIT 2
		SINTERCARD 2 a b LIMIT -1
		SINTERCARD 2 a b LIMIT x
		SINTERCARD 2 a b LIMIT
		SINTERCARD 2 a b foo
		SINTERCARD 2 a b foo 1
		SINTERCARD 0 a
		SINTERCARD -1 a
		SINTERCARD x a
		SINTERCARD 3 a b
		SINTERCARD 2 a LIMIT 1
		SINTERCARD 1 a b
		COMMAND GETKEYS SINTERCARD 2 a b
		COMMAND GETKEYS SINTERCARD 2 a b LIMIT 1
		COMMAND GETKEYS SINTERCARD 3 a b
		COMMAND GETKEYS SINTERCARD 0 a b
		COMMAND GETKEYS SINTERCARD x a b
		COMMAND GETKEYSANDFLAGS SINTERCARD 2 a b
		COMMAND GETKEYSANDFLAGS SINTERSTORE a b c
		COMMAND GETKEYS OBJECT ENCODING k
		COMMAND GETKEYS MEMORY USAGE k`},
	{"SSCAN", `
		SSCAN none 0
		SSCAN none x
		SSCAN none 0 foo
		SSCAN s
		SADD s a b ab ""
		SADD i 3 1 2
		SSCAN i 0
		SSCAN i 0 COUNT 1
		SSCAN i 7
		SSCAN i 0 MATCH 1*
		SSCAN s 0 COUNT 100
		SSCAN s 0 COUNT 100 MATCH a*
		SSCAN s 0 COUNT 0
		SSCAN s 0 COUNT x
		SSCAN s 0 MATCH
		SSCAN s 0 TYPE set
		SSCAN s 0 foo
		SSCAN s abc`},
}

func TestSetsGrowAsInRedis(t *testing.T) {
	var lines strings.Builder
	members := func(key, format string, from, to int) {
		lines.WriteString("SADD " + key)
		for i := from; i < to; i++ {
			fmt.Fprintf(&lines, " "+format, i)
		}
		fmt.Fprintf(&lines, "\nSCARD %[1]s\nOBJECT ENCODING %[1]s\nSMEMBERS %[1]s\n", key)
	}
	for _, edge := range []int{100, 127, 128, 129, 511, 512, 513, 600} {
		members("ints", "%d", edge-90, edge+1)
		members("texts", "m%d", edge-90, edge+1)
		members("mixed", "%d", edge-90, edge)
		members("mixed", "m%d", edge-90, edge-88)
		lines.WriteString("SINTER ints mixed\nSUNION ints texts\nSDIFF texts mixed\nSUNIONSTORE u ints texts\nSINTERSTORE i ints mixed\n" +
			"OBJECT ENCODING i\nSCARD u\nSINTERCARD 2 ints mixed LIMIT 20\n")
	}
	lines.WriteString("SRANDMEMBER texts 100\nSRANDMEMBER texts 500\nSRANDMEMBER ints -100\nSPOP texts 20\nSPOP ints 300\n" +
		"SSCAN texts 0 COUNT 1000\nSSCAN ints 0 COUNT 1000\n")
	compareStories(t, []story{{"members come", lines.String()}})
}

var setCalls = []generatedCall{
	{"SADD", func(g *generator) []string { return append([]string{g.key()}, g.members()...) }},
	{"SADD", func(g *generator) []string { return append([]string{g.key()}, g.members()...) }},
	{"SADD", func(g *generator) []string { return append([]string{g.key()}, g.members()...) }},
	{"SREM", func(g *generator) []string { return append([]string{g.key()}, g.many(g.member)...) }},
	{"SISMEMBER", func(g *generator) []string { return []string{g.key(), g.member()} }},
	{"SMISMEMBER", func(g *generator) []string { return []string{g.key(), g.member(), g.member()} }},
	{"SCARD", func(g *generator) []string { return []string{g.key()} }},
	{"SMEMBERS", func(g *generator) []string { return []string{g.key()} }},
	{"SRANDMEMBER", func(g *generator) []string { return append([]string{g.key()}, g.options([]string{g.count()})...) }},
	{"SPOP", func(g *generator) []string { return append([]string{g.key()}, g.options([]string{g.count()})...) }},
	{"SMOVE", func(g *generator) []string { return []string{g.key(), g.key(), g.member()} }},
	{"SINTER", func(g *generator) []string { return g.keys() }},
	{"SUNION", func(g *generator) []string { return g.keys() }},
	{"SDIFF", func(g *generator) []string { return g.keys() }},
	{"SINTERSTORE", func(g *generator) []string { return append([]string{g.key()}, g.keys()...) }},
	{"SUNIONSTORE", func(g *generator) []string { return append([]string{g.key()}, g.keys()...) }},
	{"SDIFFSTORE", func(g *generator) []string { return append([]string{g.key()}, g.keys()...) }},
	{"SINTERCARD", func(g *generator) []string {
		keys := g.keys()
		n := len(keys) + g.IntN(9)/7 - g.IntN(9)/7
		return append(append([]string{fmt.Sprint(n)}, keys...), g.options([]string{"LIMIT", g.count()})...)
	}},
	{"SSCAN", func(g *generator) []string {
		return append([]string{g.key(), "0", "COUNT", "100000"}, g.options([]string{"MATCH", g.pick("*", "1*", "a", "")})...)
	}},
}

// member is often an integer.
func (g *generator) member() string {
	switch g.IntN(12) {
	case 0:
		return g.fieldValue()
	case 1, 2:
		return fmt.Sprint("m", g.IntN(20))
	}
	return fmt.Sprint(g.IntN(40) - 10)
}

// members are a few, or so many that a set outgrows what is compact.
func (g *generator) members() []string {
	if g.IntN(20) > 0 {
		return g.many(g.member)
	}
	args, format, from := []string(nil), g.pick("%d", "m%d"), g.IntN(400)
	for i := range 100 + g.IntN(160) {
		args = append(args, fmt.Sprintf(format, from+i))
	}
	return args
}

func TestRandomCallsOnSets(t *testing.T) {
	compareRandom(t, 4000, setCalls, setCalls, setCalls, mixedCalls)
}

func TestRandomCallsOnHashesAndSets(t *testing.T) {
	compareRandom(t, 2000, setCalls, hashCalls, mixedCalls)
}
