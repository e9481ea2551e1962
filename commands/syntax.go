package commands

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// A row's Syntax is a line such as
//
//	key value [NX | XX] [GET] [EX seconds | PX milliseconds]
//
// and COMMAND DOCS shows it as a tree of operands, from which redis-cli makes its hints. In it
//
//	key             is an argument, of the type that its name has in operandNames
//	min:double      is one whose type differs from that
//	pattern#1       is one that belongs to the key spec 1; keys are counted by themselves
//	EX seconds      a word in upper case, or a sign, stands for itself, and for what the argument behind
//	                it is; several arguments behind it are a block
//	<LEFT | RIGHT>  is one of several, <BYBOX width> one thing, though it has one part only
//	[GET]           may be left out; [COUNT count [ANY]] is a block that may
//	key [key ...]   repeats what comes before: as many words of it as there are in the brackets
type operand struct {
	name     string
	kind     string // its type, in Redis's words
	token    string // the word before it, or that it is
	spec     int    // the number of its key spec, or noSpec
	optional bool
	multiple bool
	again    bool      // with its token each time
	parts    []operand // of a oneof or a block
}

const (
	noSpec    = -1
	pureToken = "pure-token"
	oneOf     = "oneof"
	block     = "block"
)

// operandNames are all the names that may occur, by the type that they have unless a Syntax says otherwise.
var operandNames = map[string]string{
	"key": "key key1 key2 newkey source destination src dst destkey sourcekey",
	"integer": `seconds milliseconds ms ttl frequency count limit len rank num-matches numkeys numfields cursor index index1 index2 db
		destination-db start stop end offset bit increment decrement weight protover client-id entries_read entries_added
		numreplicas numlocal version`,
	"double": "longitude latitude radius width height score timeout",
	"string": `value element pivot field member member1 member2 min max message username password clientname connection-name
		serialized-value encoding operation type group groupname consumer consumername id last-id max_deleted_entry_id
		min-idle-time threshold section parameter command command-name arg module-name category subcommand libname libver name address script sha1 prefix
		function function-code library-name library-name-pattern
		channel shardchannel`,
	"pattern":   "pattern",
	"unix-time": "unix-time-seconds unix-time-milliseconds",
}

// operandKinds is operandNames turned around.
var operandKinds = func() map[string]string {
	kinds := map[string]string{}
	for kind, names := range operandNames {
		for _, name := range strings.Fields(names) {
			kinds[name] = kind
		}
	}
	return kinds
}()

// operandTitles are Redis's names for words and for groups of operands. Others are called by their parts.
var operandTitles = map[string]string{
	"ch": "change", "incr": "increment", "alpha": "sorting", "=": "equal", "~": "approximately", "*": "auto_id", "$": "new_id",
	"nx_xx": "condition", "nx_xx_gt_lt": "condition", "gt_lt": "comparison", "m_km_ft_mi": "unit", "asc_desc": "order", "timeout_error": "timeout_error",
	"byte_bit": "index_unit", "byscore_bylex": "sortby", "sum_min_max": "aggregate", "left_right": "where", "min_max": "where",
	"before_after": "where", "async_sync": "async", "on_off": "enabled", "maxlen_minid": "strategy", "equal_approximately": "operator",
	"strategy_operator_threshold_count": "trim", "auto_id_id": "id_or_auto", "id_new_id": "id",
	"radius_unit": "circle", "width_height_unit": "box", "circle_box": "by", "member_longitude_latitude": "from",
	"end_index_unit": "end_index", "start_end_index": "index", "start_end_index_unit": "index", "count_any": "count",
	"count_withvalues": "options", "count_withscores": "options", "key_id": "streams", "numfields_field": "fields",
	"wrap_sat_fail_write_operation": "write", "encoding_offset_write": "operation", "libname_libver": "attr", "flush_merge_nocopy": "mode",

	"encoding_offset_value_encoding_offset_increment":                       "write_operation",
	"min-idle-time_start_end_count_consumer":                                "filters",
	"module-name_category_pattern":                                          "filterby",
	"protover_username_password_clientname":                                 "arguments",
	"seconds_milliseconds_unix-time-seconds_unix-time-milliseconds_keepttl": "expiration",
	"seconds_milliseconds_unix-time-seconds_unix-time-milliseconds_persist": "expiration",
}

