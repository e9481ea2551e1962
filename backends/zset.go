package backends

// ZSet is one sorted set: distinct members with scores, in the order of the scores and among equal
// ones of the members' bytes. Ranks are from 0 to Len()-1; callers keep to them. No score is NaN.
type ZSet interface {
	Len() int
	Score(member []byte) (score float64, ok bool)
	// Put adds a member, which is copied, or changes its score, and says whether it is new.
	Put(member []byte, score float64) (created bool)
	// Remove removes a member and says whether it was there.
	Remove(member []byte) bool
	// Rank is how many members come before this one.
	Rank(member []byte) (rank int, ok bool)
	// Before counts the members that come before the edge. So a range of scores, or of members
	// where all scores are equal, is a range of ranks.
	Before(e Edge) int
	// Each visits the members from a rank on, or back from it, until fn says not to go on. A
	// member is valid until fn returns. fn must not write.
	Each(rank int, back bool, fn func(member []byte, score float64) (more bool))
	// Scan visits about count members as Database.Scan visits keys. A small set is visited whole.
	Scan(cursor uint64, count int, fn func(member []byte, score float64)) (next uint64)
	// Expand keeps the members as those of a large set from now on, however few there are: SORT has Redis do so. An
	// engine that need not may do no more than say so in Encoding.
	Expand()
}

// Edge is a place between the members of a sorted set.
type Edge struct {
	Score  float64 // the edge is before all members with this score
	Member []byte  // not nil: the score does not count, and the edge is before this member
	After  bool    // it is behind them instead
}
