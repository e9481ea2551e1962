package commands

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"switchyard/integration/redistest"
)

// Whatever calls are compared with Redis, what they do is compared too: the events that a subscriber sees, their
// order, keys and databases, and for each key whether those who watch it learn that it has changed.

// probe sees what calls do in Redis.
type probe struct {
	t        testing.TB
	addr     string
	control  *oracle
	events   *oracle // subscribed to all
	barriers int
	watchers map[place]*oracle
}

// place is a key of a database.
type place struct {
	db  int
	key string
}

func newProbe(t testing.TB, addr string, classes Class) *probe {
	t.Helper()
	b := &probe{t: t, addr: addr, control: dialOracle(t, addr), events: dialOracle(t, addr), watchers: map[place]*oracle{}}
	letters := (classes | KeyeventChannel).String()
	if classes&NewKeyEvent != 0 {
		letters += "n" // which is not printed beside A
	}
	b.control.do("CONFIG", "SET", "notify-keyspace-events", letters)
	b.events.do("PSUBSCRIBE", "__keyevent@*", "barrier")
	b.events.receive() // of the second pattern
	return b
}

// watch has each key watched by a connection of its own.
func (b *probe) watch(places []place) {
	b.t.Helper()
	for _, p := range places {
		if b.watchers[p] == nil {
			b.watchers[p] = dialOracle(b.t, b.addr)
			b.watchers[p].do("SELECT", strconv.Itoa(p.db))
		}
		b.watchers[p].send([]string{"WATCH", p.key})
	}
	b.published() // what was done to Redis alone
	for _, p := range places {
		b.watchers[p].receive()
	}
}

// effects are the events since the keys are watched, and which of these have changed.
func (b *probe) effects(places []place) (events []string, changed map[place]bool) {
	b.t.Helper()
	for _, p := range places {
		b.watchers[p].send([]string{"MULTI"}, []string{"EXEC"})
	}
	events, changed = b.published(), map[place]bool{}
	for _, p := range places {
		b.watchers[p].receive() // of MULTI
		changed[p] = string(b.watchers[p].receive()) == "*-1\r\n"
	}
	return events, changed
}

// published are the events since the last time.
func (b *probe) published() (events []string) {
	b.t.Helper()
	b.barriers++
	end := strconv.Itoa(b.barriers)
	b.control.do("PUBLISH", "barrier", end)
	for {
		switch m := listOf(parseReply(b.t, b.events.receive())); {
		case m[2] != "barrier":
			db, event, _ := strings.Cut(strings.TrimPrefix(m[2], "__keyevent@"), "__:")
			if event != "expired" { // at a time of Redis's choosing
				events = append(events, fmt.Sprintf("%s %s %.60q", db, event, m[3]))
			}
		case m[3] == end:
			return events
		}
	}
}

// watch prepares for a call, and returns the keys that it may change. Without keys it does nothing to them.
func (p *pair) watch(call []string) []place {
	places := p.places(call)
	if len(places) == 0 {
		return nil
	}
	if p.probe == nil {
		p.probe = newProbe(p.t, p.addr, p.classes)
	}
	p.probe.watch(places)
	return places
}

// places are the keys that a call may change.
func (p *pair) places(call []string) (places []place) {
	var args [][]byte
	for _, arg := range call {
		args = append(args, []byte(arg))
	}
	row, err := p.server.table.Find(args)
	if err != nil || row.Run == nil {
		return nil
	}
	dbs := []int{p.client.info.DB}
	if name := row.Name; name == "move" || name == "copy" {
		for db := range 3 {
			if db != p.client.info.DB {
				dbs = append(dbs, db)
			}
		}
	}
	for _, key := range row.AppendKeys(nil, args) {
		for _, db := range dbs {
			if at := (place{db, string(key)}); !slices.Contains(places, at) {
				places = append(places, at)
			}
		}
	}
	return places
}

// compareEffects compares what the last call has done.
func (p *pair) compareEffects(call []string, places []place) {
	p.t.Helper()
	if len(places) == 0 {
		if n := len(p.client.effects); n > 0 {
			p.t.Errorf("%.300q tells %d effects, and has no keys", call, n)
		}
		return
	}
	theirs, changedInRedis := p.probe.effects(places)
	var ours []string
	changed := map[place]bool{}
	for _, e := range p.client.effects {
		if e.Event != "" && e.Event != "expired" && e.Class&p.classes != 0 { // as Redis tells that when it likes
			ours = append(ours, fmt.Sprintf("%d %s %.60q", e.DB, e.Event, e.Key))
		}
		if !e.Kept {
			changed[place{e.DB, string(e.Key)}] = true
		}
	}
	if theirs = p.translate(call, ours, theirs); !slices.Equal(ours, theirs) {
		p.t.Errorf("%.300q\nhere  tells %.600q\nRedis tells %.600q", call, ours, theirs)
	}
	for _, at := range places {
		inRedis := changedInRedis[at]
		if _, allowed := changedOtherwise[effectDifference{strings.ToLower(call[0]), len(ours), inRedis}]; changed[at] != inRedis && !allowed {
			p.t.Errorf("%.300q changes %d %.100q here: %v; in Redis: %v", call, at.db, at.key, changed[at], inRedis)
		}
	}
}

