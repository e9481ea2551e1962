// Package cli is the command line: it turns flags into a configuration, runs the server until a
// signal, and talks to the person who started it.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"

	"github.com/spf13/pflag"

	"switchyard/backends"
	"switchyard/proxy"
)

// Main runs the program and returns its exit status. defaults is config.toml.
func Main(args []string, defaults []byte, drivers backends.Registry) int {
	if err := run(args, os.Stdout, proxy.Sources{Defaults: defaults, Environ: os.Environ(), Drivers: drivers}); err != nil {
		fmt.Fprintln(os.Stderr, "switchyard:", err)
		return 1
	}
	return 0
}

func run(args []string, out io.Writer, src proxy.Sources) error {
	o, err := parseFlags(args, out)
	if err != nil || o == nil {
		return err
	}
	src.File, src.Flags = o.file, o.overrides
	config, err := proxy.Load(src)
	if err != nil {
		return err
	}
	switch {
	case o.check:
		if err := config.Verify(); err != nil {
			return err
		}
		_, err := fmt.Fprintln(out, "the configuration is valid")
		return err
	case o.health:
		return proxy.CheckHealth(config)
	}
	return serve(config, out)
}

// serve runs the server until SIGTERM or SIGINT. A second signal ends the process at once.
func serve(config *proxy.Config, out io.Writer) error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer stop()
	context.AfterFunc(ctx, stop)
	server, err := proxy.New(config, Version(), newLog(config, os.Stderr))
	if err != nil {
		return err
	}
	greet(out, config, server)
	return server.Run(ctx)
}

// newLog makes the log that the configuration asks for.
func newLog(config *proxy.Config, w io.Writer) *slog.Logger {
	var level slog.Level
	if err := level.UnmarshalText([]byte(config.Log.Level)); err != nil {
		panic(err) // Load has checked it
	}
	options := &slog.HandlerOptions{Level: level}
	if config.Log.Format == "json" {
		return slog.New(slog.NewJSONHandler(w, options))
	}
	return slog.New(slog.NewTextHandler(w, options))
}

// release is the version of a released binary, which the linker sets with -X.
var release string

// Version is the version of this binary.
func Version() string {
	if release != "" {
		return release
	}
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" {
				return "0.1.0-" + s.Value[:min(len(s.Value), 12)]
			}
		}
	}
	return "0.1.0-dev"
}

// options are what the flags say.
type options struct {
	file          string
	check, health bool
	overrides     map[string]string
}

// parseFlags returns nil options when there is nothing more to do.
func parseFlags(args []string, out io.Writer) (*options, error) {
	o := &options{overrides: map[string]string{}}
	f := pflag.NewFlagSet("switchyard", pflag.ContinueOnError)
	f.SortFlags = false
	f.Usage = func() {} // an error says enough
	f.StringVar(&o.file, "config", "", "read the configuration from `FILE`")
	f.String("listen", "", "serve Redis clients on `ADDR`: host:port or unix:/path")
	f.String("admin", "", "serve /metrics, /healthz and /readyz on `ADDR`; empty: not at all")
	f.String("backend", "", "start on the instance `NAME` of the configuration, unless a switch has chosen another")
	f.String("data", "", "keep what must survive in the folder `DIR`")
	f.String("log-level", "", "log from `LEVEL` on: debug, info, warn, error")
	f.BoolVar(&o.check, "check", false, "validate the configuration and exit")
	f.BoolVar(&o.health, "health", false, "ask the running server whether it is ready; exit with 0 or 1")
	showVersion := f.Bool("version", false, "print the version and exit")
	err := f.Parse(args)
	switch {
	case errors.Is(err, pflag.ErrHelp):
		_, err := fmt.Fprintf(out, help, f.FlagUsages())
		return nil, err
	case err != nil:
		return nil, fmt.Errorf("%w (--help lists the flags)", err)
	case f.NArg() > 0:
		return nil, fmt.Errorf("unexpected argument %q (--help lists the flags)", f.Arg(0))
	case *showVersion:
		_, err := fmt.Fprintln(out, "switchyard", Version())
		return nil, err
	}
	f.Visit(func(flag *pflag.Flag) {
		if flag.Value.Type() == "string" && flag.Name != "config" {
			o.overrides["--"+flag.Name] = flag.Value.String()
		}
	})
	return o, nil
}
