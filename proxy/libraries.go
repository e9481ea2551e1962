package proxy

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"switchyard/backends"
	"switchyard/commands"
	"switchyard/proxy/switching"
)

// The libraries of functions belong to the active backend, which keeps their code; ready to run they are here, if it is an
// Engine. A Forwarder runs functions by itself.

// KeepLibraries implements commands.Server. It is called from within Functions.Change, as the switch calls moveLibraries, so
// the active backend stays the same meanwhile.
func (s *Server) KeepLibraries(ctx context.Context, payload []byte) error {
	b := s.active.Load()
	keeper, keeps := backends.As[backends.Librarian](b.Backend)
	if b.engine == nil || !keeps {
		return commands.ErrNoLibraries
	}
	return keeper.SetLibraries(ctx, payload)
}

// readLibraries makes the libraries that a backend keeps ready to run.
func (s *Server) readLibraries(ctx context.Context, b *opened) (*commands.Libraries, error) {
	keeper, keeps := backends.As[backends.Librarian](b.Backend)
	if !keeps {
		return &commands.Libraries{}, nil
	}
	payload, err := keeper.Libraries(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading the functions of %s: %w", b.Name(), err)
	}
	l, err := s.functions.Read(ctx, payload, func(name string, err error) {
		s.log.Error("a library of functions cannot be loaded; it is kept, and its functions are missing", "backend", b.Name(), "library", name, "error", err)
	})
	if err != nil {
		return nil, fmt.Errorf("reading the functions of %s: %w", b.Name(), err)
	}
	return l, nil
}

// ownLibraries are those that run here once b is active.
func (s *Server) ownLibraries(ctx context.Context, b *opened) (*commands.Libraries, error) {
	if b.engine == nil {
		return &commands.Libraries{}, nil
	}
	return s.readLibraries(ctx, b)
}

// libraryPause is the most that clients wait at the closed gate for libraries to move.
const libraryPause = 5 * time.Second

// moveLibraries gives the target of a switch the libraries of its source, as the mode says, and returns those that run here
// afterwards. ready are those that run here now. Nobody loads others meanwhile. undo is for a switch that fails after it, and
// after an error nothing is to be undone.
func (s *Server) moveLibraries(ctx context.Context, source, to *opened, mode switching.Mode, ready *commands.Libraries) (running *commands.Libraries, undo func() error, err error) {
	brief, cancel := context.WithTimeout(ctx, libraryPause)
	defer cancel()
	undo = func() error { return nil }
	if mode == switching.NoCopy {
		running, err = s.ownLibraries(brief, to)
		return running, undo, err
	}
	if source.engine == nil {
		if ready, err = s.readLibraries(brief, source); err != nil {
			return nil, nil, err
		}
	}
	own, err := s.readLibraries(brief, to)
	if err != nil {
		return nil, nil, err
	}
	all := ready
	if mode != switching.Flush {
		if all, err = own.Merged(ready); err != nil {
			return nil, nil, fmt.Errorf("the functions of %s and %s do not go together: %w", source.Name(), to.Name(), err)
		}
	}
	if !bytes.Equal(all.Payload(), own.Payload()) {
		undo = func() error {
			ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), libraryPause)
			defer cancel()
			return s.giveLibraries(ctx, to, own)
		}
		if err := s.giveLibraries(brief, to, all); err != nil {
			return nil, nil, errors.Join(err, undo()) // it may have happened all the same
		}
	}
	if to.engine == nil {
		all = &commands.Libraries{}
	}
	return all, undo, nil
}

// giveLibraries has a backend keep libraries in the place of its own.
func (s *Server) giveLibraries(ctx context.Context, b *opened, l *commands.Libraries) error {
	keeper, keeps := backends.As[backends.Librarian](b.Backend)
	payload := l.Payload()
	switch {
	case !keeps && len(payload) == 0:
		return nil
	case !keeps:
		return fmt.Errorf("%s does not keep functions", b.Name())
	}
	if err := keeper.SetLibraries(ctx, payload); err != nil {
		return fmt.Errorf("giving %s the functions: %w", b.Name(), err)
	}
	return nil
}