func titled(name string) string {
	if title := operandTitles[name]; title != "" {
		return title
	}
	return name
}

var errSyntax = errors.New("malformed syntax")

// parseSyntax reads a Syntax of a command with so many key specs.
func parseSyntax(syntax string, specs int) ([]operand, error) {
	for _, sign := range []string{"[", "]", "<", ">", "|"} {
		syntax = strings.ReplaceAll(syntax, sign, " "+sign+" ")
	}
	p := &syntaxParser{words: strings.Fields(syntax), specs: specs}
	list := p.sequence()
	if p.err == nil && p.at < len(p.words) {
		p.fail("%q closes nothing", p.words[p.at])
	}
	return list, p.err
}

type syntaxParser struct {
	words []string
	at    int
	specs int
	keys  int // how many there were
	err   error
}

func (p *syntaxParser) fail(format string, args ...any) {
	if p.err == nil {
		p.err = fmt.Errorf("%w: "+format, append([]any{errSyntax}, args...)...)
	}
	p.at = len(p.words)
}

func (p *syntaxParser) next() string {
	if p.at == len(p.words) {
		return ""
	}
	p.at++
	return p.words[p.at-1]
}

// piece is a part of a sequence before words are joined with what they stand before.
type piece struct {
	operand
	from int  // the number of its first word
	word bool // it stands for itself
	name bool // it is one argument, or a repeated one
}

// sequence reads up to a bar or a closing bracket.
func (p *syntaxParser) sequence() []operand {
	var list []piece
	for p.at < len(p.words) {
		from := p.at
		switch w := p.words[p.at]; w {
		case "|", "]", ">":
			return join(list)
		case "<":
			p.at++
			list = append(list, piece{operand: p.group(">"), from: from})
		case "[":
			p.at++
			if p.repeats() {
				list = p.repeated(list, from)
				continue
			}
			o := p.group("]")
			if o.optional {
				p.fail("optional twice")
			}
			o.optional = true
			list = append(list, piece{operand: o, from: from})
		default:
			p.at++
			list = append(list, p.single(w, from))
		}
	}
	return join(list)
}

// group reads alternatives up to a closing bracket.
func (p *syntaxParser) group(closing string) operand {
	var choices []operand
	for {
		parts := p.sequence()
		if len(parts) == 0 {
			p.fail("nothing before %q", closing)
			return operand{}
		}
		end := p.next()
		lone := end == closing && choices == nil // the only alternative
		if len(parts) > 1 || lone && closing == ">" {
			choices = append(choices, grouped(block, parts))
		} else {
			choices = append(choices, parts[0])
		}
		switch {
		case lone:
			return choices[0]
		case end == closing:
			return grouped(oneOf, choices)
		case end != "|":
			p.fail("%q is not closed", closing)
			return operand{}
		}
	}
}

func grouped(kind string, parts []operand) operand {
	names := make([]string, len(parts))
	for i, o := range parts {
		names[i] = o.name
	}
	return operand{name: titled(strings.Join(names, "_")), kind: kind, spec: noSpec, parts: parts}
}

// single makes a piece of one word.
func (p *syntaxParser) single(w string, from int) piece {
	if w == "..." {
		p.fail("nothing is repeated")
	}
	if w[0] < 'a' || w[0] > 'z' {
		if w != strings.ToUpper(w) || strings.ContainsAny(w, ":#") {
			p.fail("%q is neither a word nor a name", w)
		}
		return piece{operand: operand{name: titled(strings.ToLower(w)), kind: pureToken, token: w, spec: noSpec}, from: from, word: true}
	}
	w, spec, hasSpec := strings.Cut(w, "#")
	name, kind, hasKind := strings.Cut(w, ":")
	usual := operandKinds[name]
	switch {
	case usual == "":
		p.fail("the name %q is not known", name)
	case !hasKind:
		kind = usual
	case operandNames[kind] == "" || kind == usual:
		p.fail("%q needs no type, or another", w)
	}
	o := operand{name: name, kind: kind, spec: noSpec}
	switch {
	case hasSpec:
		n, err := strconv.Atoi(spec)
		if err != nil || n < 0 || n >= p.specs {
			p.fail("there is no key spec %q", spec)
		}
		o.spec = n
	case kind == "key" && p.specs == 0:
		p.fail("there is no key spec for %q", name)
	case kind == "key":
		o.spec = min(p.keys, p.specs-1)
		p.keys++
	}
	return piece{operand: o, from: from, name: true}
}

