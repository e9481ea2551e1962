package commands

import (
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
	"time"

	"switchyard/integration/redistest"
)

// randomNumber has the form that C reads, most of the time.
func randomNumber(r *rand.Rand) string {
	sign := []string{"", "", "-", "+"}[r.IntN(4)]
	digits := func(alphabet string, longest int) string {
		b := make([]byte, r.IntN(longest+1))
		for i := range b {
			b[i] = alphabet[r.IntN(len(alphabet))]
		}
		return string(b)
	}
	switch r.IntN(6) {
	case 0:
		return sign + "0x" + digits("0123456789abcdefABCDEF", 20) + "." + digits("0123456789abcdef", 20) + "p" + strconv.Itoa(r.IntN(200)-100)
	case 1:
		return sign + digits("0123456789", 25) + "." + digits("0123456789", 25) + "e" + strconv.Itoa(r.IntN(80)-40)
	case 2:
		return sign + digits("0123456789", 3) + "." + digits("0123456789", 3) + "e" + strconv.Itoa(r.IntN(10000)-5000)
	case 3:
		return sign + strconv.FormatFloat(r.NormFloat64(), 'g', -1, 64)
	case 4:
		return digits("0123456789.eExXpP+-infatyINF_ ", 8)
	default:
		return sign + digits("0123456789", 19) + "." + digits("0123456789", 19)
	}
}

func TestSumsOfFloatingPointNumbersAreThoseOfRedis(t *testing.T) {
	redis := redistest.Start(t)
	p := newPair(t, redis.Addr, "2")
	seed := uint64(time.Now().UnixNano())
	r := rand.New(rand.NewPCG(seed, 0))
	for i := range 4000 {
		if i%4 == 0 {
			p.compare("SET", "k", randomNumber(r))
		}
		p.compare("INCRBYFLOAT", "k", randomNumber(r))
		if t.Failed() {
			t.Fatalf("seed %d, k is %q", seed, p.rig.do("GET", "k"))
		}
	}
}

func TestAHostileNumberCostsLittle(t *testing.T) {
	start := time.Now()
	for _, text := range []string{
		"1e99999", "1e-99999", "0x1p99999", "0x1p-99999", "1e999999999999", strings.Repeat("9", 5000) + "e-5000",
		"0." + strings.Repeat("0", 5000) + "1e5000", "0x" + strings.Repeat("f", 5000),
	} {
		n, err := longDouble([]byte(text))
		if err == nil {
			formatLongDouble(n)
		}
	}
	if took := time.Since(start); took > 5*time.Second {
		t.Errorf("took %v", took)
	}
}

func FuzzLongDouble(f *testing.F) {
	for _, s := range []string{"1", "-0", ".5", "5.", "0x1.8p3", "1e4932", "3.7e-4951", "inf", "-Infinity", "nan", "1e+", "0x", "1_0", "0b1", "0e99999999"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		n, err := longDouble(b)
		if err != nil || n.IsInf() {
			return
		}
		text := formatLongDouble(n)
		if strings.ContainsAny(text, "eEpPx") || text == "" || text == "-0" {
			t.Errorf("%q prints as %q", b, text)
		}
		again, err := longDouble([]byte(text))
		if len(text) <= maxLongDoubleText && err != nil {
			t.Fatalf("%q prints as %q: %v", b, text, err)
		}
		if n.MantExp(nil) > 0 && n.IsInt() && again.Cmp(n) != 0 {
			t.Errorf("%q prints as %q, which is another number", b, text)
		}
	})
}
