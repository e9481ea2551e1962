package commands

import (
	"bytes"
	"math"
	"strconv"
	"strings"

	"switchyard/backends"
)

// double reads a number as strtod does: decimal or hexadecimal, "inf" too. lost says that it was too large
// for a double, which makes it infinite, or so small that it became 0.
func double(b []byte) (f float64, lost, ok bool) {
	if f, ok = plainDecimal(b); ok {
		return f, false, true
	}
	text := strings.ToLower(string(b))
	unsigned := strings.TrimPrefix(strings.TrimPrefix(text, "+"), "-")
	if len(text)-len(unsigned) > 1 {
		return 0, false, false
	}
	if unsigned == "inf" || unsigned == "infinity" {
		sign := 1
		if text[0] == '-' {
			sign = -1
		}
		return math.Inf(sign), false, true
	}
	number := splitNumber(unsigned)
	if !number.valid() {
		return 0, false, false
	}
	if number.hex && !number.hasExponent {
		text += "p0"
	}
	f, err := strconv.ParseFloat(text, 64)
	lost = err != nil || f == 0 && strings.Trim(number.mantissa, "0.") != ""
	return f, lost, true
}

// plainDecimal reads what nearly all scores are, without allocating: so few digits that they and
// their power of ten are exact, and the quotient is rounded right.
func plainDecimal(b []byte) (f float64, ok bool) {
	const mostDigits = 15
	digits := b
	if len(b) > 0 && (b[0] == '-' || b[0] == '+') {
		digits = b[1:]
	}
	n, seen, fraction, point := int64(0), 0, 0, false
	for _, c := range digits {
		switch {
		case c == '.' && !point:
			point = true
		case '0' <= c && c <= '9' && seen < mostDigits:
			n, seen = n*10+int64(c-'0'), seen+1
			if point {
				fraction++
			}
		default:
			return 0, false
		}
	}
	f = float64(n) / powersOfTen[fraction]
	if len(digits) < len(b) && b[0] == '-' {
		f = -f
	}
	return f, seen > 0
}

var powersOfTen = [...]float64{1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15}

// float is double with the error that most commands give, which they give for numbers out of range as well.
func float(b []byte) (float64, error) {
	f, lost, ok := double(b)
	if !ok || lost {
		return 0, ErrNotFloat
	}
	return f, nil
}

// scoreBound is an end of a range of scores.
type scoreBound struct {
	score float64
	open  bool // the score itself is outside
}

// parseScoreBound is as lenient as zslParseRange of Redis: space may come first, a zero byte ends the number, one
// that is too large is infinite, and none at all is 0.
func parseScoreBound(b []byte) (s scoreBound, ok bool) {
	b, _, _ = bytes.Cut(b, []byte{0})
	b, s.open = bytes.CutPrefix(b, []byte("("))
	if len(b) == 0 {
		return s, true
	}
	s.score, _, ok = double(bytes.TrimLeft(b, " \t\n\v\f\r"))
	return s, ok
}

// scoreRange is a range of scores.
type scoreRange struct{ low, high scoreBound }

func parseScoreRange(low, high []byte) (r scoreRange, err error) {
	var okLow, okHigh bool
	r.low, okLow = parseScoreBound(low)
	r.high, okHigh = parseScoreBound(high)
	if !okLow || !okHigh {
		return r, ErrScoreRange
	}
	return r, nil
}

// ranks are the first rank in the range and the first behind it.
func (r scoreRange) ranks(z backends.ZSet) (from, to int) {
	from = z.Before(backends.Edge{Score: r.low.score, After: r.low.open})
	to = z.Before(backends.Edge{Score: r.high.score, After: !r.high.open})
	return from, max(from, to)
}

// lexBound is an end of a range of members whose scores are equal.
type lexBound struct {
	member []byte
	open   bool // the member itself is outside
	beyond int  // -1: before all members, 1: behind them
}

func parseLexBound(b []byte) (l lexBound, ok bool) {
	if len(b) == 0 {
		return l, false
	}
	alone := len(b) == 1 || b[1] == 0 // for Redis a zero byte ends it
	switch b[0] {
	case '-':
		return lexBound{beyond: -1}, alone
	case '+':
		return lexBound{beyond: 1}, alone
	case '(', '[':
		return lexBound{member: b[1:], open: b[0] == '('}, true
	}
	return l, false
}

// rank counts the members before the bound. behind: before what comes behind it.
func (l lexBound) rank(z backends.ZSet, behind bool) int {
	switch l.beyond {
	case -1:
		return 0
	case 1:
		return z.Len()
	}
	return z.Before(backends.Edge{Member: l.member, After: behind})
}

// lexRange is a range of members whose scores are equal. Among other members it is not defined what it has.
type lexRange struct{ low, high lexBound }

func parseLexRange(low, high []byte) (r lexRange, err error) {
	var okLow, okHigh bool
	r.low, okLow = parseLexBound(low)
	r.high, okHigh = parseLexBound(high)
	if !okLow || !okHigh {
		return r, ErrLexRange
	}
	return r, nil
}

// ranks are the first rank in the range and the first behind it.
func (r lexRange) ranks(z backends.ZSet) (from, to int) {
	from = r.low.rank(z, r.low.open)
	return from, max(from, r.high.rank(z, !r.high.open))
}

// rankRange is a range of ranks, which count from the end when negative. Both ends are in it.
type rankRange struct{ start, end int64 }

func parseRankRange(start, end []byte) (r rankRange, err error) {
	if r.start, err = integer(start); err == nil {
		r.end, err = integer(end)
	}
	return r, err
}

// ranks are the first rank in the range and the first behind it.
func (r rankRange) ranks(z backends.ZSet) (from, to int) {
	n := int64(z.Len())
	if r.start < 0 {
		r.start = max(0, r.start+n)
	}
	if r.end < 0 {
		r.end += n
	}
	r.end = min(r.end, n-1)
	if r.start > r.end {
		return 0, 0
	}
	return int(r.start), int(r.end) + 1
}
