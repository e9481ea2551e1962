package ordered

import (
	"context"
	"sync"
	"time"
)

// Whoever drops a large value or flushes a database writes one garbage record, in the same group.
// The sweeper does the rest in the background, in small changes that each wait for their commit,
// so that it never fills the queue. The garbage record is the last to go: after a crash the sweep begins
// again from where it is.

const sweepOps = 512

// sweeper works off a list of garbage. Only durable garbage is on it: a group that fails drops
// nothing.
type sweeper struct {
	worker
	e *Engine

	mu     sync.Mutex
	todo   []garbage
	idle   chan struct{} // closed while there is nothing to do
	wakeup chan struct{}
}

// worker is a goroutine that ends with its context.
type worker struct {
	ctx     context.Context
	cancel  context.CancelFunc
	stopped chan struct{}
}

func (w *worker) begin(run func()) {
	w.ctx, w.cancel = context.WithCancel(context.Background())
	w.stopped = make(chan struct{})
	go func() {
		defer close(w.stopped)
		run()
	}()
}

func (w *worker) end() {
	w.cancel()
	<-w.stopped
}

func (s *sweeper) start(e *Engine) {
	s.e = e
	s.wakeup, s.idle = make(chan struct{}, 1), make(chan struct{})
	s.add(nil)
	s.begin(s.run)
}

func (s *sweeper) add(todo []garbage) {
	s.mu.Lock()
	defer s.mu.Unlock()
	select {
	case <-s.idle:
		if len(todo) == 0 {
			return
		}
		s.idle = make(chan struct{})
	default:
	}
	s.todo = append(s.todo, todo...)
	select {
	case s.wakeup <- struct{}{}:
	default:
	}
}

// next is the first of the list; false when there is none.
func (s *sweeper) next() (g garbage, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.todo) == 0 {
		select {
		case <-s.idle:
		default:
			close(s.idle)
		}
		return garbage{}, false
	}
	return s.todo[0], true
}

func (s *sweeper) done() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.todo = s.todo[1:]
}

func (s *sweeper) run() {
	const retry = 200 * time.Millisecond
	var again <-chan time.Time
	for {
		select {
		case <-s.ctx.Done():
			return
		case <-s.wakeup:
		case <-again:
		}
		if err := s.sweepAll(); err != nil && s.ctx.Err() == nil {
			s.e.o.Log.Warn("sweep", "backend", s.e.o.Name, "error", err)
			again = time.After(retry)
		}
	}
}

func (s *sweeper) sweepAll() error {
	for g, ok := s.next(); ok; g, ok = s.next() {
		if err := s.sweep(g); err != nil {
			return err
		}
		s.done()
	}
	return nil
}

// Sweep waits until no garbage is left.
func (e *Engine) Sweep(ctx context.Context) error {
	e.sweeper.mu.Lock()
	idle := e.sweeper.idle
	e.sweeper.mu.Unlock()
	select {
	case <-idle:
		return nil
	case <-e.sweeper.ctx.Done():
		return errClosed
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// sweep removes what g stands for, part after part.
func (s *sweeper) sweep(g garbage) error {
	from, to := versionKey(g.version), versionKey(g.version+1)
	if g.version == 0 {
		from, to = spaceKey(g.space, 0), spaceKey(g.space+1, 0)
	}
	for {
		c, next, err := s.part(g, from, to)
		if err != nil {
			return err
		}
		if err := s.commit(c); err != nil {
			return err
		}
		if next == "" {
			return nil
		}
		from = next
	}
}

// part deletes a few records, and the garbage record with the last of them. next is where to go on.
func (s *sweeper) part(g garbage, from, to string) (c *change, next string, err error) {
	t := newTransaction(s.e)
	t.a = &sweepAccess
	if err = s.e.queue.admit(s.ctx, false); err != nil {
		return nil, "", err
	}
	t.epoch = s.e.queue.epoch.Load()
	v := s.e.queue.view()
	defer v.release()
	err = v.scan(nil, from, to, func(key string, value []byte) bool {
		if t.writes.Len() >= sweepOps {
			next = key
			return false
		}
		if t.set(key, nil); g.version == 0 {
			t.sweepRecord(key, value)
		} else if isGroup(key) {
			t.sweepGroup(key, value)
		}
		return true
	})
	if err == nil {
		err = t.err
	}
	if next == "" {
		t.set(g.key(), nil)
		if g.version == 0 {
			t.gone = append(t.gone, g.space)
		}
	}
	return &t.change, next, err
}

// sweepRecord deletes what belongs to a record of a swept space. A damaged one has nothing that
// could be found.
func (t *transaction) sweepRecord(rk string, record []byte) {
	m, err := decodeMeta(record)
	if err != nil {
		t.unswept(rk, err)
		return
	}
	t.root.index(tagDeadline, m.deadline, rk, nil)
	t.root.index(tagFields, m.fields, rk, nil)
	t.forget(m.outside)
	t.forget(m.name)
}

// sweepGroup leaves what a group of a swept stream has to another sweep.
func (t *transaction) sweepGroup(gk string, record []byte) {
	m, err := decodeMember(0, record)
	version := groupVersion(m.value)
	if err != nil || version == 0 {
		t.unswept(gk, errDamaged)
		return
	}
	t.discard(garbage{version: version})
}

func (t *transaction) unswept(key string, err error) {
	t.e.o.Log.Warn("sweep", "backend", t.e.o.Name, "record", key, "error", err)
}

// commit waits until c is durable.
func (s *sweeper) commit(c *change) error {
	g, ok := s.e.queue.add(c)
	if !ok {
		return s.e.overtaken()
	}
	return g.commit.Wait(s.ctx)
}
