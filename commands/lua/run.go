package lua

import (
	"context"
	"strconv"
	"strings"
	"time"

	vm "github.com/yuin/gopher-lua"
)

// interp is one interpreter: a state of the VM with all that scripts see in it. It runs one script
// at a time.
type interp struct {
	L         *vm.LState
	watch     *watch
	ctx       context.Context // of the run
	notes     *notes
	loaded    []*notes                 // of what the script itself compiled
	host      Host                     // nil outside of a run
	load      *loading                 // not nil while a library registers its functions
	functions map[string]*vm.LFunction // what it registered
	resp      int                      // of the replies that the script gets, as it chose by redis.setresp

	locator *vm.LFunction // locate
	place   place         // of the last error
	worn    bool          // after a stack overflow, when the stack is large, or a mistake of the VM

	protection
	coroutines
	random

	keys, argv *vm.LTable
	args       [][]byte // of the current call
	flat       []byte   // the bytes of args
	json       *jsonConfig
	jsonLent   bool
}

// The VM's table of elements in a row is made as long as its greatest index, whatever is in it. Beyond
// this many, an index is a key like any other, so that t[12345678] = true stays cheap.
const maxArray = 4 << 20

func init() { vm.MaxArrayIndex = maxArray }

// maxCalls is how deep functions may call each other, as in Lua 5.1.
const maxCalls = 20_000

func newInterp(r *Runtime) *interp {
	in := &interp{
		L: vm.NewState(vm.Options{
			SkipOpenLibs:        true,
			CallStackSize:       maxCalls,
			MinimizeStackMemory: true,
			RegistrySize:        512,
			RegistryGrowStep:    4096,
			RegistryMaxSize:     1 << 20,
		}),
		watch: &watch{},
	}
	in.L.SetContext(in.watch)
	in.shared = &r.random
	in.locator = in.L.NewFunction(in.locate)
	in.openGlobals(r.options)
	return in
}

// watch ends a run. The VM asks its context before each instruction whether it is done; this one looks
// at the real context only every so often, and until then answers with a nil channel, which costs
// little. After the end it says so at each instruction, so that no pcall holds it up.
type watch struct {
	left  int // instructions until the next look
	done  <-chan struct{}
	ended bool
}

// lookEvery is in instructions, which take some 20 ns each.
const lookEvery = 2000

var closed = func() <-chan struct{} {
	c := make(chan struct{})
	close(c)
	return c
}()

// Done is asked by the VM.
func (w *watch) Done() <-chan struct{} {
	if w.left--; w.left > 0 {
		return nil
	}
	return w.look()
}

func (w *watch) look() <-chan struct{} {
	w.left = lookEvery
	select {
	case <-w.done:
		w.left, w.ended = 0, true
		return closed
	default:
		return nil
	}
}

// Err is the text of what the VM raises, which nobody gets to see.
func (w *watch) Err() error { return context.Canceled }

// Deadline and Value complete context.Context.
func (w *watch) Deadline() (time.Time, bool) { return time.Time{}, false }
func (w *watch) Value(any) any               { return nil }

// check raises an error when the run has ended, for functions that take long.
func (in *interp) check(L *vm.LState) {
	if in.watch.look() != nil {
		L.Error(vm.LString(in.watch.Err().Error()), 0)
	}
}

func (in *interp) begin(ctx context.Context, host Host, n *notes) {
	in.ctx = ctx
	*in.watch = watch{left: lookEvery, done: ctx.Done()}
	in.host, in.notes, in.resp = host, n, 2
	in.seeded = false
}

// end forgets the run, and says whether the interpreter can serve another.
func (in *interp) end() (reusable bool) {
	in.ctx, in.host, in.notes, in.loaded = nil, nil, nil, nil
	in.watch.done = nil
	in.coroutines.end()
	in.clearGlobals()
	if cap(in.flat) > 64<<10 {
		in.flat = nil
	}
	clear(in.args[:cap(in.args)])
	if in.jsonLent {
		in.json.reset()
		in.jsonLent = false
	}
	return !in.watch.ended && !in.worn
}

