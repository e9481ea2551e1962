package commands

import "switchyard/backends"

var memoryTips = []string{"nondeterministic_output", "request_policy:all_shards", "response_policy:special"}

var memoryRows = []*Row{
	{Name: "memory", Arity: -2, Group: "server", Since: "4.0.0", Complexity: "Depends on the subcommand",
		Summary: "A container for commands about memory.", Subs: []*Row{
			{Name: "doctor", Arity: 2, Flags: Apart | Long, Since: "4.0.0", Tips: memoryTips, Complexity: "O(1)",
				Summary: "Says what is wrong with the use of memory.", Serve: memoryDoctor},
			{Name: "malloc-stats", Arity: 2, Flags: Long, Since: "4.0.0", Tips: memoryTips, Complexity: "Depends on how much memory there is",
				Summary: "Shows what the allocator of Redis knows, which there is none of here.", Serve: mallocStats},
			{Name: "purge", Arity: 2, Flags: Long, Since: "4.0.0", Tips: []string{"request_policy:all_shards", "response_policy:all_succeeded"},
				Complexity: "O(N) in the amount of memory", Summary: "Gives memory back to the system.", Serve: memoryPurge},
			{Name: "stats", Arity: 2, Flags: Apart | Long, Since: "4.0.0", Tips: memoryTips, Complexity: "O(1)",
				Summary: "Shows what memory is used for.", Serve: memoryStats},
			{Name: "usage", Arity: -3, Flags: Readonly, Keys: subjectKey("RO"), Since: "4.0.0", Syntax: "key [SAMPLES count]", Complexity: "O(1)",
				Summary: "Returns the bytes that a key and its value take.", Run: memoryUsage},
			{Name: "help", Arity: 2, Flags: Loading | Stale, Since: "4.0.0", Complexity: "O(1)",
				Summary: "Lists the subcommands.", Serve: containerHelp},
		}},
}

// memoryUsage reads [SAMPLES count]. There is nothing to sample: sizes are counted all the time.
func memoryUsage(c *Ctx, tx backends.Tx) error {
	for o := (options{args: c.Args[3:]}); o.next(); {
		arg, err := o.value()
		if err != nil || !o.is("SAMPLES") {
			return ErrSyntax
		}
		n, err := integer(arg)
		if err != nil {
			return err
		}
		if n < 0 {
			return ErrSyntax
		}
	}
	use, ok := tx.Use(c.Args[2])
	if !ok {
		c.Null()
		return nil
	}
	c.Int(use.Bytes)
	return nil
}

func memoryDoctor(c *Ctx) error {
	s := c.Server.Info(c.Context())
	text := "No problem is known: the active backend's data takes less memory than its limit."
	if limit := s.Contents.MaxBytes; limit > 0 && s.Contents.Bytes >= limit {
		text = "The data of the active backend has reached maxmemory: keys are evicted, or writes refused, by maxmemory-policy."
	}
	c.Verbatim(text)
	return nil
}

// mallocStats says what Redis says where its own allocator is missing.
func mallocStats(c *Ctx) error {
	c.Text("Stats not supported for the current allocator")
	return nil
}

// memoryPurge has nothing to do: the Go runtime gives memory back by itself.
func memoryPurge(c *Ctx) error {
	c.OK()
	return nil
}

// memoryStats shows those of Redis's numbers that mean something here.
func memoryStats(c *Ctx) error {
	s := c.Server.Info(c.Context())
	keys := s.Contents.Keys()
	numbers := []struct {
		name  string
		value int64
	}{
		{"peak.allocated", s.PeakBytes}, {"total.allocated", s.ProcessBytes}, {"keys.count", keys},
		{"keys.bytes-per-key", s.Contents.Bytes / max(keys, 1)}, {"dataset.bytes", s.Contents.Bytes},
	}
	c.Map(len(numbers) + 2)
	for _, n := range numbers {
		c.Text(n.name)
		c.Int(n.value)
	}
	c.Text("dataset.percentage")
	c.Double(percentage(s.Contents.Bytes, s.ProcessBytes))
	c.Text("peak.percentage")
	c.Double(percentage(s.ProcessBytes, s.PeakBytes))
	return nil
}

func percentage(part, whole int64) float64 {
	return 100 * float64(part) / float64(max(whole, 1))
}
