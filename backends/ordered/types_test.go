package ordered

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"switchyard/backends"
)

// TestTypesKeepTheirNumbers is about what is on disks.
func TestTypesKeepTheirNumbers(t *testing.T) {
	for number, kind := range []backends.Type{backends.None, 1: backends.StringType, 2: backends.ListType, 3: backends.SetType, 4: backends.ZSetType, 5: backends.HashType, 6: backends.StreamType} {
		if int(kind) != number {
			t.Errorf("%v is %d, in stores it is %d", kind, kind, number)
		}
	}
}

func TestLongKeys(t *testing.T) {
	s := newStore()
	e := open(t, s, nil)
	defer shut(t, e)
	long := strings.Repeat("k", 700_000)
	must(t, e, setter("1", long, long+"2"), long, long+"2")
	want(t, e, long, "1")
	must(t, e, func(tx backends.Tx) error {
		seen := map[string]bool{}
		tx.Scan(0, 10, func(key []byte, _ backends.Type) { seen[string(key)] = true })
		if len(seen) != 2 || !seen[long] || !seen[long+"2"] || len(tx.Random()) < len(long) {
			t.Errorf("a walk finds %d keys", len(seen))
		}
		tx.Move([]byte(long), 1, []byte("short"))
		tx.Delete([]byte(long + "2"))
		return nil
	})
	if err := e.Sweep(context.Background()); err != nil {
		t.Fatal(err)
	}
	wantNoGarbage(t, s)
	if n := s.count(tagVersion); n != 0 {
		t.Errorf("%d chunks are left", n)
	}
}

func TestCleanRemovesAllThatIsDueAndReportsIt(t *testing.T) {
	var now atomic.Int64
	now.Store(1000)
	s := newStore()
	e := open(t, s, func(o *Options) { o.Clock = now.Load })
	defer shut(t, e)
	var reported atomic.Int64
	e.OnRemove(func(int, []byte, backends.Reason) { reported.Add(1) })
	const n = 500
	long := strings.Repeat("k", maxName+1)
	must(t, e, func(tx backends.Tx) error {
		for i := range n {
			key := fmt.Append(nil, i)
			if i == 0 {
				key = []byte(long)
			}
			if err := setter("v", string(key))(tx.In(i % 2)); err != nil {
				return err
			}
			tx.In(i%2).SetExpiry(key, start+1+int64(i))
		}
		return setter("v", "stays")(tx)
	})
	if removed, err := e.Clean(context.Background()); removed != 0 || err != nil {
		t.Fatalf("%d removed too early (%v)", removed, err)
	}
	e.Pause()
	now.Store(start + n)
	if removed, err := e.Clean(context.Background()); removed != 0 || err != nil {
		t.Fatalf("%d removed while paused (%v)", removed, err)
	}
	e.Resume()
	if _, err := e.Clean(context.Background()); err != nil {
		t.Fatal(err)
	}
	st, err := e.Stats(context.Background())
	if err != nil || st.Keys() != 1 || st.Expires() != 0 || st.Expired != n || reported.Load() != n {
		t.Errorf("%+v, %d reported, %v", st, reported.Load(), err)
	}
	if left := s.count(tagDeadline); left != 0 {
		t.Errorf("%d deadlines are left", left)
	}
}

// TestTheCleanerFindsALostRemoval has the disk refuse to make a key permanent.
func TestTheCleanerFindsALostRemoval(t *testing.T) {
	var now atomic.Int64
	now.Store(1000)
	s := newStore()
	e := open(t, s, func(o *Options) { o.Clock = now.Load })
	defer shut(t, e)
	expire := func(at int64) func(tx backends.Tx) error {
		return func(tx backends.Tx) error { tx.SetExpiry([]byte("k"), at); return nil }
	}
	must(t, e, setter("v", "k"), "k")
	must(t, e, expire(start+1), "k")
	s.when(func([]Op) error { return errDisk })
	if err := try(e, expire(0), "k"); !errors.Is(err, errDisk) {
		t.Fatal(err)
	}
	s.when(nil)
	now.Store(start + 2)
	for e.queueLength() != 0 {
		if _, err := e.Clean(context.Background()); err != nil {
			t.Fatal(err)
		}
	}
}

