package integration

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// TestAProcessKilledDuringASwitchComesUpOnTheSource kills the process while it copies. What it finds
// when it starts again is the source, whole; and the switch can be made anew, without FLUSH.
func TestAProcessKilledDuringASwitchComesUpOnTheSource(t *testing.T) {
	for _, pair := range [][2]string{{"badger", "redis"}, {"redis", "badger"}} {
		t.Run(pair[0]+" to "+pair[1], func(t *testing.T) {
			t.Parallel()
			r, _ := newRand(t)
			p := start(t, settings{Backend: pair[0]})
			k := sample(r, 30_000)
			k.store(t, p.Addr)
			c := dial(t, p.Addr)
			c.send("STATE.SWITCH", pair[1])
			eventually(t, "the journal says that keys are being copied", func() bool { return copying(p.Data) })
			if pair[1] == "redis" {
				some := 1 + r.Int64N(1000)
				target := dial(t, p.Upstream.Addr)
				eventually(t, "keys arrive", func() bool { return target.do("DBSIZE").int() >= some })
			}
			p.Kill()
			q := p.Again(settings{Backend: pair[1]})
			if got := q.Active(); got != pair[0] {
				t.Errorf("active: %s", got)
			}
			k.expect(t, q.Addr)
			dial(t, q.Addr).want("+OK\r\n", "STATE.SWITCH", pair[1])
			k.expect(t, q.Addr)
		})
	}
}

// copying says whether the journal tells of a switch under way.
func copying(data string) bool {
	b, err := os.ReadFile(filepath.Join(data, "switchyard.json"))
	return err == nil && strings.Contains(string(b), `"phase":"copying"`)
}

// TestEveryAcknowledgedWriteSurvivesACrash kills the process under load. That the machine stays up
// is what makes sync = "everysec" and "no" as good as "always" here.
func TestEveryAcknowledgedWriteSurvivesACrash(t *testing.T) {
	for _, sync := range []string{"always", "everysec", "no"} {
		t.Run("sync = "+sync, func(t *testing.T) {
			t.Parallel()
			s := settings{Backend: "badger", Env: []string{"SWITCHYARD_BACKENDS_BADGER_SYNC=" + sync}}
			p := start(t, s)
			acknowledged := crashUnderLoad(t, p, 8)
			c := dial(t, p.Again(s).Addr)
			for i, promised := range acknowledged {
				var n int64
				r := c.do("GET", fmt.Sprint("last:", i))
				if _, err := fmt.Sscan(r.text, &n); err != nil || n < promised {
					t.Errorf("client %d was promised %d, and finds %q", i, promised, r.raw)
				}
			}
		})
	}
}

// crashUnderLoad kills the process while clients set their keys to ever greater numbers, and returns
// the greatest that each was acknowledged.
func crashUnderLoad(t *testing.T, p *process, clients int) []int64 {
	acknowledged := make([]int64, clients)
	var writes atomic.Int64
	var all sync.WaitGroup
	for i := range clients {
		c := dial(t, p.Addr)
		all.Go(func() {
			for n := int64(1); ; n++ {
				r, err := c.try("SET", fmt.Sprint("last:", i), fmt.Sprint(n))
				if err != nil || r.raw != "+OK\r\n" {
					return
				}
				acknowledged[i] = n
				writes.Add(1)
			}
		})
	}
	eventually(t, "there are writes", func() bool { return writes.Load() > 3000 })
	p.Kill()
	all.Wait()
	return acknowledged
}

// TestATransactionSurvivesACrashWholeOrNotAtAll kills the process while clients run EXECs that write several keys of
// several types; all of one have its number.
func TestATransactionSurvivesACrashWholeOrNotAtAll(t *testing.T) {
	t.Parallel()
	const clients = 8
	s := settings{Backend: "badger"}
	p := start(t, s)
	var acknowledged [clients]int64
	var done atomic.Int64
	var all sync.WaitGroup
	for i := range clients {
		c := dial(t, p.Addr)
		all.Go(func() {
			for n := int64(1); ; n++ {
				number := fmt.Sprint(n)
				for _, line := range [][]string{
					{"MULTI"}, {"SET", fmt.Sprint("a:", i), number}, {"HSET", fmt.Sprint("h:", i), "n", number, "pad", strings.Repeat("x", int(n%3000))},
					{"LPUSH", fmt.Sprint("l:", i), number}, {"SET", fmt.Sprint("b:", i), number},
				} {
					if _, err := c.try(line...); err != nil {
						return
					}
				}
				if r, err := c.try("EXEC"); err != nil || !strings.HasPrefix(r.raw, "*4\r\n+OK\r\n") {
					return
				}
				acknowledged[i] = n
				done.Add(1)
			}
		})
	}
	eventually(t, "there are transactions", func() bool { return done.Load() > 1000 })
	p.Kill()
	all.Wait()
	c := dial(t, p.Again(s).Addr)
	for i, promised := range acknowledged {
		var n int64
		a := c.do("GET", fmt.Sprint("a:", i)).text
		if _, err := fmt.Sscan(a, &n); err != nil || n < promised {
			t.Errorf("client %d was promised %d, and finds %q", i, promised, a)
		}
		b, h := c.do("GET", fmt.Sprint("b:", i)).text, c.do("HGET", fmt.Sprint("h:", i), "n").text
		last, length := c.do("LINDEX", fmt.Sprint("l:", i), "0").text, c.do("LLEN", fmt.Sprint("l:", i)).int()
		if b != a || h != a || last != a || length != n {
			t.Errorf("client %d finds half of a transaction: %q, %q, %q, %q, %d", i, a, b, h, last, length)
		}
	}
}

// TestBadgerKeepsEverythingAcrossARestart includes expiries to the millisecond, and keys whose time
// came while the process was down.
func TestBadgerKeepsEverythingAcrossARestart(t *testing.T) {
	t.Parallel()
	r, _ := newRand(t)
	p := start(t, settings{Backend: "badger"})
	k := sample(r, 2000)
	k.store(t, p.Addr)
	dial(t, p.Addr).want("+OK\r\n", "SET", "short", "lived", "PX", "50")
	p.Stop()
	q := p.Again(settings{Backend: "badger"})
	eventually(t, "the short-lived key is gone", func() bool { return dial(t, q.Addr).do("EXISTS", "short").int() == 0 })
	k.expect(t, q.Addr)
}

func TestAFullDiskRefusesWritesAndGoesOnReading(t *testing.T) {
	t.Parallel()
	p := start(t, settings{Backend: "badger"})
	dial(t, p.Addr).want("+OK\r\n", "SET", "k", "v")
	p.Stop()
	p = p.Again(settings{Backend: "badger", Env: []string{"SWITCHYARD_BACKENDS_BADGER_MIN_FREE_DISK=900000gb"}})
	c := dial(t, p.Addr)
	if r := c.do("SET", "k", "w"); !strings.HasPrefix(r.raw, "-MISCONF No space left") {
		t.Errorf("SET: %q", r.raw)
	}
	c.want("$1\r\nv\r\n", "GET", "k")
	c.want(":1\r\n", "DEL", "k")
}
