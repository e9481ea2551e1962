package commands

import (
	"fmt"
	"slices"
	"strings"
)

// Table finds a command by its name. It does not change once it is built.
type Table struct {
	rows   []*Row // commands and subcommands, by Index
	top    []*Row // commands alone, sorted by name
	byName map[string]*Row
}

// longestName bounds the names that Find has to look at.
const longestName = 32

// NewTable builds the table of all families. It panics when two rows contradict each other, since
// only a programmer can cause that.
func NewTable() *Table {
	t := &Table{byName: map[string]*Row{}}
	families := [][]*Row{
		stringRows, counterRows, keyRows, expireRows, scanRows, databaseRows,
		listRows, listBlockRows, sortRows, bitmapRows, bitfieldRows, hllRows, lcsRows,
		zsetRows, zsetRangeRows, zsetOpsRows, zsetPopRows, geoRows,
		streamRows, streamReadRows, streamGroupRows, streamPendingRows, streamInfoRows,
		hashRows, fieldExpiryRows, setRows, setOpsRows, objectRows, memoryRows,
		connectionRows, transactionRows, scriptRows, functionRows, pubsubRows, clientRows, commandRows, serverRows, processRows, configRows, stateRows,
	}
	for _, family := range families {
		for _, r := range family {
			t.add(r)
		}
	}
	slices.SortFunc(t.top, func(a, b *Row) int { return strings.Compare(a.Name, b.Name) })
	return t
}

func (t *Table) add(family *Row) {
	r := new(Row)
	*r = *family
	if t.byName[r.Name] != nil {
		panic("commands: two rows for " + r.Name)
	}
	t.byName[r.Name] = r
	t.top = append(t.top, r)
	t.number(r, r.Name)
	r.subs = make(map[string]*Row, len(r.Subs))
	subs := r.Subs
	r.Subs = nil
	for _, family := range subs {
		sub := new(Row)
		*sub = *family
		sub.Group = r.Group
		r.subs[sub.Name] = sub
		r.Subs = append(r.Subs, sub)
		t.number(sub, r.Name+"|"+sub.Name)
	}
}

func (t *Table) number(r *Row, fullName string) {
	r.FullName = fullName
	r.Index = len(t.rows)
	t.rows = append(t.rows, r)
	ways := 0
	for _, set := range []bool{r.Run != nil, r.Serve != nil, len(r.Subs) > 0} {
		if set {
			ways++
		}
	}
	switch {
	case ways == 0, r.Run != nil && ways > 1:
		panic(fmt.Sprintf("commands: %s has %d ways to run", fullName, ways))
	case r.Arity == 0, len(r.Name) > longestName, r.Name != strings.ToLower(r.Name):
		panic("commands: malformed row for " + fullName)
	case r.Run != nil && r.Span == nil && r.Flags&(Write|Readonly) == 0:
		panic("commands: neither write nor readonly: " + fullName)
	}
	var err error
	if r.operands, err = parseSyntax(r.Syntax, len(r.Keys)); err != nil {
		panic(fmt.Sprintf("commands: the syntax of %s: %v", fullName, err))
	}
}

// Rows lists commands and subcommands by Index.
func (t *Table) Rows() []*Row { return t.rows }

// Commands lists the commands, without subcommands, sorted by name.
func (t *Table) Commands() []*Row { return t.top }

// Find returns the row for a call, a container's subcommand included, or the error with which
// Redis refuses it: unknown, or with a wrong number of arguments, where the row is returned too.
func (t *Table) Find(args [][]byte) (*Row, error) {
	var buf [longestName]byte
	r := t.byName[string(lower(buf[:0], args[0]))]
	if r == nil {
		return nil, unknownCommand(args)
	}
	if len(r.subs) > 0 && len(args) > 1 {
		sub := r.subs[string(lower(buf[:0], args[1]))]
		if sub == nil {
			return nil, unknownSubcommand(r.Name, args[1])
		}
		r = sub
	}
	if !r.AcceptsArity(len(args)) || r.Serve == nil && r.Run == nil {
		return r, wrongArity(r.FullName)
	}
	return r, nil
}

// lookUp is Find for calls that need not be correct: nil when there is no such command or subcommand.
func (t *Table) lookUp(args [][]byte) *Row {
	r := t.byName[strings.ToLower(string(args[0]))]
	if r != nil && len(r.subs) > 0 && len(args) > 1 {
		return r.subs[strings.ToLower(string(args[1]))]
	}
	return r
}

// Known says whether name is a command of ours.
func (t *Table) Known(name []byte) bool {
	var buf [longestName]byte
	return t.byName[string(lower(buf[:0], name))] != nil
}

// named finds "get" or "client|list", as COMMAND INFO and DOCS are asked for.
func (t *Table) named(name string) *Row {
	name, sub, isSub := strings.Cut(strings.ToLower(name), "|")
	r := t.byName[name]
	if r != nil && isSub {
		return r.subs[sub]
	}
	return r
}

// lower appends name in lower case to dst; a name too long for any command gives nothing.
func lower(dst, name []byte) []byte {
	if len(name) > longestName {
		return dst
	}
	for _, b := range name {
		if 'A' <= b && b <= 'Z' {
			b += 'a' - 'A'
		}
		dst = append(dst, b)
	}
	return dst
}
