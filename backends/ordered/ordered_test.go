package ordered

import (
	"testing"

	"go.uber.org/goleak"

	"switchyard/backends"
	"switchyard/backends/backendtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestSuite(t *testing.T) {
	backendtest.Run(t, func(t *testing.T) backends.Backend { return open(t, newStore(), nil) }, modelKinds...)
}

// TestSuiteWithTinyRecords has high trees and chunks. Large sets are kept like large hashes.
func TestSuiteWithTinyRecords(t *testing.T) {
	backendtest.Run(t, func(t *testing.T) backends.Backend { return open(t, newStore(), tiny) },
		backends.HashType, backends.ListType, backends.ZSetType, backends.StreamType)
}

func Benchmark(b *testing.B) {
	backendtest.Benchmark(b, func(b *testing.B) backends.Backend { return open(b, newStore(), nil) })
}
