package proxy

import (
	"maps"
	"math"
	"math/bits"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"switchyard/commands"
)

// Counters are kept in shards: the sessions of one shard share them, and who wants to read adds all
// shards up. So counting on the command path is an addition to memory that few others write.

const (
	shardCount = 16
	// A latency belongs to bucket i when it is below 1<<i microseconds: from 1 us to 2 s, and one
	// bucket for all above.
	bucketCount = 23
)

type stats struct{ shards [shardCount]*shard }

type shard struct {
	rows          []rowStats     // by commands.Row.Index
	backends      []backendStats // by opened.index
	input, output atomic.Int64   // bytes
	_             [64]byte       // the next shard has a cache line of its own
}

// rowStats is the history of one command.
type rowStats struct {
	nanos    atomic.Int64
	failed   atomic.Int64 // ran, and replied with an error
	rejected atomic.Int64 // did not run
	buckets  [bucketCount]atomic.Int64
}

// backendStats counts operations on one backend.
type backendStats struct{ reads, writes, errors atomic.Int64 }

func newStats(rows, backends int) *stats {
	s := &stats{}
	for i := range s.shards {
		s.shards[i] = &shard{rows: make([]rowStats, rows), backends: make([]backendStats, backends)}
	}
	return s
}

// of is the shard of a session.
func (s *stats) of(id int64) *shard { return s.shards[uint64(id)%shardCount] }

func (r *rowStats) add(d time.Duration, failed bool) {
	r.nanos.Add(int64(d))
	r.buckets[min(bits.Len64(uint64(d)/1000), bucketCount-1)].Add(1)
	if failed {
		r.failed.Add(1)
	}
}

// total is a sum over shards.
type total struct {
	nanos, failed, rejected int64
	buckets                 [bucketCount]int64
}

func (t *total) calls() (n int64) {
	for _, b := range t.buckets {
		n += b
	}
	return n
}

// percentiles are those that INFO shows, each the upper bound of the bucket that it is in.
func (t *total) percentiles() (list []commands.Percentile) {
	calls := t.calls()
	if calls == 0 {
		return nil
	}
	for _, rank := range []float64{50, 99, 99.9} {
		left := int64(math.Ceil(rank / 100 * float64(calls)))
		bucket := 0
		for left > t.buckets[bucket] {
			left -= t.buckets[bucket]
			bucket++
		}
		list = append(list, commands.Percentile{Rank: rank, Most: time.Microsecond << bucket})
	}
	return list
}

// row adds up one command.
func (s *stats) row(i int) (t total) {
	for _, sh := range s.shards {
		r := &sh.rows[i]
		t.nanos += r.nanos.Load()
		t.failed += r.failed.Load()
		t.rejected += r.rejected.Load()
		for b := range r.buckets {
			t.buckets[b] += r.buckets[b].Load()
		}
	}
	return t
}

// commands counts all commands that ran.
func (s *stats) commands() (n int64) {
	for i := range s.shards[0].rows {
		t := s.row(i)
		n += t.calls()
	}
	return n
}

func (s *stats) bytes() (input, output int64) {
	for _, sh := range s.shards {
		input += sh.input.Load()
		output += sh.output.Load()
	}
	return input, output
}

func (s *stats) backend(i int) (reads, writes, errors int64) {
	for _, sh := range s.shards {
		reads += sh.backends[i].reads.Load()
		writes += sh.backends[i].writes.Load()
		errors += sh.backends[i].errors.Load()
	}
	return reads, writes, errors
}

// reset sets all to zero, for CONFIG RESETSTAT.
func (s *stats) reset() {
	for _, sh := range s.shards {
		sh.input.Store(0)
		sh.output.Store(0)
		for i := range sh.rows {
			r := &sh.rows[i]
			r.nanos.Store(0)
			r.failed.Store(0)
			r.rejected.Store(0)
			for b := range r.buckets {
				r.buckets[b].Store(0)
			}
		}
	}
}

// errorStats counts error replies by their code, the first word. Since a code may come from another
// server, there is a bound on how many are told apart.
type errorStats struct {
	mu    sync.Mutex
	codes map[string]int64
	all   int64
}

const (
	maxErrorCodes = 128
	otherErrors   = "OTHER"
)

func (e *errorStats) add(text string) {
	code, _, _ := strings.Cut(text, " ")
	e.mu.Lock()
	defer e.mu.Unlock()
	e.all++
	if _, known := e.codes[code]; !known && len(e.codes) >= maxErrorCodes {
		code = otherErrors
	}
	if e.codes == nil {
		e.codes = map[string]int64{}
	}
	e.codes[code]++
}

func (e *errorStats) counts() (codes map[string]int64, all int64) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return maps.Clone(e.codes), e.all
}

func (e *errorStats) reset() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.codes, e.all = nil, 0
}

// rates knows how much happens each second, from samples as Redis takes them: the mean of the last
// sixteen tenths of a second.
type rates struct {
	mu      sync.Mutex
	samples [16]sample
	next    int
}

type sample struct {
	at                      time.Time
	commands, input, output int64
}

const (
	sampleEvery = 100 * time.Millisecond
	hurryEvery  = 10 // samples
)

func (r *rates) take(s sample) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.samples[r.next] = s
	r.next = (r.next + 1) % len(r.samples)
}

// perSecond compares the newest sample with the oldest.
func (r *rates) perSecond() (commands, input, output float64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	newest := r.samples[(r.next+len(r.samples)-1)%len(r.samples)]
	oldest := r.samples[r.next]
	if oldest.at.IsZero() {
		oldest = r.samples[0]
	}
	seconds := newest.at.Sub(oldest.at).Seconds()
	if seconds <= 0 {
		return 0, 0, 0
	}
	per := func(now, before int64) float64 { return max(float64(now-before), 0) / seconds }
	return per(newest.commands, oldest.commands), per(newest.input, oldest.input), per(newest.output, oldest.output)
}
