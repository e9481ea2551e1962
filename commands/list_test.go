package commands

import (
	"fmt"
	"strconv"
	"strings"
	"testing"

	"switchyard/integration/redistest"
)

var listStories = []story{
	{"pushes come one after the other, from either end", `
		LPUSH l a b c
		RPUSH l d e
		LRANGE l 0 -1
		LPUSH l "" "\x00\r\n" 12345678901 -7 007
		LRANGE l 0 -1
		LLEN l
		TYPE l
		LPUSH l
		RPUSH l
		SET s v
		LPUSH s a
		RPUSH s a b
		GET s`},
	{"pushes that need a list make none", `
		LPUSHX l a b
		RPUSHX l a
		EXISTS l
		RPUSH l x
		LPUSHX l a b
		RPUSHX l c d
		LRANGE l 0 -1
		SET s v
		LPUSHX s a
		RPUSHX s a
		LPUSHX l
		RPUSHX l`},
	{"an element is popped from either end, and the list is gone with the last one", `
		RPUSH l a b c d
		LPOP l
		RPOP l
		LRANGE l 0 -1
		RPOP l
		LPOP l
		EXISTS l
		LPOP l
		RPOP l
		SET s v
		LPOP s
		RPOP s
		LPOP
		LPOP l 1 2
		RPOP l 1 2
		LPOP s 1 2`},
	{"pops with a count", `
		RPUSH l a b c d e f g 8 9 10
		LPOP l 3
		RPOP l 3
		LPOP l 0
		RPOP l 0
		LPOP l 1
		RPOP l 9223372036854775807
		EXISTS l
		LPOP l 0
		LPOP l 1
		RPOP l 2
		LPOP l -1
		LPOP l x
		LPOP l ""
		LPOP l 9223372036854775808
		SET s v
		LPOP s 0
		LPOP s -1
		RPOP s 1`},
	{"elements by their index", `
		RPUSH l a b c
		LINDEX l 0
		LINDEX l 2
		LINDEX l 3
		LINDEX l -1
		LINDEX l -3
		LINDEX l -4
		LINDEX l 9223372036854775807
		LINDEX l -9223372036854775808
		LINDEX l x
		LINDEX l 1.0
		LINDEX none x
		SET s v
		LINDEX s x
		LSET l 0 A
		LSET l -1 C
		LSET l 1 (x*9000)
		LSET l 3 d
		LSET l -4 d
		LSET l x d
		LSET none x d
		LSET s 0 d
		LRANGE l 0 -1
		LSET l 1 b
		LRANGE l 0 -1
		LLEN s
		LLEN none
		LLEN`},
	{"ranges reach to the ends, and not beyond", `
		RPUSH l a b c d e
		LRANGE l 0 -1
		LRANGE l 1 3
		LRANGE l -3 -2
		LRANGE l -100 100
		LRANGE l 3 1
		LRANGE l 5 10
		LRANGE l -9223372036854775808 9223372036854775807
		LRANGE l 9223372036854775807 -9223372036854775808
		LRANGE l 0 -6
		LRANGE l 4 4
		LRANGE none 0 -1
		LRANGE none x 1
		LRANGE l 0 x
		LRANGE l 0 1.5
		SET s v
		LRANGE s x 1
		LRANGE s 0 1`},
	{"trimming keeps a range", `
		RPUSH l a b c d e f g h
		LTRIM l 1 -2
		LRANGE l 0 -1
		LTRIM l -100 3
		LRANGE l 0 -1
		LTRIM l 2 100
		LRANGE l 0 -1
		LTRIM l 0 -1
		LRANGE l 0 -1
		LTRIM l 1 0
		EXISTS l
		RPUSH l a b
		LTRIM l 2 5
		EXISTS l
		LTRIM l 0 1
		LTRIM l x 1
		LTRIM l 1 x
		SET s v
		LTRIM s x 1
		LTRIM s 0 1
		GET s`},
	{"insertion before or after the first equal element", `
		RPUSH l a b a 10
		LINSERT l BEFORE a x
		LINSERT l after a y
		LINSERT l AFTER 10 z
		LINSERT l before 10 11
		LRANGE l 0 -1
		LINSERT l BEFORE nosuch v
		LINSERT l AFTER 010 v
		LINSERT none BEFORE a v
		LINSERT l foo a v
		LINSERT none foo a v
		SET s v
		LINSERT s foo a v
		LINSERT s BEFORE a v
		LINSERT l BEFORE a
		LINSERT l AFTER y (big*5000)
		LINSERT l AFTER y (big*5000)
		LRANGE l 0 -1`},
	{"removal of equal elements, from the front, from the back or all", `
		RPUSH l a b a c a d a 5 a
		LREM l 2 a
		LRANGE l 0 -1
		LREM l -2 a
		LRANGE l 0 -1
		LREM l 0 a
		LRANGE l 0 -1
		LREM l 1 05
		LREM l 1 5
		LREM l 0 nosuch
		RPUSH m a a a
		LREM m -9223372036854775808 a
		EXISTS m
		RPUSH m a a a
		LREM m 9223372036854775807 a
		EXISTS m
		LREM none 0 a
		LREM none x a
		SET s v
		LREM s x a
		LREM s 0 a`},
	{"positions of equal elements", `
		RPUSH l a b c 1 2 3 c c
		LPOS l c
		LPOS l c RANK 2
		LPOS l c RANK -1
		LPOS l c RANK 4
		LPOS l c RANK -4
		LPOS l c COUNT 2
		LPOS l c COUNT 0
		LPOS l c COUNT 0 RANK 2
		LPOS l c COUNT 0 RANK -2
		LPOS l c COUNT 1 RANK -1
		LPOS l c COUNT 9 MAXLEN 3
		LPOS l c MAXLEN 2
		LPOS l c MAXLEN 0
		LPOS l c MAXLEN 1 RANK -1
		LPOS l c MAXLEN 2 RANK -3
		LPOS l c rank 1 rank 2 count 0 count 1
		LPOS l 1
		LPOS l 01
		LPOS l nosuch
		LPOS l nosuch COUNT 0
		LPOS none c
		LPOS none c COUNT 1
		LPOS l c RANK 9223372036854775807
		LPOS l c RANK -9223372036854775807
		LPOS l c RANK -9223372036854775808
		LPOS l c RANK 0
		LPOS l c RANK x
		LPOS l c COUNT -1
		LPOS l c COUNT x
		LPOS l c MAXLEN -1
		LPOS l c MAXLEN x
		LPOS l c RANK
		LPOS l c COUNT 1 MAXLEN
		LPOS l c FOO 1
		LPOS none c FOO 1
		SET s v
		LPOS s c RANK 0
		LPOS s c`},
	{"elements move between lists", `
		RPUSH a 1 2 3 4
		LMOVE a b LEFT RIGHT
		LMOVE a b RIGHT LEFT
		LMOVE a b left left
		LMOVE a b RIGHT right
		EXISTS a
		LRANGE b 0 -1
		LMOVE a b LEFT LEFT
		LMOVE none none2 LEFT LEFT
		LMOVE b c foo LEFT
		LMOVE b c LEFT foo
		LMOVE none c LEFT foo
		RPOPLPUSH b c
		RPOPLPUSH b b
		RPOPLPUSH none b
		LRANGE b 0 -1
		LRANGE c 0 -1
		SET s v
		LMOVE s b LEFT LEFT
		LMOVE b s LEFT LEFT
		LMOVE none s LEFT LEFT
		RPOPLPUSH s b
		RPOPLPUSH b s
		RPOPLPUSH none s
		LRANGE b 0 -1
		GET s`},
	{"a list that moves into itself turns, and keeps its expiry", `
		RPUSH l a b c
		LMOVE l l LEFT RIGHT
		LRANGE l 0 -1
		LMOVE l l RIGHT LEFT
		LRANGE l 0 -1
		LMOVE l l LEFT LEFT
		LMOVE l l RIGHT RIGHT
		LRANGE l 0 -1
		LTRIM l 1 1
		EXPIRE l 1000
		LMOVE l l LEFT RIGHT
		RPOPLPUSH l l
		TTL l
		LRANGE l 0 -1
		LMOVE l m LEFT RIGHT
		TTL m
		EXISTS l`},
	{"elements of the first list that has any", `
		RPUSH b 1 2 3
		RPUSH c x y z
		LMPOP 3 a b c LEFT
		LMPOP 3 a b c right COUNT 5
		LMPOP 3 a b c RIGHT COUNT 2
		LMPOP 1 c LEFT count 9223372036854775807
		LMPOP 3 a b c RIGHT
		EXISTS a b c
		LMPOP 0 a LEFT
		LMPOP -1 a LEFT
		LMPOP x a LEFT
		LMPOP 2 a LEFT
		LMPOP 3 a LEFT
		LMPOP 9223372036854775807 a LEFT
		LMPOP 1 a b LEFT
		LMPOP 1 a foo
		LMPOP 1 a LEFT COUNT
		LMPOP 1 a LEFT COUNT 0
		LMPOP 1 a LEFT COUNT -1
		LMPOP 1 a LEFT COUNT x
		LMPOP 1 a LEFT COUNT 1 COUNT 1
		LMPOP 1 a LEFT COUNT x COUNT 1
		LMPOP 1 a LEFT foo 1
		LMPOP 1 a
		RPUSH b 1
		SET s v
		LMPOP 2 s b LEFT
		LMPOP 2 b s LEFT
		LMPOP 2 b s LEFT
		LMPOP 1 LEFT LEFT`},
	{"lists are keys like others", `
		RPUSH l a b
		EXPIRE l 1000
		RPUSH l c
		TTL l
		RENAME l m
		TTL m
		COPY m n
		RPUSH n d
		LRANGE m 0 -1
		LRANGE n 0 -1
		MOVE n 1
		LLEN n
		SELECT 1
		LRANGE n 0 -1
		GET n
		APPEND n x
		SET n v
		LPUSH n x
		DEL n
		LPUSH n x
		SETEX n 100 v
		GET n`},
	{"keys of list commands", `
		COMMAND GETKEYS LMPOP 2 a b LEFT
		COMMAND GETKEYS LMPOP 1 a LEFT COUNT 2
		COMMAND GETKEYS LMOVE a b LEFT RIGHT
		COMMAND GETKEYSANDFLAGS RPOPLPUSH a b
		COMMAND GETKEYSANDFLAGS LMPOP 2 a b LEFT`},
}

