package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
)

const (
	switchyardPrefix = "sy-" // of the names of servers that are Switchyard
	floorName        = "floor"
)

// spec is one kind of server. Those of one group run at the same time and take turns, so that a ratio
// never compares two moments; groups run one after the other, so that the compactions of one group's
// stores are not in the other's numbers.
type spec struct {
	name      string
	group     string
	about     string
	reference string   // the server of the group that ratios are taken to
	only      []string // the commands it can answer; none named: all
	storeless bool
	resident  bool // its data is in its own memory, and nowhere else
	start     func(context.Context, *yard, string) (*server, error)
}

const (
	inMemory     = "in memory"
	aofNo        = "appended, never synced"
	aofEverysec  = "appended, synced every second"
	aofAlways    = "appended, synced before the reply"
	syncAlways   = "always"
	syncEverysec = "everysec"
	syncNo       = "no"
)

var catalogue = []spec{
	{name: floorName, group: inMemory, about: "redcon with a handler that stores nothing", reference: "redis",
		only: []string{"GET", "SET"}, storeless: true, start: startFloor},
	{name: "redis", group: inMemory, about: "redis-server without persistence", reference: "redis", resident: true, start: startRedis()},
	{name: "sy-memory", group: inMemory, about: "Switchyard, memory backend", reference: "redis", resident: true, start: startSwitchyard("memory")},
	{name: "sy-redis", group: inMemory, about: "Switchyard in front of a redis-server of its own", reference: "redis", start: startForwarding},

	{name: "redis-aof-no", group: aofNo, about: "redis-server, appendfsync no", reference: "redis-aof-no", start: startAOF(syncNo)},
	{name: "sy-badger-no", group: aofNo, about: "Switchyard, badger, sync no", reference: "redis-aof-no", start: startBadger(syncNo)},

	{name: "redis-aof-everysec", group: aofEverysec, about: "redis-server, appendfsync everysec", reference: "redis-aof-everysec", start: startAOF(syncEverysec)},
	{name: "sy-badger-everysec", group: aofEverysec, about: "Switchyard, badger, sync everysec", reference: "redis-aof-everysec", start: startBadger(syncEverysec)},

	{name: "redis-aof-always", group: aofAlways, about: "redis-server, appendfsync always", reference: "redis-aof-always", start: startAOF(syncAlways)},
	{name: "sy-badger-always", group: aofAlways, about: "Switchyard, badger, sync always", reference: "redis-aof-always", start: startBadger(syncAlways)},
}

func (s *spec) serves(w workload) bool {
	return len(s.only) == 0 || slices.Contains(s.only, w.name())
}

func serverNames() []string {
	var names []string
	for _, s := range catalogue {
		names = append(names, s.name)
	}
	return names
}

func find(name string) *spec {
	i := slices.IndexFunc(catalogue, func(s spec) bool { return s.name == name })
	return &catalogue[i]
}

// groups sorts the chosen servers into the catalogue's groups, in the catalogue's order.
func groups(chosen []string) [][]*spec {
	var out [][]*spec
	for i := range catalogue {
		s := &catalogue[i]
		if !slices.Contains(chosen, s.name) {
			continue
		}
		if n := len(out); n > 0 && out[n-1][0].group == s.group {
			out[n-1] = append(out[n-1], s)
		} else {
			out = append(out, []*spec{s})
		}
	}
	return out
}

func catalogueText() string {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	for _, s := range catalogue {
		fmt.Fprintf(w, "  %s\t%s\t(%s)\n", s.name, s.about, s.group)
	}
	_ = w.Flush() // a strings.Builder takes everything
	return b.String()
}

// server is a running one. upstream is the redis-server behind a forwarding Switchyard, or nil.
type server struct {
	*process
	spec     *spec
	upstream *process
}

// cpu is the processor time that the server has used so far, and its upstream's.
func (s *server) cpu() (own, upstream time.Duration, err error) {
	if own, err = s.process.cpu(); err != nil || s.upstream == nil {
		return own, 0, err
	}
	upstream, err = s.upstream.cpu()
	return own, upstream, err
}

// yard knows where servers keep their files and which of them run.
type yard struct {
	dir        string
	switchyard string // the binary under test
	running    []*process
}

func (y *yard) start(ctx context.Context, s *spec) (*server, error) {
	srv, err := s.start(ctx, y, s.name)
	if err != nil {
		return nil, err
	}
	srv.spec = s
	return srv, nil
}

// stop ends everything that was started and has not been stopped, and removes its files.
func (y *yard) stop() error {
	var firstErr error
	for _, p := range y.running {
		p.stop()
		if err := os.RemoveAll(p.dir); err != nil && firstErr == nil {
			firstErr = err
		}
	}
	y.running = nil
	return firstErr
}

// launch starts a program in a folder of its own and waits until it answers on addr.
func (y *yard) launch(ctx context.Context, p *process, program string, args ...string) error {
	p.dir = filepath.Join(y.dir, p.name)
	if err := p.start(program, args...); err != nil {
		return err
	}
	y.running = append(y.running, p)
	return p.ready(ctx)
}

func startFloor(ctx context.Context, y *yard, name string) (*server, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	p, err := newProcess(name)
	if err != nil {
		return nil, err
	}
	return &server{process: p}, y.launch(ctx, p, self, floorCommand, p.addr)
}

func startRedis(extra ...string) func(context.Context, *yard, string) (*server, error) {
	return func(ctx context.Context, y *yard, name string) (*server, error) {
		p, err := newProcess(name)
		if err != nil {
			return nil, err
		}
		host, port, err := net.SplitHostPort(p.addr)
		if err != nil {
			return nil, err
		}
		args := append([]string{"--bind", host, "--port", port, "--save", ""}, extra...)
		return &server{process: p}, y.launch(ctx, p, "redis-server", args...)
	}
}

// startAOF leaves out the rewriting of the log, which would fork in some turns and not in others.
func startAOF(sync string) func(context.Context, *yard, string) (*server, error) {
	return startRedis("--appendonly", "yes", "--appendfsync", sync, "--auto-aof-rewrite-percentage", "0")
}

func startSwitchyard(backend string, env ...string) func(context.Context, *yard, string) (*server, error) {
	return func(ctx context.Context, y *yard, name string) (*server, error) {
		p, err := newProcess(name)
		if err != nil {
			return nil, err
		}
		p.env = env
		return &server{process: p}, y.launch(ctx, p, y.switchyard,
			"--listen", p.addr, "--admin", "", "--backend", backend, "--data", "data", "--log-level", "warn")
	}
}

func startBadger(sync string) func(context.Context, *yard, string) (*server, error) {
	return startSwitchyard("badger", "SWITCHYARD_BACKENDS_BADGER_SYNC="+sync)
}

func startForwarding(ctx context.Context, y *yard, name string) (*server, error) {
	up, err := startRedis()(ctx, y, name+"-upstream")
	if err != nil {
		return nil, err
	}
	s, err := startSwitchyard("redis", "SWITCHYARD_BACKENDS_REDIS_URL=redis://"+up.addr)(ctx, y, name)
	if err != nil {
		return nil, err
	}
	s.upstream = up.process
	return s, nil
}
