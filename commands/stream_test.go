package commands

import (
	"fmt"
	"strings"
	"testing"
)

func TestStreamsAreThoseOfRedis(t *testing.T) { compareStories(t, streamStories) }

var streamStories = []story{
	{"wrong numbers of arguments are refused", `
		XADD s
		XADD s *
		XADD s * f
		XLEN
		XLEN s t
		XRANGE s
		XRANGE s -
		XREVRANGE s +
		XDEL s
		XTRIM s
		XTRIM s MAXLEN
		XSETID s
		XREAD
		XREAD STREAMS s
		XREADGROUP GROUP g c STREAMS s
		XACK s g
		XPENDING s
		XCLAIM s g c 0
		XAUTOCLAIM s g c 0
		XGROUP
		XGROUP CREATE s g
		XGROUP SETID s g
		XGROUP DESTROY s
		XGROUP DESTROY s g c
		XGROUP CREATECONSUMER s g
		XGROUP CREATECONSUMER s g c d
		XGROUP DELCONSUMER s g
		XGROUP nosuch
		XGROUP nosuch s g
		XINFO
		XINFO nosuch
		XINFO STREAM
		XINFO GROUPS
		XINFO GROUPS s g
		XINFO CONSUMERS s
		XINFO CONSUMERS s g c
		XGROUP HELP
		XGROUP HELP x
		XINFO HELP
		XINFO HELP x`},
	{"XADD and XLEN", `
		XLEN s
		XADD s 1-1 f v
		XADD s 1-1 f v
		XADD s 1-0 f v
		XADD s 0-0 f v
		XADD s 0 f v
		XADD new 0-0 f v
		EXISTS new
		XADD s 1-* f v
		XADD s 1-* f v g w
		XADD s 2 f v
		XADD s 2-* f v
		XADD s 5-* a 1 b 2
		XADD s 6-6 a 1 b
		XADD s 6-6 a 1 b 2 c
		XADD s 7 "" ""
		XADD s 8 7 -9 9223372036854775807 "\x00\xff"
		XLEN s
		TYPE s
		OBJECT ENCODING s
		XRANGE s - +
		XADD z 0-* f v
		XADD z 0-* f v
		XRANGE z - +
		SET str v
		XADD str * f v
		XADD str 0-0 f v
		XLEN str
		XADD now * f v
		XADD now * f v
		XLEN now
		XADD far 9999999999999-5 f v
		XADD far * f v
		XADD far 9999999999999-* f v
		XADD far 18446744073709551615-18446744073709551614 f v
		XADD far * f v
		XADD far * f v
		XADD far 1-1 f v
		XADD far 18446744073709551615-* f v
		XADD top 5-18446744073709551615 f v
		XADD top 5-* f v
		XADD top 5 f v
		XADD top 6-* f v`},
	{"IDs as they may be written", `
		XADD s x f v
		XADD s "" f v
		XADD s - f v
		XADD s + f v
		XADD s 1-x f v
		XADD s 1- f v
		XADD s -1 f v
		XADD s 1-1-1 f v
		XADD s 1--1 f v
		XADD s 1-+2 f v
		XADD s "1- 3" f v
		XADD s "01-04" f v
		XADD s " 1-5" f v
		XADD s "+1-6" f v
		XADD s "1 -7" f v
		XADD s "1-8 " f v
		XADD s "1-9\x00x" f v
		XADD s 1-** f v
		XADD s *-1 f v
		XADD s ** f v
		XADD s "*\x00" f v
		XADD s 18446744073709551616 f v
		XADD s 1-18446744073709551616 f v
		XADD s 1--00 f v
		XADD s (0*127) f v
		XADD s (0*126) f v
		XADD s (0*200) f v
		XRANGE s - +
		XADD t "1--18446744073709551600" f v
		XADD t "1--018446744073709551600" f v
		XRANGE t - +`},
	{"options of XADD", `
		XADD s NOMKSTREAM * f v
		EXISTS s
		XADD s NOMKSTREAM 1 f
		XADD s NOMKSTREAM 0-0 f v
		XADD s 1 f v
		XADD s nomkstream 2 f v
		XADD s MAXLEN 1 3 f v
		XADD s MAXLEN = 1 4 f v
		XADD s MAXLEN ~ 1 5 f v
		XADD s MAXLEN ~ 1 LIMIT 5 6 f v
		XADD s MAXLEN = 1 LIMIT 5 7 f v
		XADD s MAXLEN 1 LIMIT 5 7 f v
		XADD s MAXLEN 1 LIMIT 0 7 f v
		XADD s LIMIT 5 7 f v
		XADD s LIMIT 0 7 f v
		XADD s LIMIT -1 7 f v
		XADD s LIMIT x 7 f v
		XADD s MAXLEN -1 7 f v
		XADD s MAXLEN x 7 f v
		XADD s MAXLEN ~ x 7 f v
		XADD s MAXLEN ~
		XADD s MAXLEN ~ 1
		XADD s MAXLEN ~ 1 f v
		XADD s MAXLEN 7 f v
		XADD s MAXLEN 1 MINID 1 7 f v
		XADD s MINID 1 MAXLEN 1 7 f v
		XADD s MAXLEN 1 MAXLEN 1 7 f v
		XADD s MINID x 7 f v
		XADD s MINID - 7 f v
		XADD s MINID + 7 f v
		XADD s MINID 5-x 7 f v
		XADD s MINID 5-* 7 f v
		XADD s MINID 5 7 f v
		XADD s MINID ~ 7 8 f v
		XADD s MINID ~ 7 LIMIT 0 9 f v
		XADD s NOMKSTREAM MAXLEN = 3 NOMKSTREAM 10 f v
		XADD s MAXLEN = 3 foo 11 f v
		XADD s MAXLEN 0 12 f v
		XLEN s
		XINFO STREAM s
		XADD s LIMIT
		XADD s 13 LIMIT v
		XADD s 14 MAXLEN 5
		XRANGE s - +`},
	{"XRANGE and XREVRANGE", `
		XRANGE s - +
		XREVRANGE s + -
		XADD s 1-1 f v
		XADD s 1-2 f v
		XADD s 2-0 f w g x
		XADD s 3-18446744073709551615 f v
		XADD s 4-0 f v
		XRANGE s - +
		XRANGE s + -
		XREVRANGE s + -
		XREVRANGE s - +
		XRANGE s 1 1
		XRANGE s 1-2 3
		XRANGE s (1-1 (4
		XRANGE s (1 (2
		XRANGE s (3-18446744073709551615 +
		XRANGE s - (4-0
		XRANGE s (- +
		XRANGE s - (+
		XRANGE s ( +
		XRANGE s ((1 +
		XRANGE s (18446744073709551615-18446744073709551615 +
		XRANGE s - (0-0
		XRANGE s - (0
		XRANGE s x +
		XRANGE s - x
		XRANGE s x y
		XRANGE s - 1-*
		XRANGE s "-\x00" +
		XREVRANGE s 3 2
		XREVRANGE s (3 (1-1
		XREVRANGE s x -
		XREVRANGE s (0-0 -
		XREVRANGE s + (18446744073709551615-18446744073709551615
		XRANGE s - + COUNT 2
		XREVRANGE s + - COUNT 2
		XRANGE s - + COUNT 0
		XRANGE s - + COUNT -5
		XRANGE nosuch - + COUNT 0
		XRANGE s - + COUNT
		XRANGE s - + COUNT x
		XRANGE s - + FOO 2
		XRANGE s - + COUNT 2 COUNT 1
		XRANGE s - + COUNT 2 COUNT
		XRANGE s - + count 1
		SET str v
		XRANGE str - +
		XRANGE str x +
		XRANGE str - + COUNT x`},
	{"XDEL", `
		XDEL s 1
		XDEL s x
		XADD s 1-1 f v
		XADD s 1-2 f v
		XADD s 2 f v
		XADD s 3 f v
		XDEL s 1-2 x
		XDEL s 1-2 1-2 5 0 2-0
		XINFO STREAM s
		XDEL s 1-1
		XINFO STREAM s
		XDEL s - +
		XDEL s 3
		XLEN s
		EXISTS s
		XINFO STREAM s
		XRANGE s - +
		XREVRANGE s + -
		XADD s 3 f v
		XADD s 4 f v
		SET str v
		XDEL str 1
		XDEL str x`},
	{"XTRIM", `
		CONFIG SET stream-node-max-entries 3
		XTRIM s MAXLEN 1
		XTRIM s FOO 1
		XTRIM s LIMIT 1
		XTRIM s LIMIT 0
		XTRIM s MAXLEN ~
		XTRIM s MAXLEN 1 2
		XTRIM s NOMKSTREAM MAXLEN 1
		XTRIM s * MAXLEN 1
		XADD s 1 f v
		XADD s 2 f v
		XADD s 3 f v
		XADD s 4 f v
		XADD s 5 f v
		XADD s 6 f v
		XADD s 7 f v
		XADD s 8 f v
		XADD s 9 f v
		XADD s 10 f v
		XINFO STREAM s
		XTRIM s MAXLEN ~ 9
		XTRIM s MAXLEN = 9
		XINFO STREAM s
		XTRIM s MAXLEN ~ 8
		XTRIM s MAXLEN ~ 7
		XTRIM s MAXLEN ~ 2 LIMIT 2
		XTRIM s MAXLEN ~ 2 LIMIT 3
		XTRIM s MINID ~ 8
		XINFO STREAM s
		XTRIM s MINID ~ 10
		XTRIM s MINID = 8-1
		XDEL s 9
		XTRIM s MINID 9
		XTRIM s MINID 10
		XINFO STREAM s
		XRANGE s - +
		XTRIM s MAXLEN 0
		XINFO STREAM s
		XADD s 11 f v
		XADD s 12 f v
		XADD s 13 f v
		XADD s 14 f v
		XDEL s 13
		XTRIM s MINID 13
		XINFO STREAM s
		XTRIM s MINID 20
		XINFO STREAM s
		SET str v
		XTRIM str MAXLEN 1
		XTRIM str FOO 1`},
	{"nodes are limited by bytes, and by nothing", `
		CONFIG SET stream-node-max-bytes 300
		XADD s 1 f (v*140)
		XADD s 2 f (v*140)
		XADD s 3 g w
		XADD s 4 f (v*200)
		XADD s 5 f v
		XINFO STREAM s
		XTRIM s MAXLEN ~ 1
		XRANGE s - +
		CONFIG SET stream-node-max-bytes 0
		CONFIG SET stream-node-max-entries 0
		XADD s 6 f v
		XADD s 7 f (v*5000)
		XADD s 8 f v
		XINFO STREAM s
		XTRIM s MAXLEN ~ 1`},
	{"XSETID", `
		XSETID s 1
		XSETID s x
		XSETID s - 
		XADD s 5-5 f v
		XADD s 6-0 f v
		XSETID s 5
		XSETID s 7
		XSETID s 6 FOO 1
		XSETID s 6 ENTRIESADDED
		XSETID s 6 ENTRIESADDED x
		XSETID s 6 ENTRIESADDED -1
		XSETID s 6 ENTRIESADDED 1
		XSETID s 6 ENTRIESADDED 10
		XSETID s 6 MAXDELETEDID x
		XSETID s 6 MAXDELETEDID 7
		XSETID s 6 MAXDELETEDID 5 ENTRIESADDED 20
		XSETID s 6 ENTRIESADDED 21 MAXDELETEDID 0-0
		XINFO STREAM s
		XDEL s 6
		XSETID s 5-9
		XSETID s 6 maxdeletedid 4 entriesadded 30
		XINFO STREAM s
		XDEL s 5-5
		XINFO STREAM s
		XSETID s 5-9 ENTRIESADDED 0
		XSETID s 5-9
		XINFO STREAM s
		XADD s * f v
		SET str v
		XSETID str 1
		XSETID str x`},
	{"keys of streams are like others", `
		XADD s 1 f v
		XGROUP CREATE s g 0
		XREADGROUP GROUP g c STREAMS s >
		COPY s t
		XADD t 2 f v
		XACK t g 1
		XPENDING s g
		XPENDING t g
		XINFO GROUPS t
		RENAME s u
		XLEN s
		XRANGE u - +
		XPENDING u g - + 10
		EXPIRE u 100
		XADD u 3 f v
		TTL u
		DEL u
		XINFO STREAM u
		GET t
		LPUSH t x
		APPEND t x
		TOUCH t
		XDEL t 1 2
		EXISTS t
		TYPE t
		DBSIZE`},
	{"COMMAND GETKEYS finds the keys of streams", `
		COMMAND GETKEYS XADD s * f v
		COMMAND GETKEYS XREAD STREAMS a b 1 2
		COMMAND GETKEYS XREAD COUNT 1 BLOCK 2 STREAMS a b 1 2
		COMMAND GETKEYS XREAD STREAMS a 1 2
		COMMAND GETKEYS XREAD COUNT 1 STREAMS a
		COMMAND GETKEYS XREAD COUNT 1 STREAMS
		COMMAND GETKEYS XREADGROUP GROUP g c NOACK STREAMS >
		COMMAND GETKEYSANDFLAGS XREADGROUP GROUP g c NOACK STREAMS >
		COMMAND GETKEYS XREADGROUP GROUP g c COUNT 1 STREAMS a b 1 2
		COMMAND GETKEYS XREADGROUP GROUP STREAMS c STREAMS a b 1 2
		COMMAND GETKEYSANDFLAGS XREADGROUP GROUP g c STREAMS a b 1 2
		COMMAND GETKEYSANDFLAGS XREAD STREAMS a 1
		COMMAND GETKEYS XGROUP CREATE s g 0
		COMMAND GETKEYS XINFO STREAM s
		COMMAND GETKEYSANDFLAGS XADD s * f v
		COMMAND GETKEYSANDFLAGS XGROUP DESTROY s g
		COMMAND GETKEYS XGROUP HELP`},
}

func TestAStreamOfManyNodesIsThatOfRedis(t *testing.T) {
	var lines strings.Builder
	lines.WriteString("CONFIG SET stream-node-max-entries 2\n")
	id := 1
	for i := range 300 {
		fmt.Fprintf(&lines, "XADD s %d-%d f%d v\n", id, i*i*i, i%3)
		id += i * i % 7 * i % 5000
	}
	lines.WriteString("XINFO STREAM s\n")
	for n := 290; n > 0; n -= 10 {
		fmt.Fprintf(&lines, "XTRIM s MAXLEN ~ %d\nXINFO STREAM s\n", n)
	}
	compareStories(t, []story{{"many nodes", lines.String()}})
}
