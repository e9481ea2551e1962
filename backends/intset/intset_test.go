package intset

import (
	"bytes"
	"encoding/binary"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"switchyard/integration/redistest"
)

// sample is a random integer of up to some bits, often next to where a member gets wider.
func sample(r *rand.Rand, bits int) int64 {
	edges := []int64{0, -1, math.MaxInt16, math.MinInt16, math.MaxInt16 + 1, math.MinInt16 - 1,
		math.MaxInt32, math.MinInt32, math.MaxInt32 + 1, math.MinInt32 - 1, math.MaxInt64, math.MinInt64}
	if r.IntN(20) == 0 {
		return edges[r.IntN(len(edges))]
	}
	return int64(r.Uint64()) >> (64 - bits)
}

// check compares a set with the sorted members that it should have.
func check(t *testing.T, s Set, want []int64) {
	t.Helper()
	if err := Valid(s); err != nil || s.Len() != len(want) {
		t.Fatalf("%d members instead of %d, %v", s.Len(), len(want), err)
	}
	for i, v := range want {
		if s.At(i) != v || !s.Has(v) {
			t.Fatalf("member %d is %d instead of %d", i, s.At(i), v)
		}
	}
}

func TestRandomEditsAgreeWithASlice(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	for round := range 40 {
		s, m := New(), []int64(nil)
		for i := range 200 {
			v := sample(r, 5+i/8+round%30)
			at, found := slices.BinarySearch(m, v)
			if s.Has(v) != found {
				t.Fatalf("%d: %t", v, s.Has(v))
			}
			var done bool
			if r.IntN(3) > 0 {
				if s, done = s.Add(v); !found {
					m = slices.Insert(m, at, v)
				}
				found = !found
			} else if s, done = s.Remove(v); found {
				m = slices.Delete(m, at, at+1)
			}
			if done != found {
				t.Fatalf("%d: %t", v, done)
			}
			check(t, s, m)
		}
	}
}

func TestSetsHaveTheBytesOfRedis(t *testing.T) {
	c, ctx := redistest.Start(t, "--rdbcompression", "no", "--set-max-intset-entries", "10000").Client(), t.Context()
	defer func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	}()
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	for range 10 {
		if err := c.Del(ctx, "k").Err(); err != nil {
			t.Fatal(err)
		}
		s := New()
		for i := range 100 {
			v := sample(r, 4+i/2)
			var err error
			if r.IntN(4) > 0 {
				s, _ = s.Add(v)
				err = c.SAdd(ctx, "k", v).Err()
			} else {
				s, _ = s.Remove(v)
				err = c.SRem(ctx, "k", v).Err()
			}
			if err != nil {
				t.Fatal(err)
			}
			if s.Len() == 0 {
				s = New() // Redis deletes the key, and with it the width
				continue
			}
			if p, err := c.Dump(ctx, "k").Result(); err != nil || !bytes.Equal(blob(p), s) {
				t.Fatalf("%d: %v\nhere  %x\nRedis %x", v, err, []byte(s), p)
			}
		}
	}
}

// blob takes the set out of a payload: type, length, the set, ten bytes more.
func blob(payload string) []byte {
	b := []byte(payload[1 : len(payload)-10])
	if b[0] < 0x40 {
		return b[1:]
	}
	return b[2:]
}

func TestDamagedSetsAreErrors(t *testing.T) {
	for name, b := range map[string]string{
		"nothing":                 "",
		"half a header":           "\x02\x00\x00\x00",
		"an unknown width":        "\x03\x00\x00\x00\x01\x00\x00\x00abc",
		"no width":                "\x00\x00\x00\x00\xff\xff\xff\xff",
		"too few members":         "\x02\x00\x00\x00\x02\x00\x00\x00ab",
		"too many members":        "\x02\x00\x00\x00\x01\x00\x00\x00abcd",
		"one member twice":        "\x02\x00\x00\x00\x02\x00\x00\x00abab",
		"a descent":               "\x02\x00\x00\x00\x02\x00\x00\x00\x01\x00\xff\xff",
		"a length that overflows": "\x08\x00\x00\x00\x00\x00\x00\x20",
	} {
		if Valid([]byte(b)) == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestEditsWithRoomAllocateNothing(t *testing.T) {
	s := append(make(Set, 0, 4096), New()...)
	n := testing.AllocsPerRun(100, func() {
		for v := range int64(100) {
			s, _ = s.Add(v * 1000)
		}
		for v := range int64(100) {
			s, _ = s.Remove(v * 1000)
		}
	})
	if n != 0 || s.Len() != 0 {
		t.Fatalf("%v allocations, %d members", n, s.Len())
	}
}

// Whatever is valid can be edited, and is still valid.
func FuzzValid(f *testing.F) {
	f.Add([]byte("\x02\x00\x00\x00\x02\x00\x00\x00\xff\xff\x01\x00"), int64(70000))
	f.Add([]byte("\x04\x00\x00\x00\x01\x00\x00\x00\xff\xff\x01\x00"), int64(math.MinInt64))
	f.Add([]byte("\x08\x00\x00\x00\x01\x00\x00\x00\xff\xff\x01\x00\x00\x00\x00\x80"), int64(0))
	f.Fuzz(func(t *testing.T, b []byte, v int64) {
		if len(b) >= headerSize { // a length that fits, so that more than it is tested
			w := []uint32{2, 4, 8}[b[0]%3]
			fit := bytes.Clone(b[:len(b)-(len(b)-headerSize)%int(w)])
			binary.LittleEndian.PutUint32(fit, w)
			binary.LittleEndian.PutUint32(fit[4:], uint32(len(fit)-headerSize)/w)
			edit(t, fit, v)
		}
		edit(t, bytes.Clone(b), v)
	})
}

func edit(t *testing.T, b []byte, v int64) {
	if Valid(b) != nil {
		return
	}
	s := Set(b)
	var m []int64
	for i := range s.Len() {
		m = append(m, s.At(i))
	}
	check(t, s, m)
	at, found := slices.BinarySearch(m, v)
	if !found {
		m = slices.Insert(m, at, v)
	}
	s, _ = s.Add(v)
	check(t, s, m)
	s, _ = s.Remove(m[0])
	check(t, s, m[1:])
}

func BenchmarkHasOf512(b *testing.B) {
	b.ReportAllocs()
	s := New()
	for v := range int64(512) {
		s, _ = s.Add(v * 3)
	}
	v := int64(0)
	for b.Loop() {
		s.Has(v)
		v = (v + 7) % (512 * 3)
	}
}

func BenchmarkAddAndRemoveOf512(b *testing.B) {
	b.ReportAllocs()
	s := New()
	for v := range int64(512) {
		s, _ = s.Add(v * 3)
	}
	for b.Loop() {
		s, _ = s.Add(700)
		s, _ = s.Remove(700)
	}
}
