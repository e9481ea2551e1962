package backends

import (
	"context"
	"sync"
)

// Commit is a group of transactions on its way to durable storage. Ordering and durability are two
// steps: when Do returns, the transaction is done and others see it; when its Commit is done it is
// durable. So a pipeline of 64 writes waits once, and clients share one fsync.
type Commit struct {
	done chan struct{}
	err  error

	mu   sync.Mutex
	then []func() // who waits without a goroutine; nil once it has ended
}

// NewCommit returns a Commit that is under way.
func NewCommit() *Commit { return &Commit{done: make(chan struct{})} }

// Finish ends the commit, once: with nil all of it is durable, otherwise none of it happened.
func (c *Commit) Finish(err error) {
	c.mu.Lock()
	c.err = err
	close(c.done)
	then := c.then
	c.then = nil
	c.mu.Unlock()
	for _, fn := range then {
		fn()
	}
}

// Then has fn called when the commit ends, which must be quick, and says true; false: it has ended, and fn is not
// called.
func (c *Commit) Then(fn func()) bool {
	if c == nil {
		return false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	select {
	case <-c.done:
		return false
	default:
	}
	c.then = append(c.then, fn)
	return true
}

// Done is closed when the commit has ended.
func (c *Commit) Done() <-chan struct{} { return c.done }

// Wait waits for the end of the commit and returns its error. A nil Commit has ended well.
func (c *Commit) Wait(ctx context.Context) error {
	if c == nil {
		return nil
	}
	select {
	case <-c.done:
		return c.err
	default:
	}
	select {
	case <-c.done:
		return c.err
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
