package integration

import (
	"bytes"
	"fmt"
	"net"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// cli runs redis-cli against the process and returns what it prints.
func (p *process) cli(args ...string) string {
	p.t.Helper()
	return p.cliWith("", args...)
}

// cliWith gives redis-cli something to read.
func (p *process) cliWith(stdin string, args ...string) string {
	p.t.Helper()
	host, port, err := net.SplitHostPort(p.Addr)
	if err != nil {
		p.t.Fatal(err)
	}
	cmd := exec.CommandContext(p.t.Context(), "redis-cli", append([]string{"-h", host, "-p", port}, args...)...)
	cmd.Stdin = strings.NewReader(stdin)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Run(); err != nil {
		p.t.Fatalf("redis-cli %q (package redis-tools): %v\n%s", args, err, out.String())
	}
	return strings.TrimSuffix(out.String(), "\n")
}

// TestTheTranscriptOfTheReadme is the first thing that a newcomer tries.
func TestTheTranscriptOfTheReadme(t *testing.T) {
	t.Parallel()
	p := start(t, settings{})
	expect := func(want string, args ...string) {
		t.Helper()
		if got := p.cli(args...); got != want {
			t.Errorf("redis-cli %s: %q, want %q", strings.Join(args, " "), got, want)
		}
	}
	expectLifetime := func() {
		t.Helper()
		expect("v", "get", "k")
		if ttl, err := strconv.Atoi(p.cli("ttl", "k")); err != nil || ttl < 1 || ttl > 100 {
			t.Errorf("ttl k: %d, %v", ttl, err)
		}
	}
	expect("OK", "set", "k", "v", "ex", "100")
	expectLifetime()
	for _, name := range []string{"badger", "redis"} {
		expect("OK", "state.switch", name)
		expectLifetime()
		p.Stop()
		p = p.Again(settings{})
		expectLifetime()
	}
	expect("OK", "state.switch", "memory")
	expectLifetime()
}

func TestRedisCliScansAndWeighsKeys(t *testing.T) {
	onEveryBackend(t, func(t *testing.T, p *process) {
		c := dial(t, p.Addr)
		var want []string
		for i := range 300 {
			k := fmt.Sprint("key:", i)
			want = append(want, k)
			c.want("+OK\r\n", "SET", k, strings.Repeat("v", i+1))
		}
		got := strings.Split(p.cli("--scan"), "\n")
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(slices.Compact(got), want) {
			t.Errorf("--scan lists %d keys", len(got))
		}
		if got := strings.Split(p.cli("--scan", "--pattern", "key:1?"), "\n"); len(got) != 10 {
			t.Errorf("--scan --pattern: %q", got)
		}
		if out := p.cli("--bigkeys"); !strings.Contains(out, "300 bytes") || !strings.Contains(out, "Sampled 300 keys") {
			t.Errorf("--bigkeys:\n%s", out)
		}
	})
}

func TestRedisCliSpeaksRESP3AndChoosesADatabase(t *testing.T) {
	onEveryBackend(t, func(t *testing.T, p *process) {
		if out := p.cli("-3", "-n", "5", "set", "k", "five"); out != "OK" {
			t.Errorf("set: %q", out)
		}
		if out := p.cli("-n", "5", "get", "k"); out != "five" {
			t.Errorf("get in database 5: %q", out)
		}
		if out := p.cli("get", "k"); out != "" {
			t.Errorf("get in database 0: %q", out)
		}
		if out := p.cli("-3", "--no-raw", "state.stats"); !strings.Contains(out, `"backend" => "`+p.Active()+`"`) {
			t.Errorf("state.stats: %q", out)
		}
		if out := p.cli("--no-raw", "get", "nosuch"); out != "(nil)" {
			t.Errorf("get of nothing: %q", out)
		}
		if out := p.cli("info", "server"); !strings.Contains(out, "redis_version:7.2.") {
			t.Errorf("info server: %q", out)
		}
		if out := p.cli("info"); !strings.Contains(out, "maxmemory_policy:noeviction") || !strings.Contains(out, "db5:keys=1,") {
			t.Errorf("info: %q", out)
		}
		if out := p.cli("state.help"); !strings.Contains(out, "STATE.SWITCH") {
			t.Errorf("state.help: %q", out)
		}
	})
}

// In interactive mode redis-cli asks for COMMAND DOCS, from which it knows what to complete.
func TestRedisCliReadsCommandsFromItsInput(t *testing.T) {
	onEveryBackend(t, func(t *testing.T, p *process) {
		out := p.cliWith("set a 1\nincr a\nselect 3\nget a\nhello 3\nget a\nnosuch\nhelp state.switch\n")
		for _, want := range []string{"OK", "2", "proto", "ERR unknown command", "STATE.SWITCH"} {
			if !strings.Contains(out, want) {
				t.Errorf("no %q in %q", want, out)
			}
		}
		docs := dial3(t, p.Addr).do("COMMAND", "DOCS")
		if docs.kind != '%' || len(docs.items) < 100 {
			t.Errorf("COMMAND DOCS: %q", clip(docs.raw))
		}
	})
}

func TestRedisCliPipesARawFile(t *testing.T) {
	onEveryBackend(t, func(t *testing.T, p *process) {
		const n = 5000
		var raw strings.Builder
		for i := range n {
			raw.Write(encode("SET", fmt.Sprint("piped:", i), fmt.Sprint(i)))
		}
		out := p.cliWith(raw.String(), "--pipe")
		if !strings.Contains(out, fmt.Sprintf("errors: 0, replies: %d", n)) {
			t.Errorf("--pipe: %q", out)
		}
		dial(t, p.Addr).want(fmt.Sprintf(":%d\r\n", n), "DBSIZE")
	})
}
