package commands

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
)

func TestScanIsThatOfRedis(t *testing.T) { compareStories(t, scanStories) }

var scanStories = []story{
	{"SCAN of little shows all at once", `
		SCAN 0
		SCAN 0 COUNT 1000
		MSET a 1 b 2 ab 3 "" 4 "a\x00b" 5
		SET gone v PXAT 1
		SCAN 0 COUNT 1000
		SCAN 0 COUNT 1000 MATCH *
		SCAN 0 COUNT 1000 MATCH a*
		SCAN 0 COUNT 1000 MATCH ""
		SCAN 0 MATCH a* COUNT 1000
		SCAN 0 MATCH a* MATCH b* COUNT 1000
		SCAN 0 COUNT 1 COUNT 1000
		SCAN 0 COUNT 1000 TYPE string
		SCAN 0 COUNT 1000 TYPE STRING
		SCAN 0 COUNT 1000 TYPE nosuch
		SCAN 0 COUNT 1000 TYPE ""
		SCAN 0 COUNT 1000 TYPE nosuch TYPE string
		scan 0 count 1000 match a type string
		KEYS *
		KEYS a*
		KEYS ""
		KEYS [ab]
		KEYS nosuch
		KEYS \a`},
	{"SCAN reads its cursor and options like Redis", `
		SCAN abc
		SCAN ""
		SCAN 0x1
		SCAN 1.5
		SCAN " 0"
		SCAN "0 "
		SCAN "\t0"
		SCAN 00
		SCAN +0
		SCAN -0
		SCAN 0a
		SCAN "0\x00"
		SCAN 18446744073709551616
		SCAN -18446744073709551616
		SCAN 99999999999999999999999
		SCAN --1
		SCAN +-1
		SCAN +
		SCAN -
		SCAN abc foo
		SCAN 0 COUNT
		SCAN 0 COUNT 0
		SCAN 0 COUNT -1
		SCAN 0 COUNT abc
		SCAN 0 COUNT ""
		SCAN 0 COUNT 1.5
		SCAN 0 COUNT +1
		SCAN 0 COUNT 9223372036854775808
		SCAN 0 COUNT 9223372036854775807
		SCAN 0 COUNT 0 foo
		SCAN 0 COUNT abc foo
		SCAN 0 MATCH
		SCAN 0 TYPE
		SCAN 0 foo
		SCAN 0 foo bar
		SCAN 0 10
		SCAN 0 MATCH a COUNT
		SCAN 0 MATCH a b`},
	{"RANDOMKEY", `
		RANDOMKEY
		SET k v
		RANDOMKEY`},
	{"DBSIZE", `
		DBSIZE
		MSET a 1 b 2 a 3
		DBSIZE
		SELECT 3
		DBSIZE`},
}

// scanAll follows the cursors from one call to the next, and counts how often a key came.
func scanAll(r *rig, options ...string) map[string]int {
	seen := map[string]int{}
	for cursor := "0"; ; {
		reply := parseReply(r.t, r.do(append([]string{"SCAN", cursor}, options...)...)).([]any)
		for _, k := range reply[1].([]any) {
			seen[k.(string)]++
		}
		if cursor = reply[0].(string); cursor == "0" {
			return seen
		}
	}
}

func TestScanVisitsEveryKey(t *testing.T) {
	r := newRig(t)
	const keys = 1000
	for i := range keys {
		r.do("SET", fmt.Sprint("key:", i), "v")
	}
	for _, count := range []string{"1", "7", "10000"} {
		if seen := scanAll(r, "COUNT", count); len(seen) != keys {
			t.Errorf("COUNT %s: %d keys of %d", count, len(seen), keys)
		}
	}
	if seen := scanAll(r, "MATCH", "key:1*"); len(seen) != 111 {
		t.Errorf("MATCH: %d keys of 111", len(seen))
	}
}

func TestACursorFromBeforeASwitchStartsOver(t *testing.T) {
	r := newRig(t)
	for i := range 100 {
		r.do("SET", fmt.Sprint(i), "v")
	}
	r.server.epoch = 5
	cursor := parseReply(t, r.do("SCAN", "0", "COUNT", "10")).([]any)[0].(string)
	if n, err := strconv.ParseInt(cursor, 10, 64); err != nil || n>>48 != 5 {
		t.Fatalf("cursor %s: %v", cursor, err)
	}
	r.server.epoch = 6
	first := string(r.do("SCAN", "0", "COUNT", "10"))
	if again := string(r.do("SCAN", cursor, "COUNT", "10")); again != first {
		t.Errorf("after the switch %q, from the start %q", again, first)
	}
	r.server.epoch = 1 << 20 // more than a cursor has room for
	if seen := scanAll(r); len(seen) != 100 {
		t.Errorf("with a large epoch: %d keys of 100", len(seen))
	}
}

func TestScanIsRelayedWithAMarkedCursor(t *testing.T) {
	r := newRig(t)
	r.server.epoch = 3
	relay := r.server.table.named("scan").Relay
	request := func(cursor string) string {
		args, err := relay.Request(&r.ctx, [][]byte{[]byte("SCAN"), []byte(cursor), []byte("MATCH"), []byte("a*")})
		if err != nil {
			return err.Error()
		}
		var words []string
		for _, a := range args {
			words = append(words, string(a))
		}
		return strings.Join(words, " ")
	}
	marked := string(relay.Reply(&r.ctx, []byte("*2\r\n$2\r\n17\r\n*1\r\n$1\r\na\r\n")))
	if want := "*2\r\n$15\r\n844424930131985\r\n*1\r\n$1\r\na\r\n"; marked != want {
		t.Errorf("17 is marked as %q, not %q", marked, want)
	}
	for _, reply := range []string{"*2\r\n$1\r\n0\r\n*0\r\n", "-ERR no\r\n", "*2\r\n$1\r\nx\r\n*0\r\n", "*2\r\n$"} {
		if got := string(relay.Reply(&r.ctx, []byte(reply))); got != reply {
			t.Errorf("%q became %q", reply, got)
		}
	}
	for cursor, want := range map[string]string{
		"0": "SCAN 0 MATCH a*", "844424930131985": "SCAN 17 MATCH a*", "17": "SCAN 0 MATCH a*", "x": "ERR invalid cursor",
	} {
		if got := request(cursor); got != want {
			t.Errorf("SCAN %s is forwarded as %q, not %q", cursor, got, want)
		}
	}
}
