package switching

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"

	"switchyard/backends"
)

const databases = 2

// store is a backend of maps that moves its keys by itself.
type store struct {
	name string

	mu      sync.Mutex
	dbs     [databases]map[string]backends.Value
	notify  func(db int, key []byte, why backends.Reason)
	paused  bool
	fail    string                                 // the method that fails
	before  func(step string, ctx context.Context) // called at the begin of each method, without the lock
	flushes int
}

var errInjected = errors.New("injected")

func newStore(name string) *store {
	s := &store{name: name}
	for db := range s.dbs {
		s.dbs[db] = map[string]backends.Value{}
	}
	return s
}

func (s *store) step(ctx context.Context, name string) error {
	s.mu.Lock()
	fail, before := s.fail, s.before
	s.mu.Unlock()
	if before != nil {
		before(name, ctx)
	}
	if fail == name {
		return errInjected
	}
	return ctx.Err()
}

func (s *store) Name() string                                  { return s.name }
func (s *store) Driver() string                                { return "fake" }
func (s *store) Capabilities() backends.Capabilities           { return backends.Capabilities{} }
func (s *store) Ping(ctx context.Context) error                { return s.step(ctx, "ping") }
func (s *store) Stats(context.Context) (backends.Stats, error) { return backends.Stats{}, nil }
func (s *store) Close() error                                  { return nil }

func (s *store) Pause() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.paused = true
}

func (s *store) Resume() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.paused = false
}

func (s *store) OnRemove(fn func(int, []byte, backends.Reason)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.notify = fn
}

func (s *store) EachKey(ctx context.Context, db int, fn func([]byte) error) error {
	if err := s.step(ctx, "each"); err != nil {
		return err
	}
	s.mu.Lock()
	names := slices.Collect(maps.Keys(s.dbs[db]))
	s.mu.Unlock()
	for i, name := range names {
		if i%7 == 0 && i > 0 { // at least once means: maybe twice
			if err := fn([]byte(names[i-1])); err != nil {
				return err
			}
		}
		if err := fn([]byte(name)); err != nil {
			return err
		}
	}
	return nil
}

func (s *store) Dump(ctx context.Context, db int, keys [][]byte) ([]backends.Value, error) {
	if err := s.step(ctx, "dump"); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	var vals []backends.Value
	for _, key := range keys {
		v := s.dbs[db][string(key)]
		v.Key = key
		vals = append(vals, v)
	}
	return vals, nil
}

func (s *store) Restore(ctx context.Context, db int, vals []backends.Value) error {
	if err := s.step(ctx, "restore"); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, v := range vals {
		if v.Payload == nil {
			delete(s.dbs[db], string(v.Key))
			continue
		}
		s.dbs[db][string(v.Key)] = backends.Value{Payload: bytes.Clone(v.Payload), ExpireAt: v.ExpireAt}
	}
	return nil
}

func (s *store) Flush(ctx context.Context) error {
	if err := s.step(ctx, "flush"); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.flushes++
	for db := range s.dbs {
		clear(s.dbs[db])
	}
	return nil
}

// set and the like are what clients do; value "" deletes.
func (s *store) set(db int, key, value string, at int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if value == "" {
		delete(s.dbs[db], key)
		return
	}
	s.dbs[db][key] = backends.Value{Payload: []byte(value), ExpireAt: at}
}

func (s *store) flushDB(db int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	clear(s.dbs[db])
}

// removeItself is an eviction.
func (s *store) removeItself(db int, key string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.dbs[db], key)
	if s.notify != nil {
		s.notify(db, []byte(key), backends.Evicted)
	}
}

// content is everything as text, for comparisons.
func (s *store) content() map[string]string {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := map[string]string{}
	for db, keys := range s.dbs {
		for key, v := range keys {
			all[fmt.Sprint(db, " ", key)] = fmt.Sprintf("%s @%d", v.Payload, v.ExpireAt)
		}
	}
	return all
}

// house is what surrounds a switch: a gate, a pointer to the active backend, a tracker.
type house struct {
	gate    sync.RWMutex
	active  *store
	source  *store // that of the switch under way
	tmu     sync.Mutex
	tracker *Tracker
	opened  int
	closed  int
}

func (h *house) Close(ctx context.Context) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	h.gate.Lock()
	h.closed++
	return nil
}

func (h *house) Open() {
	h.opened++
	h.gate.Unlock()
}

func (h *house) install(t *Tracker) {
	h.tmu.Lock()
	defer h.tmu.Unlock()
	if h.tracker = t; t == nil {
		h.source.OnRemove(nil)
		return
	}
	h.source = h.active
	h.source.OnRemove(func(db int, key []byte, _ backends.Reason) { t.Mark(db, [][]byte{key}) })
}

// do is dispatch: it runs a write in the documented order.
func (h *house) do(write func(s *store), mark func(t *Tracker)) {
	h.gate.RLock()
	defer h.gate.RUnlock()
	write(h.active)
	h.tmu.Lock()
	t := h.tracker
	h.tmu.Unlock()
	if t != nil && mark != nil {
		mark(t)
	}
}

func (h *house) set(db int, key, value string) {
	h.do(func(s *store) { s.set(db, key, value, 0) }, func(t *Tracker) { t.Mark(db, [][]byte{[]byte(key)}) })
}

// plan is a switch from the active store to another.
func (h *house) plan(to *store, mode Mode) *Plan {
	return &Plan{
		From: h.active, To: to, Databases: databases, Mode: mode, Gate: h, Track: h.install,
		Flip: func() error { h.active = to; return nil },
	}
}
