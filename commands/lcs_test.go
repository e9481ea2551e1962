package commands

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"switchyard/integration/redistest"
)

func TestLCSIsThatOfRedis(t *testing.T) { compareStories(t, lcsStories) }

var lcsStories = []story{
	{"LCS finds what two strings have in common", `
		LCS
		LCS a
		LCS a b
		LCS a b LEN
		LCS a b IDX
		MSET a ohmytext b mynewtext
		LCS a b
		LCS b a
		LCS a a
		LCS a none
		LCS a b LEN
		LCS a b IDX
		LCS b a IDX
		LCS a b IDX WITHMATCHLEN
		LCS a b IDX MINMATCHLEN 4
		LCS a b IDX MINMATCHLEN 4 WITHMATCHLEN
		LCS a b idx minmatchlen 3 withmatchlen
		LCS a b IDX MINMATCHLEN 0
		LCS a b IDX MINMATCHLEN -5
		LCS a b IDX MINMATCHLEN 100
		LCS a b IDX MINMATCHLEN 9223372036854775807
		LCS a b MINMATCHLEN 100
		LCS a b WITHMATCHLEN
		LCS a b LEN WITHMATCHLEN MINMATCHLEN 3
		MSET a abc b xyz
		LCS a b
		LCS a b IDX WITHMATCHLEN
		MSET a "\x00\xff\x00" b "\xff\x00\x00"
		LCS a b
		LCS a b IDX WITHMATCHLEN
		MSET a 12345 b 1357
		LCS a b
		MSET a "" b ""
		LCS a b
		LCS a b IDX
		COMMAND GETKEYS LCS a b`},
	{"LCS refuses", `
		LCS a b foo
		LCS a b LEN IDX
		LCS a b IDX LEN foo
		LCS a b MINMATCHLEN
		LCS a b IDX MINMATCHLEN x
		LCS a b IDX MINMATCHLEN x foo
		LCS a b LEN IDX MINMATCHLEN x
		LCS a b LEN LEN
		LCS a b ""
		LPUSH l x
		LCS l a
		LCS a l
		LCS l l foo
		LCS l a LEN IDX`},
}

func TestLCSOfRandomStringsIsThatOfRedis(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Log("seed", seed)
	g := newGenerator(seed)
	p := newPair(t, redistest.Start(t).Addr, "2")
	text := func() string {
		b := make([]byte, g.IntN(60))
		for i := range b {
			b[i] = "abcd"[g.IntN(2+g.IntN(3))]
		}
		return string(b)
	}
	for range 500 {
		p.compare("MSET", "a", text(), "b", text())
		p.compare("LCS", "a", "b")
		p.compare("LCS", "a", "b", "LEN")
		p.compare("LCS", "a", "b", "IDX", "WITHMATCHLEN", "MINMATCHLEN", fmt.Sprint(g.IntN(6)))
	}
}

// TestLCSHasABound: the table would exceed the longest string, and one byte less would not.
func TestLCSHasABound(t *testing.T) {
	redis := redistest.Start(t, "--proto-max-bulk-len", "1mb")
	p := newPair(t, redis.Addr, "2")
	p.server.maxString = 1 << 20
	p.compare("MSET", "a", strings.Repeat("a", 511), "b", strings.Repeat("ab", 255)+"a", "c", strings.Repeat("c", 512))
	for _, line := range []string{"LCS a b", "LCS a b LEN", "LCS a c", "LCS a c LEN", "LCS c c IDX", "LCS c c LEN IDX"} {
		p.compare(strings.Fields(line)...)
	}
}
