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
		if !strings.Contains(p.Log(), what) {
			t.Errorf("no %q in\n%s", what, p.Log())
		}
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

// TestClientsThatComeAndGoLeaveNothingBehind counts goroutines and descriptors before and after.
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
		await := func(goroutines, fds float64) bool {
			m := p.Metrics()
			return m["go_goroutines"] <= goroutines && m["process_open_fds"] <= fds
		}
		eventually(t, "the first clients are gone", func() bool {
			return p.Metrics()["switchyard_connections"] == 0
		})
		before := p.Metrics()
		visit(2000)
		deadline := time.Now().Add(20 * time.Second)
		for !await(before["go_goroutines"]+5, before["process_open_fds"]+5) {
			if time.Now().After(deadline) {
				after := p.Metrics()
				t.Fatalf("goroutines: %v, then %v; descriptors: %v, then %v",
					before["go_goroutines"], after["go_goroutines"], before["process_open_fds"], after["process_open_fds"])
			}
			time.Sleep(50 * time.Millisecond)
		}
	})
}
