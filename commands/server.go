package commands

import (
	"strconv"
	"strings"
	"time"
)

// RedisVersion is the version whose behaviour is promised; frameworks refuse to work with less.
const RedisVersion = "7.2.5"

var serverRows = []*Row{
	{Name: "info", Arity: -1, Flags: Apart | Loading | Stale | Long, Categories: "dangerous", Group: "server", Since: "1.0.0",
		Tips:   []string{"nondeterministic_output", "request_policy:all_shards", "response_policy:special"},
		Syntax: "[section [section ...]]", Complexity: "O(1)", Summary: "Describes the server and what it has done.", Serve: info},
	{Name: "time", Arity: 1, Flags: Loading | Stale | Fast, Group: "server", Since: "2.6.0",
		Tips:       []string{"nondeterministic_output"},
		Complexity: "O(1)", Summary: "Returns the server's time.", Serve: timeNow},
	{Name: "lastsave", Arity: 1, Flags: Loading | Stale | Fast | Long, Categories: "admin dangerous", Group: "server", Since: "1.0.0",
		Tips:       []string{"nondeterministic_output"},
		Complexity: "O(1)", Summary: "Returns when the data was last saved whole; here, when the server started.", Serve: lastsave},
}

func info(c *Ctx) error {
	wanted := make([]string, len(c.Args)-1)
	for i, a := range c.Args[1:] {
		wanted[i] = strings.ToLower(string(a))
	}
	i := c.Server.Info(c.Context())
	if c.Scripted {
		i.AverageTTL = nil // it takes keys, all of which the script has
	}
	c.Verbatim(formatInfo(i, wanted))
	return nil
}

func timeNow(c *Ctx) error {
	now := time.Now()
	c.Array(2)
	c.Text(strconv.FormatInt(now.Unix(), 10))
	c.Text(strconv.Itoa(now.Nanosecond() / 1000))
	return nil
}

func lastsave(c *Ctx) error {
	c.Int(c.Server.Info(c.Context()).Started.Unix())
	return nil
}
