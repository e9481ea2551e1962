package commands

import (
	"switchyard/backends"
)

// A range of scores, of members or of ranks becomes one of ranks, so all commands on ranges are one walk.
var zsetRangeRows = []*Row{
	{Name: "zrange", Arity: -4, Flags: Readonly, LongFor: zrangesFar, Keys: key("RO access"), Categories: "sortedset", Group: "sorted-set", Since: "1.2.0",
		Syntax:     "key start:string stop:string [BYSCORE | BYLEX] [REV] [LIMIT offset count] [WITHSCORES]",
		Complexity: "O(log(N)+M) in the number of members returned", Summary: "Returns a range of ranks, scores or members.", Run: zrange},
	{Name: "zrangestore", Arity: -5, Flags: Write | DenyOOM | Long, Keys: twoKeys("OW update", "RO access"), Categories: "sortedset", Group: "sorted-set", Since: "6.2.0",
		Syntax: "dst src min max [BYSCORE | BYLEX] [REV] [LIMIT offset count]", Complexity: "O(log(N)+M) in the number of members stored", Summary: "Stores a range of ranks, scores or members in another key.", Run: zrangestore},
	{Name: "zrangebyscore", Arity: -4, Flags: Readonly, LongFor: withoutLimit, Keys: key("RO access"), Categories: "sortedset", Group: "sorted-set", Since: "1.0.5",
		Syntax: "key min:double max:double [WITHSCORES] [LIMIT offset count]", Complexity: "O(log(N)+M) in the number of members returned", Summary: "Returns a range of scores.", Run: zrangebyscore},
	{Name: "zrevrangebyscore", Arity: -4, Flags: Readonly, LongFor: withoutLimit, Keys: key("RO access"), Categories: "sortedset", Group: "sorted-set", Since: "2.2.0",
		Syntax: "key max:double min:double [WITHSCORES] [LIMIT offset count]", Complexity: "O(log(N)+M) in the number of members returned", Summary: "Returns a range of scores from its end.", Run: zrevrangebyscore},
	{Name: "zrangebylex", Arity: -4, Flags: Readonly, LongFor: withoutLimit, Keys: key("RO access"), Categories: "sortedset", Group: "sorted-set", Since: "2.8.9",
		Syntax: "key min max [LIMIT offset count]", Complexity: "O(log(N)+M) in the number of members returned", Summary: "Returns a range of members with equal scores.", Run: zrangebylex},
	{Name: "zrevrangebylex", Arity: -4, Flags: Readonly, LongFor: withoutLimit, Keys: key("RO access"), Categories: "sortedset", Group: "sorted-set", Since: "2.8.9",
		Syntax: "key max min [LIMIT offset count]", Complexity: "O(log(N)+M) in the number of members returned", Summary: "Returns a range of members with equal scores from its end.", Run: zrevrangebylex},
	{Name: "zrevrange", Arity: -4, Flags: Readonly, LongFor: rangesFar, Keys: key("RO access"), Categories: "sortedset", Group: "sorted-set", Since: "1.2.0",
		Syntax: "key start stop [WITHSCORES]", Complexity: "O(log(N)+M) in the number of members returned", Summary: "Returns a range of ranks that count from the end.", Run: zrevrange},
	{Name: "zremrangebyrank", Arity: 4, Flags: Write, LongFor: rangesFar, Keys: key("RW delete"), Categories: "sortedset", Group: "sorted-set", Since: "2.0.0",
		Syntax: "key start stop", Complexity: "O(log(N)*M) in the number of members removed", Summary: "Removes a range of ranks.", Run: zremrangebyrank},
	{Name: "zremrangebyscore", Arity: 4, Flags: Write | Long, Keys: key("RW delete"), Categories: "sortedset", Group: "sorted-set", Since: "1.2.0",
		Syntax: "key min:double max:double", Complexity: "O(log(N)*M) in the number of members removed", Summary: "Removes a range of scores.", Run: zremrangebyscore},
	{Name: "zremrangebylex", Arity: 4, Flags: Write | Long, Keys: key("RW delete"), Categories: "sortedset", Group: "sorted-set", Since: "2.8.9",
		Syntax: "key min max", Complexity: "O(log(N)*M) in the number of members removed", Summary: "Removes a range of members with equal scores.", Run: zremrangebylex},
}

