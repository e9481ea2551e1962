package switching

import (
	"context"
	"errors"
	"fmt"
)

// copyAndFlip is the switch from the first mark to the flip.
func (c *copier) copyAndFlip(ctx context.Context) error {
	c.plan.Track(c.tracker)
	defer c.plan.Track(nil)
	if c.plan.Mode == Flush || c.plan.Mode == Copy && c.plan.Partial {
		c.log.Info("switch: emptying the target")
		c.touched = true
		if err := c.to.Flush(ctx); err != nil {
			return fmt.Errorf("emptying the target: %w", err)
		}
	}
	left := dirty{all: true}
	for attempt := 1; ; attempt++ {
		var err error
		if left, err = c.catchUp(ctx, left); err != nil {
			return err
		}
		var late bool
		if left, late, err = c.cutOver(ctx, left); !late {
			return err
		}
		c.log.Warn("switch: the gate was closed for too long", "attempt", attempt, "dirty", left.len())
		if attempt >= c.limits.Attempts {
			return fmt.Errorf("%w: no cut-over in %d attempts: %w", ErrBusy, attempt, err)
		}
	}
}

// catchUp copies d, then what has changed meanwhile, and so on, until little is left or it gets no
// less. It returns what is left.
func (c *copier) catchUp(ctx context.Context, d dirty) (dirty, error) {
	best, stuck := -1, 0
	for {
		if d.whole() {
			c.phase("copy")
			if c.restarts++; c.restarts > 1+c.limits.Restarts {
				return d, nil
			}
		} else {
			c.phase("catch up")
		}
		err := c.round(ctx, d)
		if errors.Is(err, errStartOver) {
			c.log.Info("switch: the copy starts over")
			d = d.plus(c.carry).plus(c.tracker.take())
			c.carry = dirty{}
			continue
		}
		if err != nil {
			return d, err
		}
		d = c.tracker.take()
		if d.whole() {
			continue
		}
		n := d.len()
		c.log.Info("switch: round done", "dirty", n, "keys", c.keys.Load())
		if n < c.limits.Small {
			return d, nil
		}
		if best < 0 || n < best {
			best, stuck = n, 0
		} else if stuck++; stuck >= c.limits.Stuck {
			return d, nil
		}
	}
}

// cutOver copies what is left behind the closed gate, and flips. late: there was not enough
// time, the gate is open again, and the keys returned are still to be copied.
func (c *copier) cutOver(ctx context.Context, d dirty) (left dirty, late bool, err error) {
	c.phase("cut over")
	pause := c.limits.Pause
	if d.whole() {
		pause = c.limits.WholePause
	}
	brief, cancel := context.WithTimeout(ctx, pause)
	defer cancel()
	if err := c.plan.Gate.Close(brief); err != nil {
		return d, ctx.Err() == nil && brief.Err() != nil, fmt.Errorf("closing the gate: %w", err)
	}
	defer c.plan.Gate.Open()
	c.closed = true
	defer func() { c.closed = false }()
	d = d.plus(c.tracker.take())
	if err := c.round(brief, d); err != nil {
		return d, ctx.Err() == nil && brief.Err() != nil, err
	}
	if ctx.Err() != nil {
		return d, false, context.Cause(ctx)
	}
	if err := c.plan.Flip(); err != nil {
		return d, false, fmt.Errorf("recording the choice: %w", err)
	}
	c.log.Info("switch: done", "keys", c.keys.Load(), "last", d.len())
	return dirty{}, false, nil
}

// flipOnly is mode NoCopy.
func (c *copier) flipOnly(ctx context.Context) error {
	brief, cancel := context.WithTimeout(ctx, c.limits.Pause)
	defer cancel()
	if err := c.plan.Gate.Close(brief); err != nil {
		return fmt.Errorf("closing the gate: %w", err)
	}
	defer c.plan.Gate.Open()
	if err := c.plan.Flip(); err != nil {
		return fmt.Errorf("recording the choice: %w", err)
	}
	return nil
}

// discard removes what was copied after a failure, also when ctx is the reason of it.
func (c *copier) discard(ctx context.Context) error {
	if !c.touched || c.plan.Mode == Merge {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), c.limits.Discard)
	defer cancel()
	return c.to.Flush(ctx)
}
