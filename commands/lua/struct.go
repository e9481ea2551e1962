package lua

import (
	"encoding/binary"
	"math"
	"strings"

	vm "github.com/yuin/gopher-lua"
)

func (in *interp) structLibrary() library {
	return library{"pack": structPack, "size": structSize, "unpack": structUnpack}
}

const (
	structMaxInteger = 32
	structMaxAlign   = 8
)

// layout is how a struct's format is read: the options so far, and what is left of it.
type layout struct {
	L     *vm.LState
	rest  string
	order binary.ByteOrder
	align int
}

func newLayout(L *vm.LState) *layout {
	return &layout{L: L, rest: cString(stringArg(L, 1)), order: binary.LittleEndian, align: 1}
}

// number reads one from the format.
func (l *layout) number(otherwise int) int {
	if l.rest == "" || !isDigit(l.rest[0]) {
		return otherwise
	}
	n := 0
	for l.rest != "" && isDigit(l.rest[0]) {
		d := int(l.rest[0] - '0')
		if n > math.MaxInt32/10 || n*10 > math.MaxInt32-d {
			fail(l.L, "integral size overflow")
		}
		n, l.rest = n*10+d, l.rest[1:]
	}
	return n
}

// next returns the next option, its size, and how many bytes before it align it at a place.
func (l *layout) next(at int) (option byte, size, padding int) {
	option, l.rest = l.rest[0], l.rest[1:]
	switch option {
	case 'b', 'B', 'x':
		size = 1
	case 'h', 'H':
		size = 2
	case 'f':
		size = 4
	case 'l', 'L', 'T', 'd':
		size = 8
	case 'c':
		size = l.number(1)
	case 'i', 'I':
		size = l.number(4)
		if size > structMaxInteger {
			fail(l.L, "integral size %d is larger than limit of %d", size, structMaxInteger)
		}
	}
	if size == 0 || option == 'c' {
		return option, size, 0
	}
	unit := min(size, l.align)
	return option, size, (unit - at&(unit-1)) & (unit - 1)
}

// control obeys an option that is not a value.
func (l *layout) control(option byte) {
	switch option {
	case ' ':
	case '>':
		l.order = binary.BigEndian
	case '<':
		l.order = binary.LittleEndian
	case '!':
		n := l.number(structMaxAlign)
		if n == 0 || n&(n-1) != 0 {
			fail(l.L, "alignment %d is not a power of 2", n)
		}
		l.align = n
	default:
		argError(l.L, 1, "invalid format option '"+string([]byte{option})+"'")
	}
}

func structPack(L *vm.LState) int {
	l := newLayout(L)
	var out []byte
	L.Push(vm.LNil) // so what is missing is nil
	arg := 1
	for l.rest != "" {
		option, size, padding := l.next(len(out))
		out = append(out, make([]byte, padding)...)
		switch option {
		case 'b', 'B', 'h', 'H', 'l', 'L', 'T', 'i', 'I':
			arg++
			out = l.putInteger(out, numberArg(L, arg), size)
		case 'x':
			out = append(out, 0)
		case 'f':
			arg++
			out = l.order.(binary.AppendByteOrder).AppendUint32(out, math.Float32bits(float32(numberArg(L, arg))))
		case 'd':
			arg++
			out = l.order.(binary.AppendByteOrder).AppendUint64(out, math.Float64bits(numberArg(L, arg)))
		case 'c', 's':
			arg++
			s := stringArg(L, arg)
			if size == 0 {
				size = len(s)
			}
			if len(s) < size {
				argError(L, arg+1, "string too short") // one too many, as there
			}
			out = append(out, s[:size]...)
			if option == 's' {
				out = append(out, 0)
			}
		default:
			l.control(option)
		}
		checkLength(L, len(out))
	}
	return pushString(L, string(out))
}

func (l *layout) putInteger(out []byte, f float64, size int) []byte {
	v := toUint64(f)
	start := len(out)
	for range size {
		out = append(out, byte(v))
		v >>= 8
	}
	if l.order == binary.BigEndian {
		reverse(out[start:])
	}
	return out
}

func reverse(b []byte) {
	for i, j := 0, len(b)-1; i < j; i, j = i+1, j-1 {
		b[i], b[j] = b[j], b[i]
	}
}

func (l *layout) getInteger(s string, signed bool) float64 {
	b := []byte(s)
	if l.order == binary.LittleEndian {
		reverse(b)
	}
	var v uint64
	for _, c := range b {
		v = v<<8 | uint64(c)
	}
	if !signed {
		return float64(v)
	}
	// C shifts by the number's last six bits.
	mask := ^uint64(0) << (uint(len(s)*8-1) & 63)
	if v&mask != 0 {
		v |= mask
	}
	return float64(int64(v))
}

func structUnpack(L *vm.LState) int {
	l := newLayout(L)
	data := stringArg(L, 2)
	at := optionalInteger(L, 3, 1)
	if at == 0 {
		argError(L, 3, "offset must be 1 or greater")
	}
	if at--; at < 0 {
		at = math.MaxInt // C takes it for a number without a sign
	}
	var results []vm.LValue
	for l.rest != "" {
		option, size, padding := l.next(at)
		at += padding
		room := func() {
			if size > len(data) || at > len(data)-size {
				argError(L, 2, "data string too short")
			}
		}
		room()
		if len(results) > maxResults-10 {
			fail(L, "stack overflow (too many results)")
		}
		var v vm.LValue
		switch option {
		case 'b', 'B', 'h', 'H', 'l', 'L', 'T', 'i', 'I':
			v = vm.LNumber(l.getInteger(data[at:at+size], option >= 'a'))
		case 'x':
		case 'f':
			v = vm.LNumber(math.Float32frombits(l.order.Uint32([]byte(data[at:]))))
		case 'd':
			v = vm.LNumber(math.Float64frombits(l.order.Uint64([]byte(data[at:]))))
		case 'c':
			if size == 0 {
				size, results = previousSize(L, results)
				room()
			}
			v = vm.LString(data[at : at+size])
		case 's':
			end := strings.IndexByte(data[at:], 0)
			if end < 0 {
				fail(L, "unfinished string in data")
			}
			v, size = vm.LString(data[at:at+end]), end+1
		default:
			l.control(option)
		}
		if v != nil {
			results = append(results, v)
		}
		at += size
	}
	for _, v := range results {
		L.Push(v)
	}
	L.Push(vm.LNumber(at + 1))
	return len(results) + 1
}

// previousSize takes the size of a string from the value before it.
func previousSize(L *vm.LState, results []vm.LValue) (size int, rest []vm.LValue) {
	if n := len(results); n > 0 {
		if f, ok := number(results[n-1]); ok {
			size := toInt64(f)
			if size < 0 {
				size = math.MaxInt64
			}
			return int(size), results[:n-1]
		}
	}
	fail(L, "format 'c0' needs a previous size")
	return 0, nil
}

func structSize(L *vm.LState) int {
	l := newLayout(L)
	at := 0
	for l.rest != "" {
		option, size, padding := l.next(at)
		at += padding
		switch {
		case option == 's':
			argError(L, 1, "option 's' has no fixed size")
		case option == 'c' && size == 0:
			argError(L, 1, "option 'c0' has no fixed size")
		case !isAlpha(option) && !isDigit(option):
			l.control(option)
		}
		at += size
	}
	return pushNumber(L, float64(at))
}
