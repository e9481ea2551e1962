package switching

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"switchyard/backends"
)

// A round copies a set of keys: it reads each from the source and makes the target's the same,
// which for an absent key means deleting it. Batches of a round are under way at the same time, so
// a key that is in two of them may be left with its older value; but then it was written during the
// round and is marked. Hence the one rule here: marks are only taken when no batch is under way.

// errStartOver ends a round that a mark on a whole database has made worthless.
var errStartOver = errors.New("the copy must start over")

// copier does the work of one switch. Only batches run beside the goroutine of Run.
type copier struct {
	plan     *Plan
	limits   Limits
	log      *slog.Logger
	tracker  *Tracker
	from, to backends.Mover

	copied   *copied      // mode Merge: what this switch wrote; else nil
	filled   map[int]bool // databases of the target to which a round has written
	touched  bool         // the target was changed
	closed   bool         // the gate is closed: hurry
	restarts int          // rounds over whole databases
	carry    dirty        // marks that were taken inside a round that started over

	perKey      atomic.Int64 // bytes, a moving average
	keys, bytes atomic.Int64

	mu   sync.Mutex // one call of Progress at a time
	name string     // the phase
}

func (c *copier) phase(name string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.name = name
}

func (c *copier) progress() {
	if c.plan.Progress == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.plan.Progress(Progress{c.name, c.keys.Load(), c.bytes.Load(), c.tracker.count.Load()})
}

// round copies d. On an error all of d is still to be copied.
func (c *copier) round(ctx context.Context, d dirty) error {
	c.touched = true
	for db := range c.plan.Databases {
		if !d.has(db) {
			continue
		}
		if err := c.purge(ctx, db); err != nil {
			return err
		}
		if err := c.walk(ctx, db); err != nil {
			return err
		}
	}
	return c.copyKeys(ctx, d)
}

// copyKeys copies the single keys of d.
func (c *copier) copyKeys(ctx context.Context, d dirty) error {
	f := c.takeOff(ctx)
	defer f.land()
	for _, db := range slices.Sorted(maps.Keys(d.keys)) {
		if d.has(db) {
			continue
		}
		c.filled[db] = true
		for keys := range slices.Chunk(d.keys[db], c.limits.BatchKeys) {
			f.send(db, keys)
		}
	}
	return f.land()
}

// walk copies a whole database.
func (c *copier) walk(ctx context.Context, db int) error {
	c.filled[db] = true
	f := c.takeOff(ctx)
	defer func() { f.land() }()
	var keys [][]byte
	err := c.from.EachKey(ctx, db, func(key []byte) error {
		if keys = append(keys, key); len(keys) < c.limits.BatchKeys {
			return nil
		}
		f.send(db, keys)
		keys = nil
		if c.tracker.whole() && !c.closed {
			return errStartOver
		}
		if f.ctx.Err() != nil || c.tracker.crowded() {
			if err := f.land(); err != nil {
				return err
			}
			f = c.takeOff(ctx)
			return c.relieve(ctx)
		}
		return nil
	})
	if err != nil {
		return err
	}
	f.send(db, keys)
	return f.land()
}

// relieve copies what has changed so far, so that the marks stay few during a long walk. No batch
// may be under way.
func (c *copier) relieve(ctx context.Context) error {
	d := c.tracker.take()
	if d.whole() {
		c.carry = d
		return errStartOver
	}
	return c.copyKeys(ctx, d)
}

// purge removes from a database of the target what this switch has written to it.
func (c *copier) purge(ctx context.Context, db int) error {
	if !c.filled[db] {
		return nil
	}
	var gone []backends.Value
	remove := func() error {
		err := c.to.Restore(ctx, db, gone)
		gone = gone[:0]
		return err
	}
	err := c.to.EachKey(ctx, db, func(key []byte) error {
		if c.copied != nil && !c.copied.has(db, key) {
			return nil
		}
		if gone = append(gone, backends.Value{Key: key}); len(gone) < c.limits.BatchKeys {
			return nil
		}
		return remove()
	})
	if err == nil && len(gone) > 0 {
		err = remove()
	}
	return err
}

