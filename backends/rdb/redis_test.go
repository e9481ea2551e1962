package rdb

import (
	"testing"

	"github.com/redis/go-redis/v9"

	"switchyard/integration/redistest"
)

// startRedis returns a client of a redis-server of this test's own, which checks each payload to the bottom.
func startRedis(t testing.TB) *redis.Client {
	t.Helper()
	s := redistest.Start(t, "--sanitize-dump-payload", "yes", "--enable-debug-command", "yes")
	c := redis.NewClient(&redis.Options{Addr: s.Addr, Protocol: 2}) // in which a hash is a list of strings
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	return c
}
