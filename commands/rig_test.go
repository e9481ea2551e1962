package commands

import (
	"bytes"
	"context"
	"fmt"
	"strconv"
	"testing"
	"time"

	"switchyard/backends"
	"switchyard/backends/memory"
)

// rig runs commands on a memory engine, one at a time, as dispatch does: refused by the table,
// served, or run in a transaction, with the text of an error in place of what was replied before it.
type rig struct {
	t      testing.TB
	engine backends.Engine
	server *fakeServer
	client *fakeClient
	ctx    Ctx
	clock  func() int64 // Unix milliseconds
}

func newRig(t testing.TB) *rig {
	t.Helper()
	compact := backends.NewCompact()
	b, err := memory.Driver.Config().Open(t.Context(), backends.Env{Name: "test", Databases: 16, Compact: compact})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	})
	r := &rig{t: t, engine: b.(backends.Engine), clock: func() int64 { return time.Now().UnixMilli() }}
	r.server = &fakeServer{table: NewTable(), ctx: t.Context(), engine: r.engine, compact: compact, maxString: 512 << 20, scripts: NewScripts()}
	r.server.functions = NewFunctions(r.server.scripts.Runtime)
	r.client = &fakeClient{info: ClientInfo{ID: 7, Addr: "127.0.0.1:5000", LocalAddr: "127.0.0.1:6379", Flags: "N", User: "default", Proto: 2}, authenticated: true}
	r.server.clients = []*fakeClient{r.client}
	r.server.fakeBroker, r.client.fakeSubscriptions = newFakeBroker()
	r.ctx.Client, r.ctx.Server, r.ctx.Proto = r.client, r.server, 2
	return r
}

// do returns the reply's bytes, which are valid until the next call.
func (r *rig) do(args ...string) []byte {
	call := make([][]byte, len(args))
	for i, a := range args {
		call[i] = []byte(a)
	}
	return r.run(call)
}

func (r *rig) run(args [][]byte) []byte {
	c := &r.ctx
	c.Buf, c.Args, c.Now = c.Buf[:0], args, r.clock()
	err := r.call(args)
	if err == ErrWait { // the time has passed
		c.Buf, err = c.Buf[:0], nil
		c.NullArray()
	}
	if err != nil {
		c.Buf = c.Buf[:0]
		text, _ := TextOf(err)
		c.Error(text)
	}
	return c.Buf
}

func (r *rig) call(args [][]byte) (err error) {
	c := &r.ctx
	if c.Row, err = r.server.table.Find(args); err != nil {
		return err
	}
	r.client.info.LastCommand = c.Row.FullName
	if c.Row.Serve != nil {
		return c.Row.Serve(c)
	}
	_, err = c.Execute(r.engine, c.Access())
	return err
}

type fakeClient struct {
	Transactor
	*fakeSubscriptions
	fakeModes
	Tracker       // none of the tests here tracks
	effects       []Effect
	waits         []Wait
	info          ClientInfo
	authenticated bool
	noEvict       bool
	noTouch       bool
	closed        bool
	password      string
}

var _ Client = (*fakeClient)(nil)

func (c *fakeClient) DB() int             { return c.info.DB }
func (c *fakeClient) SelectDB(db int)     { c.info.DB = db }
func (c *fakeClient) SetProto(proto int)  { c.info.Proto = proto }
func (c *fakeClient) SetName(name string) { c.info.Name = name }
func (c *fakeClient) SetNoEvict(on bool)  { c.noEvict = on }
func (c *fakeClient) SetNoTouch(on bool)  { c.noTouch = on }
func (c *fakeClient) Info() ClientInfo    { return c.info }
func (c *fakeClient) Authenticated() bool { return c.authenticated }
func (c *fakeClient) CloseAfterReply()    { c.closed = true }
func (c *fakeClient) Block(w Wait)        { c.waits = append(c.waits, w) }

func (c *fakeClient) Forget() { c.effects = nil }

// Affect leaves out what has neither a key nor an event.
func (c *fakeClient) Affect(e Effect) {
	if e.All {
		return
	}
	e.Key = bytes.Clone(e.Key)
	c.effects = append(c.effects, e)
}

func (c *fakeClient) SetLib(attribute, value string) {
	if attribute == "lib-name" {
		c.info.LibName = value
	} else {
		c.info.LibVer = value
	}
}

func (c *fakeClient) Authenticate(user, password []byte) bool {
	ok := string(user) == "default" && (c.password == "" || string(password) == c.password)
	c.authenticated = c.authenticated || ok
	return ok
}

func (c *fakeClient) Reset() {
	c.info.DB, c.info.Name, c.info.Proto = 0, "", 2
	c.authenticated = c.password == ""
}