func (e *Engine) queueLength() int64 {
	c, _ := e.queue.length(0)
	return c.keys
}

func TestOpenRefusesWhatItDoesNotKnow(t *testing.T) {
	for name, op := range map[string]Op{
		"foreign":     {"hello", []byte("world")},
		"newer":       {text([]byte{tagFormat}), []byte{formatVersion + 1}},
		"epoch":       {text([]byte{tagEpoch}), []byte{1}},
		"counts":      {numberKey(tagCounts, 1), []byte{1}},
		"database":    {numberKey(tagDatabase, 1), []byte{1}},
		"garbage":     {"g?", present},
		"log missing": {markerKey, []byte{0, 0, 0, 1}},
		"marker":      {markerKey, []byte{1}},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStore()
			if name != "foreign" {
				shut(t, open(t, s, nil))
			}
			if err := s.Apply([]Op{op}); err != nil {
				t.Fatal(err)
			}
			if e, err := Open(s, Options{Name: "test"}); err == nil {
				t.Error("it opens")
				shut(t, e)
			}
		})
	}
}

// FuzzRecord puts foreign bytes where the record of a key is: every operation either works or says which key
// is damaged.
func FuzzRecord(f *testing.F) {
	good := meta{kind: backends.StringType, deadline: start + 5, body: []byte("value")}
	chunked := meta{kind: backends.StringType, name: part{version: 7, size: 20}, outside: part{version: 8, size: 40}}
	f.Add(good.encode(), []byte("chunk"))
	f.Add(chunked.encode(), bytes.Repeat([]byte("c"), 16))
	f.Add([]byte{1, 4, 0, 0, 0, 0, 0, 0, 0, 8, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f}, []byte("x"))
	f.Fuzz(func(t *testing.T, record, chunk []byte) {
		if m, err := decodeMeta(record); err == nil {
			if again, err := decodeMeta(m.encode()); err != nil || again.kind != m.kind || again.deadline != m.deadline ||
				again.name != m.name || again.outside != m.outside || !bytes.Equal(again.body, m.body) {
				t.Fatalf("%+v becomes %+v, %v", m, again, err)
			}
		}
		s := newStore()
		shut(t, open(t, s, tiny))
		ops := []Op{{recordKey(0, hashOf([]byte("k")), []byte("k")), append([]byte{}, record...)}}
		if m, err := decodeMeta(record); err == nil && len(chunk) > 0 {
			for n := range 3 {
				ops = append(ops, Op{chunkKey(m.outside, n), chunk})
			}
		}
		if err := s.Apply(ops); err != nil {
			t.Fatal(err)
		}
		e := open(t, s, tiny)
		defer shut(t, e)
		for name, body := range map[string]func(tx backends.Tx) error{
			"read": func(tx backends.Tx) error {
				v, err := tx.String([]byte("k"))
				if err == nil {
					v.Bytes()
				}
				return err
			},
			"range": func(tx backends.Tx) error {
				v, err := tx.String([]byte("k"))
				if err == nil {
					v.SetRange(5, chunk)
				}
				return err
			},
			"copy": func(tx backends.Tx) error { tx.Copy([]byte("k"), 1, []byte("k")); return nil },
			"walk": func(tx backends.Tx) error {
				tx.Scan(0, 10, func([]byte, backends.Type) {})
				tx.Random()
				return nil
			},
		} {
			err := try(e, body, "k")
			if errors.Is(err, backends.ErrWrongType) {
				continue
			}
			if err != nil && (!errors.Is(err, errDamaged) || !strings.Contains(err.Error(), "k")) {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}

func FuzzLog(f *testing.F) {
	f.Add(appendOp(appendOp(nil, Op{"key", []byte("value")}), Op{Key: "gone"}))
	f.Add(binary.AppendUvarint(nil, 1<<63))
	f.Fuzz(func(t *testing.T, b []byte) {
		ops, err := parseOps(b)
		if err != nil {
			return
		}
		var again []byte
		for _, op := range ops {
			again = appendOp(again, op)
		}
		if parsed, err := parseOps(again); err != nil || len(parsed) != len(ops) {
			t.Errorf("%q becomes %q, %v", ops, parsed, err)
		}
	})
}
