package integration

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"switchyard/integration/redistest"
)

// TestDifferential sends the same commands to a real redis-server and to Switchyard, and expects
// the same bytes back. What differs is shortened to the fewest commands that show it.
func TestDifferential(t *testing.T) {
	for _, backend := range everyBackend {
		t.Run(backend, func(t *testing.T) {
			t.Parallel()
			length := *soakFlag
			if length == 0 {
				length = 6 * time.Second
			}
			compare(t, start(t, settings{Backend: backend}).Addr, length)
		})
	}
}

// TestTheOracleAgreesWithItself shows that what TestDifferential finds is not its own doing.
func TestTheOracleAgreesWithItself(t *testing.T) {
	t.Parallel()
	compare(t, redistest.Start(t).Addr, time.Second)
}

func compare(t *testing.T, subject string, length time.Duration) {
	r, seed := newRand(t)
	p := &pair{t: t, oracleAddr: redistest.Start(t).Addr, subjectAddr: subject}
	p.reset()
	g := newGenerator(r, p.sampleDumps())
	ops := 0
	for end := time.Now().Add(length); time.Now().Before(end) && p.failures < 5; {
		ops += p.episode(g, 2000)
	}
	t.Logf("seed %d: %d commands", seed, ops)
}

// op is a command on the RESP2 or the RESP3 connection.
type op struct {
	proto int
	args  []string
}

// soon is the op that gives a key a short life and waits for its end on both servers.
const soon = "(soon)"

// pair is the oracle, the subject and a connection per protocol to either.
type pair struct {
	t               *testing.T
	oracle, subject map[int]*conn
	oracleAddr      string
	subjectAddr     string
	failures        int
}

// reset empties both servers and begins with new connections.
func (p *pair) reset() {
	p.t.Helper()
	for _, side := range []struct {
		conns *map[int]*conn
		addr  string
	}{{&p.oracle, p.oracleAddr}, {&p.subject, p.subjectAddr}} {
		for _, c := range *side.conns {
			c.Close()
		}
		*side.conns = map[int]*conn{2: dial(p.t, side.addr), 3: dial3(p.t, side.addr)}
		(*side.conns)[2].want("+OK\r\n", "FLUSHALL")
	}
}

// sampleDumps are payloads of every encoding of a string.
func (p *pair) sampleDumps() (dumps []string) {
	c := p.oracle[2]
	for _, v := range []string{"", "1", "-129", "70000", "-3000000000", "text", strings.Repeat("again and again ", 50), "\x00\xff" + strings.Repeat("z", 20000)} {
		c.do("SET", "sample", v)
		dumps = append(dumps, c.do("DUMP", "sample").text)
	}
	c.do("DEL", "sample")
	return dumps
}

// episode runs n commands on empty servers, and compares what they hold in the end.
func (p *pair) episode(g *generator, n int) (done int) {
	p.reset()
	var history []op
	for len(history) < n {
		var batch []op
		proto := 2 + g.r.IntN(2)
		for range 1 + g.r.IntN(30) {
			args := g.next()
			if g.r.IntN(500) == 0 {
				args = []string{soon, g.key()}
			}
			batch = append(batch, op{proto, args})
		}
		at, why := p.run(batch)
		history = append(history, batch...)
		if why != "" {
			p.report(history[:len(history)-len(batch)+at+1], why)
			return len(history)
		}
	}
	if why := p.census(); why != "" {
		p.report(history, why)
	}
	return len(history)
}

// run sends ops in pipelines as long as it can and returns the first one whose replies differ.
func (p *pair) run(ops []op) (at int, why string) {
	for at < len(ops) {
		end := at
		for end < len(ops) && ops[end].proto == ops[at].proto && !alone(ops[end].args) {
			end++
		}
		if end == at {
			if why = p.runAlone(ops[at]); why != "" {
				return at, why
			}
			at++
			continue
		}
		if i, why := p.pipeline(ops[at:end]); why != "" {
			return at + i, why
		}
		at = end
	}
	return 0, ""
}

// alone says whether nothing may happen between a command and what is asked after it.
func alone(args []string) bool {
	switch strings.ToLower(args[0]) {
	case "scan", "randomkey", "dbsize", soon:
		return true
	}
	return false
}

