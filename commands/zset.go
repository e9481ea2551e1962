package commands

import (
	"math"
	"math/rand/v2"
	"strconv"

	"switchyard/backends"
)

var zsetRows = []*Row{
	{Name: "zadd", Arity: -4, Flags: Write | DenyOOM | Fast, Keys: key("RW update"), Categories: "sortedset", Group: "sorted-set", Since: "1.2.0",
		Syntax:     "key [NX | XX] [GT | LT] [CH] [INCR] score member [score member ...]",
		Complexity: "O(log(N)) for each member", Summary: "Adds members to a sorted set, or changes their scores.", Run: zadd},
	{Name: "zincrby", Arity: 4, Flags: Write | DenyOOM | Fast, Keys: key("RW access update"), Categories: "sortedset", Group: "sorted-set", Since: "1.2.0",
		Syntax: "key increment member", Complexity: "O(log(N))", Summary: "Adds to the score of a member, which begins at 0.", Run: zincrby},
	{Name: "zrem", Arity: -3, Flags: Write | Fast, Keys: key("RW delete"), Categories: "sortedset", Group: "sorted-set", Since: "1.2.0",
		Syntax: "key member [member ...]", Complexity: "O(log(N)) for each member", Summary: "Removes members.", Run: zrem},
	{Name: "zcard", Arity: 2, Flags: Readonly | Fast, Keys: key("RO"), Categories: "sortedset", Group: "sorted-set", Since: "1.2.0",
		Syntax: "key", Complexity: "O(1)", Summary: "Counts the members.", Run: zcard},
	{Name: "zcount", Arity: 4, Flags: Readonly | Fast, Keys: key("RO access"), Categories: "sortedset", Group: "sorted-set", Since: "2.0.0",
		Syntax: "key min:double max:double", Complexity: "O(log(N))", Summary: "Counts the members in a range of scores.", Run: zcount},
	{Name: "zlexcount", Arity: 4, Flags: Readonly | Fast, Keys: key("RO access"), Categories: "sortedset", Group: "sorted-set", Since: "2.8.9",
		Syntax: "key min max", Complexity: "O(log(N))", Summary: "Counts the members in a range of members with equal scores.", Run: zlexcount},
	{Name: "zscore", Arity: 3, Flags: Readonly | Fast, Keys: key("RO access"), Categories: "sortedset", Group: "sorted-set", Since: "1.2.0",
		Syntax: "key member", Complexity: "O(1)", Summary: "Returns the score of a member.", Run: zscore},
	{Name: "zmscore", Arity: -3, Flags: Readonly | Fast, Keys: key("RO access"), Categories: "sortedset", Group: "sorted-set", Since: "6.2.0",
		Syntax: "key member [member ...]", Complexity: "O(1) for each member", Summary: "Returns the scores of members.", Run: zmscore},
	{Name: "zrank", Arity: -3, Flags: Readonly | Fast, Keys: key("RO access"), Categories: "sortedset", Group: "sorted-set", Since: "2.0.0",
		Syntax: "key member [WITHSCORE]", Complexity: "O(log(N))", Summary: "Returns how many members come before one.", Run: zrank},
	{Name: "zrevrank", Arity: -3, Flags: Readonly | Fast, Keys: key("RO access"), Categories: "sortedset", Group: "sorted-set", Since: "2.0.0",
		Syntax: "key member [WITHSCORE]", Complexity: "O(log(N))", Summary: "Returns how many members come behind one.", Run: zrevrank},
	{Name: "zrandmember", Arity: -2, Flags: Readonly, LongFor: drawsMany, Keys: key("RO access"), Categories: "sortedset", Group: "sorted-set", Since: "6.2.0",
		Tips:   []string{"nondeterministic_output"},
		Syntax: "key [count [WITHSCORES]]", Complexity: "O(log(N)) for each member returned", Summary: "Returns random members.", Run: zrandmember},
	{Name: "zscan", Arity: -3, Flags: Readonly | Long, Keys: key("RO access"), Categories: "sortedset", Group: "sorted-set", Since: "2.8.0",
		Tips:   []string{"nondeterministic_output"},
		Syntax: "key cursor [MATCH pattern] [COUNT count]", Complexity: "O(1) for each call", Summary: "Visits the members of a sorted set, some at each call.", Run: zscan, Relay: elementScanRelay},
}

// zaddFlags are the options of ZADD.
type zaddFlags struct{ nx, xx, gt, lt, ch, incr bool }

// conflict is what is wrong with them.
func (f zaddFlags) conflict(pairs int) error {
	switch {
	case f.nx && f.xx:
		return ErrXXandNX
	case f.gt && f.nx, f.lt && f.nx, f.gt && f.lt:
		return ErrGTLTandNX
	case f.incr && pairs > 1:
		return ErrIncrPairs
	}
	return nil
}

