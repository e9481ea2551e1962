package lua

import (
	vm "github.com/yuin/gopher-lua"
)

// Redis makes the globals and the tables of the libraries read-only. The VM has no such tables, so
// scripts get an empty one instead, a front, whose metatable finds what is in the real one and refuses
// to set anything. The functions that look past metatables (next, rawset and so on) are ours and know
// the fronts.
type protection struct {
	front   *vm.LTable // _G, as scripts see it
	globals *vm.LTable // what is in it
	behind  map[*vm.LTable]*vm.LTable
	refuse  *vm.LFunction

	// What getmetatable shows of _G and of a string.
	globalsMeta, stringMeta *vm.LTable
}

const readonly = "Attempt to modify a readonly table"

// protect makes the front of a table.
func (in *interp) protect(content *vm.LTable) *vm.LTable {
	meta := newTable(0, 2)
	meta.RawSetString("__index", content)
	meta.RawSetString("__newindex", in.refuse)
	front := newTable(0, 0)
	front.Metatable = meta
	in.behind[front] = content
	return front
}

// setContent puts another table behind a front.
func (in *interp) setContent(front, content *vm.LTable) {
	front.Metatable.(*vm.LTable).RawSetString("__index", content)
	in.behind[front] = content
}

// content is the table with the elements of t, for reading.
func (in *interp) content(t *vm.LTable) *vm.LTable {
	if t.Metatable == vm.LNil {
		return t
	}
	if content, ok := in.behind[t]; ok {
		return content
	}
	return t
}

// writable returns t, and raises an error when it is a front.
func (in *interp) writable(L *vm.LState, t *vm.LTable) *vm.LTable {
	if t.Metatable != vm.LNil && in.behind[t] != nil {
		L.Error(vm.LString(readonly), 0)
	}
	return t
}

// metatable is what getmetatable shows of a value: nothing of what this package added.
func (in *interp) metatable(v vm.LValue) vm.LValue {
	switch v := v.(type) {
	case *vm.LTable:
		if _, ok := in.behind[v]; !ok {
			return v.Metatable
		}
		if v == in.front {
			return in.globalsMeta
		}
	case *vm.LUserData:
		return v.Metatable
	case vm.LString:
		return in.stringMeta
	}
	return vm.LNil
}

// field is t[name], with metatables and with any error taken for nil.
func (in *interp) field(t *vm.LTable, name string) vm.LValue {
	return in.content(t).RawGetString(name)
}
