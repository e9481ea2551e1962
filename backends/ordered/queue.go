package ordered

import (
	"context"
	"errors"
	"maps"
	"sync"
	"sync/atomic"

	"switchyard/backends"
)

// Between a transaction and the store is a queue of groups. A transaction is done once its writes are
// in the last group: later transactions see the queue on top of the snapshot that the store gave
// last. The committer (commit.go) gives group after group to the store. So fifty clients pay for one fsync,
// and a hot counter is not limited to one increment per fsync.
//
//	transaction's own writes  >  last group > ... > first group  >  snapshot
//	                             open              being applied, or synced
//
// Lock order: the stripes of a transaction, then queue.mu. Nothing waits for the store under
// queue.mu.

// maxGroups bounds the queue: writers wait while there are so many groups.
const maxGroups = 8

var (
	errClosed   = errors.New("the backend is closed")
	errOvertook = errors.New("an earlier write failed meanwhile")
)

// group is what one commit takes to the store.
type group struct {
	number  uint64 // in the order of the queue
	writes  writes
	size    int
	sealed  bool              // nothing is added any more
	counts  map[uint32]counts // what changes, by space
	gone    []uint32          // spaces whose sweep this group ends
	spaces  *spaces           // nil: unchanged
	garbage []garbage         // for the sweeper, once this group is durable
	commit  *backends.Commit

	// Once it was applied:
	changed map[uint32]counts // the new counts
	base    *snapshot         // that has it, and no later one
}

// snapshot is a Reader that is closed when the last one who uses it lets go.
type snapshot struct {
	Reader
	users atomic.Int64
}

func (s *snapshot) release() {
	if s.users.Add(-1) == 0 {
		s.Close()
	}
}

type queue struct {
	limits Limits
	work   chan struct{} // tells the committer that there is a group

	mu     sync.RWMutex
	groups []*group      // oldest first
	taken  int           // so many of them are with the committer
	last   uint64        // number of the newest group ever
	stored atomic.Uint64 // of the newest that is durable
	base   *snapshot
	counts map[uint32]counts
	spaces *spaces
	epoch  atomic.Uint64 // + 1 with each failure, which no transaction under way survives
	broken error         // why writes are refused
	closed bool          // no more transactions
	room   chan struct{} // closed when a group has left
}

