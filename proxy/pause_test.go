package proxy

import (
	"strings"
	"sync"
	"testing"
	"time"

	"switchyard/backends/memory"
	"switchyard/commands"
)

// eventually waits for what another goroutine does.
func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !is(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("it never comes to this: %s", what)
		}
	}
}

// await does what a transport does whose session is stopped, until it is no longer.
func (c *client) await() {
	for c.Stopped() {
		asked := make(chan struct{}, 1)
		if c.Blocked(func() { asked <- struct{}{} }) {
			<-asked
			continue
		}
		c.Reply(nil)
	}
	c.send()
}

// heldNow counts the calls that a pause holds back.
func (s *Server) heldNow() int {
	s.pause.mu.Lock()
	defer s.pause.mu.Unlock()
	return len(s.pause.held)
}

func TestAPauseHoldsBackWhatItShould(t *testing.T) {
	const write, all = "WRITE", "ALL"
	for line, held := range map[string]string{
		"GET k": all, "PING": all, "MULTI": all, "RESET": all, "CLIENT UNPAUSE": all, "CLIENT PAUSE 1": all, "DBSIZE": all, "WATCH k": all, "SUBSCRIBE x": all,
		"SET k v": write, "FLUSHALL": write, "EXPIRE k 1": write, "PUBLISH x y": write, "SPUBLISH x y": write, "PFCOUNT k": write, "PFADD k": write, "SORT k STORE l": write,
		"BLPOP k 1": write, "GETEX k": write, "EVAL return(1) 0": write, "EVAL_RO return(1) 0": all, "EVALSHA 0000000000000000000000000000000000000000 0": write, "SCRIPT LOAD return(1)": all,
		"GET": "", "nosuch": "", "QUIT": "",
	} {
		for _, mode := range []string{write, all} {
			server := newTestServer(t, nil)
			a, b := connect(t, server), connect(t, server)
			a.send("CLIENT PAUSE 100000 " + mode)
			b.send(line)
			if want := held == write || held == mode; b.Stopped() != want || server.heldNow() > 1 {
				t.Errorf("%s under %s: held %v, in all %d", line, mode, b.Stopped(), server.heldNow())
			}
			b.Close()
			if n := server.heldNow(); n != 0 {
				t.Errorf("%s under %s: %d are held when the client has gone", line, mode, n)
			}
			a.Close()
		}
	}
}

func TestATransactionIsHeldBackForWhatIsInIt(t *testing.T) {
	server := newTestServer(t, nil)
	a := connect(t, server)
	for lines, held := range map[string]bool{"GET k": false, "GET k;SET k v": true, "PUBLISH x y": true, "PING": false, "EVAL return(1) 0": true} {
		b := connect(t, server, append([]string{"MULTI"}, strings.Split(lines, ";")...)...)
		a.send("CLIENT PAUSE 100000 WRITE")
		b.send("EXEC")
		if b.Stopped() != held {
			t.Errorf("%s: held %v", lines, b.Stopped())
		}
		a.send("CLIENT UNPAUSE")
		b.await()
		if got := b.take(); !strings.HasPrefix(got, "*") {
			t.Errorf("%s: %q", lines, got)
		}
		b.Close()
	}
	b := connect(t, server, "MULTI")
	a.send("CLIENT PAUSE 100000 WRITE")
	b.send("SET k v")
	if !b.Stopped() {
		t.Error("it is not held back where it is queued")
	}
	a.send("CLIENT UNPAUSE")
	b.await()
	b.send("EXEC")
	b.want("+QUEUED *1 +OK")
	a.send("MULTI", "CLIENT PAUSE 100000 WRITE", "SET k w", "EXEC", "GET k", "CLIENT UNPAUSE")
	a.take()
	a.Close()
	b.Close()
}

