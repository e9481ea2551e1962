package commands

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"switchyard/integration/redistest"
)

func TestBitmapsAreThoseOfRedis(t *testing.T) { compareStories(t, bitmapStories) }

var bitmapStories = []story{
	{"wrong numbers of arguments are refused", `
		SETBIT k 0
		SETBIT k 0 1 x
		GETBIT k
		GETBIT k 0 x
		BITCOUNT
		BITPOS k
		BITOP AND d
		SET k v
		BITCOUNT k 0
		BITCOUNT k 0 -1 BIT x
		BITPOS k 1 0 -1 BIT x`},
	{"SETBIT changes one bit and GETBIT reads it", `
		GETBIT k 0
		SETBIT k 7 1
		GET k
		SETBIT k 7 0
		SETBIT k 7 0
		GET k
		SETBIT k 0 1
		GET k
		SETBIT k 100 0
		STRLEN k
		GET k
		SETBIT k 100 1
		GETBIT k 100
		GETBIT k 99
		GETBIT k 101
		GETBIT k 1000
		GETBIT k 4294967295
		EXPIRE k 100
		SETBIT k 3 1
		TTL k
		SETBIT zero 0 0
		GET zero
		SET n 10
		SETBIT n 7 1
		GET n
		INCR n
		SET e ""
		GETBIT e 0
		SETBIT e 1 1
		GET e
		SETBIT "" 1 1
		GETBIT "" 1`},
	{"SETBIT and GETBIT refuse what is no bit", `
		SETBIT k -1 1
		SETBIT k x 1
		SETBIT k "" 1
		SETBIT k 4294967296 1
		SETBIT k 9223372036854775807 1
		SETBIT k 9223372036854775808 1
		SETBIT k 1.0 1
		SETBIT k 01 1
		SETBIT k #1 1
		SETBIT k 1 2
		SETBIT k 1 -1
		SETBIT k 1 x
		SETBIT k 1 ""
		SETBIT k 1 01
		SETBIT k x x
		EXISTS k
		GETBIT k -1
		GETBIT k x
		GETBIT k #1
		GETBIT k 4294967296
		LPUSH l a
		SETBIT l 0 1
		SETBIT l x 1
		SETBIT l 0 x
		GETBIT l 0
		GETBIT l x`},
	{"BITCOUNT counts", `
		BITCOUNT k
		SET k foobar
		BITCOUNT k
		BITCOUNT k 0 0
		BITCOUNT k 1 1
		BITCOUNT k 0 -1
		BITCOUNT k -2 -1
		BITCOUNT k -1 -2
		BITCOUNT k -100 100
		BITCOUNT k 5 4
		BITCOUNT k 6 100
		BITCOUNT k -100 -50
		BITCOUNT k -50 -100
		BITCOUNT k 1 1 BYTE
		BITCOUNT k 5 30 BIT
		BITCOUNT k 5 30 bit
		BITCOUNT k 0 0 BIT
		BITCOUNT k 1 1 BIT
		BITCOUNT k 1 6 BIT
		BITCOUNT k -8 -1 BIT
		BITCOUNT k -3 -2 BIT
		BITCOUNT k 0 -1 BIT
		BITCOUNT k 47 1000 BIT
		BITCOUNT k 48 1000 BIT
		BITCOUNT k 9223372036854775807 9223372036854775807
		BITCOUNT k -9223372036854775808 9223372036854775807
		BITCOUNT k -9223372036854775808 9223372036854775807 BIT
		BITCOUNT k 9223372036854775807 9223372036854775807 BIT
		SET e ""
		BITCOUNT e
		BITCOUNT e 0 -1
		BITCOUNT e 0 0 BIT
		SET n 12345
		BITCOUNT n
		SET long (abc*1000)
		BITCOUNT long
		BITCOUNT long 3 2990
		BITCOUNT long 3 23990 BIT`},
	{"BITCOUNT reads its arguments when there is a string", `
		BITCOUNT k 0
		BITCOUNT k x y
		BITCOUNT k 0 1 foo
		BITCOUNT k 0 1 BIT x
		SET k v
		BITCOUNT k 0
		BITCOUNT k x 0
		BITCOUNT k 0 x
		BITCOUNT k x y foo
		BITCOUNT k 0 1 foo
		BITCOUNT k -1 -2 foo
		BITCOUNT k -2 -1 foo
		BITCOUNT k 5 1 foo
		BITCOUNT k 0 1 ""
		LPUSH l a
		BITCOUNT l
		BITCOUNT l 0
		BITCOUNT l x y foo`},
	{"BITPOS finds", `
		BITPOS k 0
		BITPOS k 1
		SET k "\xff\xf0\x00"
		BITPOS k 0
		BITPOS k 1
		BITPOS k 0 0
		BITPOS k 1 2
		BITPOS k 1 3
		BITPOS k 0 3
		BITPOS k 0 0 0
		BITPOS k 0 0 1
		BITPOS k 0 0 -1
		BITPOS k 0 2 1
		BITPOS k 1 -1
		BITPOS k 0 -1
		BITPOS k 0 -100 100
		BITPOS k 1 1 1
		BITPOS k 1 5 7 BIT
		BITPOS k 0 5 7 BIT
		BITPOS k 0 5 12 BIT
		BITPOS k 0 5 11 BIT
		BITPOS k 0 12 12 BIT
		BITPOS k 1 12 12 BIT
		BITPOS k 1 12 -1 BIT
		BITPOS k 1 11 -1 BIT
		BITPOS k 0 -1 -1 BIT
		BITPOS k 0 23 100 BIT
		BITPOS k 0 24 100 BIT
		BITPOS k 0 1 1 byte
		BITPOS k 1 9223372036854775807 9223372036854775807
		BITPOS k 1 9223372036854775807
		BITPOS k 0 -9223372036854775808
		BITPOS k 1 -9223372036854775808 9223372036854775807 BIT`},
	{"BITPOS takes what is beyond the end for zeros unless an end is given", `
		SET k "\xff\xff\xff"
		BITPOS k 0
		BITPOS k 0 0
		BITPOS k 0 1
		BITPOS k 0 2
		BITPOS k 0 3
		BITPOS k 0 -1
		BITPOS k 0 0 -1
		BITPOS k 0 0 5
		BITPOS k 0 0 100 BIT
		BITPOS k 0 3 20 BIT
		BITPOS k 0 3 4 BIT
		BITPOS k 0 8 15 BIT
		BITPOS k 1 0 -1 BIT
		SET z "\x00\x00"
		BITPOS z 1
		BITPOS z 1 0 -1
		BITPOS z 1 3 9 BIT
		BITPOS z 0
		SET e ""
		BITPOS e 0
		BITPOS e 1
		BITPOS e 0 0
		BITPOS e 0 0 -1
		BITPOS e 0 -5 -1
		BITPOS e 0 0 0 BIT`},
	{"BITPOS reads its arguments when there is a string", `
		BITPOS k 2
		BITPOS k -1
		BITPOS k x
		BITPOS k ""
		BITPOS k 1 x
		BITPOS k 1 0 x
		BITPOS k 0 0 0 foo
		BITPOS k 0 0 0 BIT x
		SET k v
		BITPOS k 2 x
		BITPOS k 1 x
		BITPOS k 1 0 x
		BITPOS k 1 0 x foo
		BITPOS k 1 x x foo
		BITPOS k 1 0 0 foo
		BITPOS k 1 0 0 ""
		LPUSH l a
		BITPOS l 1
		BITPOS l 2
		BITPOS l x
		BITPOS l 1 x`},
	{"BITOP combines strings of any length", `
		SET a abcdefghijklmnopqrstuvwxyz
		SET b "\x00\xff0123456789"
		SET c "\xf0\x0f"
		SET e ""
		BITOP AND d a b
		GET d
		BITOP OR d a b
		GET d
		BITOP XOR d a b
		GET d
		BITOP NOT d a
		GET d
		BITOP AND d a b c
		GET d
		BITOP or d a b c
		GET d
		BITOP Xor d a b c a
		GET d
		BITOP AND d a
		GET d
		BITOP AND d a none
		GET d
		BITOP AND d none a
		GET d
		BITOP OR d none a e
		GET d
		BITOP XOR d e a a
		GET d
		BITOP NOT a a
		GET a
		BITOP XOR b b b
		GET b
		SET n 12345
		BITOP NOT d n
		GET d`},
	{"BITOP replaces what was there", `
		SET a abc
		SET d v EX 100
		BITOP OR d a
		TTL d
		LPUSH l x
		BITOP OR l a
		GET l
		TTL l
		LPUSH l2 x
		EXPIRE l2 100
		BITOP NOT l2 a
		TTL l2
		GET l2
		BITOP OR d none
		EXISTS d
		SET e ""
		SET d v
		BITOP AND d e none
		EXISTS d
		LPUSH l3 x
		BITOP NOT l3 none
		EXISTS l3
		BITOP XOR none2 none none
		EXISTS none2`},
	{"BITOP refuses", `
		SET a abc
		LPUSH l x
		BITOP foo d a
		BITOP "" d a
		BITOP DIFF1X d a
		BITOP NOT d a a
		BITOP NOT d a l
		BITOP AND d a l
		BITOP AND d l
		BITOP foo d l
		BITOP NOT d l
		EXISTS d
		COMMAND GETKEYS BITOP AND d a b
		COMMAND GETKEYSANDFLAGS BITOP AND d a b`},
}

