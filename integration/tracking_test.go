package integration

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"switchyard/integration/redistest"
)

// copier keeps copies of what it reads as the protocol says: what a reply brings is kept until a message says that it is
// outdated. Both come on one connection, and count in the order in which they come.
type copier struct {
	*conn
	asked  []string // the keys whose replies are still to come
	copies map[string]string
}

// ask reads some keys in one batch.
func (c *copier) ask(keys ...string) {
	var batch []byte
	for _, key := range keys {
		batch = append(batch, encode("GET", key)...)
	}
	c.asked = append(c.asked, keys...)
	c.write(batch)
}

// listen takes what comes until all replies are there, and then until a reply to PING.
func (c *copier) listen() {
	c.send("PING")
	for {
		switch r := c.reply(); {
		case strings.HasPrefix(r.raw, ">2\r\n$10\r\ninvalidate\r\n_"):
			clear(c.copies)
		case strings.HasPrefix(r.raw, ">2\r\n$10\r\ninvalidate\r\n*"):
			parts := strings.Split(r.raw, "\r\n")
			for i := 5; i < len(parts); i += 2 {
				delete(c.copies, parts[i])
			}
		case len(c.asked) > 0:
			c.copies[c.asked[0]] = r.text
			c.asked = c.asked[1:]
		case r.raw == "+PONG\r\n":
			return
		default:
			c.t.Fatalf("%q came unasked", r.raw)
		}
	}
}

// TestCopiesAreNeverOutdatedForLong has clients keep copies in both modes while others change the keys in all ways. When the
// others have come to rest, every copy must be right.
func TestCopiesAreNeverOutdatedForLong(t *testing.T) {
	const keys, rounds, writers = 20, 15, 4
	key := func() string { return fmt.Sprint("k", rand.IntN(keys)) }
	for _, name := range []string{"memory", "badger"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := start(t, settings{Backend: name})
			modes := [][]string{{}, {"BCAST"}, {"BCAST", "PREFIX", "k1"}, {}}
			readers := make([]*copier, len(modes))
			for i, mode := range modes {
				readers[i] = &copier{conn: dial3(t, p.Addr), copies: map[string]string{}}
				readers[i].want("+OK\r\n", append([]string{"CLIENT", "TRACKING", "ON"}, mode...)...)
			}
			control := dial(t, p.Addr)
			var clock atomic.Int64
			for round := range rounds {
				var all sync.WaitGroup
				for range writers {
					w := dial(t, p.Addr)
					all.Go(func() {
						for range 60 {
							n := strconv.FormatInt(clock.Add(1), 10)
							switch rand.IntN(6) {
							case 0:
								w.do("DEL", key(), key())
							case 1:
								w.do("MSET", key(), n, key(), n)
							case 2:
								w.do("EVAL", "return redis.call('SET', ARGV[1], ARGV[2])", "0", key(), n)
							case 3:
								w.do("MULTI")
								w.do("SET", key(), n)
								w.do("SET", key(), n)
								w.do("EXEC")
							default:
								w.do("SET", key(), n)
							}
						}
					})
				}
				for _, r := range readers {
					all.Go(func() {
						for range 20 {
							r.ask(key(), key(), key(), key(), key())
							r.listen()
						}
					})
				}
				all.Wait()
				for i, r := range readers {
					r.listen()
					for k, copied := range r.copies {
						if len(modes[i]) == 3 && !strings.HasPrefix(k, "k1") {
							continue
						}
						if now := control.do("GET", k).text; now != copied {
							t.Fatalf("round %d, reader %d: the copy of %s is %q, but it is %q", round, i, k, copied, now)
						}
					}
				}
			}
			for _, r := range readers {
				r.Close()
			}
			eventually(t, "nothing is remembered", func() bool {
				i := control.do("INFO").text
				return strings.Contains(i, "tracking_clients:0\r\n") && strings.Contains(i, "tracking_total_items:0\r\n") && strings.Contains(i, "tracking_total_prefixes:0\r\n")
			})
		})
	}
}

func TestASwitchOutdatesAllCopies(t *testing.T) {
	t.Parallel()
	r := redistest.Start(t)
	p := start(t, settings{Backend: "memory", Env: []string{"SWITCHYARD_BACKENDS_REDIS_URL=redis://" + r.Addr}})
	c, control := dial3(t, p.Addr), dial(t, p.Addr)
	const outdated = ">2\r\n$10\r\ninvalidate\r\n_\r\n"
	c.want("+OK\r\n", "CLIENT", "TRACKING", "ON")
	c.do("GET", "k")
	control.want("+OK\r\n", "STATE.SWITCH", "badger")
	if got := c.reply().raw; got != outdated {
		t.Errorf("after a switch it is told %q", got)
	}
	c.do("GET", "k")
	control.want("+OK\r\n", "SET", "k", "v")
	if got := c.reply().raw; got != ">2\r\n$10\r\ninvalidate\r\n*1\r\n$1\r\nk\r\n" {
		t.Errorf("on the new backend it is told %q", got)
	}
	// A backend that others change cannot say what is outdated.
	control.want("+OK\r\n", "STATE.SWITCH", "redis")
	if got := c.rest(); got != outdated && got != "" {
		t.Errorf("it is told %q and disconnected", got)
	}
	control.want("-ERR the active backend cannot say which keys change, so there is no client tracking on it\r\n", "CLIENT", "TRACKING", "ON")
}

func TestMoreKeysThanAreRememberedAreTakenForChanged(t *testing.T) {
	t.Parallel()
	p := start(t, settings{Backend: "memory"})
	c, control := dial3(t, p.Addr), dial(t, p.Addr)
	c.want("+OK\r\n", "CLIENT", "TRACKING", "ON")
	control.want("+OK\r\n", "CONFIG", "SET", "tracking-table-max-keys", "2")
	for _, key := range []string{"a", "b", "c"} {
		c.want("_\r\n", "GET", key)
	}
	if got := c.reply().raw; got != ">2\r\n$10\r\ninvalidate\r\n*1\r\n$1\r\na\r\n" && got != ">2\r\n$10\r\ninvalidate\r\n*1\r\n$1\r\nb\r\n" {
		t.Errorf("it is told %q", got)
	}
	control.want("+OK\r\n", "CONFIG", "SET", "tracking-table-max-keys", "1")
	if got := c.reply().raw; !strings.HasPrefix(got, ">2\r\n$10\r\ninvalidate\r\n*1\r\n$1\r\n") {
		t.Errorf("it is told %q", got)
	}
}
