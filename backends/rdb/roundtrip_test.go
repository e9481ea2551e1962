package rdb

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"
)

// element is a random string as collections have them: short as a rule, often a number, now and then too
// long for a compact collection.
func element(r *rand.Rand) string {
	switch r.IntN(12) {
	case 0, 1, 2:
		return strconv.FormatInt(int64(r.Uint64())>>r.IntN(64), 10)
	case 3:
		return strconv.Itoa(r.IntN(1000))
	case 4:
		return strings.Repeat(string(rune('a'+r.IntN(3))), 55+r.IntN(10))
	case 5:
		if r.IntN(40) == 0 {
			return string(sample(r))
		}
	}
	b := make([]byte, r.IntN(12))
	for i := range b {
		b[i] = byte(r.IntN(256))
	}
	return string(b)
}

func randomScore(r *rand.Rand) float64 {
	switch r.IntN(8) {
	case 0:
		return math.Inf(1 - 2*r.IntN(2))
	case 1:
		return math.Copysign(0, float64(1-2*r.IntN(2)))
	case 2:
		return math.Ldexp(float64(r.IntN(3)-1), 60+r.IntN(5)) // about the largest integers
	case 3:
		if f := math.Float64frombits(r.Uint64()); !math.IsNaN(f) {
			return f
		}
	case 4:
		return r.NormFloat64()
	case 5:
		return float64(r.IntN(1000)) / 10
	}
	return float64(r.IntN(2000) - 1000)
}

// size is how many elements a collection gets: few as a rule, or about as many as some limit.
func size(r *rand.Rand) int {
	switch r.IntN(10) {
	case 0:
		return 125 + r.IntN(6)
	case 1:
		return 510 + r.IntN(5)
	case 2:
		return 1 + r.IntN(1200)
	}
	return 1 + r.IntN(20)
}

// build makes a random collection of a kind in Redis.
func build(r *rand.Rand, p redis.Pipeliner, kind, key string) {
	n, integers := size(r), r.IntN(2) == 0
	for n > 0 {
		some := min(n, 1+r.IntN(500)) // one command or several
		n -= some
		var args []any
		for range some {
			switch kind {
			case "list":
				args = append(args, element(r))
			case "set":
				if integers {
					args = append(args, int64(r.Uint64())>>(48+r.IntN(16)))
				} else {
					args = append(args, element(r))
				}
			case "hash":
				args = append(args, element(r), element(r))
			case "zset":
				args = append(args, strconv.FormatFloat(randomScore(r), 'g', -1, 64), element(r))
			}
		}
		command := map[string]string{"list": "rpush", "set": "sadd", "hash": "hset", "zset": "zadd"}[kind]
		p.Do(background, append([]any{command, key}, args...)...)
	}
}

// made is a collection that Redis built and dumped, and then restored and dumped again: what is kept differently
// only because of what it once was, as a hash of which a long value was replaced, is then as it would be here.
type made struct {
	kind, encoding string
	first, second  string // payloads
	held           contents
}

// collections lets Redis build some of each kind.
func collections(t *testing.T, c *redis.Client, r *rand.Rand, n int) []made {
	t.Helper()
	kinds := []string{"list", "set", "hash", "zset"}
	p := c.Pipeline()
	var dumps []*redis.StringCmd
	for i := range n {
		build(r, p, kinds[i%4], "built")
		dumps = append(dumps, p.Dump(background, "built"))
		p.Del(background, "built")
	}
	if _, err := p.Exec(background); err != nil {
		t.Fatal(err)
	}
	all := make([]made, n)
	var finish []func()
	for i, dump := range dumps {
		p.RestoreReplace(background, "again", 0, dump.Val())
		encoding, second, held := p.ObjectEncoding(background, "again"), p.Dump(background, "again"), heldByRedis(p, "again")
		finish = append(finish, func() {
			h, err := held()
			if err != nil {
				t.Fatal(err)
			}
			all[i] = made{kinds[i%4], encoding.Val(), dump.Val(), second.Val(), h}
		})
	}
	_, _ = p.Exec(background) // most reads are of another type on purpose
	for _, f := range finish {
		f()
	}
	return all
}