func TestListsAnswerAsRedis(t *testing.T) { compareStories(t, listStories) }

// TestLongListsAnswerAsRedis builds lists of many nodes, with elements that have one to themselves.
func TestLongListsAnswerAsRedis(t *testing.T) {
	redis := redistest.Start(t)
	p := newPair(t, redis.Addr, "2")
	push := []string{"RPUSH", "l"}
	for i := range 3000 {
		push = append(push, fmt.Sprint("element ", i%500))
	}
	for _, call := range [][]string{
		push, push, {"LRANGE", "l", "0", "-1"}, {"LRANGE", "l", "2990", "3010"}, {"LINDEX", "l", "-2500"},
		{"LINSERT", "l", "BEFORE", "element 250", strings.Repeat("x", 10_000)}, {"LINSERT", "l", "AFTER", "element 251", "y"},
		{"LSET", "l", "1000", strings.Repeat("z", 10_000)}, {"LSET", "l", "-1000", strings.Repeat("z", 300)},
		{"LPOS", "l", "element 77", "COUNT", "0"}, {"LPOS", "l", "element 77", "COUNT", "0", "RANK", "-3"},
		{"LREM", "l", "-3", "element 100"}, {"LREM", "l", "0", "element 101"}, {"LREM", "l", "4", "element 102"},
		{"LPOP", "l", "1500"}, {"RPOP", "l", "1500"}, {"LRANGE", "l", "0", "-1"}, {"COPY", "l", "m"},
		{"LTRIM", "l", "500", "-1000"}, {"LRANGE", "l", "0", "-1"}, {"LTRIM", "m", "2", "5"}, {"LRANGE", "m", "0", "-1"}, {"LLEN", "l"},
	} {
		p.compare(call...)
	}
}

