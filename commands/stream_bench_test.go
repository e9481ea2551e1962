package commands

import (
	"fmt"
	"testing"
)

func BenchmarkStreamOfAMillion(b *testing.B) {
	const n = 1_000_000
	r := newRig(b)
	for i := range n {
		r.do("XADD", "s", fmt.Sprint(i+1), "field", fmt.Sprintf("value:%07d", i), "other", "12345")
	}
	r.do("XGROUP", "CREATE", "s", "g", "0")
	last := n
	for _, call := range []struct {
		name string
		args func(i int) []string
	}{
		{"XADD", func(i int) []string { return []string{"XADD", "t", "*", "field", "value:1234567", "other", "12345"} }},
		{"XADD with MAXLEN ~", func(i int) []string {
			return []string{"XADD", "u", "MAXLEN", "~", "1000", "*", "field", "value:1234567", "other", "12345"}
		}},
		{"XRANGE of 10", func(i int) []string {
			return []string{"XRANGE", "s", fmt.Sprint(i * 7919 % n), "+", "COUNT", "10"}
		}},
		{"XREVRANGE of 10", func(i int) []string {
			return []string{"XREVRANGE", "s", fmt.Sprint(i * 7919 % n), "-", "COUNT", "10"}
		}},
		{"XREAD of 10", func(i int) []string {
			return []string{"XREAD", "COUNT", "10", "STREAMS", "s", fmt.Sprint(i * 7919 % n)}
		}},
		{"XREAD of nothing", func(i int) []string { return []string{"XREAD", "STREAMS", "s", fmt.Sprint(last)} }},
		{"XREADGROUP of 1", func(i int) []string {
			return []string{"XREADGROUP", "GROUP", "g", "c", "COUNT", "1", "STREAMS", "s", ">"}
		}},
		{"XACK", func(i int) []string { return []string{"XACK", "s", "g", fmt.Sprint(i + 1)} }},
		{"XDEL", func(i int) []string { return []string{"XDEL", "s", fmt.Sprint(i * 7919 % n)} }},
	} {
		b.Run(call.name, func(b *testing.B) {
			calls := make([][][]byte, 1<<12)
			for i := range calls {
				for _, a := range call.args(i) {
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
