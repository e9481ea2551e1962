package proxy

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"switchyard/backends"
)

// instance is one [backends.NAME]. It is opened when it is first needed and stays open until the
// server ends.
type instance struct {
	name   string
	driver string
	index  int
	config backends.Config
	env    backends.Env

	capabilities backends.Capabilities // before it is open

	mu     sync.Mutex
	opened *opened // nil: not yet
}

// opened is an instance that can be used, with what dispatch must know of it.
type opened struct {
	backends.Backend
	index     int
	since     time.Time
	engine    backends.Engine    // either this
	forwarder backends.Forwarder // or this
	catalog   backends.Catalog   // nil: none
	prompt    bool               // see backends.Capabilities
}

// count counts one operation. A Redis-shaped error is the client's, not the backend's.
func (o *opened) count(s *shard, write bool, err error) {
	b := &s.backends[o.index]
	switch {
	case err != nil && !isClientError(err):
		b.errors.Add(1)
	case write:
		b.writes.Add(1)
	default:
		b.reads.Add(1)
	}
}

func newInstances(config *Config, compact *backends.Compact, log *slog.Logger) []*instance {
	var list []*instance
	for _, name := range config.Names() {
		c := config.Backends[name]
		list = append(list, &instance{
			name: name, driver: c.Driver, index: len(list), config: c.Config, capabilities: c.Capabilities,
			env: backends.Env{
				Name: name, Dir: filepath.Join(config.Data, name), Databases: config.Databases,
				Compact: compact,
				Log:     log.With("backend", name),
			},
		})
	}
	return list
}

// open opens the instance unless it is open.
func (i *instance) open(ctx context.Context) (*opened, error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.opened != nil {
		return i.opened, nil
	}
	b, err := i.config.Open(ctx, i.env)
	if err != nil {
		return nil, fmt.Errorf("backend %s: %w", i.name, err)
	}
	o := &opened{Backend: b, index: i.index, since: time.Now(), prompt: b.Capabilities().Prompt}
	o.engine, _ = backends.As[backends.Engine](b)
	o.forwarder, _ = backends.As[backends.Forwarder](b)
	o.catalog, _ = backends.As[backends.Catalog](b)
	if o.engine == nil && o.forwarder == nil {
		return nil, errors.Join(fmt.Errorf("backend %s: neither engine nor forwarder", i.name), b.Close())
	}
	i.opened = o
	return o, nil
}

// get is the open instance, nil when it is not.
func (i *instance) get() *opened {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.opened
}

func (i *instance) close() error {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.opened == nil {
		return nil
	}
	err := i.opened.Close()
	i.opened = nil
	if err != nil {
		return fmt.Errorf("backend %s: close: %w", i.name, err)
	}
	return nil
}

func (s *Server) instance(name string) (*instance, bool) {
	i := slices.IndexFunc(s.instances, func(i *instance) bool { return i.name == name })
	if i < 0 {
		return nil, false
	}
	return s.instances[i], true
}

// names lists the instances for an error message.
func (s *Server) names() string {
	var names []string
	for _, i := range s.instances {
		names = append(names, i.name)
	}
	return strings.Join(names, ", ")
}
