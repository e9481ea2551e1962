package commands

import (
	"fmt"
	"strings"
)

const clientFlags = NoScript | Loading | Stale

var clientRows = []*Row{
	{Name: "client", Arity: -2, Group: "connection", Since: "2.4.0", Complexity: "Depends on the subcommand",
		Summary: "A container for commands about connections.", Subs: []*Row{
			{Name: "id", Arity: 2, Flags: clientFlags, Categories: "connection", Since: "5.0.0", Complexity: "O(1)",
				Summary: "Returns the number of this connection.", Serve: clientID},
			{Name: "getname", Arity: 2, Flags: clientFlags, Categories: "connection", Since: "2.6.9", Complexity: "O(1)",
				Summary: "Returns the name of this connection.", Serve: clientGetName},
			{Name: "setname", Arity: 3, Flags: clientFlags, Categories: "connection", Since: "2.6.9", Syntax: "connection-name", Complexity: "O(1)",
				Summary: "Gives this connection a name.", Serve: clientSetName},
			{Name: "setinfo", Arity: 4, Flags: clientFlags, Categories: "connection", Since: "7.2.0", Syntax: "<LIB-NAME libname | LIB-VER libver>", Complexity: "O(1)",
				Summary: "Tells the name or version of the client's library.", Serve: clientSetInfo},
			{Name: "info", Arity: 2, Flags: clientFlags, Categories: "connection", Since: "6.2.0", Complexity: "O(1)",
				Tips: []string{"nondeterministic_output"}, Summary: "Describes this connection.", Serve: clientInfo},
			{Name: "list", Arity: -2, Flags: clientFlags | Admin | Long, Categories: "connection", Since: "2.4.0", Syntax: "[TYPE <NORMAL | MASTER | REPLICA | PUBSUB>] [ID <client-id [client-id ...]>]",
				Complexity: "O(N) in the number of connections",
				Tips:       []string{"nondeterministic_output"}, Summary: "Describes the connections.", Serve: clientList},
			{Name: "unblock", Arity: -3, Flags: clientFlags | Admin, Categories: "connection", Since: "5.0.0", Syntax: "client-id [TIMEOUT | ERROR]", Complexity: "O(1)",
				Summary: "Ends the wait of a call of another connection.", Serve: clientUnblock},
			clientKillRow, clientReplyRow, clientPauseRow, clientUnpauseRow,
			clientTrackingRow, clientTrackingInfoRow, clientCachingRow, clientGetRedirRow,
			{Name: "no-evict", Arity: 3, Flags: clientFlags | Admin, Categories: "connection", Since: "7.0.0", Syntax: "<ON | OFF>", Complexity: "O(1)",
				Summary: "Exempts this connection from being closed to save memory.", Serve: clientNoEvict},
			{Name: "no-touch", Arity: 3, Flags: clientFlags, Categories: "connection", Since: "7.2.0", Syntax: "<ON | OFF>", Complexity: "O(1)",
				Summary: "Keeps this connection's reads from counting as use of the keys.", Serve: clientNoTouch},
			{Name: "help", Arity: 2, Flags: Loading | Stale, Categories: "connection", Since: "5.0.0", Complexity: "O(1)",
				Summary: "Lists the subcommands.", Serve: containerHelp},
		}},
}

func clientID(c *Ctx) error {
	c.Int(c.Client.Info().ID)
	return nil
}

func clientGetName(c *Ctx) error {
	name := c.Client.Info().Name
	c.BulkOrNull([]byte(name), name != "")
	return nil
}

func clientSetName(c *Ctx) error {
	if !isPrintable(c.Args[2]) {
		return ErrClientName
	}
	c.Client.SetName(string(c.Args[2]))
	c.OK()
	return nil
}

func clientSetInfo(c *Ctx) error {
	attribute := strings.ToLower(string(c.Args[2]))
	if attribute != "lib-name" && attribute != "lib-ver" {
		return unrecognizedOption(c.Args[2])
	}
	if !isPrintable(c.Args[3]) {
		return libInfoCharacters(c.Args[2])
	}
	c.Client.SetLib(attribute, string(c.Args[3]))
	c.OK()
	return nil
}

func clientInfo(c *Ctx) error {
	c.Verbatim(clientLine(c.Client.Info()))
	return nil
}

func clientList(c *Ctx) error {
	wanted, err := clientFilter(c.Args[2:])
	if err != nil {
		return err
	}
	var lines strings.Builder
	for _, info := range c.Server.Clients() {
		if wanted(info) {
			lines.WriteString(clientLine(info))
		}
	}
	c.Verbatim(lines.String())
	return nil
}

