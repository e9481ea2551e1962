package lua

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

// programmer writes random programs that always end, to compare what they compute: compilers have
// mistakes that no list of examples finds.
type programmer struct {
	r      *rand.Rand
	out    strings.Builder
	scopes [][]string // names of the variables, by function and block
	depth  int
	inLoop int

	inFunction int
	names      int
	budget     int
}

func (p *programmer) line(format string, args ...any) {
	fmt.Fprintf(&p.out, strings.Repeat(" ", p.depth)+format+"\n", args...)
}

func (p *programmer) pick(list ...string) string { return list[p.r.IntN(len(list))] }

func (p *programmer) variables() (all []string) {
	for _, s := range p.scopes {
		all = append(all, s...)
	}
	return all
}

func (p *programmer) variable() string {
	all := p.variables()
	// The latest are the most interesting.
	if n := len(all); n > 0 {
		return all[max(0, n-1-p.r.IntN(min(n, 6)))]
	}
	return "nil"
}

func (p *programmer) declare() string {
	p.names++
	return fmt.Sprintf("v%d", p.names)
}

// target is something to assign to.
func (p *programmer) target() string {
	if p.r.IntN(3) == 0 {
		return p.pick("t", "t", "u") + "[" + p.value(1) + " or 1]"
	}
	return p.variable()
}

// value is an expression that gives a number, a string or a boolean, or nil at times.
func (p *programmer) value(depth int) string {
	if depth > 3 {
		return p.pick("1", "2", "0", "-3", "0.5", "'a'", "'10'", "true", "false", "nil", p.variable())
	}
	sub := func() string { return p.value(depth + 1) }
	switch p.r.IntN(22) {
	case 0, 1, 2, 3, 4:
		return p.variable()
	case 5, 6:
		return p.pick("1", "2", "7", "'x'", "'3'", "nil", "true", "false", "1e15", "0.1")
	case 7:
		return "add(" + sub() + ", " + sub() + ")"
	case 8:
		return "(num(" + sub() + ") " + p.pick("+", "-", "*", "%") + " (num(" + sub() + ")+1))"
	case 9:
		return "(num(" + sub() + ") + num(" + sub() + ") * num(" + sub() + "))"
	case 10:
		return "(str(" + sub() + ") .. str(" + sub() + ") .. num(" + sub() + "))"
	case 11, 12:
		return "(" + sub() + p.pick(" and ", " or ") + sub() + ")"
	case 13:
		return "(not " + sub() + ")"
	case 14:
		return "(num(" + sub() + ") " + p.pick("<", "<=", ">", ">=", "==", "~=") + " num(" + sub() + "))"
	case 15:
		return "(" + sub() + " == " + sub() + ")"
	case 16:
		return p.pick("t", "u") + "[" + sub() + " or 0]"
	case 17:
		return "many(" + sub() + ", " + sub() + ")"
	case 18:
		return "(many(" + sub() + "))"
	case 19:
		return "select(num(" + sub() + ")%2+1, " + sub() + ", " + sub() + ")"
	case 20:
		return "#str(" + sub() + ")"
	}
	return "(function(...) local a, b = ... return " + p.pick("a", "b", "...", "select('#', ...)") + " end)(" + sub() + ", " + sub() + ")"
}

func (p *programmer) values(n int) string {
	list := make([]string, n)
	for i := range list {
		list[i] = p.value(0)
	}
	return strings.Join(list, ", ")
}

func (p *programmer) block(names ...string) {
	p.scopes = append(p.scopes, names)
	p.depth++
	for range 1 + p.r.IntN(4) {
		p.statement()
	}
	p.depth--
	p.scopes = p.scopes[:len(p.scopes)-1]
}

func (p *programmer) add(name string) {
	last := len(p.scopes) - 1
	p.scopes[last] = append(p.scopes[last], name)
}

