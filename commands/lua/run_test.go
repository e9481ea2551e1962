package lua

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"
)

// run runs a script without a server.
func run(t testing.TB, r *Runtime, script string, args ...string) string {
	t.Helper()
	s, err := Compile([]byte(script))
	if err != nil {
		return err.Error()
	}
	reply, err := r.Run(t.Context(), s, nil, byteSlices(args), cannedReplies, 2, nil)
	if err != nil {
		t.Fatal(err)
	}
	return string(reply)
}

func TestTheEndOfTheContextStopsAnyScript(t *testing.T) {
	r := New(Options{})
	why := errors.New("SCRIPT KILL")
	for _, script := range []string{
		"while true do end",
		"while true do pcall(function() while true do end end) end",
		"while true do pcall(error, 'x') end",
		"local function f() while true do pcall(f) end end f()",
		"repeat local ok = xpcall(function() while true do end end, function() while true do end end) until false",
		"local co = coroutine.wrap(function() while true do coroutine.yield() end end) while true do co() end",
		"local co = coroutine.wrap(function() while true do end end) co()",
		"local co = coroutine.create(function() while true do end end) while true do coroutine.resume(co) end",
		"while true do redis.call('GET', 'x') end",
		"while true do redis.pcall('GET', 'x') end",
		"while true do pcall(redis.call, 'GET', 'x') end",
		"local s = ('a'):rep(100000) while true do s:find(('a*'):rep(20) .. 'b') end",
		"return (('a'):rep(50)):match(('a*'):rep(30) .. 'b')",
		"while true do table.sort({3, 2, 1}, function(a, b) return true end) end",
		"while true do string.gsub('aaaa', 'a', function() while true do end end) end",
		"local t = setmetatable({}, {__index = function() while true do end end}) return t.x",
		"return setmetatable({}, {__tostring = function() while true do end end}) .. ''",
		"return tostring(setmetatable({}, {__tostring = function() while true do end end}))",
		"while true do cjson.decode('[1,2,3]') end",
		"return load(function() return ' ' end)",
		"local function f() return f() end f()",
		"for i = 1, math.huge do end",
		"table.insert({1, 2, 3}, -1e9, 5)",
		"while true do loadstring('while true do end')() end",
	} {
		s, err := Compile([]byte(script))
		if err != nil {
			t.Fatal(err)
		}
		// Any moment will do.
		ctx, cancel := context.WithTimeoutCause(t.Context(), 5*time.Millisecond, why)
		reply, err := r.Run(ctx, s, nil, nil, cannedReplies, 2, []byte("before"))
		cancel()
		if !errors.Is(err, why) || string(reply) != "before" {
			// What ends by itself must have ended with an error, and early enough.
			if !strings.HasPrefix(script, "return setmetatable") && !strings.HasPrefix(script, "table.insert") || err != nil {
				t.Errorf("%s: %.100q %v", script, reply, err)
			}
		}
	}
	if got := run(t, r, "return 1"); got != ":1\r\n" {
		t.Errorf("afterwards: %q", got)
	}
}

// canceller ends the context of who calls.
type canceller struct {
	Host
	cancel context.CancelFunc
}

func (c *canceller) Call(args [][]byte, proto int) []byte {
	c.cancel()
	return c.Host.Call(args, proto)
}

func TestAStoppedRunSaysWhereItWas(t *testing.T) {
	r := New(Options{})
	lib, err := r.LoadLibrary(t.Context(), []byte("#!lua name=lib\n\nredis.register_function('f', function() redis.pcall('PING')\nwhile true do end end)"), nil)
	if err != nil {
		t.Fatal(err)
	}
	script, err := Compile([]byte("local x = redis.pcall('PING')\nlocal function f()\nwhile true do x = 1 end\nend\nf()"))
	if err != nil {
		t.Fatal(err)
	}
	for want, run := range map[string]func(ctx context.Context, h Host) error{
		"@user_function:4": func(ctx context.Context, h Host) error {
			_, err := r.CallFunction(ctx, lib, "f", nil, nil, h, 2, nil)
			return err
		},
		"@user_script:3": func(ctx context.Context, h Host) error {
			_, err := r.Run(ctx, script, nil, nil, h, 2, nil)
			return err
		},
	} {
		ctx, cancel := context.WithCancel(t.Context())
		err := run(ctx, &canceller{cannedReplies, cancel})
		var s *Stopped
		if !errors.As(err, &s) || s.Place != want || s.Cause != context.Canceled {
			t.Errorf("%v at %+v, want %s", err, s, want)
		}
	}
}

