package ordered

import "math/rand/v2"

// walker visits records in the order of 48-bit hashes, from one on: the keys of a database, the members of
// a collection. That order makes SCAN stateless: a cursor is the first hash not visited yet.
type walker[R any] func(from uint64, fn func(hash uint64, r R) (more bool))

// scan visits about count records, those with the same hash together, and returns where to go on, 0 at
// the end.
func (walk walker[R]) scan(cursor uint64, count int, visit func(r R)) (next uint64) {
	count = max(count, 1)
	last := uint64(0)
	walk(cursor, func(hash uint64, r R) bool {
		if count <= 0 && hash != last {
			next = hash
			return false
		}
		count--
		last = hash
		visit(r)
		return true
	})
	return next
}

// random is what take makes of one of the records that follow a random hash and that are live. The gap
// before a single successor would decide its chances; that of a window of 32 is the mean of 32 gaps.
func random[R, T any](walk walker[R], live func(r R) bool, take func(r R) T) (chosen T, ok bool) {
	const window = 32
	seen := 0
	first := rand.Uint64N(1 << hashBits)
	draw := func(from, to uint64) {
		walk(from, func(hash uint64, r R) bool {
			if hash >= to {
				return false
			}
			if live(r) {
				// Each of those seen so far is the one with the same chance.
				if seen++; rand.IntN(seen) == 0 {
					chosen = take(r)
				}
			}
			return seen < window
		})
	}
	if draw(first, 1<<hashBits); seen < window {
		draw(0, first)
	}
	return chosen, seen > 0
}