// clientFilter reads TYPE type or ID id [id ...].
func clientFilter(args [][]byte) (wanted func(ClientInfo) bool, err error) {
	switch {
	case len(args) == 0:
		return func(ClientInfo) bool { return true }, nil
	case equalFold(args[0], "TYPE") && len(args) == 2:
		return clientTypeFilter(args[1])
	case equalFold(args[0], "ID") && len(args) >= 2:
		ids := map[int64]bool{}
		for _, a := range args[1:] {
			id, ok := parseInt(a)
			if !ok {
				return nil, ErrClientID
			}
			ids[id] = true
		}
		return func(i ClientInfo) bool { return ids[i.ID] }, nil
	}
	return nil, ErrSyntax
}

func clientTypeFilter(kind []byte) (func(ClientInfo) bool, error) {
	flag, known := map[string]string{"normal": "", "master": "M", "replica": "S", "slave": "S", "pubsub": "P"}[strings.ToLower(string(kind))]
	switch {
	case !known:
		return nil, unknownClientType(kind)
	case flag == "":
		return func(i ClientInfo) bool { return !strings.ContainsAny(i.Flags, "MSP") }, nil
	}
	return func(i ClientInfo) bool { return strings.Contains(i.Flags, flag) }, nil
}

// clientLine has the fields of Redis 7.2 in its order. Those that mean nothing here are those of a
// client that has none of it: an idle client has no buffers, and there are no lists of replies.
func clientLine(i ClientInfo) string {
	events := "r"
	if i.OutputBytes > 0 {
		events = "rw"
	}
	return fmt.Sprintf("id=%d addr=%s laddr=%s fd=%d name=%s age=%d idle=%d flags=%s db=%d sub=%d psub=%d ssub=%d multi=%d"+
		" qbuf=%d qbuf-free=0 argv-mem=0 multi-mem=0 rbs=0 rbp=0 obl=%d oll=0 omem=%d tot-mem=%d events=%s cmd=%s user=%s redir=%d resp=%d lib-name=%s lib-ver=%s\n",
		i.ID, i.Addr, i.LocalAddr, i.FD, i.Name, int64(i.Age.Seconds()), int64(i.Idle.Seconds()), i.Flags, i.DB,
		i.Subscribed[Channel], i.Subscribed[Pattern], i.Subscribed[ShardChannel], i.Queued,
		i.InputBytes, i.OutputBytes, i.OutputBytes, i.TotalBytes, events, i.LastCommand, i.User, i.Redirect, i.Proto, i.LibName, i.LibVer)
}

func clientUnblock(c *Ctx) error {
	withError := false
	if len(c.Args) > 4 {
		return subcommandSyntax("CLIENT", c.Args[1])
	}
	if len(c.Args) == 4 {
		if withError = equalFold(c.Args[3], "ERROR"); !withError && !equalFold(c.Args[3], "TIMEOUT") {
			return ErrUnblockReason
		}
	}
	id, err := integer(c.Args[2])
	if err != nil {
		return err
	}
	c.Flag(c.Server.Unblock(id, withError))
	return nil
}

func clientNoEvict(c *Ctx) error {
	on, err := onOff(c.Args[2])
	if err != nil {
		return err
	}
	c.Client.SetNoEvict(on)
	c.OK()
	return nil
}

func clientNoTouch(c *Ctx) error {
	on, err := onOff(c.Args[2])
	if err != nil {
		return err
	}
	c.Client.SetNoTouch(on)
	c.OK()
	return nil
}

func onOff(arg []byte) (bool, error) {
	switch {
	case equalFold(arg, "ON"):
		return true, nil
	case equalFold(arg, "OFF"):
		return false, nil
	}
	return false, ErrSyntax
}

// containerHelp lists the subcommands of the container that it belongs to, from their rows.
func containerHelp(c *Ctx) error {
	name, _, _ := strings.Cut(c.Row.FullName, "|")
	container := c.Server.Table().named(name)
	lines := []string{strings.ToUpper(name) + " <subcommand> [<arg> [value] [opt] ...]. Subcommands are:"}
	for _, sub := range container.Subs {
		lines = append(lines, strings.ToUpper(sub.Name), "    "+sub.Summary)
	}
	c.Array(len(lines))
	for _, l := range lines {
		c.Status(l)
	}
	return nil
}