func (p *programmer) statement() {
	if p.budget--; p.budget < 0 || p.depth > 6 {
		p.line("log(%s)", p.value(0))
		return
	}
	switch p.r.IntN(20) {
	case 16:
		name := p.declare()
		p.line("local %s = {%s, n = %s, %s}", name, p.value(0), p.value(0), p.values(1))
		p.line("log(%s[1], %s[2], %s[3], %s.n)", name, name, name, name)
	case 17:
		name := p.declare()
		p.line("for %s = 1, 2 do", name)
		p.line(" local b = %s", p.value(0))
		p.line(" keep(function(...) %s, b = num(%s) + 1, ... return %s, b, %s end)", name, name, name, p.value(1))
		p.line("end")
	case 18:
		name := p.declare()
		p.line("local %s = {x = %s}", name, p.value(0))
		p.line("function %s:m(a, b)", name)
		p.function("a", "b")
		p.line(" self = %s", p.value(0))
		p.line(" b = many(a, %s)", p.value(1))
		p.line(" log(self, a, b)")
		p.line("end")
		p.line("log(%s:m(%s))", name, p.values(1+p.r.IntN(3)))
	case 19:
		if p.inFunction > 0 {
			p.line("if %s then return %s end", p.value(0), p.values(p.r.IntN(3)))
		}
	case 0, 1:
		n := 1 + p.r.IntN(3)
		var names []string
		for range n {
			names = append(names, p.declare())
		}
		p.line("local %s = %s", strings.Join(names, ", "), p.values(1+p.r.IntN(3)))
		for _, name := range names {
			p.add(name)
		}
	case 2, 3:
		if len(p.variables()) > 0 {
			p.line("%s = %s", p.target(), p.value(0))
		}
	case 4, 5:
		if len(p.variables()) > 0 {
			n := 2 + p.r.IntN(2)
			var targets []string
			for range n {
				targets = append(targets, p.target())
			}
			p.line("%s = %s", strings.Join(targets, ", "), p.values(1+p.r.IntN(3)))
		}
	case 6:
		p.line("if %s then", p.value(0))
		p.block()
		if p.r.IntN(2) == 0 {
			p.line("elseif %s then", p.value(0))
			p.block()
		}
		if p.r.IntN(2) == 0 {
			p.line("else")
			p.block()
		}
		p.line("end")
	case 7:
		name := p.declare()
		p.line("for %s = %s, %s do", name, p.pick("1", "3", "'2'", "0.5"), p.pick("2", "3", "'4'"))
		p.inLoop++
		p.block(name)
		p.inLoop--
		p.line("end")
	case 8:
		name := p.declare()
		p.line("for _, %s in ipairs{%s} do", name, p.values(2))
		p.inLoop++
		p.block(name)
		p.inLoop--
		p.line("end")
	case 9:
		name := p.declare()
		p.line("local %s = 0", name)
		p.add(name)
		count := p.declare()
		p.line("local %s = 0", count)
		p.line("%s", p.pick("while", "repeat"))
		p.loopWith(count)
	case 10:
		name := p.declare()
		p.line("local function %s(a, b, ...)", name)
		p.function("a", "b")
		p.line("end")
		p.line("log(%s(%s))", name, p.values(p.r.IntN(4)))
	case 11:
		name := p.declare()
		p.line("local %s = function(...)", name)
		p.function()
		p.line("end")
		p.line("log(%s(%s))", name, p.values(p.r.IntN(3)))
		p.line("keep(%s)", name)
	case 12:
		p.line("log(pcall(function()")
		if p.r.IntN(3) == 0 {
			p.block()
			p.line(" error(%s)", p.value(0))
		} else {
			p.function()
		}
		p.line("end))")
	case 13:
		if p.inLoop > 0 && p.r.IntN(2) == 0 {
			p.line("if %s then break end", p.value(0))
			return
		}
		p.line("do")
		p.block()
		p.line("end")
	default:
		p.line("log(%s)", p.values(1+p.r.IntN(2)))
	}
}

// loopWith completes a loop that the last line began.
func (p *programmer) loopWith(count string) {
	text := p.out.String()
	isWhile := strings.HasSuffix(text, "while\n")
	p.inLoop++
	if isWhile {
		p.out.Reset()
		p.out.WriteString(strings.TrimSuffix(text, "\n") + fmt.Sprintf(" %s < 3 do\n", count))
		p.line(" %s = %s + 1", count, count)
		p.block()
		p.line("end")
	} else {
		p.line(" %s = %s + 1", count, count)
		p.block()
		p.line("until %s >= 3 or %s", count, p.value(0))
	}
	p.inLoop--
}

func (p *programmer) function(params ...string) {
	loops := p.inLoop
	p.inLoop = 0
	p.inFunction++
	p.scopes = append(p.scopes, params)
	p.depth++
	for range 1 + p.r.IntN(4) {
		p.statement()
	}
	if p.r.IntN(3) == 0 {
		p.line("do return %s end", p.values(p.r.IntN(3)))
	}
	p.depth--
	p.scopes = p.scopes[:len(p.scopes)-1]
	p.inFunction--
	p.inLoop = loops
}

const programHead = `local out, t, u, kept, steps = {}, {}, {}, {}, 0
local function show(v)
  if type(v) == 'table' or type(v) == 'function' then return type(v) end
  if v == 0 or v ~= v then return 'zero or nan' end -- see the deviations
  return type(v) .. ':' .. tostring(v)
end
local function log(...)
  steps = steps + 1
  if steps > 300 then return end
  local line = {}
  for i = 1, select('#', ...) do line[i] = show((select(i, ...))) end
  out[#out + 1] = table.concat(line, ' ')
end
local function num(v)
  v = tonumber(v) or 3
  if v ~= v or v > 1e6 or v < -1e6 or v == 0 then return 5 end
  return v
end
local function str(v) if v == 0 or v ~= v then v = 0 end v = tostring(v) if #v > 50 or v:find('x: ') or v:find('n: ') or v:find('e: ') then return 'long' end return v end
local function add(a, b) return num(a) + num(b) end
local function many(...) return ... end
local function keep(f) kept[#kept + 1] = f end
local a1, a2, a3 = 1, 'two', 3.5
`

const programTail = `for i = 1, #kept do log('kept', pcall(kept[i], i)) end
log(a1, a2, a3)
return out`

func program(seed uint64) string {
	// Most are short: what differs is easier to find in them.
	p := &programmer{r: rand.New(rand.NewPCG(seed, 1)), budget: 4 + int(seed%8)*int(seed%5)}
	p.scopes = [][]string{{"a1", "a2", "a3"}}
	p.out.WriteString(programHead)
	for range 1 + p.budget/5 {
		p.statement()
	}
	p.out.WriteString(programTail)
	return p.out.String()
}

var programs = flag.Int("programs", 1500, "how many random programs are compared with Redis")

func TestRandomProgramsComputeTheSame(t *testing.T) {
	r := newRig(t)
	for seed := range uint64(*programs) {
		if !r.same(program(seed), nil, nil, 2) {
			t.Fatalf("seed %d", seed)
		}
	}
}
