package ordered

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"switchyard/backends"
)

// Options is what a driver decides about an engine.
type Options struct {
	Name      string // the instance
	Driver    string
	Databases int
	Log       *slog.Logger
	// Full returns why a transaction that may need more space is refused; nil: it is not.
	Full func() error
	// Clock is for what happens outside of transactions, in Unix milliseconds; nil: the system's clock.
	Clock func() int64
	// Cache is how many bytes the records that were used lately may take in memory; 0: none is kept.
	Cache int64

	// Compact are the limits up to which a value is one record; nil: as Redis starts with.
	Compact *backends.Compact

	sizes
}

// sizes are how large records become. Only chunk is a part of the format: the others can be changed at any
// time, and tests make all of them small.
type sizes struct {
	inline int // bytes of a string that stay in its meta record, of a value in that of its field
	chunk  int // bytes of a chunk of a longer one
	packed int // bytes of a value that is one record, whatever Compact says

	element   int // bytes of an element that stay in its leaf
	leafItems int
	leafBytes int
	nodeKids  int // of an inner node
	nodeBytes int
}

// Engine is a backend on an ordered key-value store. A driver embeds it and so offers what it does.
type Engine struct {
	o       Options
	kv      KV
	stripes stripes
	queue   queue
	cache   *recordCache
	writer  committer
	sweeper sweeper
	cleaner cleaner
	pool    sync.Pool // of *transaction

	ids      atomic.Uint64 // the version given out last
	paused   atomic.Bool
	onRemove atomic.Pointer[func(db int, key []byte, why backends.Reason)]

	hits, misses, expired atomic.Int64
}

var (
	_ backends.Engine    = (*Engine)(nil)
	_ backends.Cleaner   = (*Engine)(nil)
	_ backends.Pauser    = (*Engine)(nil)
	_ backends.Notifier  = (*Engine)(nil)
	_ backends.Librarian = (*Engine)(nil)
)

const defaultDatabases = 16

// A chunk and its key stay well below the megabyte from which on Badger would move them to its
// value log. SCAN reads past what is inline.
//
// A push or an insert rewrites a leaf and the nodes above it, so these are small: with a million
// elements of 10 bytes less than 1 KB each, at the price of one more level than larger nodes would
// need.
var defaultSizes = sizes{
	inline: 64 << 10, chunk: 256 << 10, packed: 96 << 10,
	element: 1 << 10, leafItems: 64, leafBytes: 2 << 10, nodeKids: 64, nodeBytes: 4 << 10,
}

