package commands

import (
	"strings"
	"testing"

	"switchyard/integration/redistest"
)

func TestKeysAreThoseOfRedis(t *testing.T) { compareStories(t, keyStories) }

var keyStories = []story{
	{"wrong numbers of arguments are refused", `
		DEL
		UNLINK
		EXISTS
		TYPE
		TYPE a b
		TOUCH
		RENAME a
		RENAME a b c
		RENAMENX a
		RENAMENX a b c
		COPY a
		MOVE a
		MOVE a 1 2
		DUMP
		DUMP a b
		RESTORE k 0
		DBSIZE x
		SWAPDB 0
		SWAPDB 0 1 2
		RANDOMKEY x
		KEYS
		KEYS a b
		SCAN
		FLUSHDB a b
		FLUSHALL a b`},
	{"keys are counted as often as they are named", `
		MSET a 1 b 2 c 3
		EXISTS a
		EXISTS none
		EXISTS a a b none a
		TOUCH a a none b
		DEL a a
		EXISTS a
		DEL a none
		UNLINK b b c none
		DBSIZE
		SET "" v
		EXISTS ""
		DEL ""
		LPUSH l a
		EXISTS l
		TOUCH l
		DEL l
		SET gone v PXAT 1
		EXISTS gone
		TOUCH gone
		DEL gone
		TYPE none
		SET k v
		TYPE k`},
	{"RENAME moves value and expiry", `
		RENAME none x
		RENAME none none
		RENAMENX none x
		SET a 1 EX 100
		RENAME a b
		EXISTS a
		GET b
		TTL b
		SET c 3
		RENAME c b
		TTL b
		GET b
		RENAME b b
		GET b
		RENAMENX b b
		SET d 4
		RENAMENX b d
		MGET b d
		RENAMENX b e
		MGET b e
		SET f 6 EX 100
		SET g 7 EX 200
		RENAME f g
		TTL g
		LPUSH l a
		RENAME l g
		GET g
		RENAME g ""
		EXISTS ""
		SET h 1
		EXPIRE h 500
		RENAMENX h i
		TTL i`},
	{"COPY copies within and across databases", `
		COPY none x
		COPY none none
		SET a 1 EX 100
		COPY a b
		MGET a b
		TTL b
		COPY a b
		SET a 2
		COPY a b
		GET b
		COPY a b REPLACE
		GET b
		TTL b
		COPY a a
		COPY a a REPLACE
		COPY a a DB 0
		COPY a a DB 1
		COPY a a DB 1
		COPY a a DB 1 REPLACE
		COPY a a REPLACE DB 1
		COPY a c DB 15
		COPY a c DB 16
		COPY a c DB -1
		COPY a c DB x
		COPY a c DB ""
		COPY a c DB 99999999999
		COPY a c DB -2147483649
		COPY a c DB 2147483648
		COPY a c DB 9223372036854775808
		COPY a c DB
		COPY a c foo
		COPY a c DB 1 foo
		COPY a c DB x foo
		COPY a a foo
		COPY a a DB 16
		COPY none c DB 16
		COPY a c DB 1 DB 2
		COPY a d replace replace db 3
		SELECT 1
		GET a
		GET c
		COPY a z DB 0
		SELECT 2
		GET c
		SELECT 0
		GET z
		COPY a "" 
		GET ""
		LPUSH l a
		COPY l m
		GET m
		SET gone v PXAT 1
		COPY gone h
		SET s abc
		COPY s t
		APPEND s def
		APPEND t xyz
		MGET s t`},
	{"MOVE moves to another database", `
		MOVE none 1
		SET a 1 EX 100
		MOVE a 1
		EXISTS a
		SELECT 1
		GET a
		TTL a
		SELECT 0
		SET a 2
		MOVE a 1
		GET a
		MOVE a 0
		MOVE a 16
		MOVE a -1
		MOVE a x
		MOVE a ""
		MOVE a 1.5
		MOVE a 99999999999
		MOVE a 9223372036854775808
		MOVE none 0
		MOVE none 16
		MOVE none x
		DEL a
		LPUSH l a
		MOVE l 2
		SELECT 2
		GET l`},
	{"SWAPDB exchanges databases", `
		SET a 0
		SELECT 1
		SET a 1
		SWAPDB 0 1
		GET a
		SELECT 0
		GET a
		SWAPDB 0 0
		GET a
		SWAPDB 0 5
		DBSIZE
		SELECT 5
		GET a
		SWAPDB 0 16
		SWAPDB 16 0
		SWAPDB -1 0
		SWAPDB 0 -1
		SWAPDB x 0
		SWAPDB 0 x
		SWAPDB x x
		SWAPDB x 99
		SWAPDB 99 x
		SWAPDB "" 0
		SWAPDB 99999999999 0
		SWAPDB 0 99999999999
		SWAPDB 99 99`},
	{"flushing", `
		MSET a 1 b 2
		SELECT 1
		SET c 3
		FLUSHDB
		DBSIZE
		SELECT 0
		DBSIZE
		FLUSHDB ASYNC
		DBSIZE
		SET a 1
		SELECT 1
		SET c 3
		FLUSHALL sync
		DBSIZE
		SELECT 0
		DBSIZE
		FLUSHDB foo
		FLUSHALL foo
		FLUSHALL ""
		FLUSHDB ASYNC SYNC
		FLUSHALL ASYNC`},
	{"DUMP and RESTORE", `
		DUMP none
		SET k hello
		DUMP k
		SET n 12345
		DUMP n
		SET k ""
		DUMP k
		SET k (a*100)
		DUMP k`},
	{"RESTORE refuses bad payloads", `
		RESTORE new 0 ""
		RESTORE new 0 abc
		RESTORE new 0 "\x00\x05hello\n\x00aaaaaaaa"
		RESTORE new 0 abc foo
		RESTORE new abc abc
		RESTORE new -1 abc
		RESTORE new 1.5 abc
		RESTORE new "" abc
		RESTORE new 9223372036854775808 abc
		RESTORE new 0 abc REPLACE
		RESTORE new 0 abc ABSTTL
		RESTORE new 0 abc IDLETIME
		RESTORE new 0 abc IDLETIME 1
		RESTORE new 0 abc IDLETIME -1
		RESTORE new 0 abc IDLETIME x
		RESTORE new 0 abc FREQ
		RESTORE new 0 abc FREQ 1
		RESTORE new 0 abc FREQ -1
		RESTORE new 0 abc FREQ 256
		RESTORE new 0 abc FREQ x
		RESTORE new 0 abc FREQ 1 IDLETIME 1
		RESTORE new 0 abc IDLETIME 1 FREQ 1
		RESTORE new 0 abc IDLETIME 1 IDLETIME 2
		RESTORE new 0 abc FREQ 1 FREQ 2
		RESTORE new abc abc FREQ 256
		RESTORE new abc abc foo
		EXISTS new
		SET k v
		RESTORE k 0 abc
		RESTORE k abc abc
		RESTORE k -1 abc
		RESTORE k 0 abc foo
		RESTORE k 0 abc REPLACE
		RESTORE k abc abc REPLACE
		GET k`},
}

