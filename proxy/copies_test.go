package proxy

import (
	"fmt"
	"strings"
	"testing"

	"switchyard/backends"
	"switchyard/commands"
)

func TestWhatABatchChangesIsBroadcastBehindIt(t *testing.T) {
	server := newTestServer(t, nil)
	a, b := connect(t, server, "HELLO 3", "CLIENT TRACKING ON BCAST PREFIX a PREFIX b"), connect(t, server)
	b.send("SET b1 1", "SET a2 1", "SET c 1", "SET a1 1", "SET a2 2")
	a.want(">2 invalidate *2 a1 a2 >2 invalidate *1 b1")
	a.send("SET a1 1", "MULTI", "SET a2 1", "SET a1 2", "EXEC", "GET a1")
	a.want("+OK +OK +QUEUED +QUEUED *2 +OK +OK 2 >2 invalidate *2 a1 a2")
	b.send("SET a1 1", "FLUSHALL", "SET a2 1")
	a.want(">2 invalidate _ >2 invalidate *2 a1 a2")
	b.Execute(words("SET", "a3", "1"))
	a.want("")
	b.Close() // as when its connection ends in the middle of the batch
	a.want(">2 invalidate *1 a3")
	a.send("SET a1 1", "QUIT")
	a.want("+OK +OK")
	a.Close()
}

func TestALongBatchIsBroadcastInParts(t *testing.T) {
	server := newTestServer(t, nil)
	a, b := connect(t, server, "HELLO 3", "CLIENT TRACKING ON BCAST"), connect(t, server)
	for i := range maxChanged + 1 {
		b.Execute(words("SET", fmt.Sprint("k", i%10), "1"))
	}
	a.want(">2 invalidate *10 k0 k1 k2 k3 k4 k5 k6 k7 k8 k9")
	b.Close()
	a.want("") // keys are told once
	a.Close()
}

func TestAClientWithNoLoopIsNotToldOfItsOwnChanges(t *testing.T) {
	server := newTestServer(t, nil)
	a, b := connect(t, server, "HELLO 3", "CLIENT TRACKING ON BCAST NOLOOP"), connect(t, server)
	a.send("SET k 1", "BLMOVE q p LEFT RIGHT 0")
	a.want("+OK")
	b.send("RPUSH q x") // in whose place a's call is made again
	a.want(">2 invalidate *1 q")
	a.await()
	a.want("x")
	b.send("RPUSH p x")
	a.want(">2 invalidate *1 p")
	a.Close()
	b.Close()
}

func TestAMessageDoesNotOvertakeTheReplyToACallThatWasHeldBack(t *testing.T) {
	server := newTestServer(t, nil)
	a, b := connect(t, server, "HELLO 3", "CLIENT TRACKING ON"), connect(t, server, "PFADD k x")
	b.send("CLIENT PAUSE 100000 WRITE")
	a.send("PFCOUNT k")
	run := make(chan struct{}, 1)
	if !a.Blocked(func() { run <- struct{}{} }) {
		t.Fatal("it is not held back")
	}
	b.send("CLIENT UNPAUSE")
	<-run // the reply is there, and the transport has yet to fetch it
	b.send("PFADD k y")
	a.want("")
	a.await()
	a.want(":1 >2 invalidate *1 k")
	a.Close()
	b.Close()
}

func TestMessagesThatWaitForTheBatchAreNotLost(t *testing.T) {
	server := newTestServer(t, func(c *Config) { c.Limits.PubSubOutput = 1 << 16 }) // which is not the limit of who has not subscribed
	a, b := connect(t, server, "HELLO 3", "CLIENT TRACKING ON"), connect(t, server)
	const keys = 1000
	a.Reply(nil) // begins a batch
	name := func(i int) string { return fmt.Sprint("k", i, strings.Repeat("x", 200)) }
	for i := range keys {
		a.Execute(words("GET", name(i)))
	}
	for i := range keys {
		b.Execute(words("SET", name(i), "1"))
	}
	a.send()
	got := a.take()
	if n := strings.Count(got, "invalidate"); n != keys || !strings.HasPrefix(got, strings.Repeat("_\r\n", keys)+">2\r\n") {
		t.Errorf("%d messages behind the replies, want %d", n, keys)
	}
	a.Close()
	b.Close()
}