// zrangesFar: by rank it shows in the ranks, otherwise only a LIMIT bounds the reply.
func zrangesFar(args [][]byte) bool {
	for _, a := range args[4:] {
		if equalFold(a, "BYSCORE") || equalFold(a, "BYLEX") {
			return withoutLimit(args)
		}
	}
	return rangesFar(args)
}

func withoutLimit(args [][]byte) bool {
	for i := 4; i+2 < len(args); i++ {
		if equalFold(args[i], "LIMIT") {
			n, ok := parseInt(args[i+2])
			return ok && (n < 0 || n > manyElements)
		}
	}
	return true
}

// rangeBy is what the ends of a range are.
type rangeBy uint8

const (
	byAny rangeBy = iota // BYSCORE, BYLEX or neither says
	byRank
	byScore
	byLex
)

// direction is that of a walk through a range.
type direction uint8

const (
	anyWay direction = iota // REV says
	forward
	backward
)

// zrangeCall is a call of one of the commands that walk through a range.
type zrangeCall struct {
	by         rangeBy
	way        direction
	withScores bool
	offset     int64
	limit      int64 // -1: none
	scores     scoreRange
	lex        lexRange
	rank       rankRange
}

// ranks are the first rank in the range and the first behind it.
func (r *zrangeCall) ranks(z backends.ZSet) (from, to int) {
	switch r.by {
	case byScore:
		return r.scores.ranks(z)
	case byLex:
		return r.lex.ranks(z)
	default:
		return r.rank.ranks(z)
	}
}

func zrange(c *Ctx, tx backends.Tx) error { return c.walk(tx, zrangeCall{}) }

func zrevrange(c *Ctx, tx backends.Tx) error {
	return c.walk(tx, zrangeCall{by: byRank, way: backward})
}

func zrangebyscore(c *Ctx, tx backends.Tx) error {
	return c.walk(tx, zrangeCall{by: byScore, way: forward})
}

func zrevrangebyscore(c *Ctx, tx backends.Tx) error {
	return c.walk(tx, zrangeCall{by: byScore, way: backward})
}

func zrangebylex(c *Ctx, tx backends.Tx) error {
	return c.walk(tx, zrangeCall{by: byLex, way: forward})
}

func zrevrangebylex(c *Ctx, tx backends.Tx) error {
	return c.walk(tx, zrangeCall{by: byLex, way: backward})
}

// walk replies with the members in a range.
func (c *Ctx) walk(tx backends.Tx, r zrangeCall) error {
	if err := r.parse(c.Args[2:], false); err != nil {
		return err
	}
	z, err := c.readZSet(tx, c.Args[1])
	if err != nil {
		return err
	}
	first, n := r.bounds(z)
	withScores := r.withScores
	c.memberHead(n, withScores)
	if n > 0 {
		z.Each(first, r.way == backward, func(member []byte, score float64) (more bool) {
			c.member(member, score, withScores)
			n--
			return n > 0
		})
	}
	return nil
}

func zrangestore(c *Ctx, tx backends.Tx) error {
	r := zrangeCall{}
	if err := r.parse(c.Args[3:], true); err != nil {
		return err
	}
	z, err := c.readZSet(tx, c.Args[2])
	if err != nil {
		return err
	}
	first, n := r.bounds(z)
	return c.storeScored(tx, c.Args[1], takeRanked(z, first, n, r.way == backward), c.Row.Name)
}

// scored is a member with its score.
type scored struct {
	member string
	score  float64
}

// storeScored makes a key, whatever it holds, a sorted set, and replies with its length.
func (c *Ctx) storeScored(tx backends.Tx, key []byte, list []scored, event string) error {
	existed := tx.Delete(key)
	z, err := tx.ZSet(key)
	if err != nil {
		return err
	}
	for _, m := range list {
		z.Put([]byte(m.member), m.score)
	}
	c.notifyStored(existed, len(list), ZSetEvent, event, key)
	c.Int(int64(len(list)))
	return nil
}

