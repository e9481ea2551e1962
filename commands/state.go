package commands

import (
	"math"
	"strings"
)

var stateRows = []*Row{
	{Name: "state.switch", Arity: -2, Flags: NoMulti | Admin | NoScript | Long, Group: "state", Since: "0.1.0", Syntax: "name [FLUSH | MERGE | NOCOPY]", Complexity: "O(N) in the number of keys",
		Summary: "Moves all keys to another backend and makes it the active one.", Serve: stateSwitch},
	{Name: "state.backends", Arity: 1, Flags: Apart | Admin | NoScript | Long, Group: "state", Since: "0.1.0", Complexity: "O(N) in the number of backends",
		Summary: "Lists the configured backends, their health and capabilities.", Serve: stateBackends},
	{Name: "state.stats", Arity: -1, Flags: Apart | Admin | NoScript | Long, Group: "state", Since: "0.1.0", Syntax: "[name]", Complexity: "O(1)",
		Summary: "Describes the contents and the traffic of a backend.", Serve: stateStats},
	{Name: "state.cleanup", Arity: 1, Flags: NoMulti | Admin | NoScript | Long, Group: "state", Since: "0.1.0", Complexity: "O(N) in the number of expired keys",
		Summary: "Removes expired keys of the active backend now.", Serve: stateCleanup},
	{Name: "state.optimize", Arity: 1, Flags: NoMulti | Admin | NoScript | Long, Group: "state", Since: "0.1.0", Complexity: "Depends on the backend",
		Summary: "Reclaims the space of removed data in the active backend now.", Serve: stateOptimize},
	{Name: "state.help", Arity: 1, Flags: NoScript | Long, Group: "state", Since: "0.1.0", Complexity: "O(1)",
		Summary: "Lists the STATE commands.", Serve: stateHelp},
}

// stateSwitch reads name [FLUSH | MERGE | NOCOPY].
func stateSwitch(c *Ctx) error {
	mode := SwitchEmpty
	for o := (options{args: c.Args[2:]}); o.next(); {
		switch {
		case mode != SwitchEmpty:
			return ErrSyntax
		case o.is("FLUSH"):
			mode = SwitchFlush
		case o.is("MERGE"):
			mode = SwitchMerge
		case o.is("NOCOPY"):
			mode = SwitchNoCopy
		default:
			return ErrSyntax
		}
	}
	if err := c.Server.Switch(c.Context(), c.Client, string(c.Args[1]), mode); err != nil {
		return err
	}
	c.OK()
	return nil
}

func stateBackends(c *Ctx) error {
	list := c.Server.Backends(c.Context())
	c.Array(len(list))
	for _, b := range list {
		c.Map(6)
		c.Text("name")
		c.Text(b.Name)
		c.Text("driver")
		c.Text(b.Driver)
		c.Text("active")
		c.Bool(b.Active)
		c.Text("open")
		c.Bool(b.Open)
		c.Text("healthy")
		if b.Open {
			c.Bool(b.Healthy)
		} else {
			c.Null() // nobody has asked it yet
		}
		c.Text("capabilities")
		c.Texts(b.Capabilities)
	}
	return nil
}

func stateStats(c *Ctx) error {
	if len(c.Args) > 2 {
		return wrongArity(c.Row.FullName)
	}
	name := ""
	if len(c.Args) == 2 {
		name = string(c.Args[1])
	}
	s, err := c.Server.BackendStats(c.Context(), name)
	if err != nil {
		return err
	}
	numbers := []struct {
		name  string
		value int64
	}{
		{"keys", s.Contents.Keys()}, {"bytes", s.Contents.Bytes}, {"expiring_keys", s.Contents.Expires()},
		{"hits", s.Contents.Hits}, {"misses", s.Contents.Misses}, {"reads", s.Reads}, {"writes", s.Writes},
		{"errors", s.Errors}, {"expired", s.Contents.Expired}, {"evicted", s.Contents.Evicted},
		{"uptime", int64(s.Uptime.Seconds())}, {"switches", s.Switches},
	}
	c.Map(len(numbers) + 3)
	c.Text("backend")
	c.Text(s.Name)
	c.Text("driver")
	c.Text(s.Driver)
	for _, n := range numbers {
		c.Text(n.name)
		c.Int(n.value)
	}
	c.Text("ops_per_second")
	c.Double(math.Round(s.OpsPerSecond*100) / 100)
	return nil
}

func stateCleanup(c *Ctx) error {
	n, err := c.Server.Clean(c.Context())
	if err != nil {
		return err
	}
	c.Int(n)
	return nil
}

func stateOptimize(c *Ctx) error {
	if err := c.Server.Optimize(c.Context()); err != nil {
		return err
	}
	c.OK()
	return nil
}

func stateHelp(c *Ctx) error {
	var lines []string
	for _, r := range c.Server.Table().Commands() {
		if strings.HasPrefix(r.Name, "state.") {
			lines = append(lines, strings.TrimSpace(strings.ToUpper(r.Name)+" "+r.Syntax), "    "+r.Summary)
		}
	}
	c.Texts(lines)
	return nil
}
