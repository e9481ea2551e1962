package commands

import (
	"bytes"
	"cmp"
	"math"
	"slices"
	"strings"

	"switchyard/backends"
)

// sortWide: BY and GET read keys that are made of a pattern and an element. Nobody can name them before the
// list is open, so such a call has every key; without patterns it has but its own.
const byAndGet = "The keys that BY and GET make of the elements found."

var sortRows = []*Row{
	{Name: "sort", Arity: -2, Flags: Write | DenyOOM | Long, Wide: sortWide, MoreKeys: sortTarget, Keys: []KeySpec{
		{1, 0, 1, "RO access"}, {0, Unknown, 1, "RO access"}, {0, Unknown, 1, "OW update"},
	}, KeyNotes: []string{"", byAndGet, "The key behind STORE, which may be anywhere among the options."}, Categories: "set sortedset list dangerous", Group: "generic", Since: "1.0.0",
		Syntax:     "key [BY pattern#1] [LIMIT offset count] [GET pattern#1 [GET pattern#1 ...]] [ASC | DESC] [ALPHA] [STORE destination#2]",
		Complexity: "O(N*log(N)) in the number of elements", Summary: "Sorts the elements of a list, set or sorted set, and may store the result.", Run: sortElements},
	{Name: "sort_ro", Arity: -2, Flags: Readonly | Long | Rewrites, Wide: sortWide, Keys: []KeySpec{
		{1, 0, 1, "RO access"}, {0, Unknown, 1, "RO access"},
	}, KeyNotes: []string{"", byAndGet}, Categories: "set sortedset list dangerous", Group: "generic", Since: "7.0.0",
		Syntax:     "key [BY pattern#1] [LIMIT offset count] [GET pattern#1 [GET pattern#1 ...]] [ASC | DESC] [ALPHA]",
		Complexity: "O(N*log(N)) in the number of elements", Summary: "Sorts the elements of a list, set or sorted set.", Run: sortElements},
}

// sortOptions are the arguments of SORT after the key.
type sortOptions struct {
	by            []byte   // the pattern of the keys with the weights; nil: the elements are that
	unsorted      bool     // some BY was no pattern
	gets          [][]byte // patterns; none: the elements themselves
	desc, alpha   bool
	offset, limit int64
	store         []byte // nil: reply
}

// parse reads the options. A wrong one ends it, with what came before being read.
func (s *sortOptions) parse(args [][]byte, readonly bool) (err error) {
	s.limit = -1
	for o := (options{args: args}); o.next(); {
		var arg []byte
		if len(o.args) > 0 {
			arg = o.args[0]
		}
		switch {
		case o.is("ASC"):
			s.desc = false
			continue
		case o.is("DESC"):
			s.desc = true
			continue
		case o.is("ALPHA"):
			s.alpha = true
			continue
		case len(o.args) == 0:
			return ErrSyntax
		case o.is("LIMIT") && len(o.args) > 1:
			if s.offset, err = integer(arg); err != nil {
				return err
			}
			if s.limit, err = integer(o.args[1]); err != nil {
				return err
			}
			o.args = o.args[1:]
		case o.is("STORE") && !readonly:
			s.store = arg
		case o.is("BY"):
			s.by = arg
			s.unsorted = s.unsorted || !isPattern(arg)
		case o.is("GET"):
			s.gets = append(s.gets, arg)
		default:
			return ErrSyntax
		}
		o.args = o.args[1:]
	}
	return nil
}

func sortWide(args [][]byte) bool {
	for i := 2; i+1 < len(args); i++ {
		if (equalFold(args[i], "BY") || equalFold(args[i], "GET")) && isPattern(args[i+1]) {
			return true
		}
	}
	return false
}

// sortTarget finds the last STORE, as COMMAND GETKEYS does: even in a call that is wrong otherwise.
func sortTarget(dst, args [][]byte) [][]byte {
	var target []byte
	for i := 2; i < len(args); i++ {
		switch {
		case equalFold(args[i], "LIMIT"):
			i += 2
		case equalFold(args[i], "GET"), equalFold(args[i], "BY"):
			i++
		case equalFold(args[i], "STORE") && i+1 < len(args):
			i++
			target = args[i]
		}
	}
	if target == nil {
		return dst
	}
	return append(dst, target)
}

