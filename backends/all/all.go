// Package all lists the drivers. Only main and tests import it.
package all

import (
	"switchyard/backends"
	"switchyard/backends/badger"
	"switchyard/backends/memory"
	"switchyard/backends/redis"
)

// Drivers are those that a configuration can name.
var Drivers = backends.Registry{
	memory.Driver,
	badger.Driver,
	redis.Driver,
}
