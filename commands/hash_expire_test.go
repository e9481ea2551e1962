package commands

import (
	"fmt"
	"strings"
	"testing"
)

// The expiry of fields came with Redis 7.4, which is not at hand: what its documentation says is written out.

func TestFieldsExpireAsDocumented(t *testing.T) {
	for _, s := range fieldExpiryTables {
		t.Run(s.name, func(t *testing.T) {
			r := newRig(t)
			now := int64(1_700_000_000_000)
			r.clock = func() int64 { return now }
			for _, line := range strings.Split(strings.TrimSpace(s.lines), "\n") {
				call, want, _ := strings.Cut(strings.TrimSpace(line), " => ")
				if passed, isWait := strings.CutPrefix(call, "WAIT "); isWait {
					var ms int64
					fmt.Sscan(passed, &ms)
					now += ms
					continue
				}
				if got := brief(parseReply(t, r.do(splitLine(t, call)...))); got != want {
					t.Errorf("%s\ngives %s\nwant  %s", call, got, want)
				}
			}
		})
	}
}

// brief prints a reply in one line.
func brief(v any) string {
	list, isList := v.([]any)
	if !isList {
		return fmt.Sprint(v)
	}
	var parts []string
	for _, e := range list {
		parts = append(parts, brief(e))
	}
	return "[" + strings.Join(parts, " ") + "]"
}

