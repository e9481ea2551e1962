package ordered

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"strings"
	"testing"

	"switchyard/backends"
)

// place is a key in a database.
type place struct {
	db  int
	key string
}

type modelValue struct {
	text string
	at   int64
}

type model map[place]modelValue

const modelDatabases = 3

// step does one random operation to both.
func (m model) step(r *rand.Rand, tx backends.Tx) error {
	at := func() place {
		key := fmt.Sprint("k", r.IntN(6))
		if r.IntN(8) == 0 {
			key = strings.Repeat(key, maxName)
		}
		return place{r.IntN(modelDatabases), key}
	}
	a, b := at(), at()
	in, key, old := tx.In(a.db), []byte(a.key), m[a]
	_, there := m[a]
	text := strings.Repeat(fmt.Sprint(r.IntN(100)), r.IntN(60))
	switch r.IntN(12) {
	case 0, 1, 2:
		v, err := in.String(key)
		if err != nil {
			return err
		}
		v.Set([]byte(text))
		m[a] = modelValue{text, old.at}
	case 3, 4:
		v, err := in.String(key)
		if err != nil {
			return err
		}
		offset := r.IntN(len(old.text) + 20)
		v.SetRange(offset, []byte(text))
		whole := make([]byte, max(len(old.text), offset+len(text)))
		copy(whole, old.text)
		copy(whole[offset:], text)
		m[a] = modelValue{string(whole), old.at}
		if got := v.Bytes(); !bytes.Equal(got, whole) || v.Len() != len(whole) {
			return fmt.Errorf("range %d of %d makes %q, want %q", offset, len(old.text), got, whole)
		}
	case 5:
		if in.Delete(key) != there {
			return fmt.Errorf("delete of %.20v: there is %v", a, there)
		}
		delete(m, a)
	case 6, 7:
		if in.SetExpiry(key, start+int64(r.IntN(5))); there {
			m[a] = modelValue{old.text, in.Expiry(key)}
			if in.Type(key) == backends.None {
				delete(m, a)
			}
		}
	case 8, 9:
		if in.Copy(key, b.db, []byte(b.key)); there {
			m[b] = old
		}
	case 10:
		if in.Move(key, b.db, []byte(b.key)); there && a != b {
			m[b] = old
			delete(m, a)
		}
	case 11:
		if r.IntN(4) > 0 {
			return nil
		}
		if r.IntN(2) == 0 {
			in.Flush()
			maps.DeleteFunc(m, func(p place, _ modelValue) bool { return p.db == a.db })
			return nil
		}
		in.Swap(b.db)
		swapped := model{}
		for p, v := range m {
			switch p.db {
			case a.db:
				p.db = b.db
			case b.db:
				p.db = a.db
			}
			swapped[p] = v
		}
		clear(m)
		maps.Copy(m, swapped)
	}
	return nil
}

// contents reads everything.
func contents(t *testing.T, e *Engine) model {
	t.Helper()
	m := model{}
	must(t, e, func(tx backends.Tx) error {
		for db := range modelDatabases {
			in := tx.In(db)
			var keys [][]byte
			in.Scan(0, 1<<30, func(key []byte, _ backends.Type) { keys = append(keys, bytes.Clone(key)) })
			for _, key := range keys {
				v, err := in.String(key)
				if err != nil {
					return err
				}
				m[place{db, string(key)}] = modelValue{string(v.Bytes()), in.Expiry(key)}
			}
		}
		return nil
	})
	return m
}