// finish calls a function and appends its reply, or the error that it ends with.
func (in *interp) finish(f *vm.LFunction, params []vm.LValue, name string, proto int, dst []byte) ([]byte, error) {
	start := len(dst)
	L := in.L
	if in.watch.look() != nil {
		return dst, in.notes.stopped(in.ctx, place{})
	}
	L.Push(f)
	for _, p := range params {
		L.Push(p)
	}
	in.place = place{}
	err := L.PCall(len(params), 1, in.locator)
	if in.watch.ended {
		L.SetTop(0)
		return dst[:start], in.notes.stopped(in.ctx, in.place)
	}
	if err != nil {
		L.SetTop(0)
		return in.appendFailure(dst, err, name), nil
	}
	w := replyWriter{in: in, proto: proto, dst: dst}
	w.value(L.Get(-1), 0)
	L.SetTop(0)
	return w.dst, nil
}

// appendFailure appends the error reply of a script that raised an error.
func (in *interp) appendFailure(dst []byte, err error, name string) []byte {
	message := in.messageOf(in.raised(err))
	in.worn = in.worn || strings.Contains(message, "overflow") || strings.Contains(message, "runtime error: ")
	if p := in.place; p.source != "" {
		message += " script: " + name + ", on " + p.source + ":" + p.line + "."
	}
	return appendError(dst, message)
}

// raised is what an error of the VM is, in Lua's words.
func (in *interp) raised(err error) vm.LValue {
	e, ok := err.(*vm.ApiError)
	if !ok {
		return vm.LString(err.Error())
	}
	if s, ok := e.Object.(vm.LString); ok {
		return vm.LString(in.translate(string(s)))
	}
	return e.Object
}

// A place is where a script went wrong, as Redis adds it to the message.
type place struct{ source, line string }

// locate is called with an error before the VM forgets where it was: the place is the Lua function that
// raised it, or called the one of ours that did.
func (in *interp) locate(L *vm.LState) int {
	in.place = place{}
	for level := 1; level <= 2; level++ {
		dbg, ok := L.GetStack(level)
		if !ok {
			break
		}
		if _, err := L.GetInfo("Sl", dbg, vm.LNil); err != nil || dbg.CurrentLine < 0 {
			in.place = place{"=[C]", "-1"}
			continue
		}
		in.place = place{in.source(dbg.Source), strconv.Itoa(dbg.CurrentLine)}
		break
	}
	return 1
}

// show is tostring, without metatables.
func (in *interp) show(v vm.LValue) string {
	if s, ok := text(v); ok {
		return s
	}
	return plainText(v)
}

func (in *interp) setGlobals(keys, args [][]byte) {
	in.keys, in.argv = fill(in.keys, keys), fill(in.argv, args)
	in.globals.RawSetString("KEYS", in.keys)
	in.globals.RawSetString("ARGV", in.argv)
}

// fill makes a table of strings, of an empty one if there is one.
func fill(t *vm.LTable, list [][]byte) *vm.LTable {
	if t == nil {
		t = newTable(len(list), 0)
	}
	for _, b := range list {
		t.Append(vm.LString(b))
	}
	return t
}

// clearGlobals takes from a run what it had, and keeps the tables if the script left them as usual.
func (in *interp) clearGlobals() {
	in.keys, in.argv = emptied(in.keys), emptied(in.argv)
}

func emptied(t *vm.LTable) *vm.LTable {
	const worthKeeping = 32
	if t == nil || t.Metatable != vm.LNil || t.Len() > worthKeeping {
		return nil
	}
	for range t.Len() {
		t.Remove(-1)
	}
	if key, _ := t.Next(vm.LNil); key != vm.LNil || t.MaxN() > 0 {
		return nil
	}
	return t
}

// newTable makes an empty table. It needs no state.
func newTable(elements, fields int) *vm.LTable {
	return (*vm.LState)(nil).CreateTable(elements, fields)
}
