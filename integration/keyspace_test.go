package integration

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
	"time"
)

// record is one key as a client sees it.
type record struct {
	value    string
	expireAt int64 // as PEXPIRETIME says: milliseconds, or -1
}

// keyspace is everything in all databases.
type keyspace [16]map[string]record

// sample invents n small keys over all databases, half of them with an expiry, and the difficult ones.
func sample(r *rand.Rand, n int) *keyspace {
	k := new(keyspace)
	for db := range k {
		k[db] = map[string]record{}
	}
	for i := range n {
		db := i % len(k)
		k[db][fmt.Sprintf("key:%d:%d", db, i)] = record{fmt.Sprintf("value %d %s", i, strings.Repeat("x", r.IntN(60))), sometime(r)}
	}
	big := make([]byte, 1<<20)
	for i := range big {
		big[i] = byte(r.IntN(256))
	}
	for db, entries := range map[int]map[string]record{
		0:  {"": {"empty key", -1}, "empty": {"", -1}, "\x00\xff\r\n": {"\x00\r\n\xff", sometime(r)}, longKey: {"long", -1}},
		3:  {"big": {string(big), -1}, "repeated": {strings.Repeat("again ", 200_000), sometime(r)}},
		7:  {"number": {"-42", -1}, "edge": {"9223372036854775807", -1}, "zeros": {"007", -1}, "float": {"1.5e3", sometime(r)}},
		15: {"far": {"away", 9_000_000_000_000_000}, "käse": {"ü", -1}, "*[pattern]?": {"\\", -1}},
	} {
		for key, rec := range entries {
			k[db][key] = rec
		}
	}
	return k
}

// sometime is no expiry, or one that no test lives to see.
func sometime(r *rand.Rand) int64 {
	if r.IntN(2) == 0 {
		return -1
	}
	return time.Now().UnixMilli() + 3_600_000 + r.Int64N(1e9)
}

// inBatches calls send for each item and receive for each reply, some hundred at a time.
func inBatches[T any](items []T, send, receive func(T)) {
	const batch = 300
	for len(items) > 0 {
		some := items[:min(batch, len(items))]
		for _, it := range some {
			send(it)
		}
		for _, it := range some {
			receive(it)
		}
		items = items[len(some):]
	}
}

// store writes a keyspace into a server.
func (k *keyspace) store(t testing.TB, addr string) {
	t.Helper()
	c := dial(t, addr)
	defer c.Close()
	for db, entries := range k {
		c.want("+OK\r\n", "SELECT", strconv.Itoa(db))
		var keys []string
		for key := range entries {
			keys = append(keys, key)
		}
		inBatches(keys, func(key string) {
			args := []string{"SET", key, entries[key].value}
			if at := entries[key].expireAt; at >= 0 {
				args = append(args, "PXAT", strconv.FormatInt(at, 10))
			}
			c.send(args...)
		}, func(key string) {
			if r := c.reply(); r.raw != "+OK\r\n" {
				t.Fatalf("SET %q: %q", clip(key), r.raw)
			}
		})
	}
}

// load reads all that a server holds.
func load(t testing.TB, addr string) *keyspace {
	t.Helper()
	c := dial(t, addr)
	defer c.Close()
	k := new(keyspace)
	for db := range k {
		k[db] = map[string]record{}
		c.want("+OK\r\n", "SELECT", strconv.Itoa(db))
		var keys []string
		// DBSIZE counts keys whose time has come until they are removed.
		eventually(t, fmt.Sprintf("in database %d DBSIZE counts the keys that KEYS lists", db), func() bool {
			keys = c.do("KEYS", "*").texts()
			return c.do("DBSIZE").int() == int64(len(keys))
		})
		inBatches(keys, func(key string) {
			c.send("GET", key)
			c.send("PEXPIRETIME", key)
		}, func(key string) {
			value, at := c.reply(), c.reply()
			if value.kind != '$' || value.isNull() || at.kind != ':' {
				t.Fatalf("database %d, key %q: %q, %q", db, clip(key), clip(value.raw), at.raw)
			}
			k[db][key] = record{value.text, at.int()}
		})
	}
	return k
}

// expect compares what a server holds with k, key by key.
func (k *keyspace) expect(t testing.TB, addr string) {
	t.Helper()
	got := load(t, addr)
	wrong := 0
	complain := func(format string, args ...any) {
		t.Helper()
		if wrong++; wrong <= 10 {
			t.Errorf(format, args...)
		}
	}
	for db, entries := range k {
		for key, want := range entries {
			switch have, ok := got[db][key]; {
			case !ok:
				complain("database %d: %q is lost", db, clip(key))
			case have != want:
				complain("database %d: %q is %q until %d, want %q until %d", db, clip(key), clip(have.value), have.expireAt, clip(want.value), want.expireAt)
			}
		}
		for key := range got[db] {
			if _, ok := entries[key]; !ok {
				complain("database %d: %q comes from nowhere", db, clip(key))
			}
		}
	}
	if wrong > 10 {
		t.Errorf("and %d more", wrong-10)
	}
}
