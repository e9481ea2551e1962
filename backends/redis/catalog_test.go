package redis

import (
	"fmt"
	"strings"
	"testing"

	"switchyard/integration/redistest"
)

func TestForeignCommands(t *testing.T) {
	s := redistest.Start(t)
	b := open(t, s, nil)
	defer b.Close()
	const no, read = "no", "read"
	for line, want := range map[string]string{
		"GET k": read, "get k": read, "MGET a b": read, "TIME": read, "OBJECT ENCODING k": read, "NOSUCH k": no,
		"SET k v": "a write of k", "MSET a 1 b 2": "a write of a b", "DEL a b c": "a write of a b c",
		"RENAME a b": "a write of a b", "XGROUP CREATE x g 0": "a write of x", "RPOPLPUSH a b": "a write of a b",
		"ZUNIONSTORE d 2 a b": "a write of d a b", "SORT l STORE d": "a write of l d", "LMPOP 2 a b LEFT": "a write of a b",
		"ZUNIONSTORE": "a write of all", "FLUSHALL": "a write of all", "SWAPDB 0 1": "a write of all",
		"EVAL return(1) 1 k": "a write of all", "EVALSHA 0 0": "a write of all", "FCALL f 0": "a write of all",
		"EVAL_RO return(1) 0": read, "FCALL_RO f 0": read, "SCRIPT LOAD return(1)": read, "SCRIPT EXISTS 0": read,
		"SCRIPT DEBUG YES": no, "FUNCTION LIST": read, "FUNCTION LOAD x": "a write of",
		"XREAD STREAMS block 0": read, "XREAD COUNT 1 BLOCK 0 STREAMS x 0": no,
		"XREADGROUP GROUP block streams STREAMS x >":         "a write of x",
		"XREADGROUP GROUP block streams BLOCK 1 STREAMS x >": no,
		"PUBLISH c m": read, "SPUBLISH c m": read, "PUBSUB CHANNELS": read, "SUBSCRIBE c": no, "SSUBSCRIBE c": no, "UNSUBSCRIBE": no,
		"BLPOP l 0": no, "BLMOVE a b LEFT LEFT 0": no, "BZMPOP 0 1 z MIN": no, "WAIT 0 0": no,
		"MULTI": no, "EXEC": no, "DISCARD": no, "WATCH k": no, "UNWATCH": no, "CLIENT ID": no, "AUTH p": no, "HELLO 3": no,
		"SELECT 1": no, "RESET": no, "QUIT": no, "MONITOR": no, "SYNC": no, "PSYNC ? 1": no, "REPLCONF x": no, "SHUTDOWN": no,
		"DEBUG SLEEP 0": no, "CONFIG GET save": no, "ACL LIST": no, "REPLICAOF NO ONE": no, "FAILOVER": no, "CLUSTER INFO": no,
		"SAVE": no, "BGSAVE": no, "BGREWRITEAOF": no, "MODULE LIST": no, "READONLY": no, "READWRITE": no, "ASKING": no,
		"FUNCTION NOSUCH": read, "XGROUP NOSUCH x": read, strings.Repeat("x", 200): no, "LATENCY RESET": no,
	} {
		call, ok := b.Foreign(t.Context(), request(0, 2, line).Args)
		got := no
		switch {
		case ok && !call.Write:
			got = read
		case ok && call.Whole:
			got = "a write of all"
		case ok:
			got = "a write of"
			for _, key := range call.Keys {
				got += " " + string(key)
			}
		}
		if got != want {
			t.Errorf("%s is %s, want %s", line, got, want)
		}
	}
	if _, ok := b.Foreign(t.Context(), nil); ok {
		t.Error("nothing is a command")
	}
}

func TestTheCatalogAsksOnce(t *testing.T) {
	s := redistest.Start(t)
	b := open(t, s, nil)
	defer b.Close()
	for range 3 {
		b.Foreign(t.Context(), request(0, 2, "GET k").Args)
		b.Foreign(t.Context(), request(0, 2, "NOSUCH k").Args)
	}
	stats, err := direct(t, s, 2).Info(t.Context(), "commandstats").Result()
	if err != nil || !strings.Contains(stats, "cmdstat_command|info:calls=2,") {
		t.Errorf("%v:\n%s", err, stats)
	}
	for i := range maxNames + 10 {
		b.catalog.remember(fmt.Sprint(i), nil)
	}
	if n := len(b.catalog.rows); n > maxNames {
		t.Errorf("%d names are remembered", n)
	}
	s.Stop()
	if _, ok := b.Foreign(t.Context(), request(0, 2, "SET k v").Args); ok {
		t.Error("a stopped server knows a command")
	}
	s.Restart()
	if _, ok := b.Foreign(t.Context(), request(0, 2, "SET k v").Args); !ok {
		t.Error("what could not be asked is taken as unknown")
	}
}
