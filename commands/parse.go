package commands

import (
	"bytes"
	"math"
	"strconv"
)

// parseInt reads a signed 64-bit number as Redis does: digits and a minus, and nothing else; no
// leading zeros, no plus, no spaces.
func parseInt(b []byte) (int64, bool) {
	if len(b) == 0 || len(b) > 20 {
		return 0, false
	}
	if len(b) == 1 && b[0] == '0' {
		return 0, true
	}
	digits, negative := b, b[0] == '-'
	if negative {
		digits = b[1:]
	}
	if len(digits) == 0 || digits[0] < '1' || digits[0] > '9' {
		return 0, false
	}
	var n uint64
	for _, d := range digits {
		if d < '0' || d > '9' || n > math.MaxUint64/10 {
			return 0, false
		}
		next := n*10 + uint64(d-'0')
		if next < n*10 {
			return 0, false
		}
		n = next
	}
	if negative {
		return -int64(n), n <= 1<<63
	}
	return int64(n), n <= math.MaxInt64
}

// integer is parseInt with the error that most commands give.
func integer(b []byte) (int64, error) {
	n, ok := parseInt(b)
	if !ok {
		return 0, ErrNotInteger
	}
	return n, nil
}

// cursor reads a SCAN cursor, as leniently as strtoul does in Redis: leading zeros, a plus and even
// a minus pass, nothing at all is 0, and a zero byte ends it.
func cursor(b []byte) (uint64, error) {
	b, _, _ = bytes.Cut(b, []byte{0})
	if len(b) == 0 {
		return 0, nil
	}
	digits, negative := bytes.CutPrefix(b, []byte("-"))
	if !negative {
		digits = bytes.TrimPrefix(b, []byte("+"))
	}
	n, err := strconv.ParseUint(string(digits), 10, 64)
	if err != nil {
		return 0, ErrInvalidCursor
	}
	if negative {
		n = -n
	}
	return n, nil
}

// options walks over the optional arguments of a call.
type options struct {
	args [][]byte
	opt  []byte // the option at hand
}

// next moves to the next option and says whether there is one.
func (o *options) next() bool {
	if len(o.args) == 0 {
		return false
	}
	o.opt, o.args = o.args[0], o.args[1:]
	return true
}

// is compares the option at hand with an upper-case name.
func (o *options) is(name string) bool { return equalFold(o.opt, name) }

// value returns the argument of the option at hand.
func (o *options) value() ([]byte, error) {
	if len(o.args) == 0 {
		return nil, ErrSyntax
	}
	v := o.args[0]
	o.args = o.args[1:]
	return v, nil
}

// equalFold compares an argument with an upper-case ASCII word, ignoring case.
func equalFold(b []byte, upper string) bool {
	if len(b) != len(upper) {
		return false
	}
	for i := 0; i < len(upper); i++ {
		c := b[i]
		if 'a' <= c && c <= 'z' {
			c -= 'a' - 'A'
		}
		if c != upper[i] {
			return false
		}
	}
	return true
}
