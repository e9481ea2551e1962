package ordered

import (
	"maps"
	"slices"
	"sync"
	"sync/atomic"
)

// committer takes group after group to the store, with one goroutine that applies them. Where the store
// makes them durable in a second step, another goroutine does that (sync.go): so the next group is applied
// while the disk is at work on the last ones.
type committer struct {
	kv      KV
	limits  Limits
	q       *queue
	applied ledger       // the counts and spaces that the store has
	landed  ledger       // those that are durable, to which the queue returns when a group is lost
	durable func(*group) // told of each group that has become durable
	lost    func()       // told when groups were lost
	stop    chan struct{}
	stopped chan struct{}

	syncer    Syncer      // nil: what is applied is durable
	unsynced  chan *group // applied, in order
	flying    sync.WaitGroup
	syncError atomic.Pointer[error]

	// doubt are the keys of a refused Apply. What of them is in the store is unknown, so the next Apply
	// first puts back what the snapshot says. Nobody sees it meanwhile: readers stay with the snapshot.
	doubt []string
	trash []Op // deletions that are due before the next Apply
}

// ledger is what is known of the spaces at one point of the order of groups.
type ledger struct {
	counts map[uint32]counts
	spaces *spaces
}

func (l *ledger) clone() ledger { return ledger{maps.Clone(l.counts), l.spaces} }

// follow takes over what a group has changed.
func (l *ledger) follow(g *group) {
	maps.Copy(l.counts, g.changed)
	for _, space := range g.gone {
		delete(l.counts, space)
	}
	if g.spaces != nil {
		l.spaces = g.spaces
	}
}

// run ends when it has been stopped and the queue is empty.
func (c *committer) run() {
	defer close(c.stopped)
	defer c.startSync()()
	for {
		if err := c.syncError.Swap(nil); err != nil {
			c.refuse(*err)
		}
		if g := c.q.take(); g != nil {
			c.commit(g)
			continue
		}
		select {
		case <-c.q.work:
		case <-c.stop:
			c.flying.Wait()
			if c.q.idle() {
				// A store that still fails may show what it refused when it is opened again, as after
				// a crash.
				_ = c.settle()
				return
			}
		}
	}
}

func (c *committer) commit(g *group) {
	var ops []Op
	ops, g.changed = c.ops(g)
	base, err := c.write(ops)
	if err != nil {
		c.refuse(err)
		return
	}
	g.base = base
	c.applied.follow(g)
	if c.syncer == nil {
		c.land(g)
	} else {
		c.flying.Add(1)
		c.unsynced <- g
	}
	// An error is one of the store, which the next group meets again.
	_ = c.settle()
}

// land ends a group that is durable.
func (c *committer) land(g *group) {
	c.landed.follow(g)
	c.q.advance(g.base)
	c.durable(g)
	g.commit.Finish(nil)
}

// refuse loses all groups that are not durable: what was queued behind a failed one may have read from it.
func (c *committer) refuse(err error) {
	c.flying.Wait()
	c.applied = c.landed.clone()
	for _, g := range c.q.fail(c.landed) {
		if g.base != nil {
			g.base.release()
		}
		g.commit.Finish(err)
	}
	c.lost()
}

// ops are the writes of a group and the counts of the spaces that it changes, which are returned
// too.
func (c *committer) ops(g *group) (ops []Op, changed map[uint32]counts) {
	ops = make([]Op, 0, g.writes.Len()+len(g.counts))
	g.writes.Scan(func(key string, value []byte) bool {
		ops = append(ops, Op{key, value})
		return true
	})
	for space, d := range g.counts {
		if d == (counts{}) || slices.Contains(g.gone, space) {
			continue
		}
		if changed == nil {
			changed = map[uint32]counts{}
		}
		changed[space] = c.applied.counts[space].plus(d)
		ops = append(ops, Op{numberKey(tagCounts, space), changed[space].encode()})
	}
	for _, space := range g.gone {
		ops = append(ops, Op{Key: numberKey(tagCounts, space)})
	}
	return ops, changed
}

// write takes ops to the store and returns a snapshot that has them.
func (c *committer) write(ops []Op) (*snapshot, error) {
	var size int
	for _, op := range ops {
		size += op.size()
	}
	var err error
	if size <= c.limits.Bytes && len(ops) <= c.limits.Ops {
		err = c.apply(ops)
	} else {
		err = c.applyLarge(ops)
	}
	if err != nil {
		return nil, err
	}
	base, err := openSnapshot(c.kv)
	if err != nil {
		c.distrust(ops)
		return nil, err
	}
	return base, nil
}

func openSnapshot(kv KV) (*snapshot, error) {
	r, err := kv.Snapshot()
	if err != nil {
		return nil, err
	}
	s := &snapshot{Reader: r}
	s.users.Store(1)
	return s, nil
}

// apply applies what fits into one Apply, once the store has no more doubtful keys.
func (c *committer) apply(ops []Op) error {
	if err := c.settle(); err != nil {
		return err
	}
	err := c.kv.Apply(ops)
	if err != nil {
		c.distrust(ops)
	}
	return err
}

func (c *committer) distrust(ops []Op) {
	for _, op := range ops {
		c.doubt = append(c.doubt, op.Key)
	}
}

// settle puts back the doubtful keys. It is what makes the outcome of a failed Apply certain: it
// never happened. Only a crash before it may still show the writes of that one group, which no
// client was told of.
func (c *committer) settle() error {
	if len(c.doubt) == 0 && len(c.trash) == 0 {
		return nil
	}
	undo := make([]Op, len(c.doubt))
	for i, key := range c.doubt {
		value, ok, err := c.q.base.Get(key)
		if err != nil {
			return err
		}
		if undo[i].Key = key; ok {
			undo[i].Value = value
		}
	}
	if err := c.limits.pieces(append(undo, c.trash...), c.kv.Apply); err != nil {
		return err
	}
	c.doubt, c.trash = nil, nil
	return nil
}
