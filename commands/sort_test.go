package commands

import (
	"math"
	"strings"
	"testing"
)

var sortStories = []story{
	{"numbers are sorted as numbers", `
		RPUSH l 3 -1 10 2.5 0x10 1e2 " 7" "" -inf +inf 007
		SORT l
		SORT l DESC
		SORT l ASC
		SORT l DESC ASC
		SORT_RO l desc
		SORT l ALPHA
		SORT l ALPHA DESC
		LRANGE l 0 -1
		SORT none
		SORT_RO none`},
	{"what is no number is refused, unless it is not looked at", `
		RPUSH l 3 abc 1
		SORT l
		SORT l LIMIT 0 1
		SORT l LIMIT 0 0
		SORT l ALPHA
		SORT l BY nosort
		SORT l STORE d
		EXISTS d
		DEL l
		RPUSH l 1 nan
		SORT l
		DEL l
		RPUSH l 1 "1 "
		SORT l
		DEL l
		RPUSH l 1 "   "
		SORT l
		DEL l
		RPUSH l 3 1\x00x "2\x00x"
		SORT l
		DEL l
		RPUSH l 1 0x
		SORT l
		DEL l
		RPUSH l 1 1_0
		SORT l
		DEL l
		RPUSH l 0x1p3 0X.8 .5 5. +2 -.25e1
		SORT l
		DEL l
		RPUSH l 1 0b1
		SORT l
		DEL l
		RPUSH l 1 --1
		SORT l`},
	{"equal numbers are in the order of their bytes", `
		RPUSH l 1 1.0 01 1e0 +1 2 1
		SORT l
		SORT l DESC
		SORT l STORE d
		LRANGE d 0 -1`},
	{"texts end before a zero byte, unless they are stored", `
		RPUSH l "b\x00z" "b\x00a" a "b\x00m" B "" "\xff" "\x80"
		SORT l ALPHA
		SORT l ALPHA DESC
		SORT l ALPHA STORE d
		LRANGE d 0 -1
		SORT l ALPHA DESC STORE d
		LRANGE d 0 -1`},
	{"LIMIT", `
		RPUSH l 5 3 1 4 2
		SORT l LIMIT 1 2
		SORT l LIMIT 0 -1
		SORT l LIMIT -5 2
		SORT l LIMIT 3 100
		SORT l LIMIT 5 1
		SORT l LIMIT 100 1
		SORT l LIMIT 1 0
		SORT l LIMIT 9223372036854775807 9223372036854775807
		SORT l LIMIT -9223372036854775808 -9223372036854775808
		SORT l LIMIT 1 9223372036854775807 DESC
		SORT l BY nosort LIMIT 1 2
		SORT l BY nosort DESC LIMIT 1 2
		SORT l BY nosort DESC
		SORT l BY nosort LIMIT 1 0
		SORT l BY nosort LIMIT 9 9
		SORT l LIMIT 1
		SORT l LIMIT x 1
		SORT l LIMIT 1 x
		SORT l LIMIT 0 1 LIMIT 1 1`},
	{"BY other keys", `
		RPUSH l a b c d
		MSET w_a 3 w_b 1 w_c 2 x_a zz x_b "" x_c yy
		SORT l BY w_*
		SORT l BY w_* DESC
		SORT l BY w_* LIMIT 1 2
		SORT l ALPHA BY x_*
		SORT l ALPHA BY x_* DESC
		SORT l BY x_*
		SORT l BY nosort
		SORT l BY nosuch* ALPHA
		SORT l BY nosuch*
		SORT l BY nosort BY w_*
		SORT l BY w_* BY nosort
		SORT l BY "w_\x00*"
		SORT l BY ""
		SORT l BY *
		SORT l ALPHA BY *
		SORT l BY #
		RPUSH w_d x
		SORT l BY w_*
		SORT l BY w_* STORE d
		LRANGE d 0 -1`},
	{"GET other keys", `
		RPUSH l 2 1 3
		MSET v_1 one v_3 three v_1_x x1
		SORT l GET v_*
		SORT l GET v_* GET # GET v_*_x
		SORT l GET nosuch
		SORT l GET #
		SORT l GET #*
		SORT l GET ""
		SORT l GET "#\x00x"
		SORT l GET "v_*\x00x"
		SORT l GET v_** GET l*
		SORT l BY nosort GET v_* LIMIT 1 1 DESC
		SORT_RO l GET v_* GET #
		RPUSH v_2 list
		SORT l GET v_*
		SORT l GET v_* STORE d
		LRANGE d 0 -1
		SORT l GET v_* GET # LIMIT 0 2 STORE d
		LRANGE d 0 -1`},
	{"STORE replaces what is there", `
		RPUSH l 2 1 3
		SET d v EX 1000
		SORT l STORE d
		LRANGE d 0 -1
		TTL d
		SORT l DESC STORE l
		LRANGE l 0 -1
		SORT none STORE d
		EXISTS d
		SET d v
		SORT l LIMIT 5 1 STORE d
		EXISTS d
		SORT l STORE d STORE e
		EXISTS d
		LRANGE e 0 -1
		EXPIRE l 1000
		SORT l STORE l
		TTL l
		SORT_RO l STORE d`},
	{"fields of hashes", `
		RPUSH l 1 2 3
		HSET h_1 w 30 t one
		HSET h_2 w 10 t two ->x arrow
		SET h_3 v
		SORT l BY h_*->w
		SORT l BY h_*->w DESC GET # GET h_*->t GET h_*->nosuch
		SORT l BY nosort GET h_*->->x
		SORT l GET h_*->
		SORT l GET h_*
		SORT l GET "h_*->t\x00"
		SORT l GET nosuch->t
		SORT l GET ->*
		SET h_2-> odd
		SORT l GET h_*->
		SORT l GET h_*->t STORE d
		LRANGE d 0 -1
		SORT h_1`},
	{"sets", `
		SADD s 3 1 2 10
		SORT s
		SORT s DESC LIMIT 1 2
		SORT s ALPHA
		SORT s BY nosort
		SORT s BY nosort DESC
		SORT s BY nosort LIMIT 1 2
		SORT s BY nosort STORE d
		LRANGE d 0 -1
		SADD t b c a
		SORT t
		SORT t ALPHA DESC
		SORT t BY nosort STORE d
		LRANGE d 0 -1
		SORT t BY nosort DESC STORE d
		LRANGE d 0 -1
		SORT t BY nosort DESC LIMIT 0 2 GET # GET w_* STORE d
		LRANGE d 0 -1`},
	{"sorted sets, whose own order is that of the scores", `
		ZADD z 5 1 3 2 4 10 3 07
		SORT z
		SORT z DESC
		SORT z ALPHA LIMIT 0 3
		SORT z BY nosort
		SORT z BY nosort DESC
		SORT z BY nosort LIMIT 1 2
		SORT z BY nosort DESC LIMIT 1 2
		SORT z BY nosort DESC LIMIT 3 9
		SORT z BY nosort LIMIT 4 1
		SORT z BY nosort DESC GET # STORE d
		LRANGE d 0 -1
		ZADD z 1 x
		SORT z
		SORT z BY nosort STORE z
		LRANGE z 0 -1`},
	{"options that are wrong", `
		RPUSH l 1 2
		SORT l FOO
		SORT l BY
		SORT l GET
		SORT l STORE
		SORT l LIMIT
		SORT l LIMIT 1 x FOO
		SORT l FOO LIMIT 1 x
		SORT l ""
		SET s v
		SORT s
		SORT s FOO
		SORT s BY nosort
		SORT_RO s
		SORT
		SORT_RO`},
	{"keys of SORT", `
		COMMAND GETKEYS SORT l
		COMMAND GETKEYS SORT l STORE d
		COMMAND GETKEYS SORT l STORE d STORE e
		COMMAND GETKEYS SORT l STORE
		COMMAND GETKEYS SORT l GET STORE x
		COMMAND GETKEYS SORT l BY STORE STORE x
		COMMAND GETKEYS SORT l LIMIT STORE x STORE d
		COMMAND GETKEYS SORT_RO l BY x* STORE d
		COMMAND GETKEYSANDFLAGS SORT l BY x* STORE d`},
}

