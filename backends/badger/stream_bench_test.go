package badger

import (
	"math/rand/v2"
	"testing"

	"switchyard/backends"
)

func streamOf(tx backends.Tx) (s backends.Stream, g backends.StreamGroup, err error) {
	if s, err = tx.Stream([]byte("k")); err != nil {
		return nil, nil, err
	}
	g, _ = s.Groups().Get(windowGroup)
	return s, g, nil
}

// addPending appends an entry and delivers it.
func addPending(s backends.Stream, g backends.StreamGroup) backends.StreamID {
	state, _ := s.State()
	id, _ := state.Last.Next()
	s.Append(id, [][]byte{[]byte("field"), name(int(id.Seq))})
	g.SetPending(id, backends.Delivery{Consumer: windowConsumer, Delivered: 1, Count: 1})
	return id
}

// BenchmarkStream has as many pending entries as there are entries.
func BenchmarkStream(b *testing.B) {
	fill := func(tx backends.Tx, from, to int) error {
		s, g, err := streamOf(tx)
		if from == 0 && err == nil {
			s.SetState(backends.StreamState{})
			g = s.Groups().Create(windowGroup, backends.GroupState{})
			g.Consumers().Set(windowConsumer, backends.Consumer{})
		}
		for i := from; i < to && err == nil; i++ {
			addPending(s, g)
		}
		return err
	}
	benchmarkOn(b, "XADD", true, fill, func(tx backends.Tx, _ int) error {
		s, _, err := streamOf(tx)
		state, _ := s.State()
		id, _ := state.Last.Next()
		s.Append(id, [][]byte{[]byte("field"), []byte("value")})
		return err
	})
	benchmarkOn(b, "XADD+XACK of what is pending", true, fill, func(tx backends.Tx, n int) error {
		s, g, err := streamOf(tx)
		last := addPending(s, g)
		g.Acknowledge(backends.StreamID{Seq: last.Seq - rand.Uint64N(uint64(n))})
		return err
	})
	benchmarkOn(b, "XRANGE of 10", false, fill, func(tx backends.Tx, n int) error {
		s, _, err := streamOf(tx)
		left := 10
		s.Each(backends.StreamID{Seq: rand.Uint64N(uint64(n))}, backends.LastStreamID, false, func(backends.StreamID, [][]byte) bool {
			left--
			return left > 0
		})
		return err
	})
}
