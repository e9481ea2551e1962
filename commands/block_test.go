package commands

import (
	"slices"
	"strings"
	"testing"

	"switchyard/backends"
)

// What is there is taken at once, as by the commands that do not wait. Where two times are wrong Redis's order of errors counts.
func TestCallsThatNeedNotWaitAreThoseOfRedis(t *testing.T) { compareStories(t, blockStories) }

var blockStories = []story{
	{"lists", `
		RPUSH l 1 2 3 4 5 6 7 8 9
		BLPOP l 0
		BRPOP l 0.5
		BLPOP none l 1
		BRPOP l l 1e3
		BLMPOP 0 1 l LEFT
		BLMPOP 0.1 2 none l right COUNT 2
		BLMOVE l m LEFT RIGHT 0
		BRPOPLPUSH l m 0
		LRANGE m 0 -1
		BLMOVE m m LEFT RIGHT 0
		BRPOPLPUSH m m 0
		LRANGE m 0 -1
		BLPOP m 0
		BLPOP m 0
		EXISTS l m
		SET s v
		BLPOP s 0
		BLPOP none s 0
		BLMOVE s l LEFT LEFT 0
		BRPOPLPUSH s l 0
		BLMPOP 0 1 s LEFT
		RPUSH l 1
		BLMOVE l s LEFT LEFT 0
		BRPOPLPUSH l s 0
		BLPOP l s 0`},
	{"sorted sets", `
		ZADD z 1 a 2 b 3 c 4 d 5 e 6 f
		BZPOPMIN z 0
		BZPOPMAX z 0
		BZPOPMIN none z 0.5
		BZMPOP 0 1 z MIN
		BZMPOP 0 2 none z max COUNT 5
		EXISTS z
		SET s v
		BZPOPMIN s 0
		BZPOPMAX none s 0
		BZMPOP 0 1 s MIN`},
	{"wrong arguments", `
		BLPOP k
		BLPOP k x
		BLPOP k -1
		BLPOP k ""
		BLPOP k nan
		BLPOP k 0x10z
		BLMOVE k l LEFT
		BLMOVE k l UP LEFT x
		BLMOVE k l LEFT UP x
		BLMOVE k l LEFT LEFT x
		BRPOPLPUSH k l x
		BRPOPLPUSH k l -0.5
		BLMPOP x 0 k LEFT
		BLMPOP x 1 k UP
		BLMPOP x 1 k LEFT
		BLMPOP 0 x k LEFT
		BLMPOP 0 2 k LEFT
		BLMPOP 0 1 k LEFT COUNT 0
		BLMPOP 0 1 k LEFT COUNT x
		BLMPOP 0 1 k LEFT COUNT 1 COUNT 1
		BLMPOP 0 1 k LEFT FOO 1
		BZPOPMIN k x
		BZPOPMAX k -1
		BZMPOP x 1 k MIN
		BZMPOP 0 1 k LEFT
		BZMPOP 0 0 k MIN
		BZMPOP 0 1 k MIN COUNT -1
		COMMAND GETKEYS BLPOP a b 0
		COMMAND GETKEYS BLMOVE a b LEFT LEFT 0
		COMMAND GETKEYS BLMPOP 0 2 a b LEFT
		COMMAND GETKEYS BZMPOP 0 1 a MIN
		COMMAND GETKEYS BZPOPMAX a 0
		CLIENT UNBLOCK
		CLIENT UNBLOCK x
		CLIENT UNBLOCK 1 FOO
		CLIENT UNBLOCK x FOO
		CLIENT UNBLOCK 1 ERROR x
		CLIENT UNBLOCK 100000
		CLIENT UNBLOCK 100000 error`},
}

// TestWhatACallWaitsFor looks at what the session is told.
func TestWhatACallWaitsFor(t *testing.T) {
	r := newRig(t)
	r.do("XADD", "s", "5-1", "f", "v")
	r.do("XGROUP", "CREATE", "s", "g", "$")
	for _, c := range []struct {
		line, keys, args string
		kind             backends.Type
		timeout          int64
		orGone           bool
	}{
		{"BLPOP a b a 0", "a b a", "", backends.ListType, 0, false},
		{"BRPOP a 1.0001", "a", "", backends.ListType, 1001, false},
		{"BLMOVE a b LEFT LEFT 0.5", "a", "", backends.ListType, 500, false},
		{"BRPOPLPUSH a b 1e-9", "a", "", backends.ListType, 1, false},
		{"BLMPOP 3 2 a b LEFT COUNT 2", "a b", "", backends.ListType, 3000, false},
		{"BZPOPMIN a b 0", "a b", "", backends.ZSetType, 0, false},
		{"BZPOPMAX a 0x1p1", "a", "", backends.ZSetType, 2000, false},
		{"BZMPOP 0 1 a MIN", "a", "", backends.ZSetType, 0, false},
		{"XREAD BLOCK 7 STREAMS s none $ $", "s none", "XREAD BLOCK 7 STREAMS s none 5-1 0-0", backends.StreamType, 7, false},
		{"XREAD COUNT 1 BLOCK 0 STREAMS s 5-1", "s", "", backends.StreamType, 0, false},
		{"XREADGROUP GROUP g c BLOCK 0 STREAMS s >", "s", "", backends.StreamType, 0, true},
	} {
		r.client.waits = nil
		if got := string(r.do(strings.Fields(c.line)...)); got != "*-1\r\n" || len(r.client.waits) != 1 {
			t.Fatalf("%s: %q, and it waits %d times", c.line, got, len(r.client.waits))
		}
		w := r.client.waits[0]
		if c.args == "" {
			c.args = c.line
		}
		keys, args := string(slices.Concat(spaced(w.Keys)...)), string(slices.Concat(spaced(w.Args)...))
		if keys != c.keys+" " || args != c.args+" " || w.Kind != c.kind || w.Timeout != c.timeout || w.OrGone != c.orGone {
			t.Errorf("%s: it waits for %s as %s, %d ms for a %v, %v", c.line, keys, args, w.Timeout, w.Kind, w.OrGone)
		}
	}
	r.client.waits = nil
	for _, line := range []string{"XREAD STREAMS s $", "XREADGROUP GROUP g c STREAMS s >", "LPOP a", "LMPOP 1 a LEFT", "XREADGROUP GROUP g c BLOCK 0 STREAMS s 0"} {
		if r.do(strings.Fields(line)...); len(r.client.waits) > 0 {
			t.Errorf("%s waits", line)
		}
	}
}

func spaced(words [][]byte) (list [][]byte) {
	for _, w := range words {
		list = append(list, w, []byte(" "))
	}
	return list
}

func TestUnblockReachesTheServer(t *testing.T) {
	r := newRig(t)
	for line, want := range map[string]string{"CLIENT UNBLOCK 7": ":1\r\n", "CLIENT UNBLOCK 7 Timeout": ":1\r\n", "CLIENT UNBLOCK 8 ERROR": ":0\r\n"} {
		if got := string(r.do(strings.Fields(line)...)); got != want {
			t.Errorf("%s: %q", line, got)
		}
	}
	slices.Sort(r.server.unblocked)
	if got := strings.Join(r.server.unblocked, ", "); got != "7 false, 7 false, 8 true" {
		t.Error(got)
	}
}
