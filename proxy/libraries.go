package proxy

import (
	"context"
	"fmt"

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

// moveLibraries gives the target of a switch the libraries of its source, as the mode says, and returns those that run here
// afterwards. ready are those that run here now. Nobody loads others meanwhile.
func (s *Server) moveLibraries(ctx context.Context, source, to *opened, mode switching.Mode, ready *commands.Libraries) (*commands.Libraries, error) {
	if mode == switching.NoCopy {
		return s.ownLibraries(ctx, to)
	}
	if source.engine == nil {
		var err error
		if ready, err = s.readLibraries(ctx, source); err != nil {
			return nil, err
		}
	}
	own, err := s.readLibraries(ctx, to)
	if err != nil {
		return nil, err
	}
	all := ready
	if mode != switching.Flush {
		if all, err = own.Merged(ready); err != nil {
			return nil, fmt.Errorf("the functions of %s and %s do not go together: %w", source.Name(), to.Name(), err)
		}
	}
	if n, _ := all.Len(); n == 0 {
		if before, _ := own.Len(); before == 0 {
			return all, nil
		}
	}
	keeper, keeps := backends.As[backends.Librarian](to.Backend)
	if !keeps {
		return nil, fmt.Errorf("%s does not keep functions", to.Name())
	}
	if err := keeper.SetLibraries(ctx, all.Payload()); err != nil {
		return nil, fmt.Errorf("giving %s the functions: %w", to.Name(), err)
	}
	if to.engine == nil {
		return &commands.Libraries{}, nil
	}
	return all, nil
}
