// Package backendtest is the suite that every backend must pass. A driver's test calls Run with a
// function that opens an empty backend, which Run closes, and with the types beside strings that it holds.
package backendtest

import (
	"context"
	"testing"

	"go.uber.org/goleak"

	"switchyard/backends"
)

// start is the time of the suite's transactions: far in the future, so that no background cleaner
// finds any of its deadlines due.
const start = int64(4_000_000_000_000)

// part is one test of the suite.
type part struct {
	name string
	test func(*testing.T, backends.Engine)
}

// typeParts are the parts about one type.
var typeParts = map[backends.Type][]part{
	backends.HashType:   hashParts,
	backends.SetType:    setParts,
	backends.ListType:   listParts,
	backends.ZSetType:   zsetParts,
	backends.StreamType: streamParts,
}

// Run runs the suite, each part on a backend of its own with at least two databases.
func Run(t *testing.T, open func(t *testing.T) backends.Backend, holds ...backends.Type) {
	parts := []part{
		{"strings", testStrings},
		{"strings keep how they came to be", testForms},
		{"a body that fails keeps what it did", testFailing},
		{"expired keys are absent", testExpiry},
		{"move and copy", testMove},
		{"flush and swap", testFlushSwap},
		{"scan keeps its promise", testScan},
		{"random is fair", testRandom},
		{"transfers keep the sum", testTransfers},
		{"open transactions exclude others", testOpen},
		{"no increment is lost", testIncrements},
		{"transactions with keys can scan", testScanWhileHolding},
		{"operations agree with a model", testModel},
		{"removal by itself", testRemoval},
		{"libraries of functions", testLibraries},
		{"stats", testStats},
	}
	for _, kind := range holds {
		parts = append(parts, typeParts[kind]...)
	}
	for _, p := range parts {
		t.Run(p.name, func(t *testing.T) {
			leaks := goleak.IgnoreCurrent()
			b := open(t)
			if e, ok := backends.As[backends.Engine](b); ok {
				p.test(t, e)
			}
			closeWell(t, b, leaks)
		})
	}
	t.Run("mover", func(t *testing.T) {
		leaks := goleak.IgnoreCurrent()
		b := open(t)
		testGeneric(t, b)
		testMover(t, b)
		closeWell(t, b, leaks)
	})
}

func closeWell(t *testing.T, b backends.Backend, leaks goleak.Option) {
	t.Helper()
	if err := b.Close(); err != nil {
		t.Errorf("close: %v", err)
	}
	goleak.VerifyNone(t, leaks)
}

func testGeneric(t *testing.T, b backends.Backend) {
	if b.Driver() == "" {
		t.Error("the driver has no name")
	}
	if err := b.Ping(context.Background()); err != nil {
		t.Errorf("ping: %v", err)
	}
	if _, err := b.Stats(context.Background()); err != nil {
		t.Errorf("stats: %v", err)
	}
}

// do runs body as one transaction and waits until it is durable.
func do(t testing.TB, e backends.Engine, a backends.Access, body backends.BodyFunc) {
	t.Helper()
	if a.Now == 0 {
		a.Now = start
	}
	c, err := e.Do(context.Background(), &a, body)
	if err == nil {
		err = c.Wait(context.Background())
	}
	if err != nil {
		t.Error(err)
	}
}

func keys(names ...string) (ks [][]byte) {
	for _, n := range names {
		ks = append(ks, []byte(n))
	}
	return ks
}

func write(names ...string) backends.Access {
	return backends.Access{Keys: keys(names...), Write: true, Grows: true}
}

func set(t testing.TB, e backends.Engine, key, value string) {
	t.Helper()
	do(t, e, write(key), func(tx backends.Tx) error {
		v, err := tx.String([]byte(key))
		if err == nil {
			v.Set([]byte(value))
		}
		return err
	})
}

// get reads a key of a database at a time; "-" when it is absent.
func get(t testing.TB, e backends.Engine, db int, key string, now int64) (value string) {
	t.Helper()
	do(t, e, backends.Access{DB: db, Keys: keys(key), Now: now}, func(tx backends.Tx) error {
		v, err := tx.String([]byte(key))
		if err != nil {
			return err
		}
		if value = "-"; v.Exists() {
			value = string(v.Bytes())
		}
		return nil
	})
	return value
}

func wantValue(t testing.TB, e backends.Engine, db int, key, want string) {
	t.Helper()
	if got := get(t, e, db, key, start); got != want {
		t.Errorf("%.40q in %d is %.40q, want %.40q", key, db, got, want)
	}
}
