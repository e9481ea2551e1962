package eventloop

import (
	"bufio"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"
)

// More loops are not always faster. Where the clients run on the same processors and send one request
// at a time, a second loop only takes turns with them and makes every wake-up dearer (measured on two
// processors: a quarter fewer requests, and five times their latency at the 99th percentile). Where they send many at
// once it nearly doubles what is served. So loops are added as soon as clients pipeline and keep the process busy, or while it
// uses all that its loops can and there are processors with nothing to do; they are taken away when half of them
// could do the work, or clients that send one request at a time leave no processor idle.

const (
	glanceEvery  = 20 * time.Millisecond // at what clients send
	balanceEvery = 10 * glanceEvery      // at the processors, of which the system counts ticks of 10 ms

	pipelined = 4.0  // requests that come at once
	single    = 2.0  // fewer are taken for one at a time
	saturated = 0.90 // of a processor for each loop
	busy      = 0.60 // likewise
	slack     = 0.75 // likewise
	spare     = 0.12 // processors with nothing to do
	nothing   = 0.05 // of a processor: there is hardly any load, and nothing to be gained

	// So many looks in a row must agree, since one may have seen a moment. Where loops do no harm they are
	// not taken away for every pause of the clients.
	looksToAdd  = 2
	looksToTake = 10
	looksToSave = 2 // where they do harm
)

// traffic is what has come to one loop.
type traffic struct {
	batches, requests atomic.Int64
	_                 [48]byte // a cache line for each
}

func (t *traffic) add(requests int) {
	if requests > 0 {
		t.batches.Add(1)
		t.requests.Add(int64(requests))
	}
}

// load is what was used between two looks, in processors, and what came.
type load struct {
	own   float64 // by this process
	idle  float64 // by nobody
	depth float64 // requests that came at once, on average
}

// pipelines says whether the clients would use more loops at once.
func (l load) pipelines(active int) bool {
	return l.depth >= pipelined && l.own > busy*float64(active)
}

// nextActive decides how many of max loops should have connections from now on.
func nextActive(active, limit int, l load) int {
	switch n := float64(active); {
	case l.pipelines(active), l.own > saturated*n && l.idle > spare:
		return min(2*active, limit)
	case active > 1 && l.own > nothing && (l.own < float64(active/2) || l.crowds(active)):
		return active / 2
	}
	return active
}

// crowds says whether the loops are in the way of each other and of the clients.
func (l load) crowds(active int) bool {
	return l.depth < single && l.idle < spare && l.own < slack*float64(active)
}

// balance adapts the number of loops until the server has ended.
func (s *Server) balance() {
	tick := time.NewTicker(glanceEvery)
	defer tick.Stop()
	brief, long := newMeter(s, false), newMeter(s, true)
	last, agreed := 0, 0
	for {
		select {
		case <-s.ended:
			return
		case <-tick.C:
		}
		active := int(s.active.Load())
		if l, ok := brief.read(); ok && active < len(s.loops) && l.pipelines(active) {
			last, agreed = 0, 0
			s.activate(min(2*active, len(s.loops)))
			continue
		}
		if time.Since(long.at) < balanceEvery {
			continue
		}
		l, ok := long.read()
		if !ok {
			continue
		}
		next := nextActive(active, len(s.loops), l)
		if next != last {
			last, agreed = next, 0
		}
		agreed++
		wanted := looksToTake
		switch {
		case next > active:
			wanted = looksToAdd
		case l.crowds(active):
			wanted = looksToSave
		}
		if next != active && agreed >= wanted {
			s.activate(next)
		}
	}
}

// activate changes the number of loops that have connections.
func (s *Server) activate(n int) {
	s.active.Store(int32(n))
	s.log.Debug("event loops", "active", n)
	s.redistribute(n)
}

// redistribute moves connections to the loops where they belong now.
func (s *Server) redistribute(active int) {
	for i, c := range s.all() {
		if to := int32(i % active); c.home.Swap(to) != to {
			c.nudge()
		}
	}
}

// meter reads what has happened since the time before.
type meter struct {
	traffic           []traffic
	whole             bool // of the whole machine too: idle is known
	at                time.Time
	own, idle         time.Duration
	batches, requests int64
}

func newMeter(s *Server, whole bool) *meter {
	m := &meter{traffic: s.traffic, whole: whole}
	m.read()
	return m
}

func (m *meter) read() (l load, ok bool) {
	now, own, idle, ok := time.Now(), ownTime(), time.Duration(0), true
	if m.whole {
		idle, ok = idleTime()
	}
	if passed := now.Sub(m.at); !m.at.IsZero() && ok {
		l.own = float64(own-m.own) / float64(passed)
		l.idle = float64(idle-m.idle) / float64(passed)
	} else {
		ok = false
	}
	m.at, m.own, m.idle = now, own, idle
	var batches, requests int64
	for i := range m.traffic {
		batches += m.traffic[i].batches.Load()
		requests += m.traffic[i].requests.Load()
	}
	l.depth = float64(requests-m.requests) / float64(max(batches-m.batches, 1))
	m.batches, m.requests = batches, requests
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
