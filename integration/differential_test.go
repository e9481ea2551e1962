package integration

import (
	"flag"
	"fmt"
	"strings"
	"testing"
	"time"

	"switchyard/integration/redistest"
)

var commandsFlag = flag.Int("commands", 0, "how many commands TestDifferential sends to each backend, in place of as many as the time allows")

// TestDifferential sends the same commands to a real redis-server and to Switchyard, and expects
// the same bytes back. What differs is shortened to the fewest commands that show it.
func TestDifferential(t *testing.T) {
	for _, backend := range everyBackend {
		t.Run(backend, func(t *testing.T) {
			t.Parallel()
			p := &pair{t: t, subjectAddr: start(t, settings{Backend: backend}).Addr, modern: backend != "redis"}
			p.compare(backend, 8*time.Second)
		})
	}
}

// TestTheOracleAgreesWithItself shows that what TestDifferential finds is not its own doing.
func TestTheOracleAgreesWithItself(t *testing.T) {
	t.Parallel()
	p := &pair{t: t, subjectAddr: redistest.Start(t).Addr}
	p.compare("oracle", time.Second)
}

// pair is the oracle, the subject and a connection per protocol to either.
type pair struct {
	t               *testing.T
	oracle, subject map[int]*conn
	oracleAddr      string
	subjectAddr     string
	modern          bool // the subject does as Redis 7.2 where that differs from 7.0
	failures        int
}

// compare goes on for a time, or until it has sent as many commands as asked for.
func (p *pair) compare(backend string, length time.Duration) {
	r, seed := newRand(p.t)
	p.oracleAddr = redistest.Start(p.t).Addr
	p.reset()
	g := newGenerator(r, familiesOf(p.t, backend), sampleDumps(p.oracle[2]))
	if *soakFlag > 0 {
		length = *soakFlag
	}
	start, ops := time.Now(), 0
	enough := func() bool {
		if *commandsFlag > 0 {
			return ops >= *commandsFlag
		}
		return time.Since(start) >= length
	}
	for p.failures < 5 && !enough() {
		ops += p.episode(g, 2000)
	}
	p.t.Logf("seed %d: %d commands in %.0f s", seed, ops, time.Since(start).Seconds())
}

// op is a command on the RESP2 or the RESP3 connection.
type op struct {
	proto int
	args  []string
}

// soon is the op that gives a key a short life and waits for its end on both servers.
const soon = "(soon)"

// limitsByDefault are what an episode begins with, and may change.
var limitsByDefault = []string{"CONFIG", "SET", "hash-max-listpack-entries", "512", "hash-max-listpack-value", "64", "list-max-listpack-size", "-2",
	"set-max-intset-entries", "512", "zset-max-listpack-entries", "128", "zset-max-listpack-value", "64", "stream-node-max-bytes", "4096", "stream-node-max-entries", "100"}

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
		(*side.conns)[2].want("+OK\r\n", limitsByDefault...)
	}
}

// episode runs n commands on empty servers, and compares what they hold in the end.
func (p *pair) episode(g *generator, n int) (done int) {
	p.reset()
	g.begin()
	var history []op
	for len(history) < n {
		var batch []op
		proto := 2 + g.r.IntN(2)
		for range 1 + g.r.IntN(60) {
			batch = append(batch, op{proto, g.next()})
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
		for end < len(ops) && ops[end].proto == ops[at].proto && p.follower(ops[end].args) == nil {
			end++
		}
		if end == at {
			o := ops[at]
			if why = p.follower(o.args)(p, p.oracle[o.proto], p.subject[o.proto], o.args); why != "" {
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

// pipeline sends ops at once. Redis gets the witnesses of the ops between them; so does the subject if it
// is one, since they may be good for more than their replies.
func (p *pair) pipeline(ops []op) (at int, why string) {
	oracle, subject := p.oracle[ops[0].proto], p.subject[ops[0].proto]
	var toOracle, toSubject []byte
	for _, o := range ops {
		if w := witness(o.args); w != nil {
			toOracle = append(toOracle, encode(w...)...)
			if !p.modern {
				toSubject = append(toSubject, encode(w...)...)
			}
		}
		command := encode(o.args...)
		toOracle, toSubject = append(toOracle, command...), append(toSubject, command...)
	}
	subject.write(toSubject)
	oracle.write(toOracle)
	for i, o := range ops {
		var seen reply
		if witness(o.args) != nil {
			seen = oracle.reply()
			if !p.modern {
				subject.reply()
			}
		}
		want := oracle.reply()
		got, err := subject.next()
		if err != nil {
			return i, fmt.Sprintf("%q: want %q, got no reply: %v", short(o.args), clip(want.raw), err)
		}
		if why == "" {
			if why = differSeen(o.args, want, got, seen); why != "" {
				at = i // the other replies are still to be read
			}
		}
	}
	return at, why
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
	deadline := time.Now().Add(40 * time.Second)
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
