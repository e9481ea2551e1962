// Package transport is the seam between sockets and sessions. A transport owns the listeners and the
// connections: it reads requests, feeds them to the connection's Session one by one, and writes
// what the Session has to say. A Session does not know who reads its socket.
//
// scanner.go holds what every transport must refuse, in Redis's words.
package transport

import "net"

// Handler makes a session of each new connection.
type Handler interface {
	// Open returns the session of a connection, or the error that its client reads before the
	// connection is closed.
	Open(c Conn) (Session, error)
}

// Conn is what a session may know of its connection.
type Conn interface {
	RemoteAddr() net.Addr
	LocalAddr() net.Addr
}

// Session is one client. A transport calls its methods one at a time.
type Session interface {
	// Execute runs one request, of at least one argument. args must stay unchanged until
	// Settle has returned.
	Execute(args [][]byte)
	// Settle waits until no reply is on its way any more. A transport calls it before Replies.
	Settle()
	// Buffered is about how many bytes of replies wait to be sent. A transport that sees much sends
	// it before it feeds more.
	Buffered() int
	// Replies returns what is to be sent, and forgets it; it is valid until the next Execute.
	// When closing is true the connection ends once that is sent.
	Replies() (b []byte, closing bool)
	// Trusted says whether the client has proved who it is, or need not: others may send only
	// little at once.
	Trusted() bool
	// Received counts bytes that came from the client.
	Received(n int)
	// Close ends the session; nothing is called after it.
	Close()
}
