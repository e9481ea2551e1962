package badger

import (
	"context"
	"fmt"
	"log/slog"
	"strings"

	"switchyard/backends"
)

// logger gives Badger's messages to slog. What Badger calls information (every flush of a memtable,
// every compaction) is for whoever debugs it.
type logger struct{ log *slog.Logger }

func newLogger(env backends.Env) *logger {
	log := env.Log
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return &logger{log.With("backend", env.Name, "driver", Driver.Name)}
}

func (l *logger) at(level slog.Level, format string, args []any) {
	if l.log.Enabled(context.Background(), level) {
		l.log.Log(context.Background(), level, strings.TrimSpace(fmt.Sprintf(format, args...)))
	}
}

// Errorf implements badger.Logger, as do the others.
func (l *logger) Errorf(format string, args ...any)   { l.at(slog.LevelError, format, args) }
func (l *logger) Warningf(format string, args ...any) { l.at(slog.LevelWarn, format, args) }
func (l *logger) Infof(format string, args ...any)    { l.at(slog.LevelDebug, format, args) }
func (l *logger) Debugf(format string, args ...any)   { l.at(slog.LevelDebug, format, args) }
