package ordered

import (
	"bytes"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"

	"switchyard/backends"
)

// modelStream is a stream of the model.
type modelStream struct {
	Entries          []modelEntry
	Last, MaxDeleted backends.StreamID
	Added            uint64
	Groups           map[string]*modelGroup
}

type modelEntry struct {
	ID   backends.StreamID
	Text string
}

type modelGroup struct {
	State     backends.GroupState
	Consumers map[string]backends.Consumer
	Pending   map[backends.StreamID]modelDelivery
}

type modelDelivery struct {
	Consumer  string
	Delivered int64
	Count     uint64
}

func (d modelDelivery) public() backends.Delivery {
	return backends.Delivery{Consumer: []byte(d.Consumer), Delivered: d.Delivered, Count: d.Count}
}

func (m *modelStream) clone() *modelStream {
	if m == nil {
		return nil
	}
	c := *m
	c.Entries, c.Groups = slices.Clone(m.Entries), map[string]*modelGroup{}
	for name, g := range m.Groups {
		c.Groups[name] = &modelGroup{g.State, maps.Clone(g.Consumers), maps.Clone(g.Pending)}
	}
	return &c
}

// String is all of it; fmt sorts the keys of maps.
func (m *modelStream) String() string {
	if m == nil {
		return "none"
	}
	groups := map[string]modelGroup{}
	for name, g := range m.Groups {
		groups[name] = *g
	}
	return fmt.Sprint(m.Entries, m.Last, m.MaxDeleted, m.Added, groups)
}

func entryText(fields [][]byte) string { return string(bytes.Join(fields, []byte{0})) }

// readStream reads all of a stream; nil when it is absent.
func readStream(v backends.Stream) *modelStream {
	state, ok := v.State()
	if !ok {
		return nil
	}
	m := &modelStream{Last: state.Last, MaxDeleted: state.MaxDeleted, Added: state.Added, Groups: map[string]*modelGroup{}}
	v.Each(backends.StreamID{}, backends.LastStreamID, false, func(id backends.StreamID, fields [][]byte) bool {
		m.Entries = append(m.Entries, modelEntry{id, entryText(fields)})
		return true
	})
	v.Groups().Each(func(name []byte, g backends.StreamGroup) bool {
		m.Groups[string(name)] = readGroup(g)
		return true
	})
	return m
}

func readGroup(g backends.StreamGroup) *modelGroup {
	m := &modelGroup{g.State(), map[string]backends.Consumer{}, map[backends.StreamID]modelDelivery{}}
	g.Consumers().Each(func(name []byte, c backends.Consumer) bool {
		m.Consumers[string(name)] = c
		return true
	})
	g.EachPending(backends.StreamID{}, nil, func(id backends.StreamID, d backends.Delivery) bool {
		m.Pending[id] = modelDelivery{string(d.Consumer), d.Delivered, d.Count}
		return true
	})
	return m
}

// stepStream does one random operation to both, and returns what the model is then.
func stepStream(r *rand.Rand, in backends.Tx, key []byte, m *modelStream, shrink bool) (*modelStream, error) {
	v, err := in.Stream(key)
	if err != nil {
		return m, err
	}
	state, ok := v.State()
	if ok != (m != nil) || ok && state.Length != len(m.Entries) {
		return m, fmt.Errorf("the stream is there: %v, with %d entries", ok, state.Length)
	}
	if m == nil {
		m = &modelStream{Groups: map[string]*modelGroup{}}
		v.SetState(backends.StreamState{})
	}
	switch op := r.IntN(20); {
	case op < 8:
		return m, m.stepGroup(r, v, shrink)
	case len(m.Entries) > 0 && (shrink || op == 8):
		return m, m.shrink(r, v)
	case op == 9:
		m.Added += uint64(r.IntN(3))
		if m.Last.Ms++; len(m.Entries) == 0 && r.IntN(2) == 0 {
			m.Last = backends.StreamID{Ms: uint64(r.IntN(5))}
		}
		v.SetState(backends.StreamState{Last: m.Last, MaxDeleted: m.MaxDeleted, Added: m.Added})
		return m, nil
	}
	m.append(r, v)
	return m, nil
}

func (m *modelStream) append(r *rand.Rand, v backends.Stream) {
	id := backends.StreamID{Ms: m.Last.Ms + uint64(r.IntN(1<<r.IntN(20))), Seq: uint64(r.IntN(3))}
	if !m.Last.Less(id) {
		id, _ = m.Last.Next()
	}
	var fields [][]byte
	for range 1 + r.IntN(2) {
		fields = append(fields, []byte([]string{"f", "g", "-7"}[r.IntN(9)/4]), []byte(modelName(r)))
	}
	v.Append(id, fields)
	m.Entries = append(m.Entries, modelEntry{id, entryText(fields)})
	m.Last = id
	m.Added++
}

func (m *modelStream) shrink(r *rand.Rand, v backends.Stream) error {
	n := len(m.Entries)
	keep := n - r.IntN(min(n, 10)+1)
	switch r.IntN(3) {
	case 0:
		i := r.IntN(n)
		id := m.Entries[i].ID
		if !v.Delete(id) || v.Delete(id) {
			return fmt.Errorf("%v is not deleted once", id)
		}
		m.Entries = slices.Delete(m.Entries, i, i+1)
		if m.MaxDeleted.Less(id) {
			m.MaxDeleted = id
		}
	case 1:
		if got := v.Trim(backends.Trim{ByLength: true, Length: keep}); got != n-keep {
			return fmt.Errorf("a trim to %d of %d removes %d", keep, n, got)
		}
		m.Entries = slices.Clone(m.Entries[n-keep:])
	default:
		got := v.Trim(backends.Trim{First: m.Entries[n-max(keep, 1)].ID, Approx: true, Limit: r.IntN(20)})
		if got > n-max(keep, 1) {
			return fmt.Errorf("a trim removes %d", got)
		}
		m.Entries = slices.Clone(m.Entries[got:])
	}
	return nil
}

