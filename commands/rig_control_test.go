package commands

import (
	"context"
	"fmt"
)

// fakeModes is the part of fakeClient that is about how calls are answered. It takes note of what is asked for.
type fakeModes struct {
	replies  []ReplyMode
	monitors bool
	delays   []int64
	shown    int
}

func (m *fakeModes) SetReplies(r ReplyMode) { m.replies = append(m.replies, r) }
func (m *fakeModes) Delay(ms int64)         { m.delays = append(m.delays, ms) }
func (m *fakeModes) Show()                  { m.shown++ }

func (m *fakeModes) Monitor() bool {
	first := !m.monitors
	m.monitors = true
	return first
}

// fakeController is the part of fakeServer that stops it and its clients. It takes note of what is asked for.
type fakeController struct {
	asked   []string
	durable bool
}

func (f *fakeController) Kill(id int64) bool {
	f.asked = append(f.asked, fmt.Sprint("kill ", id))
	return true
}

func (f *fakeController) Pause(_ context.Context, p Pause) error {
	f.asked = append(f.asked, fmt.Sprint("pause ", p.Milliseconds, " ", p.Writes))
	return nil
}

func (f *fakeController) Unpause()                           { f.asked = append(f.asked, "unpause") }
func (f *fakeController) Shutdown()                          { f.asked = append(f.asked, "shutdown") }
func (f *fakeController) Sync(context.Context) (bool, error) { return f.durable, nil }

var (
	_ Modes      = (*fakeModes)(nil)
	_ Controller = (*fakeController)(nil)
)
