package redis

import (
	"context"
	"testing"

	"go.uber.org/goleak"

	"switchyard/backends"
	"switchyard/backends/backendtest"
	"switchyard/integration/redistest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// open opens a backend on a server, which it empties.
func open(t testing.TB, s *redistest.Server, change func(*Config)) *Backend {
	t.Helper()
	c := defaults()
	c.URL = "redis://" + s.Addr
	if change != nil {
		change(c)
	}
	b, err := c.Open(context.Background(), backends.Env{Name: "test", Databases: 16})
	if err != nil {
		t.Fatal(err)
	}
	if err := b.(*Backend).Flush(context.Background()); err != nil {
		t.Fatal(err)
	}
	return b.(*Backend)
}

func TestSuite(t *testing.T) {
	s := redistest.Start(t)
	backendtest.Run(t, func(t *testing.T) backends.Backend { return open(t, s, nil) })
}
