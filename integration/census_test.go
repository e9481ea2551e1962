package integration

import (
	"fmt"
	"strconv"
	"strings"
)

// census compares everything in all databases: keys, types, encodings, contents and times to live, and
// whether Redis reads from the subject's dumps what the subject holds.
func (p *pair) census() (why string) {
	oracle, subject := dial(p.t, p.oracleAddr), dial(p.t, p.subjectAddr)
	defer oracle.Close()
	defer subject.Close()
	c := count{oracle: oracle, subject: subject}
	for db := range 16 {
		c.ask("select", strconv.Itoa(db))
		for _, key := range c.ask("keys", "*").texts() {
			c.compareKey(key)
		}
		if c.why != "" {
			return fmt.Sprintf("in the end, in database %d: %s", db, c.why)
		}
	}
	return ""
}

// count is a census under way. After the first difference it asks nothing more.
type count struct {
	oracle, subject *conn
	why             string
}

// ask compares the replies to a command and returns that of Redis.
func (c *count) ask(args ...string) (want reply) {
	if c.why != "" {
		return reply{}
	}
	var seen reply
	if w := witness(args); w != nil {
		seen = c.oracle.do(w...)
	}
	want = c.oracle.do(args...)
	c.why = differSeen(args, want, c.subject.do(args...), seen)
	return want
}

// contents are the commands that show all of a value.
func contents(kind, key string) [][]string {
	return map[string][][]string{
		"string": {{"get", key}},
		"list":   {{"lrange", key, "0", "-1"}},
		"set":    {{"smembers", key}},
		"hash":   {{"hgetall", key}},
		"zset":   {{"zrange", key, "0", "-1", "withscores"}},
		"stream": {{"xrange", key, "-", "+"}, {"xinfo", "stream", key, "full", "count", "0"}, {"xinfo", "groups", key}},
	}[kind]
}

func (c *count) compareKey(key string) {
	kind := c.ask("type", key).text
	c.ask("pexpiretime", key)
	c.ask("object", "encoding", key)
	for _, args := range contents(kind, key) {
		if strings.HasPrefix(key, distances) {
			args = args[:4] // see exceptions
		}
		c.ask(args...)
	}
	if c.why == "" && !strings.HasPrefix(key, distances) {
		c.moveDump(kind, key)
	}
}

// copied is a key that no generator makes.
const copied = "(copy)"

// moveDump has Redis restore the subject's dump, and compares what Redis holds then with what it held.
func (c *count) moveDump(kind, key string) {
	dump := c.subject.do("DUMP", key)
	if dump.isNull() {
		return // it has expired by now
	}
	if r := c.oracle.do("RESTORE", copied, "0", dump.text, "REPLACE"); r.raw != "+OK\r\n" {
		c.why = fmt.Sprintf("DUMP %q gave %q, to which Redis says %q", clip(key), clip(dump.raw), r.raw)
		return
	}
	of, from := contents(kind, copied), contents(kind, key)
	for i := range of {
		want, got := c.oracle.do(from[i]...), c.oracle.do(of[i]...)
		hashtable := reply{text: "hashtable"} // it may have been one, and be one no more
		if why := differSeen(of[i], want, got, hashtable); why != "" {
			c.why = fmt.Sprintf("after RESTORE of DUMP %q: %s", clip(key), why)
		}
	}
	c.oracle.do("DEL", copied)
}