// TestRangesOfBitsAreThoseOfRedis goes through all ranges of short strings.
func TestRangesOfBitsAreThoseOfRedis(t *testing.T) {
	p := newPair(t, redistest.Start(t).Addr, "2")
	for _, value := range []string{"\x00", "\xff", "\x00\xff\x0f", "\xff\x00\xf0\xff", "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x10\x00"} {
		p.compare("SET", "k", value)
		for range 2500 {
			unit := []string{"BYTE", "BIT"}[rand.IntN(2)]
			n := len(value)
			if unit == "BIT" {
				n *= 8
			}
			start, end := fmt.Sprint(rand.IntN(2*n+4)-n-2), fmt.Sprint(rand.IntN(2*n+4)-n-2)
			p.compare("BITCOUNT", "k", start, end, unit)
			p.compare("BITPOS", "k", fmt.Sprint(rand.IntN(2)), start, end, unit)
			p.compare("BITPOS", "k", fmt.Sprint(rand.IntN(2)), start)
		}
	}
}

func TestBitmapsStayWithinTheLongestString(t *testing.T) {
	r := newRig(t)
	r.server.maxString = 100
	for line, want := range map[string]string{
		"SETBIT k 799 1":             ":0\r\n",
		"SETBIT k 800 1":             "-" + string(ErrBitOffset) + "\r\n",
		"GETBIT k 800":               "-" + string(ErrBitOffset) + "\r\n",
		"BITFIELD k GET u8 800":      "-" + string(ErrBitOffset) + "\r\n",
		"BITFIELD k SET u8 #99 255":  "*1\r\n:1\r\n",
		"BITFIELD k SET u8 #100 255": "-" + string(ErrBitOffset) + "\r\n",
	} {
		r.do("DEL", "k")
		r.do("SETBIT", "k", "799", "1")
		if strings.HasPrefix(line, "SETBIT") {
			r.do("DEL", "k")
		}
		if got := string(r.do(strings.Fields(line)...)); got != want {
			t.Errorf("%s: %q", line, got)
		}
	}
}

