package commands

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"strings"
	"testing"
	"time"

	"switchyard/commands/hll"
	"switchyard/integration/redistest"
)

func TestHyperLogLogsAreThoseOfRedis(t *testing.T) { compareStories(t, hllStories) }

// Sparse sketches with an estimate of 0 that is stale, up to their runs.
const (
	sparseHeader = `HYLL\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x80`
	cachedHeader = `HYLL\x01\x00\x00\x00\x2a\x00\x00\x00\x00\x00\x00\x00`
	denseHeader  = `HYLL\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x80`
)

var hllStories = []story{
	{"PFADD says whether anything changed", `
		PFADD
		PFADD k
		GET k
		PFADD k
		PFADD k a
		GET k
		PFADD k a
		PFADD k a b c d a
		GET k
		PFADD k ""
		PFADD k "\x00" "\xff\xfe" (long*100) 12345678 123456789
		GET k
		TYPE k
		STRLEN k
		EXPIRE k 100
		PFADD k z
		TTL k
		PFADD "" x
		PFCOUNT "" k`},
	{"PFCOUNT counts", `
		PFCOUNT
		PFCOUNT k
		PFCOUNT k l m
		PFADD k a b c d e f g
		PFCOUNT k
		PFCOUNT k
		PFADD k a
		PFCOUNT k
		PFADD k h
		PFCOUNT k
		PFADD l g h i j
		PFCOUNT k l
		PFCOUNT k l k l none
		PFCOUNT none
		PFADD e
		PFCOUNT e
		PFCOUNT e none`},
	{"PFCOUNT keeps the estimate of a single key", `
		PFADD k a b c
		GET k
		PFCOUNT k none
		GET k
		PFCOUNT k
		GET k
		PFCOUNT k
		PFADD k a
		GET k
		PFADD k d
		GET k
		EXPIRE k 100
		PFCOUNT k
		TTL k
		PFADD k (v*60)
		PFDEBUG TODENSE k
		PFCOUNT k
		GETRANGE k 0 20
		SETRANGE k 15 "\x80"
		SETRANGE k 16 "\xff\xff\xff"
		PFCOUNT k
		GETRANGE k 0 20
		PFADD c a
		APPEND c 1
		PFCOUNT c
		PFDEBUG DECODE c
		GET c`},
	{"what looks into a HyperLogLog makes a raw string of it", `
		SET k "HYLL\x01\x00\x00\x00\x03\x00\x00\x00\x00\x00\x00\x00\x7f\xff"
		OBJECT ENCODING k
		COPY k a
		PFCOUNT a none
		OBJECT ENCODING a
		PFCOUNT a
		OBJECT ENCODING a
		COPY k b
		PFADD b
		OBJECT ENCODING b
		COPY k c
		PFDEBUG ENCODING c
		OBJECT ENCODING c
		COPY k d
		PFMERGE e d
		OBJECT ENCODING d
		OBJECT ENCODING e`},
	{"PFADD keeps what it added before it finds that the rest is corrupted", `
		PFADD h a
		APPEND h (1*2970)
		SETRANGE h 15 X
		PFADD h b c d e f g i j k l m n o p q r s t u v w x y z
		GET h`},
	{"PFADD that can add nothing keeps the estimate", `
		PFADD h a
		APPEND h (1*2990)
		SETRANGE h 15 X
		PFADD h b
		GET h`},
	{"COMMAND GETKEYS wants a source for PFMERGE", `
		COMMAND GETKEYS PFMERGE d
		COMMAND GETKEYSANDFLAGS PFMERGE d
		COMMAND GETKEYS PFMERGE d a b`},
	{"PFMERGE unites", `
		PFMERGE
		PFMERGE d
		GET d
		PFADD a 1 2 3
		PFADD b 3 4 5
		PFMERGE d a b
		GET d
		PFMERGE a b
		GET a
		PFMERGE a
		GET a
		PFMERGE d none none2
		GET d
		PFDEBUG TODENSE b
		GET b
		PFMERGE d a b
		GET d
		PFMERGE d2 b
		GET d2
		EXPIRE d 100
		PFMERGE d a
		TTL d
		PFCOUNT d none
		COMMAND GETKEYS PFMERGE a b c
		COMMAND GETKEYSANDFLAGS PFMERGE a b c`},
	{"PFDEBUG shows how it is stored", `
		PFDEBUG
		PFDEBUG ENCODING
		PFDEBUG ENCODING k x
		PFDEBUG ENCODING k
		PFDEBUG foo k
		PFADD k a b c d e f
		PFDEBUG encoding k
		PFDEBUG DECODE k
		PFDEBUG foo k
		PFDEBUG "" k
		PFDEBUG TODENSE k
		PFDEBUG TODENSE k
		PFDEBUG ENCODING k
		PFDEBUG DECODE k
		PFDEBUG GETREG k
		PFADD l a b c d e f
		PFDEBUG GETREG l
		GET l
		PFDEBUG ENCODING l
		SET s v
		PFDEBUG ENCODING s
		LPUSH m a
		PFDEBUG ENCODING m
		COMMAND GETKEYS PFDEBUG ENCODING k`},
	{"what is no HyperLogLog is refused", `
		LPUSH l a
		PFADD l
		PFADD l a
		PFCOUNT l
		PFCOUNT l l
		PFMERGE l
		PFMERGE d l
		SET s v
		PFADD s
		PFADD s a
		PFCOUNT s
		PFCOUNT none s l
		PFCOUNT none l s
		PFMERGE s
		PFMERGE d s
		PFMERGE d none s
		EXISTS d
		SET s ""
		PFCOUNT s
		SET s 12345678901234567
		PFCOUNT s
		SET s HYLL
		PFADD s a
		SET s HYLLxxxxxxxxxxxx
		PFCOUNT s
		SET s hyll\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x7f\xff
		PFCOUNT s
		SET s "HYLL\x02\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x7f\xff"
		PFCOUNT s
		SET s "` + denseHeader + `abc"
		PFCOUNT s
		PFADD s a
		GET s`},
	{"corrupted runs are refused where they are read", `
		SET k "` + sparseHeader + `"
		PFCOUNT k
		PFCOUNT k none
		PFADD k
		PFADD k a
		PFMERGE d k
		PFMERGE k
		PFDEBUG TODENSE k
		PFDEBUG GETREG k
		EXISTS d
		GET k
		SET k "` + sparseHeader + `\x7f\xfe"
		PFCOUNT k
		PFADD k a b c
		PFCOUNT k none
		PFMERGE k
		GET k
		SET k "` + sparseHeader + `\x7f\xff\x00"
		PFCOUNT k
		PFADD k a b c
		GET k
		PFCOUNT k
		PFMERGE d k
		EXISTS d
		SET k "` + sparseHeader + `\x5f\xff"
		PFADD k a b c d e f g h i j k l m n o p q r s t
		GET k
		SET k "` + cachedHeader + `\x7f\x00"
		PFCOUNT k
		PFCOUNT k none
		PFADD k
		PFCOUNT k
		SET k "HYLL\x01abc\x2a\x00\x00\x00\x00\x00\x00\x00\x7f\xff"
		PFCOUNT k
		PFADD k a
		GET k
		PFDEBUG TODENSE k
		GET k
		PFCOUNT k none`},
	{"runs that Redis does not write are read", `
		SET k "` + sparseHeader + `\x40\x00\x7f\xfe"
		PFDEBUG DECODE k
		PFCOUNT k none
		PFADD k a b c d e f
		GET k
		SET k "` + sparseHeader + `\x83\x83\x83\x7f\xf3"
		PFADD k a b c d e f
		GET k
		PFDEBUG DECODE k
		PFMERGE k
		GET k
		PFCOUNT k none`},
}

