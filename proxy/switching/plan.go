// Package switching moves a live keyspace from one backend to another while clients go on reading
// and writing.
//
// Start with Plan.Run, which is the story. Tracker says how writes that happen during the copy are
// found again, and what dispatch owes to it. copy.go copies, cutover.go ends the switch, journal.go
// is what survives a crash.
package switching

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"switchyard/backends"
	"switchyard/backends/rdb"
)

// Errors of Run, found with errors.Is.
var (
	// ErrNotEmpty says that the target holds keys, and the mode does not say what to do with them.
	ErrNotEmpty = errors.New("the target is not empty: say FLUSH or MERGE")
	// ErrSame says that source and target are two names of one store.
	ErrSame = errors.New("source and target are the same store")
	// ErrImmobile says that a backend can neither move keys by itself nor by transactions.
	ErrImmobile = errors.New("keys cannot be moved")
	// ErrBusy says that the last changed keys could not be copied within the allowed pause.
	ErrBusy = errors.New("writes outrun the copy")
	// ErrPartial says that the switch failed and that its remains could not be removed from
	// the target, which the journal should go on saying.
	ErrPartial = errors.New("the target keeps a partial copy")
)

// Mode says what to do with what is in the target.
type Mode string

const (
	// Copy refuses a target that holds keys.
	Copy Mode = "copy"
	// Flush empties the target first.
	Flush Mode = "flush"
	// Merge keeps the keys of the target that the source does not have. A key that is deleted
	// in the source during the switch is deleted in the target if this switch had copied it,
	// and otherwise stays, as one that the source never had.
	Merge Mode = "merge"
	// NoCopy changes the active backend and moves no keys.
	NoCopy Mode = "nocopy"
)

// Gate holds all commands back for the moment of the flip.
type Gate interface {
	// Close returns when no command is running; none will start until Open. When it cannot
	// within ctx, it returns an error and the gate is open.
	Close(ctx context.Context) error
	Open()
}

// Limits bound what a switch costs. Zero values stand for the defaults.
type Limits struct {
	BatchKeys  int           // the most keys in one batch; 512
	BatchBytes int           // about the most bytes in one batch; 4 MB
	Flights    int           // batches under way at once; 4
	Share      float64       // of the time that each of them may work, above 0 to 1; 1
	Small      int           // so many changed keys are left for the closed gate; 1000
	Stuck      int           // rounds that do not get smaller before the gate is tried anyway; 3
	Restarts   int           // times that the copy starts over for a FLUSHALL; 3
	Pause      time.Duration // the most that clients wait at the closed gate; 500 ms
	WholePause time.Duration // the same, when a database as a whole is left for it; 5 s
	Attempts   int           // times that the gate is tried; 5
	Marks      int64         // bytes of memory for the marks of changed keys; 256 MB
	Discard    time.Duration // the most that removing a partial copy takes; 30 s
}

func (l Limits) withDefaults() Limits {
	orElse(&l.BatchKeys, 512)
	orElse(&l.BatchBytes, 4<<20)
	orElse(&l.Flights, 4)
	orElse(&l.Share, 1)
	orElse(&l.Small, 1000)
	orElse(&l.Stuck, 3)
	orElse(&l.Restarts, 3)
	orElse(&l.Pause, 500*time.Millisecond)
	orElse(&l.WholePause, 5*time.Second)
	orElse(&l.Attempts, 5)
	orElse(&l.Marks, 256<<20)
	orElse(&l.Discard, 30*time.Second)
	return l
}

func orElse[T comparable](v *T, def T) {
	var zero T
	if *v == zero {
		*v = def
	}
}

// Progress is how far a switch has come.
type Progress struct {
	Phase string // "copy", "catch up", "cut over"
	Keys  int64  // copied so far, counting those copied again
	Bytes int64  // of their payloads
	Dirty int64  // keys known to have changed since they were copied
}

// Plan is one switch.
type Plan struct {
	From, To  backends.Backend
	Databases int
	Mode      Mode
	// Partial says that the target may hold what a crashed switch left (see State.Holds): mode
	// Copy then empties it rather than refusing it.
	Partial bool
	Gate    Gate
	// Track installs the Tracker in dispatch, and where the source tells what it removes by itself, and removes
	// it with nil. When it returns, whoever has yet to mark keys sees the new one.
	Track func(*Tracker)
	// Flip makes the target the active backend, durably. It is called with the gate closed,
	// once. With an error nothing may have changed.
	Flip     func() error
	Log      *slog.Logger // nil: silent
	Limits   Limits
	Progress func(Progress) // nil: nobody asks; called after each batch, one call at a time
}

// Run switches. It returns nil when the target is active, which it also does at once when it is
// the source. On an error the source is active and was not changed, the gate is open, and what was copied
// is removed from the target again; only in mode Merge it stays, because what it replaced is lost
// anyway, and a second attempt replaces it again. Cancelling ctx before the flip is a failure like
// others. No goroutine outlives Run.
func (p *Plan) Run(ctx context.Context) error {
	if p.From.Name() == p.To.Name() {
		return nil
	}
	if err := p.run(ctx); err != nil {
		return fmt.Errorf("switch %s -> %s: %w", p.From.Name(), p.To.Name(), err)
	}
	return nil
}

