package commands

import (
	"bytes"
	"errors"
	"strings"

	"switchyard/backends"
	"switchyard/commands/lua"
)

const scriptFlags = NoScript | Stale | SkipMonitor | NoMandatoryKeys | Long | Upstream

var (
	scriptNotes   = []string{"We cannot tell how the keys will be used so we assume the worst, RW and UPDATE"}
	scriptNotesRO = []string{"We cannot tell how the keys will be used so we assume the worst, RO and ACCESS"}
)

const scriptSyntax = " numkeys [key [key ...]] [arg [arg ...]]"

var scriptRows = []*Row{
	{Name: "eval", Arity: -3, Flags: scriptFlags | MayWrite, Keys: countedKeys(2, "RW access update"), KeyNotes: scriptNotes, Group: "scripting", Categories: "scripting", Since: "2.6.0",
		Syntax: "script" + scriptSyntax, Complexity: "Depends on the script", Summary: "Runs a script.", Span: scriptSpan, Run: eval},
	{Name: "evalsha", Arity: -3, Flags: scriptFlags | MayWrite, Keys: countedKeys(2, "RW access update"), Group: "scripting", Categories: "scripting", Since: "2.6.0",
		Syntax: "sha1" + scriptSyntax, Complexity: "Depends on the script", Summary: "Runs a script that the server has, by its SHA-1.", Span: scriptSpan, Run: evalsha},
	{Name: "eval_ro", Arity: -3, Flags: scriptFlags | Readonly, Keys: countedKeys(2, "RO access"), KeyNotes: scriptNotesRO, Group: "scripting", Categories: "scripting", Since: "7.0.0",
		Syntax: "script" + scriptSyntax, Complexity: "Depends on the script", Summary: "Runs a script that only reads.", Span: scriptSpan, Run: eval},
	{Name: "evalsha_ro", Arity: -3, Flags: scriptFlags | Readonly, Keys: countedKeys(2, "RO access"), Group: "scripting", Categories: "scripting", Since: "7.0.0",
		Syntax: "sha1" + scriptSyntax, Complexity: "Depends on the script", Summary: "Runs a script that only reads and that the server has.", Span: scriptSpan, Run: evalsha},
	{Name: "script", Arity: -2, Group: "scripting", Since: "2.6.0", Complexity: "Depends on the subcommand", Summary: "Commands about scripts.", Subs: []*Row{
		{Name: "load", Arity: 3, Flags: Upstream | NoScript | Stale | Long, Categories: "scripting", Since: "2.6.0", Syntax: "script", Complexity: "O(N) in the length of the script",
			Tips: []string{"request_policy:all_nodes", "response_policy:all_succeeded"}, Summary: "Gives the server a script.", Serve: scriptLoad},
		{Name: "exists", Arity: -3, Flags: Upstream | NoScript, Categories: "scripting", Since: "2.6.0", Syntax: "sha1 [sha1 ...]", Complexity: "O(1) for each script",
			Tips: []string{"request_policy:all_shards", "response_policy:agg_logical_and"}, Summary: "Says which scripts the server has.", Serve: scriptExists},
		{Name: "flush", Arity: -2, Flags: Upstream | NoScript, Categories: "scripting", Since: "2.6.0", Syntax: "[ASYNC | SYNC]", Complexity: "O(N) in the number of scripts",
			Tips: []string{"request_policy:all_nodes", "response_policy:all_succeeded"}, Summary: "Forgets all scripts.", Serve: scriptFlush},
		{Name: "kill", Arity: 2, Flags: Upstream | NoScript | AllowBusy, Categories: "scripting", Since: "2.6.0", Complexity: "O(1)",
			Tips: []string{"request_policy:all_shards", "response_policy:one_succeeded"}, Summary: "Ends the script that runs, unless it has written.", Serve: scriptKill},
		{Name: "debug", Arity: 3, Flags: Upstream | NoScript, Categories: "scripting", Since: "3.2.0", Syntax: "<YES | SYNC | NO>", Complexity: "O(1)",
			Summary: "Accepts that scripts are not debugged.", Serve: scriptDebug},
		{Name: "help", Arity: 2, Flags: Upstream | Loading | Stale, Categories: "scripting", Since: "5.0.0", Complexity: "O(1)", Summary: "Lists the subcommands.", Serve: containerHelp},
	}},
}

