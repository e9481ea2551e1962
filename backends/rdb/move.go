package rdb

import (
	"bytes"
	"context"
	"fmt"
	"time"

	"switchyard/backends"
)

// How much one transaction moves. Small, because other commands wait for its locks.
//
// A key moves whole, whatever its size, and a group ends with one that exceeds it. Its payload is
// in memory at once and once more when it is taken apart, and nobody else gets at the key while it is dumped or
// written. A real Redis refuses payloads beyond its proto-max-bulk-len, 512 MB.
const (
	walkKeys    = 512
	dumpKeys    = 16
	restoreKeys = 64
	groupBytes  = 1 << 20 // of payloads
)

// MoverOf returns b's own Mover, or one made of its transactions when it is an Engine.
func MoverOf(b backends.Backend) (backends.Mover, bool) {
	if m, ok := backends.As[backends.Mover](b); ok {
		return m, true
	}
	if e, ok := backends.As[backends.Engine](b); ok {
		return &mover{engine: e, clock: func() int64 { return time.Now().UnixMilli() }}, true
	}
	return nil, false
}

// mover moves the keys of an engine. Every method is many short transactions: what is atomic is
// one key, which is all that a switch needs.
type mover struct {
	engine backends.Engine
	clock  func() int64 // Unix milliseconds
}

var _ backends.Mover = (*mover)(nil)

// do runs one transaction and waits until it, and all that it read, is durable: a key must not
// reach another backend before it is certain to stay in this one.
func (m *mover) do(ctx context.Context, a *backends.Access, body backends.BodyFunc) error {
	commit, err := m.engine.Do(ctx, a, body)
	if err != nil {
		return err
	}
	return commit.Wait(ctx)
}

func (m *mover) EachKey(ctx context.Context, db int, fn func(key []byte) error) error {
	var cursor uint64
	keys := make([][]byte, 0, walkKeys)
	for {
		keys = keys[:0]
		err := m.do(ctx, &backends.Access{DB: db, Now: m.clock()}, func(tx backends.Tx) error {
			cursor = tx.Scan(cursor, walkKeys, func(key []byte, _ backends.Type) {
				keys = append(keys, bytes.Clone(key))
			})
			return nil
		})
		if err != nil {
			return fmt.Errorf("%s: walk of database %d: %w", m.engine.Name(), db, err)
		}
		for _, key := range keys {
			if err := fn(key); err != nil {
				return err
			}
		}
		if cursor == 0 {
			return nil
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
	}
}

func (m *mover) Dump(ctx context.Context, db int, keys [][]byte) ([]backends.Value, error) {
	vals := make([]backends.Value, 0, len(keys))
	for len(keys) > 0 {
		group := keys[:min(len(keys), dumpKeys)]
		done, before := 0, len(vals)
		a := &backends.Access{DB: db, Keys: group, Now: m.clock(), Again: true, Long: true, NoTouch: true, Silent: true}
		err := m.do(ctx, a, func(tx backends.Tx) error {
			done, vals = 0, vals[:before]
			for size := 0; done < len(group) && size < groupBytes; done++ {
				key := group[done]
				payload, err := Dump(tx, key)
				if err != nil {
					return fmt.Errorf("key %q: %w", key, err)
				}
				vals = append(vals, backends.Value{Key: key, Payload: payload, ExpireAt: tx.Expiry(key)})
				size += len(payload)
			}
			return nil
		})
		if err != nil {
			return nil, fmt.Errorf("%s: dump from database %d: %w", m.engine.Name(), db, err)
		}
		keys = keys[done:]
	}
	return vals, nil
}

func (m *mover) Restore(ctx context.Context, db int, vals []backends.Value) error {
	// The groups share the wait for durability: each is only queued before the next begins.
	var commits []*backends.Commit
	for len(vals) > 0 {
		n := groupOf(vals)
		commit, err := m.restoreGroup(ctx, db, vals[:n])
		if err != nil {
			return fmt.Errorf("%s: restore to database %d: %w", m.engine.Name(), db, err)
		}
		commits, vals = append(commits, commit), vals[n:]
	}
	for _, commit := range commits {
		if err := commit.Wait(ctx); err != nil {
			return fmt.Errorf("%s: restore to database %d: %w", m.engine.Name(), db, err)
		}
	}
	return nil
}

// groupOf says how many of vals go into the next transaction.
func groupOf(vals []backends.Value) int {
	size := 0
	for i, v := range vals {
		if size += len(v.Payload); i > 0 && size > groupBytes || i == restoreKeys {
			return i
		}
	}
	return len(vals)
}

// restoreGroup writes vals in one transaction. They are taken apart before it begins, so that no
// lock is held meanwhile and a bad payload changes nothing.
func (m *mover) restoreGroup(ctx context.Context, db int, vals []backends.Value) (*backends.Commit, error) {
	a := &backends.Access{DB: db, Write: true, Now: m.clock()}
	parsed := make([]value, len(vals)) // nil: to be deleted
	for i, v := range vals {
		a.Keys = append(a.Keys, v.Key)
		if v.Payload == nil || v.ExpireAt != 0 && v.ExpireAt <= a.Now {
			continue
		}
		a.Grows = true
		var err error
		if parsed[i], err = parse(v.Payload); err != nil {
			return nil, fmt.Errorf("key %q: %w", v.Key, err)
		}
	}
	return m.engine.Do(ctx, a, backends.BodyFunc(func(tx backends.Tx) error {
		for i, v := range vals {
			if parsed[i] == nil {
				tx.Delete(v.Key)
				continue
			}
			if err := parsed[i].write(tx, v.Key); err != nil {
				return err
			}
			if v.ExpireAt != 0 {
				tx.SetExpiry(v.Key, v.ExpireAt)
			}
		}
		return nil
	}))
}

func (m *mover) Flush(ctx context.Context) error {
	stats, err := m.engine.Stats(ctx)
	if err != nil {
		return fmt.Errorf("%s: flush: %w", m.engine.Name(), err)
	}
	a := &backends.Access{All: true, Write: true, Now: m.clock()}
	err = m.do(ctx, a, func(tx backends.Tx) error {
		for db := range stats.Databases {
			tx.In(db).Flush()
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("%s: flush: %w", m.engine.Name(), err)
	}
	return nil
}