// Open opens an engine on a store, which is the engine's from now on: it is closed when Open fails.
func Open(kv KV, o Options) (*Engine, error) {
	if o.Databases <= 0 {
		o.Databases = defaultDatabases
	}
	if o.Clock == nil {
		o.Clock = func() int64 { return time.Now().UnixMilli() }
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Compact == nil {
		o.Compact = backends.NewCompact()
	}
	if o.chunk == 0 {
		o.sizes = defaultSizes
	}
	e := &Engine{o: o, kv: kv, cache: newRecordCache(o.Cache)}
	e.pool.New = func() any { return newTransaction(e) }
	if err := e.load(); err != nil {
		return nil, fmt.Errorf("%w (close: %v)", err, kv.Close())
	}
	e.start()
	return e, nil
}

// start starts the goroutines, which Close stops.
func (e *Engine) start() {
	e.writer.stop, e.writer.stopped = make(chan struct{}), make(chan struct{})
	go e.writer.run()
	e.sweeper.start(e)
	e.cleaner.start(e)
}

// Close implements backends.Backend.
func (e *Engine) Close() error {
	e.cleaner.end()
	e.sweeper.end()
	e.queue.close()
	close(e.writer.stop)
	<-e.writer.stopped
	e.queue.base.release()
	return e.kv.Close()
}

// Do implements backends.Engine.
func (e *Engine) Do(ctx context.Context, a *backends.Access, body backends.Body) (*backends.Commit, error) {
	if a.Write && (a.Grows || a.Open) && e.o.Full != nil {
		if a.Full = e.o.Full(); a.Full != nil && a.Grows {
			return nil, a.Full
		}
	}
	t := e.pool.Get().(*transaction)
	defer e.pool.Put(t)
	defer t.end()
	t.a = a
	if a.Write {
		if err := e.queue.admit(ctx, a.Brief); err != nil {
			return nil, err
		}
	}
	if a.Again && !a.Write && len(a.Keys) > 0 {
		return t.look(body)
	}
	return t.run(body)
}

// run runs body with the stripes of its keys locked.
func (t *transaction) run(body backends.Body) (*backends.Commit, error) {
	e := t.e
	held, ok := e.stripes.lock(t.a)
	if !ok {
		return nil, backends.ErrWouldWait
	}
	defer e.stripes.unlock(&held, t.a.Write)
	t.begin(&held)
	err := t.call(body)
	t.flush()
	if t.err != nil || t.writes.Len() == 0 || t.epoch != e.queue.epoch.Load() {
		return t.result(err)
	}
	t.forgetMany()
	g, ok := e.queue.add(&t.change)
	if !ok {
		return nil, e.overtaken()
	}
	t.remember(g)
	t.publish()
	return g.commit, err
}

// result is that of a transaction that has written nothing, whose body has returned err.
func (t *transaction) result(err error) (*backends.Commit, error) {
	switch {
	case t.epoch != t.e.queue.epoch.Load():
		// What it has seen may be lost by now, without a commit that would say so, and no two of its
		// reads need fit together.
		return nil, t.e.overtaken()
	case t.err != nil:
		return nil, t.err
	case t.newest == nil:
		return nil, err
	}
	return t.newest.commit, err
}

func (e *Engine) overtaken() error { return fmt.Errorf("%s: %w", e.o.Name, errOvertook) }

// remember has the cache follow the few records that the transaction has written, now that it has happened; their
// keys are still locked.
func (t *transaction) remember(g *group) {
	if cache := t.e.cache; cache != nil {
		cache.age(t.a.Now)
		for _, op := range t.writes.few {
			cache.put(op.Key, op.Value, t.epoch, g.number)
		}
	}
}

// forgetMany takes the records of a long batch out of the cache. It comes before the batch is in the queue, whose
// own it is then.
func (t *transaction) forgetMany() {
	if cache := t.e.cache; cache != nil {
		t.writes.many.Scan(func(key string, _ []byte) bool {
			cache.drop(key)
			return true
		})
	}
}

// publish says what the transaction did, now that it has happened; its keys are still locked.
func (t *transaction) publish() {
	e := t.e
	if t.due != 0 {
		e.cleaner.expect(t.due)
	}
	if len(t.dropped) == 0 {
		return
	}
	e.expired.Add(int64(len(t.dropped)))
	if fn := e.onRemove.Load(); fn != nil {
		for _, d := range t.dropped {
			(*fn)(d.db, d.key, d.why)
		}
	}
}

// Name implements backends.Backend.
func (e *Engine) Name() string { return e.o.Name }

// Driver implements backends.Backend.
func (e *Engine) Driver() string { return e.o.Driver }

// Capabilities are those of every driver on this engine.
var Capabilities = backends.Capabilities{TTL: true, Transactions: true, Atomic: true, Persistent: true, Prompt: true}

// Capabilities implements backends.Backend.
func (e *Engine) Capabilities() backends.Capabilities { return Capabilities }

// Ping implements backends.Backend: it reads from the store.
func (e *Engine) Ping(context.Context) error {
	e.queue.mu.RLock()
	err := e.queue.broken
	e.queue.mu.RUnlock()
	if err == nil {
		_, _, err = e.queue.get(text([]byte{tagFormat}), false)
	}
	return err
}

// Stats implements backends.Backend.
func (e *Engine) Stats(context.Context) (backends.Stats, error) {
	st := backends.Stats{
		Databases: make([]backends.DatabaseStats, e.o.Databases),
		Hits:      e.hits.Load(),
		Misses:    e.misses.Load(),
		Expired:   e.expired.Load(),
	}
	e.queue.mu.RLock()
	for db, space := range e.queue.spaces.of {
		c := e.queue.counts[space]
		st.Databases[db] = backends.DatabaseStats{Keys: c.keys, Expires: c.expires}
	}
	e.queue.mu.RUnlock()
	var err error
	st.Bytes, err = e.kv.Size()
	return st, err
}

// Pause implements backends.Pauser. A key whose time has come is absent nevertheless, and a write
// that meets it removes it.
func (e *Engine) Pause() { e.paused.Store(true) }

// Resume implements backends.Pauser.
func (e *Engine) Resume() { e.paused.Store(false) }

// OnRemove implements backends.Notifier.
func (e *Engine) OnRemove(fn func(db int, key []byte, why backends.Reason)) {
	if fn == nil {
		e.onRemove.Store(nil)
		return
	}
	e.onRemove.Store(&fn)
}
