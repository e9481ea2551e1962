package badger

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// Several may sync at once, the committer of a large transaction beside what syncs small ones. Who takes the count of what
// was written has to be who syncs next: one that took it and then had to wait would leave another to sync without the log
// that was begun.
func TestWhoSyncsNextCountsWhatWasWritten(t *testing.T) {
	const memtable = 1000
	w := wal{dir: t.TempDir()}
	begin := func(n int) {
		if err := os.WriteFile(filepath.Join(w.dir, fmt.Sprintf("%05d.mem", n)), []byte("a log"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	defer w.close()
	begin(1)
	if err := w.syncAll(); err != nil {
		t.Fatal(err)
	}
	w.written.Add(memtable - 1)
	begin(2)
	w.mu.Lock() // another one syncs
	waiting := make(chan error)
	go func() { waiting <- w.syncNew(memtable) }()
	for end := time.Now().Add(50 * time.Millisecond); time.Now().Before(end); time.Sleep(time.Millisecond) {
		if w.written.Load() == 0 {
			t.Error("who waits has taken the count")
			break
		}
	}
	w.mu.Unlock()
	if err := <-waiting; err != nil {
		t.Error(err)
	}
	if w.next != 3 {
		t.Errorf("the next log is %d", w.next)
	}
}
