package lua

import (
	"context"
	"strings"

	vm "github.com/yuin/gopher-lua"
)

// libraryChunk is what messages call the text of a library.
const libraryChunk = "user_function"

// Function is one that a library registered.
type Function struct {
	Name        string
	Description string
	Described   bool // the description was given, though it may be empty
	Flags       Flags
}

// Library is a loaded library. It lives in interpreters of its own, since its functions may keep what
// they like in variables of the library. As long as one call ends before the next begins, all are
// served by the same interpreter and see the same variables, as in Redis.
type Library struct {
	Name      string
	Code      string     // as it was given
	Functions []Function // in the order in which they were registered

	proto *vm.FunctionProto
	notes *notes
	calls pool
}

// loading is what a library does while it is loaded: it registers functions, and nothing else.
type loading struct {
	functions []Function
	callbacks map[string]*vm.LFunction
	log       func(level int, text string)
}

// LibraryName is the name that a library gives itself in its first line. The error is an [Error], as of LoadLibrary.
func LibraryName(code []byte) (name string, err error) {
	name, _, err = libraryShebang(string(code))
	return name, err
}

// LoadLibrary compiles a library and runs it, so that it registers its functions. The error is an
// [Error] with the whole of what a client is told. It has as long as ctx gives it; Redis gives it 500 ms.
// log is for redis.log, and may be nil. Whether there is such a library already is the caller's to know.
func (r *Runtime) LoadLibrary(ctx context.Context, code []byte, log func(level int, text string)) (*Library, error) {
	name, body, err := libraryShebang(string(code))
	if err != nil {
		return nil, err
	}
	l := &Library{Name: name, Code: string(code), notes: &notes{chunk: libraryChunk, source: "@" + libraryChunk}}
	if l.proto, err = compileChunk(body, libraryChunk, l.notes); err != nil {
		return nil, Error("ERR Error compiling function: " + err.Error())
	}
	in, load, err := r.open(ctx, l, log)
	if err != nil {
		return nil, err
	}
	if len(load.functions) == 0 {
		return nil, Error("ERR No functions registered")
	}
	l.Functions = load.functions
	l.calls = pool{limit: r.options.Idle, create: func(ctx context.Context) (*interp, error) {
		in, _, err := r.open(ctx, l, nil)
		return in, err
	}}
	l.calls.put(in)
	return l, nil
}

// open makes an interpreter with a library in it.
func (r *Runtime) open(ctx context.Context, l *Library, log func(level int, text string)) (*interp, *loading, error) {
	in := newInterp(r)
	load := &loading{callbacks: map[string]*vm.LFunction{}, log: log}
	in.begin(ctx, nil, l.notes)
	in.load = load
	in.openLoading(r.options)
	in.L.Push(in.L.NewFunctionFromProto(l.proto))
	err := in.L.PCall(0, 0, nil)
	in.L.SetTop(0)
	in.load = nil
	if in.watch.ended || ctx.Err() != nil {
		return nil, nil, Error("ERR Error registering functions: ERR FUNCTION LOAD timeout")
	}
	if err != nil {
		return nil, nil, Error("ERR Error registering functions: " + in.messageOf(in.raised(err)))
	}
	in.functions = load.callbacks
	in.openCalling()
	in.end()
	return in, load, nil
}

// messageOf is the text of what was raised.
func (in *interp) messageOf(object vm.LValue) string {
	t, ok := object.(*vm.LTable)
	if !ok {
		return "ERR " + in.show(object)
	}
	message, ok := text(in.field(t, "err"))
	if !ok {
		message = "ERR unknown error"
	}
	return message
}

// CallFunction calls a function of a library, as [Runtime.Run] runs a script.
func (r *Runtime) CallFunction(ctx context.Context, l *Library, name string, keys, args [][]byte, host Host, proto int, dst []byte) (reply []byte, err error) {
	in, err := l.calls.take(ctx)
	if err != nil {
		if ctx.Err() != nil {
			return dst, l.notes.stopped(ctx, place{})
		}
		return appendError(dst, err.Error()), nil
	}
	in.begin(ctx, host, l.notes)
	params := []vm.LValue{fill(nil, keys), fill(nil, args)}
	reply, err = in.finish(in.functions[name], params, name, proto, dst)
	if in.end() {
		l.calls.put(in)
	}
	return reply, err
}

// register is redis.register_function.
func (in *interp) register(L *vm.LState) int {
	if in.load == nil {
		throw(L, "redis.register_function can only be called on FUNCTION LOAD command")
	}
	var f Function
	var callback *vm.LFunction
	problem := "wrong number of arguments to redis.register_function"
	switch L.GetTop() {
	case 1:
		f, callback, problem = in.namedRegistration(L.Get(1))
	case 2:
		f, callback, problem = positionalRegistration(L.Get(1), L.Get(2))
	}
	if problem == "" {
		problem = in.load.add(f, callback)
	}
	if problem != "" {
		throw(L, problem)
	}
	return 0
}

func (l *loading) add(f Function, callback *vm.LFunction) (problem string) {
	if !isName(f.Name) {
		return "Library names can only contain letters, numbers, or underscores(_) and must be at least one character long"
	}
	if l.callbacks[f.Name] != nil {
		return "Function already exists in the library"
	}
	l.functions = append(l.functions, f)
	l.callbacks[f.Name] = callback
	return ""
}

func positionalRegistration(first, second vm.LValue) (f Function, callback *vm.LFunction, problem string) {
	name, ok := text(first)
	if !ok {
		return f, nil, "first argument to redis.register_function must be a string"
	}
	if callback, ok = second.(*vm.LFunction); !ok {
		return f, nil, "second argument to redis.register_function must be a function"
	}
	f.Name = name
	return f, callback, ""
}

func (in *interp) namedRegistration(v vm.LValue) (f Function, callback *vm.LFunction, problem string) {
	t, ok := v.(*vm.LTable)
	if !ok {
		return f, nil, "calling redis.register_function with a single argument is only applicable to Lua table (representing named arguments)."
	}
	named := false
	t = in.content(t)
	for key, v := t.Next(vm.LNil); key != vm.LNil; key, v = t.Next(key) {
		name, ok := text(key)
		if !ok {
			return f, nil, "named argument key given to redis.register_function is not a string"
		}
		switch strings.ToLower(name) {
		case "function_name":
			if f.Name, named = text(v); !named {
				return f, nil, "function_name argument given to redis.register_function must be a string"
			}
		case "description":
			if f.Description, f.Described = text(v); !f.Described {
				return f, nil, "description argument given to redis.register_function must be a string"
			}
		case "callback":
			if callback, ok = v.(*vm.LFunction); !ok {
				return f, nil, "callback argument given to redis.register_function must be a function"
			}
		case "flags":
			list, ok := v.(*vm.LTable)
			if !ok {
				return f, nil, "flags argument to redis.register_function must be a table representing function flags"
			}
			if f.Flags, ok = flagsOf(in.content(list)); !ok {
				return f, nil, "unknown flag given"
			}
		default:
			return f, nil, "unknown argument given to redis.register_function"
		}
	}
	switch {
	case !named:
		problem = "redis.register_function must get a function name argument"
	case callback == nil:
		problem = "redis.register_function must get a callback argument"
	}
	return f, callback, problem
}

func flagsOf(t *vm.LTable) (flags Flags, ok bool) {
	for i := 1; ; i++ {
		v := t.RawGetInt(i)
		if v == vm.LNil {
			return flags, true
		}
		s, _ := text(v)
		f, ok := flagNamed(strings.ToLower(s)) // only here does case not matter
		if !ok {
			return 0, false
		}
		flags |= f
	}
}
