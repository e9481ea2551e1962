// Switchyard is a Redis-protocol server whose storage engine is a choice: memory, Badger or a real
// Redis, exchanged at runtime with STATE.SWITCH.
package main

import (
	_ "embed"
	"os"

	"switchyard/backends/all"
	"switchyard/proxy/cli"
)

//go:embed config.toml
var config []byte

func main() { os.Exit(cli.Main(os.Args[1:], config, all.Drivers)) }
