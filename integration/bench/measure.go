package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
)

// result is one cell of the table: a server, a command, a depth, and what each turn measured. A cell that
// cannot be measured says why and does not stop the others.
type result struct {
	Server  string   `json:"server"`
	Command string   `json:"command"`
	Depth   int      `json:"depth"`
	Samples []sample `json:"turns"`
	Error   string   `json:"error,omitempty"`

	server   *server
	requests int
}

// measure runs group after group and returns every cell that it came to. A server that cannot be started
// does not stop the others.
func measure(ctx context.Context, o options, y *yard, progress io.Writer) ([]*result, error) {
	var all []*result
	var errs []error
	for _, g := range groups(o.servers) {
		results, err := measureGroup(ctx, o, y, g, progress)
		all = append(all, results...)
		errs = append(errs, err)
		if ctx.Err() != nil {
			break
		}
	}
	return all, errors.Join(errs...)
}

func measureGroup(ctx context.Context, o options, y *yard, g []*spec, progress io.Writer) (all []*result, err error) {
	defer func() { err = errors.Join(err, y.stop()) }()
	fmt.Fprintf(progress, "%s: starting and filling\n", g[0].group)
	var servers []*server
	for _, sp := range g {
		s, startErr := startFilled(ctx, o, y, sp)
		if startErr != nil {
			err = errors.Join(err, startErr)
			continue
		}
		servers = append(servers, s)
	}
	if len(servers) == 0 {
		return nil, err
	}
	for _, depth := range o.depths {
		for _, command := range o.commands {
			l := load{command: command, depth: depth, clients: o.clients, keys: o.keys}
			cells := measureCells(ctx, o, servers, l)
			if ctx.Err() != nil {
				return all, errors.Join(err, ctx.Err())
			}
			all = append(all, cells...)
			fmt.Fprintln(progress, progressLine(g[0].group, l, cells))
		}
	}
	return all, err
}

func startFilled(ctx context.Context, o options, y *yard, sp *spec) (*server, error) {
	s, err := y.start(ctx, sp)
	if err != nil || sp.storeless {
		return s, err
	}
	if err := fill(ctx, s.addr, o); err != nil {
		return nil, fmt.Errorf("filling %s: %w", s.name, err)
	}
	return s, nil
}

// measureCells lets the servers take turns at one load. The order moves on by one in every turn, so that
// each comes first, and after each, about as often as any other.
func measureCells(ctx context.Context, o options, servers []*server, l load) []*result {
	var cells []*result
	for _, s := range servers {
		if !s.spec.serves(l.command) {
			continue
		}
		r := &result{Server: s.name, Command: l.command, Depth: l.depth, server: s}
		cells = append(cells, r)
		n, err := calibrate(ctx, s, l, o)
		if err != nil {
			r.Error = err.Error()
		}
		r.requests = n
	}
	for turn := range o.turns {
		for i := range cells {
			r := cells[(turn+i)%len(cells)]
			if r.Error != "" {
				continue
			}
			run := l
			run.requests = r.requests
			sm, err := drive(ctx, r.server, run)
			if err != nil {
				r.Error = err.Error()
				continue
			}
			r.Samples = append(r.Samples, sm)
		}
	}
	return cells
}

func progressLine(group string, l load, cells []*result) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: depth %d, %s:", group, l.depth, l.command)
	for _, r := range cells {
		if r.Error != "" {
			fmt.Fprintf(&b, "  %s failed", r.Server)
		} else {
			fmt.Fprintf(&b, "  %s %.0f/s", r.Server, r.median(ops))
		}
	}
	return b.String()
}

func ops(s sample) float64 { return s.Ops }

// median of one of the samples' figures over the turns.
func (r *result) median(figure func(sample) float64) float64 {
	values := make([]float64, 0, len(r.Samples))
	for _, s := range r.Samples {
		values = append(values, figure(s))
	}
	return median(values)
}

// spread is the distance between the best and the worst turn as a part of the median: a difference between
// two servers that is smaller than this says nothing.
func (r *result) spread() float64 {
	if len(r.Samples) == 0 || r.median(ops) == 0 {
		return 0
	}
	least, most := r.Samples[0].Ops, r.Samples[0].Ops
	for _, s := range r.Samples {
		least, most = min(least, s.Ops), max(most, s.Ops)
	}
	return (most - least) / r.median(ops)
}
