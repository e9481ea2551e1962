package memory

import (
	"hash/maphash"
	"unsafe"
)

// fields are those of a hash that is not compact: it is large, or some of its fields have a deadline.
//
// A field whose time has come is absent for every transaction at once. It is removed by the next
// writes, a few at a time, and by the engine's cleaner (expire.go).
type fields struct {
	dict
	due   dueHeap
	timed int   // fields with a deadline
	last  int64 // no deadline is later
	// queued is the deadline by which the cleaner will come; 0: it knows nothing of this hash.
	queued int64
	// small: Redis 7.4 would keep the hash in a listpack nevertheless.
	small bool
}

const fieldsBytes = int64(unsafe.Sizeof(fields{}))

func newFields(seed maphash.Seed) *fields { return &fields{dict: newDict(seed)} }

func (f *fields) bytes() int64 { return fieldsBytes + f.size + f.due.bytes() }

func (f *fields) clone() *fields {
	c := *f
	c.dict = f.dict.clone()
	c.due = f.due.clone()
	c.queued = 0
	return &c
}

// get finds a field that has not expired.
func (f *fields) get(field []byte, now int64) (e item, ok bool) {
	if e, ok = f.find(field); e.expired(now) {
		return item{}, false
	}
	return e, ok
}

func (e *item) expired(now int64) bool { return e.at != 0 && e.at <= now }

// set sets a field and its deadline, and says whether the field is new.
func (f *fields) set(field, value []byte, at, now int64) (created bool) {
	if f.timed > 0 {
		if old, ok := f.find(field); ok && old.at != 0 {
			f.timed--
			created = old.expired(now)
		}
	}
	if at != 0 {
		f.timed++
		f.last = max(f.last, at)
	}
	created = f.put(field, value, at) || created
	if at != 0 {
		f.due.push(due{at, placeOf(f.hash(field))}, f.timed, f.upToDate)
	}
	f.settle()
	return created
}

// unset removes a field and says whether it was there and had not expired.
func (f *fields) unset(field []byte, now int64) bool {
	e, ok := f.find(field)
	if !ok {
		return false
	}
	if e.at != 0 {
		f.timed--
	}
	live := !e.expired(now)
	f.remove(field)
	f.settle()
	return live
}

// settle forgets deadlines of which none is up to date.
func (f *fields) settle() {
	if f.timed == 0 && f.due.n > 0 {
		f.due, f.last = dueHeap{}, 0
	}
}

// upToDate says whether some field has this deadline.
func (f *fields) upToDate(d due) (found bool) {
	f.atPlace(d.place, func(e item) bool {
		found = e.at == d.at
		return !found
	})
	return found
}

// atPlace visits the fields of one place.
func (f *fields) atPlace(place uint64, fn func(e item) (more bool)) {
	s, b := f.locate(place)
	s.blocks[b].each(func(e item) bool {
		return e.at == 0 || placeOf(f.hash(e.key)) != place || fn(e)
	})
}

// expire removes fields whose time has come, but looks at no more than most deadlines. more says that
// there are others.
func (f *fields) expire(now int64, most int) (more bool) {
	for ; most > 0 && f.due.isDue(now); most-- {
		d := f.due.pop()
		for again := true; again; {
			again = false
			f.atPlace(d.place, func(e item) bool {
				if again = e.expired(now); again {
					f.unset(e.key, now)
				}
				return !again
			})
		}
	}
	return f.due.isDue(now)
}

// spent says whether all fields have expired: then there is no such key.
func (f *fields) spent(now int64) bool {
	if f.timed < f.n || !f.due.isDue(now) {
		return false
	}
	live := f.last > now
	if live { // one with the last deadline may be gone
		live = false
		f.each(func(e item) bool {
			live = !e.expired(now)
			return !live
		})
	}
	return !live
}