// element is often one that lists have already, and sometimes too big for company.
func (g *generator) element() string {
	switch g.IntN(16) {
	case 0:
		return g.value()
	case 1:
		return strings.Repeat(g.pick("x", "y"), g.pickInt(62, 63, 64, 65, 4094, 4095, 4096, 8170, 8180, 8190, 9000))
	case 2:
		return g.pick("127", "128", "-4096", "4095", "4096", "32767", "-32769", "8388607", "-8388609", "2147483648", "9223372036854775807", "-9223372036854775808")
	case 3:
		return strings.Repeat("long", 50+g.IntN(3))
	default:
		return g.pick("a", "b", "c", "1", "2", "-1", "01", "")
	}
}

func (g *generator) pickInt(numbers ...int) int { return numbers[g.IntN(len(numbers))] }

// elements are a few, and rarely many.
func (g *generator) elements() (list []string) {
	n := 1 + g.IntN(4)
	if g.IntN(10) == 0 {
		n = 1 + g.IntN(200)
	}
	for range n {
		list = append(list, g.element())
	}
	return list
}

func (g *generator) listKey() string { return g.pick("a", "b", "c", "d") }

// index is a number, or one that may be in the middle of a long list.
func (g *generator) index() string {
	if g.IntN(2) == 0 {
		return g.number()
	}
	return strconv.Itoa(g.IntN(1200) - 600)
}