func TestWhatWasHeldBackIsRunWhenThePauseEnds(t *testing.T) {
	server := newTestServer(t, nil)
	a := connect(t, server, "CLIENT PAUSE 100000 WRITE")
	var clients []*client
	for _, line := range []string{"SET k v", "INCR n", "SUBSCRIBE x", "PUBLISH x y", "LPUSH l 1", "MULTI", "BLPOP q 0"} {
		c := connect(t, server)
		c.send("PING", line)
		clients = append(clients, c)
		if line == "INCR n" && !strings.Contains(c.Info().Flags, "b") {
			t.Errorf("it waits with the flags %q", c.Info().Flags)
		}
	}
	if info := server.Info(t.Context()); info.Blocked != 5 {
		t.Errorf("%d are blocked", info.Blocked)
	}
	a.send("GET k", "CLIENT UNPAUSE", "CLIENT UNPAUSE")
	a.want("+OK +OK")
	var all sync.WaitGroup
	for i, c := range clients {
		if i == len(clients)-1 {
			all.Wait()
			eventually(t, "the last call waits for its key", func() bool {
				c.Blocked(func() {})
				return server.waits.Len() == 1
			})
			a.send("RPUSH q e")
			a.take()
		}
		all.Go(c.await)
	}
	all.Wait()
	for i, want := range []string{"+PONG +OK", "+PONG :1", "", "+PONG :1", "", "+PONG +OK", "+PONG *2 q e"} {
		if want != "" {
			clients[i].want(want)
		}
	}
	for _, c := range clients {
		c.Close()
	}
	if server.modes != 0 || server.heldNow() != 0 {
		t.Errorf("modes %b, %d are held", server.modes, server.heldNow())
	}
	a.Close()
}

func TestTheLongerAndWiderPauseWins(t *testing.T) {
	server := newTestServer(t, nil)
	a := connect(t, server)
	for _, c := range []struct {
		pauses []commands.Pause
		modes  uint32
	}{
		{[]commands.Pause{{Milliseconds: 100000, Writes: true}, {Milliseconds: 1, Writes: true}}, pausedWrite},
		{[]commands.Pause{{Milliseconds: 100000, Writes: true}, {Milliseconds: 1}}, pausedAll},
		{[]commands.Pause{{Milliseconds: 1}, {Milliseconds: 100000, Writes: true}}, pausedAll},
		{[]commands.Pause{{Milliseconds: 1 << 62}}, pausedAll},
		{[]commands.Pause{{Milliseconds: 1}, {Milliseconds: 2, Writes: true}}, 0},
		{[]commands.Pause{{Milliseconds: 0}}, 0},
	} {
		for _, p := range c.pauses {
			server.beginPause(p)
		}
		if c.modes != 0 {
			if got := a.modes.Load(); got != c.modes {
				t.Errorf("%v: modes %b", c.pauses, got)
			}
			if late := connect(t, server); late.modes.Load() != c.modes {
				t.Errorf("%v: one who comes later has modes %b", c.pauses, late.modes.Load())
			} else {
				late.Close()
			}
			server.Unpause()
			continue
		}
		eventually(t, "the pause is over", func() bool { return a.modes.Load() == 0 })
	}
	a.Close()
}

func TestNoKeyIsRemovedDuringAPause(t *testing.T) {
	server := newTestServer(t, nil)
	a := connect(t, server)
	a.send("SET k v PX 1", "CLIENT PAUSE 100000 WRITE")
	eventually(t, "the key is gone for readers", func() bool {
		a.take()
		a.send("EXISTS k")
		return a.take() == ":0\r\n"
	})
	keys := func() int64 { return server.contents(t.Context()).Keys() }
	if _, err := server.Clean(t.Context()); err != nil || keys() != 1 {
		t.Errorf("%d keys, %v", keys(), err)
	}
	a.send("CLIENT UNPAUSE")
	eventually(t, "the key is removed", func() bool {
		_, err := server.Clean(t.Context())
		return err == nil && keys() == 0
	})
	a.Close()
}

