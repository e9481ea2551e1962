package commands

import (
	"bytes"
	"math/big"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"switchyard/integration/redistest"
)

func TestBitfieldsAreThoseOfRedis(t *testing.T) { compareStories(t, bitfieldStories) }

var bitfieldStories = []story{
	{"BITFIELD reads and writes integers", `
		BITFIELD
		BITFIELD k
		EXISTS k
		BITFIELD k GET u8 0
		BITFIELD k GET i64 1000
		EXISTS k
		BITFIELD k SET u8 0 255 GET u8 0 GET i8 0 GET u4 4 GET i4 4 GET u9 0
		GET k
		BITFIELD k SET u8 0 1
		BITFIELD k SET i5 7 -3 GET i5 7 GET u5 7
		GET k
		BITFIELD k INCRBY u2 100 1 OVERFLOW SAT INCRBY u2 102 1
		BITFIELD k incrby u2 100 1 overflow sat incrby u2 102 1
		BITFIELD k INCRBY u2 100 1 OVERFLOW SAT INCRBY u2 102 1
		BITFIELD k INCRBY u2 100 1 OVERFLOW SAT INCRBY u2 102 1
		GET k
		BITFIELD k SET u63 1 9223372036854775807 GET u63 1 GET i64 0 GET i64 1
		BITFIELD k SET i64 3 -9223372036854775808 GET i64 3 GET u63 3
		BITFIELD k SET i64 0 -1 INCRBY i64 0 1
		GET k
		EXPIRE k 100
		BITFIELD k SET u1 0 1
		TTL k
		SET n 12
		BITFIELD n INCRBY u8 0 1 GET u16 0
		GET n
		SET e ""
		BITFIELD e GET u8 0
		STRLEN e
		BITFIELD e SET u1 0 0
		STRLEN e`},
	{"BITFIELD makes room before it does anything", `
		BITFIELD k OVERFLOW FAIL SET u2 100 9
		STRLEN k
		BITFIELD k OVERFLOW FAIL INCRBY u2 200 9 GET u8 0
		STRLEN k
		BITFIELD k GET u8 1000
		STRLEN k
		BITFIELD m SET u1 8 0
		STRLEN m
		BITFIELD n SET i64 7 0
		STRLEN n
		BITFIELD o OVERFLOW FAIL
		EXISTS o`},
	{"# counts in integers", `
		BITFIELD k SET u8 #0 1 SET u8 #1 2 SET u8 #2 3
		GET k
		BITFIELD k GET i16 #1 GET u3 #5 GET u8 #1
		BITFIELD k GET u8 #
		BITFIELD k GET u8 ##1
		BITFIELD k GET u8 #-1
		BITFIELD k GET u8 #x
		BITFIELD k GET u8 #536870911
		BITFIELD k GET u8 #536870912
		BITFIELD k GET u8 4294967295
		BITFIELD k GET u8 4294967296
		BITFIELD k GET i64 #67108863
		BITFIELD k GET i64 #67108864
		BITFIELD k GET u4 #4611686018427387904
		BITFIELD k GET u4 #4611686018427387905
		BITFIELD k GET u4 #9223372036854775807
		BITFIELD k GET i64 #9223372036854775807`},
	{"OVERFLOW says what becomes of what does not fit", `
		BITFIELD k SET i8 0 127 INCRBY i8 0 1
		BITFIELD k SET i8 0 127 OVERFLOW SAT INCRBY i8 0 1 INCRBY i8 0 -255 INCRBY i8 0 -300
		BITFIELD k SET i8 0 127 OVERFLOW FAIL INCRBY i8 0 1 INCRBY i8 0 -255 INCRBY i8 0 -256
		BITFIELD k SET u8 0 200 INCRBY u8 0 100
		BITFIELD k SET u8 0 200 OVERFLOW SAT INCRBY u8 0 100 INCRBY u8 0 -300
		BITFIELD k SET u8 0 200 OVERFLOW FAIL INCRBY u8 0 100 INCRBY u8 0 -300 INCRBY u8 0 -200
		BITFIELD k SET u8 0 256 GET u8 0 SET u8 0 -1 GET u8 0
		BITFIELD k OVERFLOW SAT SET u8 0 256 GET u8 0 SET u8 0 -1 GET u8 0
		BITFIELD k OVERFLOW FAIL SET u8 0 7 SET u8 0 256 GET u8 0 SET u8 0 -1 GET u8 0
		BITFIELD k SET i8 0 128 GET i8 0 SET i8 0 -129 GET i8 0
		BITFIELD k OVERFLOW SAT SET i8 0 128 GET i8 0 SET i8 0 -129 GET i8 0
		BITFIELD k OVERFLOW SAT SET i8 0 -9223372036854775808 GET i8 0
		BITFIELD k OVERFLOW SAT SET i8 0 -9223372036854775681 GET i8 0
		BITFIELD k OVERFLOW SAT SET i8 0 -9223372036854775680 GET i8 0
		BITFIELD k OVERFLOW WRAP SET i8 0 -9223372036854775808 GET i8 0
		BITFIELD k SET i64 0 9223372036854775807 INCRBY i64 0 1
		BITFIELD k SET i64 0 9223372036854775807 OVERFLOW SAT INCRBY i64 0 1 INCRBY i64 0 -9223372036854775808 INCRBY i64 0 -9223372036854775808 INCRBY i64 0 -2
		BITFIELD k SET i64 0 9223372036854775807 OVERFLOW FAIL INCRBY i64 0 1 INCRBY i64 0 -1
		BITFIELD k SET u63 0 9223372036854775807 INCRBY u63 0 1
		BITFIELD k SET u63 0 9223372036854775807 OVERFLOW SAT INCRBY u63 0 1 INCRBY u63 0 -9223372036854775808
		BITFIELD k SET u63 0 -1 GET u63 0 OVERFLOW FAIL SET u63 0 -1
		BITFIELD k SET i1 0 -1 INCRBY i1 0 -1 INCRBY i1 0 1 OVERFLOW SAT INCRBY i1 0 1 INCRBY i1 0 -1 INCRBY i1 0 -9223372036854775808
		BITFIELD k SET u1 0 1 INCRBY u1 0 1 INCRBY u1 0 -1 OVERFLOW SAT INCRBY u1 0 9223372036854775807
		BITFIELD k OVERFLOW SAT OVERFLOW WRAP INCRBY u1 0 1
		GET k`},
	{"BITFIELD refuses", `
		BITFIELD k foo
		BITFIELD k GET
		BITFIELD k GET u8
		BITFIELD k SET u8 0
		BITFIELD k INCRBY u8 0
		BITFIELD k OVERFLOW
		BITFIELD k OVERFLOW foo
		BITFIELD k OVERFLOW ""
		BITFIELD k GET u8 0 GET
		BITFIELD k GET u8 0 foo
		BITFIELD k GET u64 0
		BITFIELD k GET u0 0
		BITFIELD k GET i0 0
		BITFIELD k GET i65 0
		BITFIELD k GET i 0
		BITFIELD k GET u 0
		BITFIELD k GET 8 0
		BITFIELD k GET "" 0
		BITFIELD k GET U8 0
		BITFIELD k GET I8 0
		BITFIELD k GET u08 0
		BITFIELD k GET u-8 0
		BITFIELD k GET x8 x
		BITFIELD k GET u8 -1
		BITFIELD k GET u8 x
		BITFIELD k GET u8 ""
		BITFIELD k SET u8 0 x
		BITFIELD k SET u8 0 ""
		BITFIELD k SET u8 0 9223372036854775808
		BITFIELD k SET u8 x x
		BITFIELD k SET u8 0 1 GET u8 x
		BITFIELD k SET u8 0 1 OVERFLOW foo
		BITFIELD k INCRBY u8 0 1.5
		EXISTS k
		LPUSH l a
		BITFIELD l
		BITFIELD l GET u8 0
		BITFIELD l SET u8 0 1
		BITFIELD l OVERFLOW SAT
		BITFIELD l GET u8 x`},
	{"a zero byte ends the type", `
		BITFIELD k GET "u8\x00x" 0
		BITFIELD k GET "u\x008" 0
		BITFIELD k GET "\x00u8" 0`},
	{"COMMAND GETKEYSANDFLAGS knows what BITFIELD does", `
		COMMAND GETKEYSANDFLAGS BITFIELD k
		COMMAND GETKEYSANDFLAGS BITFIELD k GET u8 0
		COMMAND GETKEYSANDFLAGS BITFIELD k GET SET SET
		COMMAND GETKEYSANDFLAGS BITFIELD k GET u8 0 OVERFLOW SAT GET u8 1
		COMMAND GETKEYSANDFLAGS BITFIELD k SET u8 0 1
		COMMAND GETKEYSANDFLAGS BITFIELD k GET u8 0 INCRBY u8 0 1
		COMMAND GETKEYSANDFLAGS BITFIELD k foo
		COMMAND GETKEYSANDFLAGS BITFIELD k GET u8
		COMMAND GETKEYSANDFLAGS BITFIELD k OVERFLOW
		COMMAND GETKEYSANDFLAGS BITFIELD_RO k SET u8 0 1`},
	{"BITFIELD_RO reads alone", `
		BITFIELD_RO
		BITFIELD_RO k
		BITFIELD_RO k GET u8 0 GET i8 #1
		SET k abc
		BITFIELD_RO k GET u8 0 GET i8 #1 GET u63 5
		BITFIELD_RO k OVERFLOW SAT GET u8 0
		BITFIELD_RO k OVERFLOW foo GET u8 0
		BITFIELD_RO k SET u8 0 1
		BITFIELD_RO k INCRBY u8 0 1
		BITFIELD_RO k GET u8 0 SET u8 0 1
		BITFIELD_RO k SET u8 0 x
		BITFIELD_RO k SET u8 0 1 foo
		BITFIELD_RO none SET u8 0 1
		EXISTS none
		LPUSH l a
		BITFIELD_RO l GET u8 0
		BITFIELD_RO l SET u8 0 1
		BITFIELD_RO l`},
}

