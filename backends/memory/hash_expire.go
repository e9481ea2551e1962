package memory

import "switchyard/backends"

// A hash with deadlines is queued in its table by its earliest one, so that the cleaner finds it. The
// queue is a dueHeap too: a hash that was removed or renamed since is noticed in its turn.

// expireBatch is how many deadlines of one hash a write looks at, and the cleaner under one lock;
// hashBatch is of how many hashes.
const (
	expireBatch = 64
	hashBatch   = 16
)

// FieldDeadline implements backends.Hash.
func (v *hashView) FieldDeadline(field []byte) int64 {
	if table := v.table(); table != nil && table.timed > 0 {
		if e, ok := table.get(field, v.x.a.Now); ok {
			return e.at
		}
	}
	return 0
}

// SetFieldDeadline implements backends.Hash.
func (v *hashView) SetFieldDeadline(field []byte, at int64) {
	value, ok := v.Get(field)
	if !ok || at == v.FieldDeadline(field) {
		return
	}
	if at != 0 && at <= v.x.a.Now {
		v.Delete(field)
		return
	}
	h := v.hash()
	before := h.bytes()
	value = append([]byte(nil), value...) // what is written must not lie where it is written
	if h.table == nil {
		h.spread(v.x.e.seed)
		h.table.small = true
	}
	h.table.set(field, value, at, v.x.a.Now)
	v.changed(h, before)
	v.at.watch()
}

// expire removes some of the fields whose time has come. At least one other is there.
func (v *hashView) expire() {
	h := v.hash()
	if h == nil || h.table == nil || !h.table.due.isDue(v.x.a.Now) {
		return
	}
	before, n := h.bytes(), h.len()
	h.table.expire(v.x.a.Now, expireBatch)
	v.changed(h, before)
	v.at.watch()
	if h.len() < n {
		v.x.e.report(v.x.db, v.at.e, backends.FieldsExpired)
	}
}

// watch lets the cleaner know of a hash with deadlines.
func (f found) watch() {
	if f.e.kind() != backends.HashType {
		return
	}
	table := (*hash)(f.e.value).table
	if table == nil || table.due.first() == 0 || table.queued != 0 && table.queued <= table.due.first() {
		return
	}
	table.queued = table.due.first()
	before := f.t.fields.bytes()
	f.t.fields.push(due{table.queued, uint64(f.e.place)}, int(f.t.keys.Load()), f.t.upToDate)
	f.t.timedFields.Store(int64(f.t.fields.n))
	f.s.resized(f.t, f.t.fields.bytes()-before)
}

// moved lets the cleaner of another table know of a hash.
func (f found) moved() {
	if f.e.kind() == backends.HashType {
		if table := (*hash)(f.e.value).table; table != nil {
			table.queued = 0
			f.watch()
		}
	}
}

// upToDate says whether some hash is queued with this deadline.
func (t *table) upToDate(d due) (found bool) {
	t.hashesAt(d, func(*entry, *fields) { found = true })
	return found
}

// hashesAt visits the hashes that are queued with a deadline.
func (t *table) hashesAt(d due, fn func(e *entry, table *fields)) {
	if len(t.buckets) == 0 {
		return
	}
	var next *entry
	for e := t.buckets[uint32(d.place)>>t.shift]; e != nil; e = next {
		next = e.next // fn may remove e
		if uint64(e.place) != d.place || e.kind() != backends.HashType {
			continue
		}
		if table := (*hash)(e.value).table; table != nil && table.queued == d.at {
			fn(e, table)
		}
	}
}

// cleanFields removes fields whose time has come from hashes of one database, and the hashes that are
// left without any: a few under one lock. more says that there are others.
func (s *shard) cleanFields(en *Engine, db int, now int64) (more bool) {
	t := s.tables[db].Load()
	if t == nil {
		return false
	}
	before := t.fields.bytes()
	paused := false
	for range hashBatch {
		// A Pause that found the lock free must find nothing removed after it.
		if paused = en.paused.Load(); paused || !t.fields.isDue(now) {
			break
		}
		d := t.fields.pop()
		t.hashesAt(d, func(e *entry, table *fields) { s.cleanHash(en, db, found{s, t, e}, now) })
	}
	t.timedFields.Store(int64(t.fields.n))
	s.resized(t, t.fields.bytes()-before)
	return !paused && t.fields.isDue(now)
}

// cleanHash removes what is due from a hash that was just taken from the queue.
func (s *shard) cleanHash(en *Engine, db int, f found, now int64) {
	h := (*hash)(f.e.value)
	h.table.queued = 0
	before, n := h.bytes(), h.len()
	h.table.expire(now, expireBatch)
	s.resized(f.t, h.bytes()-before)
	if h.len() == 0 {
		s.drop(en, db, f.e, backends.HashExpired)
		return
	}
	if h.len() < n {
		en.report(db, f.e, backends.FieldsExpired)
	}
	if first := h.table.due.first(); first != 0 {
		h.table.queued = first
		f.t.fields.push(due{first, uint64(f.e.place)}, int(f.t.keys.Load()), f.t.upToDate)
	}
}
