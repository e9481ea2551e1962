//go:build !linux

package badger

import "os"

// syncData makes the contents of a log durable.
func syncData(f *os.File) error { return f.Sync() }
