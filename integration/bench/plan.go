package main

import (
	"fmt"
	"slices"
	"time"
)

// This file is what the options come to: what is measured, and how long that takes.

// workloads are those chosen for a depth.
func (o *options) workloads(depth int) []workload {
	var all []workload
	for _, name := range o.commands {
		if w := workloadOf(name); slices.Contains(o.depthsOf(w), depth) {
			all = append(all, w)
		}
	}
	return all
}

func (o *options) depthsOf(w workload) []int {
	if len(o.depths) > 0 {
		return o.depths
	}
	return w.depths
}

func (o *options) allDepths() []int {
	all := slices.Clone(o.depths)
	for _, name := range o.commands {
		for _, d := range o.depthsOf(workloadOf(name)) {
			if !slices.Contains(all, d) {
				all = append(all, d)
			}
		}
	}
	return all
}

// rows are the names of what is measured at a depth, in the order of the tables.
func (o *options) rows(depth int) []string {
	var names []string
	for _, w := range o.workloads(depth) {
		for _, s := range w.steps {
			names = append(names, s.name)
		}
	}
	return names
}

// residents are the servers that can be weighed.
func (o *options) residents() []*spec {
	var all []*spec
	for i, s := range catalogue {
		if s.resident && slices.Contains(o.servers, s.name) {
			all = append(all, &catalogue[i])
		}
	}
	return all
}

// describe says what will be done, in a few lines.
func (o *options) describe() (lines []string) {
	if len(o.commands) > 0 {
		lines = append(lines, fmt.Sprintf("%d clients, values of %d bytes, %d keys, medians of %d turns of about %v (at most %d requests each)",
			o.clients, valueSize, o.keys, o.turns, o.duration, o.requests))
	}
	for _, name := range o.memory {
		w := weighableOf(name)
		lines = append(lines, fmt.Sprintf("memory of %d %s: %s", w.dataset(o.keys).count, name, w.about))
	}
	return append(lines, fmt.Sprintf("about %v in all", o.estimate().Round(5*time.Second)))
}

// What a run costs beside its turns, on two cores.
const (
	calibrationCost = 1.4                  // times the turns themselves
	elementCost     = 8 * time.Microsecond // to fill all servers of a group with one string, field or member
)

// estimate is of the whole run.
func (o *options) estimate() time.Duration {
	runs, elements := 0, 0
	if len(o.commands) > 0 {
		for _, g := range groups(o.servers) {
			for _, s := range g {
				runs += o.turns * o.cells(s)
			}
			for _, d := range o.datasets() {
				elements += d.count * d.elements
			}
		}
	}
	for _, name := range o.memory {
		d := weighableOf(name).dataset(o.keys)
		elements += d.count * d.elements
	}
	return time.Duration(float64(runs)*calibrationCost*float64(o.duration)) +
		time.Duration(elements)*elementCost + time.Duration(len(o.memory))*o.rest
}

// cells is how many rows of the tables are the server's.
func (o *options) cells(s *spec) (n int) {
	for _, depth := range o.allDepths() {
		for _, w := range o.workloads(depth) {
			if s.serves(w) {
				n += len(w.steps)
			}
		}
	}
	return n
}
