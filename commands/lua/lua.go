// Package lua runs the scripts of EVAL and the libraries of FUNCTION as Redis does: the same
// language (Lua 5.1), the same libraries, the same conversions between Lua's values and replies, and
// the same texts of errors. It knows no command: a script's redis.call goes to a Host.
//
// Start with [Runtime.Run], then run.go, which does what it says. The language is in syntax.go and
// expression.go, which make the tree that github.com/yuin/gopher-lua ("the VM") compiles and runs, and
// which go around what its compiler gets wrong. What scripts see of the VM's own libraries is written
// anew here, since it differs from Lua's in ways that scripts notice. protect.go keeps one run from
// leaving anything for the next; coroutine.go says why a pcall has a thread. reply.go converts.
//
// Where the VM differs from Lua and nothing is done about it, see the deviations in oracle_test.go.
// Besides, pairs goes in another order, and # of a table counts no further than four million.
package lua

import (
	"context"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"

	vm "github.com/yuin/gopher-lua"
)

// Host is what a script's calls reach. One run uses it from one goroutine.
type Host interface {
	// Call runs a command for the script and returns its reply, in RESP2 or RESP3 as proto says. A reply
	// that begins with '-' is an error, which redis.call raises. What may not run from a script is refused
	// by the host as well, in Redis's words, such as "-ERR Unknown Redis command called from script",
	// "-ERR Wrong number of args calling Redis command from script" or "-ERR This Redis command is not
	// allowed from script". The arguments, of which there is at least one, are the host's to read until it
	// returns; the reply is valid until the next Call.
	Call(args [][]byte, proto int) (reply []byte)
	// Permits says for redis.acl_check_cmd whether the user may run a command, and whether there is
	// such a command.
	Permits(args [][]byte) (permitted, known bool)
	// Log is redis.log. The level is 0 to 3, from LOG_DEBUG to LOG_WARNING.
	Log(level int, text string)
}

// Options of a Runtime. The zero value is fine.
type Options struct {
	// Version is redis.REDIS_VERSION, such as "7.2.4", and makes REDIS_VERSION_NUM.
	Version string
	// Idle is how many interpreters are kept for scripts, and as many for each library; 0 means 16. More
	// run when more are needed.
	Idle int
}

// Runtime runs scripts. It may be used by many goroutines at once.
type Runtime struct {
	options Options
	scripts pool
	random  atomic.Uint64 // see random
}

// New makes a Runtime.
func New(o Options) *Runtime {
	if o.Version == "" {
		o.Version = "7.2.0"
	}
	if o.Idle == 0 {
		o.Idle = 16
	}
	r := &Runtime{options: o}
	r.random.Store(firstRandom)
	r.scripts = pool{limit: o.Idle, create: func(context.Context) (*interp, error) { return newInterp(r), nil }}
	return r
}

// pool keeps idle interpreters. The one used last is taken first.
type pool struct {
	limit  int
	create func(context.Context) (*interp, error)

	mu   sync.Mutex
	idle []*interp
}

func (p *pool) take(ctx context.Context) (*interp, error) {
	p.mu.Lock()
	if n := len(p.idle); n > 0 {
		in := p.idle[n-1]
		p.idle[n-1], p.idle = nil, p.idle[:n-1]
		p.mu.Unlock()
		return in, nil
	}
	p.mu.Unlock()
	return p.create(ctx)
}

func (p *pool) put(in *interp) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.idle) < p.limit {
		p.idle = append(p.idle, in)
	}
}

// scriptChunk is what messages call the text of a script.
const scriptChunk = "user_script"

// Script is a compiled script. It does not change, and any number of runs may share it.
type Script struct {
	// SHA1 is the script's name: 40 lower-case hexadecimal digits.
	SHA1 string
	// Flags are those of its first line, if that is "#!lua flags=...".
	Flags Flags
	// Compat is true for a script without such a line, which Redis lets do what its commands may do.
	Compat bool

	proto *vm.FunctionProto
	notes *notes
}

// Compile makes a script of its text. The error is an [Error] with the whole of what a client is told.
func Compile(body []byte) (*Script, error) {
	code, flags, err := scriptShebang(string(body))
	if err != nil {
		return nil, err
	}
	n := &notes{chunk: scriptChunk, source: "@" + scriptChunk}
	proto, err := compileChunk(code, scriptChunk, n)
	if err != nil {
		return nil, Error("ERR Error compiling script (new function): " + err.Error())
	}
	return &Script{SHA1: SHA1(body), Flags: flags, Compat: !strings.HasPrefix(string(body), "#!"), proto: proto, notes: n}, nil
}

// Run runs a script and appends its reply to dst: RESP2 or RESP3, as the client's proto is. A script
// that fails has an error reply, in Redis's words. The error is not nil only when the run was ended
// because ctx was; then it is a [Stopped], dst comes back as it was, and the caller knows the words.
//
// Keys and args are read only while it runs. ctx is asked every so often, and before each Call, so its
// end stops any script within about a millisecond, but not a Call of the host. Neither a pcall nor a
// coroutine holds it up.
func (r *Runtime) Run(ctx context.Context, s *Script, keys, args [][]byte, host Host, proto int, dst []byte) (reply []byte, err error) {
	in, err := r.scripts.take(ctx)
	if err != nil {
		return dst, err
	}
	in.begin(ctx, host, s.notes)
	in.setGlobals(keys, args)
	reply, err = in.finish(in.L.NewFunctionFromProto(s.proto), nil, s.SHA1, proto, dst)
	if in.end() {
		r.scripts.put(in)
	}
	return reply, err
}

// versionNumber turns "7.2.4" into 0x070204.
func versionNumber(version string) float64 {
	n := 0
	for _, part := range strings.SplitN(version, ".", 3) {
		i, err := strconv.Atoi(part)
		if err != nil {
			return 0
		}
		n = n<<8 | i&0xff
	}
	return float64(n)
}

// Stopped is the error of a run that was ended from outside.
type Stopped struct {
	Cause error  // of the context's end
	Place string // where the run was, as Redis writes it: "@user_script:1"
}

func (s *Stopped) Error() string { return "script: " + s.Cause.Error() }

// Unwrap is for errors.Is.
func (s *Stopped) Unwrap() error { return s.Cause }

// stopped is that error for a run which was at p, if that is known.
func (n *notes) stopped(ctx context.Context, p place) error {
	if p.source == "" {
		p = place{n.source, "1"}
	}
	return &Stopped{Cause: context.Cause(ctx), Place: p.source + ":" + p.line}
}
