package main

import (
	"net"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/spf13/pflag"
)

func redisCLI(t *testing.T, addr string, args ...string) string {
	t.Helper()
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command("redis-cli", append([]string{"-h", host, "-p", port}, args...)...).Output()
	if err != nil {
		t.Fatalf("redis-cli (package redis-tools): %v", err)
	}
	return strings.TrimSpace(string(out))
}

const header = `"test","rps","avg_latency_ms","min_latency_ms","p50_latency_ms","p95_latency_ms","p99_latency_ms","max_latency_ms"` + "\n"

func TestParseCSV(t *testing.T) {
	for _, c := range []struct {
		name, text string
		want       figures
		wrong      string
	}{
		{"one of redis-benchmark's own tests", header + `"GET","1818181.88","0.349","0.144","0.351","0.479","0.543","0.591"` + "\n",
			figures{1818181.88, 0.351, 0.543}, ""},
		{"a command line of ours", header + `"MGET key:__rand_int__ key:__rand_int__","15.50","1","2","0.415","0.671","0.807","9"` + "\n",
			figures{15.50, 0.415, 0.807}, ""},
		{"columns in another order", "\"rps\",\"p99_latency_ms\",\"test\",\"p50_latency_ms\"\n\"7\",\"3\",\"GET\",\"2\"\n",
			figures{7, 2, 3}, ""},
		{"version 6.0 without a header", `"GET","100000.00"` + "\n", figures{}, "a header and one row"},
		{"a header alone", header, figures{}, "a header and one row"},
		{"nothing", "", figures{}, "a header and one row"},
		{"a column too few", "\"test\",\"rps\",\"p50_latency_ms\"\n\"GET\",\"1\",\"1\"\n", figures{}, "no column p99"},
		{"no number", header + `"GET","many","1","1","1","1","1","1"` + "\n", figures{}, "column rps"},
		{"a short row", header + `"GET","1"` + "\n", figures{}, "wrong number of fields"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := parseCSV(c.text)
			check(t, got, c.want, err, c.wrong)
		})
	}
}

func TestParseStat(t *testing.T) {
	const tail = " S 1 2 3 0 -1 4194560 300 0 0 0 1234 66 7 8 20 0 4 0 100 200 300"
	for _, c := range []struct {
		name, text string
		want       time.Duration
		wrong      string
	}{
		{"user and system time are added", "10 (redis-server)" + tail, 13 * time.Second, ""},
		{"a name with blanks and parentheses", "10 (a (b) 1 2 3)" + tail, 13 * time.Second, ""},
		{"cut short", "10 (redis-server) S 1 2", 0, "unreadable"},
		{"nothing", "", 0, "unreadable"},
		{"no number", "10 (x) S 1 2 3 0 -1 4 3 0 0 0 many 66 7", 0, "many"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := parseStat(c.text)
			check(t, got, c.want, err, c.wrong)
		})
	}
	t.Run("our own", func(t *testing.T) {
		text, err := os.ReadFile("/proc/self/stat")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := parseStat(string(text)); err != nil {
			t.Error(err)
		}
	})
}

func TestParseMemory(t *testing.T) {
	const status = "Name:\tredis-server\nVmHWM:\t   14000 kB\nVmRSS:\t   13000 kB\nVmData:\t many kB\n"
	const info = "# Memory\r\nused_memory_rss:7\r\nused_memory:939344\r\nused_memory_human:917.33K\r\n"
	resident := func(text string) (int64, error) { return parseKilobytes(text, "VmRSS") }
	data := func(text string) (int64, error) { return parseKilobytes(text, "VmData") }
	for _, c := range []struct {
		name, text string
		parse      func(string) (int64, error)
		want       int64
		wrong      string
	}{
		{"resident memory", status, resident, 13000 << 10, ""},
		{"no number of kilobytes", status, data, 0, "many"},
		{"of a process that has ended", "Name:\tredis-server\nState:\tZ (zombie)\n", resident, 0, "no VmRSS"},
		{"used memory", info, parseUsedMemory, 939344, ""},
		{"no used memory", "# Memory\r\nused_memory_rss:7\r\n", parseUsedMemory, 0, "no used_memory"},
		{"no number", "used_memory:many\r\n", parseUsedMemory, 0, "many"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := c.parse(c.text)
			check(t, got, c.want, err, c.wrong)
		})
	}
}

