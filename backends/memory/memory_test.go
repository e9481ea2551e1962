package memory

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"

	"switchyard/backends"
	"switchyard/backends/backendtest"
)

func open(t testing.TB, change func(*Config)) *Engine {
	t.Helper()
	c := defaults()
	if change != nil {
		change(c)
	}
	b, err := c.Open(context.Background(), backends.Env{Name: "test", Databases: 16})
	if err != nil {
		t.Fatal(err)
	}
	return b.(*Engine)
}

func TestSuite(t *testing.T) {
	backendtest.Run(t, func(t *testing.T) backends.Backend { return open(t, nil) }, backends.ZSetType, backends.ListType, backends.HashType, backends.SetType, backends.StreamType)
}

func Benchmark(b *testing.B) {
	backendtest.Benchmark(b, func(b *testing.B) backends.Backend { return open(b, nil) })
}

type setter struct{ key, value []byte }

func (s *setter) Run(tx backends.Tx) error {
	v, err := tx.String(s.key)
	if err != nil {
		return err
	}
	v.Set(s.value)
	return nil
}

type getter struct{ key, out []byte }

func (g *getter) Run(tx backends.Tx) error {
	v, err := tx.String(g.key)
	if err != nil {
		return err
	}
	g.out = append(g.out[:0], v.Bytes()...)
	return nil
}

func TestOneKeyAllocatesNothing(t *testing.T) {
	e := open(t, nil)
	defer e.Close()
	ctx, key := context.Background(), []byte("key")
	set, get := &setter{key, []byte("value")}, &getter{key: key, out: make([]byte, 0, 64)}
	for _, body := range []backends.Body{set, get} {
		a := &backends.Access{Keys: [][]byte{key}, Now: 1, Write: body == set, Grows: body == set}
		run := func() {
			if _, err := e.Do(ctx, a, body); err != nil {
				t.Fatal(err)
			}
		}
		run()
		if n := testing.AllocsPerRun(100, run); n != 0 {
			t.Errorf("%T: %v allocations", body, n)
		}
	}
}

func fill(e *Engine, from, to int, now int64) error {
	for i := from; i < to; i++ {
		k := fmt.Appendf(nil, "key:%d", i)
		a := &backends.Access{Keys: [][]byte{k}, Write: true, Grows: true, Now: now}
		if _, err := e.Do(context.Background(), a, &setter{k, make([]byte, 100)}); err != nil {
			return err
		}
	}
	return nil
}

func TestLimitEvictsTheLeastRecentlyUsed(t *testing.T) {
	e := open(t, nil)
	defer e.Close()
	if err := fill(e, 0, 1000, 1e6); err != nil {
		t.Fatal(err)
	}
	if err := e.SetLimits(backends.Limits{Bytes: e.used(), Policy: "allkeys-lru", Samples: 5}); err != nil {
		t.Fatal(err)
	}
	if err := fill(e, 1000, 1500, 2e6); err != nil {
		t.Fatal(err)
	}
	st, _ := e.Stats(context.Background())
	if st.Evicted < 300 || st.Keys() > 1100 {
		t.Fatalf("evicted %d, left %d", st.Evicted, st.Keys())
	}
	for i := 1000; i < 1500; i++ {
		k := fmt.Appendf(nil, "key:%d", i)
		a := &backends.Access{Keys: [][]byte{k}, Now: 2e6}
		_, err := e.Do(context.Background(), a, backends.BodyFunc(func(tx backends.Tx) error {
			if !tx.Touch(k) {
				return errors.New("a recent key was evicted before the old ones")
			}
			return nil
		}))
		if err != nil {
			t.Fatal(err)
		}
	}
}

func TestEveryPolicyMakesRoom(t *testing.T) {
	for _, name := range Policies()[1:] {
		t.Run(name, func(t *testing.T) {
			e := open(t, func(c *Config) { c.Policy = name })
			defer e.Close()
			if err := fill(e, 0, 500, 1); err != nil {
				t.Fatal(err)
			}
			if err := e.SetLimits(backends.Limits{Bytes: e.used() * 3 / 4, Policy: name, Samples: 5}); err != nil {
				t.Fatal(err)
			}
			if p, _ := policyByName(name); p.volatile() {
				if err := fill(e, 0, 1, 1); !errors.Is(err, backends.ErrNoSpace) {
					t.Fatalf("without volatile keys: %v", err)
				}
				expireAll(t, e, 1<<50)
			}
			if err := fill(e, 0, 1, 1); err != nil || e.used() > e.limit.Load()+1000 {
				t.Fatalf("%d bytes are used of %d: %v", e.used(), e.limit.Load(), err)
			}
		})
	}
}

