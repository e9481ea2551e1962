package applications

import (
	"context"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// TestNodeApplications runs what is in node/ with Node's own test runner; `make test` installs the packages.
func TestNodeApplications(t *testing.T) {
	files, err := filepath.Glob("node/*.test.mjs")
	if err != nil || len(files) == 0 {
		t.Fatalf("no tests: %v", err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			everywhere(t, func(t *testing.T, addr string) {
				host, port, err := net.SplitHostPort(addr)
				if err != nil {
					t.Fatal(err)
				}
				ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
				defer cancel()
				node := exec.CommandContext(ctx, "node", "--test", "--test-reporter=spec", filepath.Base(file))
				node.Dir = "node"
				// Node runs each file in a process of its own, which must not be left behind.
				node.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
				node.Cancel = func() error { return syscall.Kill(-node.Process.Pid, syscall.SIGKILL) }
				node.Env = append(os.Environ(), "REDIS_HOST="+host, "REDIS_PORT="+port)
				if out, err := node.CombinedOutput(); err != nil {
					t.Errorf("%v (`make test` installs what is missing)\n%s", err, out)
				}
			})
		})
	}
}