func sortElements(c *Ctx, tx backends.Tx) error {
	var s sortOptions
	if err := s.parse(c.Args[2:], c.Row.Flags&Readonly != 0); err != nil {
		return err
	}
	items, err := s.load(c, tx, c.Args[1])
	if err != nil {
		return err
	}
	if !s.unsorted {
		if err := s.weigh(c, tx, items); err != nil {
			return err
		}
		s.sort(items)
	}
	from, n := s.part(len(items))
	items = items[from : from+n]
	if s.store == nil {
		s.reply(c, tx, items)
		return nil
	}
	return s.keep(c, tx, items)
}

// sortItem is an element on its way.
type sortItem struct {
	element []byte
	score   float64
	text    []byte // the weight of an ALPHA with BY; nil: there is none
}

// load reads the elements.
func (s *sortOptions) load(c *Ctx, tx backends.Tx, name []byte) (items []sortItem, err error) {
	left := math.MaxInt
	add := func(element []byte) bool {
		items = append(items, sortItem{element: bytes.Clone(element)})
		left--
		return left > 0
	}
	switch c.typeOf(tx, name) {
	case backends.None, backends.ListType:
		var l backends.List
		if l, err = tx.List(name); err == nil {
			var from int
			if from, left = s.window(l.Len()); left > 0 {
				l.Each(from, s.backwards(), add)
			}
		}
	case backends.ZSetType:
		var z backends.ZSet
		if z, err = c.expanded(tx, name); err == nil {
			var from int
			if from, left = s.window(z.Len()); left > 0 {
				z.Each(from, s.backwards(), func(member []byte, _ float64) bool { return add(member) })
			}
		}
	case backends.SetType:
		var set backends.Set
		if set, err = tx.Set(name); err == nil {
			set.Each(add)
		}
		if s.unsorted && s.store != nil {
			s.unsorted, s.alpha, s.by = false, true, nil // what is stored must not depend on chance
		}
	default:
		err = backends.ErrWrongType
	}
	return items, err
}

// expanded opens a sorted set that is a skiplist, or becomes one: Redis sorts no listpack.
func (c *Ctx) expanded(tx backends.Tx, name []byte) (backends.ZSet, error) {
	z, err := tx.ZSet(name)
	if err != nil || tx.Encoding(name) == "skiplist" {
		return z, err
	}
	may, err := c.rewrites()
	if may {
		z.Expand()
	}
	return z, err
}

// backwards is how a list or a sorted set is read. Without sorting its order is that of the reply.
func (s *sortOptions) backwards() bool { return s.unsorted && s.desc }

// window is where to begin to read n elements that have an order, and how many are needed: without
// sorting only those that LIMIT leaves, which is done with then.
func (s *sortOptions) window(n int) (from, count int) {
	if !s.unsorted {
		return 0, n
	}
	from, count = s.part(n)
	s.offset, s.limit = 0, -1
	if s.desc {
		from = n - 1 - from
	}
	return from, count
}

// part is what LIMIT leaves of n elements.
func (s *sortOptions) part(n int) (from, count int) {
	from = int(min(max(s.offset, 0), int64(n)))
	count = n - from
	if s.limit >= 0 {
		count = int(min(s.limit, int64(count)))
	}
	return from, count
}

// weigh finds what the elements are to be compared by.
func (s *sortOptions) weigh(c *Ctx, tx backends.Tx, items []sortItem) error {
	if s.alpha && s.by == nil {
		return nil
	}
	bad := false
	for i := range items {
		it := &items[i]
		weight := it.element
		if s.by != nil {
			var ok bool
			if weight, ok = c.follow(tx, s.by, it.element); !ok {
				continue
			}
		}
		if s.alpha {
			it.text = append([]byte{}, weight...)
		} else {
			var ok bool
			it.score, ok = sortScore(weight)
			bad = bad || !ok
		}
	}
	if bad {
		return ErrSortScores
	}
	return nil
}

