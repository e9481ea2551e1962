package main

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/pflag"
)

// options is what a person may choose on the command line.
type options struct {
	servers  []string
	commands []string
	depths   []int
	clients  int
	turns    int
	duration time.Duration // how long one run should last
	requests int           // the most requests in one run, however fast the server
	keys     int
	jsonFile string
}

// A whole run takes 10 to 15 minutes with these on two cores; a quick one about a minute.
var (
	defaults = options{
		servers:  serverNames(),
		commands: commandNames,
		depths:   []int{1, 16, 64},
		clients:  50,
		turns:    3,
		duration: 1500 * time.Millisecond,
		requests: 5_000_000,
		keys:     1_000_000,
	}
	quickCommands = []string{"GET", "SET"}
)

const (
	quickDuration = 200 * time.Millisecond
	quickKeys     = 100_000
)

const helpText = `Compare Switchyard on each backend with redis-server and with a redcon server that stores nothing.

Usage:
  go run ./integration/bench [flags]

Every server is driven by redis-benchmark, in turns (A B C, B C A, C A B): what is printed are medians
over the turns, and ratios are of servers whose turns alternated. Files go to the temporary folder; set
TMPDIR to a folder on the disk that matters, because fsync is what the badger and AOF servers measure.

Servers, in groups that run together:
%s
Examples:
  go run ./integration/bench --quick
  go run ./integration/bench --servers redis,sy-memory,floor --commands GET,SET --turns 7
  go run ./integration/bench --servers redis-aof-always,sy-badger-always --depths 1 --json always.json

Flags:
%s`

// parseOptions reads the command line; it returns pflag.ErrHelp after it has printed the help to out.
func parseOptions(args []string, out io.Writer) (options, error) {
	o := defaults
	var quick bool
	f := pflag.NewFlagSet("bench", pflag.ContinueOnError)
	f.SortFlags = false
	f.SetOutput(out)
	f.StringSliceVar(&o.servers, "servers", o.servers, "servers to measure; a ratio needs its reference among them")
	f.StringSliceVar(&o.commands, "commands", o.commands, "commands to measure; MGET and MSET take 10 keys each")
	f.IntSliceVar(&o.depths, "depths", o.depths, "pipeline depths: requests that a client sends before it reads a reply")
	f.IntVar(&o.clients, "clients", o.clients, "connections that redis-benchmark keeps busy")
	f.IntVar(&o.turns, "turns", o.turns, "runs of each server, command and depth; medians over them are printed")
	f.DurationVar(&o.duration, "duration", o.duration, "how long one run should last; a calibration run picks its requests")
	f.IntVar(&o.requests, "requests", o.requests, "the most requests in one run")
	f.IntVar(&o.keys, "keys", o.keys, "random keys that requests are spread over; all exist before the first run")
	f.BoolVar(&quick, "quick", false, fmt.Sprintf("about a minute: %s only, runs of %v, %d keys, unless those flags say otherwise",
		strings.Join(quickCommands, " and "), quickDuration, quickKeys))
	f.StringVar(&o.jsonFile, "json", "", "also write the machine and the numbers of every run to this `file`")
	f.Lookup("servers").DefValue = "all"
	f.Usage = func() { fmt.Fprintf(out, helpText, catalogueText(), f.FlagUsagesWrapped(100)) }
	if err := f.Parse(args); err != nil {
		return o, err
	}
	if f.NArg() > 0 {
		return o, fmt.Errorf("unexpected argument %q (see --help)", f.Arg(0))
	}
	if quick {
		o.quicken(f)
	}
	return o, o.validate()
}

// quicken shortens what the person did not choose.
func (o *options) quicken(f *pflag.FlagSet) {
	if !f.Changed("commands") {
		o.commands = quickCommands
	}
	if !f.Changed("duration") {
		o.duration = quickDuration
	}
	if !f.Changed("keys") {
		o.keys = quickKeys
	}
}

func (o *options) validate() error {
	for i, c := range o.commands {
		o.commands[i] = strings.ToUpper(c)
	}
	if err := known("server", o.servers, serverNames()); err != nil {
		return err
	}
	if err := known("command", o.commands, commandNames); err != nil {
		return err
	}
	if len(o.depths) == 0 {
		return errors.New("no depth to measure")
	}
	for _, f := range []struct {
		name  string
		value int
	}{
		{"depths", slices.Min(o.depths)}, {"clients", o.clients}, {"turns", o.turns},
		{"duration", int(o.duration)}, {"requests", o.requests}, {"keys", o.keys},
	} {
		if f.value < 1 {
			return fmt.Errorf("--%s must be more than 0", f.name)
		}
	}
	return nil
}

func known(what string, chosen, all []string) error {
	if len(chosen) == 0 {
		return fmt.Errorf("no %s to measure: choose from %s", what, strings.Join(all, ", "))
	}
	for _, c := range chosen {
		if !slices.Contains(all, c) {
			return fmt.Errorf("unknown %s %q: choose from %s", what, c, strings.Join(all, ", "))
		}
	}
	return nil
}

func (o *options) needsSwitchyard() bool {
	return slices.ContainsFunc(o.servers, func(name string) bool { return strings.HasPrefix(name, switchyardPrefix) })
}

func (o *options) describe() string {
	return fmt.Sprintf("%d clients, values of %d bytes, %d keys, medians of %d turns of about %v (at most %d requests each); about %v in all",
		o.clients, valueSize, o.keys, o.turns, o.duration, o.requests, o.estimate().Round(5*time.Second))
}

// estimate allows a fifth for calibration and half a minute per group for starting and filling servers.
func (o *options) estimate() time.Duration {
	cells := 0
	fill := time.Duration(0)
	for _, g := range groups(o.servers) {
		for _, s := range g {
			for _, c := range o.commands {
				if s.serves(c) {
					cells += len(o.depths)
				}
			}
		}
		fill += 30 * time.Second * time.Duration(o.keys) / time.Duration(defaults.keys)
	}
	return time.Duration(cells*o.turns)*o.duration*6/5 + fill
}
