package streamnode

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"switchyard/backends"
	"switchyard/integration/redistest"
)

// idList is a sorted list of IDs.
type idList []backends.StreamID

func (l idList) Len() int                   { return len(l) }
func (l idList) At(i int) backends.StreamID { return l[i] }
func (l idList) UpTo(id backends.StreamID) int {
	i, found := slices.BinarySearchFunc(l, id, backends.StreamID.Compare)
	if found {
		i++
	}
	return i
}

// randomID has bytes in common with many others.
func randomID(r *rand.Rand) backends.StreamID {
	part := func() uint64 { return r.Uint64N(3) << (8 * r.IntN(8)) }
	high, low := part(), part()
	return backends.StreamID{Ms: high | low, Seq: part()}
}

func TestSharesAddUpToTheRadixTree(t *testing.T) {
	seed := rand.Uint64()
	r := rand.New(rand.NewPCG(seed, 0))
	for range 100 {
		var l idList
		sum := 1 // the root of an empty tree
		for range 60 {
			id := randomID(r)
			i, found := slices.BinarySearchFunc(l, id, backends.StreamID.Compare)
			switch {
			case !found:
				l = slices.Insert(l, i, id)
				sum += RadixShare(l, i)
			case r.IntN(2) == 0:
				sum -= RadixShare(l, i)
				l = slices.Delete(l, i, i+1)
			}
			if want := RadixNodes(l); sum != want {
				t.Fatalf("seed %d: the shares of %v add up to %d, not %d", seed, l, sum, want)
			}
		}
	}
}

func TestIDsAsBytesHaveTheOrderOfIDs(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 1000 {
		a, b := randomID(r), randomID(r)
		x, y := AppendID(nil, a), AppendID(nil, b)
		common := 0
		for common < IDBytes && x[common] == y[common] {
			common++
		}
		if strings.Compare(string(x), string(y)) != a.Compare(b) || commonBytes(a, b) != common {
			t.Fatalf("%v and %v are %x and %x, with %d bytes in common", a, b, x, y, commonBytes(a, b))
		}
		if back, ok := ParseID(append(x, 7)); !ok || back != a {
			t.Fatalf("%v came back as %v, %v", a, back, ok)
		}
		if _, ok := ParseID(x[:IDBytes-1]); ok {
			t.Fatal("15 bytes are an ID")
		}
	}
}

// Each entry has a node of its own.
func TestARadixTreeHasTheNodesOfRedis(t *testing.T) {
	redis := redistest.Start(t, "--stream-node-max-entries", "1").Client()
	defer redis.Close()
	seed := rand.Uint64()
	r := rand.New(rand.NewPCG(seed, 0))
	var ids idList
	for range 200 {
		ids = append(ids, randomID(r))
	}
	slices.SortFunc(ids, backends.StreamID.Compare)
	ids = slices.DeleteFunc(slices.Compact(ids), func(id backends.StreamID) bool { return id == backends.StreamID{} })
	var l idList
	for _, id := range ids {
		call := []any{"XADD", "s", idText(id), "f", "v"}
		l = append(l, id)
		if r.IntN(4) == 0 {
			if err := redis.Do(t.Context(), call...).Err(); err != nil {
				t.Fatal(err)
			}
			i := r.IntN(len(l))
			call = []any{"XDEL", "s", idText(l[i])}
			l = slices.Delete(l, i, i+1)
		}
		if err := redis.Do(t.Context(), call...).Err(); err != nil {
			t.Fatal(err)
		}
		info, err := redis.XInfoStream(t.Context(), "s").Result()
		if err != nil {
			t.Fatal(err)
		}
		if want := int64(RadixNodes(l)); info.RadixTreeNodes != want {
			t.Fatalf("seed %d: Redis has %d nodes for %v, not %d", seed, info.RadixTreeNodes, l, want)
		}
	}
}

// TestANodeHasTheBytesOfRedis looks for the only node of a stream in what DUMP returns.
func TestANodeHasTheBytesOfRedis(t *testing.T) {
	redis := redistest.Start(t, "--rdbcompression", "no", "--stream-node-max-entries", "0", "--stream-node-max-bytes", "0").Client()
	defer redis.Close()
	seed := rand.Uint64()
	r := rand.New(rand.NewPCG(seed, 0))
	var n Node
	var fields []string
	last := backends.StreamID{Ms: 1 << 40}
	length := 0
	for step := range 400 {
		call := []any{"XADD", "s", idText(last)}
		switch op := r.IntN(12); {
		case step > 2 && op == 0 && length > 1:
			id := backends.StreamID{Ms: last.Ms - r.Uint64N(30), Seq: r.Uint64N(2)}
			call = []any{"XDEL", "s", idText(id)}
			if pos := n.Find(id); pos != 0 {
				n.Delete(pos)
				length--
			}
		case step > 2 && op == 1 && length > 1:
			t := backends.Trim{ByLength: true, Length: length - r.IntN(2)}
			call = []any{"XTRIM", "s", "MAXLEN", t.Length}
			length -= n.Trim(t, length)
		default:
			last = backends.StreamID{Ms: last.Ms + 1 + r.Uint64N(4), Seq: r.Uint64N(2)}
			call[2] = idText(last)
			fields = someFields(r, fields)
			for _, f := range fields {
				call = append(call, f)
			}
			e := modelEntry{last, false, fields}
			if len(n.Pack) == 0 {
				n = New(last, e.raw(), 0)
			}
			n.Append(last, e.raw())
			length++
		}
		if err := redis.Do(t.Context(), call...).Err(); err != nil {
			t.Fatalf("seed %d: %v: %v", seed, call, err)
		}
		dump, err := redis.Dump(t.Context(), "s").Result()
		if err != nil {
			t.Fatal(err)
		}
		if _, after, found := strings.Cut(dump, string(AppendID(nil, n.Master))); !found || !strings.Contains(after, string(n.Pack)) {
			t.Fatalf("seed %d, step %d: after %v Redis has no node at %v of %d bytes", seed, step, call, n.Master, len(n.Pack))
		}
	}
}

func idText(id backends.StreamID) string { return fmt.Sprintf("%d-%d", id.Ms, id.Seq) }
