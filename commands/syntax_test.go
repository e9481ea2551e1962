package commands

import (
	"fmt"
	"strings"
	"testing"

	"switchyard/integration/redistest"
)

// written writes operands so that their whole structure shows, and nothing else.
func written(list []operand) string {
	texts := make([]string, len(list))
	for i, o := range list {
		texts[i] = o.written()
	}
	return strings.Join(texts, " ")
}

func (o *operand) written() (s string) {
	if o.token != "" {
		s = fmt.Sprintf("%q ", o.token)
	}
	if o.parts == nil {
		s += o.name + ":" + o.kind // the names of groups are never shown
	} else {
		s += o.kind + "(" + written(o.parts) + ")"
	}
	if o.spec != noSpec {
		s += fmt.Sprintf("#%d", o.spec)
	}
	for _, f := range o.flags() {
		s += map[string]string{"optional": "?", "multiple": "*", "multiple_token": "+"}[f]
	}
	return s
}

func TestSyntaxIsReadAsRedisMeansIt(t *testing.T) {
	for syntax, want := range map[string]string{
		"":                                "",
		"key value":                       "key:key#0 value:string",
		"key start:string":                "key:key#0 start:string",
		"source destination":              "source:key#0 destination:key#1",
		"source source source":            "source:key#0 source:key#1 source:key#1",
		"pattern#1 key":                   "pattern:pattern#1 key:key#0",
		"[count]":                         "count:integer?",
		"[GET]":                           `"GET" get:pure-token?`,
		"[EX seconds]":                    `"EX" seconds:integer?`,
		"[LIMIT offset count]":            `"LIMIT" block(offset:integer count:integer)?`,
		"[COUNT count [ANY]]":             `block("COUNT" count:integer "ANY" any:pure-token?)?`,
		"COUNT [count]":                   `"COUNT" count:pure-token count:integer?`,
		"<LEFT | RIGHT>":                  `oneof("LEFT" left:pure-token "RIGHT" right:pure-token)`,
		"[NX | XX]":                       `oneof("NX" nx:pure-token "XX" xx:pure-token)?`,
		"<* | id>":                        `oneof("*" auto_id:pure-token id:string)`,
		"BY <MIN | MAX> score":            `"BY" oneof("MIN" min:pure-token "MAX" max:pure-token) score:double`,
		"ID <id>":                         `"ID" block(id:string)`,
		"FULL <[COUNT count]>":            `"FULL" block("COUNT" count:integer?)`,
		"<id | field value>":              "oneof(id:string block(field:string value:string))",
		"field [field ...]":               "field:string*",
		"[field [field ...]]":             "field:string?*",
		"field value [field value ...]":   "block(field:string value:string)*",
		"WEIGHTS weight [weight ...]":     `"WEIGHTS" weight:integer*`,
		"[GET pattern [GET pattern ...]]": `"GET" pattern:pattern?*+`,
		"<field> [<field> ...]":           "block(field:string)*",
		"STREAMS key [key ...] id [id ...] COUNT": `"STREAMS" block(key:key#0* id:string*) "COUNT" count:pure-token`,
		"numkeys key [key ...] <MIN | MAX>":       `numkeys:integer key:key#0* oneof("MIN" min:pure-token "MAX" max:pure-token)`,
	} {
		list, err := parseSyntax(syntax, 2)
		if got := written(list); err != nil || got != want {
			t.Errorf("%s is %s, %v, want %s", syntax, got, err, want)
		}
	}
}

func TestMalformedSyntaxIsRefused(t *testing.T) {
	for _, syntax := range []string{
		"[", "]", "<", ">", "|", "[]", "<>", "[NX |]", "[| NX]", "[NX", "NX]", "[NX>", "<NX]", "key | value", "...", "key ...", "key [value ...]", "[key ...]",
		"value key [value ...]", "keys", "Key", "EX:string", "key:nosuch", "count:integer", "key:", "key#", "key#x", "key#2", "key#-1", "[[NX]]", "field [field ... value]",
		"<* | ID:x>", "field [field value ...]",
	} {
		if list, err := parseSyntax(syntax, 2); err == nil {
			t.Errorf("%s is read as %s", syntax, written(list))
		}
	}
	if list, err := parseSyntax("key", 0); err == nil {
		t.Errorf("a key that no spec finds is read as %s", written(list))
	}
}

func TestEveryCommandWithArgumentsHasASyntax(t *testing.T) {
	ignored := map[string]bool{"quit": true, "debug": true} // they take any arguments, and mind none
	for _, r := range NewTable().Rows() {
		alone := 1
		if strings.Contains(r.FullName, "|") {
			alone = 2
		}
		wants := r.Arity != alone && len(r.Subs) == 0 && !ignored[r.FullName]
		if has := len(r.operands) > 0; has != wants {
			t.Errorf("%s, of arity %d, has the syntax %q", r.FullName, r.Arity, r.Syntax)
		}
		least := alone
		for _, o := range r.operands {
			least += o.least()
		}
		if most := -r.Arity; wants && r.Arity < 0 && least > most || r.Arity > 0 && least != r.Arity {
			t.Errorf("%s, of arity %d, has at least %d words by its syntax", r.FullName, r.Arity, least)
		}
	}
}

// least is how many words an operand has at least.
func (o *operand) least() (n int) {
	switch {
	case o.optional:
		return 0
	case o.kind == pureToken:
		return 1
	case o.kind == oneOf:
		for i, choice := range o.parts {
			if words := choice.least(); i == 0 || words < n {
				n = words
			}
		}
	case o.kind == block:
		for _, part := range o.parts {
			n += part.least()
		}
	default:
		n = 1
	}
	if o.token != "" {
		n++
	}
	return n
}

