package commands

import (
	"strings"
	"testing"
)

// prepared is a call that can be made again and again.
func (r *rig) prepared(line string) func() {
	var args [][]byte
	for _, w := range strings.Fields(line) {
		args = append(args, []byte(w))
	}
	c := &r.ctx
	c.Now = r.clock()
	return func() {
		var err error
		if c.Row, err = r.server.table.Find(args); err != nil {
			r.t.Fatal(err)
		}
		c.Args, c.Buf = args, c.Buf[:0]
		if _, err = r.engine.Do(c.Context(), c.Access(), c); err != nil {
			r.t.Fatal(err)
		}
	}
}

func TestHashAndSetCallsAllocateNothing(t *testing.T) {
	r := newRig(t)
	var large strings.Builder
	for i := range 2000 {
		large.WriteString(" f" + strings.Repeat("x", i%10) + string(rune('a'+i%26)) + string(rune('a'+i/26%26)) + string(rune('a'+i/676)) + " 12345")
	}
	for _, line := range []string{"HSET small f value n 12345", "HSET large f value n 12345" + large.String(), "SADD ints 1 2 3", "SADD texts a b c",
		"SADD large:set f n" + large.String()} {
		r.prepared(line)()
	}
	for _, line := range []string{
		"HGET small f", "HGET small n", "HGET large f", "HGET large n", "HGET none f", "HSET small f other", "HSET small n 54321", "HSET large f other",
		"HSET large n 54321", "HMGET small f n x", "HINCRBY large n 1", "HEXISTS large f", "HLEN small", "HDEL small nosuch", "SISMEMBER ints 2", "SISMEMBER ints x",
		"SISMEMBER texts b", "SISMEMBER large:set f", "SISMEMBER none x", "SADD texts b", "SADD ints 3", "SADD large:set f", "SRANDMEMBER large:set", "SCARD ints",
	} {
		call := r.prepared(line)
		call()
		if n := testing.AllocsPerRun(1000, call); n != 0 {
			t.Errorf("%s allocates %v times", line, n)
		}
	}
}

func BenchmarkHashesAndSets(b *testing.B) {
	for _, line := range []string{"HSET h f value", "HGET h f", "SADD s member", "SISMEMBER s member"} {
		for _, size := range []string{"small", "large"} {
			b.Run(strings.Fields(line)[0]+"/"+size, func(b *testing.B) {
				r := newRig(b)
				for i := range map[string]int{"small": 5, "large": 100_000}[size] {
					n := strings.Repeat("0", 3) + string(rune('a'+i%26)) + string(rune('0'+i/26%10)) + string(rune('a'+i/260%26)) + string(rune('a'+i/6760))
					r.do("HSET", "h", n, "value")
					r.do("SADD", "s", n)
				}
				call := r.prepared(line)
				b.ReportAllocs()
				for b.Loop() {
					call()
				}
			})
		}
	}
}