func (g *generator) end() string { return g.option("LEFT", "RIGHT") }

func onKey(args func(g *generator) []string) func(g *generator) []string {
	return func(g *generator) []string { return append([]string{g.listKey()}, args(g)...) }
}

// listCalls are the commands about lists, with arguments for them.
var listCalls = []generatedCall{
	{"LPUSH", onKey((*generator).elements)}, {"RPUSH", onKey((*generator).elements)}, {"LPUSH", onKey((*generator).elements)},
	{"RPUSH", onKey((*generator).elements)}, {"LPUSHX", onKey((*generator).elements)}, {"RPUSHX", onKey((*generator).elements)},
	{"LPOP", onKey(func(g *generator) []string { return nil })},
	{"LPOP", onKey(func(g *generator) []string { return []string{g.number()} })},
	{"RPOP", onKey(func(g *generator) []string { return nil })},
	{"RPOP", onKey(func(g *generator) []string { return []string{g.number()} })},
	{"LLEN", onKey(func(g *generator) []string { return nil })},
	{"LINDEX", onKey(func(g *generator) []string { return []string{g.index()} })},
	{"LSET", onKey(func(g *generator) []string { return []string{g.index(), g.element()} })},
	{"LINSERT", onKey(func(g *generator) []string { return []string{g.option("BEFORE", "AFTER"), g.element(), g.element()} })},
	{"LRANGE", onKey(func(g *generator) []string { return []string{g.index(), g.index()} })},
	{"LRANGE", onKey(func(g *generator) []string { return []string{"0", "-1"} })},
	{"LTRIM", onKey(func(g *generator) []string { return []string{g.number(), g.number()} })},
	{"LTRIM", onKey(func(g *generator) []string {
		return []string{g.pick("0", "1", "2", "-600"), g.pick("-1", "-2", "500", "600")}
	})},
	{"LREM", onKey(func(g *generator) []string { return []string{g.number(), g.element()} })},
	{"LPOS", onKey(func(g *generator) []string {
		return append([]string{g.element()}, g.options([]string{"RANK", g.rank()}, []string{"COUNT", g.number()}, []string{"MAXLEN", g.number()})...)
	})},
	{"LMOVE", func(g *generator) []string { return []string{g.listKey(), g.listKey(), g.end(), g.end()} }},
	{"RPOPLPUSH", func(g *generator) []string { return []string{g.listKey(), g.listKey()} }},
	{"LMPOP", func(g *generator) []string {
		names := g.keys()
		return append(append([]string{g.pick(strconv.Itoa(len(names)), strconv.Itoa(len(names)), g.number())}, names...),
			append([]string{g.end()}, g.options([]string{"COUNT", g.number()})...)...)
	}},
}

// rank is a number, but not the one that 7.0 takes for something else than 7.2.
func (g *generator) rank() string {
	for {
		if n := g.number(); n != "-9223372036854775808" {
			return n
		}
	}
}

