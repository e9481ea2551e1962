package ordered

// keepViews bounds what a transaction leaves to the next one: a rare large one should not make its views
// permanent.
const keepViews = 64

// views hands out the views of one type one by one, so that opening a key allocates little. Those in use
// are never moved.
type views[V any] struct {
	list   []V
	opened int
}

func (v *views[V]) next() *V {
	if v.opened == len(v.list) {
		v.list, v.opened = make([]V, max(1, 2*len(v.list))), 0
	}
	v.opened++
	return &v.list[v.opened-1]
}

// end lets go of what the views have touched.
func (v *views[V]) end() {
	if clear(v.list[:v.opened]); len(v.list) > keepViews {
		v.list = nil
	}
	v.opened = 0
}