// parse reads the ends of the range and the options behind them.
func (r *zrangeCall) parse(args [][]byte, store bool) (err error) {
	low, high := args[0], args[1]
	if err := r.parseOptions(args[2:], store); err != nil {
		return err
	}
	if r.by == byAny {
		r.by = byRank
	}
	switch {
	case r.limit != -1 && r.by == byRank:
		return ErrLimitByRank
	case r.withScores && r.by == byLex:
		return ErrWithScoresByLex
	}
	if r.way == backward && r.by != byRank {
		low, high = high, low
	}
	switch r.by {
	case byScore:
		r.scores, err = parseScoreRange(low, high)
	case byLex:
		r.lex, err = parseLexRange(low, high)
	default:
		r.offset = 0 // LIMIT n -1 is allowed, and nobody looks at n
		r.rank, err = parseRankRange(low, high)
	}
	return err
}

func (r *zrangeCall) parseOptions(args [][]byte, store bool) (err error) {
	r.limit = -1
	for o := (options{args: args}); o.next(); {
		switch {
		case !store && o.is("WITHSCORES"):
			r.withScores = true
		case o.is("LIMIT") && len(o.args) >= 2:
			if r.offset, err = integer(o.args[0]); err != nil {
				return err
			}
			if r.limit, err = integer(o.args[1]); err != nil {
				return err
			}
			o.args = o.args[2:]
		case r.way == anyWay && o.is("REV"):
			r.way = backward
		case r.by == byAny && o.is("BYLEX"):
			r.by = byLex
		case r.by == byAny && o.is("BYSCORE"):
			r.by = byScore
		default:
			return ErrSyntax
		}
	}
	return nil
}

// bounds are the rank at which the walk begins, and how many members it visits.
func (r *zrangeCall) bounds(z backends.ZSet) (first, n int) {
	from, to := r.ranks(z)
	n = to - from
	if r.offset < 0 || r.offset >= int64(n) {
		return 0, 0
	}
	n -= int(r.offset)
	if r.limit >= 0 {
		n = int(min(int64(n), r.limit))
	}
	switch {
	case r.way != backward:
		return from + int(r.offset), n
	case r.by == byRank: // which count from the end
		return z.Len() - 1 - from, n
	default:
		return to - 1 - int(r.offset), n
	}
}

func zremrangebyrank(c *Ctx, tx backends.Tx) error {
	r, err := parseRankRange(c.Args[2], c.Args[3])
	if err != nil {
		return err
	}
	return c.removeRange(tx, r.ranks)
}

func zremrangebyscore(c *Ctx, tx backends.Tx) error {
	r, err := parseScoreRange(c.Args[2], c.Args[3])
	if err != nil {
		return err
	}
	return c.removeRange(tx, r.ranks)
}

func zremrangebylex(c *Ctx, tx backends.Tx) error {
	r, err := parseLexRange(c.Args[2], c.Args[3])
	if err != nil {
		return err
	}
	return c.removeRange(tx, r.ranks)
}

func (c *Ctx) removeRange(tx backends.Tx, ranks func(backends.ZSet) (from, to int)) error {
	z, err := tx.ZSet(c.Args[1])
	if err != nil {
		return err
	}
	from, to := ranks(z)
	c.removeRanked(tx, c.Args[1], z, takeRanked(z, from, to-from, false), c.Row.Name)
	c.Int(int64(to - from))
	return nil
}

// takeRanked reads n members from a rank on, or back from it.
func takeRanked(z backends.ZSet, rank, n int, back bool) (list []scored) {
	if n == 0 {
		return nil
	}
	list = make([]scored, 0, n)
	z.Each(rank, back, func(member []byte, score float64) bool {
		list = append(list, scored{string(member), score})
		return len(list) < n
	})
	return list
}

// removeRanked removes members from the sorted set at a key. All of them at once are the key.
func (c *Ctx) removeRanked(tx backends.Tx, key []byte, z backends.ZSet, list []scored, event string) {
	if len(list) == 0 {
		return
	}
	left := z.Len() - len(list)
	c.notifyLess(left, ZSetEvent, event, key)
	if left == 0 {
		tx.Delete(key)
		return
	}
	for _, m := range list {
		z.Remove([]byte(m.member))
	}
}
