package backendtest

import (
	"bytes"
	"context"
	"testing"

	"switchyard/backends"
	"switchyard/backends/rdb"
)

// payload is the string "value" as DUMP of Redis 7.0 returns it, which every backend can restore.
const payload = "\x00\x05value\n\x00\x81\xf6\xc18\xc1\xaa\x9bn"

// testMover takes a backend's keys through the interface that a switch uses.
func testMover(t *testing.T, b backends.Backend) {
	m, ok := rdb.MoverOf(b)
	if !ok {
		return
	}
	const db = 1
	restore := func(vals ...backends.Value) {
		t.Helper()
		if err := m.Restore(context.Background(), db, vals); err != nil {
			t.Fatal(err)
		}
	}
	restore(backends.Value{Key: []byte("a"), Payload: []byte(payload)},
		backends.Value{Key: []byte("\x00\xff"), Payload: []byte(payload), ExpireAt: start},
		backends.Value{Key: []byte("past"), Payload: []byte(payload), ExpireAt: 1})
	wantKeys(t, m, db, "a", "\x00\xff")
	wantKeys(t, m, 0)

	vals, err := m.Dump(context.Background(), db, keys("a", "none", "\x00\xff"))
	if err != nil || len(vals) != 3 {
		t.Fatalf("dump: %v, %v", vals, err)
	}
	for i, want := range []backends.Value{
		{Key: []byte("a"), Payload: []byte(payload)},
		{Key: []byte("none")},
		{Key: []byte("\x00\xff"), Payload: []byte(payload), ExpireAt: start},
	} {
		got := vals[i]
		if !bytes.Equal(got.Key, want.Key) || (got.Payload == nil) != (want.Payload == nil) || got.ExpireAt != want.ExpireAt {
			t.Errorf("dump %d is %+v, want %+v", i, got, want)
		}
	}
	if e, ok := backends.As[backends.Engine](b); ok {
		wantValue(t, e, db, "a", "value")
	}

	restore(vals[0], backends.Value{Key: []byte("\x00\xff")})
	wantKeys(t, m, db, "a")
	if err := m.Flush(context.Background()); err != nil {
		t.Fatal(err)
	}
	wantKeys(t, m, db)
}

// wantKeys compares the keys of a database with those wanted. A walk may show a key twice.
func wantKeys(t *testing.T, m backends.Mover, db int, want ...string) {
	t.Helper()
	seen := map[string]bool{}
	err := m.EachKey(context.Background(), db, func(key []byte) error {
		seen[string(key)] = true
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range want {
		if !seen[key] {
			t.Errorf("%q is not among the keys of database %d", key, db)
		}
	}
	if len(seen) != len(want) {
		t.Errorf("the keys of database %d are %v, want %q", db, seen, want)
	}
}
