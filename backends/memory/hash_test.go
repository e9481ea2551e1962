package memory

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync/atomic"
	"testing"

	"switchyard/backends"
)

// in runs body in a transaction that may touch everything.
func in(t testing.TB, e *Engine, now int64, body func(tx backends.Tx)) {
	t.Helper()
	a := &backends.Access{All: true, Write: true, Now: now}
	_, err := e.Do(context.Background(), a, backends.BodyFunc(func(tx backends.Tx) error {
		body(tx)
		return nil
	}))
	if err != nil {
		t.Fatal(err)
	}
}

// recount adds up what all keys take.
func (e *Engine) recount() (n int64) {
	for i := range e.shards {
		for db := range e.shards[i].tables {
			t := e.shards[i].tables[db].Load()
			if t == nil {
				continue
			}
			n += bucketBytes*int64(len(t.buckets)) + deadlineBytes*int64(cap(t.heap)) + t.fields.bytes()
			for _, en := range t.buckets {
				for ; en != nil; en = en.next {
					n += en.size()
				}
			}
		}
	}
	return n
}

func TestBytesAreCountedThroughAllChanges(t *testing.T) {
	seed := rand.Uint64()
	r := rand.New(rand.NewPCG(seed, 0))
	e := open(t, func(c *Config) { c.clock = func() int64 { return 0 } })
	defer e.Close()
	for step := range 20_000 {
		in(t, e, int64(step), func(tx backends.Tx) {
			key, other := fmt.Append(nil, "k", r.IntN(8)), fmt.Append(nil, "k", r.IntN(8))
			element := fmt.Append(nil, r.IntN(400))
			switch r.IntN(14) {
			case 0:
				tx.Copy(key, r.IntN(2), other)
			case 1:
				tx.Move(key, r.IntN(2), other)
			case 2:
				if r.IntN(10) == 0 {
					tx.Delete(key)
				}
			case 3, 4, 5, 6:
				if s, err := tx.Set(key); err == nil && r.IntN(4) > 0 {
					s.Add(element)
				} else if err == nil {
					s.Remove(element)
				}
			default:
				changeHash(r, tx, key, element, int64(step))
			}
		})
		if step%500 == 0 && e.recount() != e.used() {
			t.Fatalf("seed %d, step %d: %d bytes are counted, %d are used", seed, step, e.used(), e.recount())
		}
	}
}

func changeHash(r *rand.Rand, tx backends.Tx, key, field []byte, now int64) {
	h, err := tx.Hash(key)
	switch {
	case err != nil:
	case r.IntN(5) == 0:
		h.Delete(field)
	case r.IntN(3) == 0:
		h.SetFieldDeadline(field, now+int64(r.IntN(2000)))
	default:
		h.Put(field, []byte(strings.Repeat("v", r.IntN(70))))
	}
}

// makeExpiring makes hashes all fields of which but one expire at 2000.
func makeExpiring(t *testing.T, e *Engine, hashes, fields int) {
	t.Helper()
	in(t, e, 1000, func(tx backends.Tx) {
		for i := range hashes {
			h, err := tx.Hash(fmt.Append(nil, "hash:", i))
			if err != nil {
				t.Fatal(err)
			}
			for f := range fields {
				field := fmt.Append(nil, "field:", f)
				if h.Put(field, field); f > 0 {
					h.SetFieldDeadline(field, 2000)
				}
			}
		}
	})
}

func TestAHashLeavesItsListpackWhenAFieldIsSetAboveALoweredLimit(t *testing.T) {
	e := open(t, nil)
	defer e.Close()
	put := func(fields ...string) (encoding string) {
		in(t, e, 1, func(tx backends.Tx) {
			h, err := tx.Hash([]byte("h"))
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range fields {
				h.Put([]byte(f), []byte("v"))
			}
			encoding = tx.Encoding([]byte("h"))
		})
		return encoding
	}
	if got := put("a", "b"); got != "listpack" {
		t.Fatal(got)
	}
	e.compact.HashEntries.Store(1)
	if got := put("a"); got != "hashtable" {
		t.Errorf("two fields under a limit of one are a %s", got)
	}
}

