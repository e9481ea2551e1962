package ordered

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"slices"

	"switchyard/backends"
)

// A group of a stream has a record, and a version of its own, under which each of its consumers has one. Who has
// to acknowledge what is in trees: one of the group, in the order of IDs, and one of each consumer. Their roots are in
// these records, so with few pending entries these are all there is, and with a million an XACK reads and writes
// as many nodes more as the trees are high. Records by ID would be smaller writes; but entries come and go at one
// end and the other, and whoever looks for the oldest would have to walk over what was deleted and is not
// compacted yet.
//
//	v | version: 8 | 'g' | label            -> group
//	v | group's version: 8 | 'u' | label    -> consumer
//	v | group's version: 8 | 'n' | node: 8  -> a node of one of these trees
//
// A label is the byte 0 and the name, or the byte 1 and the SHA-256 of a long name. The records are those of
// members (member.go), for the text of a long name. Their values are
//
//	group      version: 8 | last: 2 uvarints | entries read + 1: uvarint | consumers: uvarint | tree
//	consumer   seen: 8 | active: 8 | tree
//	tree       elements: uvarint | root, unless there are none
//
// The elements of the trees are
//
//	of a group      ID: 16 | delivered: 8 | count: uvarint | label of the consumer
//	of a consumer   ID: 16
//
// To remove a group is to leave its version to the sweeper.
type streamGroup struct {
	s *stream
	named
	backends.GroupState
	version   uint64
	consumers int
	pending   deliveries
	opened    map[string]*streamConsumer
	changed   bool
}

type streamConsumer struct {
	g *streamGroup
	named
	backends.Consumer
	pending deliveries
	changed bool
}

// named is what has a name.
type named struct {
	label string
	text  part // of a long name
}

const longestLabel = 64

func labelOf(name []byte) string {
	if len(name) <= longestLabel {
		return string(rune(shortKey)) + string(name)
	}
	sum := sha256.Sum256(name)
	return string(rune(hashed)) + string(sum[:])
}

// newNamed is a name to be kept under a version.
func (s *stream) newNamed(version uint64, name []byte) named {
	n := named{label: labelOf(name)}
	if len(name) > longestLabel {
		n.text = s.c.x.storeIn(version, name)
	}
	return n
}

// nameOf is never nil, which would be no name, but after an error.
func (s *stream) nameOf(n *named) []byte {
	if n.text.version != 0 {
		return s.c.x.fetch(s.c.at.key, n.text)
	}
	return []byte(n.label[1:])
}

func groupKey(version uint64, label string) string {
	return text(append(elementKey(nil, version, tagGroup), label...))
}

func consumerKey(version uint64, label string) string {
	return text(append(elementKey(nil, version, tagConsumer), label...))
}

// group is a group of the stream; nil: there is none of that name.
func (s *stream) group(label string) *streamGroup {
	if g := s.opened[label]; g != nil || s.groups == 0 {
		return g
	}
	gk := groupKey(s.c.version, label)
	m, there := s.c.member(gk)
	if !there {
		return nil
	}
	d := decoder{b: m.value}
	g := &streamGroup{s: s, named: named{label, m.text}, version: d.uint64()}
	g.Last, g.Read, g.consumers = d.id(), int64(d.uvarint()-1), d.count()
	if g.version == 0 || g.consumers > maxCount || m.long.version != 0 {
		d.bad = true
	}
	if !g.pending.read(s, g.version, &d) {
		return nil
	}
	s.keep(g)
	return g
}

// keep has the rest of the transaction find a group as it is.
func (s *stream) keep(g *streamGroup) {
	if s.opened == nil {
		s.opened = map[string]*streamGroup{}
	}
	s.opened[g.label] = g
}

// newGroup adds a group, whose name is new.
func (s *stream) newGroup(name []byte, state backends.GroupState) {
	g := &streamGroup{s: s, GroupState: state, version: s.c.x.e.newVersion()}
	g.named = s.newNamed(s.version(), name)
	g.pending.tree = newIDs(s.c, g.version, &g.pending.count)
	g.touch()
	s.keep(g)
	s.groups++
	s.touch()
}

// dropGroup removes a group.
func (s *stream) dropGroup(g *streamGroup) {
	s.c.x.set(groupKey(s.c.version, g.label), nil)
	s.c.x.erase(s.c.at.key, g.text)
	s.c.x.discard(garbage{version: g.version})
	delete(s.opened, g.label)
	s.groups--
	s.touch()
}

// touch notes that the record of the group has to be written.
func (g *streamGroup) touch() {
	g.changed = true
	g.s.c.touch()
}

func (g *streamGroup) write() {
	for _, c := range g.opened {
		c.write()
	}
	if !g.changed {
		return
	}
	b := binary.BigEndian.AppendUint64(nil, g.version)
	b = binary.AppendUvarint(appendID(b, g.Last), uint64(g.Read)+1)
	b = g.pending.append(binary.AppendUvarint(b, uint64(g.consumers)))
	m := member{text: g.text, value: b}
	g.s.c.x.set(groupKey(g.s.c.version, g.label), m.encode())
	g.changed = false
}

