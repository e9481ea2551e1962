package ordered

import (
	"fmt"
	"slices"

	"switchyard/backends"
	"switchyard/backends/intset"
	"switchyard/backends/listpack"
)

// A value with elements is a collection. A transaction opens one once, whatever the number of views on
// it: what was decoded stays so, and what was changed in memory is written at the end of the
// transaction, or when somebody asks for the records. So a thousand pushes in one command rewrite a leaf
// once.
//
//	view -> handle -> collection -> packed bytes, or the count of members, or a tree of nodes, or a stream
//
// Whoever replaces or removes the record makes the collection stale, and the views look again.

// form is how a collection is kept; layout.go has the bodies.
type form byte

const (
	packForm  form = 'p'
	intsForm  form = 'i'
	timedForm form = 't'
	tableForm form = 'm'
	treeForm  form = 'n'

	streamForm form = 's'
)

// Redis keeps some values in other forms than we do, and shows it. Their guise is the form in which it has
// them. It goes a long way to keep a collection in a listpack, if it was told to, where one record would be too
// large for us; and a sorted set that was sorted is a skiplist, however small.
var guises = [...][]form{
	backends.ListType:   {plain},
	backends.SetType:    {plain, packForm, intsForm},
	backends.ZSetType:   {plain, packForm, treeForm},
	backends.HashType:   {plain, packForm, timedForm},
	backends.StreamType: {plain},
}

// plain is the guise of a value that Redis keeps in the form in which we do.
const plain form = 0

// number is how a record has a guise.
func (f form) number(kind backends.Type) byte { return byte(slices.Index(guises[kind], f)) }

// shown is the form that OBJECT ENCODING is about.
func (m *meta) shown() form {
	if m.guise != plain {
		return m.guise
	}
	return m.form
}

// encoding is the form in the words of OBJECT ENCODING.
func (f form) encoding(kind backends.Type) string {
	switch f {
	case packForm:
		return "listpack"
	case intsForm:
		return "intset"
	case timedForm:
		return "listpackex"
	case tableForm:
		return "hashtable"
	case streamForm:
		return "stream"
	}
	if kind == backends.ListType {
		return "quicklist"
	}
	return "skiplist"
}

// stride is how many elements of a listpack make one of a collection.
func (f form) stride(kind backends.Type) int {
	switch {
	case f == timedForm:
		return 3
	case kind == backends.HashType || kind == backends.ZSetType:
		return 2
	}
	return 1
}

// collection is the value of one key, as its transaction sees it.
type collection struct {
	x      *tx
	at     found // the record as it was written last
	kind   backends.Type
	form   form
	guise  form
	pack   []byte // packForm, intsForm, timedForm
	owned  bool   // pack may be changed in place
	count  int    // of elements, when they are outside of the record
	fields int64  // as in meta, like timed
	timed  int
	tree   *tree   // treeForm
	stream *stream // streamForm

	version uint64 // of what is outside of the record; 0: none yet
	dirty   bool
	stale   bool
}

// collection opens the value of a key, nil when there is none of that kind.
func (x *tx) collection(key []byte, kind backends.Type) *collection {
	if c := x.open[x.locate(key).rk]; c != nil {
		if c.kind != kind {
			return nil
		}
		return c
	}
	f := x.find(key)
	if !f.there || f.meta.kind != kind {
		return nil
	}
	m := &f.meta
	c := &collection{x: x, at: *f, kind: kind, form: m.form, guise: m.guise, version: m.outside.version, fields: m.fields, timed: m.timed}
	if err := c.decode(m); err != nil {
		c.fail(err)
		return nil
	}
	x.open[f.rk] = c
	return c
}

// decode reads the body of the record.
func (c *collection) decode(m *meta) (err error) {
	n := 0
	switch {
	case c.form == tableForm && (c.kind == backends.HashType || c.kind == backends.SetType) && len(m.body) == 0:
		c.count = int(m.outside.size)
		n = c.count
	case c.form == treeForm && (c.kind == backends.ListType || c.kind == backends.ZSetType) && c.version != 0:
		c.tree = newTree(c)
		c.count = int(m.outside.size)
		c.tree.root, err = c.tree.decode(m.body)
		if err == nil && c.tree.root.count() != c.count {
			err = errDamaged
		}
		n = c.count
	case c.form == streamForm && c.kind == backends.StreamType:
		c.stream, err = decodeStream(c, m.body)
		n = 1 // whatever it has, it is there
	case c.form == intsForm && c.kind == backends.SetType:
		if err = intset.Valid(m.body); err == nil {
			n = intset.Set(m.body).Len()
		}
		c.pack = m.body
	case c.form == packForm || c.form == timedForm && c.kind == backends.HashType:
		if err = listpack.Valid(m.body); err == nil {
			n = listpack.List(m.body).Len()
		}
		c.pack = m.body
		if n%c.form.stride(c.kind) != 0 {
			n = 0
		}
	}
	if err == nil && n == 0 {
		err = errDamaged
	}
	if err != nil && err != errDamaged {
		err = fmt.Errorf("%w: %w", errDamaged, err)
	}
	return err
}

// fail ends the transaction with an error about the key.
func (c *collection) fail(err error) {
	c.x.fail(fmt.Errorf("key %.64q in database %d: %w", c.at.key, c.x.db, err))
}

