package commands

// What the process does as a whole, and what is said about that.

var processRows = []*Row{
	{Name: "lolwut", Arity: -1, Flags: Readonly | Fast, Group: "server", Since: "5.0.0", Syntax: "[VERSION version]", Complexity: "O(1)",
		Summary: "Says which version of Redis this is like.", Serve: lolwut},
	{Name: "debug", Arity: -2, Flags: Upstream | Admin | NoScript | Loading | Stale, Group: "server", Since: "1.0.0", Complexity: "O(1)",
		Summary: "Is refused: it is for those who work on Redis itself.", Serve: debug},
	{Name: "monitor", Arity: 1, Flags: Admin | NoScript | Loading | Stale, Group: "server", Since: "1.0.0",
		Complexity: "O(N) for each command, in the number of clients that monitor", Summary: "Shows all commands as they are run.", Serve: monitor},
	{Name: "role", Arity: 1, Flags: NoScript | Loading | Stale | Fast, Categories: "admin dangerous", Group: "server", Since: "2.8.12",
		Complexity: "O(1)", Summary: "Says that this is a master, and has no replicas.", Serve: role},
	{Name: "shutdown", Arity: -1, Flags: Admin | NoScript | Loading | Stale | NoMulti | AllowBusy, Group: "server", Since: "1.0.0",
		Syntax:     "[NOSAVE | SAVE] [NOW] [FORCE] [ABORT]",
		Complexity: "Depends on the backend", Summary: "Ends the server, with what a persistent backend holds made durable.", Serve: shutdown},
	{Name: "wait", Arity: 3, Flags: NoScript, Categories: "connection", Group: "generic", Since: "3.0.0", Syntax: "numreplicas timeout:integer",
		Tips:       []string{"request_policy:all_shards", "response_policy:agg_min"},
		Complexity: "O(1)", Summary: "Waits for replicas, of which there are none.", Serve: waitReplicas},
	{Name: "waitaof", Arity: 4, Flags: NoScript | Long, Categories: "connection", Group: "generic", Since: "7.2.0", Syntax: "numlocal numreplicas timeout:integer",
		Tips:       []string{"request_policy:all_shards", "response_policy:agg_min"},
		Complexity: "O(1)", Summary: "Makes this connection's writes durable, and waits for replicas, of which there are none.", Serve: waitAOF},
}

// lolwut of an unknown version, as Redis 7 is for it, draws nothing.
func lolwut(c *Ctx) error {
	if len(c.Args) > 2 && equalFold(c.Args[1], "VERSION") {
		if _, ok := parseInt(c.Args[2]); !ok {
			return ErrNotInteger
		}
	}
	c.Verbatim("Redis ver. " + RedisVersion + "\n")
	return nil
}

// monitor replies to the first call alone, as Redis does: its session sends the reply, before all that it shows.
func monitor(c *Ctx) error {
	if c.Part {
		return ErrMonitorPart
	}
	from := len(c.Buf)
	c.OK()
	if !c.Client.Monitor() {
		c.Buf = c.Buf[:from]
	}
	return nil
}

func role(c *Ctx) error {
	c.Array(3)
	c.Text("master")
	c.Int(0)
	c.Array(0)
	return nil
}

// shutdown replies nothing when it succeeds. Whether anything is saved is the backend's matter, so NOSAVE does
// not lose what was written.
func shutdown(c *Ctx) error {
	var save, nosave, how, abort bool
	for _, a := range c.Args[1:] {
		switch {
		case equalFold(a, "SAVE"):
			save = true
		case equalFold(a, "NOSAVE"):
			nosave = true
		case equalFold(a, "NOW"), equalFold(a, "FORCE"):
			how = true
		case equalFold(a, "ABORT"):
			abort = true
		default:
			return ErrSyntax
		}
	}
	switch {
	case abort && (save || nosave || how), save && nosave:
		return ErrSyntax
	case abort:
		return ErrNoShutdown
	}
	c.Server.Shutdown()
	c.Client.CloseAfterReply()
	return nil
}

// waitReplicas waits in vain where it is to wait for any.
func waitReplicas(c *Ctx) error {
	n, err := integer(c.Args[1])
	if err != nil {
		return err
	}
	ms, err := milliseconds(c.Args[2])
	if err != nil {
		return err
	}
	c.Int(0)
	if n > 0 && !c.Part {
		c.Client.Delay(ms)
	}
	return nil
}

// waitAOF takes a persistent backend for an append-only file. What the connection has written is acknowledged already, and
// so on its way to the disk.
func waitAOF(c *Ctx) error {
	local, ok := parseInt(c.Args[1])
	if !ok || local < 0 || local > 1 {
		return ErrWaitLocal
	}
	n, ok := parseInt(c.Args[2])
	if !ok || n < 0 {
		return ErrNotPositive
	}
	ms, err := milliseconds(c.Args[3])
	if err != nil {
		return err
	}
	durable, err := c.Server.Sync(c.Context())
	switch {
	case err != nil:
		return err
	case !durable && local > 0:
		return ErrWaitNoAOF
	}
	c.Array(2)
	c.Flag(durable)
	c.Int(0)
	if n > 0 && !c.Part {
		c.Client.Delay(ms)
	}
	return nil
}

func debug(*Ctx) error { return ErrNoDebug }
