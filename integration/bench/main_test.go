package main

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
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
	o.memory = nil
	o.depths = []int{1, 16}
	o.clients, o.turns, o.requests, o.keys = 5, 2, 5000, 1000
	o.rest = 10 * time.Millisecond
	return o
}

func TestAWholeRunPrintsEveryServerAndLeavesNothingBehind(t *testing.T) {
	o := tiny(t)
	o.commands = append(o.commands, "LPUSH+RPOP")
	o.memory = []string{"strings"}
	o.jsonFile = filepath.Join(t.TempDir(), "raw.json")
	var out, progress strings.Builder
	if err := run(t.Context(), o, &out, &progress); err != nil {
		t.Fatalf("%v\n%s", err, progress.String())
	}
	for _, want := range []string{
		`(?m)^cpu: .*cores`, `redis-server \d`,
		`(?m)^ +floor +GET +1 +\d+ .* 100 %$`, `(?m)^ +redis +SET +16 +\d+ .* 1\.00 +-$`,
		`(?m)^ +redis +INCR +1 `, `(?m)^ +redis +MGET +16 `, `(?m)^ +redis +MSET +16 `,
		`(?m)^ +redis +LPUSH +1 .* 1\.00 +-$`, `(?m)^ +redis +RPOP +16 .* 1\.00 +-$`, `(?m)^ +redis +strings +1000 .* 1\.00$`,
	} {
		if !regexp.MustCompile(want).MatchString(out.String()) {
			t.Errorf("%s is not in\n%s", want, out.String())
		}
	}
	if regexp.MustCompile(`floor +(INCR|LPUSH|strings)`).MatchString(out.String()) {
		t.Error("the floor was asked for what needs a store")
	}
	left, err := filepath.Glob(filepath.Join(os.TempDir(), "switchyard-bench-*"))
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %v, %v", left, err)
	}

	text, err := os.ReadFile(o.jsonFile)
	if err != nil {
		t.Fatal(err)
	}
	var raw struct {
		Results []result
		Memory  []footprint
	}
	if err := json.Unmarshal(text, &raw); err != nil {
		t.Fatal(err)
	}
	if cells := 2*2 + 7*2; len(raw.Results) != cells { // the floor's and redis-server's
		t.Errorf("%d cells in the file, not %d", len(raw.Results), cells)
	}
	for _, r := range raw.Results {
		if len(r.Samples) != o.turns {
			t.Errorf("%s %s has %d turns", r.Server, r.Command, len(r.Samples))
		}
	}
	if len(raw.Memory) != 1 || raw.Memory[0].used() <= 0 {
		t.Errorf("memory in the file: %+v", raw.Memory)
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
	s := started(t)
	begin := time.Now()
	time.AfterFunc(300*time.Millisecond, func() { _ = s.cmd.Process.Kill() })
	_, err := drive(t.Context(), s, load{step: workloadOf("SET").steps[0], depth: 1, clients: 5, requests: 1_000_000_000, keys: o.keys})
	if err == nil || !strings.Contains(err.Error(), "redis ended (signal: killed)") {
		t.Errorf("got %v", err)
	}
	if _, err = drive(t.Context(), s, load{step: workloadOf("SET").steps[0]}); err == nil || !strings.Contains(err.Error(), "redis ended") {
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

// started is a redis-server for the test.
func started(t *testing.T) *server {
	t.Helper()
	y := &yard{dir: t.TempDir()}
	s, err := y.start(t.Context(), find("redis"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := y.stop(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func TestFillWritesEveryKey(t *testing.T) {
	o := tiny(t)
	o.commands = workloadNames()
	o.keys = 2345 // neither whole MSETs nor whole batches
	s := started(t)
	if err := fill(t.Context(), s.addr, o); err != nil {
		t.Fatal(err)
	}
	if got := redisCLI(t, s.addr, "dbsize"); got != "4924" {
		t.Errorf("%s keys, not 2345 strings, 2345 counters, 4 times 46 collections, 46 rates and 4 streams", got)
	}
	for _, c := range []struct{ want, line string }{
		{"64", "strlen key:000000000000"}, {"64", "strlen key:000000002344"}, {"0", "get counter:000000002344"},
		{"10", "hlen hash:000000000045"}, {"64", "hstrlen hash:000000000000 field5"}, {"10", "llen list:000000000045"},
		{"10", "scard set:000000000045"}, {"10", "zcard zset:000000000045"}, {"23", "zscore zset:000000000000 member:000000000005"},
		{"100", "xlen stream:000000000003"}, {"0", "get rate:000000000045"},
	} {
		if got := redisCLI(t, s.addr, strings.Fields(c.line)...); got != c.want {
			t.Errorf("%s: %s, not %s", c.line, got, c.want)
		}
	}
}

func TestFillSaysWhatTheServerRefuses(t *testing.T) {
	o := tiny(t)
	o.commands = []string{"GET", "HSET"}
	s := started(t)
	redisCLI(t, s.addr, "set", "hash:000000000003", "a string")
	if err := fill(t.Context(), s.addr, o); err == nil || !strings.Contains(err.Error(), "hashes") || !strings.Contains(err.Error(), "WRONGTYPE") {
		t.Errorf("got %v", err)
	}
}

// What is added has to be taken away again, or be trimmed, or replace what was there.
func TestRunsLeaveTheDataAsBigAsTheyFoundIt(t *testing.T) {
	o := tiny(t)
	o.commands = []string{"HSET", "HGET", "LPUSH+RPOP", "SADD+SPOP", "ZADD", "ZRANGE", "XADD"}
	o.keys, o.requests, o.turns = 50_000, 8000, 2
	s := started(t)
	if err := fill(t.Context(), s.addr, o); err != nil {
		t.Fatal(err)
	}
	for _, w := range o.workloads(16) {
		cells := measureCells(t.Context(), o, []*server{s}, w, 16)
		if len(cells) != len(w.steps) {
			t.Errorf("%s: %d cells", w.name(), len(cells))
		}
		for _, r := range cells {
			if r.Error != "" || len(r.Samples) != o.turns {
				t.Errorf("%s: %d turns, %s", r.Command, len(r.Samples), r.Error)
			}
		}
	}
	const count = `local n = 0 for _, key in ipairs(redis.call("KEYS", ARGV[1])) do n = n + redis.call(ARGV[2], key) end return n`
	for _, c := range []struct {
		keys, length string
		least, most  int
	}{
		{"hash:*", "HLEN", 10_000, 10_000},
		{"zset:*", "ZCARD", 10_000, 10_000},
		{"list:*", "LLEN", 10_000, 12_000},   // more than 16,000 were added; some pops found an empty list
		{"set:*", "SCARD", 9_000, 12_000},    // the same, and some members were there already
		{"stream:*", "XLEN", 10_000, 20_000}, // trimmed by whole nodes
	} {
		n, err := strconv.Atoi(redisCLI(t, s.addr, "eval", count, "0", c.keys, c.length))
		if err != nil || n < c.least || n > c.most {
			t.Errorf("%s: %d elements (%v), not %d to %d", c.keys, n, err, c.least, c.most)
		}
	}
}