// list is the value as a listpack, which must not be changed.
func (c *collection) list() listpack.List { return c.pack }

// own makes the packed bytes the collection's own, and notes that they change.
func (c *collection) own() listpack.List {
	if !c.owned {
		const room = 64
		c.pack, c.owned = append(make([]byte, 0, len(c.pack)+room), c.pack...), true
	}
	c.touch()
	return c.pack
}

// touch notes that the record has to be written.
func (c *collection) touch() {
	if !c.x.a.Write {
		panic("ordered: a transaction that only reads writes")
	}
	if !c.dirty {
		c.dirty = true
		c.x.dirty = append(c.x.dirty, c)
	}
}

// packed says whether the value is one record.
func (c *collection) packed() bool {
	return c.form != tableForm && c.form != treeForm && c.form != streamForm
}

// len is the number of elements.
func (c *collection) len() int {
	switch {
	case !c.packed():
		return c.count
	case c.form == intsForm:
		return intset.Set(c.pack).Len()
	}
	return c.list().Len() / c.form.stride(c.kind)
}

// become changes the form. A large one gets a version of its own for what is outside of the record.
func (c *collection) become(f form, pack []byte) {
	c.abandon()
	c.form, c.guise, c.pack, c.owned, c.tree = f, plain, pack, true, nil
	if c.version = 0; !c.packed() {
		c.version = c.x.e.newVersion()
	}
	c.touch()
}

// disguise changes how Redis would have the value.
func (c *collection) disguise(f form) {
	if c.guise != f {
		c.guise = f
		c.touch()
	}
}

// abandon leaves what is outside of the record to the sweeper, unless the record still names it.
func (c *collection) abandon() {
	if c.version != 0 && c.version != c.at.meta.outside.version {
		c.x.discard(garbage{version: c.version})
	}
}

// removed follows the removal of elements. A collection that has become empty is gone.
func (c *collection) removed() {
	if c.len() > 0 || c.x.err != nil {
		return
	}
	c.abandon()
	if c.at.there {
		c.x.remove(&c.at)
	}
	c.stale = true
	delete(c.x.open, c.at.rk)
}

// write brings the records up to date.
func (c *collection) write() {
	if !c.dirty || c.stale || c.x.err != nil {
		return
	}
	c.dirty = false
	if c.stream != nil && !c.stream.write() {
		return
	}
	m := meta{kind: c.kind, form: c.form, guise: c.guise, deadline: c.at.meta.deadline, fields: c.fields, timed: c.timed, body: c.pack}
	switch {
	case c.stream != nil:
		m.body = c.stream.encode()
		if c.version != 0 {
			m.outside = part{version: c.version, size: uint64(max(c.stream.Length, 1))}
		}
	case !c.packed():
		m.outside = part{version: c.version, size: uint64(c.count)}
	}
	if c.tree != nil {
		m.body = c.tree.write()
	}
	if c.at.meta.outside.version != m.outside.version {
		c.x.forget(c.at.meta.outside)
	}
	c.x.put(&c.at, m)
}

// flush writes all that was changed.
func (t *transaction) flush() {
	for _, c := range t.dirty {
		c.write()
	}
	clear(t.dirty)
	t.dirty = t.dirty[:0]
}

// outdate makes the open collection of a record stale, because somebody else writes the record.
func (t *transaction) outdate(f *found) {
	if c := t.open[f.rk]; c != nil && &c.at != f {
		c.stale = true
		delete(t.open, f.rk)
	}
}

// handle is a key opened as a type, which the views embed.
type handle struct {
	x    *tx
	key  []byte
	kind backends.Type
	c    *collection
}

// handle opens a key. It fails with ErrWrongType when the key holds something else.
func (x *tx) handle(key []byte, kind backends.Type) (handle, error) {
	h := handle{x: x, key: key, kind: kind}
	if c := x.open[x.locate(key).rk]; c != nil {
		if h.c = c; c.kind != kind {
			return handle{}, backends.ErrWrongType
		}
		x.counted(true)
		return h, nil
	}
	if f := x.access(key); f.there && f.meta.kind != kind {
		return handle{}, backends.ErrWrongType
	}
	h.c = x.collection(key, kind)
	return h, nil
}

// value is the collection, nil when the key is absent or the transaction has failed.
func (h *handle) value() *collection {
	if h.x.err != nil {
		return nil
	}
	if h.c == nil || h.c.stale {
		h.c = h.x.collection(h.key, h.kind)
	}
	return h.c
}

// create is the collection, which is new when the key is absent; nil when the transaction has failed.
// The caller adds an element to a new one.
func (h *handle) create(f form, pack []byte) *collection {
	c := h.value()
	if c != nil || h.x.err != nil {
		return c
	}
	at := *h.x.find(h.key)
	if at.there {
		// A view of another type has made the key since this one was opened.
		h.x.fail(backends.ErrWrongType)
		return nil
	}
	c = &collection{x: h.x, at: at, kind: h.kind, form: f, pack: pack, owned: true}
	h.x.open[at.rk] = c
	h.c = c
	c.touch()
	return c
}

// Len is the number of elements, for all types.
func (h *handle) Len() int {
	if c := h.value(); c != nil {
		return c.len()
	}
	return 0
}
