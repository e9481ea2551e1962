package proxy

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"switchyard/proxy/switching"
)

// Verify says whether a server could start with the configuration, as far as that can be known without
// taking anything: it reads the files that are named.
func (c *Config) Verify() error {
	if c.TLS.Cert != "" {
		if _, err := c.certificate(); err != nil {
			return err
		}
	}
	_, err := c.journal()
	return err
}

func (c *Config) certificate() (tls.Certificate, error) {
	cert, err := tls.LoadX509KeyPair(c.TLS.Cert, c.TLS.Key)
	if err != nil {
		return cert, fmt.Errorf("tls.cert %s, tls.key %s: %w", c.TLS.Cert, c.TLS.Key, err)
	}
	return cert, nil
}

func (c *Config) journalPath() string { return filepath.Join(c.Data, "switchyard.json") }

// journal reads which backend the last switch has chosen, and refuses one that does not make sense here:
// to start on another would be to start on stale or missing data.
func (c *Config) journal() (switching.State, error) {
	const reset = "; mend it, or remove the file to start on the configured backend"
	state, err := switching.Load(c.journalPath())
	if err != nil {
		return state, fmt.Errorf("the record of the last switch cannot be read: %w%s", err, reset)
	}
	if names := c.Names(); state.Backend != "" && !slices.Contains(names, state.Backend) {
		return state, fmt.Errorf("%s says that backend %q is active, but the configuration has only %s%s",
			c.journalPath(), state.Backend, strings.Join(names, ", "), reset)
	}
	return state, nil
}

// listenOn listens on "host:port" or "unix:/path". A socket that a killed process has left behind is
// replaced; one that somebody answers is taken.
func listenOn(addr string) (net.Listener, error) {
	path, isUnix := strings.CutPrefix(addr, "unix:")
	if !isUnix {
		return net.Listen("tcp", addr)
	}
	ln, err := net.Listen("unix", path)
	if !errors.Is(err, syscall.EADDRINUSE) {
		return ln, err
	}
	if other, dialErr := net.Dial("unix", path); dialErr == nil {
		return nil, errors.Join(err, other.Close())
	} else if !errors.Is(dialErr, syscall.ECONNREFUSED) {
		return nil, err
	}
	if err := syscall.Unlink(path); err != nil {
		return nil, err
	}
	return net.Listen("unix", path)
}
