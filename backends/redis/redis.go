// Package redis forwards whole commands to a real Redis, or whatever speaks its protocol.
//
// Start with Forward below; stream.go orders the commands, link.go is one connection and says what
// happens when it breaks, reply.go finds where a reply ends. mover.go, stats.go and catalog.go ask
// the server on the proxy's own behalf, through ordinary go-redis clients.
//
// Clients' commands do not go through go-redis's AsyncAutoPipeline, which was tried first: its order
// is right, and so are its raw replies, and in half duplex nothing is sent twice once retries are off.
// What this package promises beyond that it cannot give:
//   - A command that was never written has the error of the batch it waited behind, so it cannot be
//     told from one whose outcome is unknown.
//   - It holds the arguments until their batch is done, and a batch has its timeout only once the one
//     before it is done: no caller could be let go in time without copying everything beforehand.
//   - Its queue is bounded by number only, and refuses what does not fit.
//   - It sends some commands around the queue, by name, out of order.
//   - A connection that was to speak RESP3 falls back to RESP2 when HELLO fails, and attributes of
//     RESP3 are dropped from what should be the reply's own bytes.
//   - Its raw reader believes every length and recurses: a broken upstream could end the process.
package redis

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	goredis "github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/logging"

	"switchyard/backends"
)

// Driver makes backends that forward to a Redis server.
var Driver = backends.Driver{
	Name:         "redis",
	Capabilities: backends.Capabilities{TTL: true, Transactions: true, Atomic: true, Persistent: true, Shared: true},
	Config:       func() backends.Config { return defaults() },
}

// defaultDatabases is for an Env that does not say how many there are.
const defaultDatabases = 16

// Backend is one upstream server.
type Backend struct {
	name       string
	up         *upstream
	persistent bool
	streams    [][2]stream // by database; RESP2, RESP3

	stats   statsCache
	catalog catalog
	// noExpireTime is set once the server turns out not to have PEXPIRETIME.
	noExpireTime atomic.Bool

	mu      sync.Mutex
	clients []*goredis.Client // by database, made on first use
}

// Open connects to the server, and fails when it does not answer.
func (c *Config) Open(ctx context.Context, env backends.Env) (backends.Backend, error) {
	up, err := c.upstream()
	if err != nil {
		return nil, err
	}
	// go-redis would write to stderr, besides, what it returns as errors.
	goredis.SetLogger(&logging.VoidLogger{})
	b := newBackend(up, env)
	if err := b.Ping(ctx); err != nil {
		return nil, errors.Join(err, b.Close())
	}
	b.persistent = b.saves(ctx)
	return b, nil
}

func newBackend(up *upstream, env backends.Env) *Backend {
	databases := env.Databases
	if databases <= 0 {
		databases = defaultDatabases
	}
	b := &Backend{
		name:    env.Name,
		up:      up,
		streams: make([][2]stream, databases),
		clients: make([]*goredis.Client, databases),
	}
	for db := range b.streams {
		for i := range b.streams[db] {
			s := &b.streams[db][i]
			s.up, s.db, s.proto = up, db, 2+i
		}
	}
	return b
}

// Name returns the name of the instance.
func (b *Backend) Name() string { return b.name }

// Driver returns the name of the driver.
func (b *Backend) Driver() string { return Driver.Name }

// Capabilities are the driver's; whether data survives a restart is what the server says.
func (b *Backend) Capabilities() backends.Capabilities {
	c := Driver.Capabilities
	c.Persistent = b.persistent
	return c
}

// Forward submits r to the stream of its database and protocol. Each has exactly one connection:
// with more of them two commands of one caller, which a Request does not name, could overtake each
// other. When too much is waiting already Forward waits for room, as long as a command may take.
func (b *Backend) Forward(ctx context.Context, r backends.Request) backends.Pending {
	if r.DB < 0 || r.DB >= len(b.streams) {
		return failed(b.up.unavailable(fmt.Errorf("there is no database %d", r.DB)))
	}
	proto := 0
	if r.Proto == 3 {
		proto = 1
	}
	return b.streams[r.DB][proto].submit(ctx, r.Args)
}

// Ping asks the server whether it serves.
func (b *Backend) Ping(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, b.up.timeout)
	defer cancel()
	return b.up.wrap(b.client(0).Ping(ctx).Err())
}

// Identity is the server's run_id: it is the same under whatever address, and another after a restart.
func (b *Backend) Identity(ctx context.Context) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, b.up.timeout)
	defer cancel()
	info, err := b.client(0).Info(ctx, "server").Result()
	if err != nil {
		return "", b.up.wrap(err)
	}
	for line := range strings.Lines(info) {
		if id, ok := strings.CutPrefix(line, "run_id:"); ok {
			return strings.TrimSpace(id), nil
		}
	}
	return "", b.up.wrap(errNoRunID)
}

var errNoRunID = errors.New("INFO has no run_id")

// Close fails what is pending and closes all connections.
func (b *Backend) Close() error {
	for db := range b.streams {
		for i := range b.streams[db] {
			b.streams[db][i].close()
		}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	var errs []error
	for _, c := range b.clients {
		if c != nil {
			errs = append(errs, c.Close())
		}
	}
	return errors.Join(errs...)
}

// client is for the proxy's own commands in a database.
func (b *Backend) client(db int) *goredis.Client {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.clients[db] == nil {
		b.clients[db] = goredis.NewClient(b.up.options(db))
	}
	return b.clients[db]
}

// patience is what a whole pipeline of the proxy's own may take when its context has no earlier end:
// a value on the move can be of any size.
const patience = time.Minute

var (
	_ backends.Forwarder  = (*Backend)(nil)
	_ backends.Identifier = (*Backend)(nil)
	_ backends.Mover      = (*Backend)(nil)
	_ backends.Catalog    = (*Backend)(nil)
	_ backends.Librarian  = (*Backend)(nil)
)
