package lua

import (
	"fmt"
	"math"
	"math/bits"

	vm "github.com/yuin/gopher-lua"
)

// bitLibrary is LuaBitOp: numbers are taken modulo 2^32, and results are signed.
var bitLibrary = library{
	"arshift": shift(func(x uint32, n int) uint32 { return uint32(int32(x) >> n) }),
	"band":    combine(func(a, b uint32) uint32 { return a & b }),
	"bnot":    func(L *vm.LState) int { return pushBits(L, ^bitsArg(L, 1)) },
	"bor":     combine(func(a, b uint32) uint32 { return a | b }),
	"bswap":   func(L *vm.LState) int { return pushBits(L, bits.ReverseBytes32(bitsArg(L, 1))) },
	"bxor":    combine(func(a, b uint32) uint32 { return a ^ b }),
	"lshift":  shift(func(x uint32, n int) uint32 { return x << n }),
	"rol":     shift(func(x uint32, n int) uint32 { return bits.RotateLeft32(x, n) }),
	"ror":     shift(func(x uint32, n int) uint32 { return bits.RotateLeft32(x, -n) }),
	"rshift":  shift(func(x uint32, n int) uint32 { return x >> n }),
	"tobit":   func(L *vm.LState) int { return pushBits(L, bitsArg(L, 1)) },
	"tohex":   tohex,
}

// bitsArg rounds a number to an integer, and takes its lower half: what is added moves it to the end
// of the number's bits.
func bitsArg(L *vm.LState, n int) uint32 {
	return uint32(math.Float64bits(numberArg(L, n) + (1<<52 + 1<<51)))
}

func pushBits(L *vm.LState, x uint32) int { return pushNumber(L, float64(int32(x))) }

func shift(f func(x uint32, n int) uint32) vm.LGFunction {
	return func(L *vm.LState) int { return pushBits(L, f(bitsArg(L, 1), int(bitsArg(L, 2)&31))) }
}

func combine(f func(a, b uint32) uint32) vm.LGFunction {
	return func(L *vm.LState) int {
		x := bitsArg(L, 1)
		for i := L.GetTop(); i > 1; i-- {
			x = f(x, bitsArg(L, i))
		}
		return pushBits(L, x)
	}
}

func tohex(L *vm.LState) int {
	x := bitsArg(L, 1)
	n, layout := int32(8), "%08x"
	if L.GetTop() > 1 {
		n = int32(bitsArg(L, 2))
	}
	if n < 0 {
		n, layout = -n, "%08X"
	}
	if n < 0 || n > 8 {
		n = 8
	}
	return pushString(L, fmt.Sprintf(layout, x)[8-n:])
}
