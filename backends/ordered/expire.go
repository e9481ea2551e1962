package ordered

import (
	"context"
	"errors"
	"math"
	"slices"
	"sync"
	"time"

	"switchyard/backends"
)

// A key whose time has come is absent for every transaction at once; its record goes when a write
// meets it, or else by the cleaner. The cleaner reads the deadlines in their order and so looks at what is
// due and at nothing else. Hashes with fields that expire have an index of their own. It remembers the earliest deadline there may be: while that is to come
// it does not even look, and it does not walk over the tombstones of what it has removed.

const (
	cleanEvery  = 100 * time.Millisecond
	cleanBudget = 25 * time.Millisecond // per round, so a quarter of one processor at most
	cleanBatch  = 64                    // keys removed in one transaction
	cleanFields = 64                    // fields of one hash, likewise
	never       = math.MaxInt64
)

type cleaner struct {
	worker
	e *Engine

	one sync.Mutex // one batch at a time

	mu    sync.Mutex
	first int64 // no deadline is earlier
}

func (c *cleaner) start(e *Engine) {
	c.e = e
	c.begin(c.run)
}

func (c *cleaner) run() {
	tick := time.NewTicker(cleanEvery)
	defer tick.Stop()
	for {
		select {
		case <-c.ctx.Done():
			return
		case <-tick.C:
		}
		end := time.Now().Add(cleanBudget)
		for more := true; more && time.Now().Before(end); {
			var err error
			if _, more, err = c.batch(c.ctx); err != nil && c.ctx.Err() == nil {
				c.e.o.Log.Warn("cleanup", "backend", c.e.o.Name, "error", err)
			}
		}
	}
}

// Clean implements backends.Cleaner. It removes nothing while the engine is paused.
func (e *Engine) Clean(ctx context.Context) (removed int64, err error) {
	for more := true; more && err == nil; {
		var n int
		n, more, err = e.cleaner.batch(ctx)
		removed += int64(n)
	}
	return removed, err
}

// expect notes that there is a new deadline, and returns the earliest there may be.
func (c *cleaner) expect(at int64) (first int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.first = min(c.first, at)
	return c.first
}

// takeFirst returns the earliest deadline there may be, and forgets it: who sets one from now on
// says so again.
func (c *cleaner) takeFirst(now int64) (first int64, due bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if first = c.first; first > now {
		return first, false
	}
	c.first = never
	return first, true
}

// batch removes some due keys; more says that there may be others.
func (c *cleaner) batch(ctx context.Context) (removed int, more bool, err error) {
	c.one.Lock()
	defer c.one.Unlock()
	now := c.e.o.Clock()
	if c.e.paused.Load() {
		return 0, false, nil
	}
	first, found := c.takeFirst(now)
	if !found {
		return 0, false, nil
	}
	todo, next, err := c.find(first, now)
	if err != nil {
		c.expect(first)
		return 0, false, err
	}
	progress := false
	for db, d := range todo {
		n, changed, err := c.remove(ctx, db, d, now)
		removed += n
		progress = progress || changed
		if err != nil {
			c.expect(first)
			return removed, false, err
		}
	}
	paused := c.e.paused.Load()
	if paused {
		next = first // what was found may still be there
	}
	first = c.expect(next)
	return removed, first <= now && progress && !paused, nil
}

// due is what a batch looks at in one database.
type due struct {
	keys   [][]byte
	hashes [][]byte // which have fields that are due
}

// find reads some of what is due, by database, and the deadline to go on with.
func (c *cleaner) find(first, now int64) (todo map[int]*due, next int64, err error) {
	t := newTransaction(c.e)
	defer t.end()
	t.a, t.held = &sweepAccess, &stripeSet{}
	todo, next = map[int]*due{}, never
	add := func(tag byte, db int, key []byte) {
		d := todo[db]
		if d == nil {
			d = &due{}
			todo[db] = d
		}
		if tag == tagDeadline {
			d.keys = append(d.keys, key)
		} else {
			d.hashes = append(d.hashes, key)
		}
	}
	for _, tag := range []byte{tagDeadline, tagFields} {
		at, err := c.findIn(t, tag, first, now, add)
		if err != nil {
			return nil, 0, err
		}
		next = min(next, at)
	}
	return todo, next, nil
}

// findIn reads one index.
func (c *cleaner) findIn(t *transaction, tag byte, first, now int64, add func(tag byte, db int, key []byte)) (next int64, err error) {
	next = never
	n := 0
	var bad error
	from, to := deadlineKey(tag, first, "k"), text([]byte{tag + 1})
	err = t.snapshot().scan(nil, from, to, func(xk string, _ []byte) bool {
		at, rk, err := splitDeadlineKey(xk)
		if err != nil {
			bad = err
			return false
		}
		if at > now || n == cleanBatch {
			next = at
			return false
		}
		db, key, err := c.keyOf(t, rk)
		if bad = err; db >= 0 {
			add(tag, db, key)
			n++
		}
		return bad == nil
	})
	return next, errors.Join(err, bad)
}

// keyOf is the key of a record and its database, which is negative when the record is garbage.
func (c *cleaner) keyOf(t *transaction, rk string) (db int, key []byte, err error) {
	space, _, key, err := splitRecordKey(rk)
	if err != nil {
		return -1, nil, err
	}
	if db = slices.Index(t.view.spaces.of, space); db < 0 || key != nil {
		return db, key, nil
	}
	record, err := t.view.get(rk)
	if err != nil {
		return -1, nil, err
	}
	m, err := decodeMeta(record)
	if err != nil {
		return -1, nil, err
	}
	key = t.root.longKey(t.view, m.name)
	return db, key, t.err
}

// remove is a write that meets the keys, and removes fields of the hashes.
func (c *cleaner) remove(ctx context.Context, db int, d *due, now int64) (removed int, changed bool, err error) {
	a := &backends.Access{DB: db, Keys: slices.Concat(d.keys, d.hashes), Write: true, Now: now}
	spent := 0
	commit, err := c.e.Do(ctx, a, backends.BodyFunc(func(bt backends.Tx) error {
		t := bt.(*tx)
		// Asked for each key and under the lock: nothing may go after a Pause that found the
		// lock free.
		for _, key := range d.keys {
			if !c.e.paused.Load() {
				t.find(key)
			}
		}
		for _, key := range d.hashes {
			if c.e.paused.Load() {
				break
			}
			gone, did := c.removeFields(t, key)
			if changed = changed || did; gone {
				spent++
			}
		}
		removed = len(t.dropped) + spent
		return nil
	}))
	if err != nil {
		return 0, false, err
	}
	c.e.expired.Add(int64(spent))
	return removed, changed || removed > 0, commit.Wait(ctx)
}

// removeFields removes what is due of a hash, which may be gone then, and reports it. That comes before the
// transaction has happened, but nobody sees the hash until it has: should it fail, with the store, there will be another report.
func (c *cleaner) removeFields(t *tx, key []byte) (gone, changed bool) {
	why, fields := backends.HashExpired, 0
	if gone = t.dropSpent(key); !gone {
		why = backends.FieldsExpired
		changed, fields = t.reclaim(key, cleanFields)
	}
	if fn := c.e.onRemove.Load(); fn != nil && (gone || fields > 0) {
		(*fn)(t.db, key, why)
	}
	return gone, changed
}

// sweepAccess is for transactions that touch what no other transaction sees.
var sweepAccess = backends.Access{Write: true}
