package commands

import (
	"slices"
	"strings"
)

var commandRows = []*Row{
	{Name: "command", Arity: -1, Flags: Loading | Stale | Long, Categories: "connection", Group: "server", Since: "2.8.13",
		Tips: []string{"nondeterministic_output_order"}, Complexity: "O(N) in the number of commands",
		Summary: "Describes all commands.", Serve: command, Subs: []*Row{
			{Name: "count", Arity: 2, Flags: Loading | Stale, Categories: "connection", Since: "2.8.13", Complexity: "O(1)",
				Summary: "Counts the commands.", Serve: commandCount},
			{Name: "docs", Arity: -2, Flags: Loading | Stale | Long, Categories: "connection", Since: "7.0.0", Syntax: "[command-name [command-name ...]]", Complexity: "O(N) in the number of commands asked for",
				Tips: []string{"nondeterministic_output_order"}, Summary: "Documents commands.", Serve: commandDocs},
			{Name: "getkeys", Arity: -4, Flags: Loading | Stale, Categories: "connection", Since: "2.8.13", Syntax: "command [arg [arg ...]]", Complexity: "O(N) in the number of arguments",
				Summary: "Picks the keys out of a command.", Serve: commandGetKeys},
			{Name: "getkeysandflags", Arity: -4, Flags: Loading | Stale, Categories: "connection", Since: "7.0.0", Syntax: "command [arg [arg ...]]", Complexity: "O(N) in the number of arguments",
				Summary: "Picks the keys out of a command, with what it does to them.", Serve: commandGetKeysAndFlags},
			{Name: "info", Arity: -2, Flags: Loading | Stale | Long, Categories: "connection", Since: "2.8.13", Syntax: "[command-name [command-name ...]]", Complexity: "O(N) in the number of commands asked for",
				Tips: []string{"nondeterministic_output_order"}, Summary: "Describes commands.", Serve: commandInfo},
			{Name: "list", Arity: -2, Flags: Loading | Stale | Long, Categories: "connection", Since: "7.0.0", Syntax: "[FILTERBY <MODULE module-name | ACLCAT category | PATTERN pattern>]",
				Complexity: "O(N) in the number of commands",
				Tips:       []string{"nondeterministic_output_order"}, Summary: "Lists the names of commands.", Serve: commandList},
			{Name: "help", Arity: 2, Flags: Loading | Stale, Categories: "connection", Since: "5.0.0", Complexity: "O(1)",
				Summary: "Lists the subcommands.", Serve: containerHelp},
		}},
}

func command(c *Ctx) error {
	rows := c.Server.Table().Commands()
	c.Array(len(rows))
	for _, r := range rows {
		c.describe(r)
	}
	return nil
}

func commandCount(c *Ctx) error {
	c.Int(int64(len(c.Server.Table().Commands())))
	return nil
}

func commandInfo(c *Ctx) error {
	if len(c.Args) == 2 {
		return command(c)
	}
	c.Array(len(c.Args) - 2)
	for _, name := range c.Args[2:] {
		if r := c.Server.Table().named(string(name)); r != nil {
			c.describe(r)
		} else {
			c.Null()
		}
	}
	return nil
}

// describe appends the ten fields of COMMAND INFO.
func (c *Ctx) describe(r *Row) {
	first, last, step := r.keyRange()
	c.Array(10)
	c.Text(r.FullName)
	c.Int(int64(r.Arity))
	flags := r.Flags.Names()
	if r.movable() {
		flags = append(flags, "movablekeys")
	}
	c.statuses(flags, "")
	c.Int(int64(first))
	c.Int(int64(last))
	c.Int(int64(step))
	c.statuses(r.ACLCategories(), "@")
	c.Set(len(r.Tips))
	for _, tip := range r.Tips {
		c.Text(tip)
	}
	c.Set(len(r.Keys))
	for i, k := range r.Keys {
		note := ""
		if i < len(r.KeyNotes) {
			note = r.KeyNotes[i]
		}
		c.describeKeys(k, note)
	}
	if len(r.Subs) == 0 {
		c.Set(0) // in Redis only the empty list is a set
		return
	}
	c.Array(len(r.Subs))
	for _, sub := range r.Subs {
		c.describe(sub)
	}
}

func (c *Ctx) statuses(names []string, prefix string) {
	c.Set(len(names))
	for _, n := range names {
		c.Status(prefix + n)
	}
}

func (c *Ctx) describeKeys(k KeySpec, note string) {
	if note == "" {
		c.Map(3)
	} else {
		c.Map(4)
		c.Text("notes")
		c.Text(note)
	}
	c.Text("flags")
	c.statuses(strings.Fields(k.Flags), "")
	begin, find := "index", "range"
	start, spec := []argument{{"index", k.First}}, []argument{{"lastkey", k.Last}, {"keystep", k.Step}, {"limit", 0}}
	switch k.Last {
	case Counted:
		find, spec = "keynum", []argument{{"keynumidx", 0}, {"firstkey", 1}, {"keystep", k.Step}}
	case Unknown:
		begin, start, find, spec = "unknown", nil, "unknown", nil
	case AfterStore:
		begin, start, spec[0].value = "keyword", []argument{{"keyword", "STORE"}, {"startfrom", k.First}}, 0
	case AfterStreams:
		begin, start = "keyword", []argument{{"keyword", "STREAMS"}, {"startfrom", k.First}}
		spec[0].value, spec[2].value = -1, 2
	case AfterStoreDist:
		begin, start, spec[0].value = "keyword", []argument{{"keyword", "STOREDIST"}, {"startfrom", k.First}}, 0
	}
	c.describeSearch("begin_search", begin, start)
	c.describeSearch("find_keys", find, spec)
}

