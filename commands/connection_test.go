package commands

import "testing"

func TestConnectionsAreThoseOfRedis(t *testing.T) { compareStories(t, connectionStories) }

var connectionStories = []story{
	{"PING and ECHO", `
		PING
		PING hello
		PING ""
		PING "a\r\nb"
		PING a b
		PING a b c
		ECHO
		ECHO hello
		ECHO ""
		ECHO a b
		TIME
		TIME x
		LASTSAVE
		LASTSAVE x`},
	{"SELECT", `
		SELECT
		SELECT 0 1
		SELECT 15
		SELECT 16
		SELECT -1
		SELECT x
		SELECT ""
		SELECT 1.5
		SELECT 01
		SELECT 99999999999
		SELECT 2147483648
		SELECT 9223372036854775808
		SELECT 0`},
	{"AUTH without a password", `
		AUTH
		AUTH x
		AUTH default x
		AUTH default ""
		AUTH nobody x
		AUTH a b c
		AUTH a b c d`},
	{"HELLO in all its forms", `
		HELLO
		HELLO 2
		HELLO
		HELLO 3
		HELLO
		HELLO 1
		HELLO 4
		HELLO 0
		HELLO -1
		HELLO 02
		HELLO x
		HELLO ""
		HELLO 3.0
		HELLO 9223372036854775807
		HELLO 9223372036854775808
		HELLO 3 foo
		HELLO 3 ""
		HELLO 3 AUTH
		HELLO 3 AUTH default
		HELLO 3 AUTH default x
		HELLO 3 AUTH nobody x
		HELLO 2 AUTH default x SETNAME me
		CLIENT GETNAME
		HELLO 3 SETNAME
		HELLO 3 SETNAME other
		CLIENT GETNAME
		HELLO 3 SETNAME "a b"
		HELLO 3 SETNAME ""
		CLIENT GETNAME
		HELLO 3 SETNAME again AUTH nobody x
		HELLO 3 SETNAME again foo
		HELLO 3 auth default x setname lower
		CLIENT GETNAME
		HELLO 3 AUTH default x AUTH nobody y
		HELLO 3 SETNAME a SETNAME b
		CLIENT GETNAME
		HELLO SETNAME x
		HELLO 4 SETNAME x
		HELLO 3 "a\x00b"
		HELLO 3 "a\r\nb"
		HELLO 2 foo
		GET k
		HELLO 3 foo
		GET k`},
	{"RESET and QUIT", `
		SELECT 3
		CLIENT SETNAME me
		HELLO 3
		RESET x
		RESET
		GET k
		CLIENT GETNAME
		DBSIZE
		HELLO 3
		QUIT`},
	{"QUIT may have arguments", `
		QUIT now please`},
	{"unknown commands are quoted", `
		nosuch
		nosuch a b
		NoSuch "" x
		"" x
		"" ""
		"no\r\nsuch" "a\r\nb"
		"no\x00such" "a\x00b" c
		(x*127) a
		(x*128) a
		(x*129) a
		(x*300) (y*300)
		nosuch (a*120) b c
		nosuch (a*124) b c
		nosuch (a*125) b c
		nosuch (a*126) b c
		nosuch (a*127) b c
		nosuch (a*128) b c
		nosuch (a*129) b c
		nosuch (a*60) (b*60) (c*60)
		nosuch a b c d e f g h i j k l m n o p q r s t u v w x y z a b c d e f g h i j k l m n o p q r s t u v w x y z
		"\xff\xfe" "\xff"
		GET\x20k
		"GET " k
		"get|x" k
		"client|list"
		"config|get" maxmemory`},
	{"containers want one of their subcommands", `
		CLIENT
		CONFIG
		CLIENT nosuch
		CLIENT nosuch a b
		CLIENT ""
		CLIENT "no\r\nsuch"
		CLIENT "no\x00such"
		CLIENT (x*200)
		CONFIG nosuch
		COMMAND nosuch
		client NoSuch`},
}

// Redis 7.0 authenticates and names while it reads the options, 7.2 after it has read them all.
func TestAHelloThatFailsChangesNothing(t *testing.T) {
	r := newRig(t)
	r.client.password, r.client.authenticated = "secret", false
	for _, call := range []struct{ line, want string }{
		{"HELLO", string("-" + ErrHelloNoAuth)},
		{"HELLO 3", string("-" + ErrHelloNoAuth)},
		{"HELLO 3 SETNAME me", string("-" + ErrHelloNoAuth)},
		{"HELLO 3 SETNAME me AUTH default wrong", string("-" + ErrWrongPass)},
		{"HELLO 3 AUTH default secret SETNAME", "-ERR Syntax error in HELLO option 'SETNAME'"},
		{`HELLO 3 AUTH default secret SETNAME "a b"`, string("-" + ErrClientName)},
		{"HELLO 4 AUTH default secret", string("-" + ErrNoProto)},
		{"AUTH wrong", string("-" + ErrWrongPass)},
	} {
		if got := string(r.do(splitLine(t, call.line)...)); got != call.want+"\r\n" {
			t.Errorf("%s: %q", call.line, got)
		}
		if i := r.client.info; i.Name != "" || i.Proto != 2 || r.ctx.Proto != 2 || r.client.authenticated {
			t.Fatalf("%s changed the session to %+v", call.line, i)
		}
	}
	r.do("HELLO", "3", "SETNAME", "me", "AUTH", "default", "secret")
	if i := r.client.info; i.Name != "me" || i.Proto != 3 || !r.client.authenticated {
		t.Errorf("after a HELLO that succeeds: %+v", i)
	}
}