// deviations are where the arguments differ from those that Redis 7.0.15 describes: what it says, what we say
// instead, and why.
var deviations = []struct{ command, theirs, ours, why string }{
	{"geosearch", `block("BYBOX" width:double height:double `, `block("BYBOX" block(width:double height:double) `, "one rule for all words: see STREAMS and LIMIT"},
	{"geosearchstore", `block("BYBOX" width:double height:double `, `block("BYBOX" block(width:double height:double) `, "as with GEOSEARCH"},
	{"pfmerge", "sourcekey:key#1*", "sourcekey:key#1?*", "without sources it makes an empty target, which the documentation says from 7.2 on"},
	{"geohash", "member:string*", "member:string?*", "without members the reply is empty, which the documentation says from 7.2 on"},
	{"geopos", "member:string*", "member:string?*", "as with GEOHASH"},
	{"zrank", "member:string", `member:string "WITHSCORE" withscore:pure-token?`, "an option of 7.2"},
	{"zrevrank", "member:string", `member:string "WITHSCORE" withscore:pure-token?`, "an option of 7.2"},
	{"hscan", `"COUNT" count:integer?`, `"COUNT" count:integer? "NOVALUES" novalues:pure-token?`, "an option of 7.4"},
	{"client|kill", theirKillFilters, ourKillFilters, "as 7.2 documents it, and an option of 7.4"},
	{"command|getkeys", "", "command:string arg:string?*", "undocumented before 7.2"},
	{"command|getkeysandflags", "", "command:string arg:string?*", "undocumented before 7.2"},
}

const (
	theirKillFilters = `oneof(ip:port:string oneof("ID" client-id:integer? "TYPE" oneof("NORMAL" normal:pure-token "MASTER" master:pure-token "SLAVE" slave:pure-token "REPLICA" replica:pure-token "PUBSUB" pubsub:pure-token)? ` +
		`"USER" username:string? "ADDR" ip:port:string? "LADDR" ip:port:string? "SKIPME" yes/no:string?)*)`
	ourKillFilters = `oneof(address:string oneof("ID" client-id:integer "TYPE" oneof("NORMAL" normal:pure-token "MASTER" master:pure-token "SLAVE" slave:pure-token "REPLICA" replica:pure-token "PUBSUB" pubsub:pure-token) ` +
		`"USER" username:string "ADDR" address:string "LADDR" address:string "SKIPME" oneof("YES" yes:pure-token "NO" no:pure-token) "MAXAGE" seconds:integer)*)`
)

// operandsOf reads the arguments in a reply to COMMAND DOCS.
func operandsOf(t testing.TB, v any) (list []operand) {
	t.Helper()
	if v == nil {
		return nil
	}
	for _, each := range v.([]any) {
		fields := docs(t, each)
		o := operand{name: fields["name"].(string), kind: fields["type"].(string), spec: noSpec}
		o.token, _ = fields["token"].(string)
		if n, isKey := fields["key_spec_index"].(int64); isKey {
			o.spec = int(n)
		}
		flags := fmt.Sprint(fields["flags"], " ")
		o.optional = strings.Contains(flags, "optional")
		o.multiple = strings.Contains(strings.ReplaceAll(flags, "multiple_token", ""), "multiple")
		o.again = strings.Contains(flags, "multiple_token")
		if o.kind == oneOf || o.kind == block {
			o.parts = operandsOf(t, fields["arguments"])
		}
		list = append(list, o)
	}
	return list
}

func TestArgumentsAreThoseOfRedis(t *testing.T) {
	redis := redistest.Start(t)
	for _, proto := range []string{"2", "3"} {
		p := newPair(t, redis.Addr, proto)
		for _, r := range p.server.table.Rows() {
			ours := docs(t, docs(t, parseReply(t, p.rig.do("COMMAND", "DOCS", r.FullName)))[r.FullName])["arguments"]
			if got := written(operandsOf(t, ours)); got != written(r.operands) {
				t.Errorf("RESP%s %s: COMMAND DOCS says %s, the table %s", proto, r.FullName, got, written(r.operands))
			}
			theirs, known := docs(t, parseReply(t, p.oracle.do("COMMAND", "DOCS", r.FullName)))[r.FullName]
			if !known {
				continue
			}
			of := docs(t, theirs)["arguments"]
			want := written(operandsOf(t, of))
			for _, d := range deviations {
				if d.command != r.FullName {
					continue
				}
				if !strings.HasSuffix(want, d.theirs) && strings.Count(want, d.theirs) != 1 {
					t.Errorf("%s: Redis does not say %s", d.command, d.theirs)
				}
				at := strings.LastIndex(want, d.theirs)
				want = want[:at] + d.ours + want[at+len(d.theirs):]
			}
			if got := written(r.operands); got != want {
				t.Errorf("RESP%s %s: %s\nhere  %s\nRedis %s", proto, r.FullName, r.Syntax, got, want)
			}
			if a, b := forms(ours), forms(of); want == written(operandsOf(t, of)) && a != b {
				t.Errorf("RESP%s %s: the reply has the form\n%s\nnot\n%s", proto, r.FullName, a, b)
			}
		}
	}
}

// forms writes the types of all that a reply consists of, without what Redis alone says of an argument.
func forms(v any) string {
	var list []any
	switch v := v.(type) {
	case []any:
		list = v
	case replySet:
		list = v
	case replyMap:
		list = v
	default:
		return fmt.Sprintf("%T", v)
	}
	var parts []string
	for i := 0; i < len(list); i++ {
		if list[i] == "since" {
			i++
			continue
		}
		parts = append(parts, forms(list[i]))
	}
	return fmt.Sprintf("%T%v", v, parts)
}
