package integration

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// must returns a result that may not be an error.
func must[T any](t testing.TB) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func TestGoRedisStoresAndReads(t *testing.T) {
	onEveryBackend(t, func(t *testing.T, p *process) {
		ctx := t.Context()
		for _, protocol := range []int{2, 3} {
			c := redis.NewClient(&redis.Options{Addr: p.Addr, Protocol: protocol, DB: 3, ClientName: "test"})
			defer c.Close()
			text, number, flag := must[string](t), must[int64](t), must[bool](t)
			text(c.FlushDB(ctx).Result())

			text(c.Set(ctx, "k", "v", 0).Result())
			if got := text(c.Get(ctx, "k").Result()); got != "v" {
				t.Errorf("GET: %q", got)
			}
			if err := c.Get(ctx, "nosuch").Err(); !errors.Is(err, redis.Nil) {
				t.Errorf("GET of an absent key: %v", err)
			}
			if ok := flag(c.SetNX(ctx, "k", "w", 0).Result()); ok {
				t.Error("SETNX replaced a key")
			}
			if before := text(c.SetArgs(ctx, "k", "w", redis.SetArgs{Get: true, TTL: time.Hour}).Result()); before != "v" {
				t.Errorf("SET GET: %q", before)
			}
			if ttl := must[time.Duration](t)(c.TTL(ctx, "k").Result()); ttl < 59*time.Minute || ttl > time.Hour {
				t.Errorf("TTL: %v", ttl)
			}
			text(c.MSet(ctx, "a", 1, "b", 2.5, "c", "three").Result())
			if got := must[[]any](t)(c.MGet(ctx, "a", "nosuch", "c").Result()); !slices.Equal(got, []any{"1", nil, "three"}) {
				t.Errorf("MGET: %v", got)
			}
			if n := number(c.IncrBy(ctx, "a", 41).Result()); n != 42 {
				t.Errorf("INCRBY: %d", n)
			}
			if n := number(c.Del(ctx, "a", "b", "nosuch").Result()); n != 2 {
				t.Errorf("DEL: %d", n)
			}
			if err := c.Incr(ctx, "c").Err(); err == nil || err.Error() != "ERR value is not an integer or out of range" {
				t.Errorf("INCR of a text: %v", err)
			}
		}
	})
}

func TestGoRedisPipelinesAnswerInOrder(t *testing.T) {
	onEveryBackend(t, func(t *testing.T, p *process) {
		ctx, c := t.Context(), p.Client()
		const n = 1000
		var gets []*redis.StringCmd
		_, err := c.Pipelined(ctx, func(pipe redis.Pipeliner) error {
			for i := range n {
				pipe.Set(ctx, fmt.Sprint("k", i), i, 0)
				gets = append(gets, pipe.Get(ctx, fmt.Sprint("k", i)))
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		for i, get := range gets {
			if get.Val() != fmt.Sprint(i) {
				t.Fatalf("reply %d: %q", i, get.Val())
			}
		}
	})
}

func TestGoRedisScansEveryKeyOnce(t *testing.T) {
	onEveryBackend(t, func(t *testing.T, p *process) {
		ctx, c := t.Context(), p.Client()
		want := map[string]bool{}
		pipe := c.Pipeline()
		for i := range 3000 {
			k := fmt.Sprintf("user:%d", i)
			want[k] = true
			pipe.Set(ctx, k, i, 0)
			pipe.Set(ctx, fmt.Sprintf("other:%d", i), i, 0)
		}
		must[[]redis.Cmder](t)(pipe.Exec(ctx))
		got := map[string]bool{}
		it := c.Scan(ctx, 0, "user:*", 100).Iterator()
		for it.Next(ctx) {
			got[it.Val()] = true
		}
		if err := it.Err(); err != nil {
			t.Fatal(err)
		}
		for k := range want {
			if !got[k] {
				t.Fatalf("%s was left out", k)
			}
		}
		if len(got) != len(want) {
			t.Errorf("%d keys, want %d", len(got), len(want))
		}
		if n := must[int64](t)(c.DBSize(ctx).Result()); n != 6000 {
			t.Errorf("DBSIZE: %d", n)
		}
	})
}

func TestGoRedisKeysExpireOnTime(t *testing.T) {
	onEveryBackend(t, func(t *testing.T, p *process) {
		ctx, c := t.Context(), p.Client()
		const life = 300 * time.Millisecond
		began := time.Now()
		must[string](t)(c.Set(ctx, "k", "v", life).Result())
		set := time.Now()
		eventually(t, "the key expires", func() bool { return c.Get(ctx, "k").Err() != nil })
		if gone := time.Since(began); gone < life {
			t.Errorf("gone after %v, before its time", gone)
		}
		if gone := time.Since(set); gone > life+2*time.Second {
			t.Errorf("there for %v", gone)
		}
		if n := must[int64](t)(c.Exists(ctx, "k").Result()); n != 0 {
			t.Error("EXISTS still finds it")
		}
	})
}

func TestGoRedisFiftyGoroutinesCountExactly(t *testing.T) {
	onEveryBackend(t, func(t *testing.T, p *process) {
		const goroutines, rounds = 50, 40
		c := redis.NewClient(&redis.Options{Addr: p.Addr, PoolSize: goroutines})
		defer c.Close()
		var all sync.WaitGroup
		for g := range goroutines {
			all.Go(func() {
				if err := countAlong(t.Context(), c, g, rounds); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if n := must[int](t)(c.Get(t.Context(), "shared").Int()); n != goroutines*rounds {
			t.Errorf("the shared counter is %d, want %d", n, goroutines*rounds)
		}
	})
}

// countAlong increments a counter that all share, and checks a key that is its own.
func countAlong(ctx context.Context, c *redis.Client, g, rounds int) error {
	own := fmt.Sprint("own:", g)
	for i := range rounds {
		if err := c.Incr(ctx, "shared").Err(); err != nil {
			return err
		}
		if err := c.Set(ctx, own, i, time.Hour).Err(); err != nil {
			return err
		}
		if n, err := c.Get(ctx, own).Int(); err != nil || n != i {
			return fmt.Errorf("%s: %d, %v; want %d", own, n, err, i)
		}
	}
	return nil
}
