package rdb

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"

	"switchyard/backends"
	"switchyard/backends/listpack"
)

// rawBody is a random body of a type that 7.0 knows, without compression, so that damage reaches what is in
// its blobs.
func rawBody(r *rand.Rand, kind byte) []byte {
	n := 1 + r.IntN(4)
	word := func() string { return []string{"a", "b", "cc", "12", "-7", "40000", "", "word"}[r.IntN(8)] }
	number := func() string { return []string{"1", "2.5", "-3", "inf", "1e20", "70000", "-0.125"}[r.IntN(7)] }
	raw := func(s string) []byte { return append(appendLength(nil, uint64(len(s))), s...) }
	var words, pairs, scored []string
	for i := range n {
		words = append(words, fmt.Sprint(word(), i))
		pairs = append(pairs, fmt.Sprint(word(), i), word())
		scored = append(scored, fmt.Sprint(word(), i), number())
	}
	each := func(all []string, as func(i int, s string) []byte) []byte {
		p := appendLength(nil, uint64(n))
		for i, s := range all {
			p = append(p, as(i, s)...)
		}
		return p
	}
	asString := func(_ int, s string) []byte {
		if r.IntN(4) == 0 {
			return join(s)
		}
		return raw(s)
	}
	switch kind {
	case typeList, typeSet:
		return each(words, asString)
	case typeListZiplist:
		return raw(zipOf(words...))
	case typeQuicklist:
		return each(words, func(_ int, s string) []byte { return raw(zipOf(s, word())) })
	case typeQuicklist2:
		return each(words, func(i int, s string) []byte {
			if i%2 == 1 {
				return append([]byte{nodePlain}, raw(s)...)
			}
			return append([]byte{nodePacked}, raw(packOf(s, word()))...)
		})
	case typeIntset:
		return raw(intsOf(int64(r.IntN(9)), int64(r.IntN(1<<(8*r.IntN(7)+1))), -5))
	case typeHash:
		return each(pairs, asString)
	case typeHashZipmap:
		b := []byte{byte(n)}
		for i, s := range pairs {
			if b = append(b, byte(len(s))); i%2 == 1 {
				b = append(b, 0)
			}
			b = append(b, s...)
		}
		return raw(string(append(b, 255)))
	case typeHashZiplist:
		return raw(zipOf(pairs...))
	case typeHashListpack:
		return raw(packOf(pairs...))
	case typeZSet:
		return each(words, func(i int, s string) []byte { return append(asString(i, s), join(float64(r.IntN(9))-4)...) })
	case typeZSetText:
		return each(scored, func(i int, s string) []byte {
			if i%2 == 0 {
				return asString(i, s)
			}
			return text(strings.ReplaceAll(s, "inf", "8"))
		})
	case typeZSetZiplist:
		return raw(zipOf(scored...))
	default:
		return raw(packOf(scored...))
	}
}

var oldKinds = []byte{
	typeList, typeSet, typeZSetText, typeHash, typeZSet, typeHashZipmap, typeListZiplist, typeIntset,
	typeZSetZiplist, typeHashZiplist, typeQuicklist, typeHashListpack, typeZSetListpack, typeQuicklist2,
}

