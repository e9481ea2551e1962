package ordered

import (
	"context"
	"fmt"
	"testing"

	"switchyard/backends"
)

// cost is what a transaction does to the store: records read one by one, visited in scans, and written.
type cost struct{ gets, visited, written int }

func (c cost) within(most cost) bool {
	return c.gets <= most.gets && c.visited <= most.visited && c.written <= most.written
}

// costOf runs body on the key k and returns what it cost, once it has become durable.
func costOf(t *testing.T, s *store, e *Engine, body func(tx backends.Tx)) cost {
	t.Helper()
	read := func() cost {
		s.mu.Lock()
		defer s.mu.Unlock()
		return cost{int(s.gets.Load()), int(s.visited.Load()), s.written}
	}
	applied := 0
	s.when(func([]Op) error { // the sweeper waits
		if applied++; applied > 1 {
			return errDisk
		}
		return nil
	})
	defer s.when(nil)
	before := read()
	must(t, e, func(tx backends.Tx) error { body(tx); return nil }, "k")
	after := read()
	return cost{after.gets - before.gets, after.visited - before.visited, after.written - before.written}
}

// TestOneElementOfManyCostsAsMuchAsOneOfFew has bounds that hold for a million elements too, but for one level
// more: the trees here have three, and a fourth begins at 64*64*64 elements that were pushed.
func TestOneElementOfManyCostsAsMuchAsOneOfFew(t *testing.T) {
	const few, many = 10, 100_000
	const levels = 3
	for _, c := range []struct {
		name string
		kind backends.Type
		body func(v collections, n int)
		most [2]cost // with few elements, and with many
	}{
		{"HSET of a field that is there", backends.HashType, func(v collections, n int) { v.hash.Put(name(n/2), []byte("new")) },
			[2]cost{{1, 0, 1}, {2, 0, 1}}},
		{"HSET of a new field", backends.HashType, func(v collections, n int) { v.hash.Put(name(n), []byte("new")) },
			[2]cost{{1, 0, 1}, {2, 0, 2}}},
		{"HGET", backends.HashType, func(v collections, n int) { v.hash.Get(name(n / 3)) }, [2]cost{{1, 0, 0}, {2, 0, 0}}},
		{"HPEXPIREAT", backends.HashType, func(v collections, n int) { v.hash.SetFieldDeadline(name(n/3), start+1) },
			[2]cost{{1, 0, 2}, {2, 0, 4}}},
		{"HRANDFIELD", backends.HashType, func(v collections, n int) { v.hash.Random() }, [2]cost{{1, 0, 0}, {1, 100, 0}}},
		{"HLEN", backends.HashType, func(v collections, n int) { v.hash.Len() }, [2]cost{{1, 0, 0}, {1, 0, 0}}},
		{"SADD", backends.SetType, func(v collections, n int) { v.set.Add(name(n)) }, [2]cost{{1, 0, 1}, {2, 0, 2}}},
		{"SREM", backends.SetType, func(v collections, n int) { v.set.Remove(name(n / 2)) }, [2]cost{{1, 0, 1}, {2, 0, 2}}},
		{"SISMEMBER", backends.SetType, func(v collections, n int) { v.set.Has(name(n / 2)) }, [2]cost{{1, 0, 0}, {2, 0, 0}}},
		{"LPUSH of 1000", backends.ListType, func(v collections, n int) {
			for i := range 1000 {
				v.list.Push(true, name(i))
			}
		}, [2]cost{{1, 0, 20}, {levels, 0, 1000/64 + 2*levels}}},
		{"LPUSH", backends.ListType, func(v collections, n int) { v.list.Push(true, name(n)) }, [2]cost{{1, 0, 1}, {levels, 0, levels + 2}}},
		{"RPOP", backends.ListType, func(v collections, n int) { v.list.Remove(n-1, 1) }, [2]cost{{1, 0, 1}, {levels + 1, 0, levels}}},
		{"LINDEX in the middle", backends.ListType, func(v collections, n int) { v.list.At(n / 2) }, [2]cost{{1, 0, 0}, {levels, 0, 0}}},
		{"LINSERT in the middle", backends.ListType, func(v collections, n int) { v.list.Insert(n/2, name(n)) },
			[2]cost{{1, 0, 1}, {levels, 0, levels + 2}}},
		{"LRANGE of 100", backends.ListType, func(v collections, n int) {
			left := 100
			v.list.Each(n/2, false, func([]byte) bool { left--; return left > 0 })
		}, [2]cost{{1, 0, 0}, {levels + 3, 0, 0}}},
		{"ZADD of a new member", backends.ZSetType, func(v collections, n int) { v.zset.Put(name(n), float64(n/2)+0.5) },
			[2]cost{{1, 0, 1}, {1 + levels, 0, 2 + levels + 1}}},
		{"ZADD that moves a member", backends.ZSetType, func(v collections, n int) { v.zset.Put(name(1), float64(n/2)+0.5) },
			[2]cost{{1, 0, 1}, {1 + 2*levels, 0, 2 * (1 + levels)}}},
		{"ZSCORE", backends.ZSetType, func(v collections, n int) { v.zset.Score(name(n / 2)) }, [2]cost{{1, 0, 0}, {2, 0, 0}}},
		{"ZRANK", backends.ZSetType, func(v collections, n int) { v.zset.Rank(name(n / 2)) }, [2]cost{{1, 0, 0}, {1 + levels, 0, 0}}},
		{"ZCOUNT", backends.ZSetType, func(v collections, n int) { v.zset.Before(backends.Edge{Score: float64(n / 3)}) },
			[2]cost{{1, 0, 0}, {levels, 0, 0}}},
		{"ZPOPMIN", backends.ZSetType, func(v collections, n int) { v.zset.Remove(name(0)) }, [2]cost{{1, 0, 1}, {2 + levels, 0, 2 + levels}}},
		{"DEL", backends.ZSetType, func(v collections, n int) { v.tx.Delete([]byte("k")) }, [2]cost{{1, 0, 2}, {1, sweepOps + 1, 3}}}, // what is visited is the sweeper's
		{"RENAME", backends.ListType, func(v collections, n int) { v.tx.Move([]byte("k"), 1, []byte("k")) }, [2]cost{{4, 0, 4}, {4, 0, 4}}},
	} {
		for i, n := range []int{few, many} {
			s := filled(t, c.kind, n)
			e := open(t, s, uncached)
			got := costOf(t, s, e, func(tx backends.Tx) { c.body(collections{}.open(t, tx, c.kind), n) })
			if !got.within(c.most[i]) {
				t.Errorf("%s costs %+v with %d elements, at most %+v is meant", c.name, got, n, c.most[i])
			}
			if err := e.Sweep(context.Background()); err != nil {
				t.Error(err)
			}
			shut(t, e)
		}
	}
}

