package lua

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// valuer writes random values as Lua source, with at most one field a table, since the order of
// several is not the same.
type valuer struct{ r *rand.Rand }

func (v valuer) pick(list ...string) string { return list[v.r.IntN(len(list))] }

func (v valuer) number() string {
	switch v.r.IntN(8) {
	case 0:
		return fmt.Sprint(v.r.Int64N(1<<54) - 1<<53)
	case 1:
		return fmt.Sprintf("%g", v.r.NormFloat64()*1e6)
	case 2:
		return fmt.Sprintf("%g", v.r.NormFloat64())
	case 3:
		return fmt.Sprintf("2^%d", v.r.IntN(80))
	case 4:
		return v.pick("127", "128", "255", "256", "65535", "65536", "4294967295", "4294967296", "1e14", "1e15", "1e100")
	case 5:
		return v.pick("-32", "-33", "-128", "-129", "-32768", "-32769", "-2147483648", "-2147483649")
	}
	return fmt.Sprint(v.r.IntN(20) - 5)
}

func (v valuer) text() string {
	b := make([]byte, v.r.IntN(8))
	for i := range b {
		b[i] = byte(v.r.IntN(256))
	}
	if v.r.IntN(20) == 0 {
		return fmt.Sprintf("('%s'):rep(%d)", v.pick("x", "ab", "\\0"), v.pow())
	}
	return quoted(string(b))
}

func (v valuer) pow() int { return 1 << v.r.IntN(10) }

func quoted(s string) string {
	var out strings.Builder
	for i := range len(s) {
		fmt.Fprintf(&out, `\%03d`, s[i])
	}
	return "'" + out.String() + "'"
}

func (v valuer) value(depth int, leaves ...string) string {
	if depth > 4 || v.r.IntN(3) == 0 {
		switch v.r.IntN(6) {
		case 0, 1:
			return v.number()
		case 2, 3:
			return v.text()
		}
		return v.pick(append(leaves, "true", "false")...)
	}
	if v.r.IntN(3) == 0 {
		key := v.pick("a", "ok", "err", "double", "map", "set", "big_number", "b c", "1")
		return fmt.Sprintf("{[%s] = %s}", quoted(key), v.value(depth+1, leaves...))
	}
	list := make([]string, v.r.IntN(5))
	for i := range list {
		list[i] = v.value(depth+1, leaves...)
	}
	return "{" + strings.Join(list, ", ") + "}"
}

func (v valuer) structFormat() string {
	var out strings.Builder
	for range 1 + v.r.IntN(6) {
		out.WriteString(v.pick("b", "B", "h", "H", "i", "I", "l", "L", "T", "i3", "I7", "f", "d", "x", "s", "c2", ">", "<", "!", "!2", "!4", " ", "i8", "c0", "bc0"))
	}
	return out.String()
}

func TestRandomValuesAreConvertedTheSame(t *testing.T) {
	r := newRig(t)
	const head = `local show
show = function(v)
  if type(v) ~= 'table' then return type(v) .. ':' .. tostring(v) end
  local list = {}
  for k, e in pairs(v) do list[#list + 1] = show(k) .. '=' .. show(e) end
  return '{' .. table.concat(list, ',') .. '}'
end
`
	for seed := range uint64(600) {
		v := valuer{rand.New(rand.NewPCG(seed, 2))}
		value := v.value(0, "nil")
		full := v.value(0)
		format := v.structFormat()
		args := make([]string, 7)
		for i := range args {
			args[i] = v.pick(v.number(), v.number(), v.text())
		}
		for _, script := range []string{
			"return " + value,
			"redis.setresp(3) return " + value,
			head + "return show(" + full + ")",
			"return cjson.encode(" + v.value(0, "cjson.null") + ")",
			head + "return show(cjson.decode(cjson.encode(" + v.value(0, "cjson.null") + ")))",
			"return cmsgpack.pack(" + full + ", " + v.number() + ")",
			head + "return show({cmsgpack.unpack(cmsgpack.pack(" + full + "))})",
			"return struct.pack(" + quoted(format) + ", " + strings.Join(args, ", ") + ")",
			head + "return show({struct.unpack(" + quoted(format) + ", " + v.text() + " .. " + v.text() + " .. " + v.text() + ")})",
			"return redis.call('echo', " + v.pick(v.number(), v.text()) + ")",
			"return redis.call('rpush', 'l', " + v.number() + ", " + v.text() + ") and redis.call('lrange', 'l', 0, -1)",
			head + "return show({pcall(cmsgpack.unpack, " + v.text() + ")})",
			head + "return show({pcall(cjson.decode, " + quoted(v.json()) + ")})",
			"return tostring(" + v.number() + ") .. (" + v.number() + ") .. string.format('%d %x %5.2f %g %s', " + v.number() + ", " + v.number() + ", " + v.number() + ", " + v.number() + ", " + v.number() + ")",
			head + "return show({bit." + v.pick("band", "bor", "bxor", "lshift", "rshift", "arshift", "rol", "ror") + "(" + v.number() + ", " + v.number() + ")})",
			head + "return show({tonumber(" + quoted(v.numeral()) + "), " + quoted(v.numeral()) + "})",
		} {
			if !r.same(script, nil, nil, 2+int(seed%2)) {
				t.Fatalf("seed %d", seed)
			}
		}
	}
}

// json is a text that is nearly JSON.
func (v valuer) json() string {
	var out strings.Builder
	for range 1 + v.r.IntN(8) {
		out.WriteString(v.pick("{", "}", "[", "]", ",", ":", `"a"`, `"\u0041"`, `"\ud83d\ude00"`, `"\`, "1", "-1.5e3", "true", "null", " ", "nan", "0x1", `{"a":1}`, "[1,2]", `{"b":[]}`))
	}
	return out.String()
}

func (v valuer) numeral() string {
	var out strings.Builder
	for range 1 + v.r.IntN(5) {
		out.WriteString(v.pick("0", "1", "9", "a", "f", "x", "0x", ".", "e", "p", "+", "-", " ", "inf", "nan", "_"))
	}
	return out.String()
}

// patterns and subjects of few letters, so that they match at times.
func TestRandomPatternsMatchTheSame(t *testing.T) {
	r := newRig(t)
	for seed := range uint64(1500) {
		v := valuer{rand.New(rand.NewPCG(seed, 3))}
		var pattern, subject strings.Builder
		for range 1 + v.r.IntN(7) {
			pattern.WriteString(v.pick("a", "b", ".", "%a", "%d", "%s", "%w", "[ab]", "[^a]", "[a-c]", "[%d_]", "(", ")", "()", "*", "+", "-", "?", "^", "$", "%1", "%b()", "%f[%a]", "%", "[", "%z", "%."))
		}
		for range v.r.IntN(12) {
			subject.WriteString(v.pick("a", "b", "c", "1", " ", "(", ")", "_", ".", "\\0"))
		}
		p, s := quoted(pattern.String()), "'"+subject.String()+"'"
		for _, script := range []string{
			"return {string.find(" + s + ", " + p + ")}",
			"return {string.match(" + s + ", " + p + ", " + fmt.Sprint(v.r.IntN(8)-3) + ")}",
			"return {string.gsub(" + s + ", " + p + ", " + v.pick("'<%0>'", "'%1'", "'x'", "{a = 'A'}", "function(a, b) return b end") + ")}",
			"local r = {} for a, b in string.gmatch(" + s + ", " + p + ") do r[#r+1] = tostring(a) .. tostring(b) end return r",
		} {
			if !r.same(script, nil, nil, 2) {
				t.Fatalf("seed %d", seed)
			}
		}
	}
}
