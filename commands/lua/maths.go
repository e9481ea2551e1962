package lua

import (
	"math"
	"sync/atomic"

	vm "github.com/yuin/gopher-lua"
)

var mathConstants = map[string]vm.LValue{
	"pi":   vm.LNumber(math.Pi),
	"huge": vm.LNumber(math.Inf(1)),
}

// ofOne makes a library function of a mathematical one.
func ofOne(f func(float64) float64) vm.LGFunction {
	return func(L *vm.LState) int { return pushNumber(L, f(numberArg(L, 1))) }
}

func ofTwo(f func(a, b float64) float64) vm.LGFunction {
	return func(L *vm.LState) int { return pushNumber(L, f(numberArg(L, 1), numberArg(L, 2))) }
}

func (in *interp) mathLibrary() library {
	const degree = math.Pi / 180
	return library{
		"abs":   ofOne(math.Abs),
		"acos":  ofOne(math.Acos),
		"asin":  ofOne(math.Asin),
		"atan":  ofOne(math.Atan),
		"atan2": ofTwo(math.Atan2),
		"ceil":  ofOne(math.Ceil),
		"cos":   ofOne(math.Cos),
		"cosh":  ofOne(math.Cosh),
		"deg":   ofOne(func(f float64) float64 { return f / degree }),
		"exp":   ofOne(math.Exp),
		"floor": ofOne(math.Floor),
		"fmod":  ofTwo(math.Mod),
		"frexp": func(L *vm.LState) int {
			fraction, exponent := math.Frexp(numberArg(L, 1))
			L.Push(vm.LNumber(fraction))
			L.Push(vm.LNumber(exponent))
			return 2
		},
		"ldexp": func(L *vm.LState) int { return pushNumber(L, math.Ldexp(numberArg(L, 1), intArg(L, 2))) },
		"log":   ofOne(math.Log),
		"log10": ofOne(math.Log10),
		"max":   extreme(func(a, b float64) bool { return a > b }),
		"min":   extreme(func(a, b float64) bool { return a < b }),
		"mod":   ofTwo(math.Mod),
		"modf":  modf,
		"pow":   ofTwo(math.Pow),
		"rad":   ofOne(func(f float64) float64 { return f * degree }),
		"random": func(L *vm.LState) int {
			return in.random.next(L)
		},
		"randomseed": func(L *vm.LState) int {
			in.seed(intArg(L, 1))
			return 0
		},
		"sin":  ofOne(math.Sin),
		"sinh": ofOne(math.Sinh),
		"sqrt": ofOne(math.Sqrt),
		"tan":  ofOne(math.Tan),
		"tanh": ofOne(math.Tanh),
	}
}

func extreme(better func(a, b float64) bool) vm.LGFunction {
	return func(L *vm.LState) int {
		best := numberArg(L, 1)
		for i := 2; i <= L.GetTop(); i++ {
			if f := numberArg(L, i); better(f, best) {
				best = f
			}
		}
		return pushNumber(L, best)
	}
}

func modf(L *vm.LState) int {
	f := numberArg(L, 1)
	whole, fraction := math.Modf(f)
	if math.IsInf(f, 0) {
		fraction = math.Copysign(0, f)
	}
	L.Push(vm.LNumber(whole))
	L.Push(vm.LNumber(fraction))
	return 2
}

// random is the generator of POSIX's lrand48, as Redis has it. As there, all scripts take their numbers
// from one row, which is the same after each start; but after math.randomseed a run has a row of
// its own.
type random struct {
	shared *atomic.Uint64
	own    uint64
	seeded bool
}

// firstRandom is where lrand48 begins without a seed.
const firstRandom = 0x1234abcd330e

func (r *random) seed(n int) { r.own, r.seeded = uint64(uint32(n))<<16|0x330e, true }

func following(state uint64) uint64 { return (state*0x5deece66d + 0xb) & (1<<48 - 1) }

func (r *random) state() uint64 {
	if r.seeded {
		r.own = following(r.own)
		return r.own
	}
	for {
		old := r.shared.Load()
		if state := following(old); r.shared.CompareAndSwap(old, state) {
			return state
		}
	}
}

func (r *random) next(L *vm.LState) int {
	const most = math.MaxInt32
	f := float64(r.state()>>17%most) / most
	switch L.GetTop() {
	case 0:
		return pushNumber(L, f)
	case 1:
		high := intArg(L, 1)
		if high < 1 {
			argError(L, 1, "interval is empty")
		}
		return pushNumber(L, math.Floor(f*float64(high))+1)
	case 2:
		low, high := intArg(L, 1), intArg(L, 2)
		if low > high {
			argError(L, 2, "interval is empty")
		}
		return pushNumber(L, math.Floor(f*float64(int32(high-low+1)))+float64(low))
	}
	fail(L, "wrong number of arguments")
	return 0
}