// element is one that falls to a register with a rank of 1 to 51: the hash of eight bytes, backwards.
func element(register, rank int) string {
	m, r := uint64(0xc6a4a7935bd1e995), 47
	inverse := m // of m, modulo 2^64
	for range 6 {
		inverse *= 2 - m*inverse
	}
	h := uint64(register) | uint64(0xfffffffffffff)<<(rank-1)<<14
	h ^= h >> r
	h *= inverse
	h ^= h >> r
	k := h*inverse ^ 0xadc83b19 ^ 8*m
	k *= inverse
	k ^= k >> r
	k *= inverse
	return string(binary.LittleEndian.AppendUint64(nil, k))
}

func TestElementsOfTheTestsFallWhereTheyShould(t *testing.T) {
	for _, want := range [][2]int{{0, 1}, {1, 33}, {16383, 50}, {77, 51}, {500, 32}} {
		register, rank := hll.Locate([]byte(element(want[0], want[1])))
		if register != want[0] || int(rank) != want[1] {
			t.Errorf("%v falls to %d, %d", want, register, rank)
		}
	}
}

func TestHyperLogLogsAreTheSameBytes(t *testing.T) {
	redis := redistest.Start(t)
	seed := uint64(time.Now().UnixNano())
	for name, elements := range map[string]func(g *generator, n int) string{
		"counted up":          func(_ *generator, n int) string { return fmt.Sprint("element ", n) },
		"at random":           func(g *generator, _ int) string { return fmt.Sprint(g.Uint64()) },
		"in few registers":    func(g *generator, _ int) string { return element(g.IntN(40), 1+g.IntN(3)) },
		"in the last ones":    func(g *generator, _ int) string { return element(16383-g.IntN(5), 1+g.IntN(2)) },
		"of one rank":         func(g *generator, _ int) string { return element(g.IntN(16384), 1) },
		"of any rank":         func(g *generator, _ int) string { return element(g.IntN(16384), 1+g.IntN(51)) },
		"of the rarest ranks": func(g *generator, _ int) string { return element(g.IntN(9), 25+g.IntN(8)) },
		"from left to right":  func(_ *generator, n int) string { return element(n%16384, 1+n/100%3) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Log("seed", seed)
			g := newGenerator(seed)
			p := newPair(t, redis.Addr, "2")
			for n, batch := 0, 1; n < 100_000; {
				call := []string{"PFADD", "k"}
				for range batch {
					call = append(call, elements(g, n))
					n++
				}
				p.compare(call...)
				p.compare("GET", "k")
				p.compare("PFCOUNT", "k", "none") // of two keys, so that Redis leaves the estimate in the string
				if n >= 300 {
					batch = 1 + n/10
				}
				if t.Failed() {
					t.Fatalf("after %d elements", n)
				}
			}
		})
	}
}

