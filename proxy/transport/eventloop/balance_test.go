package eventloop

import (
	"log/slog"
	"net"
	"testing"
	"time"

	"switchyard/proxy/transport"
	"switchyard/proxy/transport/transporttest"
)

func TestLoopsAreAddedWhereTheyHelp(t *testing.T) {
	for _, c := range []struct {
		name          string
		active, limit int
		load          load
		want          int
	}{
		{"idle", 1, 4, load{own: 0.1, idle: 3.9}, 1},
		{"idle, with all loops", 4, 4, load{own: 0.01, idle: 3.9}, 4},
		{"saturated, with processors to spare", 1, 4, load{own: 0.97, idle: 2}, 2},
		{"saturated, and the clients use the rest", 1, 2, load{own: 0.97, idle: 0.02}, 1},
		{"saturated with all loops", 2, 2, load{own: 1.95, idle: 0.05, depth: 3}, 2},
		{"more than half used", 2, 2, load{own: 1.3, idle: 0.1, depth: 3}, 2},
		{"half would do", 2, 2, load{own: 0.95, idle: 0}, 1},
		{"half would do of many", 8, 8, load{own: 3, idle: 5}, 4},
		{"three quarters used", 8, 8, load{own: 6, idle: 2}, 8},
		{"no more than there may be", 4, 6, load{own: 3.9, idle: 2}, 6},
		{"clients pipeline, and use the rest", 1, 2, load{own: 0.8, idle: 0.02, depth: 16}, 2},
		{"clients pipeline a little", 1, 2, load{own: 0.3, idle: 1.5, depth: 16}, 1},
		{"one request at a time, and the clients use the rest", 2, 2, load{own: 1.1, idle: 0.02, depth: 1}, 1},
		{"one request at a time, from elsewhere", 2, 2, load{own: 1.1, idle: 0.9, depth: 1}, 2},
		{"one request at a time, and all loops are busy", 4, 8, load{own: 3.8, idle: 0.05, depth: 1}, 4},
	} {
		if got := nextActive(c.active, c.limit, c.load); got != c.want {
			t.Errorf("%s: %d, want %d", c.name, got, c.want)
		}
	}
}

func TestTheMeterSeesWorkOfThisProcess(t *testing.T) {
	m := newMeter(&Server{}, true)
	if _, known := idleTime(); !known {
		t.Log("the idle time is not known on this system")
		return
	}
	n := 0
	for begun := time.Now(); time.Since(begun) < 200*time.Millisecond; {
		n++
	}
	l, ok := m.read()
	if !ok || l.own <= 0 || l.idle < 0 {
		t.Errorf("%+v, %v after %d turns of work", l, ok, n)
	}
}

// TestTransportWithMovingConnections runs the suite while connections are moved from loop to loop.
func TestTransportWithMovingConnections(t *testing.T) {
	transporttest.Run(t, func(ln net.Listener, h transport.Handler, limits *transport.Limits, idle time.Duration) (transport.Server, error) {
		s, err := New(ln, h, Options{Limits: limits, Idle: idle, Loops: 3, Log: slog.New(slog.DiscardHandler)})
		if err != nil {
			return nil, err
		}
		s.balancer = func() {
			for n := 0; ; n++ {
				select {
				case <-s.ended:
					return
				case <-time.After(time.Millisecond):
					s.redistribute(1 + n%3)
				}
			}
		}
		return s, nil
	})
}
