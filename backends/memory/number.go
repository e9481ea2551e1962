package memory

import (
	"math"
	"strconv"
)

// parseInt reads b if it is exactly how a 64-bit integer is written.
func parseInt(b []byte) (n int64, ok bool) {
	digits := b
	if len(b) > 0 && b[0] == '-' {
		digits = b[1:]
	}
	if len(digits) == 0 || len(digits) > 19 || digits[0] == '0' && len(b) > 1 {
		return 0, false
	}
	var u uint64 // 19 digits cannot overflow it
	for _, c := range digits {
		if c < '0' || c > '9' {
			return 0, false
		}
		u = u*10 + uint64(c-'0')
	}
	if len(digits) < len(b) {
		return -int64(u), u <= 1<<63
	}
	return int64(u), u <= math.MaxInt64
}

// appendInt writes n into digits.
func appendInt(digits *[20]byte, n int64) []byte { return strconv.AppendInt(digits[:0], n, 10) }
