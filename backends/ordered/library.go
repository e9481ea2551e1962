package ordered

import (
	"bytes"
	"context"

	"switchyard/backends"
)

// The payload of the libraries of functions is cut into chunks, as a long string is. It ends before the first number that
// has no record.

// Libraries implements backends.Librarian.
func (e *Engine) Libraries(ctx context.Context) (payload []byte, err error) {
	a := &backends.Access{Now: e.o.Clock(), Silent: true}
	commit, err := e.Do(ctx, a, backends.BodyFunc(func(t backends.Tx) error {
		payload = nil
		for n := uint32(0); ; n++ {
			chunk := t.(*tx).get(numberKey(tagLibraries, n))
			if chunk == nil {
				return nil
			}
			payload = append(payload, chunk...)
		}
	}))
	if err != nil {
		return nil, err
	}
	return payload, commit.Wait(ctx)
}

// SetLibraries implements backends.Librarian.
func (e *Engine) SetLibraries(ctx context.Context, payload []byte) error {
	old, err := e.Libraries(ctx)
	if err != nil {
		return err
	}
	a := &backends.Access{Now: e.o.Clock(), Write: true, Grows: len(payload) > len(old), Silent: true}
	commit, err := e.Do(ctx, a, backends.BodyFunc(func(t backends.Tx) error {
		t.(*tx).setLibraries(payload)
		return nil
	}))
	if err != nil {
		return err
	}
	return commit.Wait(ctx)
}

func (t *tx) setLibraries(payload []byte) {
	for n := uint32(0); t.err == nil; n++ {
		key := numberKey(tagLibraries, n)
		size := min(len(payload), t.e.o.chunk)
		switch {
		case size > 0:
			t.set(key, bytes.Clone(payload[:size]))
		case t.get(key) != nil:
			t.set(key, nil)
		default:
			return
		}
		payload = payload[size:]
	}
}