// collections is a key opened as one of the types.
type collections struct {
	tx   backends.Tx
	hash backends.Hash
	set  backends.Set
	list backends.List
	zset backends.ZSet
}

func (c collections) open(t *testing.T, tx backends.Tx, kind backends.Type) collections {
	t.Helper()
	var err error
	c.tx = tx
	switch kind {
	case backends.HashType:
		c.hash, err = tx.Hash([]byte("k"))
	case backends.SetType:
		c.set, err = tx.Set([]byte("k"))
	case backends.ListType:
		c.list, err = tx.List([]byte("k"))
	case backends.ZSetType:
		c.zset, err = tx.ZSet([]byte("k"))
	}
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func name(i int) []byte { return fmt.Appendf(nil, "element:%d", i) }

// stores are what filled has filled.
var stores = map[string]*store{}

// filled is a store with so many elements in the key k.
func filled(t *testing.T, kind backends.Type, n int) *store {
	t.Helper()
	id := fmt.Sprint(kind, n)
	if s := stores[id]; s != nil {
		return s.crashed()
	}
	s := newStore()
	e := open(t, s, uncached)
	must(t, e, func(tx backends.Tx) error {
		c := collections{}.open(t, tx, kind)
		for i := range n {
			switch kind {
			case backends.HashType:
				c.hash.Put(name(i), []byte("value"))
			case backends.SetType:
				c.set.Add(name(i))
			case backends.ListType:
				c.list.Push(false, name(i))
			case backends.ZSetType:
				c.zset.Put(name(i), float64(i))
			}
		}
		return nil
	}, "k")
	shut(t, e)
	stores[id] = s
	return s.crashed()
}