// TestOperationsAndCrashesAgreeWithAModel cuts the power at random: what was acknowledged is there
// afterwards, and what was not is there as a whole or not at all.
func TestOperationsAndCrashesAgreeWithAModel(t *testing.T) {
	seed := rand.Uint64()
	r := rand.New(rand.NewPCG(seed, 0))
	s, m := newStore(), model{}
	s.syncs = r.IntN(2) == 0
	for crash := range 60 {
		e := open(t, s, tiny)
		got := contents(t, e)
		if !maps.Equal(got, m) {
			t.Fatalf("seed %d, crash %d: the engine has %d keys, the model %d:\n%.2000v\n%.2000v", seed, crash, len(got), len(m), got, m)
		}
		wantCounts(t, e)
		applies := r.IntN(60)
		s.when(func([]Op) error {
			if applies--; applies < 0 {
				return errDisk
			}
			return nil
		})
		for {
			next := maps.Clone(m)
			err := try(e, func(tx backends.Tx) error {
				for range 1 + r.IntN(5) {
					if err := next.step(r, tx); err != nil {
						return err
					}
				}
				return nil
			})
			if errors.Is(err, errDisk) || errors.Is(err, errOvertook) { // the sweeper's write failed
				break
			}
			if err != nil {
				t.Fatalf("seed %d, crash %d: %v", seed, crash, err)
			}
			m = next
		}
		after := s.crashed()
		shut(t, e)
		s = after
	}
	e := open(t, s, tiny)
	if err := e.Sweep(context.Background()); err != nil {
		t.Fatal(err)
	}
	shut(t, e)
	wantNoGarbage(t, s)
}

// wantNoGarbage looks for versions that no record names, and for deadlines without a key.
func wantNoGarbage(t *testing.T, s *store) {
	t.Helper()
	if n := s.count(tagGarbage); n != 0 {
		t.Errorf("%d garbage records are left", n)
	}
	named, deadlines := map[uint64]bool{}, map[string]bool{}
	s.data.Scan(func(key string, value []byte) bool {
		if key[0] != tagKey {
			return true
		}
		m, err := decodeMeta(value)
		if err != nil {
			t.Error(err)
		}
		named[m.name.version], named[m.outside.version] = true, true
		if m.deadline != 0 {
			deadlines[deadlineKey(tagDeadline, m.deadline, key)] = true
		}
		return true
	})
	s.data.Scan(func(key string, _ []byte) bool {
		switch key[0] {
		case tagVersion:
			if v, err := parseNumber(key, []byte(key[1:9]), 8); err != nil || !named[v] {
				t.Errorf("version %x is nobody's (%v)", v, err)
			}
		case tagDeadline:
			if !deadlines[key] {
				t.Errorf("deadline %q is nobody's", key)
			}
			delete(deadlines, key)
		}
		return true
	})
	if len(deadlines) != 0 {
		t.Errorf("%d deadlines are not in the index", len(deadlines))
	}
}

func TestASweepSurvivesCrashes(t *testing.T) {
	s := newStore()
	e := open(t, s, tiny)
	const n = 2000
	must(t, e, func(tx backends.Tx) error {
		for i := range n {
			key := fmt.Sprint("k", i)
			if err := setter(strings.Repeat(key, 10), key)(tx); err != nil {
				return err
			}
			tx.SetExpiry([]byte(key), start+1)
		}
		return nil
	})
	must(t, e, setter(strings.Repeat("x", 100_000), "long"), "long")
	stays := strings.Repeat("y", 1000)
	must(t, e, func(tx backends.Tx) error {
		tx.In(1).Swap(0)
		return setter(stays, "stays")(tx)
	})
	must(t, e, func(tx backends.Tx) error {
		tx.In(1).Delete([]byte("long"))
		tx.In(1).Flush()
		return nil
	})
	for cut := range 6 {
		after := s.crashed()
		shut(t, e)
		s = after
		ctx, cancel := context.WithCancel(context.Background())
		applied := 0
		s.when(func([]Op) error {
			if applied++; applied > 1+cut { // the first is Open's
				cancel()
				return errDisk
			}
			return nil
		})
		e = open(t, s, tiny)
		if err := e.Sweep(ctx); !errors.Is(err, context.Canceled) {
			t.Fatalf("a sweep that was cut off: %v", err)
		}
		s.when(nil)
		for try(e, setter(stays, "stays"), "stays") != nil {
			continue // queued behind the sweeper's
		}
		wantCounts(t, e)
	}
	if err := e.Sweep(context.Background()); err != nil {
		t.Fatal(err)
	}
	shut(t, e)
	wantNoGarbage(t, s)
	if keys, all := s.count(tagKey), s.count(tagCounts); keys != 1 || all != 1 {
		t.Errorf("%d keys and %d counts are left", keys, all)
	}
}
