package main

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

const (
	readyTimeout = 30 * time.Second
	stopTimeout  = 15 * time.Second
	deathNotice  = 5 * time.Second // between a socket that closes and the parent that hears of the death
	readyPoll    = 20 * time.Millisecond
)

// process is a server that this program started, and stops by its pid.
type process struct {
	name string
	addr string   // where it listens
	dir  string   // its working folder, holding its log and its data
	env  []string // what it is told beyond our own environment

	cmd    *exec.Cmd
	exited chan struct{} // closed once the process is gone and reaped
}

// newProcess picks a free port of the loopback for a server that is yet to be started.
func newProcess(name string) (*process, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	return &process{name: name, addr: l.Addr().String(), exited: make(chan struct{})}, l.Close()
}

// start gives the process a group of its own, so that a Ctrl-C at the terminal reaches only us and the
// servers are stopped in order.
func (p *process) start(program string, args ...string) error {
	if err := os.MkdirAll(p.dir, 0o755); err != nil {
		return err
	}
	log, err := os.Create(p.logFile())
	if err != nil {
		return err
	}
	defer func() { _ = log.Close() }() // the child has its own descriptor
	p.cmd = exec.Command(program, args...)
	p.cmd.Dir = p.dir
	p.cmd.Env = append(cleanEnvironment(), p.env...)
	p.cmd.Stdout, p.cmd.Stderr = log, log
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := p.cmd.Start(); err != nil {
		return fmt.Errorf("%s: %w", p.name, err)
	}
	go func() {
		_ = p.cmd.Wait() // how it ended is told by its log
		close(p.exited)
	}()
	return nil
}

// cleanEnvironment is ours without what would configure Switchyard behind the benchmark's back.
func cleanEnvironment() []string {
	var env []string
	for _, e := range os.Environ() {
		if !strings.HasPrefix(e, "SWITCHYARD_") {
			env = append(env, e)
		}
	}
	return env
}

func (p *process) logFile() string { return filepath.Join(p.dir, p.name+".log") }

// ready returns once the server answers PING, or says why it never will.
func (p *process) ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	for !p.answers() {
		select {
		case <-p.exited:
			return p.gone()
		case <-ctx.Done():
			return fmt.Errorf("%s does not answer on %s: %w\n%s", p.name, p.addr, ctx.Err(), p.lastWords())
		case <-time.After(readyPoll):
		}
	}
	return nil
}

func (p *process) answers() bool {
	c, err := net.DialTimeout("tcp", p.addr, time.Second)
	if err != nil {
		return false
	}
	defer func() { _ = c.Close() }() // nothing of ours is left in it
	_ = c.SetDeadline(time.Now().Add(time.Second))
	if _, err := c.Write([]byte("*1\r\n$4\r\nPING\r\n")); err != nil {
		return false
	}
	reply := make([]byte, 64)
	n, err := c.Read(reply)
	return err == nil && bytes.HasPrefix(reply[:n], []byte("+PONG"))
}

func (p *process) hasExited() bool {
	select {
	case <-p.exited:
		return true
	default:
		return false
	}
}

// endsWithin tells whether the process ends in time d at the latest. A client of a dying server may see its
// sockets close before the system lets the parent know of the death.
func (p *process) endsWithin(d time.Duration) bool {
	select {
	case <-p.exited:
		return true
	case <-time.After(d):
		return false
	}
}

// blame returns the error that a server's death explains, or the given one if the server lives.
func (p *process) blame(err error) error {
	if p.endsWithin(deathNotice) {
		return p.gone()
	}
	return err
}

// gone is the error of a server that ended although nobody asked it to.
func (p *process) gone() error {
	return fmt.Errorf("%s ended (%v); its last words:\n%s", p.name, p.cmd.ProcessState, p.lastWords())
}

func (p *process) lastWords() string {
	const most = 1000
	text, err := os.ReadFile(p.logFile())
	if err != nil {
		return err.Error()
	}
	return string(text[max(0, len(text)-most):])
}

// stop asks the process to end, insists after stopTimeout, and returns when it is gone. It may be called
// twice.
func (p *process) stop() {
	_ = p.cmd.Process.Signal(syscall.SIGTERM) // an error means that it is gone already
	select {
	case <-p.exited:
	case <-time.After(stopTimeout):
		_ = p.cmd.Process.Kill()
		<-p.exited
	}
}

// cpu is the processor time that the process has used so far, in all its threads, user and system.
func (p *process) cpu() (time.Duration, error) {
	stat, err := p.proc("stat")
	if err != nil {
		return 0, err
	}
	return parseStat(stat)
}

// proc reads one of the system's files about the process.
func (p *process) proc(file string) (string, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/%s", p.cmd.Process.Pid, file))
	if err != nil {
		return "", p.blame(err)
	}
	return string(text), nil
}