// repeats says whether the brackets that were just opened are a repetition.
func (p *syntaxParser) repeats() bool {
	end := p.closing()
	return end > p.at && p.words[end-1] == "..." && !slices.Contains(p.words[p.at:end-1], "...")
}

// closing is the number of the word that closes the brackets that were just opened; 0: none does.
func (p *syntaxParser) closing() int {
	depth := 1
	for i := p.at; i < len(p.words); i++ {
		switch p.words[i] {
		case "[":
			depth++
		case "]":
			depth--
		}
		if depth == 0 {
			return i
		}
	}
	return 0
}

// repeated makes one piece of those that the brackets repeat.
func (p *syntaxParser) repeated(list []piece, opened int) []piece {
	end := p.closing()
	again := p.words[p.at : end-1]
	p.at = end + 1
	from := opened - len(again)
	i := slices.IndexFunc(list, func(x piece) bool { return x.from == from })
	if i < 0 || !slices.Equal(p.words[from:opened], again) {
		p.fail("%q does not repeat what comes before", again)
		return list
	}
	parts := join(list[i:])
	o := parts[0]
	if len(parts) > 1 {
		o = grouped(block, parts)
	}
	o.multiple, o.again = true, o.token != "" && len(parts) == 1
	return append(list[:i:i], piece{operand: o, from: from, name: o.token == ""})
}

// join gives words to what stands behind them: all arguments there, or one group.
func join(list []piece) (joined []operand) {
	for i := 0; i < len(list); i++ {
		x := list[i]
		if !x.word {
			joined = append(joined, x.operand)
			continue
		}
		end := i + 1
		for end < len(list) && list[end].name {
			end++
		}
		if end == i+1 && end < len(list) && list[end].isGroup() {
			end++
		}
		o := x.operand
		switch rest := join(list[i+1 : end]); len(rest) {
		case 0:
		case 1:
			o = rest[0]
		default:
			o = grouped(block, rest)
		}
		o.token = x.token
		joined = append(joined, o)
		i = end - 1
	}
	return joined
}

// isGroup says whether a word before the piece is its token.
func (x *piece) isGroup() bool {
	return !x.word && !x.optional && x.token == "" && x.parts != nil
}

// flags lists what is said of an operand.
func (o *operand) flags() (names []string) {
	for _, f := range []struct {
		set  bool
		name string
	}{{o.optional, "optional"}, {o.multiple, "multiple"}, {o.again, "multiple_token"}} {
		if f.set {
			names = append(names, f.name)
		}
	}
	return names
}

// operands appends them as COMMAND DOCS does.
func (c *Ctx) operands(list []operand) {
	c.Array(len(list))
	for _, o := range list {
		c.operand(&o)
	}
}

func (c *Ctx) operand(o *operand) {
	flags := o.flags()
	n := 2
	for _, more := range []bool{o.spec != noSpec, o.token != "", len(flags) > 0, len(o.parts) > 0} {
		if more {
			n++
		}
	}
	c.Map(n)
	c.Text("name")
	c.Text(o.name)
	c.Text("type")
	c.Text(o.kind)
	if o.spec != noSpec {
		c.Text("key_spec_index")
		c.Int(int64(o.spec))
	}
	if o.token != "" {
		c.Text("token")
		c.Text(o.token)
	}
	if len(flags) > 0 {
		c.Text("flags")
		c.statuses(flags, "")
	}
	if len(o.parts) > 0 {
		c.Text("arguments")
		c.operands(o.parts)
	}
}
