package memory

import (
	"strings"

	"switchyard/backends"
)

// Config is the configuration of one instance.
type Config struct {
	// MaxMemory is the limit on the memory used by data, as Redis writes it ("100mb"); "0" is none.
	MaxMemory string `toml:"maxmemory"`
	// Policy says what to remove at the limit; see Policies.
	Policy string `toml:"maxmemory_policy"`
	// Samples is how many keys are looked at to find one to remove: more is closer to the ideal and slower.
	Samples int `toml:"maxmemory_samples"`

	clock func() int64 // Unix milliseconds; nil: the system's clock
}

func defaults() *Config {
	return &Config{MaxMemory: "0", Policy: "noeviction", Samples: 5}
}

// Check refuses impossible values.
func (c *Config) Check() error {
	if _, err := backends.ParseBytes(c.MaxMemory); err != nil {
		return &backends.KeyError{Key: "maxmemory", Why: err.Error()}
	}
	if _, ok := policyByName(c.Policy); !ok {
		return &backends.KeyError{Key: "maxmemory_policy", Why: "must be one of " + strings.Join(Policies(), ", ")}
	}
	if c.Samples < 1 || c.Samples > 64 {
		return &backends.KeyError{Key: "maxmemory_samples", Why: "must be between 1 and 64"}
	}
	return nil
}
