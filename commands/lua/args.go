package lua

import (
	"fmt"
	"strings"

	vm "github.com/yuin/gopher-lua"
)

// What the functions of the libraries do with their arguments, in the words of Lua 5.1.

// fail raises an error with the place of the caller before its text, as luaL_error does.
func fail(L *vm.LState, format string, args ...any) {
	failAt(L, 1, fmt.Sprintf(format, args...))
}

func failAt(L *vm.LState, level int, message string) {
	L.Error(vm.LString(where(L, level)+message), 0)
}

// where is the place of the function at a level: 0 is the running one, 1 is its caller. It is empty
// when that is not a Lua function.
func where(L *vm.LState, level int) string {
	dbg, ok := L.GetStack(level)
	for !ok {
		// A pcall runs its function in a thread; see coroutines. The relay there and the pcall itself
		// are one function to Lua.
		frames := 0
		for more := true; more; _, more = L.GetStack(frames) {
			frames++
		}
		if L.Parent == nil || !isRelay(L, frames-1) {
			return ""
		}
		L, level = L.Parent, level-frames+1
		dbg, ok = L.GetStack(level)
	}
	if _, err := L.GetInfo("Sl", dbg, vm.LNil); err != nil || dbg.Source == "" || dbg.Source == relayName || dbg.CurrentLine <= 0 {
		return ""
	}
	return fmt.Sprintf("%s:%d: ", dbg.Source, dbg.CurrentLine)
}

// functionName is the name by which the running function was called.
func functionName(L *vm.LState) string {
	dbg, ok := L.GetStack(0)
	if !ok || isRelay(L, 1) {
		return "?"
	}
	if _, err := L.GetInfo("n", dbg, vm.LNil); err != nil {
		return "?"
	}
	if dbg.Name == "" || strings.ContainsAny(dbg.Name[:1], "(<") || strings.HasPrefix(dbg.Name, "main chunk") || dbg.Name == "corountine" {
		return "?"
	}
	return dbg.Name
}

// isRelay says that the function at a level is the one that stands between a pcall and what it calls.
func isRelay(L *vm.LState, level int) bool {
	dbg, ok := L.GetStack(level)
	if !ok {
		return false
	}
	_, err := L.GetInfo("S", dbg, vm.LNil)
	return err == nil && dbg.Source == relayName
}

func argError(L *vm.LState, n int, problem string) {
	fail(L, "bad argument #%d to '%s' (%s)", n, functionName(L), problem)
}

func typeError(L *vm.LState, n int, expected string) {
	got := "no value"
	if n <= L.GetTop() {
		got = L.Get(n).Type().String()
	}
	argError(L, n, expected+" expected, got "+got)
}

// anyArg is luaL_checkany.
func anyArg(L *vm.LState, n int) vm.LValue {
	if n > L.GetTop() {
		argError(L, n, "value expected")
	}
	return L.Get(n)
}

func stringArg(L *vm.LState, n int) string {
	v := L.Get(n)
	if s, ok := v.(vm.LString); ok {
		return string(s)
	}
	s, ok := text(v)
	if !ok {
		typeError(L, n, "string")
	}
	return s
}

func numberArg(L *vm.LState, n int) float64 {
	v := L.Get(n)
	if f, ok := v.(vm.LNumber); ok {
		return float64(f)
	}
	f, ok := number(v)
	if !ok {
		typeError(L, n, "number")
	}
	return f
}

// integerArg is luaL_checkinteger, a ptrdiff_t; intArg is luaL_checkint.
func integerArg(L *vm.LState, n int) int { return int(toInt64(numberArg(L, n))) }
func intArg(L *vm.LState, n int) int     { return toInt(numberArg(L, n)) }

func optionalInteger(L *vm.LState, n, otherwise int) int {
	if L.Get(n) == vm.LNil {
		return otherwise
	}
	return integerArg(L, n)
}

func optionalInt(L *vm.LState, n, otherwise int) int {
	if L.Get(n) == vm.LNil {
		return otherwise
	}
	return intArg(L, n)
}

func optionalString(L *vm.LState, n int, otherwise string) string {
	if L.Get(n) == vm.LNil {
		return otherwise
	}
	return stringArg(L, n)
}

func functionArg(L *vm.LState, n int) *vm.LFunction {
	f, ok := L.Get(n).(*vm.LFunction)
	if !ok {
		typeError(L, n, "function")
	}
	return f
}

// tableArg returns a table as it was given; see interp.content for those that are only a front.
func tableArg(L *vm.LState, n int) *vm.LTable {
	t, ok := L.Get(n).(*vm.LTable)
	if !ok {
		typeError(L, n, "table")
	}
	return t
}

// pushString returns s as the only result.
func pushString(L *vm.LState, s string) int {
	L.Push(vm.LString(s))
	return 1
}

func pushNumber(L *vm.LState, f float64) int {
	L.Push(vm.LNumber(f))
	return 1
}

func pushBool(L *vm.LState, b bool) int {
	L.Push(vm.LBool(b))
	return 1
}