func (c *Ctx) describeSearch(name, kind string, spec []argument) {
	c.Text(name)
	c.Map(2)
	c.Text("type")
	c.Text(kind)
	c.Text("spec")
	c.Map(len(spec))
	for _, a := range spec {
		c.Text(a.name)
		if n, isNumber := a.value.(int); isNumber {
			c.Int(int64(n))
		} else {
			c.Text(a.value.(string))
		}
	}
}

// argument is a number, or a word, in the description of a key spec.
type argument struct {
	name  string
	value any
}

func commandDocs(c *Ctx) error {
	var rows []*Row
	if len(c.Args) == 2 {
		rows = c.Server.Table().Commands()
	}
	for _, name := range c.Args[2:] {
		if r := c.Server.Table().named(string(name)); r != nil {
			rows = append(rows, r)
		}
	}
	c.documents(rows)
	return nil
}

func (c *Ctx) documents(rows []*Row) {
	c.Map(len(rows))
	for _, r := range rows {
		c.Text(r.FullName)
		fields := [][2]string{{"summary", r.Summary}, {"since", r.Since}, {"group", r.Group}, {"complexity", r.Complexity}}
		n := len(fields)
		if len(r.operands) > 0 {
			n++
		}
		if len(r.Subs) > 0 {
			n++
		}
		c.Map(n)
		for _, f := range fields {
			c.Text(f[0])
			c.Text(f[1])
		}
		if len(r.operands) > 0 {
			c.Text("arguments")
			c.operands(r.operands)
		}
		if len(r.Subs) > 0 {
			c.Text("subcommands")
			c.documents(r.Subs)
		}
	}
}

func commandGetKeys(c *Ctx) error {
	r, err := c.rowOfArguments()
	if err != nil {
		return err
	}
	found := r.AppendKeys(nil, c.Args[2:])
	c.Array(len(found))
	for _, k := range found {
		c.Bulk(k)
	}
	return nil
}

func commandGetKeysAndFlags(c *Ctx) error {
	r, err := c.rowOfArguments()
	if err != nil {
		return err
	}
	args := c.Args[2:]
	c.Array(len(r.AppendKeys(nil, args)))
	for _, spec := range r.Keys {
		one := Row{Keys: []KeySpec{spec}}
		if r.KeyFlags != nil {
			spec.Flags = r.KeyFlags(args)
		}
		for _, k := range one.AppendKeys(nil, args) {
			c.Array(2)
			c.Bulk(k)
			c.statuses(strings.Fields(spec.Flags), "")
		}
	}
	if r.MoreKeys != nil {
		for _, k := range r.MoreKeys(nil, args) {
			c.Array(2)
			c.Bulk(k)
			c.statuses(strings.Fields(r.Keys[len(r.Keys)-1].Flags), "")
		}
	}
	return nil
}

// rowOfArguments finds the command that is given as arguments, and checks that it is a call with keys.
func (c *Ctx) rowOfArguments() (*Row, error) {
	args := c.Args[2:]
	r := c.Server.Table().lookUp(args)
	if r == nil {
		return nil, ErrBadCommand
	}
	if len(r.Keys) == 0 || r.Keys[0].Flags == notKey {
		return nil, ErrNoKeyArguments
	}
	if !r.AcceptsArity(len(args)) {
		return nil, ErrBadArguments
	}
	if r.miscounts(args) {
		return nil, ErrInvalidArguments
	}
	return r, nil
}

// commandList reads [FILTERBY MODULE name | ACLCAT category | PATTERN pattern].
func commandList(c *Ctx) error {
	wanted := func(*Row) bool { return true }
	if len(c.Args) != 2 {
		if len(c.Args) != 5 || !equalFold(c.Args[2], "FILTERBY") {
			return ErrSyntax
		}
		by := c.Args[4]
		switch kind := c.Args[3]; {
		case equalFold(kind, "MODULE"):
			wanted = func(*Row) bool { return false } // there are no modules
		case equalFold(kind, "ACLCAT"):
			wanted = func(r *Row) bool { return slices.Contains(r.ACLCategories(), strings.ToLower(string(by))) }
		case equalFold(kind, "PATTERN"):
			pattern := []byte(strings.ToLower(string(by)))
			wanted = func(r *Row) bool { return match(pattern, []byte(r.FullName)) }
		default:
			return ErrSyntax
		}
	}
	var names []string
	for _, r := range c.Server.Table().Rows() {
		isSub := strings.Contains(r.FullName, "|")
		if wanted(r) && (!isSub || len(c.Args) > 2) {
			names = append(names, r.FullName)
		}
	}
	c.Texts(names)
	return nil
}
