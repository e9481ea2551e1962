package listpack

import (
	"bytes"
	"encoding/binary"
	"hash/crc64"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"

	"switchyard/integration/redistest"
)

// Types of values in a payload, from Redis's rdb.h.
const (
	typeZipmap    = 9
	typeListZip   = 10
	typeZsetZip   = 12
	typeHashZip   = 13
	typeQuicklist = 14
	typeList      = 18
)

// startRedis returns a client of a redis-server that keeps everything in listpacks, compresses no
// payload, and checks each to the bottom.
func startRedis(t *testing.T) *redis.Client {
	t.Helper()
	s := redistest.Start(t, "--rdbcompression", "no", "--sanitize-dump-payload", "yes",
		"--hash-max-listpack-entries", "100000", "--hash-max-listpack-value", "3000000",
		"--zset-max-listpack-entries", "100000", "--zset-max-listpack-value", "100000",
		"--list-max-listpack-size", "-5")
	c := redis.NewClient(&redis.Options{Addr: s.Addr, Protocol: 2}) // in which a hash is a list of strings
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	return c
}

// payload frames a body as DUMP does: the version of Redis 7.0 and a checksum follow.
func payload(kind byte, body []byte) string {
	p := append([]byte{kind}, body...)
	p = binary.LittleEndian.AppendUint16(p, 10)
	sum := ^crc64.Update(^uint64(0), crc64.MakeTable(0x95ac9329ac4bc9b5), p)
	return string(binary.LittleEndian.AppendUint64(p, sum))
}

// blob is b as a string in a payload.
func blob(b string) []byte {
	return append(binary.BigEndian.AppendUint32([]byte{0x80}, uint32(len(b))), b...)
}

// dumped takes the only listpack out of a payload; nil when there is not just one.
func dumped(p string) []byte {
	if p == "" {
		return New(0)
	}
	b := []byte(p[1 : len(p)-10])
	if p[0] == typeList {
		if b[0] != 1 || b[1] != 2 { // one node, of many elements
			return nil
		}
		b = b[2:]
	}
	switch {
	case b[0] < 0x40:
		return b[1:]
	case b[0] < 0x80:
		return b[2:]
	default:
		return b[5:]
	}
}

// story is what happens to one key: each line a command, and the list after it.
type story struct {
	lines [][]any
	lists []List
}

func (s *story) tell(l List, words ...any) List {
	s.lines = append(s.lines, words)
	s.lists = append(s.lists, slices.Clone(l))
	return l
}

// compare lets Redis hear the story and compares the bytes after each line.
func (s *story) compare(t *testing.T, c *redis.Client) {
	t.Helper()
	ctx := t.Context()
	p := c.Pipeline()
	p.Del(ctx, "k")
	var dumps []*redis.StringCmd
	for _, words := range s.lines {
		p.Do(ctx, words...)
		dumps = append(dumps, p.Dump(ctx, "k"))
	}
	if _, err := p.Exec(ctx); err != nil && err != redis.Nil {
		t.Fatal(err)
	}
	for i, d := range dumps {
		if got := dumped(d.Val()); !bytes.Equal(got, s.lists[i]) {
			t.Fatalf("after %.100q\nhere  %.1000q\nRedis %.1000q", s.lines[i], s.lists[i], got)
		}
		if err := Valid(s.lists[i]); err != nil {
			t.Fatal(err)
		}
	}
}

func TestHashesHaveTheBytesOfRedis(t *testing.T) {
	c, seed := startRedis(t), rand.Uint64()
	t.Logf("seed %d", seed)
	r, all := rand.New(rand.NewPCG(seed, 0)), edges()
	for range 20 {
		var s story
		l := New(0)
		for range 40 {
			field, value := sample(r, all), sample(r, all)
			pos := l.Find(l.First(), field, 1)
			switch {
			case pos == 0:
				l = s.tell(l.Append(field).Append(value), "hset", "k", field, value)
			case r.IntN(2) == 0:
				l = s.tell(l.Replace(l.Next(pos), value), "hset", "k", field, value)
			default:
				l, _ = l.Delete(pos, 2)
				s.tell(l, "hdel", "k", field)
			}
		}
		s.compare(t, c)
	}
}

func TestListsHaveTheBytesOfRedis(t *testing.T) {
	c, seed := startRedis(t), rand.Uint64()
	t.Logf("seed %d", seed)
	r, all := rand.New(rand.NewPCG(seed, 0)), edges()
	for range 20 {
		var s story
		l := New(0)
		for range 60 {
			l = listStep(r, &s, l, sample(r, all))
		}
		s.compare(t, c)
	}
}

