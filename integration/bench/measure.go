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

	server *server
}

// measure runs group after group and returns every cell that it came to. A server that cannot be started
// does not stop the others.
func measure(ctx context.Context, o options, y *yard, progress io.Writer) ([]*result, error) {
	if len(o.commands) == 0 {
		return nil, nil
	}
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
	for _, depth := range o.allDepths() {
		for _, w := range o.workloads(depth) {
			cells := measureCells(ctx, o, servers, w, depth)
			if ctx.Err() != nil {
				return all, errors.Join(err, ctx.Err())
			}
			all = append(all, cells...)
			for _, line := range progressLines(g[0].group, w, depth, cells) {
				fmt.Fprintln(progress, line)
			}
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

// contestant is a server and its cells of one workload: one for each step.
type contestant struct {
	server *server
	load   load
	cells  []*result
	failed bool
}

func (c *contestant) fail(err error) {
	c.failed = true
	for _, r := range c.cells {
		r.Error = err.Error()
	}
}

// measureCells lets the servers take turns at one workload. The order moves on by one in every turn, so that
// each comes first, and after each, about as often as any other.
func measureCells(ctx context.Context, o options, servers []*server, w workload, depth int) []*result {
	var all []*result
	var contestants []*contestant
	for _, s := range servers {
		if !s.spec.serves(w) {
			continue
		}
		c := &contestant{server: s, load: load{depth: depth, clients: o.clients, keys: w.family.keys(o.keys)}}
		for _, st := range w.steps {
			c.cells = append(c.cells, &result{Server: s.name, Command: st.name, Depth: depth, server: s})
		}
		contestants = append(contestants, c)
		all = append(all, c.cells...)
		var err error
		if c.load.requests, err = calibrate(ctx, s, w, c.load, o); err != nil {
			c.fail(err)
		}
	}
	for turn := range o.turns {
		for i := range contestants {
			c := contestants[(turn+i)%len(contestants)]
			if c.failed {
				continue
			}
			samples, err := driveAll(ctx, c.server, w, c.load)
			if err != nil {
				c.fail(err)
				continue
			}
			for j, sm := range samples {
				c.cells[j].Samples = append(c.cells[j].Samples, sm)
			}
		}
	}
	return all
}

func progressLines(group string, w workload, depth int, cells []*result) []string {
	var lines []string
	for _, st := range w.steps {
		var b strings.Builder
		fmt.Fprintf(&b, "%s: depth %d, %s:", group, depth, st.name)
		for _, r := range cells {
			switch {
			case r.Command != st.name:
			case r.Error != "":
				fmt.Fprintf(&b, "  %s failed", r.Server)
			default:
				fmt.Fprintf(&b, "  %s %.0f/s", r.Server, r.median(ops))
			}
		}
		lines = append(lines, b.String())
	}
	return lines
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
