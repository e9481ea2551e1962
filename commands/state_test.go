package commands

import (
	"errors"
	"slices"
	"strings"
	"testing"
)

func TestStateSwitchReadsItsMode(t *testing.T) {
	r := newRig(t)
	for _, line := range []string{"STATE.SWITCH a", "state.switch b flush", "STATE.SWITCH c MERGE", "STATE.SWITCH d NoCopy"} {
		if got := string(r.do(strings.Fields(line)...)); got != "+OK\r\n" {
			t.Errorf("%s: %q", line, got)
		}
	}
	if want := []string{"a 0", "b 1", "c 2", "d 3"}; !slices.Equal(r.server.switched, want) {
		t.Errorf("switched to %v, not %v", r.server.switched, want)
	}
	for _, line := range []string{"STATE.SWITCH a foo", "STATE.SWITCH a FLUSH MERGE", "STATE.SWITCH a FLUSH FLUSH"} {
		if got := string(r.do(strings.Fields(line)...)); got != "-ERR syntax error\r\n" {
			t.Errorf("%s: %q", line, got)
		}
	}
	if got := string(r.do("STATE.SWITCH")); got != arityError("state.switch") {
		t.Errorf("without a name: %q", got)
	}
}

func TestStateDescribesBackends(t *testing.T) {
	r := newRig(t)
	r.do("HELLO", "3")
	list := parseReply(t, r.do("STATE.BACKENDS")).([]any)
	first, second := docs(t, list[0]), docs(t, list[1])
	if first["name"] != "test" || first["active"] != true || second["open"] != false || len(first["capabilities"].([]any)) != 2 {
		t.Errorf("STATE.BACKENDS: %v", list)
	}
	r.do("SET", "k", "v", "EX", "100")
	stats := docs(t, parseReply(t, r.do("STATE.STATS", "x")))
	for field, want := range map[string]any{
		"backend": "testx", "driver": "memory", "keys": int64(1), "expiring_keys": int64(1), "reads": int64(1), "writes": int64(2),
		"errors": int64(3), "switches": int64(4), "uptime": int64(60), "ops_per_second": "1.5",
	} {
		if stats[field] != want {
			t.Errorf("STATE.STATS: %s is %v, not %v", field, stats[field], want)
		}
	}
	if got := string(r.do("STATE.STATS", "a", "b")); got != arityError("state.stats") {
		t.Errorf("with two names: %q", got)
	}
	help := parseReply(t, r.do("STATE.HELP")).([]any)
	for _, line := range []string{"STATE.SWITCH name [FLUSH | MERGE | NOCOPY]", "STATE.STATS [name]", "STATE.BACKENDS"} {
		if !slices.Contains(help, any(line)) {
			t.Errorf("STATE.HELP has no line %q: %v", line, help)
		}
	}
}

func TestStateHousekeepingRepliesOrFails(t *testing.T) {
	r := newRig(t)
	if got := string(r.do("STATE.CLEANUP")); got != ":5\r\n" {
		t.Errorf("STATE.CLEANUP: %q", got)
	}
	if got := string(r.do("STATE.OPTIMIZE")); got != "+OK\r\n" {
		t.Errorf("STATE.OPTIMIZE: %q", got)
	}
	r.server.failure = errors.New("badger at /secret: out of order")
	for _, line := range []string{"STATE.CLEANUP", "STATE.OPTIMIZE", "STATE.STATS", "STATE.SWITCH a"} {
		if got := string(r.do(strings.Fields(line)...)); got != "-"+string(ErrBackend)+"\r\n" {
			t.Errorf("%s shows a client %q", line, got)
		}
	}
}
