package integration

import (
	"fmt"
	"slices"
	"strings"
)

// differ compares what Redis answered with what Switchyard did, byte for byte but for the clock,
// the order of what has none, and the exceptions below.
func differ(args []string, want, got reply) (why string) {
	name := strings.ToLower(args[0])
	same := want.raw == got.raw
	switch {
	case same:
	case want.isError() || got.isError():
	case ofItself(args):
		same = want.kind == got.kind
	case name == "keys":
		same = slices.Equal(sorted(want), sorted(got))
	case name == "ttl" || name == "expiretime":
		same = closeTo(want, got, 10)
	case name == "pttl" || name == "pexpiretime":
		same = closeTo(want, got, 10_000)
	}
	if same || excused(args, want, got) {
		return ""
	}
	return fmt.Sprintf("%q: want %q, got %q", short(args), clip(want.raw), clip(got.raw))
}

// ofItself says whether a command asks a server about itself, so that no two answer alike.
func ofItself(args []string) bool {
	switch line := strings.ToLower(strings.Join(args, " ")); line {
	case "command", "command info", "command docs", "command list", "client list", "config get *":
		return true
	default:
		return strings.HasPrefix(line+" ", "hello ")
	}
}

func sorted(r reply) []string {
	list := r.texts()
	slices.Sort(list)
	return list
}

// closeTo allows for the time between two servers. Negative numbers mean something and are exact.
func closeTo(want, got reply, tolerance int64) bool {
	a, b := want.int(), got.int()
	return a >= 0 && b >= 0 && a-b <= tolerance && b-a <= tolerance
}

// exception is where Switchyard promises something else than the oracle, which is Redis 7.0, does.
type exception struct {
	reason  string
	applies func(args []string, want, got reply) bool
}

var exceptions = []exception{
	{"Redis 7.2 says HELLO <proto> AUTH, 7.0 left <proto> out", func(_ []string, want, got reply) bool {
		return strings.Replace(got.raw, "HELLO <proto> AUTH", "HELLO AUTH", 1) == want.raw
	}},
}

func excused(args []string, want, got reply) bool {
	for _, e := range exceptions {
		if e.applies(args, want, got) {
			return true
		}
	}
	return false
}
