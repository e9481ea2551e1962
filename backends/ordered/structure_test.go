package ordered

import (
	"encoding/binary"
	"fmt"
	"strings"
	"testing"

	"switchyard/backends"
)

// checkStore checks what is in a store beyond what the views show: that members and nodes are what their
// records say, that every record under a version belongs to something, and that both indexes of deadlines
// are exact.
func checkStore(t *testing.T, s *store, o Options) {
	t.Helper()
	c := checker{s: s.crashed(), used: map[string]bool{}}
	frozen := c.s.crashed()
	applied := 0
	frozen.when(func([]Op) error { // so that its sweeper leaves what is checked here
		if applied++; applied > 1 {
			return errDisk
		}
		return nil
	})
	e := open(t, frozen, func(own *Options) { own.sizes = o.sizes })
	defer shut(t, e)
	garbage := map[uint64]bool{}
	c.s.data.Scan(func(key string, value []byte) bool {
		if key[0] == tagGarbage {
			g, err := parseGarbage([]byte(key))
			if garbage[g.version] = g.version != 0; err != nil {
				t.Error(err)
			}
		}
		if key[0] == tagKey {
			if err := c.key(e, key, value); err != nil {
				t.Errorf("%.60q: %v", key, err)
			}
		}
		return true
	})
	c.s.data.Scan(func(key string, value []byte) bool {
		if key[0] == tagVersion && isGroup(key) && garbage[binary.BigEndian.Uint64([]byte(key[1:9]))] {
			m, err := decodeMember(0, value)
			if garbage[groupVersion(m.value)] = true; err != nil {
				t.Error(err)
			}
		}
		return true
	})
	c.s.data.Scan(func(key string, _ []byte) bool {
		switch key[0] {
		case tagVersion:
			version, err := parseNumber(key, []byte(key[1:9]), 8)
			if !c.used[key] && !garbage[version] || err != nil {
				t.Errorf("%.60q is nobody's (%v)", key, err)
			}
		case tagDeadline, tagFields:
			if !c.used[key] {
				t.Errorf("deadline %.60q is nobody's", key)
			}
		}
		return true
	})
}

type checker struct {
	s    *store
	used map[string]bool // the records that belong to something
}

func (c *checker) use(keys ...string) error {
	for _, key := range keys {
		if _, ok := c.s.data.Get(key); !ok {
			return fmt.Errorf("there is no %.60q", key)
		}
		// The chunks of a long member are named by its record and by its leaf.
		if c.used[key] && (len(key) <= memberAt || key[memberAt-1] != tagChunk) {
			return fmt.Errorf("%.60q is used twice", key)
		}
		c.used[key] = true
	}
	return nil
}

func (c *checker) chunks(e *Engine, p part) error {
	t := newTransaction(e)
	for n := 0; p.version != 0 && n < t.chunks(p); n++ {
		if err := c.use(chunkKey(p, n)); err != nil {
			return err
		}
	}
	return nil
}

// key checks one key and all that belongs to it.
func (c *checker) key(e *Engine, rk string, record []byte) error {
	m, err := decodeMeta(record)
	if err != nil {
		return err
	}
	if err := c.chunks(e, m.name); err != nil {
		return err
	}
	if m.deadline != 0 {
		if err := c.use(deadlineKey(tagDeadline, m.deadline, rk)); err != nil {
			return err
		}
	}
	if m.fields != 0 {
		if err := c.use(deadlineKey(tagFields, m.fields, rk)); err != nil {
			return err
		}
	}
	if m.kind == backends.StringType {
		return c.chunks(e, m.outside)
	}
	t := newTransaction(e)
	t.a = &sweepAccess
	col := &collection{x: &t.root, at: found{rk: rk}, kind: m.kind, form: m.form, version: m.outside.version}
	if err := col.decode(&m); err != nil || col.packed() {
		return err
	}
	if col.stream != nil {
		return c.stream(e, col.stream)
	}
	members, err := c.members(e, col, &m)
	if err != nil {
		return err
	}
	if col.tree == nil {
		if members != col.count {
			return fmt.Errorf("%d members, want %d", members, col.count)
		}
		return nil
	}
	return c.tree(e, col, members)
}

