// Package badger keeps the data in a folder, with Badger.
//
// It is a thin driver: package ordered has the typed values, the transactions and the group commit.
// Here are how Badger is opened (open.go), read and written (store.go), and looked after in the
// background (upkeep.go): synced, compacted, kept away from a full disk and within its memory.
//
// No value ever enters Badger's value log: ordered keeps its records below the threshold. So the
// log needs no garbage collection, a read cannot meet a file that is just being removed, and what
// SyncWrites promises is the whole truth: Badger only logs that it could not sync its value log, but
// it returns that it could not sync its write-ahead log. The price is that long strings are
// rewritten by compactions like everything else.
package badger

import (
	"fmt"
	"time"

	"github.com/dgraph-io/badger/v4/options"

	"switchyard/backends"
	"switchyard/backends/ordered"
)

// Driver makes Badger backends.
var Driver = backends.Driver{
	Name: "badger", Capabilities: ordered.Capabilities, Config: func() backends.Config { return defaults() },
}

// Config is the configuration of one instance.
type Config struct {
	// Sync says when a write is safe from a power failure, as Redis's appendfsync: "always" before its reply, "everysec"
	// about a second later, "no" when the operating system likes. None loses a write when only the process dies.
	Sync string `toml:"sync"`
	// Memory is what tables, caches and the work on them should take, about. It also limits the Go heap of the process,
	// to the sum of all instances, unless GOMEMLIMIT is set or other data needs more.
	Memory string `toml:"memory"`
	// MinFreeDisk is how much space must be free on the file system; with less, writes that may need more are refused.
	MinFreeDisk string `toml:"min_free_disk"`
	// Compression of tables on disk: "none", "snappy" or "zstd". It may change between starts.
	Compression string `toml:"compression"`
	// CompactAfter is how long without a write makes the instance reclaim the space of what was deleted; 0: never.
	CompactAfter backends.Duration `toml:"compact_after"`
}

func defaults() *Config {
	return &Config{
		Sync: "everysec", Memory: "512mb", MinFreeDisk: "256mb", Compression: "snappy",
		CompactAfter: backends.Duration{Duration: 5 * time.Minute},
	}
}

const minMemory = 64 << 20

// settings is a checked configuration.
type settings struct {
	always, everysec bool
	memory           int64
	minFree          int64
	compression      options.CompressionType
	compactAfter     time.Duration
}

// Check refuses impossible values.
func (c *Config) Check() error {
	_, err := c.settings()
	return err
}

func (c *Config) settings() (s settings, err error) {
	switch c.Sync {
	case "always":
		s.always = true
	case "everysec":
		s.everysec = true
	case "no":
	default:
		return s, &backends.KeyError{Key: "sync", Why: `must be "always", "everysec" or "no"`}
	}
	if s.memory, err = backends.ParseBytes(c.Memory); err != nil {
		return s, &backends.KeyError{Key: "memory", Why: err.Error()}
	}
	if s.memory < minMemory {
		return s, &backends.KeyError{Key: "memory", Why: fmt.Sprintf("must be at least %dmb", minMemory>>20)}
	}
	if s.minFree, err = backends.ParseBytes(c.MinFreeDisk); err != nil {
		return s, &backends.KeyError{Key: "min_free_disk", Why: err.Error()}
	}
	known := map[string]options.CompressionType{"none": options.None, "snappy": options.Snappy, "zstd": options.ZSTD}
	var ok bool
	if s.compression, ok = known[c.Compression]; !ok {
		return s, &backends.KeyError{Key: "compression", Why: `must be "none", "snappy" or "zstd"`}
	}
	if c.CompactAfter.Duration < 0 {
		return s, &backends.KeyError{Key: "compact_after", Why: "must not be negative"}
	}
	s.compactAfter = c.CompactAfter.Duration
	return s, nil
}
