package transport

import (
	"context"
	"errors"
	"sync"
)

// ErrorReply is how a client reads an error that ends its connection.
func ErrorReply(err error) []byte { return []byte("-" + err.Error() + "\r\n") }

// AwaitEnd waits until all connections have ended. When ctx ends first it has them abandoned, and
// returns ctx's cause beside what abandon returns.
func AwaitEnd(ctx context.Context, conns *sync.WaitGroup, abandon func() error) (err error) {
	done := make(chan struct{})
	go func() {
		conns.Wait()
		close(done)
	}()
	select {
	case <-done:
	case <-ctx.Done():
		err = errors.Join(context.Cause(ctx), abandon())
		<-done
	}
	return err
}
