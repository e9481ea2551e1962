package commands

import (
	"math"
	"math/big"
	"strconv"
	"strings"

	"switchyard/backends"
)

var counterRows = []*Row{
	{Name: "incr", Arity: 2, Flags: Write | DenyOOM | Fast, Keys: key("RW access update"), Categories: "string", Group: "string", Since: "1.0.0",
		Syntax: "key", Complexity: "O(1)", Summary: "Adds one to an integer, which begins at 0.", Run: incr},
	{Name: "decr", Arity: 2, Flags: Write | DenyOOM | Fast, Keys: key("RW access update"), Categories: "string", Group: "string", Since: "1.0.0",
		Syntax: "key", Complexity: "O(1)", Summary: "Takes one from an integer, which begins at 0.", Run: decr},
	{Name: "incrby", Arity: 3, Flags: Write | DenyOOM | Fast, Keys: key("RW access update"), Categories: "string", Group: "string", Since: "1.0.0",
		Syntax: "key increment", Complexity: "O(1)", Summary: "Adds a number to an integer, which begins at 0.", Run: incrby},
	{Name: "decrby", Arity: 3, Flags: Write | DenyOOM | Fast, Keys: key("RW access update"), Categories: "string", Group: "string", Since: "1.0.0",
		Syntax: "key decrement", Complexity: "O(1)", Summary: "Takes a number from an integer, which begins at 0.", Run: decrby},
	{Name: "incrbyfloat", Arity: 3, Flags: Write | DenyOOM | Fast, Keys: key("RW access update"), Categories: "string", Group: "string", Since: "2.6.0",
		Syntax: "key increment:double", Complexity: "O(1)", Summary: "Adds to a floating-point number, which begins at 0.", Run: incrbyfloat},
}

func incr(c *Ctx, tx backends.Tx) error { return c.addInteger(tx, 1) }
func decr(c *Ctx, tx backends.Tx) error { return c.addInteger(tx, -1) }

func incrby(c *Ctx, tx backends.Tx) error {
	n, err := integer(c.Args[2])
	if err != nil {
		return err
	}
	return c.addInteger(tx, n)
}

func decrby(c *Ctx, tx backends.Tx) error {
	n, err := integer(c.Args[2])
	if err != nil {
		return err
	}
	if n == math.MinInt64 {
		return ErrDecrOverflow // it has no positive counterpart
	}
	return c.addInteger(tx, -n)
}

func (c *Ctx) addInteger(tx backends.Tx, by int64) error {
	s, err := tx.String(c.Args[1])
	if err != nil {
		return err
	}
	var n int64
	if s.Exists() {
		if n, err = integer(s.Bytes()); err != nil {
			return err
		}
	}
	if by > 0 && n > math.MaxInt64-by || by < 0 && n < math.MinInt64-by {
		return ErrOverflow
	}
	n += by
	c.notifyNew(!s.Exists(), StringEvent, "incrby", c.Args[1])
	s.Set(strconv.AppendInt(c.digits[:0], n, 10))
	c.Int(n)
	return nil
}

func incrbyfloat(c *Ctx, tx backends.Tx) error {
	s, err := tx.String(c.Args[1])
	if err != nil {
		return err
	}
	n := newLongDouble()
	if s.Exists() {
		if n, err = longDouble(s.Bytes()); err != nil {
			return err
		}
	}
	by, err := longDouble(c.Args[2])
	if err != nil {
		return err
	}
	if n.IsInf() || by.IsInf() {
		return ErrNaNOrInfinity
	}
	n.Add(n, by)
	if n.MantExp(nil) > maxLongDoubleExponent {
		return ErrNaNOrInfinity
	}
	text := formatLongDouble(n)
	c.notifyNew(!s.Exists(), StringEvent, "incrbyfloat", c.Args[1])
	s.SetAs([]byte(text), backends.Embedded)
	c.Text(text)
	return nil
}

// Redis computes INCRBYFLOAT in C's long double, which on x86 has a 64-bit significand: 0.1 + 0.2
// is 0.3 there. big.Float at that precision rounds in the same way.
const (
	longDoubleBits        = 64
	maxLongDoubleExponent = 16384
	minLongDoubleExponent = -16445
	// maxLongDoubleText is how many bytes Redis reads as one.
	maxLongDoubleText = 5<<10 - 1
	// maxExponentDigits keeps a hostile exponent such as 1e999999999 from costing anything.
	maxExponentDigits = 5
)

func newLongDouble() *big.Float { return new(big.Float).SetPrec(longDoubleBits) }

// longDouble reads a number as strtold does: decimal or hexadecimal, "inf" too. What overflows or
// vanishes is refused, as Redis refuses it.
func longDouble(b []byte) (*big.Float, error) {
	text := strings.ToLower(string(b))
	unsigned := strings.TrimPrefix(strings.TrimPrefix(text, "+"), "-")
	if len(text) > maxLongDoubleText || len(text)-len(unsigned) > 1 {
		return nil, ErrNotFloat
	}
	if unsigned == "inf" || unsigned == "infinity" {
		return newLongDouble().SetInf(text[0] == '-'), nil
	}
	number := splitNumber(unsigned)
	if !number.valid() {
		return nil, ErrNotFloat
	}
	if strings.Trim(number.mantissa, "0.") == "" {
		return newLongDouble(), nil // whatever its exponent
	}
	if len(strings.TrimLeft(number.exponent, "+-0")) > maxExponentDigits {
		return nil, ErrNotFloat
	}
	base := 10
	if number.hex {
		base = 0
	}
	n, _, err := big.ParseFloat(text, base, longDoubleBits, big.ToNearestEven)
	if err != nil || n.MantExp(nil) > maxLongDoubleExponent || vanishes(n) {
		return nil, ErrNotFloat
	}
	return n, nil
}

// vanishes says whether n rounds to zero, being at most half of the smallest long double.
func vanishes(n *big.Float) bool {
	exponent := n.MantExp(nil)
	return exponent < minLongDoubleExponent || exponent == minLongDoubleExponent && n.MinPrec() == 1
}

// cNumber is a number as C writes it, without its sign and in lower case.
type cNumber struct {
	mantissa, exponent string
	hasExponent, hex   bool
}

func splitNumber(text string) (n cNumber) {
	mark := "e"
	if n.mantissa, n.hex = strings.CutPrefix(text, "0x"); n.hex {
		mark = "p"
	}
	n.mantissa, n.exponent, n.hasExponent = strings.Cut(n.mantissa, mark)
	return n
}

// valid keeps from big.ParseFloat what it takes and C does not: underscores, octal and binary.
func (n cNumber) valid() bool {
	digits := "0123456789"
	if n.hasExponent {
		exponent := n.exponent
		if exponent != "" && (exponent[0] == '+' || exponent[0] == '-') {
			exponent = exponent[1:]
		}
		if exponent == "" || strings.Trim(exponent, digits) != "" {
			return false
		}
	}
	if n.hex {
		digits += "abcdef"
	}
	whole, fraction, _ := strings.Cut(n.mantissa, ".")
	both := whole + fraction
	return both != "" && strings.Trim(both, digits) == ""
}

// formatLongDouble prints as Redis does: 17 digits after the point, without trailing zeros.
func formatLongDouble(n *big.Float) string {
	text := n.Text('f', 17)
	text = strings.TrimRight(text, "0")
	text = strings.TrimSuffix(text, ".")
	if text == "-0" {
		return "0"
	}
	return text
}
