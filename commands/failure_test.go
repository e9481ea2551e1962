package commands

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"switchyard/backends"
)

func TestAClientReadsOnlyWhatItMay(t *testing.T) {
	for _, c := range []struct {
		err      error
		text     string
		expected bool
	}{
		{ErrSyntax, string(ErrSyntax), true},
		{fmt.Errorf("set: %w", ErrSyntax), string(ErrSyntax), true},
		{backends.ErrWrongType, backends.ErrWrongType.Error(), true},
		{backends.ErrNoSpace, backends.ErrNoSpace.Error(), true},
		{backends.ErrDiskFull, backends.ErrDiskFull.Error(), true},
		{fmt.Errorf("redis at 10.0.0.1: %w", backends.ErrUnavailable), string(ErrUnavailable), false},
		{fmt.Errorf("redis at 10.0.0.1: %w", context.DeadlineExceeded), string(ErrTimeout), false},
		{errors.New("badger at /data: torn"), string(ErrBackend), false},
	} {
		if text, expected := TextOf(c.err); text != c.text || expected != c.expected {
			t.Errorf("%v reads %q, %v", c.err, text, expected)
		}
	}
}

func TestOurOwnFailuresSayWhatToDo(t *testing.T) {
	for _, c := range []struct {
		got  Error
		want string
	}{
		{UnknownBackend("x", "a, b"), "ERR unknown backend 'x', configured are: a, b"},
		{BackendClosed("x"), "ERR backend 'x' is not open, it is opened by the first switch to it"},
		{SwitchFailed(errors.New("no way")), "ERR no way"},
	} {
		if string(c.got) != c.want {
			t.Errorf("%q, not %q", c.got, c.want)
		}
	}
}
