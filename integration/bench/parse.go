package main

import (
	"encoding/csv"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// tick is the unit of utime and stime in /proc/PID/stat: Linux shows programs 100 a second whatever the
// kernel was built with.
const tick = 10 * time.Millisecond

// parseStat adds utime and stime, the 14th and 15th field of /proc/PID/stat. The second field is the
// program's name in parentheses and may itself hold blanks and parentheses, so fields count from the last
// one that closes.
func parseStat(stat string) (time.Duration, error) {
	end := strings.LastIndexByte(stat, ')')
	fields := strings.Fields(stat[end+1:])
	if end < 0 || len(fields) < 13 {
		return 0, fmt.Errorf("/proc/PID/stat is unreadable: %q", stat)
	}
	var sum time.Duration
	for _, f := range fields[11:13] {
		n, err := strconv.ParseInt(f, 10, 64)
		if err != nil {
			return 0, fmt.Errorf("/proc/PID/stat: %w", err)
		}
		sum += time.Duration(n) * tick
	}
	return sum, nil
}

// parseKilobytes finds a line such as "VmRSS:  1234 kB" of /proc/PID/status and returns bytes.
func parseKilobytes(status, field string) (int64, error) {
	for line := range strings.Lines(status) {
		f := strings.Fields(line)
		if len(f) == 3 && f[0] == field+":" && f[2] == "kB" {
			n, err := strconv.ParseInt(f[1], 10, 64)
			if err != nil {
				return 0, fmt.Errorf("/proc/PID/status: %w", err)
			}
			return n << 10, nil
		}
	}
	return 0, fmt.Errorf("/proc/PID/status has no %s", field)
}

// parseUsedMemory finds the line used_memory in what INFO memory answers.
func parseUsedMemory(info string) (int64, error) {
	for line := range strings.Lines(info) {
		if text, ok := strings.CutPrefix(line, "used_memory:"); ok {
			n, err := strconv.ParseInt(strings.TrimSpace(text), 10, 64)
			if err != nil {
				return 0, fmt.Errorf("INFO memory: %w", err)
			}
			return n, nil
		}
	}
	return 0, errors.New("INFO memory has no used_memory")
}

// figures are what redis-benchmark says of one run.
type figures struct {
	ops, p50, p99 float64 // per second, milliseconds, milliseconds
}

// parseCSV reads the output of `redis-benchmark --csv` for one test. Columns are found by their names in
// the header, since later versions may add some.
func parseCSV(text string) (figures, error) {
	rows, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	if err != nil {
		return figures{}, fmt.Errorf("redis-benchmark --csv: %w", err)
	}
	if len(rows) != 2 {
		return figures{}, fmt.Errorf("redis-benchmark --csv: a header and one row expected, got %q", text)
	}
	var f figures
	for name, into := range map[string]*float64{"rps": &f.ops, "p50_latency_ms": &f.p50, "p99_latency_ms": &f.p99} {
		i := slices.Index(rows[0], name)
		if i < 0 {
			return figures{}, fmt.Errorf("redis-benchmark --csv: no column %s (version 7 or later is needed)", name)
		}
		if *into, err = strconv.ParseFloat(rows[1][i], 64); err != nil {
			return figures{}, fmt.Errorf("redis-benchmark --csv: column %s: %w", name, err)
		}
	}
	return f, nil
}

// median returns the middle value, or the mean of the two in the middle; zero of none.
func median(values []float64) float64 {
	s := slices.Sorted(slices.Values(values))
	n := len(s)
	switch {
	case n == 0:
		return 0
	case n%2 == 1:
		return s[n/2]
	}
	return (s[n/2-1] + s[n/2]) / 2
}
