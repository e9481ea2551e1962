package proxy

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

// patience hands out contexts that end when a command has waited long enough for its backend. Many commands share
// one, since a context and its timer cost more than most commands do: so it may be up to an eighth
// longer than what is asked for.
type patience struct {
	parent context.Context
	mu     sync.Mutex
	shared atomic.Pointer[sharedWait]
}

type sharedWait struct {
	ctx   context.Context
	end   context.CancelFunc
	until time.Time // no command that begins later gets it
}

// of returns a context that ends in most at the earliest.
func (p *patience) of(most time.Duration) context.Context {
	now := time.Now()
	if w := p.shared.Load(); w != nil && now.Before(w.until) {
		return w.ctx
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if w := p.shared.Load(); w != nil && now.Before(w.until) {
		return w.ctx
	}
	w := &sharedWait{until: now.Add(most / 8)}
	w.ctx, w.end = context.WithDeadline(p.parent, w.until.Add(most))
	// The one before ends by itself, when the last command that has it has waited long enough.
	p.shared.Store(w)
	return w.ctx
}
