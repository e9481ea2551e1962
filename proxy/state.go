package proxy

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"switchyard/backends"
	"switchyard/commands"
	"switchyard/proxy/switching"
)

// This file is the STATE commands' side of the server: commands.State.

var switchModes = map[commands.SwitchMode]switching.Mode{
	commands.SwitchEmpty: switching.Copy, commands.SwitchFlush: switching.Flush,
	commands.SwitchMerge: switching.Merge, commands.SwitchNoCopy: switching.NoCopy,
}

// Switch implements commands.State.
func (s *Server) Switch(ctx context.Context, _ commands.Client, name string, mode commands.SwitchMode) error {
	target, known := s.instance(name)
	if !known {
		return commands.UnknownBackend(name, s.names())
	}
	if !s.switching.TryLock() {
		return commands.ErrSwitchUnderWay
	}
	defer s.switching.Unlock()
	source := s.active.Load()
	if target.name == source.Name() {
		return nil
	}
	err := s.switchTo(ctx, source, target, switchModes[mode])
	switch {
	case err == nil:
		return nil
	case errors.Is(err, switching.ErrNotEmpty):
		return commands.ErrBackendNotEmpty
	case errors.Is(err, switching.ErrSame):
		return commands.ErrSameStore
	case errors.Is(err, commands.ErrSwitchToSelf):
		return commands.ErrSwitchToSelf
	}
	s.log.Error("switch failed", "from", source.Name(), "to", name, "error", err)
	return commands.SwitchFailed(err)
}

// switchTo runs a switch between two entries of the journal.
func (s *Server) switchTo(ctx context.Context, source *opened, target *instance, mode switching.Mode) error {
	opening, cancel := context.WithTimeout(ctx, s.config.Timeouts.Open.Duration)
	defer cancel()
	to, err := s.open(opening, target)
	if err != nil {
		return err
	}
	if id, ok := backends.As[backends.Identifier](to.Backend); ok {
		if name, err := id.Identity(opening); err == nil && name == s.runID {
			return commands.ErrSwitchToSelf
		}
	}
	partial := s.journal.Holds(target.name)
	if err := s.record(s.journal.Begin(source.Name(), target.name, mode)); err != nil {
		return err
	}
	begun := time.Now()
	plan := switching.Plan{
		From: source.Backend, To: to.Backend, Databases: s.config.Databases, Mode: mode, Partial: partial,
		Gate: s.gate, Track: s.tracker.Store, Log: s.log, Limits: s.config.switchLimits(),
		Flip: func() error {
			return s.functions.Change(func(ready *commands.Libraries) (*commands.Libraries, error) {
				libraries, undo, err := s.moveLibraries(ctx, source, to, mode, ready)
				if err != nil {
					return nil, err
				}
				if err := s.record(s.journal.Flipped()); err != nil {
					return nil, errors.Join(err, undo())
				}
				s.use(to)
				s.epoch.Store(uint64(s.journal.Switches))
				return libraries, nil
			})
		},
	}
	if err := plan.Run(ctx); err != nil {
		return errors.Join(err, s.record(s.journal.Failed(!errors.Is(err, switching.ErrPartial))))
	}
	s.log.Info("switched", "from", source.Name(), "to", target.name, "mode", string(mode), "took", time.Since(begun))
	return nil
}

// record makes a journal entry durable.
func (s *Server) record(state switching.State) error {
	if err := s.folder.take(); err != nil {
		return err
	}
	if err := switching.Save(s.config.journalPath(), state); err != nil {
		return err
	}
	s.journal = state
	return nil
}

// Backends implements commands.State. All that are open are asked for their health at once.
func (s *Server) Backends(ctx context.Context) []commands.BackendInfo {
	active := s.active.Load()
	list := make([]commands.BackendInfo, len(s.instances))
	var all sync.WaitGroup
	for n, i := range s.instances {
		info := &list[n]
		*info = commands.BackendInfo{Name: i.name, Driver: i.driver, Active: i.name == active.Name()}
		b := i.get()
		if b == nil {
			info.Capabilities = capabilities(i.capabilities)
			continue
		}
		info.Open = true
		info.Capabilities = append(capabilities(b.Capabilities()), interfaces(b)...)
		all.Go(func() { info.Healthy = s.healthy(ctx, b) })
	}
	all.Wait()
	return list
}

// healthCheck bounds how long a backend may take to say that it is well.
const healthCheck = 2 * time.Second

func (s *Server) healthy(ctx context.Context, b *opened) bool {
	ctx, cancel := context.WithTimeout(ctx, healthCheck)
	defer cancel()
	return b.Ping(ctx) == nil
}

// capability is one that a backend may have.
type capability struct {
	name string
	has  bool
}

func named(list []capability) []string {
	names := []string{}
	for _, c := range list {
		if c.has {
			names = append(names, c.name)
		}
	}
	return names
}

// capabilities names what a backend states.
func capabilities(c backends.Capabilities) []string {
	return named([]capability{
		{"ttl", c.TTL}, {"transactions", c.Transactions}, {"atomic", c.Atomic}, {"persistent", c.Persistent}, {"shared", c.Shared},
	})
}

// interfaces names what an open backend shows by its interfaces.
func interfaces(b *opened) []string {
	_, cleans := backends.As[backends.Cleaner](b.Backend)
	_, optimizes := backends.As[backends.Optimizer](b.Backend)
	return named([]capability{
		{"engine", b.engine != nil}, {"forwarder", b.forwarder != nil}, {"cleanup", cleans}, {"optimize", optimizes},
	})
}

// BackendStats implements commands.State.
func (s *Server) BackendStats(ctx context.Context, name string) (commands.BackendStats, error) {
	b := s.active.Load()
	if name != "" {
		i, known := s.instance(name)
		if !known {
			return commands.BackendStats{}, commands.UnknownBackend(name, s.names())
		}
		if b = i.get(); b == nil {
			return commands.BackendStats{}, commands.BackendClosed(name)
		}
	}
	contents, err := b.Stats(ctx)
	if err != nil {
		return commands.BackendStats{}, fmt.Errorf("%s: stats: %w", b.Name(), err)
	}
	st := commands.BackendStats{
		Name: b.Name(), Driver: b.Driver(), Contents: contents, Uptime: time.Since(b.since), Switches: int64(s.epoch.Load()),
	}
	st.Reads, st.Writes, st.Errors = s.stats.backend(b.index)
	if b == s.active.Load() {
		st.OpsPerSecond, _, _ = s.rates.perSecond()
	}
	return st, nil
}

// Clean implements commands.State.
func (s *Server) Clean(ctx context.Context) (removed int64, err error) {
	if c, ok := backends.As[backends.Cleaner](s.active.Load().Backend); ok {
		return c.Clean(ctx)
	}
	return 0, nil
}

// Optimize implements commands.State.
func (s *Server) Optimize(ctx context.Context) error {
	if o, ok := backends.As[backends.Optimizer](s.active.Load().Backend); ok {
		return o.Optimize(ctx)
	}
	return nil
}

// Sync implements commands.Server.
func (s *Server) Sync(ctx context.Context) (can bool, err error) {
	syncer, ok := backends.As[backends.Syncer](s.active.Load().Backend)
	if !ok {
		return false, nil
	}
	return true, syncer.Sync(ctx)
}

// ScanEpoch implements commands.State.
func (s *Server) ScanEpoch() uint64 { return s.epoch.Load() }
