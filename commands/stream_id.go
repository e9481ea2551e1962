package commands

import (
	"bytes"
	"math"
	"strconv"

	"switchyard/backends"
)

// A stream ID is <ms>-<seq>, or <ms> alone. Ranges also know - and +, and ( before an ID that is not part of
// the range; XADD knows <ms>-*.

// longestID is how much of an argument Redis looks at.
const longestID = 127

// parseStreamID reads an ID; seq is for one without a sequence.
func parseStreamID(arg []byte, seq uint64) (backends.StreamID, error) {
	id, given, err := parsePartialID(arg, seq)
	if err == nil && !given {
		err = ErrStreamID
	}
	return id, err
}

// untilZero is an argument as C reads it.
func untilZero(arg []byte) []byte {
	if i := bytes.IndexByte(arg, 0); i >= 0 {
		return arg[:i]
	}
	return arg
}

// parsePartialID is parseStreamID that takes <ms>-* as well, with 0 for the sequence that is not given.
func parsePartialID(arg []byte, seq uint64) (id backends.StreamID, seqGiven bool, err error) {
	if len(arg) > longestID {
		return id, false, ErrStreamID
	}
	ms, rest, dash := bytes.Cut(untilZero(arg), []byte("-"))
	var ok bool
	if id.Ms, ok = parseIDPart(ms); !ok {
		return id, false, ErrStreamID
	}
	switch {
	case !dash:
		id.Seq = seq
	case string(rest) == "*":
		return id, false, nil
	default:
		if id.Seq, ok = parseIDPart(rest); !ok {
			return id, false, ErrStreamID
		}
	}
	return id, true, nil
}

// parseIDPart reads a number that may be written as strtoull takes it, which Redis tries last: with spaces,
// a sign or zeros before it. But it takes no negative number that is properly written.
func parseIDPart(b []byte) (uint64, bool) {
	if n, ok := parseInt(b); ok {
		return uint64(n), n >= 0
	}
	b = bytes.TrimLeft(b, " \t\n\v\f\r")
	digits, negative := bytes.CutPrefix(b, []byte("-"))
	if !negative {
		digits = bytes.TrimPrefix(b, []byte("+"))
	}
	n, err := strconv.ParseUint(string(digits), 10, 64)
	if negative {
		n = -n
	}
	return n, err == nil
}

// parseRangeID reads an end of a range; seq is for one without a sequence.
func parseRangeID(arg []byte, seq uint64) (id backends.StreamID, exclusive bool, err error) {
	if exclusive = len(arg) > 1 && arg[0] == '('; exclusive {
		id, err = parseStreamID(arg[1:], seq)
		return id, true, err
	}
	id, err = parseAnyID(arg, seq)
	return id, false, err
}

// parseAnyID is parseStreamID that knows - and +.
func parseAnyID(arg []byte, seq uint64) (backends.StreamID, error) {
	switch string(untilZero(arg)) {
	case "-":
		return backends.StreamID{}, nil
	case "+":
		return backends.LastStreamID, nil
	}
	return parseStreamID(arg, seq)
}

// parseRangeStart reads the first ID of a range.
func parseRangeStart(arg []byte) (backends.StreamID, error) {
	id, exclusive, err := parseRangeID(arg, 0)
	if err != nil || !exclusive {
		return id, err
	}
	id, ok := id.Next()
	if !ok {
		return id, ErrStreamStart
	}
	return id, nil
}

// parseRangeEnd reads the last ID of a range.
func parseRangeEnd(arg []byte) (backends.StreamID, error) {
	id, exclusive, err := parseRangeID(arg, math.MaxUint64)
	if err != nil || !exclusive {
		return id, err
	}
	id, ok := id.Prev()
	if !ok {
		return id, ErrStreamEnd
	}
	return id, nil
}

// parseStreamIDs reads IDs, all before any is used.
func parseStreamIDs(args [][]byte) ([]backends.StreamID, error) {
	ids := make([]backends.StreamID, len(args))
	for i, arg := range args {
		var err error
		if ids[i], err = parseStreamID(arg, 0); err != nil {
			return nil, err
		}
	}
	return ids, nil
}

// streamID appends an ID.
func (c *Ctx) streamID(id backends.StreamID) {
	var buf [2*20 + 1]byte
	text := append(strconv.AppendUint(buf[:0], id.Ms, 10), '-')
	c.Bulk(strconv.AppendUint(text, id.Seq, 10))
}

// streamEntry appends an entry.
func (c *Ctx) streamEntry(id backends.StreamID, fields [][]byte) {
	c.Array(2)
	c.streamID(id)
	c.Array(len(fields))
	for _, f := range fields {
		c.Bulk(f)
	}
}

// entryAt appends the entry with an ID, or the ID alone, and says whether there is such an entry.
func (c *Ctx) entryAt(s backends.Stream, id backends.StreamID, justID bool) (found bool) {
	s.Each(id, id, false, func(id backends.StreamID, fields [][]byte) bool {
		if found = true; justID {
			c.streamID(id)
		} else {
			c.streamEntry(id, fields)
		}
		return false
	})
	return found
}

// entries appends the entries in [from, to], count of them at most; 0: all.
func (c *Ctx) entries(s backends.Stream, from, to backends.StreamID, back bool, count int64) {
	start, n := len(c.Buf), int64(0)
	s.Each(from, to, back, func(id backends.StreamID, fields [][]byte) bool {
		c.streamEntry(id, fields)
		n++
		return n != count
	})
	c.headAt(start, c.Array, int(n))
}