func listStep(r *rand.Rand, s *story, l List, v []byte) List {
	n := l.Len()
	if n == 0 || len(l) > 40000 {
		return s.tell(New(0).Append(v), "eval", "redis.call('del','k') return redis.call('rpush','k',ARGV[1])", 0, v)
	}
	i := r.IntN(n)
	pos := l.Seek(i)
	var scratch [20]byte
	old := bytes.Clone(l.Get(pos, &scratch))
	switch r.IntN(9) {
	case 0:
		return s.tell(l.Prepend(v), "lpush", "k", v)
	case 1:
		return s.tell(l.Replace(pos, v), "lset", "k", i-r.IntN(2)*n, v)
	case 2:
		return s.tell(l.InsertBefore(l.Find(l.First(), old, 0), v), "linsert", "k", "before", old, v)
	case 3:
		return s.tell(l.InsertAfter(l.Find(l.First(), old, 0), v), "linsert", "k", "after", old, v)
	case 4:
		l, _ = l.Delete(l.Find(l.First(), old, 0), 1)
		return s.tell(l, "lrem", "k", 1, old)
	case 5:
		if i < n/2 { // drop few
			return s.tell(l.DeleteRange(0, min(i, 3)), "ltrim", "k", min(i, 3), -1)
		}
		return s.tell(l.DeleteRange(-min(n-i, 3), 3), "ltrim", "k", 0, -min(n-i, 3)-1)
	default:
		return s.tell(l.Append(v), "rpush", "k", v)
	}
}

func TestSortedSetsHaveTheBytesOfRedis(t *testing.T) {
	c, seed := startRedis(t), rand.Uint64()
	t.Logf("seed %d", seed)
	r, all := rand.New(rand.NewPCG(seed, 0)), edges()
	for range 20 {
		var s story
		l := New(0)
		for range 40 {
			member, score := sample(r, all), strconv.FormatFloat(float64(r.IntN(4000)-2000)/2, 'g', -1, 64)
			if pos := l.Find(l.First(), member, 1); pos != 0 {
				l, _ = l.Delete(pos, 2)
				s.tell(l, "zrem", "k", member)
				continue
			}
			pos := l.First()
			for pos != 0 && zsetLess(l, pos, score, member) {
				pos = l.Next(l.Next(pos))
			}
			if l = l.InsertBefore(pos, member); pos == 0 {
				pos = l.Last()
			}
			l = s.tell(l.InsertAfter(pos, []byte(score)), "zadd", "k", score, member)
		}
		s.compare(t, c)
	}
}

// zsetLess says whether the member at pos comes before another one.
func zsetLess(l List, pos int, score string, member []byte) bool {
	var scratch [20]byte
	have, _ := strconv.ParseFloat(string(l.Get(l.Next(pos), &scratch)), 64)
	want, _ := strconv.ParseFloat(score, 64)
	return have < want || have == want && bytes.Compare(l.Get(pos, &scratch), member) < 0
}

func TestEdgesHaveTheBytesOfRedis(t *testing.T) {
	c := startRedis(t)
	all := edges()
	for _, n := range []int{16377, 16378, 16379, 16380, 16381, 16382, 16383, 16384, 50000, 2097145, 2097146, 2097147} {
		all = append(all, strings.Repeat("y", n)) // where the back-length gets longer
	}
	var s story
	for _, v := range all {
		s.tell(New(0).Append([]byte("f")).Append([]byte(v)), "eval", "redis.call('del','k') redis.call('hset','k','f',ARGV[1])", 0, v)
	}
	s.compare(t, c)
}

// Redis takes what is valid here, and refuses nearly all that is not.
func TestDamagedListsAreTakenAsRedisDoes(t *testing.T) {
	c, seed := startRedis(t), rand.Uint64()
	t.Logf("seed %d", seed)
	r, all, ctx := rand.New(rand.NewPCG(seed, 0)), edges(), t.Context()
	sound, broken, stricter := 0, 0, 0
	for range 10 {
		p := c.Pipeline()
		var lists []List
		var values []*redis.StringSliceCmd
		for range 300 {
			l := damaged(r, all)
			lists = append(lists, l)
			p.Del(ctx, "k")
			p.RestoreReplace(ctx, "k", 0, payload(typeList, append([]byte{1, 2}, blob(string(l))...)))
			values = append(values, p.LRange(ctx, "k", 0, -1))
		}
		// Some lists are refused, so an error is no surprise; a lost connection shows below.
		_, _ = p.Exec(ctx)
		for i, l := range lists {
			got, err := values[i].Result()
			if err != nil {
				t.Fatal(err)
			}
			switch ours := Valid(l); {
			case ours != nil && len(got) == 0:
				broken++
			case ours != nil:
				stricter++
			case l.Len() > 0:
				sound++
				if !slices.EqualFunc(got, texts(l), func(a string, b []byte) bool { return a == string(b) }) {
					t.Fatalf("seed %d: %.300q\nhere  %.300q\nRedis %.300q", seed, l, texts(l), got)
				}
			}
		}
	}
	if sound < 300 || broken < 300 || stricter > 60 {
		t.Fatalf("seed %d: %d are sound, %d broken, %d only for us", seed, sound, broken, stricter)
	}
}

// damaged is a short list in which some bytes were changed.
func damaged(r *rand.Rand, all []string) List {
	l := New(0)
	for range 1 + r.IntN(5) {
		v := sample(r, all)
		l = l.Append(v[:min(len(v), 150)])
	}
	for range r.IntN(3) {
		at := r.IntN(min(len(l), 30))
		if r.IntN(2) == 0 {
			l[at] = byte(r.IntN(256))
		} else {
			l[at] ^= 1 << r.IntN(8)
		}
	}
	return l
}
