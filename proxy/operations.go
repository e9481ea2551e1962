package proxy

import (
	"context"
	"sync/atomic"
	"time"

	"switchyard/commands"
)

// operations bounds how many batches of commands run or wait for their backend at once. Beyond the
// bound they wait in line, which holds their clients back; one that has waited for too long is refused.
// Below the bound it costs one atomic operation.
type operations struct {
	limit   int64
	patient time.Duration
	running atomic.Int64
	line    chan struct{} // one token for each release that somebody may wait for
	waiting atomic.Int64
}

func newOperations(limit int, patient time.Duration) *operations {
	return &operations{limit: int64(limit), patient: patient, line: make(chan struct{}, limit)}
}

// acquire takes a place. It fails with ErrTooBusy, or when ctx ends.
func (o *operations) acquire(ctx context.Context) error {
	if o.take() {
		return nil
	}
	o.waiting.Add(1)
	defer o.waiting.Add(-1)
	t := time.NewTimer(o.patient)
	defer t.Stop()
	for !o.take() {
		select {
		case <-o.line:
		case <-t.C:
			return commands.ErrTooBusy
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	return nil
}

func (o *operations) take() bool {
	for {
		n := o.running.Load()
		if n >= o.limit {
			return false
		}
		if o.running.CompareAndSwap(n, n+1) {
			return true
		}
	}
}

// release gives a place back. It wakes somebody whenever somebody waits: who comes to wait looks
// for a place once more after it has said so.
func (o *operations) release() {
	o.running.Add(-1)
	if o.waiting.Load() > 0 {
		select {
		case o.line <- struct{}{}:
		default:
		}
	}
}
