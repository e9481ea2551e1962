package commands

import (
	"math"
	"math/big"

	"switchyard/backends"
)

// A handler that finds nothing and may wait returns c.wait. The call is made again whenever one of the keys may have
// what it waits for, and runs from its beginning, until it finds something.

// Wait is what a call waits for.
type Wait struct {
	Kind    backends.Type // of the value that one of the keys is to hold
	Keys    [][]byte      // valid until Client.Block returns
	Timeout int64         // milliseconds; 0: for ever
	Args    [][]byte      // of the call when it is made again
	OrGone  bool          // it is made again, too, when a key is gone, or holds something else
}

// wait has the call wait. What is part of something larger does not: it finds nothing, as after the time has passed.
func (c *Ctx) wait(w Wait) error {
	if c.Part {
		c.NullArray()
		return nil
	}
	if w.Args == nil {
		w.Args = c.Args
	}
	w.Args = CopyArgs(w.Args)
	c.Client.Block(w)
	return ErrWait
}

// seconds reads how long to wait, in seconds and parts of them, and returns milliseconds.
func (c *Ctx) seconds(arg []byte) (int64, error) {
	f, err := longDouble(arg)
	if err != nil {
		return 0, ErrTimeoutFloat
	}
	f.Mul(f, big.NewFloat(1000))
	if f.Cmp(big.NewFloat(math.MaxInt64)) >= 0 {
		return 0, ErrTimeoutRange
	}
	ms, accuracy := f.Int64()
	if accuracy == big.Below { // Redis rounds up
		ms++
	}
	switch {
	case ms < 0:
		return 0, ErrTimeoutNegative
	case ms > math.MaxInt64-c.Now:
		return 0, ErrTimeoutRange
	}
	return ms, nil
}

// last is the last argument, which says how long to wait.
func (c *Ctx) last() []byte { return c.Args[len(c.Args)-1] }

// noBlockingRelay refuses to wait in a real Redis, whose connections clients share.
var noBlockingRelay = &Relay{
	Request: func(*Ctx, [][]byte) ([][]byte, error) { return nil, ErrNoBlocking },
	Reply:   func(_ *Ctx, reply []byte) []byte { return reply },
}
