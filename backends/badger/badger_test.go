package badger

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/pelletier/go-toml/v2"

	"switchyard/backends"
	"switchyard/backends/backendtest"
)

func openIn(t testing.TB, dir string, change func(*Config)) *Backend {
	t.Helper()
	c := defaults()
	if change != nil {
		change(c)
	}
	b, err := c.Open(context.Background(), backends.Env{Name: "test", Dir: dir, Databases: 4})
	if err != nil {
		t.Fatal(err)
	}
	return b.(*Backend)
}

func shut(t testing.TB, b *Backend) {
	t.Helper()
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
}

func set(b *Backend, key, value string, at int64) error {
	a := &backends.Access{Keys: [][]byte{[]byte(key)}, Write: true, Grows: true, Now: 1}
	return commit(b, a, func(tx backends.Tx) error {
		v, err := tx.String(a.Keys[0])
		if err == nil {
			v.Set([]byte(value))
			tx.SetExpiry(a.Keys[0], at)
		}
		return err
	})
}

// want compares the value and the deadline of a key; "-" is an absent one.
func want(t testing.TB, b *Backend, key, value string, at int64) {
	t.Helper()
	a := &backends.Access{Keys: [][]byte{[]byte(key)}, Now: 1}
	err := commit(b, a, func(tx backends.Tx) error {
		v, err := tx.String(a.Keys[0])
		if err != nil {
			return err
		}
		got := "-"
		if v.Exists() {
			got = string(v.Bytes())
		}
		if got != value || tx.Expiry(a.Keys[0]) != at {
			t.Errorf("%.20q is %.40q until %d, want %.40q until %d", key, got, tx.Expiry(a.Keys[0]), value, at)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

func TestSuite(t *testing.T) {
	backendtest.Run(t, func(t *testing.T) backends.Backend { return openIn(t, t.TempDir(), nil) },
		backends.HashType, backends.SetType, backends.ListType, backends.ZSetType, backends.StreamType)
}

func TestEverythingSurvivesARestart(t *testing.T) {
	dir := t.TempDir()
	long := strings.Repeat("long value ", 300_000)
	longKey := strings.Repeat("k", 100_000)
	b := openIn(t, dir, nil)
	for key, value := range map[string]string{"a": "1", "": "empty key", "empty": "", "long": long, longKey: "long key"} {
		if err := set(b, key, value, 4_000_000_000_123); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 {
		shut(t, b)
		b = openIn(t, dir, func(c *Config) { c.Compression = "zstd" })
		want(t, b, "a", "1", 4_000_000_000_123)
		want(t, b, "", "empty key", 4_000_000_000_123)
		want(t, b, "empty", "", 4_000_000_000_123)
		want(t, b, "long", long, 4_000_000_000_123)
		want(t, b, longKey, "long key", 4_000_000_000_123)
		st, err := b.Stats(context.Background())
		if err != nil || st.Keys() != 5 || st.Expires() != 5 || st.Bytes == 0 {
			t.Errorf("%+v, %v", st, err)
		}
		if err := b.Optimize(context.Background()); err != nil {
			t.Error(err)
		}
	}
	shut(t, b)
}

func TestTheLimitsOfCompactValuesCanChange(t *testing.T) {
	env := backends.Env{Name: "test", Dir: t.TempDir(), Databases: 1, Compact: backends.NewCompact()}
	opened, err := defaults().Open(context.Background(), env)
	if err != nil {
		t.Fatal(err)
	}
	b := opened.(*Backend)
	defer shut(t, b)
	a := &backends.Access{Keys: [][]byte{[]byte("k")}, Write: true, Now: 1}
	for limit, want := range []string{1: "hashtable", 2: "listpack"} {
		env.Compact.HashEntries.Store(int64(limit))
		err := commit(b, a, func(tx backends.Tx) error {
			h, err := tx.Hash(a.Keys[0])
			if err != nil {
				return err
			}
			h.Put([]byte("a"), []byte("1"))
			h.Put([]byte("b"), []byte("2"))
			if got := tx.Encoding(a.Keys[0]); limit > 0 && got != want {
				t.Errorf("with the limit %d it is a %s", limit, got)
			}
			tx.Delete(a.Keys[0])
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

func TestASecondInstanceIsRefused(t *testing.T) {
	dir := t.TempDir()
	b := openIn(t, dir, nil)
	_, err := defaults().Open(context.Background(), backends.Env{Name: "second", Dir: dir})
	if !errors.Is(err, errInUse) || !strings.Contains(err.Error(), dir) || strings.Contains(err.Error(), "\n") {
		t.Errorf("the error is %v", err)
	}
	shut(t, b)
	shut(t, openIn(t, dir, nil))
}

func TestADamagedFolderIsAnError(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "MANIFEST"), []byte("not a manifest at all"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := defaults().Open(context.Background(), backends.Env{Name: "test", Dir: dir}); err == nil || !strings.Contains(err.Error(), dir) {
		t.Errorf("the error is %v", err)
	}
}

func TestEmptyLogsAreForgiven(t *testing.T) {
	dir := t.TempDir()
	b := openIn(t, dir, nil)
	if err := set(b, "a", "1", 0); err != nil {
		t.Fatal(err)
	}
	shut(t, b)
	for _, name := range []string{"00099.mem", "000099.vlog"} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	b = openIn(t, dir, nil)
	want(t, b, "a", "1", 0)
	shut(t, b)
}

func TestOpenHonoursItsContext(t *testing.T) {
	dir := t.TempDir()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	b, err := defaults().Open(ctx, backends.Env{Name: "test", Dir: dir})
	if err == nil { // both were ready
		shut(t, b.(*Backend))
		return
	}
	if !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), dir) {
		t.Errorf("the error is %v", err)
	}
	// The folder becomes free again.
	for {
		b, err := defaults().Open(context.Background(), backends.Env{Name: "test", Dir: dir})
		if err == nil {
			shut(t, b.(*Backend))
			return
		}
		time.Sleep(time.Millisecond)
	}
}

func TestAFullDiskRefusesGrowthOnly(t *testing.T) {
	b := openIn(t, t.TempDir(), func(c *Config) { c.MinFreeDisk = "1000000gb" })
	defer shut(t, b)
	if err := set(b, "k", "v", 0); !errors.Is(err, backends.ErrDiskFull) {
		t.Errorf("the error is %v", err)
	}
	a := &backends.Access{Keys: [][]byte{[]byte("k")}, Write: true, Now: 1}
	if err := commit(b, a, func(tx backends.Tx) error { tx.Delete(a.Keys[0]); return nil }); err != nil {
		t.Error(err)
	}
	want(t, b, "k", "-", 0)
}

func TestAFailedWriteIsTheLast(t *testing.T) {
	b := openIn(t, t.TempDir(), nil)
	if err := set(b, "k", "v", 0); err != nil {
		t.Fatal(err)
	}
	if err := b.Sync(t.Context()); err != nil {
		t.Error(err)
	}
	cause := errors.New("input/output error")
	if err := b.store.stop(cause); !errors.Is(err, cause) {
		t.Fatal(err)
	}
	if err := set(b, "k", "w", 0); !errors.Is(err, cause) || !errors.Is(b.Ping(context.Background()), cause) {
		t.Errorf("the error is %v", err)
	}
	if err := b.Sync(t.Context()); !errors.Is(err, cause) {
		t.Errorf("the error of a sync is %v", err)
	}
	want(t, b, "k", "v", 0)
	shut(t, b)
}

func TestLogsAreSyncedAcrossRotations(t *testing.T) {
	dir := t.TempDir()
	b := openIn(t, dir, func(c *Config) { c.Memory, c.Sync = "64mb", "always" })
	value := strings.Repeat("v", 60<<10)
	first := b.store.wal.next
	for i := range 400 {
		if err := set(b, fmt.Sprint("k", i), value, 0); err != nil {
			t.Fatal(err)
		}
		b.store.wal.mu.Lock()
		next, open := b.store.wal.next, len(b.store.wal.open)
		b.store.wal.mu.Unlock()
		names, err := filepath.Glob(filepath.Join(dir, "*.mem"))
		newest := filepath.Join(dir, fmt.Sprintf("%05d.mem", next-1))
		if err != nil || len(names) == 0 || slices.Max(names) != newest || open != 1 {
			t.Fatalf("the logs are %q, the newest known is %s, %d are open", names, newest, open)
		}
	}
	if b.store.wal.next == first {
		t.Error("no log was full")
	}
	shut(t, b)
}

func TestMemoryLimit(t *testing.T) {
	t.Setenv("GOMEMLIMIT", "")
	runtime.GC() // what other tests have left would count as live
	before := debug.SetMemoryLimit(-1)
	b := openIn(t, t.TempDir(), func(c *Config) { c.Memory = "300mb" })
	c := openIn(t, t.TempDir(), func(c *Config) { c.Memory = "200mb" })
	if got := debug.SetMemoryLimit(-1); before == math.MaxInt64 && got != 500<<20 {
		t.Errorf("the limit is %d", got)
	}
	shut(t, b)
	shut(t, c)
	if got := debug.SetMemoryLimit(-1); got != before {
		t.Errorf("the limit afterwards is %d, before it was %d", got, before)
	}
}

func TestConfig(t *testing.T) {
	var empty = Driver.Config()
	if err := empty.Check(); err != nil {
		t.Errorf("the defaults: %v", err)
	}
	for text, key := range map[string]string{
		`sync = "sometimes"`: "sync", `memory = "1mb"`: "memory", `memory = "x"`: "memory",
		`min_free_disk = "-1"`: "min_free_disk", `compression = "lzma"`: "compression", `compact_after = "-1s"`: "compact_after",
		`compact_after = "0s"`: "",
	} {
		c := Driver.Config()
		if err := toml.Unmarshal([]byte(text), c); err != nil {
			t.Fatal(err)
		}
		var ke *backends.KeyError
		if err := c.Check(); errors.As(err, &ke) != (key != "") || ke != nil && ke.Key != key {
			t.Errorf("%s: %v", text, err)
		}
	}
}
