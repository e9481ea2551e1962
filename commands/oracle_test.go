package commands

import (
	"bufio"
	"bytes"
	"fmt"
	"net"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"switchyard/integration/redistest"
)

// What is right is what a real Redis replies, byte for byte: the same lines go to both.

// oracle is a raw connection to a redis-server.
type oracle struct {
	t    testing.TB
	conn net.Conn
	r    *bufio.Reader
}

func dialOracle(t testing.TB, addr string) *oracle {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return &oracle{t: t, conn: conn, r: bufio.NewReader(conn)}
}

func (o *oracle) do(args ...string) []byte {
	o.t.Helper()
	o.send(args)
	return o.receive()
}

// send puts calls whose replies are received one after the other.
func (o *oracle) send(calls ...[]string) {
	o.t.Helper()
	var out Reply
	for _, args := range calls {
		out.Texts(args)
	}
	if err := o.conn.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		o.t.Fatal(err)
	}
	if _, err := o.conn.Write(out.Buf); err != nil {
		o.t.Fatalf("%q: %v", calls, err)
	}
}

// receive is the next reply, or a message that nobody asked for.
func (o *oracle) receive() []byte {
	o.t.Helper()
	reply, err := redistest.ReadReply(o.r, nil)
	if err != nil {
		o.t.Fatal(err)
	}
	return reply
}

// parseReply makes a value of a reply: nil, int64, bool, string (text in statuses and bulk strings
// alike), replyError, or kinds of lists.
func parseReply(t testing.TB, reply []byte) any {
	t.Helper()
	v, rest := parsePart(t, reply)
	if len(rest) > 0 {
		t.Fatalf("%q goes on after the reply with %q", reply, rest)
	}
	return v
}

type (
	replyError  string
	replyStatus string
	replySet    []any
	replyMap    []any // keys and values in turns
)

func parsePart(t testing.TB, reply []byte) (v any, rest []byte) {
	line, rest, ok := bytes.Cut(reply, []byte("\r\n"))
	if !ok || len(line) == 0 {
		t.Fatalf("not a reply: %q", reply)
	}
	text := string(line[1:])
	n, _ := strconv.Atoi(text)
	switch line[0] {
	case '+':
		return replyStatus(text), rest
	case '-':
		return replyError(text), rest
	case ':':
		return int64(n), rest
	case ',':
		return text, rest
	case '#':
		return text == "t", rest
	case '_':
		return nil, rest
	case '$', '=':
		if n < 0 {
			return nil, rest
		}
		return string(rest[:n]), rest[n+2:]
	case '*', '~', '%':
	default:
		t.Fatalf("not a reply: %q", reply)
	}
	if n < 0 {
		return nil, rest
	}
	if line[0] == '%' {
		n *= 2
	}
	list := make([]any, n)
	for i := range list {
		list[i], rest = parsePart(t, rest)
	}
	switch line[0] {
	case '~':
		return replySet(list), rest
	case '%':
		return replyMap(list), rest
	}
	return list, rest
}

// story is a sentence and the lines that show it, in redis-cli's notation.
type story struct{ name, lines string }

// exception is a line that this version of Redis answers differently, on purpose.
type exception struct{ line, reply, reason string }

func (s story) calls(t testing.TB) (calls [][]string) {
	for _, line := range strings.Split(s.lines, "\n") {
		if line = strings.TrimSpace(line); line != "" && line[0] != '#' {
			calls = append(calls, splitLine(t, line))
		}
	}
	return calls
}

// splitLine splits at spaces; "..." holds together, with Go's escapes, and (word*n) is n times that word.
func splitLine(t testing.TB, line string) (args []string) {
	for line = strings.TrimSpace(line); line != ""; line = strings.TrimSpace(line) {
		word, rest, _ := strings.Cut(line, " ")
		if line[0] == '"' {
			quoted, err := strconv.QuotedPrefix(line)
			if err != nil {
				t.Fatalf("%s: %v", line, err)
			}
			rest = line[len(quoted):]
			if word, err = strconv.Unquote(quoted); err != nil {
				t.Fatalf("%s: %v", line, err)
			}
		} else if inner, times, ok := strings.Cut(strings.Trim(word, "()"), "*"); ok && word[0] == '(' {
			n, err := strconv.Atoi(times)
			if err != nil {
				t.Fatalf("%s: %v", line, err)
			}
			word = strings.Repeat(inner, n)
		}
		args, line = append(args, word), rest
	}
	return args
}

