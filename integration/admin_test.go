package integration

import (
	"io"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"switchyard/integration/redistest"
)

// get asks the admin server, and returns the status 0 where it does not answer.
func (p *process) get(path string) (status int, body string) {
	resp, err := http.Get("http://" + p.Admin + path)
	if err != nil {
		return 0, err.Error()
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		return 0, err.Error()
	}
	return resp.StatusCode, string(b)
}

// Metrics reads /metrics: the value of each series by its name with its labels.
func (p *process) Metrics() map[string]float64 {
	p.t.Helper()
	_, body := p.get("/metrics")
	m := map[string]float64{}
	for _, line := range strings.Split(body, "\n") {
		if name, value, ok := strings.Cut(line, "} "); ok && !strings.HasPrefix(line, "#") {
			m[name+"}"], _ = strconv.ParseFloat(value, 64)
		} else if name, value, ok := strings.Cut(line, " "); ok && name != "#" {
			m[name], _ = strconv.ParseFloat(value, 64)
		}
	}
	return m
}

// A line of the text format: a comment, or a name, labels and a number.
var metricLine = regexp.MustCompile(`^(# (HELP|TYPE) [a-zA-Z_:][a-zA-Z0-9_:]* .*|[a-zA-Z_:][a-zA-Z0-9_:]*(\{([a-zA-Z_][a-zA-Z0-9_]*="([^"\\]|\\.)*",?)*\})? (NaN|[-+]?Inf|[-+0-9.e]+))$`)

func TestMetricsTellWhatHappened(t *testing.T) {
	onEveryBackend(t, func(t *testing.T, p *process) {
		c := dial(t, p.Addr)
		for i := range 25 {
			c.do("SET", "k"+strconv.Itoa(i), "v")
		}
		c.do("GET", "k1")
		c.do("INCR", "k1")
		c.do("nosuch")
		status, body := p.get("/metrics")
		if status != http.StatusOK {
			t.Fatalf("/metrics: %d", status)
		}
		types := map[string]string{}
		for _, line := range strings.Split(strings.TrimSpace(body), "\n") {
			if !metricLine.MatchString(line) {
				t.Errorf("not a metric: %q", line)
			}
			if f := strings.Fields(line); len(f) == 4 && f[1] == "TYPE" {
				types[f[2]] = f[3]
			}
		}
		m := p.Metrics()
		for _, want := range []string{"go_goroutines", "process_open_fds", "process_cpu_seconds_total"} {
			if _, ok := m[want]; !ok {
				t.Errorf("no %s", want)
			}
		}
		sets := 0.0
		histogram := false
		for series, v := range m {
			if strings.HasPrefix(series, "switchyard_commands_total{") && strings.Contains(series, `"set"`) {
				sets += v
			}
		}
		for name, kind := range types {
			histogram = histogram || strings.HasPrefix(name, "switchyard_") && kind == "histogram"
		}
		if sets != 25 {
			t.Errorf("25 times SET were counted as %v", sets)
		}
		if !histogram {
			t.Error("no histogram of latencies")
		}
	})
}

func TestHealthAnswersWhileTheProcessLives(t *testing.T) {
	onEveryBackend(t, func(t *testing.T, p *process) {
		for _, path := range []string{"/healthz", "/readyz"} {
			if status, body := p.get(path); status != http.StatusOK {
				t.Errorf("%s: %d %s", path, status, body)
			}
		}
		if status, _ := p.get("/nosuch"); status != http.StatusNotFound {
			t.Errorf("/nosuch: %d", status)
		}
	})
}

// TestReadinessFollowsTheUpstream kills the Redis behind the active backend and starts it again:
// clients read an error at once, and need not reconnect.
func TestReadinessFollowsTheUpstream(t *testing.T) {
	t.Parallel()
	upstream := redistest.Start(t)
	p := start(t, settings{Backend: "redis", Upstream: upstream})
	c := dial(t, p.Addr)
	c.want("+OK\r\n", "SET", "k", "v")
	upstream.Stop()
	eventually(t, "/readyz is 503", func() bool { status, _ := p.get("/readyz"); return status == http.StatusServiceUnavailable })
	if status, body := p.get("/healthz"); status != http.StatusOK {
		t.Errorf("/healthz: %d %s", status, body)
	}
	if r := c.do("GET", "k"); !r.isError() {
		t.Errorf("GET without an upstream: %q", r.raw)
	}
	c.want("+PONG\r\n", "PING")
	upstream.Restart()
	eventually(t, "/readyz is 200 again", func() bool { status, _ := p.get("/readyz"); return status == http.StatusOK })
	eventually(t, "commands succeed again", func() bool { return c.do("SET", "k", "w").raw == "+OK\r\n" })
}

func TestTheAdminServerCanBeOff(t *testing.T) {
	t.Parallel()
	p := start(t, settings{Backend: "memory", Args: []string{"--admin", ""}})
	if status, body := p.get("/healthz"); status != 0 {
		t.Errorf("/healthz: %d %s", status, body)
	}
}
