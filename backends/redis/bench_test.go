package redis

import (
	"context"
	"fmt"
	"os/exec"
	"strings"
	"sync"
	"testing"

	"switchyard/backends"
	"switchyard/integration/redistest"
)

// BenchmarkForward is the same load as BenchmarkDirect, through Forward.
func BenchmarkForward(b *testing.B) {
	s := redistest.Start(b)
	up := open(b, s, nil)
	defer up.Close()
	for _, depth := range []int{1, 16} {
		for name, command := range map[string]string{"SET": "SET key:%d xxx", "GET": "GET key:%d"} {
			b.Run(fmt.Sprintf("%s/depth=%d", name, depth), func(b *testing.B) {
				b.ReportAllocs()
				hammer(b, up, 50, depth, command)
				b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "req/s")
			})
		}
	}
}

// hammer runs b.N commands from some clients, which wait for their replies every depth commands.
func hammer(b *testing.B, up *Backend, clients, depth int, command string) {
	var wg sync.WaitGroup
	for client := range clients {
		wg.Go(func() {
			r := backends.Request{Proto: 2}
			for _, arg := range strings.Fields(fmt.Sprintf(command, client)) {
				r.Args = append(r.Args, []byte(arg))
			}
			pending := make([]backends.Pending, depth)
			for n := b.N/clients + depth - 1; n >= depth; n -= depth {
				for i := range pending {
					pending[i] = up.Forward(context.Background(), r)
				}
				for _, p := range pending {
					if reply, err := p.Reply(context.Background()); err != nil || len(reply) < 3 {
						b.Errorf("%q, %v", reply, err)
						return
					}
				}
			}
		})
	}
	wg.Wait()
}

// BenchmarkDirect is redis-benchmark on the same server, as the measure of BenchmarkForward.
func BenchmarkDirect(b *testing.B) {
	s := redistest.Start(b)
	for _, depth := range []int{1, 16} {
		for _, command := range []string{"SET", "GET"} {
			b.Run(fmt.Sprintf("%s/depth=%d", command, depth), func(b *testing.B) {
				out, err := exec.Command("redis-benchmark", "-p", fmt.Sprint(s.Port()), "-t", strings.ToLower(command),
					"-c", "50", "-P", fmt.Sprint(depth), "-n", fmt.Sprint(max(b.N, 1000)), "-q").CombinedOutput()
				if err != nil {
					b.Fatalf("%v: %s", err, out)
				}
				b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "req/s")
			})
		}
	}
}
