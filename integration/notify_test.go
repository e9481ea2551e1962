package integration

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// Spring Session, Spring Data, Redisson and others look at notify-keyspace-events when they start, set it to what they need
// and fail where they cannot. That must work whatever the backend is.
func TestApplicationsThatWantToHearOfExpiriesStart(t *testing.T) {
	onEveryBackend(t, func(t *testing.T, p *process) {
		ctx := t.Context()
		c := redis.NewClient(&redis.Options{Addr: p.Addr, ReadTimeout: patience})
		defer c.Close()
		const parameter = "notify-keyspace-events"
		show := func(want string) {
			t.Helper()
			got, err := c.ConfigGet(ctx, parameter).Result()
			if err != nil || len(got) != 1 || got[parameter] != want {
				t.Errorf("CONFIG GET shows %q, want %q: %v", got, want, err)
			}
		}
		show("")
		for set, shown := range map[string]string{"Egx": "gxE", "EA": "AE", "KEA": "AKE", "Ex": "xE"} {
			if err := c.ConfigSet(ctx, parameter, set).Err(); err != nil {
				t.Fatal(err)
			}
			show(shown)
		}
		if err := c.ConfigSet(ctx, parameter, "all").Err(); err == nil || !strings.Contains(err.Error(), "Invalid event class character") {
			t.Errorf("letters that Redis does not know: %v", err)
		}
	})
}

// expiries listens to expired keys of a server whose start value says so.
func expiries(t *testing.T, backend, events, pattern string) (c *redis.Client, listener *redis.PubSub) {
	t.Helper()
	p := start(t, settings{Backend: backend, Env: []string{"SWITCHYARD_NOTIFY_KEYSPACE_EVENTS=" + events}})
	c = redis.NewClient(&redis.Options{Addr: p.Addr, ReadTimeout: patience})
	t.Cleanup(func() { c.Close() })
	listener = c.PSubscribe(t.Context(), pattern)
	t.Cleanup(func() { listener.Close() })
	must[any](t)(listener.Receive(t.Context()))
	return c, listener
}

// Nobody touches the keys: their end is found by the backend alone. How long that takes is logged, for who wonders.
func TestTheEndOfAKeyIsToldSoonAfterItsTime(t *testing.T) {
	for _, backend := range []string{"memory", "badger"} {
		t.Run(backend, func(t *testing.T) {
			t.Parallel()
			c, listener := expiries(t, backend, "Ex", "__keyevent@*__:expired")
			const keys = 300
			deadlines := map[string]time.Time{}
			for i := range keys {
				key, ttl := fmt.Sprint("key:", i), time.Duration(50+i)*time.Millisecond
				deadlines[key] = time.Now().Add(ttl)
				must[string](t)(c.Set(t.Context(), key, "v", ttl).Result())
			}
			var late []time.Duration
			for range keys {
				m, ok := must[any](t)(listener.ReceiveTimeout(t.Context(), patience)).(*redis.Message)
				if !ok || m.Channel != "__keyevent@0__:expired" || deadlines[m.Payload].IsZero() {
					t.Fatalf("unexpected message %v", m)
				}
				late = append(late, time.Since(deadlines[m.Payload]))
				delete(deadlines, m.Payload)
			}
			slices.Sort(late)
			t.Logf("told after their time: half within %v, all within %v", late[keys/2], late[keys-1])
			if late[0] < -time.Millisecond {
				t.Errorf("a key has ended %v before its time", -late[0])
			}
		})
	}
}

// The expiry of fields came with Redis 7.4.
func TestTheEndOfFieldsIsTold(t *testing.T) {
	for _, backend := range []string{"memory", "badger"} {
		t.Run(backend, func(t *testing.T) {
			t.Parallel()
			c, listener := expiries(t, backend, "KA", "__keyspace@0__:h")
			hears := func(events ...string) {
				t.Helper()
				for _, want := range events {
					m, ok := must[any](t)(listener.ReceiveTimeout(t.Context(), patience)).(*redis.Message)
					if !ok || m.Payload != want {
						t.Fatalf("received %v, want %s", m, want)
					}
				}
			}
			ctx := t.Context()
			must[int64](t)(c.HSet(ctx, "h", "f", "v", "g", "v", "i", "v").Result())
			hears("hset")
			must[[]int64](t)(c.HPExpire(ctx, "h", 30*time.Millisecond, "f").Result())
			hears("hexpire", "hexpired")
			must[[]int64](t)(c.HPExpire(ctx, "h", 30*time.Millisecond, "g", "i").Result())
			hears("hexpire", "hexpired", "del")
			if n := must[int64](t)(c.Exists(ctx, "h").Result()); n != 0 {
				t.Error("the hash is there")
			}
			must[int64](t)(c.HSet(ctx, "h", "f", "v").Result())
			must[bool](t)(c.PExpire(ctx, "h", 30*time.Millisecond).Result())
			hears("hset", "expire", "expired")
		})
	}
}
