package memory

import (
	"runtime/debug"
	"testing"
)

func TestMuchDataIsCollectedOften(t *testing.T) {
	t.Setenv("GOGC", "")
	percent := func() int {
		n := debug.SetGCPercent(100)
		debug.SetGCPercent(n)
		return n
	}
	usual := percent()
	var c collectorThrift
	a, b := &Engine{}, &Engine{}
	for i, step := range []struct {
		e     *Engine
		bytes int64
		want  int
	}{
		{a, thriftyBytes - 1, usual}, {b, 1, thriftyPercent}, {a, 2 * thriftyBytes, thriftyPercent},
		{b, 0, thriftyPercent}, {a, 0, usual}, {b, thriftyBytes, thriftyPercent}, {b, 0, usual},
	} {
		c.report(step.e, step.bytes)
		if got := percent(); got != step.want {
			t.Errorf("step %d: %d percent, not %d", i, got, step.want)
		}
	}
	t.Setenv("GOGC", "70")
	c.report(a, thriftyBytes)
	if got := percent(); got != usual {
		t.Errorf("with GOGC: %d percent", got)
	}
}
