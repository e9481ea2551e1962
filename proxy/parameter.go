package proxy

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"

	"switchyard/backends"
	"switchyard/commands"
)

// Parameters are what CONFIG GET shows and CONFIG SET changes, under Redis's names: what tools ask for, as far
// as it means something here, and what a Redis without those features would answer.

// number is a parameter that is a number, and can be changed at any time.
type number struct {
	name, old string // old: the name that it had before Redis 7, "" for none
	limit     *atomic.Int64
	low, high int64
	bytes     bool // it may be written as "4kb"
}

// numbers are the limits up to which collections are kept compact.
func numbers(c *backends.Compact) []number {
	return []number{
		{"hash-max-listpack-entries", "hash-max-ziplist-entries", &c.HashEntries, 0, math.MaxInt64, false},
		{"hash-max-listpack-value", "hash-max-ziplist-value", &c.HashValue, 0, math.MaxInt64, true},
		{"list-max-listpack-size", "list-max-ziplist-size", &c.ListSize, math.MinInt32, math.MaxInt32, false},
		{"set-max-intset-entries", "", &c.SetIntegers, 0, math.MaxInt64, false},
		{"set-max-listpack-entries", "", &c.SetEntries, 0, math.MaxInt64, false},
		{"set-max-listpack-value", "", &c.SetValue, 0, math.MaxInt64, false},
		{"stream-node-max-bytes", "", &c.StreamBytes, 0, math.MaxInt64, true},
		{"stream-node-max-entries", "", &c.StreamEntries, 0, math.MaxInt64, false},
		{"zset-max-listpack-entries", "zset-max-ziplist-entries", &c.ZSetEntries, 0, math.MaxInt64, false},
		{"zset-max-listpack-value", "zset-max-ziplist-value", &c.ZSetValue, 0, math.MaxInt64, true},
	}
}

// The policies in the order in which Redis lists them.
const policyNames = "volatile-lru, volatile-lfu, volatile-random, volatile-ttl, allkeys-lru, allkeys-lfu, allkeys-random, noeviction"

// maxSamples bounds the work of an eviction.
const maxSamples = 64

// Parameters implements commands.Server.
func (s *Server) Parameters(ctx context.Context) []commands.Parameter {
	contents := s.contents(ctx)
	persistent := "no"
	if s.active.Load().Capabilities().Persistent {
		persistent = "yes"
	}
	host, port, err := net.SplitHostPort(s.config.Listen)
	if err != nil {
		host, port = "", "0"
	}
	list := []commands.Parameter{
		{Name: "appendonly", Value: persistent},
		{Name: "bind", Value: host},
		{Name: "client-output-buffer-limit", Value: s.config.outputLimits()},
		{Name: "busy-reply-threshold", Value: strconv.FormatInt(s.scripts.Threshold.Load(), 10)},
		{Name: "lua-time-limit", Value: strconv.FormatInt(s.scripts.Threshold.Load(), 10)},
		{Name: "databases", Value: strconv.Itoa(s.config.Databases)},
		{Name: "dir", Value: s.config.Data},
		{Name: "enable-debug-command", Value: "no"},
		{Name: "hll-sparse-max-bytes", Value: "3000"},
		{Name: "loglevel", Value: s.config.Log.Level},
		{Name: "maxclients", Value: strconv.Itoa(s.config.Limits.Clients)},
		{Name: "maxmemory", Value: strconv.FormatInt(contents.MaxBytes, 10)},
		{Name: "maxmemory-policy", Value: cmp.Or(contents.Policy, "noeviction")},
		{Name: "maxmemory-samples", Value: strconv.Itoa(cmp.Or(contents.Samples, 5))},
		{Name: "notify-keyspace-events", Value: s.notices.value().String()},
		{Name: "port", Value: port},
		{Name: "proto-max-bulk-len", Value: strconv.FormatInt(int64(s.config.Limits.Argument), 10)},
		{Name: "replica-read-only", Value: "yes"},
		{Name: "requirepass", Value: s.config.Password},
		{Name: "save", Value: ""},
		{Name: "slave-read-only", Value: "yes"},
		{Name: "tracking-table-max-keys", Value: strconv.FormatInt(s.reads.Limit(), 10)},
		{Name: "timeout", Value: strconv.Itoa(int(s.config.Timeouts.Idle.Seconds()))},
	}
	for _, n := range numbers(s.compact) {
		value := strconv.FormatInt(n.limit.Load(), 10)
		list = append(list, commands.Parameter{Name: n.name, Value: value})
		if n.old != "" {
			list = append(list, commands.Parameter{Name: n.old, Value: value})
		}
	}
	slices.SortFunc(list, func(a, b commands.Parameter) int { return strings.Compare(a.Name, b.Name) })
	return list
}

