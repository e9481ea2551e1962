// Package memory keeps the data in the memory of the process, in native Go structures.
//
// Start with engine.go (what is locked, and when) and table.go (where a key lives); tx.go, string.go and a file
// for each other type are the views that commands see; dict.go is what large hashes and sets are kept in; expire.go, evict.go and size.go are what the engine
// does by itself. Nothing survives the process.
//
//	hash of a key, from its top bit:   | shard: 7 bits | place in the table: 32 bits | unused |
//
// A shard holds its keys of all numbered databases, so that a key has the same lock in each of
// them. Its tables are ordered by place, whatever their size: that is what makes SCAN stateless.
package memory

import (
	"context"
	"hash/maphash"
	"time"

	"switchyard/backends"
)

// Driver makes in-memory backends.
var Driver = backends.Driver{
	Name:         "memory",
	Capabilities: backends.Capabilities{TTL: true, Transactions: true, Atomic: true, Prompt: true},
	Config:       func() backends.Config { return defaults() },
}

// defaultDatabases is for an Env that does not say how many there are.
const defaultDatabases = 16

// Open starts an empty engine and its cleaner.
func (c *Config) Open(_ context.Context, env backends.Env) (backends.Backend, error) {
	limit, err := backends.ParseBytes(c.MaxMemory)
	if err != nil {
		return nil, &backends.KeyError{Key: "maxmemory", Why: err.Error()}
	}
	e := newEngine(env)
	if c.clock != nil {
		e.clock = c.clock
	}
	if err := e.SetLimits(backends.Limits{Bytes: limit, Policy: c.Policy, Samples: c.Samples}); err != nil {
		return nil, err
	}
	e.startCleaner()
	return e, nil
}

func newEngine(env backends.Env) *Engine {
	e := &Engine{
		name:      env.Name,
		seed:      maphash.MakeSeed(),
		databases: env.Databases,
		compact:   env.Compact,
		clock:     func() int64 { return time.Now().UnixMilli() },
	}
	if e.databases <= 0 {
		e.databases = defaultDatabases
	}
	if e.compact == nil {
		e.compact = backends.NewCompact()
	}
	e.many.New = func() any { return newTransaction(e) }
	for i := range e.shards {
		e.shards[i].open(e, i)
	}
	return e
}
