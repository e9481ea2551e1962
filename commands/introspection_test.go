package commands

import (
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/tidwall/redcon"

	"switchyard/integration/redistest"
)

func TestIntrospectionIsThatOfRedis(t *testing.T) { compareStories(t, introspectionStories) }

var introspectionStories = []story{
	{"wrong numbers of arguments are refused", `
		COMMAND COUNT x
		COMMAND GETKEYS
		COMMAND GETKEYS GET
		COMMAND GETKEYSANDFLAGS GET
		COMMAND HELP x
		CONFIG HELP x`},
	{"COMMAND GETKEYS", `
		COMMAND GETKEYS GET k
		COMMAND GETKEYS ZDIFF 01 a b
		COMMAND GETKEYS XREADGROUP GROUP g c count STREAMS x 0-2
		COMMAND GETKEYS XREADGROUP GROUP g c NOACK count STREAMS x 0-2
		COMMAND GETKEYS XREAD COUNT STREAMS x y
		COMMAND GETKEYS ZDIFF 1x a b
		COMMAND GETKEYS ZDIFF +2 a b
		COMMAND GETKEYS ZDIFF -1 a b
		COMMAND GETKEYS ZDIFF 1.5 a b
		COMMAND GETKEYS ZDIFF x a b
		COMMAND GETKEYS get k
		COMMAND GETKEYS SET k v EX 10
		COMMAND GETKEYS MSET a 1 b 2
		COMMAND GETKEYS MSET a 1 b
		COMMAND GETKEYS MGET a b a ""
		COMMAND GETKEYS DEL a b
		COMMAND GETKEYS RENAME a b
		COMMAND GETKEYS COPY a b DB 3
		COMMAND GETKEYS MOVE a 3
		COMMAND GETKEYS RESTORE k 0 x
		COMMAND GETKEYS GET
		COMMAND GETKEYS GET a b
		COMMAND GETKEYS SET k
		COMMAND GETKEYS nosuch k
		COMMAND GETKEYS "" k
		COMMAND GETKEYS PING x
		COMMAND GETKEYS SCAN 0
		COMMAND GETKEYS DBSIZE x
		COMMAND GETKEYS CLIENT LIST
		COMMAND GETKEYS CLIENT nosuch
		COMMAND GETKEYS CLIENT LIST ID 1
		COMMAND GETKEYS CONFIG GET x
		COMMAND GETKEYS COMMAND COUNT
		COMMAND GETKEYS COMMAND COUNT x
		COMMAND GETKEYS client|list x
		COMMAND GETKEYSANDFLAGS GET k
		COMMAND GETKEYSANDFLAGS SETNX k v
		COMMAND GETKEYSANDFLAGS MSET a 1 b 2
		COMMAND GETKEYSANDFLAGS RENAME a b
		COMMAND GETKEYSANDFLAGS COPY a b DB 3
		COMMAND GETKEYSANDFLAGS GET a b
		COMMAND GETKEYSANDFLAGS nosuch k
		COMMAND GETKEYSANDFLAGS PING x`},
	{"COMMAND INFO and DOCS of what is not there", `
		COMMAND INFO nosuch
		COMMAND INFO nosuch "" client|nosuch nosuch|list get|x
		COMMAND DOCS nosuch
		COMMAND DOCS nosuch "" client|nosuch nosuch|list get|x`},
	{"COMMAND LIST", `
		COMMAND LIST foo
		COMMAND LIST FILTERBY
		COMMAND LIST FILTERBY MODULE
		COMMAND LIST FILTERBY MODULE nosuch
		COMMAND LIST FILTERBY ACLCAT nosuch
		COMMAND LIST FILTERBY PATTERN nosuch
		COMMAND LIST FILTERBY PATTERN get
		COMMAND LIST FILTERBY PATTERN GET
		COMMAND LIST FILTERBY PATTERN ""
		COMMAND LIST FILTERBY PATTERN config|ge?
		COMMAND LIST FILTERBY PATTERN getr*
		COMMAND LIST FILTERBY pattern getr*
		COMMAND LIST FILTERBY foo bar
		COMMAND LIST FILTERBY PATTERN a b
		COMMAND LIST foo PATTERN a`},
}

