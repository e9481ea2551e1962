package commands

import (
	"math"
	"math/rand/v2"

	"switchyard/backends"
)

// mostDraws bounds what a negative count can ask for: more elements than the collection has. Redis goes on
// until its output buffer is too large.
const mostDraws = 1 << 24

// drawsMany says whether a call for random elements asks for many.
func drawsMany(args [][]byte) bool {
	if len(args) < 3 {
		return false
	}
	n, ok := parseInt(args[2])
	return ok && (n > manyElements || n < -manyElements)
}

// draws reads the count of a call for random elements. A negative one allows an element to come twice.
func draws(arg []byte) (n int64, err error) {
	if n, err = integer(arg); err != nil {
		return 0, err
	}
	switch {
	case n == -n && n != 0:
		return 0, ErrNotNegatable
	case n < -mostDraws:
		return 0, ErrOutOfRange
	}
	return n, nil
}

// hrandfield reads [count [WITHVALUES]].
func hrandfield(c *Ctx, tx backends.Tx) error {
	if len(c.Args) == 2 {
		h, err := c.readHash(tx, c.Args[1])
		if err != nil {
			return err
		}
		field, _, ok := h.Random()
		c.BulkOrNull(field, ok)
		return nil
	}
	n, err := draws(c.Args[2])
	if err != nil {
		return err
	}
	withValues := len(c.Args) == 4 && equalFold(c.Args[3], "WITHVALUES")
	switch {
	case len(c.Args) > 3 && !withValues:
		return ErrSyntax
	case withValues && n > math.MaxInt64/2:
		return ErrOutOfRange
	}
	h, err := c.readHash(tx, c.Args[1])
	if err != nil {
		return err
	}
	c.randomFields(h, n, withValues)
	return nil
}

// randomFields replies with n fields, or with -n that may repeat.
func (c *Ctx) randomFields(h backends.Hash, n int64, withValues bool) {
	start, shown := len(c.Buf), 0
	show := func(field, value []byte) {
		shown++
		if withValues && c.Proto >= 3 {
			c.Array(2)
		}
		if c.Bulk(field); withValues {
			c.Bulk(value)
		}
	}
	if n < 0 {
		for range -n {
			if field, value, ok := h.Random(); ok {
				show(field, value)
			}
		}
	} else {
		eachRandomField(h, int(min(n, int64(h.Len()))), show)
	}
	if withValues && c.Proto < 3 {
		shown *= 2
	}
	c.headAt(start, c.Array, shown)
}

// eachRandomField visits n different fields. Where they are not nearly all it draws until it has them,
// and gives up doing so when most that it draws are there already.
func eachRandomField(h backends.Hash, n int, show func(field, value []byte)) {
	const few, tries = 3, 10 // as Redis: fewer than a third
	seen := map[string]struct{}{}
	if n*few < h.Len() {
		for range n * tries {
			field, value, ok := h.Random()
			if !ok || len(seen) == n {
				return
			}
			if _, again := seen[string(field)]; !again {
				seen[string(field)] = struct{}{}
				show(field, value)
			}
		}
	}
	var fields, values elements
	h.Each(func(field, value []byte) bool {
		if _, again := seen[string(field)]; !again {
			fields.add(field)
			values.add(value)
		}
		return true
	})
	for _, i := range rand.Perm(fields.len())[:min(n-len(seen), fields.len())] {
		show(fields.at(i), values.at(i))
	}
}

// elements are copies of many elements, which may outlive a write.
type elements struct {
	bytes []byte
	ends  []int
}

func (e *elements) len() int { return len(e.ends) }

func (e *elements) add(element []byte) {
	e.bytes = append(e.bytes, element...)
	e.ends = append(e.ends, len(e.bytes))
}

func (e *elements) at(i int) []byte {
	start := 0
	if i > 0 {
		start = e.ends[i-1]
	}
	return e.bytes[start:e.ends[i]:e.ends[i]]
}
