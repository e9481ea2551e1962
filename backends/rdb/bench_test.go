package rdb

import (
	"fmt"
	"testing"

	"switchyard/backends"
)

// sizes are the collections that are measured.
var sizes = []struct {
	name string
	fill func(tx backends.Tx, key []byte) error
}{
	{"hash of 10", func(tx backends.Tx, key []byte) error { return fillHash(tx, key, 10) }},
	{"zset of 100", func(tx backends.Tx, key []byte) error {
		z, err := tx.ZSet(key)
		for i := 0; err == nil && i < 100; i++ {
			z.Put(fmt.Appendf(nil, "member:%d", i), float64(i*7%100)/4)
		}
		return err
	}},
	{"list of 1000", func(tx backends.Tx, key []byte) error {
		l, err := tx.List(key)
		for i := 0; err == nil && i < 1000; i++ {
			l.Push(false, fmt.Appendf(nil, "element number %d", i))
		}
		return err
	}},
	{"stream of 1000", func(tx backends.Tx, key []byte) error {
		s, err := tx.Stream(key)
		for i := 0; err == nil && i < 1000; i++ {
			s.Append(backends.StreamID{Ms: uint64(i + 1)}, [][]byte{[]byte("sensor"), fmt.Append(nil, i%10), []byte("text"), fmt.Appendf(nil, "the text of entry number %d", i)})
		}
		return err
	}},
	{"hash of 100k", func(tx backends.Tx, key []byte) error { return fillHash(tx, key, 100_000) }},
}

func fillHash(tx backends.Tx, key []byte, n int) error {
	h, err := tx.Hash(key)
	for i := 0; err == nil && i < n; i++ {
		h.Put(fmt.Appendf(nil, "field:%d", i), fmt.Appendf(nil, "the value of field number %d", i))
	}
	return err
}

func BenchmarkDumpCollection(b *testing.B) {
	benchmark(b, func(tx backends.Tx, key, _ []byte) error {
		_, err := Dump(tx, key)
		return err
	})
}

func BenchmarkRestoreCollection(b *testing.B) { benchmark(b, Restore) }

// benchmark measures do with each collection and its payload on the memory engine, in one transaction.
func benchmark(b *testing.B, do func(tx backends.Tx, key, payload []byte) error) {
	for _, size := range sizes {
		b.Run(size.name, func(b *testing.B) {
			b.ReportAllocs()
			key := []byte("k")
			err := engines(b)["memory"](func(tx backends.Tx) error {
				if err := size.fill(tx, key); err != nil {
					return err
				}
				payload, err := Dump(tx, key)
				if err != nil {
					return err
				}
				b.SetBytes(int64(len(payload)))
				for b.Loop() {
					if err := do(tx, key, payload); err != nil {
						return err
					}
				}
				return nil
			})
			if err != nil {
				b.Fatal(err)
			}
		})
	}
}
