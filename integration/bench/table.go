package main

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
)

const (
	floorGoal  = 0.85 // of the floor's throughput is what the memory backend is to keep
	memoryName = switchyardPrefix + "memory"
	none       = "-"
	heading    = "\tcommand\tdepth\tops/s\tspread\tp50 ms\tp99 ms\tCPU us/op\tupstream us/op\tof redis\tof floor\t"
)

// printTables prints a table for each depth, with a server's row beside its reference's.
func printTables(w io.Writer, o options, results []*result) {
	for _, depth := range o.allDepths() {
		if !slices.ContainsFunc(results, func(r *result) bool { return r.Depth == depth }) {
			continue // interrupted before
		}
		fmt.Fprintf(w, "pipeline depth %d, %d clients\n", depth, o.clients)
		t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
		fmt.Fprintln(t, pad("server")+heading)
		for _, command := range o.rows(depth) {
			for _, g := range groups(o.servers) {
				for _, s := range g {
					if r := lookup(results, s.name, command, depth); r != nil {
						fmt.Fprintln(t, pad(s.name)+row(results, r))
					}
				}
			}
		}
		_ = t.Flush() // it only hands on what w, the terminal, thinks of it
		fmt.Fprintln(w)
	}
	if len(results) == 0 {
		return
	}
	fmt.Fprint(w, "An operation is one command; MGET and MSET have 10 keys. Spread: best to worst turn, as a part of the median.\n"+
		"CPU is the server's, user and system, counted in ticks of 10 ms: short runs show it coarsely.\n"+
		"Of redis: throughput as a multiple of the redis-server in the same turns, for badger the one with the same appendfsync.\n\n")
}

// printFootprints prints bytes of memory per key, with a server's row beside its reference's.
func printFootprints(w io.Writer, o options, all []*footprint) {
	if len(all) == 0 {
		return
	}
	fmt.Fprintln(w, "bytes of memory per key")
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, pad("server")+"\tdata\tkeys\tresident\tof redis\twhen filled\tpeak\tused_memory\tof redis\t")
	for _, p := range all {
		fmt.Fprintln(t, pad(p.Server)+footprintRow(all, p))
	}
	_ = t.Flush() // it only hands on what w, the terminal, thinks of it
	fmt.Fprintln(w)
	for _, name := range o.memory {
		fmt.Fprintf(w, "%s: %s.\n", name, weighableOf(name).about)
	}
	fmt.Fprintf(w, "Resident: growth of VmRSS from the empty server to the full one that has rested for %v; when filled: before the rest;\n"+
		"peak: growth to VmHWM, the most at any moment. Used_memory: growth of what INFO says.\n\n", o.rest)
}

func footprintRow(all []*footprint, p *footprint) string {
	cells := []string{"", p.Data, fmt.Sprint(p.Keys)}
	if p.Error != "" {
		return strings.Join(append(cells, "failed"), "\t") + "\t"
	}
	bytes := func(n float64) string { return fmt.Sprintf("%.0f", n) }
	cells = append(cells,
		bytes(p.resident()),
		multiple(p.share(all, (*footprint).resident)),
		bytes(p.perKey(p.Filled.Resident, p.Empty.Resident)),
		bytes(p.perKey(p.Rested.Peak, p.Empty.Resident)),
		bytes(p.used()),
		multiple(p.share(all, (*footprint).used)))
	return strings.Join(cells, "\t") + "\t"
}

// pad keeps names to the left in a table whose columns are aligned to the right.
func pad(name string) string {
	width := 0
	for _, s := range catalogue {
		width = max(width, len(s.name))
	}
	return fmt.Sprintf("%-*s", width, name)
}

func row(all []*result, r *result) string {
	cells := []string{"", r.Command, fmt.Sprint(r.Depth)}
	if r.Error != "" {
		return strings.Join(append(cells, "failed"), "\t") + "\t"
	}
	figure := func(format string, of func(sample) float64) string { return fmt.Sprintf(format, r.median(of)) }
	upstream := none
	if r.server.upstream != nil {
		upstream = figure("%.2f", func(s sample) float64 { return s.UpstreamCPU })
	}
	floor := none
	if r.Server == memoryName || r.Server == floorName {
		floor = percent(ratio(all, r, floorName))
	}
	cells = append(cells,
		figure("%.0f", ops),
		fmt.Sprintf("%.0f %%", 100*r.spread()),
		figure("%.3f", func(s sample) float64 { return s.P50 }),
		figure("%.3f", func(s sample) float64 { return s.P99 }),
		figure("%.2f", func(s sample) float64 { return s.CPU }),
		upstream,
		multiple(ratio(all, r, r.server.spec.reference)),
		floor)
	return strings.Join(cells, "\t") + "\t"
}

func lookup(all []*result, server, command string, depth int) *result {
	for _, r := range all {
		if r.Server == server && r.Command == command && r.Depth == depth {
			return r
		}
	}
	return nil
}

// ratio of r's throughput to that of another server under the same load; 0 where there is no such number.
func ratio(all []*result, r *result, other string) float64 {
	o := lookup(all, other, r.Command, r.Depth)
	if o == nil || o.Error != "" || r.Error != "" || o.median(ops) == 0 {
		return 0
	}
	return r.median(ops) / o.median(ops)
}

func percent(ratio float64) string {
	if ratio == 0 {
		return none
	}
	return fmt.Sprintf("%.0f %%", 100*ratio)
}

func multiple(ratio float64) string {
	if ratio == 0 {
		return none
	}
	return fmt.Sprintf("%.2f", ratio)
}

// printVerdicts answers the two questions that the project asks of these numbers.
func printVerdicts(w io.Writer, o options, results []*result) {
	for _, r := range results {
		if share := ratio(results, r, floorName); r.Server == memoryName && share > 0 {
			verdict := "reached"
			if share < floorGoal {
				verdict = "missed"
			}
			fmt.Fprintf(w, "%s keeps %.1f %% of the floor for %s at depth %d (goal: %s, %s)\n",
				r.Server, 100*share, r.Command, r.Depth, percent(floorGoal), verdict)
		}
	}
	for _, r := range results {
		if r.Server != switchyardPrefix+"badger-always" || changesNothing(r.Command) || r.Error != "" {
			continue
		}
		reference := lookup(results, r.server.spec.reference, r.Command, r.Depth)
		if reference == nil || reference.Error != "" {
			continue
		}
		fmt.Fprintf(w, "every commit synced, %d clients, %s at depth %d: badger %.0f/s, redis-server appendfsync always %.0f/s (%s)\n",
			o.clients, r.Command, r.Depth, r.median(ops), reference.median(ops), multiple(ratio(results, r, reference.Server)))
	}
}

// writeJSON writes the numbers of every run, for comparing one commit with another.
func writeJSON(w io.Writer, o options, m machine, results []*result, footprints []*footprint) error {
	text, err := json.MarshalIndent(map[string]any{
		"machine": m, "clients": o.clients, "keys": o.keys, "value_bytes": valueSize, "results": results,
		"rest_seconds": o.rest.Seconds(), "memory": footprints,
	}, "", "  ")
	if err != nil {
		return err
	}
	_, err = w.Write(append(text, '\n'))
	return err
}