func TestARunAfterTheEndOfItsContextDoesNothing(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	s, err := Compile([]byte("return 1"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := New(Options{}).Run(ctx, s, nil, nil, cannedReplies, 2, nil); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}

func TestNothingOfARunIsLeftForTheNext(t *testing.T) {
	r := New(Options{Idle: 1})
	const probe = `local r = {#KEYS, #ARGV, tostring(ARGV.x), tostring(ARGV[1]), tostring(next(KEYS)), type(getmetatable(ARGV)), string.len('abc'), cjson.encode_max_depth(),
 tostring(cjson.encode_sparse_array()), tostring(coroutine.running()), type(redis.call), ('x'):upper(), tostring(rawget(_G, 'leak'))}
redis.setresp(2) return r`
	want := run(t, New(Options{}), probe)
	for _, script := range []string{
		"ARGV.x = 1 KEYS.y = 2 return 1",
		"for i = 1, 100 do ARGV[i] = i KEYS[i] = i end return 1",
		"ARGV[5] = 1 return 1",
		"setmetatable(ARGV, {__index = function() return 'leak' end}) setmetatable(KEYS, {__len = error}) return 1",
		"pcall(function() leak = 1 end) pcall(rawset, _G, 'leak', 1) return 1",
		"cjson.encode_max_depth(3) cjson.encode_sparse_array(true, 1, 1) return 1",
		"redis.setresp(3) return true",
		"error('x')",
		"error({})",
		"local co = coroutine.wrap(function() coroutine.yield(1) end) co() return 1",
		"coroutine.wrap(function() error('x') end)()",
		"pcall(pcall, pcall, error) return 1",
		"local function f() return 1 + f() end f()",
		"local function f() return pcall(f) end f()",
		"local t = {} for i = 1, 100 do t[i] = function() i = i + 1 return i end end error(t)",
		"return unpack({}, 1, 7000)",
		"local t = {} t[1] = t return #tostring(t)",
		"string.gsub('abc', '.', function() error('x') end)",
		"getmetatable('').__index = nil",
		"loadstring('error(1)')()",
	} {
		run(t, r, script, "a", "b")
		if got := run(t, r, probe); got != want {
			t.Errorf("after %s\n got %q\nwant %q", script, got, want)
		}
	}
}

func TestScriptsRunSideBySide(t *testing.T) {
	r := New(Options{Idle: 2})
	s, err := Compile([]byte("local t = {} for i = 1, 50 do t[i] = KEYS[1] .. i end local ok, e = pcall(error, ARGV[1]) return {table.concat(t), e, redis.call('GET', KEYS[1])}"))
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			key, arg := fmt.Sprint("key", g), fmt.Sprint("arg", g)
			var first []byte
			for range 50 {
				reply, err := r.Run(context.Background(), s, byteSlices([]string{key}), byteSlices([]string{arg}), cannedReplies, 2, nil)
				if err != nil {
					t.Error(err)
				}
				if first == nil {
					first = reply
				}
				if !bytes.Equal(first, reply) || !bytes.Contains(reply, []byte(key+"50")) || !bytes.Contains(reply, []byte(arg)) {
					t.Errorf("%q", reply)
				}
			}
		})
	}
	wg.Wait()
	if n := len(r.scripts.idle); n > 2 {
		t.Errorf("%d idle interpreters", n)
	}
}

func TestMemoryAndStackAreBounded(t *testing.T) {
	r := New(Options{})
	for script, want := range map[string]string{
		"return ('x'):rep(1e9)": "resulting string too large",

		"local s = ('x'):rep(2^28) return s .. s .. s":                                                                                                    "not enough memory",
		"local s = ('x'):rep(2^20) return table.concat({s, s}, s:rep(600))":                                                                               "resulting string too large",
		"local function f() return {pcall(f)} end return #f()":                                                                                            ":",
		"local t = {} for i = 1, 30 do t[i * 1e6] = i end return #t":                                                                                      ":",
		"local t = {} t[60000000] = 1 return t[60000000]":                                                                                                 ":1",
		"return (('('):rep(100000)):find(('('):rep(100000))":                                                                                              "too many captures",
		"return ('x'):rep(300000):match('.-' .. ('x?'):rep(300000) .. 'y')":                                                                               "pattern too complex",
		"local t = {} for i = 1, 1e5 do t = {t} end return cjson.encode(t)":                                                                               "excessive nesting",
		"cjson.encode_max_depth(1e9) local t = {} for i = 1, 1e5 do t = {t} end return cjson.encode(t)":                                                   "excessive nesting",
		"cjson.decode_max_depth(1e9) return cjson.decode(('['):rep(1e6))":                                                                                 "too many nested",
		"return cmsgpack.unpack(('\\145'):rep(1e6))":                                                                                                      "stack overflow",
		"local function f() return setmetatable({}, {__index = f}).x end return f()":                                                                      "overflow",
		"local function f(s) return s:gsub('.', f) end return f('x')":                                                                                     "overflow",
		"local function f() table.sort({1, 2}, f) end return f()":                                                                                         "overflow",
		"local t t = setmetatable({}, {__tostring = function() return tostring(t) end}) return tostring(t)":                                               "overflow",
		"local function f() return coroutine.wrap(f)() end return f()":                                                                                    "overflow",
		"local function f() local t = setmetatable({}, {__index = function(t, k) return f() end}) return pcall(function() return t.x end) end return f()": ":",
	} {
		if got := run(t, r, script); !strings.Contains(got, want) {
			t.Errorf("%s\n got %.300q\nwant %q", script, got, want)
		}
	}
	if got := run(t, r, "return 1"); got != ":1\r\n" {
		t.Errorf("afterwards: %q", got)
	}
}

