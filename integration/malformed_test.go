package integration

import (
	"strings"
	"testing"

	"switchyard/integration/redistest"
)

// malformed are requests that break the protocol, or look as if they did. Each is sent to both
// servers, followed by a PING, and what comes back is compared to the end of the connection.
var malformed = []struct{ name, bytes string }{
	{"an array length that is no number", "*x\r\n"},
	{"an array length with a plus", "*+1\r\n$4\r\nPING\r\n"},
	{"an array length with a leading zero", "*01\r\n$4\r\nPING\r\n"},
	{"an array length with a space", "* 1\r\n$4\r\nPING\r\n"},
	{"an array length that is missing", "*\r\n"},
	{"an array length beyond 31 bits", "*2147483648\r\n"},
	{"an array length beyond 64 bits", "*99999999999999999999\r\n"},
	{"an array length without an end", "*" + strings.Repeat("1", 70_000)},
	{"an array of none", "*0\r\n"},
	{"a null array", "*-1\r\n"},
	{"an array of fewer than none", "*-5\r\n"},
	{"no dollar before a bulk", "*1\r\nx4\r\nPING\r\n"},
	{"a status for a bulk", "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n+v\r\n"},
	{"nothing for a bulk", "*1\r\n\r\n"},
	{"a control character for a bulk", "*1\r\n\x01\r\n"},
	{"a bulk length that is no number", "*1\r\n$x\r\n"},
	{"a bulk length that is missing", "*1\r\n$\r\n"},
	{"a bulk length with a leading zero", "*1\r\n$04\r\nPING\r\n"},
	{"a negative bulk length", "*1\r\n$-1\r\n"},
	{"a bulk beyond the limit", "*1\r\n$536870913\r\n"},
	{"a bulk length beyond 64 bits", "*1\r\n$99999999999999999999\r\n"},
	{"a bulk length without an end", "*1\r\n$" + strings.Repeat("1", 70_000)},
	{"a bulk longer than it said", "*1\r\n$4\r\nPINGPONG\r\n"},
	{"a command without a name", "*1\r\n$0\r\n\r\n"},
	{"good commands before a bad one", "PING\r\n*1\r\n$4\r\nPING\r\n*x\r\nPING\r\n"},
	{"an inline request", "PING\r\n"},
	{"an inline request with quotes", "set \"a b\" 'c\\'d'\r\nget \"\\x61 b\"\r\n"},
	{"an inline request that ends with a newline alone", "PING\n"},
	{"an inline request of spaces", "   \r\n\r\n"},
	{"an inline request with an open quote", "set k 'x\r\n"},
	{"an inline request with text after a quote", "ping \"a\"b\r\n"},
	{"an inline request without an end", strings.Repeat("a", 70_000)},
	{"binary noise", "\x01\x02\xff\r\n"},
	{"an HTTP request", "POST / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\nSET k v\r\n"},
	{"an HTTP header", "Host: 127.0.0.1\r\n\r\nSET k v\r\n"},
}

func TestMalformedRequestsAreRefusedAsRedisDoes(t *testing.T) {
	oracle := redistest.Start(t).Addr
	p := start(t, settings{Backend: "memory"})
	for _, m := range malformed {
		t.Run(m.name, func(t *testing.T) {
			want, got := converse(t, oracle, m.bytes), converse(t, p.Addr, m.bytes)
			if got != want {
				t.Errorf("%q: want %q, got %q", clip(m.bytes), clip(want), clip(got))
			}
			dial(t, p.Addr).want("+PONG\r\n", "PING")
		})
	}
}

// converse sends bytes, then asks to be disconnected, and returns all that comes back.
func converse(t *testing.T, addr, bytes string) string {
	t.Helper()
	c := dial(t, addr)
	if len(bytes) < 65_000 { // otherwise it is a line that has no end
		bytes += "PING\r\n" + "QUIT\r\n"
	}
	// The server may close before it has read everything, which is all right.
	_, _ = c.Write([]byte(bytes))
	return c.rest()
}

func TestMalformedRequestsBeforeAuthHaveSmallerLimits(t *testing.T) {
	oracle := redistest.Start(t, "--requirepass", "secret").Addr
	p := start(t, settings{Backend: "memory", Env: []string{"SWITCHYARD_PASSWORD=secret"}})
	for _, bytes := range []string{
		"*11\r\n", "*10\r\n", "*2\r\n$16385\r\n", "*2147483648\r\n", "*1\r\n$536870913\r\n",
		"*3\r\n$5\r\nHELLO\r\n$1\r\n3\r\n$999999\r\n", strings.Repeat("a", 70_000),
		"GET k\r\n", "*2\r\n$3\r\nGET\r\n$1\r\nk\r\n", "AUTH secret\r\nGET nosuch\r\n*11\r\n$4\r\nMGET\r\n" + strings.Repeat("$1\r\na\r\n", 10),
		"AUTH wrong\r\n*11\r\n", "nosuch\r\n",
	} {
		if bytes == "*10\r\n" { // complete it with what is too long
			bytes += "$16385\r\n"
		}
		want, got := converse(t, oracle, bytes), converse(t, p.Addr, bytes)
		if got != want {
			t.Errorf("%q: want %q, got %q", clip(bytes), clip(want), clip(got))
		}
	}
}

func TestClientsThatLeaveInTheMiddleOfARequestHarmNobody(t *testing.T) {
	onEveryBackend(t, func(t *testing.T, p *process) {
		whole := string(encode("SET", "half", strings.Repeat("v", 100)))
		for at := range len(whole) {
			c := dial(t, p.Addr)
			c.write([]byte(whole[:at]))
			c.Close()
		}
		c := dial(t, p.Addr)
		c.want("$-1\r\n", "GET", "half")
		// Cut anywhere, a request that goes on is still one.
		for at := 1; at < len(whole); at++ {
			c.write([]byte(whole[:at]))
			c.write([]byte(whole[at:]))
			if r := c.reply(); r.raw != "+OK\r\n" {
				t.Fatalf("cut at %d: %q", at, r.raw)
			}
		}
	})
}

func TestBigValuesPassWhole(t *testing.T) {
	onEveryBackend(t, func(t *testing.T, p *process) {
		c := dial(t, p.Addr)
		value := strings.Repeat("0123456789abcdef", 8<<16) // 8 MB
		c.want("+OK\r\n", "SET", "big", value)
		if r := c.do("GET", "big"); r.text != value {
			t.Errorf("GET: %d bytes, %q", len(r.text), clip(r.raw))
		}
		c.want(":8388608\r\n", "STRLEN", "big")
	})
}
