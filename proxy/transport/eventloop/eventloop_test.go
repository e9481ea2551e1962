package eventloop

import (
	"log/slog"
	"net"
	"testing"
	"time"

	"switchyard/proxy/transport"
	"switchyard/proxy/transport/transporttest"
)

func build(ln net.Listener, h transport.Handler, limits *transport.Limits, idle time.Duration) (transport.Server, error) {
	return New(ln, h, Options{Limits: limits, Idle: idle, Log: slog.New(slog.DiscardHandler)})
}

func TestTransport(t *testing.T) { transporttest.Run(t, build) }
