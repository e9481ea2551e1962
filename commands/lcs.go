package commands

import (
	"slices"

	"switchyard/backends"
)

var lcsRows = []*Row{
	{Name: "lcs", Arity: -3, Flags: Readonly | Long, Keys: []KeySpec{{1, 1, 1, "RO access"}}, Categories: "string", Group: "string", Since: "7.0.0",
		Syntax: "key1 key2 [LEN] [IDX] [MINMATCHLEN len] [WITHMATCHLEN]", Complexity: "O(N*M) in the lengths of the two strings", Summary: "Finds the longest common subsequence of two strings.", Run: lcs},
}

func lcs(c *Ctx, tx backends.Tx) error {
	first, err := c.readString(tx, c.Args[1])
	second, err2 := c.readString(tx, c.Args[2])
	if err != nil || err2 != nil {
		return ErrLCSType
	}
	o, err := parseLCS(c.Args[3:])
	if err != nil {
		return err
	}
	a, b := first.Bytes(), second.Bytes()
	// Redis needs four bytes for each pair of positions. The table here is smaller, but the time that
	// it takes to fill it is bounded in the same way.
	if pairs := int64(len(a)+1) * int64(len(b)+1); pairs > c.Server.MaxStringLength()/4 {
		return ErrLCSMemory
	}
	if o.length {
		c.Int(int64(newLCSTable(a, b, false).length))
		return nil
	}
	t := newLCSTable(a, b, true)
	ranges := t.ranges()
	if !o.indexes {
		c.Bulk(commonText(a, ranges))
		return nil
	}
	ranges = slices.DeleteFunc(ranges, func(r lcsRange) bool { return int64(r.length) < o.shortest })
	c.Map(2)
	c.Text("matches")
	c.Array(len(ranges))
	for _, r := range ranges {
		c.lcsRange(r, o.withLength)
	}
	c.Text("len")
	c.Int(int64(t.length))
	return nil
}

type lcsOptions struct {
	length, indexes, withLength bool
	shortest                    int64
}

func parseLCS(args [][]byte) (l lcsOptions, err error) {
	for o := (options{args: args}); o.next(); {
		switch {
		case o.is("IDX"):
			l.indexes = true
		case o.is("LEN"):
			l.length = true
		case o.is("WITHMATCHLEN"):
			l.withLength = true
		case o.is("MINMATCHLEN") && len(o.args) > 0:
			arg, _ := o.value() // there is one
			if l.shortest, err = integer(arg); err != nil {
				return l, err
			}
		default:
			return l, ErrSyntax
		}
	}
	if l.length && l.indexes {
		return l, ErrLCSBoth
	}
	return l, nil
}

// lcsRange is a run of bytes that both strings have in common.
type lcsRange struct{ a, b, length int }

func (c *Ctx) lcsRange(r lcsRange, withLength bool) {
	parts := 2
	if withLength {
		parts = 3
	}
	c.Array(parts)
	for _, start := range []int{r.a, r.b} {
		c.Array(2)
		c.Int(int64(start))
		c.Int(int64(start + r.length - 1))
	}
	if withLength {
		c.Int(int64(r.length))
	}
}

// commonText joins the ranges, which are in order from the end.
func commonText(a []byte, ranges []lcsRange) (text []byte) {
	for _, r := range slices.Backward(ranges) {
		text = append(text, a[r.a:r.a+r.length]...)
	}
	return text
}

// lcsTable is the classic table of the lengths for all beginnings of a and b. Only two rows of it exist
// at a time; to walk back through it, one bit for each pair of lengths says where the longer one was.
type lcsTable struct {
	a, b   []byte
	length int
	up     []uint64 // the bit i*len(b)+j: without a[i] there is more in common than without b[j]
}

func newLCSTable(a, b []byte, toWalk bool) *lcsTable {
	t := &lcsTable{a: a, b: b}
	if toWalk {
		t.up = make([]uint64, (len(a)*len(b)+63)/64)
	}
	above, row := make([]uint32, len(b)+1), make([]uint32, len(b)+1)
	for i := range a {
		for j := range b {
			switch {
			case a[i] == b[j]:
				row[j+1] = above[j] + 1
			case above[j+1] > row[j]:
				row[j+1] = above[j+1]
				if toWalk {
					at := i*len(b) + j
					t.up[at/64] |= 1 << (at % 64)
				}
			default:
				row[j+1] = row[j]
			}
		}
		above, row = row, above
	}
	t.length = int(above[len(b)])
	return t
}

// ranges walks back from the ends of both strings, and turns where Redis does.
func (t *lcsTable) ranges() (found []lcsRange) {
	i, j, open := len(t.a)-1, len(t.b)-1, false
	for i >= 0 && j >= 0 {
		if t.a[i] == t.b[j] {
			if open {
				last := &found[len(found)-1]
				*last = lcsRange{i, j, last.length + 1}
			} else {
				found = append(found, lcsRange{i, j, 1})
			}
			open = true
			i, j = i-1, j-1
			continue
		}
		open = false
		if at := i*len(t.b) + j; t.up[at/64]>>(at%64)&1 == 1 {
			i--
		} else {
			j--
		}
	}
	return found
}
