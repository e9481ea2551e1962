package badger

import (
	"os"

	"golang.org/x/sys/unix"
)

// syncData makes the contents of a log durable, and what it takes to find them, but not when it was last written: Redis too
// syncs its log in this way, which takes a third less time.
func syncData(f *os.File) error {
	for {
		err := unix.Fdatasync(int(f.Fd()))
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			return &os.PathError{Op: "fdatasync", Path: f.Name(), Err: err}
		}
		return nil
	}
}
