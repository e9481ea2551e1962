package ordered

// batch is what one transaction did to the store: a nil value is a deletion. Nearly all are a record or
// two, which a list holds without an allocation; longer ones are a map.
type batch struct {
	few  []Op // in the order in which their keys were first written
	many writes
}

// fewOps is how many ops a list takes: searching it must not cost more than a map does.
const fewOps = 8

func (b *batch) Len() int { return len(b.few) + b.many.Len() }

// Get returns the value of a key; not ok: the batch does not say.
func (b *batch) Get(key string) (value []byte, ok bool) {
	for i := range b.few {
		if b.few[i].Key == key {
			return b.few[i].Value, true
		}
	}
	if b.many.Len() == 0 {
		return nil, false
	}
	return b.many.Get(key)
}

// Set sets a key, and returns what it was before if the batch had it.
func (b *batch) Set(key string, value []byte) (old []byte, replaced bool) {
	for i := range b.few {
		if op := &b.few[i]; op.Key == key {
			old, op.Value = op.Value, value
			return old, true
		}
	}
	if b.many.Len() == 0 && len(b.few) < fewOps {
		b.few = append(b.few, Op{key, value})
		return nil, false
	}
	if len(b.few) > 0 {
		b.many = *b.sorted()
		clear(b.few)
		b.few = b.few[:0]
	}
	return b.many.Set(key, value)
}

// Scan visits all, in no order, as long as fn says to go on.
func (b *batch) Scan(fn func(key string, value []byte) (more bool)) {
	for _, op := range b.few {
		if !fn(op.Key, op.Value) {
			return
		}
	}
	b.many.Scan(fn)
}

// sorted is the batch as a map, which must not be changed.
func (b *batch) sorted() *writes {
	if len(b.few) == 0 {
		return &b.many
	}
	sorted := new(writes)
	for _, op := range b.few {
		sorted.Set(op.Key, op.Value)
	}
	return sorted
}

// reset empties the batch. It keeps the room of the list.
func (b *batch) reset() {
	clear(b.few)
	*b = batch{few: b.few[:0]}
}
