package backends

import (
	"context"
	"log/slog"
	"strings"
)

// Driver is a kind of backend. Drivers are listed explicitly in package all; none registers itself.
type Driver struct {
	Name string // as in driver = "..."
	// Capabilities are what an instance will have, as far as that is known before it is open.
	Capabilities Capabilities
	// Config returns the driver's configuration with its defaults: a pointer to a struct with
	// toml tags, into which the instance's table is decoded strictly.
	Config func() Config
}

// Config is the configuration of one instance.
type Config interface {
	// Check refuses impossible values. Its error is a KeyError.
	Check() error
	// Open opens the instance. It fails within ctx's deadline when the store cannot be used.
	Open(ctx context.Context, env Env) (Backend, error)
}

// KeyError says that the value of one key of a configuration is impossible.
type KeyError struct {
	Key string // the key inside the instance's table
	Why string
}

func (e *KeyError) Error() string { return e.Key + ": " + e.Why }

// Env is what the process gives to an instance.
type Env struct {
	Name      string   // the instance's name
	Dir       string   // a folder of the instance's own, which may not exist yet
	Databases int      // how many numbered databases there are
	Compact   *Compact // nil: as Redis starts with
	Log       *slog.Logger
}

// Registry is a set of drivers.
type Registry []Driver

// Find returns the driver of that name.
func (r Registry) Find(name string) (Driver, bool) {
	for _, d := range r {
		if d.Name == name {
			return d, true
		}
	}
	return Driver{}, false
}

// Names lists the drivers for an error message.
func (r Registry) Names() string {
	names := make([]string, len(r))
	for i, d := range r {
		names[i] = d.Name
	}
	return strings.Join(names, ", ")
}