// aroundLists are commands that make lists appear and vanish, and put other types in their place.
var aroundLists = []generatedCall{
	{"SET", onKey(func(g *generator) []string { return []string{"v"} })},
	{"DEL", func(g *generator) []string { return []string{g.listKey()} }},
	{"DEL", func(g *generator) []string { return []string{g.listKey()} }},
	{"TYPE", func(g *generator) []string { return []string{g.listKey()} }},
	{"COPY", func(g *generator) []string { return []string{g.listKey(), g.listKey(), "REPLACE"} }},
	{"RENAME", func(g *generator) []string { return []string{g.listKey(), g.listKey()} }},
	{"PERSIST", func(g *generator) []string { return []string{g.listKey()} }},
	{"EXPIREAT", func(g *generator) []string { return []string{g.listKey(), g.instant(false)} }},
	{"EXPIRETIME", func(g *generator) []string { return []string{g.listKey()} }},
}

func TestRandomListCallsAreAnsweredAsByRedis(t *testing.T) {
	compareRandom(t, 4000, listCalls, listCalls, listCalls, aroundLists)
}

func TestListsAllocateNothing(t *testing.T) {
	r := newRig(t)
	r.do("RPUSH", "l", "a", "b", "c")
	for _, lines := range [][]string{{"LPUSH l element", "RPOP l"}, {"RPUSH l 12345", "LPOP l"}, {"LLEN l"}, {"LINDEX l 1"}, {"LMOVE l l LEFT RIGHT"}, {"LSET l 1 x"}} {
		var calls [][][]byte
		for _, line := range lines {
			calls = append(calls, words(line))
		}
		both := func() {
			for _, args := range calls {
				r.run(args)
			}
		}
		both()
		if n := testing.AllocsPerRun(1000, both); n != 0 {
			t.Errorf("%s: %v allocations", strings.Join(lines, " and "), n)
		}
	}
}

func words(line string) (args [][]byte) {
	for _, w := range strings.Fields(line) {
		args = append(args, []byte(w))
	}
	return args
}

func TestLongCallsOnListsAreSeenInTheirArguments(t *testing.T) {
	table := NewTable()
	for line, long := range map[string]bool{
		"LRANGE l 0 99": false, "LRANGE l 0 -1": true, "LRANGE l -100 -1": false, "LRANGE l 0 999": false, "LRANGE l 0 1000": true,
		"LRANGE l -5000 -1": true, "LRANGE l 5 1": false, "LRANGE l x 1": false, "LRANGE l -5 5": true, "LRANGE l -1 -5000": false,
		"LPOP l": false, "LPOP l 1000": false, "RPOP l 1001": true, "LPOP l x": false,
		"LMPOP 1 l LEFT": false, "LMPOP 1 l LEFT COUNT 10": false, "LMPOP 1 l LEFT COUNT 100000": true,
		"LPUSH l a": false, "LTRIM l 0 10": false, "LLEN l": false, "LINDEX l 5": false, "LREM l 0 a": true, "LPOS l a": true, "LINSERT l BEFORE a b": true, "SORT l": true,
	} {
		args := words(line)
		r, err := table.Find(args)
		if err != nil || r.IsLong(args) != long {
			t.Errorf("%s is long: %v, want %v (%v)", line, !long, long, err)
		}
	}
}

func BenchmarkLists(b *testing.B) {
	for _, size := range []int{100, 100_000} {
		r := newRig(b)
		for i := range size {
			r.do("RPUSH", "l", fmt.Sprint("element ", i))
		}
		for _, lines := range [][]string{{"LPUSH l element", "RPOP l"}, {"LRANGE l 0 99"}, {"LINDEX l 50"}, {"LPOS l nosuch"}} {
			b.Run(fmt.Sprintf("%s of %d", strings.Join(lines, " and "), size), func(b *testing.B) {
				b.ReportAllocs()
				var calls [][][]byte
				for _, line := range lines {
					calls = append(calls, words(line))
				}
				for b.Loop() {
					for _, args := range calls {
						r.run(args)
					}
				}
			})
		}
	}
}
