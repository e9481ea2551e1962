package badger

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/dgraph-io/badger/v4"

	"switchyard/backends"
	"switchyard/backends/ordered"
)

// Backend is an instance. What an engine can do comes from ordered.
type Backend struct {
	*ordered.Engine
	store  *store
	upkeep *upkeep
}

var (
	_ backends.Engine    = (*Backend)(nil)
	_ backends.Cleaner   = (*Backend)(nil)
	_ backends.Pauser    = (*Backend)(nil)
	_ backends.Notifier  = (*Backend)(nil)
	_ backends.Optimizer = (*Backend)(nil)
	_ backends.Syncer    = (*Backend)(nil)
)

// Open opens the folder of env, which it creates. Badger itself cannot be interrupted: when ctx ends
// first, Open fails, and the folder is closed again as soon as Badger has opened it.
func (c *Config) Open(ctx context.Context, env backends.Env) (backends.Backend, error) {
	s, err := c.settings()
	if err != nil {
		return nil, err
	}
	type result struct {
		b   *Backend
		err error
	}
	opened := make(chan result, 1)
	go func() {
		b, err := open(s, env)
		opened <- result{b, err}
	}()
	select {
	case r := <-opened:
		if r.err != nil {
			return nil, r.err
		}
		return r.b, nil
	case <-ctx.Done():
		go func() {
			if r := <-opened; r.b != nil {
				if err := r.b.Close(); err != nil {
					r.b.store.log.Errorf("close: %v", err)
				}
			}
		}()
		return nil, fmt.Errorf("badger at %s: open: %w", env.Dir, context.Cause(ctx))
	}
}

func open(s settings, env backends.Env) (*Backend, error) {
	if err := os.MkdirAll(env.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("badger at %s: %w", env.Dir, err)
	}
	if err := checkUnused(env.Dir); err != nil {
		return nil, fmt.Errorf("badger at %s: %w", env.Dir, err)
	}
	if err := removeEmptyLogs(env.Dir); err != nil {
		return nil, fmt.Errorf("badger at %s: %w", env.Dir, err)
	}
	log := newLogger(env)
	o := badgerOptions(s, env.Dir).WithLogger(log)
	db, err := badger.Open(o)
	if err != nil {
		return nil, fmt.Errorf("badger at %s: %w", env.Dir, err)
	}
	st, err := newStore(db, o, s.always, log)
	if err != nil {
		return nil, fmt.Errorf("badger at %s: %w (close: %v)", env.Dir, err, db.Close())
	}
	up := newUpkeep(st, s)
	engine, err := ordered.Open(st, ordered.Options{
		Name: env.Name, Driver: Driver.Name, Databases: env.Databases, Log: env.Log, Full: up.full, Compact: env.Compact,
		Cache: s.memory * 5 / 16,
	})
	if err != nil {
		return nil, fmt.Errorf("badger at %s: %w", env.Dir, err)
	}
	up.start()
	return &Backend{engine, st, up}, nil
}

// removeEmptyLogs removes the logs that hold not a byte: Badger makes them, and removes them, in two
// steps, and refuses to open a folder in which a process was killed between the two.
func removeEmptyLogs(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if ext := filepath.Ext(entry.Name()); ext != ".mem" && ext != ".vlog" {
			continue
		}
		info, err := entry.Info()
		if err == nil && info.Size() == 0 {
			err = os.Remove(filepath.Join(dir, entry.Name()))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// badgerOptions divides the memory: the cache of records takes five sixteenths (see open), three memtables of at most a
// thirty-second each an eighth with their spare room, the caches of blocks and indices an eighth, and the rest
// is for what compactions and garbage take.
func badgerOptions(s settings, dir string) badger.Options {
	memtable := min(s.memory/32, 64<<20)
	o := badger.DefaultOptions(dir).
		WithSyncWrites(false).      // wal.go does it
		WithDetectConflicts(false). // ordered has locked the keys
		WithNumVersionsToKeep(1).
		WithMetricsEnabled(false).
		WithMemTableSize(max(memtable, 8<<20)).
		WithNumMemtables(3).
		WithNumCompactors(2).
		WithBlockCacheSize(s.memory / 16).
		WithIndexCacheSize(s.memory / 16).
		WithCompression(s.compression).
		WithZSTDCompressionLevel(1).
		WithValueLogFileSize(16 << 20)
	return o.WithValueThreshold(min(1<<20, o.MemTableSize*15/100))
}

// Close implements backends.Backend.
func (b *Backend) Close() error {
	b.upkeep.end()
	return b.Engine.Close()
}

// Ping implements backends.Backend.
func (b *Backend) Ping(ctx context.Context) error {
	if err := b.store.broken(); err != nil {
		return err
	}
	return b.Engine.Ping(ctx)
}

// Sync implements backends.Syncer. What was acknowledged has been applied.
func (b *Backend) Sync(context.Context) error { return b.store.Sync() }

// Optimize implements backends.Optimizer: it sweeps what was dropped, and compacts all tables.
func (b *Backend) Optimize(ctx context.Context) error {
	if err := b.Sweep(ctx); err != nil {
		return fmt.Errorf("badger at %s: sweep: %w", b.store.dir, err)
	}
	return b.store.compact(ctx)
}
