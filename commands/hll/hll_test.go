package hll

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"
)

// That the bytes are Redis's is shown in package commands, next to a real one.

// TestASketchHoldsTheHighestRanks raises registers at random, beside a plain array of them.
func TestASketchHoldsTheHighestRanks(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Log("seed", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	for _, width := range []int{3, 50, 2000, Size} {
		for _, highest := range []int{1, 3, 32, 51} {
			s, model := New(), Registers{}
			for range 3000 {
				i, rank := r.IntN(width), byte(1+r.IntN(highest))
				wasDense := s.Dense()
				var ok bool
				if s, ok = s.Raise(i, rank); !ok {
					t.Fatal("corrupted")
				}
				model[i] = max(model[i], rank)
				if got, ok := s.Register(i); got != model[i] || !ok {
					t.Fatalf("register %d is %d, %v, not %d", i, got, ok, model[i])
				}
				if wasDense && !s.Dense() || !s.Valid() || !s.Dense() && len(s) > maxSparseSize {
					t.Fatalf("%d bytes, dense %v after %v", len(s), s.Dense(), wasDense)
				}
			}
			checkRegisters(t, s, &model)
		}
	}
}

func checkRegisters(t *testing.T, s Sketch, want *Registers) {
	t.Helper()
	var got Registers
	if !got.Add(s) || got != *want {
		t.Fatal("the registers are others")
	}
	d, ok := s.ToDense()
	if !ok || !d.Valid() || !d.Dense() {
		t.Fatal("it cannot be made dense")
	}
	if !bytes.Equal(d, want.Dense(s)) {
		t.Fatal("as a dense one it is another one")
	}
	for i, value := range want {
		if v, ok := d.Register(i); v != value || !ok {
			t.Fatalf("register %d of the dense one is %d", i, v)
		}
	}
	a, _ := s.Estimate()
	b, _ := d.Estimate()
	if c := want.Estimate(); a != b || b != c {
		t.Fatalf("the estimates are %d, %d and %d", a, b, c)
	}
}

func TestEstimatesAreClose(t *testing.T) {
	s := New()
	for n := 1; n <= 1_000_000; n++ {
		s, _ = s.Raise(Locate(fmt.Appendf(nil, "element %d", n)))
		if n != 1 && n != 10 && n%(1+n/4) != 0 {
			continue
		}
		got, _ := s.Estimate()
		if off := math.Abs(float64(got) - float64(n)); off > 1+0.03*float64(n) {
			t.Errorf("%d elements count as %d", n, got)
		}
	}
}

func TestTheEstimateOfImpossibleRegistersIsThatOfRedis(t *testing.T) {
	var r Registers
	for _, value := range []byte{51, 63} {
		for i := range r {
			r[i] = value
		}
		if got := r.Estimate(); got != 1<<63 {
			t.Errorf("with %d everywhere: %d", value, got)
		}
	}
}

func TestRunsThatDoNotAddUpAreFound(t *testing.T) {
	for name, runs := range map[string]string{
		"none":                       "",
		"one register too few":       "\x7f\xfe",
		"one zero too many":          "\x7f\xff\x00",
		"one value too many":         "\x7f\xff\x80",
		"a long run too many":        "\x7f\xff\x7f\xff",
		"a value that ends too late": "\x7f\xfd\x83",
		"cut off":                    "\x40\xfe\x7f",
	} {
		s := append(New()[:headerSize:headerSize], runs...)
		before := bytes.Clone(s)
		var r Registers
		_, estimated := s.Estimate()
		_, converted := s.ToDense()
		_, raised := s.Raise(0, 40)
		if r.Add(s) || estimated || converted || raised {
			t.Errorf("runs with %s are read", name)
		}
		if !bytes.Equal(s, before) {
			t.Errorf("runs with %s are changed", name)
		}
	}
}

// FuzzSketch: whatever the bytes, what is read agrees, and nothing is read or written beyond them.
func FuzzSketch(f *testing.F) {
	f.Add([]byte(New()), uint16(0), uint8(1))
	f.Add([]byte(append(New()[:headerSize:headerSize], "\x40\x00\x83\x84\x84\x7f\xf3"...)), uint16(5), uint8(2))
	d, _ := New().ToDense()
	f.Add([]byte(d), uint16(Size-1), uint8(51))
	f.Fuzz(func(t *testing.T, b []byte, register uint16, rank uint8) {
		s := Sketch(bytes.Clone(b))
		if !s.Valid() {
			return
		}
		i, v := int(register)%Size, 1+rank%maxRank
		var before Registers
		whole := before.Add(s)
		if _, ok := s.Estimate(); ok != whole {
			t.Fatalf("Estimate says %v, Add %v", ok, whole)
		}
		old, there := s.Register(i)
		if whole && (!there || old != before[i]) {
			t.Fatalf("register %d is %d, %v, not %d", i, old, there, before[i])
		}
		s.AppendText(nil)
		after, ok := s.Raise(i, v)
		if whole && !ok || ok && !there || len(after) > max(len(b)+3, denseSize) {
			t.Fatalf("raised %v, %d bytes of %d", ok, len(after), len(b))
		}
		if !ok {
			if !bytes.Equal(after, b) {
				t.Fatal("a refused change changes")
			}
			return
		}
		if whole {
			before[i] = max(before[i], v)
			checkRegisters(t, after, &before)
		}
	})
}

func BenchmarkEstimate(b *testing.B) {
	s := New()
	for n := range 100_000 {
		s, _ = s.Raise(Locate(fmt.Append(nil, n)))
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, ok := s.Estimate(); !ok {
			b.Fatal("corrupted")
		}
	}
}

func BenchmarkRaiseSparse(b *testing.B) {
	s := New()
	for n := range 1000 {
		s, _ = s.Raise(Locate(fmt.Append(nil, n)))
	}
	b.ReportAllocs()
	for n := 0; b.Loop(); n++ {
		c := Sketch(bytes.Clone(s))
		if _, ok := c.Raise(n%Size, 30); !ok {
			b.Fatal("corrupted")
		}
	}
}

func TestTheSelfTestPasses(t *testing.T) {
	if err := SelfTest(); err != nil {
		t.Error(err)
	}
}
