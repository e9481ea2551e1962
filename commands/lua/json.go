package lua

import (
	"math"
	"strings"

	vm "github.com/yuin/gopher-lua"
)

// nullValue is what cjson.null holds: Lua's null pointer.
var nullValue = new(byte)

// cjson is lua-cjson 2.1, with what Redis added to it. What a script sets is forgotten after its run.
type jsonConfig struct {
	sparseConvert  bool
	sparseRatio    int
	sparseSafe     int
	encodeDepth    int
	decodeDepth    int
	precision      int
	keepBuffer     bool // shown, but nothing depends on it
	encodeInvalid  int  // 0 refuses NaN and Infinity, 1 writes them, 2 writes null
	decodeInvalid  int
	markArrays     bool
	arrayMetatable *vm.LTable
}

func newJSONConfig() *jsonConfig {
	c := &jsonConfig{arrayMetatable: newTable(0, 0)}
	c.reset()
	return c
}

func (c *jsonConfig) reset() {
	*c = jsonConfig{
		sparseRatio: 2, sparseSafe: 10,
		encodeDepth: 1000, decodeDepth: 1000,
		precision: 14, keepBuffer: true, decodeInvalid: 1,
		arrayMetatable: c.arrayMetatable,
	}
}

var jsonConstants = map[string]vm.LValue{
	"_NAME":    vm.LString("cjson"),
	"_VERSION": vm.LString("2.1.0"),
	"null":     &vm.LUserData{Value: nullValue, Metatable: vm.LNil},
}

func (in *interp) jsonLibrary(c *jsonConfig) library {
	set := func(f func(L *vm.LState) int) vm.LGFunction {
		return func(L *vm.LState) int {
			in.jsonLent = true
			return f(L)
		}
	}
	return library{
		"decode": func(L *vm.LState) int { return in.jsonDecode(L, c) },
		"encode": func(L *vm.LState) int { return in.jsonEncode(L, c) },
		"new":    in.jsonNew,

		"decode_array_with_array_mt": set(func(L *vm.LState) int {
			optionArgs(L, 1)
			return boolOption(L, 1, &c.markArrays)
		}),
		"decode_invalid_numbers": set(func(L *vm.LState) int {
			optionArgs(L, 1)
			return enumOption(L, 1, &c.decodeInvalid, "off", "on")
		}),
		"decode_max_depth": set(func(L *vm.LState) int {
			optionArgs(L, 1)
			return integerOption(L, 1, &c.decodeDepth, 1, math.MaxInt32)
		}),
		"encode_invalid_numbers": set(func(L *vm.LState) int {
			optionArgs(L, 1)
			return enumOption(L, 1, &c.encodeInvalid, "off", "on", "null")
		}),
		"encode_keep_buffer": set(func(L *vm.LState) int {
			optionArgs(L, 1)
			return boolOption(L, 1, &c.keepBuffer)
		}),
		"encode_max_depth": set(func(L *vm.LState) int {
			optionArgs(L, 1)
			return integerOption(L, 1, &c.encodeDepth, 1, math.MaxInt32)
		}),
		"encode_number_precision": set(func(L *vm.LState) int {
			optionArgs(L, 1)
			return integerOption(L, 1, &c.precision, 1, 14)
		}),
		"encode_sparse_array": set(func(L *vm.LState) int {
			optionArgs(L, 3)
			boolOption(L, 1, &c.sparseConvert)
			integerOption(L, 2, &c.sparseRatio, 0, math.MaxInt32)
			integerOption(L, 3, &c.sparseSafe, 0, math.MaxInt32)
			return 3
		}),
	}
}

func (in *interp) jsonNew(L *vm.LState) int {
	t := newTable(0, 16)
	in.set(t, in.jsonLibrary(newJSONConfig()))
	for name, v := range jsonConstants {
		t.RawSetString(name, v)
	}
	L.Push(t)
	return 1
}

func optionArgs(L *vm.LState, most int) {
	if L.GetTop() > most {
		argError(L, most+1, "found too many arguments")
	}
	L.SetTop(most)
}

func integerOption(L *vm.LState, n int, setting *int, least, most int) int {
	if L.Get(n) != vm.LNil {
		i := integerArg(L, n)
		if i < least || i > most {
			argError(L, n, "expected integer between "+numberText(vm.LNumber(least))+" and "+numberText(vm.LNumber(most)))
		}
		*setting = i
	}
	return pushNumber(L, float64(*setting))
}

func boolOption(L *vm.LState, n int, setting *bool) int {
	i := 0
	if *setting {
		i = 1
	}
	enumOption(L, n, &i, "off", "on")
	*setting = i == 1
	return 1
}

func enumOption(L *vm.LState, n int, setting *int, names ...string) int {
	switch v := L.Get(n).(type) {
	case vm.LBool:
		*setting = 0
		if v {
			*setting = 1
		}
	default:
		if v == vm.LNil {
			break
		}
		name, found := stringArg(L, n), false
		for i, s := range names {
			if s == name {
				*setting, found = i, true
			}
		}
		if !found {
			argError(L, n, "invalid option '"+name+"'")
		}
	}
	if *setting < 2 {
		return pushBool(L, *setting == 1)
	}
	return pushString(L, names[*setting])
}

