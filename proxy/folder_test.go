package proxy

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

func TestTwoServersDoNotShareADataFolder(t *testing.T) {
	path := filepath.Join(t.TempDir(), "data")
	first, second := folder{path: path}, folder{path: path}
	if err := second.takeIfThere(); err != nil {
		t.Errorf("a folder that is not there: %v", err)
	}
	for range 2 {
		if err := first.take(); err != nil {
			t.Fatal(err)
		}
	}
	if err := second.takeIfThere(); err == nil || !strings.Contains(err.Error(), "--data DIR") {
		t.Errorf("%v", err)
	}
	if err := first.release(); err != nil {
		t.Fatal(err)
	}
	if err := second.take(); err != nil {
		t.Error(err)
	}
	if err := second.release(); err != nil {
		t.Error(err)
	}
}

func TestASocketThatAKilledProcessLeftIsReplaced(t *testing.T) {
	addr := "unix:" + filepath.Join(t.TempDir(), "s")
	ln, err := listenOn(addr)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := listenOn(addr); err == nil || !strings.Contains(err.Error(), syscall.EADDRINUSE.Error()) {
		t.Errorf("while somebody listens: %v", err)
	}
	ln.(*net.UnixListener).SetUnlinkOnClose(false)
	if err := ln.Close(); err != nil {
		t.Fatal(err)
	}
	again, err := listenOn(addr)
	if err != nil {
		t.Fatal(err)
	}
	if err := again.Close(); err != nil {
		t.Error(err)
	}
}

func TestVerifyReadsWhatTheConfigurationNames(t *testing.T) {
	c := testConfig(t)
	if err := c.Verify(); err != nil {
		t.Error(err)
	}
	if err := os.WriteFile(c.journalPath(), []byte(`{"backend":"gone"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := c.Verify(); err == nil || !strings.Contains(err.Error(), "remove the file") {
		t.Errorf("a journal of another configuration: %v", err)
	}
	c.TLS.Cert, c.TLS.Key = "none.pem", "none.key"
	if err := c.Verify(); err == nil || !strings.Contains(err.Error(), "tls.cert none.pem") {
		t.Errorf("a missing certificate: %v", err)
	}
}