// withoutEstimate is a sketch in a reply, without the bytes that Redis's PFCOUNT writes and ours does not: the
// estimate, which here keeps what was there when the sketch came to be, and its stale bit.
func withoutEstimate(t testing.TB, reply []byte) string {
	s, _ := parseReply(t, reply).(string)
	if !hll.Sketch(s).Valid() {
		return s
	}
	return s[:8] + s[16:]
}

func TestRandomHyperLogLogsAreThoseOfRedis(t *testing.T) {
	redis := redistest.Start(t)
	seed := uint64(time.Now().UnixNano())
	t.Log("seed", seed)
	g := newGenerator(seed)
	p := newPair(t, redis.Addr, "2")
	key := func() string { return g.pick("a", "b", "c", "d", "e") }
	for range 4000 {
		k := key()
		var call []string
		switch g.IntN(12) {
		default:
			call = []string{"PFADD", k}
			for range g.IntN(4) {
				call = append(call, element(g.IntN(200), 1+g.IntN(4)))
			}
		case 0:
			call = []string{"PFADD", k}
			for range g.IntN(500) {
				call = append(call, fmt.Sprint(g.Uint32()))
			}
		case 1:
			call = append([]string{"PFCOUNT"}, g.keys()...)
		case 2:
			call = []string{"PFCOUNT", k}
		case 3:
			call = []string{"PFMERGE", k, key(), key()}
		case 4:
			call = []string{g.pick("DEL", "PFDEBUG"), k}
			if call[0] == "PFDEBUG" {
				call = []string{"PFDEBUG", g.pick("TODENSE", "ENCODING", "ENCODING", "GETREG"), k}
			}
		case 5:
			call = []string{"PFADD", k, element(g.IntN(16384), 1+g.IntN(51))}
		}
		p.compare(call...)
		ours, theirs := withoutEstimate(t, p.rig.do("GET", k)), withoutEstimate(t, p.oracle.do("GET", k))
		if ours != theirs {
			t.Errorf("after %.100q\nhere  %.400q\nRedis %.400q", call, ours, theirs)
		}
		if t.Failed() {
			t.FailNow()
		}
	}
}