// damage changes up to three bytes of a body, or cuts it, and seals it.
func damage(r *rand.Rand, kind byte) []byte {
	body := append([]byte{kind}, rawBody(r, kind)...)
	for range r.IntN(4) {
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
	switch kind {
	case typeSet, typeZSet, typeZSetText, typeHash:
		// For a count of billions Redis takes gigabytes, and half a minute to give them back.
		if body[1] < encInt8 {
			body[1] &= 0x7f
		}
	}
	if r.IntN(20) == 0 {
		body = body[:1+r.IntN(len(body)-1)]
	}
	return frame(version, body...)
}

// Whatever is done to a collection, what Redis makes of it is made of it here; but for what Redis does not look at.
func TestDamagedCollectionsAreTakenAsRedisDoes(t *testing.T) {
	c, seed := startRedis(t), rand.Uint64()
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	run := engines(t)["memory"]
	taken, refused, excused := 0, 0, map[string]int{}
	for range 20 {
		var all [][]byte
		var replies []*redis.StatusCmd
		var holds []func() (contents, error)
		p := c.Pipeline()
		for range 500 {
			b := damage(r, oldKinds[r.IntN(len(oldKinds))])
			all = append(all, b)
			p.Del(background, "k")
			replies = append(replies, p.RestoreReplace(background, "k", 0, string(b)))
			holds = append(holds, heldByRedis(p, "k"))
		}
		_, _ = p.Exec(background) // errors are expected
		for i, b := range all {
			want, readErr := holds[i]()
			got, _, _, err := run.taken(b)
			switch redisErr := replies[i].Err(); {
			case err == nil && redisErr == nil && readErr == nil && got.equal(want):
				taken++
			case err != nil && redisErr != nil && err.Error() == redisErr.Error():
				refused++
			case errors.Is(err, ErrFormat) && redisErr == nil && excuse(b, want) != "":
				excused[excuse(b, want)]++
			default:
				t.Fatalf("seed %d: %q\nhere  %v %.500q\nRedis %v %v %.500q", seed, b, err, got, redisErr, readErr, want)
			}
		}
	}
	if t.Logf("%d taken, %d refused, excused: %v", taken, refused, excused); taken < 1000 || refused < 1000 {
		t.Error("too few of one kind")
	}
}

// excuse says why Redis takes a payload that is refused here.
func excuse(payload []byte, want contents) string {
	kind, body := payload[0], payload[1:] // it may go on in the footer
	switch {
	case lax(payload, want, 2):
		return "a body that goes on in the footer, or the mark of an encoding for a number"
	case kind == typeZSetText || kind == typeZSetListpack || kind == typeZSetZiplist:
		if oddScore(kind, body) {
			return "a score that is no number"
		}
	}
	switch {
	case kind == typeHashZipmap && bytes.IndexByte(body, 254) >= 0:
		return "a long length of little in a zipmap"
	case kind == typeHashZipmap && endsEarly(payload):
		return "a zipmap with bytes behind its end"
	case (kind == typeQuicklist2 || kind == typeHashListpack || kind == typeZSetListpack) && overlong(body):
		return "a long back-length of little in a listpack"
	case bytes.IndexByte(body, encLZF) >= 0:
		return "compressed bytes that are said to be none"
	}
	return ""
}

// lax says whether the payload gives the contents when the body may go on in the footer, and up to depth marks of
// encodings are numbers.
func lax(payload []byte, want contents, depth int) bool {
	r := reader{p: payload[1:]}
	if v := readers[payload[0]](&r); !r.bad {
		e := newFake()
		var got contents
		err := e.with(1, func(tx backends.Tx) error {
			err := v.write(tx, []byte("k"))
			got = heldBy(tx, []byte("k"))
			return err
		})
		return err == nil && got.equal(want)
	}
	for i := 1; depth > 0 && i < len(payload); i++ {
		if payload[i] >= encInt8 {
			changed := bytes.Clone(payload)
			changed[i] &= 0x3f
			if lax(changed, want, depth-1) {
				return true
			}
		}
	}
	return false
}

// oddScore says whether a sorted set has a score that is more or less than a number.
func oddScore(kind byte, body []byte) bool {
	var scores [][]byte
	r := reader{p: body}
	switch packing := listpack.FromZiplist; kind {
	case typeZSetText:
		for n, _ := r.length(); n > 0 && !r.bad; n-- {
			r.string()
			if n := r.byte(); n < textNaN {
				scores = append(scores, r.next(uint64(n)))
			}
		}
	case typeZSetListpack:
		packing = plainListpack
		fallthrough
	default:
		for i, e := range r.unpack(packing, nil) {
			if i%2 == 1 {
				scores = append(scores, e)
			}
		}
	}
	for _, s := range scores {
		one := reader{}
		if one.score(s); one.bad {
			return true
		}
	}
	return false
}

// endsEarly says whether there is an end inside of the blob, which may go on in the footer.
func endsEarly(payload []byte) bool {
	r := reader{p: payload[1:]}
	blob := r.string()
	end := bytes.IndexByte(blob, 255)
	return end >= 0 && end < len(blob)-1
}

// overlong says whether there are bytes that could be a back-length with a first byte of nothing.
func overlong(body []byte) bool {
	for i := 1; i < len(body); i++ {
		if body[i-1] == 0 && body[i] >= 0x80 {
			return true
		}
	}
	return false
}
