package lua

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"net"
	"strconv"
	"strings"
	"testing"
	"time"

	"switchyard/integration/redistest"
)

// What is right is what a real Redis replies, byte for byte: each script runs there, and here with a
// host that sends its commands to the same server.

// conn is a raw connection to a redis-server.
type conn struct {
	t testing.TB
	c net.Conn
	r *bufio.Reader
}

func dial(t testing.TB, addr string, proto int) *conn {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	o := &conn{t: t, c: c, r: bufio.NewReader(c)}
	if proto == 3 {
		o.do("HELLO", "3")
	}
	return o
}

func (o *conn) do(args ...string) []byte {
	o.t.Helper()
	list := make([][]byte, len(args))
	for i, a := range args {
		list[i] = []byte(a)
	}
	return o.send(list)
}

func (o *conn) send(args [][]byte) []byte {
	o.t.Helper()
	var out bytes.Buffer
	fmt.Fprintf(&out, "*%d\r\n", len(args))
	for _, a := range args {
		fmt.Fprintf(&out, "$%d\r\n%s\r\n", len(a), a)
	}
	if err := o.c.SetDeadline(time.Now().Add(60 * time.Second)); err != nil {
		o.t.Fatal(err)
	}
	if _, err := o.c.Write(out.Bytes()); err != nil {
		o.t.Fatalf("%.300q: %v", args, err)
	}
	reply, err := redistest.ReadReply(o.r, nil)
	if err != nil {
		o.t.Fatalf("%.300q: %v", args, err)
	}
	return reply
}

// forwarder is a host that sends commands to a real Redis.
type forwarder struct {
	conns map[int]*conn // by protocol
	logs  []string
}

func (h *forwarder) Call(args [][]byte, proto int) []byte {
	reply := h.conns[proto].send(args)
	// These are what Redis says in a script.
	switch {
	case bytes.HasPrefix(reply, []byte("-ERR unknown command")):
		return []byte("-ERR Unknown Redis command called from script\r\n")
	case bytes.HasPrefix(reply, []byte("-ERR wrong number of arguments")):
		return []byte("-ERR Wrong number of args calling Redis command from script\r\n")
	}
	return reply
}

func (h *forwarder) Permits(args [][]byte) (permitted, known bool) {
	known = !bytes.Contains(h.conns[2].do("COMMAND", "INFO", string(args[0])), []byte("$-1\r\n")) && !bytes.Contains(h.conns[2].do("COMMAND", "INFO", string(args[0])), []byte("*-1\r\n"))
	return known, known
}

func (h *forwarder) Log(level int, text string) {
	h.logs = append(h.logs, fmt.Sprint(level, " ", text))
}

// rig is a server and a runtime beside it.
type rig struct {
	t       testing.TB
	clients map[int]*conn
	host    *forwarder
	runtime *Runtime
	scripts map[string]*Script
}

func newRig(t testing.TB) *rig {
	t.Helper()
	server := redistest.Start(t, "--enable-debug-command", "yes")
	both := func() map[int]*conn {
		return map[int]*conn{2: dial(t, server.Addr, 2), 3: dial(t, server.Addr, 3)}
	}
	return &rig{
		t:       t,
		clients: both(),
		host:    &forwarder{conns: both()},
		runtime: New(Options{Version: "7.0.15"}),
		scripts: map[string]*Script{},
	}
}

func byteSlices(list []string) [][]byte {
	out := make([][]byte, len(list))
	for i, s := range list {
		out[i] = []byte(s)
	}
	return out
}

// ours runs a script here.
func (r *rig) ours(script string, keys, args []string, proto int) []byte {
	r.t.Helper()
	s, err := Compile([]byte(script))
	if err != nil {
		return []byte("-" + err.Error() + "\r\n")
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	reply, err := r.runtime.Run(ctx, s, byteSlices(keys), byteSlices(args), r.host, proto, nil)
	if err != nil {
		r.t.Fatalf("%.300q: %v", script, err)
	}
	return reply
}

// theirs runs it on the real server.
func (r *rig) theirs(script string, keys, args []string, proto int) []byte {
	r.t.Helper()
	line := append([]string{"EVAL", script, strconv.Itoa(len(keys))}, keys...)
	return r.clients[proto].do(append(line, args...)...)
}

// same runs a script on both, each time on an empty keyspace, and compares.
func (r *rig) same(script string, keys, args []string, proto int) bool {
	r.t.Helper()
	r.clients[2].do("FLUSHALL")
	want := r.theirs(script, keys, args, proto)
	r.clients[2].do("FLUSHALL")
	got := r.ours(script, keys, args, proto)
	if bytes.Equal(got, want) {
		return true
	}
	r.t.Errorf("RESP%d %s\n got %.600q\nwant %.600q", proto, strings.TrimSpace(script), got, want)
	return false
}
