// Package applications has applications of the ecosystem do their ordinary work, from their published packages, on Switchyard
// with each engine and on a real redis-server: what fails there as well is a mistake of the test.
//
// It is a module of its own, so that who builds Switchyard needs none of them.
package applications

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"switchyard/integration/redistest"
)

// binary is the Switchyard under test, with the race detector inside.
var binary string

func TestMain(m *testing.M) { os.Exit(buildAndRun(m)) }

func buildAndRun(m *testing.M) int {
	dir, err := os.MkdirTemp("", "switchyard-applications-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	binary = filepath.Join(dir, "switchyard")
	build := exec.Command("go", "build", "-race", "-o", binary, ".")
	build.Dir = filepath.Join("..", "..")
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "building switchyard: %v\n%s", err, out)
		return 1
	}
	return m.Run()
}

// everywhere runs f as parallel subtests, on a server of its own each.
func everywhere(t *testing.T, f func(t *testing.T, addr string)) {
	t.Parallel()
	t.Run("redis-server", func(t *testing.T) {
		t.Parallel()
		f(t, redistest.Start(t).Addr)
	})
	for _, backend := range []string{"memory", "badger"} {
		t.Run(backend, func(t *testing.T) {
			t.Parallel()
			f(t, start(t, backend))
		})
	}
}

// start runs a Switchyard until the test ends; then it must stop with status 0 when it is asked to.
func start(t *testing.T, backend string) (addr string) {
	t.Helper()
	addr = redistest.FreeAddr(t)
	var log redistest.Log
	cmd := exec.Command(binary, "--listen", addr, "--admin", "", "--data", t.TempDir(), "--backend", backend)
	cmd.Env = append(os.Environ(), "GORACE=exitcode=66 atexit_sleep_ms=20")
	cmd.Stdout, cmd.Stderr = &log, &log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM) // Wait tells if it has ended before
		if err := cmd.Wait(); err != nil {
			t.Errorf("switchyard: %v", err)
		}
		if t.Failed() {
			t.Logf("switchyard said:\n%s", log.String())
		}
	})
	c := redis.NewClient(&redis.Options{Addr: addr})
	defer c.Close()
	eventually(t, "it answers PING", func() bool { return c.Ping(t.Context()).Err() == nil })
	return addr
}

// eventually waits for a condition that must come true.
func eventually(t testing.TB, what string, condition func() bool) {
	t.Helper()
	deadline := time.Now().Add(60 * time.Second)
	for !condition() {
		if time.Now().After(deadline) {
			t.Fatalf("still not after 60 seconds: %s", what)
		}
		time.Sleep(10 * time.Millisecond)
	}
}