// jsonEncoder appends the JSON of a value.
type jsonEncoder struct {
	in  *interp
	L   *vm.LState
	c   *jsonConfig
	out []byte
}

func (in *interp) jsonEncode(L *vm.LState, c *jsonConfig) int {
	if L.GetTop() != 1 {
		argError(L, 1, "expected 1 argument")
	}
	e := jsonEncoder{in: in, L: L, c: c}
	e.value(L.Get(1), 0)
	return pushString(L, string(e.out))
}

func (e *jsonEncoder) refuse(v vm.LValue, why string) {
	fail(e.L, "Cannot serialise %s: %s", v.Type(), why)
}

func (e *jsonEncoder) value(v vm.LValue, depth int) {
	checkLength(e.L, len(e.out))
	switch v := v.(type) {
	case vm.LString:
		e.string(string(v))
	case vm.LNumber:
		e.number(v)
	case vm.LBool:
		if v {
			e.out = append(e.out, "true"...)
		} else {
			e.out = append(e.out, "false"...)
		}
	case *vm.LTable:
		// Redis gives up where Lua's stack is full, which is sooner than some limits a script may set.
		if depth++; depth > e.c.encodeDepth || depth > maxStack/3 {
			fail(e.L, "Cannot serialise, excessive nesting (%d)", depth)
		}
		e.table(v, depth)
	case *vm.LUserData:
		if v.Value != nullValue {
			e.refuse(v, "type not supported")
		}
		e.out = append(e.out, "null"...)
	default:
		if v != vm.LNil {
			e.refuse(v, "type not supported")
		}
		e.out = append(e.out, "null"...)
	}
}

func (e *jsonEncoder) table(t *vm.LTable, depth int) {
	marked := t.Metatable == e.c.arrayMetatable
	t = e.in.content(t)
	if n := e.arrayLength(t); n > 0 || n == 0 && marked {
		e.array(t, n, depth)
	} else {
		e.object(t, depth)
	}
}

// arrayLength is how many elements t has as an array, or -1 when it has to be an object.
func (e *jsonEncoder) arrayLength(t *vm.LTable) int {
	most, items := 0.0, 0
	for key, _ := t.Next(vm.LNil); key != vm.LNil; key, _ = t.Next(key) {
		f, ok := key.(vm.LNumber)
		if !ok || float64(f) != math.Floor(float64(f)) || f < 1 {
			return -1
		}
		most = max(most, float64(f))
		items++
	}
	if r := e.c.sparseRatio; r > 0 && most > float64(items*r) && most > float64(e.c.sparseSafe) {
		if !e.c.sparseConvert {
			fail(e.L, "Cannot serialise table: excessively sparse array")
		}
		return -1
	}
	return int(most)
}

func (e *jsonEncoder) array(t *vm.LTable, n, depth int) {
	e.out = append(e.out, '[')
	for i := 1; i <= n; i++ {
		if i > 1 {
			e.out = append(e.out, ',')
		}
		if i&0xffff == 0 {
			e.in.check(e.L)
		}
		e.value(elementOf(t, i), depth)
	}
	e.out = append(e.out, ']')
}

func (e *jsonEncoder) object(t *vm.LTable, depth int) {
	e.out = append(e.out, '{')
	first := true
	for key, v := t.Next(vm.LNil); key != vm.LNil; key, v = t.Next(key) {
		if !first {
			e.out = append(e.out, ',')
		}
		first = false
		switch k := key.(type) {
		case vm.LNumber:
			e.out = append(e.out, '"')
			e.number(k)
			e.out = append(e.out, '"')
		case vm.LString:
			e.string(string(k))
		default:
			e.refuse(key, "table key must be a number or string")
		}
		e.out = append(e.out, ':')
		e.value(v, depth)
	}
	e.out = append(e.out, '}')
}

func (e *jsonEncoder) number(n vm.LNumber) {
	f := float64(n)
	if math.IsNaN(f) || math.IsInf(f, 0) {
		switch e.c.encodeInvalid {
		case 0:
			e.refuse(n, "must not be NaN or Inf")
		case 1:
			if math.IsNaN(f) {
				e.out = append(e.out, "nan"...)
				return
			}
		case 2:
			e.out = append(e.out, "null"...)
			return
		}
	}
	if e.c.precision == 14 {
		e.out = appendNumber(e.out, f)
	} else {
		e.out = appendG(e.out, f, e.c.precision)
	}
}

func (e *jsonEncoder) string(s string) {
	const hex = "0123456789abcdef"
	e.out = append(e.out, '"')
	start := 0
	for i := range len(s) {
		c := s[i]
		if c >= ' ' && c != '"' && c != '\\' && c != '/' && c != 0x7f {
			continue
		}
		e.out = append(e.out, s[start:i]...)
		start = i + 1
		if at := strings.IndexByte("\"\\/\b\t\n\f\r", c); at >= 0 {
			e.out = append(e.out, '\\', `"\/btnfr`[at])
		} else {
			e.out = append(e.out, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		}
	}
	e.out = append(append(e.out, s[start:]...), '"')
}
