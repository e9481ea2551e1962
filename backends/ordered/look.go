package ordered

import (
	"runtime"

	"switchyard/backends"
)

// A transaction that only reads, and whose body may run again, locks nothing: it neither waits for a writer nor makes one
// wait. It reads as if it were alone, and looks afterwards whether a writer has had one of its keys meanwhile. If so,
// what it has read need not fit together, and it reads again. One that meets writers again and again, or is
// expected to take long, reads a view of the queue, which does not change.

// lookTries is how often a transaction reads what may change.
const lookTries = 3

// look runs body without locks.
func (t *transaction) look(body backends.Body) (*backends.Commit, error) {
	a, held := t.a, stripesOf(t.a)
	for range lookTries {
		if a.All || a.Long {
			break
		}
		versions, free := t.e.stripes.versions(&held, t.seen[:0])
		if !free {
			runtime.Gosched() // a writer is at work
			continue
		}
		t.seen = versions
		t.begin(&held)
		t.optimistic = true
		if err := t.call(body); !t.changed() {
			t.keep()
			return t.result(err)
		}
		t.end()
		t.a = a
	}
	t.begin(&held)
	t.frozen = true
	view := t.snapshot()
	if t.err != nil {
		return t.result(nil) // it would wait
	}
	t.now = view.spaces
	return t.result(t.call(body))
}

// keep remembers what came from the store, unless a writer has had it since.
func (t *transaction) keep() {
	if len(t.fresh) == 0 || !t.e.stripes.tryLock(t.held, false) {
		return
	}
	defer t.e.stripes.unlock(t.held, false)
	if !t.e.stripes.unchanged(t.held, t.seen) {
		return
	}
	for _, op := range t.fresh {
		t.e.cache.put(op.Key, op.Value, t.epoch, 0)
	}
}

// keepFresh is how many records one transaction remembers.
const keepFresh = 64
