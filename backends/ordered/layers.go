package ordered

import "github.com/tidwall/btree"

// writes is what some transactions did to the store: a nil value is a deletion. Values are never
// changed once they are in.
type writes = btree.Map[string, []byte]

// layers reads several writes as one, in key order. Those of the first hide those of the others.
// It is the reason why a store needs no transactions, no conflict retries and no read-your-writes
// of its own.
type layers struct {
	to    string
	iters []btree.MapIter[string, []byte]
	valid []bool
	at    int // the iterator with the least key; -1 at the end
}

func newLayers(maps []*writes, from, to string) *layers {
	l := &layers{to: to}
	for _, m := range maps {
		if m.Len() == 0 {
			continue
		}
		it := m.Iter()
		l.valid = append(l.valid, it.Seek(from))
		l.iters = append(l.iters, it)
	}
	l.settle()
	return l
}

// settle finds the least key; the first layer with it wins.
func (l *layers) settle() {
	l.at = -1
	for i := range l.iters {
		if !l.valid[i] {
			continue
		}
		if key := l.iters[i].Key(); key >= l.to {
			l.valid[i] = false
		} else if l.at < 0 || key < l.key() {
			l.at = i
		}
	}
}

func (l *layers) more() bool    { return l.at >= 0 }
func (l *layers) key() string   { return l.iters[l.at].Key() }
func (l *layers) value() []byte { return l.iters[l.at].Value() }

// next leaves the least key, in all layers that have it.
func (l *layers) next() {
	key := l.key()
	for i := range l.iters {
		if l.valid[i] && l.iters[i].Key() == key {
			l.valid[i] = l.iters[i].Next()
		}
	}
	l.settle()
}

// scan visits [from, to) of a snapshot with layers on top of it, as long as fn says to go on. fn may
// keep the key; the value is valid until it returns.
func scan(r Reader, maps []*writes, from, to string, fn func(key string, value []byte) (more bool)) error {
	top := newLayers(maps, from, to)
	stopped := false
	// upTo visits what the layers have before key, and key itself; found says whether they have it.
	upTo := func(key string) (found bool) {
		for top.more() && !stopped && !found && top.key() <= key {
			k, v := top.key(), top.value()
			found = k == key
			top.next()
			stopped = v != nil && !fn(k, v)
		}
		return found
	}
	err := r.Scan(from, to, func(k, v []byte) bool {
		key := string(k)
		if !upTo(key) && !stopped {
			stopped = !fn(key, v)
		}
		return !stopped
	})
	if err == nil && !stopped {
		upTo(to)
	}
	return err
}
