package redis

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/pelletier/go-toml/v2"

	"switchyard/backends"
	"switchyard/integration/redistest"
)

func TestImpossibleValuesAreNamed(t *testing.T) {
	if err := Driver.Config().Check(); err != nil {
		t.Errorf("the defaults: %v", err)
	}
	for _, tc := range []struct {
		key    string
		change func(*Config)
	}{
		{"url", func(c *Config) { c.URL = "" }},
		{"url", func(c *Config) { c.URL = "127.0.0.1:6379" }},
		{"url", func(c *Config) { c.URL = "http://127.0.0.1" }},
		{"url", func(c *Config) { c.URL = "redis://:pa#ss/word@127.0.0.1:6379" }},
		{"url", func(c *Config) { c.URL = "redis://:password@127.0.0.1:x" }},
		{"url", func(c *Config) { c.URL = "redis://127.0.0.1/3" }},
		{"url", func(c *Config) { c.URL = "redis://127.0.0.1?db=3" }},
		{"url", func(c *Config) { c.URL = "unix://" }},
		{"url", func(c *Config) { c.TLSSkipVerify = true }},
		{"dial_timeout", func(c *Config) { c.DialTimeout = backends.Duration{} }},
		{"timeout", func(c *Config) { c.Timeout = backends.Duration{Duration: -1} }},
		{"password", func(c *Config) { c.Username = "user" }},
		{"tls_ca_file", func(c *Config) { c.URL, c.TLSCAFile = "rediss://127.0.0.1", "none.pem" }},
		{"tls_ca_file", func(c *Config) { c.URL, c.TLSCAFile = "rediss://127.0.0.1", "config.go" }},
	} {
		c := defaults()
		tc.change(c)
		err := c.Check()
		var key *backends.KeyError
		if !errors.As(err, &key) || key.Key != tc.key || strings.Contains(err.Error(), "pa") && strings.Contains(err.Error(), "ss@") {
			t.Errorf("%+v: %v", c, err)
		}
		if strings.Contains(c.URL, "word@") && strings.Contains(err.Error(), "word@") {
			t.Errorf("the password is in %v", err)
		}
	}
}

func TestConfigurationIsTOML(t *testing.T) {
	c := defaults()
	if err := toml.Unmarshal([]byte("url = 'redis://h'\ntimeout = '250ms'\ntls_skip_verify = false"), c); err != nil {
		t.Fatal(err)
	}
	if c.Timeout.Duration != 250*time.Millisecond || c.URL != "redis://h" || c.DialTimeout != defaults().DialTimeout {
		t.Errorf("%+v", c)
	}
	if err := toml.Unmarshal([]byte("timeout = 'soon'"), c); err == nil || !strings.Contains(err.Error(), "is not a duration") {
		t.Errorf("%v", err)
	}
	text, err := toml.Marshal(c)
	if err != nil || !strings.Contains(string(text), "timeout = '250ms'") {
		t.Errorf("%s, %v", text, err)
	}
}

func TestUnixSocket(t *testing.T) {
	dir, err := os.MkdirTemp("", "sy") // a socket's path must be short
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	socket := filepath.Join(dir, "redis.sock")
	s := redistest.Start(t, "--unixsocket", socket, "--requirepass", "")
	b := open(t, s, func(c *Config) { c.URL = "unix://" + socket })
	defer b.Close()
	if got := must(t, forward(b, request(0, 3, "PING"))); got != "+PONG\r\n" {
		t.Errorf("%q", got)
	}
}

func TestTLS(t *testing.T) {
	cert, key := certificate(t)
	addr := redistest.FreeAddr(t)
	_, port, err := net.SplitHostPort(addr)
	if err != nil {
		t.Fatal(err)
	}
	s := redistest.Start(t, "--tls-port", port, "--tls-cert-file", cert, "--tls-key-file", key, "--tls-ca-cert-file", cert,
		"--tls-auth-clients", "no")
	for name, change := range map[string]func(*Config){
		"trusted":   func(c *Config) { c.TLSCAFile = cert },
		"unchecked": func(c *Config) { c.TLSSkipVerify = true },
	} {
		b := open(t, s, func(c *Config) {
			c.URL = "rediss://" + addr
			change(c)
		})
		if got := must(t, forward(b, request(0, 3, "PING"))); got != "+PONG\r\n" {
			t.Errorf("%s: %q", name, got)
		}
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	}
	c := defaults()
	c.URL = "rediss://" + addr
	if _, err := c.Open(t.Context(), backends.Env{}); err == nil || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("an unknown certificate: %v", err)
	}
}

// certificate makes one for the loopback that signs itself.
func certificate(t *testing.T) (certFile, keyFile string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		IsCA: true, BasicConstraintsValid: true,
	}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	certFile, keyFile = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	for file, block := range map[string]*pem.Block{
		certFile: {Type: "CERTIFICATE", Bytes: cert},
		keyFile:  {Type: "PRIVATE KEY", Bytes: der},
	} {
		if err := os.WriteFile(file, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return certFile, keyFile
}
