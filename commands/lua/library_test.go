package lua

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// load loads a library on both, compares the outcome, and returns ours.
func (r *rig) load(code string) *Library {
	r.t.Helper()
	r.clients[2].do("FUNCTION", "FLUSH")
	want := r.clients[2].do("FUNCTION", "LOAD", code)
	l, err := r.runtime.LoadLibrary(context.Background(), []byte(code), nil)
	got := []byte(fmt.Sprintf("-%v\r\n", err))
	if err == nil {
		got = []byte(fmt.Sprintf("$%d\r\n%s\r\n", len(l.Name), l.Name))
	}
	if !bytes.Equal(got, want) {
		r.t.Errorf("%s\n got %q\nwant %q", code, got, want)
	}
	return l
}

func (r *rig) sameCall(l *Library, name string, keys, args []string, proto int) {
	r.t.Helper()
	line := append([]string{"FCALL", name, strconv.Itoa(len(keys))}, keys...)
	r.clients[2].do("FLUSHALL")
	want := r.clients[proto].do(append(line, args...)...)
	r.clients[2].do("FLUSHALL")
	got, err := r.runtime.CallFunction(context.Background(), l, name, byteSlices(keys), byteSlices(args), r.host, proto, nil)
	if err != nil || !bytes.Equal(got, want) {
		r.t.Errorf("RESP%d %s: %v\n got %q\nwant %q", proto, name, err, got, want)
	}
}

func TestLibrariesLoadAsOnRedis(t *testing.T) {
	r := newRig(t)
	const head = "#!lua name=lib\n"
	for _, code := range []string{
		"", "return 1", "#!lua", "#!lua name=a", "#!lua\n", "#!js name=a\n", "#! name=a\n", "#!lua name=a name=b\n", "#!lua foo=a\n",
		"#!lua name=a-b\n", "#!lua name=\n", "#!lua name=\"a\nb\"\n", "#!LUA NAME=a\nredis.register_function('f',function() end)",
		"#!lua name=a\x00b\nredis.register_function('f',function() end)", "#!lua name=a\x00\n", "#!js\x00\n",
		head + "redis.register_function{callback=function() end,function_name='x',flags={'NO-WRITES','Allow-OOM'}}",
		"#!lua 'name=a'\nredis.register_function('f',function() end)", "#!lua \"name=a\n", "#!lua\tname=a\nredis.register_function('f',function() end)",
		head, head + "local x = ", head + "\nlocal x = 1 = 2", head + "redis.call('ping')", head + "redis.pcall('ping')", head + "return redis.sha1hex('x')",
		head + "for k in pairs(redis) do end", head + "x = 1", head + "local y = x", head + "redis = 1", head + "redis.x = 1", head + "redis.setresp(3)",
		head + "math.random()", head + "redis.set_repl(1)", head + "redis.log(1, 'x')", head + "redis.log()", head + "redis.log(9, 'x')", head + "local t = KEYS", head + "error('x')",
		head + "local t = nil; t.x = 1", head + "local t = {} t.x.y = 1", head + "('x')()", head + "local function f() return f() + 1 end",
		head + "local x = _G", head + "local x = redis.REDIS_VERSION .. redis.REDIS_VERSION_NUM", head + "local x = redis.REPL_ALL", head + "local x = redis.LOG_WARNING",
		head + "local x = ('x'):rep(3)", head + "local x = #'abc' .. 1", head + "local x = redis.nosuch", head + "redis.register_function = 1",
		head + "redis.register_function()", head + "redis.register_function(1)", head + "redis.register_function('x')", head + "redis.register_function({})",
		head + "redis.register_function(1,2,3)", head + "redis.register_function(1,2)", head + "redis.register_function('f',2)", head + "redis.register_function({},function() end)",
		head + "redis.register_function(5,function() end)", head + "redis.register_function('a-b',function() end)", head + "redis.register_function('',function() end)",
		head + "redis.register_function('a',function() end) redis.register_function('a',function() end)",
		head + "redis.register_function{function_name='x'}", head + "redis.register_function{function_name={}}", head + "redis.register_function{callback=1}",
		head + "redis.register_function{callback=function() end}", head + "redis.register_function{callback=function() end,function_name='x'}",
		head + "redis.register_function{callback=function() end,function_name=5}", head + "redis.register_function{callback=function() end,function_name='x',description='d'}",
		head + "redis.register_function{FUNCTION_NAME='x',Callback=function() end,FLAGS={'no-writes'}}", head + "redis.register_function{1}",
		head + "redis.register_function{[true]=1}", head + "redis.register_function{description={}}", head + "redis.register_function{flags=1}",
		head + "redis.register_function{flags={'nope'}}", head + "redis.register_function{flags={1}}", head + "redis.register_function{flags={{}}}", head + "redis.register_function{foo=1}",
		head + "redis.register_function{callback=function() end,function_name='x',flags={}}",
		head + "redis.register_function{callback=function() end,function_name='x',flags={'no-writes','allow-oom','allow-stale','no-cluster','allow-cross-slot-keys'}}",
		head + "redis.register_function(redis.register_function, redis.register_function)", head + "redis.register_function('f', redis.register_function)",
		head + "redis.register_function('f', redis.log)", head + "local r = redis r.register_function('f', function() end)", head + "do redis.register_function('f', function() end) return end",
	} {
		r.load(code)
	}
}

