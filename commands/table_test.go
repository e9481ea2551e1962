package commands

import (
	"slices"
	"strings"
	"testing"

	"switchyard/backends"
)

func TestARowIsFoundWhateverItsCase(t *testing.T) {
	table := NewTable()
	for _, call := range []struct{ line, want string }{
		{"GET k", "get"}, {"gEt k", "get"}, {"CLIENT list", "client|list"}, {"command", "command"}, {"COMMAND docs get", "command|docs"},
	} {
		var args [][]byte
		for _, w := range strings.Fields(call.line) {
			args = append(args, []byte(w))
		}
		if r, err := table.Find(args); err != nil || r.FullName != call.want {
			t.Errorf("%s is %v, %v", call.line, r, err)
		}
	}
	if !table.Known([]byte("GeT")) || table.Known([]byte("nosuch")) || table.Known([]byte(strings.Repeat("x", 1000))) || table.Known(nil) {
		t.Error("Known is wrong")
	}
}

func TestRowsAreNumbered(t *testing.T) {
	table := NewTable()
	for i, r := range table.Rows() {
		if r.Index != i {
			t.Errorf("%s is number %d, not %d", r.FullName, r.Index, i)
		}
	}
	if !slices.IsSortedFunc(table.Commands(), func(a, b *Row) int { return strings.Compare(a.Name, b.Name) }) {
		t.Error("commands are not sorted")
	}
}

func TestContradictoryRowsPanic(t *testing.T) {
	run := func(*Ctx, backends.Tx) error { return nil }
	serve := func(*Ctx) error { return nil }
	for name, r := range map[string]*Row{
		"no way to run":          {Name: "x", Arity: 1},
		"two ways to run":        {Name: "x", Arity: 1, Flags: Readonly, Run: run, Serve: serve},
		"a malformed syntax":     {Name: "x", Arity: 1, Serve: serve, Syntax: "[NX"},
		"no arity":               {Name: "x", Serve: serve},
		"upper case":             {Name: "X", Arity: 1, Serve: serve},
		"a name too long":        {Name: strings.Repeat("x", longestName+1), Arity: 1, Serve: serve},
		"neither read nor write": {Name: "x", Arity: 1, Run: run},
		"twice the same":         {Name: "get", Arity: 1, Serve: serve},
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("a row with %s is accepted", name)
				}
			}()
			NewTable().add(r)
		}()
	}
}

func TestKeysAreFoundAmongTheArguments(t *testing.T) {
	table := NewTable()
	for line, want := range map[string]string{
		"GET k": "k", "SET k v EX 1": "k", "MSET a 1 b 2": "a b", "DEL a b c": "a b c", "RENAME a b": "a b", "COPY a b DB 1": "a b",
		"SCAN 0": "", "PING": "", "MSET a 1 b": "a b", "DEL": "",
	} {
		words := strings.Fields(line)
		var args [][]byte
		for _, w := range words {
			args = append(args, []byte(w))
		}
		var found []string
		for _, k := range table.named(words[0]).AppendKeys(nil, args) {
			found = append(found, string(k))
		}
		if got := strings.Join(found, " "); got != want {
			t.Errorf("the keys of %s are %q", line, got)
		}
	}
}

func TestGetAndSetAllocateNothing(t *testing.T) {
	r := newRig(t)
	table := r.server.table
	c := &r.ctx
	c.Now = r.clock()
	for _, line := range []string{"SET key value", "GET key", "SET key other XX KEEPTTL", "GET none", "INCR counter", "EXISTS key", "TTL key",
		"ZADD z 1.5 member", "ZADD z CH 2 member", "ZINCRBY z 1 member", "ZSCORE z member", "ZRANK z member", "ZCOUNT z 1 (2"} {
		var args [][]byte
		for _, w := range strings.Fields(line) {
			args = append(args, []byte(w))
		}
		call := func() {
			var err error
			if c.Row, err = table.Find(args); err != nil {
				t.Fatal(err)
			}
			c.Args, c.Buf = args, c.Buf[:0]
			if _, err = r.engine.Do(c.Context(), c.Access(), c); err != nil {
				t.Fatal(err)
			}
		}
		call()
		if n := testing.AllocsPerRun(1000, call); n != 0 {
			t.Errorf("%s allocates %v times", line, n)
		}
	}
}
