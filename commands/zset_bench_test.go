package commands

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

func BenchmarkSortedSetOfAMillion(b *testing.B) {
	const n = 1_000_000
	r := newRig(b)
	for i := range n {
		r.do("ZADD", "z", fmt.Sprint(i*7919%n), fmt.Sprintf("member:%07d", i))
	}
	for _, call := range []struct {
		name string
		args func(i int) []string
	}{
		{"ZADD of a member that is there", func(i int) []string {
			return []string{"ZADD", "z", "INCR", fmt.Sprint(rand.IntN(n) - n/2), member(i)}
		}},
		{"ZSCORE", func(i int) []string { return []string{"ZSCORE", "z", member(i)} }},
		{"ZRANK", func(i int) []string { return []string{"ZRANK", "z", member(i)} }},
		{"ZRANGE of 10", func(i int) []string {
			k := i * 7919 % n
			return []string{"ZRANGE", "z", fmt.Sprint(k), fmt.Sprint(k + 9)}
		}},
		{"ZRANGEBYSCORE of 10", func(i int) []string {
			return []string{"ZRANGEBYSCORE", "z", fmt.Sprint(i * 7919 % n), "+inf", "LIMIT", "0", "10"}
		}},
		{"ZCOUNT", func(i int) []string {
			k := i * 7919 % n
			return []string{"ZCOUNT", "z", fmt.Sprint(k), fmt.Sprint(k + 1000)}
		}},
	} {
		b.Run(call.name, func(b *testing.B) {
			calls := make([][][]byte, 1<<12)
			for i := range calls {
				for _, a := range call.args(rand.IntN(n)) {
					calls[i] = append(calls[i], []byte(a))
				}
			}
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				r.run(calls[i%len(calls)])
			}
		})
	}
}

func member(i int) string { return fmt.Sprintf("member:%07d", i) }
