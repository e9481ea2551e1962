package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"net"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const (
	runTimeout     = time.Minute
	calibrateStart = 1000 // requests of the first calibration run
	calibrateShare = 8    // a calibration run lasts at least one part in so many of a measured one
	calibrateGrow  = 8
)

// errTooShort is a run whose throughput redis-benchmark, which counts in whole milliseconds, calls infinite.
var errTooShort = errors.New("over within a millisecond: more --requests are needed to measure it")

// load is what one run of redis-benchmark does.
type load struct {
	step                           step
	depth, clients, requests, keys int
}

// args spells the load for redis-benchmark.
func (l load) args(host, port string) []string {
	n := strconv.Itoa
	args := []string{"-h", host, "-p", port, "--csv", "-c", n(l.clients), "-P", n(l.depth), "-n", n(l.requests),
		"-r", n(l.keys), "-d", n(valueSize)}
	if l.step.line == "" {
		return append(args, "-t", strings.ToLower(l.step.name))
	}
	return append(args, strings.Fields(l.step.line)...)
}

// sample is what one run measured. An operation is one command, whatever number of keys it has.
type sample struct {
	Requests    int     `json:"requests"`
	Ops         float64 `json:"ops_per_second"`
	P50         float64 `json:"p50_ms"`
	P99         float64 `json:"p99_ms"`
	CPU         float64 `json:"cpu_us_per_op"`
	UpstreamCPU float64 `json:"upstream_cpu_us_per_op,omitempty"`
}

// drive runs redis-benchmark once against the server and takes the server's processor time before and
// after.
func drive(ctx context.Context, s *server, l load) (sample, error) {
	if s.hasExited() {
		return sample{}, s.gone()
	}
	before, upstreamBefore, err := s.cpu()
	if err != nil {
		return sample{}, err
	}
	f, err := redisBenchmark(ctx, s, l)
	if err == nil && math.IsInf(f.ops, 0) {
		err = errTooShort
	}
	if err != nil {
		return sample{}, fmt.Errorf("%s at depth %d on %s: %w", l.step.name, l.depth, s.name, err)
	}
	after, upstreamAfter, err := s.cpu()
	if err != nil {
		return sample{}, err
	}
	perOp := func(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1000 / float64(l.requests) }
	return sample{Requests: l.requests, Ops: f.ops, P50: f.p50, P99: f.p99,
		CPU: perOp(after - before), UpstreamCPU: perOp(upstreamAfter - upstreamBefore)}, nil
}

// driveAll makes one run of each step, of as many requests.
func driveAll(ctx context.Context, s *server, w workload, l load) ([]sample, error) {
	var all []sample
	for _, l.step = range w.steps {
		sm, err := drive(ctx, s, l)
		if err != nil {
			return nil, err
		}
		all = append(all, sm)
	}
	return all, nil
}

// redisBenchmark is bounded in time, and ends at once when the server does: redis-benchmark itself
// retries a refused connection for ever, with all of a processor.
func redisBenchmark(ctx context.Context, s *server, l load) (figures, error) {
	host, port, err := net.SplitHostPort(s.addr)
	if err != nil {
		return figures{}, err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, runTimeout, fmt.Errorf("not finished after %v", runTimeout))
	defer cancel()
	ctx, lost := context.WithCancelCause(ctx)
	defer lost(nil)
	done := make(chan struct{})
	defer close(done)
	go func() {
		select {
		case <-s.exited:
			lost(s.gone())
		case <-done:
		}
	}()

	var stdout, stderr bytes.Buffer
	cmd := exec.CommandContext(ctx, "redis-benchmark", l.args(host, port)...)
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	err = cmd.Run()
	switch {
	case ctx.Err() != nil:
		return figures{}, context.Cause(ctx)
	case err != nil:
		return figures{}, s.blame(fmt.Errorf("redis-benchmark: %w: %s", err, strings.TrimSpace(stderr.String())))
	}
	return parseCSV(stdout.String())
}

// calibrate finds how many requests make a run of the slowest step as long as wanted, by runs that grow until
// one is long enough to tell. They also warm the server up.
func calibrate(ctx context.Context, s *server, w workload, l load, o options) (int, error) {
	most := roundUp(o.requests, l.depth)
	l.requests = roundUp(max(calibrateStart, 2*l.clients*l.depth), l.depth)
	for l.requests < most {
		samples, err := driveAll(ctx, s, w, l)
		if errors.Is(err, errTooShort) {
			l.requests *= calibrateGrow
			continue
		}
		if err != nil {
			return 0, err
		}
		slowest := slices.MinFunc(samples, func(a, b sample) int { return cmp.Compare(a.Ops, b.Ops) }).Ops
		want := roundUp(int(slowest*o.duration.Seconds()), l.depth)
		took := time.Duration(float64(l.requests) / slowest * float64(time.Second))
		if took >= o.duration/calibrateShare {
			return max(min(want, most), l.depth), nil
		}
		l.requests = min(l.requests*calibrateGrow, max(want, l.requests+l.depth))
	}
	return most, nil
}

// roundUp makes n a multiple of the depth, because redis-benchmark sends whole pipelines: what it sends
// is then what it counts.
func roundUp(n, depth int) int { return (n + depth - 1) / depth * depth }
