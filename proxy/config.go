package proxy

import (
	"fmt"
	"log/slog"
	"net"
	"slices"
	"strings"

	"switchyard/backends"
	"switchyard/commands"
	"switchyard/proxy/switching"
	"switchyard/proxy/transport"
	"switchyard/proxy/transport/eventloop"
)

// Config is the whole configuration. config.toml documents every key; it is embedded in the binary
// and holds the defaults.
type Config struct {
	Listen    string `toml:"listen"`
	Admin     string `toml:"admin"`
	Backend   string `toml:"backend"`
	Data      string `toml:"data"`
	Databases int    `toml:"databases"`
	Password  string `toml:"password"`
	Transport string `toml:"transport"`
	Loops     int    `toml:"loops"`

	NotifyEvents string `toml:"notify_keyspace_events"`

	TLS struct {
		Cert string `toml:"cert"`
		Key  string `toml:"key"`
	} `toml:"tls"`

	Log struct {
		Level  string `toml:"level"`
		Format string `toml:"format"`
	} `toml:"log"`

	Limits struct {
		Clients    int  `toml:"clients"`
		Operations int  `toml:"operations"`
		Argument   Size `toml:"argument"`
		Arguments  int  `toml:"arguments"`
		Request    Size `toml:"request"`
		Output     Size `toml:"output"`

		PubSubOutput      Size              `toml:"pubsub_output"`
		PubSubOutputSoft  Size              `toml:"pubsub_output_soft"`
		PubSubOutputGrace backends.Duration `toml:"pubsub_output_grace"`
		TrackedKeys       int               `toml:"tracked_keys"`

		UnauthArgument  Size `toml:"unauthenticated_argument"`
		UnauthArguments int  `toml:"unauthenticated_arguments"`
	} `toml:"limits"`

	Timeouts struct {
		Idle      backends.Duration `toml:"idle"`
		Operation backends.Duration `toml:"operation"`
		Open      backends.Duration `toml:"open"`
		Shutdown  backends.Duration `toml:"shutdown"`
	} `toml:"timeouts"`

	Switch struct {
		Share float64           `toml:"share"`
		Pause backends.Duration `toml:"pause"`
		Marks Size              `toml:"marks"`
	} `toml:"switch"`

	// Backends are the instances by name.
	Backends map[string]Instance `toml:"-"`

	// File is where the configuration came from; "": only from the defaults.
	File string `toml:"-"`
}

// Instance is one [backends.NAME].
type Instance struct {
	Driver       string
	Config       backends.Config
	Capabilities backends.Capabilities // of the driver
}