type fakeServer struct {
	*fakeBroker
	fakeController
	table     *Table
	ctx       context.Context
	engine    backends.Engine
	compact   *backends.Compact
	clients   []*fakeClient
	maxString int64
	epoch     uint64
	resets    int
	switched  []string
	unblocked []string
	failure   error // of the STATE commands
	observed  bool
	scripts   *Scripts
	functions *Functions
	kept      []byte // of the libraries
}

func (s *fakeServer) Scripts() *Scripts                 { return s.scripts }
func (s *fakeServer) Functions() *Functions             { return s.functions }
func (s *fakeServer) LogScript(int, string)             {}
func (s *fakeServer) Observed() bool                    { return s.observed }
func (s *fakeServer) ObservesMisses() bool              { return s.observed }
func (s *fakeServer) Tracked() bool                     { return false }
func (s *fakeServer) Replacing(_ backends.Tx, _, _ int) {}

func (s *fakeServer) KeepLibraries(_ context.Context, payload []byte) error {
	s.kept = payload
	return s.failure
}

var _ Server = (*fakeServer)(nil)

func (s *fakeServer) Context() context.Context { return s.ctx }
func (s *fakeServer) Table() *Table            { return s.table }
func (s *fakeServer) Databases() int           { return 16 }
func (s *fakeServer) MaxStringLength() int64   { return s.maxString }
func (s *fakeServer) PasswordRequired() bool   { return s.clients[0].password != "" }
func (s *fakeServer) ResetStats()              { s.resets++ }
func (s *fakeServer) ScanEpoch() uint64        { return s.epoch }

func (s *fakeServer) HasClient(int64) bool { return false }

func (s *fakeServer) Unblock(id int64, withError bool) bool {
	s.unblocked = append(s.unblocked, fmt.Sprint(id, " ", withError))
	return id == s.clients[0].info.ID
}

func (s *fakeServer) Clients() (all []ClientInfo) {
	for _, c := range s.clients {
		all = append(all, c.info)
	}
	return all
}

func (s *fakeServer) Info(ctx context.Context) ServerInfo {
	contents, _ := s.engine.Stats(ctx) // that of memory cannot fail
	started := time.Unix(1_700_000_000, 0)
	return ServerInfo{Version: "1.2.3", RunID: "0123456789", Port: 6379, Started: started, Now: started.Add(49 * time.Hour),
		Backend: "test", Driver: "memory", Clients: 1, MaxClients: 10000, Contents: contents, MostInput: 20, MostOutput: 100, ClientBytes: 500,
		AverageTTL: func(db int) int64 { return int64(db) + 5000 }, ProcessBytes: 5 << 20,
		PeakBytes: 6 << 20, SystemBytes: 8 << 30, Errors: map[string]int64{"ERR": 2, "WRONGTYPE": 1}, ErrorReplies: 3,
		CommandStats: []CommandStat{{Name: "get", Calls: 4, Duration: 10 * time.Microsecond, Rejected: 1, Failed: 2}},
	}
}

func (s *fakeServer) Parameters(context.Context) []Parameter {
	return []Parameter{{"databases", "16"}, {"maxmemory", "0"}, {"maxmemory-policy", "noeviction"}, {"save", ""}, {"timeout", "0"}}
}

// SetParameters knows one parameter, which takes one value, and the limits on the nodes of streams.
func (s *fakeServer) SetParameters(_ context.Context, pairs []Parameter) error {
	for _, p := range pairs {
		n, _ := strconv.ParseInt(p.Value, 10, 64)
		switch {
		case p.Name == "stream-node-max-entries":
			s.compact.StreamEntries.Store(n)
		case p.Name == "stream-node-max-bytes":
			s.compact.StreamBytes.Store(n)
		case p.Name != "maxmemory":
			return UnknownParameter(p.Name)
		case p.Value != "0":
			return ParameterRefused(p.Name, "argument must be a memory value")
		}
	}
	return nil
}

func (s *fakeServer) Backends(context.Context) []BackendInfo {
	return []BackendInfo{
		{Name: "test", Driver: "memory", Active: true, Open: true, Healthy: true, Capabilities: []string{"ttl", "atomic"}},
		{Name: "disk", Driver: "badger"},
	}
}

func (s *fakeServer) BackendStats(ctx context.Context, name string) (BackendStats, error) {
	contents, _ := s.engine.Stats(ctx) // that of memory cannot fail
	return BackendStats{Name: "test" + name, Driver: "memory", Contents: contents, Reads: 1, Writes: 2, Errors: 3,
		Uptime: time.Minute, OpsPerSecond: 1.5, Switches: 4}, s.failure
}

func (s *fakeServer) Switch(_ context.Context, _ Client, name string, mode SwitchMode) error {
	s.switched = append(s.switched, name+" "+strconv.Itoa(int(mode)))
	return s.failure
}

func (s *fakeServer) Clean(context.Context) (int64, error) { return 5, s.failure }
func (s *fakeServer) Optimize(context.Context) error       { return s.failure }
