package memory

import "switchyard/backends"

// trim removes the first entries: node by node, and of the one where it ends by marks.
func (s *stream) trim(t backends.Trim, c *backends.Compact) (removed int) {
	limit := 0
	if t.Approx {
		if limit = t.Limit; limit == backends.DefaultLimit {
			limit = c.StreamTrim()
		}
	}
	for len(s.nodes()) > 0 && !(t.ByLength && s.Length <= t.Length) {
		n := &s.nodes()[0]
		live, _ := n.Counts()
		if limit > 0 && removed+live > limit {
			break
		}
		if !n.Within(t, s.Length) {
			if !t.Approx {
				marked := 0
				s.edit(n, func() { marked = n.Trim(t, s.Length) })
				s.Length -= marked
				removed += marked
			}
			break
		}
		s.drop(0)
		s.Length -= live
		removed += live
	}
	if removed > 0 {
		s.findFirst()
	}
	return removed
}
