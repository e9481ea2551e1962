package redis

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

// whole are replies of which each is one value.
var whole = []string{
	"+OK\r\n", "-ERR no\r\n", ":1\r\n", "$-1\r\n", "*-1\r\n", "$0\r\n\r\n", "$2\r\n\r\n\r\n", "*0\r\n", "_\r\n", "#t\r\n",
	",1.5\r\n", "(123456789012345678901234567890\r\n", "!3\r\nERR\r\n", "=5\r\ntxt:a\r\n", "%1\r\n+a\r\n*2\r\n:1\r\n_\r\n",
	"~2\r\n:1\r\n:2\r\n", "*2\r\n*1\r\n$1\r\na\r\n%0\r\n", "|1\r\n+a\r\n:1\r\n*1\r\n|1\r\n+b\r\n:2\r\n:3\r\n",
	"+" + strings.Repeat("long", readBuffer) + "\r\n", "$200000\r\n" + strings.Repeat("\r\n", 100000) + "\r\n",
}

func TestRepliesEndWhereTheyEnd(t *testing.T) {
	stream := strings.Join(whole, "")
	for name, rd := range map[string]io.Reader{
		"in one piece":        strings.NewReader(stream),
		"byte by byte":        iotest.OneByteReader(strings.NewReader(stream)),
		"between pushed ones": strings.NewReader(">2\r\n+invalidate\r\n*1\r\n$1\r\nk\r\n" + strings.Join(whole, ">0\r\n>1\r\n%1\r\n:1\r\n:2\r\n")),
	} {
		r := newReplies(rd)
		for _, want := range whole {
			got, err := r.next()
			if err != nil || string(got) != want {
				t.Fatalf("%s: %.80q, %v, want %.80q", name, got, err, want)
			}
			if own, ok := r.take(); ok && string(own) != want {
				t.Fatalf("%s: %.80q was taken, want %.80q", name, own, want)
			}
		}
		if _, err := r.next(); !errors.Is(err, io.EOF) {
			t.Errorf("%s: %v at the end", name, err)
		}
	}
}

func TestALengthAllocatesNothing(t *testing.T) {
	r := newReplies(strings.NewReader("$4000000000\r\nabc"))
	if _, err := r.next(); err == nil || cap(r.buf) > 4*readStep {
		t.Errorf("%v, with %d bytes allocated", err, cap(r.buf))
	}
}

func TestErrorTextHasNoFraming(t *testing.T) {
	for reply, want := range map[string]string{"-ERR no\r\n": "ERR no", "!6\r\nERR no\r\n": "ERR no"} {
		if got := errorText([]byte(reply)); got != want {
			t.Errorf("%q", got)
		}
	}
}

// Whatever arrives, replies are pieces of it in their order, and the pieces in which it arrives do
// not matter.
func FuzzReplies(f *testing.F) {
	for _, reply := range whole {
		if len(reply) < 1000 {
			f.Add([]byte(reply))
		}
	}
	f.Add([]byte(strings.Join(whole[:18], "")))
	f.Add([]byte(">1\r\n:1\r\n+OK\r\n$5\r\nab"))
	f.Fuzz(func(t *testing.T, in []byte) {
		one, many := newReplies(bytes.NewReader(in)), newReplies(iotest.HalfReader(bytes.NewReader(in)))
		rest := in
		for {
			a, errA := one.next()
			b, errB := many.next()
			if (errA == nil) != (errB == nil) || !bytes.Equal(a, b) {
				t.Fatalf("%q, %v is not %q, %v", a, errA, b, errB)
			}
			if errA != nil {
				return
			}
			at := bytes.Index(rest, a)
			if at < 0 || len(a) < 3 {
				t.Fatalf("%q is not in %q", a, rest)
			}
			rest = rest[at+len(a):]
		}
	})
}
