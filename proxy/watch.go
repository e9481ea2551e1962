package proxy

import (
	"hash/maphash"
	"sync"
	"sync/atomic"

	"switchyard/backends"
)

// watches knows which sessions watch which keys. A key is marked from inside of the transaction that changes it,
// while it is locked; so whoever locks it later sees the mark. As long as nobody watches anything,
// that costs a look at one number.
type watches struct {
	count  atomic.Int64 // pairs of a session and a key
	who    atomic.Int64 // sessions that watch something
	seed   maphash.Seed
	shards [watchShards]watchShard
}

const watchShards = 64

type watchShard struct {
	mu   sync.Mutex
	keys map[place]map[*watch]bool // whether the key was there
}

// place is a key in a database.
type place struct {
	db  int
	key string
}

// watch is what one session watches. Its list belongs to who has the session.
type watch struct {
	disturbed atomic.Bool
	list      []place
}

func newWatches() *watches { return &watches{seed: maphash.MakeSeed()} }

func (w *watches) shard(key []byte) *watchShard {
	return &w.shards[maphash.Bytes(w.seed, key)%watchShards]
}

// add has o watch a key, which was there or not.
func (w *watches) add(o *watch, db int, key []byte, there bool) {
	s := w.shard(key)
	s.mu.Lock()
	defer s.mu.Unlock()
	p := place{db, string(key)}
	if _, again := s.keys[p][o]; again {
		return
	}
	if s.keys == nil {
		s.keys = map[place]map[*watch]bool{}
	}
	if s.keys[p] == nil {
		s.keys[p] = map[*watch]bool{}
	}
	s.keys[p][o] = there
	if len(o.list) == 0 {
		w.who.Add(1)
	}
	o.list = append(o.list, p)
	w.count.Add(1)
}

// remove ends all that o watches.
func (w *watches) remove(o *watch) {
	for _, p := range o.list {
		s := w.shard([]byte(p.key))
		s.mu.Lock()
		if delete(s.keys[p], o); len(s.keys[p]) == 0 {
			delete(s.keys, p)
		}
		s.mu.Unlock()
		w.count.Add(-1)
	}
	if len(o.list) > 0 {
		w.who.Add(-1)
	}
	o.list = nil
	o.disturbed.Store(false)
}

// touch marks those who watch a key, which has changed.
func (w *watches) touch(db int, key []byte) { w.mark(db, key, false) }

// lose marks those who watch a key that was there, which the backend has removed by itself. Who has watched
// it when its time had come already was not told that it was there.
func (w *watches) lose(db int, key []byte) { w.mark(db, key, true) }

func (w *watches) mark(db int, key []byte, ifThere bool) {
	if w.count.Load() == 0 {
		return
	}
	s := w.shard(key)
	s.mu.Lock()
	defer s.mu.Unlock()
	for o, there := range s.keys[place{db, string(key)}] {
		if there || !ifThere {
			o.disturbed.Store(true)
		}
	}
}

// each visits the keys of a database that are watched.
func (w *watches) each(db int, fn func(key string)) {
	if w.count.Load() == 0 {
		return
	}
	for i := range w.shards {
		s := &w.shards[i]
		s.mu.Lock()
		var keys []string
		for p := range s.keys {
			if p.db == db {
				keys = append(keys, p.key)
			}
		}
		s.mu.Unlock()
		for _, key := range keys {
			fn(key)
		}
	}
}

// touchAll marks everybody, as when another backend becomes the active one.
func (w *watches) touchAll() {
	for i := range w.shards {
		s := &w.shards[i]
		s.mu.Lock()
		for _, watchers := range s.keys {
			for o := range watchers {
				o.disturbed.Store(true)
			}
		}
		s.mu.Unlock()
	}
}

// Replacing implements commands.Server. A key that is in neither database stays as it is.
func (s *Server) Replacing(tx backends.Tx, db, by int) {
	s.watches.each(db, func(key string) {
		there := tx.In(db).Type([]byte(key)) != backends.None
		if there || by >= 0 && tx.In(by).Type([]byte(key)) != backends.None {
			s.watches.touch(db, []byte(key))
		}
	})
}

// Watch implements commands.Client.
func (s *session) Watch(tx backends.Tx, keys [][]byte) {
	if s.watch == nil {
		s.watch = &watch{}
	}
	db := s.DB()
	for _, key := range keys {
		s.server.watches.add(s.watch, db, key, tx.Type(key) != backends.None)
	}
}

// Unwatch implements commands.Client.
func (s *session) Unwatch() {
	if s.watch != nil && len(s.watch.list) > 0 {
		s.server.watches.remove(s.watch)
	}
}

// AppendWatched implements commands.Client.
func (s *session) AppendWatched(dst [][]byte) [][]byte {
	if s.watch != nil {
		for _, p := range s.watch.list {
			dst = append(dst, []byte(p.key))
		}
	}
	return dst
}

// Disturbed implements commands.Client. A key whose time has come since it was watched may still be in its place.
func (s *session) Disturbed(tx backends.Tx) bool {
	if s.watch == nil {
		return false
	}
	for _, p := range s.watch.list {
		if tx.In(p.db).Type([]byte(p.key)) == backends.None {
			s.server.watches.lose(p.db, []byte(p.key))
		}
	}
	return s.watch.disturbed.Load()
}
