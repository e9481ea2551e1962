package hll

import (
	"encoding/binary"
	"fmt"
	"math"
)

// Rounds of SelfTest.
const (
	testedRegisters = 200
	testedElements  = 100_000
)

// SelfTest checks this code as PFSELFTEST does: registers keep what they were given and disturb no other, a sparse sketch and a
// dense one say the same, and estimates are as near as they should be. It takes some tens of milliseconds.
func SelfTest() error {
	if err := testRegisters(); err != nil {
		return err
	}
	return testEstimates()
}

// testRegisters raises registers of a dense sketch, and compares all with a plain list.
func testRegisters() error {
	s, ok := New().ToDense()
	if !ok {
		return fmt.Errorf("an empty sketch does not become dense")
	}
	var want Registers
	for n := range testedRegisters {
		i, rank := n*8191%len(want), byte(1+n*7%51)
		if s, ok = s.Raise(i, rank); !ok {
			return fmt.Errorf("register %d cannot be raised to %d", i, rank)
		}
		want[i] = max(want[i], rank)
	}
	var got Registers
	if !got.Add(s) {
		return fmt.Errorf("a dense sketch is not understood")
	}
	for i := range want {
		if got[i] != want[i] {
			return fmt.Errorf("register %d is %d and not %d", i, got[i], want[i])
		}
	}
	return nil
}

// testEstimates adds elements one by one, and looks at the estimate at each power of ten.
func testEstimates() error {
	sparse, all := New(), Registers{}
	deviation := 1.04 / math.Sqrt(float64(len(all)))
	var element [8]byte
	for n, next := 1, 10; n <= testedElements; n++ {
		binary.LittleEndian.PutUint64(element[:], uint64(n)*0x9e3779b97f4a7c15)
		i, rank := Locate(element[:])
		if all[i] < rank {
			all[i] = rank
			var ok bool
			if sparse, ok = sparse.Raise(i, rank); !ok {
				return fmt.Errorf("register %d of a sketch cannot be raised to %d", i, rank)
			}
		}
		if n < next {
			continue
		}
		next *= 10
		estimate, ok := sparse.Estimate()
		if plain := all.Estimate(); !ok || estimate != plain {
			return fmt.Errorf("a sketch estimates %d, its registers %d", estimate, plain)
		}
		if miss := math.Abs(float64(estimate) - float64(n)); miss > max(6*deviation*float64(n), 1) {
			return fmt.Errorf("%d elements are estimated to be %d", n, estimate)
		}
	}
	return nil
}
