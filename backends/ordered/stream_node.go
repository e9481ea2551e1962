package ordered

import (
	"fmt"
	"slices"
	"strconv"

	"switchyard/backends"
	"switchyard/backends/listpack"
)

// block is a share of a stream's entries, as Redis keeps and dumps them: a listpack that begins with a master
// entry, whose fields are those of the first entry,
//
//	live entries | deleted ones | number of fields | field | ... | field | 0
//
// and goes on with entries. One that has the master entry's fields is
//
//	flags | ms - master's | seq - master's | value | ... | value | elements of this entry but this one
//
// and another has its own number of fields before the values, and each value after its field. A deleted entry
// stays, with a flag.
type block struct {
	master backends.StreamID // the ID of the first entry, deleted or not
	pack   listpack.List
	owned  bool   // pack may be changed in place
	record member // when the block has a record of its own
	dirty  bool   // which is out of date

	open          bool // what follows was read from pack
	live, deleted int
	fields        int          // of the master entry
	names         int          // where they begin
	body          int          // where the entries begin; 0: there is none
	entries       []blockEntry // nil: not read yet
}

// blockEntry is an entry of a block.
type blockEntry struct {
	id      backends.StreamID
	pos     int // of the flags
	body    int // where the values, or the fields and values, begin
	fields  int
	same    bool // it has the fields of the master entry
	deleted bool
}

const (
	flagDeleted    = 1
	flagSameFields = 2
)

// newBlock makes a block without entries for those with such fields. fields has a value after each.
func newBlock(master backends.StreamID, fields [][]byte) *block {
	p := emptyList().AppendInt(0).AppendInt(0).AppendInt(int64(len(fields) / 2))
	for i := 0; i < len(fields); i += 2 {
		p = p.Append(fields[i])
	}
	b := &block{master: master, pack: p.AppendInt(0), owned: true}
	if b.readHead() != nil {
		panic("ordered: a new block of a stream is damaged")
	}
	return b
}

// elements reads one element of a listpack after the other. Once one is missing, or is no number where one must
// be, it is bad.
type elements struct {
	list listpack.List
	pos  int // 0: behind the last one
	bad  bool
}

// number reads an integer from 0 on, or any when it may be negative.
func (r *elements) number(negative bool) int64 {
	if r.pos == 0 {
		r.bad = true
		return 0
	}
	n, isInt := r.list.Int(r.pos)
	if !isInt || n < 0 && !negative {
		r.bad = true
	}
	r.pos = r.list.Next(r.pos)
	return n
}

func (r *elements) skip(n int64) {
	for ; n > 0 && !r.bad; n-- {
		if r.pos == 0 {
			r.bad = true
			return
		}
		r.pos = r.list.Next(r.pos)
	}
}

// check makes sure of what the other methods rely on, except for the entries.
func (b *block) check() error {
	if err := listpack.Valid(b.pack); err != nil {
		return fmt.Errorf("%w: %w", errDamaged, err)
	}
	return b.readHead()
}

func (b *block) readHead() error {
	r := elements{list: b.pack, pos: b.pack.First()}
	live, deleted, fields := r.number(false), r.number(false), r.number(false)
	b.names = r.pos
	r.skip(fields)
	if r.number(false) != 0 || r.bad || max(live, deleted) > int64(len(b.pack)) {
		return errDamaged
	}
	b.live, b.deleted, b.fields, b.body = int(live), int(deleted), int(fields), r.pos
	b.open, b.entries = true, nil
	return nil
}

// read reads where the entries are.
func (b *block) read() error {
	if b.entries != nil {
		return nil
	}
	entries := make([]blockEntry, 0, min(b.live+b.deleted, len(b.pack)/4))
	r := elements{list: b.pack, pos: b.body}
	live := 0
	for r.pos != 0 {
		e := b.readEntry(&r)
		if n := len(entries); r.bad || n > 0 && !entries[n-1].id.Less(e.id) || n == 0 && e.id != b.master {
			return errDamaged
		}
		if entries = append(entries, e); !e.deleted {
			live++
		}
	}
	if live != b.live || len(entries) != b.live+b.deleted || live+b.deleted == 0 {
		return errDamaged
	}
	b.entries = entries
	return nil
}

func (b *block) readEntry(r *elements) blockEntry {
	e := blockEntry{pos: r.pos, fields: b.fields}
	flags := r.number(false)
	e.deleted, e.same = flags&flagDeleted != 0, flags&flagSameFields != 0
	ms, seq := r.number(true), r.number(true)
	e.id = backends.StreamID{Ms: b.master.Ms + uint64(ms), Seq: b.master.Seq + uint64(seq)}
	count, others := int64(b.fields), int64(3)
	if !e.same {
		fields := r.number(false)
		if fields > int64(len(b.pack)) {
			r.bad = true
		}
		e.fields = int(fields)
		count, others = 2*fields, 4
	}
	e.body = r.pos
	r.skip(count)
	if r.number(false) != count+others {
		r.bad = true
	}
	return e
}

