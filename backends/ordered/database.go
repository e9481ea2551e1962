package ordered

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"

	"switchyard/backends"
)

// spaces says which space each database has. It is never changed, only replaced.
type spaces struct {
	of   []uint32
	next uint32 // the space given out next
}

var errTooMany = errors.New("no space number is left")

func (s *spaces) clone() *spaces { return &spaces{slices.Clone(s.of), s.next} }

// Len implements backends.Database.
func (x *tx) Len() int64 {
	x.flush()
	if x.err != nil {
		return 0
	}
	space := x.space()
	c, from := x.e.queue.length(space)
	x.read(from)
	return c.keys + x.counts[space].keys
}

// Scan implements backends.Database.
func (x *tx) Scan(cursor uint64, count int, fn func(key []byte, t backends.Type)) (next uint64) {
	return walker[*visited](x.walk).scan(cursor, count, func(k *visited) {
		if !x.expired(k.name, &k.meta) {
			if key := k.key(); key != nil {
				fn(key, k.meta.kind)
			}
		}
	})
}

// Random implements backends.Database.
func (x *tx) Random() []byte {
	key, _ := random(x.walk, func(k *visited) bool { return !x.expired(k.name, &k.meta) }, (*visited).key)
	if x.err != nil {
		return nil
	}
	return key
}

// visited is a key that a walk has come to. It is valid until the walk goes on; its text may be kept.
type visited struct {
	x    *tx
	v    *view
	meta meta
	name []byte
}

// key is the text of the key; nil after an error. A long one is only read when asked for.
func (k *visited) key() []byte {
	if k.name == nil {
		k.name = k.x.longKey(k.v, k.meta.name)
	}
	return k.name
}

// walk visits the keys of the database from a hash on, those whose time has come too.
func (x *tx) walk(from uint64, fn func(hash uint64, k *visited) (more bool)) {
	x.flush()
	v := x.snapshot()
	space := x.space()
	if x.err != nil || from >= 1<<hashBits {
		return
	}
	var k visited // the same for all
	err := v.scan(&x.writes, spaceKey(space, from), spaceKey(space+1, 0), func(rk string, record []byte) bool {
		_, hash, name, err := splitRecordKey(rk)
		k = visited{x: x, v: v, name: name}
		if err == nil {
			k.meta, err = decodeMeta(record)
		}
		if err != nil {
			x.fail(fmt.Errorf("key %.64q in database %d, record %.64q: %w", name, x.db, rk, err))
			return false
		}
		return fn(hash, &k) && x.err == nil
	})
	x.fail(err)
}

// longKey reads the text of a key that is too long for the store. It reads the view, since the
// transaction may not hold the key's stripe.
func (x *tx) longKey(v *view, p part) []byte {
	key := make([]byte, 0, 2*maxName)
	for n := 0; n < x.chunks(p); n++ {
		ck := chunkKey(p, n)
		b, ok := x.writes.Get(ck)
		if !ok {
			var err error
			if b, err = v.get(ck); err != nil {
				x.fail(err)
				return nil
			}
		}
		if len(b) == 0 {
			x.fail(fmt.Errorf("name of a long key: %w", errDamaged))
			return nil
		}
		key = append(key, b...)
	}
	return key
}

// Flush implements backends.Database: the database gets an empty space.
func (x *tx) Flush() {
	if x.Len() == 0 {
		return
	}
	if x.now.next < firstNew {
		x.fail(errTooMany)
		return
	}
	old, s := x.space(), x.now.clone()
	s.of[x.db] = s.next
	s.next++
	x.replace(s, x.db)
	x.set(text([]byte{tagNext}), binary.BigEndian.AppendUint32(nil, s.next))
	x.discard(garbage{space: old})
}

// Swap implements backends.Database.
func (x *tx) Swap(db int) {
	if db == x.db {
		return
	}
	x.flush()
	s := x.now.clone()
	s.of[x.db], s.of[db] = s.of[db], s.of[x.db]
	x.replace(s, x.db, db)
}

// replace makes s the spaces, which differ from the old ones for some databases.
func (x *tx) replace(s *spaces, dbs ...int) {
	switch {
	case x.held.all:
	case !x.a.Open:
		panic("ordered: a transaction changes a database that its Access does not name")
	default:
		x.e.stripes.extendAll(x.held, x.a.Write)
	}
	for _, db := range dbs {
		x.set(numberKey(tagDatabase, uint32(db)), binary.BigEndian.AppendUint32(nil, s.of[db]))
	}
	x.now, x.spaces = s, s
	for _, c := range x.open {
		c.stale = true
	}
	clear(x.open)
}
