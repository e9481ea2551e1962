package backendtest

import (
	"fmt"
	"sync"
	"testing"

	"switchyard/backends"
)

// testScan walks while others insert and delete so many keys that tables grow and shrink.
func testScan(t *testing.T, e backends.Engine) {
	const n = 1000
	for i := range n {
		set(t, e, fmt.Sprint("stays:", i), "v")
	}
	stop := make(chan struct{})
	var others sync.WaitGroup
	others.Go(func() {
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			default:
			}
			key := fmt.Sprint("comes:", i%5000)
			set(t, e, key, "v")
			if i/5000%2 == 1 {
				do(t, e, write(key), func(tx backends.Tx) error { tx.Delete([]byte(key)); return nil })
			}
		}
	})
	for range 5 {
		seen := map[string]bool{}
		for cursor, first := uint64(0), true; cursor != 0 || first; first = false {
			do(t, e, backends.Access{}, func(tx backends.Tx) error {
				cursor = tx.Scan(cursor, 10, func(key []byte, _ backends.Type) { seen[string(key)] = true })
				return nil
			})
			if cursor >= 1<<backends.CursorBits {
				t.Fatalf("cursor %d is too large", cursor)
			}
		}
		for i := range n {
			if !seen[fmt.Sprint("stays:", i)] {
				t.Errorf("the walk left out key %d", i)
			}
		}
	}
	close(stop)
	others.Wait()
}

func testRandom(t *testing.T, e backends.Engine) {
	draw := func() (key string) {
		do(t, e, backends.Access{}, func(tx backends.Tx) error { key = string(tx.Random()); return nil })
		return key
	}
	if draw() != "" {
		t.Error("a random key of an empty database")
	}
	const n, each = 20, 200
	for i := range n {
		set(t, e, fmt.Sprint("k", i), "v")
	}
	count := map[string]int{}
	for range n * each {
		count[draw()]++
	}
	for i := range n {
		if c := count[fmt.Sprint("k", i)]; c < each/4 || c > each*4 {
			t.Errorf("key %d was drawn %d times, expected about %d", i, c, each)
		}
	}
}

// testScanWhileHolding lets transactions that hold different keys walk over all of them at once.
func testScanWhileHolding(t *testing.T, e backends.Engine) {
	var all sync.WaitGroup
	for g := range 8 {
		all.Go(func() {
			a, b := fmt.Sprint("a", g), fmt.Sprint("b", g)
			for range 10 {
				set(t, e, a, "v")
				do(t, e, write(a, b), func(tx backends.Tx) error {
					seen := false
					for cursor, first := uint64(0), true; cursor != 0 || first; first = false {
						cursor = tx.Scan(cursor, 100, func(key []byte, _ backends.Type) { seen = seen || string(key) == a })
					}
					if !seen || tx.Random() == nil {
						t.Error("a transaction does not see its own key")
					}
					return nil
				})
			}
		})
	}
	all.Wait()
}
