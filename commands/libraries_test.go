package commands

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"switchyard/backends/rdb"
)

func libraryOf(name string, functions ...string) string {
	code := "#!lua name=" + name + "\n"
	for _, f := range functions {
		code += fmt.Sprintf("redis.register_function('%s', function() return '%s of %s' end)\n", f, f, name)
	}
	return code
}

func TestFunctionsChangeOnlyWhenTheBackendKeepsThem(t *testing.T) {
	r := newRig(t)
	same := func(want string, args ...string) {
		t.Helper()
		if got := string(r.do(args...)); got != want {
			t.Errorf("%.60q: %q, want %q", args, got, want)
		}
	}
	same("$1\r\na\r\n", "FUNCTION", "LOAD", libraryOf("a", "f"))
	kept := string(r.server.kept)
	more := string(rdb.DumpLibraries([]string{libraryOf("b", "g")}))
	r.server.failure = errors.New("the disk is broken")
	const failed = "-ERR backend failed, see the server's log\r\n"
	for _, args := range [][]string{
		{"LOAD", libraryOf("b", "g")}, {"LOAD", "REPLACE", libraryOf("a", "g")}, {"DELETE", "a"}, {"FLUSH"}, {"RESTORE", more}, {"RESTORE", more, "FLUSH"},
	} {
		same(failed, append([]string{"FUNCTION"}, args...)...)
		same("$6\r\nf of a\r\n", "FCALL", "f", "0")
		same("-ERR Function not found\r\n", "FCALL", "g", "0")
	}
	r.server.failure = nil
	same(fmt.Sprintf("$%d\r\n%s\r\n", len(kept), kept), "FUNCTION", "DUMP")
	same("+OK\r\n", "FUNCTION", "FLUSH")
	if len(r.server.kept) != 0 {
		t.Errorf("after FLUSH the backend keeps %q", r.server.kept)
	}
}

func TestRestoredLibrariesMeetThoseThatAreThere(t *testing.T) {
	both := string(rdb.DumpLibraries([]string{libraryOf("a", "f2"), libraryOf("b", "f")}))
	for _, c := range []struct{ payload, policy, reply, after string }{
		{both, "APPEND", "-ERR Library a already exists\r\n", "a: f g; c: h"},
		{both, "REPLACE", "+OK\r\n", "c: h; a: f2; b: f"}, // f may move from one to the other
		{both, "FLUSH", "+OK\r\n", "a: f2; b: f"},
		{string(rdb.DumpLibraries([]string{libraryOf("d", "i"), libraryOf("b", "H")})), "REPLACE", "-ERR Function H already exists\r\n", "a: f g; c: h"},
		{string(rdb.DumpLibraries([]string{libraryOf("d", "i"), libraryOf("d", "j")})), "FLUSH", "-ERR Library 'd' already exists\r\n", "a: f g; c: h"},
		{string(rdb.DumpLibraries([]string{libraryOf("d", "i"), "#!lua name=e\nx = 1"})), "FLUSH", "-ERR Error registering functions: ERR user_function:2: Attempt to modify a readonly table\r\n", "a: f g; c: h"},
		{string(rdb.DumpLibraries(nil)), "APPEND", "+OK\r\n", "a: f g; c: h"},
		{string(rdb.DumpLibraries(nil)), "flush", "+OK\r\n", ""},
	} {
		r := newRig(t)
		r.do("FUNCTION", "LOAD", libraryOf("a", "f", "g"))
		r.do("FUNCTION", "LOAD", libraryOf("c", "h"))
		if got := string(r.do("FUNCTION", "RESTORE", c.payload, c.policy)); got != c.reply {
			t.Errorf("%s of %q: %q, want %q", c.policy, c.payload, got, c.reply)
		}
		if got := names(r.server.functions.Now()); got != c.after {
			t.Errorf("%s of %q leaves %q, want %q", c.policy, c.payload, got, c.after)
		}
	}
}

// names are the libraries with their functions.
func names(l *Libraries) string {
	var all []string
	for _, x := range l.list {
		one := x.name + ":"
		if x.loaded != nil {
			for _, f := range x.loaded.Functions {
				one += " " + f.Name
			}
		}
		all = append(all, one)
	}
	return strings.Join(all, "; ")
}

func TestWhatIsReadFromABackendIsNotLost(t *testing.T) {
	f := NewFunctions(NewScripts().Runtime)
	codes := []string{libraryOf("a", "f"), "#!lua name=b\nx = 1", "no library", libraryOf("c", "F"), libraryOf("d", "g")}
	payload := rdb.DumpLibraries(codes)
	var failures []string
	l, err := f.Read(t.Context(), payload, func(name string, err error) { failures = append(failures, fmt.Sprint(name, ": ", err)) })
	if err != nil {
		t.Fatal(err)
	}
	if got, want := names(l), "a: f; b:; :; c:; d: g"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	want := "b: ERR Error registering functions: ERR user_function:2: Attempt to modify a readonly table; : ERR Missing library metadata; c: ERR Function F already exists"
	if got := strings.Join(failures, "; "); got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if string(l.Payload()) != string(payload) {
		t.Errorf("%q became %q", payload, l.Payload())
	}
	if _, err := f.Read(t.Context(), payload[:len(payload)-1], nil); !errors.Is(err, rdb.ErrChecksum) {
		t.Errorf("half a payload: %v", err)
	}
	// A library is not given up because there was no time to load it.
	over, cancel := context.WithCancel(t.Context())
	cancel()
	if l, err := f.Read(over, payload, func(name string, err error) { t.Error(name, err) }); !errors.Is(err, context.Canceled) {
		t.Errorf("without time: %v, %v", l, err)
	}
}
