package memory

import (
	"errors"
	"math"
	"strconv"
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
	if _, err := parseBytes(c.MaxMemory); err != nil {
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

var errBytes = errors.New(`must be a size such as "0", "100mb" or "2gb"`)

// parseBytes reads a size in Redis's notation: k, m and g are powers of 1000, kb, mb and gb powers
// of 1024, in either case.
func parseBytes(s string) (int64, error) {
	s = strings.ToLower(strings.TrimSpace(s))
	digits := strings.TrimRight(s, "bgkm")
	unit := map[string]int64{
		"": 1, "b": 1, "k": 1000, "kb": 1 << 10, "m": 1e6, "mb": 1 << 20, "g": 1e9, "gb": 1 << 30,
	}[s[len(digits):]]
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil || unit == 0 || n < 0 || n > math.MaxInt64/unit {
		return 0, errBytes
	}
	return n * unit, nil
}
