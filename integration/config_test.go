package integration

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"switchyard/integration/redistest"
)

// run runs the binary to its end.
func run(t *testing.T, env []string, args ...string) (out string, status int) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), binary, args...)
	cmd.Env = environment(env)
	b, err := cmd.CombinedOutput()
	if err != nil && cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return string(b), cmd.ProcessState.ExitCode()
}

// configFile writes a configuration.
func configFile(t *testing.T, text string) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "test.toml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestCheckAcceptsGoodConfigurations(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"an empty file":       "",
		"a few keys":          "listen = \"127.0.0.1:7000\"\nbackend = \"badger\"\n[backends.badger]\ndriver = \"badger\"\nsync = \"always\"\n",
		"several instances":   "backend = \"a\"\n[backends.a]\ndriver = \"memory\"\n[backends.b]\ndriver = \"memory\"\nmaxmemory = \"100mb\"\n[backends.c]\ndriver = \"redis\"\nurl = \"redis://127.0.0.1:1\"\n",
		"no driver said anew": "[backends.memory]\nmaxmemory = \"1gb\"\nmaxmemory_policy = \"allkeys-lru\"\n",
	} {
		if out, status := run(t, nil, "--config", configFile(t, text), "--check"); status != 0 {
			t.Errorf("%s: status %d: %s", name, status, out)
		}
	}
	if out, status := run(t, nil, "--check"); status != 0 {
		t.Errorf("the defaults: status %d: %s", status, out)
	}
	if out, status := run(t, nil, "--config", "../config.toml", "--check"); status != 0 {
		t.Errorf("config.toml itself: status %d: %s", status, out)
	}
}

func TestCheckRefusesBadConfigurationsWithFileLineAndKey(t *testing.T) {
	t.Parallel()
	for _, bad := range []struct{ name, text, line, key string }{
		{"an unknown key", "listen = \"127.0.0.1:1\"\nlisten_on = 3\n", "2", "listen_on"},
		{"an unknown table", "\n[nosuch]\nkey = 1\n", "", "nosuch"},
		{"an unknown key of a driver", "[backends.memory]\ndriver = \"memory\"\nmaxmem = \"1gb\"\n", "3", "maxmem"},
		{"a key of another driver", "[backends.memory]\ndriver = \"memory\"\n\nurl = \"redis://x\"\n", "4", "url"},
		{"a text for a number", "# comment\n\ndatabases = \"many\"\n", "3", "databases"},
		{"a number for a text", "listen = 6379\n", "1", "listen"},
		{"an impossible number", "databases = 0\n", "1", "databases"},
		{"events that Redis does not know", "notify_keyspace_events = \"all\"\n", "1", "notify_keyspace_events"},
		{"an address without a port", "listen = \"localhost\"\n", "1", "listen"},
		{"an unknown driver", "[backends.x]\ndriver = \"nosuch\"\n", "2", "driver"},
		{"an instance without a driver", "[backends.x]\nmaxmemory = \"1gb\"\n", "", "backends.x"},
		{"an unknown backend", "backend = \"nosuch\"\n", "1", "backend"},
		{"an impossible choice", "[backends.badger]\nsync = \"sometimes\"\n", "2", "sync"},
		{"an impossible size", "[backends.memory]\nmaxmemory = \"lots\"\n", "2", "maxmemory"},
		{"an impossible policy", "[backends.memory]\nmaxmemory_policy = \"none\"\n", "2", "maxmemory_policy"},
		{"an impossible URL", "[backends.redis]\nurl = \"http://127.0.0.1\"\n", "2", "url"},
		{"no TOML", "listen = \n", "1", ""},
		{"a key twice", "databases = 1\ndatabases = 2\n", "2", "databases"},
	} {
		path := configFile(t, bad.text)
		out, status := run(t, nil, "--config", path, "--check")
		if status == 0 {
			t.Errorf("%s: accepted", bad.name)
			continue
		}
		where := path + ":"
		if bad.line != "" {
			where += bad.line
		}
		if !strings.Contains(out, strings.TrimSuffix(where, ":")) || !strings.Contains(out, bad.key) {
			t.Errorf("%s: want %s and %q in %q", bad.name, where, bad.key, out)
		}
		if strings.Count(strings.TrimSpace(out), "\n") > 0 || strings.Contains(out, "goroutine") {
			t.Errorf("%s: more than a line: %q", bad.name, out)
		}
	}
	for _, bad := range []struct{ env, name string }{
		{"SWITCHYARD_NOSUCH=1", "SWITCHYARD_NOSUCH"},
		{"SWITCHYARD_DATABASES=many", "SWITCHYARD_DATABASES"},
		{"SWITCHYARD_BACKENDS_MEMORY_MAXMEMORY=lots", "SWITCHYARD_BACKENDS_MEMORY_MAXMEMORY"},
	} {
		if out, status := run(t, []string{bad.env}, "--check"); status == 0 || !strings.Contains(out, bad.name) {
			t.Errorf("%s: status %d: %q", bad.env, status, out)
		}
	}
	if out, status := run(t, nil, "--config", "/nosuch/file.toml", "--check"); status == 0 || !strings.Contains(out, "/nosuch/file.toml") {
		t.Errorf("a file that is not there: status %d: %q", status, out)
	}
}