// option reads one of them, and says whether it is one.
func (f *zaddFlags) option(arg []byte) bool {
	for _, o := range []struct {
		name string
		on   *bool
	}{{"NX", &f.nx}, {"XX", &f.xx}, {"GT", &f.gt}, {"LT", &f.lt}, {"CH", &f.ch}, {"INCR", &f.incr}} {
		if equalFold(arg, o.name) {
			*o.on = true
			return true
		}
	}
	return false
}

// parse reads the options in front of the pairs, which it returns.
func (f *zaddFlags) parse(args [][]byte) (pairs [][]byte, err error) {
	for len(args) > 0 && f.option(args[0]) {
		args = args[1:]
	}
	if len(args) == 0 || len(args)%2 != 0 {
		return nil, ErrSyntax
	}
	return args, f.conflict(len(args) / 2)
}

func zadd(c *Ctx, tx backends.Tx) error    { return c.addScores(tx, zaddFlags{}) }
func zincrby(c *Ctx, tx backends.Tx) error { return c.addScores(tx, zaddFlags{incr: true}) }

// addScores reads ZINCRBY like ZADD with INCR, as Redis does.
func (c *Ctx) addScores(tx backends.Tx, f zaddFlags) error {
	pairs, err := f.parse(c.Args[2:])
	if err != nil {
		return err
	}
	for i := 0; i < len(pairs); i += 2 {
		if _, err := float(pairs[i]); err != nil {
			return err
		}
	}
	z, err := tx.ZSet(c.Args[1])
	if err != nil {
		return err
	}
	var sum zaddResult
	absent := z.Len() == 0
	for i := 0; i < len(pairs); i += 2 {
		score, _ := float(pairs[i]) // it was read before
		if err := sum.add(z, pairs[i+1], score, f); err != nil {
			return err
		}
	}
	c.notifyScores(absent, &sum, f)
	switch {
	case f.incr && sum.done:
		c.Double(sum.score)
	case f.incr:
		c.Null()
	case f.ch:
		c.Int(sum.added + sum.changed)
	default:
		c.Int(sum.added)
	}
	return nil
}

func (c *Ctx) notifyScores(absent bool, sum *zaddResult, f zaddFlags) {
	switch {
	case sum.added+sum.changed == 0:
	case f.incr:
		c.notifyNew(absent, ZSetEvent, "zincr", c.Args[1])
	default:
		c.notifyNew(absent, ZSetEvent, "zadd", c.Args[1])
	}
}

// zaddResult is what has come of some pairs.
type zaddResult struct {
	added, changed int64
	score          float64 // of the last member
	done           bool    // and the options let it have that
}

func (r *zaddResult) add(z backends.ZSet, member []byte, score float64, f zaddFlags) error {
	old, exists := z.Score(member)
	r.done = false
	if exists && f.nx || !exists && f.xx {
		return nil
	}
	if exists && f.incr {
		if score += old; math.IsNaN(score) {
			return ErrScoreNaN
		}
	}
	if exists && (f.lt && score >= old || f.gt && score <= old) {
		return nil
	}
	r.done, r.score = true, score
	switch {
	case !exists:
		r.added++
	case score != old:
		r.changed++
	default:
		return nil
	}
	z.Put(member, score)
	return nil
}

func zrem(c *Ctx, tx backends.Tx) error {
	z, err := tx.ZSet(c.Args[1])
	if err != nil {
		return err
	}
	n := int64(0)
	for _, member := range c.Args[2:] {
		if z.Remove(member) {
			n++
		}
	}
	if n > 0 {
		c.notifyLess(z.Len(), ZSetEvent, "zrem", c.Args[1])
	}
	c.Int(n)
	return nil
}

func zcard(c *Ctx, tx backends.Tx) error {
	z, err := c.readZSet(tx, c.Args[1])
	if err != nil {
		return err
	}
	c.Int(int64(z.Len()))
	return nil
}

func zcount(c *Ctx, tx backends.Tx) error {
	r, err := parseScoreRange(c.Args[2], c.Args[3])
	if err != nil {
		return err
	}
	return c.countRanks(tx, r.ranks)
}

func zlexcount(c *Ctx, tx backends.Tx) error {
	r, err := parseLexRange(c.Args[2], c.Args[3])
	if err != nil {
		return err
	}
	return c.countRanks(tx, r.ranks)
}

// countRanks replies how many members are in a range.
func (c *Ctx) countRanks(tx backends.Tx, ranks func(backends.ZSet) (from, to int)) error {
	z, err := c.readZSet(tx, c.Args[1])
	if err != nil {
		return err
	}
	from, to := ranks(z)
	c.Int(int64(to - from))
	return nil
}

func zscore(c *Ctx, tx backends.Tx) error {
	z, err := c.readZSet(tx, c.Args[1])
	if err != nil {
		return err
	}
	c.score(z, c.Args[2])
	return nil
}

func zmscore(c *Ctx, tx backends.Tx) error {
	z, err := c.readZSet(tx, c.Args[1])
	if err != nil {
		return err
	}
	c.Array(len(c.Args) - 2)
	for _, member := range c.Args[2:] {
		c.score(z, member)
	}
	return nil
}