func TestSortAnswersAsRedis(t *testing.T) { compareStories(t, sortStories) }

// sortCalls sort what listCalls make. Numbers that overflow are left out: when Redis has met one, it refuses
// others too, until something resets errno.
var sortCalls = []generatedCall{
	{"RPUSH", func(g *generator) []string {
		list := []string{g.listKey()}
		for range g.IntN(12) {
			list = append(list, g.pick("1", "2", "3.5", "-1", "0x10", "10", "1e3", "inf", "", "01", "9223372036854775807", "2", "5", "a", "b"))
		}
		return list
	}},
	{"MSET", func(g *generator) []string {
		return []string{"w_" + g.pick("1", "2", "a"), g.pick("5", "4.5", "-2", "", "x"), "w_b", "7"}
	}},
	{"DEL", func(g *generator) []string { return []string{g.pick("w_1", "w_2", "w_3", "w_a"), g.listKey()} }},
	{"SORT", func(g *generator) []string { return g.sorting(true) }},
	{"SORT", func(g *generator) []string { return g.sorting(true) }},
	{"SORT_RO", func(g *generator) []string { return g.sorting(false) }},
	{"LRANGE", func(g *generator) []string { return []string{g.listKey(), "0", "-1"} }},
	{"ZADD", func(g *generator) []string {
		return []string{g.pick("a", "b"), g.pick("1", "2", "inf"), g.pick("1", "2", "3", "10"), "3", g.pick("a", "5")}
	}},
	{"HSET", func(g *generator) []string { return []string{"w_" + g.pick("3", "2", "c"), "f", g.pick("8", "1", "x")} }},
}

