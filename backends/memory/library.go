package memory

import "context"

// Libraries implements backends.Librarian.
func (e *Engine) Libraries(context.Context) ([]byte, error) {
	if p := e.libraries.Load(); p != nil {
		return *p, nil
	}
	return nil, nil
}

// SetLibraries implements backends.Librarian.
func (e *Engine) SetLibraries(_ context.Context, payload []byte) error {
	e.libraries.Store(&payload)
	return nil
}
