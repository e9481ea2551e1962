package ordered

import (
	"fmt"

	"switchyard/backends"
	"switchyard/backends/streamnode"
)

// block is a node of a stream, as Redis keeps and dumps it, with where it comes from.
type block struct {
	streamnode.Node
	owned  bool   // Pack may be changed in place
	record member // when the block has a record of its own
	dirty  bool   // which is out of date

	open  bool // the master entry was looked at
	whole bool // so were the entries
}

// newBlock makes a block without entries for those with such fields.
func newBlock(master backends.StreamID, fields [][]byte) *block {
	const room = 64
	return &block{Node: streamnode.New(master, fields, room), owned: true, open: true, whole: true}
}

// check makes sure of what Counts, allowing and appending rely on.
func (b *block) check() error {
	if err := b.CheckMaster(); err != nil {
		return fmt.Errorf("%w: %w", errDamaged, err)
	}
	b.open = true
	return nil
}

// read makes sure of what else there is in a block that has passed check. The first entry has the block's ID.
func (b *block) read() error {
	if b.whole {
		return nil
	}
	if err := b.CheckEntries(); err != nil {
		return fmt.Errorf("%w: %w", errDamaged, err)
	}
	if live, deleted := b.Counts(); live+deleted == 0 || b.First() != b.Master {
		return errDamaged
	}
	b.whole = true
	return nil
}

// own makes the bytes the block's own, with some room.
func (b *block) own(room int) {
	if !b.owned {
		b.Pack, b.owned = append(make([]byte, 0, len(b.Pack)+room), b.Pack...), true
	}
}

// append adds an entry, which is after all others.
func (b *block) append(id backends.StreamID, fields [][]byte) {
	const heads = 16
	room := heads * (len(fields) + 4)
	for _, f := range fields {
		room += len(f)
	}
	b.own(room)
	b.Append(id, fields)
}
