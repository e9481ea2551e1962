package main

import (
	"strings"
	"testing"
)

// cell is a result whose turns had these throughputs.
func cell(name, command string, throughputs ...float64) *result {
	r := &result{Server: name, Command: command, Depth: 1, server: &server{spec: find(name)}}
	for _, t := range throughputs {
		r.Samples = append(r.Samples, sample{Requests: 10, Ops: t, P50: 1, P99: 2, CPU: 3, UpstreamCPU: 4})
	}
	return r
}

func TestTablesShowMediansAndRatiosToTheReference(t *testing.T) {
	broken := cell("sy-memory", "SET")
	broken.Error = "sy-memory ended"
	forwarding := cell("sy-redis", "GET", 50)
	forwarding.server.upstream = &process{}
	results := []*result{
		cell("floor", "GET", 100, 300, 200), cell("redis", "GET", 400, 50, 100), cell("sy-memory", "GET", 160, 150, 140), forwarding,
		broken, cell("floor", "SET", 100), cell("redis-aof-always", "SET", 80), cell("sy-badger-always", "SET", 60),
	}
	o := defaults
	o.commands = []string{"GET", "SET"}
	o.depths = []int{1, 64}
	var out strings.Builder
	printTables(&out, o, results)
	printVerdicts(&out, o, results)
	got := strings.Join(strings.Fields(out.String()), " ")
	for _, want := range []string{
		"floor GET 1 200 100 % 1.000 2.000 3.00 - 2.00 100 %",
		"redis GET 1 100 350 % 1.000 2.000 3.00 - 1.00 -",
		"sy-memory GET 1 150 13 % 1.000 2.000 3.00 - 1.50 75 %",
		"sy-redis GET 1 50 0 % 1.000 2.000 3.00 4.00 0.50 -",
		"sy-memory SET 1 failed",
		"floor SET 1 100 0 % 1.000 2.000 3.00 - - 100 %",
		"sy-badger-always SET 1 60 0 % 1.000 2.000 3.00 - 0.75 -",
		"sy-memory keeps 75.0 % of the floor for GET at depth 1 (goal: 85 %, missed)",
		"every commit synced, 50 clients, SET at depth 1: badger 60/s, redis-server appendfsync always 80/s (0.75)",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is not in\n%s", want, out.String())
		}
	}
	if strings.Contains(got, "pipeline depth 64") {
		t.Error("a table of a depth that was never measured")
	}
}
