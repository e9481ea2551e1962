package commands

import (
	"fmt"
	"strings"
	"testing"
)

func arguments(line string) (args [][]byte) {
	for _, w := range strings.Fields(line) {
		args = append(args, []byte(w))
	}
	return args
}

func TestCallsOnStreamsAreLongWhenTheyHaveNoBound(t *testing.T) {
	table := NewTable()
	for line, want := range map[string]bool{
		"XRANGE s - +": true, "XRANGE s - + COUNT 10": false, "XRANGE s - + COUNT 5000": true, "XRANGE s - COUNT 10": true,
		"XREVRANGE s + - COUNT 10": false, "XREAD STREAMS s 0": true, "XREAD COUNT 10 STREAMS s 0": false,
		"XREAD COUNT 0 STREAMS s 0": true, "XREAD COUNT 9999 STREAMS s 0": true, "XREAD COUNT x STREAMS s 0": false,
		"XREADGROUP GROUP g c COUNT 1 STREAMS s >": false, "XREADGROUP GROUP g c STREAMS s >": true, "XREAD FOO BAR BAZ": false,
		"XPENDING s g": false, "XPENDING s g - + 10": false, "XPENDING s g - + 5000": true, "XPENDING s g IDLE 5 - + 10": true,
		"XAUTOCLAIM s g c 0 0": false, "XAUTOCLAIM s g c 0 0 COUNT 5000": true, "XAUTOCLAIM s g c 0 0 JUSTID COUNT": false,
		"XINFO STREAM s": false, "XINFO STREAM s FULL": false, "XINFO STREAM s FULL COUNT 0": true, "XADD s * f v": false, "XTRIM s MAXLEN 0": true,
	} {
		args := arguments(line)
		row := table.lookUp(args)
		if got := row.IsLong(args); got != want {
			t.Errorf("%s is long: %v", line, got)
		}
	}
}

func TestARealRedisIsNotAskedToBlock(t *testing.T) {
	for line, want := range map[string]string{
		"XREAD STREAMS s 0":                                              "",
		"XREAD BLOCK 0 STREAMS s 0":                                      "XREAD STREAMS s 0",
		"XREAD COUNT 1 block 5 STREAMS BLOCK 0":                          "XREAD COUNT 1 STREAMS BLOCK 0",
		"XREAD BLOCK 1 BLOCK 2 STREAMS s 0":                              "XREAD STREAMS s 0",
		"XREAD BLOCK x STREAMS s 0":                                      "",
		"XREAD COUNT BLOCK BLOCK 1 STREAMS s 0":                          "XREAD COUNT BLOCK STREAMS s 0",
		"XREADGROUP GROUP BLOCK 1 COUNT 2 BLOCK 0 NOACK STREAMS s >":     "XREADGROUP GROUP BLOCK 1 COUNT 2 NOACK STREAMS s >",
		"XREADGROUP GROUP STREAMS BLOCK BLOCK 0 NOACK STREAMS s BLOCK 0": "XREADGROUP GROUP STREAMS BLOCK NOACK STREAMS s BLOCK 0",
	} {
		args := arguments(line)
		got, err := readRelay.Request(&Ctx{}, args)
		if want == "" {
			want = line
		}
		if text := fmt.Sprintf("%s", got); err != nil || text != "["+want+"]" || fmt.Sprintf("%s", args) != "["+line+"]" {
			t.Errorf("%s is forwarded as %s, %v, and left as %s", line, text, err, args)
		}
	}
}

func TestTheKeysOfAReadAreFoundAsItReadsThem(t *testing.T) {
	table := NewTable()
	for line, want := range map[string]string{
		"XREAD STREAMS a b 0 0": "a b", "XREAD COUNT 1 BLOCK 0 streams a 0": "a", "XREAD STREAMS a b 0": "a", "XREAD COUNT STREAMS a": "",
		"XREADGROUP GROUP g c STREAMS a b > >": "a b", "XREADGROUP GROUP STREAMS STREAMS NOACK STREAMS a >": "a", "XREAD BLOCK STREAMS STREAMS": "",
		"XGROUP CREATE s g 0": "s", "XINFO STREAM s": "s", "XADD s * f v": "s",
	} {
		args := arguments(line)
		if got := fmt.Sprintf("%s", table.lookUp(args).AppendKeys(nil, args)); got != "["+want+"]" {
			t.Errorf("the keys of %s are %s", line, got)
		}
	}
}