// change is what a call of CONFIG SET is about to do.
type change struct {
	s        *Server
	numbers  []number
	known    []commands.Parameter
	set      []func()
	limits   backends.Limits // of the active backend
	limiting string          // the parameter that changes them; "" for none
}

// SetParameters implements commands.Server.
func (s *Server) SetParameters(ctx context.Context, pairs []commands.Parameter) error {
	contents := s.contents(ctx)
	c := change{s: s, numbers: numbers(s.compact), known: s.Parameters(ctx),
		limits: backends.Limits{Bytes: contents.MaxBytes, Policy: contents.Policy, Samples: contents.Samples}}
	for i, p := range pairs {
		if !slices.ContainsFunc(c.known, func(k commands.Parameter) bool { return strings.EqualFold(k.Name, p.Name) }) {
			return commands.UnknownParameter(p.Name)
		}
		if slices.ContainsFunc(pairs[:i], func(k commands.Parameter) bool { return strings.EqualFold(k.Name, p.Name) }) {
			return commands.ParameterRefused(p.Name, "duplicate parameter")
		}
	}
	for _, p := range pairs {
		name := strings.ToLower(p.Name)
		if why := c.add(name, p.Value); why != "" {
			return commands.ParameterRefused(name, why)
		}
	}
	if c.limiting != "" {
		l, can := backends.As[backends.Limiter](s.active.Load().Backend)
		if !can {
			return commands.ParameterRefused(c.limiting, "the active backend has no such limit")
		}
		if err := l.SetLimits(c.limits); err != nil {
			return commands.ParameterRefused(c.limiting, err.Error())
		}
	}
	for _, set := range c.set {
		set()
	}
	return nil
}

// add takes up one parameter, or says why it is refused.
func (c *change) add(name, value string) (refused string) {
	switch name {
	case "maxmemory":
		n, why := parseNumber(value, 0, math.MaxInt64, true)
		c.limiting, c.limits.Bytes = name, n
		return why
	case "maxmemory-policy":
		c.limiting, c.limits.Policy = name, strings.ToLower(value)
		if !slices.Contains(strings.Split(policyNames, ", "), c.limits.Policy) {
			return "argument(s) must be one of the following: " + policyNames
		}
		return ""
	case "maxmemory-samples":
		n, why := parseNumber(value, 1, maxSamples, false)
		c.limiting, c.limits.Samples = name, int(n)
		return why
	case "tracking-table-max-keys":
		n, why := parseNumber(value, 0, math.MaxInt64, false)
		c.set = append(c.set, func() { c.s.reads.SetLimit(n, c.s.forgotten) })
		return why
	case "busy-reply-threshold", "lua-time-limit":
		ms, why := parseNumber(value, 0, math.MaxInt64, false)
		c.set = append(c.set, func() { c.s.scripts.Threshold.Store(ms) })
		return why
	case "notify-keyspace-events":
		classes, ok := commands.ParseEvents(value)
		if !ok {
			return commands.WrongEventClass
		}
		c.set = append(c.set, func() { c.s.notices.set(classes) })
		return ""
	}
	for _, n := range c.numbers {
		if n.name == name || n.old == name {
			v, why := parseNumber(value, n.low, n.high, n.bytes)
			c.set = append(c.set, func() { n.limit.Store(v) })
			return why
		}
	}
	// What cannot be changed can be set to what it is, as frameworks do with "save".
	if slices.Contains(c.known, commands.Parameter{Name: name, Value: value}) {
		return ""
	}
	return "can't set immutable config"
}

// parseNumber reads a number from low to high, or says in Redis's words why it is none.
func parseNumber(text string, low, high int64, bytes bool) (n int64, refused string) {
	n, err := strconv.ParseInt(text, 10, 64)
	canonical := strconv.FormatInt(n, 10) == text
	switch {
	case bytes && text == "": // which Redis takes for 0
		return 0, ""
	case bytes && low >= 0:
		n, err = backends.ParseBytes(text)
		canonical = true
	}
	switch {
	case bytes && err != nil:
		return 0, "argument must be a memory value"
	case err != nil || !canonical:
		return 0, "argument couldn't be parsed into an integer"
	case n < low || n > high:
		return 0, fmt.Sprintf("argument must be between %d and %d inclusive", low, high)
	}
	return n, ""
}
