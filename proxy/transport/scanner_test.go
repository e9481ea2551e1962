package transport

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/tidwall/redcon"
)

var testLimits = &Limits{Bulk: 1 << 20, Arguments: 1 << 20, Request: 2 << 20, UntrustedBulk: 16 << 10, UntrustedRequest: 10}

// scan feeds data in pieces cut at the given places, as a trusted client or not.
func scan(data string, trusted bool, cuts ...int) (string, error) {
	s := Scanner{Limits: testLimits}
	var out []byte
	from := 0
	for _, to := range append(cuts, len(data)) {
		rest := []byte(data[from:to])
		for len(rest) > 0 {
			var err error
			before := len(rest)
			var piece []byte
			piece, rest, err = s.Scan(nil, rest, trusted)
			out = append(out, piece...)
			if err != nil {
				return string(out), err
			}
			if len(rest) == before {
				return string(out), fmt.Errorf("no progress at %q", rest)
			}
		}
		from = to
	}
	return string(out), nil
}

// array is the well-formed request of some words.
func array(words ...string) string {
	s := fmt.Sprintf("*%d\r\n", len(words))
	for _, w := range words {
		s += fmt.Sprintf("$%d\r\n%s\r\n", len(w), w)
	}
	return s
}

var accepted = []struct{ name, in, out string }{
	{"a request", array("GET", "k"), array("GET", "k")},
	{"a pipeline", array("GET", "k") + array("PING"), array("GET", "k") + array("PING")},
	{"binary and empty arguments", array("SET", "\x00\r\n$*", ""), array("SET", "\x00\r\n$*", "")},
	{"empty requests", "*0\r\n*-1\r\n*-10\r\n" + array("PING"), array("PING")},
	{"any byte after a carriage return", "*1\rX$4\rYPINGab", array("PING")},
	{"an inline request", "SET k v\r\n", array("SET", "k", "v")},
	{"an inline request without carriage return", "PING\n", array("PING")},
	{"an inline request among others", array("PING") + "  get   k \r\n" + array("PING"), array("PING") + array("get", "k") + array("PING")},
	{"empty lines", "\r\n\n   \r\n" + array("PING"), array("PING")},
	{"double quotes", `set "a b" "\x41\n\"\q"` + "\r\n", array("set", "a b", "A\n\"q")},
	{"single quotes", `set 'it\'s' '\n'` + "\n", array("set", "it's", `\n`)},
	{"empty quotes", `set "" ''` + "\n", array("set", "", "")},
	{"a quote inside a word", `set a"b c"` + "\n", array("set", "ab c")},
	{"an escape that is cut", `echo "\x4"` + "\n", array("echo", "x4")},
	{"zero bytes end an inline request", "ping\x00 x\n", array("ping")},
}

var refused = []struct{ name, in, err string }{
	{"an array length that is none", "*x\r\n", "ERR Protocol error: invalid multibulk length"},
	{"no array length", "*\r\n", "ERR Protocol error: invalid multibulk length"},
	{"a plus", "*+1\r\n", "ERR Protocol error: invalid multibulk length"},
	{"a leading zero", "*01\r\n", "ERR Protocol error: invalid multibulk length"},
	{"minus zero", "*-0\r\n", "ERR Protocol error: invalid multibulk length"},
	{"a number beyond 64 bits", "*99999999999999999999\r\n", "ERR Protocol error: invalid multibulk length"},
	{"too many arguments", "*1048577\r\n", "ERR Protocol error: invalid multibulk length"},
	{"no bulk string", "*1\r\n:1\r\n", "ERR Protocol error: expected '$', got ':'"},
	{"a bulk length that is none", "*1\r\n$x\r\n", "ERR Protocol error: invalid bulk length"},
	{"a negative bulk length", "*1\r\n$-1\r\n", "ERR Protocol error: invalid bulk length"},
	{"a bulk that is too long", "*1\r\n$1048577\r\n", "ERR Protocol error: invalid bulk length"},
	{"a request that is too long", "*3\r\n$1048576\r\n" + strings.Repeat("x", 1<<20) + "\r\n$1048576\r\n" + strings.Repeat("x", 1<<20) + "\r\n$1\r\n", "ERR Protocol error: too big request"},
	{"a quote that is not closed", "set \"a\r\n", "ERR Protocol error: unbalanced quotes in request"},
	{"a quote in the middle", `set "a"b` + "\n", "ERR Protocol error: unbalanced quotes in request"},
	{"an endless inline request", strings.Repeat("x", maxLine+1), "ERR Protocol error: too big inline request"},
	{"an endless array length", "*" + strings.Repeat("1", maxLine+1), "ERR Protocol error: too big mbulk count string"},
	{"an endless bulk length", "*1\r\n$" + strings.Repeat("1", maxLine+1), "ERR Protocol error: too big bulk count string"},
}

