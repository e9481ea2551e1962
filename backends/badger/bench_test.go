package badger

import (
	"fmt"
	"sync/atomic"
	"testing"

	"switchyard/backends"
	"switchyard/backends/backendtest"
)

func Benchmark(b *testing.B) {
	backendtest.Benchmark(b, func(b *testing.B) backends.Backend {
		return openIn(b, b.TempDir(), func(c *Config) { c.Sync = "no" })
	})
}

// BenchmarkSynced shows that clients share an fsync: each waits for its own write.
func BenchmarkSynced(b *testing.B) {
	for _, clients := range []int{1, 50} {
		b.Run(fmt.Sprint("clients=", clients), func(b *testing.B) {
			be := openIn(b, b.TempDir(), func(c *Config) { c.Sync = "always" })
			defer shut(b, be)
			b.ReportAllocs()
			var n atomic.Int64
			done := make(chan error, clients)
			b.ResetTimer()
			for client := range clients {
				go func() {
					var err error
					for i := n.Add(1); i <= int64(b.N) && err == nil; i = n.Add(1) {
						err = set(be, fmt.Sprint(client, ":", i%1000), "value", 0)
					}
					done <- err
				}()
			}
			for range clients {
				if err := <-done; err != nil {
					b.Error(err)
				}
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "writes/s")
		})
	}
}

// BenchmarkPresent reads keys that are there, in memory and in tables.
func BenchmarkPresent(b *testing.B) {
	const n = 100_000
	dir := b.TempDir()
	be := openIn(b, dir, func(c *Config) { c.Sync = "no" })
	all := &backends.Access{All: true, Write: true, Now: 1}
	err := commit(be, all, func(tx backends.Tx) error {
		for i := range n {
			v, err := tx.String(fmt.Append(nil, i))
			if err != nil {
				return err
			}
			v.Set([]byte("a value of some length"))
		}
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
	shut(b, be)
	be = openIn(b, dir, nil)
	defer shut(b, be)
	b.ReportAllocs()
	a := &backends.Access{Keys: [][]byte{nil}, Now: 1}
	length := 0
	body := func(tx backends.Tx) error {
		v, err := tx.String(a.Keys[0])
		length += v.Len()
		return err
	}
	for i := 0; b.Loop(); i++ {
		a.Keys[0] = fmt.Append(a.Keys[0][:0], i*7919%n)
		if err := commit(be, a, body); err != nil {
			b.Fatal(err)
		}
	}
}