// TestFlagWinsOverEnvironmentOverFileOverDefault asks CONFIG and STATE for what is in force.
func TestFlagWinsOverEnvironmentOverFileOverDefault(t *testing.T) {
	t.Parallel()
	file := configFile(t, "backend = \"badger\"\ndatabases = 9\n")
	for _, c := range []struct {
		name      string
		s         settings
		backend   string
		databases string
	}{
		{"default", settings{}, "memory", "16"},
		{"file", settings{Args: []string{"--config", file}}, "badger", "9"},
		{"environment", settings{Args: []string{"--config", file}, Env: []string{"SWITCHYARD_BACKEND=redis", "SWITCHYARD_DATABASES=5"}}, "redis", "5"},
		{"flag", settings{Backend: "memory", Args: []string{"--config", file}, Env: []string{"SWITCHYARD_BACKEND=redis"}}, "memory", "9"},
	} {
		p := start(t, c.s)
		if got := p.Active(); got != c.backend {
			t.Errorf("%s: the backend is %s, want %s", c.name, got, c.backend)
		}
		if got := dial(t, p.Addr).do("CONFIG", "GET", "databases").texts(); len(got) != 2 || got[1] != c.databases {
			t.Errorf("%s: databases: %q, want %s", c.name, got, c.databases)
		}
		p.Stop()
	}
}

func TestVersionAndHelpTellAPersonWhatToDo(t *testing.T) {
	t.Parallel()
	if out, status := run(t, nil, "--version"); status != 0 || !strings.Contains(strings.ToLower(out), "switchyard") {
		t.Errorf("--version: status %d: %q", status, out)
	}
	out, status := run(t, nil, "--help")
	if status != 0 {
		t.Errorf("--help: status %d", status)
	}
	for _, flag := range []string{"--config", "--listen", "--admin", "--backend", "--data", "--log-level", "--check", "--version", "SWITCHYARD_"} {
		if !strings.Contains(out, flag) {
			t.Errorf("--help does not mention %s:\n%s", flag, out)
		}
	}
	for _, args := range [][]string{{"--nosuch"}, {"--listen"}, {"extra"}, {"--log-level", "loud"}} {
		if out, status := run(t, nil, append(args, "--check")...); status == 0 {
			t.Errorf("%q is accepted: %q", args, out)
		}
	}
}

func TestATakenPortIsNamedTogetherWithTheFlag(t *testing.T) {
	t.Parallel()
	taken := redistest.Start(t).Addr
	out, status := run(t, nil, "--listen", taken, "--admin", "", "--data", t.TempDir(), "--backend", "memory")
	if status != 1 || !strings.Contains(out, taken) || !strings.Contains(out, "--listen") {
		t.Errorf("status %d: %q", status, out)
	}
	out, status = run(t, nil, "--admin", taken, "--listen", redistest.FreeAddr(t), "--data", t.TempDir(), "--backend", "memory")
	if status != 1 || !strings.Contains(out, taken) || !strings.Contains(out, "--admin") {
		t.Errorf("status %d: %q", status, out)
	}
}

func TestABackendThatCannotBeOpenedEndsTheStartWithOneLine(t *testing.T) {
	t.Parallel()
	dead := "redis://" + redistest.FreeAddr(t)
	out, status := run(t, []string{"SWITCHYARD_BACKENDS_REDIS_URL=" + dead, "SWITCHYARD_TIMEOUTS_OPEN=2s"},
		"--listen", redistest.FreeAddr(t), "--admin", "", "--data", t.TempDir(), "--backend", "redis")
	if status != 1 || !strings.Contains(out, "redis") || strings.Contains(out, "goroutine") {
		t.Errorf("status %d: %q", status, out)
	}
}

func TestASecondProcessOnOneBadgerFolderIsRefused(t *testing.T) {
	t.Parallel()
	p := start(t, settings{Backend: "badger"})
	out, status := run(t, nil, "--listen", redistest.FreeAddr(t), "--admin", "", "--data", p.Data, "--backend", "badger")
	if status != 1 || !strings.Contains(out, p.Data) {
		t.Errorf("status %d: %q", status, out)
	}
	dial(t, p.Addr).want("+OK\r\n", "SET", "k", "v")
}
