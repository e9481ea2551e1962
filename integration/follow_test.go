package integration

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// What a server chooses by itself, the oracle is made to choose as the subject did, so that both hold the
// same again. What Redis 7.2 does more than 7.0, which is the oracle, it is made to do as well. Such
// commands go alone, others in pipelines.
var followed = map[string]func(p *pair, oracle, subject *conn, args []string) (why string){
	"spop":       (*pair).followPop,
	"xadd":       (*pair).followClock,
	"xsetid":     (*pair).followRefusal,
	"xreadgroup": (*pair).followConsumers,
	"xclaim":     (*pair).followConsumers,
	"xautoclaim": (*pair).followConsumers,
	"scan":       (*pair).compareScans,
	"hscan":      (*pair).compareScans,
	"sscan":      (*pair).compareScans,
	"zscan":      (*pair).compareScans,
	"randomkey":  (*pair).compareRandomKey,
	"dbsize":     (*pair).compareSizes,
	soon:         (*pair).letExpire,
}

// follower returns what an op needs, if it may not be part of a pipeline.
func (p *pair) follower(args []string) func(p *pair, oracle, subject *conn, args []string) string {
	name := strings.ToLower(args[0])
	switch name {
	case "xadd":
		if args[min(1, len(args)-1)] != "clock" {
			return nil
		}
	case "xsetid", "xreadgroup", "xclaim", "xautoclaim":
		if !p.modern {
			return nil
		}
	}
	return followed[name]
}

func (p *pair) followPop(oracle, subject *conn, args []string) string {
	got := subject.do(args...)
	popped := leaves(got)
	size := int64(-1)
	if len(args) > 1 {
		size = oracle.do("SCARD", args[1]).int()
	}
	if got.isError() || got.isNull() || len(popped) == 0 || int64(len(popped)) >= size {
		return differ(args, oracle.do(args...), got)
	}
	if r := oracle.do(append([]string{"SREM", args[1]}, popped...)...); r.int() != int64(len(popped)) {
		return fmt.Sprintf("%q gave %q, of which Redis has %q", short(args), popped, r.raw)
	}
	return ""
}

// followClock gives Redis the ID that Switchyard has made of the time.
func (p *pair) followClock(oracle, subject *conn, args []string) string {
	got := subject.do(args...)
	if at := slices.Index(args, "*"); at > 0 && got.kind == '$' && !got.isNull() {
		args = slices.Clone(args)
		args[at] = got.text
	}
	return differ(args, oracle.do(args...), got)
}

// followRefusal: since 7.2 a stream's last ID does not go back behind what was deleted.
func (p *pair) followRefusal(oracle, subject *conn, args []string) string {
	got := subject.do(args...)
	if got.text == "ERR The ID specified in XSETID is smaller than current max_deleted_entry_id" {
		return ""
	}
	return differ(args, oracle.do(args...), got)
}

// followConsumers: since 7.2 who asks for entries is a consumer even when there are none.
func (p *pair) followConsumers(oracle, subject *conn, args []string) string {
	want, got := oracle.do(args...), subject.do(args...)
	if !got.isError() {
		group, keys := args[2:4], args[1:2]
		if strings.EqualFold(args[0], "xreadgroup") {
			word := func(w string) int {
				return slices.IndexFunc(args, func(a string) bool { return strings.EqualFold(a, w) })
			}
			group = args[word("group")+1:][:2]
			keys = args[word("streams")+1:]
			keys = keys[:len(keys)/2]
		}
		for _, key := range keys {
			oracle.do("XGROUP", "CREATECONSUMER", key, group[0], group[1])
		}
	}
	return differ(args, want, got)
}

func (p *pair) compareScans(oracle, subject *conn, args []string) string {
	var seen reply
	if w := witness(args); w != nil {
		seen = oracle.do(w...)
	}
	return differSeen(args, scanAll(oracle, args), scanAll(subject, args), seen)
}

func (p *pair) compareRandomKey(oracle, subject *conn, args []string) string {
	want, got := oracle.do(args...), subject.do(args...)
	if want.isError() || want.isNull() || got.isError() || got.isNull() {
		return differ(args, want, got)
	}
	if r := oracle.do("EXISTS", got.text); r.raw != ":1\r\n" {
		return fmt.Sprintf("RANDOMKEY gave %q, which Redis does not have", got.raw)
	}
	return ""
}

func (p *pair) compareSizes(oracle, subject *conn, args []string) string {
	want, got := askUntilAlike(oracle, subject, args)
	return differ(args, want, got)
}

// letExpire gives a key a short life and waits for its end on both servers.
func (p *pair) letExpire(oracle, subject *conn, args []string) string {
	for _, c := range []*conn{oracle, subject} {
		c.do("PEXPIRE", args[1], "20")
	}
	for _, c := range []*conn{oracle, subject} {
		eventually(p.t, "a key expires", func() bool { return c.do("EXISTS", args[1]).raw == ":0\r\n" })
	}
	return ""
}

// askUntilAlike asks both servers the same. DBSIZE counts keys whose time has come until they are removed,
// which each server does when it gets round to it; so it asks again for a while.
func askUntilAlike(oracle, subject *conn, args []string) (want, got reply) {
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		want, got = oracle.do(args...), subject.do(args...)
		if want.raw == got.raw || want.kind != ':' || got.kind != ':' || time.Now().After(end) {
			return want, got
		}
	}
}

// scanAll makes the given call of SCAN, HSCAN, SSCAN or ZSCAN, and goes on to the end. The items of its
// reply are all that came, once each; an error is returned as it is.
func scanAll(c *conn, args []string) reply {
	all := reply{kind: '*'}
	seen := map[string]bool{}
	args = slices.Clone(args)
	cursor, parts := 2, 1
	switch strings.ToLower(args[0]) {
	case "scan":
		cursor = 1
	case "hscan", "zscan":
		parts = 2
	}
	for {
		r := c.do(args...)
		if len(r.items) != 2 {
			return r
		}
		for item := range slices.Chunk(r.items[1].items, parts) {
			if !seen[item[0].raw] {
				seen[item[0].raw] = true
				all.items = append(all.items, item...)
			}
		}
		if args[cursor] = r.items[0].text; args[cursor] == "0" {
			var raw strings.Builder
			for _, it := range all.items {
				raw.WriteString(it.raw)
			}
			all.raw = raw.String()
			return all
		}
	}
}
