package redis

import (
	"context"
	"errors"
	"strings"
)

var errNoFunctions = errors.New("the server has no functions: they came with Redis 7.0")

// Libraries implements backends.Librarian. A server that is too old for functions has none.
func (b *Backend) Libraries(ctx context.Context) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	payload, err := b.client(0).FunctionDump(ctx).Result()
	switch {
	case lacksFunctions(err):
		return nil, nil
	case err != nil:
		return nil, b.up.wrap(err)
	}
	return []byte(payload), nil
}

// SetLibraries implements backends.Librarian.
func (b *Backend) SetLibraries(ctx context.Context, payload []byte) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	var err error
	if len(payload) == 0 {
		err = b.client(0).FunctionFlush(ctx).Err()
	} else {
		err = b.client(0).Do(ctx, "FUNCTION", "RESTORE", payload, "FLUSH").Err()
	}
	switch {
	case lacksFunctions(err) && len(payload) == 0:
		return nil
	case lacksFunctions(err):
		return b.up.wrap(errNoFunctions)
	}
	return b.up.wrap(err)
}

// lacksFunctions recognises how a server refuses a command that it does not have.
func lacksFunctions(err error) bool {
	return err != nil && strings.HasPrefix(strings.ToLower(err.Error()), "err unknown command")
}
