package redis

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"switchyard/backends"
	"switchyard/integration/redistest"
)

func TestMoveBetweenServers(t *testing.T) {
	from, to := redistest.Start(t), redistest.Start(t)
	a, b := open(t, from, nil), open(t, to, nil)
	defer a.Close()
	defer b.Close()
	const n = 3000
	in := time.Now().Add(time.Hour).UnixMilli()
	var pending []backends.Pending
	for i := range n {
		pending = append(pending, forward(a, request(2, 2, fmt.Sprintf("SET k:%d %d PXAT %d", i, i, in+int64(i)))))
	}
	pending = append(pending, forward(a, request(2, 2, "SET", []byte("\x00\r\n\xff"), bytes.Repeat([]byte("x"), 9<<20))))
	for _, p := range pending {
		must(t, p)
	}
	seen := map[string]bool{}
	var keys [][]byte
	err := a.EachKey(t.Context(), 2, func(key []byte) error {
		if !seen[string(key)] {
			keys = append(keys, key)
		}
		seen[string(key)] = true
		return nil
	})
	if err != nil || len(keys) != n+1 {
		t.Fatalf("%d keys, %v", len(keys), err)
	}
	vals, err := a.Dump(t.Context(), 2, keys)
	if err == nil {
		err = b.Restore(t.Context(), 2, vals)
	}
	if err != nil {
		t.Fatal(err)
	}
	for i := range n {
		line := fmt.Sprintf("k:%d", i)
		if got, want := must(t, forward(b, request(2, 2, "GET "+line))), fmt.Sprintf("$%d\r\n%d\r\n", len(fmt.Sprint(i)), i); got != want {
			t.Fatalf("%s: %q", line, got)
		}
		if got := must(t, forward(b, request(2, 2, "PEXPIRETIME "+line))); got != fmt.Sprintf(":%d\r\n", in+int64(i)) {
			t.Fatalf("%s expires at %q", line, got)
		}
	}
	if got := must(t, forward(b, request(2, 2, "STRLEN", []byte("\x00\r\n\xff")))); got != ":9437184\r\n" {
		t.Errorf("%q", got)
	}
}

func TestAnErrorOfEachKeyEndsTheWalk(t *testing.T) {
	s := redistest.Start(t)
	b := open(t, s, nil)
	defer b.Close()
	must(t, forward(b, request(0, 2, "MSET a 1 b 2")))
	enough := errors.New("enough")
	calls := 0
	if err := b.EachKey(t.Context(), 0, func([]byte) error { calls++; return enough }); err != enough || calls != 1 {
		t.Errorf("%v after %d", err, calls)
	}
}

func TestDumpWithoutPEXPIRETIME(t *testing.T) {
	s := redistest.Start(t, "--rename-command", "PEXPIRETIME", "")
	b := open(t, s, nil)
	defer b.Close()
	in := time.Now().Add(time.Minute).UnixMilli()
	must(t, forward(b, request(0, 2, "SET forever v")))
	must(t, forward(b, request(0, 2, fmt.Sprintf("SET passing v PXAT %d", in))))
	for range 2 {
		vals, err := b.Dump(t.Context(), 0, [][]byte{[]byte("none"), []byte("forever"), []byte("passing")})
		if err != nil {
			t.Fatal(err)
		}
		if vals[0].Payload != nil || vals[1].Payload == nil || vals[1].ExpireAt != 0 || vals[2].Payload == nil {
			t.Errorf("%+v", vals)
		}
		if off := vals[2].ExpireAt - in; off < -100 || off > 100 {
			t.Errorf("the deadline is %d ms off", off)
		}
	}
}

// A key with a payload and yet no expiry, because it expired between the two questions, would live
// for ever at its new place.
func TestExpiringKeysNeverLoseTheirExpiry(t *testing.T) {
	s := redistest.Start(t)
	b := open(t, s, nil)
	defer b.Close()
	var keys [][]byte
	for i := range moveKeys {
		keys = append(keys, fmt.Appendf(nil, "k:%d", i))
	}
	for range 30 {
		for i, key := range keys {
			forward(b, request(0, 2, fmt.Sprintf("SET %s v PX %d", key, 1+i%4)))
		}
		vals, err := b.Dump(t.Context(), 0, keys)
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range vals {
			if v.Payload != nil && v.ExpireAt == 0 {
				t.Fatalf("%s lost its expiry", v.Key)
			}
		}
	}
}

func TestRestoreNamesTheKeyThatIsRefused(t *testing.T) {
	s := redistest.Start(t)
	b := open(t, s, nil)
	defer b.Close()
	must(t, forward(b, request(0, 2, "SET good v")))
	vals, err := b.Dump(t.Context(), 0, [][]byte{[]byte("good")})
	if err != nil {
		t.Fatal(err)
	}
	newer := bytes.Clone(vals[0].Payload)
	newer[len(newer)-10] = 99 // the version of the format
	err = b.Restore(t.Context(), 0, []backends.Value{vals[0], {Key: []byte("bad"), Payload: newer}, vals[0]})
	if err == nil || !strings.Contains(err.Error(), `"bad"`) || !strings.Contains(err.Error(), "version or checksum") || !strings.Contains(err.Error(), s.Addr) {
		t.Errorf("%v", err)
	}
	s.Stop()
	if err := b.Restore(t.Context(), 0, vals); err == nil {
		t.Error("a stopped server took a value")
	}
	if _, err := b.Dump(t.Context(), 0, [][]byte{[]byte("good")}); err == nil {
		t.Error("a stopped server gave a value")
	}
}

func TestMovingObeysItsContext(t *testing.T) {
	s := redistest.Start(t)
	r := newRelay(t, s.Addr)
	b := open(t, s, func(c *Config) { c.URL = "redis://" + r.addr })
	defer b.Close()
	r.mute.Store(true)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	start := time.Now()
	if _, err := b.Dump(ctx, 0, [][]byte{[]byte("k")}); err == nil || time.Since(start) > 2*time.Second {
		t.Errorf("%v after %v", err, time.Since(start))
	}
}
