package integration

import (
	"fmt"
	"strings"
	"testing"

	"switchyard/integration/redistest"
)

// TestAuthAnswersAsRedisDoes has one connection per story, on servers with the same password.
func TestAuthAnswersAsRedisDoes(t *testing.T) {
	oracle := redistest.Start(t, "--requirepass", "secret").Addr
	p := start(t, settings{Backend: "memory", Env: []string{"SWITCHYARD_PASSWORD=secret"}})
	for _, story := range []string{
		"PING|GET k|nosuch|GET|ECHO hi|SELECT 1|CLIENT ID|COMMAND COUNT|INFO",
		"AUTH wrong|GET k|AUTH secret|GET k|AUTH wrong|GET k",
		"AUTH default secret|SET k v|GET k|RESET|GET k",
		"AUTH nobody secret|AUTH default wrong|AUTH secret|PING",
		"AUTH a b c|AUTH",
		"HELLO|HELLO 2|HELLO 3|HELLO 4|HELLO 3 SETNAME me|HELLO 3 AUTH default wrong|HELLO 3 AUTH nobody secret|GET k",
		"HELLO 2 AUTH default wrong SETNAME me|CLIENT GETNAME|AUTH secret|CLIENT GETNAME",
		"QUIT",
	} {
		redis, ours := dial(t, oracle), dial(t, p.Addr)
		for _, line := range strings.Split(story, "|") {
			args := strings.Fields(line)
			want, got := redis.do(args...), ours.do(args...)
			if why := differ(args, want, got); why != "" {
				t.Errorf("%s: %s", story, why)
			}
		}
	}
	c := dial(t, p.Addr)
	if r := c.do("HELLO", "3", "AUTH", "default", "secret", "SETNAME", "me"); r.kind != '%' {
		t.Errorf("HELLO with AUTH: %q", r.raw)
	}
	c.want("$2\r\nme\r\n", "CLIENT", "GETNAME")
}

func TestThePasswordIsNotLogged(t *testing.T) {
	p := start(t, settings{Backend: "memory", Env: []string{"SWITCHYARD_PASSWORD=hush-hush"}, Args: []string{"--log-level", "debug"}})
	c := dial(t, p.Addr)
	c.want("+OK\r\n", "AUTH", "hush-hush")
	c.want("-WRONGPASS invalid username-password pair or user is disabled.\r\n", "AUTH", "hush-hush!")
	if strings.Contains(p.Log(), "hush-hush") {
		t.Errorf("the log shows the password")
	}
}

func TestOneClientTooManyIsToldSo(t *testing.T) {
	p := start(t, settings{Backend: "memory", Env: []string{"SWITCHYARD_LIMITS_CLIENTS=5"}})
	var inside []*conn
	eventually(t, "five clients are in", func() bool {
		c, err := dialError(p.Addr)
		if err != nil {
			t.Fatal(err)
		}
		c.t = t
		if r, err := c.try("PING"); err != nil || r.raw != "+PONG\r\n" {
			c.Close() // the one that awaited the start may still be counted
			return false
		}
		inside = append(inside, c)
		return len(inside) == 5
	})
	if got := dial(t, p.Addr).rest(); got != "-ERR max number of clients reached\r\n" {
		t.Errorf("the sixth reads %q", got)
	}
	for i, c := range inside {
		c.want(fmt.Sprintf("$1\r\n%d\r\n", i), "ECHO", fmt.Sprint(i))
	}
	inside[0].Close()
	eventually(t, "a place is free again", func() bool {
		c := dial(t, p.Addr)
		r, err := c.try("PING")
		return err == nil && r.raw == "+PONG\r\n"
	})
	for _, c := range inside {
		c.Close()
	}
}
