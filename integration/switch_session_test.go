package integration

import (
	"fmt"
	"strings"
	"sync"
	"testing"
)

// TestAPipelineGoesThroughASwitch has the switch in the middle of what one client sent at once.
func TestAPipelineGoesThroughASwitch(t *testing.T) {
	for _, pair := range orderedPairs() {
		t.Run(pair[0]+" to "+pair[1], func(t *testing.T) {
			t.Parallel()
			c := dial(t, start(t, settings{Backend: pair[0]}).Addr)
			var batch []byte
			for _, line := range []string{"SELECT 4", "SET k v", "INCR n", "STATE.SWITCH " + pair[1], "GET k", "INCR n", "STATE.SWITCH nosuch", "GET n"} {
				batch = append(batch, encode(strings.Fields(line)...)...)
			}
			c.write(batch)
			for i, want := range []string{"+OK\r\n", "+OK\r\n", ":1\r\n", "+OK\r\n", "$1\r\nv\r\n", ":2\r\n", "-ERR ", "$1\r\n2\r\n"} {
				if r := c.reply(); !strings.HasPrefix(r.raw, want) {
					t.Errorf("reply %d: %q, want %q", i, r.raw, want)
				}
			}
		})
	}
}

// TestAScanGoesThroughASwitch holds a cursor from before the switch: keys may come twice after it, and
// none is left out.
func TestAScanGoesThroughASwitch(t *testing.T) {
	for _, pair := range orderedPairs() {
		t.Run(pair[0]+" to "+pair[1], func(t *testing.T) {
			t.Parallel()
			c := dial(t, start(t, settings{Backend: pair[0]}).Addr)
			const n = 500
			for i := range n {
				c.want("+OK\r\n", "SET", fmt.Sprint("k", i), "v")
			}
			seen := map[string]bool{}
			cursor := "0"
			for calls := 0; calls == 0 || cursor != "0"; calls++ {
				if calls == 10 {
					c.want("+OK\r\n", "STATE.SWITCH", pair[1])
				}
				r := c.do("SCAN", cursor, "COUNT", "20")
				cursor = r.items[0].text
				for _, k := range r.items[1].texts() {
					seen[k] = true
				}
			}
			if len(seen) != n {
				t.Errorf("SCAN returned %d of %d keys", len(seen), n)
			}
		})
	}
}

// TestOnlyOneOfManySwitchesAtOnceIsMade lets several clients ask together. Each gets an answer, and
// the keys are whole in the end.
func TestOnlyOneOfManySwitchesAtOnceIsMade(t *testing.T) {
	t.Parallel()
	r, _ := newRand(t)
	p := start(t, settings{Backend: "memory"})
	k := sample(r, 5000)
	k.store(t, p.Addr)
	var all sync.WaitGroup
	for i := range 6 {
		c := dial(t, p.Addr)
		all.Go(func() {
			if _, err := c.try("STATE.SWITCH", everyBackend[i%3]); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	k.expect(t, p.Addr)
}

// TestAClientThatLeavesDuringASwitchDoesNotHarmIt closes the connection that asked for it.
func TestAClientThatLeavesDuringASwitchDoesNotHarmIt(t *testing.T) {
	t.Parallel()
	r, _ := newRand(t)
	p := start(t, settings{Backend: "memory"})
	k := sample(r, 5000)
	k.store(t, p.Addr)
	c := dial(t, p.Addr)
	c.send("STATE.SWITCH", "badger")
	eventually(t, "the switch has begun", func() bool { return copying(p.Data) || p.Active() == "badger" })
	c.Close()
	eventually(t, "it has ended", func() bool { return !copying(p.Data) })
	k.expect(t, p.Addr)
}
