package redis

import (
	"context"
	"strconv"
	"strings"
	"sync"
	"time"

	"switchyard/backends"
)

// statsAge is how old an answer of Stats may be, so that scrapes do not add up on the server.
const statsAge = time.Second

type statsCache struct {
	mu   sync.Mutex
	last backends.Stats
	at   time.Time
}

// Stats are the server's own, which counts since its own start and for all its clients.
func (b *Backend) Stats(ctx context.Context) (backends.Stats, error) {
	c := &b.stats
	c.mu.Lock()
	if !c.at.IsZero() && time.Since(c.at) < statsAge {
		defer c.mu.Unlock()
		return c.last, nil
	}
	c.mu.Unlock()
	ctx, cancel := context.WithTimeout(ctx, b.up.timeout)
	defer cancel()
	info, err := b.client(0).Info(ctx).Result()
	if err != nil {
		return backends.Stats{}, b.up.wrap(err)
	}
	st := parseInfo(info)
	c.mu.Lock()
	c.last, c.at = st, time.Now()
	c.mu.Unlock()
	return st, nil
}

// maxDatabases bounds the number of a database in INFO.
const maxDatabases = 1 << 16

// parseInfo reads the reply of INFO. What it does not find stays zero.
func parseInfo(info string) (st backends.Stats) {
	numbers := map[string]*int64{
		"used_memory":     &st.Bytes,
		"maxmemory":       &st.MaxBytes,
		"keyspace_hits":   &st.Hits,
		"keyspace_misses": &st.Misses,
		"expired_keys":    &st.Expired,
		"evicted_keys":    &st.Evicted,
	}
	for line := range strings.Lines(info) {
		key, value, _ := strings.Cut(strings.TrimRight(line, "\r\n"), ":")
		if n := numbers[key]; n != nil {
			*n = count(value)
			continue
		}
		if key == "maxmemory_policy" {
			st.Policy = value
		}
		number, isDB := strings.CutPrefix(key, "db")
		db, err := strconv.Atoi(number)
		if !isDB || err != nil || db < 0 || db >= maxDatabases {
			continue
		}
		for len(st.Databases) <= db {
			st.Databases = append(st.Databases, backends.DatabaseStats{})
		}
		st.Databases[db] = parseKeyspace(value)
	}
	return st
}

// parseKeyspace reads what INFO says of a database: "keys=3,expires=1,avg_ttl=0".
func parseKeyspace(s string) (d backends.DatabaseStats) {
	for field := range strings.SplitSeq(s, ",") {
		name, value, _ := strings.Cut(field, "=")
		switch name {
		case "keys":
			d.Keys = count(value)
		case "expires":
			d.Expires = count(value)
		}
	}
	return d
}

// count is a number that cannot be negative; 0 when it is none.
func count(s string) int64 {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil {
		return 0
	}
	return max(n, 0)
}

// saves says whether the server keeps its data on disk. One that does not let its configuration be
// read is a managed one, which does.
func (b *Backend) saves(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, b.up.timeout)
	defer cancel()
	for name, off := range map[string]string{"save": "", "appendonly": "no"} {
		conf, err := b.client(0).ConfigGet(ctx, name).Result()
		value, ok := conf[name]
		if err != nil || !ok || value != off {
			return true
		}
	}
	return false
}
