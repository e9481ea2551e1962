package rdb

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"

	"switchyard/backends"
)

// streamPair does the same to a stream here and in Redis.
type streamPair struct {
	*rand.Rand
	tx backends.Tx
	s  backends.Stream
	p  redis.Pipeliner
}

func (x *streamPair) redis(args ...any) { x.p.Do(background, args...) }

func (x *streamPair) state() backends.StreamState { s, _ := x.s.State(); return s }

// id is mostly that of some entry.
func (x *streamPair) id() (id backends.StreamID) {
	state := x.state()
	if x.IntN(8) == 0 || state.Length == 0 {
		return backends.StreamID{Ms: x.Uint64N(state.Last.Ms + 2), Seq: 1 + x.Uint64N(3)}
	}
	n := x.IntN(state.Length)
	x.s.Each(backends.StreamID{}, backends.LastStreamID, false, func(at backends.StreamID, _ [][]byte) bool {
		id = at
		n--
		return n >= 0
	})
	return id
}

func (x *streamPair) add() {
	id := x.state().Last
	if id.Seq++; x.IntN(3) == 0 {
		id = backends.StreamID{Ms: id.Ms + 1 + x.Uint64N(1<<x.IntN(40)), Seq: x.Uint64N(1 << x.IntN(60))}
	}
	names := [][]string{{"f", "12"}, {"f"}, {element(x.Rand)}}[x.IntN(11)/5]
	args, fields := []any{"xadd", "k", idText(id)}, [][]byte{}
	for _, name := range names {
		value := element(x.Rand)
		args, fields = append(args, name, value), append(fields, []byte(name), []byte(value))
	}
	x.s.Append(id, fields)
	x.redis(args...)
}

func (x *streamPair) trim() {
	t := backends.Trim{Approx: x.IntN(2) == 0, Limit: backends.DefaultLimit}
	args := []any{"xtrim", "k", "minid"}
	if t.ByLength = x.IntN(2) == 0; t.ByLength {
		args[2] = "maxlen"
	}
	if t.Approx {
		args = append(args, "~")
	}
	if t.ByLength {
		t.Length = x.state().Length - x.IntN(1+x.state().Length/10)
		args = append(args, t.Length)
	} else {
		t.First = x.id()
		if x.IntN(4) > 0 {
			t.First = x.state().First
			t.First.Seq += x.Uint64N(5)
		}
		args = append(args, idText(t.First))
	}
	x.s.Trim(t)
	x.redis(args...)
}

// set changes the state as XSETID may.
func (x *streamPair) set() {
	state := x.state()
	state.Last.Ms += x.Uint64N(3)
	state.Added = uint64(state.Length) + x.Uint64N(1<<x.IntN(33))
	state.MaxDeleted = backends.StreamID{Ms: x.Uint64N(state.Last.Ms + 1), Seq: 1}
	if state.Last.Less(state.MaxDeleted) {
		return
	}
	x.s.SetState(state)
	x.redis("xsetid", "k", idText(state.Last), "entriesadded", state.Added, "maxdeletedid", idText(state.MaxDeleted))
}

// group changes one of the groups.
func (x *streamPair) group() {
	name := []string{"g", "12", "", "\xff\x00group", strings.Repeat("long", 20)}[x.IntN(5)]
	consumer := []string{"c", "-7", "", "\x00", strings.Repeat("long", 10)}[x.IntN(5)]
	g, ok := x.s.Groups().Get([]byte(name))
	if !ok {
		state := backends.GroupState{Last: x.id(), Read: x.Int64N(1<<x.IntN(40)) - 1}
		x.s.Groups().Create([]byte(name), state)
		x.redis("xgroup", "create", "k", name, idText(state.Last), "entriesread", state.Read)
		return
	}
	exists := slices.ContainsFunc(textsOf(g.Consumers()), func(s string) bool { return s == consumer })
	switch op := x.IntN(20); {
	case op == 0:
		x.s.Groups().Delete([]byte(name))
		x.redis("xgroup", "destroy", "k", name)
	case op < 3:
		state := backends.GroupState{Last: x.id(), Read: x.Int64N(100) - 1}
		g.SetState(state)
		x.redis("xgroup", "setid", "k", name, idText(state.Last), "entriesread", state.Read)
	case op < 4:
		g.Consumers().Delete([]byte(consumer))
		x.redis("xgroup", "delconsumer", "k", name, consumer)
	case !exists:
		g.Consumers().Set([]byte(consumer), backends.Consumer{})
		x.redis("xgroup", "createconsumer", "k", name, consumer)
	case op < 8:
		id := x.id()
		g.Acknowledge(id)
		x.redis("xack", "k", name, idText(id))
	default:
		x.claim(g, name, consumer)
	}
}

