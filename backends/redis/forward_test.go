package redis

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	goredis "github.com/redis/go-redis/v9"

	"switchyard/backends"
	"switchyard/integration/redistest"
)

// request makes a request of words, and of an argument that is not one.
func request(db, proto int, words string, more ...[]byte) backends.Request {
	r := backends.Request{DB: db, Proto: proto}
	for word := range strings.FieldsSeq(words) {
		r.Args = append(r.Args, []byte(word))
	}
	r.Args = append(r.Args, more...)
	return r
}

func forward(b *Backend, r backends.Request) backends.Pending {
	return b.Forward(context.Background(), r)
}

// must waits for a reply, whatever it says.
func must(t testing.TB, p backends.Pending) string {
	t.Helper()
	got, err := p.Reply(context.Background())
	if err != nil {
		t.Error(err)
	}
	return string(got)
}

// direct is one connection to the server, whose raw replies are found by go-redis's own reader.
func direct(t testing.TB, s *redistest.Server, proto int) *goredis.Conn {
	c := goredis.NewClient(&goredis.Options{Addr: s.Addr, Protocol: proto, MaxRetries: -1})
	cn := c.Conn()
	t.Cleanup(func() {
		if err := errors.Join(cn.Close(), c.Close()); err != nil {
			t.Error(err)
		}
	})
	return cn
}

// stories are commands of which each has the same reply every time.
var stories = []string{
	"PING", "ECHO hello", "GET none", "GET h", "GET big", "STRLEN big", "GET binary", "HGETALL h", "HGETALL none",
	"SMEMBERS s", "ZRANGE z 0 -1 WITHSCORES", "ZSCORE z a", "LRANGE l 0 -1", "LRANGE many 0 -1", "NOSUCHCOMMAND a",
	"INCR h", "SET", "OBJECT ENCODING l", "XRANGE x - +", "XREAD STREAMS x 0", "XINFO STREAM x FULL", "LATENCY DOCTOR",
	"BLPOP none 0.01", "LMPOP 1 none LEFT", "GEOPOS g a none", "COMMAND DOCS get", "EVALSHA 0 0", "SELECT 0",
	"DEBUG PROTOCOL string", "DEBUG PROTOCOL integer", "DEBUG PROTOCOL double", "DEBUG PROTOCOL null",
	"DEBUG PROTOCOL array", "DEBUG PROTOCOL set", "DEBUG PROTOCOL map", "DEBUG PROTOCOL bignum",
	"DEBUG PROTOCOL true", "DEBUG PROTOCOL false", "DEBUG PROTOCOL verbatim",
	"EVAL return{1,{2,{3,{4,{}}}},'a',false} 0", "EVAL return{err='MY$error'} 0", "EVAL return{ok='fine'} 0",
}

// fill writes what the stories read.
func fill(t *testing.T, b *Backend) {
	t.Helper()
	binary := make([]byte, 300)
	for i := range binary {
		binary[i] = byte(i)
	}
	for _, r := range []backends.Request{
		request(0, 2, "HSET h a 1 b 2"), request(0, 2, "SADD s x"), request(0, 2, "ZADD z 1.5 a inf b"),
		request(0, 2, "RPUSH l 1 2 3"), request(0, 2, "XADD x 1-1 f v"), request(0, 2, "GEOADD g 13.3 38.1 a"),
		request(0, 2, "SET binary", binary),
		request(0, 2, "SET big", bytes.Repeat([]byte("\r\n$-1\r\n"), 1<<17)),
		request(0, 2, "EVAL", []byte("for i = 1, 20000 do redis.call('RPUSH', 'many', i) end"), []byte("0")),
	} {
		must(t, forward(b, r))
	}
}

func TestRepliesAreTheBytesOfTheServer(t *testing.T) {
	s := redistest.Start(t, "--enable-debug-command", "yes")
	b := open(t, s, nil)
	defer b.Close()
	fill(t, b)
	for _, proto := range []int{2, 3} {
		// All at once, so that replies of every kind follow one another in one stream.
		var pending []backends.Pending
		for _, line := range stories {
			pending = append(pending, forward(b, request(0, proto, line)))
		}
		cn := direct(t, s, proto)
		for i, line := range stories {
			var words []any
			for word := range strings.FieldsSeq(line) {
				words = append(words, word)
			}
			want := goredis.NewRawCmd(t.Context(), words...)
			if err := cn.Process(t.Context(), want); err != nil {
				t.Fatalf("%s: %v", line, err)
			}
			if got := must(t, pending[i]); got != string(want.Val()) {
				t.Errorf("%s in RESP%d: %.200q, want %.200q", line, proto, got, want.Val())
			}
		}
	}
}

