//go:build linux || darwin

package badger

import (
	"errors"
	"io/fs"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

var errInUse = errors.New("the folder is open in another process or instance")

// checkUnused asks for the lock that Badger takes itself, to say in one line what Badger says in many.
func checkUnused(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	err = unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	if errors.Is(err, unix.EWOULDBLOCK) {
		err = errInUse
	}
	return errors.Join(err, f.Close())
}

// freeSpace is what this process may still write to the file system of dir.
func freeSpace(dir string) (int64, error) {
	var st unix.Statfs_t
	if err := unix.Statfs(dir, &st); err != nil {
		return 0, err
	}
	return int64(st.Bavail) * int64(st.Bsize), nil
}

// allocated is the space that a file takes, without its holes.
func allocated(info fs.FileInfo) int64 {
	const block = 512 // of the field, whatever the file system's own
	if st, ok := info.Sys().(*syscall.Stat_t); ok {
		return st.Blocks * block
	}
	return info.Size()
}
