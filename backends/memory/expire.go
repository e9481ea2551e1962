package memory

import (
	"context"
	"time"

	"switchyard/backends"
)

// A key whose time has come is absent for every transaction at once; its memory comes back when a
// write meets it, or else by the cleaner. Redis's cleaner draws samples; ours takes due keys from the front of
// each table's heap, so it finds all of them and looks at no others.

const (
	cleanEvery  = 100 * time.Millisecond
	cleanBudget = 25 * time.Millisecond // per round, so a quarter of one processor at most
	cleanBatch  = 64                    // keys removed under one lock
)

func (e *Engine) startCleaner() {
	ctx, stop := context.WithCancel(context.Background())
	e.stop, e.stopped = stop, make(chan struct{})
	go e.cleaner(ctx)
}

func (e *Engine) cleaner(ctx context.Context) {
	defer close(e.stopped)
	defer thrift.report(e, 0)
	tick := time.NewTicker(cleanEvery)
	defer tick.Stop()
	for next := 0; ; {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			next = e.cleanRound(next)
			thrift.report(e, e.used())
		}
	}
}

// cleanRound goes once around the shards from number first on, as far as the time allows, and
// returns where to go on.
func (e *Engine) cleanRound(first int) (next int) {
	end := time.Now().Add(cleanBudget)
	now := e.clock()
	for i := range shardCount {
		next = (first + i) % shardCount
		for _, more := e.cleanBatch(next, now); more; _, more = e.cleanBatch(next, now) {
			if time.Now().After(end) {
				return next
			}
		}
	}
	return first
}

// cleanBatch removes up to so many due keys of a shard, and some of its due fields of hashes. more says
// that there are others.
func (e *Engine) cleanBatch(i int, now int64) (removed int, more bool) {
	s := &e.shards[i]
	if !s.volatile() {
		return 0, false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for db := range s.tables {
		t := s.tables[db].Load()
		for t != nil && len(t.heap) > 0 && t.heap[0].at <= now {
			// Asked for each key and under the lock: nothing may go after a Pause that found the
			// lock free.
			if removed == cleanBatch || e.paused.Load() {
				return removed, removed == cleanBatch
			}
			s.drop(e, db, t.heap[0].e, backends.Expired)
			removed++
		}
		more = s.cleanFields(e, db, now) || more
	}
	return removed, more
}

// volatile says whether the shard has keys or fields with a deadline.
func (s *shard) volatile() bool {
	for db := range s.tables {
		if t := s.tables[db].Load(); t != nil && t.expires.Load()+t.timedFields.Load() > 0 {
			return true
		}
	}
	return false
}

// Clean implements backends.Cleaner. It removes nothing while the engine is paused.
func (e *Engine) Clean(ctx context.Context) (removed int64, err error) {
	now := e.clock()
	for i := range shardCount {
		for more := true; more; {
			if err := ctx.Err(); err != nil {
				return removed, err
			}
			var n int
			n, more = e.cleanBatch(i, now)
			removed += int64(n)
		}
	}
	return removed, nil
}
