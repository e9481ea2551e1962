// Package admin is the HTTP side of the server, for operators and their tools: /metrics, /healthz
// and /readyz.
package admin

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Sources are what the pages show.
type Sources struct {
	Collector prometheus.Collector
	Ready     func(context.Context) error // nil: clients can be served
	Version   string
	Log       *slog.Logger
}

// Server is the admin server.
type Server struct {
	ln   net.Listener
	http *http.Server
	done chan struct{}
	log  *slog.Logger
}

// readyTimeout bounds how long /readyz waits for the backend.
const readyTimeout = 2 * time.Second

// Listen takes the address. Nothing is served before Start.
func Listen(addr string, src Sources) (*Server, error) {
	ln, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, err
	}
	s := &Server{ln: ln, log: src.Log}
	s.http = &http.Server{
		Handler: pages(src), ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 10 * time.Second,
		WriteTimeout: 30 * time.Second, IdleTimeout: time.Minute, MaxHeaderBytes: 16 << 10,
		ErrorLog: slog.NewLogLogger(src.Log.Handler(), slog.LevelDebug),
	}
	return s, nil
}

func pages(src Sources) http.Handler {
	registry := prometheus.NewRegistry()
	registry.MustRegister(src.Collector, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{ErrorLog: slog.NewLogLogger(src.Log.Handler(), slog.LevelWarn)}))
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { say(w, http.StatusOK, "ok") })
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), readyTimeout)
		defer cancel()
		if err := src.Ready(ctx); err != nil {
			src.Log.Warn("not ready", "error", err)
			say(w, http.StatusServiceUnavailable, "the backend is not usable, see the server's log")
			return
		}
		say(w, http.StatusOK, "ok")
	})
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		say(w, http.StatusOK, "Switchyard "+src.Version+": /metrics /healthz /readyz")
	})
	return mux
}

func say(w http.ResponseWriter, status int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, text+"\n") // the client may be gone
}

// Addr is where it listens.
func (s *Server) Addr() net.Addr { return s.ln.Addr() }

// Start serves until Close.
func (s *Server) Start() {
	s.done = make(chan struct{})
	go func() {
		defer close(s.done)
		if err := s.http.Serve(s.ln); !errors.Is(err, http.ErrServerClosed) {
			s.log.Error("admin server", "error", err)
		}
	}()
}

// Close ends all requests and waits for the end.
func (s *Server) Close() error {
	err := s.http.Close()
	if s.done == nil {
		return errors.Join(err, s.ln.Close())
	}
	<-s.done
	return err
}