// score replies with the score of a member, null when it is not there.
func (c *Ctx) score(z backends.ZSet, member []byte) {
	if score, ok := z.Score(member); ok {
		c.Double(score)
	} else {
		c.Null()
	}
}

func zrank(c *Ctx, tx backends.Tx) error    { return c.rank(tx, false) }
func zrevrank(c *Ctx, tx backends.Tx) error { return c.rank(tx, true) }

func (c *Ctx) rank(tx backends.Tx, back bool) error {
	if len(c.Args) > 4 {
		return wrongArity(c.Row.FullName)
	}
	withScore := len(c.Args) == 4
	if withScore && !equalFold(c.Args[3], "WITHSCORE") {
		return ErrSyntax
	}
	z, err := c.readZSet(tx, c.Args[1])
	if err != nil {
		return err
	}
	rank, ok := z.Rank(c.Args[2])
	if back {
		rank = z.Len() - 1 - rank
	}
	switch {
	case !ok && withScore:
		c.NullArray()
	case !ok:
		c.Null()
	case withScore:
		c.Array(2)
		c.Int(int64(rank))
		c.score(z, c.Args[2])
	default:
		c.Int(int64(rank))
	}
	return nil
}

// memberHead announces members that come alone or with their scores.
func (c *Ctx) memberHead(n int, withScores bool) {
	if withScores && c.Proto < 3 {
		n *= 2
	}
	c.Array(n)
}

// member is one of those that memberHead announced.
func (c *Ctx) member(name []byte, score float64, withScore bool) {
	if withScore && c.Proto >= 3 {
		c.Array(2)
	}
	c.Bulk(name)
	if withScore {
		c.Double(score)
	}
}

// zrandmember reads [count [WITHSCORES]].
func zrandmember(c *Ctx, tx backends.Tx) error {
	if len(c.Args) == 2 {
		return c.randomMember(tx)
	}
	n, err := draws(c.Args[2])
	if err != nil {
		return err
	}
	withScores := len(c.Args) == 4 && equalFold(c.Args[3], "WITHSCORES")
	switch {
	case len(c.Args) > 3 && !withScores:
		return ErrSyntax
	case withScores && n > math.MaxInt64/2:
		return ErrOutOfRange
	}
	z, err := c.readZSet(tx, c.Args[1])
	if err != nil {
		return err
	}
	ranks := randomRanks(z.Len(), n)
	c.memberHead(len(ranks), withScores)
	for _, rank := range ranks {
		z.Each(rank, false, func(member []byte, score float64) bool {
			c.member(member, score, withScores)
			return false
		})
	}
	return nil
}

func (c *Ctx) randomMember(tx backends.Tx) error {
	z, err := c.readZSet(tx, c.Args[1])
	if err != nil {
		return err
	}
	if z.Len() == 0 {
		c.Null()
		return nil
	}
	z.Each(rand.IntN(z.Len()), false, func(member []byte, _ float64) bool {
		c.Bulk(member)
		return false
	})
	return nil
}

// randomRanks draws count of n ranks, each at most once; with repetitions when count is negative.
func randomRanks(n int, count int64) (ranks []int) {
	switch {
	case n == 0 || count == 0:
	case count < 0:
		for range -count {
			ranks = append(ranks, rand.IntN(n))
		}
	case count >= int64(n):
		for rank := n - 1; rank >= 0; rank-- { // the order of Redis, which promises none
			ranks = append(ranks, rank)
		}
	case count > int64(n/3):
		return rand.Perm(n)[:count]
	default:
		for drawn := map[int]bool{}; len(ranks) < int(count); {
			if rank := rand.IntN(n); !drawn[rank] {
				drawn[rank] = true
				ranks = append(ranks, rank)
			}
		}
	}
	return ranks
}

// zscan reads cursor [MATCH pattern] [COUNT count].
func zscan(c *Ctx, tx backends.Tx) error {
	at, err := c.openCursor(c.Args[2])
	if err != nil {
		return err
	}
	z, err := c.readZSet(tx, c.Args[1])
	if err != nil {
		return err
	}
	if z.Len() == 0 {
		return c.emptyScan()
	}
	o, err := parseScan(c.Args[3:], backends.ZSetType)
	if err != nil {
		return err
	}
	format := scanFormat(tx.Encoding(c.Args[1]))
	var digits [32]byte
	return c.scanElements(func(show func(element []byte) bool) uint64 {
		return z.Scan(at, o.count, func(member []byte, score float64) {
			if o.selects(member, backends.ZSetType) && show(member) {
				show(format(digits[:0], score))
			}
		})
	})
}

// scanFormat is how ZSCAN prints a score. Redis 7.2 takes the text that is in a listpack, and prints what
// is in a skiplist with 17 digits, as no other command does.
func scanFormat(encoding string) func(dst []byte, score float64) []byte {
	if encoding == "listpack" {
		return appendDouble
	}
	return func(dst []byte, score float64) []byte {
		if math.IsInf(score, 0) {
			return appendDouble(dst, score)
		}
		return strconv.AppendFloat(dst, score, 'g', 17, 64)
	}
}
