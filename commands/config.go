package commands

import "strings"

const configFlags = Admin | NoScript | Loading | Stale

var configRows = []*Row{
	{Name: "config", Arity: -2, Group: "server", Since: "2.0.0", Complexity: "Depends on the subcommand",
		Summary: "A container for commands about the configuration.", Subs: []*Row{
			{Name: "get", Arity: -3, Flags: configFlags | Long, Since: "2.0.0", Syntax: "<parameter> [<parameter> ...]", Complexity: "O(N) in the number of parameters",
				Summary: "Returns the parameters that match patterns.", Serve: configGet},
			{Name: "set", Arity: -4, Flags: configFlags | Long, Since: "2.0.0", Syntax: "parameter value [parameter value ...]", Complexity: "O(N) in the number of parameters",
				Tips: []string{"request_policy:all_nodes", "response_policy:all_succeeded"}, Summary: "Changes parameters, all or none.", Serve: configSet},
			{Name: "resetstat", Arity: 2, Flags: configFlags | Long, Since: "2.0.0", Complexity: "O(1)",
				Summary: "Sets the counters that INFO shows to zero.", Serve: configResetStat},
			{Name: "help", Arity: 2, Flags: Loading | Stale, Since: "5.0.0", Complexity: "O(1)",
				Summary: "Lists the subcommands.", Serve: containerHelp},
		}},
}

func configGet(c *Ctx) error {
	var found []Parameter
	for _, p := range c.Server.Parameters(c.Context()) {
		for _, pattern := range c.Args[2:] {
			if name, ok := nameInConfig(string(pattern), p.Name); ok {
				found = append(found, Parameter{name, p.Value})
				break
			}
		}
	}
	c.Map(len(found))
	for _, p := range found {
		c.Text(p.Name)
		c.Text(p.Value)
	}
	return nil
}

func configSet(c *Ctx) error {
	if len(c.Args)%2 != 0 {
		return ErrSyntax
	}
	var pairs []Parameter
	for i := 2; i < len(c.Args); i += 2 {
		pairs = append(pairs, Parameter{string(c.Args[i]), string(c.Args[i+1])})
	}
	if err := c.Server.SetParameters(c.Context(), pairs); err != nil {
		return err
	}
	c.OK()
	return nil
}

// nameInConfig says whether a pattern selects a parameter, and under which name Redis shows it: one
// that was asked for without wildcards as it was spelled.
func nameInConfig(pattern, name string) (shown string, ok bool) {
	if !strings.ContainsAny(pattern, "*?[") {
		return pattern, strings.EqualFold(pattern, name)
	}
	return name, match([]byte(strings.ToLower(pattern)), []byte(name))
}

func configResetStat(c *Ctx) error {
	c.Server.ResetStats()
	c.OK()
	return nil
}
