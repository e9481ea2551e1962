package listpack

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"
)

func TestRedisReadsOldBytesAsWeDo(t *testing.T) {
	c, ctx := startRedis(t), t.Context()
	restore := func(kind byte, body []byte, read ...any) []string {
		if err := c.RestoreReplace(ctx, "k", 0, payload(kind, body)).Err(); err != nil {
			t.Fatalf("type %d: %v", kind, err)
		}
		got, err := c.Do(ctx, read...).StringSlice()
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	for _, z := range ziplists() {
		for kind, body := range map[byte][]byte{typeListZip: blob(z.bytes), typeQuicklist: append([]byte{1}, blob(z.bytes)...)} {
			if got := restore(kind, body, "lrange", "k", 0, -1); !slices.Equal(got, z.want) {
				t.Errorf("%s: Redis has %.300q", z.name, got)
			}
		}
	}
	pairs := ziplist(false, zipString("m"), zipItem{"\xf1", "", "0"}, zipString(strings.Repeat("n", 300)), zipString("1.5"),
		zipItem{"\xfe", "\x80", "-128"}, zipItem{"\xc0", "\x00\x01", "256"})
	l, err := FromZiplist([]byte(pairs))
	if err != nil {
		t.Fatal(err)
	}
	for kind, read := range map[byte][]any{typeHashZip: {"hgetall", "k"}, typeZsetZip: {"zrange", "k", 0, -1, "withscores"}} {
		got := restore(kind, blob(pairs), read...)
		if !slices.EqualFunc(got, texts(l), func(a string, b []byte) bool { return a == string(b) }) {
			t.Errorf("type %d: Redis has %.300q", kind, got)
		}
		if p := c.Dump(ctx, "k").Val(); !bytes.Equal(dumped(p), l) {
			t.Errorf("type %d: Redis makes %.300q of it, we %.300q", kind, p, l)
		}
	}
	for _, z := range zipmaps() {
		if got := restore(typeZipmap, blob(z.bytes), "hgetall", "k"); !slices.Equal(got, z.want) {
			t.Errorf("%s: Redis has %.300q", z.name, got)
		}
		l, err := FromZipmap([]byte(z.bytes))
		if p := c.Dump(ctx, "k").Val(); err != nil || !bytes.Equal(dumped(p), l) {
			t.Errorf("%s: %v: Redis makes %.300q of it, we %.300q", z.name, err, p, l)
		}
	}
}

// Redis takes an old list exactly when we do, and a zipmap if we do, unless a field is in it twice:
// that is for whoever makes a hash of the list to see.
func TestDamagedOldBytesAreTakenAsRedisDoes(t *testing.T) {
	c, seed := startRedis(t), rand.Uint64()
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	lists := []string{ziplist(true, zipString("abc"), zipItem{"\xfe", "\x80", "-128"})}
	for _, z := range ziplists() {
		if len(z.bytes) < 1000 {
			lists = append(lists, z.bytes)
		}
	}
	maps := []string{zipmap("a", "1", "b", "", "", "0", "cc", "333")}
	for _, z := range zipmaps() {
		if len(z.bytes) < 1000 {
			maps = append(maps, z.bytes)
		}
	}
	for _, kind := range []byte{typeListZip, typeZipmap} {
		read, old, from := []any{"lrange", "k", 0, -1}, lists, FromZiplist
		if kind == typeZipmap {
			read, old, from = []any{"hgetall", "k"}, maps, FromZipmap
		}
		sound, broken := 0, 0
		for range 6 {
			var all []string
			for range 300 {
				all = append(all, scratched(r, old[r.IntN(len(old))]))
			}
			for i, got := range restored(t, c, kind, all, read) {
				l, err := from([]byte(all[i]))
				switch {
				case err != nil && (len(got) == 0 || kind == typeZipmap):
					broken++
				case err != nil || !repeated(kind, l) && !slices.EqualFunc(got, texts(l), func(a string, b []byte) bool { return a == string(b) }):
					t.Fatalf("seed %d: %.300q\nhere  %v %.300q\nRedis %.300q", seed, all[i], err, texts(l), got)
				default:
					sound++
				}
			}
		}
		if sound < 100 || broken < 100 {
			t.Errorf("seed %d: type %d: %d are sound, %d broken", seed, kind, sound, broken)
		}
	}
}

// restored is what Redis makes of each body of a type; nothing of one that it refuses.
func restored(t *testing.T, c *redis.Client, kind byte, bodies []string, read []any) [][]string {
	t.Helper()
	ctx, p := t.Context(), c.Pipeline()
	var replies []*redis.Cmd
	for _, b := range bodies {
		p.Del(ctx, "k")
		p.RestoreReplace(ctx, "k", 0, payload(kind, blob(b)))
		replies = append(replies, p.Do(ctx, read...))
	}
	// Bodies are refused on purpose, so an error is no surprise; a lost connection shows below.
	_, _ = p.Exec(ctx)
	var all [][]string
	for _, reply := range replies {
		got, err := reply.StringSlice()
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, got)
	}
	return all
}

// repeated says whether a hash has a field twice.
func repeated(kind byte, l List) bool {
	seen := make(map[string]bool)
	for i, text := range texts(l) {
		if i%2 == 0 && seen[string(text)] {
			return kind == typeZipmap
		}
		seen[string(text)] = seen[string(text)] || i%2 == 0
	}
	return false
}

// scratched is b with some bytes changed, or as it was.
func scratched(r *rand.Rand, b string) string {
	p := []byte(b)
	for range r.IntN(3) {
		at := r.IntN(len(p))
		switch r.IntN(3) {
		case 0:
			p[at] = byte(r.IntN(256))
		case 1:
			p[at] ^= 1 << r.IntN(8)
		default:
			p[at] += byte(r.IntN(5) - 2)
		}
	}
	return string(p)
}
