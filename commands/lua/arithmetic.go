package lua

import (
	"math"

	vm "github.com/yuin/gopher-lua"
)

// The VM takes "010" for eight and "1_0" for ten when it is to calculate with a string. It asks the
// metatable of strings first, though, where these functions calculate as Lua does.
var arithmetics = library{
	"__add": operation("__add", func(a, b float64) float64 { return a + b }),
	"__sub": operation("__sub", func(a, b float64) float64 { return a - b }),
	"__mul": operation("__mul", func(a, b float64) float64 { return a * b }),
	"__div": operation("__div", func(a, b float64) float64 { return a / b }),
	"__mod": operation("__mod", modulo),
	"__pow": operation("__pow", math.Pow),
	"__unm": operation("__unm", func(a, _ float64) float64 { return -a }),
}

func modulo(a, b float64) float64 { return a - math.Floor(a/b)*b }

func operation(event string, calculate func(a, b float64) float64) vm.LGFunction {
	return func(L *vm.LState) int {
		left, right := L.Get(1), L.Get(2)
		if event == "__unm" {
			right = left
		}
		a, ok1 := number(left)
		b, ok2 := number(right)
		if ok1 && ok2 {
			return pushNumber(L, calculate(a, b))
		}
		for _, v := range []vm.LValue{left, right} {
			if _, isString := v.(vm.LString); isString {
				continue
			}
			if f := L.GetMetaField(v, event); f.Type() == vm.LTFunction {
				L.Push(f)
				L.Push(left)
				L.Push(right)
				L.Call(2, 1)
				return 1
			}
		}
		wrong := left
		if ok1 {
			wrong = right
		}
		fail(L, "attempt to perform arithmetic on a %s value", wrong.Type())
		return 0
	}
}
