package proxy

import (
	"bytes"
	"cmp"
	"context"
	"log/slog"
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

// Scripts implements commands.Server.
func (s *Server) Scripts() *commands.Scripts { return s.scripts }

// Functions implements commands.Server.
func (s *Server) Functions() *commands.Functions { return s.functions }

// LogScript implements commands.Server.
func (s *Server) LogScript(level int, text string) {
	levels := [...]slog.Level{slog.LevelDebug, slog.LevelInfo, slog.LevelInfo, slog.LevelWarn}
	s.log.Log(s.ctx, levels[min(max(level, 0), len(levels)-1)], text, "from", "script")
}

// PasswordRequired implements commands.Server.
func (s *Server) PasswordRequired() bool { return s.config.Password != "" }

// sessions are those of all clients, in no order.
func (s *Server) sessions() []*session {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := make([]*session, 0, len(s.clients))
	for _, c := range s.clients {
		list = append(list, c)
	}
	return list
}

// Clients implements commands.Server.
func (s *Server) Clients() []commands.ClientInfo {
	sessions := s.sessions()
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
		s.complain(b, "stats", err)
	}
	return st
}

// complain logs what went wrong with a backend that was only asked about itself.
func (s *Server) complain(b *opened, about string, err error) {
	if n, now := s.complaints.allow(); now {
		s.log.Error(about, "backend", b.Name(), "error", err, "unlogged", n)
	}
}

// Info implements commands.Server.
func (s *Server) Info(ctx context.Context) commands.ServerInfo {
	b := s.active.Load()
	p := readProcess()
	libraries, functions := s.functions.Now().Len()
	i := commands.ServerInfo{
		Version: s.version, RunID: s.runID, Port: s.port(), Started: s.started, Now: time.Now(),
		ConfigFile: s.config.File, Backend: b.Name(), Driver: b.Driver(), Switches: int64(s.epoch.Load()),
		Scripts: s.scripts.Len(), Functions: functions, Libraries: libraries,
		Tracking: s.trackingInfo(), Watching: s.watches.who.Load(),
		Clients: s.clientCount(), MaxClients: s.config.Limits.Clients, Contents: s.contents(ctx),
		ProcessBytes: p.resident, AllocatedBytes: p.allocated, PeakBytes: p.peak, SystemBytes: p.machine, CPUSystem: p.system, CPUUser: p.user,
		Connections: s.accepted.Load(), Rejected: s.rejected.Load(), Commands: s.stats.commands(),
		CommandStats: s.commandStats(),
		AverageTTL:   func(db int) int64 { return s.averageTTL(ctx, b, db) },
	}
	i.Topics, i.PubSubClients = s.topics()
	i.Blocked, i.AwaitedKeys = s.waits.Len(), s.waits.Lines()
	for _, c := range s.sessions() {
		u := c.conn.Usage()
		i.MostInput, i.MostOutput = max(i.MostInput, u.Input), max(i.MostOutput, u.Output)
		i.ClientBytes += int64(memoryOf(u))
		if c.postponed.Load() != nil {
			i.Blocked++
		}
	}
	i.Executable, _ = os.Executable() // shown as empty where the system cannot tell
	i.OpsPerSecond, i.InputPerSecond, i.OutputPerSecond = s.rates.perSecond()
	i.InputBytes, i.OutputBytes = s.stats.bytes()
	i.Errors, i.ErrorReplies = s.errors.counts()
	return i
}

// ttlSample is how many keys averageTTL looks at.
const ttlSample = 32

// averageTTL estimates from a sample how many milliseconds the keys of a database that expire have left. It is 0
// when the sample has none of these, and of a Forwarder, which would have to be asked key by key.
func (s *Server) averageTTL(ctx context.Context, b *opened, db int) int64 {
	if b.engine == nil {
		return 0
	}
	a := backends.Access{DB: db, Now: time.Now().UnixMilli(), NoTouch: true, Silent: true}
	var keys [][]byte
	_, err := b.engine.Do(ctx, &a, backends.BodyFunc(func(tx backends.Tx) error {
		for range ttlSample {
			if key := tx.Random(); key != nil {
				keys = append(keys, bytes.Clone(key))
			}
		}
		return nil
	}))
	var sum, n int64
	if a.Keys = keys; err == nil && len(keys) > 0 {
		_, err = b.engine.Do(ctx, &a, backends.BodyFunc(func(tx backends.Tx) error {
			for _, key := range keys {
				if at := tx.Expiry(key); at != 0 {
					sum += at - a.Now
					n++
				}
			}
			return nil
		}))
	}
	if err != nil {
		s.complain(b, "ttl", err)
	}
	return sum / max(n, 1)
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
