package backendtest

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"

	"switchyard/backends"
)

// streamModel is a stream as a Go slice.
type streamModel struct {
	entries []modelEntry
	state   backends.StreamState
}

type modelEntry struct {
	id   backends.StreamID
	text string
}

// testStreamModel runs random operations on a stream and on a model.
func testStreamModel(t *testing.T, e backends.Engine) {
	seed := rand.Uint64()
	r := rand.New(rand.NewPCG(seed, 0))
	m := &streamModel{}
	for step := range 150 {
		withStream(t, e, "s", func(_ backends.Tx, s backends.Stream) {
			for range 40 {
				m.step(r, s)
			}
		})
		withStream(t, e, "s", func(_ backends.Tx, s backends.Stream) {
			if wrong := m.differs(r, s); wrong != "" {
				t.Fatalf("seed %d, step %d: %s", seed, step, wrong)
			}
		})
	}
}

// step does one random operation to both: mostly one that makes the stream longer, until it is long.
func (m *streamModel) step(r *rand.Rand, s backends.Stream) {
	n := len(m.entries)
	switch op := r.IntN(40); {
	case op < 30 || n == 0:
		m.append(r, s)
	case op < 37:
		id := m.entries[r.IntN(n)].id
		if r.IntN(3) == 0 {
			id.Seq++
		}
		m.delete(s, id)
	case op < 38 && n > 3000:
		m.trim(s, backends.Trim{ByLength: true, Length: r.IntN(n)})
	case op < 39:
		m.trim(s, backends.Trim{First: m.entries[r.IntN(1+n/10)].id})
	default:
		m.state.Added += uint64(r.IntN(5))
		s.SetState(m.state)
	}
}

func (m *streamModel) append(r *rand.Rand, s backends.Stream) {
	id := m.state.Last
	if id.Seq++; r.IntN(3) == 0 {
		id = streamID(id.Ms+1+uint64(r.IntN(1<<r.IntN(30))), uint64(r.IntN(5)))
	}
	var fields [][]byte
	for i := range 1 + r.IntN(3) {
		value := strconv.Itoa(r.IntN(1 << r.IntN(30)))
		if r.IntN(20) == 0 {
			value = strings.Repeat("x", r.IntN(3000))
		}
		fields = append(fields, keys("field", "12")[(i+r.IntN(8)/7)%2], []byte(value))
	}
	s.Append(id, fields)
	if m.entries = append(m.entries, modelEntry{id, entryText(id, fields)}); len(m.entries) == 1 {
		m.state.First = id
	}
	m.state.Last = id
	m.state.Added++
}

func (m *streamModel) delete(s backends.Stream, id backends.StreamID) {
	before := len(m.entries)
	m.entries = slices.DeleteFunc(m.entries, func(e modelEntry) bool { return e.id == id })
	if removed := len(m.entries) < before; s.Delete(id) != removed {
		m.state.Added = 0 // which will be found
	} else if removed && m.state.MaxDeleted.Less(id) {
		m.state.MaxDeleted = id
	}
}

func (m *streamModel) trim(s backends.Stream, t backends.Trim) {
	n := len(m.entries) - t.Length
	if !t.ByLength {
		n = slices.IndexFunc(m.entries, func(e modelEntry) bool { return !e.id.Less(t.First) })
	}
	if s.Trim(t) != n {
		m.state.Added = 0
	}
	m.entries = m.entries[n:]
}

// differs compares the state and some range, and says what is wrong.
func (m *streamModel) differs(r *rand.Rand, s backends.Stream) string {
	want := m.state
	want.Length, want.First = len(m.entries), backends.StreamID{}
	if len(m.entries) > 0 {
		want.First = m.entries[0].id
	}
	got, _ := s.State()
	if got.Nodes, got.RadixNodes = 0, 0; got != want {
		return fmt.Sprintf("the state is %+v, want %+v", got, want)
	}
	if len(m.entries) == 0 {
		return ""
	}
	for range 5 {
		i := r.IntN(len(m.entries))
		j := min(i+r.IntN(1+r.IntN(300)), len(m.entries)-1)
		back := r.IntN(2) == 0
		found := streamEntries(s, m.entries[i].id, m.entries[j].id, back)
		if back {
			slices.Reverse(found)
		}
		if !slices.EqualFunc(found, m.entries[i:j+1], func(a string, b modelEntry) bool { return a == b.text }) {
			return fmt.Sprintf("from %v to %v, back %v, are %d entries", m.entries[i].id, m.entries[j].id, back, len(found))
		}
	}
	return ""
}

// testStreamGroupModel runs random operations on a group and on a Go map.
func testStreamGroupModel(t *testing.T, e backends.Engine) {
	seed := rand.Uint64()
	r := rand.New(rand.NewPCG(seed, 0))
	pending := map[backends.StreamID]backends.Delivery{}
	withStream(t, e, "s", func(_ backends.Tx, s backends.Stream) {
		s.SetState(backends.StreamState{})
		s.Groups().Create([]byte("g"), backends.GroupState{})
	})
	for step := range 100 {
		withStream(t, e, "s", func(_ backends.Tx, s backends.Stream) {
			g, _ := s.Groups().Get([]byte("g"))
			for range 30 {
				groupStep(t, r, g, pending)
			}
			for _, consumer := range [][]byte{nil, []byte("c0"), []byte("c1")} {
				wantPending(t, g, consumer, modelPending(pending, consumer)...)
			}
		})
		if t.Failed() {
			t.Fatalf("seed %d, step %d", seed, step)
		}
	}
}

// groupStep does one random operation to both.
func groupStep(t *testing.T, r *rand.Rand, g backends.StreamGroup, pending map[backends.StreamID]backends.Delivery) {
	id := streamID(uint64(r.IntN(300)), uint64(r.IntN(2)))
	consumer := fmt.Sprint("c", r.IntN(4))
	old, there := pending[id]
	switch op := r.IntN(40); {
	case op < 25:
		d := backends.Delivery{Consumer: []byte(consumer), Delivered: r.Int64N(1 << 40), Count: uint64(r.IntN(9))}
		if _, exists := g.Consumers().Get(d.Consumer); !exists {
			g.Consumers().Set(d.Consumer, backends.Consumer{Seen: 1, Active: -1})
		}
		g.SetPending(id, d)
		pending[id] = d
	case op < 33:
		if g.Acknowledge(id) != there {
			t.Errorf("%v is pending: %v", id, there)
		}
		delete(pending, id)
	case op < 39:
		d, ok := g.Pending(id)
		if ok != there || fmt.Sprint(d) != fmt.Sprint(old) && there {
			t.Errorf("%v is pending as %v, want %v", id, d, old)
		}
	default:
		if want, n := len(modelPending(pending, []byte(consumer))), g.Consumers().Delete([]byte(consumer)); n != want {
			t.Errorf("%s goes with %d, want %d", consumer, n, want)
		}
		for id, d := range pending {
			if string(d.Consumer) == consumer {
				delete(pending, id)
			}
		}
	}
}

// modelPending are the texts of wantPending.
func modelPending(pending map[backends.StreamID]backends.Delivery, consumer []byte) (all []string) {
	var ids []backends.StreamID
	for id, d := range pending {
		if consumer == nil || string(d.Consumer) == string(consumer) {
			ids = append(ids, id)
		}
	}
	slices.SortFunc(ids, backends.StreamID.Compare)
	for _, id := range ids {
		d := pending[id]
		all = append(all, fmt.Sprintf("%d-%d %s %d %d", id.Ms, id.Seq, d.Consumer, d.Delivered, d.Count))
	}
	return all
}
