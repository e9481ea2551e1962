package backends

import (
	"errors"
	"testing"
)

func TestACommitTellsThoseWhoWaitWithoutAGoroutine(t *testing.T) {
	c, told, failure := NewCommit(), 0, errors.New("the disk is broken")
	for range 2 {
		if !c.Then(func() { told++ }) {
			t.Error("it has ended")
		}
	}
	c.Finish(failure)
	if told != 2 || c.Then(func() { told++ }) || told != 2 {
		t.Errorf("told %d times", told)
	}
	if err := c.Wait(t.Context()); !errors.Is(err, failure) {
		t.Error(err)
	}
	if (*Commit)(nil).Then(func() { told++ }) || told != 2 {
		t.Error("nothing has yet to end")
	}
}