// anyNote stands for the notes of COMMAND INFO, which are prose.
const anyNote = "some note"

// canonical prints a reply so that the order of sets, and of lists of statuses, does not show.
func canonical(v any) string {
	var list []any
	switch v := v.(type) {
	case []any:
		list = v
	case replySet:
		list = v
	case replyMap:
		var pairs []string
		for i := 0; i < len(v); i += 2 {
			if v[i] == "notes" {
				v[i+1] = anyNote
			}
			pairs = append(pairs, canonical(v[i])+":"+canonical(v[i+1]))
		}
		return fmt.Sprint("map", pairs)
	default:
		return fmt.Sprintf("%T(%v)", v, v)
	}
	var parts []string
	statuses := len(list) > 0
	for i := 0; i < len(list); i++ {
		if i > 0 && list[i-1] == "notes" {
			list[i] = anyNote
		}
		_, isStatus := list[i].(replyStatus)
		statuses = statuses && isStatus
		parts = append(parts, canonical(list[i]))
	}
	if statuses {
		slices.Sort(parts)
	}
	return fmt.Sprintf("%T%v", v, parts)
}

// changedIn72 are fields that Redis 7.2 describes differently: there ZRANK takes WITHSCORE.
var changedIn72 = map[string]bool{"zrank arity": true, "zrevrank arity": true}

func TestRowsAreThoseOfRedis(t *testing.T) {
	redis := redistest.Start(t)
	fields := []string{"name", "arity", "flags", "first key", "last key", "step", "ACL categories", "tips", "key specs"}
	unknown := map[string]string{"client|setinfo": newIn72, "client|no-touch": newIn72, "waitaof": newIn72}
	for _, proto := range []string{"2", "3"} {
		p := newPair(t, redis.Addr, proto)
		for _, r := range p.server.table.Rows() {
			theirs, known := parseReply(t, p.oracle.do("COMMAND", "INFO", r.FullName)).([]any)[0].([]any)
			if !known {
				if unknown[r.FullName] == "" && r.Group != "state" && r.Since != "7.4.0" {
					t.Errorf("Redis has no %s", r.FullName)
				}
				continue
			}
			ours := parseReply(t, p.rig.do("COMMAND", "INFO", r.FullName)).([]any)[0].([]any)
			for i, field := range fields {
				a, b := canonical(ours[i]), canonical(theirs[i])
				if a != b && !changedIn72[r.FullName+" "+field] {
					t.Errorf("RESP%s %s: %s\nhere  %s\nRedis %s", proto, r.FullName, field, a, b)
				}
			}
			if a, b := fmt.Sprintf("%T", ours[9]), fmt.Sprintf("%T", theirs[9]); len(ours) != len(theirs) || a != b {
				t.Errorf("RESP%s %s: subcommands are a %s, not a %s", proto, r.FullName, a, b)
			}
		}
	}
}

// docs makes a map of a map's reply in either protocol.
func docs(t testing.TB, v any) map[string]any {
	t.Helper()
	list, isMap := v.(replyMap)
	if !isMap {
		list = v.([]any)
	}
	m := map[string]any{}
	for i := 0; i < len(list); i += 2 {
		m[list[i].(string)] = list[i+1]
	}
	return m
}