func (p *pair) pipeline(ops []op) (at int, why string) {
	oracle, subject := p.oracle[ops[0].proto], p.subject[ops[0].proto]
	var out []byte
	for _, o := range ops {
		out = append(out, encode(o.args...)...)
	}
	subject.write(out)
	oracle.write(out)
	for i, o := range ops {
		want := oracle.reply()
		got, err := subject.next()
		if err != nil {
			return i, fmt.Sprintf("want %q, got no reply: %v", clip(want.raw), err)
		}
		if why == "" {
			if why = differ(o.args, want, got); why != "" {
				at = i // the other replies are still to be read
			}
		}
	}
	return at, why
}

func (p *pair) runAlone(o op) (why string) {
	oracle, subject := p.oracle[o.proto], p.subject[o.proto]
	switch strings.ToLower(o.args[0]) {
	case "scan":
		return differ([]string{"keys"}, scanAll(oracle, o.args), scanAll(subject, o.args))
	case "randomkey":
		want, got := oracle.do(o.args...), subject.do(o.args...)
		if want.isError() || want.isNull() || got.isError() || got.isNull() {
			return differ(o.args, want, got)
		}
		if r := oracle.do("EXISTS", got.text); r.raw != ":1\r\n" {
			return fmt.Sprintf("RANDOMKEY gave %q, which Redis does not have", got.raw)
		}
		return ""
	case "dbsize":
		want, got := askUntilAlike(oracle, subject, o.args)
		return differ(o.args, want, got)
	}
	oracle.do("PSETEX", o.args[1], "20", "short-lived")
	subject.do("PSETEX", o.args[1], "20", "short-lived")
	for _, c := range []*conn{oracle, subject} {
		eventually(p.t, "a key expires", func() bool { return c.do("EXISTS", o.args[1]).raw == ":0\r\n" })
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

// scanAll makes the given call of SCAN, and goes on to the end. The items of its reply are the
// distinct keys; an error is returned as it is.
func scanAll(c *conn, args []string) reply {
	all := reply{kind: '*'}
	seen := map[string]bool{}
	args = append([]string(nil), args...)
	for {
		r := c.do(args...)
		if len(r.items) != 2 {
			return r
		}
		for _, k := range r.items[1].items {
			if !seen[k.raw] {
				seen[k.raw] = true
				all.items = append(all.items, k)
			}
		}
		if args[1] = r.items[0].text; args[1] == "0" {
			return all
		}
	}
}

// census compares everything in all databases.
func (p *pair) census() (why string) {
	oracle, subject := dial(p.t, p.oracleAddr), dial(p.t, p.subjectAddr)
	defer oracle.Close()
	defer subject.Close()
	ask := func(args ...string) (want reply, why string) {
		want = oracle.do(args...)
		if why = differ(args, want, subject.do(args...)); why != "" {
			why = fmt.Sprintf("in the end, %q: %s", short(args), why)
		}
		return want, why
	}
	for db := range 16 {
		if _, why := ask("select", strconv.Itoa(db)); why != "" {
			return why
		}
		keys, why := ask("keys", "*")
		for _, k := range keys.texts() {
			for _, name := range []string{"get", "pexpiretime"} {
				if why == "" {
					_, why = ask(name, k)
				}
			}
		}
		if why != "" {
			return fmt.Sprintf("database %d: %s", db, why)
		}
	}
	return ""
}

// report fails the test with the shortest history that still shows a difference.
func (p *pair) report(history []op, why string) {
	p.failures++
	shown := p.shorten(history)
	if shown == nil {
		shown = history[max(0, len(history)-20):]
		why += "\n(not seen again when repeated; these are the last commands)"
	} else if again := p.replay(shown); again != "" {
		why = again
	}
	var b strings.Builder
	for _, o := range shown {
		fmt.Fprintf(&b, "  RESP%d %q\n", o.proto, short(o.args))
	}
	p.t.Errorf("%s\nafter\n%s", why, b.String())
	p.reset()
}

// replay runs a history from the start.
func (p *pair) replay(history []op) (why string) {
	p.reset()
	if _, why = p.run(history); why != "" {
		return why
	}
	return p.census()
}

// shorten leaves out what the difference does not need; nil when it does not show again.
func (p *pair) shorten(history []op) []op {
	deadline := time.Now().Add(20 * time.Second)
	if p.replay(history) == "" {
		return nil
	}
	for size := len(history); size >= 1; size /= 2 {
		for from := 0; from < len(history) && time.Now().Before(deadline); {
			fewer := append(append([]op(nil), history[:from]...), history[min(from+size, len(history)):]...)
			if len(fewer) > 0 && p.replay(fewer) != "" {
				history = fewer
			} else {
				from += size
			}
		}
	}
	return history
}
