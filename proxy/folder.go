package proxy

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"syscall"
)

// folder is the data folder. It is made when something is to be kept, and locked as soon as it is used: two
// servers that record their switches in one journal would come up on each other's backend.
type folder struct {
	path string

	mu   sync.Mutex
	lock *os.File // nil: not locked yet
}

// take makes the folder and locks it for this process.
func (f *folder) take() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.lock != nil {
		return nil
	}
	if err := os.MkdirAll(f.path, 0o700); err != nil {
		return fmt.Errorf("data folder: %w", err)
	}
	lock, err := os.OpenFile(filepath.Join(f.path, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return fmt.Errorf("data folder: %w", err)
	}
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		if errors.Is(err, syscall.EWOULDBLOCK) {
			err = errors.New("it is in use by another Switchyard, say --data DIR for another folder")
		}
		return errors.Join(fmt.Errorf("data folder %s: %w", f.path, err), lock.Close())
	}
	f.lock = lock
	return nil
}

// takeIfThere is take for a folder that may not be needed.
func (f *folder) takeIfThere() error {
	if _, err := os.Stat(f.path); errors.Is(err, os.ErrNotExist) {
		return nil
	}
	return f.take()
}

// release lets another process have it.
func (f *folder) release() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.lock == nil {
		return nil
	}
	err := f.lock.Close()
	f.lock = nil
	return err
}
