package ordered

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"switchyard/backends"
)

// appendNext appends an entry with the ID after the last one.
func appendNext(s backends.Stream, fields ...[]byte) {
	state, _ := s.State()
	if id, ok := state.Last.Next(); ok {
		s.Append(id, fields)
	}
}

// fillForStreamFuzz makes a stream of n entries in blocks of four, and a group with as many pending ones.
func fillForStreamFuzz(tx backends.Tx, n int) error {
	s, err := tx.Stream([]byte("k"))
	if err != nil {
		return err
	}
	for range n {
		appendNext(s, []byte("field"), []byte("12"), []byte("f"), name(n))
	}
	s.Delete(backends.StreamID{Seq: 2})
	g := s.Groups().Create([]byte("g"), backends.GroupState{Read: -1})
	g.Consumers().Set([]byte("c"), backends.Consumer{Active: -1})
	s.Each(backends.StreamID{}, backends.LastStreamID, false, func(id backends.StreamID, _ [][]byte) bool {
		g.SetPending(id, backends.Delivery{Consumer: []byte("c"), Count: 1})
		return true
	})
	return nil
}

// fuzzedStream are the records of a stream that the fuzzer changes.
type fuzzedStream struct{ record, root, block, group, consumer []byte }

// keys are the records' keys, of which the values name those that follow.
func (f *fuzzedStream) ops() (ops []Op) {
	ops = append(ops, Op{recordKey(0, hashOf([]byte("k")), []byte("k")), append([]byte{}, f.record...)})
	m, err := decodeMeta(f.record)
	v := m.outside.version
	if err != nil || v == 0 {
		return ops
	}
	ops = append(ops, Op{nodeKey(v, 0), f.root}, Op{blockKey(v, backends.StreamID{Seq: 1}), f.block}, Op{groupKey(v, labelOf([]byte("g"))), f.group})
	if g, err := decodeMember(v, f.group); err == nil {
		if gv := groupVersion(g.value); gv != 0 {
			ops = append(ops, Op{consumerKey(gv, labelOf([]byte("c"))), f.consumer})
		}
	}
	for i := range ops {
		if len(ops[i].Value) == 0 {
			ops[i].Value = nil
		}
	}
	return ops
}

// FuzzStream is FuzzCollection for the records of a stream.
func FuzzStream(f *testing.F) {
	for _, n := range []int{3, 5, 40} {
		s := newStore()
		e := open(f, s, tinyTypes)
		must(f, e, func(tx backends.Tx) error { return fillForStreamFuzz(tx, n) }, "k")
		shut(f, e)
		var r fuzzedStream
		s.data.Scan(func(key string, value []byte) bool {
			switch {
			case key[0] == tagKey:
				r.record = value
			case key[0] != tagVersion:
			case key[memberAt-1] == tagNode && strings.HasSuffix(key, strings.Repeat("\x00", 8)):
				r.root = value
			case key[memberAt-1] == tagBlock && r.block == nil:
				r.block = value
			case key[memberAt-1] == tagGroup:
				r.group = value
			case key[memberAt-1] == tagConsumer:
				r.consumer = value
			}
			return true
		})
		f.Add(r.record, r.root, r.block, r.group, r.consumer)
	}
	f.Fuzz(func(t *testing.T, record, root, block, group, consumer []byte) {
		s := newStore()
		shut(t, open(t, s, tinyTypes))
		r := fuzzedStream{record, root, block, group, consumer}
		if err := s.Apply(r.ops()); err != nil {
			t.Fatal(err)
		}
		e := open(t, s, tinyTypes)
		defer shut(t, e)
		for i, body := range fuzzStreamBodies {
			err := at(e, start, body)
			if err != nil && !errors.Is(err, errDamaged) && !errors.Is(err, backends.ErrWrongType) ||
				errors.Is(err, errDamaged) && !strings.Contains(err.Error(), `"k"`) {
				t.Errorf("operation %d: %v", i, err)
			}
		}
		if err := e.Sweep(context.Background()); err != nil {
			t.Error(err)
		}
	})
}

var fuzzStreamBodies = []func(tx backends.Tx) error{
	func(tx backends.Tx) error {
		_, err := readTyped(tx, []byte("k"))
		return err
	},
	func(tx backends.Tx) error { tx.Copy([]byte("k"), 1, []byte("k")); return nil },
	fuzzStream,
	fuzzStreamGroup,
	func(tx backends.Tx) error {
		return fuzzTrim(tx, backends.Trim{ByLength: true, Length: 2, Approx: true})
	},
	func(tx backends.Tx) error { return fuzzTrim(tx, backends.Trim{First: backends.StreamID{Seq: 4}}) },
	func(tx backends.Tx) error {
		s, err := tx.Stream([]byte("k"))
		if err == nil {
			for i := range uint64(9) {
				s.Delete(backends.StreamID{Seq: i})
			}
			s.Groups().Delete([]byte("g"))
		}
		return err
	},
	func(tx backends.Tx) error { tx.Delete([]byte("k")); tx.In(1).Flush(); return nil },
}

func fuzzTrim(tx backends.Tx, trim backends.Trim) error {
	s, err := tx.Stream([]byte("k"))
	if err == nil {
		s.Trim(trim)
	}
	return err
}

func fuzzStream(tx backends.Tx) error {
	s, err := tx.Stream([]byte("k"))
	if err != nil {
		return err
	}
	s.Each(backends.StreamID{Seq: 2}, backends.StreamID{Seq: 30}, true, func(backends.StreamID, [][]byte) bool { return true })
	s.(backends.NodeKeeper).EachNode(func(backends.StreamID, []byte) {})
	for i := range 9 {
		appendNext(s, []byte("field"), name(i), []byte("f"), []byte(fmt.Sprint(i)))
	}
	s.Delete(backends.StreamID{Seq: 3})
	state, _ := s.State()
	s.SetState(state)
	return nil
}

func fuzzStreamGroup(tx backends.Tx) error {
	s, err := tx.Stream([]byte("k"))
	if err != nil {
		return err
	}
	g, ok := s.Groups().Get([]byte("g"))
	if !ok {
		return nil
	}
	g.LastPending()
	g.EachPending(backends.StreamID{}, []byte("c"), func(backends.StreamID, backends.Delivery) bool { return true })
	for _, consumer := range []string{"c", "new"} {
		g.Consumers().Set([]byte(consumer), backends.Consumer{})
		for i := range uint64(9) {
			g.SetPending(backends.StreamID{Seq: i}, backends.Delivery{Consumer: []byte(consumer), Count: i})
		}
	}
	for i := range uint64(4) {
		g.Acknowledge(backends.StreamID{Seq: 2 * i})
	}
	g.Consumers().Delete([]byte("c"))
	return nil
}
