package lua

import (
	vm "github.com/yuin/gopher-lua"
)

// An error in the VM closes the upvalues of all functions of its thread, those outside of a pcall too,
// and so parts the variables of the functions that go on from those of their closures. So a pcall runs
// its function in a thread of its own. Such threads are used again while none of them has failed.
type coroutines struct {
	depth   int // threads inside each other
	inside  int // calls of Lua functions by ours
	running []*coroutine
	all     map[*vm.LState]*coroutine
	free    [keptThreads][]*vm.LState // by depth
}

// A coroutine is one that the script made. What the VM keeps of a thread does not tell it from the
// threads of pcalls.
type coroutine struct {
	thread  *vm.LState
	f       *vm.LFunction
	started bool
	dead    bool
	inside  int // as it was when it was resumed
}

const (
	maxThreads  = 199 // inside each other, as in Lua
	keptThreads = 4
)

// relayName is the source of a function that scripts do not see.
const relayName = "=[C]"

func (c *coroutines) end() {
	c.depth, c.inside, c.running, c.all = 0, 0, nil, nil
}

// thread makes one for the next depth. The deeper it is, the fewer calls fit into it, since all that is
// not plain Lua takes room on the one stack of Go as well.
func (in *interp) thread(L *vm.LState, depth int) *vm.LState {
	if depth < keptThreads {
		if kept := in.free[depth]; len(kept) > 0 {
			t := kept[len(kept)-1]
			in.free[depth] = kept[:len(kept)-1]
			return t
		}
	}
	options := L.Options
	L.Options.CallStackSize = max(maxCalls>>(depth+1), 200)
	L.Options.RegistrySize = 128
	L.RemoveContext() // or the new thread would get a context that is never done
	t, _ := L.NewThread()
	L.Options = options
	L.SetContext(in.watch)
	t.SetContext(in.watch)
	return t
}

func (in *interp) keep(t *vm.LState, depth int) {
	if depth < keptThreads && len(in.free[depth]) < 2 {
		t.Dead = false
		in.free[depth] = append(in.free[depth], t)
	}
}

// enter goes one thread deeper.
func (in *interp) enter(L *vm.LState) {
	if in.depth >= maxThreads {
		L.Error(vm.LString("C stack overflow"), 0)
	}
	in.depth++
}

// leave comes back. After the end of the run no pcall goes on.
func (in *interp) leave(L *vm.LState) {
	in.depth--
	if in.watch.ended {
		L.Error(vm.LString(in.watch.Err().Error()), 0)
	}
}

// protected calls f and returns what it returns, or what it raised.
func (in *interp) protected(L *vm.LState, f vm.LValue, args []vm.LValue) (results []vm.LValue, raised vm.LValue) {
	if f.Type() != vm.LTFunction && L.GetMetaField(f, "__call").Type() != vm.LTFunction || isOdd(f) {
		return nil, vm.LString("attempt to call a " + f.Type().String() + " value")
	}
	depth, inside := in.depth, in.inside
	in.enter(L)
	t := in.thread(L, depth)
	in.inside++
	state, err, results := L.Resume(t, t.NewFunctionFromProto(relay), append([]vm.LValue{f}, args...)...)
	in.inside = inside
	in.leave(L)
	switch {
	case err != nil:
		return nil, in.raised(err)
	case state == vm.ResumeYield:
		return nil, vm.LString(cannotYield)
	}
	in.keep(t, depth)
	return results[1:], nil
}

// isOdd says that a value has only the metatable that explains why it cannot be called.
func isOdd(f vm.LValue) bool {
	switch f.Type() {
	case vm.LTFunction, vm.LTTable, vm.LTUserData:
		return false
	}
	return true
}

// relay calls its first argument. The VM can make a thread of a Lua function only, and always returns
// something from it.
var relay = func() *vm.FunctionProto {
	p, err := compileChunk("return function(f, ...) return nil, f(...) end", relayName, nil)
	if err != nil {
		panic(err)
	}
	return p.FunctionPrototypes[0]
}()

func (in *interp) pcall(L *vm.LState) int {
	f := L.Get(1)
	if L.GetTop() == 0 {
		f = vm.LTrue // as Redis's own pcall has it
	}
	results, raised := in.protected(L, f, valuesFrom(L, 2))
	if raised == nil {
		return pushAll(L, vm.LTrue, results)
	}
	// Before Redis 7 errors of commands were strings, and they are to whoever catches them.
	if t, ok := raised.(*vm.LTable); ok {
		if s, ok := text(in.field(t, "err")); ok {
			raised = vm.LString(s)
		}
	}
	return pushAll(L, vm.LFalse, []vm.LValue{raised})
}