func someKey[V any](r *rand.Rand, m map[string]V, otherwise string) string {
	names := slices.Sorted(maps.Keys(m))
	if len(names) == 0 || r.IntN(6) == 0 {
		return otherwise
	}
	return names[r.IntN(len(names))]
}

func modelGroupName(r *rand.Rand) string {
	if r.IntN(10) == 0 {
		return strings.Repeat("long name ", longestLabel/10+r.IntN(4))
	}
	return fmt.Sprint("n", r.IntN(6))
}

func (m *modelStream) stepGroup(r *rand.Rand, v backends.Stream, shrink bool) error {
	name := someKey(r, m.Groups, modelGroupName(r))
	old := m.Groups[name]
	g, ok := v.Groups().Get([]byte(name))
	if ok != (old != nil) || v.Groups().Len() != len(m.Groups) {
		return fmt.Errorf("group %.20q is there: %v", name, ok)
	}
	switch {
	case old == nil:
		state := backends.GroupState{Last: m.Last, Read: int64(r.IntN(5) - 1)}
		v.Groups().Create([]byte(name), state)
		m.Groups[name] = &modelGroup{state, map[string]backends.Consumer{}, map[backends.StreamID]modelDelivery{}}
		return nil
	case shrink && r.IntN(10) == 0:
		delete(m.Groups, name)
		if !v.Groups().Delete([]byte(name)) {
			return fmt.Errorf("group %.20q is not deleted", name)
		}
		return nil
	case r.IntN(6) == 0:
		old.State = backends.GroupState{Last: m.Last, Read: int64(r.IntN(50))}
		g.SetState(old.State)
	}
	for range 1 + r.IntN(10) {
		if err := old.step(r, g, shrink); err != nil {
			return fmt.Errorf("group %.20q: %w", name, err)
		}
	}
	return nil
}

// step does one random operation to both groups.
func (m *modelGroup) step(r *rand.Rand, g backends.StreamGroup, shrink bool) error {
	name := someKey(r, m.Consumers, modelGroupName(r))
	consumer, exists := m.Consumers[name]
	if c, ok := g.Consumers().Get([]byte(name)); ok != exists || c != consumer || g.Consumers().Len() != len(m.Consumers) {
		return fmt.Errorf("consumer %.20q is %v, %v", name, c, ok)
	}
	id := backends.StreamID{Ms: uint64(r.IntN(60)), Seq: uint64(r.IntN(2))}
	old, pending := m.Pending[id]
	if d, ok := g.Pending(id); ok != pending || ok && (string(d.Consumer) != old.Consumer || d.Count != old.Count || d.Delivered != old.Delivered) {
		return fmt.Errorf("%v is pending as %v, %v", id, d, ok)
	}
	switch op := r.IntN(12); {
	case shrink && exists && op == 0:
		gone := 0
		maps.DeleteFunc(m.Pending, func(_ backends.StreamID, d modelDelivery) bool {
			if d.Consumer == name {
				gone++
			}
			return d.Consumer == name
		})
		delete(m.Consumers, name)
		if n := g.Consumers().Delete([]byte(name)); n != gone {
			return fmt.Errorf("consumer %.20q goes with %d, want %d", name, n, gone)
		}
	case shrink || op < 3:
		delete(m.Pending, id)
		if g.Acknowledge(id) != pending {
			return fmt.Errorf("%v is acknowledged: %v", id, !pending)
		}
	case !exists || op == 3:
		m.Consumers[name] = backends.Consumer{Seen: r.Int64N(1000), Active: r.Int64N(1000) - 1}
		g.Consumers().Set([]byte(name), m.Consumers[name])
	default:
		d := modelDelivery{name, r.Int64N(1 << 40), uint64(r.IntN(300))}
		m.Pending[id] = d
		g.SetPending(id, d.public())
	}
	return m.differs(r, g)
}

// differs compares what is pending for somebody, or for all.
func (m *modelGroup) differs(r *rand.Rand, g backends.StreamGroup) error {
	var consumer []byte
	name := someKey(r, m.Consumers, "")
	if name != "" {
		consumer = []byte(name)
	}
	var want, got []backends.StreamID
	for id, d := range m.Pending {
		if name == "" || d.Consumer == name {
			want = append(want, id)
		}
	}
	slices.SortFunc(want, backends.StreamID.Compare)
	if n := g.PendingCount(consumer); n != len(want) {
		return fmt.Errorf("%d are pending for %.20q, want %d", n, name, len(want))
	}
	if last, ok := g.LastPending(); consumer == nil && (ok != (len(want) > 0) || ok && last != want[len(want)-1]) {
		return fmt.Errorf("the last that is pending is %v, %v", last, ok)
	}
	from := backends.StreamID{Ms: uint64(r.IntN(60))}
	want = slices.DeleteFunc(want, func(id backends.StreamID) bool { return id.Less(from) })
	g.EachPending(from, consumer, func(id backends.StreamID, d backends.Delivery) bool {
		if old := m.Pending[id]; string(d.Consumer) == old.Consumer && d.Delivered == old.Delivered && d.Count == old.Count {
			got = append(got, id)
		}
		return true
	})
	if !slices.Equal(got, want) {
		return fmt.Errorf("pending for %.20q are %v, want %v", name, got, want)
	}
	return nil
}
