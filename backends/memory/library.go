package memory

import (
	"context"

	"switchyard/backends"
)

// Libraries implements backends.Librarian.
func (e *Engine) Libraries(context.Context) ([]byte, error) {
	if p := e.libraries.Load(); p != nil {
		return *p, nil
	}
	return nil, nil
}

// SetLibraries implements backends.Librarian. It evicts nothing, since who calls may hold what would be evicted: the next
// transaction does.
func (e *Engine) SetLibraries(ctx context.Context, payload []byte) error {
	old, err := e.Libraries(ctx)
	if err != nil {
		return err
	}
	limit := e.limit.Load()
	if len(payload) > len(old) && limit > 0 && e.used() > limit && policy(e.policy.Load()) == noeviction {
		return backends.ErrNoSpace
	}
	e.libraries.Store(&payload)
	return nil
}
