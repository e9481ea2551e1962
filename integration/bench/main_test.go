package main

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// The bench starts itself as the floor; in a test that is the test binary.
func TestMain(m *testing.M) {
	if len(os.Args) == 3 && os.Args[1] == floorCommand {
		fail(serveFloor(os.Args[2]))
		return
	}
	os.Exit(m.Run())
}

// tiny is a whole run of redis-server and the floor in a second or two.
func tiny(t *testing.T) options {
	t.Setenv("TMPDIR", t.TempDir())
	o := defaults
	o.servers = []string{"floor", "redis"}
	o.commands = []string{"GET", "SET", "INCR", "MGET", "MSET"}
	o.depths = []int{1, 16}
	o.clients, o.turns, o.requests, o.keys = 5, 2, 5000, 1000
	return o
}

func TestAWholeRunPrintsEveryServerAndLeavesNothingBehind(t *testing.T) {
	o := tiny(t)
	o.jsonFile = filepath.Join(t.TempDir(), "raw.json")
	var out, progress strings.Builder
	if err := run(t.Context(), o, &out, &progress); err != nil {
		t.Fatalf("%v\n%s", err, progress.String())
	}
	for _, want := range []string{
		`(?m)^cpu: .*cores`, `redis-server \d`,
		`(?m)^ +floor +GET +1 +\d+ .* 100 %$`, `(?m)^ +redis +SET +16 +\d+ .* 1\.00 +-$`,
		`(?m)^ +redis +INCR +1 `, `(?m)^ +redis +MGET +16 `, `(?m)^ +redis +MSET +16 `,
	} {
		if !regexp.MustCompile(want).MatchString(out.String()) {
			t.Errorf("%s is not in\n%s", want, out.String())
		}
	}
	if regexp.MustCompile(`floor +INCR`).MatchString(out.String()) {
		t.Error("the floor was asked for INCR, which needs a store")
	}
	left, err := filepath.Glob(filepath.Join(os.TempDir(), "switchyard-bench-*"))
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}

	text, err := os.ReadFile(o.jsonFile)
	if err != nil {
		t.Fatal(err)
	}
	var raw struct{ Results []result }
	if err := json.Unmarshal(text, &raw); err != nil {
		t.Fatal(err)
	}
	if cells := 2*2 + 5*2; len(raw.Results) != cells { // the floor's and redis-server's
		t.Errorf("%d cells in the file, not %d", len(raw.Results), cells)
	}
	for _, r := range raw.Results {
		if len(r.Samples) != o.turns {
			t.Errorf("%s %s has %d turns", r.Server, r.Command, len(r.Samples))
		}
	}
}

func TestAnInterruptedRunStopsItsServers(t *testing.T) {
	o := tiny(t)
	o.requests, o.duration = 100_000_000, time.Hour
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	y := &yard{dir: t.TempDir()}
	var seen []*process
	time.AfterFunc(time.Second, cancel)
	g := groups(o.servers)[0]
	first := g[0].start
	spied := *g[0]
	spied.start = func(ctx context.Context, y *yard, name string) (*server, error) {
		s, err := first(ctx, y, name)
		seen = append(seen, s.process)
		return s, err
	}
	if _, err := measureGroup(ctx, o, y, []*spec{&spied}, &strings.Builder{}); err == nil {
		t.Error("an interrupted run has to say so")
	}
	if len(seen) != 1 || !seen[0].hasExited() || len(y.running) > 0 {
		t.Errorf("still running: %v", y.running)
	}
}

func TestAServerThatDiesFailsItsCellsAtOnce(t *testing.T) {
	o := tiny(t)
	y := &yard{dir: t.TempDir()}
	s, err := y.start(t.Context(), find("redis"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = y.stop() })
	begin := time.Now()
	time.AfterFunc(300*time.Millisecond, func() { _ = s.cmd.Process.Kill() })
	_, err = drive(t.Context(), s, load{command: "SET", depth: 1, clients: 5, requests: 1_000_000_000, keys: o.keys})
	if err == nil || !strings.Contains(err.Error(), "redis ended (signal: killed)") {
		t.Errorf("got %v", err)
	}
	if _, err = drive(t.Context(), s, load{command: "SET"}); err == nil || !strings.Contains(err.Error(), "redis ended") {
		t.Errorf("and the next time %v", err)
	}
	if took := time.Since(begin); took > runTimeout/2 {
		t.Errorf("it took %v to notice", took)
	}
}

func TestAProgramThatCannotStartShowsItsLastWords(t *testing.T) {
	y := &yard{dir: t.TempDir()}
	_, err := startRedis("--no-such-option", "1")(t.Context(), y, "redis")
	if err == nil || !strings.Contains(err.Error(), "no-such-option") {
		t.Errorf("got %v", err)
	}
	if err := y.stop(); err != nil {
		t.Error(err)
	}
}

func TestFillWritesEveryKey(t *testing.T) {
	o := tiny(t)
	o.keys = 2345 // neither whole MSETs nor whole pipelines
	y := &yard{dir: t.TempDir()}
	s, err := y.start(t.Context(), find("redis"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = y.stop() })
	if err := fill(t.Context(), s.addr, o); err != nil {
		t.Fatal(err)
	}
	if got := redisCLI(t, s.addr, "dbsize"); got != "4690" {
		t.Errorf("%s keys, not 2345 strings and 2345 counters", got)
	}
	for _, key := range []string{"key:000000000000", "key:000000002344", "counter:000000002344"} {
		if redisCLI(t, s.addr, "exists", key) != "1" {
			t.Errorf("no %s", key)
		}
	}
}