// consumer is a consumer of the group; nil: there is none of that name.
func (g *streamGroup) consumer(label string) *streamConsumer {
	if c := g.opened[label]; c != nil || g.consumers == 0 {
		return c
	}
	s := g.s
	record := s.c.x.get(consumerKey(g.version, label))
	if record == nil {
		return nil
	}
	m, err := decodeMember(g.version, record)
	d := decoder{b: m.value, bad: err != nil || m.long.version != 0}
	c := &streamConsumer{g: g, named: named{label, m.text}}
	c.Seen, c.Active = int64(d.uint64()), int64(d.uint64())
	if !c.pending.read(s, g.version, &d) {
		return nil
	}
	g.keep(c)
	return c
}

// keep has the rest of the transaction find a consumer as it is.
func (g *streamGroup) keep(c *streamConsumer) {
	if g.opened == nil {
		g.opened = map[string]*streamConsumer{}
	}
	g.opened[c.label] = c
}

// setConsumer makes or changes a consumer.
func (g *streamGroup) setConsumer(name []byte, state backends.Consumer) {
	c := g.consumer(labelOf(name))
	if g.s.c.x.err != nil {
		return
	}
	if c == nil {
		c = &streamConsumer{g: g, named: g.s.newNamed(g.version, name)}
		c.pending.tree = newIDs(g.s.c, g.version, &c.pending.count)
		g.keep(c)
		g.consumers++
		g.touch()
	}
	c.Consumer = state
	c.touch()
}

// dropConsumer removes a consumer with its pending entries, and returns how many those were.
func (g *streamGroup) dropConsumer(c *streamConsumer) (pending int) {
	pending = c.pending.count
	c.pending.clear(func(id backends.StreamID) {
		if path, found := g.pending.seekID(id); found {
			g.pending.remove(path, 1)
		} else {
			g.fail()
		}
	})
	g.s.c.x.set(consumerKey(g.version, c.label), nil)
	g.s.c.x.erase(g.s.c.at.key, c.text)
	delete(g.opened, c.label)
	g.consumers--
	g.touch()
	return pending
}

func (c *streamConsumer) touch() {
	c.changed = true
	c.g.s.c.touch()
}

func (c *streamConsumer) write() {
	if !c.changed {
		return
	}
	b := binary.BigEndian.AppendUint64(nil, uint64(c.Seen))
	b = c.pending.append(binary.BigEndian.AppendUint64(b, uint64(c.Active)))
	m := member{text: c.text, value: b}
	c.g.s.c.x.set(consumerKey(c.g.version, c.label), m.encode())
	c.changed = false
}

func (g *streamGroup) fail() { g.s.c.fail(fmt.Errorf("group %.64q: %w", g.label, errDamaged)) }

// listed is one of those that have names.
type listed struct {
	name  []byte
	label string
}

// list lists what has records that begin with a prefix by name; nil after an error.
func (s *stream) list(prefix string, open func(label string) *named) (all []listed) {
	s.c.x.flush()
	v := s.c.x.snapshot()
	if s.c.x.err != nil {
		return nil
	}
	s.c.x.fail(v.scan(&s.c.x.writes, prefix, after(prefix), func(key string, _ []byte) bool {
		all = append(all, listed{label: key[len(prefix):]})
		return true
	}))
	for i := range all {
		if n := open(all[i].label); n != nil {
			all[i].name = s.nameOf(n)
		}
	}
	if s.c.x.err != nil {
		return nil
	}
	slices.SortFunc(all, func(a, b listed) int { return bytes.Compare(a.name, b.name) })
	return all
}

// isGroup says whether a record under a version is that of a group. No string has so many chunks that the key of
// one looks like that.
func isGroup(key string) bool { return len(key) >= memberAt && key[memberAt-1] == tagGroup }

// groupVersion is the version in the value of a group's record; 0: there is none.
func groupVersion(value []byte) uint64 {
	d := decoder{b: value}
	return d.uint64()
}

// duplicateStream copies all that a stream has outside of its record, with the versions of its groups.
func (x *tx) duplicateStream(key []byte, p part) part {
	copied := x.duplicateAll(p)
	if copied.version == 0 || x.err != nil {
		return copied
	}
	var groups []Op
	prefix := groupKey(copied.version, "")
	x.fail(x.snapshot().scan(&x.writes, prefix, after(prefix), func(gk string, value []byte) bool {
		groups = append(groups, Op{gk, append([]byte(nil), value...)})
		return true
	}))
	for _, g := range groups {
		m, err := decodeMember(copied.version, g.Value)
		version := groupVersion(m.value)
		if err != nil || version == 0 {
			x.fail(fmt.Errorf("key %.64q in database %d: record %.64q: %w", key, x.db, g.Key, errDamaged))
			break
		}
		own := x.duplicateAll(part{version: version, size: 1})
		m.value = append(binary.BigEndian.AppendUint64(nil, own.version), m.value[8:]...)
		x.set(g.Key, m.encode())
	}
	return copied
}