func TestRestoreTakesWhatRedisDumped(t *testing.T) {
	redis := redistest.Start(t)
	for _, proto := range []string{"2", "3"} {
		p := newPair(t, redis.Addr, proto)
		p.oracle.do("SET", "k", "hello")
		payload := parseReply(t, p.oracle.do("DUMP", "k")).(string)
		p.oracle.do("DEL", "k")
		for _, line := range strings.Split(strings.TrimSpace(restoreLines), "\n") {
			call := splitLine(t, line)
			for i := range call {
				call[i] = strings.ReplaceAll(call[i], "PAYLOAD", payload)
			}
			p.compare(call...)
		}
	}
}

const restoreLines = `
	RESTORE k 0 PAYLOAD
	GET k
	TTL k
	RESTORE k 0 PAYLOAD
	RESTORE k 100000 PAYLOAD REPLACE
	PTTL k
	RESTORE k 0 PAYLOAD replace
	TTL k
	RESTORE k 4000000000000 PAYLOAD REPLACE ABSTTL
	PEXPIRETIME k
	RESTORE k 9223372036854775807 PAYLOAD REPLACE ABSTTL
	PEXPIRETIME k
	RESTORE k 1 PAYLOAD ABSTTL
	RESTORE k 1 PAYLOAD REPLACE ABSTTL
	EXISTS k
	RESTORE k 1 PAYLOAD ABSTTL
	EXISTS k
	RESTORE k 0 PAYLOAD ABSTTL
	TTL k
	RESTORE k 0 PAYLOAD REPLACE IDLETIME 10
	RESTORE k 0 PAYLOAD REPLACE FREQ 10
	RESTORE k 0 PAYLOAD FREQ 10 REPLACE
	RESTORE k 0 PAYLOAD REPLACE FREQ 1 IDLETIME 1
	RESTORE k 0 PAYLOAD REPLACE IDLETIME 9223372036854775807
	RESTORE k 0 PAYLOAD REPLACE REPLACE ABSTTL ABSTTL
	RESTORE k 0 PAYLOADx REPLACE
	RESTORE k 0 xPAYLOAD REPLACE
	RESTORE k -1 PAYLOAD REPLACE
	RESTORE k -1 PAYLOAD REPLACE ABSTTL
	RESTORE k x PAYLOAD REPLACE
	RESTORE other x PAYLOAD
	RESTORE k x PAYLOAD
	GET k
	RESTORE "" 0 PAYLOAD
	GET ""
	LPUSH l a
	RESTORE l 0 PAYLOAD
	RESTORE l 0 PAYLOAD REPLACE
	GET l
	RESTORE n 9223372036854775807 PAYLOAD
	EXISTS n
	SET gone v PXAT 1
	RESTORE gone 0 PAYLOAD
	TTL gone`

func TestRestoreNamesATypeThatIsNotSupported(t *testing.T) {
	const payload = "\a\x00\n\x00\xf2\a\x8a\f\xd0\f\xef\x01" // of a module
	p := newRig(t)
	p.do("SET", "k", "v")
	if got := string(p.do("RESTORE", "k", "0", payload, "REPLACE")); got != "-ERR unsupported data type: module\r\n" {
		t.Errorf("RESTORE of a module: %q", got)
	}
	if got := string(p.do("GET", "k")); got != "$1\r\nv\r\n" {
		t.Errorf("afterwards the key holds %q", got)
	}
}
