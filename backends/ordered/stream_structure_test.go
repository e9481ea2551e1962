package ordered

import (
	"fmt"

	"switchyard/backends"
	"switchyard/backends/streamnode"
)

// stream checks the blocks of a stream and its groups.
func (c *checker) stream(e *Engine, s *stream) error {
	t := s.c.x.transaction
	t.held = &stripeSet{all: true}
	defer t.end()
	if s.outer > 0 {
		if err := c.use(nodeKey(s.c.version, 0)); err != nil {
			return err
		}
		if err := c.nodes(e, s.blocks()); err != nil {
			return fmt.Errorf("blocks: %w", err)
		}
	}
	if err := c.blocks(e, s); err != nil {
		return err
	}
	groups := s.list(groupKey(s.c.version, ""), func(label string) *named { return &s.group(label).named })
	if len(groups) != s.groups {
		return fmt.Errorf("%d groups, want %d", len(groups), s.groups)
	}
	for _, g := range groups {
		if err := c.group(e, s.group(g.label)); err != nil {
			return fmt.Errorf("group %.20q: %w", g.name, err)
		}
	}
	return t.err
}

func (c *checker) blocks(e *Engine, s *stream) error {
	var masters []backends.StreamID
	var first, last backends.StreamID
	live := 0
	for i := range s.Nodes {
		b := s.at(i)
		if b == nil {
			return s.c.x.err
		}
		if i < s.outer {
			if err := c.use(blockKey(s.c.version, b.Master)); err != nil {
				return err
			}
			if err := c.chunks(e, b.record.long); err != nil {
				return err
			}
		}
		if i > 0 && !last.Less(b.Master) {
			return fmt.Errorf("block %d begins at %v, after %v", i, b.Master, last)
		}
		if live == 0 {
			b.Each(backends.StreamID{}, backends.LastStreamID, false, func(e *streamnode.Entry) bool {
				first = e.ID
				return false
			})
		}
		masters, last = append(masters, b.Master), b.Last()
		n, _ := b.Counts()
		live += n
	}
	if n := streamnode.RadixNodes(masters); live != s.Length || first != s.First || s.Last.Less(last) || n != s.RadixNodes {
		return fmt.Errorf("%d entries from %v on to %v, %d nodes of a radix tree; the state is %+v", live, first, last, n, s.StreamState)
	}
	return nil
}

func (c *checker) group(e *Engine, g *streamGroup) error {
	if err := c.use(groupKey(g.s.c.version, g.label)); err != nil {
		return err
	}
	if err := c.chunks(e, g.text); err != nil {
		return err
	}
	if err := c.nodes(e, g.pending.tree); err != nil {
		return fmt.Errorf("pending: %w", err)
	}
	consumers := g.s.list(consumerKey(g.version, ""), func(label string) *named { return &g.consumer(label).named })
	if len(consumers) != g.consumers {
		return fmt.Errorf("%d consumers, want %d", len(consumers), g.consumers)
	}
	pending := 0
	for _, named := range consumers {
		n, err := c.consumer(e, g, g.consumer(named.label))
		if pending += n; err != nil {
			return fmt.Errorf("consumer %.20q: %w", named.name, err)
		}
	}
	if pending != g.pending.count {
		return fmt.Errorf("consumers have %d pending entries, the group has %d", pending, g.pending.count)
	}
	return nil
}

func (c *checker) consumer(e *Engine, g *streamGroup, cs *streamConsumer) (pending int, err error) {
	if err := c.use(consumerKey(g.version, cs.label)); err != nil {
		return 0, err
	}
	if err := c.chunks(e, cs.text); err != nil {
		return 0, err
	}
	if err := c.nodes(e, cs.pending.tree); err != nil {
		return 0, fmt.Errorf("pending: %w", err)
	}
	g.eachPending(backends.StreamID{}, cs, func(id backends.StreamID, p *pendingEntry) bool {
		if pending++; p.label != cs.label {
			err = fmt.Errorf("%v is pending for %.20q", id, p.label)
		}
		return err == nil
	})
	return pending, err
}
