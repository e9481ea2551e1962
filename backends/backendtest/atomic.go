package backendtest

import (
	"math/rand/v2"
	"strconv"
	"sync"
	"testing"

	"switchyard/backends"
)

// add adds n to a decimal number and returns the sum.
func add(tx backends.Tx, key []byte, n int) (int, error) {
	v, err := tx.String(key)
	if err != nil {
		return 0, err
	}
	sum := n
	if v.Exists() {
		old, err := strconv.Atoi(string(v.Bytes()))
		if err != nil {
			return 0, err
		}
		sum += old
	}
	if n != 0 {
		v.Set(strconv.AppendInt(nil, int64(sum), 10))
	}
	return sum, nil
}

func testIncrements(t *testing.T, e backends.Engine) {
	var all sync.WaitGroup
	for range 16 {
		all.Go(func() {
			for range 200 {
				do(t, e, write("n"), func(tx backends.Tx) error {
					_, err := add(tx, []byte("n"), 1)
					return err
				})
			}
		})
	}
	all.Wait()
	wantValue(t, e, 0, "n", "3200")
}

// testTransfers moves amounts between two keys, in both orders, while others read both.
func testTransfers(t *testing.T, e backends.Engine) {
	var all sync.WaitGroup
	for g := range 8 {
		all.Go(func() {
			ks := keys("a", "b")
			if g%2 == 1 {
				ks[0], ks[1] = ks[1], ks[0]
			}
			for range 200 {
				amount := rand.IntN(10) * (g % 4 / 2) // half of the goroutines only read
				do(t, e, backends.Access{Keys: ks, Write: amount != 0}, func(tx backends.Tx) error {
					x, err := add(tx, ks[0], -amount)
					if err != nil {
						return err
					}
					y, err := add(tx, ks[1], amount)
					if x+y != 0 {
						t.Errorf("the sum is %d", x+y)
					}
					return err
				})
			}
		})
	}
	all.Wait()
}
