package commands

import "bytes"

var connectionRows = []*Row{
	{Name: "ping", Arity: -1, Flags: Fast | Listening, Categories: "connection", Group: "connection", Since: "1.0.0",
		Tips:   []string{"request_policy:all_shards", "response_policy:all_succeeded"},
		Syntax: "[message]", Complexity: "O(1)", Summary: "Replies PONG, or with its argument.", Serve: ping},
	{Name: "echo", Arity: 2, Flags: Loading | Stale | Fast, Categories: "connection", Group: "connection", Since: "1.0.0",
		Syntax: "message", Complexity: "O(1)", Summary: "Replies with its argument.", Serve: echo},
	{Name: "select", Arity: 2, Flags: Loading | Stale | Fast, Categories: "connection", Group: "connection", Since: "1.0.0",
		Syntax: "index", Complexity: "O(1)", Summary: "Chooses the database of the connection.", Serve: selectDB},
	{Name: "auth", Arity: -2, Flags: NoScript | Loading | Stale | Fast | NoAuth | AllowBusy, Categories: "connection", Group: "connection", Since: "1.0.0",
		Syntax: "[username] password", Complexity: "O(N) in the number of passwords of the user", Summary: "Proves who the client is.", Serve: auth},
	{Name: "hello", Arity: -1, Flags: NoScript | Loading | Stale | Fast | NoAuth | AllowBusy, Categories: "connection", Group: "connection", Since: "6.0.0",
		Syntax: "[protover [AUTH username password] [SETNAME clientname]]", Complexity: "O(1)", Summary: "Greets the server and agrees on a protocol.", Serve: hello},
	{Name: "reset", Arity: 1, Flags: NoScript | Loading | Stale | Fast | NoAuth | AllowBusy | Listening | AtOnce, Categories: "connection", Group: "connection", Since: "6.2.0",
		Complexity: "O(1)", Summary: "Makes the connection as if it were new.", Serve: reset},
	{Name: "quit", Arity: -1, Flags: NoScript | Loading | Stale | Fast | NoAuth | AllowBusy | Listening | AtOnce, Categories: "connection", Group: "connection", Since: "1.0.0",
		Complexity: "O(1)", Summary: "Closes the connection.", Serve: quit},
}

func ping(c *Ctx) error {
	switch {
	case len(c.Args) > 2:
		return wrongArity("ping")
	case c.Proto == 2 && c.listening() > 0: // as a message looks, since nothing else is expected
		c.Array(2)
		c.Text("pong")
		c.Bulk(bytes.Join(c.Args[1:], nil))
	case len(c.Args) == 2:
		c.Bulk(c.Args[1])
	default:
		c.Status("PONG")
	}
	return nil
}

func echo(c *Ctx) error {
	c.Bulk(c.Args[1])
	return nil
}

func selectDB(c *Ctx) error {
	db, err := c.databaseArg(c.Args[1])
	if err != nil {
		return err
	}
	c.Client.SelectDB(db)
	c.OK()
	return nil
}

func auth(c *Ctx) error {
	user, password := []byte("default"), c.Args[1]
	switch len(c.Args) {
	case 2:
		if !c.Server.PasswordRequired() {
			return ErrNoPassword
		}
	case 3:
		user, password = c.Args[1], c.Args[2]
	default:
		return ErrSyntax
	}
	if !c.Client.Authenticate(user, password) {
		return ErrWrongPass
	}
	c.OK()
	return nil
}

func hello(c *Ctx) error {
	proto := int64(c.Proto)
	rest := c.Args[1:]
	if len(rest) > 0 {
		var ok bool
		if proto, ok = parseInt(rest[0]); !ok {
			return ErrProtoVersion
		}
		if proto < 2 || proto > 3 {
			return ErrNoProto
		}
		rest = rest[1:]
	}
	o, err := parseHello(rest)
	if err != nil {
		return err
	}
	if o.auth && !c.Client.Authenticate(o.user, o.password) {
		return ErrWrongPass
	}
	if !c.Client.Authenticated() {
		return ErrHelloNoAuth
	}
	if o.name != nil {
		c.Client.SetName(string(o.name))
	}
	c.Client.SetProto(int(proto))
	c.Proto = int(proto)
	greet(c)
	return nil
}

// helloOptions are the arguments of HELLO after the protocol. As in Redis 7.2 all of them are read
// before the first has an effect.
type helloOptions struct {
	auth           bool
	user, password []byte
	name           []byte // nil: none was given
}

func parseHello(args [][]byte) (h helloOptions, err error) {
	for o := (options{args: args}); o.next(); {
		switch {
		case o.is("AUTH") && len(o.args) >= 2:
			h.auth, h.user, h.password = true, o.args[0], o.args[1]
			o.args = o.args[2:]
		case o.is("SETNAME") && len(o.args) >= 1:
			h.name, _ = o.value() // there is one
			if !isPrintable(h.name) {
				return h, ErrClientName
			}
		default:
			return h, helloOption(o.opt)
		}
	}
	return h, nil
}

func greet(c *Ctx) {
	c.Map(7)
	c.Text("server")
	c.Text("redis")
	c.Text("version")
	c.Text(RedisVersion)
	c.Text("proto")
	c.Int(int64(c.Proto))
	c.Text("id")
	c.Int(c.Client.Info().ID)
	c.Text("mode")
	c.Text("standalone")
	c.Text("role")
	c.Text("master")
	c.Text("modules")
	c.Array(0)
}

func reset(c *Ctx) error {
	if c.tooManyElements(c.listening()) {
		return ErrLong
	}
	c.Client.Reset()
	c.Proto = 2
	c.Status("RESET")
	return nil
}

func quit(c *Ctx) error {
	c.OK()
	c.Client.CloseAfterReply()
	return nil
}

// isPrintable says whether a name has no spaces and nothing that would break a line of CLIENT LIST.
func isPrintable(b []byte) bool {
	for _, ch := range b {
		if ch < '!' || ch > '~' {
			return false
		}
	}
	return true
}
