package ordered

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
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
	count = max(count, 1)
	last := uint64(0)
	x.walk(cursor, func(hash uint64, m *meta, key func() []byte) bool {
		if count <= 0 && hash != last {
			next = hash
			return false
		}
		count--
		last = hash
		if m.deadline != 0 && m.deadline <= x.a.Now {
			return true
		}
		if k := key(); k != nil {
			fn(k, m.kind)
		}
		return true
	})
	return next
}

// walk visits the keys of the database from a hash on, those whose time has come too. The text of a
// key is only looked up when asked for; it is nil after an error.
func (x *tx) walk(from uint64, fn func(hash uint64, m *meta, key func() []byte) (more bool)) {
	v := x.snapshot()
	space := x.space()
	if x.err != nil || from >= 1<<hashBits {
		return
	}
	err := v.scan(&x.writes, spaceKey(space, from), spaceKey(space+1, 0), func(rk string, record []byte) bool {
		_, hash, key, err := splitRecordKey(rk)
		var m meta
		if err == nil {
			m, err = decodeMeta(record)
		}
		if err != nil {
			x.fail(fmt.Errorf("key %.64q in database %d, record %.64q: %w", key, x.db, rk, err))
			return false
		}
		more := fn(hash, &m, func() []byte {
			if key == nil {
				key = x.longKey(v, m.name)
			}
			return key
		})
		return more && x.err == nil
	})
	x.fail(err)
}

// longKey reads the text of a key that is too long for the store. It reads the view, since the
// transaction may not hold the key's stripe.
func (x *tx) longKey(v *view, p part) []byte {
	key := make([]byte, 0, 2*maxName)
	for n := 0; n < x.chunks(p); n++ {
		ck := chunkKey(p.version, n)
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

// Random implements backends.Database: one of the keys that follow a random hash. The gap before
// a single successor would decide its chances; that of a window of 32 is the mean of 32 gaps.
func (x *tx) Random() []byte {
	const window = 32
	var keys [][]byte
	first := rand.Uint64N(1 << hashBits)
	collect := func(from, to uint64) {
		x.walk(from, func(hash uint64, m *meta, key func() []byte) bool {
			if hash >= to {
				return false
			}
			if m.deadline == 0 || m.deadline > x.a.Now {
				if k := key(); k != nil {
					keys = append(keys, k)
				}
			}
			return len(keys) < window
		})
	}
	if collect(first, 1<<hashBits); len(keys) < window {
		collect(0, first)
	}
	if len(keys) == 0 || x.err != nil {
		return nil
	}
	return keys[rand.IntN(len(keys))]
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
	s := x.now.clone()
	s.of[x.db], s.of[db] = s.of[db], s.of[x.db]
	x.replace(s, x.db, db)
}

// replace makes s the spaces, which differ from the old ones for some databases.
func (x *tx) replace(s *spaces, dbs ...int) {
	if !x.held.all {
		panic("ordered: a transaction changes a database that its Access does not name")
	}
	for _, db := range dbs {
		x.set(numberKey(tagDatabase, uint32(db)), binary.BigEndian.AppendUint32(nil, s.of[db]))
	}
	x.now, x.spaces = s, s
}
