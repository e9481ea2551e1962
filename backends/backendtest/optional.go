package backendtest

import (
	"context"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"switchyard/backends"
)

// testRemoval is about what a backend removes by itself, as far as it offers to be told and asked.
// Deadlines are by the real clock here, since the backend's own cleaner goes by it.
func testRemoval(t *testing.T, e backends.Engine) {
	p, pauses := backends.As[backends.Pauser](e)
	c, cleans := backends.As[backends.Cleaner](e)
	if !pauses || !cleans {
		return
	}
	var reported atomic.Int64
	n, notifies := backends.As[backends.Notifier](e)
	if notifies {
		n.OnRemove(func(db int, key []byte, why backends.Reason) {
			if db == 0 && string(key) == "k" && why == backends.Expired {
				reported.Add(1)
			}
		})
	}
	p.Pause()
	now := time.Now().UnixMilli()
	past := write("k")
	past.Now = now - 1000
	do(t, e, past, func(tx backends.Tx) error {
		v, err := tx.String([]byte("k"))
		if err == nil {
			v.Set([]byte("v"))
			tx.SetExpiry([]byte("k"), now-1)
		}
		return err
	})
	if length(t, e) != 1 || get(t, e, 0, "k", now) != "-" {
		t.Error("while paused an expired key must be absent, and must not be removed")
	}
	p.Resume()
	// Either this or the backend's own cleaner removes it.
	if _, err := c.Clean(context.Background()); err != nil {
		t.Fatal(err)
	}
	if got := length(t, e); got != 0 {
		t.Errorf("%d keys are left after the cleanup", got)
	}
	if notifies && reported.Load() != 1 {
		t.Errorf("the removal was reported %d times", reported.Load())
	}
}

func length(t testing.TB, e backends.Engine) (n int64) {
	t.Helper()
	do(t, e, backends.Access{}, func(tx backends.Tx) error { n = tx.Len(); return nil })
	return n
}

// testStats counts reads that found their key and reads that did not.
func testStats(t *testing.T, e backends.Engine) {
	set(t, e, "there", "v")
	get(t, e, 0, "there", start)
	get(t, e, 0, "absent", start)
	do(t, e, backends.Access{Keys: keys("there", "absent"), NoTouch: true, Silent: true}, func(tx backends.Tx) error {
		for _, key := range keys("there", "absent") {
			if _, err := tx.String(key); err != nil {
				return err
			}
		}
		return nil
	})
	st, err := e.Stats(context.Background())
	if err != nil || st.Hits != 1 || st.Misses != 1 || st.Keys() != 1 || st.Expires() != 0 {
		t.Errorf("%+v, %v", st, err)
	}
}

// testLibraries is about a backend that keeps libraries of functions: beside the keys, and as they were given.
func testLibraries(t *testing.T, e backends.Engine) {
	l, keeps := backends.As[backends.Librarian](e)
	if !keeps {
		return
	}
	ctx := t.Context()
	want := func(payload string) {
		t.Helper()
		if got, err := l.Libraries(ctx); err != nil || string(got) != payload {
			t.Errorf("%d bytes, %v; want %d", len(got), err, len(payload))
		}
	}
	want("")
	for _, payload := range []string{"first", strings.Repeat("\x00large", 1<<17), ""} {
		if err := l.SetLibraries(ctx, []byte(payload)); err != nil {
			t.Fatal(err)
		}
		want(payload)
	}
	if err := l.SetLibraries(ctx, []byte("last")); err != nil {
		t.Fatal(err)
	}
	do(t, e, backends.Access{All: true, Write: true}, func(tx backends.Tx) error {
		tx.Flush()
		tx.In(1).Flush()
		return nil
	})
	want("last")
	if n := length(t, e); n != 0 {
		t.Errorf("they count as %d keys", n)
	}
}
