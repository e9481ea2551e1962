package proxy

import (
	"context"
	"os"
	"slices"
	"strings"
	"testing"

	"switchyard/backends"
	"switchyard/backends/memory"
	"switchyard/backends/rdb"
)

// keeperConfig makes a memory that has libraries at the start, and can be watched when it is given others.
type keeperConfig struct {
	slowConfig
	codes []string
	onSet func()
	made  *keeper
}

type keeper struct {
	backends.Engine
	backends.Librarian
	onSet func()
}

func (c *keeperConfig) Open(ctx context.Context, env backends.Env) (backends.Backend, error) {
	b, err := memory.Driver.Config().Open(ctx, env)
	if err != nil {
		return nil, err
	}
	c.made = &keeper{b.(backends.Engine), b.(backends.Librarian), c.onSet}
	return c.made, c.made.Librarian.SetLibraries(ctx, rdb.DumpLibraries(c.codes))
}

// forgetfulConfig makes a memory that keeps no libraries.
type forgetfulConfig struct{ slowConfig }

func (c *forgetfulConfig) Open(ctx context.Context, env backends.Env) (backends.Backend, error) {
	b, err := memory.Driver.Config().Open(ctx, env)
	if err != nil {
		return nil, err
	}
	return struct{ backends.Engine }{b.(backends.Engine)}, nil
}

func (k *keeper) SetLibraries(ctx context.Context, payload []byte) error {
	if k.onSet != nil {
		k.onSet()
	}
	return k.Librarian.SetLibraries(ctx, payload)
}

func (k *keeper) codes(t *testing.T) []string {
	t.Helper()
	payload, err := k.Libraries(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	codes, err := rdb.Libraries(payload)
	if err != nil {
		t.Fatal(err)
	}
	return codes
}

func (c *keeperConfig) as(name string) func(*Config) {
	return func(all *Config) { all.Backends[name] = Instance{Driver: "memory", Config: c} }
}

// oneFunction is the code of a library with a function of the same name, which returns that name.
func oneFunction(name string) string {
	return "#!lua name=" + name + "\nredis.register_function('" + name + "', function() return '" + name + "' end)"
}

func TestALibraryThatNoLongerLoadsIsKept(t *testing.T) {
	broken := "#!lua name=broken\nredis.of_another_version()"
	keeper := &keeperConfig{codes: []string{broken, oneFunction("whole"), oneFunction("WHOLE")}}
	server := newTestServer(t, func(c *Config) { keeper.as("kept")(c); c.Backend = "kept" })
	s := openSession(t, server)
	defer s.Close()
	want(t, s, "$5\r\nwhole\r\n", "FCALL", "whole", "0")
	want(t, s, "-ERR Function not found\r\n", "FCALL", "broken", "0")
	want(t, s, "*1\r\n*8\r\n$12\r\nlibrary_name\r\n$6\r\nbroken\r\n$6\r\nengine\r\n$3\r\nLUA\r\n$9\r\nfunctions\r\n*0\r\n$12\r\nlibrary_code\r\n$44\r\n"+broken+"\r\n",
		"FUNCTION", "LIST", "LIBRARYNAME", "broken", "WITHCODE")
	want(t, s, "$5\r\nadded\r\n", "FUNCTION", "LOAD", oneFunction("added"))
	if got := keeper.made.codes(t); !slices.Equal(got, append(keeper.codes, oneFunction("added"))) {
		t.Errorf("the backend keeps %q", got)
	}
	want(t, s, "+OK\r\n", "FUNCTION", "DELETE", "broken")
	if got := keeper.made.codes(t); slices.Contains(got, broken) {
		t.Errorf("after DELETE the backend keeps %q", got)
	}
}

func TestASwitchThatFailsLeavesTheLibrariesOfItsTarget(t *testing.T) {
	for _, mode := range []string{"MERGE", "FLUSH"} {
		keeper := &keeperConfig{codes: []string{oneFunction("own")}}
		server := newTestServer(t, keeper.as("second"))
		s := openSession(t, server)
		defer s.Close()
		want(t, s, "$4\r\nmine\r\n", "FUNCTION", "LOAD", oneFunction("mine"))
		obstacle, sets := server.config.journalPath()+".new", 0
		keeper.onSet = func() {
			if sets++; sets > 1 {
				return
			}
			if err := os.Mkdir(obstacle, 0o700); err != nil { // where the next entry of the journal is to be written
				t.Error(err)
			}
		}
		if got := ask(s, "STATE.SWITCH", "second", mode); !strings.HasPrefix(got, "-ERR switch memory -> second: recording the choice: ") {
			t.Errorf("%s: %q", mode, got)
		}
		if got := keeper.made.codes(t); !slices.Equal(got, keeper.codes) {
			t.Errorf("%s: the target keeps %q", mode, got)
		}
		want(t, s, "$4\r\nmine\r\n", "FCALL", "mine", "0")
		want(t, s, "-ERR Function not found\r\n", "FCALL", "own", "0")
		if err := os.Remove(obstacle); err != nil {
			t.Fatal(err)
		}
		want(t, s, "+OK\r\n", "STATE.SWITCH", "second", mode)
		want(t, s, "$4\r\nmine\r\n", "FCALL", "mine", "0")
		own := map[string]string{"MERGE": "$3\r\nown\r\n", "FLUSH": "-ERR Function not found\r\n"}[mode]
		want(t, s, own, "FCALL", "own", "0")
	}
}

func TestATargetThatKeepsNoLibrariesTakesNone(t *testing.T) {
	server := newTestServer(t, func(c *Config) { c.Backends["other"] = Instance{Driver: "memory", Config: &forgetfulConfig{}} })
	s := openSession(t, server)
	defer s.Close()
	want(t, s, "$1\r\nf\r\n", "FUNCTION", "LOAD", oneFunction("f"))
	if got := ask(s, "STATE.SWITCH", "other"); !strings.HasSuffix(got, "other does not keep functions\r\n") {
		t.Errorf("%q", got)
	}
	want(t, s, "$1\r\nf\r\n", "FCALL", "f", "0")
	want(t, s, "+OK\r\n", "FUNCTION", "FLUSH")
	want(t, s, "+OK\r\n", "STATE.SWITCH", "other")
	want(t, s, "-ERR the active backend does not keep functions, or has just been changed\r\n", "FUNCTION", "LOAD", oneFunction("f"))
	want(t, s, "-ERR Function not found\r\n", "FCALL", "f", "0")
}
