package eventloop

import (
	"bufio"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// More loops are not always faster. Where the clients run on the same processors and send one request
// at a time, a second loop only takes turns with them and makes every wake-up dearer (measured on two
// processors: a quarter fewer requests, and five times their latency at the 99th percentile). Where they send many at
// once it nearly doubles what is served. So loops are added while this process uses all that its loops can
// and there are processors with nothing to do, and taken away when half of them could do the work.

const (
	balanceEvery = 200 * time.Millisecond
	saturated    = 0.90 // of a processor for each loop
	spare        = 0.12 // processors with nothing to do

	// So many looks in a row must agree, since one may have seen a moment. A pause of the clients should
	// not take loops away at once.
	looksToAdd  = 2
	looksToTake = 10
)

// load is what was used between two looks, in processors.
type load struct {
	own  float64 // by this process
	idle float64 // by nobody
}

// nextActive decides how many of max loops should have connections from now on.
func nextActive(active, limit int, l load) int {
	switch {
	case l.own > saturated*float64(active) && l.idle > spare:
		return min(2*active, limit)
	case active > 1 && l.own < float64(active/2):
		return active / 2
	}
	return active
}

// balance adapts the number of loops until the server has ended.
func (s *Server) balance() {
	tick := time.NewTicker(balanceEvery)
	defer tick.Stop()
	m := newMeter()
	last, agreed := 0, 0
	for {
		select {
		case <-s.ended:
			return
		case <-tick.C:
		}
		l, ok := m.read()
		if !ok {
			continue
		}
		active := int(s.active.Load())
		next := nextActive(active, len(s.loops), l)
		if next != last {
			last, agreed = next, 0
		}
		agreed++
		if next > active && agreed >= looksToAdd || next < active && agreed >= looksToTake {
			s.active.Store(int32(next))
			s.log.Debug("event loops", "active", next)
			s.redistribute(next)
		}
	}
}

// redistribute moves connections to the loops where they belong now.
func (s *Server) redistribute(active int) {
	for i, c := range s.all() {
		if to := int32(i % active); c.home.Swap(to) != to {
			c.nudge()
		}
	}
}

// meter reads the use of processors since the time before.
type meter struct {
	at        time.Time
	own, idle time.Duration
}

func newMeter() *meter {
	m := &meter{}
	m.read()
	return m
}

func (m *meter) read() (l load, ok bool) {
	now, own := time.Now(), ownTime()
	idle, ok := idleTime()
	if passed := now.Sub(m.at); !m.at.IsZero() && ok {
		l.own = float64(own-m.own) / float64(passed)
		l.idle = float64(idle-m.idle) / float64(passed)
	} else {
		ok = false
	}
	m.at, m.own, m.idle = now, own, idle
	return l, ok
}

// ownTime is the processor time that this process has used.
func ownTime() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// idleTime is the time that all processors of the machine have had nothing to do, from the first line of
// Linux's /proc/stat; elsewhere it is not known.
func idleTime() (time.Duration, bool) {
	const clockTick = 10 * time.Millisecond // USER_HZ is 100 on every platform that Go supports
	f, err := os.Open("/proc/stat")
	if err != nil {
		return 0, false
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	if !lines.Scan() {
		return 0, false
	}
	// cpu user nice system idle iowait ...
	fields := strings.Fields(lines.Text())
	if len(fields) < 6 || fields[0] != "cpu" {
		return 0, false
	}
	ticks := int64(0)
	for _, f := range fields[4:6] {
		n, err := strconv.ParseInt(f, 10, 64)
		if err != nil {
			return 0, false
		}
		ticks += n
	}
	return time.Duration(ticks) * clockTick, true
}