// scriptSpan: a script may touch keys that it did not name, and whether it needs space is known only when it
// asks for some.
func scriptSpan(c *Ctx, a *backends.Access) {
	a.Open, a.Slow = true, true
	a.Write = c.Row.Flags&Readonly == 0
	a.Again, a.Long = false, false
}

func eval(c *Ctx, tx backends.Tx) error {
	c.Client.Show()
	keys, args, err := scriptArgs(c.Args)
	if err != nil {
		return err
	}
	s := c.Server.Scripts().Find(lua.SHA1(c.Args[1]))
	if s == nil {
		if s, err = lua.Compile(c.Args[1]); err != nil {
			return Error(err.Error())
		}
		c.Server.Scripts().Remember(s)
	}
	return c.runProgram(tx, program{name: s.SHA1, flags: s.Flags, script: s}, keys, args)
}

func evalsha(c *Ctx, tx backends.Tx) error {
	c.Client.Show()
	keys, args, err := scriptArgs(c.Args)
	if err != nil {
		return err
	}
	s := c.Server.Scripts().Find(strings.ToLower(string(c.Args[1])))
	if s == nil {
		return ErrNoScript
	}
	return c.runProgram(tx, program{name: s.SHA1, flags: s.Flags, script: s}, keys, args)
}

// scriptArgs splits what follows the script.
func scriptArgs(args [][]byte) (keys, rest [][]byte, err error) {
	n, err := integer(args[2])
	switch args = args[3:]; {
	case err != nil:
		return nil, nil, err
	case n > int64(len(args)):
		return nil, nil, ErrTooManyKeys
	case n < 0:
		return nil, nil, ErrNegativeKeys
	}
	return args[:n], args[n:], nil
}

// program is a script, or a function of a library.
type program struct {
	name    string
	flags   lua.Flags
	script  *lua.Script
	library *lua.Library // of a function
}

func (p *program) run(run *scriptRun, h *scriptHost, keys, args [][]byte) (reply []byte, err error) {
	runtime := h.c.Server.Scripts().Runtime
	if p.library != nil {
		return runtime.CallFunction(run.ctx, p.library, p.name, keys, args, h, h.c.Proto, h.c.Buf)
	}
	return runtime.Run(run.ctx, p.script, keys, args, h, h.c.Proto, h.c.Buf)
}

// runProgram runs a script or a function and replies with what it returns.
func (c *Ctx) runProgram(tx backends.Tx, p program, keys, args [][]byte) error {
	h := &scriptHost{c: c, tx: tx, readOnly: !c.access.Write || c.Row.Flags&Readonly != 0 || p.flags&lua.NoWrites != 0}
	if p.flags&lua.AllowOOM == 0 {
		h.full = c.access.Full
	}
	if h.full != nil && !h.readOnly && (p.script == nil || !p.script.Compat) {
		return h.full
	}
	var function [][]byte
	if p.library != nil {
		function = c.Args
	}
	run := c.Server.Scripts().begin(c.Context(), function)
	defer c.Server.Scripts().end(run)
	h.run = run
	db, proto := c.Client.DB(), c.Proto
	reply, err := p.run(run, h, keys, args)
	c.Proto = proto
	if c.Client.DB() != db {
		c.Client.SelectDB(db) // a script that selects a database does so for itself
	}
	if stopped := (*lua.Stopped)(nil); errors.As(err, &stopped) && stopped.Cause == errKilled {
		return scriptKilled(p.name, stopped.Place)
	}
	c.Buf = reply
	return err
}