// follow returns what a pattern of BY or GET means for an element: the string at a key whose name has the
// element in the place of the first star, or with -> a field of the hash there.
func (c *Ctx) follow(tx backends.Tx, pattern, element []byte) (value []byte, ok bool) {
	if cString(pattern) == "#" {
		return element, true
	}
	if !isPattern(pattern) {
		return nil, false
	}
	star := bytes.IndexByte(pattern, '*')
	rest := pattern[star+1:]
	var field []byte
	if arrow := strings.Index(cString(rest), "->"); arrow >= 0 && len(cString(rest)) > arrow+2 {
		rest, field = rest[:arrow], rest[arrow+2:]
	}
	name := slices.Concat(pattern[:star], element, rest)
	switch t := c.typeOf(tx, name); {
	case field != nil && t == backends.HashType:
		if h, err := tx.Hash(name); err == nil {
			return h.Get(field)
		}
	case field == nil && t == backends.StringType:
		if s, err := tx.String(name); err == nil {
			return s.Bytes(), s.Exists()
		}
	}
	return nil, false // a key of another type is none
}

// isPattern says whether there is a star in an argument, as far as C reads it.
func isPattern(arg []byte) bool { return strings.Contains(cString(arg), "*") }

// sort keeps the order of equal elements, as the sort of the C library does that Redis calls. Redis
// compares with strcoll, which in the C locale is by bytes, up to a zero byte.
func (s *sortOptions) sort(items []sortItem) {
	collate := bytes.Compare
	if s.store == nil {
		collate = func(a, b []byte) int { return strings.Compare(cString(a), cString(b)) }
	}
	compare := func(a, b *sortItem) int {
		switch {
		case !s.alpha:
			return cmp.Or(cmp.Compare(a.score, b.score), bytes.Compare(a.element, b.element))
		case s.by == nil:
			return collate(a.element, b.element)
		case a.text == nil || b.text == nil:
			return there(a.text) - there(b.text)
		}
		return collate(a.text, b.text)
	}
	slices.SortStableFunc(items, func(a, b sortItem) int {
		if s.desc {
			return compare(&b, &a)
		}
		return compare(&a, &b)
	})
}

// there is 1 for a weight and 0 for none, which comes first.
func there(text []byte) int {
	if text == nil {
		return 0
	}
	return 1
}

// results visits what GET asks for, or the elements.
func (s *sortOptions) results(c *Ctx, tx backends.Tx, items []sortItem, fn func(value []byte, ok bool)) {
	for i := range items {
		if len(s.gets) == 0 {
			fn(items[i].element, true)
		}
		for _, pattern := range s.gets {
			fn(c.follow(tx, pattern, items[i].element))
		}
	}
}

func (s *sortOptions) reply(c *Ctx, tx backends.Tx, items []sortItem) {
	c.Array(len(items) * max(len(s.gets), 1))
	s.results(c, tx, items, c.BulkOrNull)
}

// keep makes a list of the results, after all of them were read: the key may be one that GET names.
func (s *sortOptions) keep(c *Ctx, tx backends.Tx, items []sortItem) error {
	var values [][]byte
	s.results(c, tx, items, func(value []byte, _ bool) { values = append(values, bytes.Clone(value)) })
	existed := tx.Delete(s.store)
	l, err := tx.List(s.store)
	if err != nil {
		return err
	}
	for _, value := range values {
		l.Push(false, value)
	}
	c.notifyStored(existed, len(values), ListEvent, "sortstore", s.store)
	c.Int(int64(len(values)))
	return nil
}

// sortScore reads a number as strtod does, up to a zero byte: nothing at all is 0. What is too large for a
// double is refused, and what is so small that digits of it are lost: strtod reports both.
func sortScore(b []byte) (score float64, ok bool) {
	text, _, _ := bytes.Cut(b, []byte{0})
	if len(text) == 0 {
		return 0, true
	}
	score, lost, ok := double(bytes.TrimLeft(text, " \t\n\v\f\r"))
	const smallest = 0x1p-1022
	return score, ok && !lost && (score == 0 || math.Abs(score) >= smallest)
}
