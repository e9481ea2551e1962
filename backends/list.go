package backends

// List is one list. Indexes are from 0 to Len()-1; callers keep to them.
type List interface {
	Len() int
	// At returns the element at an index. It is valid until the next call of a method of the view, or the
	// next write to the key, and must not be changed.
	At(i int) []byte
	// Put replaces the element at an index. It is copied.
	Put(i int, element []byte)
	// Push adds an element, which is copied, at the front or at the back.
	Push(front bool, element []byte)
	// Insert makes element the one at index i, from 0 to Len, and moves those behind it.
	Insert(i int, element []byte)
	// Remove removes n elements from index i on; with n 0 it does nothing, whatever i is. Taking them from
	// an end is O(n).
	Remove(i, n int)
	// Each visits the elements from index i on, or back from it, until fn says not to go on. An
	// element is valid until fn returns. fn must not write. Nothing is visited from an index that no
	// element has.
	Each(i int, back bool, fn func(element []byte) (more bool))
	// Filter visits all elements from the front, or from the back, and removes those for which fn says
	// so, until it says not to go on.
	Filter(back bool, fn func(element []byte) (remove, more bool))
}
