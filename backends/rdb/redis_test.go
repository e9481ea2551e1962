package rdb

import (
	"testing"

	"github.com/redis/go-redis/v9"

	"switchyard/integration/redistest"
)

// startRedis returns a client of a redis-server of this test's own.
func startRedis(t *testing.T) *redis.Client {
	t.Helper()
	c := redistest.Start(t).Client()
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	return c
}