// effectDifference is a change of which those who watch the key learn either only in Redis, or only here.
type effectDifference struct {
	command string
	events  int // that are told
	inRedis bool
}

var changedOtherwise = map[effectDifference]string{
	{"bitfield", 1, false}: "an OVERFLOW FAIL has made the key, or room in it, of which Redis tells with the event alone",
}

// translate makes events of Redis 7.0 those that are expected here.
func (p *pair) translate(call, ours, theirs []string) []string {
	switch strings.ToLower(call[0]) {
	case "spop": // Redis was made to remove the same members
		var events []string
		for _, e := range theirs {
			if !strings.Contains(e, " keymiss ") { // of the question how many there are
				events = append(events, strings.Replace(e, " srem ", " spop ", 1))
			}
		}
		return events
	case "sort", "sort_ro", "xreadgroup":
		if sameElements(slices.Clone(ours), slices.Clone(theirs)) {
			return ours // a set has no order, and consumers are made one after the other
		}
	}
	return theirs
}

func TestCallsTellWhatTheyDoAsInRedis(t *testing.T) { compareStories(t, effectStories) }

// The class of an event shows in Redis by which classes are asked for.
func TestEventsAreOfTheClassesOfRedis(t *testing.T) {
	redis := redistest.Start(t)
	for _, l := range eventLetters {
		if l.letter == 'A' || l.class == KeyspaceChannel || l.class == KeyeventChannel {
			continue
		}
		t.Run(string(l.letter), func(t *testing.T) {
			for _, s := range effectStories {
				p := newPair(t, redis.Addr, "2")
				p.classes = l.class
				for _, call := range s.calls(t) {
					p.compare(call...)
				}
			}
		})
	}
}

// No oracle knows the expiry of fields, which came with Redis 7.4.
func TestFieldsTellOfTheirExpiryAsInRedis74(t *testing.T) {
	r := newRig(t)
	r.server.observed = true
	for _, step := range []struct{ line, told string }{
		{"HSET h f v g v", "n new, h hset"},
		{"HEXPIRE h 100 FIELDS 1 f", "h hexpire"},
		{"HEXPIRE h 100 NX FIELDS 1 f", ""},
		{"HEXPIRE h 100 NX FIELDS 2 f g", "h hexpire"},
		{"HPEXPIRE h 200000 FIELDS 2 f none", "h hexpire"},
		{"HEXPIREAT h 4000000000 FIELDS 1 f", "h hexpire"},
		{"HPEXPIREAT h 4000000000000 GT FIELDS 1 f", ""},
		{"HEXPIRE h 100 FIELDS 1 none", ""},
		{"HEXPIRE h x FIELDS 1 f", ""},
		{"HPERSIST h FIELDS 3 f g none", "h hpersist"},
		{"HPERSIST h FIELDS 2 f g", ""},
		{"HEXPIREAT h 1 FIELDS 2 f none", "h hdel"},
		{"HTTL h FIELDS 1 g", ""},
		{"HEXPIREAT h 1 XX FIELDS 1 g", ""},
		{"HPEXPIREAT h 1 FIELDS 1 g", "h hdel, g del"},
		{"HEXPIRE h 100 FIELDS 1 f", ""},
		{"HPERSIST h FIELDS 1 f", ""},
		{"HTTL h FIELDS 1 f", "m keymiss"},
		{"HPTTL h FIELDS 1 f", "m keymiss"},
		{"HEXPIRETIME h FIELDS 1 f", "m keymiss"},
		{"HPEXPIRETIME h FIELDS 1 f", "m keymiss"},
		{"SET s v", "n new, $ set"},
		{"HEXPIRE s 100 FIELDS 1 f", ""},
		{"HPERSIST s FIELDS 1 f", ""},
	} {
		r.client.effects = nil
		reply := string(r.do(splitLine(t, step.line)...))
		var told []string
		for _, e := range r.client.effects {
			if told = append(told, e.Class.String()+" "+e.Event); e.Kept != (e.Class == KeyMissEvent) {
				t.Errorf("%s: %s is told as a change: %v", step.line, e.Event, !e.Kept)
			}
		}
		if got := strings.Join(told, ", "); got != step.told {
			t.Errorf("%s tells %q, not %q; it replies %q", step.line, got, step.told, reply)
		}
	}
}

func TestNothingIsToldToNobody(t *testing.T) {
	r := newRig(t)
	for _, s := range effectStories {
		for _, call := range s.calls(t) {
			r.do(call...)
		}
	}
	if n := len(r.client.effects); n > 0 {
		t.Errorf("%d effects were told", n)
	}
}