func (in *interp) xpcall(L *vm.LState) int {
	if L.GetTop() < 2 {
		argError(L, 2, "value expected")
	}
	handler := L.Get(2)
	results, raised := in.protected(L, L.Get(1), nil)
	if raised == nil {
		return pushAll(L, vm.LTrue, results)
	}
	results, again := in.protected(L, handler, []vm.LValue{raised})
	if again != nil {
		results = []vm.LValue{vm.LString("error in error handling")}
	}
	return pushAll(L, vm.LFalse, results[:min(1, len(results))])
}

func pushAll(L *vm.LState, first vm.LValue, rest []vm.LValue) int {
	L.Push(first)
	for _, v := range rest {
		L.Push(v)
	}
	return 1 + len(rest)
}

func (in *interp) coroutineLibrary() library {
	return library{
		"create":  in.coCreate,
		"resume":  in.coResume,
		"running": in.coRunning,
		"status":  in.coStatus,
		"wrap":    in.coWrap,
		"yield":   in.coYield,
	}
}

func (in *interp) newCoroutine(L *vm.LState) *coroutine {
	f, ok := L.Get(1).(*vm.LFunction)
	if !ok || f.IsG {
		argError(L, 1, "Lua function expected")
	}
	c := &coroutine{thread: in.thread(L, max(in.depth, keptThreads)), f: f}
	if in.all == nil {
		in.all = map[*vm.LState]*coroutine{}
	}
	in.all[c.thread] = c
	return c
}

func (in *interp) coroutineArg(L *vm.LState) *coroutine {
	if t, ok := L.Get(1).(*vm.LState); ok {
		if c := in.all[t]; c != nil {
			return c
		}
	}
	argError(L, 1, "coroutine expected")
	return nil
}

func (in *interp) coCreate(L *vm.LState) int {
	L.Push(in.newCoroutine(L).thread)
	return 1
}

func (in *interp) coWrap(L *vm.LState) int {
	c := in.newCoroutine(L)
	L.Push(L.NewFunction(func(L *vm.LState) int {
		results, raised := in.resume(L, c, valuesFrom(L, 1))
		if raised != nil {
			if s, ok := text(raised); ok {
				raised = vm.LString(where(L, 1) + s)
			}
			L.Error(raised, 0)
		}
		for _, v := range results {
			L.Push(v)
		}
		return len(results)
	}))
	return 1
}

func (in *interp) coResume(L *vm.LState) int {
	c := in.coroutineArg(L)
	results, raised := in.resume(L, c, valuesFrom(L, 2))
	if raised != nil {
		return pushAll(L, vm.LFalse, []vm.LValue{raised})
	}
	return pushAll(L, vm.LTrue, results)
}

func (in *interp) resume(L *vm.LState, c *coroutine, args []vm.LValue) (results []vm.LValue, raised vm.LValue) {
	if status := in.status(c); status != "suspended" {
		return nil, vm.LString("cannot resume " + status + " coroutine")
	}
	in.enter(L)
	inside := in.inside
	c.inside = inside
	c.started = true
	in.running = append(in.running, c)
	state, err, results := L.Resume(c.thread, c.f, args...)
	in.running = in.running[:len(in.running)-1]
	in.inside = inside
	in.leave(L)
	c.dead = state != vm.ResumeYield
	if err != nil {
		return nil, in.raised(err)
	}
	return results, nil
}

func (in *interp) status(c *coroutine) string {
	if c.dead {
		return "dead"
	}
	for i, r := range in.running {
		if r == c && i == len(in.running)-1 {
			return "running"
		} else if r == c {
			return "normal"
		}
	}
	return "suspended"
}

func (in *interp) coStatus(L *vm.LState) int {
	return pushString(L, in.status(in.coroutineArg(L)))
}

func (in *interp) coRunning(L *vm.LState) int {
	if n := len(in.running); n > 0 {
		L.Push(in.running[n-1].thread)
	} else {
		L.Push(vm.LNil)
	}
	return 1
}

const cannotYield = "attempt to yield across metamethod/C-call boundary"

func (in *interp) coYield(L *vm.LState) int {
	n := len(in.running)
	if n == 0 || in.running[n-1].thread != L || in.running[n-1].inside != in.inside {
		L.Error(vm.LString(cannotYield), 0)
	}
	return -1
}