func TestHyperLogLogsMoveFromAndToRedis(t *testing.T) {
	p := newPair(t, redistest.Start(t).Addr, "2")
	for _, n := range []int{0, 1, 10, 500, 3000, 100_000} {
		call := []string{"PFADD", "here"}
		for i := range n {
			call = append(call, fmt.Sprint("element ", i))
		}
		p.rig.do("DEL", "here")
		p.rig.do(call...)
		call[1] = "there"
		p.oracle.do("DEL", "there")
		p.oracle.do(call...)
		count := string(p.oracle.do("PFCOUNT", "there"))
		for _, way := range []struct {
			from, to func(...string) []byte
			key      string
		}{{p.rig.do, p.oracle.do, "here"}, {p.oracle.do, p.rig.do, "there"}} {
			payload := parseReply(t, way.from("DUMP", way.key)).(string)
			if reply := string(way.to("RESTORE", "copy", "0", payload, "REPLACE")); reply != "+OK\r\n" {
				t.Errorf("RESTORE of %d elements from %s: %q", n, way.key, reply)
			}
			if got := string(way.to("PFCOUNT", "copy")); got != count {
				t.Errorf("%d elements from %s count as %q, not %q", n, way.key, got, count)
			}
		}
	}
}

func TestRegistersOfADenseSketchAllocateNothing(t *testing.T) {
	r := newRig(t)
	r.do("PFADD", "k", "a")
	r.do("PFDEBUG", "TODENSE", "k")
	rank := 0
	calls := make([][][]byte, 51)
	for i := range calls {
		calls[i] = [][]byte{[]byte("PFADD"), []byte("k"), []byte(element(16383, i+1)), []byte(element(7, i+1))}
	}
	if n := testing.AllocsPerRun(50, func() { r.run(calls[rank]); rank++ }); n != 0 {
		t.Errorf("PFADD allocates %v times", n)
	}
	if got := string(r.run(calls[50])); got != ":0\r\n" {
		t.Errorf("the last element was not added: %q", got)
	}
	// With several keys the engine takes a transaction out of a pool, which forgets some under the race detector.
	for line, most := range map[string]float64{"PFCOUNT k": 1, "PFCOUNT k k k": 8} {
		args := bytes.Split([]byte(line), []byte(" "))
		if n := testing.AllocsPerRun(10, func() { r.run(args) }); n > most {
			t.Errorf("%s allocates %v times", line, n)
		}
	}
}

// FuzzHyperLogLog gives any string to the commands: none may panic, make a large string of it or
// take what it has written for corrupted.
func FuzzHyperLogLog(f *testing.F) {
	for _, s := range hllStories {
		for _, call := range s.calls(f) {
			if call[0] == "SET" {
				f.Add([]byte(call[2]), uint16(3), uint8(2))
			}
		}
	}
	seeds := newRig(f)
	for i := range 400 {
		seeds.do("PFADD", "k", fmt.Sprint(i))
	}
	f.Add([]byte(parseReply(f, seeds.do("GET", "k")).(string)), uint16(0), uint8(40))
	seeds.do("PFDEBUG", "TODENSE", "k")
	f.Add([]byte(parseReply(f, seeds.do("GET", "k")).(string)), uint16(16383), uint8(51))

	r := newRig(f)
	f.Fuzz(func(t *testing.T, value []byte, register uint16, rank uint8) {
		isSketch := hll.Sketch(value).Valid()
		for _, line := range []string{"PFCOUNT k", "PFCOUNT k none", "PFMERGE k", "PFMERGE d k", "PFDEBUG GETREG k",
			"PFDEBUG DECODE k", "PFDEBUG TODENSE k", "PFADD k", "PFADD k x"} {
			r.do("FLUSHALL")
			r.do("SET", "k", string(value))
			call := strings.Fields(line)
			if call[len(call)-1] == "x" {
				call[2] = element(int(register)%hll.Size, int(rank)%51+1)
			}
			reply := string(r.do(call...))
			if refused := strings.HasPrefix(reply, "-WRONGTYPE"); refused == isSketch {
				t.Errorf("%s of %q: %q", line, value, reply)
			}
			after := hll.Sketch(parseReply(t, r.do("GET", "k")).(string))
			if len(after) > max(len(value)+3, 16+12288) || isSketch && !after.Valid() {
				t.Errorf("%s of %q leaves %d bytes", line, value, len(after))
			}
			if again := string(r.do(call...)); line == "PFADD k x" && reply == ":1\r\n" && again != ":0\r\n" {
				t.Errorf("%s of %q says %q, then %q", line, value, reply, again)
			}
		}
	})
}
