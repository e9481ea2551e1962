package ordered

import (
	"fmt"
	"math"
)

// A string that is too long for its meta record, and the text of a key that is too long for the
// store, are kept in chunks under a version. So a value of 512 MB never has to be one record, and
// writing to the middle of one, or to its end, touches the chunks it meets and the meta record, not the
// rest.

func (e *Engine) newVersion() uint64 { return e.ids.Add(1) }

// store writes b under a new version.
func (t *transaction) store(b []byte) part { return t.storeIn(0, b) }

// storeIn writes b under the version of a collection, or under its own when that is 0.
func (t *transaction) storeIn(owner uint64, b []byte) part {
	p := part{t.e.newVersion(), uint64(len(b)), owner}
	for n := 0; len(b) > 0; n++ {
		size := min(len(b), t.e.o.chunk)
		t.set(chunkKey(p, n), append([]byte(nil), b[:size]...))
		b = b[size:]
	}
	return p
}

// chunkOf reads a chunk of a key's value, whose length the size of the part determines.
func (t *transaction) chunkOf(key []byte, p part, n int) (b []byte) {
	before, chunk := uint64(n)*uint64(t.e.o.chunk), uint64(t.e.o.chunk)
	if n <= math.MaxUint32 {
		b = t.get(chunkKey(p, n))
	}
	if uint64(len(b)) != min(p.size-min(p.size, before), chunk) {
		t.fail(fmt.Errorf("chunk %d of key %.64q: %w", n, key, errDamaged))
		return nil
	}
	return b
}

func (t *transaction) chunks(p part) int {
	return int((p.size + uint64(t.e.o.chunk) - 1) / uint64(t.e.o.chunk))
}

// fetch reads all of p.
func (t *transaction) fetch(key []byte, p part) []byte {
	last := t.chunks(p) - 1
	if t.chunkOf(key, p, last); t.err != nil {
		return nil // before a damaged size costs memory that nobody has
	}
	b := make([]byte, 0, p.size)
	for n := 0; n <= last && t.err == nil; n++ {
		b = append(b, t.chunkOf(key, p, n)...)
	}
	return b
}

// duplicate stores the chunks of p under another version.
func (t *transaction) duplicate(key []byte, p part) part {
	if p.version == 0 {
		return p
	}
	copied := part{version: t.e.newVersion(), size: p.size}
	for n := 0; n < t.chunks(p) && t.err == nil; n++ {
		t.set(chunkKey(copied, n), t.chunkOf(key, p, n))
	}
	return copied
}

// duplicateAll copies all records under p's version to another one.
func (t *transaction) duplicateAll(p part) part {
	if p.version == 0 || t.err != nil {
		return p
	}
	copied := part{version: t.e.newVersion(), size: p.size}
	const head = 1 + 8
	to := versionKey(copied.version)
	var ops []Op // set must not change what is being walked over
	err := t.snapshot().scan(&t.writes, versionKey(p.version), versionKey(p.version+1), func(key string, value []byte) bool {
		ops = append(ops, Op{to + key[head:], append([]byte(nil), value...)})
		return true
	})
	t.fail(err)
	for _, op := range ops {
		t.set(op.Key, op.Value)
	}
	return copied
}

// erase removes the chunks of p, which is under the version of a key's collection.
func (t *transaction) erase(key []byte, p part) {
	if p.version == 0 {
		return
	}
	last := t.chunks(p) - 1
	t.chunkOf(key, p, last) // before a damaged size costs time that nobody has
	for n := 0; n <= last && t.err == nil; n++ {
		t.set(chunkKey(p, n), nil)
	}
}

// patch overwrites p from offset on, filling a gap with zero bytes, and returns what it is then.
func (t *transaction) patch(key []byte, p part, offset int, data []byte) part {
	old, chunk := p, t.e.o.chunk
	p.size = max(p.size, uint64(offset)+uint64(len(data)))
	first := min(offset, int(old.size)) / chunk
	if p.size == old.size && len(data) == 0 {
		return p
	}
	var zeros []byte // shared by all chunks of a gap
	for n := first; n*chunk < offset+len(data) && t.err == nil; n++ {
		start, end := n*chunk, min((n+1)*chunk, int(p.size))
		if start >= int(old.size) && end <= offset {
			if len(zeros) != end-start {
				zeros = make([]byte, end-start)
			}
			t.set(chunkKey(p, n), zeros)
			continue
		}
		b := make([]byte, end-start)
		if start < int(old.size) {
			copy(b, t.chunkOf(key, old, n))
		}
		if end > offset {
			copy(b[max(0, offset-start):], data[max(0, start-offset):])
		}
		t.set(chunkKey(p, n), b)
	}
	return p
}