func TestAPauseBeginsWhenTheOthersAreDone(t *testing.T) {
	server := newServerOn(t, relayDriver)
	a, b := connect(t, server), connect(t, server)
	b.Execute(words("SET", "k", "v")) // under way, until there is an answer
	paused := make(chan struct{})
	go func() {
		a.send("CLIENT PAUSE 100000 WRITE")
		close(paused)
	}()
	eventually(t, "the pause holds others back", func() bool { return b.modes.Load() != 0 })
	select {
	case <-paused:
		t.Error("a write is still under way")
	default:
	}
	close(server.active.Load().Backend.(*relay).answer)
	b.send()
	<-paused
	a.want("+OK")
	b.take()
	b.send("MOD.SET k", "GET k")
	if !b.Stopped() {
		t.Error("a command that only the backend knows is not held back")
	}
	a.send("CLIENT UNPAUSE")
	b.await()
	b.Close()
	a.Close()
}

func TestAClientThatLeavesWhileItsCallRunsIsClosedAfterIt(t *testing.T) {
	server := newServerOn(t, slowDriver)
	b := server.active.Load().Backend.(*slow)
	a, c := connect(t, server, "CLIENT PAUSE 100000 WRITE"), connect(t, server)
	c.send("SET k v")
	if !c.Blocked(func() { t.Error("a transport is called that has closed the session") }) {
		t.Fatal("it is not held back")
	}
	a.send("CLIENT UNPAUSE")
	eventually(t, "the call waits for the disk", func() bool {
		b.mu.Lock()
		defer b.mu.Unlock()
		return len(b.commits) == 1
	})
	c.Close()
	if server.clientCount() != 2 {
		t.Error("the session was closed while its call ran")
	}
	b.finish(t, nil)
	eventually(t, "the session is closed", func() bool { return server.clientCount() == 1 })
	a.Close()
}

func TestAServerThatEndsRunsNothingThatWasHeldBack(t *testing.T) {
	server := newTestServer(t, nil)
	a := connect(t, server, "CLIENT PAUSE 100000 WRITE")
	c := connect(t, server)
	c.send("SET k v")
	server.closePause()
	c.await()
	c.want("")
	if !c.closing {
		t.Error("its connection goes on")
	}
	a.send("GET k", "CLIENT PAUSE 1000", "GET k")
	a.want("+OK")
	if server.modes != 0 {
		t.Error("there is a pause after the end")
	}
	c.Close()
	a.Close()
}

func TestWaitTakesItsTime(t *testing.T) {
	server := newTestServer(t, nil)
	a, b := connect(t, server), connect(t, server)
	a.send("WAIT 1 1")
	a.await()
	a.want(":0")
	a.send("SET k v", "WAIT 1 0")
	a.want("+OK")
	id := a.Info().ID
	b.send("CLIENT UNBLOCK "+itoa(id), "CLIENT UNBLOCK "+itoa(id))
	b.want(":1 :0")
	a.await()
	a.want(":0")
	a.send("WAIT 1 0")
	b.send("CLIENT UNBLOCK " + itoa(id) + " ERROR")
	b.want(":1")
	a.await()
	a.want("-UNBLOCKED client unblocked via CLIENT UNBLOCK")
	a.send("CLIENT REPLY SKIP", "WAIT 1 1")
	a.await()
	a.send("PING", "MULTI", "WAIT 1 0", "EXEC")
	a.want("+PONG +OK +QUEUED *1 :0")
	b.send("CLIENT PAUSE 100000 WRITE")
	a.send("SET k v")
	b.send("CLIENT UNBLOCK "+itoa(id), "CLIENT UNPAUSE")
	b.want("+OK :0 +OK")
	a.await()
	a.send("WAIT 1 0")
	a.Close()
	b.Close()
}

func TestOnlyAPersistentBackendCanSync(t *testing.T) {
	server := newServerOn(t, memory.Driver)
	a := connect(t, server)
	a.send("WAITAOF 0 0 0", "WAITAOF 1 0 0")
	a.want("*2 :0 :0 -ERR WAITAOF cannot be used when numlocal is set but appendonly is disabled.")
	a.Close()
}
