package ordered

import (
	"testing"

	"go.uber.org/goleak"

	"switchyard/backends"
	"switchyard/backends/backendtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestSuite(t *testing.T) {
	for name, change := range map[string]func(*Options){"as it is": nil, "with tiny records": tiny} {
		t.Run(name, func(t *testing.T) {
			backendtest.Run(t, func(t *testing.T) backends.Backend { return open(t, newStore(), change) },
				backends.HashType, backends.SetType, backends.ListType, backends.ZSetType)
		})
	}
}

func Benchmark(b *testing.B) {
	backendtest.Benchmark(b, func(b *testing.B) backends.Backend { return open(b, newStore(), nil) })
}
