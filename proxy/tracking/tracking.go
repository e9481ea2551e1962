// Package tracking knows which clients want to hear of changes to which keys, so that they can keep copies of them: Redis's
// client-side caching. It knows nothing of connections and protocols.
//
// A client in the ordinary mode is told once of a key that it has read, and again only after it has read it again (Table). One in
// broadcast mode is told of all keys that begin with a prefix, whether it has read them or not (Broadcast). As in Redis
// the number of a key's database does not matter.
package tracking

import (
	"hash/maphash"
	"sync"
	"sync/atomic"
)

// Client is one that tracks. C is what the caller knows of it.
type Client[C any] struct {
	Of C

	mu     sync.Mutex
	keys   map[string]struct{} // that it is to be told of
	ranges map[string]struct{} // its prefixes
}

// NewClient makes a client that has read nothing.
func NewClient[C any](of C) *Client[C] {
	return &Client[C]{Of: of, keys: map[string]struct{}{}, ranges: map[string]struct{}{}}
}

const shardCount = 64

// Table remembers who has read which keys, of at most a number of keys: beyond it others are forgotten, and
// their readers told as if they had changed.
type Table[C any] struct {
	seed   maphash.Seed
	limit  atomic.Int64 // keys; 0: none
	count  atomic.Int64 // of keys
	items  atomic.Int64 // pairs of a key and a client
	shards [shardCount]shard[C]
}

type shard[C any] struct {
	mu   sync.Mutex
	keys map[string]map[*Client[C]]struct{}
	_    [48]byte // a cache line for each
}

// NewTable makes a table without a limit.
func NewTable[C any]() *Table[C] { return &Table[C]{seed: maphash.MakeSeed()} }

// Len is the number of keys, and of pairs of a key and a client.
func (t *Table[C]) Len() (keys, items int64) { return t.count.Load(), t.items.Load() }

// Limit is the most keys that are remembered; 0: any number.
func (t *Table[C]) Limit() int64 { return t.limit.Load() }

// SetLimit changes the limit. forgot gets the keys that are above it, with those who have read them.
func (t *Table[C]) SetLimit(n int64, forgot func(key string, readers []*Client[C])) {
	t.limit.Store(n)
	t.shrink(0, "", forgot)
}

func (t *Table[C]) shardOf(key []byte) int { return int(maphash.Bytes(t.seed, key) % shardCount) }

// Remember has c told of the next change of a key. forgot gets the keys that had to make room for it. It must be called while
// nobody can change the key, or between a change and what was read nobody would know which came first. It says whether
// that was so already.
func (t *Table[C]) Remember(c *Client[C], key []byte, forgot func(key string, readers []*Client[C])) (again bool) {
	i := t.shardOf(key)
	s := &t.shards[i]
	made, again := s.add(t, c, key)
	if made && t.limit.Load() > 0 && t.count.Load() > t.limit.Load() {
		t.shrink(i, string(key), forgot)
	}
	return again
}

// add says whether the key is a new one, and whether c has read it already.
func (s *shard[C]) add(t *Table[C], c *Client[C], key []byte) (made, again bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	readers := s.keys[string(key)]
	if _, again = readers[c]; again {
		return false, true
	}
	name := string(key)
	if readers == nil {
		if s.keys == nil {
			s.keys = map[string]map[*Client[C]]struct{}{}
		}
		readers, made = map[*Client[C]]struct{}{}, true
		s.keys[name] = readers
		t.count.Add(1)
	}
	readers[c] = struct{}{}
	t.items.Add(1)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.keys[name] = struct{}{}
	return made, false
}

// shrink forgets keys, from shard from on, until there are no more than the limit. but is kept, as the one that was just read.
func (t *Table[C]) shrink(from int, but string, forgot func(key string, readers []*Client[C])) {
	for n := range shardCount {
		s := &t.shards[(from+n)%shardCount]
		for limit := t.limit.Load(); limit > 0 && t.count.Load() > limit; {
			key, ok := s.some(but)
			if !ok {
				break
			}
			forgot(key, t.Forget([]byte(key)))
		}
	}
}

// some is any key but one.
func (s *shard[C]) some(but string) (key string, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for key = range s.keys { // begins anywhere
		if key != but {
			return key, true
		}
	}
	return "", false
}

// Forget forgets a key, which has changed, and returns those who have read it.
func (t *Table[C]) Forget(key []byte) (readers []*Client[C]) { return t.ForgetBut(key, nil) }

// ForgetBut is Forget that goes on remembering one of them, who has read the key as it is now.
func (t *Table[C]) ForgetBut(key []byte, but *Client[C]) (readers []*Client[C]) {
	if t.count.Load() == 0 {
		return nil
	}
	s := &t.shards[t.shardOf(key)]
	s.mu.Lock()
	defer s.mu.Unlock()
	set := s.keys[string(key)]
	if set == nil {
		return nil
	}
	for c := range set {
		if readers = append(readers, c); c == but {
			continue
		}
		c.mu.Lock()
		delete(c.keys, string(key))
		c.mu.Unlock()
		delete(set, c)
		t.items.Add(-1)
	}
	if len(set) == 0 {
		delete(s.keys, string(key))
		t.count.Add(-1)
	}
	return readers
}

// ForgetAll forgets all keys.
func (t *Table[C]) ForgetAll() {
	for i := range t.shards {
		s := &t.shards[i]
		s.mu.Lock()
		for key, set := range s.keys {
			for c := range set {
				c.mu.Lock()
				delete(c.keys, key)
				c.mu.Unlock()
			}
			t.items.Add(-int64(len(set)))
		}
		t.count.Add(-int64(len(s.keys)))
		s.keys = nil
		s.mu.Unlock()
	}
}

// End forgets all that a client has read. It reads nothing more.
func (t *Table[C]) End(c *Client[C]) {
	c.mu.Lock()
	keys := c.keys
	c.keys = map[string]struct{}{}
	c.mu.Unlock()
	for key := range keys {
		s := &t.shards[t.shardOf([]byte(key))]
		s.mu.Lock()
		set := s.keys[key]
		if _, there := set[c]; there {
			t.items.Add(-1)
			if delete(set, c); len(set) == 0 {
				delete(s.keys, key)
				t.count.Add(-1)
			}
		}
		s.mu.Unlock()
	}
}
