package rdb

import (
	"bytes"
	"context"
	"slices"
	"sync"

	"switchyard/backends"
)

// fakeEngine is the least that fulfils the contract of an engine: maps and one mutex.
type fakeEngine struct {
	mu     sync.Mutex
	dbs    [2]map[string]fakeKey
	fail   error                   // what every transaction fails with
	commit func() *backends.Commit // nil: durable at once
	seen   []backends.Access       // of every transaction
}

type fakeKey struct {
	val     []byte // of a string
	at      int64
	members *fakeMembers // of a collection
	stream  *fakeStream
}

func newFake() *fakeEngine {
	return &fakeEngine{dbs: [2]map[string]fakeKey{{}, {}}}
}

func (e *fakeEngine) Name() string                        { return "fake" }
func (e *fakeEngine) Driver() string                      { return "fake" }
func (e *fakeEngine) Capabilities() backends.Capabilities { return backends.Capabilities{} }
func (e *fakeEngine) Ping(context.Context) error          { return nil }
func (e *fakeEngine) Close() error                        { return nil }
func (e *fakeEngine) Stats(context.Context) (backends.Stats, error) {
	return backends.Stats{Databases: make([]backends.DatabaseStats, len(e.dbs))}, nil
}

func (e *fakeEngine) Do(_ context.Context, a *backends.Access, body backends.Body) (*backends.Commit, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.fail != nil {
		return nil, e.fail
	}
	e.seen = append(e.seen, *a)
	if err := body.Run(fakeTx{nil, e, a, a.DB}); err != nil {
		return nil, err
	}
	if e.commit != nil {
		return e.commit(), nil
	}
	return nil, nil
}

// with runs body in a transaction on database 0, whatever it touches.
func (e *fakeEngine) with(now int64, body func(tx backends.Tx) error) error {
	_, err := e.Do(context.Background(), &backends.Access{Write: true, Now: now}, backends.BodyFunc(body))
	return err
}

type fakeTx struct {
	backends.Tx // nil: for what the codec does not use
	e           *fakeEngine
	a           *backends.Access
	db          int
}

func (x fakeTx) keys() map[string]fakeKey { return x.e.dbs[x.db] }

func (x fakeTx) get(key []byte) (fakeKey, bool) {
	k, ok := x.keys()[string(key)]
	return k, ok && (k.at == 0 || k.at > x.a.Now)
}

func (x fakeTx) In(db int) backends.Tx { return fakeTx{nil, x.e, x.a, db} }

func (x fakeTx) String(key []byte) (backends.String, error) { return fakeString{x, key}, nil }

func (x fakeTx) Type(key []byte) backends.Type {
	switch k, ok := x.get(key); {
	case !ok:
		return backends.None
	case k.members != nil:
		return k.members.kind
	case k.stream != nil:
		return backends.StreamType
	}
	return backends.StringType
}

func (x fakeTx) Use(key []byte) (backends.Use, bool) {
	_, ok := x.get(key)
	return backends.Use{}, ok
}

func (x fakeTx) Touch(key []byte) bool       { _, ok := x.get(key); return ok }
func (x fakeTx) SetUse([]byte, int64, int64) {}
func (x fakeTx) AnyLength(bool)              {}

func (x fakeTx) Expiry(key []byte) int64 {
	if k, ok := x.get(key); ok {
		return k.at
	}
	return 0
}

func (x fakeTx) SetExpiry(key []byte, at int64) {
	if k, ok := x.get(key); ok {
		k.at = at
		x.keys()[string(key)] = k
	}
}

func (x fakeTx) Delete(key []byte) bool {
	_, ok := x.get(key)
	delete(x.keys(), string(key))
	return ok
}

func (x fakeTx) Copy(from []byte, db int, to []byte) {
	if k, ok := x.get(from); ok {
		if k.members != nil {
			k.members = k.members.clone()
		}
		if k.stream != nil {
			k.stream = k.stream.clone()
		}
		x.e.dbs[db][string(to)] = k
	}
}

func (x fakeTx) Move(from []byte, db int, to []byte) {
	x.Copy(from, db, to)
	x.Delete(from)
}

func (x fakeTx) Len() int64     { return int64(len(x.keys())) }
func (x fakeTx) Random() []byte { return nil }
func (x fakeTx) Flush()         { clear(x.keys()) }
func (x fakeTx) Swap(db int)    { x.e.dbs[x.db], x.e.dbs[db] = x.e.dbs[db], x.e.dbs[x.db] }

// Scan goes through the keys in their order; the cursor is a position, which is enough where keys
// only appear at the end.
func (x fakeTx) Scan(cursor uint64, count int, fn func([]byte, backends.Type)) uint64 {
	names := make([]string, 0, len(x.keys()))
	for name := range x.keys() {
		names = append(names, name)
	}
	slices.Sort(names)
	for i := int(cursor); i < len(names); i++ {
		if i == int(cursor)+count {
			return uint64(i)
		}
		fn([]byte(names[i]), backends.StringType)
	}
	return 0
}

type fakeString struct {
	x   fakeTx
	key []byte
}

func (s fakeString) Exists() bool { _, ok := s.x.get(s.key); return ok }
func (s fakeString) Bytes() []byte {
	k, _ := s.x.get(s.key)
	return k.val
}
func (s fakeString) Len() int { return len(s.Bytes()) }
func (s fakeString) Set(v []byte) {
	k, _ := s.x.get(s.key)
	k.val = append([]byte{}, v...)
	s.x.keys()[string(s.key)] = k
}
func (s fakeString) SetAs(v []byte, _ backends.StringForm) { s.Set(v) }
func (s fakeString) SetRange(offset int, data []byte) {
	v := append([]byte{}, s.Bytes()...)
	if gap := offset + len(data) - len(v); gap > 0 {
		v = append(v, bytes.Repeat([]byte{0}, gap)...)
	}
	copy(v[offset:], data)
	s.Set(v)
}
