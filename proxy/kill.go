package proxy

import "switchyard/commands"

// Kill implements commands.Server. The session runs nothing any more, and is none of the clients from now on; its
// connection ends as soon as its transport comes to it. What it runs at the moment is done.
func (s *Server) Kill(id int64) bool {
	s.mu.Lock()
	c := s.clients[id]
	delete(s.clients, id)
	s.mu.Unlock()
	if c == nil {
		return false
	}
	c.setMode(killed, true)
	c.conn.Abandon()
	return true
}

// Shutdown implements commands.Server.
func (s *Server) Shutdown() { s.quitOnce.Do(func() { close(s.quit) }) }

var (
	_ commands.Controller = (*Server)(nil)
	_ commands.Modes      = (*session)(nil)
)
