package commands

import "time"

// killFilter is one filter of CLIENT KILL as its Syntax shows it.
const killFilter = "<ID client-id | TYPE <NORMAL | MASTER | SLAVE | REPLICA | PUBSUB> | USER username | ADDR address | LADDR address | SKIPME <YES | NO> | MAXAGE seconds>"

var clientKillRow = &Row{Name: "kill", Arity: -3, Flags: clientFlags | Admin | Long, Categories: "connection", Since: "2.4.0",
	Syntax: "<address | " + killFilter + " [" + killFilter + " ...]>", Complexity: "O(N) in the number of connections",
	Summary: "Disconnects clients.", Serve: clientKill}

// kill says whom CLIENT KILL means: those to whom all filters apply.
type kill struct {
	filters []func(ClientInfo) bool
	self    bool // the caller too
}

func (k *kill) wants(i ClientInfo) bool {
	for _, applies := range k.filters {
		if !applies(i) {
			return false
		}
	}
	return true
}

func clientKill(c *Ctx) error {
	var k kill
	if len(c.Args) == 3 {
		k.filters, k.self = append(k.filters, hasAddress(c.Args[2])), true
	} else if err := k.parse(c.Args[2:]); err != nil {
		return err
	}
	self, killed := c.Client.Info().ID, int64(0)
	for _, info := range c.Server.Clients() {
		switch {
		case !k.wants(info):
		case info.ID != self:
			if c.Server.Kill(info.ID) {
				killed++
			}
		case k.self:
			c.Client.CloseAfterReply()
			killed++
		}
	}
	switch {
	case len(c.Args) > 3:
		c.Int(killed)
	case killed == 0:
		return ErrNoSuchClient
	default:
		c.OK()
	}
	return nil
}

func hasAddress(addr []byte) func(ClientInfo) bool {
	wanted := string(addr)
	return func(i ClientInfo) bool { return i.Addr == wanted }
}

// parse reads pairs of a filter and its value.
func (k *kill) parse(args [][]byte) error {
	for ; len(args) > 1; args = args[2:] {
		applies, err := k.filter(args[0], args[1])
		if err != nil {
			return err
		}
		if applies != nil {
			k.filters = append(k.filters, applies)
		}
	}
	if len(args) > 0 {
		return ErrSyntax
	}
	return nil
}

func (k *kill) filter(name, value []byte) (func(ClientInfo) bool, error) {
	switch {
	case equalFold(name, "ID"):
		id, ok := parseInt(value)
		if !ok || id < 1 {
			return nil, ErrKillID
		}
		return func(i ClientInfo) bool { return i.ID == id }, nil
	case equalFold(name, "TYPE"):
		return clientTypeFilter(value)
	case equalFold(name, "USER"):
		if string(value) != "default" { // there is no other
			return nil, noSuchUser(value)
		}
		return nil, nil
	case equalFold(name, "ADDR"):
		return hasAddress(value), nil
	case equalFold(name, "LADDR"):
		wanted := string(value)
		return func(i ClientInfo) bool { return i.LocalAddr == wanted }, nil
	case equalFold(name, "SKIPME"):
		k.self = equalFold(value, "NO")
		if !k.self && !equalFold(value, "YES") {
			return nil, ErrSyntax
		}
		return nil, nil
	case equalFold(name, "MAXAGE"):
		return killAge(value)
	}
	return nil, ErrSyntax
}

// killAge reads the age in seconds from which on clients are meant; an option of 7.4.
func killAge(value []byte) (func(ClientInfo) bool, error) {
	seconds, ok := parseInt(value)
	switch {
	case !ok:
		return nil, ErrKillAgeInteger
	case seconds < 1:
		return nil, ErrKillAge
	}
	return func(i ClientInfo) bool { return int64(i.Age/time.Second) >= seconds }, nil
}
