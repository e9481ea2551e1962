package commands

import (
	"cmp"
	"math"
	"slices"
	"strings"

	"switchyard/backends"
)

// A source of these commands may be a plain set, whose members then have the score 1. The result is
// complete before anything is stored, since the target may be a source too.
var zsetOpsRows = []*Row{
	{Name: "zunion", Arity: -3, Flags: Readonly | Long, Keys: countedKeys(1, "RO access"), Categories: "sortedset", Group: "sorted-set", Since: "6.2.0",
		Syntax:     "numkeys key [key ...] [WEIGHTS weight [weight ...]] [AGGREGATE <SUM | MIN | MAX>] [WITHSCORES]",
		Complexity: "O(N)+O(M*log(M)) in the members of all sources and of the result", Summary: "Returns the union of sorted sets.", Run: zunion},
	{Name: "zinter", Arity: -3, Flags: Readonly | Long, Keys: countedKeys(1, "RO access"), Categories: "sortedset", Group: "sorted-set", Since: "6.2.0",
		Syntax:     "numkeys key [key ...] [WEIGHTS weight [weight ...]] [AGGREGATE <SUM | MIN | MAX>] [WITHSCORES]",
		Complexity: "O(N*K)+O(M*log(M)) in the members of the smallest of K sources and of the result", Summary: "Returns the intersection of sorted sets.", Run: zinter},
	{Name: "zdiff", Arity: -3, Flags: Readonly | Long, Keys: countedKeys(1, "RO access"), Categories: "sortedset", Group: "sorted-set", Since: "6.2.0",
		Syntax: "numkeys key [key ...] [WITHSCORES]", Complexity: "O(N*K)+O(M*log(M)) in the members of the first of K sources and of the result", Summary: "Returns the members of a sorted set that no other has.", Run: zdiff},
	{Name: "zunionstore", Arity: -4, Flags: Write | DenyOOM | Long, Keys: targetAndCountedKeys("OW update", "RO access"), Categories: "sortedset", Group: "sorted-set", Since: "2.0.0",
		Syntax:     "destination numkeys key [key ...] [WEIGHTS weight [weight ...]] [AGGREGATE <SUM | MIN | MAX>]",
		Complexity: "O(N)+O(M*log(M)) in the members of all sources and of the result", Summary: "Stores the union of sorted sets.", Run: zunionstore},
	{Name: "zinterstore", Arity: -4, Flags: Write | DenyOOM | Long, Keys: targetAndCountedKeys("OW update", "RO access"), Categories: "sortedset", Group: "sorted-set", Since: "2.0.0",
		Syntax:     "destination numkeys key [key ...] [WEIGHTS weight [weight ...]] [AGGREGATE <SUM | MIN | MAX>]",
		Complexity: "O(N*K)+O(M*log(M)) in the members of the smallest of K sources and of the result", Summary: "Stores the intersection of sorted sets.", Run: zinterstore},
	{Name: "zdiffstore", Arity: -4, Flags: Write | DenyOOM | Long, Keys: targetAndCountedKeys("OW update", "RO access"), Categories: "sortedset", Group: "sorted-set", Since: "6.2.0",
		Syntax: "destination numkeys key [key ...]", Complexity: "O(N*K)+O(M*log(M)) in the members of the first of K sources and of the result", Summary: "Stores the members of a sorted set that no other has.", Run: zdiffstore},
	{Name: "zintercard", Arity: -3, Flags: Readonly | Long, Keys: countedKeys(1, "RO access"), Categories: "sortedset", Group: "sorted-set", Since: "7.0.0",
		Syntax: "numkeys key [key ...] [LIMIT limit]", Complexity: "O(N*K) in the members of the smallest of K sources", Summary: "Counts the members of the intersection of sorted sets.", Run: zintercard},
}

// zsource is a sorted set, or a set, that a result is made of.
type zsource struct {
	zset   backends.ZSet
	set    backends.Set // not nil: it is one
	weight float64
}

