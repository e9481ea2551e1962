package commands

import (
	"bytes"
	"strings"

	"switchyard/backends"
	"switchyard/backends/rdb"
	"switchyard/commands/lua"
)

const (
	functionRead  = Upstream | NoScript
	functionWrite = functionRead | Write | Long
)

var toAllShards = []string{"request_policy:all_shards", "response_policy:all_succeeded"}

var functionRows = []*Row{
	{Name: "fcall", Arity: -3, Flags: scriptFlags | MayWrite, Keys: countedKeys(2, "RW access update"), KeyNotes: scriptNotes, Group: "scripting", Categories: "scripting", Since: "7.0.0",
		Syntax: "function" + scriptSyntax, Complexity: "Depends on the function", Summary: "Calls a function.", Span: functionSpan, Run: fcall},
	{Name: "fcall_ro", Arity: -3, Flags: scriptFlags | Readonly, Keys: countedKeys(2, "RO access"), KeyNotes: scriptNotesRO, Group: "scripting", Categories: "scripting", Since: "7.0.0",
		Syntax: "function" + scriptSyntax, Complexity: "Depends on the function", Summary: "Calls a function that only reads.", Span: functionSpan, Run: fcall},
	{Name: "function", Arity: -2, Group: "scripting", Since: "7.0.0", Complexity: "Depends on the subcommand", Summary: "Commands about functions.", Subs: []*Row{
		{Name: "load", Arity: -3, Flags: functionWrite | DenyOOM, Categories: "scripting", Since: "7.0.0", Tips: toAllShards,
			Syntax: "[REPLACE] function-code", Complexity: "O(1) beside the compilation", Summary: "Gives the server a library of functions.", Serve: functionLoad},
		{Name: "delete", Arity: 3, Flags: functionWrite, Categories: "scripting", Since: "7.0.0", Tips: toAllShards,
			Syntax: "library-name", Complexity: "O(1)", Summary: "Removes a library and its functions.", Serve: functionDelete},
		{Name: "flush", Arity: -2, Flags: functionWrite, Categories: "scripting", Since: "7.0.0", Tips: toAllShards,
			Syntax: "[ASYNC | SYNC]", Complexity: "O(N) in the number of functions", Summary: "Removes all libraries.", Serve: functionFlush},
		{Name: "list", Arity: -2, Flags: functionRead, Categories: "scripting", Since: "7.0.0", Tips: []string{"nondeterministic_output_order"},
			Syntax: "[LIBRARYNAME library-name-pattern] [WITHCODE]", Complexity: "O(N) in the number of functions", Summary: "Lists libraries and their functions.", Serve: functionList},
		{Name: "dump", Arity: 2, Flags: functionRead, Categories: "scripting", Since: "7.0.0",
			Complexity: "O(N) in the number of functions", Summary: "Returns all libraries in one payload.", Serve: functionDump},
		{Name: "restore", Arity: -3, Flags: functionWrite | DenyOOM, Categories: "scripting", Since: "7.0.0", Tips: toAllShards,
			Syntax: "serialized-value [FLUSH | APPEND | REPLACE]", Complexity: "O(N) in the number of functions of the payload", Summary: "Adds the libraries of a payload.", Serve: functionRestore},
		{Name: "stats", Arity: 2, Flags: functionRead | AllowBusy, Categories: "scripting", Since: "7.0.0",
			Tips:       []string{"nondeterministic_output", "request_policy:all_shards", "response_policy:special"},
			Complexity: "O(1)", Summary: "Says which function runs, and how many there are.", Serve: functionStats},
		{Name: "kill", Arity: 2, Flags: functionRead | AllowBusy, Categories: "scripting", Since: "7.0.0",
			Tips: []string{"request_policy:all_shards", "response_policy:one_succeeded"}, Complexity: "O(1)",
			Summary: "Ends the function that runs, unless it has written.", Serve: functionKill},
		{Name: "help", Arity: 2, Flags: Upstream | Loading | Stale, Categories: "scripting", Since: "7.0.0", Complexity: "O(1)", Summary: "Lists the subcommands.", Serve: containerHelp},
	}},
}

// functionSpan: a function that says so writes nothing.
func functionSpan(c *Ctx, a *backends.Access) {
	scriptSpan(c, a)
	if f, ok := c.Server.Functions().Now().function(c.Args[1]); ok && f.Flags&lua.NoWrites != 0 {
		a.Write = false
	}
}

func fcall(c *Ctx, tx backends.Tx) error {
	c.Client.Show()
	f, ok := c.Server.Functions().Now().function(c.Args[1])
	if !ok {
		return ErrNoFunction
	}
	n, err := integer(c.Args[2])
	switch {
	case err != nil:
		return ErrBadKeyCount
	case n > int64(len(c.Args)-3):
		return ErrTooManyKeys
	case n < 0:
		return ErrNegativeKeys
	case c.Row.Flags&Readonly != 0 && f.Flags&lua.NoWrites == 0:
		return ErrFunctionWrites
	}
	return c.runProgram(tx, program{name: f.Name, flags: f.Flags, library: f.library}, c.Args[3:3+n], c.Args[3+n:])
}

// changeFunctions changes the libraries, also where the active backend keeps them.
func (c *Ctx) changeFunctions(edit func(old *Libraries) (*Libraries, error)) error {
	return c.Server.Functions().Change(func(old *Libraries) (*Libraries, error) {
		l, err := edit(old)
		if err == nil {
			err = c.Server.KeepLibraries(c.Context(), l.Payload())
		}
		return l, err
	})
}

