package memory

import (
	"bytes"
	"encoding/binary"
)

// block is a few entries of a dict in one piece of memory:
//
//	entries, 2 bytes | entry | entry | ...
//	entry: mark, 1 byte | length of key | length of value | deadline, 8 bytes | key | value
//
// The lengths are varints. The lower bits of the mark are bits of the hash, so that a search looks
// at hardly any key but the right one; the highest says that there is a deadline. nil is an empty block.
type block []byte

const (
	blockHead = 2
	markMask  = 0x7f
	timedMark = 0x80
)

// item is one entry, whose bytes are those of the block.
type item struct {
	key, value []byte
	at         int64 // Unix milliseconds; 0: no deadline
	start, end int   // in the block
	mark       byte
}

func (b block) len() int {
	if b == nil {
		return 0
	}
	return int(binary.LittleEndian.Uint16(b))
}

// count changes the number of entries.
func (b block) count(by int) { binary.LittleEndian.PutUint16(b, uint16(b.len()+by)) }

// find returns the entry of a key with that mark.
func (b block) find(mark byte, key []byte) (e item, ok bool) {
	for at := blockHead; at < len(b); {
		if b[at]&markMask == mark && (b[at+1] == byte(len(key)) || len(key) >= 0x80) {
			if e = b.parse(at); bytes.Equal(e.key, key) {
				return e, true
			}
		}
		at = b.next(at)
	}
	return item{start: len(b), end: len(b)}, false
}

// next is where the entry behind that at at begins.
func (b block) next(at int) int {
	timed := int(b[at]>>7) * 8
	if k, v := b[at+1], b[at+2]; k|v < 0x80 {
		return at + 3 + int(k) + int(v) + timed
	}
	k, n := binary.Uvarint(b[at+1:])
	v, m := binary.Uvarint(b[at+1+n:])
	return at + 1 + n + m + timed + int(k) + int(v)
}

// parse reads the entry at at.
func (b block) parse(at int) (e item) {
	e.start, e.mark = at, b[at]&markMask
	k, n := binary.Uvarint(b[at+1:])
	v, m := binary.Uvarint(b[at+1+n:])
	body := at + 1 + n + m
	if b[at]&timedMark != 0 {
		e.at = int64(binary.LittleEndian.Uint64(b[body:]))
		body += 8
	}
	end := body + int(k)
	e.key = b[body:end:end]
	e.end = end + int(v)
	e.value = b[end:e.end:e.end]
	return e
}

// at is the entry number i.
func (b block) at(i int) item {
	at := blockHead
	for ; i > 0; i-- {
		at = b.next(at)
	}
	return b.parse(at)
}

// each visits the entries until fn says not to go on, and says whether it never did.
func (b block) each(fn func(e item) (more bool)) bool {
	for at := blockHead; at < len(b); {
		e := b.parse(at)
		if !fn(e) {
			return false
		}
		at = e.end
	}
	return true
}

// add copies a whole entry to the end.
func (b block) add(entry []byte) block {
	if b == nil {
		b = make(block, blockHead, blockHead+len(entry))
	}
	b = append(b.room(len(entry)), entry...)
	b.count(1)
	return b
}

// splice replaces the bytes from start to end by an entry, or by nothing. It leaves the count alone.
func (b block) splice(start, end int, e *item) block {
	if b == nil {
		b = make(block, blockHead, blockHead+e.size())
		start, end = blockHead, blockHead
	}
	n := e.size()
	more := n - (end - start)
	if more > 0 {
		b = b.room(more)
	}
	was := len(b)
	b = b[:was+more]
	copy(b[start+n:], b[end:was])
	if e != nil {
		e.write(b[start : start+n])
	}
	return b.trim()
}

// room makes room for n more bytes, with a little for what comes next.
func (b block) room(n int) block {
	need := len(b) + n
	if need <= cap(b) {
		return b
	}
	spare := need / 4
	if need > blockBytes {
		spare = need / 16
	}
	return append(append(block(nil), make(block, need+spare)...)[:0], b...)
}

// trim gives back room that is not needed any more.
func (b block) trim() block {
	switch {
	case len(b) == blockHead && b.len() == 0:
		return nil
	case cap(b) > 64 && cap(b) > 3*len(b):
		return append(block(nil), b...)
	}
	return b
}

// size is how many bytes e takes in a block.
func (e *item) size() int {
	if e == nil {
		return 0
	}
	n := 1 + uvarintSize(len(e.key)) + uvarintSize(len(e.value)) + len(e.key) + len(e.value)
	if e.at != 0 {
		n += 8
	}
	return n
}

func uvarintSize(n int) (size int) {
	for size = 1; n >= 0x80; n >>= 7 {
		size++
	}
	return size
}

// write writes e, which takes exactly p.
func (e *item) write(p []byte) {
	p[0] = e.mark
	n := 1 + binary.PutUvarint(p[1:], uint64(len(e.key)))
	n += binary.PutUvarint(p[n:], uint64(len(e.value)))
	if e.at != 0 {
		p[0] |= timedMark
		binary.LittleEndian.PutUint64(p[n:], uint64(e.at))
		n += 8
	}
	n += copy(p[n:], e.key)
	copy(p[n:], e.value)
}
