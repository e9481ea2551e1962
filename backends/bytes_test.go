package backends

import "testing"

func TestParseBytes(t *testing.T) {
	for text, want := range map[string]int64{
		"0": 0, "7": 7, "7b": 7, "1k": 1000, "1kb": 1024, "2MB": 2 << 20, "1m": 1e6, "1g": 1e9, " 1gb ": 1 << 30,
	} {
		if n, err := ParseBytes(text); err != nil || n != want {
			t.Errorf("%q: %d, %v, want %d", text, n, err, want)
		}
	}
	for _, text := range []string{"", "x", "-1", "1.5gb", "mb", "1bb", "1tb", "9223372036854775807kb"} {
		if n, err := ParseBytes(text); err == nil {
			t.Errorf("%q: %d", text, n)
		}
	}
}
