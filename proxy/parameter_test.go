package proxy

import (
	"fmt"
	"strings"
	"testing"

	"switchyard/integration/redistest"
)

// Calls of CONFIG SET are answered as by Redis, and change what CONFIG GET shows in the same way.
func TestParametersAreSetAsInRedis(t *testing.T) {
	redis := redistest.Start(t).Client()
	defer redis.Close()
	s := openSession(t, newTestServer(t, nil))
	defer s.Close()
	for _, line := range []string{
		"nosuch 1", "maxmemory 1 nosuch 2", "maxmemory x", "maxmemory -1", "maxmemory 1gB", "maxmemory 1mb NoSuch 1", "maxmemory 0",
		"maxmemory-policy foo", "maxmemory-policy ALLKEYS-LRU", "maxmemory 5mb maxmemory-policy volatile-ttl", "maxmemory 7mb maxmemory-policy x",
		"maxmemory 0 maxmemory-policy noeviction", "maxmemory 1 maxmemory 2", "maxmemory-samples 7", "maxmemory-samples x",
		"hash-max-listpack-entries -1", "hash-max-listpack-entries x", "hash-max-listpack-entries 1.5", "hash-max-listpack-entries 010",
		"hash-max-listpack-entries +5", "HASH-MAX-listpack-entries 3", "hash-max-ziplist-entries 5 hash-max-listpack-entries 6",
		"hash-max-listpack-entries 9 hash-max-listpack-value x", "hash-max-ziplist-value 1kb", "list-max-listpack-size -9",
		"list-max-listpack-size 99999999999", "list-max-ziplist-size 3", "set-max-intset-entries 1kb", "set-max-intset-entries 4",
		"zset-max-listpack-entries 7 zset-max-listpack-value 8", "stream-node-max-bytes 4kb", "stream-node-max-entries -1",
		"stream-node-max-entries 10", "databases 3", "maxmemory", "1 2 3", "save \"\"",
		"busy-reply-threshold 1000", "busy-reply-threshold x", "busy-reply-threshold -1", "lua-time-limit 5000", "MAXMEMORY -1", "MAXMEMORY-Policy foo", "maxmemory \"\"", "HASH-MAX-LISTPACK-VALUE -1", "Hash-Max-Listpack-Value \"\"", "hash-max-listpack-value 64",
		"stream-node-max-bytes -1", "MAXMEMORY-samples x", "NoSuch 1", "MaxMemory 1 maxmemory 2",
		"notify-keyspace-events KEA", "notify-keyspace-events Egx", "Notify-Keyspace-Events mEg", "notify-keyspace-events KEB", "notify-keyspace-events x maxmemory x",
		"notify-keyspace-events x notify-keyspace-events e", "maxmemory 0 notify-keyspace-events Kn$lshztd", "notify-keyspace-events \"\"",
	} {
		args := []any{"CONFIG", "SET"}
		for _, w := range strings.Fields(line) {
			args = append(args, strings.Trim(w, `"`))
		}
		want := "+OK\r\n"
		if err := redis.Do(t.Context(), args...).Err(); err != nil {
			want = "-" + err.Error() + "\r\n"
		}
		if got := ask(s, texts(args)...); got != want {
			t.Errorf("CONFIG SET %s:\nhere  %q\nRedis %q", line, got, want)
		}
		for _, pattern := range []string{"*max-*list*", "maxmemory*", "*intset*", "stream*", "notify*"} {
			shown, err := redis.ConfigGet(t.Context(), pattern).Result()
			if err != nil {
				t.Fatal(err)
			}
			for name, value := range shown {
				if strings.HasPrefix(name, "maxmemory-") && name != "maxmemory-policy" && name != "maxmemory-samples" {
					continue // not known here
				}
				pair := fmt.Sprintf("*2\r\n$%d\r\n%s\r\n$%d\r\n%s\r\n", len(name), name, len(value), value)
				if got := ask(s, "CONFIG", "GET", name); got != pair {
					t.Errorf("after CONFIG SET %s, %s is %q, want %q", line, name, got, value)
				}
			}
		}
	}
}

func texts(args []any) (list []string) {
	for _, a := range args {
		list = append(list, fmt.Sprint(a))
	}
	return list
}

func TestParametersOfOurs(t *testing.T) {
	s := openSession(t, newTestServer(t, nil))
	defer s.Close()
	for line, want := range map[string]string{
		"set-max-listpack-entries 5": "+OK\r\n",
		"set-max-listpack-value 1kb": "-ERR CONFIG SET failed (possibly related to argument 'set-max-listpack-value') - argument couldn't be parsed into an integer\r\n",
		"maxmemory-samples 65":       "-ERR CONFIG SET failed (possibly related to argument 'maxmemory-samples') - argument must be between 1 and 64 inclusive\r\n",
		"loglevel x":                 "-ERR CONFIG SET failed (possibly related to argument 'loglevel') - can't set immutable config\r\n",
	} {
		if got := ask(s, append([]string{"CONFIG", "SET"}, strings.Fields(line)...)...); got != want {
			t.Errorf("CONFIG SET %s: %q", line, got)
		}
	}
	for i := range 6 {
		ask(s, "SADD", "s", fmt.Sprint("m", i))
	}
	if got := ask(s, "OBJECT", "ENCODING", "s"); got != "$9\r\nhashtable\r\n" {
		t.Errorf("a set beyond the limit is kept as %q", got)
	}
}
