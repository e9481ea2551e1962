package memory

import (
	"math/rand/v2"

	"switchyard/backends"
)

// Len implements backends.Database. It locks nothing.
func (x *tx) Len() (n int64) {
	for i := range x.e.shards {
		n += x.e.shards[i].keys(x.db)
	}
	return n
}

func (s *shard) keys(db int) int64 {
	if t := s.tables[db].Load(); t != nil {
		return t.keys.Load()
	}
	return 0
}

// Scan implements backends.Database. A cursor is the shard and the place, 39 bits, of the first
// key not visited yet; keys with the same place are always visited together.
func (x *tx) Scan(cursor uint64, count int, fn func(key []byte, t backends.Type)) (next uint64) {
	count = max(count, 1)
	for ; cursor>>placeBits < shardCount && count > 0; cursor = next {
		next = (cursor>>placeBits + 1) << placeBits
		i := int(cursor >> placeBits)
		if x.e.shards[i].keys(x.db) == 0 {
			continue
		}
		x.visit(i, func(s *shard) {
			next = x.scanShard(s, cursor, &count, fn)
		})
	}
	if cursor>>placeBits >= shardCount {
		return 0
	}
	return cursor
}

func (x *tx) scanShard(s *shard, cursor uint64, count *int, fn func(key []byte, t backends.Type)) (next uint64) {
	t := s.tables[x.db].Load()
	start := cursor >> placeBits << placeBits
	if t == nil {
		return start + 1<<placeBits
	}
	return start + t.scan(cursor-start, *count, func(e *entry) {
		*count--
		if !t.absent(e, x.a.Now) {
			fn(e.key(), e.kind())
		}
	})
}

// Random implements backends.Database: a shard by its share of the keys, then one of its keys.
// Expired keys are drawn again, which keeps the chances of the others equal.
func (x *tx) Random() (key []byte) {
	const draws = 100
	for range draws {
		i, ok := x.e.randomShard(x.db)
		if !ok {
			return nil
		}
		x.visit(i, func(s *shard) { key = x.draw(s) })
		if key != nil {
			return key
		}
	}
	return x.anyFrom(rand.IntN(shardCount))
}

// draw takes a key of a shard, nil when it has expired.
func (x *tx) draw(s *shard) []byte {
	t := s.tables[x.db].Load()
	if t == nil || t.keys.Load() == 0 {
		return nil
	}
	e := t.random()
	for e == nil {
		e = t.random()
	}
	if t.absent(e, x.a.Now) {
		return nil
	}
	return e.key()
}

// anyFrom walks the database, from the start of a shard and around, to its first key that has not
// expired: nearly all of them have.
func (x *tx) anyFrom(first int) (key []byte) {
	for i := range shardCount {
		x.visit((first+i)%shardCount, func(s *shard) {
			t := s.tables[x.db].Load()
			if t == nil {
				return
			}
			t.scan(0, int(t.keys.Load()), func(e *entry) {
				if key == nil && !t.absent(e, x.a.Now) {
					key = e.key()
				}
			})
		})
		if key != nil {
			return key
		}
	}
	return nil
}

// randomShard draws a shard with the chance of its share in a database's keys; false when the
// database is empty.
func (e *Engine) randomShard(db int) (i int, ok bool) {
	var sums [shardCount]int64
	var sum int64
	for i := range e.shards {
		sum += e.shards[i].keys(db)
		sums[i] = sum
	}
	if sum <= 0 {
		return 0, false
	}
	at := rand.Int64N(sum)
	for sums[i] <= at {
		i++
	}
	return i, true
}

// Flush implements backends.Database. The garbage collector does the work.
func (x *tx) Flush() {
	x.extendAll()
	x.changes++
	for i := range x.e.shards {
		x.e.shards[i].replace(x.db, nil)
	}
}

// Swap implements backends.Database.
func (x *tx) Swap(db int) {
	x.extendAll()
	x.changes++
	for i := range x.e.shards {
		s := &x.e.shards[i]
		s.tables[db].Store(s.tables[x.db].Swap(s.tables[db].Load()))
	}
}
