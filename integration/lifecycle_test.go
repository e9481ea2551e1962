package integration

import (
	"fmt"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestTheStartSaysWhereToConnect(t *testing.T) {
	t.Parallel()
	p := start(t, settings{Backend: "memory"})
	for _, what := range []string{p.Addr, p.Admin, "memory", "redis-cli"} {
		eventually(t, "it has said "+what, func() bool { return strings.Contains(p.Log(), what) })
	}
}

// TestASignalEndsTheProcessInOrder has a long pipeline under way when the signal comes. How much of it the
// server has read by then is its own affair; but what it has executed it answers, and what it has
// answered is there after a restart.
func TestASignalEndsTheProcessInOrder(t *testing.T) {
	for _, sig := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT} {
		for _, backend := range everyBackend {
			t.Run(fmt.Sprint(sig, " on ", backend), func(t *testing.T) {
				t.Parallel()
				p := start(t, settings{Backend: backend})
				idle, c := dial(t, p.Addr), dial(t, p.Addr)
				idle.want("+PONG\r\n", "PING")
				var batch []byte
				for i := range 2000 {
					batch = append(batch, encode("SET", fmt.Sprint("k", i), "v")...)
				}
				c.write(batch)
				c.reply()
				p.Signal(sig)
				rest := c.rest()
				if strings.ReplaceAll(rest, "+OK\r\n", "") != "" {
					t.Errorf("what came after the signal: %q", clip(rest))
				}
				answered := 1 + strings.Count(rest, "+OK")
				if rest := idle.rest(); rest != "" {
					t.Errorf("an idle client reads %q", rest)
				}
				p.AwaitExit(0)
				if backend == "memory" {
					return
				}
				c = dial(t, p.Again(settings{Backend: backend}).Addr)
				for i := range answered {
					c.want("$1\r\nv\r\n", "GET", fmt.Sprint("k", i))
				}
				c.want(fmt.Sprintf(":%d\r\n", answered), "DBSIZE")
			})
		}
	}
}

// TestACommandUnderWayIsAnsweredBeforeTheEnd holds the upstream back while the signal comes.
func TestACommandUnderWayIsAnsweredBeforeTheEnd(t *testing.T) {
	t.Parallel()
	p := start(t, settings{Backend: "redis"})
	c := dial(t, p.Addr)
	c.want("+OK\r\n", "SET", "k", "v")
	dial(t, p.Upstream.Addr).want("+OK\r\n", "CLIENT", "PAUSE", "1500", "WRITE")
	c.write(append(encode("SET", "k", "w"), encode("APPEND", "k", "x")...))
	eventually(t, "the command has come in", func() bool { return strings.Contains(dial(t, p.Addr).do("CLIENT", "LIST").text, "cmd=append") })
	p.Signal(syscall.SIGTERM)
	if got := c.rest(); got != "+OK\r\n:2\r\n" {
		t.Errorf("%q", got)
	}
	p.AwaitExit(0)
	dial(t, p.Upstream.Addr).want("$2\r\nwx\r\n", "GET", "k")
}

// TestClientsThatComeAndGoLeaveNothingBehind counts goroutines and descriptors before and after, and with -soak the bytes
// in use, which the collector's rhythm blurs.
func TestClientsThatComeAndGoLeaveNothingBehind(t *testing.T) {
	onEveryBackend(t, func(t *testing.T, p *process) {
		visit := func(n int) {
			for i := range n {
				c, err := dialError(p.Addr)
				if err != nil {
					t.Fatal(err)
				}
				switch i % 4 {
				case 0:
					_, err = c.try("SET", fmt.Sprint("k", i%100), "v")
				case 1:
					_, err = c.Write([]byte("*3\r\n$3\r\nSET\r\n$1")) // leaves in the middle
				case 2:
					_, err = c.Write([]byte("GET k\r\nGET k\r\n")) // does not wait for the replies
				}
				if err != nil {
					t.Fatal(err)
				}
				c.Close()
			}
		}
		visit(100) // pools and caches fill
		eventually(t, "the first clients are gone", func() bool {
			return p.Metrics()["switchyard_connections"] == 0
		})
		before := p.Metrics()
		allowed := map[string]float64{"go_goroutines": 5, "process_open_fds": 5}
		if *soakFlag > 0 {
			allowed["go_memstats_heap_alloc_bytes"] = 32 << 20
		}
		for begun := time.Now(); ; {
			if visit(2000); time.Since(begun) > *soakFlag {
				break
			}
		}
		deadline := time.Now().Add(20*time.Second + *soakFlag/10)
		for more := left(before, p.Metrics(), allowed); len(more) > 0; more = left(before, p.Metrics(), allowed) {
			if time.Now().After(deadline) {
				t.Fatalf("they have left %v", more)
			}
			time.Sleep(50 * time.Millisecond)
		}
	})
}

// left is by how much metrics have grown, those that have by more than is allowed.
func left(before, after, allowed map[string]float64) map[string]float64 {
	more := map[string]float64{}
	for name, most := range allowed {
		if d := after[name] - before[name]; d > most {
			more[name] = d
		}
	}
	return more
}
