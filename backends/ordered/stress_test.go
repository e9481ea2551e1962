package ordered

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"sync"
	"testing"

	"switchyard/backends"
)

// TestAcknowledgedIsExactlyWhatIsThere counts in many goroutines while the disk fails now and then,
// leaving half of an Apply: a counter ends at the number of its acknowledged increments.
func TestAcknowledgedIsExactlyWhatIsThere(t *testing.T) {
	t.Run("applied is durable", func(t *testing.T) { countAcknowledged(t, newStore()) })
	t.Run("synced is durable", func(t *testing.T) { countAcknowledged(t, newSyncedStore()) })
}

func countAcknowledged(t *testing.T, s *store) {
	seed := rand.Uint64()
	r := rand.New(rand.NewPCG(seed, 0))
	s.partly = true
	s.limits = Limits{1000, 1 << 20}
	s.when(func([]Op) error {
		if r.IntN(10) == 0 {
			return errDisk
		}
		return nil
	})
	var e *Engine
	for o := (Options{Name: "test", Databases: 4, Cache: 1 << 20}); e == nil; {
		kilobytes(&o)
		e, _ = Open(s, o) // until the disk lets it
	}
	const counters, shared = 8, "shared"
	var acked [counters]int
	var all sync.WaitGroup
	for g := range counters {
		all.Go(func() {
			own := fmt.Sprint("own", g)
			for i := range 300 {
				err := try(e, increment(i, own, shared), own, shared)
				switch {
				case err == nil:
					acked[g]++
				case !errors.Is(err, errDisk) && !errors.Is(err, errOvertook):
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	s.when(nil)
	for range 2 {
		sum := 0
		for g, n := range acked {
			wantNumber(t, e, fmt.Sprint("own", g), n)
			sum += n
		}
		wantNumber(t, e, shared, sum)
		wantCounts(t, e)
		shut(t, e)
		e = open(t, s, kilobytes)
	}
	shut(t, e)
	t.Logf("seed %d: %v were acknowledged", seed, acked)
}

func kilobytes(o *Options) {
	tiny(o)
	o.chunk = 1 << 10
}

// increment is a body that adds one to numbers, which are padded so that they are inline, in chunks, or too
// large for one Apply.
func increment(i int, keys ...string) func(tx backends.Tx) error {
	return func(tx backends.Tx) error {
		for _, key := range keys {
			v, err := tx.String([]byte(key))
			if err != nil {
				return err
			}
			n := 0
			if v.Exists() {
				if n, err = strconv.Atoi(strings.TrimSpace(string(v.Bytes()))); err != nil {
					return err // only in a transaction that a failure has overtaken
				}
			}
			pad := []int{1, 3000, 1, 1}[i%4]
			if i == 150 {
				pad = 2 << 20
			}
			v.Set(append(bytes.Repeat([]byte(" "), pad), strconv.Itoa(n+1)...))
		}
		return nil
	}
}

func wantNumber(t *testing.T, e *Engine, key string, want int) {
	t.Helper()
	text, _ := read(t, e, key)
	if n, err := strconv.Atoi(strings.TrimSpace(text)); text != "-" && (err != nil || n != want) || text == "-" && want != 0 {
		t.Errorf("%s is %d (%v), %d increments were acknowledged", key, n, err, want)
	}
}
