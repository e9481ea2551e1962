package lua

import (
	"fmt"
	"strings"

	vm "github.com/yuin/gopher-lua"
	"github.com/yuin/gopher-lua/ast"
)

// Some operations of the VM are not Lua 5.1's, and functions take their place: how numbers look when
// they are joined to a string (0.1+0.2 is 0.3), the remainder of fractions, and that a loop may count up
// to "10". In the syntax tree they are calls of strings; in the compiled code these constants become
// the functions.
const (
	concatName = "concat"
	forName    = "for"
	moduloName = "modulo"
)

var replacements = map[string]*vm.LFunction{
	concatName: {IsG: true, GFunction: concat},
	forName:    {IsG: true, GFunction: forBounds},
	moduloName: {IsG: true, GFunction: arithmetics["__mod"]},
}

// compileChunk turns text into code that any number of interpreters can share.
func compileChunk(source, chunk string, n *notes) (*vm.FunctionProto, error) {
	tree, prefix, err := parseChunk(source, chunk, n)
	if err != nil {
		return nil, err
	}
	proto, err := compileTree(tree, chunk)
	if err != nil {
		return nil, err
	}
	putFunctions(proto, prefix)
	// Only functions have a table of their arguments, arg.
	proto.IsVarArg &^= vm.VarArgNeedsArg
	return proto, nil
}

// parseChunk returns a chunk's tree, and the prefix of the strings in it that stand for functions: more
// zeros than any other string begins with.
func parseChunk(source, chunk string, n *notes) (tree []ast.Stmt, prefix string, err error) {
	p := &parser{lexer: lexer{source: source, chunk: chunk, line: 1}, notes: n}
	defer func() {
		if r := recover(); r != nil {
			e, ok := r.(syntaxError)
			if !ok {
				panic(r)
			}
			err = Error(e)
		}
	}()
	tree = p.chunkTree()
	prefix = strings.Repeat("\x00", p.zeros+1)
	for node, name := range p.replaced {
		node.Value = prefix + name
	}
	return tree, prefix, nil
}

func compileTree(tree []ast.Stmt, chunk string) (proto *vm.FunctionProto, err error) {
	defer func() {
		// The compiler has limits of its own, and gives up with a panic at some.
		if r := recover(); r != nil {
			err = Error(fmt.Sprintf("%s:1: %v", chunk, r))
		}
	}()
	proto, err = vm.Compile(tree, chunk)
	if e, ok := err.(*vm.CompileError); ok {
		message := e.Message
		if strings.HasPrefix(message, "register overflow") {
			message = "function or expression too complex" // it has 200 registers, Lua has 250
		}
		return nil, Error(fmt.Sprintf("%s:%d: %s", chunk, max(e.Line, 1), message))
	}
	return proto, err
}

func putFunctions(p *vm.FunctionProto, prefix string) {
	for i, c := range p.Constants {
		if s, ok := c.(vm.LString); ok {
			if name, ok := strings.CutPrefix(string(s), prefix); ok {
				p.Constants[i] = replacements[name]
			}
		}
	}
	for _, child := range p.FunctionPrototypes {
		putFunctions(child, prefix)
	}
}

// forBounds takes a bound of a loop, and which one it is.
func forBounds(L *vm.LState) int {
	f, ok := number(L.Get(1))
	if !ok {
		which := map[string]string{"i": "initial value", "l": "limit", "s": "step"}[L.ToString(2)]
		fail(L, "'for' %s must be a number", which)
	}
	return pushNumber(L, f)
}

// maxString is the longest string that a script may make, Redis's limit of a value.
const maxString = 512 << 20

// concat joins its arguments from right to left, as the operator does.
func concat(L *vm.LState) int {
	n, total := L.GetTop(), 0
	for i := 1; i <= n; i++ {
		switch v := L.Get(i).(type) {
		case vm.LString:
			total += len(v)
		case vm.LNumber:
			total += 24
		default:
			return concatMixed(L)
		}
	}
	checkLength(L, total)
	var short [128]byte
	out := short[:0]
	if total > len(short) {
		out = make([]byte, 0, total)
	}
	for i := 1; i <= n; i++ {
		switch v := L.Get(i).(type) {
		case vm.LString:
			out = append(out, v...)
		case vm.LNumber:
			out = appendNumber(out, float64(v))
		}
	}
	return pushString(L, string(out))
}

func checkLength(L *vm.LState, n int) {
	if n > maxString {
		L.Error(vm.LString("not enough memory"), 0)
	}
}

// concatMixed is concat where something is neither a string nor a number.
func concatMixed(L *vm.LState) int {
	n := L.GetTop()
	result := L.Get(n)
	for i := n - 1; i > 0; i-- {
		left := L.Get(i)
		a, ok1 := text(left)
		b, ok2 := text(result)
		if ok1 && ok2 {
			checkLength(L, len(a)+len(b))
			result = vm.LString(a + b)
			continue
		}
		f := L.GetMetaField(left, "__concat")
		if f == vm.LNil {
			f = L.GetMetaField(result, "__concat")
		}
		if f == vm.LNil {
			wrong := left
			if ok1 {
				wrong = result
			}
			fail(L, "attempt to concatenate a %s value", wrong.Type())
		}
		L.Push(f)
		L.Push(left)
		L.Push(result)
		L.Call(2, 1)
		result = L.Get(-1)
		L.Pop(1)
	}
	L.Push(result)
	return 1
}