func TestBitsOfAnExistingStringAllocateNothing(t *testing.T) {
	r := newRig(t)
	r.do("SETBIT", "bits", "1000000", "1")
	for _, line := range []string{"SETBIT bits 77 1", "SETBIT bits 77 0", "GETBIT bits 1000000", "BITCOUNT bits",
		"BITFIELD bits SET u16 #5 7 INCRBY i8 100 1 GET u63 9"} {
		var args [][]byte
		for _, w := range strings.Fields(line) {
			args = append(args, []byte(w))
		}
		r.run(args)
		if n := testing.AllocsPerRun(100, func() { r.run(args) }); n != 0 {
			t.Errorf("%s allocates %v times", line, n)
		}
	}
}

func BenchmarkBitmaps(b *testing.B) {
	r := newRig(b)
	r.do("SETBIT", "m", "8388607", "1") // 1 MB
	r.do("SETBIT", "n", "8388600", "1")
	for _, line := range []string{"SETBIT m 4000000 1", "GETBIT m 4000000", "BITFIELD m INCRBY u32 #1000 1", "BITCOUNT m", "BITPOS m 1", "BITOP AND d m n"} {
		b.Run(line, func(b *testing.B) {
			args := bytes.Split([]byte(line), []byte(" "))
			b.ReportAllocs()
			for b.Loop() {
				r.run(args)
			}
		})
	}
}
