package proxy

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"switchyard/commands"
)

func TestNobodyIsInsideAClosedGate(t *testing.T) {
	g := newGate()
	const sessions, closings = 8, 200
	var value int // only touched inside, or by who has closed the gate
	var inside sync.Mutex
	stop := make(chan struct{})
	var all sync.WaitGroup
	for range sessions {
		p := new(pass)
		g.add(p)
		all.Go(func() {
			defer g.remove(p)
			for {
				select {
				case <-stop:
					return
				default:
				}
				g.enter(p)
				g.enter(p)
				inside.Lock()
				value++
				inside.Unlock()
				g.leave(p)
			}
		})
	}
	for range closings {
		if err := g.Close(context.Background()); err != nil {
			t.Fatal(err)
		}
		before := value // the race detector would see anybody inside
		time.Sleep(10 * time.Microsecond)
		if value != before {
			t.Fatal("somebody passed the closed gate")
		}
		g.Open()
	}
	close(stop)
	all.Wait()
}

func TestAGateThatCannotBeClosedInTimeIsOpen(t *testing.T) {
	g := newGate()
	p, other := new(pass), new(pass)
	g.add(p)
	g.add(other)
	g.enter(p)
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Millisecond)
	defer cancel()
	if err := g.Close(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatal(err)
	}
	g.enter(other) // would wait for ever
	g.leave(other)
	g.leave(p)
	if err := g.Close(context.Background()); err != nil {
		t.Fatal(err)
	}
	g.Open()
}

func TestOperationsAreBoundedAndWaitInLine(t *testing.T) {
	o := newOperations(2, time.Minute)
	ctx := context.Background()
	var mu sync.Mutex
	running, most := 0, 0
	var all sync.WaitGroup
	for range 16 {
		all.Go(func() {
			for range 200 {
				if err := o.acquire(ctx); err != nil {
					t.Error(err)
				}
				mu.Lock()
				running++
				most = max(most, running)
				mu.Unlock()
				mu.Lock()
				running--
				mu.Unlock()
				o.release()
			}
		})
	}
	all.Wait()
	if most > 2 {
		t.Errorf("%d ran at once", most)
	}
}

func TestWhoWaitsForTooLongIsRefused(t *testing.T) {
	o := newOperations(1, time.Millisecond)
	if err := o.acquire(context.Background()); err != nil {
		t.Fatal(err)
	}
	if err := o.acquire(context.Background()); !errors.Is(err, commands.ErrTooBusy) {
		t.Errorf("%v", err)
	}
	o.release()
	if err := o.acquire(context.Background()); err != nil {
		t.Error(err)
	}
}