// go-redis's own reader drops attributes, so this one reply is spelled.
func TestAttributesAreRelayed(t *testing.T) {
	s := redistest.Start(t, "--enable-debug-command", "yes")
	b := open(t, s, nil)
	defer b.Close()
	const want = "|1\r\n$14\r\nkey-popularity\r\n*2\r\n$7\r\nkey:123\r\n:90\r\n$39\r\nSome real reply following the attribute\r\n"
	attributes, ping := forward(b, request(0, 3, "DEBUG PROTOCOL attrib")), forward(b, request(0, 3, "PING"))
	if got := must(t, attributes) + must(t, ping); got != want+"+PONG\r\n" {
		t.Errorf("%q", got)
	}
}

func TestEachCallerGetsItsOwnRepliesInOrder(t *testing.T) {
	s := redistest.Start(t)
	b := open(t, s, nil)
	defer b.Close()
	var wg sync.WaitGroup
	for client := range 50 {
		wg.Go(func() {
			proto := 2 + client%2
			var pending []backends.Pending
			for range 100 {
				pending = append(pending, forward(b, request(client%3, proto, fmt.Sprintf("INCR n:%d", client))))
			}
			large := bytes.Repeat([]byte{byte(client)}, client*3000)
			pending = append(pending, forward(b, request(client%3, proto, fmt.Sprintf("SET v:%d", client), large)),
				forward(b, request(client%3, proto, fmt.Sprintf("GET v:%d", client))))
			for i := range 100 {
				if got, want := must(t, pending[i]), fmt.Sprintf(":%d\r\n", i+1); got != want {
					t.Errorf("client %d: %q, want %q", client, got, want)
				}
			}
			if got := must(t, pending[101]); got != fmt.Sprintf("$%d\r\n%s\r\n", len(large), large) {
				t.Errorf("client %d: %.40q is not its value", client, got)
			}
		})
	}
	wg.Wait()
}

func TestDatabasesAreThoseOfTheServer(t *testing.T) {
	s := redistest.Start(t, "--databases", "2")
	b := open(t, s, nil)
	defer b.Close()
	must(t, forward(b, request(1, 2, "SET k one")))
	if got := must(t, forward(b, request(1, 3, "GET k"))) + must(t, forward(b, request(0, 3, "GET k"))); got != "$3\r\none\r\n_\r\n" {
		t.Errorf("%q", got)
	}
	for db, why := range map[int]string{2: "DB index is out of range", 16: "no database 16", -1: "no database -1"} {
		_, err := forward(b, request(db, 2, "PING")).Reply(t.Context())
		if !errors.Is(err, backends.ErrUnavailable) || !strings.Contains(err.Error(), why) {
			t.Errorf("database %d: %v", db, err)
		}
	}
}

func TestArgumentsAreNotKept(t *testing.T) {
	s := redistest.Start(t, "--enable-debug-command", "yes")
	b := open(t, s, nil)
	defer b.Close()
	sleep := forward(b, request(0, 2, "DEBUG SLEEP 0.1"))
	r := request(0, 2, "SET k before")
	p := forward(b, r)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := p.Reply(ctx); !errors.Is(err, context.Canceled) || errors.Is(err, backends.ErrUnavailable) {
		t.Errorf("the reply to one who does not wait: %v", err)
	}
	copy(r.Args[2], "after!")
	get := forward(b, request(0, 2, "GET k"))
	if got := must(t, sleep) + must(t, get) + must(t, p); got != "+OK\r\n$6\r\nbefore\r\n+OK\r\n" {
		t.Errorf("%q", got)
	}
}

func TestForwardAllocatesLittle(t *testing.T) {
	s := redistest.Start(t)
	b := open(t, s, nil)
	defer b.Close()
	r := request(0, 2, "GET none")
	// The call and its channel; what follows from the other goroutines' buffers is rounded down.
	if n := testing.AllocsPerRun(1000, func() { must(t, forward(b, r)) }); n > 3 {
		t.Errorf("%v allocations for each command", n)
	}
}