// compareStories tells each story to a fresh rig and to Redis, in both protocols.
func compareStories(t *testing.T, stories []story) {
	redis := redistest.Start(t)
	for _, s := range stories {
		t.Run(s.name, func(t *testing.T) {
			for _, proto := range []string{"2", "3"} {
				p := newPair(t, redis.Addr, proto)
				for _, call := range s.calls(t) {
					p.compare(call...)
				}
			}
		})
	}
}

// pair is the rig and the oracle side by side, both empty at first.
type pair struct {
	*rig
	oracle  *oracle
	proto   string
	addr    string
	probe   *probe
	classes Class         // of events that are compared
	took    time.Duration // by the slowest comparison so far: by so much may the clocks of the two differ
}

func newPair(t testing.TB, addr, proto string) *pair {
	t.Helper()
	p := &pair{rig: newRig(t), oracle: dialOracle(t, addr), addr: addr, proto: proto, classes: allEvents | NewKeyEvent | KeyMissEvent}
	p.oracle.do("FLUSHALL")
	p.oracle.do("CONFIG", "SET", "stream-node-max-entries", "100", "stream-node-max-bytes", "4096")
	p.oracle.do("HELLO", proto)
	p.rig.do("HELLO", proto)
	p.client.info.ID = parseReply(t, p.oracle.do("CLIENT", "ID")).(int64)
	p.server.observed = true
	return p
}

// compare sends a call to both and reports a difference.
func (p *pair) compare(call ...string) {
	p.t.Helper()
	places := p.watch(call)
	start := time.Now()
	p.client.effects = nil
	ours := string(p.rig.do(call...))
	theirs := p.askOracle(call, ours)
	p.took = max(p.took, time.Since(start))
	p.compareEffects(call, places)
	line := strings.ToUpper(strings.Join(call, " "))
	for _, e := range exceptions {
		if e.line == line {
			theirs = e.reply
		}
	}
	if ours != theirs && !p.equivalent(strings.ToLower(call[0]), ours, theirs) && !p.unordered(call, ours, theirs) {
		p.t.Errorf("RESP%s %.300q\nhere  %.600q\nRedis %.600q", p.proto, call, ours, theirs)
	}
}

// equivalent allows for the order of what has none, and for the time that passes between the two.
func (p *pair) equivalent(name, ours, theirs string) bool {
	slack := 2 + 2*p.took.Milliseconds()
	switch name {
	case "ttl", "expiretime":
		return closeTo(ours, theirs, 1)
	case "pttl", "pexpiretime":
		return closeTo(ours, theirs, slack)
	case "keys", "scan":
		return sorted(p.t, ours) == sorted(p.t, theirs)
	case "hello":
		return strings.Replace(ours, "$5\r\n"+RedisVersion, "$6\r\n7.0.15", 1) == theirs
	case "time", "lastsave":
		return shape(ours) == shape(theirs)
	case "xadd", "xrange", "xrevrange", "xinfo", "xpending", "xread", "xreadgroup", "xclaim", "xautoclaim":
		return sameStreams(p.t, ours, theirs, slack)
	case "zscan":
		unfinished := func(reply string) bool { return reply[0] == '*' && !strings.HasPrefix(reply, "*2\r\n$1\r\n0\r\n") }
		return unfinished(ours) && unfinished(theirs) || sameMembers(p.t, ours, theirs, 3) // behind the cursor
	case "zrandmember":
		return len(flat(parseReply(p.t, []byte(ours)))) == len(flat(parseReply(p.t, []byte(theirs))))
	}
	if strings.HasPrefix(name, "geo") {
		return nearlySame(p.t, ours, theirs)
	}
	return name[0] == 'z' && sameScores(p.t, ours, theirs)
}

