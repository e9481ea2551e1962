package lua

import (
	"bytes"
	"strings"

	vm "github.com/yuin/gopher-lua"
)

func (in *interp) redisLibrary() library {
	return library{
		"acl_check_cmd":      in.aclCheck,
		"breakpoint":         func(L *vm.LState) int { return pushBool(L, false) },
		"call":               func(L *vm.LState) int { return in.command(L, true) },
		"debug":              func(L *vm.LState) int { return 0 },
		"error_reply":        errorReply,
		"log":                in.log,
		"pcall":              func(L *vm.LState) int { return in.command(L, false) },
		"replicate_commands": func(L *vm.LState) int { return pushBool(L, true) },
		"set_repl":           in.setRepl,
		"setresp":            in.setResp,
		"sha1hex":            sha1hex,
		"status_reply":       statusReply,
	}
}

func redisConstants(o Options) map[string]vm.LValue {
	return map[string]vm.LValue{
		"LOG_DEBUG":         vm.LNumber(0),
		"LOG_VERBOSE":       vm.LNumber(1),
		"LOG_NOTICE":        vm.LNumber(2),
		"LOG_WARNING":       vm.LNumber(3),
		"REPL_NONE":         vm.LNumber(0),
		"REPL_AOF":          vm.LNumber(1),
		"REPL_SLAVE":        vm.LNumber(2),
		"REPL_REPLICA":      vm.LNumber(2),
		"REPL_ALL":          vm.LNumber(3),
		"REDIS_VERSION":     vm.LString(o.Version),
		"REDIS_VERSION_NUM": vm.LNumber(versionNumber(o.Version)),
	}
}

// errorTable is an error as scripts see it. Redis gives one without a code the code ERR.
func errorTable(message string) *vm.LTable {
	if rest, ok := strings.CutPrefix(message, "-"); ok {
		code, text, ok := strings.Cut(rest, " ")
		if !ok {
			code, text = "ERR", rest
		}
		message = code + " " + strings.Trim(text, "\r\n")
	} else {
		message = "ERR " + strings.Trim(message, "\r\n")
	}
	t := newTable(0, 2)
	t.RawSetString("err", vm.LString(message))
	return t
}

func throw(L *vm.LState, message string) { L.Error(errorTable(message), 0) }

// takeArgs collects the arguments of a command, or says what is wrong with them.
func (in *interp) takeArgs(L *vm.LState) (problem string) {
	n := L.GetTop()
	if n == 0 {
		return "Please specify at least one argument for this redis lib call"
	}
	in.args, in.flat = in.args[:0], in.flat[:0]
	for i := 1; i <= n; i++ {
		start := len(in.flat)
		switch v := L.Get(i).(type) {
		case vm.LString:
			in.flat = append(in.flat, v...)
		case vm.LNumber:
			in.flat = appendArgument(in.flat, float64(v))
		default:
			return "Lua redis lib command arguments must be strings or integers"
		}
		// As flat grows it may move. What was cut from it before stays as it is.
		in.args = append(in.args, in.flat[start:len(in.flat):len(in.flat)])
	}
	return ""
}

// appendArgument appends a number as commands get it, "%.17g".
func appendArgument(dst []byte, f float64) []byte {
	if i := int64(f); float64(i) == f && i < 1e15 && i > -1e15 && i != 0 {
		return appendInt(dst, i)
	}
	return appendG(dst, f, 17)
}

func (in *interp) command(L *vm.LState, raise bool) int {
	if in.host == nil {
		throw(L, "redis.call/pcall can only be called inside a script invocation")
	}
	in.check(L)
	if problem := in.takeArgs(L); problem != "" {
		if raise {
			throw(L, problem)
		}
		L.Push(errorTable(problem))
		return 1
	}
	r := replyReader{rest: in.host.Call(in.args, in.resp)}
	isError := len(r.rest) > 0 && r.rest[0] == '-'
	v, ok := r.value(0)
	if !ok {
		v, isError = errorTable("Invalid reply"), true
	}
	if isError && raise {
		L.Error(v, 0)
	}
	L.Push(v)
	return 1
}

func (in *interp) aclCheck(L *vm.LState) int {
	if in.host == nil {
		throw(L, "redis.acl_check_cmd can only be called inside a script invocation")
	}
	if problem := in.takeArgs(L); problem != "" {
		throw(L, problem)
	}
	permitted, known := in.host.Permits(in.args)
	if !known {
		throw(L, "Invalid command passed to redis.acl_check_cmd()")
	}
	return pushBool(L, permitted)
}

func isStringOnly(L *vm.LState) bool {
	return L.GetTop() == 1 && L.Get(1).Type() == vm.LTString
}

func errorReply(L *vm.LState) int {
	if !isStringOnly(L) {
		L.Push(errorTable("wrong number or type of arguments"))
		return 1
	}
	s, _, _ := strings.Cut(L.ToString(1), "\x00")
	if !strings.HasPrefix(s, "-") {
		s = "-" + s
	}
	L.Push(errorTable(s))
	return 1
}

func statusReply(L *vm.LState) int {
	if !isStringOnly(L) {
		L.Push(errorTable("wrong number or type of arguments"))
		return 1
	}
	t := newTable(0, 1)
	t.RawSetString("ok", L.Get(1))
	L.Push(t)
	return 1
}

func sha1hex(L *vm.LState) int {
	if L.GetTop() != 1 {
		throw(L, "wrong number of arguments")
	}
	s, _ := text(L.Get(1))
	return pushString(L, SHA1([]byte(s)))
}

func (in *interp) log(L *vm.LState) int {
	if L.GetTop() < 2 {
		throw(L, "redis.log() requires two arguments or more.")
	}
	f, ok := number(L.Get(1))
	if !ok {
		throw(L, "First argument must be a number (log level).")
	}
	level := toInt(f)
	if level < 0 || level > 3 {
		throw(L, "Invalid debug level.")
	}
	var b bytes.Buffer
	for i := 2; i <= L.GetTop(); i++ {
		if s, ok := text(L.Get(i)); ok {
			if i > 2 {
				b.WriteByte(' ')
			}
			b.WriteString(s)
		}
	}
	switch {
	case in.host != nil:
		in.host.Log(level, b.String())
	case in.load != nil && in.load.log != nil:
		in.load.log(level, b.String())
	}
	return 0
}

// setRepl has no replica to write less to, but refuses what Redis refuses.
func (in *interp) setRepl(L *vm.LState) int {
	if in.host == nil {
		throw(L, "redis.set_repl can only be called inside a script invocation")
	}
	if L.GetTop() != 1 {
		throw(L, "redis.set_repl() requires two arguments.")
	}
	f, _ := number(L.Get(1))
	if toInt(f)&^3 != 0 {
		throw(L, "Invalid replication flags. Use REPL_AOF, REPL_REPLICA, REPL_ALL or REPL_NONE.")
	}
	return 0
}

func (in *interp) setResp(L *vm.LState) int {
	if in.host == nil {
		throw(L, "redis.setresp can only be called inside a script invocation")
	}
	if L.GetTop() != 1 {
		throw(L, "redis.setresp() requires one argument.")
	}
	f, _ := number(L.Get(1))
	resp := toInt(f)
	if resp != 2 && resp != 3 {
		throw(L, "RESP version must be 2 or 3.")
	}
	in.resp = resp
	return 0
}
