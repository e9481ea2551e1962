// Package ordered keeps typed Redis values in any ordered key-value store that can do two things:
// show a frozen view of itself, and apply a batch atomically. Badger, Pebble, bbolt and TiKV all
// can; Pebble has no transactions, so none are asked for.
//
// Read layout.go first, which draws what is in the store; then Engine.Do in engine.go, whose
// transactions (tx.go, keyspace.go, database.go, string.go) read and write records; queue.go, where they are
// ordered and seen by others; and commit.go, where many of them become one Apply. large.go,
// outside.go, sweep.go and expire.go each hold one idea more.
//
// Hashes, sets, lists and sorted sets begin in collection.go, with how a transaction holds one. Small ones are
// Redis's own bytes (packed.go). Of large ones, members have records (member.go), and what has an order is
// a tree: node.go is a block of it, tree.go finds and changes elements, balance.go keeps its shape. Streams
// begin in stream.go.
package ordered

// KV is all that a store must be able to do. Its methods may be called from many goroutines at
// once, except that Apply is only ever called by one at a time.
type KV interface {
	// Snapshot freezes the store as it is now, with every Apply that has returned.
	Snapshot() (Reader, error)
	// Apply makes all of ops visible, or none of it, and as durable as configured unless the store is a
	// Syncer. It may keep the values, which nobody changes. After an error it is unknown which of the two
	// happened: the engine reads on from an older snapshot, and the next Apply puts back what was there.
	Apply(ops []Op) error
	// Limits is how much one Apply takes.
	Limits() Limits
	// Size is the space that the store takes on disk.
	Size() (int64, error)
	// Close makes all that was applied durable.
	Close() error
}

// Syncer is a KV that may leave it to Sync to make things durable, so that the next Apply need not wait for the
// disk.
type Syncer interface {
	// Syncs says whether it does; otherwise Apply knows what is configured.
	Syncs() bool
	// Sync makes durable what all Applies did that have returned. It may run beside an Apply. After an
	// error no Apply may succeed any more.
	Sync() error
}

// Limits is how much one Apply takes: the number of ops, and the bytes of their keys and values. A
// store must take at least 1000 ops and a megabyte.
type Limits struct {
	Ops   int
	Bytes int
}

// Reader reads one snapshot, from many goroutines at once.
type Reader interface {
	// Get returns the value of a key. It must not be changed and is valid until Close.
	Get(key string) (value []byte, ok bool, err error)
	// Scan visits [from, to) in key order, as long as fn says to go on. The slices are valid until
	// fn returns.
	Scan(from, to string, fn func(key, value []byte) (more bool)) error
	Close()
}

// Op sets a key, or deletes it when Value is nil. A Value is never empty.
type Op struct {
	Key   string
	Value []byte
}

// size is what an op counts against Limits.Bytes.
func (o Op) size() int { return len(o.Key) + len(o.Value) }

// pieces calls apply with as many ops at a time as the limits allow.
func (l Limits) pieces(ops []Op, apply func([]Op) error) error {
	for len(ops) > 0 {
		n, size := 1, ops[0].size()
		for n < len(ops) && n < l.Ops && size+ops[n].size() <= l.Bytes {
			size += ops[n].size()
			n++
		}
		if err := apply(ops[:n:n]); err != nil {
			return err
		}
		ops = ops[n:]
	}
	return nil
}