func closeTo(ours, theirs string, slack int64) bool {
	a, err := strconv.ParseInt(strings.Trim(ours, ":\r\n"), 10, 64)
	b, err2 := strconv.ParseInt(strings.Trim(theirs, ":\r\n"), 10, 64)
	return err == nil && err2 == nil && a > 0 && b > 0 && max(a-b, b-a) <= slack
}

// sorted prints a reply with the elements of its innermost lists in order.
func sorted(t testing.TB, reply string) string {
	var order func(v any) string
	order = func(v any) string {
		list, isList := v.([]any)
		if !isList {
			return fmt.Sprintf("%T %q", v, v)
		}
		var parts []string
		for _, e := range list {
			parts = append(parts, order(e))
		}
		slices.Sort(parts)
		return fmt.Sprint(parts)
	}
	return order(parseReply(t, []byte(reply)))
}

// shape is a reply without its digits.
func shape(reply string) string {
	return strings.Map(func(r rune) rune {
		if '0' <= r && r <= '9' {
			return -1
		}
		return r
	}, reply)
}

// exceptions are the lines of all stories that are answered as by Redis 7.2, not as by the oracle.
var exceptions = []exception{
	{"HSCAN H 0 NOVALUES", "*2\r\n$1\r\n0\r\n*4\r\n$1\r\nf\r\n$1\r\ng\r\n$2\r\nab\r\n$0\r\n\r\n", newIn74},
	{"HSCAN H 0 NOVALUES MATCH A*", "*2\r\n$1\r\n0\r\n*1\r\n$2\r\nab\r\n", newIn74},
	{"SCAN 0 NOVALUES", "-" + string(ErrNoValues) + "\r\n", newIn74},
	{"SSCAN S 0 NOVALUES", "-" + string(ErrNoValues) + "\r\n", newIn74},
	{"CLIENT SETINFO", arityError("client|setinfo"), newIn72},
	{"CLIENT SETINFO LIB-NAME", arityError("client|setinfo"), newIn72},
	{"CLIENT SETINFO LIB-VER A B", arityError("client|setinfo"), newIn72},
	{"CLIENT SETINFO LIB-NAME REDIS-PY", "+OK\r\n", newIn72},
	{"CLIENT SETINFO LIB-VER 1.2.3", "+OK\r\n", newIn72},
	{"CLIENT SETINFO LIB-NAME GO-REDIS(,GO1.26)", "+OK\r\n", newIn72},
	{"CLIENT SETINFO LIB-NAME ", "+OK\r\n", newIn72},
	{"CLIENT SETINFO LIB-NAME A B", "-ERR lib-name cannot contain spaces, newlines or special characters.\r\n", newIn72},
	{"CLIENT SETINFO LIB-VER A\nB", "-ERR LIB-VER cannot contain spaces, newlines or special characters.\r\n", newIn72},
	{"CLIENT SETINFO LIB-FOO X", "-ERR Unrecognized option 'lib-foo'\r\n", newIn72},
	{"CLIENT NO-TOUCH", arityError("client|no-touch"), newIn72},
	{"CLIENT NO-TOUCH ON", "+OK\r\n", newIn72},
	{"CLIENT NO-TOUCH OFF", "+OK\r\n", newIn72},
	{"XREAD BLOCK 9223372036854775807 STREAMS S 0", "-" + string(ErrTimeoutRange) + "\r\n", "7.0 computes with an overflow"},
	{"LPOS L C RANK -9223372036854775808", "-" + string(ErrNotNegatable) + "\r\n", "7.0 counts from the end, without end"},
	{"CLIENT NO-TOUCH YES", "-ERR syntax error\r\n", newIn72},
}

const (
	newIn72 = "the subcommand came with Redis 7.2"
	newIn74 = "the option came with Redis 7.4"
)

func arityError(name string) string { return "-" + string(wrongArity(name)) + "\r\n" }
