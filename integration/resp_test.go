package integration

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"strconv"
	"testing"
	"time"
)

// conn is a connection that shows replies as the bytes that they are.
type conn struct {
	net.Conn
	r *bufio.Reader
	t testing.TB
}

// patience is how long a reply may take: a switch, or a slow machine.
const patience = 60 * time.Second

// dial connects until the test ends.
func dial(t testing.TB, addr string) *conn {
	t.Helper()
	c, err := dialError(addr)
	if err != nil {
		t.Fatal(err)
	}
	c.t = t
	t.Cleanup(func() { c.Close() })
	return c
}

// dial3 connects and asks for RESP3.
func dial3(t testing.TB, addr string) *conn {
	t.Helper()
	c := dial(t, addr)
	c.speak(3)
	return c
}

func dialError(addr string) (*conn, error) {
	c, err := net.DialTimeout("tcp", addr, 5*time.Second)
	if err != nil {
		return nil, err
	}
	return &conn{Conn: c, r: bufio.NewReaderSize(c, 64<<10)}, nil
}

// speak agrees on a protocol.
func (c *conn) speak(proto int) {
	c.t.Helper()
	if r := c.do("HELLO", strconv.Itoa(proto)); r.isError() {
		c.t.Fatalf("HELLO %d: %q", proto, r.raw)
	}
}

// encode is a command as clients send it.
func encode(args ...string) []byte {
	var b bytes.Buffer
	fmt.Fprintf(&b, "*%d\r\n", len(args))
	for _, a := range args {
		fmt.Fprintf(&b, "$%d\r\n%s\r\n", len(a), a)
	}
	return b.Bytes()
}

// send writes a command and does not wait for the reply.
func (c *conn) send(args ...string) {
	c.t.Helper()
	c.write(encode(args...))
}

// write sends bytes.
func (c *conn) write(b []byte) {
	c.t.Helper()
	if _, err := c.Write(b); err != nil {
		c.t.Fatal(err)
	}
}

// do sends a command and returns its reply.
func (c *conn) do(args ...string) reply {
	c.t.Helper()
	r, err := c.try(args...)
	if err != nil {
		c.t.Fatalf("%q: %v", short(args), err)
	}
	return r
}

// try is do for a connection that may break.
func (c *conn) try(args ...string) (reply, error) {
	if _, err := c.Write(encode(args...)); err != nil {
		return reply{}, err
	}
	return c.next()
}

// reply returns the next reply.
func (c *conn) reply() reply {
	c.t.Helper()
	r, err := c.next()
	if err != nil {
		c.t.Fatal(err)
	}
	return r
}

func (c *conn) next() (reply, error) {
	if err := c.SetReadDeadline(time.Now().Add(patience)); err != nil {
		return reply{}, err
	}
	return readReply(c.r)
}

// rest returns what comes until the server closes the connection.
func (c *conn) rest() string {
	c.t.Helper()
	if err := c.SetReadDeadline(time.Now().Add(patience)); err != nil {
		c.t.Fatal(err)
	}
	b, err := io.ReadAll(c.r)
	if ne, ok := err.(net.Error); ok && ne.Timeout() {
		c.t.Fatalf("the server does not close the connection, after %q", b)
	}
	return string(b) // a reset is an end, too
}

// want sends a command and compares the whole raw reply.
func (c *conn) want(raw string, args ...string) {
	c.t.Helper()
	if r := c.do(args...); r.raw != raw {
		c.t.Errorf("%q: got %q, want %q", short(args), clip(r.raw), clip(raw))
	}
}

// reply is one whole reply, of either protocol.
type reply struct {
	raw   string
	kind  byte    // the first byte
	text  string  // what a simple kind holds
	items []reply // what an aggregate holds: of a map, keys and values in turn
}

func (r reply) isError() bool { return r.kind == '-' || r.kind == '!' }

func (r reply) isNull() bool {
	return r.kind == '_' || r.raw == "$-1\r\n" || r.raw == "*-1\r\n"
}

// int is the number of an integer reply, and -999 of any other.
func (r reply) int() int64 {
	n, err := strconv.ParseInt(r.text, 10, 64)
	if r.kind != ':' || err != nil {
		return -999
	}
	return n
}

// texts are the texts of the items.
func (r reply) texts() []string {
	list := make([]string, len(r.items))
	for i, it := range r.items {
		list[i] = it.text
	}
	return list
}

// field finds the value of a key in a map, or in an array that stands for one in RESP2.
func (r reply) field(name string) (reply, bool) {
	for i := 0; i+1 < len(r.items); i += 2 {
		if r.items[i].text == name {
			return r.items[i+1], true
		}
	}
	return reply{}, false
}

// readReply reads exactly one reply. The text of a null is "-1".
func readReply(in *bufio.Reader) (reply, error) {
	line, err := in.ReadString('\n')
	if err != nil {
		return reply{}, err
	}
	if len(line) < 3 || line[len(line)-2] != '\r' {
		return reply{}, fmt.Errorf("not a reply: %q", line)
	}
	r := reply{raw: line, kind: line[0], text: line[1 : len(line)-2]}
	switch r.kind {
	case '+', '-', ':', '_', '#', ',', '(':
		return r, nil
	case '$', '!', '=':
		return r, r.readBulk(in)
	case '*', '~', '>':
		return r, r.readItems(in, 1)
	case '%', '|':
		return r, r.readItems(in, 2)
	}
	return r, fmt.Errorf("not a reply: %q", line)
}

func (r *reply) readBulk(in *bufio.Reader) error {
	n, err := strconv.Atoi(r.text)
	if err != nil || n < 0 {
		return err
	}
	b := make([]byte, n+2)
	if _, err := io.ReadFull(in, b); err != nil {
		return err
	}
	r.raw += string(b)
	r.text = string(b[:n])
	if string(b[n:]) != "\r\n" {
		return fmt.Errorf("a bulk does not end where it said: %q", clip(r.raw))
	}
	return nil
}

func (r *reply) readItems(in *bufio.Reader, each int) error {
	n, err := strconv.Atoi(r.text)
	if err != nil || n < 0 {
		return err
	}
	raw := []byte(r.raw)
	for range n * each {
		item, err := readReply(in)
		if err != nil {
			return err
		}
		raw = append(raw, item.raw...)
		r.items = append(r.items, item)
	}
	r.raw = string(raw)
	return nil
}

// clip shortens what an error message quotes.
func clip(s string) string {
	if len(s) > 300 {
		return fmt.Sprintf("%s... (%d bytes)", s[:300], len(s))
	}
	return s
}

func short(args []string) []string {
	list := make([]string, len(args))
	for i, a := range args {
		list[i] = clip(a)
	}
	return list
}
