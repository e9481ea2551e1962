package badger

import (
	"context"
	"sync/atomic"
	"time"

	"switchyard/backends"
)

// upkeep is what an instance needs in the background: one goroutine that syncs, looks at the disk
// and at the memory, and compacts when nobody writes.
type upkeep struct {
	s        settings
	store    *store
	lowDisk  atomic.Bool
	cancel   context.CancelFunc
	stopped  chan struct{}
	synced   int64 // the store's writes at the last sync
	lastSeen int64 // the store's writes at the last look
	idle     time.Duration
	compact  bool // there is something to compact
}

const upkeepEvery = time.Second

func newUpkeep(st *store, s settings) *upkeep {
	u := &upkeep{s: s, store: st, stopped: make(chan struct{})}
	u.lookAtDisk()
	return u
}

// full is ErrDiskFull while there is too little space. Badger writes to mapped files: on a disk that
// is really full the process would die of SIGBUS.
func (u *upkeep) full() error {
	if u.lowDisk.Load() {
		return backends.ErrDiskFull
	}
	return nil
}

func (u *upkeep) start() {
	ctx, cancel := context.WithCancel(context.Background())
	u.cancel = cancel
	budget.join(u.s.memory)
	go u.run(ctx)
}

// end stops the goroutine and syncs what it has not.
func (u *upkeep) end() {
	u.cancel()
	<-u.stopped
	budget.leave(u.s.memory)
}

func (u *upkeep) run(ctx context.Context) {
	defer close(u.stopped)
	tick := time.NewTicker(upkeepEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		u.lookAtDisk()
		budget.adjust()
		if u.s.everysec {
			u.sync()
		}
		u.compactWhenIdle(ctx)
	}
}

func (u *upkeep) lookAtDisk() {
	free, err := freeSpace(u.store.dir)
	if err != nil {
		u.store.log.Warningf("free space: %v", err)
		return
	}
	low := free < u.s.minFree
	if low != u.lowDisk.Swap(low) {
		u.store.log.Warningf("%d bytes are free on the disk, refusing writes: %v", free, low)
	}
}

// sync is the promise of "everysec": when it returns, all that was written before it began survives
// a power failure.
func (u *upkeep) sync() {
	writes := u.store.writes.Load()
	if writes == u.synced || u.store.broken() != nil {
		return
	}
	if err := u.store.Sync(); err != nil {
		u.store.log.Errorf("%v", err)
		return
	}
	u.synced = writes
}

// compactWhenIdle reclaims the space of what was deleted, once after each time of writing.
func (u *upkeep) compactWhenIdle(ctx context.Context) {
	if writes := u.store.writes.Load(); writes != u.lastSeen {
		u.lastSeen, u.idle, u.compact = writes, 0, true
		return
	}
	if u.idle += upkeepEvery; u.s.compactAfter == 0 || u.idle < u.s.compactAfter || !u.compact {
		return
	}
	u.compact = false
	if err := u.store.compact(ctx); err != nil {
		u.store.log.Warningf("%v", err)
	}
}
