package commands

import (
	"bytes"
	"strconv"
	"strings"
	"testing"

	"switchyard/backends"
	"switchyard/integration/redistest"
)

func TestObjectAndMemoryAreThoseOfRedis(t *testing.T) { compareStories(t, objectStories) }

var objectStories = []story{
	{"a string that was changed in part stays raw", `
		SET k abc
		OBJECT ENCODING k
		APPEND k d
		OBJECT ENCODING k
		SET k abc
		OBJECT ENCODING k
		SETRANGE k 1 ""
		OBJECT ENCODING k
		SETRANGE k 1 x
		OBJECT ENCODING k
		COPY k copy
		OBJECT ENCODING copy
		OBJECT REFCOUNT copy
		RENAME copy moved
		OBJECT ENCODING moved
		GETSET k other
		OBJECT ENCODING k
		APPEND k ""
		OBJECT ENCODING k
		SET n 10
		OBJECT ENCODING n
		APPEND n 0
		OBJECT ENCODING n
		INCR n
		OBJECT ENCODING n
		SETRANGE n 0 9
		OBJECT ENCODING n
		DECR n
		OBJECT ENCODING n
		APPEND fresh 12
		OBJECT ENCODING fresh
		APPEND text ab
		OBJECT ENCODING text
		SETRANGE s 0 1
		OBJECT ENCODING s
		SETBIT b 0 1
		OBJECT ENCODING b
		SETBIT n 70 0
		OBJECT ENCODING n
		SET long (x*44)
		OBJECT ENCODING long
		SET long (x*45)
		OBJECT ENCODING long
		SET big 9223372036854775807
		OBJECT ENCODING big
		SET bigger 9223372036854775808
		OBJECT ENCODING bigger
		PERSIST k
		EXPIRE s 100
		OBJECT ENCODING s`},
	{"OBJECT", `
		OBJECT
		OBJECT ENCODING
		OBJECT ENCODING none
		OBJECT FREQ none
		OBJECT IDLETIME none
		OBJECT REFCOUNT none
		SET k v
		OBJECT FREQ k
		OBJECT IDLETIME k
		OBJECT REFCOUNT k
		OBJECT encoding k
		OBJECT ENCODING k x
		OBJECT nosuch k
		SET n 5
		OBJECT REFCOUNT n
		SET n 9999
		OBJECT REFCOUNT n
		SET n 10000
		OBJECT REFCOUNT n
		SET n -1
		OBJECT REFCOUNT n
		SET n 7
		COPY n copy
		OBJECT ENCODING copy
		OBJECT REFCOUNT copy
		RENAME copy moved
		OBJECT REFCOUNT moved
		COPY moved copy
		OBJECT REFCOUNT copy
		DECR moved
		OBJECT REFCOUNT moved
		INCRBYFLOAT n 1
		OBJECT ENCODING n
		OBJECT REFCOUNT n
		APPEND fresh 5
		OBJECT REFCOUNT fresh
		SET n 05
		OBJECT REFCOUNT n
		HSET h f v
		OBJECT REFCOUNT h
		OBJECT IDLETIME h
		OBJECT HELP x`},
	{"SORT makes a skiplist of a sorted set", `
		ZADD z 1 1 2 2
		SORT z foo
		OBJECT ENCODING z
		SORT_RO z
		OBJECT ENCODING z
		COPY z copy
		OBJECT ENCODING copy
		ZREM copy 1
		ZADD copy 5 5
		OBJECT ENCODING copy
		ZADD y 1 a
		SORT y
		OBJECT ENCODING y
		ZADD x 1 a
		SORT x BY nosort LIMIT 0 0 STORE l
		OBJECT ENCODING x
		ZADD w 1 a
		SORT l BY nosort GET w
		OBJECT ENCODING w
		SADD s 1 2
		SORT s
		OBJECT ENCODING s`},
	{"MEMORY", `
		MEMORY
		MEMORY nosuch
		MEMORY USAGE
		MEMORY USAGE none
		MEMORY USAGE none SAMPLES 5
		MEMORY USAGE none foo
		SET k v
		HSET h f v
		MEMORY USAGE k
		MEMORY USAGE h SAMPLES 0
		MEMORY USAGE h samples 5 SAMPLES 1
		MEMORY USAGE h SAMPLES
		MEMORY USAGE h SAMPLES -1
		MEMORY USAGE h SAMPLES x
		MEMORY USAGE h foo 1
		MEMORY USAGE h foo
		MEMORY MALLOC-STATS x
		MEMORY PURGE
		MEMORY PURGE x
		MEMORY DOCTOR x
		MEMORY STATS x
		MEMORY HELP x`},
}

