package badger

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
)

// wal syncs Badger's write-ahead logs, NUMBER.mem, one for each memtable. Badger can do it too, but not
// as well. Its Sync knows the latest log only: one whose memtable is full, and waits to become a
// table, is in neither then. Its SyncWrites syncs the value log, which we do not use, as well,
// at the price of a second flush of the disk, and never syncs the folder that a new log is in. A
// log that is gone has become a table, which Badger has synced.
type wal struct {
	dir     string
	written atomic.Int64 // bytes since the last syncNew, with what a memtable adds to them

	mu   sync.Mutex
	open []*os.File // the last one is the latest known
	next int        // the number after that
	size int64      // bytes in that log, at most
}

// find opens the logs that are not known yet.
func (w *wal) find() error {
	names, err := filepath.Glob(filepath.Join(w.dir, "*.mem"))
	if err != nil {
		return err
	}
	slices.Sort(names)
	for _, name := range names {
		n, err := strconv.Atoi(strings.TrimSuffix(filepath.Base(name), ".mem"))
		if err == nil && n >= w.next {
			err = w.add(n)
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

func (w *wal) add(n int) error {
	f, err := os.Open(filepath.Join(w.dir, fmt.Sprintf("%05d.mem", n)))
	if err != nil {
		return err
	}
	w.open, w.next = append(w.open, f), n+1
	return nil
}

// syncAll makes durable all that was written before it began.
func (w *wal) syncAll() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.syncFound()
}

// syncFound is syncAll with mu held.
func (w *wal) syncFound() error {
	known := w.next
	if err := w.find(); err != nil {
		return err
	}
	return w.sync(w.next != known)
}

// syncNew is syncAll where a memtable takes so many bytes. It does not look for a new log before the latest can be
// nearly full, and then only for one, as long as what was written since cannot have filled that as well. It
// may run several times at once: who comes first counts what was written for the others too.
func (w *wal) syncNew(memtable int64) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	written := w.written.Swap(0)
	w.size += written
	switch {
	case written > memtable/2:
		w.size = memtable // as far as is known
		return w.syncFound()
	case w.size < memtable/2:
		return w.sync(false)
	}
	err := w.add(w.next)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err == nil {
		w.size = written
	}
	return w.sync(err == nil)
}

// sync syncs what is open, and the folder when it has a new log. Only the latest log grows on.
func (w *wal) sync(grown bool) error {
	for _, f := range w.open {
		if err := syncData(f); err != nil {
			return err
		}
	}
	if n := len(w.open); n > 1 {
		for _, f := range w.open[:n-1] {
			_ = f.Close() // was only read, and is synced
		}
		w.open = slices.Clone(w.open[n-1:])
	}
	if !grown {
		return nil
	}
	d, err := os.Open(w.dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

func (w *wal) close() {
	for _, f := range w.open {
		_ = f.Close() // was only read
	}
	w.open = nil
}
