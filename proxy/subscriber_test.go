package proxy

import (
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"switchyard/proxy/transport"
)

// wire is a connection that shows what its client would have read, pushes and replies alike.
type wire struct {
	fakeConn
	mu    sync.Mutex
	read  strings.Builder
	limit transport.OutputLimit
	mute  bool

	abandoned atomic.Int32 // how often
}

func (w *wire) Push(b []byte) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.read.Write(b)
}

func (w *wire) Bound(limit transport.OutputLimit) { w.limit = limit }
func (w *wire) Spare(on bool)                     { w.mute = on }
func (w *wire) Abandon()                          { w.abandoned.Add(1) }

// take returns what was read since the last time.
func (w *wire) take() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	defer w.read.Reset()
	return w.read.String()
}

// client is a session on a wire.
type client struct {
	*session
	*wire
	t *testing.T
}

func connect(t *testing.T, server *Server, lines ...string) *client {
	t.Helper()
	w := &wire{}
	opened, err := server.Open(w)
	if err != nil {
		t.Fatal(err)
	}
	c := &client{opened.(*session), w, t}
	if len(lines) > 0 {
		c.send(lines...)
		c.take()
	}
	return c
}

// send runs lines as one batch, whose replies go where pushes go.
func (c *client) send(lines ...string) {
	for _, line := range lines {
		c.Execute(words(strings.Fields(line)...))
	}
	c.Settle()
	b, _ := c.Replies()
	c.wire.Push(b)
}

// want compares what the client has read with messages and replies in short: only their texts.
func (c *client) want(want string) {
	c.t.Helper()
	raw := c.take()
	var list []string
	for _, line := range strings.Split(raw, "\r\n") {
		if line != "" && line[0] != '$' {
			list = append(list, line)
		}
	}
	if got := strings.Join(list, " "); got != want {
		c.t.Errorf("read %q\nwant %q", got, want)
	}
}

func TestAConfirmationComesBeforeTheFirstMessage(t *testing.T) {
	server := newTestServer(t, nil)
	publisher := openSession(t, server)
	defer publisher.Close()
	a := connect(t, server)
	a.Execute(words("SET", "k", "v"))
	a.Execute(words("SUBSCRIBE", "x"))
	ask(publisher, "PUBLISH", "x", "one")
	a.Execute(words("PING"))
	ask(publisher, "PUBLISH", "x", "two")
	a.send("UNSUBSCRIBE x")
	ask(publisher, "PUBLISH", "x", "three")
	a.want("+OK *3 subscribe x :1 *3 message x one *3 message x two *2 pong *3 unsubscribe x :0")
	a.Close()
}

func TestAClientHearsItselfAfterTheReply(t *testing.T) {
	server := newTestServer(t, nil)
	a := connect(t, server, "HELLO 3", "SUBSCRIBE x", "PSUBSCRIBE x*")
	a.send("SET k v", "PUBLISH x one", "PUBLISH x two", "GET k")
	a.want("+OK :2 >3 message x one >4 pmessage x* x one :2 >3 message x two >4 pmessage x* x two v")
	a.send("MULTI", "PUBLISH x in", "INCR n", "EXEC")
	a.want("+OK +QUEUED +QUEUED *2 :2 :1 >3 message x in >4 pmessage x* x in")
	a.Close()
}

func TestASubscriptionInATransactionIsConfirmedInItsReply(t *testing.T) {
	server := newTestServer(t, nil)
	a := connect(t, server)
	a.send("MULTI", "SUBSCRIBE x", "PUBLISH x y", "EXEC", "GET k")
	a.want("+OK +QUEUED +QUEUED *2 *3 subscribe x :1 :1 *3 message x y " +
		"-ERR Can't execute 'get': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this context")
	a.Close()
}

func TestHelloChangesTheFormOfMessagesAfterItsReply(t *testing.T) {
	server := newTestServer(t, nil)
	publisher := openSession(t, server)
	defer publisher.Close()
	a := connect(t, server, "HELLO 3", "SUBSCRIBE x")
	ask(publisher, "PUBLISH", "x", "one")
	a.Execute(words("HELLO", "2"))
	ask(publisher, "PUBLISH", "x", "two")
	a.send("GET k")
	got := a.take()
	if parts := strings.Split(got, "message"); len(parts) != 3 || !strings.HasPrefix(parts[0], ">3") || !strings.Contains(parts[1], "*14\r\n$6\r\nserver") ||
		!strings.HasSuffix(parts[1], "*0\r\n*3\r\n$7\r\n") || !strings.HasSuffix(parts[2], "in this context\r\n") {
		t.Errorf("%q", got)
	}
	a.Close()
}

func TestResetAndTheEndOfASessionEndItsSubscriptions(t *testing.T) {
	server := newTestServer(t, nil)
	a := connect(t, server, "SUBSCRIBE x y", "PSUBSCRIBE *", "SSUBSCRIBE s")
	b := connect(t, server, "SUBSCRIBE x")
	if got := ask(a.session, "RESET"); got != "+RESET\r\n" {
		t.Errorf("%q", got)
	}
	if topics, clients := server.topics(); topics != [3]int{1, 0, 0} || clients != 1 {
		t.Errorf("topics %v, clients %d", topics, clients)
	}
	want(t, a.session, ":1\r\n", "PUBLISH", "x", "m")
	b.Close()
	want(t, a.session, ":0\r\n", "PUBLISH", "x", "m")
	a.Close()
	if topics, clients := server.topics(); topics != [3]int{} || clients != 0 {
		t.Errorf("topics %v, clients %d", topics, clients)
	}
}

