package applications

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/go-redsync/redsync/v4"
	"github.com/go-redsync/redsync/v4/redis/goredis/v9"
	"github.com/redis/go-redis/v9"
)

func TestRedsyncLocksExcludeEachOther(t *testing.T) {
	everywhere(t, func(t *testing.T, addr string) {
		c := redis.NewClient(&redis.Options{Addr: addr})
		defer c.Close()
		locks := redsync.New(goredis.NewPool(c))
		const goroutines, rounds = 20, 5
		counter, inside := 0, 0 // guarded by the lock alone: the race detector looks on
		var all sync.WaitGroup
		for range goroutines {
			all.Go(func() {
				for range rounds {
					m := locks.NewMutex("lock", redsync.WithTries(1000), redsync.WithRetryDelay(5*time.Millisecond), redsync.WithExpiry(30*time.Second))
					if err := m.Lock(); err != nil {
						t.Errorf("lock: %v", err)
						return
					}
					if inside++; inside != 1 {
						t.Errorf("%d are inside", inside)
					}
					counter++
					inside--
					if ok, err := m.Unlock(); !ok || err != nil {
						t.Errorf("unlock: %v, %v", ok, err)
					}
				}
			})
		}
		all.Wait()
		if counter != goroutines*rounds {
			t.Errorf("%d instead of %d", counter, goroutines*rounds)
		}
	})
}

func TestRedsyncLocksExpireAndAreExtended(t *testing.T) {
	everywhere(t, func(t *testing.T, addr string) {
		c := redis.NewClient(&redis.Options{Addr: addr})
		defer c.Close()
		ctx := context.Background()
		locks := redsync.New(goredis.NewPool(c))
		first := locks.NewMutex("lock", redsync.WithExpiry(300*time.Millisecond), redsync.WithTries(1))
		if err := first.Lock(); err != nil {
			t.Fatal(err)
		}
		second := locks.NewMutex("lock", redsync.WithExpiry(30*time.Second), redsync.WithTries(1))
		var taken *redsync.ErrTaken
		if err := second.TryLock(); !errors.As(err, &taken) {
			t.Errorf("a lock that is held: %v", err)
		}
		eventually(t, "the lock has expired", func() bool { return second.TryLock() == nil })
		if ok, err := first.Extend(); ok || err == nil {
			t.Errorf("the first extends what it has lost: %v, %v", ok, err)
		}
		if ok, err := first.Unlock(); ok || err == nil {
			t.Errorf("the first unlocks what it has lost: %v, %v", ok, err)
		}
		if ok, err := second.Extend(); !ok || err != nil {
			t.Errorf("extend: %v, %v", ok, err)
		}
		if left := c.PTTL(ctx, "lock").Val(); left < 20*time.Second {
			t.Errorf("%v are left", left)
		}
		if ok, err := second.Unlock(); !ok || err != nil {
			t.Errorf("unlock: %v, %v", ok, err)
		}
		if n := c.Exists(ctx, "lock").Val(); n != 0 {
			t.Error("the lock is still there")
		}
	})
}