func TestWhatRedisAcceptsBecomesWellFormed(t *testing.T) {
	for _, c := range accepted {
		if out, err := scan(c.in, true); err != nil || out != c.out {
			t.Errorf("%s: %q became %q, %v; want %q", c.name, c.in, out, err, c.out)
		}
	}
}

func TestWhatRedisRefusesIsRefusedInItsWords(t *testing.T) {
	for _, c := range refused {
		before := array("PING")
		out, err := scan(before+c.in, true)
		if err == nil || err.Error() != c.err {
			t.Errorf("%s: %v, want %q", c.name, err, c.err)
		}
		if !strings.HasPrefix(out, before) {
			t.Errorf("%s: the request before it is lost: %q", c.name, out)
		}
	}
}

func TestCutsMakeNoDifference(t *testing.T) {
	for _, c := range accepted {
		for _, trusted := range []bool{true, false} {
			for i := range len(c.in) {
				if out, err := scan(c.in, trusted, i); err != nil || out != c.out {
					t.Errorf("%s, cut at %d: %q, %v", c.name, i, out, err)
				}
			}
			every := make([]int, len(c.in))
			for i := range every {
				every[i] = i
			}
			if out, err := scan(c.in, trusted, every...); err != nil || out != c.out {
				t.Errorf("%s, byte by byte: %q, %v", c.name, out, err)
			}
		}
	}
	for _, c := range refused {
		if len(c.in) > 1000 {
			continue
		}
		for i := range len(c.in) {
			if _, err := scan(c.in, true, i); err == nil || err.Error() != c.err {
				t.Errorf("%s, cut at %d: %v", c.name, i, err)
			}
		}
	}
}

func TestAnUntrustedClientMaySendLittleAndOneRequestAtATime(t *testing.T) {
	for in, want := range map[string]string{
		"*11\r\n":            "ERR Protocol error: unauthenticated multibulk length",
		"*1\r\n$16385\r\n":   "ERR Protocol error: unauthenticated bulk length",
		"*1\r\n$1048577\r\n": "ERR Protocol error: invalid bulk length",
	} {
		if _, err := scan(in, false); err == nil || err.Error() != want {
			t.Errorf("%q: %v, want %q", in, err, want)
		}
	}
	s := Scanner{Limits: testLimits}
	auth, big := array("AUTH", "secret"), array("SET", "k", strings.Repeat("x", 20000))
	out, rest, err := s.Scan(nil, []byte(auth+big), false)
	if err != nil || string(out) != auth || string(rest) != big {
		t.Fatalf("%d bytes out, %d left, %v", len(out), len(rest), err)
	}
	if out, _, err = s.Scan(nil, rest, true); err != nil || string(out) != big {
		t.Fatalf("after AUTH: %d bytes, %v", len(out), err)
	}
}

func TestTheMiddleOfALargeArgumentCanBeSkipped(t *testing.T) {
	s := Scanner{Limits: testLimits}
	if _, _, err := s.Scan(nil, []byte("*1\r\n$10\r\nabc"), true); err != nil || s.Within() != 7 {
		t.Fatalf("within %d, %v", s.Within(), err)
	}
	s.Skip(7)
	out, rest, err := s.Scan(nil, []byte("\r\n"+array("PING")), true)
	if err != nil || string(out) != "\r\n"+array("PING") || len(rest) > 0 {
		t.Fatalf("%q, %q, %v", out, rest, err)
	}
}

// FuzzScanner checks that whatever comes out is what redcon accepts, however the input is cut.
func FuzzScanner(f *testing.F) {
	for _, c := range accepted {
		f.Add([]byte(c.in), uint(3))
	}
	for _, c := range refused {
		if len(c.in) < 1000 {
			f.Add([]byte(c.in), uint(1))
		}
	}
	f.Fuzz(func(t *testing.T, data []byte, cut uint) {
		whole, err := scan(string(data), true)
		cutOut, cutErr := scan(string(data), true, int(cut%uint(len(data)+1)))
		if whole != cutOut || (err == nil) != (cutErr == nil) {
			t.Fatalf("whole: %q, %v; cut: %q, %v", whole, err, cutOut, cutErr)
		}
		for left := []byte(whole); len(left) > 0; {
			complete, args, kind, rest, err := redcon.ReadNextCommand(left, nil)
			if err != nil || kind != redcon.Redis {
				t.Fatalf("%q: kind %v, %v", left, kind, err)
			}
			if !complete {
				break
			}
			if len(args) == 0 || bytes.Equal(rest, left) {
				t.Fatalf("an empty request in %q", left)
			}
			left = rest
		}
	})
}