func (c *Ctx) openSource(tx backends.Tx, key []byte) (s zsource, err error) {
	s.weight = 1
	if tx.Type(key) == backends.SetType {
		s.set, err = tx.Set(key)
	} else {
		s.zset, err = c.readZSet(tx, key)
	}
	return s, err
}

func (s *zsource) len() int {
	if s.set != nil {
		return s.set.Len()
	}
	return s.zset.Len()
}

func (s *zsource) score(member []byte) (score float64, ok bool) {
	if s.set != nil {
		return 1, s.set.Has(member)
	}
	return s.zset.Score(member)
}

func (s *zsource) each(fn func(member []byte, score float64) (more bool)) {
	switch {
	case s.set != nil:
		s.set.Each(func(member []byte) bool { return fn(member, 1) })
	case s.zset.Len() > 0:
		s.zset.Each(0, false, fn)
	}
}

// zcombine is a call of one of these commands.
type zcombine struct {
	sources    []zsource
	weighted   bool // WEIGHTS and AGGREGATE are options
	aggregate  func(a, b float64) float64
	scorable   bool // WITHSCORES is one
	withScores bool
	limited    bool // LIMIT is one, and the only one
	limit      int64
}

func zunion(c *Ctx, tx backends.Tx) error {
	return c.combineScored(tx, 1, zcombine{weighted: true, scorable: true}, (*zcombine).union)
}

func zinter(c *Ctx, tx backends.Tx) error {
	return c.combineScored(tx, 1, zcombine{weighted: true, scorable: true}, (*zcombine).inter)
}

func zdiff(c *Ctx, tx backends.Tx) error {
	return c.combineScored(tx, 1, zcombine{scorable: true}, (*zcombine).diff)
}

func zunionstore(c *Ctx, tx backends.Tx) error {
	return c.combineScored(tx, 2, zcombine{weighted: true}, (*zcombine).union)
}

func zinterstore(c *Ctx, tx backends.Tx) error {
	return c.combineScored(tx, 2, zcombine{weighted: true}, (*zcombine).inter)
}

func zdiffstore(c *Ctx, tx backends.Tx) error {
	return c.combineScored(tx, 2, zcombine{}, (*zcombine).diff)
}

// combineScored replies with the result, or stores it in the key that comes before the number of keys at
// index at.
func (c *Ctx) combineScored(tx backends.Tx, at int, z zcombine, result func(*zcombine) []scored) error {
	if err := z.parse(c, tx, at); err != nil {
		return err
	}
	list := result(&z)
	if at > 1 {
		return c.storeScored(tx, c.Args[1], sortScored(list), c.Row.Name)
	}
	c.memberHead(len(list), z.withScores)
	for _, m := range sortScored(list) {
		if z.withScores && c.Proto >= 3 {
			c.Array(2)
		}
		c.Text(m.member)
		if z.withScores {
			c.Double(m.score)
		}
	}
	return nil
}

func sortScored(list []scored) []scored {
	slices.SortFunc(list, func(a, b scored) int {
		return cmp.Or(cmp.Compare(a.score, b.score), strings.Compare(a.member, b.member))
	})
	return list
}

func zintercard(c *Ctx, tx backends.Tx) error {
	z := zcombine{limited: true}
	if err := z.parse(c, tx, 1); err != nil {
		return err
	}
	n := int64(0)
	z.eachCommon(func([]byte, float64) (more bool) {
		n++
		return n != z.limit
	})
	c.Int(n)
	return nil
}

// parse reads the number of keys at index at, opens the keys, and reads the options behind them.
func (z *zcombine) parse(c *Ctx, tx backends.Tx, at int) error {
	args := c.Args[at+1:]
	n, err := integer(c.Args[at])
	switch {
	case err != nil:
		return err
	case n < 1:
		return noInputKeys(c.Row.FullName)
	case n > int64(len(args)):
		return ErrSyntax
	}
	z.sources = make([]zsource, n)
	for i := range z.sources {
		if z.sources[i], err = c.openSource(tx, args[i]); err != nil {
			return err
		}
	}
	z.aggregate = sumScores
	return z.parseOptions(args[n:])
}