func TestMemoryDescribesTheBackend(t *testing.T) {
	r := newRig(t)
	r.do("SET", "k", "v")
	stats := docs(t, parseReply(t, r.do("MEMORY", "STATS")))
	if stats["keys.count"] != int64(1) || stats["dataset.bytes"] == int64(0) {
		t.Errorf("MEMORY STATS is %v", stats)
	}
	if got := r.do("MEMORY", "DOCTOR"); !bytes.Contains(got, []byte("No problem")) {
		t.Errorf("MEMORY DOCTOR says %q", got)
	}
}

func TestFrequencyIsCountedUnderAnLFUPolicy(t *testing.T) {
	redis := redistest.Start(t, "--maxmemory-policy", "allkeys-lfu")
	p := newPair(t, redis.Addr, "2")
	limiter, _ := backends.As[backends.Limiter](p.engine)
	if err := limiter.SetLimits(backends.Limits{Policy: "allkeys-lfu", Samples: 5}); err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{"SET k v", "OBJECT FREQ k", "OBJECT IDLETIME k", "OBJECT FREQ none", "OBJECT IDLETIME none"} {
		p.compare(strings.Fields(line)...)
	}
	payload := parseReply(t, p.oracle.do("DUMP", "k")).(string)
	for _, options := range []string{"", "FREQ 0", "FREQ 200", "IDLETIME 10"} {
		p.compare(append([]string{"RESTORE", "k", "0", payload, "REPLACE"}, strings.Fields(options)...)...)
		p.compare("OBJECT", "FREQ", "k")
	}
}

func TestRestoreSetsTheIdleTime(t *testing.T) {
	p := newPair(t, redistest.Start(t).Addr, "2")
	p.compare("SET", "k", "v")
	payload := parseReply(t, p.oracle.do("DUMP", "k")).(string)
	for _, seconds := range []string{"100000", "1000000"} {
		p.compare("RESTORE", "k", "0", payload, "REPLACE", "IDLETIME", seconds)
		idle := func(reply []byte) int64 { return parseReply(t, reply).(int64) }
		theirs, ours := idle(p.oracle.do("OBJECT", "IDLETIME", "k")), idle(p.rig.do("OBJECT", "IDLETIME", "k"))
		if most := int64(60); ours < theirs-most || ours > theirs+most {
			t.Errorf("idle for %s s: %d here, %d in Redis", seconds, ours, theirs)
		}
	}
}

func TestIntegersAreNotSharedWhereEachKeyHasItsOwnUse(t *testing.T) {
	redis := redistest.Start(t)
	for _, policy := range policies {
		p := newPair(t, redis.Addr, "2")
		limiter, _ := backends.As[backends.Limiter](p.engine)
		for _, limit := range []int64{1 << 30, 0} {
			p.oracle.do("CONFIG", "SET", "maxmemory-policy", policy, "maxmemory", strconv.FormatInt(limit, 10))
			if err := limiter.SetLimits(backends.Limits{Policy: policy, Bytes: limit, Samples: 5}); err != nil {
				t.Fatal(err)
			}
			for _, line := range []string{"SET k 5", "OBJECT REFCOUNT k", "INCR k", "OBJECT REFCOUNT k", "OBJECT ENCODING k", "GETSET j 1", "OBJECT REFCOUNT j"} {
				p.compare(strings.Fields(line)...)
			}
		}
	}
}

var policies = []string{"noeviction", "allkeys-lru", "allkeys-lfu", "allkeys-random", "volatile-lru", "volatile-lfu", "volatile-random", "volatile-ttl"}