// search is the index of the first entry that is not before an ID, of the entries that were read.
func (b *block) search(id backends.StreamID) (i int, found bool) {
	return slices.BinarySearchFunc(b.entries, id, func(e blockEntry, id backends.StreamID) int { return e.id.Compare(id) })
}

// allows says whether an entry of size bytes may be added, as Redis decides it: deleted entries count. most bytes
// fit into one record.
func (b *block) allows(size int, c *backends.Compact, most int) bool {
	limit := c.StreamBytes.Load()
	if limit <= 0 || limit > int64(most) {
		limit = int64(most)
	}
	entries := c.StreamEntries.Load()
	return int64(len(b.pack)+size) < limit && (entries <= 0 || int64(b.live+b.deleted) < entries)
}

// own makes the bytes the block's own, with some room.
func (b *block) own(room int) {
	if !b.owned {
		b.pack, b.owned = append(make([]byte, 0, len(b.pack)+room), b.pack...), true
	}
}

// append adds an entry, which is after all others.
func (b *block) append(id backends.StreamID, fields [][]byte, size int) {
	const heads = 16
	b.own(size + heads*(len(fields)+4))
	b.count(1, 0)
	flags, elements := int64(0), 4+len(fields)
	if b.sameFields(fields) {
		flags, elements = flagSameFields, 3+len(fields)/2
	}
	p := b.pack.AppendInt(flags).AppendInt(int64(id.Ms - b.master.Ms)).AppendInt(int64(id.Seq - b.master.Seq))
	if flags == 0 {
		p = p.AppendInt(int64(len(fields) / 2))
	}
	for i, f := range fields {
		if i%2 == 1 || flags == 0 {
			p = p.Append(f)
		}
	}
	b.pack = p.AppendInt(int64(elements))
	b.entries = nil
	if b.body == 0 {
		b.body = b.pack.Next(b.afterNames())
	}
}

// afterNames is the position of the last element of the master entry.
func (b *block) afterNames() int {
	r := elements{list: b.pack, pos: b.names}
	r.skip(int64(b.fields))
	return r.pos
}

// sameFields says whether an entry would have the fields of the master entry.
func (b *block) sameFields(fields [][]byte) bool {
	if b.fields != len(fields)/2 {
		return false
	}
	at := b.names
	for i := 0; i < len(fields); i += 2 {
		if !b.pack.Equal(at, fields[i]) {
			return false
		}
		at = b.pack.Next(at)
	}
	return true
}

// mark makes the entry at an index a deleted one. The counts are the caller's.
func (b *block) mark(i int) {
	e := &b.entries[i]
	e.deleted = true
	flags := int64(flagDeleted)
	if e.same {
		flags |= flagSameFields
	}
	b.own(0)
	b.pack = b.pack.ReplaceInt(e.pos, flags)
}

// count changes the numbers of entries. It moves all entries if a number takes more bytes than before, or fewer.
func (b *block) count(live, deleted int) {
	size := len(b.pack)
	b.live, b.deleted = b.live+live, b.deleted+deleted
	at := b.pack.First()
	b.pack = b.pack.ReplaceInt(at, int64(b.live))
	b.pack = b.pack.ReplaceInt(b.pack.Next(at), int64(b.deleted))
	if moved := len(b.pack) - size; moved != 0 {
		b.entries = nil
		if b.names += moved; b.body != 0 {
			b.body += moved
		}
	}
}

// entryReader makes texts of entries, in memory that it uses again.
type entryReader struct {
	fields [][]byte
	digits []byte // of integers
}

// read returns the fields and values of an entry. They are valid until the next call.
func (r *entryReader) read(b *block, e *blockEntry) [][]byte {
	r.fields, r.digits = r.fields[:0], r.digits[:0]
	name, at := b.names, e.body
	for range e.fields {
		if e.same {
			r.text(b.pack, name)
			name = b.pack.Next(name)
		} else {
			r.text(b.pack, at)
			at = b.pack.Next(at)
		}
		r.text(b.pack, at)
		at = b.pack.Next(at)
	}
	return r.fields
}

// text adds an element. That of an integer stays where it is when digits grows.
func (r *entryReader) text(p listpack.List, at int) {
	n, isInt := p.Int(at)
	if !isInt {
		r.fields = append(r.fields, p.Get(at, nil))
		return
	}
	from := len(r.digits)
	r.digits = strconv.AppendInt(r.digits, n, 10)
	r.fields = append(r.fields, r.digits[from:len(r.digits):len(r.digits)])
}
