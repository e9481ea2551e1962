package lua

import (
	"strconv"
	"strings"
)

// Messages of Lua 5.1 name what has the wrong type ("attempt to index local 'x' (a nil value)"); the
// VM's do not, and use other words. While a chunk is parsed, notes are taken of what is indexed,
// called and so on in which line; translate uses them when an error is caught. Where a line has
// several that would fit, the message names none, as Lua's does for a value without a name.

type siteKind uint8

const (
	siteIndex siteKind = iota
	siteCall
	siteLibraryCall // of a global, or of what is in one: most likely it is not what is wrong
	siteArithmetic
	siteConcat
	siteLength
)

type site struct {
	line int
	kind siteKind
	key  string // of an index, when it is a constant
	what string // as in "local 'x'", or empty
}

type notes struct {
	chunk  string // the name of the chunk in messages
	source string // and the one that Redis adds to them
	sites  []site
}

func (n *notes) add(s site) {
	if n != nil {
		n.sites = append(n.sites, s)
	}
}

func (n *notes) index(line int, what, key string) {
	n.add(site{line: line, kind: siteIndex, key: key, what: what})
}

func (n *notes) call(line int, what string) {
	n.add(site{line: line, kind: siteCall, what: what})
}

func (n *notes) operator(line int, op token, operands ...string) {
	kind := siteArithmetic
	switch op {
	case tokenConcat:
		kind = siteConcat
	case '#':
		kind = siteLength
	case '+', '-', '*', '/', '%', '^':
	default:
		return
	}
	for _, o := range operands {
		if o != "" {
			n.add(site{line: line, kind: kind, what: o})
		}
	}
}

// name returns the one thing that is used so in a line, or "" when there are several, or it has none.
func (n *notes) name(line int, kind siteKind, key string) (what string, found bool) {
	for _, s := range n.sites {
		if s.line != line || s.kind != kind || kind == siteIndex && s.key != "" && s.key != key {
			continue
		}
		if found && s.what != what {
			return "", true
		}
		found, what = true, s.what
	}
	return what, found
}

// translate turns a message of the VM into Lua's. Others stay as they are.
func (in *interp) translate(message string) string {
	if message == "lua callstack overflow" {
		return "stack overflow"
	}
	for _, n := range append(in.loaded, in.notes) {
		if line, rest, ok := lineOf(message, n.chunk); ok {
			return message[:len(message)-len(rest)] + n.reword(line, rest)
		}
	}
	return message
}

// source is what Redis calls a chunk.
func (in *interp) source(chunk string) string {
	for _, n := range append(in.loaded, in.notes) {
		if n.chunk == chunk {
			return n.source
		}
	}
	return "@" + chunk
}

func (n *notes) reword(line int, rest string) string {
	blame := func(act string, kind siteKind, key, typ string) string {
		what, found := n.name(line, kind, key)
		if !found && kind == siteCall {
			what, _ = n.name(line, siteLibraryCall, "")
		}
		if what != "" {
			return "attempt to " + act + " " + what + " (a " + typ + " value)"
		}
		return "attempt to " + act + " a " + typ + " value"
	}
	switch rest {
	case "registry overflow", "stack overflow":
		return "stack overflow"
	case "attempt to call a non-function object": // see wrongTypes for the others
		return blame("call", siteCall, "", "table")
	case "__unm undefined":
		return blame("perform arithmetic on", siteArithmetic, "", "table")
	case "__len undefined":
		return blame("get length of", siteLength, "", "table")
	case "too many recursions in gettable":
		return "loop in gettable"
	case "too many recursions in settable":
		return "loop in settable"
	}
	if typ, key, ok := between(rest, "attempt to index a non-table object(", ") with key '"); ok {
		return blame("index", siteIndex, strings.TrimSuffix(key, "'"), typ)
	}
	if typ, _, ok := between(rest, "attempt to call a ", " value"); ok {
		return blame("call", siteCall, "", typ)
	}
	if typ, _, ok := between(rest, "attempt to concatenate a ", " value"); ok {
		return blame("concatenate", siteConcat, "", typ)
	}
	if typ, _, ok := between(rest, "attempt to get length of a ", " value"); ok {
		return blame("get length of", siteLength, "", typ)
	}
	if typ, _, ok := between(rest, "attempt to perform arithmetic on a ", " value"); ok {
		return blame("perform arithmetic on", siteArithmetic, "", typ)
	}
	if op, types, ok := between(rest, "cannot perform ", " operation between "); ok && op != "" {
		left, right, _ := strings.Cut(types, " and ")
		if left == "number" {
			left = right
		}
		return blame("perform arithmetic on", siteArithmetic, "", left)
	}
	if number, after, ok := between(rest, "bad argument #", " to '"); ok {
		if name, problem, ok := strings.Cut(after, "' ("); ok && n.isMethod(line, name) {
			return methodArgument(number, name, problem)
		}
	}
	if left, right, ok := between(rest, "attempt to compare ", " with "); ok && left == right {
		return "attempt to compare two " + left + " values"
	}
	return rest
}

// isMethod says that a line calls a method of that name, and no other function of that name.
func (n *notes) isMethod(line int, name string) bool {
	found := false
	for _, s := range n.sites {
		if s.line != line || s.kind != siteCall && s.kind != siteLibraryCall {
			continue
		}
		if s.what == "method '"+name+"'" {
			found = true
		} else if strings.HasSuffix(s.what, " '"+name+"'") {
			return false
		}
	}
	return found
}

// methodArgument is the complaint about an argument of a method, of which self is not counted.
func methodArgument(number, name, problem string) string {
	i, err := strconv.Atoi(number)
	if err != nil || i == 1 {
		return "calling '" + name + "' on bad self (" + problem
	}
	return "bad argument #" + strconv.Itoa(i-1) + " to '" + name + "' (" + problem
}

// between cuts "<before>first<middle>second".
func between(s, before, middle string) (first, second string, ok bool) {
	s, ok = strings.CutPrefix(s, before)
	if !ok {
		return "", "", false
	}
	return strings.Cut(s, middle)
}

// lineOf splits "chunk:12: rest".
func lineOf(message, chunk string) (line int, rest string, ok bool) {
	after, ok := strings.CutPrefix(message, chunk+":")
	if !ok {
		return 0, message, false
	}
	digits, rest, ok := strings.Cut(after, ": ")
	if !ok {
		return 0, message, false
	}
	line, err := strconv.Atoi(digits)
	return line, rest, err == nil
}
