package backends

// Set is one set of distinct members.
type Set interface {
	Len() int
	Has(member []byte) bool
	// Add adds a member, which is copied, and says whether it is new.
	Add(member []byte) bool
	// Remove removes a member and says whether it was there.
	Remove(member []byte) bool
	// Each visits all members until fn says not to go on: of a set of integers that is small in
	// ascending order, of another small one in the order in which they came. A member is valid until fn
	// returns. fn must not write.
	Each(fn func(member []byte) (more bool))
	// Scan visits about count members as Database.Scan visits keys. A small set is visited whole.
	Scan(cursor uint64, count int, fn func(member []byte)) (next uint64)
	// Random returns some member, each with about the same chance, valid until the next call of
	// Random or the next write; nil when there is none.
	Random() []byte
}
