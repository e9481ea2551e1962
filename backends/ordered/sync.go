package ordered

// startSync starts the goroutine that makes durable what was applied, where the store wants that, and returns what
// ends it.
func (c *committer) startSync() (end func()) {
	if c.syncer == nil {
		return func() {}
	}
	c.unsynced = make(chan *group, maxGroups)
	done := make(chan struct{})
	go func() {
		defer close(done)
		c.syncAll()
	}()
	return func() {
		close(c.unsynced)
		<-done
	}
}

// syncAll lands groups in their order, with one Sync for all that are there when it begins.
func (c *committer) syncAll() {
	var groups []*group
	var broken error // after which nothing lands
	for g := range c.unsynced {
		groups = append(groups[:0], g)
		for len(c.unsynced) > 0 {
			groups = append(groups, <-c.unsynced)
		}
		if broken == nil {
			broken = c.syncer.Sync()
		}
		for _, g := range groups {
			if broken == nil {
				c.land(g)
			}
			c.flying.Done()
		}
		if broken != nil {
			c.syncError.Store(&broken)
			c.q.nudge()
		}
	}
}

// flush makes durable what was applied, before what comes next is.
func (c *committer) flush() error {
	if c.syncer == nil {
		return nil
	}
	return c.syncer.Sync()
}