const functions = `#!lua name=lib
local count = 0
local loaded = redis
local function helper(x) return x .. '!' end
redis.register_function{function_name='flags', callback=function() return 1 end, flags={'no-cluster', 'no-writes'}, description='about it'}
redis.register_function('args', function(keys, args) return {#keys, #args, keys[1], args[1], args[2], helper('x')} end)
redis.register_function('count', function() count = count + 1 return count end)
redis.register_function('register', function() return redis.register_function('x', 1) end)
redis.register_function('late', function() return loaded.register_function('x', function() end) end)
redis.register_function('same', function() return loaded == redis end)
redis.register_function('log', function() return loaded.log(loaded.LOG_NOTICE, 'x') end)
redis.register_function('keys', function() return KEYS end)
redis.register_function('nil', function() local t = nil; return t.x end)
redis.register_function('call', function(keys, args) return redis.call(args[1], keys[1], args[2]) end)
redis.register_function('nosuch', function() redis.call('nosuch') end)
redis.register_function('pcall', function() return redis.pcall('nosuch') end)
redis.register_function('global', function() y = 1 end)
redis.register_function('error', function() error('boom') end)
redis.register_function('table', function() error({err='MY boom'}) end)
redis.register_function('reply', function() return {err='boom'} end)
redis.register_function('map', function() redis.setresp(3) redis.call('hset', 'h', 'f', 'v') return redis.call('hgetall', 'h') end)
redis.register_function('resp', function() redis.call('hset', 'h', 'f', 'v') return redis.call('hgetall', 'h') end)
redis.register_function('random', function() return tostring(math.random()) end)
redis.register_function('libraries', function() return {cjson.encode({1}), bit.band(7, 3), string.format('%5.1f', 2), #cmsgpack.pack({1}), type(os), type(redis.breakpoint)} end)
redis.register_function('api', function() local r = {} for k in pairs(redis) do r[#r+1] = k end table.sort(r) return r end)
redis.register_function('write', function(keys) keys[1] = 'changed' keys.x = 1 return keys end)
redis.register_function('load', function() return loadstring('return 1 + 1')() end)
redis.register_function('method', function(keys) return keys[1]:rep() end)
`

func TestFunctionsReplyAsOnRedis(t *testing.T) {
	r := newRig(t)
	l := r.load(functions)
	if l == nil {
		t.FailNow()
	}
	for _, f := range l.Functions {
		for _, proto := range []int{2, 3} {
			r.sameCall(l, f.Name, []string{"key"}, []string{"set", "value"}, proto)
			r.sameCall(l, f.Name, []string{"a", "b"}, []string{"nosuch"}, proto)
		}
	}
	if f := l.Functions[0]; f.Name != "flags" || f.Description != "about it" || strings.Join(f.Flags.Names(), " ") != "no-writes no-cluster" {
		t.Errorf("%+v", f)
	}
}

func TestALibraryThatDoesNotEndIsStopped(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err := New(Options{}).LoadLibrary(ctx, []byte("#!lua name=lib\nwhile true do end"), nil)
	if want := "ERR Error registering functions: ERR FUNCTION LOAD timeout"; err == nil || err.Error() != want {
		t.Errorf("%v", err)
	}
	var e Error
	if !errors.As(err, &e) {
		t.Errorf("%T", err)
	}
}

func TestALibraryLogsOnceWhenItIsLoaded(t *testing.T) {
	var logs []string
	log := func(level int, text string) { logs = append(logs, fmt.Sprint(level, text)) }
	r := New(Options{Idle: 1})
	l, err := r.LoadLibrary(t.Context(), []byte("#!lua name=lib\nredis.log(2, 'hello') redis.register_function('f', function() return 1 end)"), log)
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 20 {
				reply, err := r.CallFunction(context.Background(), l, "f", nil, nil, cannedReplies, 2, nil)
				if err != nil || string(reply) != ":1\r\n" {
					t.Errorf("%q %v", reply, err)
				}
			}
		})
	}
	wg.Wait()
	if strings.Join(logs, ",") != "2hello" {
		t.Errorf("%q", logs)
	}
}