// members checks the records of members and their deadlines, and returns their number.
func (c *checker) members(e *Engine, col *collection, m *meta) (n int, err error) {
	timed := 0
	c.s.data.Ascend(memberFrom(col.version, 0), func(mk string, record []byte) bool {
		if !strings.HasPrefix(mk, memberFrom(col.version, 0)[:memberAt]) {
			return false
		}
		n++
		var v visitedMember
		if _, err = col.visit(&v, mk, record); err == nil {
			err = c.use(mk)
		}
		if err == nil && v.deadline != 0 {
			timed++
			if err = c.use(expiryKey(v.deadline, mk)); m.fields == 0 || m.fields > v.deadline {
				err = fmt.Errorf("a field expires at %d, before %d", v.deadline, m.fields)
			}
		}
		if err == nil {
			err = c.chunks(e, v.text)
		}
		if err == nil {
			err = c.chunks(e, v.long)
		}
		return err == nil
	})
	if err == nil && timed != m.timed {
		err = fmt.Errorf("%d fields expire, want %d", timed, m.timed)
	}
	return n, err
}

// tree checks the nodes: their counts, their sizes, and the order of a sorted set.
func (c *checker) tree(e *Engine, col *collection, members int) error {
	if col.tree.scored && members != col.count {
		return fmt.Errorf("%d members, want %d", members, col.count)
	}
	return c.nodes(e, col.tree)
}

func (c *checker) nodes(e *Engine, tr *tree) error {
	var last *item
	n, err := c.node(e, tr, tr.root, &last, nil)
	if err == nil && n != *tr.count {
		err = fmt.Errorf("%d elements, want %d", n, *tr.count)
	}
	return err
}

func (c *checker) node(e *Engine, tr *tree, n *node, last **item, edge *item) (count int, err error) {
	// An element of a stream's tree may be more than a third of a tiny node, which one split cannot always help.
	o := &e.o
	if tr.full(n) && (tr.c.stream == nil || len(n.items) > o.leafItems || tr.nodeSize(n) > 2*o.leafBytes) {
		return 0, fmt.Errorf("a node has %d entries and %d bytes", len(n.items)+len(n.kids), tr.nodeSize(n))
	}
	for i := range n.items {
		it := &n.items[i]
		if tr.sorted && *last != nil && order((*last).score, tr.text(*last), it.score, tr.text(it)) >= 0 {
			return 0, fmt.Errorf("%v is before %v", *last, it)
		}
		if edge != nil && tr.sorted && order(edge.score, tr.text(edge), it.score, tr.text(it)) > 0 {
			return 0, fmt.Errorf("the edge %v is after %v", edge, it)
		}
		*last = it
		if it.long != nil {
			if err := c.chunks(e, *it.long); err != nil {
				return 0, err
			}
		}
	}
	for i := range n.kids {
		k := &n.kids[i]
		if i > 0 && tr.sorted && *last != nil && order((*last).score, tr.text(*last), k.edge.score, tr.text(&k.edge)) >= 0 {
			return 0, fmt.Errorf("%v is not before the edge %v", *last, k.edge)
		}
		if k.edge.long != nil {
			if err := c.chunks(e, *k.edge.long); err != nil {
				return 0, err
			}
		}
		below := edge
		if i > 0 {
			below = &k.edge
		}
		child := tr.kid(n, i, false)
		if child == nil {
			return 0, tr.c.x.err
		}
		if err := c.use(nodeKey(tr.version, k.id)); err != nil {
			return 0, err
		}
		found, err := c.node(e, tr, child, last, below)
		if count += found; err != nil {
			return 0, err
		}
	}
	if count += len(n.items); count != n.count() {
		err = fmt.Errorf("a node counts %d, has %d", n.count(), count)
	}
	return count, err
}
