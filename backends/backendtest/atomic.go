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

// testOpen has transactions turn to keys that they have not named, in any order, beside others that name theirs: all
// come to an end, and nobody sees a sum that is not 0.
func testOpen(t *testing.T, e backends.Engine) {
	const goroutines, rounds = 9, 150
	all := keys("a", "b", "c", "d", "e", "f", "g", "h")
	move := func(tx backends.Tx, from, to []byte) error {
		if _, err := add(tx, from, -1); err != nil {
			return err
		}
		_, err := add(tx, to, 1)
		return err
	}
	sum := func(tx backends.Tx) error {
		total := 0
		for _, key := range all {
			n, err := add(tx, key, 0)
			if err != nil {
				return err
			}
			total += n
		}
		if total != 0 {
			t.Errorf("the sum is %d", total)
		}
		return nil
	}
	var group sync.WaitGroup
	for g := range goroutines {
		group.Go(func() {
			for range rounds {
				p := rand.Perm(len(all))
				from, to := all[p[0]], all[p[1]]
				switch g % 3 {
				case 0:
					do(t, e, backends.Access{Keys: [][]byte{from}, Open: true, Write: true, Slow: true}, func(tx backends.Tx) error {
						return move(tx, from, to)
					})
				case 1:
					do(t, e, backends.Access{Keys: [][]byte{from, to}, Write: true}, func(tx backends.Tx) error { return move(tx, from, to) })
				default:
					do(t, e, backends.Access{All: p[0]%2 == 0, Open: p[0]%2 == 1}, sum)
				}
			}
		})
	}
	group.Wait()
	do(t, e, backends.Access{Open: true, Write: true}, func(tx backends.Tx) error {
		if _, err := add(tx, all[0], 1); err != nil {
			return err
		}
		tx.In(1).Flush() // has no keys
		tx.Flush()
		if n := tx.Len(); n != 0 {
			t.Errorf("%d keys are left", n)
		}
		_, err := add(tx, all[1], 5)
		return err
	})
	wantValue(t, e, 0, string(all[1]), "5")
	do(t, e, backends.Access{Keys: all[:1]}, func(tx backends.Tx) error {
		if kind := tx.Type(all[0]); kind != backends.None {
			t.Errorf("a key of type %s is left", kind)
		}
		return nil
	})
}
