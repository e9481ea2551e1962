package lua

import (
	"strings"

	vm "github.com/yuin/gopher-lua"
)

// library is what a global table holds.
type library map[string]vm.LGFunction

// openGlobals makes all that a script sees.
func (in *interp) openGlobals(o Options) {
	in.globals = newTable(0, 64)
	in.behind = map[*vm.LTable]*vm.LTable{}
	in.refuse = in.L.NewFunction(func(L *vm.LState) int { fail(L, readonly); return 0 })
	in.json = newJSONConfig()

	in.front = in.protect(in.globals)
	in.L.Env, in.L.G.Global = in.front, in.front
	in.L.G.MainThread, in.L.G.CurrentThread = in.L, in.L
	in.globalsMeta = newTable(0, 1)
	in.globalsMeta.RawSetString("__index", in.L.NewFunction(noSuchGlobal))
	in.globals.Metatable = in.globalsMeta
	in.globalsMeta = in.protect(in.globalsMeta)

	in.globals.RawSetString("_G", in.front)
	in.globals.RawSetString("_VERSION", vm.LString(vm.LuaVersion))
	in.set(in.globals, in.baseLibrary())
	in.set(in.globals, library{"__redis__err__handler": in.errorHandler})
	in.add("string", in.stringLibrary(), nil)
	in.add("table", in.tableLibrary(), nil)
	in.add("math", in.mathLibrary(), mathConstants)
	in.add("coroutine", in.coroutineLibrary(), nil)
	in.add("bit", bitLibrary, nil)
	in.add("struct", in.structLibrary(), nil)
	in.add("cmsgpack", in.msgpackLibrary(), msgpackConstants)
	in.add("cjson", in.jsonLibrary(in.json), jsonConstants)
	in.add("redis", in.redisLibrary(), redisConstants(o))
	in.openMetatables()
}

func (in *interp) set(t *vm.LTable, l library) {
	for name, f := range l {
		t.RawSetString(name, in.L.NewFunction(f))
	}
}

// openLoading leaves a library that is being loaded with nothing but what it needs to register its
// functions. The variables that they are to see come back with openCalling.
func (in *interp) openLoading(o Options) {
	missing := newTable(0, 1)
	missing.RawSetString("__index", in.L.NewFunction(noSuchGlobal))
	redis := newTable(0, 8)
	redis.Metatable = missing
	in.set(redis, library{"log": in.log, "register_function": in.register})
	for name, v := range redisConstants(o) {
		if !strings.HasPrefix(name, "REPL_") {
			redis.RawSetString(name, v)
		}
	}
	content := newTable(0, 1)
	content.Metatable = missing
	content.RawSetString("redis", in.protect(redis))
	in.setContent(in.front, content)
}

func (in *interp) openCalling() {
	in.setContent(in.front, in.globals)
	redis := in.behind[in.globals.RawGetString("redis").(*vm.LTable)]
	for _, name := range []string{"breakpoint", "debug", "replicate_commands"} {
		redis.RawSetString(name, vm.LNil)
	}
}

// add makes a read-only global table.
func (in *interp) add(name string, l library, constants map[string]vm.LValue) {
	t := newTable(0, len(l)+len(constants))
	in.set(t, l)
	for key, v := range constants {
		t.RawSetString(key, v)
	}
	in.globals.RawSetString(name, in.protect(t))
}

func noSuchGlobal(L *vm.LState) int {
	name, ok := text(L.Get(2))
	if !ok {
		fail(L, "Second argument to luaProtectedTableError must be a string or number")
	}
	fail(L, "Script attempted to access nonexistent global variable '%s'", name)
	return 0
}

// openMetatables makes strings have methods and do arithmetic as in Lua, and all other types explain
// themselves in its words when they are used as what they are not.
func (in *interp) openMetatables() {
	L := in.L
	methods := in.globals.RawGetString("string").(*vm.LTable)
	meta := newTable(0, 10)
	meta.RawSetString("__index", in.behind[methods])
	in.set(meta, arithmetics)
	in.set(meta, library{"__call": wrongType("call")})
	L.SetMetatable(vm.LString(""), meta)
	seen := newTable(0, 1)
	seen.RawSetString("__index", methods)
	in.stringMeta = in.protect(seen)

	odd := newTable(0, 3)
	in.set(odd, library{
		"__call": wrongType("call"),
		"__len":  wrongType("get length of"),
		"__unm":  wrongType("perform arithmetic on"),
	})
	L.SetMetatable(vm.LNil, odd)
	L.SetMetatable(vm.LTrue, odd)
	L.SetMetatable(vm.LNumber(0), odd)
	L.SetMetatable(L, odd)
	functions := newTable(0, 2)
	functions.RawSetString("__len", odd.RawGetString("__len"))
	functions.RawSetString("__unm", odd.RawGetString("__unm"))
	L.SetMetatable(in.refuse, functions)
}

func wrongType(act string) vm.LGFunction {
	return func(L *vm.LState) int {
		fail(L, "attempt to %s a %s value", act, L.Get(1).Type())
		return 0
	}
}
