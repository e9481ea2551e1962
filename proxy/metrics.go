package proxy

import (
	"context"
	"strconv"

	"github.com/prometheus/client_golang/prometheus"
)

// collector shows the server's counters to Prometheus. They are read when they are asked for: the
// command path knows nothing of it.
type collector struct{ s *Server }

func desc(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("switchyard_"+name, help, labels, nil)
}

var (
	descCommands    = desc("commands_total", "Commands by name and outcome: ok, error (ran and failed), rejected (did not run).", "command", "outcome")
	descDuration    = desc("command_duration_seconds", "Time from the beginning of a command to its reply, durability included.", "command")
	descErrors      = desc("error_replies_total", "Error replies by their code.", "code")
	descClients     = desc("connected_clients", "Clients connected now.")
	descConnections = desc("connections_total", "Connections, by what became of them.", "outcome")
	descBytes       = desc("network_bytes_total", "Bytes received from and sent to clients.", "direction")
	descListeners   = desc("pubsub_clients", "Clients connected now that have subscribed to something.")
	descBlocked     = desc("blocked_clients", "Clients connected now that wait for a key.")
	descTopics      = desc("pubsub_topics", "Channels, patterns and shard channels that have subscribers.", "kind")
	descOperations  = desc("operations_running", "Batches of commands that run or wait for their backend now.")
	descActive      = desc("backend_active", "1 for the active backend.", "backend", "driver")
	descKeys        = desc("backend_keys", "Keys in an open backend.", "backend", "db")
	descExpires     = desc("backend_expiring_keys", "Keys with an expiry in an open backend.", "backend", "db")
	descSize        = desc("backend_bytes", "Memory, or disk space for a persistent backend.", "backend")
	descRemoved     = desc("backend_removed_keys_total", "Keys that a backend removed by itself.", "backend", "reason")
	descLookups     = desc("backend_lookups_total", "Reads of keys that were there and of keys that were not.", "backend", "result")
	descBackendOps  = desc("backend_operations_total", "Operations on a backend.", "backend", "kind")
	descSwitches    = desc("switches_total", "Switches that succeeded, as the journal counts them.")
	descInfo        = desc("build_info", "Always 1.", "version")
)

// Describe implements prometheus.Collector.
func (c collector) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{
		descCommands, descDuration, descErrors, descClients, descConnections, descListeners, descBlocked, descTopics, descBytes, descOperations, descActive, descKeys,
		descExpires, descSize, descRemoved, descLookups, descBackendOps, descSwitches, descInfo,
	} {
		ch <- d
	}
}

// Collect implements prometheus.Collector.
func (c collector) Collect(ch chan<- prometheus.Metric) {
	s := c.s
	gauge := sender(ch, prometheus.GaugeValue)
	counter := sender(ch, prometheus.CounterValue)
	c.collectCommands(ch)
	codes, _ := s.errors.counts()
	for code, n := range codes {
		counter(descErrors, n, code)
	}
	gauge(descClients, int64(s.clientCount()))
	counter(descConnections, s.accepted.Load()-s.rejected.Load(), "accepted")
	counter(descConnections, s.rejected.Load(), "rejected")
	input, output := s.stats.bytes()
	counter(descBytes, input, "in")
	counter(descBytes, output, "out")
	topics, listeners := s.topics()
	gauge(descListeners, int64(listeners))
	gauge(descBlocked, int64(s.waits.Len()))
	for kind, name := range []string{"channel", "pattern", "shard_channel"} {
		gauge(descTopics, int64(topics[kind]), name)
	}
	gauge(descOperations, s.operations.running.Load())
	counter(descSwitches, int64(s.epoch.Load()))
	gauge(descInfo, 1, s.version)
	for _, i := range s.instances {
		active := int64(0)
		if b := i.get(); b != nil {
			if b == s.active.Load() {
				active = 1
			}
			c.collectBackend(b, gauge, counter)
		}
		gauge(descActive, active, i.name, i.driver)
	}
}

type send func(d *prometheus.Desc, value int64, labels ...string)

func sender(ch chan<- prometheus.Metric, kind prometheus.ValueType) send {
	return func(d *prometheus.Desc, value int64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, kind, float64(value), labels...)
	}
}

func (c collector) collectCommands(ch chan<- prometheus.Metric) {
	counter := sender(ch, prometheus.CounterValue)
	for _, row := range c.s.allRows() {
		t := c.s.stats.row(row.Index)
		calls := t.calls()
		if calls == 0 && t.rejected == 0 {
			continue
		}
		counter(descCommands, calls-t.failed, row.FullName, "ok")
		counter(descCommands, t.failed, row.FullName, "error")
		counter(descCommands, t.rejected, row.FullName, "rejected")
		upTo := map[float64]uint64{}
		sum := uint64(0)
		for i, n := range t.buckets[:bucketCount-1] {
			sum += uint64(n)
			upTo[float64(int64(1)<<i)/1e6] = sum
		}
		ch <- prometheus.MustNewConstHistogram(descDuration, uint64(calls), float64(t.nanos)/1e9, upTo, row.FullName)
	}
}

func (c collector) collectBackend(b *opened, gauge, counter send) {
	name := b.Name()
	reads, writes, errors := c.s.stats.backend(b.index)
	counter(descBackendOps, reads, name, "read")
	counter(descBackendOps, writes, name, "write")
	counter(descBackendOps, errors, name, "error")
	ctx, cancel := context.WithTimeout(c.s.ctx, healthCheck)
	defer cancel()
	st, err := b.Stats(ctx)
	if err != nil {
		return // its errors are counted where commands meet them
	}
	gauge(descSize, st.Bytes, name)
	counter(descRemoved, st.Expired, name, "expired")
	counter(descRemoved, st.Evicted, name, "evicted")
	counter(descLookups, st.Hits, name, "hit")
	counter(descLookups, st.Misses, name, "miss")
	for db, d := range st.Databases {
		if d.Keys > 0 {
			gauge(descKeys, d.Keys, name, strconv.Itoa(db))
			gauge(descExpires, d.Expires, name, strconv.Itoa(db))
		}
	}
}
