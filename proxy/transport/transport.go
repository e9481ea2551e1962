// Package transport is the seam between sockets and sessions. A transport owns the listeners and the
// connections: it reads requests, feeds them to the connection's Session one by one, and writes
// what the Session has to say. A Session does not know who reads its socket.
//
// scanner.go holds what every transport must refuse, in Redis's words.
package transport

import (
	"context"
	"net"
)

// Handler makes a session of each new connection.
type Handler interface {
	// Open returns the session of a connection, or the error that its client reads before the
	// connection is closed.
	Open(c Conn) (Session, error)
}

// Server is a transport that serves one listener.
type Server interface {
	// Serve accepts connections until Shutdown.
	Serve() error
	// Shutdown accepts no more, lets each connection finish what is at hand, and closes it. When
	// ctx ends first, the connections are closed as they are. It is called once.
	Shutdown(ctx context.Context) error
}

// Conn is a session's way to its connection.
type Conn interface {
	RemoteAddr() net.Addr
	LocalAddr() net.Addr
	// Push sends b, which is not kept, between two replies: after those that the session has given out
	// by then, and before those that it gives out later. Any goroutine may call it at any time, also
	// inside the session; pushes keep their order. It never waits: a client that does not read is
	// disconnected at the limit for its output. After the end of the connection it does nothing.
	Push(b []byte)
	// Bound replaces the limit for its output, which is the transport's own at first. Any goroutine may
	// call it at any time.
	Bound(limit OutputLimit)
	// Spare says whether the client may be silent for as long as it likes. The session calls it.
	Spare(on bool)
	// Abandon ends the connection as it is. Any goroutine may call it at any time.
	Abandon()
	// Usage says what the connection holds at the moment, as far as that is known without asking for
	// it. Any goroutine may call it at any time; it waits for nothing.
	Usage() Usage
}

// Usage is what a connection holds.
type Usage struct {
	FD     int // the number of its socket; 0: unknown, or closed
	Input  int // bytes that were received and have not run yet
	Output int // bytes that the client has yet to read
}

// Session is one client. A transport calls its methods one at a time.
type Session interface {
	// Reply says where replies are to be appended until Replies is called.
	Reply(buf []byte)
	// Try runs one request, of at least one argument, if that surely takes little time and waits
	// for nothing; otherwise it says false and has done nothing. args may change once it returns.
	Try(args [][]byte) bool
	// Execute runs one request, and may wait. args must stay unchanged until Settle has returned.
	Execute(args [][]byte)
	// Settle waits until no reply is on its way any more. A transport calls it before Replies. It
	// does not wait when all requests since the last time were run by Try.
	Settle()
	// Await says that Settle would wait after what Try has run, and has fn called once, on any goroutine, when to ask
	// again; false: Settle will not wait, and fn is not called.
	Await(fn func()) bool
	// Stopped says that the request that was run last waits: none may run behind it until Blocked has said false and Reply
	// was called once more, which puts its reply before all others. What was replied before it
	// need not wait.
	Stopped() bool
	// Blocked says whether the request still waits, and then has fn called once, on any goroutine, when to ask again. It
	// does not wait; nor does fn, which may come even a moment after Close.
	Blocked(fn func()) bool
	// Buffered is about how many bytes of replies wait to be sent. A transport that sees much sends
	// it before it feeds more.
	Buffered() int
	// Replies returns what is to be sent, and gives the buffer back with it. When closing is true
	// the connection ends once that is sent.
	Replies() (b []byte, closing bool)
	// Prompt says that Try will run nearly every request.
	Prompt() bool
	// Trusted says whether the client has proved who it is, or need not: others may send only
	// little at once.
	Trusted() bool
	// Received counts bytes that came from the client. It may be called at any time.
	Received(n int)
	// Close ends the session; nothing is called after it.
	Close()
}
