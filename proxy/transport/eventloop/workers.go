package eventloop

import (
	"sync/atomic"

	"github.com/panjf2000/gnet/v2"
)

// workers are the goroutines for requests that must not run on a loop. A few of those that are done wait for the next
// request: their stacks are as deep as requests need them, and a new goroutine would have to grow its own step by step.
type workers struct {
	jobs  chan job // has no buffer: who sends finds an idle worker, or none
	idle  atomic.Int32
	ended chan struct{}
}

// job is a connection that is handed over, and what the goroutine begins with.
type job struct {
	c     *conn
	gc    gnet.Conn
	input []byte
}

// keepWorkers is how many wait.
const keepWorkers = 32

func newWorkers() *workers { return &workers{jobs: make(chan job), ended: make(chan struct{})} }

// start has a worker do a job, without waiting for anything.
func (w *workers) start(j job) {
	select {
	case w.jobs <- j:
	default:
		go w.work(j)
	}
}

func (w *workers) work(j job) {
	for {
		j.c.wait(j.gc, j.input)
		j = job{} // it is not to be kept by who waits
		if w.idle.Add(1) > keepWorkers {
			w.idle.Add(-1)
			return
		}
		select {
		case j = <-w.jobs:
			w.idle.Add(-1)
		case <-w.ended:
			return
		}
	}
}

// end has the idle ones return, and the others once they are done.
func (w *workers) end() { close(w.ended) }
