package proxy

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"
)

// page gets one page of the admin server.
func page(t *testing.T, s *Server, path string) (status int, body string) {
	t.Helper()
	resp, err := http.Get("http://" + s.AdminAddr().String() + path)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(b)
}

// running is a server with an admin server, serving until the test ends.
func running(t *testing.T, change func(*Config)) *Server {
	t.Helper()
	server := journaled(t, func(c *Config) { withSecond(c); c.Admin = "127.0.0.1:0"; change(c) })
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error)
	go func() { ended <- server.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return server
}

func TestMetricsCountWhatHappened(t *testing.T) {
	server := running(t, func(*Config) {})
	s := openSession(t, server)
	defer s.Close()
	for _, line := range []string{"SET k v", "GET k", "GET absent", "INCR k", "GET", "NOSUCH", "STATE.SWITCH second"} {
		ask(s, strings.Fields(line)...)
	}
	status, body := page(t, server, "/metrics")
	if status != http.StatusOK {
		t.Fatal(status, body)
	}
	for _, line := range []string{
		`switchyard_commands_total{command="get",outcome="ok"} 2`,
		`switchyard_commands_total{command="incr",outcome="error"} 1`,
		`switchyard_command_duration_seconds_count{command="set"} 1`,
		`switchyard_error_replies_total{code="ERR"} 3`,
		`switchyard_connected_clients 1`,
		`switchyard_backend_active{backend="second",driver="memory"} 1`,
		`switchyard_backend_active{backend="memory",driver="memory"} 0`,
		`switchyard_backend_keys{backend="second",db="0"} 1`,
		`switchyard_backend_operations_total{backend="memory",kind="write"} 2`,
		`switchyard_backend_lookups_total{backend="memory",result="miss"} 1`,
		`switchyard_switches_total 1`,
		`switchyard_build_info{version="test"} 1`,
		"go_goroutines ",
		"process_cpu_seconds_total ",
	} {
		if !strings.Contains(body, "\n"+line) {
			t.Errorf("%s is not in the metrics", line)
		}
	}
}

func TestHealthAndReadiness(t *testing.T) {
	server := running(t, func(*Config) {})
	for path, want := range map[string]int{"/healthz": 200, "/readyz": 200, "/": 200, "/nowhere": 404} {
		if status, body := page(t, server, path); status != want {
			t.Errorf("%s: %d %s", path, status, body)
		}
	}
	server.config.Admin = server.AdminAddr().String()
	if err := CheckHealth(server.config); err != nil {
		t.Error(err)
	}
	if err := CheckHealth(&Config{}); err == nil {
		t.Error("no error without an admin address")
	}
}
