package proxy

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// readDefaults is the config.toml that main embeds, without the instances whose drivers tests here
// do not have.
func readDefaults(t testing.TB) []byte {
	t.Helper()
	doc, err := os.ReadFile("../config.toml")
	if err != nil {
		t.Fatal(err)
	}
	tables := strings.Split(string(doc), "\n[")
	kept := tables[:0]
	for _, table := range tables {
		if !strings.HasPrefix(table, "backends.") || strings.HasPrefix(table, "backends.memory]") {
			kept = append(kept, table)
		}
	}
	return []byte(strings.Join(kept, "\n["))
}

// load reads a file with the given text, "" for none.
func load(t *testing.T, text string, environ []string, flags map[string]string) (*Config, error) {
	t.Helper()
	src := Sources{Defaults: readDefaults(t), Environ: environ, Flags: flags, Drivers: testDrivers}
	if text != "" {
		src.File = filepath.Join(t.TempDir(), "my.toml")
		if err := os.WriteFile(src.File, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return Load(src)
}

func TestALaterLayerWins(t *testing.T) {
	file := "listen = \"127.0.0.1:1\"\nadmin = \"127.0.0.1:1\"\ndata = \"one\"\n"
	environ := []string{"SWITCHYARD_LISTEN=127.0.0.1:2", "SWITCHYARD_ADMIN=127.0.0.1:2", "HOME=/"}
	flags := map[string]string{"--listen": "127.0.0.1:3"}
	c, err := load(t, file, environ, flags)
	if err != nil {
		t.Fatal(err)
	}
	if c.Listen != "127.0.0.1:3" || c.Admin != "127.0.0.1:2" || c.Data != "one" || c.Databases != 16 {
		t.Errorf("%+v", c)
	}
}

func TestEveryKindOfValueCanComeFromTheEnvironment(t *testing.T) {
	c, err := load(t, "", []string{
		"SWITCHYARD_DATABASES=3", "SWITCHYARD_SWITCH_SHARE=0.25", "SWITCHYARD_TIMEOUTS_IDLE=5m", "SWITCHYARD_LIMITS_ARGUMENT=2kb",
		"SWITCHYARD_PASSWORD=123", "SWITCHYARD_BACKENDS_MEMORY_MAXMEMORY_SAMPLES=7",
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if c.Databases != 3 || c.Switch.Share != 0.25 || c.Timeouts.Idle.Duration != 5*time.Minute || c.Limits.Argument != 2<<10 || c.Password != "123" {
		t.Errorf("%+v", c)
	}
}

func TestInstancesComeFromDefaultsAndFile(t *testing.T) {
	c, err := load(t, "backend = \"second\"\n[backends.second]\ndriver = \"memory\"\n[backends.memory]\nmaxmemory = \"1mb\"\n", nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(c.Names(), " "); got != "memory second" || c.Backend != "second" || c.Backends["memory"].Driver != "memory" {
		t.Errorf("%s, %+v", got, c)
	}
}

func TestAMistakeIsNamedWithItsPlace(t *testing.T) {
	for _, c := range []struct{ name, file, env, flag, want string }{
		{"an unknown key", "\nlisten = \"127.0.0.1:1\"\nlisen = 3\n", "", "", "my.toml:3: lisen: unknown key"},
		{"an unknown table", "[limit]\nclients = 3\n", "", "", "my.toml:1: limit: unknown key"},
		{"an unknown key in a table", "[limits]\n\nclient = 3\n", "", "", "my.toml:3: limits.client: unknown key"},
		{"an unknown key of a driver", "[backends.memory]\nmax = 3\n", "", "", "my.toml:2: backends.memory.max: unknown key"},
		{"a wrong type", "databases = \"many\"\n", "", "", "my.toml:1: databases: must be an integer, not a string"},
		{"a wrong type in a table", "[limits]\nclients = 1.5\n", "", "", "my.toml:2: limits.clients: must be an integer, not a float"},
		{"a number for a text", "listen = 6379\n", "", "", "my.toml:1: listen: must be a string, not an integer"},
		{"a wrong type of a driver", "[backends.memory]\nmaxmemory_samples = true\n", "", "", "my.toml:2: backends.memory.maxmemory_samples: must be an integer, not a boolean"},
		{"a bad duration", "[timeouts]\nidle = \"soon\"\n", "", "", `my.toml:2: timeouts.idle: "soon" is not a duration`},
		{"a bad size", "[limits]\nrequest = \"big\"\n", "", "", "my.toml:2: limits.request: must be a size"},
		{"an impossible value", "[limits]\nclients = 0\n", "", "", "my.toml:2: limits.clients: must be at least 1"},
		{"an impossible value of a driver", "[backends.memory]\nmaxmemory_policy = \"some\"\n", "", "", "my.toml:2: backends.memory.maxmemory_policy: must be one of"},
		{"a dotted key", "limits.clients = 0\n", "", "", "my.toml:1: limits.clients: must be at least 1"},
		{"no such driver", "[backends.x]\ndriver = \"tape\"\n", "", "", "my.toml:2: backends.x.driver: no such driver: \"tape\""},
		{"no driver", "[backends.x]\n", "", "", "my.toml:1: backends.x: driver is missing"},
		{"a bad name", "[backends.\"a b\"]\ndriver = \"memory\"\n", "", "", "my.toml:1: backends.a b: must be a table with a name"},
		{"names that the environment cannot tell", "[backends.Memory]\ndriver = \"memory\"\n", "", "", "cannot be told from [backends.Memory]"},
		{"one address for two servers", "listen = \"127.0.0.1:1\"\nadmin = \"127.0.0.1:1\"\n", "", "", "my.toml:2: admin: must be another address"},
		{"a certificate without a key", "[tls]\ncert = \"c\"\n", "", "", "my.toml:2: tls.cert: certificate and key go together"},
		{"no such instance", "backend = \"x\"\n", "", "", "my.toml:1: backend: there is no [backends.x]; configured are: memory"},
		{"no TOML", "listen = \n", "", "", "my.toml:1: "},
		{"a key twice", "databases = 1\ndatabases = 2\n", "", "", "my.toml:2: "},
		{"an unknown variable", "", "SWITCHYARD_LISEN=x", "", "SWITCHYARD_LISEN: no such key"},
		{"a wrong variable", "", "SWITCHYARD_DATABASES=x", "", "SWITCHYARD_DATABASES: databases: must be an integer, not a string"},
		{"an impossible variable", "", "SWITCHYARD_BACKENDS_MEMORY_MAXMEMORY=x", "", "SWITCHYARD_BACKENDS_MEMORY_MAXMEMORY: backends.memory.maxmemory: must be a size"},
		{"an impossible flag", "", "", "x", "--listen: listen: must be \"host:port\""},
	} {
		var flags map[string]string
		if c.flag != "" {
			flags = map[string]string{"--listen": c.flag}
		}
		_, err := load(t, c.file, []string{c.env}, flags)
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v\nwant %s", c.name, err, c.want)
		}
	}
}

func TestAMissingFileIsAnError(t *testing.T) {
	if _, err := Load(Sources{Defaults: readDefaults(t), File: filepath.Join(t.TempDir(), "none.toml"), Drivers: testDrivers}); err == nil {
		t.Error("no error")
	}
}

func FuzzLoad(f *testing.F) {
	for _, s := range []string{"", "databases = 3", "[backends.x]\ndriver = \"memory\"", "limits = 3", "backends = 1", "[[log]]", "a.b.c = {d = 1}", "[log]\nlevel = {}"} {
		f.Add(s)
	}
	defaults := readDefaults(f)
	path := filepath.Join(f.TempDir(), "my.toml")
	f.Fuzz(func(t *testing.T, doc string) {
		if err := os.WriteFile(path, []byte(doc), 0o600); err != nil {
			t.Fatal(err)
		}
		c, err := Load(Sources{Defaults: defaults, File: path, Drivers: testDrivers})
		if err == nil && c.check() != nil {
			t.Fatal("loaded, and does not pass its own check")
		}
	})
}
