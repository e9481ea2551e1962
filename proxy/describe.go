package proxy

import (
	"cmp"
	"context"
	"net"
	"os"
	"slices"
	"time"

	"switchyard/backends"
	"switchyard/commands"
)

// This file is what commands about the server see of it: commands.Server.

// Context implements commands.Server.
func (s *Server) Context() context.Context { return s.ctx }

// Table implements commands.Server.
func (s *Server) Table() *commands.Table { return s.table }

// Databases implements commands.Server.
func (s *Server) Databases() int { return s.config.Databases }

// MaxStringLength implements commands.Server.
func (s *Server) MaxStringLength() int64 { return int64(s.config.Limits.Argument) }

// PasswordRequired implements commands.Server.
func (s *Server) PasswordRequired() bool { return s.config.Password != "" }

// Clients implements commands.Server.
func (s *Server) Clients() []commands.ClientInfo {
	s.mu.Lock()
	sessions := make([]*session, 0, len(s.clients))
	for _, c := range s.clients {
		sessions = append(sessions, c)
	}
	s.mu.Unlock()
	slices.SortFunc(sessions, func(a, b *session) int { return cmp.Compare(a.id, b.id) })
	list := make([]commands.ClientInfo, len(sessions))
	for i, c := range sessions {
		list[i] = c.Info()
	}
	return list
}

func (s *Server) clientCount() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.clients)
}

// contents are the active backend's, empty when it does not tell.
func (s *Server) contents(ctx context.Context) backends.Stats {
	ctx, cancel := context.WithTimeout(ctx, healthCheck)
	defer cancel()
	b := s.active.Load()
	st, err := b.Stats(ctx)
	if err != nil {
		if n, now := s.complaints.allow(); now {
			s.log.Error("stats", "backend", b.Name(), "error", err, "unlogged", n)
		}
	}
	return st
}

// Info implements commands.Server.
func (s *Server) Info(ctx context.Context) commands.ServerInfo {
	b := s.active.Load()
	p := readProcess()
	i := commands.ServerInfo{
		Version: s.version, RunID: s.runID, Port: s.port(), Started: s.started, Now: time.Now(),
		ConfigFile: s.config.File, Backend: b.Name(), Driver: b.Driver(), Switches: int64(s.epoch.Load()),
		Clients: s.clientCount(), MaxClients: s.config.Limits.Clients, Contents: s.contents(ctx),
		ProcessBytes: p.resident, AllocatedBytes: p.allocated, PeakBytes: p.peak, SystemBytes: p.machine, CPUSystem: p.system, CPUUser: p.user,
		Connections: s.accepted.Load(), Rejected: s.rejected.Load(), Commands: s.stats.commands(),
		CommandStats: s.commandStats(),
	}
	i.Executable, _ = os.Executable() // shown as empty where the system cannot tell
	i.OpsPerSecond, i.InputPerSecond, i.OutputPerSecond = s.rates.perSecond()
	i.InputBytes, i.OutputBytes = s.stats.bytes()
	i.Errors, i.ErrorReplies = s.errors.counts()
	return i
}

func (s *Server) port() int {
	if a, isTCP := s.listener.Addr().(*net.TCPAddr); isTCP {
		return a.Port
	}
	return 0
}

func (s *Server) commandStats() (list []commands.CommandStat) {
	for _, row := range s.allRows() {
		t := s.stats.row(row.Index)
		if calls := t.calls(); calls > 0 || t.rejected > 0 {
			list = append(list, commands.CommandStat{
				Name: row.FullName, Calls: calls, Duration: time.Duration(t.nanos), Rejected: t.rejected, Failed: t.failed,
				Percentiles: t.percentiles(),
			})
		}
	}
	return list
}

// allRows are those of the table and the one for all others.
func (s *Server) allRows() []*commands.Row { return append(slices.Clip(s.table.Rows()), s.foreignRow) }

// ResetStats implements commands.Server.
func (s *Server) ResetStats() {
	s.stats.reset()
	s.errors.reset()
	s.accepted.Store(0)
	s.rejected.Store(0)
}
