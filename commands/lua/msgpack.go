package lua

import (
	"encoding/binary"
	"math"

	vm "github.com/yuin/gopher-lua"
)

// cmsgpack, as far as lua-cmsgpack 0.4 goes: there are no binary strings and no extensions.
var msgpackConstants = map[string]vm.LValue{
	"_NAME":        vm.LString("cmsgpack"),
	"_VERSION":     vm.LString("lua-cmsgpack 0.4.0"),
	"_COPYRIGHT":   vm.LString("Copyright (C) 2012, Salvatore Sanfilippo"),
	"_DESCRIPTION": vm.LString("MessagePack C implementation for Lua"),
}

func (in *interp) msgpackLibrary() library {
	return library{
		"pack": in.msgpackPack,
		"unpack": func(L *vm.LState) int {
			return in.msgpackUnpack(L, 0, 0)
		},
		"unpack_limit": func(L *vm.LState) int {
			return in.msgpackUnpack(L, intArg(L, 2), optionalInt(L, 3, 0))
		},
		"unpack_one": func(L *vm.LState) int {
			return in.msgpackUnpack(L, 1, optionalInt(L, 2, 0))
		},
	}
}

// maxMsgpackDepth is where tables become nil.
const maxMsgpackDepth = 16

type packer struct {
	in  *interp
	L   *vm.LState
	out []byte
}

func (in *interp) msgpackPack(L *vm.LState) int {
	n := L.GetTop()
	if n == 0 {
		argError(L, 0, "MessagePack pack needs input.")
	}
	p := packer{in: in, L: L}
	for i := 1; i <= n; i++ {
		p.value(L.Get(i), 0)
	}
	return pushString(L, string(p.out))
}

func (p *packer) value(v vm.LValue, depth int) {
	checkLength(p.L, len(p.out))
	switch v := v.(type) {
	case vm.LString:
		p.length(len(v), 0xa0, 31, 0xd9)
		p.out = append(p.out, v...)
	case vm.LBool:
		if v {
			p.out = append(p.out, 0xc3)
		} else {
			p.out = append(p.out, 0xc2)
		}
	case vm.LNumber:
		p.number(float64(v))
	case *vm.LTable:
		if depth == maxMsgpackDepth {
			p.out = append(p.out, 0xc0)
			return
		}
		p.table(p.in.content(v), depth)
	default:
		p.out = append(p.out, 0xc0)
	}
}

// length appends the kind and length of something, in as few bytes as may be. Kinds with a length of
// 16 bits follow the one with 8, if that is not zero.
func (p *packer) length(n int, short byte, most int, long byte) {
	switch {
	case n <= most:
		p.out = append(p.out, short|byte(n))
	case n <= math.MaxUint8 && long == 0xd9:
		p.out = append(p.out, long, byte(n))
	case n <= math.MaxUint16:
		if long == 0xd9 {
			long++
		}
		p.out = binary.BigEndian.AppendUint16(append(p.out, long), uint16(n))
	default:
		if long == 0xd9 {
			long++
		}
		p.out = binary.BigEndian.AppendUint32(append(p.out, long+1), uint32(n))
	}
}

func (p *packer) number(f float64) {
	if i := toInt64(f); float64(i) == f && !math.IsInf(f, 0) {
		p.integer(i)
		return
	}
	if float64(float32(f)) == f {
		p.out = binary.BigEndian.AppendUint32(append(p.out, 0xca), math.Float32bits(float32(f)))
		return
	}
	p.out = binary.BigEndian.AppendUint64(append(p.out, 0xcb), math.Float64bits(f))
}

func (p *packer) integer(i int64) {
	order := binary.BigEndian
	switch {
	case i >= 0 && i <= 127, i < 0 && i >= -32:
		p.out = append(p.out, byte(i))
	case i >= 0 && i <= math.MaxUint8:
		p.out = append(p.out, 0xcc, byte(i))
	case i >= 0 && i <= math.MaxUint16:
		p.out = order.AppendUint16(append(p.out, 0xcd), uint16(i))
	case i >= 0 && i <= math.MaxUint32:
		p.out = order.AppendUint32(append(p.out, 0xce), uint32(i))
	case i >= 0:
		p.out = order.AppendUint64(append(p.out, 0xcf), uint64(i))
	case i >= math.MinInt8:
		p.out = append(p.out, 0xd0, byte(i))
	case i >= math.MinInt16:
		p.out = order.AppendUint16(append(p.out, 0xd1), uint16(i))
	case i >= math.MinInt32:
		p.out = order.AppendUint32(append(p.out, 0xd2), uint32(i))
	default:
		p.out = order.AppendUint64(append(p.out, 0xd3), uint64(i))
	}
}

