package commands

import (
	"context"
	"errors"
	"strings"

	"switchyard/backends"
	"switchyard/backends/rdb"
)

// Texts of our own, for what Redis does not have.
const (
	ErrInternal        Error = "ERR internal error, see the server's log"
	ErrSwitchUnderWay  Error = "ERR a switch is under way already"
	ErrSameStore       Error = "ERR the active backend and the target are the same store under two names"
	ErrSwitchToSelf    Error = "ERR the target is this very server"
	ErrBackendNotEmpty Error = "ERR the target backend is not empty, say FLUSH to remove its keys first, or MERGE to keep those that have no counterpart"
)

// ErrLong is a handler's way to say that its call, which was to be brief, would take long. No client
// reads it.
var ErrLong = errors.New("the call would take long")

// ErrWait is a handler's way to say that its call waits, and has told Client.Block for what. No client reads it.
var ErrWait = errors.New("the call waits")

// UnknownBackend refuses a name that is no instance's.
func UnknownBackend(name, known string) Error {
	return Error("ERR unknown backend '" + name + "', configured are: " + known)
}

// BackendClosed refuses what only an open backend can tell.
func BackendClosed(name string) Error {
	return Error("ERR backend '" + name + "' is not open, it is opened by the first switch to it")
}

// Discarded is what EXEC replies when it is refused because of err.
func Discarded(err error) Error {
	text, _ := TextOf(err)
	return Error("EXECABORT Transaction discarded because of: " + strings.TrimPrefix(text, "ERR "))
}

// SwitchFailed tells why; the backend that was active still is.
func SwitchFailed(cause error) Error { return Error("ERR " + cause.Error()) }

// TextOf is what a client reads about err. expected is false when the cause is none that a command can
// have by itself, so that the operator should know of it and the client need not know the details.
func TextOf(err error) (text string, expected bool) {
	var own Error
	switch {
	case errors.As(err, &own):
		return string(own), true
	case errors.Is(err, backends.ErrWrongType), errors.Is(err, backends.ErrNoSpace), errors.Is(err, backends.ErrDiskFull),
		errors.Is(err, backends.ErrNoType):
		return err.Error(), true
	case errors.Is(err, rdb.ErrUnsupported):
		return err.Error(), true
	case errors.Is(err, backends.ErrUnavailable):
		return string(ErrUnavailable), false
	case errors.Is(err, context.DeadlineExceeded):
		return string(ErrTimeout), false
	}
	return string(ErrBackend), false
}