var errKilled = errors.New("the script was killed")

func scriptLoad(c *Ctx) error {
	s, err := lua.Compile(c.Args[2])
	if err != nil {
		return Error(err.Error())
	}
	c.Server.Scripts().Keep(s)
	c.Text(s.SHA1)
	return nil
}

func scriptExists(c *Ctx) error {
	c.Array(len(c.Args) - 2)
	for _, sha := range c.Args[2:] {
		c.Flag(c.Server.Scripts().Find(strings.ToLower(string(sha))) != nil)
	}
	return nil
}

func scriptFlush(c *Ctx) error {
	if !isFlushMode(c.Args[2:]) {
		return ErrScriptFlush
	}
	c.Server.Scripts().Flush()
	c.OK()
	return nil
}

func scriptKill(c *Ctx) error {
	if err := c.Server.Scripts().Kill(false); err != nil {
		return err
	}
	c.OK()
	return nil
}

func scriptDebug(c *Ctx) error {
	for _, mode := range []string{"YES", "SYNC", "NO"} {
		if equalFold(c.Args[2], mode) {
			c.OK()
			return nil
		}
	}
	return ErrScriptDebug
}

// scriptHost runs the commands of a script inside of its transaction.
type scriptHost struct {
	c        *Ctx
	tx       backends.Tx
	readOnly bool
	full     error // why commands that may need space are refused, until one has written
	run      *scriptRun
}

var _ lua.Host = (*scriptHost)(nil)

// Call implements lua.Host.
func (h *scriptHost) Call(args [][]byte, proto int) (reply []byte) {
	c := h.c
	from := len(c.Buf)
	defer func() { c.Buf = c.Buf[:from] }()
	c.Proto = proto
	row, err := c.Server.Table().Find(args)
	if err == nil || row != nil {
		err = h.refused(row, err)
	} else {
		err = ErrScriptUnknown
	}
	if err != nil {
		text, _ := TextOf(err)
		c.Error(text)
		return c.Buf[from:]
	}
	if row.Flags&Write != 0 {
		h.run.wrote.Store(true)
	}
	if row.Flags&(Write|Rewrites) != 0 {
		h.name(row, args)
	}
	c.Scripted = true
	c.run(&queued{row: row, args: args}, h.tx)
	c.Scripted = false
	return c.Buf[from:]
}

// refused says why a script may not call a command, if so.
func (h *scriptHost) refused(row *Row, err error) error {
	switch {
	case err != nil:
		return ErrScriptArity
	case row.Flags&NoScript != 0:
		return ErrScriptRefused
	case row.Flags&(Write|MayWrite) != 0 && h.readOnly:
		return ErrScriptReadonly
	case row.Flags&DenyOOM != 0 && h.full != nil && !h.run.wrote.Load():
		return h.full
	}
	return nil
}

// maxNamed is how many keys a call of a script names one by one.
const maxNamed = 10_000

// name adds what a command may write to what the call has named, for a switch that follows it.
func (h *scriptHost) name(row *Row, args [][]byte) {
	a := &h.c.access
	switch {
	case a.All || !h.c.Server.Tracked():
		return
	case row.Flags&(Whole|AnyDB) != 0, row.Wide != nil && row.Wide(args), h.c.Client.DB() != a.DB, len(a.Keys) > maxNamed:
		a.All = true
		return
	}
	from := len(a.Keys)
	a.Keys = row.AppendKeys(a.Keys, args)
	for i, key := range a.Keys[from:] {
		a.Keys[from+i] = bytes.Clone(key) // the script's next call has its arguments in the same place
	}
}

// Permits implements lua.Host. There is one user, who may do everything.
func (h *scriptHost) Permits(args [][]byte) (permitted, known bool) {
	row := h.c.Server.Table().lookUp(args)
	return row != nil, row != nil
}

// Log implements lua.Host.
func (h *scriptHost) Log(level int, text string) { h.c.Server.LogScript(level, text) }
