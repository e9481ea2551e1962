package integration

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// route passes along every ordered pair of backends once.
var route = []string{"badger", "redis", "memory", "redis", "badger", "memory"}

// TestSwitchUnderLoadLosesNoAcknowledgedWrite switches along every pair of backends while eight
// clients go on writing, each to keys of its own, and all to shared counters.
func TestSwitchUnderLoadLosesNoAcknowledgedWrite(t *testing.T) {
	t.Parallel()
	r, seed := newRand(t)
	p := start(t, settings{Backend: "memory"})
	k := sample(r, 10_000) // nobody writes to these
	k.store(t, p.Addr)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var all sync.WaitGroup
	var counted [4]atomic.Int64
	writers := make([]*writer, 8)
	for i := range writers {
		w := &writer{t: t, id: i, c: dial(t, p.Addr), r: rand.New(rand.NewPCG(seed, uint64(i))), own: map[string]record{}, counted: &counted}
		writers[i] = w
		all.Go(func() { w.write(ctx) })
	}
	c := dial(t, p.Addr)
	for _, name := range route {
		before := writers[0].writes.Load()
		eventually(t, "writers get on", func() bool { return writers[0].writes.Load() > before+300 || t.Failed() })
		began := time.Now()
		c.want("+OK\r\n", "STATE.SWITCH", name, "FLUSH")
		t.Logf("switched to %s in %v", name, time.Since(began).Round(time.Millisecond))
	}
	stop()
	all.Wait()
	for _, w := range writers {
		t.Logf("writer %d made %d writes, the slowest in %v", w.id, w.writes.Load(), w.slowest.Round(time.Millisecond))
		for key, want := range w.own {
			if want.value != "" {
				k[0][key] = want
			}
		}
	}
	for i := range counted {
		k[0][fmt.Sprint("counter:", i)] = record{strconv.FormatInt(counted[i].Load(), 10), -1}
	}
	k.expect(t, p.Addr)
}

// writer is a client that remembers what it was promised.
type writer struct {
	t       *testing.T
	id      int
	c       *conn
	r       *rand.Rand
	own     map[string]record // what it wrote; an empty value stands for a deleted key
	writes  atomic.Int64
	slowest time.Duration // the longest that a command took
	counted *[4]atomic.Int64
}

func (w *writer) key(n int) string { return fmt.Sprintf("writer:%d:%d", w.id, n) }

// write sends one command after another until ctx ends or one is refused.
func (w *writer) write(ctx context.Context) {
	for i := 0; ctx.Err() == nil; i++ {
		if err := w.one(w.key(w.r.IntN(500)), fmt.Sprint("value ", i)); err != nil {
			w.t.Errorf("writer %d: %v", w.id, err)
			return
		}
		w.writes.Add(1)
	}
}

func (w *writer) one(key, value string) error {
	switch w.r.IntN(10) {
	case 0:
		_, err := w.expect("", "DEL", key)
		w.own[key] = record{}
		return err
	case 1, 2:
		n := w.r.IntN(len(w.counted))
		_, err := w.expect("", "INCR", fmt.Sprint("counter:", n))
		w.counted[n].Add(1)
		return err
	case 3:
		at := time.Now().UnixMilli() + 3_600_000 + w.r.Int64N(1000)
		_, err := w.expect("+OK\r\n", "SET", key, value, "PXAT", strconv.FormatInt(at, 10))
		w.own[key] = record{value, at}
		return err
	case 4:
		want := w.own[key]
		r, err := w.expect("", "GET", key)
		if err == nil && (want.value == "" != r.isNull() || want.value != "" && r.text != want.value) {
			err = fmt.Errorf("GET %s: %q, want %q", key, r.raw, want.value)
		}
		return err
	case 5: // a script, and it does not name its keys
		n := w.r.IntN(len(w.counted))
		_, err := w.expect("+OK\r\n", "EVAL", "redis.call('INCR', 'counter:' .. ARGV[1]) return redis.call('SET', ARGV[2], ARGV[3])", "0", strconv.Itoa(n), key, value)
		w.own[key] = record{value, -1}
		w.counted[n].Add(1)
		return err
	}
	_, err := w.expect("+OK\r\n", "SET", key, value)
	w.own[key] = record{value, -1}
	return err
}

// expect sends a command; any error reply is a failure, since clients are not to notice a switch.
func (w *writer) expect(raw string, args ...string) (reply, error) {
	began := time.Now()
	r, err := w.c.try(args...)
	w.slowest = max(w.slowest, time.Since(began))
	if err == nil && (r.isError() || raw != "" && r.raw != raw) {
		err = fmt.Errorf("%q: %q", args, r.raw)
	}
	return r, err
}