// admit waits until the queue has room for a writer, unless that must not wait.
func (q *queue) admit(ctx context.Context, brief bool) error {
	for {
		q.mu.RLock()
		full, room, err := len(q.groups) >= maxGroups, q.room, q.broken
		if q.closed {
			err = errClosed
		}
		q.mu.RUnlock()
		if err != nil || !full {
			return err
		}
		if brief {
			return backends.ErrWouldWait
		}
		select {
		case <-room:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// get returns the latest value of a key, and the group it is from if it is not durable yet. It does not go to the
// store where that must not be waited for.
func (q *queue) get(key string, brief bool) (value []byte, from *group, err error) {
	q.mu.RLock()
	for i := len(q.groups) - 1; i >= 0; i-- {
		if v, ok := q.groups[i].writes.Get(key); ok {
			from = q.groups[i]
			q.mu.RUnlock()
			return v, from, nil
		}
	}
	if brief {
		q.mu.RUnlock()
		return nil, nil, backends.ErrWouldWait
	}
	base := q.base
	base.users.Add(1)
	q.mu.RUnlock()
	defer base.release()
	value, _, err = base.Get(key)
	return value, nil, err
}

// pending returns the group of a number; nil when it is durable. A group that was lost is not there
// either, but then the epoch has ended in which its number was seen.
func (q *queue) pending(number uint64) *group {
	if number <= q.stored.Load() {
		return nil
	}
	q.mu.RLock()
	defer q.mu.RUnlock()
	for _, g := range q.groups {
		if g.number == number {
			return g
		}
	}
	return nil
}

// view is everything at one moment.
type view struct {
	base   *snapshot // nil: reading would have to wait, and must not
	layers []*writes // the newest first
	newest *group    // nil: all of it is durable
	spaces *spaces
}

func (v *view) scan(own *batch, from, to string, fn func(key string, value []byte) (more bool)) error {
	if v.base == nil {
		return backends.ErrWouldWait
	}
	layers := v.layers
	if own != nil && own.Len() > 0 {
		layers = append([]*writes{own.sorted()}, layers...)
	}
	return scan(v.base, layers, from, to, fn)
}

func (v *view) get(key string) ([]byte, error) {
	if v.base == nil {
		return nil, backends.ErrWouldWait
	}
	for _, l := range v.layers {
		if value, ok := l.Get(key); ok {
			return value, nil
		}
	}
	value, _, err := v.base.Get(key)
	return value, err
}

// view takes a view, which the caller releases. The open group goes on growing, so the view gets a
// copy, which costs nothing now and copies nodes as they change.
func (q *queue) view() *view {
	q.mu.Lock()
	defer q.mu.Unlock()
	v := &view{base: q.base, spaces: q.spaces}
	v.base.users.Add(1)
	for i := len(q.groups) - 1; i >= 0; i-- {
		g := q.groups[i]
		if v.newest == nil {
			v.newest = g
		}
		if g.sealed {
			v.layers = append(v.layers, &g.writes)
		} else {
			v.layers = append(v.layers, g.writes.Copy())
		}
	}
	return v
}

func (v *view) release() {
	if v.base != nil {
		v.base.release()
	}
}

// length is the counts of a space, or of a database's, and the group they may be from.
func (q *queue) length(space uint32) (c counts, from *group) {
	q.mu.RLock()
	defer q.mu.RUnlock()
	return q.counts[space], q.newest()
}

func (q *queue) newest() *group {
	if n := len(q.groups); n > 0 {
		return q.groups[n-1]
	}
	return nil
}

// change is what one transaction does.
type change struct {
	writes  batch
	size    int
	counts  map[uint32]counts
	gone    []uint32
	spaces  *spaces
	garbage []garbage
	epoch   uint64
}

// add puts a change into the queue: from now on it has happened, unless the store refuses it. All
// of a change is in one group. It is not ok when a write that it may depend on was lost.
func (q *queue) add(c *change) (g *group, ok bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if c.epoch != q.epoch.Load() || q.closed {
		return nil, false
	}
	g = q.open(c)
	if g.writes.Len() == 0 && c.writes.many.Len() > 0 {
		g.writes, g.size = c.writes.many, c.size
	} else {
		c.writes.Scan(func(key string, value []byte) bool {
			if old, replaced := g.writes.Set(key, value); replaced {
				g.size -= (Op{key, old}).size()
			}
			g.size += (Op{key, value}).size()
			return true
		})
	}
	for space, d := range c.counts {
		q.counts[space] = q.counts[space].plus(d)
		g.counts[space] = g.counts[space].plus(d)
	}
	for _, space := range c.gone {
		delete(q.counts, space)
	}
	if c.spaces != nil {
		q.spaces, g.spaces = c.spaces, c.spaces
	}
	g.gone = append(g.gone, c.gone...)
	g.garbage = append(g.garbage, c.garbage...)
	q.nudge()
	return g, true
}

// open returns the group that takes c: the last one, unless that is sealed or would outgrow what
// the store takes in one Apply. A change that is too large by itself has a group of its own.
func (q *queue) open(c *change) *group {
	g := q.newest()
	if g != nil && !g.sealed {
		if g.size+c.size <= q.limits.Bytes && g.writes.Len()+c.writes.Len() <= q.limits.Ops {
			return g
		}
		g.sealed = true
	}
	q.last++
	g = &group{number: q.last, counts: map[uint32]counts{}, commit: backends.NewCommit()}
	q.groups = append(q.groups, g)
	return g
}

// nudge tells the committer that there is something to do.
func (q *queue) nudge() {
	select {
	case q.work <- struct{}{}:
	default: // it knows
	}
}

// take seals the first group that was not taken yet, for the committer; nil when there is none.
func (q *queue) take() *group {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.groups) == q.taken {
		return nil
	}
	g := q.groups[q.taken]
	g.sealed = true
	q.taken++
	return g
}

// idle says whether there is no group.
func (q *queue) idle() bool {
	q.mu.RLock()
	defer q.mu.RUnlock()
	return len(q.groups) == 0
}

// advance takes the first group out: base is a snapshot that has it.
func (q *queue) advance(base *snapshot) {
	q.mu.Lock()
	old := q.base
	q.base = base
	q.stored.Store(q.groups[0].number)
	q.groups = append(q.groups[:0:0], q.groups[1:]...)
	q.taken--
	q.broken = nil
	q.wake()
	q.mu.Unlock()
	old.release()
}

func (q *queue) wake() {
	close(q.room)
	q.room = make(chan struct{})
}

// fail takes everything out of the queue, which returns to what is durable.
func (q *queue) fail(durable ledger) (lost []*group) {
	q.mu.Lock()
	defer q.mu.Unlock()
	lost, q.groups, q.taken = q.groups, nil, 0
	q.counts, q.spaces = maps.Clone(durable.counts), durable.spaces
	q.epoch.Add(1)
	q.wake()
	return lost
}

// block refuses writers until the next group has left.
func (q *queue) block(err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.broken = err
	q.wake()
}

// close refuses everything from now on.
func (q *queue) close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
	q.wake()
}
