package integration

import (
	"fmt"
	"strings"
	"testing"

	"github.com/redis/go-redis/v9"
)

// TestGoRedisSubscribes goes through a switch with subscriptions of all kinds.
func TestGoRedisSubscribes(t *testing.T) {
	for _, pair := range orderedPairs() {
		t.Run(pair[0]+" to "+pair[1], func(t *testing.T) {
			t.Parallel()
			p := start(t, settings{Backend: pair[0]})
			for _, protocol := range []int{2, 3} {
				subscribeThrough(t, p, protocol, pair[1-protocol%2]) // there, and back
			}
			if m := p.Metrics(); m["switchyard_pubsub_clients"] != 0 || m[`switchyard_pubsub_topics{kind="channel"}`] != 0 {
				t.Errorf("subscriptions are left: %v", m["switchyard_pubsub_clients"])
			}
		})
	}
}

func subscribeThrough(t *testing.T, p *process, protocol int, target string) {
	t.Helper()
	ctx := t.Context()
	c := redis.NewClient(&redis.Options{Addr: p.Addr, Protocol: protocol, ReadTimeout: patience})
	defer c.Close()
	count := must[int64](t)
	channel, pattern, shard := c.Subscribe(ctx, "news", "more"), c.PSubscribe(ctx, "n*"), c.SSubscribe(ctx, "news")
	for _, s := range []*redis.PubSub{channel, channel, pattern, shard} {
		if _, ok := must[any](t)(s.Receive(ctx)).(*redis.Subscription); !ok {
			t.Fatal("a subscription is not confirmed first")
		}
	}
	const n = 100
	for i := range n {
		if i == n/2 {
			must[any](t)(c.Do(ctx, "STATE.SWITCH", target, "FLUSH").Result())
		}
		if got := count(c.Publish(ctx, "news", i).Result()); got != 2 {
			t.Errorf("message %d went to %d", i, got)
		}
		if got := count(c.SPublish(ctx, "news", -i).Result()); got != 1 {
			t.Errorf("shard message %d went to %d", i, got)
		}
	}
	for name, s := range map[string]*redis.PubSub{"": channel, "n*": pattern, "shard": shard} {
		for i := range n {
			m, ok := must[any](t)(s.Receive(ctx)).(*redis.Message)
			want := fmt.Sprint(map[bool]int{false: i, true: -i}[name == "shard"])
			if !ok || m.Channel != "news" || m.Payload != want || m.Pattern != strings.TrimPrefix(name, "shard") {
				t.Fatalf("%q received %v, want %s", name, m, want)
			}
		}
	}
	if err := channel.Ping(ctx, "hi"); err != nil {
		t.Error(err)
	}
	if pong, ok := must[any](t)(channel.Receive(ctx)).(*redis.Pong); !ok || pong.Payload != "hi" && protocol == 2 {
		t.Errorf("PING is answered with %v", pong)
	}
	for _, s := range []*redis.PubSub{channel, pattern, shard} {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
	eventually(t, "nobody listens any more", func() bool {
		return count(c.Publish(ctx, "news", "x").Result())+count(c.SPublish(ctx, "news", "x").Result()) == 0
	})
}

// TestASubscriberThatDoesNotReadIsDisconnected has two of them: what the other reads is all there, and
// in order.
func TestASubscriberThatDoesNotReadIsDisconnected(t *testing.T) {
	for _, transport := range []string{"eventloop", "redcon"} {
		t.Run(transport, func(t *testing.T) {
			t.Parallel()
			p := start(t, settings{Backend: "memory", Env: []string{"SWITCHYARD_LIMITS_PUBSUB_OUTPUT=1mb", "SWITCHYARD_TRANSPORT=" + transport}})
			deaf, other, publisher := dial(t, p.Addr), dial(t, p.Addr), dial(t, p.Addr)
			for _, c := range []*conn{deaf, other} {
				c.want("*3\r\n$9\r\nsubscribe\r\n$1\r\nx\r\n:1\r\n", "SUBSCRIBE", "x")
			}
			padding := strings.Repeat("p", 100_000)
			listeners := int64(2)
			for n := 0; listeners == 2; n++ {
				if n > 2000 {
					t.Fatal("200 MB are not too much")
				}
				message := fmt.Sprint(n, padding)
				listeners = publisher.do("PUBLISH", "x", message).int()
				if r := other.reply(); len(r.items) != 3 || r.items[2].text != message {
					t.Fatalf("message %d is %q", n, clip(r.raw))
				}
			}
			if listeners != 1 {
				t.Errorf("%d listen in the end", listeners)
			}
			eventually(t, "the log says why", func() bool { return strings.Contains(p.Log(), "the client leaves too much unread") })
			if m := p.Metrics(); m["switchyard_pubsub_clients"] != 1 {
				t.Errorf("%v clients listen", m["switchyard_pubsub_clients"])
			}
		})
	}
}

// TestSubscribersThatComeAndGoLeaveNothing has clients vanish in the middle of their messages.
func TestSubscribersThatComeAndGoLeaveNothing(t *testing.T) {
	onEveryBackend(t, func(t *testing.T, p *process) {
		publisher := dial(t, p.Addr)
		for round := range 20 {
			var batch []byte
			for i := range 10 {
				c := dial3(t, p.Addr)
				c.write(append(encode("SUBSCRIBE", "x", fmt.Sprint("own:", i)), encode("PSUBSCRIBE", fmt.Sprint("x", round, "*"), "x*")...))
				batch = append(batch, encode("PUBLISH", "x", strings.Repeat("m", 10_000))...)
				defer c.Close()
				if i%2 == 0 {
					c.Close()
				}
			}
			publisher.write(batch)
			for range 10 {
				if r := publisher.reply(); r.kind != ':' {
					t.Fatalf("PUBLISH: %q", r.raw)
				}
			}
		}
		eventually(t, "those who vanished are forgotten", func() bool {
			return p.Metrics()["switchyard_pubsub_clients"] == 100
		})
	})
}
