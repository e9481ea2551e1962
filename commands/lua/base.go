package lua

import (
	"fmt"
	"slices"
	"strings"

	vm "github.com/yuin/gopher-lua"
)

func (in *interp) baseLibrary() library {
	return library{
		"assert":         assert,
		"collectgarbage": collectGarbage,
		"error":          raise,
		"gcinfo":         func(L *vm.LState) int { return pushNumber(L, 0) },
		"getmetatable":   in.getmetatable,
		"ipairs":         in.ipairs(),
		"load":           in.loadFunction,
		"loadstring":     in.loadString,
		"next":           in.next,
		"pairs":          in.pairs(),
		"pcall":          in.pcall,
		"rawequal":       rawequal,
		"rawget":         in.rawget,
		"rawset":         in.rawset,
		"select":         selectValues,
		"setmetatable":   in.setmetatable,
		"tonumber":       tonumber,
		"tostring":       in.tostring,
		"type":           typeOf,
		"unpack":         in.unpack,
		"xpcall":         in.xpcall,
	}
}

func assert(L *vm.LState) int {
	if !vm.LVAsBool(anyArg(L, 1)) {
		fail(L, "%s", optionalString(L, 2, "assertion failed!"))
	}
	return L.GetTop()
}

// collectGarbage lets Go do it: a script that could start a collection would stop all others.
func collectGarbage(L *vm.LState) int {
	option := optionalString(L, 1, "collect")
	switch option {
	case "step":
		return pushBool(L, false)
	case "stop", "restart", "collect", "count", "setpause", "setstepmul":
		return pushNumber(L, 0)
	}
	argError(L, 1, "invalid option '"+option+"'")
	return 0
}

func raise(L *vm.LState) int {
	level := optionalInt(L, 2, 1)
	v := L.Get(1)
	if s, ok := text(v); ok && level > 0 {
		v = vm.LString(where(L, level) + s)
	}
	L.Error(v, 0)
	return 0
}

func (in *interp) getmetatable(L *vm.LState) int {
	meta := in.metatable(anyArg(L, 1))
	if t, ok := meta.(*vm.LTable); ok {
		if guard := in.field(t, "__metatable"); guard != vm.LNil {
			meta = guard
		}
	}
	L.Push(meta)
	return 1
}

func (in *interp) setmetatable(L *vm.LState) int {
	t := tableArg(L, 1)
	meta := L.Get(2)
	if _, ok := meta.(*vm.LTable); !ok && (meta != vm.LNil || L.GetTop() < 2) {
		argError(L, 2, "nil or table expected")
	}
	if old, ok := in.metatable(t).(*vm.LTable); ok && in.field(old, "__metatable") != vm.LNil {
		fail(L, "cannot change a protected metatable")
	}
	in.writable(L, t).Metatable = meta
	L.SetTop(1)
	return 1
}

func (in *interp) next(L *vm.LState) int {
	key, value := in.content(tableArg(L, 1)).Next(L.Get(2))
	L.Push(key)
	if key == vm.LNil {
		return 1
	}
	L.Push(value)
	return 2
}

func (in *interp) pairs() vm.LGFunction {
	next := in.L.NewFunction(in.next)
	return func(L *vm.LState) int {
		t := tableArg(L, 1)
		L.Push(next)
		L.Push(t)
		L.Push(vm.LNil)
		return 3
	}
}

func (in *interp) ipairs() vm.LGFunction {
	step := in.L.NewFunction(func(L *vm.LState) int {
		i := intArg(L, 2) + 1
		v := in.content(tableArg(L, 1)).RawGetInt(i)
		if v == vm.LNil {
			return 0
		}
		L.Push(vm.LNumber(i))
		L.Push(v)
		return 2
	})
	return func(L *vm.LState) int {
		t := tableArg(L, 1)
		L.Push(step)
		L.Push(t)
		L.Push(vm.LNumber(0))
		return 3
	}
}

func rawequal(L *vm.LState) int {
	return pushBool(L, L.RawEqual(anyArg(L, 1), anyArg(L, 2)))
}

func (in *interp) rawget(L *vm.LState) int {
	t := in.content(tableArg(L, 1))
	L.Push(t.RawGet(anyArg(L, 2)))
	return 1
}

func (in *interp) rawset(L *vm.LState) int {
	t := tableArg(L, 1)
	key, value := anyArg(L, 2), anyArg(L, 3)
	L.RawSet(in.writable(L, t), key, value)
	L.SetTop(1)
	return 1
}

func selectValues(L *vm.LState) int {
	top := L.GetTop()
	if s, ok := L.Get(1).(vm.LString); ok && strings.HasPrefix(string(s), "#") {
		return pushNumber(L, float64(top-1))
	}
	n := intArg(L, 1)
	switch {
	case n < 0:
		n += top
	case n > top:
		n = top
	}
	if n < 1 {
		argError(L, 1, "index out of range")
	}
	return top - n
}