// Names lists the instances, sorted.
func (c *Config) Names() []string {
	names := make([]string, 0, len(c.Backends))
	for name := range c.Backends {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// check refuses impossible values. The error is a backends.KeyError with the path of the key.
func (c *Config) check() error {
	for _, r := range []struct {
		key string
		bad bool
		why string
	}{
		{"listen", !isAddress(c.Listen), `must be "host:port" or "unix:/path"`},
		{"admin", c.Admin != "" && !isAddress(c.Admin), `must be "host:port", or empty for none`},
		{"databases", c.Databases < 1 || c.Databases > 1024, "must be between 1 and 1024"},
		{"transport", c.Transport != "auto" && c.Transport != "eventloop" && c.Transport != "redcon", "must be auto, eventloop or redcon"},
		{"transport", c.Transport == "eventloop" && !eventloop.Supported(), "the event loop does not run on this system"},
		{"transport", c.Transport == "eventloop" && c.TLS.Cert != "", "the event loop does not speak TLS"},
		{"loops", c.Loops < 0 || c.Loops > 1024, "must be between 0 and 1024"},
		{"admin", c.Admin == c.Listen, "must be another address than listen"},
		{"notify_keyspace_events", !validEvents(c.NotifyEvents), "must be made of Ag$lshzxeKEtmdn, as in Redis"},
		{"tls.cert", (c.TLS.Cert == "") != (c.TLS.Key == ""), "certificate and key go together"},
		{"data", c.Data == "", "must name a folder"},
		{"log.level", !validLevel(c.Log.Level), "must be debug, info, warn or error"},
		{"log.format", c.Log.Format != "text" && c.Log.Format != "json", "must be text or json"},
		{"limits.clients", c.Limits.Clients < 1, "must be at least 1"},
		{"limits.operations", c.Limits.Operations < 1, "must be at least 1"},
		{"limits.argument", c.Limits.Argument < 1<<10 || c.Limits.Argument > 4<<30, "must be between 1kb and 4gb"},
		{"limits.arguments", c.Limits.Arguments < 16, "must be at least 16"},
		{"limits.request", c.Limits.Request < c.Limits.Argument, "must be at least limits.argument"},
		{"limits.output", c.Limits.Output < 1<<20, "must be at least 1mb"},
		{"limits.pubsub_output", c.Limits.PubSubOutput < 1<<16, "must be at least 64kb"},
		{"limits.pubsub_output_soft", c.Limits.PubSubOutputSoft < 0, "cannot be negative"},
		{"limits.tracked_keys", c.Limits.TrackedKeys < 0, "cannot be negative"},
		{"limits.pubsub_output_grace", c.Limits.PubSubOutputGrace.Duration < 0, "cannot be negative"},
		{"limits.unauthenticated_argument", c.Limits.UnauthArgument < 64, "must be at least 64"},
		{"limits.unauthenticated_arguments", c.Limits.UnauthArguments < 7, "must be at least 7, for HELLO with all its options"},
		{"timeouts.idle", c.Timeouts.Idle.Duration < 0, "cannot be negative"},
		{"timeouts.operation", c.Timeouts.Operation.Duration <= 0, "must be positive"},
		{"timeouts.open", c.Timeouts.Open.Duration <= 0, "must be positive"},
		{"timeouts.shutdown", c.Timeouts.Shutdown.Duration <= 0, "must be positive"},
		{"switch.share", c.Switch.Share <= 0 || c.Switch.Share > 1, "must be above 0 and at most 1"},
		{"switch.pause", c.Switch.Pause.Duration <= 0, "must be positive"},
		{"switch.marks", c.Switch.Marks < 1<<20, "must be at least 1mb"},
	} {
		if r.bad {
			return &backends.KeyError{Key: r.key, Why: r.why}
		}
	}
	if _, known := c.Backends[c.Backend]; !known {
		return &backends.KeyError{Key: "backend", Why: fmt.Sprintf("there is no [backends.%s]; configured are: %s", c.Backend, strings.Join(c.Names(), ", "))}
	}
	return nil
}

func isAddress(s string) bool {
	if path, isUnix := strings.CutPrefix(s, "unix:"); isUnix {
		return path != ""
	}
	_, port, err := net.SplitHostPort(s)
	if err != nil {
		return false
	}
	_, err = net.LookupPort("tcp", port)
	return err == nil
}

func validLevel(s string) bool {
	var l slog.Level
	return l.UnmarshalText([]byte(s)) == nil
}

func validEvents(s string) bool {
	_, ok := commands.ParseEvents(s)
	return ok
}

// limits are those of the transport.
func (c *Config) limits() *transport.Limits {
	return &transport.Limits{
		Bulk: int64(c.Limits.Argument), Arguments: int64(c.Limits.Arguments), Request: int64(c.Limits.Request),
		UntrustedBulk: int64(c.Limits.UnauthArgument), UntrustedRequest: int64(c.Limits.UnauthArguments),
		Output: int64(c.Limits.Output),
	}
}

func (c *Config) switchLimits() switching.Limits {
	return switching.Limits{Share: c.Switch.Share, Pause: c.Switch.Pause.Duration, Marks: int64(c.Switch.Marks)}
}

// Size is a number of bytes, written as Redis writes it: "512mb".
type Size int64

// UnmarshalText implements encoding.TextUnmarshaler.
func (s *Size) UnmarshalText(b []byte) error {
	n, err := backends.ParseBytes(string(b))
	*s = Size(n)
	return err
}

// MarshalText implements encoding.TextMarshaler.
func (s Size) MarshalText() ([]byte, error) { return fmt.Append(nil, int64(s)), nil }
