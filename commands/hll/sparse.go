package hll

import (
	"bytes"
	"fmt"
	"slices"
)

const (
	maxSparseRank = 32
	maxSparseSize = 3000 // Redis's hll-sparse-max-bytes, header included
	longestShort  = 64   // zeros in a run of one byte
	longestValue  = 4    // registers in a run of another value
)

// run is some neighbouring registers of the same value.
type run struct {
	value byte
	n     int
	size  int // of the code, in bytes; 0 when it is cut off
}

// runAt decodes what begins at p.
func (s Sketch) runAt(p int) run {
	switch b := s[p]; {
	case b >= 0x80:
		return run{b>>2&31 + 1, int(b&3) + 1, 1}
	case b < 0x40:
		return run{0, int(b) + 1, 1}
	case p+1 < len(s):
		return run{0, int(b&0x3f)<<8 | int(s[p+1]) + 1, 2}
	}
	return run{}
}

// appendRun appends the code of a run, which a single one can hold; that of none is nothing.
func appendRun(dst []byte, value byte, n int) []byte {
	switch {
	case n == 0:
		return dst
	case value > 0:
		return append(dst, 0x80|(value-1)<<2|byte(n-1))
	case n <= longestShort:
		return append(dst, byte(n-1))
	}
	return append(dst, 0x40|byte((n-1)>>8), byte(n-1))
}

// eachRun visits the runs of a sparse sketch in order. It stops, and ok is false, where they
// exceed the registers; it is false too when they are fewer.
func (s Sketch) eachRun(visit func(first int, r run)) (ok bool) {
	first := 0
	for p := headerSize; p < len(s); {
		r := s.runAt(p)
		if r.size == 0 || first+r.n > Size {
			return false
		}
		visit(first, r)
		first += r.n
		p += r.size
	}
	return first == Size
}

// found is the run that covers a register.
type found struct {
	run
	at, before int // where it begins, and where the run before it does, if there is one
	first      int // its first register
}

// find looks for the run of a register, and trusts the others as Redis does: a sketch may be corrupted
// and still have the register.
func (s Sketch) find(i int) (f found, ok bool) {
	f.at, f.before = headerSize, headerSize
	for f.at < len(s) {
		f.run = s.runAt(f.at)
		switch {
		case f.size == 0: // it is cut off, and Redis finds a zero byte behind it
			f.run = run{0, int(s[f.at]&0x3f)<<8 + 1, 2}
			return f, i < f.first+f.n
		case i < f.first+f.n:
			return f, true
		}
		f.before = f.at
		f.first += f.n
		f.at += f.size
	}
	return found{}, false
}

func (s Sketch) raiseSparse(i int, rank byte) (raised Sketch, ok bool) {
	if rank > maxSparseRank {
		return s.promote(i, rank)
	}
	f, ok := s.find(i)
	if !ok || f.value >= rank {
		return s, ok
	}
	var room [5]byte
	split := appendRun(room[:0], f.value, i-f.first)
	split = appendRun(split, rank, 1)
	split = appendRun(split, f.value, f.first+f.n-1-i)
	if more := len(split) - f.size; more > 0 && len(s)+more > maxSparseSize {
		return s.promote(i, rank)
	}
	end := min(f.at+f.size, len(s))
	cut := f.at + f.size - end // of the run, which Redis counts as if it were there
	s = slices.Replace(s, f.at, end, split...)
	return s[:len(s)-cut].join(f.before), true
}

func (s Sketch) promote(i int, rank byte) (raised Sketch, ok bool) {
	d, ok := s.ToDense()
	if !ok {
		return s, false
	}
	return d.Raise(i, rank)
}

// join unites neighbouring runs of the same value among the few at p. It looks at as many as Redis
// does, since the bytes are to be the same, not only the registers.
func (s Sketch) join(p int) Sketch {
	for steps := 5; steps > 0 && p < len(s); steps-- {
		r := s.runAt(p)
		if r.value == 0 {
			p += max(r.size, 1)
			continue
		}
		if p+1 < len(s) {
			next := s.runAt(p + 1)
			if next.value == r.value && next.n+r.n <= longestValue {
				s = slices.Delete(s, p, p+1)
				appendRun(s[:p], r.value, r.n+next.n)
				continue
			}
		}
		p++
	}
	return s
}

// AppendText appends the runs as people read them: z:3 and Z:300 zeros, v:5,2 for twice 5. As in Redis they need not be
// as many registers as there are. Where the last one is cut off, Redis finds a zero byte behind it.
func (s Sketch) AppendText(dst []byte) []byte {
	whole := append(s[:len(s):len(s)], 0)
	for p := headerSize; p < len(s); {
		r := whole.runAt(p)
		switch {
		case r.value > 0:
			dst = fmt.Appendf(dst, "v:%d,%d ", r.value, r.n)
		case r.size > 1:
			dst = fmt.Appendf(dst, "Z:%d ", r.n)
		default:
			dst = fmt.Appendf(dst, "z:%d ", r.n)
		}
		p += r.size
	}
	return bytes.TrimSuffix(dst, []byte(" "))
}
