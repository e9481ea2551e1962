package main

import (
	"crypto/sha1"
	"encoding/hex"
	"slices"
	"strconv"
	"strings"
)

const (
	valueSize   = 64
	keysPerMany = 10             // in one MGET or MSET; redis-benchmark's own MSET has 10
	random      = "__rand_int__" // where redis-benchmark writes 12 random digits, others at each place
)

// workload is what is measured as one thing: a command, or two that undo each other.
type workload struct {
	family family
	depths []int // unless others are asked for
	steps  []step
}

// step is a row of the tables: one run of redis-benchmark.
type step struct {
	name  string
	line  string // what is sent; none: redis-benchmark's own test of that name
	reads bool   // changes nothing
}

var (
	payload = strings.Repeat("x", valueSize)
	deep    = []int{1, 16, 64}
	shallow = []int{1, 16}
)

// workloads leave the data as they found it, so that a late run, or one of a faster server, which makes more
// requests, does not meet bigger keys than another: HSET replaces a field that exists, ZADD moves a member
// that exists, what is added is taken away by as many requests right after, and streams are trimmed.
var workloads = []workload{
	{plainStrings, deep, []step{{name: "GET", reads: true}}},
	{plainStrings, deep, []step{{name: "SET"}}},
	{counters, deep, []step{{name: "INCR"}}},
	{plainStrings, deep, []step{{name: "MGET", line: "MGET" + strings.Repeat(" "+plainStrings.prefix+random, keysPerMany), reads: true}}},
	{plainStrings, deep, []step{{name: "MSET"}}},
	{hashes, shallow, []step{{name: "HSET", line: "HSET " + hashes.prefix + random + " " + fieldName(hashes.elements/2) + " " + payload}}},
	{hashes, shallow, []step{{name: "HGET", line: "HGET " + hashes.prefix + random + " " + fieldName(hashes.elements/2), reads: true}}},
	{lists, shallow, []step{
		{name: "LPUSH", line: "LPUSH " + lists.prefix + random + " " + payload},
		{name: "RPOP", line: "RPOP " + lists.prefix + random},
	}},
	{sets, shallow, []step{
		{name: "SADD", line: "SADD " + sets.prefix + random + " " + memberPrefix + random},
		{name: "SPOP", line: "SPOP " + sets.prefix + random},
	}},
	{sortedSets, shallow, []step{{name: "ZADD", line: "ZADD " + sortedSets.prefix + random + " " + random + " " + numbered(memberPrefix, sortedSets.elements/2)}}},
	{sortedSets, shallow, []step{{name: "ZRANGE", line: "ZRANGE " + sortedSets.prefix + random + " 0 9", reads: true}}},
	{streams, shallow, []step{{name: "XADD", line: "XADD " + streams.prefix + random + " MAXLEN ~ " + strconv.Itoa(streams.elements) + " * field " + payload}}},
	{rates, shallow, []step{{name: "EVALSHA", line: "EVALSHA " + sha1Of(rateLimiter) + " 1 " + rates.prefix + random + " 60"}}},
}

// rateLimiter is a short script as many applications have one: it counts a request, if there were not too many.
const rateLimiter = "local n = tonumber(redis.call('GET', KEYS[1]) or '0') if n > 1000000000 then return 0 end " +
	"redis.call('INCR', KEYS[1]) redis.call('EXPIRE', KEYS[1], ARGV[1]) return 1"

func sha1Of(script string) string {
	sum := sha1.Sum([]byte(script))
	return hex.EncodeToString(sum[:])
}

// name is what --commands calls the workload.
func (w workload) name() string {
	var names []string
	for _, s := range w.steps {
		names = append(names, s.name)
	}
	return strings.Join(names, "+")
}

func workloadNames() []string {
	var names []string
	for _, w := range workloads {
		names = append(names, w.name())
	}
	return names
}

func workloadOf(name string) workload {
	return workloads[slices.IndexFunc(workloads, func(w workload) bool { return w.name() == name })]
}

// changesNothing tells whether the row of that name is of a command that reads only.
func changesNothing(row string) bool {
	return slices.ContainsFunc(workloads, func(w workload) bool {
		return slices.ContainsFunc(w.steps, func(s step) bool { return s.name == row && s.reads })
	})
}
