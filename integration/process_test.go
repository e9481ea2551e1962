package integration

import (
	"errors"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"switchyard/integration/redistest"
)

// settings say how to start a Switchyard. The zero value is one with the memory backend.
type settings struct {
	Backend  string            // "" leaves the choice to the configuration
	Data     string            // the data folder; "": one of the test's
	Upstream *redistest.Server // what [backends.redis] points at; nil: one is started
	Env      []string          // NAME=value
	Args     []string          // further flags
}

// process is a running Switchyard.
type process struct {
	Addr     string // where clients connect
	Admin    string // where operators do
	Data     string
	Upstream *redistest.Server

	t      testing.TB
	cmd    *exec.Cmd
	log    redistest.Log
	exited chan struct{} // closed when the process has ended
	status error         // of exec.Cmd.Wait, once exited is closed
	ended  bool          // a test has stopped it, and has looked at how it ended
}

// start runs a Switchyard until the test ends, and returns once it answers. At the end it is asked
// to stop, unless the test did, and must then exit with status 0.
func start(t testing.TB, s settings) *process {
	t.Helper()
	p := launch(t, s)
	p.awaitPing()
	return p
}

// launch starts the process without waiting for it to answer.
func launch(t testing.TB, s settings) *process {
	t.Helper()
	p := &process{
		Addr: redistest.FreeAddr(t), Admin: redistest.FreeAddr(t), Data: s.Data, Upstream: s.Upstream,
		t: t, exited: make(chan struct{}),
	}
	if p.Data == "" {
		p.Data = t.TempDir()
	}
	if p.Upstream == nil {
		p.Upstream = redistest.Start(t)
	}
	args := []string{"--listen", p.Addr, "--admin", p.Admin, "--data", p.Data}
	if s.Backend != "" {
		args = append(args, "--backend", s.Backend)
	}
	p.cmd = exec.Command(binary, append(args, s.Args...)...)
	p.cmd.Env = environment(append([]string{
		"SWITCHYARD_BACKENDS_REDIS_URL=redis://" + p.Upstream.Addr, "SWITCHYARD_TRANSPORT=" + *transportFlag,
	}, s.Env...))
	p.cmd.Stdout, p.cmd.Stderr = &p.log, &p.log
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		p.status = p.cmd.Wait()
		close(p.exited)
	}()
	t.Cleanup(p.cleanup)
	return p
}

// environment is the test's own without any setting of Switchyard, and more. Where the process has
// a data race, it is to say so by its exit status, and at once.
func environment(more []string) []string {
	var env []string
	for _, e := range os.Environ() {
		if !strings.HasPrefix(e, "SWITCHYARD_") {
			env = append(env, e)
		}
	}
	return append(append(env, "GORACE=exitcode=66 atexit_sleep_ms=20"), more...)
}

func (p *process) awaitPing() {
	p.t.Helper()
	eventually(p.t, "switchyard answers PING", func() bool {
		select {
		case <-p.exited:
			p.t.Fatalf("switchyard ended at once: %v\n%s", p.status, p.log.String())
		default:
		}
		c, err := dialError(p.Addr)
		if err != nil {
			return false
		}
		defer c.Close()
		// With a password set, a refusal is an answer too.
		r, err := c.try("PING")
		return err == nil && (r.raw == "+PONG\r\n" || strings.HasPrefix(r.raw, "-NOAUTH"))
	})
}

// Stop asks the process to end as an operator does, and expects that it does so with status 0.
func (p *process) Stop() {
	p.t.Helper()
	p.Signal(syscall.SIGTERM)
	p.AwaitExit(0)
}

// Signal sends sig to the process.
func (p *process) Signal(sig syscall.Signal) {
	p.t.Helper()
	if err := p.cmd.Process.Signal(sig); err != nil && !errors.Is(err, os.ErrProcessDone) {
		p.t.Fatal(err)
	}
}

// AwaitExit waits for the end of the process, which must have that status.
func (p *process) AwaitExit(status int) {
	p.t.Helper()
	p.ended = true
	select {
	case <-p.exited:
	case <-time.After(60 * time.Second):
		p.Signal(syscall.SIGQUIT) // the log shows what it was doing
		<-p.exited
		p.t.Fatalf("switchyard does not end")
	}
	if got := p.cmd.ProcessState.ExitCode(); got != status {
		p.t.Errorf("switchyard ended with status %d, want %d", got, status)
	}
}

// Kill ends the process as a crash does.
func (p *process) Kill() {
	p.t.Helper()
	p.ended = true
	p.Signal(syscall.SIGKILL)
	<-p.exited
}

// Again starts the process anew on the same data and upstream, with other settings where s has some.
func (p *process) Again(s settings) *process {
	p.t.Helper()
	s.Data, s.Upstream = p.Data, p.Upstream
	return start(p.t, s)
}

func (p *process) cleanup() {
	if !p.ended {
		p.Stop()
	}
	for _, bad := range []string{"DATA RACE", "panic:", "fatal error:"} {
		if strings.Contains(p.log.String(), bad) {
			p.t.Errorf("the log has %q", bad)
		}
	}
	if p.t.Failed() {
		p.t.Logf("switchyard at %s said:\n%s", p.Addr, tail(&p.log, 64<<10))
	}
}

// Log is what the process has written so far.
func (p *process) Log() string { return p.log.String() }

// Client returns a go-redis client of database 0 that is closed when the test ends.
func (p *process) Client() *redis.Client { return p.ClientOf(0) }

// ClientOf returns a go-redis client of a database.
func (p *process) ClientOf(db int) *redis.Client {
	c := redis.NewClient(&redis.Options{Addr: p.Addr, DB: db, ReadTimeout: time.Minute})
	p.t.Cleanup(func() { c.Close() })
	return c
}

// Active is the name of the active backend.
func (p *process) Active() string {
	p.t.Helper()
	stats := dial(p.t, p.Addr).do("STATE.STATS")
	name, ok := stats.field("backend")
	if !ok {
		p.t.Fatalf("STATE.STATS: %q", stats.raw)
	}
	return name.text
}

// tail is the end of the log, up to n bytes.
func tail(log *redistest.Log, n int) string {
	s := log.String()
	return s[max(0, len(s)-n):]
}
