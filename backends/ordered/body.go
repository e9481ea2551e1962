package ordered

import (
	"fmt"
	"runtime/debug"

	"switchyard/backends"
)

// A body does not look for errors of the store: what it opens has no methods that could fail. But what it reads after an
// error would be empty, and it might wait for ever for something to come, as who picks distinct members at
// random does. So an error ends it at once, as does what a reader without locks has read in two halves.

// aborted ends a body; the transaction knows why.
type aborted struct{}

// call runs a body until it returns or is ended.
func (t *transaction) call(body backends.Body) (err error) {
	t.running = true
	defer func() {
		t.running = false
		switch p := recover(); p.(type) {
		case nil:
		case aborted:
			err = t.err
		default:
			if t.optimistic && t.changed() {
				return // halves that do not fit together
			}
			panic(fmt.Sprintf("%v\n%s", p, debug.Stack()))
		}
	}()
	return body.Run(&t.root)
}

// abort ends the body at hand, if one runs.
func (t *transaction) abort() {
	if t.running {
		panic(aborted{})
	}
}

// changed says whether a writer has had a key of a reader without locks.
func (t *transaction) changed() bool { return !t.e.stripes.unchanged(t.held, t.seen) }

// recheck ends a reader without locks that may have read two halves. One with many keys does not look each time.
func (t *transaction) recheck() {
	if t.reads++; t.held.one == 0 && t.reads%32 != 0 {
		return
	}
	if t.changed() {
		t.abort()
	}
}
