package rdb

import (
	"errors"
	"slices"
	"sync"
)

// LZF is Marc Lehmann's small, fast compression, as Redis uses it. A compressed string is a
// sequence of two kinds of items, told apart by the three highest bits of the first byte:
//
//	000LLLLL data            LLLLL+1 literal bytes
//	LLLooooo oooooooo        LLL+2 bytes from ooooo:oooooooo+1 bytes back, LLL from 1 to 6
//	111ooooo LLLLLLLL oooooooo   as above, with LLLLLLLL+9 bytes
//
// The compressor takes the same decisions as liblzf in its configuration "very fast" with a table
// of 2^16 positions, so that the bytes are those of Redis.
const (
	lzfHashBits   = 16
	lzfMaxLiteral = 1 << 5
	lzfMaxOffset  = 1 << 13
	lzfMaxMatch   = 1<<8 + 1<<3

	// lzfMaxRatio bounds what LZF can expand to: three bytes give at most 264.
	lzfMaxRatio = lzfMaxMatch / 3
)

var errLZF = errors.New("corrupt LZF data")

// lzfTable remembers where three bytes were seen last. Positions are stored plus base, and base
// moves past all of them after each use: clearing 256 kB for each short string would cost more
// than compressing it.
type lzfTable struct {
	base uint32
	slot [1 << lzfHashBits]uint32
	out  []byte // room for results
}

var lzfTables = sync.Pool{New: func() any { return &lzfTable{base: 1} }}

// enter stores the position i of in and returns what was stored before it, or -1.
func (t *lzfTable) enter(in []byte, i int) int {
	h := uint32(in[i])<<16 | uint32(in[i+1])<<8 | uint32(in[i+2])
	slot := &t.slot[(h>>(24-lzfHashBits)-h*5)&(1<<lzfHashBits-1)]
	last := int64(*slot) - int64(t.base)
	*slot = t.base + uint32(i)
	return int(max(last, -1))
}

// release gives the table back after a string of n bytes.
func (t *lzfTable) release(n int) {
	const keep = 64 << 10
	if cap(t.out) > keep {
		t.out = nil
	}
	if uint64(t.base)+uint64(n) > 1<<31 {
		*t = lzfTable{base: 1}
	} else {
		t.base += uint32(n)
	}
	lzfTables.Put(t)
}

// compress returns in compressed to at most limit bytes, nil when that is impossible. The result is valid until
// the table is released.
func (t *lzfTable) compress(in []byte, limit int) []byte {
	if len(in) == 0 || limit <= 0 || len(in) > maxString {
		return nil
	}
	t.out = slices.Grow(t.out[:0], limit+lzfMaxLiteral)
	w := lzfWriter{out: t.out[:1], limit: limit}
	i := 0
	for i < len(in)-2 {
		ref := t.enter(in, i)
		if !lzfMatches(in, ref, i) {
			if len(w.out) >= limit {
				return nil
			}
			w.literal(in[i])
			i++
			continue
		}
		n := lzfMatchLen(in, ref, i)
		if !w.match(i-ref-1, n) {
			return nil
		}
		i += n
		if i >= len(in)-2 {
			break
		}
		// Only the last two positions of a match are remembered: that is what makes it fast.
		t.enter(in, i-2)
		t.enter(in, i-1)
	}
	if len(w.out)+3 > limit {
		return nil
	}
	for ; i < len(in); i++ {
		w.literal(in[i])
	}
	return w.finish()
}

// lzfMatches says whether the three bytes at ref are those at i, and near enough. The first byte
// of the input is never referred to, as in liblzf.
func lzfMatches(in []byte, ref, i int) bool {
	return ref > 0 && i-ref-1 < lzfMaxOffset &&
		in[ref] == in[i] && in[ref+1] == in[i+1] && in[ref+2] == in[i+2]
}

// lzfMatchLen is the length of the match of at least three bytes at ref and i. liblzf means to stop
// two bytes before the end of the input, but its first sixteen comparisons are unrolled and do not
// look at that bound: so they may take the last two bytes as well.
func lzfMatchLen(in []byte, ref, i int) int {
	most := min(len(in)-i-2, lzfMaxMatch)
	n := 3
	if most > 16 {
		for ; n < 19; n++ {
			if in[ref+n] != in[i+n] {
				return n
			}
		}
	}
	for n < most && in[ref+n] == in[i+n] {
		n++
	}
	return n
}

// lzfWriter appends items. The last run+1 bytes of out are a run of literals that is still open:
// a byte for its length, and the literals.
type lzfWriter struct {
	out   []byte
	run   int
	limit int
}

func (w *lzfWriter) literal(c byte) {
	w.out = append(w.out, c)
	if w.run++; w.run == lzfMaxLiteral {
		w.closeRun()
		w.out = append(w.out, 0)
	}
}

// closeRun writes the length of the run, or takes its byte back when it is empty.
func (w *lzfWriter) closeRun() {
	if w.run == 0 {
		w.out = w.out[:len(w.out)-1]
	} else {
		w.out[len(w.out)-w.run-1] = byte(w.run - 1)
	}
	w.run = 0
}

// match appends a reference to n bytes and opens a run; false: there is no space.
func (w *lzfWriter) match(offset, n int) bool {
	end := len(w.out) + 4
	if w.run == 0 {
		end--
	}
	if end >= w.limit {
		return false
	}
	w.closeRun()
	if n -= 2; n < 7 {
		w.out = append(w.out, byte(offset>>8+n<<5))
	} else {
		w.out = append(w.out, byte(offset>>8+7<<5), byte(n-7))
	}
	w.out = append(w.out, byte(offset), 0)
	return true
}

func (w *lzfWriter) finish() []byte {
	w.closeRun()
	return w.out
}

// lzfDecompress expands in, which must give exactly size bytes.
func lzfDecompress(in []byte, size uint64) ([]byte, error) {
	if size == 0 || size > maxString || size/lzfMaxRatio > uint64(len(in)) {
		return nil, errLZF
	}
	out := make([]byte, 0, size)
	for len(in) > 0 {
		c := int(in[0])
		in = in[1:]
		if c < lzfMaxLiteral {
			n := c + 1
			if n > len(in) || n > cap(out)-len(out) {
				return nil, errLZF
			}
			out, in = append(out, in[:n]...), in[n:]
			continue
		}
		n := c >> 5
		if n == 7 {
			if len(in) == 0 {
				return nil, errLZF
			}
			n, in = n+int(in[0]), in[1:]
		}
		if len(in) == 0 {
			return nil, errLZF
		}
		ref := len(out) - (c&0x1f)<<8 - int(in[0]) - 1
		in = in[1:]
		if n += 2; ref < 0 || n > cap(out)-len(out) {
			return nil, errLZF
		}
		// Byte by byte: a reference may reach into what it produces.
		for ; n > 0; n, ref = n-1, ref+1 {
			out = append(out, out[ref])
		}
	}
	if uint64(len(out)) != size {
		return nil, errLZF
	}
	return out, nil
}
