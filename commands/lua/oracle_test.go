package lua

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestScriptsReplyAsOnRedis(t *testing.T) {
	files, err := filepath.Glob("testdata/scripts/*.txt")
	if err != nil || len(files) < 6 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			r := newRig(t)
			for _, line := range strings.Split(string(text), "\n") {
				if line == "" || strings.HasPrefix(line, "##") {
					continue
				}
				script := strings.ReplaceAll(line, `\n`, "\n")
				for _, proto := range []int{2, 3} {
					r.same(script, []string{"k1", "k2"}, []string{"a", "2", "0.5"}, proto)
				}
			}
		})
	}
}

// Long rows and deep nests are bounded as Lua bounds them.
func TestLimitsOfTheLanguage(t *testing.T) {
	row := func(n int, separator, format string) string {
		list := make([]string, n)
		for i := range list {
			list[i] = strings.ReplaceAll(format, "%", fmt.Sprint(i))
		}
		return strings.Join(list, separator)
	}
	nest := func(n int, open, inner, end string) string {
		return strings.Repeat(open, n) + inner + strings.Repeat(end, n)
	}
	r := newRig(t)
	for _, script := range []string{
		"return " + nest(190, "(", "1", ")"),
		"return " + nest(196, "(", "1", ")"),
		"return " + nest(197, "(", "1", ")"),
		"return " + nest(198, "(", "1", ")"),
		"return " + nest(199, "(", "1", ")"),
		"return " + nest(190, "{", "", "}"),
		"return " + nest(250, "{", "", "}"),
		"return " + nest(150, "- ", "1", ""),
		"return " + nest(250, "not ", "1", ""),
		"return " + row(150, "..", "'a'"),
		"return " + row(250, "..", "'a'"),
		"return " + row(5000, "+", "1"),
		nest(190, "do ", "", "end "),
		nest(250, "do ", "", "end "),
		"local " + row(190, ",", "a%") + " return 1",
		"local " + row(201, ",", "a%") + " return 1",
		row(201, " ", "local a%=1"),
		"local function f() " + row(201, " ", "local a%=1") + " end",
		row(60, " ", "local a%=1") + " return (function() return " + row(60, "+", "a%") + " end)()",
		row(61, " ", "local a%=1") + " return (function() return " + row(61, "+", "a%") + " end)()",
		"return f" + strings.Repeat("()", 1000),
		"local t={} t.t=t return type(t" + strings.Repeat(".t", 1000) + ")",
		"if false then " + strings.Repeat("elseif false then ", 1000) + "else return 7 end",
		"return #{" + row(3000, ",", "1") + "}",
		"local t={} " + row(3000, " ", "t.a%=%") + " return t.a2999",
		"return " + nest(100, "function() return ", "1", " end") + " == nil",
		row(250, ",", "a") + " = 1",
		"return '" + strings.Repeat("x", 100_000) + "'",
	} {
		r.same(script, nil, nil, 2)
	}
}

// deviations are what is not as on Redis 7.0.15, and why.
var deviations = []struct{ script, ours, why string }{
	{"return (pcall(string.dump, function() end))", "$-1\r\n", "the VM has another bytecode, and none is taken anyway"},
	{"local function f(n) return 1+f(n) end return f(1)", "-ERR stack overflow\r\n", "the VM does not tell where its stack overflowed"},
	{"local t t=setmetatable({},{__index=function(t,k) return t[k+1] end}) local ok,e=pcall(function() return t[1] end) return e", "$14\r\nstack overflow\r\n", "metamethods take no C stack, so they may nest deeper, and there is one message"},
	{"return #setmetatable({},{__len=function() return 7 end})", ":7\r\n", "the VM knows __len of tables, from Lua 5.2"},
	{"local t={1,2} t[5]=9 return #t", ":5\r\n", "of several borders of a table with holes, # finds the last"},
	{"local x,y=0,-3 return tostring(x*y)", "$1\r\n0\r\n", "the VM keeps small numbers ready, and zero without a sign"},
	{"local x = -0 return tostring(1/0)", "$3\r\ninf\r\n", "Lua 5.1 takes all zeros of a function for the first one"},
	{"local function f() return 1 end local a,b,c return a.x,b.x", "-ERR user_script:1: attempt to index a nil value script: db18ae21372acbc6c169517309c85af91c36c376, on @user_script:1.\r\n", "which of several in a line was wrong is not known"},
	{"return select('#'," + strings.Repeat("1,", 239) + "1)", "-ERR Error compiling script (new function): user_script:1: function or expression too complex\r\n", "the VM has 200 registers for a function, Lua 250"},
	{"return {cmsgpack.unpack_limit('\\1\\2\\3',-1)}", "-ERR user_script:1: Invalid request to unpack with offset of 0 and limit of -1. script: 4e8c6ef161918f2fa6530f559cf0b9028e7495fd, on @user_script:1.\r\n", "Redis prints another number than it means"},
	{"return collectgarbage('count')", ":0\r\n", "Go's memory is not one script's"},
	{"return type(cjson.decode_array_with_array_mt)", "$8\r\nfunction\r\n", "it came with a later Redis"},
	{"cjson.encode_number_precision(3) return 1", ":1\r\n", ""},
	{"return cjson.encode(1/3)", "$16\r\n0.33333333333333\r\n", "what a script sets in cjson ends with it"},
}

func TestDeviationsAreKnown(t *testing.T) {
	r := newRig(t)
	for _, d := range deviations {
		theirs := r.theirs(d.script, nil, nil, 2)
		got := r.ours(d.script, nil, nil, 2)
		if string(got) != d.ours {
			t.Errorf("%.100s\n got %.300q\nwant %q: %s", d.script, got, d.ours, d.why)
		}
		if d.why != "" && bytes.Equal(got, theirs) {
			t.Errorf("%.100s is as on Redis: %.200q", d.script, got)
		}
	}
}

// What Redis 7.0.15 crashes of is answered.
func TestErrorsWithoutATextHaveAReply(t *testing.T) {
	r := newRig(t)
	for _, script := range []string{"error({})", "error({code=1})", "error(setmetatable({}, {__index=error}))"} {
		if got := r.ours(script, nil, nil, 2); !bytes.HasPrefix(got, []byte("-ERR unknown error script: ")) {
			t.Errorf("%s: %q", script, got)
		}
	}
}
