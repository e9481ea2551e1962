package rdb

import (
	"bytes"
	"context"
	"errors"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"
)

const batch = 200

// payloads asks Redis to dump samples, many at a time.
func payloads(t *testing.T, c *redis.Client, samples [][]byte) []string {
	t.Helper()
	ctx := context.Background()
	var got []string
	for len(samples) > 0 {
		n := min(len(samples), batch)
		p := c.Pipeline()
		var dumps []*redis.StringCmd
		for _, s := range samples[:n] {
			p.Set(ctx, "k", s, 0)
			dumps = append(dumps, p.Dump(ctx, "k"))
		}
		if _, err := p.Exec(ctx); err != nil {
			t.Fatal(err)
		}
		for _, d := range dumps {
			got = append(got, d.Val())
		}
		samples = samples[n:]
	}
	return got
}

func TestDumpsAreThoseOfRedis(t *testing.T) {
	c := startRedis(t)
	seed := rand.Uint64()
	r := rand.New(rand.NewPCG(seed, 0))
	var samples [][]byte
	for _, n := range []int64{0, 1, -1, 127, 128, -128, -129, 32767, 32768, -32768, -32769, 1<<31 - 1, 1 << 31, -1 << 31, -1<<31 - 1, 1<<63 - 1} {
		samples = append(samples, strconv.AppendInt(nil, n, 10))
	}
	for _, s := range []string{"", "00", "-0", "+1", " 1", "1 ", "01", strings.Repeat("a", 20), strings.Repeat("a", 21)} {
		samples = append(samples, []byte(s))
	}
	for _, n := range []int{63, 64, 65, 16383, 16384, 70000, 1 << 20} {
		samples = append(samples, bytes.Repeat([]byte("a"), n), bytes.Repeat([]byte("abcdefghij0123"), n/14))
	}
	for range 5000 {
		samples = append(samples, sample(r))
	}
	for i, want := range payloads(t, c, samples) {
		if got := dumped(samples[i]); string(got) != want {
			t.Fatalf("seed %d: %.300q\nhere  %.600q\nRedis %.600q", seed, samples[i], got, want)
		}
	}
}

// Bodies are damaged and sealed again. What Redis makes of them must be made of them here.
func TestDamagedPayloadsAreTakenAsRedisDoes(t *testing.T) {
	ctx := context.Background()
	c := startRedis(t)
	seed := rand.Uint64()
	r := rand.New(rand.NewPCG(seed, 0))
	for range 20 {
		p := c.Pipeline()
		var bad [][]byte
		var values []*redis.StringCmd
		var replies []*redis.StatusCmd
		for range batch {
			b := damaged(r)
			bad = append(bad, b)
			p.Del(ctx, "k")
			replies = append(replies, p.RestoreReplace(ctx, "k", 0, string(b)))
			values = append(values, p.Get(ctx, "k"))
		}
		if _, err := p.Exec(ctx); err != nil && replies[0].Err() == nil && values[0].Err() != nil {
			t.Fatal(err)
		}
		for i, b := range bad {
			got, err := restored(b)
			if errors.Is(err, ErrFormat) {
				got, err = careless(b)
			}
			if errorText(err) != errorText(replies[i].Err()) || string(got) != values[i].Val() {
				t.Fatalf("seed %d: %q\nhere  %q, %v\nRedis %q, %v", seed, b, got, err, values[i].Val(), replies[i].Err())
			}
		}
	}
}

// careless restores as Redis does, which reads on into the footer where the body is too short,
// takes an encoding for a length between those of compressed bytes, and does not look at the
// latter when they claim to be none.
func careless(payload []byte) ([]byte, error) {
	r := reader{p: payload[1:]}
	if r.byte() == encLZF {
		lengths := [2]uint64{}
		for i := range lengths {
			n, encoded := r.length()
			if encoded {
				n &= 0x3f
			}
			lengths[i] = n
		}
		in := r.next(lengths[0])
		if out, err := lzfDecompress(in, lengths[1]); !r.bad && (err == nil || lengths[1] == 0) {
			return out, nil
		}
	}
	r = reader{p: payload[1:]}
	if s := r.string(); !r.bad {
		return s, nil
	}
	return nil, ErrFormat
}

// damaged is the payload of a short string with some bytes of its body changed, and the footer
// mended, mostly.
func damaged(r *rand.Rand) []byte {
	s := sample(r)
	p := dumped(s[:min(len(s), 200)])
	body := p[:len(p)-footer]
	for range 1 + r.IntN(3) {
		// Never the type: Redis supports more of them.
		at := 1 + r.IntN(min(len(body)-1, 8))
		body[at] = byte(r.IntN(256))
	}
	switch r.IntN(10) {
	case 0:
		return frame(uint16(r.IntN(11)), body[:1+r.IntN(len(body)-1)]...)
	case 1:
		return p
	}
	return frame(version, body...)
}

func errorText(err error) string {
	if err == nil || errors.Is(err, redis.Nil) {
		return ""
	}
	return err.Error()
}