func (p *Plan) run(ctx context.Context) error {
	c := &copier{plan: p, limits: p.Limits.withDefaults(), log: p.Log, filled: map[int]bool{}}
	if c.log == nil {
		c.log = slog.New(slog.DiscardHandler)
	}
	c.log = c.log.With("from", p.From.Name(), "to", p.To.Name(), "mode", string(p.Mode))
	c.tracker = NewTracker(c.limits.Marks)
	if err := p.prepare(ctx, c); err != nil {
		return err
	}
	if p.Mode == NoCopy {
		return c.flipOnly(ctx)
	}
	if pauser, ok := backends.As[backends.Pauser](p.To); ok {
		pauser.Pause()
		defer pauser.Resume()
	}
	err := c.copyAndFlip(ctx)
	if err == nil {
		return nil
	}
	if left := c.discard(ctx); left != nil {
		return fmt.Errorf("%w; %w: %w", err, ErrPartial, left)
	}
	return err
}

// prepare finds out whether the switch is possible. It changes nothing.
func (p *Plan) prepare(ctx context.Context, c *copier) error {
	if err := p.To.Ping(ctx); err != nil {
		return fmt.Errorf("the target does not answer: %w", err)
	}
	if same, err := p.same(ctx); err != nil || same {
		return errors.Join(err, ErrSame)
	}
	switch p.Mode {
	case NoCopy:
		return nil
	case Copy, Flush, Merge:
	default:
		return fmt.Errorf("no such mode: %q", p.Mode)
	}
	var ok bool
	if c.from, ok = rdb.MoverOf(p.From); !ok {
		return fmt.Errorf("%s: %w", p.From.Name(), ErrImmobile)
	}
	if c.to, ok = rdb.MoverOf(p.To); !ok {
		return fmt.Errorf("%s: %w", p.To.Name(), ErrImmobile)
	}
	// A source that cannot be read should be found out before the target is emptied.
	if err := p.From.Ping(ctx); err != nil {
		return fmt.Errorf("the source does not answer: %w", err)
	}
	switch {
	case p.Mode == Merge:
		c.copied = newCopied()
	case p.Mode == Copy && !p.Partial:
		return p.refuseKeys(ctx, c.to)
	case p.Mode == Flush:
		return p.rehearse(ctx, c)
	}
	return nil
}

// same says whether both backends are names of one store: to empty the target would be to lose all.
func (p *Plan) same(ctx context.Context) (bool, error) {
	from, ok := backends.As[backends.Identifier](p.From)
	to, both := backends.As[backends.Identifier](p.To)
	if !ok || !both {
		return false, nil
	}
	a, err := to.Identity(ctx)
	if err != nil {
		return false, fmt.Errorf("the target does not say who it is: %w", err)
	}
	b, err := from.Identity(ctx)
	if err != nil && p.Mode != NoCopy { // a dead source can be left
		return false, fmt.Errorf("the source does not say who it is: %w", err)
	}
	return err == nil && a == b, nil
}

// rehearse reads the whole source before a target that holds keys is emptied for it, since a value that
// the target cannot hold would be found when it is too late. A Forwarder judges by itself.
func (p *Plan) rehearse(ctx context.Context, c *copier) error {
	if _, isEngine := backends.As[backends.Engine](p.To); !isEngine {
		return nil
	}
	if err := p.refuseKeys(ctx, c.to); !errors.Is(err, ErrNotEmpty) {
		return err // nothing can be lost
	}
	for db := range p.Databases {
		var keys [][]byte
		err := c.from.EachKey(ctx, db, func(key []byte) error {
			if keys = append(keys, key); len(keys) < c.limits.BatchKeys {
				return nil
			}
			batch := keys
			keys = nil
			return c.check(ctx, db, batch)
		})
		if err == nil {
			err = c.check(ctx, db, keys)
		}
		if err != nil {
			return fmt.Errorf("the target was left as it is: %w", err)
		}
	}
	return nil
}

// check says whether the values of keys could be restored.
func (c *copier) check(ctx context.Context, db int, keys [][]byte) error {
	for len(keys) > 0 {
		n := c.part(len(keys))
		vals, err := c.from.Dump(ctx, db, keys[:n])
		if err != nil {
			return fmt.Errorf("reading the source: %w", err)
		}
		keys = keys[n:]
		c.weigh(vals)
		for _, v := range vals {
			if v.Payload == nil {
				continue
			}
			if err := rdb.Check(v.Payload); err != nil {
				return fmt.Errorf("key %q of database %d: %w", v.Key, db, err)
			}
		}
	}
	return nil
}

// refuseKeys returns ErrNotEmpty when there is a key. The counts of Stats will not do: they have
// keys whose time has come.
func (p *Plan) refuseKeys(ctx context.Context, m backends.Mover) error {
	for db := range p.Databases {
		err := m.EachKey(ctx, db, func(key []byte) error {
			vals, err := m.Dump(ctx, db, [][]byte{key})
			if err == nil && vals[0].Payload != nil {
				err = ErrNotEmpty
			}
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}