func TestDocsHaveTheFormOfRedis(t *testing.T) {
	redis := redistest.Start(t)
	for _, proto := range []string{"2", "3"} {
		p := newPair(t, redis.Addr, proto)
		all := parseReply(t, p.rig.do("COMMAND", "DOCS"))
		if a, b := fmt.Sprintf("%T", all), fmt.Sprintf("%T", parseReply(t, p.oracle.do("COMMAND", "DOCS", "get"))); a != b {
			t.Errorf("COMMAND DOCS is a %s, not a %s", a, b)
		}
		if n, want := len(docs(t, all)), len(p.server.table.Commands()); n != want {
			t.Errorf("COMMAND DOCS has %d commands of %d", n, want)
		}
		for _, r := range p.server.table.Rows() {
			ours := docs(t, docs(t, parseReply(t, p.rig.do("COMMAND", "DOCS", r.FullName)))[r.FullName])
			theirs, known := docs(t, parseReply(t, p.oracle.do("COMMAND", "DOCS", r.FullName)))[r.FullName]
			for _, field := range []string{"summary", "since", "group", "complexity"} {
				if ours[field] == "" || ours[field] == nil {
					t.Errorf("%s has no %s", r.FullName, field)
				}
			}
			if !known {
				continue
			}
			for _, field := range []string{"since", "group"} {
				if want := docs(t, theirs)[field]; ours[field] != want {
					t.Errorf("%s: %s is %v, not %v", r.FullName, field, ours[field], want)
				}
			}
			if a, b := fmt.Sprintf("%T", ours["subcommands"]), fmt.Sprintf("%T", docs(t, theirs)["subcommands"]); a != b {
				t.Errorf("%s: subcommands are a %s, not a %s", r.FullName, a, b)
			}
		}
	}
}

func TestListsOfCommandsAgreeWithTheTable(t *testing.T) {
	r := newRig(t)
	names := func(line string) (names []string) {
		for _, v := range parseReply(t, r.do(strings.Fields(line)...)).([]any) {
			if info, isInfo := v.([]any); isInfo {
				v = info[0]
			}
			names = append(names, v.(string))
		}
		slices.Sort(names)
		return names
	}
	all := names("COMMAND LIST")
	if got := names("COMMAND"); !slices.Equal(got, all) {
		t.Errorf("COMMAND has %v\nCOMMAND LIST %v", got, all)
	}
	if got := names("COMMAND INFO"); !slices.Equal(got, all) {
		t.Errorf("COMMAND INFO has %v", got)
	}
	if count := parseReply(t, r.do("COMMAND", "COUNT")); count != int64(len(all)) {
		t.Errorf("COMMAND COUNT is %v, not %d", count, len(all))
	}
	if got := names("COMMAND LIST FILTERBY ACLCAT Connection"); !slices.Contains(got, "client|id") || slices.Contains(got, "get") {
		t.Errorf("in the category connection are %v", got)
	}
	if got := names("COMMAND LIST FILTERBY PATTERN *"); len(got) != len(r.server.table.Rows()) {
		t.Errorf("the pattern * selects %d of %d", len(got), len(r.server.table.Rows()))
	}
}

func TestOurOwnFlagsAreNotShown(t *testing.T) {
	if names := (Whole | AnyDB | Listening | Long).Names(); len(names) != 0 {
		t.Errorf("shown as %v", names)
	}
	table := NewTable()
	for _, name := range []string{"move", "copy"} {
		if table.named(name).Flags&AnyDB == 0 {
			t.Errorf("%s works in one database", name)
		}
	}
}

func TestRedisCLIReadsTheDocs(t *testing.T) {
	r := newRig(t)
	addr := redistest.FreeAddr(t)
	var mu sync.Mutex // the rig is one session, redis-cli may connect twice
	server := redcon.NewServer(addr, func(conn redcon.Conn, cmd redcon.Command) {
		mu.Lock()
		defer mu.Unlock()
		conn.WriteRaw(slices.Clone(r.run(cmd.Args)))
	}, func(redcon.Conn) bool { return true }, nil)
	listening := make(chan error)
	go server.ListenServeAndSignal(listening)
	if err := <-listening; err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	host, port, _ := strings.Cut(addr, ":")
	cli := exec.Command("redis-cli", "-h", host, "-p", port)
	cli.Stdin = strings.NewReader("help get\nhelp set\nhelp state.switch\nhelp client list\nhelp @state\nhelp nosuch\n")
	out, err := cli.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	for _, want := range []string{"Returns the string at a key.", "key value [NX|XX] [GET] [EX seconds|PX milliseconds|", "name [FLUSH|MERGE|NOCOPY]", "Describes the connections.", "STATE.SWITCH", "2.4.0"} {
		if !strings.Contains(string(out), want) {
			t.Errorf("redis-cli does not say %q:\n%s", want, out)
		}
	}
}
