package main

import (
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/spf13/pflag"
)

// options is what a person may choose on the command line.
type options struct {
	servers  []string
	commands []string // of workloads; none: throughput is not measured
	memory   []string // datasets to weigh; none: memory is not measured
	depths   []int    // none: those of each workload
	clients  int
	turns    int
	duration time.Duration // how long one run should last
	requests int           // the most requests in one run, however fast the server
	keys     int
	rest     time.Duration // between filling and weighing
	jsonFile string
}

// A whole run takes half an hour with these on two cores; a quick one about a minute. The rest is longer than
// the two minutes after which Go's runtime collects the garbage of a program that does nothing.
var (
	defaults = options{
		servers:  serverNames(),
		commands: workloadNames(),
		memory:   weighableNames(),
		clients:  50,
		turns:    3,
		duration: 800 * time.Millisecond,
		requests: 5_000_000,
		keys:     1_000_000,
		rest:     130 * time.Second,
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
over the turns, and ratios are of servers whose turns alternated. Commands joined by + run one after the
other, with as many requests. Files go to the temporary folder; set TMPDIR to a folder on the disk that
matters, because fsync is what the badger and AOF servers measure.

Then the servers that keep all data in memory are started again for each dataset, filled, and weighed after
a rest. To choose commands leaves this out, and to choose datasets leaves the commands out; name both for both.

Servers, in groups that run together:
%s
Examples:
  go run ./integration/bench --quick
  go run ./integration/bench --servers redis,sy-memory,floor --commands GET,SET --turns 7
  go run ./integration/bench --servers redis-aof-always,sy-badger-always --depths 1 --json always.json
  go run ./integration/bench --servers redis,sy-memory --commands LPUSH+RPOP,ZADD --depths 16
  go run ./integration/bench --memory hashes --keys 100000

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
	f.StringSliceVar(&o.memory, "memory", o.memory, "datasets to weigh")
	f.IntSliceVar(&o.depths, "depths", o.depths, "pipeline depths: requests that a client sends before it reads a reply")
	f.Lookup("depths").DefValue = "1, 16, and 64 for strings"
	f.IntVar(&o.clients, "clients", o.clients, "connections that redis-benchmark keeps busy")
	f.IntVar(&o.turns, "turns", o.turns, "runs of each server, command and depth; medians over them are printed")
	f.DurationVar(&o.duration, "duration", o.duration, "how long one run should last; a calibration run picks its requests")
	f.IntVar(&o.requests, "requests", o.requests, "the most requests in one run")
	f.IntVar(&o.keys, "keys", o.keys, fmt.Sprintf("random keys that requests are spread over, all of which exist before the first run, and "+
		"keys to weigh; hashes, lists, sets and sorted sets are one for %d of them, streams one for %d, weighed sorted sets one for %d",
		hashes.share, streams.share, weighableOf(sortedSets.name).share))
	f.DurationVar(&o.rest, "rest", o.rest, "how long servers rest between filling and weighing")
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
	o.narrow(f)
	return o, o.validate()
}

// quicken shortens what the person did not choose.
func (o *options) quicken(f *pflag.FlagSet) {
	if !f.Changed("commands") && !f.Changed("memory") {
		o.commands, o.memory = quickCommands, nil
	}
	if !f.Changed("duration") {
		o.duration = quickDuration
	}
	if !f.Changed("keys") {
		o.keys = quickKeys
	}
}

// narrow leaves out the part that the person did not choose where the other was chosen, and the weighing
// where there is nothing to weigh.
func (o *options) narrow(f *pflag.FlagSet) {
	switch commands, memory := f.Changed("commands"), f.Changed("memory"); {
	case commands && !memory, !memory && len(o.residents()) == 0:
		o.memory = nil
	case memory && !commands:
		o.commands = nil
	}
}

func (o *options) validate() error {
	for i, c := range o.commands {
		o.commands[i] = strings.ToUpper(c)
	}
	if err := known("server", o.servers, serverNames()); err != nil {
		return err
	}
	if err := known("command", o.commands, workloadNames()); err != nil {
		return err
	}
	if err := known("dataset", o.memory, weighableNames()); err != nil {
		return err
	}
	switch {
	case len(o.servers) == 0:
		return errors.New("no server to measure")
	case len(o.commands) == 0 && len(o.memory) == 0:
		return errors.New("nothing to measure: neither commands nor memory")
	case len(o.memory) > 0 && len(o.residents()) == 0:
		return errors.New("none of these servers keeps all data in its memory: there is nothing to weigh")
	}
	for _, f := range []struct {
		name  string
		value int
	}{
		{"depths", slices.Min(append([]int{math.MaxInt}, o.depths...))}, {"clients", o.clients}, {"turns", o.turns},
		{"duration", int(o.duration)}, {"rest", int(o.rest)}, {"requests", o.requests}, {"keys", o.keys},
	} {
		if f.value < 1 {
			return fmt.Errorf("--%s must be more than 0", f.name)
		}
	}
	return nil
}

func known(what string, chosen, all []string) error {
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
