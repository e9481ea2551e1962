package ordered

import (
	"errors"
	"strings"
	"testing"

	"switchyard/backends"
)

func wantLibraries(t *testing.T, e *Engine, payload string) {
	t.Helper()
	if got, err := e.Libraries(t.Context()); string(got) != payload || err != nil {
		t.Errorf("it keeps %d bytes of libraries, %v; want %d", len(got), err, len(payload))
	}
}

func TestLibrariesAreChunksThatSurviveACrash(t *testing.T) {
	s := newSyncedStore()
	e := open(t, s, tiny)
	chunk := e.o.chunk
	for _, size := range []int{chunk + 1, 1, 5 * chunk, 5*chunk - 1, 2 * chunk, 0, 1000 * chunk} {
		payload := strings.Repeat("x", size)
		if err := e.SetLibraries(t.Context(), []byte(payload)); err != nil {
			t.Fatal(err)
		}
		wantLibraries(t, e, payload)
		crashed := s.crashed()
		if n := crashed.count(tagLibraries); n != (size+chunk-1)/chunk {
			t.Errorf("%d bytes are %d records", size, n)
		}
		after := open(t, crashed, tiny)
		wantLibraries(t, after, payload)
		shut(t, after)
	}
	s.data.Scan(func(key string, value []byte) bool {
		if len(value) > chunk && key[0] == tagLibraries {
			t.Errorf("%d bytes in one record", len(value))
		}
		return true
	})
	shut(t, e)
}

func TestLibrariesThatAreNotWrittenAreNotKept(t *testing.T) {
	s := newStore()
	e := open(t, s, tiny)
	if err := e.SetLibraries(t.Context(), []byte("first")); err != nil {
		t.Fatal(err)
	}
	s.when(func([]Op) error { return errDisk })
	if err := e.SetLibraries(t.Context(), []byte("second, in more than one chunk")); !errors.Is(err, errDisk) {
		t.Errorf("the error is %v", err)
	}
	s.when(nil)
	wantLibraries(t, e, "first")
	shut(t, e)
}

func TestAFullStoreTakesFewerLibraries(t *testing.T) {
	var full error
	e := open(t, newStore(), func(o *Options) { o.Full = func() error { return full } })
	defer shut(t, e)
	if err := e.SetLibraries(t.Context(), []byte("first")); err != nil {
		t.Fatal(err)
	}
	full = backends.ErrDiskFull
	if err := e.SetLibraries(t.Context(), []byte("second")); !errors.Is(err, backends.ErrDiskFull) {
		t.Errorf("more: %v", err)
	}
	wantLibraries(t, e, "first")
	if err := e.SetLibraries(t.Context(), nil); err != nil {
		t.Errorf("none: %v", err)
	}
	wantLibraries(t, e, "")
}