// claim makes entries pending that are there: Redis would forget others.
func (x *streamPair) claim(g backends.StreamGroup, name, consumer string) {
	for range 1 + x.IntN(4) {
		id, found := x.id(), false
		x.s.Each(id, id, false, func(backends.StreamID, [][]byte) bool { found = true; return false })
		if !found {
			continue
		}
		d := backends.Delivery{Consumer: []byte(consumer), Delivered: x.Int64N(1_000_000), Count: x.Uint64N(1 << x.IntN(40))}
		g.SetPending(id, d)
		x.redis("xclaim", "k", name, consumer, 0, idText(id), "time", d.Delivered, "retrycount", d.Count, "force", "justid")
	}
}

func textsOf(c backends.StreamConsumers) (names []string) {
	c.Each(func(name []byte, _ backends.Consumer) bool { names = append(names, string(name)); return true })
	return names
}

// see gives the consumers the times at which Redis saw its own.
func (x *streamPair) see(info []any) {
	for _, reply := range list(tableOf(info)["groups"]) {
		g, _ := x.s.Groups().Get([]byte(tableOf(reply).text("name")))
		for _, reply := range list(tableOf(reply)["consumers"]) {
			c := tableOf(reply)
			g.Consumers().Set([]byte(c.text("name")), backends.Consumer{Seen: c.int("seen-time")})
		}
	}
}

func TestStreamsAreDumpedByteForByte(t *testing.T) {
	c, seed := startRedis(t), rand.Uint64()
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	limits := backends.NewCompact()
	memory := on(openMemory(t, limits))
	for round := range 60 {
		limits.StreamEntries.Store([]int64{100, 7, 1, 3, 0, 2}[round%6])
		limits.StreamBytes.Store([]int64{4096, 0, 3000}[round%3])
		for name, limit := range map[string]int64{"stream-node-max-entries": limits.StreamEntries.Load(), "stream-node-max-bytes": limits.StreamBytes.Load()} {
			if err := c.ConfigSet(background, name, fmt.Sprint(limit)).Err(); err != nil {
				t.Fatal(err)
			}
		}
		err := memory(func(tx backends.Tx) error {
			s, err := tx.Stream([]byte("k"))
			if err != nil {
				return err
			}
			x := &streamPair{r, tx, s, c.Pipeline()}
			x.redis("del", "k")
			tx.Delete([]byte("k"))
			for x.add(); r.IntN(120) > 0; {
				switch op := r.IntN(20); {
				case op == 0:
					x.trim()
				case op < 3:
					id := x.id()
					s.Delete(id)
					x.redis("xdel", "k", idText(id))
				case op < 4:
					x.set()
				case op < 9:
					x.group()
				default:
					x.add()
				}
			}
			return x.differ()
		})
		if err != nil {
			t.Fatalf("round %d: %v", round, err)
		}
	}
}

// differ compares the payloads of both.
func (x *streamPair) differ() error {
	if cmds, err := x.p.Exec(background); err != nil {
		for _, cmd := range cmds {
			if cmd.Err() != nil {
				return fmt.Errorf("%q: %w", cmd.Args(), cmd.Err())
			}
		}
		return err
	}
	info := x.p.Do(background, "xinfo", "stream", "k", "full", "count", 0)
	want := x.p.Dump(background, "k")
	if _, err := x.p.Exec(background); err != nil {
		return err
	}
	x.see(list(info.Val()))
	got, err := Dump(x.tx, []byte("k"))
	if err == nil && string(got) != want.Val() {
		err = fmt.Errorf("here  %.2000q\nRedis %.2000q", got, want.Val())
	}
	return err
}

// buildStream makes a stream in Redis with all that it can have. whole: no entry was ever deleted.
func buildStream(r *rand.Rand, p redis.Pipeliner, key string) (whole bool) {
	do := func(args ...any) { p.Do(background, args...) }
	n, id := size(r), 0
	for range n {
		args := []any{"xadd", key, fmt.Sprintf("%d-%d", id/3+1, id%3)}
		for range 1 + r.IntN(1+r.IntN(3)) {
			args = append(args, []string{"field", "12", element(r)}[r.IntN(21)/10], element(r))
		}
		do(args...)
		id++
	}
	some := func() string { k := r.IntN(n); return fmt.Sprintf("%d-%d", k/3+1, k%3) }
	groups, consumers := []string{"g", "12", "", "\xff"}[:r.IntN(5)], []string{"c", "-3", "", strings.Repeat("c", 30)}
	for _, g := range groups {
		do("xgroup", "create", key, g, []string{"0", "$", some()}[r.IntN(3)])
		for range r.IntN(10) {
			consumer := consumers[r.IntN(4)]
			do("xgroup", "createconsumer", key, g, consumer)
			do("xreadgroup", "group", g, consumer, "count", 1+r.IntN(50), "streams", key, ">")
			do("xack", key, g, some(), some())
			do("xclaim", key, g, consumers[r.IntN(4)], 0, some(), some())
		}
	}
	if whole = r.IntN(2) == 0; whole {
		return whole
	}
	switch r.IntN(4) {
	case 0:
		do("xtrim", key, "maxlen", r.IntN(n+1))
	case 1:
		do("xtrim", key, "maxlen", 0)
		do("xsetid", key, fmt.Sprintf("%d-%d", id/3+5, r.IntN(9)), "entriesadded", n+r.IntN(1000), "maxdeletedid", "1-1")
	case 2:
		for range r.IntN(30) {
			do("xdel", key, some(), some())
		}
	}
	return whole
}

