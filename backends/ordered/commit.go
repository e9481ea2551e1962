package ordered

import (
	"maps"
	"slices"
)

// committer is the one goroutine that writes to the store. What it knows is what is durable: the
// counts and the spaces that the queue returns to when the store refuses a group.
type committer struct {
	kv      KV
	limits  Limits
	q       *queue
	counts  map[uint32]counts
	spaces  *spaces
	durable func(*group) // told of each group that has become durable
	lost    func()       // told when groups were lost
	stop    chan struct{}
	stopped chan struct{}

	// doubt are the keys of a refused Apply. What of them is in the store is unknown, so the next Apply
	// first puts back what the snapshot says. Nobody sees it meanwhile: readers stay with the snapshot.
	doubt []string
	trash []Op // deletions that are due before the next Apply
}

// run ends when it has been stopped and the queue is empty.
func (c *committer) run() {
	defer close(c.stopped)
	for {
		if g := c.q.first(); g != nil {
			c.commit(g)
			continue
		}
		select {
		case <-c.q.work:
		case <-c.stop:
			if c.q.first() == nil {
				// A store that still fails may show what it refused when it is opened again, as after
				// a crash.
				_ = c.settle()
				return
			}
		}
	}
}

func (c *committer) commit(g *group) {
	ops, changed := c.ops(g)
	base, err := c.write(ops)
	if err != nil {
		for _, lost := range c.q.fail(c.counts, c.spaces) {
			lost.commit.Finish(err)
		}
		c.lost()
		return
	}
	maps.Copy(c.counts, changed)
	for _, space := range g.gone {
		delete(c.counts, space)
	}
	if g.spaces != nil {
		c.spaces = g.spaces
	}
	c.q.advance(base)
	c.durable(g)
	g.commit.Finish(nil)
	// An error is one of the store, which the next group meets again.
	_ = c.settle()
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
		changed[space] = c.counts[space].plus(d)
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