// expireAll gives every key a deadline.
func expireAll(t *testing.T, e *Engine, at int64) {
	t.Helper()
	a := &backends.Access{All: true, Write: true, Now: 1}
	_, err := e.Do(context.Background(), a, backends.BodyFunc(func(tx backends.Tx) error {
		var all [][]byte
		tx.Scan(0, 1<<30, func(key []byte, _ backends.Type) { all = append(all, key) })
		for i, key := range all {
			tx.SetExpiry(key, at+int64(i%7))
		}
		return nil
	}))
	if err != nil {
		t.Fatal(err)
	}
}

func TestCleanRemovesAllThatIsDue(t *testing.T) {
	var now atomic.Int64
	now.Store(1000)
	e := open(t, func(c *Config) { c.clock = now.Load })
	defer e.Close()
	const n = 50_000
	if err := fill(e, 0, n, 1); err != nil {
		t.Fatal(err)
	}
	expireAll(t, e, 5000)
	if removed, err := e.Clean(context.Background()); removed != 0 || err != nil {
		t.Fatalf("%d removed too early (%v)", removed, err)
	}
	now.Store(6000)
	if _, err := e.Clean(context.Background()); err != nil {
		t.Fatal(err)
	}
	if st, _ := e.Stats(context.Background()); st.Keys() != 0 || st.Expires() != 0 || st.Expired != n {
		t.Errorf("%+v", st)
	}
}

func TestLimitRefusesGrowth(t *testing.T) {
	e := open(t, func(c *Config) { c.MaxMemory = "10kb" })
	defer e.Close()
	if err := fill(e, 0, 1000, 1); !errors.Is(err, backends.ErrNoSpace) {
		t.Fatalf("noeviction: %v", err)
	}
	if err := e.SetLimits(backends.Limits{Bytes: 1 << 10, Policy: "allkeys-random", Samples: 5}); err != nil {
		t.Fatal(err)
	}
	e.Pause()
	if err := fill(e, 0, 1, 1); !errors.Is(err, backends.ErrNoSpace) {
		t.Fatalf("paused: %v", err)
	}
}

func TestCleanerRemovesUntouchedKeys(t *testing.T) {
	var now atomic.Int64
	now.Store(1000)
	e := open(t, func(c *Config) { c.clock = now.Load })
	defer e.Close()
	gone := make(chan struct{}, 1)
	e.OnRemove(func(int, []byte, backends.Reason) { gone <- struct{}{} })
	k := []byte("k")
	a := &backends.Access{Keys: [][]byte{k}, Write: true, Now: 1000}
	_, err := e.Do(context.Background(), a, backends.BodyFunc(func(tx backends.Tx) error {
		v, err := tx.String(k)
		if err == nil {
			v.Set(k)
			tx.SetExpiry(k, 2000)
		}
		return err
	}))
	if err != nil {
		t.Fatal(err)
	}
	now.Store(2000)
	<-gone
	if used := e.used(); used > firstBuckets*bucketBytes+deadlineBytes {
		t.Errorf("%d bytes are still counted", used)
	}
}

func TestMemoryPerKey(t *testing.T) {
	e := open(t, nil)
	defer e.Close()
	const n = 100_000
	if err := fill(e, 0, n, 1); err != nil {
		t.Fatal(err)
	}
	// An entry, a key of up to 10 bytes, a value of 100 and a bucket or two.
	if per := e.used() / n; per < 170 || per > 200 {
		t.Errorf("%d bytes per key", per)
	}
	_, err := e.Do(context.Background(), &backends.Access{All: true, Write: true}, backends.BodyFunc(func(tx backends.Tx) error {
		tx.Flush()
		return nil
	}))
	if err != nil || e.used() != 0 {
		t.Errorf("%d bytes are counted after a flush (%v)", e.used(), err)
	}
}

func TestConfigCheck(t *testing.T) {
	for _, c := range []Config{{"x", "noeviction", 5, nil}, {"0", "lru", 5, nil}, {"0", "noeviction", 0, nil}, {"-1", "noeviction", 5, nil}} {
		var key *backends.KeyError
		if err := c.Check(); !errors.As(err, &key) {
			t.Errorf("%+v: %v", c, err)
		}
	}
}
