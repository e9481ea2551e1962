package commands

var (
	clientReplyRow = &Row{Name: "reply", Arity: 3, Flags: clientFlags, Categories: "connection", Since: "3.2.0", Syntax: "<ON | OFF | SKIP>", Complexity: "O(1)",
		Summary: "Turns the replies to this connection on or off, or leaves one out.", Serve: clientReply}
	clientPauseRow = &Row{Name: "pause", Arity: -3, Flags: clientFlags | Admin | Long, Categories: "connection", Since: "2.9.50", Syntax: "timeout:integer [WRITE | ALL]",
		Complexity: "O(N) in the number of connections", Summary: "Holds commands back for some time.", Serve: clientPause}
	clientUnpauseRow = &Row{Name: "unpause", Arity: 2, Flags: clientFlags | Admin | Long, Categories: "connection", Since: "6.2.0",
		Complexity: "O(N) in the number of connections", Summary: "Ends CLIENT PAUSE.", Serve: clientUnpause}
)

func clientReply(c *Ctx) error {
	switch mode := c.Args[2]; {
	case equalFold(mode, "ON"):
		c.Client.SetReplies(ReplyOn)
		c.OK()
	case equalFold(mode, "OFF"):
		c.Client.SetReplies(ReplyOff)
	case equalFold(mode, "SKIP"):
		c.Client.SetReplies(ReplySkip)
	default:
		return ErrSyntax
	}
	return nil
}

func clientPause(c *Ctx) error {
	p := Pause{Part: c.Part}
	switch len(c.Args) {
	case 3:
	case 4:
		if p.Writes = equalFold(c.Args[3], "WRITE"); !p.Writes && !equalFold(c.Args[3], "ALL") {
			return ErrPauseMode
		}
	default:
		return subcommandSyntax("CLIENT", c.Args[1])
	}
	var err error
	if p.Milliseconds, err = milliseconds(c.Args[2]); err != nil {
		return err
	}
	if err := c.Server.Pause(c.Context(), p); err != nil {
		return err
	}
	c.OK()
	return nil
}

func clientUnpause(c *Ctx) error {
	c.Server.Unpause()
	c.OK()
	return nil
}

// milliseconds reads how long to wait.
func milliseconds(arg []byte) (int64, error) {
	ms, ok := parseInt(arg)
	switch {
	case !ok:
		return 0, ErrTimeoutInteger
	case ms < 0:
		return 0, ErrTimeoutNegative
	}
	return ms, nil
}