func (p *packer) table(t *vm.LTable, depth int) {
	count, isArray := 0, true
	most := 0.0
	for key, _ := t.Next(vm.LNil); key != vm.LNil; key, _ = t.Next(key) {
		f, ok := key.(vm.LNumber)
		isArray = isArray && ok && f > 0 && float64(int32(toInt64(float64(f)))) == float64(f)
		most = max(most, float64(f))
		if count++; count&0xffff == 0 {
			p.in.check(p.L)
		}
	}
	if isArray && int(most) == count {
		p.length(count, 0x90, 15, 0xdc)
		for i := 1; i <= count; i++ {
			p.value(elementOf(t, i), depth+1)
		}
		return
	}
	p.length(count, 0x80, 15, 0xde)
	for key, v := t.Next(vm.LNil); key != vm.LNil; key, v = t.Next(key) {
		p.value(key, depth+1)
		p.value(v, depth+1)
	}
}

// unpacker reads values.
type unpacker struct {
	in    *interp
	L     *vm.LState
	rest  string
	steps int
}

func (in *interp) msgpackUnpack(L *vm.LState, limit, offset int) int {
	s := stringArg(L, 1)
	if offset < 0 || limit < 0 {
		fail(L, "Invalid request to unpack with offset of %d and limit of %d.", offset, limit)
	}
	if offset > len(s) {
		fail(L, "Start offset %d greater than input length %d.", offset, len(s))
	}
	all := limit == 0
	if all {
		limit = math.MaxInt32
	}
	u := unpacker{in: in, L: L, rest: s[offset:]}
	var results []vm.LValue
	for ; u.rest != "" && len(results) < limit; u.steps++ {
		if len(results) >= maxResults-10 {
			fail(L, "stack overflow (too many return values at once; use unpack_one or unpack_limit instead.)")
		}
		results = append(results, u.value(1))
	}
	n := len(results)
	if !all {
		at := -1
		if u.rest != "" {
			at = len(s) - len(u.rest)
		}
		L.Push(vm.LNumber(at))
		n++
	}
	for _, v := range results {
		L.Push(v)
	}
	return n
}

func (u *unpacker) take(n int) string {
	if n > len(u.rest) {
		fail(u.L, "Missing bytes in input.")
	}
	s := u.rest[:n]
	u.rest = u.rest[n:]
	return s
}

// uint reads a big-endian number.
func (u *unpacker) uint(size int) (n uint64) {
	for _, b := range []byte(u.take(size)) {
		n = n<<8 | uint64(b)
	}
	return n
}

func (u *unpacker) value(depth int) vm.LValue {
	if u.steps++; u.steps&0xffff == 0 {
		u.in.check(u.L)
	}
	c := u.take(1)[0]
	switch {
	case c <= 0x7f, c >= 0xe0:
		return vm.LNumber(int8(c))
	case c >= 0xa0 && c <= 0xbf:
		return vm.LString(u.take(int(c & 31)))
	case c >= 0x90 && c <= 0x9f:
		return u.array(int(c&15), depth)
	case c <= 0x8f:
		return u.table(int(c&15), depth)
	}
	switch c {
	case 0xc0:
		return vm.LNil
	case 0xc2:
		return vm.LFalse
	case 0xc3:
		return vm.LTrue
	case 0xca:
		return vm.LNumber(math.Float32frombits(uint32(u.uint(4))))
	case 0xcb:
		return vm.LNumber(math.Float64frombits(u.uint(8)))
	case 0xcc, 0xcd, 0xce, 0xcf:
		return vm.LNumber(u.uint(1 << (c - 0xcc)))
	case 0xd0:
		return vm.LNumber(int8(u.uint(1)))
	case 0xd1:
		return vm.LNumber(int16(u.uint(2)))
	case 0xd2:
		return vm.LNumber(int32(u.uint(4)))
	case 0xd3:
		return vm.LNumber(int64(u.uint(8)))
	case 0xd9, 0xda, 0xdb:
		return vm.LString(u.take(int(u.uint(1 << (c - 0xd9)))))
	case 0xdc, 0xdd:
		return u.array(int(u.uint(2<<(c-0xdc))), depth)
	case 0xde, 0xdf:
		return u.table(int(u.uint(2<<(c-0xde))), depth)
	}
	fail(u.L, "Bad data format in input.")
	return nil
}

func (u *unpacker) descend(depth int, what string) {
	if depth > maxStack/3 {
		fail(u.L, "stack overflow (in function mp_decode_to_lua_%s)", what)
	}
}

func (u *unpacker) array(n, depth int) vm.LValue {
	u.descend(depth, "array")
	t := newTable(min(n, len(u.rest)), 0)
	for i := 1; i <= n; i++ {
		t.RawSetInt(i, u.value(depth+1))
	}
	return t
}

func (u *unpacker) table(n, depth int) vm.LValue {
	u.descend(depth, "hash")
	t := newTable(0, 0)
	for range n {
		key := u.value(depth + 1)
		v := u.value(depth + 1)
		if f, ok := key.(vm.LNumber); ok && math.IsNaN(float64(f)) {
			u.L.Error(vm.LString("table index is NaN"), 0)
		} else if key == vm.LNil {
			u.L.Error(vm.LString("table index is nil"), 0)
		}
		t.RawSet(key, v)
	}
	return t
}
