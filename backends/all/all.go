// Package all lists the drivers. Only main and tests import it.
package all

import (
	"switchyard/backends"
	"switchyard/backends/memory"
)

// Drivers are those that a configuration can name.
var Drivers = backends.Registry{
	memory.Driver,
}
