package ordered

import (
	"context"
	"encoding/binary"
	"errors"
	"strings"
	"testing"

	"switchyard/backends"
)

// What the fuzzer puts under a version besides the record of the key: a member and a node.
const (
	fuzzMember = "element:7"
	fuzzNode   = 5
)

// fuzzSeeds are records as the engine writes them.
func fuzzSeeds(f *testing.F) {
	for _, kind := range modelKinds {
		for _, n := range []int{3, 30} {
			s := newStore()
			e := open(f, s, tinyTypes)
			must(f, e, func(tx backends.Tx) error { return fillForFuzz(tx, kind, n) }, "k")
			shut(f, e)
			record, _ := s.data.Get(recordKey(0, hashOf([]byte("k")), []byte("k")))
			m, err := decodeMeta(record)
			if err != nil {
				f.Fatal(err)
			}
			member, _ := s.data.Get(memberKey(m.outside.version, []byte(fuzzMember)))
			node := []byte{}
			s.data.Ascend(nodeKey(m.outside.version, 0), func(key string, value []byte) bool { node = value; return false })
			f.Add(record, member, node)
		}
	}
	// A tree whose only child is the node.
	m := meta{kind: backends.ListType, form: treeForm, outside: part{version: 1, size: 1}}
	m.body = binary.AppendUvarint(binary.BigEndian.AppendUint64([]byte{1, 1}, fuzzNode), 1)
	f.Add(m.encode(), []byte{}, []byte{0, 1, 2 << 1, 'h', 'i'})
	f.Add(m.encode(), []byte{}, []byte{0, 1, 2<<1 | 1, 0, 0, 0, 0, 0, 0, 0, 9})
}

func fillForFuzz(tx backends.Tx, kind backends.Type, n int) error {
	key := []byte("k")
	for i := range n {
		switch kind {
		case backends.HashType:
			h, err := tx.Hash(key)
			if err != nil {
				return err
			}
			h.Put(name(i), []byte("value"))
			h.SetFieldDeadline(name(i), start+5+int64(i))
		case backends.SetType:
			s, err := tx.Set(key)
			if err != nil {
				return err
			}
			s.Add(name(i))
		case backends.ListType:
			l, err := tx.List(key)
			if err != nil {
				return err
			}
			l.Push(true, name(i))
		case backends.ZSetType:
			z, err := tx.ZSet(key)
			if err != nil {
				return err
			}
			z.Put(name(i), float64(i))
		case backends.StreamType:
			s, err := tx.Stream(key)
			if err != nil {
				return err
			}
			appendNext(s, []byte("field"), name(i))
		}
	}
	return nil
}

// FuzzCollection puts foreign bytes where the records of a collection are: every operation either works or says
// which key is damaged.
func FuzzCollection(f *testing.F) {
	fuzzSeeds(f)
	f.Fuzz(func(t *testing.T, record, member, node []byte) {
		s := newStore()
		shut(t, open(t, s, tinyTypes))
		ops := []Op{{recordKey(0, hashOf([]byte("k")), []byte("k")), append([]byte{}, record...)}}
		if m, err := decodeMeta(record); err == nil && m.outside.version != 0 {
			v := m.outside.version
			if len(member) > 0 {
				mk := memberKey(v, []byte(fuzzMember))
				ops = append(ops, Op{mk, member}, Op{expiryKey(start+5, mk), present}, Op{expiryFrom(v, 1), present})
			}
			if len(node) > 0 {
				ops = append(ops, Op{nodeKey(v, fuzzNode), node})
			}
			ops = append(ops, Op{chunkKey(part{version: 9, owner: v}, 0), present})
		}
		if err := s.Apply(ops); err != nil {
			t.Fatal(err)
		}
		e := open(t, s, tinyTypes)
		defer shut(t, e)
		for i, body := range fuzzBodies {
			err := at(e, start+int64(i%2)*20, body)
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

// fuzzBodies are all operations, those that remove much at last.
var fuzzBodies = []func(tx backends.Tx) error{
	func(tx backends.Tx) error {
		var key []byte
		tx.Scan(0, 10, func(k []byte, _ backends.Type) { key = k })
		tx.Random()
		if key == nil {
			return nil
		}
		_, err := readTyped(tx, []byte("k"))
		return err
	},
	func(tx backends.Tx) error { tx.Copy([]byte("k"), 1, []byte("k")); return nil },
	fuzzHash,
	fuzzHash, // later, when some fields may have expired
	func(bt backends.Tx) error { bt.(*tx).reclaim([]byte("k"), 3); return nil },
	func(bt backends.Tx) error { bt.(*tx).reclaim([]byte("k"), 3); return nil },
	fuzzSet,
	fuzzList,
	fuzzZSet,
	fuzzStream,
	func(tx backends.Tx) error {
		for _, kind := range modelKinds {
			if err := fillForFuzz(tx, kind, 20); err != nil && !errors.Is(err, backends.ErrWrongType) {
				return err
			}
		}
		return nil
	},
	func(tx backends.Tx) error { tx.Move([]byte("k"), 1, []byte("k2")); return nil },
	func(tx backends.Tx) error { tx.In(1).Delete([]byte("k")); tx.In(1).Flush(); return nil },
}

func fuzzHash(tx backends.Tx) error {
	h, err := tx.Hash([]byte("k"))
	if err != nil {
		return err
	}
	h.Get([]byte(fuzzMember))
	h.Scan(0, 3, func(_, _ []byte) {})
	h.Random()
	h.Put([]byte(fuzzMember), []byte("new"))
	h.SetFieldDeadline([]byte(fuzzMember), start+30)
	h.Put(name(3), []byte("new"))
	h.Delete([]byte(fuzzMember))
	return nil
}

func fuzzSet(tx backends.Tx) error {
	s, err := tx.Set([]byte("k"))
	if err != nil {
		return err
	}
	s.Has([]byte(fuzzMember))
	s.Random()
	s.Scan(0, 3, func([]byte) {})
	s.Add([]byte("12"))
	s.Add(name(3))
	s.Remove([]byte(fuzzMember))
	return nil
}

func fuzzList(tx backends.Tx) error {
	l, err := tx.List([]byte("k"))
	if err != nil {
		return err
	}
	if n := l.Len(); n > 0 {
		l.At(n / 2)
		l.Put(n-1, []byte("new"))
		l.Insert(n/2, []byte(strings.Repeat("new", 20)))
		l.Each(n/2, true, func([]byte) bool { return true })
	}
	l.Push(true, []byte("first"))
	l.Push(false, []byte("last"))
	l.Filter(true, func(element []byte) (remove, more bool) { return len(element)%2 == 0, true })
	if n := l.Len(); n > 2 {
		l.Remove(1, min(n-2, 10))
	}
	return nil
}

func fuzzZSet(tx backends.Tx) error {
	z, err := tx.ZSet([]byte("k"))
	if err != nil {
		return err
	}
	z.Score([]byte(fuzzMember))
	z.Rank([]byte(fuzzMember))
	z.Before(backends.Edge{Score: 3})
	z.Before(backends.Edge{Member: []byte(fuzzMember), After: true})
	z.Scan(0, 3, func([]byte, float64) {})
	z.Each(0, false, func([]byte, float64) bool { return true })
	z.Put([]byte(fuzzMember), 2.5)
	z.Put(name(3), 1)
	z.Remove([]byte(fuzzMember))
	return nil
}