func TestRandomBitfieldsAreThoseOfRedis(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Log("seed", seed)
	g := newGenerator(seed)
	p := newPair(t, redistest.Start(t).Addr, "2")
	for range 5000 {
		p.compare(append([]string{"BITFIELD", "k"}, g.bitfield(false)...)...)
		if g.IntN(10) == 0 {
			p.compare("GET", "k")
		}
	}
}

// TestIntegersInStringsAreTheBitsThere reads and writes each width at each offset, beside arithmetic on the
// string as one large number.
func TestIntegersInStringsAreTheBitsThere(t *testing.T) {
	const size = 24
	r := rand.New(rand.NewPCG(1, 2))
	for width := uint(1); width <= 64; width++ {
		for offset := int64(0); offset+int64(width) <= 8*size; offset++ {
			b := make([]byte, size)
			for i := range b {
				b[i] = byte(r.Uint32())
			}
			value := r.Uint64() >> (64 - width)
			op := bitfieldOp{width: width, offset: offset, signed: width == 64}
			low := uint(8*size-offset) - width
			mask := new(big.Int).Lsh(big.NewInt(1), width)
			mask.Sub(mask, big.NewInt(1))

			read := new(big.Int).Rsh(new(big.Int).SetBytes(b), low)
			if want := read.And(read, mask).Uint64(); uint64(op.load(b)) != want {
				t.Fatalf("u%d at %d of %x is read as %x", width, offset, b, op.load(b))
			}
			want := new(big.Int).AndNot(new(big.Int).SetBytes(b), new(big.Int).Lsh(mask, low))
			want.Or(want, new(big.Int).Lsh(new(big.Int).SetUint64(value), low))
			var patch [9]byte
			n := op.patch(patch[:], b, value)
			copy(b[offset>>3:], patch[:n])
			if got := new(big.Int).SetBytes(b); got.Cmp(want) != 0 {
				t.Fatalf("u%d at %d set to %x is %x, not %x", width, offset, value, got, want)
			}
		}
	}
}

func FuzzBitfield(f *testing.F) {
	for _, s := range bitfieldStories {
		for _, call := range s.calls(f) {
			if strings.HasPrefix(strings.ToUpper(call[0]), "BITFIELD") && len(call) > 2 {
				f.Add([]byte(strings.Join(call[2:], " ")))
			}
		}
	}
	r := newRig(f)
	r.server.maxString = 1 << 10
	f.Fuzz(func(t *testing.T, line []byte) {
		args := append([][]byte{[]byte("BITFIELD"), []byte("k")}, bytes.Split(line, []byte(" "))...)
		reply := parseReply(t, r.run(args))
		if list, ok := reply.([]any); ok && len(list) > len(args) {
			t.Errorf("%d replies to %q", len(list), line)
		}
		if n := parseReply(t, r.do("STRLEN", "k")).(int64); n > 1<<10+8 {
			t.Errorf("%q makes a string of %d bytes", line, n)
		}
	})
}
