package ordered

import (
	"errors"
	"testing"

	"switchyard/backends"
)

// stallSync makes Sync wait until release is called with what it is to return.
func stallSync(s *store) (arrived <-chan struct{}, release func(error)) {
	at, result := make(chan struct{}, 100), make(chan error, 100)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.syncing = func() error {
		at <- struct{}{}
		return <-result
	}
	return at, func(err error) { result <- err }
}

func TestGroupsAreAppliedWhileOthersAreSynced(t *testing.T) {
	s := newSyncedStore()
	e := open(t, s, nil)
	defer shut(t, e)
	arrived, release := stallSync(s)
	first, err := begin(e, setter("1", "a"), "a")
	if err != nil {
		t.Fatal(err)
	}
	<-arrived
	var later [3]*backends.Commit
	for i := range later {
		applied := make(chan struct{})
		s.when(func([]Op) error { close(applied); return nil })
		if later[i], err = begin(e, setter("2", "a", "b"), "a", "b"); err != nil {
			t.Fatal(err)
		}
		<-applied // by itself, since the one before has been applied too
	}
	s.when(nil)
	for _, c := range append(later[:], first) {
		select {
		case <-c.Done():
			t.Error("a commit has ended before it was synced")
		default:
		}
	}
	if value, commit := read(t, e, "b"); value != "2" || commit != later[2] {
		t.Errorf("a reader sees %q, which depends on %v", value, commit)
	}
	if value, commit := read(t, e, "c"); value != "-" || commit != nil {
		t.Errorf("a reader of what is durable sees %q, which depends on %v", value, commit)
	}
	release(nil)
	if err := first.Wait(t.Context()); err != nil {
		t.Fatal(err)
	}
	<-arrived
	release(nil)
	for _, c := range later {
		if err := c.Wait(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.syncing = nil; s.synced > 3 {
		t.Errorf("three groups took %d syncs", s.synced-1)
	}
}

func TestAFailedApplyDoesNotTakeWithItWhatIsBeingSynced(t *testing.T) {
	s := newSyncedStore()
	e := open(t, s, nil)
	defer shut(t, e)
	arrived, release := stallSync(s)
	first, err := begin(e, setter("1", "a"), "a")
	if err != nil {
		t.Fatal(err)
	}
	<-arrived
	refused := make(chan struct{})
	s.when(func([]Op) error { close(refused); return errDisk })
	second, err := begin(e, setter("2", "a", "b"), "a", "b")
	if err != nil {
		t.Fatal(err)
	}
	<-refused
	release(nil)
	if err := first.Wait(t.Context()); err != nil {
		t.Errorf("what was applied before ended with %v", err)
	}
	if err := second.Wait(t.Context()); !errors.Is(err, errDisk) {
		t.Errorf("what was refused ended with %v", err)
	}
	s.mu.Lock()
	s.syncing, s.fail = nil, nil
	s.mu.Unlock()
	want(t, e, "a", "1")
	want(t, e, "b", "-")
	must(t, e, setter("3", "b"), "b")
	wantCounts(t, e)
}

func TestAFailedSyncLosesAllThatIsNotDurable(t *testing.T) {
	s := newSyncedStore()
	e := open(t, s, nil)
	must(t, e, setter("1", "a"), "a")
	arrived, release := stallSync(s)
	first, err := begin(e, setter("2", "a"), "a")
	if err != nil {
		t.Fatal(err)
	}
	<-arrived
	second, err := begin(e, setter("3", "a", "b"), "a", "b")
	if err != nil {
		t.Fatal(err)
	}
	release(errDisk)
	for _, c := range []*backends.Commit{first, second} {
		if err := c.Wait(t.Context()); !errors.Is(err, errDisk) {
			t.Errorf("it ended with %v", err)
		}
	}
	want(t, e, "a", "1")
	want(t, e, "b", "-")
	wantCounts(t, e)
	if err := try(e, setter("4", "a"), "a"); !errors.Is(err, errDisk) {
		t.Errorf("a later write ended with %v", err)
	}
	shut(t, e)
	e = open(t, s.crashed(), nil)
	defer shut(t, e)
	want(t, e, "a", "1")
	wantCounts(t, e)
}
