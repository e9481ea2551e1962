package redis

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"

	"switchyard/backends/rdb"
	"switchyard/integration/redistest"
)

func TestLibrariesAreThoseOfTheServer(t *testing.T) {
	s := redistest.Start(t)
	b := open(t, s, nil)
	defer b.Close()
	admin, ctx := direct(t, s, 2), t.Context()
	code := func(name string) string {
		return "#!lua name=" + name + "\nredis.register_function('" + name + "', function() return 1 end)"
	}
	codes := func() string {
		t.Helper()
		payload, err := b.Libraries(ctx)
		if err != nil {
			t.Fatal(err)
		}
		list, err := rdb.Libraries(payload)
		if err != nil {
			t.Fatal(err)
		}
		return strings.Join(list, "; ")
	}
	if got := codes(); got != "" {
		t.Errorf("an empty server has %q", got)
	}
	if err := admin.FunctionLoad(ctx, code("theirs")).Err(); err != nil {
		t.Fatal(err)
	}
	if got := codes(); got != code("theirs") {
		t.Errorf("it has %q", got)
	}
	if err := b.SetLibraries(ctx, rdb.DumpLibraries([]string{code("ours")})); err != nil {
		t.Fatal(err)
	}
	if got := codes(); got != code("ours") {
		t.Errorf("after SetLibraries it has %q", got)
	}
	if err := b.SetLibraries(ctx, rdb.DumpLibraries([]string{"no library"})); err == nil || !strings.Contains(err.Error(), "Missing library metadata") {
		t.Errorf("the server's refusal: %v", err)
	}
	if got := codes(); got != code("ours") {
		t.Errorf("what was refused has left %q", got)
	}
	if err := b.SetLibraries(ctx, nil); err != nil {
		t.Fatal(err)
	}
	if got := codes(); got != "" {
		t.Errorf("after none were set it has %q", got)
	}
}

// oldServer answers as Redis 6 does to those who ask for its functions.
func oldServer(c net.Conn) {
	for in := bufio.NewReader(c); ; {
		var n int
		if _, err := fmt.Fscanf(in, "*%d\r\n", &n); err != nil {
			return
		}
		args := make([]string, n)
		for i := range args {
			var size int
			if _, err := fmt.Fscanf(in, "$%d\r\n", &size); err != nil {
				return
			}
			arg := make([]byte, size+2)
			if _, err := io.ReadFull(in, arg); err != nil {
				return
			}
			args[i] = string(arg[:size])
		}
		reply := "+OK\r\n"
		if strings.EqualFold(args[0], "FUNCTION") || strings.EqualFold(args[0], "HELLO") {
			reply = "-ERR unknown command `" + args[0] + "`, with args beginning with: \r\n"
		}
		if _, err := io.WriteString(c, reply); err != nil {
			return
		}
	}
}

func TestAServerWithoutFunctionsHasNoLibraries(t *testing.T) {
	b := bare(t, fake(t, oldServer))
	if payload, err := b.Libraries(t.Context()); len(payload) != 0 || err != nil {
		t.Errorf("it has %q, %v", payload, err)
	}
	if err := b.SetLibraries(t.Context(), nil); err != nil {
		t.Errorf("none: %v", err)
	}
	if err := b.SetLibraries(t.Context(), rdb.DumpLibraries([]string{"one"})); !errors.Is(err, errNoFunctions) {
		t.Errorf("some: %v", err)
	}
}