// sameEncoding says whether a collection is kept here as 7.0 keeps it, or 7.2 where that differs.
func (m *made) sameEncoding(here string) bool {
	switch m.encoding {
	case "quicklist":
		return here == "quicklist" || here == "listpack"
	case "hashtable":
		return here == "hashtable" || m.kind == "set" && here == "listpack"
	}
	return here == m.encoding
}

// ordered says whether Redis defines the order in which a collection is dumped.
func (m *made) ordered() bool { return m.encoding != "hashtable" }

// signless is the body of a payload without the sign of zeros in a large sorted set: one that grows member
// by member loses it in the listpack that it is at first, as with ZADD in Redis; RESTORE of Redis keeps it.
func signless(payload string) string {
	if payload[0] != typeZSet {
		return payload
	}
	const zero = "\x00\x00\x00\x00\x00\x00\x00"
	return strings.ReplaceAll(payload[:len(payload)-footer], zero+"\x80", zero+"\x00")
}

func TestCollectionsOfRedisComeBackByteForByte(t *testing.T) {
	c, seed := startRedis(t), rand.Uint64()
	t.Logf("seed %d", seed)
	all := collections(t, c, rand.New(rand.NewPCG(seed, 0)), 600)
	for name, run := range engines(t) {
		p := c.Pipeline()
		var back []func() (contents, error)
		for i, m := range all {
			held, encoding, dump, err := run.taken([]byte(m.first))
			if err != nil || !held.equal(m.held) {
				t.Fatalf("%s: a %s came as %v %.1000q\nRedis has %.1000q", name, m.kind, err, held, m.held)
			}
			if !m.sameEncoding(encoding) {
				t.Errorf("%s: a %s of %d is kept as %s, by Redis as %s", name, m.kind, len(m.held.elements), encoding, m.encoding)
			}
			if here, there := signless(string(dump)), signless(m.second); m.ordered() && here != there {
				t.Fatalf("%s: a %s, %s\nhere  %.1000q\nRedis %.1000q", name, m.kind, m.encoding, here, there)
			}
			if dump[0] != m.second[0] {
				t.Errorf("%s: a %s is type %d, from Redis %d", name, m.kind, dump[0], m.second[0])
			}
			key := fmt.Sprint("back ", i)
			p.RestoreReplace(background, key, 0, string(dump))
			back = append(back, heldByRedis(p, key))
		}
		_, _ = p.Exec(background)
		for i, held := range back {
			if h, err := held(); err != nil || !h.equal(all[i].held) {
				t.Fatalf("%s: Redis takes a %s as %v %.1000q\nnot %.1000q", name, all[i].kind, err, h, all[i].held)
			}
		}
	}
}

// A list of Redis may have nodes that pushes to the back do not make, and plain ones.
func TestNodesOfAListDoNotMatter(t *testing.T) {
	c := startRedis(t)
	for _, line := range [][]any{
		{"debug", "quicklist-packed-threshold", "100B"},
		{"lpush", "plain", "a", strings.Repeat("b", 100), strings.Repeat("c", 300), "d"},
		{"debug", "quicklist-packed-threshold", "0"},
		{"config", "set", "list-max-listpack-size", "2"},
		{"lpush", "nodes", "a", "b", "c", "d", "e", "12"},
		{"config", "set", "list-compress-depth", "1"},
		{"rpush", "compressed", strings.Repeat("a", 100), strings.Repeat("b", 100), strings.Repeat("c", 100), strings.Repeat("d", 100), "e"},
	} {
		if err := c.Do(background, line...).Err(); err != nil {
			t.Fatal(line, err)
		}
	}
	for _, key := range []string{"plain", "nodes", "compressed"} {
		p := c.Pipeline()
		dump, held := p.Dump(background, key), heldByRedis(p, key)
		_, _ = p.Exec(background)
		want, err := held()
		if err != nil {
			t.Fatal(err)
		}
		for name, run := range engines(t) {
			got, _, _, err := run.taken([]byte(dump.Val()))
			if err != nil || !got.equal(want) {
				t.Errorf("%s in %s: %v %.300q, want %.300q", key, name, err, got, want)
			}
		}
	}
}
