package commands

import (
	"context"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"switchyard/backends/rdb"
	"switchyard/commands/lua"
)

// Functions are the functions that clients can call. They belong to the active backend, which keeps the code of their
// libraries; here they are ready to run.
type Functions struct {
	runtime *lua.Runtime
	now     atomic.Pointer[Libraries]

	mu sync.Mutex // one change at a time
}

// NewFunctions makes a set without any.
func NewFunctions(r *lua.Runtime) *Functions {
	f := &Functions{runtime: r}
	f.now.Store(&Libraries{})
	return f
}

// Now is the set at this moment.
func (f *Functions) Now() *Libraries { return f.now.Load() }

// Change puts in the place of the set what edit makes of it. No other change happens meanwhile, and none at all when edit
// fails.
func (f *Functions) Change(edit func(old *Libraries) (*Libraries, error)) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	l, err := edit(f.Now())
	if err == nil {
		f.now.Store(l)
	}
	return err
}

// loadTime is how long a new library may take to register its functions, as in Redis.
const loadTime = 500 * time.Millisecond

// accept makes a library of code that a client gives.
func (f *Functions) accept(ctx context.Context, code []byte, log func(level int, text string)) (*library, error) {
	ctx, cancel := context.WithTimeout(ctx, loadTime)
	defer cancel()
	return f.load(ctx, code, log)
}

func (f *Functions) load(ctx context.Context, code []byte, log func(level int, text string)) (*library, error) {
	l, err := f.runtime.LoadLibrary(ctx, code, log)
	if err != nil {
		return nil, Error(err.Error())
	}
	return &library{name: l.Name, code: l.Code, loaded: l}, nil
}

// Read makes a set of what a backend has kept, in the time that ctx gives it: what was accepted once is not lost because the
// machine is busy now. A library that cannot be loaded, because another version of this program or of Redis accepted it,
// stays there without functions: failed is told of it.
func (f *Functions) Read(ctx context.Context, payload []byte, failed func(name string, err error)) (*Libraries, error) {
	set := &Libraries{}
	if len(payload) == 0 {
		return set, nil
	}
	codes, err := rdb.Libraries(payload)
	if err != nil {
		return nil, err
	}
	for _, code := range codes {
		l, err := f.load(ctx, []byte(code), nil)
		next := set
		if err == nil {
			next, err = set.with(l, false)
		}
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		if err != nil {
			name, _ := lua.LibraryName([]byte(code))
			failed(name, err)
			next = set.kept(&library{name: name, code: code})
		}
		set = next
	}
	return set, nil
}

// Libraries is a set of libraries. It does not change.
type Libraries struct {
	list      []*library          // in the order in which they came
	functions map[string]function // by name in lower case, which does not matter to who calls
}

type library struct {
	name, code string
	loaded     *lua.Library // nil: it cannot be loaded
}

// function is one that can be called.
type function struct {
	lua.Function
	library *lua.Library
}

// Len is how many libraries there are, and how many functions.
func (l *Libraries) Len() (libraries, functions int) { return len(l.list), len(l.functions) }

// Payload is what a backend keeps of the libraries: nothing when there are none.
func (l *Libraries) Payload() []byte {
	if len(l.list) == 0 {
		return nil
	}
	return l.dump()
}

func (l *Libraries) dump() []byte {
	codes := make([]string, len(l.list))
	for i, x := range l.list {
		codes[i] = x.code
	}
	return rdb.DumpLibraries(codes)
}

// function finds the one that a call names.
func (l *Libraries) function(name []byte) (f function, ok bool) {
	if f, ok = l.functions[string(name)]; !ok {
		f, ok = l.functions[strings.ToLower(string(name))]
	}
	return f, ok
}

func (l *Libraries) has(name string) bool {
	return slices.ContainsFunc(l.list, func(x *library) bool { return x.name == name })
}

// with adds a library. One of its name is in the way, unless it is to be replaced, and so is a function of the same name in
// another one.
func (l *Libraries) with(added *library, replace bool) (*Libraries, error) {
	if l.has(added.name) {
		if !replace {
			return nil, libraryExists(added.name)
		}
		l = l.without(added.name)
	}
	if added.loaded != nil {
		for _, f := range added.loaded.Functions {
			if _, taken := l.functions[strings.ToLower(f.Name)]; taken {
				return nil, functionExists(f.Name)
			}
		}
	}
	return l.kept(added), nil
}

// Merged adds all libraries of another set, whose own replace those of the same name.
func (l *Libraries) Merged(others *Libraries) (*Libraries, error) { return l.merged(others, true) }

func (l *Libraries) merged(others *Libraries, replace bool) (*Libraries, error) {
	base := l
	if replace { // before any is added: the functions of one may have moved to another
		for _, x := range others.list {
			base = base.without(x.name)
		}
	}
	for _, x := range others.list {
		if base.has(x.name) {
			return nil, libraryTaken(x.name)
		}
		var err error
		if base, err = base.with(x, false); err != nil {
			return nil, err
		}
	}
	return base, nil
}

// kept is with, when nothing is in the way.
func (l *Libraries) kept(added *library) *Libraries {
	return newLibraries(append(slices.Clip(l.list), added))
}

func (l *Libraries) without(name string) *Libraries {
	return newLibraries(slices.DeleteFunc(slices.Clone(l.list), func(x *library) bool { return x.name == name }))
}

func newLibraries(list []*library) *Libraries {
	l := &Libraries{list: list, functions: map[string]function{}}
	for _, x := range list {
		if x.loaded == nil {
			continue
		}
		for _, f := range x.loaded.Functions {
			l.functions[strings.ToLower(f.Name)] = function{f, x.loaded}
		}
	}
	return l
}
