package ordered

import (
	"testing"

	"go.uber.org/goleak"

	"switchyard/backends"
	"switchyard/backends/backendtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestSuite(t *testing.T) {
	backendtest.Run(t, func(t *testing.T) backends.Backend { return open(t, newStore(), nil) })
}

func Benchmark(b *testing.B) {
	backendtest.Benchmark(b, func(b *testing.B) backends.Backend { return open(b, newStore(), nil) })
}
