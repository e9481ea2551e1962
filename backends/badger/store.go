package badger

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"sync"
	"sync/atomic"

	"github.com/dgraph-io/badger/v4"

	"switchyard/backends/ordered"
)

// store is Badger as an ordered.KV.
type store struct {
	db       *badger.DB
	dir      string
	log      *logger
	limits   ordered.Limits
	always   bool // an Apply is done when it is synced
	wal      wal
	memtable int64        // bytes
	writes   atomic.Int64 // Applies so far

	compacting sync.Mutex // Badger cannot flatten twice at once
	failure    atomic.Pointer[error]
}

var (
	_ ordered.KV     = (*store)(nil)
	_ ordered.Syncer = (*store)(nil)
)

// nodeBytes is what a memtable takes for an entry beside its key and its value, and applyBytes what it takes for a
// transaction.
const (
	nodeBytes  = 96
	applyBytes = 200
)

func newStore(db *badger.DB, o badger.Options, always bool, log *logger) (*store, error) {
	// Badger's own arithmetic of what a transaction takes, less what it adds to each key.
	bytes := o.MemTableSize * 15 / 100
	s := &store{db: db, dir: o.Dir, log: log, always: always, memtable: o.MemTableSize, limits: ordered.Limits{
		Ops: int(bytes / nodeBytes * 9 / 10), Bytes: int(bytes * 85 / 100),
	}}
	s.wal.dir = o.Dir
	return s, s.wal.syncAll()
}

func (s *store) wrap(err error) error { return fmt.Errorf("badger at %s: %w", s.dir, err) }

// broken is why nothing is written any more.
func (s *store) broken() error {
	if err := s.failure.Load(); err != nil {
		return *err
	}
	return nil
}

// Limits implements ordered.KV.
func (s *store) Limits() ordered.Limits { return s.limits }

// Apply implements ordered.KV. After a write or a sync that failed there are no more: Linux takes
// the lost pages for written, so a later write could be acknowledged and yet, after a power
// failure, lie behind a hole at which Badger stops reading its log. Reads go on; a restart reads what is
// really there.
func (s *store) Apply(ops []ordered.Op) error {
	if err := s.broken(); err != nil {
		return err
	}
	txn := s.db.NewTransaction(true)
	defer txn.Discard()
	size := applyBytes
	for _, op := range ops {
		size += nodeBytes + len(op.Key) + len(op.Value)
		var err error
		if op.Value == nil {
			err = txn.Delete([]byte(op.Key))
		} else {
			err = txn.Set([]byte(op.Key), op.Value)
		}
		if err != nil {
			return s.wrap(err) // refused: nothing was written
		}
	}
	s.writes.Add(1)
	s.wal.written.Add(int64(size))
	err := txn.Commit()
	if errors.Is(err, badger.ErrTxnTooBig) || errors.Is(err, badger.ErrBlockedWrites) {
		return s.wrap(err)
	}
	if err != nil {
		return s.stop(err)
	}
	return nil
}

// Syncs implements ordered.Syncer.
func (s *store) Syncs() bool { return s.always }

// Sync implements ordered.Syncer.
func (s *store) Sync() error {
	if err := s.broken(); err != nil {
		return err
	}
	if err := s.wal.syncNew(s.memtable); err != nil {
		return s.stop(err)
	}
	return nil
}

// stop refuses writes from now on, because one has failed.
func (s *store) stop(err error) error {
	err = s.wrap(fmt.Errorf("a write failed, restart to write again: %w", err))
	s.failure.Store(&err)
	return err
}

// Snapshot implements ordered.KV.
func (s *store) Snapshot() (ordered.Reader, error) {
	if s.db.IsClosed() {
		return nil, s.wrap(badger.ErrDBClosed)
	}
	return &reader{s, s.db.NewTransaction(false)}, nil
}

// Close implements ordered.KV. Badger writes and syncs its memtables.
func (s *store) Close() error {
	s.wal.close()
	if err := s.db.Close(); err != nil {
		return s.wrap(err)
	}
	return nil
}

// Size implements ordered.KV: what the file system has given, since Badger's files have holes.
func (s *store) Size() (size int64, err error) {
	err = filepath.WalkDir(s.dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return ignoreGone(err)
		}
		info, err := d.Info()
		if err == nil {
			size += allocated(info)
		}
		return ignoreGone(err)
	})
	if err != nil {
		return 0, s.wrap(err)
	}
	return size, nil
}

// ignoreGone forgives a file that was removed while the folder was read.
func ignoreGone(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// compact merges all tables into one level, which is the only way in which Badger gives the space of
// deleted keys back for certain. It cannot be interrupted; ctx is asked before.
func (s *store) compact(ctx context.Context) error {
	s.compacting.Lock()
	defer s.compacting.Unlock()
	if err := ctx.Err(); err != nil {
		return s.wrap(context.Cause(ctx))
	}
	if err := s.db.Flatten(1); err != nil {
		return s.wrap(fmt.Errorf("flatten: %w", err))
	}
	return nil
}

// reader is one read-only transaction. Badger allows many goroutines in it, as long as it only
// reads.
type reader struct {
	s   *store
	txn *badger.Txn
}

var errNoValue = errors.New("the value of a record is missing")

// Get implements ordered.Reader.
func (r *reader) Get(key string) (value []byte, ok bool, err error) {
	item, err := r.txn.Get([]byte(key))
	if errors.Is(err, badger.ErrKeyNotFound) {
		return nil, false, nil
	}
	if err == nil {
		// The item is this call's own, and so is the slice that it fills.
		err = item.Value(func(v []byte) error { value = v; return nil })
	}
	// Badger answers a value that it cannot read with none, and ordered writes no empty ones.
	if err == nil && len(value) == 0 {
		err = errNoValue
	}
	if err != nil {
		return nil, false, r.s.wrap(err)
	}
	return value, true, nil
}

// Scan implements ordered.Reader.
func (r *reader) Scan(from, to string, fn func(key, value []byte) bool) error {
	o := badger.DefaultIteratorOptions
	o.PrefetchValues = false
	o.Prefix = commonPrefix(from, to)
	it := r.txn.NewIterator(o)
	defer it.Close()
	for it.Seek([]byte(from)); it.Valid(); it.Next() {
		item := it.Item()
		if string(item.Key()) >= to {
			return nil
		}
		more := true
		err := item.Value(func(v []byte) error {
			if len(v) == 0 {
				return errNoValue
			}
			more = fn(item.Key(), v)
			return nil
		})
		if err != nil {
			return r.s.wrap(err)
		}
		if !more {
			return nil
		}
	}
	return nil
}

// commonPrefix lets Badger leave out tables.
func commonPrefix(a, b string) []byte {
	n := 0
	for n < min(len(a), len(b)) && a[n] == b[n] {
		n++
	}
	return []byte(a[:n])
}

// Close implements ordered.Reader.
func (r *reader) Close() { r.txn.Discard() }