// flight is a bounded number of batches under way.
type flight struct {
	c      *copier
	ctx    context.Context // ends with the first error
	cancel context.CancelCauseFunc
	seats  chan struct{}
	wg     sync.WaitGroup
}

func (c *copier) takeOff(ctx context.Context) *flight {
	f := &flight{c: c, seats: make(chan struct{}, c.limits.Flights)}
	f.ctx, f.cancel = context.WithCancelCause(ctx)
	return f
}

// send begins to copy keys as soon as there is a seat. After an error it does nothing.
func (f *flight) send(db int, keys [][]byte) {
	if len(keys) == 0 || f.ctx.Err() != nil {
		return
	}
	select {
	case f.seats <- struct{}{}:
	case <-f.ctx.Done():
		return
	}
	f.wg.Go(func() {
		defer func() { <-f.seats }()
		if err := f.c.batch(f.ctx, db, keys); err != nil {
			f.cancel(err)
		}
	})
}

// land waits for all batches and returns the first error.
func (f *flight) land() error {
	f.wg.Wait()
	err := context.Cause(f.ctx)
	f.cancel(nil)
	return err
}

// batch copies keys in parts that are not too large in bytes either.
func (c *copier) batch(ctx context.Context, db int, keys [][]byte) error {
	for len(keys) > 0 {
		start := time.Now()
		n := c.part(len(keys))
		vals, err := c.from.Dump(ctx, db, keys[:n])
		if err != nil {
			return fmt.Errorf("reading the source: %w", err)
		}
		keys = keys[n:]
		c.keys.Add(int64(len(vals)))
		c.bytes.Add(c.weigh(vals))
		if err := c.to.Restore(ctx, db, c.admitted(db, vals)); err != nil {
			return fmt.Errorf("writing the target: %w", err)
		}
		c.progress()
		if err := c.rest(ctx, time.Since(start)); err != nil {
			return err
		}
	}
	return nil
}

// part is how many of n keys are read at once, going by the size of those before.
func (c *copier) part(n int) int {
	each := c.perKey.Load()
	if each == 0 {
		return min(n, 16) // nothing is known yet
	}
	return max(1, min(n, c.limits.BatchBytes/int(each)))
}

// weigh learns from the size of vals how many to read at once, and returns it.
func (c *copier) weigh(vals []backends.Value) (size int64) {
	for _, v := range vals {
		size += int64(len(v.Key) + len(v.Payload))
	}
	each := size/int64(len(vals)) + 1
	if before := c.perKey.Load(); before > each {
		each = (3*before + each) / 4 // up at once, down slowly
	}
	c.perKey.Store(each)
	return size
}

// admitted is what is to be written of vals: in mode Merge a key that the source does not have and
// that was never copied is the target's own.
func (c *copier) admitted(db int, vals []backends.Value) []backends.Value {
	if c.copied == nil {
		return vals
	}
	return slices.DeleteFunc(vals, func(v backends.Value) bool {
		if v.Payload == nil {
			return !c.copied.has(db, v.Key)
		}
		c.copied.add(db, v.Key)
		return false
	})
}

// rest waits so long after work that no more than the allowed share of time is spent working.
func (c *copier) rest(ctx context.Context, worked time.Duration) error {
	if c.closed || c.limits.Share >= 1 {
		return nil
	}
	t := time.NewTimer(time.Duration(float64(worked) * (1 - c.limits.Share) / c.limits.Share))
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// copied remembers keys by a 64-bit hash, because there may be as many as the source has. Two keys
// with the same hash, of which one is the target's own and the other is deleted during the switch,
// are taken to be beyond bad luck.
type copied struct {
	mu     sync.Mutex
	seed   maphash.Seed
	hashes map[uint64]struct{}
}

func newCopied() *copied {
	return &copied{seed: maphash.MakeSeed(), hashes: map[uint64]struct{}{}}
}

func (c *copied) hash(db int, key []byte) uint64 {
	return maphash.Comparable(c.seed, id{db, string(key)})
}

func (c *copied) add(db int, key []byte) {
	h := c.hash(db, key)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.hashes[h] = struct{}{}
}

func (c *copied) has(db int, key []byte) bool {
	h := c.hash(db, key)
	c.mu.Lock()
	defer c.mu.Unlock()
	_, ok := c.hashes[h]
	return ok
}