func TestCompileTellsWhatAScriptIs(t *testing.T) {
	for _, c := range []struct {
		body   string
		flags  string
		compat bool
	}{
		{"return 1", "", true},
		{"#!lua\nreturn 1", "", false},
		{"#!lua flags=no-writes\nreturn 1", "no-writes", false},
		{"#!lua flags=allow-cross-slot-keys,no-cluster,allow-stale,allow-oom,no-writes\nreturn 1", "no-writes allow-oom allow-stale no-cluster allow-cross-slot-keys", false},
	} {
		s, err := Compile([]byte(c.body))
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(s.Flags.Names(), " "); got != c.flags || s.Compat != c.compat || s.SHA1 != SHA1([]byte(c.body)) || len(s.SHA1) != 40 {
			t.Errorf("%q: %q %+v", c.body, got, s)
		}
	}
}

func TestTheVersionIsTheOwners(t *testing.T) {
	if got := run(t, New(Options{Version: "7.2.4"}), "return {redis.REDIS_VERSION, redis.REDIS_VERSION_NUM}"); got != "*2\r\n$5\r\n7.2.4\r\n:459268\r\n" {
		t.Errorf("%q", got)
	}
}

func TestScriptsLogToTheHost(t *testing.T) {
	h := &forwarder{}
	s, err := Compile([]byte("redis.log(redis.LOG_WARNING, 'a', 1, 0.5, {}, 'b') redis.log('1', 'x')"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := New(Options{}).Run(t.Context(), s, nil, nil, h, 2, nil); err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(h.logs, "|"); got != "3 a 1 0.5 b|1 x" {
		t.Errorf("%q", got)
	}
}

func TestMarkedArraysStayArrays(t *testing.T) {
	r := New(Options{})
	if got := run(t, r, "cjson.decode_array_with_array_mt(true) return cjson.encode(cjson.decode('{\"a\":[]}'))"); got != "$8\r\n{\"a\":[]}\r\n" {
		t.Errorf("%q", got)
	}
	if got := run(t, r, "return cjson.encode(cjson.decode('{\"a\":[]}'))"); got != "$8\r\n{\"a\":{}}\r\n" {
		t.Errorf("%q", got)
	}
}

func TestABadReplyOfTheHostIsAnError(t *testing.T) {
	for _, reply := range []string{"", "x", "$5\r\nab\r\n", "*2\r\n:1\r\n", "*-5\r\n", ":x\r\n", "%1\r\n+a\r\n", "$1", "*1000000\r\n", strings.Repeat("*1\r\n", 5000) + ":1\r\n"} {
		s, err := Compile([]byte("return redis.call('X')"))
		if err != nil {
			t.Fatal(err)
		}
		got, err := New(Options{}).Run(t.Context(), s, nil, nil, canned{map[string][]byte{"X": []byte(reply)}}, 2, nil)
		if err != nil || !strings.HasPrefix(string(got), "-ERR Invalid reply") && reply != "*-5\r\n" {
			t.Errorf("%.40q: %q %v", reply, got, err)
		}
	}
}

func TestAShortScriptAllocatesLittle(t *testing.T) {
	s, err := Compile([]byte(limiter))
	if err != nil {
		t.Fatal(err)
	}
	r := New(Options{})
	keys, args := byteSlices([]string{"key"}), byteSlices([]string{"10", "60"})
	var dst []byte
	n := testing.AllocsPerRun(200, func() {
		if dst, err = r.Run(context.Background(), s, keys, args, cannedReplies, 2, dst[:0]); err != nil {
			t.Fatal(err)
		}
	})
	if n > 20 {
		t.Errorf("%v allocations", n)
	}
}
