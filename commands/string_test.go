package commands

import "testing"

func TestStringsAreThoseOfRedis(t *testing.T) { compareStories(t, stringStories) }

var stringStories = []story{
	{"GET reads what SET wrote, whatever the bytes", `
		GET k
		SET k v
		GET k
		SET k ""
		GET k
		SET "" empty
		GET ""
		SET "a\x00b\r\n\xff" "\x00\xff\r\n"
		GET "a\x00b\r\n\xff"
		SET k (ab*300)
		GET k
		get K
		gEt k
		LPUSH l a
		GET l
		SET l now-a-string
		GET l`},
	{"wrong numbers of arguments are refused", `
		GET
		GET a b
		SET
		SET k
		SETNX k
		SETNX k v x
		SETEX k 10
		SETEX k 10 v x
		PSETEX k 10
		GETSET k
		GETSET k v x
		GETEX
		GETDEL
		GETDEL a b
		MGET
		MSET
		MSET a
		MSET a 1 b
		MSETNX a
		MSETNX a 1 b
		STRLEN
		STRLEN a b
		APPEND k
		APPEND k v x
		GETRANGE k 0
		GETRANGE k 0 1 2
		SUBSTR k 0
		SUBSTR k 0 1 2
		SETRANGE k 0
		SETRANGE k 0 v x`},
	{"SET sets only if it may", `
		SET k 1 NX
		SET k 2 NX
		GET k
		SET k 3 XX
		GET k
		SET none 4 XX
		EXISTS none
		SET k 5 nx
		SET k 5 NX NX
		SET k 5 XX XX
		SET k 5 NX XX
		SET k 5 XX NX
		LPUSH l a
		SET l v NX
		SET l v XX
		GET l`},
	{"SET GET returns what was there", `
		SET k 1 GET
		SET k 2 GET
		SET k 3 GET GET
		SET k 4 NX GET
		GET k
		SET k 5 XX GET
		SET none 6 XX GET
		EXISTS none
		SET fresh 7 NX GET
		GET fresh
		LPUSH l a
		SET l v GET
		SET l v NX GET
		SET l v XX GET
		SET l v GET EX 0
		SET k 8 GET EX 100
		TTL k
		SET k 9 GET KEEPTTL
		TTL k
		SET k 9 GET
		TTL k
		GET k`},
	{"SET reads its options like Redis", `
		SET k v EX
		SET k v PX
		SET k v EXAT
		SET k v PXAT
		SET k v foo
		SET k v ""
		SET k v EX 10 EX 20
		TTL k
		SET k v PX 10000 PX 20000
		PTTL k
		SET k v EXAT 4000000000 EXAT 4100000000
		EXPIRETIME k
		SET k v PXAT 4000000000000 PXAT 4100000000000
		PEXPIRETIME k
		SET k v EX 10 PX 20
		SET k v PX 10 EX 20
		SET k v EX 10 EXAT 20
		SET k v EX 10 PXAT 20
		SET k v EXAT 10 EX 20
		SET k v EX 10 KEEPTTL
		SET k v KEEPTTL EX 10
		SET k v KEEPTTL KEEPTTL
		TTL k
		SET k v PERSIST
		SET k v EX 10 PERSIST
		SET k v ex 100 nx
		SET k v nx ex 100
		SET k v px 100000 xx get
		SET k v NX EX
		SET k v EX NX
		SET k v EX 10 foo
		SET k v EX x foo
		SET k v EX 0 foo
		SET k v EX abc EX 10
		SET k v EX 10 EX abc
		SET k v EX EX 10
		SET k v EX 10 20
		GET k
		TTL k`},
	{"SET refuses times that make no sense", `
		SET k v EX 0
		SET k v EX -1
		SET k v PX 0
		SET k v PX -1
		SET k v EXAT 0
		SET k v EXAT -1
		SET k v PXAT 0
		SET k v PXAT -5
		SET k v EX abc
		SET k v EX ""
		SET k v EX 1.5
		SET k v EX +1
		SET k v EX " 1"
		SET k v EX 01
		SET k v EX 0x10
		SET k v EX -0
		SET k v EX 9223372036854775807
		SET k v EX 9223372036854775808
		SET k v EX 9223372036854775
		SET k v EX 9223372036854776
		SET k v EX 9223372036850000
		SET k v EX -9223372036854775808
		SET k v PX 9223372036854775807
		SET k v PX 9223370000000000000
		SET k v PX -9223372036854775808
		SET k v EXAT 9223372036854775807
		SET k v EXAT 9223372036854776
		SET k v PX 99999999999999999999999
		SET k v EX 0 NX
		EXISTS k
		SET k v EXAT 9223372036854775
		PEXPIRETIME k
		SET k v PXAT 9223372036854775807
		PEXPIRETIME k
		PTTL k
		EXPIRETIME k
		SET k v PX 9223370000000000000
		SET k v NX EX 0
		GET k`},
	{"SET with a time that has passed leaves nothing", `
		SET k v
		SET k v EXAT 1
		GET k
		EXISTS k
		SET k v PXAT 1
		EXISTS k
		SET k v
		SET k w PXAT 1 GET
		GET k
		SET k v NX PXAT 1
		SET k v XX PXAT 1
		EXISTS k`},
	{"SET removes the expiry unless told to keep it", `
		SET k v EX 100
		SET k v
		TTL k
		SET k v EX 100
		SET k w KEEPTTL
		TTL k
		SET k w XX KEEPTTL
		TTL k
		SET none v KEEPTTL
		TTL none
		LPUSH l a
		EXPIRE l 100
		SET l v KEEPTTL
		TTL l
		GET l
		SET l v
		TTL l`},
	{"SETNX sets once", `
		SETNX k 1
		SETNX k 2
		GET k
		EXPIRE k 100
		SETNX k 3
		TTL k
		LPUSH l a
		SETNX l v
		SET gone v PXAT 1
		SETNX gone v
		TTL gone
		SETNX "" v`},
	{"SETEX and PSETEX", `
		SETEX k 100 v
		TTL k
		PSETEX k 100000 w
		PTTL k
		GET k
		SETEX k 0 v
		SETEX k -1 v
		SETEX k abc v
		SETEX k 9223372036854775807 v
		SETEX k 9223372036854775808 v
		SETEX k 1.0 v
		PSETEX k 0 v
		PSETEX k -1 v
		PSETEX k 9223372036854775807 v
		PSETEX k "" v
		GET k
		LPUSH l a
		SETEX l 100 v
		GET l
		LPUSH m a
		PSETEX m 0 v
		GET m`},
	{"GETSET", `
		GETSET k 1
		GETSET k 2
		GET k
		EXPIRE k 100
		GETSET k 3
		TTL k
		GETSET k ""
		GET k
		LPUSH l a
		GETSET l v
		EXISTS l`},
	{"GETEX changes the expiry alone", `
		GETEX none
		GETEX none EX 10
		GETEX none EX 0
		GETEX none PERSIST
		SET k v
		GETEX k
		TTL k
		GETEX k EX 100
		TTL k
		GETEX k
		TTL k
		GETEX k PX 200000
		PTTL k
		GETEX k EXAT 4000000000
		EXPIRETIME k
		GETEX k PXAT 4000000000123
		PEXPIRETIME k
		GETEX k PERSIST
		TTL k
		GETEX k persist
		GETEX k ex 10
		GETEX k PERSIST EX 1
		GETEX k EX 1 PERSIST
		GETEX k PERSIST PERSIST
		TTL k
		GETEX k EX 10 EX 30
		TTL k
		GETEX k EX 10 PX 30
		GETEX k PXAT 10 PX 30
		GETEX k KEEPTTL
		GETEX k NX
		GETEX k XX
		GETEX k GET
		GETEX k EX
		GETEX k foo
		GETEX k EX 0
		GETEX k EX -1
		GETEX k EX abc
		GETEX k EX 10 foo
		GETEX k EX 9223372036854775807
		GETEX k PX 9223372036854775807
		GETEX k EXAT 0
		GETEX k PXAT -1
		GETEX k PXAT 9223372036854775807
		PEXPIRETIME k
		GETEX k EXAT 1
		EXISTS k
		SET k v
		GETEX k PXAT 1
		EXISTS k
		LPUSH l a
		GETEX l
		GETEX l EX 0
		GETEX l foo
		GETEX l EX 10
		TTL l`},
	{"GETDEL", `
		GETDEL k
		SET k v EX 100
		GETDEL k
		EXISTS k
		SET k w
		TTL k
		LPUSH l a
		GETDEL l
		EXISTS l
		SET k ""
		GETDEL k
		EXISTS k`},
	{"MGET reads another type as nothing", `
		MGET a
		MSET a 1 b 2 c ""
		MGET a b c d a
		LPUSH l a
		MGET a l b
		MGET ""`},
	{"MSET and MSETNX with repeated keys take the last", `
		MSET a 1 a 2
		GET a
		EXPIRE a 100
		MSET a 3
		TTL a
		MSETNX b 1 b 2 b 3
		GET b
		MSETNX c 1 a 2
		EXISTS c
		MSETNX c 1 d 2
		MGET c d
		LPUSH l a
		MSETNX l 1
		MSET l 1 m 2
		GET l
		SET gone v PXAT 1
		MSETNX gone 1
		TTL gone
		MSET "" e
		GET ""`},
}
