package transport

import (
	"fmt"
	"testing"
)

func TestAnOrdinaryRequestIsTakenInPlace(t *testing.T) {
	data := []byte(array("SET", "k", "") + array("PING"))
	args, rest, ok := testLimits.Ordinary(data, nil)
	if !ok || fmt.Sprintf("%q", args) != `["SET" "k" ""]` || string(rest) != array("PING") {
		t.Fatalf("%q, %q, %v", args, rest, ok)
	}
	scratch := make([][]byte, 0, 8)
	if n := testing.AllocsPerRun(100, func() { scratch, _, _ = testLimits.Ordinary(data, scratch[:0]) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// FuzzOrdinary checks that what is taken in place is what the scanner would have made of it.
func FuzzOrdinary(f *testing.F) {
	for _, c := range accepted {
		f.Add([]byte(c.in))
	}
	for _, in := range []string{"*01\r\n$4\r\nPING\r\n", "*1\r\n$04\r\nPING\r\n", "*1\r\n$+4\r\nPING\r\n", "*1\r\n$4\r\nPINGxx", "*0\r\n", "*2\r\n$4\r\nPING\r\n"} {
		f.Add([]byte(in))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		args, rest, ok := testLimits.Ordinary(data, nil)
		if !ok {
			return
		}
		s := Scanner{Limits: testLimits}
		out, left, err := s.ScanOne(nil, data, true)
		if err != nil || !s.Between() || string(left) != string(rest) || string(out) != string(data[:len(data)-len(rest)]) {
			t.Fatalf("%q was taken as %q, but scanned as %q, %q, %v", data, args, out, left, err)
		}
	})
}
