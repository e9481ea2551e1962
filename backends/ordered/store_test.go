package ordered

import (
	"bytes"
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/tidwall/btree"

	"switchyard/backends"
)

// store is a KV in memory. It survives the engines that are opened on it.
type store struct {
	limits Limits

	mu      sync.Mutex
	data    btree.Map[string, []byte]
	applied int
	written int                  // ops of all Applies
	gets    atomic.Int64         // of all snapshots
	visited atomic.Int64         // records by scans
	fail    func(ops []Op) error // asked before each Apply
	partly  bool                 // a refused Apply has happened half

	syncs    bool // it is a Syncer
	durable  btree.Map[string, []byte]
	syncing  func() error // asked before each Sync
	synced   int
	unusable error // of a Sync that has failed
}

var errDisk = errors.New("the disk is broken")

// newSyncedStore makes a Syncer.
func newSyncedStore() *store {
	s := newStore()
	s.syncs = true
	return s
}

func newStore() *store { return &store{limits: Limits{Ops: 10_000, Bytes: 4 << 20}} }

func (s *store) Snapshot() (Reader, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return &storeReader{s, s.data.Copy()}, nil
}

func (s *store) Apply(ops []Op) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.unusable != nil {
		return s.unusable
	}
	if s.fail != nil {
		if err := s.fail(ops); err != nil {
			if s.partly {
				s.apply(ops[:(len(ops)+1)/2])
			}
			return err
		}
	}
	size := 0
	for _, op := range ops {
		size += op.size()
	}
	if len(ops) > s.limits.Ops || len(ops) > 1 && size > s.limits.Bytes {
		return errors.New("more than an Apply takes")
	}
	s.apply(ops)
	s.applied++
	s.written += len(ops)
	return nil
}

func (s *store) Syncs() bool { return s.syncs }

func (s *store) Sync() error {
	s.mu.Lock()
	ask, now := s.syncing, s.data.Copy()
	s.mu.Unlock()
	var err error
	if ask != nil {
		err = ask()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.synced++; err == nil {
		s.durable = *now
	}
	s.unusable = err
	return err
}

func (s *store) apply(ops []Op) {
	for _, op := range ops {
		if op.Value == nil {
			s.data.Delete(op.Key)
		} else {
			s.data.Set(op.Key, op.Value)
		}
	}
}

// when sets or removes what makes Apply fail.
func (s *store) when(fail func(ops []Op) error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fail = fail
}

// count is the number of records whose key begins with tag.
func (s *store) count(tag byte) (n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.data.Scan(func(key string, _ []byte) bool {
		if key[0] == tag {
			n++
		}
		return true
	})
	return n
}

func (s *store) Limits() Limits       { return s.limits }
func (s *store) Size() (int64, error) { return 0, nil }
func (s *store) Close() error         { return nil }

type storeReader struct {
	s    *store
	data *btree.Map[string, []byte]
}

func (r *storeReader) Get(key string) ([]byte, bool, error) {
	r.s.gets.Add(1)
	v, ok := r.data.Get(key)
	return v, ok, nil
}

func (r *storeReader) Scan(from, to string, fn func(key, value []byte) bool) error {
	r.data.Ascend(from, func(key string, value []byte) bool {
		if key >= to {
			return false
		}
		r.s.visited.Add(1)
		return fn([]byte(key), value)
	})
	return nil
}

func (r *storeReader) Close() { r.data = nil } // so that use after Close is noticed

// crashed is a store with what is durable now.
func (s *store) crashed() *store {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.syncs {
		return &store{limits: s.limits, data: *s.durable.Copy(), durable: *s.durable.Copy(), syncs: true}
	}
	return &store{limits: s.limits, data: *s.data.Copy()}
}

// open opens an engine on four databases.
func open(t testing.TB, kv KV, change func(*Options)) *Engine {
	t.Helper()
	o := Options{Name: "test", Driver: "ordered", Databases: 4, Cache: 1 << 20}
	if change != nil {
		change(&o)
	}
	e, err := Open(kv, o)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// tiny makes values leave their record early, and trees high.
func tiny(o *Options) {
	o.sizes = sizes{inline: 20, chunk: 16, packed: 300, element: 30, leafItems: 6, leafBytes: 150, nodeKids: 4, nodeBytes: 150}
}

func shut(t testing.TB, e *Engine) {
	t.Helper()
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
}

const start = int64(4_000_000_000_000) // far from what the cleaner finds due

// try runs body on some keys and waits until it is durable.
func try(e *Engine, body func(tx backends.Tx) error, keys ...string) error {
	c, err := begin(e, body, keys...)
	if err == nil {
		err = c.Wait(context.Background())
	}
	return err
}

// begin is try without the wait. Without keys it has everything.
func begin(e *Engine, body func(tx backends.Tx) error, keys ...string) (*backends.Commit, error) {
	a := &backends.Access{Write: true, Now: start, All: len(keys) == 0}
	for _, key := range keys {
		a.Keys = append(a.Keys, []byte(key))
	}
	return e.Do(context.Background(), a, backends.BodyFunc(body))
}

func must(t testing.TB, e *Engine, body func(tx backends.Tx) error, keys ...string) {
	t.Helper()
	if err := try(e, body, keys...); err != nil {
		t.Fatal(err)
	}
}

// setter is a body that sets keys.
func setter(value string, keys ...string) func(tx backends.Tx) error {
	return func(tx backends.Tx) error {
		for _, key := range keys {
			v, err := tx.String([]byte(key))
			if err != nil {
				return err
			}
			v.Set([]byte(value))
		}
		return nil
	}
}

func deleter(key string) func(tx backends.Tx) error {
	return func(tx backends.Tx) error { tx.Delete([]byte(key)); return nil }
}

// read returns the value of a key, "-" when it is absent, and what it depends on.
func read(t testing.TB, e *Engine, key string) (value string, c *backends.Commit) {
	t.Helper()
	a := &backends.Access{Keys: [][]byte{[]byte(key)}, Now: start}
	c, err := e.Do(context.Background(), a, backends.BodyFunc(func(tx backends.Tx) error {
		v, err := tx.String([]byte(key))
		if err != nil {
			return err
		}
		if value = "-"; v.Exists() {
			value = string(v.Bytes())
		}
		return nil
	}))
	if err != nil {
		t.Fatal(err)
	}
	return value, c
}

func want(t testing.TB, e *Engine, key, value string) {
	t.Helper()
	if got, _ := read(t, e, key); got != value {
		t.Errorf("%.40q is %.40q, want %.40q", key, got, value)
	}
}

// wantCounts compares the counts of all databases with their keys.
func wantCounts(t testing.TB, e *Engine) {
	t.Helper()
	must(t, e, func(tx backends.Tx) error {
		for db := range e.o.Databases {
			var keys, expires int64
			in := tx.In(db)
			var names [][]byte
			in.Scan(0, 1<<30, func(key []byte, _ backends.Type) { names = append(names, bytes.Clone(key)) })
			for _, name := range names {
				if keys++; in.Expiry(name) != 0 {
					expires++
				}
			}
			st, err := e.Stats(context.Background())
			if got := st.Databases[db]; err != nil || got.Keys != keys || got.Expires != expires || in.Len() != keys {
				t.Errorf("database %d counts %+v, has %d and %d", db, got, keys, expires)
			}
		}
		return nil
	})
}
