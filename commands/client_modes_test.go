package commands

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestCallsAboutClientsAreReadAsRedisReadsThem(t *testing.T) {
	compareStories(t, []story{
		{"whom CLIENT KILL means", `
CLIENT KILL
CLIENT KILL x
CLIENT KILL ID
CLIENT KILL ID x
CLIENT KILL ID 0
CLIENT KILL ID -5
CLIENT KILL ID 99999999999999999999
CLIENT KILL ID 99999
CLIENT KILL TYPE foo
CLIENT KILL TYPE replica
CLIENT KILL type MASTER id 1
CLIENT KILL USER foo
CLIENT KILL USER nosuch ID x
CLIENT KILL ADDR x LADDR y
CLIENT KILL SKIPME maybe
CLIENT KILL SKIPME yes ID
CLIENT KILL ID 99999 ID 99998
CLIENT KILL foo bar
CLIENT KILL 1.2.3.4:5`},
		{"CLIENT REPLY", `
CLIENT REPLY
CLIENT REPLY x
CLIENT REPLY ON
CLIENT REPLY ON OFF`},
		{"CLIENT PAUSE", `
CLIENT PAUSE
CLIENT PAUSE x
CLIENT PAUSE -1
CLIENT PAUSE 99999999999999999999
CLIENT PAUSE 1 foo
CLIENT PAUSE 1 WRITE extra
CLIENT PAUSE 0 write
CLIENT UNPAUSE
CLIENT UNPAUSE x`},
		{"about the process", `
ROLE
ROLE x
LOLWUT VERSION a
SHUTDOWN ABORT
SHUTDOWN foo
SHUTDOWN SAVE NOSAVE
SHUTDOWN ABORT NOW
WAIT 0 0
WAIT 0 100
WAIT -1 10
WAIT a 1
WAIT 1 a
WAIT 1 -1
WAIT 1`},
	})
}

func TestClientKillKillsWhomAllFiltersMean(t *testing.T) {
	for line, want := range map[string]string{
		"CLIENT KILL SKIPME yes":                          ":3 8 9 10",
		"CLIENT KILL SKIPME no":                           ":4 8 9 10 self",
		"CLIENT KILL ID 9":                                ":1 9",
		"CLIENT KILL ID 7":                                ":0",
		"CLIENT KILL ID 7 SKIPME no":                      ":1 self",
		"CLIENT KILL TYPE normal":                         ":2 8 10",
		"CLIENT KILL TYPE pubsub":                         ":1 9",
		"CLIENT KILL USER default TYPE pubsub":            ":1 9",
		"CLIENT KILL ADDR 1.1.1.1:8":                      ":1 8",
		"CLIENT KILL LADDR 127.0.0.1:6380":                ":1 10",
		"CLIENT KILL ADDR 1.1.1.1:8 LADDR 127.0.0.1:6380": ":0",
		"CLIENT KILL MAXAGE 60":                           ":2 9 10",
		"CLIENT KILL maxage 61":                           ":1 10",
		"CLIENT KILL MAXAGE 0":                            "-ERR maxage should be greater than 0",
		"CLIENT KILL MAXAGE x":                            "-ERR maxage is not an integer or out of range",
		"CLIENT KILL 1.1.1.1:8":                           "+OK 8",
		"CLIENT KILL 127.0.0.1:5000":                      "+OK self",
		"CLIENT KILL 127.0.0.1:5001":                      "-ERR No such client",
	} {
		r := newRig(t)
		r.server.clients = append(r.server.clients,
			&fakeClient{info: ClientInfo{ID: 8, Addr: "1.1.1.1:8", LocalAddr: "127.0.0.1:6379", Flags: "O"}},
			&fakeClient{info: ClientInfo{ID: 9, Addr: "1.1.1.1:9", LocalAddr: "127.0.0.1:6379", Flags: "P", Age: time.Minute}},
			&fakeClient{info: ClientInfo{ID: 10, Addr: "1.1.1.1:10", LocalAddr: "127.0.0.1:6380", Flags: "N", Age: time.Hour}})
		got := strings.TrimSuffix(string(r.do(strings.Fields(line)...)), "\r\n")
		for _, a := range r.server.asked {
			got += strings.TrimPrefix(a, "kill")
		}
		if r.client.closed {
			got += " self"
		}
		if got != want {
			t.Errorf("%s: %q, not %q", line, got, want)
		}
	}
}

func TestModesReachTheSession(t *testing.T) {
	r := newRig(t)
	for _, line := range []string{"CLIENT REPLY off", "CLIENT REPLY skip"} {
		if got := string(r.do(strings.Fields(line)...)); got != "" {
			t.Errorf("%s replies %q", line, got)
		}
	}
	r.do("CLIENT", "REPLY", "ON")
	if want := []ReplyMode{ReplyOff, ReplySkip, ReplyOn}; !slices.Equal(r.client.replies, want) {
		t.Errorf("%v", r.client.replies)
	}
	if first, second := string(r.do("MONITOR")), string(r.do("MONITOR")); first != "+OK\r\n" || second != "" {
		t.Errorf("MONITOR replies %q and %q", first, second)
	}
	for _, line := range []string{"CLIENT PAUSE 5", "CLIENT PAUSE 6 all", "CLIENT PAUSE 7 write", "CLIENT UNPAUSE", "SHUTDOWN", "SHUTDOWN NOSAVE NOW FORCE"} {
		r.do(strings.Fields(line)...)
	}
	if got, want := strings.Join(r.server.asked, ", "), "pause 5 false, pause 6 false, pause 7 true, unpause, shutdown, shutdown"; got != want {
		t.Errorf("%s", got)
	}
	if !r.client.closed {
		t.Error("SHUTDOWN leaves its client waiting")
	}
}

func TestWaitsForReplicasTakeTheirTime(t *testing.T) {
	for line, want := range map[string]string{
		"WAIT 0 100":       ":0 []",
		"WAIT 1 100":       ":0 [100]",
		"WAIT 2 0":         ":0 [0]",
		"WAITAOF 0 0 100":  "*2 :0 :0 []",
		"WAITAOF 0 1 100":  "*2 :0 :0 [100]",
		"WAITAOF 1 0 100":  "-" + string(ErrWaitNoAOF) + " []",
		"WAITAOF 2 0 100":  "-" + string(ErrWaitLocal) + " []",
		"WAITAOF -1 0 100": "-" + string(ErrWaitLocal) + " []",
		"WAITAOF 0 -1 100": "-" + string(ErrNotPositive) + " []",
		"WAITAOF 0 0 x":    "-" + string(ErrTimeoutInteger) + " []",
		"durable 1 0 100":  "*2 :1 :0 []",
		"durable 1 1 100":  "*2 :1 :0 [100]",
		"durable 0 0 100":  "*2 :1 :0 []",
	} {
		r := newRig(t)
		if rest, durable := strings.CutPrefix(line, "durable"); durable {
			line, r.server.durable = "WAITAOF"+rest, true
		}
		got := strings.Join(strings.Fields(string(r.do(strings.Fields(line)...))), " ")
		if got += " " + fmt.Sprint(r.client.delays); got != want {
			t.Errorf("%s: %q, not %q", line, got, want)
		}
	}
}

func TestLolwutNamesTheVersion(t *testing.T) {
	r := newRig(t)
	for _, line := range []string{"LOLWUT", "LOLWUT foo", "LOLWUT VERSION 5 1 2"} {
		if got := parseReply(t, r.do(strings.Fields(line)...)); got != "Redis ver. "+RedisVersion+"\n" {
			t.Errorf("%s: %q", line, got)
		}
	}
}
