package memory

import (
	"context"
	"fmt"
	"hash/maphash"
	"runtime"
	"testing"
	"time"

	"switchyard/backends"
)

func heapInUse() float64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return float64(m.HeapAlloc)
}

// fillHash makes a hash of so many fields.
func fillHash(b testing.TB, e *Engine, key []byte, fields int) {
	a := &backends.Access{Keys: [][]byte{key}, Write: true, Now: 1}
	_, err := e.Do(context.Background(), a, backends.BodyFunc(func(tx backends.Tx) error {
		h, err := tx.Hash(key)
		if err != nil {
			return err
		}
		for i := range fields {
			h.Put(fmt.Append(nil, "field:", i), fmt.Append(nil, "value:", i, ":", i))
		}
		return nil
	}))
	if err != nil {
		b.Fatal(err)
	}
}

// What a hash takes of the heap, and what is counted for it.
func BenchmarkHashMemory(b *testing.B) {
	for _, c := range []struct{ hashes, fields int }{{100_000, 10}, {10, 100_000}} {
		b.Run(fmt.Sprint("fields=", c.fields), func(b *testing.B) {
			for b.Loop() {
				e := open(b, nil)
				before := heapInUse()
				for i := range c.hashes {
					fillHash(b, e, fmt.Append(nil, "hash:", i), c.fields)
				}
				b.ReportMetric((heapInUse()-before)/float64(c.hashes), "heap-bytes/hash")
				b.ReportMetric(float64(e.used())/float64(c.hashes), "counted-bytes/hash")
				if err := e.Close(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkSlowestWrite is the longest that one of a million additions and removals takes.
func BenchmarkSlowestWrite(b *testing.B) {
	for b.Loop() {
		d, key := newDict(maphash.MakeSeed()), []byte(nil)
		slowest := time.Duration(0)
		for i := range 2_000_000 {
			key = fmt.Appendf(key[:0], "member:%d", i%1_000_000)
			start := time.Now()
			if i < 1_000_000 {
				d.put(key, nil, 0)
			} else {
				d.remove(key)
			}
			slowest = max(slowest, time.Since(start))
		}
		b.ReportMetric(float64(slowest.Microseconds()), "slowest-us")
	}
}