func tonumber(L *vm.LState) int {
	base := optionalInt(L, 2, 10)
	if base == 10 {
		if f, ok := number(anyArg(L, 1)); ok {
			return pushNumber(L, f)
		}
		L.Push(vm.LNil)
		return 1
	}
	s := stringArg(L, 1)
	if base < 2 || base > 36 {
		argError(L, 2, "base out of range")
	}
	if f, ok := parseBase(s, base); ok {
		return pushNumber(L, f)
	}
	L.Push(vm.LNil)
	return 1
}

// plainText is how values without a text of their own are shown.
func plainText(v vm.LValue) string {
	switch v := v.(type) {
	case *vm.LUserData:
		if v.Value == nullValue {
			return "userdata: (nil)"
		}
		return fmt.Sprintf("userdata: %p", v)
	default:
		return v.String()
	}
}

func (in *interp) tostring(L *vm.LState) int {
	v := anyArg(L, 1)
	if s, ok := text(v); ok {
		return pushString(L, s)
	}
	if meta, ok := in.metatable(v).(*vm.LTable); ok {
		if f := in.field(meta, "__tostring"); f != vm.LNil {
			L.Push(f)
			L.Push(v)
			L.Call(1, 1)
			return 1
		}
	}
	return pushString(L, plainText(v))
}

func typeOf(L *vm.LState) int { return pushString(L, anyArg(L, 1).Type().String()) }

// maxResults is how many values fit on Lua's stack for one C function.
const maxResults = 8000

func (in *interp) unpack(L *vm.LState) int {
	t := in.content(tableArg(L, 1))
	first := optionalInt(L, 2, 1)
	last := 0
	if L.Get(3) == vm.LNil {
		last = t.Len()
	} else {
		last = intArg(L, 3)
	}
	if first > last {
		return 0
	}
	n := last - first + 1
	if n > maxResults-L.GetTop() {
		fail(L, "too many results to unpack")
	}
	for i := first; i <= last; i++ {
		L.Push(elementOf(t, i))
	}
	return n
}

// elementOf is t[i], wherever the VM keeps it.
func elementOf(t *vm.LTable, i int) vm.LValue {
	if i >= 1 && i < maxArray {
		return t.RawGetInt(i)
	}
	return t.RawGet(vm.LNumber(i))
}

func (in *interp) loadString(L *vm.LState) int {
	code := stringArg(L, 1)
	return in.compile(L, code, optionalString(L, 2, code))
}

// loadFunction joins the pieces that a function returns.
func (in *interp) loadFunction(L *vm.LState) int {
	f := functionArg(L, 1)
	name := optionalString(L, 2, "=(load)")
	var code strings.Builder
	for {
		L.Push(f)
		in.call(L, 0, 1)
		piece := L.Get(-1)
		L.Pop(1)
		s, ok := text(piece)
		if piece != vm.LNil && !ok {
			L.Push(vm.LNil)
			L.Push(vm.LString("reader function must return a string"))
			return 2
		}
		if s == "" {
			break
		}
		checkLength(L, code.Len()+len(s))
		code.WriteString(s)
	}
	return in.compile(L, code.String(), name)
}

func (in *interp) compile(L *vm.LState, code, name string) int {
	n := &notes{chunk: chunkName(name), source: name}
	proto, err := compileChunk(code, n.chunk, n)
	if err != nil {
		L.Push(vm.LNil)
		L.Push(vm.LString(err.Error()))
		return 2
	}
	in.loaded = append(in.loaded, n)
	L.Push(L.NewFunctionFromProto(proto))
	return 1
}

// chunkName is how messages call a chunk: by the name that follows = or @, or by its first line.
func chunkName(name string) string {
	const size = 60
	if name != "" && (name[0] == '=' || name[0] == '@') {
		return name[1:min(len(name), size)]
	}
	line, _, more := strings.Cut(name, "\n")
	const room = size - len(`[string "..."]`) - 1
	if len(line) > room {
		line, more = line[:room], true
	}
	if more {
		line += "..."
	}
	return `[string "` + line + `"]`
}

// errorHandler is a global of Redis's own, which scripts can call.
func (in *interp) errorHandler(L *vm.LState) int {
	t, ok := L.Get(1).(*vm.LTable)
	if !ok {
		t = newTable(0, 3)
		t.RawSetString("err", vm.LString("ERR "+in.show(L.Get(1))))
	}
	in.writable(L, t)
	if place := strings.SplitN(where(L, 1), ":", 3); len(place) == 3 {
		t.RawSetString("source", vm.LString("@"+place[0]))
		line, _ := parseNumber(place[1])
		t.RawSetString("line", vm.LNumber(line))
	}
	L.Push(t)
	return 1
}

// call calls a function from one of ours, through which no coroutine can yield.
func (in *interp) call(L *vm.LState, args, results int) {
	in.inside++
	defer func() { in.inside-- }()
	L.Call(args, results)
}

func valuesFrom(L *vm.LState, first int) []vm.LValue {
	var list []vm.LValue
	for i := first; i <= L.GetTop(); i++ {
		list = append(list, L.Get(i))
	}
	return slices.Clip(list)
}
