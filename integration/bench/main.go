// The bench program answers one question: what does a client pay for having Switchyard in its way? It
// starts redis-server, Switchyard on each of its backends and a redcon server that stores nothing, drives
// them in turns with redis-benchmark, and prints throughput, latency, server CPU and memory side by side.
//
// It is a black box: it builds the binary at the module's root and imports nothing of ours. Read
// servers.go for what is compared, workloads.go for what with, measure.go for the order of the runs, drive.go
// for one run, memory.go for bytes per key, table.go for what is printed.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/spf13/pflag"
)

func main() {
	if len(os.Args) == 3 && os.Args[1] == floorCommand {
		fail(serveFloor(os.Args[2]))
		return
	}
	o, err := parseOptions(os.Args[1:], os.Stdout)
	if errors.Is(err, pflag.ErrHelp) {
		return
	}
	fail(err)
	// SIGPIPE is that of our output: whoever read it has gone, and our servers must not outlive us.
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGPIPE)
	err = run(ctx, o, os.Stdout, os.Stderr)
	stop()
	fail(err)
}

func fail(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// run measures and reports. Whatever ends it, an error, a signal or success, it prints what was measured
// by then, and leaves no process and no file behind.
func run(ctx context.Context, o options, out, progress io.Writer) (err error) {
	m, err := inspect()
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "switchyard-bench-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	if m.Disk, err = inspectDisk(dir); err != nil {
		return err
	}
	m.print(out)

	y := &yard{dir: dir}
	if o.needsSwitchyard() {
		fmt.Fprintln(progress, "building switchyard")
		if y.switchyard, err = build(ctx, dir); err != nil {
			return err
		}
	}
	fmt.Fprintf(out, "run:   %s\n\n", strings.Join(o.describe(), "\n       "))

	raw, err := openJSON(o.jsonFile)
	if err != nil {
		return err
	}
	results, err := measure(ctx, o, y, progress)
	var footprints []*footprint
	if ctx.Err() == nil {
		var weighErr error
		footprints, weighErr = weigh(ctx, o, y, progress)
		err = errors.Join(err, weighErr)
	}
	printTables(out, o, results)
	printFootprints(out, o, footprints)
	printVerdicts(out, o, results)
	err = errors.Join(err, writeJSON(raw, o, m, results, footprints), raw.Close())
	if ctx.Err() != nil {
		return errors.New("interrupted: the tables hold what was measured by then")
	}
	return errors.Join(err, failures(results, footprints))
}

// openJSON opens the file before half an hour is spent on what goes into it. No name: nowhere.
func openJSON(name string) (io.WriteCloser, error) {
	if name == "" {
		name = os.DevNull
	}
	return os.Create(name)
}

// build compiles the module's root package into dir, so that what is measured is what is checked out.
func build(ctx context.Context, dir string) (string, error) {
	mod, err := exec.CommandContext(ctx, "go", "env", "GOMOD").Output()
	if err != nil {
		return "", fmt.Errorf("go env GOMOD: %w", err)
	}
	file := strings.TrimSpace(string(mod))
	if file == "" || file == os.DevNull { // what go says where there is no module
		return "", errors.New("switchyard is built from its source: run the benchmark inside its repository")
	}
	root := filepath.Dir(file)
	binary := filepath.Join(dir, "switchyard")
	cmd := exec.CommandContext(ctx, "go", "build", "-o", binary, ".")
	cmd.Dir = root
	if text, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build in %s: %w\n%s", root, err, text)
	}
	return binary, nil
}

// failures turns the cells that could not be measured into the program's error. A server that is gone fails
// all its cells with the same words, which are said once.
func failures(results []*result, footprints []*footprint) error {
	var texts []string
	for _, r := range results {
		texts = append(texts, r.Error)
	}
	for _, p := range footprints {
		texts = append(texts, p.Error)
	}
	var errs []error
	said := map[string]bool{"": true}
	for _, text := range texts {
		if !said[text] {
			said[text] = true
			errs = append(errs, errors.New(text))
		}
	}
	return errors.Join(errs...)
}
