package ordered

import (
	"bytes"
	"context"

	"switchyard/backends"
)

// librariesKey is that of the record of the libraries of functions.
var librariesKey = text([]byte{tagLibraries})

// Libraries implements backends.Librarian.
func (e *Engine) Libraries(ctx context.Context) (payload []byte, err error) {
	commit, err := e.Do(ctx, &backends.Access{Silent: true}, backends.BodyFunc(func(t backends.Tx) error {
		payload = bytes.Clone(t.(*tx).get(librariesKey))
		return nil
	}))
	if err != nil {
		return nil, err
	}
	return payload, commit.Wait(ctx)
}

// SetLibraries implements backends.Librarian.
func (e *Engine) SetLibraries(ctx context.Context, payload []byte) error {
	if payload = bytes.Clone(payload); len(payload) == 0 {
		payload = nil // a store need not keep a record without a value
	}
	commit, err := e.Do(ctx, &backends.Access{Write: true, Grows: true, Silent: true}, backends.BodyFunc(func(t backends.Tx) error {
		t.(*tx).set(librariesKey, payload)
		return nil
	}))
	if err != nil {
		return err
	}
	return commit.Wait(ctx)
}