func TestCleanerRemovesFieldsThatNobodyReads(t *testing.T) {
	var now atomic.Int64
	now.Store(1000)
	e := open(t, func(c *Config) { c.clock = now.Load })
	defer e.Close()
	makeExpiring(t, e, 100, 200)
	before := e.used()
	now.Store(2000)
	e.Pause()
	if _, err := e.Clean(context.Background()); err != nil || e.used() != before {
		t.Errorf("while paused %d bytes became %d (%v)", before, e.used(), err)
	}
	e.Resume()
	if _, err := e.Clean(context.Background()); err != nil {
		t.Fatal(err)
	}
	in(t, e, 1000, func(tx backends.Tx) {
		for i := range 100 {
			if h, err := tx.Hash(fmt.Append(nil, "hash:", i)); err != nil || h.Len() != 1 {
				t.Fatalf("hash %d has %d fields (%v)", i, h.Len(), err)
			}
		}
	})
	if e.used() > before/10 || e.recount() != e.used() {
		t.Errorf("of %d bytes %d are counted, %d are used", before, e.used(), e.recount())
	}
}

// A hash that follows another one to its place in a table is found by the cleaner as well.
func TestCleanerFollowsHashesThatMove(t *testing.T) {
	var now atomic.Int64
	now.Store(1000)
	e := open(t, func(c *Config) { c.clock = now.Load })
	defer e.Close()
	makeExpiring(t, e, 10, 2)
	in(t, e, 1000, func(tx backends.Tx) {
		for i := range 10 {
			key := fmt.Append(nil, "hash:", i)
			tx.Copy(key, 1, key)
			tx.Move(key, 0, fmt.Append(nil, "moved:", i))
			for _, db := range []int{0, 1} {
				h, err := tx.In(db).Hash(fmt.Append(nil, map[int]string{0: "moved:", 1: "hash:"}[db], i))
				if err != nil {
					t.Fatal(err)
				}
				h.Delete([]byte("field:0"))
			}
		}
	})
	now.Store(2000)
	if _, err := e.Clean(context.Background()); err != nil {
		t.Fatal(err)
	}
	if st, _ := e.Stats(context.Background()); st.Keys() != 0 {
		t.Errorf("%d keys are left", st.Keys())
	}
}

// Deadlines that are set again and again leave nothing behind.
func TestDeadlinesThatChangeTakeNoMoreRoom(t *testing.T) {
	e := open(t, func(c *Config) { c.clock = func() int64 { return 0 } })
	defer e.Close()
	in(t, e, 1000, func(tx backends.Tx) {
		f := []byte("f")
		for i := range 40_000 {
			h, err := tx.Hash([]byte("h"))
			if err != nil {
				t.Fatal(err)
			}
			h.Put(f, f)
			h.SetFieldDeadline(f, int64(1_000_000-i))
			if i%2 == 0 {
				h.SetFieldDeadline(f, int64(2_000_000+i))
			}
			if i%10 == 0 {
				tx.Delete([]byte("h"))
			}
		}
	})
	if used := e.used(); used > 20_000 {
		t.Errorf("one field takes %d bytes", used)
	}
}

func TestALargeCollectionIsDeletedAtOnce(t *testing.T) {
	e := open(t, nil)
	defer e.Close()
	in(t, e, 1, func(tx backends.Tx) {
		s, err := tx.Set([]byte("s"))
		if err != nil {
			t.Fatal(err)
		}
		for i := range 40_000 {
			s.Add(fmt.Append(nil, "member:", i))
		}
	})
	if n := testing.AllocsPerRun(1, func() { in(t, e, 1, func(tx backends.Tx) { tx.Delete([]byte("s")) }) }); n > 20 {
		t.Errorf("a deletion allocates %v times", n)
	}
	if used := e.used(); used > 100 {
		t.Errorf("%d bytes are left", used)
	}
}

// Redis 7.0 takes 298 bytes for the small hash, and 82 for each field of the large one.
func TestMemoryPerHash(t *testing.T) {
	e := open(t, nil)
	defer e.Close()
	const hashes, fields = 2000, 20_000
	for i := range hashes {
		fillHash(t, e, fmt.Append(nil, "hash:", i), 10)
	}
	small := e.used()
	if per := small / hashes; per > 330 {
		t.Errorf("a hash of 10 fields takes %d bytes", per)
	}
	fillHash(t, e, []byte("large"), fields)
	if per := (e.used() - small) / fields; per > 45 {
		t.Errorf("a field takes %d bytes", per)
	}
}