var fieldExpiryTables = []story{
	{"a deadline is set, shown and removed", `
		HSET h a 1 b 2 c 3 => 3
		HEXPIRE h 10 FIELDS 3 a b nosuch => [1 1 -2]
		HTTL h FIELDS 3 a c nosuch => [10 -1 -2]
		HPTTL h FIELDS 3 a c nosuch => [10000 -1 -2]
		HEXPIRETIME h FIELDS 3 a c nosuch => [1700000010 -1 -2]
		HPEXPIRETIME h FIELDS 3 a c nosuch => [1700000010000 -1 -2]
		OBJECT ENCODING h => listpackex
		HPERSIST h FIELDS 3 a c nosuch => [1 -1 -2]
		HTTL h FIELDS 1 a => [-1]
		HPEXPIRE h 1500 FIELDS 1 a => [1]
		HTTL h FIELDS 1 a => [2]
		HEXPIREAT h 1700000020 FIELDS 1 a => [1]
		HPTTL h FIELDS 1 a => [20000]
		HPEXPIREAT h 1700000020500 FIELDS 1 a => [1]
		HPTTL h FIELDS 1 a => [20500]
		HEXPIRETIME h FIELDS 1 a => [1700000021]
		HEXPIRE h 0 FIELDS 1 a => [2]
		HGET h a => <nil>
		HPEXPIREAT h 1 FIELDS 1 b => [2]
		HLEN h => 1`},
	{"expired fields are gone", `
		HSET h a 1 b 2 c 3 => 3
		HPEXPIRE h 100 FIELDS 2 a b => [1 1]
		WAIT 99
		HGET h a => 1
		WAIT 1
		HGET h a => <nil>
		HMGET h a b c => [<nil> <nil> 3]
		HEXISTS h a => 0
		HSTRLEN h a => 0
		HGETALL h => [c 3]
		HKEYS h => [c]
		HVALS h => [3]
		HSCAN h 0 => [0 [c 3]]
		HSCAN h 0 NOVALUES => [0 [c]]
		HRANDFIELD h 5 => [c]
		HRANDFIELD h => c
		HRANDFIELD h -2 WITHVALUES => [c 3 c 3]
		HTTL h FIELDS 1 a => [-2]
		HEXPIRE h 10 FIELDS 1 a => [-2]
		HLEN h => 1
		HSETNX h a 4 => 1
		HTTL h FIELDS 1 a => [-1]
		HDEL h b => 0
		HINCRBY h b 5 => 5`},
	{"a hash whose fields have all expired is gone", `
		HSET h a 1 => 1
		HPEXPIRE h 100 FIELDS 1 a => [1]
		WAIT 100
		EXISTS h => 0
		TYPE h => none
		OBJECT ENCODING h => <nil>
		KEYS * => []
		RANDOMKEY => <nil>
		HGETALL h => []
		RENAME h other => ERR no such key
		SET h v => OK
		HSET i a 1 => 1
		HPEXPIRE i 0 FIELDS 1 a => [2]
		EXISTS i => 0`},
	{"writing a field removes its deadline, incrementing it does not", `
		HSET h a 1 b 2 => 2
		HEXPIRE h 10 FIELDS 2 a b => [1 1]
		HSET h a 5 => 0
		HTTL h FIELDS 2 a b => [-1 10]
		HINCRBY h b 1 => 3
		HTTL h FIELDS 1 b => [10]
		HINCRBYFLOAT h b 0.5 => 3.5
		HTTL h FIELDS 1 b => [10]
		HSETNX h b 9 => 0
		HTTL h FIELDS 1 b => [10]
		COPY h copy => 1
		HTTL copy FIELDS 2 a b => [-1 10]
		RENAME copy moved => OK
		HTTL moved FIELDS 1 b => [10]
		HDEL h b => 1
		HSET h b 1 => 1
		HTTL h FIELDS 1 b => [-1]
		OBJECT ENCODING h => listpackex
		HSET h long (v*65) => 1
		OBJECT ENCODING h => hashtable`},
	{"conditions", `
		HSET h a 1 b 2 => 2
		HEXPIRE h 10 XX FIELDS 1 a => [0]
		HEXPIRE h 10 GT FIELDS 1 a => [0]
		HEXPIRE h 10 NX FIELDS 1 a => [1]
		HEXPIRE h 20 NX FIELDS 2 a b => [0 1]
		HEXPIRE h 5 GT FIELDS 1 a => [0]
		HEXPIRE h 10 GT FIELDS 1 a => [0]
		HEXPIRE h 15 gt FIELDS 1 a => [1]
		HEXPIRE h 15 LT FIELDS 1 a => [0]
		HEXPIRE h 16 LT FIELDS 1 a => [0]
		HEXPIRE h 12 LT FIELDS 1 a => [1]
		HEXPIRE h 30 XX FIELDS 3 a b c => [1 1 -2]
		HPERSIST h FIELDS 1 a => [1]
		HEXPIRE h 30 LT FIELDS 1 a => [1]
		HEXPIRE h 0 NX FIELDS 1 a => [0]
		HEXPIRE h 0 LT FIELDS 1 a => [2]`},
	{"absent keys", `
		HEXPIRE none 10 FIELDS 2 a b => [-2 -2]
		HTTL none FIELDS 1 a => [-2]
		HPERSIST none FIELDS 1 a => [-2]
		HPEXPIRETIME none FIELDS 1 a => [-2]
		EXISTS none => 0`},
	{"errors and their order", `
		LPUSH l a => 1
		HEXPIRE l x FOO 1 => ERR wrong number of arguments for 'hexpire' command
		HEXPIRE l x FOO 1 a b => WRONGTYPE Operation against a key holding the wrong kind of value
		HTTL l FOO 1 a => WRONGTYPE Operation against a key holding the wrong kind of value
		HPERSIST l FOO x a => WRONGTYPE Operation against a key holding the wrong kind of value
		HEXPIRE h x FOO 1 a b => ERR value is not an integer or out of range
		HEXPIRE h -1 FOO 1 a b => ERR invalid expire time, must be >= 0
		HEXPIRE h 9223372036854775807 FOO 1 a b => ERR invalid expire time in 'hexpire' command
		HEXPIRE h 70368744177 FOO 1 a b => ERR invalid expire time in 'hexpire' command
		HPEXPIREAT h 70368744177664 FIELDS 1 a => ERR invalid expire time in 'hpexpireat' command
		HPEXPIREAT h 70368744177663 FIELDS 1 a => [-2]
		HEXPIRE h 10 FOO 1 a b => ERR Mandatory argument FIELDS is missing or not at the right position
		HEXPIRE h 10 NX XX FIELDS 1 a => ERR Mandatory argument FIELDS is missing or not at the right position
		HEXPIRE h 10 FIELDS 1 a NX => ERR The ` + "`numfields`" + ` parameter must match the number of arguments
		HEXPIRE h 10 FIELDS 0 a => ERR Parameter ` + "`numFields`" + ` should be greater than 0
		HEXPIRE h 10 FIELDS x a => ERR Parameter ` + "`numFields`" + ` should be greater than 0
		HEXPIRE h 10 FIELDS 2 a => ERR The ` + "`numfields`" + ` parameter must match the number of arguments
		HTTL h FIELDS 0 a => ERR Number of fields must be a positive integer
		HTTL h FIELDS x a => ERR Number of fields must be a positive integer
		HTTL h FIELDS 2 a => ERR The ` + "`numfields`" + ` parameter must match the number of arguments
		HTTL h FOO 1 a => ERR Mandatory argument FIELDS is missing or not at the right position
		HPERSIST h FIELDS 0 a => ERR Number of fields must be a positive integer`},
}