func TestASubscriberHasALimitOfItsOwnAndMayBeSilent(t *testing.T) {
	server := newTestServer(t, nil)
	a := connect(t, server, "SUBSCRIBE x y")
	if a.limit != server.config.pubsubLimit() || a.limit.Hard != 32<<20 || a.limit.Soft != 8<<20 || a.limit.Grace.Seconds() != 60 {
		t.Errorf("the limit is %+v", a.limit)
	}
	a.send("UNSUBSCRIBE x")
	if a.limit != server.config.pubsubLimit() || !a.mute {
		t.Errorf("with a channel left it is %+v", a.limit)
	}
	a.send("UNSUBSCRIBE")
	if a.limit != server.config.outputLimit() || a.mute {
		t.Errorf("without channels it is %+v", a.limit)
	}
	want(t, a.session, "*2\r\n$26\r\nclient-output-buffer-limit\r\n$76\r\nnormal 1073741824 0 0 slave 268435456 67108864 60 pubsub 33554432 8388608 60\r\n",
		"CONFIG", "GET", "client-output-buffer-limit")
	a.Close()
}

func TestSubscriptionsSurviveASwitch(t *testing.T) {
	server := newTestServer(t, withSecond)
	publisher := openSession(t, server)
	defer publisher.Close()
	a := connect(t, server, "SUBSCRIBE x", "PSUBSCRIBE x*")
	want(t, publisher, "+OK\r\n", "STATE.SWITCH", "second")
	want(t, publisher, ":2\r\n", "PUBLISH", "x", "m")
	a.want("*3 message x m *4 pmessage x* x m")
	a.Close()
}

func TestSubscribersShowInWhatDescribesClients(t *testing.T) {
	server := running(t, func(*Config) {})
	s := openSession(t, server)
	defer s.Close()
	a := connect(t, server, "HELLO 3", "CLIENT NO-TOUCH on", "SUBSCRIBE x y", "PSUBSCRIBE p", "SSUBSCRIBE s")
	for line, parts := range map[string][]string{
		"CLIENT LIST TYPE pubsub": {fmt.Sprintf("id=%d ", a.id), " flags=PT ", " sub=2 psub=1 ssub=1 "},
		"CLIENT LIST TYPE normal": {fmt.Sprintf("id=%d ", s.id), " flags=N ", " sub=0 psub=0 ssub=0 "},
		"INFO clients":            {"pubsub_clients:1\r\n"},
		"INFO stats":              {"pubsub_channels:2\r\n", "pubsub_patterns:1\r\n", "pubsubshard_channels:1\r\n"},
	} {
		got := ask(s, strings.Fields(line)...)
		for _, part := range parts {
			if !strings.Contains(got, part) {
				t.Errorf("%s has no %q: %q", line, part, got)
			}
		}
		if strings.Count(got, " addr=") > 1 {
			t.Errorf("%s lists more than one client: %q", line, got)
		}
	}
	_, body := page(t, server, "/metrics")
	for _, line := range []string{
		"switchyard_pubsub_clients 1", `switchyard_pubsub_topics{kind="channel"} 2`, `switchyard_pubsub_topics{kind="pattern"} 1`,
		`switchyard_pubsub_topics{kind="shard_channel"} 1`,
	} {
		if !strings.Contains(body, "\n"+line+"\n") {
			t.Errorf("%s is not in the metrics", line)
		}
	}
	a.Close()
}

// A message to many is not sent from an event loop, which has others to serve.
func TestAMessageToManyIsNotSentFromALoop(t *testing.T) {
	server := newTestServer(t, nil)
	s := openSession(t, server)
	defer s.Close()
	try := func() bool { defer s.Replies(); return s.Try(words("PUBLISH", "x", "m")) }
	var all []*client
	for range 1001 {
		if len(all) == 1 && !try() {
			t.Error("a message to one is too much")
		}
		all = append(all, connect(t, server, "SUBSCRIBE x"))
	}
	if try() {
		t.Error("a message to 1001 is sent")
	}
	want(t, s, ":1001\r\n", "PUBLISH", "x", "m")
	for _, c := range all {
		c.Close()
	}
}

func TestSubscribersOfManySessionsUnderLoad(t *testing.T) {
	server := newTestServer(t, nil)
	const rounds = 200
	var all sync.WaitGroup
	for i := range 4 {
		c := connect(t, server, "HELLO 3", "SUBSCRIBE common")
		all.Go(func() {
			defer c.Close()
			for n := range rounds {
				own := fmt.Sprint("own:", i)
				c.send("SUBSCRIBE "+own, fmt.Sprint("PUBLISH ", own, " ", n), "PUBLISH common x", "UNSUBSCRIBE "+own, "HELLO 3")
				got := c.take()
				confirmed, heard := strings.Index(got, "subscribe\r\n"), strings.Index(got, "\r\n"+own+"\r\n$"+fmt.Sprint(len(fmt.Sprint(n)))+"\r\n"+fmt.Sprint(n))
				if confirmed < 0 || heard < confirmed {
					t.Errorf("round %d: %q", n, got)
				}
			}
		})
	}
	all.Wait()
	if topics, _ := server.topics(); topics != [3]int{} {
		t.Errorf("topics are left: %v", topics)
	}
}
