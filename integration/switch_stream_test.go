package integration

import "testing"

// Redis keeps a stream that was switched to it, and it comes back as it was.
func TestStreamsAreSwitchedWithTheirGroups(t *testing.T) {
	t.Parallel()
	p := start(t, settings{Backend: "memory"})
	c := dial(t, p.Addr)
	c.want("+OK\r\n", "XGROUP", "CREATE", "empty", "g", "5-5", "MKSTREAM")
	for _, id := range []string{"1-1", "1-2", "7-0"} {
		c.want("$3\r\n"+id+"\r\n", "XADD", "stream", id, "f", "v", "number", "12")
	}
	c.want("$3\r\n8-0\r\n", "XADD", "stream", "8-0", "other", "\x00\xff")
	c.want("+OK\r\n", "XGROUP", "CREATE", "stream", "g", "0")
	c.want("+OK\r\n", "XGROUP", "CREATE", "stream", "idle", "$")
	c.do("XREADGROUP", "GROUP", "g", "alice", "COUNT", "2", "STREAMS", "stream", ">")
	c.do("XREADGROUP", "GROUP", "g", "bob", "COUNT", "1", "STREAMS", "stream", ">")
	c.want(":1\r\n", "XACK", "stream", "g", "1-1")
	c.want(":1\r\n", "EXPIREAT", "stream", "4000000000")

	asked := [][]string{
		{"XINFO", "STREAM", "stream", "FULL"}, {"XINFO", "STREAM", "empty", "FULL"}, {"XPENDING", "stream", "g"},
		{"XRANGE", "stream", "-", "+"}, {"EXPIRETIME", "stream"}, {"DUMP", "stream"}, {"DUMP", "empty"},
	}
	var before []string
	for _, call := range asked {
		before = append(before, c.do(call...).raw)
	}
	c.want("+OK\r\n", "STATE.SWITCH", "redis")
	c.want(before[len(before)-1], "DUMP", "empty")
	c.want(before[len(before)-2], "DUMP", "stream")
	c.want("+OK\r\n", "STATE.SWITCH", "memory", "FLUSH")
	for i, call := range asked {
		c.want(before[i], call...)
	}
	c.want("$3\r\n9-0\r\n", "XADD", "stream", "9-0", "f", "v")
}
