package proxy

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

// gate lets a switch hold all commands back for the moment of the flip. An ordinary command passes it
// with one store and one load on memory that nobody else touches: each session has a pass of its
// own, and only who closes the gate looks at all of them.
//
// Why no command slips through: a session first says that it is inside and then looks whether the
// gate is closed; Close first closes and then looks who is inside. Whatever the order in between,
// one of the two sees the other.
type gate struct {
	closed atomic.Bool

	mu     sync.Mutex
	opened chan struct{} // closed when the gate opens again; nil while it is open
	passes map[*pass]struct{}
}

// pass is one session's way through the gate.
type pass struct{ inside atomic.Bool }

func newGate() *gate { return &gate{passes: map[*pass]struct{}{}} }

func (g *gate) add(p *pass) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.passes[p] = struct{}{}
}

func (g *gate) remove(p *pass) {
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.passes, p)
}

// enter waits until the gate is open. Whoever is inside may enter again, which does nothing.
func (g *gate) enter(p *pass) {
	if p.inside.Load() {
		return
	}
	for !g.tryEnter(p) {
		g.mu.Lock()
		opened := g.opened
		g.mu.Unlock()
		if opened != nil {
			<-opened
		}
	}
}

// tryEnter is enter that does not wait, and says whether it could.
func (g *gate) tryEnter(p *pass) bool {
	p.inside.Store(true)
	if g.closed.Load() {
		p.inside.Store(false)
		return false
	}
	return true
}

func (g *gate) leave(p *pass) { p.inside.Store(false) }

// Close implements switching.Gate.
func (g *gate) Close(ctx context.Context) error {
	g.mu.Lock()
	g.opened = make(chan struct{})
	g.closed.Store(true)
	g.mu.Unlock()
	err := g.drain(ctx)
	if err != nil {
		g.Open()
	}
	return err
}

// drain waits until everybody has left who is inside now.
func (g *gate) drain(ctx context.Context) error {
	g.mu.Lock()
	passes := make([]*pass, 0, len(g.passes))
	for p := range g.passes {
		passes = append(passes, p)
	}
	g.mu.Unlock()
	for _, p := range passes {
		if err := awaitOutside(ctx, p); err != nil {
			return err
		}
	}
	return nil
}

// awaitOutside looks again and again, since a session that told when it leaves would pay for it
// with every command.
func awaitOutside(ctx context.Context, p *pass) error {
	const first, longest = 20 * time.Microsecond, time.Millisecond
	for pause := first; p.inside.Load(); pause = min(2*pause, longest) {
		t := time.NewTimer(pause)
		select {
		case <-t.C:
		case <-ctx.Done():
			t.Stop()
			return context.Cause(ctx)
		}
	}
	return nil
}

// Open implements switching.Gate.
func (g *gate) Open() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.closed.Store(false)
	close(g.opened)
	g.opened = nil
}
