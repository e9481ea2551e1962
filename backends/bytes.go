package backends

import (
	"errors"
	"math"
	"strconv"
	"strings"
)

var errBytes = errors.New(`must be a size such as "0", "100mb" or "2gb"`)

// ParseBytes reads a size in Redis's notation: k, m and g are powers of 1000, kb, mb and gb powers
// of 1024, in either case.
func ParseBytes(s string) (int64, error) {
	s = strings.ToLower(strings.TrimSpace(s))
	digits := strings.TrimRight(s, "bgkm")
	unit := map[string]int64{
		"": 1, "b": 1, "k": 1000, "kb": 1 << 10, "m": 1e6, "mb": 1 << 20, "g": 1e9, "gb": 1 << 30,
	}[s[len(digits):]]
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil || unit == 0 || n < 0 || n > math.MaxInt64/unit {
		return 0, errBytes
	}
	return n * unit, nil
}
