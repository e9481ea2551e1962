package integration

import (
	"fmt"
	"strings"
	"testing"
)

// library is the code of one with a function that says which it is.
func library(name, function, says string) string {
	return fmt.Sprintf("#!lua name=%s\nredis.register_function('%s', function(keys) return redis.call('INCR', keys[1]) .. ' %s' end)", name, function, says)
}

func bulk(s string) string { return fmt.Sprintf("$%d\r\n%s\r\n", len(s), s) }

func TestFunctionsSurviveWhatTheirBackendSurvives(t *testing.T) {
	t.Parallel()
	p := start(t, settings{Backend: "badger"})
	c := dial(t, p.Addr)
	c.want(bulk("kept"), "FUNCTION", "LOAD", library("kept", "f", "kept"))
	c.want(bulk("gone"), "FUNCTION", "LOAD", library("gone", "g", "gone"))
	c.want("+OK\r\n", "FUNCTION", "DELETE", "gone")
	c.want(bulk("1 kept"), "FCALL", "f", "1", "k")
	p.Kill()
	p = p.Again(settings{Backend: "badger"})
	c = dial(t, p.Addr)
	c.want(bulk("2 kept"), "FCALL", "f", "1", "k")
	c.want("-ERR Function not found\r\n", "FCALL", "g", "1", "k")
	c.want("+OK\r\n", "FLUSHALL")
	c.want(bulk("1 kept"), "FCALL", "f", "1", "k")
	if info := c.do("INFO", "memory").text; !strings.Contains(info, "number_of_functions:1\r\nnumber_of_libraries:1\r\n") {
		t.Errorf("INFO: %q", info)
	}
}

func TestFunctionsAreSwitchedWithTheKeys(t *testing.T) {
	t.Parallel()
	p := start(t, settings{Backend: "memory"})
	c := dial(t, p.Addr)
	c.want(bulk("lib"), "FUNCTION", "LOAD", library("lib", "f", "everywhere"))
	for i, name := range append(route, route[:3]...) {
		c.want(bulk(fmt.Sprint(i+1, " everywhere")), "FCALL", "f", "1", "k")
		c.want("+OK\r\n", "STATE.SWITCH", name, "FLUSH")
	}
	// What one of them has already stays, unless the source has the same library, or FLUSH is said.
	c.want("+OK\r\n", "STATE.SWITCH", "badger", "NOCOPY")
	c.want("+OK\r\n", "FUNCTION", "FLUSH")
	c.want(bulk("lib"), "FUNCTION", "LOAD", library("lib", "f", "old"))
	c.want(bulk("own"), "FUNCTION", "LOAD", library("own", "g", "own"))
	c.want("+OK\r\n", "STATE.SWITCH", "memory", "NOCOPY")
	c.want("+OK\r\n", "FLUSHALL")
	c.want("-ERR Function not found\r\n", "FCALL", "g", "1", "k")
	c.want(bulk("1 everywhere"), "FCALL", "f", "1", "k")
	c.want("+OK\r\n", "STATE.SWITCH", "badger", "MERGE")
	c.want(bulk("2 everywhere"), "FCALL", "f", "1", "k")
	c.want(bulk("3 own"), "FCALL", "g", "1", "k")
	c.want("+OK\r\n", "STATE.SWITCH", "memory", "FLUSH")
	c.want(bulk("4 own"), "FCALL", "g", "1", "k")
	// Two libraries with the same function do not go together.
	c.want("+OK\r\n", "FUNCTION", "FLUSH")
	c.want(bulk("third"), "FUNCTION", "LOAD", library("third", "G", "third"))
	if r := c.do("STATE.SWITCH", "badger", "MERGE"); !strings.HasPrefix(r.raw, "-ERR switch memory -> badger: ") || !strings.Contains(r.raw, "Function g already exists") && !strings.Contains(r.raw, "Function G already exists") {
		t.Errorf("MERGE: %q", r.raw)
	}
	c.want(bulk("5 third"), "FCALL", "g", "1", "k")
}
