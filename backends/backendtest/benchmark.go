package backendtest

import (
	"context"
	"fmt"
	"testing"

	"switchyard/backends"
)

// Benchmark measures transactions on one key, alone and from several goroutines.
func Benchmark(b *testing.B, open func(b *testing.B) backends.Backend) {
	for _, write := range []bool{false, true} {
		name := map[bool]string{false: "Get", true: "Set"}[write]
		b.Run(name, func(b *testing.B) { benchmark(b, open(b), write) })
	}
}

type step struct {
	key   []byte
	write bool
	n     int
}

func (s *step) Run(tx backends.Tx) error {
	v, err := tx.String(s.key)
	if err != nil {
		return err
	}
	if s.write {
		v.Set(s.key)
	}
	s.n += v.Len()
	return nil
}

func benchmark(b *testing.B, be backends.Backend, write bool) {
	defer be.Close()
	e, ok := backends.As[backends.Engine](be)
	if !ok {
		b.Fatal("not an engine")
	}
	for _, parallel := range []int{1, 8} {
		b.Run(fmt.Sprint("goroutines=", parallel), func(b *testing.B) {
			b.ReportAllocs()
			b.SetParallelism(parallel)
			b.RunParallel(func(pb *testing.PB) {
				a := &backends.Access{Keys: [][]byte{nil}, Write: write, Grows: write, Now: start}
				s := &step{write: write}
				for i := 0; pb.Next(); i++ {
					s.key = fmt.Appendf(s.key[:0], "key:%d", i%10_000)
					a.Keys[0] = s.key
					if _, err := e.Do(context.Background(), a, s); err != nil {
						b.Error(err)
					}
				}
			})
		})
	}
}
