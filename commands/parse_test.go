package commands

import (
	"math"
	"strconv"
	"testing"
)

func FuzzParseInt(f *testing.F) {
	for _, s := range []string{"0", "-0", "00", "1", "-1", "+1", " 1", "9223372036854775807", "9223372036854775808", "-9223372036854775808",
		"-9223372036854775809", "18446744073709551616", "99999999999999999999", "-99999999999999999999", "1_0", "0x1", ""} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		n, ok := parseInt(b)
		want, err := strconv.ParseInt(string(b), 10, 64)
		// Redis reads only what it would write.
		wantOK := err == nil && strconv.FormatInt(want, 10) == string(b)
		if ok != wantOK || ok && n != want {
			t.Errorf("%q is %d, %v; not %d, %v", b, n, ok, want, wantOK)
		}
	})
}

func FuzzCursor(f *testing.F) {
	for _, s := range []string{"0", "-1", "+5", "007", "18446744073709551615", "18446744073709551616", "", "\x00", "1\x002", "--1", " 1"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if n, err := cursor(b); err != nil && n != 0 {
			t.Errorf("%q is %d and %v", b, n, err)
		}
	})
}

func TestCursorsAreReadAsByStrtoul(t *testing.T) {
	for text, want := range map[string]uint64{
		"0": 0, "": 0, "\x00": 0, "007": 7, "+7": 7, "-1": math.MaxUint64, "18446744073709551615": math.MaxUint64, "12\x00x": 12,
	} {
		if got, err := cursor([]byte(text)); got != want || err != nil {
			t.Errorf("%q is %d, %v; not %d", text, got, err, want)
		}
	}
	for _, text := range []string{" 1", "1 ", "x", "-", "+", "+-1", "--1", "1.0", "0x1", "18446744073709551616", "1_0"} {
		if got, err := cursor([]byte(text)); err != ErrInvalidCursor {
			t.Errorf("%q is %d, %v", text, got, err)
		}
	}
}

func TestWordsAreComparedWithoutCase(t *testing.T) {
	for word, want := range map[string]bool{"EX": true, "ex": true, "eX": true, "": false, "E": false, "EXX": false, "E\x18": false, "%X": false} {
		if equalFold([]byte(word), "EX") != want {
			t.Errorf("%q: %v", word, !want)
		}
	}
}