func TestNewIDsGrowWhenTheClockGoesBack(t *testing.T) {
	r := newRig(t)
	now := int64(1_700_000_000_000)
	r.clock = func() int64 { return now }
	for i, want := range []string{"1700000000000-0", "1700000000000-1", "1700000000000-2", "1700000000005-0"} {
		if got := parseReply(t, r.do("XADD", "s", "*", "f", "v")); got != want {
			t.Errorf("entry %d is %v, want %s", i, got, want)
		}
		now += []int64{0, -1000, 1005, 0}[i]
	}
}

// TestConsumersAreThoseOfRedis72 compares with what the documentation of 7.2 says: the oracle does not know it.
func TestConsumersAreThoseOfRedis72(t *testing.T) {
	r := newRig(t)
	now := int64(1_700_000_000_000)
	r.clock = func() int64 { return now }
	r.do("HELLO", "3")
	r.ctx.Proto = 3
	consumer := func() string {
		return fmt.Sprint(parseReply(t, r.do("XINFO", "CONSUMERS", "s", "g")))
	}
	for _, step := range []struct{ call, want string }{
		{"XGROUP CREATE s g 0 MKSTREAM", "[]"},
		{"XREADGROUP GROUP g c STREAMS s >", "[[name c pending 0 idle 5 inactive -1]]"},
		{"XADD s 1 f v", "[[name c pending 0 idle 10 inactive -1]]"},
		{"XREADGROUP GROUP g c NOACK STREAMS s >", "[[name c pending 0 idle 5 inactive -1]]"},
		{"XADD s 2 f v", "[[name c pending 0 idle 10 inactive -1]]"},
		{"XREADGROUP GROUP g c STREAMS s >", "[[name c pending 1 idle 5 inactive 5]]"},
		{"XREADGROUP GROUP g c STREAMS s >", "[[name c pending 1 idle 5 inactive 10]]"},
		{"XREADGROUP GROUP g c STREAMS s 0", "[[name c pending 1 idle 5 inactive 15]]"},
		{"XCLAIM s g c 1000 2", "[[name c pending 1 idle 5 inactive 20]]"},
		{"XCLAIM s g c 0 2", "[[name c pending 1 idle 5 inactive 5]]"},
		{"XAUTOCLAIM s g c 1000 0", "[[name c pending 1 idle 5 inactive 10]]"},
		{"XAUTOCLAIM s g c 0 0", "[[name c pending 1 idle 5 inactive 5]]"},
		{"XACK s g 2", "[[name c pending 0 idle 10 inactive 10]]"},
	} {
		r.run(arguments(step.call))
		now += 5
		if got := consumer(); got != step.want {
			t.Errorf("after %s the consumers are %s, want %s", step.call, got, step.want)
		}
	}
	full := fmt.Sprint(parseReply(t, r.do("XINFO", "STREAM", "s", "FULL")))
	if want := fmt.Sprintf("[name c seen-time %d active-time %d pel-count 0 pending []]", now-10, now-10); !strings.Contains(full, want) {
		t.Errorf("XINFO STREAM FULL says %s, not %s", full, want)
	}
}

func FuzzStreamID(f *testing.F) {
	for _, id := range []string{"1-2", "0", "-", "+", "(5", "18446744073709551615-18446744073709551615", "1-*", " 1-\t+2", "1--05", "1\x00-2"} {
		f.Add([]byte(id))
	}
	f.Fuzz(func(t *testing.T, arg []byte) {
		id, err := parseStreamID(arg, 7)
		if err != nil {
			return
		}
		again, err := parseStreamID(fmt.Appendf(nil, "%d-%d", id.Ms, id.Seq), 0)
		if err != nil || again != id {
			t.Errorf("%q is %v and then %v, %v", arg, id, again, err)
		}
	})
}
