package backends

import "context"

// Commit is a group of transactions on its way to durable storage. Ordering and durability are two
// steps: when Do returns, the transaction is done and others see it; when its Commit is done it is
// durable. So a pipeline of 64 writes waits once, and clients share one fsync.
type Commit struct {
	done chan struct{}
	err  error
}

// NewCommit returns a Commit that is under way.
func NewCommit() *Commit { return &Commit{done: make(chan struct{})} }

// Finish ends the commit, once: with nil all of it is durable, otherwise none of it happened.
func (c *Commit) Finish(err error) {
	c.err = err
	close(c.done)
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
