package redis

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"
	"time"

	goredis "github.com/redis/go-redis/v9"

	"switchyard/backends"
)

// Config is the configuration of one instance.
type Config struct {
	// URL is redis://host:port, rediss://host:port (TLS) or unix:///path/to/socket, with user:password@ before the
	// host where needed. It has no database number: database N of Switchyard is database N of the server.
	URL string `toml:"url"`
	// Username overrides the user of the URL.
	Username string `toml:"username"`
	// Password overrides the password of the URL.
	Password string `toml:"password"`
	// DialTimeout bounds connecting, TLS and authentication included.
	DialTimeout backends.Duration `toml:"dial_timeout"`
	// Timeout bounds each command until its whole reply, and before that the wait for room among too many others.
	Timeout backends.Duration `toml:"timeout"`
	// TLSCAFile has the certificates that may sign the server's; "" is the system's set.
	TLSCAFile string `toml:"tls_ca_file"`
	// TLSSkipVerify accepts any certificate of the server.
	TLSSkipVerify bool `toml:"tls_skip_verify"`
}

// defaults has a port of its own, since Switchyard itself listens on Redis's.
func defaults() *Config {
	return &Config{
		URL:         "redis://127.0.0.1:6380",
		DialTimeout: backends.Duration{Duration: 2 * time.Second},
		Timeout:     backends.Duration{Duration: 5 * time.Second},
	}
}

// Check refuses impossible values.
func (c *Config) Check() error {
	_, err := c.upstream()
	return err
}

// upstream is what the configuration says, once it is known to be possible.
func (c *Config) upstream() (*upstream, error) {
	opt, err := parseURL(c.URL)
	if err != nil {
		return nil, &backends.KeyError{Key: "url", Why: err.Error()}
	}
	if c.DialTimeout.Duration <= 0 {
		return nil, &backends.KeyError{Key: "dial_timeout", Why: "must be positive"}
	}
	if c.Timeout.Duration <= 0 {
		return nil, &backends.KeyError{Key: "timeout", Why: "must be positive"}
	}
	up := &upstream{
		network:     opt.Network,
		addr:        opt.Addr,
		username:    opt.Username,
		password:    opt.Password,
		dialTimeout: c.DialTimeout.Duration,
		timeout:     c.Timeout.Duration,
		tls:         opt.TLSConfig,
	}
	if c.Username != "" {
		up.username = c.Username
	}
	if c.Password != "" {
		up.password = c.Password
	}
	if up.username != "" && up.password == "" {
		return nil, &backends.KeyError{Key: "password", Why: "is missing for the username"}
	}
	return up, c.trust(up.tls)
}

// trust completes what TLS needs; t is nil without TLS.
func (c *Config) trust(t *tls.Config) error {
	if t == nil {
		if c.TLSCAFile != "" || c.TLSSkipVerify {
			return &backends.KeyError{Key: "url", Why: "must begin with rediss:// when there are tls_ keys"}
		}
		return nil
	}
	t.InsecureSkipVerify = c.TLSSkipVerify
	if c.TLSCAFile == "" {
		return nil
	}
	pem, err := os.ReadFile(c.TLSCAFile)
	if err != nil {
		return &backends.KeyError{Key: "tls_ca_file", Why: err.Error()}
	}
	t.RootCAs = x509.NewCertPool()
	if !t.RootCAs.AppendCertsFromPEM(pem) {
		return &backends.KeyError{Key: "tls_ca_file", Why: fmt.Sprintf("%s has no certificate in PEM", c.TLSCAFile)}
	}
	return nil
}

var (
	// errURL stands for every error of the parsers, which may quote the password.
	errURL = errors.New("must be redis://host:port, rediss://host:port or unix:///path, " +
		"with special characters of a password percent-encoded")
	errURLDatabase = errors.New("must not name a database: database N of Switchyard is database N of the server")
	errURLOptions  = errors.New("must not have options after a question mark: they are keys of their own")
)

func parseURL(s string) (*goredis.Options, error) {
	u, err := url.Parse(s)
	if err != nil {
		return nil, errURL
	}
	if u.RawQuery != "" || u.Fragment != "" {
		return nil, errURLOptions
	}
	if u.Scheme != "unix" && strings.Trim(u.Path, "/") != "" {
		return nil, errURLDatabase
	}
	opt, err := goredis.ParseURL(s)
	if err != nil || opt.Network == "unix" && opt.Addr == "" {
		return nil, errURL
	}
	return opt, nil
}
