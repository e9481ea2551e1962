package badger

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"

	"switchyard/backends"
)

// Sizes of the collections that the benchmarks touch one element of.
var benchSizes = []int{10, 1_000_000}

// benchBatch is how many transactions are under way at once, as in a pipeline.
const benchBatch = 64

// benchmarkOn measures body on the key k, which fill has filled with so many elements.
func benchmarkOn(b *testing.B, name string, write bool, fill func(tx backends.Tx, from, to int) error, body func(tx backends.Tx, n int) error) {
	for _, size := range benchSizes {
		b.Run(fmt.Sprintf("%s/of=%d", name, size), func(b *testing.B) {
			be := openIn(b, b.TempDir(), func(c *Config) { c.Sync = "no" })
			defer shut(b, be)
			a := &backends.Access{Keys: [][]byte{[]byte("k")}, Write: true, Now: 1}
			const part = 10_000
			for from := 0; from < size; from += part {
				if err := commit(be, a, func(tx backends.Tx) error { return fill(tx, from, min(from+part, size)) }); err != nil {
					b.Fatal(err)
				}
			}
			a.Write = write
			b.ReportAllocs()
			var last *backends.Commit
			for i := 0; b.Loop(); i++ {
				c, err := be.Do(context.Background(), a, backends.BodyFunc(func(tx backends.Tx) error { return body(tx, size) }))
				if c != nil {
					last = c
				}
				if err == nil && i%benchBatch == 0 {
					err = last.Wait(context.Background())
				}
				if err != nil {
					b.Fatal(err)
				}
			}
			if err := last.Wait(context.Background()); err != nil {
				b.Fatal(err)
			}
		})
	}
}

func name(i int) []byte { return fmt.Appendf(nil, "element:%d", i) }

func BenchmarkHash(b *testing.B) {
	fill := func(tx backends.Tx, from, to int) error {
		h, err := tx.Hash([]byte("k"))
		for i := from; i < to && err == nil; i++ {
			h.Put(name(i), []byte("some value"))
		}
		return err
	}
	benchmarkOn(b, "HSET", true, fill, func(tx backends.Tx, n int) error {
		h, err := tx.Hash([]byte("k"))
		h.Put(name(rand.IntN(n)), []byte("other value"))
		return err
	})
	benchmarkOn(b, "HGET", false, fill, func(tx backends.Tx, n int) error {
		h, err := tx.Hash([]byte("k"))
		h.Get(name(rand.IntN(n)))
		return err
	})
}

func BenchmarkSet(b *testing.B) {
	fill := func(tx backends.Tx, from, to int) error {
		s, err := tx.Set([]byte("k"))
		for i := from; i < to && err == nil; i++ {
			s.Add(name(i))
		}
		return err
	}
	benchmarkOn(b, "SADD+SREM", true, fill, func(tx backends.Tx, n int) error {
		s, err := tx.Set([]byte("k"))
		member := name(rand.IntN(n))
		s.Remove(member)
		s.Add(member)
		return err
	})
	benchmarkOn(b, "SRANDMEMBER", false, fill, func(tx backends.Tx, n int) error {
		s, err := tx.Set([]byte("k"))
		s.Random()
		return err
	})
}

func BenchmarkList(b *testing.B) {
	fill := func(tx backends.Tx, from, to int) error {
		l, err := tx.List([]byte("k"))
		for i := from; i < to && err == nil; i++ {
			l.Push(false, name(i))
		}
		return err
	}
	pushing := true
	benchmarkOn(b, "LPUSH+RPOP", true, fill, func(tx backends.Tx, n int) error {
		l, err := tx.List([]byte("k"))
		if pushing = !pushing; pushing {
			l.Push(true, name(n))
		} else {
			l.Remove(l.Len()-1, 1)
		}
		return err
	})
	benchmarkOn(b, "LINDEX", false, fill, func(tx backends.Tx, n int) error {
		l, err := tx.List([]byte("k"))
		l.At(rand.IntN(n))
		return err
	})
}

func BenchmarkZSet(b *testing.B) {
	fill := func(tx backends.Tx, from, to int) error {
		z, err := tx.ZSet([]byte("k"))
		for i := from; i < to && err == nil; i++ {
			z.Put(name(i), float64(i))
		}
		return err
	}
	benchmarkOn(b, "ZADD", true, fill, func(tx backends.Tx, n int) error {
		z, err := tx.ZSet([]byte("k"))
		z.Put(name(rand.IntN(n)), float64(rand.IntN(n)))
		return err
	})
	benchmarkOn(b, "ZRANK", false, fill, func(tx backends.Tx, n int) error {
		z, err := tx.ZSet([]byte("k"))
		z.Rank(name(rand.IntN(n)))
		return err
	})
	benchmarkOn(b, "ZRANGE of 10", false, fill, func(tx backends.Tx, n int) error {
		z, err := tx.ZSet([]byte("k"))
		left := 10
		z.Each(rand.IntN(n-9), false, func([]byte, float64) bool { left--; return left > 0 })
		return err
	})
}
