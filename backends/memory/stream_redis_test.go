package memory

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"switchyard/backends"
	"switchyard/backends/streamnode"
	"switchyard/integration/redistest"
)

// TestNodesHaveTheBytesOfRedis looks for each node, with its ID, in what DUMP of the same stream returns.
func TestNodesHaveTheBytesOfRedis(t *testing.T) {
	redis := redistest.Start(t, "--rdbcompression", "no", "--stream-node-max-entries", "7").Client()
	defer redis.Close()
	seed := rand.Uint64()
	r := rand.New(rand.NewPCG(seed, 0))
	c := backends.NewCompact()
	c.StreamEntries.Store(7)
	s := newStream()
	for step := range 600 {
		var call []any
		id := backends.StreamID{Ms: s.Last.Ms - min(s.Last.Ms, r.Uint64N(100)), Seq: r.Uint64N(2)}
		op := r.IntN(10)
		if step == 0 {
			op = 9 // there is no key yet
		}
		switch op {
		case 0:
			s.remove(id)
			call = []any{"XDEL", "s", idText(id)}
		case 1:
			s.trim(backends.Trim{First: id}, c)
			call = []any{"XTRIM", "s", "MINID", idText(id)}
		default:
			id = backends.StreamID{Ms: s.Last.Ms + 1 + r.Uint64N(1<<r.IntN(40)), Seq: r.Uint64N(1 << r.IntN(60))}
			call = []any{"XADD", "s", idText(id)}
			var fields [][]byte
			for range 2 * (1 + r.IntN(2)) {
				f := []string{"f", "-7", "", "field", fmt.Sprint(r.IntN(1 << r.IntN(30))), strings.Repeat("x", r.IntN(100))}[r.IntN(6)]
				fields = append(fields, []byte(f))
				call = append(call, f)
			}
			s.append(id, fields, c)
		}
		if err := redis.Do(t.Context(), call...).Err(); err != nil {
			t.Fatalf("seed %d: %v: %v", seed, call, err)
		}
		if step%20 != 0 {
			continue
		}
		dump, err := redis.Dump(t.Context(), "s").Result()
		if err != nil {
			t.Fatal(err)
		}
		for _, n := range s.nodes() {
			_, after, found := strings.Cut(dump, string(streamnode.AppendID(nil, n.Master)))
			if !found || len(after) < len(n.Pack)+5 || !strings.Contains(after[:len(n.Pack)+5], string(n.Pack)) {
				t.Fatalf("seed %d, step %d: Redis has no node at %v of %d bytes", seed, step, n.Master, len(n.Pack))
			}
		}
	}
}

func idText(id backends.StreamID) string { return fmt.Sprintf("%d-%d", id.Ms, id.Seq) }