func (z *zcombine) parseOptions(args [][]byte) (err error) {
	for o := (options{args: args}); o.next(); {
		switch {
		case z.weighted && len(o.args) >= len(z.sources) && o.is("WEIGHTS"):
			for i := range z.sources {
				arg, _ := o.value() // there is one
				if z.sources[i].weight, err = float(arg); err != nil {
					return ErrWeight
				}
			}
		case z.weighted && len(o.args) > 0 && o.is("AGGREGATE"):
			arg, _ := o.value() // there is one
			if z.aggregate, err = aggregateNamed(arg); err != nil {
				return err
			}
		case z.scorable && o.is("WITHSCORES"):
			z.withScores = true
		case z.limited && len(o.args) > 0 && o.is("LIMIT"):
			arg, _ := o.value() // there is one
			if z.limit, err = natural(arg, ErrLimitNegative); err != nil {
				return err
			}
		default:
			return ErrSyntax
		}
	}
	return nil
}

func aggregateNamed(name []byte) (func(a, b float64) float64, error) {
	switch {
	case equalFold(name, "SUM"):
		return sumScores, nil
	case equalFold(name, "MIN"):
		return lowerScore, nil
	case equalFold(name, "MAX"):
		return higherScore, nil
	}
	return nil, ErrSyntax
}

// sumScores takes the sum of opposite infinities for 0, as Redis does.
func sumScores(a, b float64) float64 {
	if sum := a + b; !math.IsNaN(sum) {
		return sum
	}
	return 0
}

// lowerScore and higherScore keep a when b is no number.
func lowerScore(a, b float64) float64 {
	if b < a {
		return b
	}
	return a
}

func higherScore(a, b float64) float64 {
	if b > a {
		return b
	}
	return a
}

// weigh is the score of a member in a source. The product of 0 and infinity counts as 0.
func (s *zsource) weigh(score float64) float64 {
	if score *= s.weight; !math.IsNaN(score) {
		return score
	}
	return 0
}

// smallestFirst orders the sources as Redis adds their scores up, which shows in the last digit.
func (z *zcombine) smallestFirst() {
	slices.SortStableFunc(z.sources, func(a, b zsource) int { return a.len() - b.len() })
}

func (z *zcombine) union() (list []scored) {
	z.smallestFirst()
	at := make(map[string]int, z.sources[len(z.sources)-1].len())
	for i := range z.sources {
		s := &z.sources[i]
		s.each(func(member []byte, score float64) bool {
			if k, ok := at[string(member)]; ok {
				list[k].score = z.aggregate(list[k].score, s.weigh(score))
				return true
			}
			m := scored{string(member), s.weigh(score)}
			at[m.member] = len(list)
			list = append(list, m)
			return true
		})
	}
	return list
}

func (z *zcombine) inter() (list []scored) {
	z.eachCommon(func(member []byte, score float64) bool {
		list = append(list, scored{string(member), score})
		return true
	})
	return list
}

// eachCommon visits the members of all sources with their scores until fn says not to go on.
func (z *zcombine) eachCommon(fn func(member []byte, score float64) (more bool)) {
	z.smallestFirst()
	first, others := &z.sources[0], z.sources[1:]
	first.each(func(member []byte, score float64) bool {
		sum := first.weigh(score)
		for i := range others {
			score, ok := others[i].score(member)
			if !ok {
				return true
			}
			sum = z.aggregate(sum, score*others[i].weight)
		}
		return fn(member, sum)
	})
}

func (z *zcombine) diff() (list []scored) {
	others := z.sources[1:]
	z.sources[0].each(func(member []byte, score float64) bool {
		for i := range others {
			if _, ok := others[i].score(member); ok {
				return true
			}
		}
		list = append(list, scored{string(member), score})
		return true
	})
	return list
}
