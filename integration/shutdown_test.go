package integration

import (
	"strings"
	"syscall"
	"testing"
)

// held has clients wait in every way in which they can.
func held(t *testing.T, p *process) (clients []*conn) {
	t.Helper()
	director := dial(t, p.Addr)
	director.want("+OK\r\n", "CLIENT", "PAUSE", "100000", "WRITE")
	for _, line := range []string{"SET k v", "PUBLISH x y", "WAIT 1 0", "MONITOR"} {
		c := dial(t, p.Addr)
		c.write([]byte("PING\r\n" + line + "\r\n"))
		if got := c.reply().raw; got != "+PONG\r\n" {
			t.Errorf("%q", got)
		}
		clients = append(clients, c)
	}
	eventually(t, "all wait", func() bool {
		list := director.do("CLIENT", "LIST").raw
		return strings.Count(list, "flags=b ") == 3 && strings.Contains(list, "flags=O ")
	})
	return append(clients, director)
}

func TestShutdownEndsTheProcessWhoeverWaits(t *testing.T) {
	for _, how := range []string{"SHUTDOWN", "SHUTDOWN NOSAVE", "shutdown save now force", "a signal"} {
		t.Run(how, func(t *testing.T) {
			t.Parallel()
			p := start(t, settings{Backend: "badger"})
			clients := held(t, p)
			director := clients[len(clients)-1]
			if how == "a signal" {
				p.Signal(syscall.SIGTERM)
			} else {
				director.write([]byte(how + "\r\n"))
			}
			for i, c := range clients {
				if got := c.rest(); got != "" && i != 3 { // a monitor is shown what others do
					t.Errorf("client %d reads %q", i, got)
				}
			}
			p.AwaitExit(0)
			again := dial(t, p.Again(settings{Backend: "badger"}).Addr)
			again.want("$-1\r\n", "GET", "k")
		})
	}
}

func TestAKilledClientIsGoneAtOnceHoweverItWaits(t *testing.T) {
	onEveryBackend(t, func(t *testing.T, p *process) {
		clients := held(t, p)
		director := clients[len(clients)-1]
		director.want(":4\r\n", "CLIENT", "KILL", "SKIPME", "yes")
		if list := director.do("CLIENT", "LIST").raw; strings.Count(list, "id=") != 1 {
			t.Errorf("%s", list)
		}
		for i, c := range clients[:4] {
			if got := c.rest(); got != "" && i != 3 {
				t.Errorf("client %d reads %q", i, got)
			}
		}
		director.want("+OK\r\n", "CLIENT", "UNPAUSE")
		director.want("$-1\r\n", "GET", "k")
	})
}

func TestWaitAOFTellsTheTruth(t *testing.T) {
	onEveryBackend(t, func(t *testing.T, p *process) {
		c := dial(t, p.Addr)
		c.want("+OK\r\n", "SET", "k", "v")
		want, none := "-ERR WAITAOF cannot be used when numlocal is set but appendonly is disabled.\r\n", "*2\r\n:0\r\n:0\r\n"
		if strings.HasSuffix(t.Name(), "/badger") {
			want, none = "*2\r\n:1\r\n:0\r\n", "*2\r\n:1\r\n:0\r\n"
		}
		c.want(want, "WAITAOF", "1", "0", "0")
		c.want(none, "WAITAOF", "0", "0", "0")
		c.want(none, "WAITAOF", "0", "1", "20")
	})
}

// TestAMonitorThatDoesNotReadIsDisconnected has so much happen that it cannot be kept for one who does not look.
func TestAMonitorThatDoesNotReadIsDisconnected(t *testing.T) {
	p := start(t, settings{Backend: "memory", Env: []string{"SWITCHYARD_LIMITS_OUTPUT=1mb"}})
	m, c := dial(t, p.Addr), dial(t, p.Addr)
	m.want("+OK\r\n", "MONITOR")
	value := strings.Repeat("v", 64<<10)
	eventually(t, "the monitor is gone", func() bool {
		c.want("+OK\r\n", "SET", "k", value)
		return !strings.Contains(c.do("CLIENT", "LIST").raw, "flags=O ")
	})
	eventually(t, "it was logged", func() bool { return strings.Contains(p.Log(), "too much unread") })
	c.want("+OK\r\n", "SET", "k", "v")
}