func TestAClientLearnsThatNobodyHearsItsMessages(t *testing.T) {
	server := newTestServer(t, nil)
	r, b := connect(t, server, "HELLO 3"), connect(t, server)
	broken := fmt.Sprint(">2 tracking-redir-broken :", r.id)
	a := connect(t, server, "HELLO 3", fmt.Sprint("CLIENT TRACKING ON REDIRECT ", r.id), "GET k")
	old := connect(t, server, fmt.Sprint("CLIENT TRACKING ON BCAST REDIRECT ", r.id))
	b.send("SET k 1")
	r.want(">2 invalidate *1 k >2 invalidate *1 k")
	a.send("GET k")
	a.want("1")
	r.Close()
	b.send("SET k 2")
	a.want(broken)
	old.want("") // there is no way to tell it
	for _, c := range []*client{a, old} {
		if i := c.Info(); !strings.HasPrefix(i.Flags, "tR") || i.Redirect != r.id {
			t.Errorf("flags %q, redirected to %d", i.Flags, i.Redirect)
		}
	}
	a.send("CLIENT TRACKINGINFO", "GET k", "SET k 3")
	a.want(fmt.Sprintf("%%3 flags ~2 on broken_redirect redirect :%d prefixes *0 2 +OK %s", r.id, broken))
	a.send("CLIENT TRACKING ON", "CLIENT TRACKINGINFO", "GET k", "SET k 4")
	a.want("+OK %3 flags ~1 on redirect :0 prefixes *0 3 +OK >2 invalidate *1 k")
	a.Close()
	old.Close()
	b.Close()
}

func TestCachingInATransactionEndsWithIt(t *testing.T) {
	server := newTestServer(t, nil)
	b := connect(t, server)
	for mode, word := range map[string]string{"OPTIN": "YES", "OPTOUT": "NO"} {
		a := connect(t, server, "HELLO 3", "CLIENT TRACKING ON "+mode)
		a.send("MULTI", "GET before", "CLIENT CACHING "+word, "GET k", "EXEC", "GET after")
		a.take()
		told := map[string]bool{"before": mode == "OPTOUT", "k": mode == "OPTIN", "after": mode == "OPTOUT"}
		for key, told := range told {
			b.send("SET "+key+" 1", "DEL "+key)
			if got := a.take(); strings.Contains(got, "invalidate") != told {
				t.Errorf("%s: of %q it was told %q", mode, key, got)
			}
		}
		a.Close()
	}
	b.Close()
}

func TestWhatABackendRemovesByItselfIsTold(t *testing.T) {
	server := newTestServer(t, nil)
	a, c := connect(t, server, "HELLO 3", "CLIENT TRACKING ON"), connect(t, server, "HELLO 3", "CLIENT TRACKING ON BCAST PREFIX k")
	for _, why := range []backends.Reason{backends.Expired, backends.Evicted, backends.FieldsExpired, backends.HashExpired} {
		a.send("GET k", "GET j")
		a.want("_ _")
		server.removed(0, []byte("k"), why)
		server.removed(0, []byte("k"), why)
		a.want(">2 invalidate *1 k")
		c.want(">2 invalidate *1 k >2 invalidate *1 k")
	}
	a.Close()
	c.Close()
}

// TestTrackingBeginsOnNoBackendThatOthersChange has the backend change while a client begins to track, as a switch can
// which nobody has to wait for.
func TestTrackingBeginsOnNoBackendThatOthersChange(t *testing.T) {
	server := newTestServer(t, nil)
	a := connect(t, server, "HELLO 3", "CLIENT TRACKING ON OPTIN")
	engine := server.active.Load()
	server.active.Store(&opened{Backend: engine.Backend})
	if err := a.SetTracking(commands.Tracking{}); err != commands.ErrNoTracking {
		t.Errorf("got %v", err)
	}
	if _, on := a.Tracking(); on || server.trackers.Load() != 0 {
		t.Errorf("it tracks: %v; so do %d", on, server.trackers.Load())
	}
	server.active.Store(engine)
	a.Close()
}