func TestStreamsOfRedisComeBack(t *testing.T) {
	c, seed := startRedis(t), rand.Uint64()
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	all, whole, copied := engines(t), 0, 0
	for i := range 120 {
		p := c.Pipeline()
		p.Del(background, "built")
		intact := buildStream(r, p, "built")
		dump, held := p.Dump(background, "built"), heldByRedis(p, "built")
		_, _ = p.Exec(background) // some commands find nothing, and most reads are of another type
		want, err := held()
		if err != nil || want.kind != "stream" {
			t.Fatal(want.kind, err)
		}
		for name, run := range all {
			got, _, again, err := run.taken([]byte(dump.Val()))
			if err != nil || !got.equal(want) {
				t.Fatalf("stream %d came to %s as %v %.3000q\nRedis has %.3000q", i, name, err, got, want)
			}
			if intact {
				if whole++; string(again) != dump.Val() {
					t.Fatalf("stream %d in %s\nhere  %.2000q\nRedis %.2000q", i, name, again, dump.Val())
				}
			}
			p.RestoreReplace(background, "back", 0, string(again))
			back := heldByRedis(p, "back")
			_, _ = p.Exec(background)
			if got, err := back(); err != nil || !got.equal(want) {
				t.Fatalf("Redis takes stream %d of %s as %v %.3000q\nnot %.3000q", i, name, err, got, want)
			}
			copied++
		}
	}
	if t.Logf("%d of %d without deleted entries", whole, copied); whole == 0 || whole == copied {
		t.Error("too few of one kind")
	}
}

// withoutFirst is a stream without its first ID: Redis believes the payload, while we look at the entries.
func withoutFirst(c contents) contents {
	c.elements = slices.Clone(c.elements)
	c.elements[0] = firstID.ReplaceAllString(c.elements[0], "")
	return c
}

var firstID = regexp.MustCompile(` from \S+`)

// Redis looks at less of a stream than we do. What we take it takes as well, and holds the same then.
func TestADamagedStreamIsTakenAsRedisDoesOrRefused(t *testing.T) {
	c, seed := startRedis(t), rand.Uint64()
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	if err := c.ConfigSet(background, "rdbcompression", "no").Err(); err != nil { // damage is to reach the nodes
		t.Fatal(err)
	}
	var sound [][]byte
	for _, kind := range []byte{typeStream, typeStreamState, typeStreamActive} {
		sound = append(sound, frame(version, append([]byte{kind}, rawStreamOf(kind).body()...)...))
	}
	p := c.Pipeline()
	for range 12 {
		p.Del(background, "built")
		buildStream(r, p, "built")
		dump := p.Dump(background, "built")
		_, _ = p.Exec(background) // some commands find nothing
		sound = append(sound, []byte(dump.Val()))
	}
	all, taken, refused := engines(t), 0, 0
	for range 1200 {
		b := damageStream(r, sound[r.IntN(len(sound))])
		for name, run := range all {
			got, _, again, err := run.taken(b)
			if err != nil {
				if refused++; err != ErrFormat {
					t.Fatalf("%s: %v for %q", name, err, b)
				}
				continue
			}
			taken++
			if held, _, _, err := run.taken(again); err != nil || !held.equal(got) {
				t.Fatalf("%s: %q\nis    %.1000q\nbut a copy %v %.1000q", name, b, got, err, held)
			}
			if name != "memory" || b[0] == typeStreamActive {
				continue
			}
			reply := p.RestoreReplace(background, "k", 0, string(b))
			held := heldByRedis(p, "k")
			_, _ = p.Exec(background) // most reads are of another type on purpose
			if want, err := held(); err != nil || reply.Err() != nil || !withoutFirst(got).equal(withoutFirst(want)) {
				t.Fatalf("%q\nhere  %.1000q\nRedis %v %v %.1000q", b, got, reply.Err(), err, want)
			}
		}
	}
	if t.Logf("%d taken, %d refused", taken, refused); taken < 150 || refused < 150 {
		t.Error("too few of one kind")
	}
}

// damageStream changes up to three bytes of a body, or cuts it, and seals it.
func damageStream(r *rand.Rand, payload []byte) []byte {
	body := bytes.Clone(payload[:len(payload)-footer])
	for range 1 + r.IntN(3) {
		at := 1 + r.IntN(len(body)-1)
		switch r.IntN(4) {
		case 0:
			body[at] = byte(r.IntN(256))
		case 1:
			body[at] ^= 1 << r.IntN(8)
		case 2:
			body[at] += byte(r.IntN(5) - 2)
		case 3:
			body[at] = body[1+r.IntN(len(body)-1)]
		}
	}
	if r.IntN(20) == 0 {
		body = body[:1+r.IntN(len(body)-1)]
	}
	return frame(version, body...)
}
