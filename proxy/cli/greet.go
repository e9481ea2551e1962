package cli

import (
	"fmt"
	"io"
	"net"

	"switchyard/proxy"
)

const help = `Switchyard serves Redis clients from a storage engine of your choice, and moves
the data to another one while they go on working.

Usage: switchyard [flags]

%s
Every key of the configuration has an environment variable named after its path,
such as SWITCHYARD_BACKENDS_REDIS_URL for url in [backends.redis]. A flag wins
over the environment, which wins over the file, which wins over the defaults.

Without flags it keeps data in memory and listens on 127.0.0.1:6379. Then:

  redis-cli set greeting hello       any Redis client will do
  redis-cli state.backends           what there is to switch to
  redis-cli state.switch badger      move everything to disk
  redis-cli state.help               all commands of this kind
`

// greet tells a person where the server is and how to use it.
func greet(out io.Writer, config *proxy.Config, s *proxy.Server) {
	name, driver := s.Active()
	fmt.Fprintf(out, "Switchyard %s, storing in %s (driver %s)\n", Version(), name, driver)
	fmt.Fprintf(out, "  Redis clients  %s\n  try            redis-cli%s ping\n", s.Addr(), hint(config, s.Addr()))
	if a := s.AdminAddr(); a != nil {
		fmt.Fprintf(out, "  admin          http://%s/metrics /healthz /readyz\n", a)
	}
}

// hint is what redis-cli must be told to get in.
func hint(config *proxy.Config, addr net.Addr) (flags string) {
	if host, port, err := net.SplitHostPort(addr.String()); err == nil {
		if ip := net.ParseIP(host); ip != nil && ip.IsUnspecified() {
			host = "127.0.0.1"
		}
		flags = " -h " + host + " -p " + port
	} else {
		flags = " -s " + addr.String()
	}
	if config.TLS.Cert != "" {
		flags += " --tls"
	}
	if config.Password != "" {
		flags += " --askpass"
	}
	return flags
}
