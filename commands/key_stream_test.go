package commands

import (
	"strings"
	"testing"

	"switchyard/integration/redistest"
)

func TestKeysOfStreamsAreThoseOfRedis(t *testing.T) { compareStories(t, streamKeyStories) }

var streamKeyStories = []story{
	{"a stream is dumped as it was made", `
		XADD s 1-1 f v g 12
		DUMP s
		XADD s 1-2 f w g -300
		XADD s 5-0 other text
		DUMP s
		XDEL s 1-2
		DUMP s
		XTRIM s MAXLEN 1
		DUMP s
		XDEL s 5-0
		DUMP s
		XSETID s 9-9 ENTRIESADDED 20 MAXDELETEDID 7-7
		DUMP s
		XGROUP CREATE s g 3-0 ENTRIESREAD 2
		XGROUP CREATE s 12 $
		XADD s 10-0 f (x*5000)
		XADD s 10-1 f v
		DUMP s
		XGROUP CREATE empty g 0 MKSTREAM
		DUMP empty`},
	{"a stream is moved and copied with its groups", `
		XADD s 1-1 f v
		XADD s 1-2 f w
		XGROUP CREATE s g 0
		XREADGROUP GROUP g c COUNT 1 STREAMS s >
		EXPIRE s 1000
		COPY s t
		XDEL s 1-1
		XACK s g 1-1
		XPENDING t g
		XRANGE t - +
		XINFO STREAM t FULL
		TTL t
		RENAME s u
		EXISTS s
		XINFO STREAM u FULL
		COPY t u
		COPY t u REPLACE
		XPENDING u g - + 10
		MOVE u 3
		SELECT 3
		XLEN u
		XINFO STREAM u FULL
		XREADGROUP GROUP g d STREAMS u >
		SET k v
		RENAME u k
		TYPE k
		XLEN k
		SELECT 0
		RENAMENX t s
		XLEN s`},
}

// Each restores what the other dumped: after that both have the same.
func TestStreamsAreRestoredAsByRedis(t *testing.T) {
	redis := redistest.Start(t)
	for _, proto := range []string{"2", "3"} {
		p := newPair(t, redis.Addr, proto)
		tell := func(lines string) {
			for _, line := range strings.Split(strings.TrimSpace(lines), "\n") {
				p.compare(splitLine(t, line)...)
			}
		}
		tell(restoredStream)
		ours := parseReply(t, p.do("DUMP", "s")).(string)
		theirs := parseReply(t, p.oracle.do("DUMP", "s")).(string)
		for _, args := range [][]string{{"s", "0"}, {"t", "0"}, {"k", "0"}, {"k", "100000", "REPLACE"}} {
			a := append([]string{"RESTORE", args[0], args[1], theirs}, args[2:]...)
			b := append([]string{"RESTORE", args[0], args[1], ours}, args[2:]...)
			if here, there := string(p.do(a...)), string(p.oracle.do(b...)); here != there {
				t.Errorf("RESTORE %v here %q, in Redis %q", args, here, there)
			}
		}
		tell(afterRestore)
	}
}

const restoredStream = `
	SET k v
	XADD s 1-1 f v g 12
	XADD s 1-2 f w g 13
	XADD s 1-3 other ""
	XADD s 5-0 f v g 14
	XGROUP CREATE s g 0
	XGROUP CREATE s idle 1-2 ENTRIESREAD 2
	XGROUP CREATECONSUMER s idle nobody
	XREADGROUP GROUP g alice COUNT 2 STREAMS s >
	XREADGROUP GROUP g 12 STREAMS s >
	XACK s g 1-2
	XDEL s 1-3`

const afterRestore = `
	TYPE k
	XINFO STREAM t FULL
	XINFO STREAM k FULL
	XINFO GROUPS k
	XPENDING t g
	XPENDING t g - + 10
	XPENDING t g - + 10 alice
	XRANGE k - +
	XREVRANGE t + -
	XADD t 5-0 f v
	XADD t 5-1 f v
	XREADGROUP GROUP g 12 STREAMS t >
	XREADGROUP GROUP g 12 STREAMS t 0
	XREADGROUP GROUP g bob STREAMS k 0
	XACK k g 1-1 5-0
	XGROUP DELCONSUMER t g alice
	XINFO STREAM t`
