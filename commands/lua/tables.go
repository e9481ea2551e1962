package lua

import (
	"strings"

	vm "github.com/yuin/gopher-lua"
)

func (in *interp) tableLibrary() library {
	return library{
		"concat":   in.tableConcat,
		"foreach":  in.tableForeach,
		"foreachi": in.tableForeachi,
		"getn":     func(L *vm.LState) int { return pushNumber(L, float64(in.content(tableArg(L, 1)).Len())) },
		"insert":   in.tableInsert,
		"maxn":     in.tableMaxn,
		"remove":   in.tableRemove,
		"setn":     func(L *vm.LState) int { tableArg(L, 1); fail(L, "'setn' is obsolete"); return 0 },
		"sort":     in.tableSort,
	}
}

func (in *interp) tableConcat(L *vm.LState) int {
	t := in.content(tableArg(L, 1))
	separator := optionalString(L, 2, "")
	first := optionalInt(L, 3, 1)
	last := 0
	if L.Get(4) == vm.LNil {
		last = t.Len()
	} else {
		last = intArg(L, 4)
	}
	var out strings.Builder
	for i := first; i <= last; i++ {
		v := elementOf(t, i)
		s, ok := text(v)
		if !ok {
			fail(L, "invalid value (%s) at index %d in table for 'concat'", v.Type(), i)
		}
		out.WriteString(s)
		if i < last {
			out.WriteString(separator)
		}
		checkLength(L, out.Len())
	}
	return pushString(L, out.String())
}

func (in *interp) tableForeach(L *vm.LState) int {
	t, f := in.content(tableArg(L, 1)), functionArg(L, 2)
	for key, v := t.Next(vm.LNil); key != vm.LNil; key, v = t.Next(key) {
		if in.each(L, f, key, v) {
			return 1
		}
	}
	return 0
}

func (in *interp) tableForeachi(L *vm.LState) int {
	t, f := in.content(tableArg(L, 1)), functionArg(L, 2)
	n := t.Len()
	for i := 1; i <= n; i++ {
		if in.each(L, f, vm.LNumber(i), t.RawGetInt(i)) {
			return 1
		}
	}
	return 0
}

// each calls f and leaves what it returns on the stack, if that is not nil.
func (in *interp) each(L *vm.LState, f *vm.LFunction, key, v vm.LValue) (done bool) {
	L.Push(f)
	L.Push(key)
	L.Push(v)
	in.call(L, 2, 1)
	if L.Get(-1) != vm.LNil {
		return true
	}
	L.Pop(1)
	return false
}

func (in *interp) tableInsert(L *vm.LState) int {
	t := tableArg(L, 1)
	n := in.content(t).Len()
	switch L.GetTop() {
	case 2:
		in.writable(L, t).RawSetInt(n+1, L.Get(2))
		return 0
	case 3:
	default:
		fail(L, "wrong number of arguments to 'insert'")
	}
	at, v := intArg(L, 2), L.Get(3)
	in.writable(L, t)
	if at >= 1 && at <= n {
		t.Insert(at, v)
		return 0
	}
	for i := n + 1; i > at && at < 1; i-- {
		if i&0xffff == 0 {
			in.check(L)
		}
		t.RawSet(vm.LNumber(i), t.RawGet(vm.LNumber(i-1)))
	}
	t.RawSet(vm.LNumber(at), v)
	return 0
}

func (in *interp) tableRemove(L *vm.LState) int {
	t := tableArg(L, 1)
	n := in.content(t).Len()
	at := optionalInt(L, 2, n)
	if at < 1 || at > n {
		return 0
	}
	L.Push(in.writable(L, t).Remove(at))
	return 1
}

func (in *interp) tableMaxn(L *vm.LState) int {
	t := in.content(tableArg(L, 1))
	most := 0.0
	for key, _ := t.Next(vm.LNil); key != vm.LNil; key, _ = t.Next(key) {
		if n, ok := key.(vm.LNumber); ok {
			most = max(most, float64(n))
		}
	}
	return pushNumber(L, most)
}

func (in *interp) tableSort(L *vm.LState) int {
	t := tableArg(L, 1)
	s := sorter{in: in, L: L, t: in.content(t)}
	n := s.t.Len()
	if L.Get(2) != vm.LNil {
		s.f = functionArg(L, 2)
	}
	if n > 1 {
		in.writable(L, t)
		s.sort(1, n)
	}
	return 0
}

// sorter is Lua's own quicksort, and not Go's: the two leave elements that are neither less than
// each other in different order, and a script may show it.
type sorter struct {
	in    *interp
	L     *vm.LState
	t     *vm.LTable
	f     *vm.LFunction
	steps int
}

func (s *sorter) get(i int) vm.LValue    { return elementOf(s.t, i) }
func (s *sorter) set(i int, v vm.LValue) { s.t.RawSet(vm.LNumber(i), v) }

func (s *sorter) swap(i, j int) {
	a, b := s.get(i), s.get(j)
	s.set(i, b)
	s.set(j, a)
}

func (s *sorter) less(a, b vm.LValue) bool {
	if s.steps++; s.steps&0xffff == 0 {
		s.in.check(s.L)
	}
	if s.f == nil {
		return s.ordered(a, b)
	}
	s.L.Push(s.f)
	s.L.Push(a)
	s.L.Push(b)
	s.in.call(s.L, 2, 1)
	is := vm.LVAsBool(s.L.Get(-1))
	s.L.Pop(1)
	return is
}

// ordered is a < b, with the errors of a function that is not Lua: they have no place.
func (s *sorter) ordered(a, b vm.LValue) bool {
	problem := ""
	switch a.Type() {
	case vm.LTNumber, vm.LTString:
	default:
		if f := s.L.GetMetaField(a, "__lt"); f == vm.LNil || f != s.L.GetMetaField(b, "__lt") {
			problem = "attempt to compare two " + a.Type().String() + " values"
		}
	}
	if a.Type() != b.Type() {
		problem = "attempt to compare " + a.Type().String() + " with " + b.Type().String()
	}
	if problem != "" {
		s.L.Error(vm.LString(problem), 0)
	}
	s.in.inside++
	defer func() { s.in.inside-- }()
	return s.L.LessThan(a, b)
}

// order puts the elements at i < j in order.
func (s *sorter) order(i, j int) {
	if s.less(s.get(j), s.get(i)) {
		s.swap(i, j)
	}
}

func (s *sorter) sort(low, high int) {
	for low < high {
		s.order(low, high)
		if high-low == 1 {
			return
		}
		middle := (low + high) / 2
		if s.less(s.get(middle), s.get(low)) {
			s.swap(middle, low)
		} else {
			s.order(middle, high)
		}
		if high-low == 2 {
			return
		}
		cut := s.partition(low, high, middle)
		// The smaller half is sorted by recursion, the larger one by this loop.
		if cut-low < high-cut {
			s.sort(low, cut-1)
			low = cut + 1
		} else {
			s.sort(cut+1, high)
			high = cut - 1
		}
	}
}

// partition puts what is less than the middle element before it, and returns where that is now.
func (s *sorter) partition(low, high, middle int) int {
	pivot := s.get(middle)
	s.swap(middle, high-1)
	i, j := low, high-1
	for {
		for i++; s.less(s.get(i), pivot); i++ {
			if i > high {
				fail(s.L, "invalid order function for sorting")
			}
		}
		for j--; s.less(pivot, s.get(j)); j-- {
			if j < low {
				fail(s.L, "invalid order function for sorting")
			}
		}
		if j < i {
			break
		}
		s.swap(i, j)
	}
	s.swap(high-1, i)
	return i
}
