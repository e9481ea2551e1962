package tracking

import (
	"maps"
	"slices"
	"sync"
	"sync/atomic"
)

// Broadcast knows who wants to be told of all keys with a prefix. Which prefixes a key has is found by looking for its
// beginnings of those lengths that any prefix has: there are few, however many prefixes there are.
type Broadcast[C any] struct {
	count atomic.Int64 // of prefixes

	mu       sync.RWMutex
	prefixes map[string]map[*Client[C]]struct{}
	lengths  []int // of the prefixes, ascending
}

// NewBroadcast makes one that tells nobody.
func NewBroadcast[C any]() *Broadcast[C] {
	return &Broadcast[C]{prefixes: map[string]map[*Client[C]]struct{}{}}
}

// Len is the number of prefixes.
func (b *Broadcast[C]) Len() int64 { return b.count.Load() }

// Add has a client told of all keys with a prefix.
func (b *Broadcast[C]) Add(c *Client[C], prefix string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.prefixes[prefix] == nil {
		b.prefixes[prefix] = map[*Client[C]]struct{}{}
	}
	b.prefixes[prefix][c] = struct{}{}
	b.measure()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ranges[prefix] = struct{}{}
}

// measure follows a change of the prefixes. b.mu is held.
func (b *Broadcast[C]) measure() {
	lengths := map[int]struct{}{}
	for p := range b.prefixes {
		lengths[len(p)] = struct{}{}
	}
	b.lengths = slices.Sorted(maps.Keys(lengths))
	b.count.Store(int64(len(b.prefixes)))
}

// End has a client told of nothing more.
func (b *Broadcast[C]) End(c *Client[C]) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, prefix := range c.Prefixes() {
		if delete(b.prefixes[prefix], c); len(b.prefixes[prefix]) == 0 {
			delete(b.prefixes, prefix)
		}
	}
	b.measure()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ranges = map[string]struct{}{}
}

// Prefixes are those of a client, in their order.
func (c *Client[C]) Prefixes() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Sorted(maps.Keys(c.ranges))
}

// Each visits, prefix by prefix in their order, those to be told of changed keys, with the keys that have the prefix, sorted
// and each once.
func (b *Broadcast[C]) Each(changed []string, visit func(keys []string, clients []*Client[C])) {
	if b.count.Load() == 0 {
		return
	}
	b.mu.RLock()
	hit := map[string][]string{}
	for _, key := range changed {
		for _, n := range b.lengths {
			if n > len(key) {
				break
			}
			if b.prefixes[key[:n]] != nil {
				hit[key[:n]] = append(hit[key[:n]], key)
			}
		}
	}
	clients := map[string][]*Client[C]{}
	for prefix := range hit {
		clients[prefix] = slices.Collect(maps.Keys(b.prefixes[prefix]))
	}
	b.mu.RUnlock()
	for _, prefix := range slices.Sorted(maps.Keys(hit)) {
		keys := hit[prefix]
		slices.Sort(keys)
		visit(slices.Compact(keys), clients[prefix])
	}
}
