package commands

import (
	"slices"
	"strings"
	"testing"
	"time"

	"switchyard/integration/redistest"
)

func TestClientsAreThoseOfRedis(t *testing.T) { compareStories(t, clientStories) }

var clientStories = []story{
	{"wrong numbers of arguments are refused", `
		CLIENT ID x
		CLIENT GETNAME x
		CLIENT SETNAME
		CLIENT SETNAME a b
		CLIENT INFO x
		CLIENT NO-EVICT
		CLIENT NO-EVICT on off
		CLIENT HELP x`},
	{"names", `
		CLIENT ID
		CLIENT GETNAME
		CLIENT SETNAME me
		CLIENT GETNAME
		CLIENT SETNAME "a b"
		CLIENT SETNAME "a\nb"
		CLIENT SETNAME "a\x00"
		CLIENT SETNAME "\xff"
		CLIENT SETNAME "!~"
		CLIENT GETNAME
		CLIENT SETNAME ""
		CLIENT GETNAME
		client setname X
		client getname`},
	{"NO-EVICT", `
		CLIENT NO-EVICT on
		CLIENT NO-EVICT OFF
		CLIENT NO-EVICT yes
		CLIENT NO-EVICT ""`},
	{"LIST refuses what it does not know", `
		CLIENT LIST foo
		CLIENT LIST TYPE
		CLIENT LIST TYPE nosuch
		CLIENT LIST TYPE ""
		CLIENT LIST TYPE "a\x00b"
		CLIENT LIST TYPE master
		CLIENT LIST TYPE replica
		CLIENT LIST TYPE slave
		CLIENT LIST TYPE PubSub
		CLIENT LIST TYPE normal normal
		CLIENT LIST ID
		CLIENT LIST ID 99999
		CLIENT LIST ID 99999 99998 99999
		CLIENT LIST ID x
		CLIENT LIST ID 99999 x
		CLIENT LIST ID ""
		CLIENT LIST ID 0
		CLIENT LIST ID -1
		CLIENT LIST ID +1
		CLIENT LIST ID 9223372036854775808
		CLIENT LIST ID 99999 TYPE normal
		CLIENT LIST TYPE master ID 1`},
	{"what 7.2 added", `
		CLIENT SETINFO
		CLIENT SETINFO lib-name
		CLIENT SETINFO lib-name redis-py
		CLIENT SETINFO LIB-VER 1.2.3
		CLIENT SETINFO lib-name go-redis(,go1.26)
		CLIENT SETINFO lib-name ""
		CLIENT SETINFO lib-name "a b"
		CLIENT SETINFO LIB-VER "a\nb"
		CLIENT SETINFO lib-foo x
		CLIENT SETINFO lib-ver a b
		CLIENT NO-TOUCH
		CLIENT NO-TOUCH on
		CLIENT NO-TOUCH Off
		CLIENT NO-TOUCH yes`},
}

// fieldsOf splits a line of CLIENT LIST.
func fieldsOf(line string) (names []string, values map[string]string) {
	values = map[string]string{}
	for _, field := range strings.Fields(line) {
		name, value, _ := strings.Cut(field, "=")
		names = append(names, name)
		values[name] = value
	}
	return names, values
}

func TestClientLinesHaveTheFieldsOfRedis(t *testing.T) {
	redis := redistest.Start(t)
	p := newPair(t, redis.Addr, "2")
	p.do("CLIENT", "SETNAME", "me")
	p.do("CLIENT", "SETINFO", "lib-ver", "1.2")
	p.do("SELECT", "3")
	p.client.info.Age, p.client.info.Idle = 90*time.Second, 1500*time.Millisecond
	p.client.info.FD, p.client.info.InputBytes, p.client.info.OutputBytes, p.client.info.TotalBytes = 11, 22, 33, 99
	for _, call := range [][]string{{"CLIENT", "LIST"}, {"CLIENT", "INFO"}} {
		ours, values := fieldsOf(parseReply(t, p.do(call...)).(string))
		theirs, _ := fieldsOf(parseReply(t, p.oracle.do(call...)).(string))
		theirs = append(theirs, "lib-name", "lib-ver") // came with 7.2
		if !slices.Equal(ours, theirs) {
			t.Errorf("%v has the fields %v, not %v", call, ours, theirs)
		}
		for name, want := range map[string]string{
			"name": "me", "db": "3", "resp": "2", "lib-name": "", "lib-ver": "1.2", "user": "default", "flags": "N", "age": "90", "idle": "1",
			"addr": "127.0.0.1:5000", "laddr": "127.0.0.1:6379", "fd": "11", "qbuf": "22", "obl": "33", "omem": "33", "tot-mem": "99", "events": "rw", "cmd": strings.ToLower(strings.Join(call, "|")),
		} {
			if values[name] != want {
				t.Errorf("%v: %s is %q, not %q", call, name, values[name], want)
			}
		}
	}
}

func TestClientListSelects(t *testing.T) {
	r := newRig(t)
	other := &fakeClient{info: ClientInfo{ID: 9, Flags: "P"}}
	r.server.clients = append(r.server.clients, other)
	for line, want := range map[string]string{
		"CLIENT LIST": "7 9", "CLIENT LIST ID 9": "9", "client list id 9 7 9": "7 9", "CLIENT LIST ID 8": "", "CLIENT LIST TYPE pubsub": "9",
		"CLIENT LIST TYPE normal": "7", "CLIENT LIST TYPE master": "",
	} {
		var ids []string
		for _, l := range strings.Split(parseReply(t, r.do(strings.Fields(line)...)).(string), "\n") {
			if _, values := fieldsOf(l); values["id"] != "" {
				ids = append(ids, values["id"])
			}
		}
		if got := strings.Join(ids, " "); got != want {
			t.Errorf("%s lists %q, not %q", line, got, want)
		}
	}
}

func TestSubcommandsThatAreNotThereAreRefused(t *testing.T) {
	r := newRig(t)
	for _, call := range []string{
		"CLIENT CAPA", "CLIENT MAINT_NOTIFICATIONS", "CONFIG REWRITE"} {
		container, sub, _ := strings.Cut(call, " ")
		want := "-ERR unknown subcommand '" + sub + "'. Try " + container + " HELP.\r\n"
		if got := string(r.do(container, sub, "x")); got != want {
			t.Errorf("%s: %q", call, got)
		}
	}
}

func TestContainersListTheirSubcommands(t *testing.T) {
	redis := redistest.Start(t)
	p := newPair(t, redis.Addr, "3")
	for _, name := range []string{"CLIENT", "CONFIG", "COMMAND"} {
		ours := parseReply(t, p.do(name, "HELP")).([]any)
		theirs := parseReply(t, p.oracle.do(name, "HELP")).([]any)
		if ours[0] != theirs[0] || ours[len(ours)-2] != theirs[len(theirs)-2] {
			t.Errorf("%s HELP is %q", name, ours)
		}
	}
}

func TestFlagsReachTheSession(t *testing.T) {
	r := newRig(t)
	r.do("CLIENT", "NO-EVICT", "on")
	r.do("CLIENT", "NO-TOUCH", "ON")
	if !r.client.noEvict || !r.client.noTouch {
		t.Errorf("%+v", r.client)
	}
	r.do("CONFIG", "RESETSTAT")
	if r.server.resets != 1 {
		t.Errorf("statistics were reset %d times", r.server.resets)
	}
	if r.do("QUIT"); !r.client.closed {
		t.Error("QUIT does not close")
	}
}