func check[T comparable](t *testing.T, got, want T, err error, wrong string) {
	t.Helper()
	if got != want && wrong == "" {
		t.Errorf("got %v, want %v", got, want)
	}
	if wrong == "" && err != nil || wrong != "" && (err == nil || !strings.Contains(err.Error(), wrong)) {
		t.Errorf("error %v, want one about %q", err, wrong)
	}
}

func TestMedian(t *testing.T) {
	for _, c := range []struct {
		values []float64
		want   float64
	}{
		{nil, 0}, {[]float64{4}, 4}, {[]float64{3, 1, 2}, 2}, {[]float64{9, 1, 4, 2}, 3}, {[]float64{5, 5, 1}, 5},
	} {
		before := slices.Clone(c.values)
		if got := median(c.values); got != c.want {
			t.Errorf("median of %v is %v, not %v", c.values, got, c.want)
		}
		if !slices.Equal(before, c.values) {
			t.Errorf("median has sorted the caller's %v", before)
		}
	}
}

func TestMachineTexts(t *testing.T) {
	if got := cpuModel("processor\t: 0\nmodel name\t: Intel(R) Xeon(R)  \nmodel name\t: other\n"); got != "Intel(R) Xeon(R)" {
		t.Errorf("cpu %q", got)
	}
	if got := cpuModel("processor\t: 0\n"); !strings.HasPrefix(got, "unnamed") {
		t.Errorf("cpu without a name %q", got)
	}
	if got := redisVersion("Redis server v=7.0.15 sha=00000000:0 malloc=jemalloc"); got != "7.0.15" {
		t.Errorf("redis-server %q", got)
	}
}

func TestOptions(t *testing.T) {
	for _, c := range []struct {
		name, line, wrong string
		ok                func(options) bool
	}{
		{"nothing said", "", "", func(o options) bool { return len(o.servers) == len(catalogue) && o.requests == defaults.requests }},
		{"a subset in lower case", "--servers redis,floor --commands get --depths 4", "",
			func(o options) bool { return len(o.servers) == 2 && o.commands[0] == "GET" && o.depths[0] == 4 }},
		{"quick", "--quick", "", func(o options) bool {
			return o.keys == quickKeys && len(o.commands) == len(quickCommands) && len(o.memory) == 0
		}},
		{"quick keeps what was chosen", "--quick --keys 7 --commands MSET", "",
			func(o options) bool { return o.keys == 7 && o.commands[0] == "MSET" && o.duration == quickDuration }},
		{"an unknown server", "--servers valkey", `unknown server "valkey": choose from floor, redis`, nil},
		{"an unknown command", "--commands GET,HMSET", `unknown command "HMSET"`, nil},
		{"an unknown dataset", "--memory lists", `unknown dataset "lists": choose from strings, hashes, zsets`, nil},
		{"each command has its depths", "", "", func(o options) bool {
			return slices.Equal(o.allDepths(), []int{1, 16, 64}) && slices.Contains(o.rows(16), "RPOP") && !slices.Contains(o.rows(64), "RPOP")
		}},
		{"unless others are asked for", "--depths 64", "", func(o options) bool { return slices.Contains(o.rows(64), "XADD") }},
		{"commands alone", "--commands lpush+rpop", "", func(o options) bool { return len(o.memory) == 0 && o.commands[0] == "LPUSH+RPOP" }},
		{"memory alone", "--memory hashes --keys 10", "", func(o options) bool { return len(o.commands) == 0 && len(o.memory) == 1 }},
		{"both", "--memory hashes --commands GET", "", func(o options) bool { return len(o.commands) == 1 && len(o.memory) == 1 }},
		{"quick memory", "--quick --memory zsets", "", func(o options) bool { return len(o.commands) == 0 && o.keys == quickKeys }},
		{"servers without anything to weigh", "--servers redis-aof-no", "", func(o options) bool { return len(o.memory) == 0 }},
		{"weighing them", "--servers redis-aof-no --memory hashes", "nothing to weigh", nil},
		{"no command", "--commands=", "nothing to measure", nil},
		{"no server", "--servers=", "no server", nil},
		{"an impossible depth", "--depths 1,0", "--depths must be more than 0", nil},
		{"an impossible number", "--turns 0", "--turns must be more than 0", nil},
		{"an argument", "memory", `unexpected argument "memory"`, nil},
		{"help", "--help", pflag.ErrHelp.Error(), nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			var out strings.Builder
			o, err := parseOptions(strings.Fields(c.line), &out)
			check(t, err == nil && c.ok(o), true, err, c.wrong)
		})
	}
	if defaults.commands[0] != "GET" || len(defaults.servers) != len(catalogue) {
		t.Error("parsing has changed the defaults")
	}
}