// sorting are arguments of SORT. With BY and ALPHA weights can be equal, and then the order of a sorted set
// is any; with LIMIT as well Redis uses a sort that shuffles even lists.
func (g *generator) sorting(store bool) []string {
	args := append([]string{g.listKey()}, g.options([]string{"ASC"}, []string{"DESC"}, []string{"BY", g.pick("w_*", "nosort", "*", "w_*->f")},
		[]string{"GET", g.pick("w_*", "#", "w_*_x", "nosuch")}, []string{"GET", g.pick("w_*", "#", "w_*->f")})...)
	switch by := strings.Contains(strings.Join(args, " "), " BY "); {
	case g.IntN(2) == 0:
		args = append(args, "ALPHA")
		if by {
			args[0] = g.pick("c", "d")
			break
		}
		fallthrough
	default:
		args = append(args, g.options([]string{"LIMIT", g.number(), g.number()})...)
	}
	if store && g.IntN(4) == 0 {
		args = append(args, "STORE", g.listKey())
	}
	return args
}

func TestRandomSortsAreAnsweredAsByRedis(t *testing.T) { compareRandom(t, 3000, sortCalls) }

func TestSortReadsNumbersAsStrtod(t *testing.T) {
	inf := math.Inf(1)
	for text, want := range map[string]float64{
		"": 0, "0": 0, "-0": 0, "1.5": 1.5, " \t1": 1, "+1": 1, "1e2": 100, "0x1p4": 16, "0xff": 255, "-0X1.8": -1.5, "inf": inf, "-Infinity": -inf,
		"+INF": inf, "1\x00junk": 1, "\x00": 0, "1e308": 1e308, "0e999": 0, "0x0p-99999": 0, "2.2250738585072014e-308": 0x1p-1022,
	} {
		if got, ok := sortScore([]byte(text)); !ok || got != want {
			t.Errorf("%q is %v, %v", text, got, ok)
		}
	}
	for _, text := range []string{"x", " ", "1 ", "+-1", "--1", "nan", "-nan", "nan(1)", "1e", "e1", ".", "0x", "0xp1", "1_0", "0x_1", "0b1", "0o7", "infinit", "1e400", "-1e400", "1e-400", "1e-320", "0x1p9999"} {
		if got, ok := sortScore([]byte(text)); ok {
			t.Errorf("%q is a number: %v", text, got)
		}
	}
}

func TestSortHasEveryKeyOnlyWhenItFollowsPatterns(t *testing.T) {
	r := newRig(t)
	for line, want := range map[string]bool{
		"SORT l": false, "SORT l BY nosort": false, "SORT l BY w_*": true, "SORT_RO l GET # GET v_*->f": true, "SORT l GET #": false,
		"SORT l LIMIT 0 10 ALPHA DESC STORE d": false, "SORT l STORE *": false,
	} {
		args := words(line)
		row, err := r.server.table.Find(args)
		if err != nil {
			t.Fatal(err)
		}
		r.ctx.Args, r.ctx.Row = args, row
		if got := r.ctx.Access().All; got != want {
			t.Errorf("%s has every key: %v", line, got)
		}
	}
}
