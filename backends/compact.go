package backends

import (
	"math"
	"sync/atomic"
)

// Compact are the limits up to which collections are kept compact, which OBJECT ENCODING shows:
// those of Redis, which CONFIG SET can change at any time. An engine looks at them when it writes.
type Compact struct {
	HashEntries   atomic.Int64 // hash-max-listpack-entries
	HashValue     atomic.Int64 // hash-max-listpack-value, bytes
	ListSize      atomic.Int64 // list-max-listpack-size: elements, or with -1 to -5 for 4 to 64 KB
	SetIntegers   atomic.Int64 // set-max-intset-entries
	SetEntries    atomic.Int64 // set-max-listpack-entries
	SetValue      atomic.Int64 // set-max-listpack-value, bytes
	ZSetEntries   atomic.Int64 // zset-max-listpack-entries
	ZSetValue     atomic.Int64 // zset-max-listpack-value, bytes
	StreamBytes   atomic.Int64 // stream-node-max-bytes
	StreamEntries atomic.Int64 // stream-node-max-entries
}

// NewCompact returns the limits that Redis 7.2 starts with.
func NewCompact() *Compact {
	c := &Compact{}
	for limit, value := range map[*atomic.Int64]int64{
		&c.HashEntries: 512, &c.HashValue: 64, &c.ListSize: -2, &c.SetIntegers: 512, &c.SetEntries: 128, &c.SetValue: 64,
		&c.ZSetEntries: 128, &c.ZSetValue: 64, &c.StreamBytes: 4096, &c.StreamEntries: 100,
	} {
		limit.Store(value)
	}
	return c
}

// StreamTrim is how many entries an approximate Trim removes at most, unless it has a limit of its own: those
// of a hundred nodes.
func (c *Compact) StreamTrim() int {
	const nodes, otherwise, most = 100, 10_000, 1_000_000
	n := c.StreamEntries.Load()
	switch {
	case n <= 0:
		return otherwise
	case n > most/nodes:
		return most
	}
	return int(nodes * n)
}

// Lengths is a transaction's part in the limits on how long elements are: Tx.AnyLength.
type Lengths struct{ any bool }

// AnyLength implements Tx.
func (l *Lengths) AnyLength(on bool) { l.any = on }

// Longest is how long elements of a compact collection may be, in bytes.
func (l *Lengths) Longest(limit *atomic.Int64) int64 {
	if l.any {
		return math.MaxInt64
	}
	return limit.Load()
}