func functionLoad(c *Ctx) error {
	replace := false
	for _, option := range c.Args[2 : len(c.Args)-1] {
		if !equalFold(option, "REPLACE") {
			return unknownLoadOption(option)
		}
		replace = true
	}
	code := c.Args[len(c.Args)-1]
	name, err := lua.LibraryName(code)
	if err != nil {
		return Error(err.Error())
	}
	err = c.changeFunctions(func(old *Libraries) (*Libraries, error) {
		if old.has(name) && !replace {
			return nil, libraryExists(name)
		}
		l, err := c.Server.Functions().accept(c.Context(), code, c.Server.LogScript)
		if err != nil {
			return nil, err
		}
		return old.with(l, true)
	})
	if err == nil {
		c.Text(name)
	}
	return err
}

func functionDelete(c *Ctx) error {
	err := c.changeFunctions(func(old *Libraries) (*Libraries, error) {
		if name := string(c.Args[2]); old.has(name) {
			return old.without(name), nil
		}
		return nil, ErrNoLibrary
	})
	if err == nil {
		c.OK()
	}
	return err
}

func functionFlush(c *Ctx) error {
	switch {
	case len(c.Args) > 3:
		return subcommandSyntax("FUNCTION", c.Args[1])
	case !isFlushMode(c.Args[2:]):
		return ErrFunctionFlush
	}
	err := c.changeFunctions(func(*Libraries) (*Libraries, error) { return &Libraries{}, nil })
	if err == nil {
		c.OK()
	}
	return err
}

func functionDump(c *Ctx) error {
	c.Bulk(c.Server.Functions().Now().dump())
	return nil
}

func functionRestore(c *Ctx) error {
	policy := "APPEND"
	switch {
	case len(c.Args) > 4:
		return subcommandSyntax("FUNCTION", c.Args[1])
	case len(c.Args) == 4:
		if policy = strings.ToUpper(string(c.Args[3])); policy != "APPEND" && policy != "REPLACE" && policy != "FLUSH" {
			return ErrRestorePolicy
		}
	}
	codes, err := rdb.Libraries(c.Args[2])
	if err != nil {
		return Error(err.Error())
	}
	err = c.changeFunctions(func(old *Libraries) (*Libraries, error) {
		added := &Libraries{}
		for _, code := range codes {
			l, err := c.Server.Functions().accept(c.Context(), []byte(code), c.Server.LogScript)
			if err == nil {
				added, err = added.with(l, false)
			}
			if err != nil {
				return nil, err
			}
		}
		if policy == "FLUSH" {
			return added, nil
		}
		return old.merged(added, policy == "REPLACE")
	})
	if err == nil {
		c.OK()
	}
	return err
}

// functionList reads [LIBRARYNAME pattern] [WITHCODE].
func functionList(c *Ctx) error {
	var pattern []byte
	named, withCode := false, false
	for args := c.Args[2:]; len(args) > 0; args = args[1:] {
		switch {
		case !withCode && equalFold(args[0], "WITHCODE"):
			withCode = true
		case !named && equalFold(args[0], "LIBRARYNAME"):
			if len(args) == 1 {
				return ErrNoLibraryName
			}
			pattern, named, args = args[1], true, args[1:]
		default:
			return unknownListArgument(args[0])
		}
	}
	var shown []*library
	for _, l := range c.Server.Functions().Now().list {
		if !named || match(bytes.ToLower(pattern), bytes.ToLower([]byte(l.name))) {
			shown = append(shown, l)
		}
	}
	c.Array(len(shown))
	for _, l := range shown {
		c.library(l, withCode)
	}
	return nil
}

// library describes one for FUNCTION LIST.
func (c *Ctx) library(l *library, withCode bool) {
	var functions []lua.Function
	if l.loaded != nil {
		functions = l.loaded.Functions
	}
	fields := 3
	if withCode {
		fields++
	}
	c.Map(fields)
	c.Text("library_name")
	c.Text(l.name)
	c.Text("engine")
	c.Text("LUA")
	c.Text("functions")
	c.Array(len(functions))
	for _, f := range functions {
		c.Map(3)
		c.Text("name")
		c.Text(f.Name)
		c.Text("description")
		c.BulkOrNull([]byte(f.Description), f.Described)
		c.Text("flags")
		names := f.Flags.Names()
		c.Set(len(names))
		for _, name := range names {
			c.Status(name)
		}
	}
	if withCode {
		c.Text("library_code")
		c.Text(l.code)
	}
}

func functionStats(c *Ctx) error {
	run, since, runs := c.Server.Scripts().function()
	if runs && run == nil {
		return ErrBusy // with a script
	}
	c.Map(2)
	c.Text("running_script")
	if runs {
		c.Map(3)
		c.Text("name")
		c.Bulk(run[1])
		c.Text("command")
		c.Array(len(run))
		for _, arg := range run {
			c.Bulk(arg)
		}
		c.Text("duration_ms")
		c.Int(since.Milliseconds())
	} else {
		c.Null()
	}
	libraries, functions := c.Server.Functions().Now().Len()
	c.Text("engines")
	c.Map(1)
	c.Text("LUA")
	c.Map(2)
	c.Text("libraries_count")
	c.Int(int64(libraries))
	c.Text("functions_count")
	c.Int(int64(functions))
	return nil
}

func functionKill(c *Ctx) error {
	if err := c.Server.Scripts().Kill(true); err != nil {
		return err
	}
	c.OK()
	return nil
}
