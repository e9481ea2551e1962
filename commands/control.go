package commands

import (
	"context"
	"strings"

	"switchyard/commands/lua"
)

// ReplyMode says whether a client is sent the replies to its calls.
type ReplyMode int

// The arguments of CLIENT REPLY.
const (
	ReplyOn   ReplyMode = iota
	ReplyOff            // none, until it is turned on
	ReplySkip           // not the next one
)

// Modes is the part of a Client that is about how its calls are answered.
type Modes interface {
	// SetReplies takes effect with the reply to the call at hand, but for ReplySkip.
	SetReplies(ReplyMode)
	// Monitor sends the client all calls from now on, behind the replies so far. It says false when it did so already.
	Monitor() bool
	// Show shows the call at hand to those who monitor, before what it does itself.
	Show()
	// Delay holds the reply to the call at hand back for so many milliseconds, and the calls behind it; 0: for ever.
	Delay(milliseconds int64)
}

// Controller is the part of the Server that is about stopping it, and its clients.
type Controller interface {
	// Kill disconnects a client, which runs nothing any more, and says whether it was there.
	Kill(id int64) bool
	// Pause holds the calls of all clients back for so many milliseconds, or only those that may write, and returns when
	// none of those runs that came before. The call of a Part does not wait for them.
	Pause(ctx context.Context, p Pause) error
	// Unpause ends that.
	Unpause()
	// Sync makes all that was acknowledged survive a power failure; false: the backend cannot.
	Sync(ctx context.Context) (can bool, err error)
	// Shutdown ends the process as a signal does.
	Shutdown()
}

// Pause is what CLIENT PAUSE asks for.
type Pause struct {
	Milliseconds int64
	Writes       bool // only those that may write
	Part         bool
}

// MayWrite says whether CLIENT PAUSE WRITE holds the call back.
func (c *Ctx) MayWrite() bool {
	switch r := c.Row; {
	case r.Flags&Write != 0:
		return true
	case r.FullName == "exec":
		t := c.Client.Transaction()
		return t != nil && (t.spans.Write || t.shows)
	case r.Group == "scripting" && r.Flags&MayWrite != 0:
		return !c.scriptOnlyReads()
	default:
		return r.Flags&MayWrite != 0
	}
}

// UsesKeys says whether the call is refused to a client that monitors.
func (c *Ctx) UsesKeys() bool {
	if t := c.Client.Transaction(); c.Row.FullName == "exec" && t != nil && t.Len() > 0 && len(t.spans.Keys) > 0 {
		return true
	}
	return c.Row.Flags&(Readonly|MayWrite) != 0 || c.MayWrite()
}

// scriptOnlyReads says of a call of a script that the server has, and that promises it.
func (c *Ctx) scriptOnlyReads() bool {
	sha := strings.ToLower(string(c.Args[1]))
	if c.Row.Name == "eval" {
		sha = lua.SHA1(c.Args[1])
	}
	s := c.Server.Scripts().Find(sha)
	return s != nil && s.Flags&lua.NoWrites != 0
}
