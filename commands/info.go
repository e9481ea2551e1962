package commands

import (
	"cmp"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"time"

	"switchyard/backends"
)

// TrackingInfo counts what is known of the copies that clients keep.
type TrackingInfo struct{ Clients, Keys, Items, Prefixes int64 }

// ServerInfo is what INFO is made of.
type ServerInfo struct {
	Version            string // of Switchyard
	RunID              string
	Port               int
	Started            time.Time
	Now                time.Time
	Executable         string
	ConfigFile         string
	Backend, Driver    string
	Switches           int64
	Clients            int
	Watching           int64 // clients
	Scripts            int   // that the server has
	Functions          int
	Libraries          int
	Tracking           TrackingInfo
	MaxClients         int
	MostInput          int // bytes that a client has sent and that have not run yet
	MostOutput         int // bytes that a client has yet to read
	ClientBytes        int64
	Contents           backends.Stats
	AverageTTL         func(db int) int64 // an estimate in milliseconds; it is asked for where it is shown; nil: unknown
	ProcessBytes       int64              // memory that the process holds
	AllocatedBytes     int64              // of that, what is in use
	PeakBytes          int64
	SystemBytes        int64 // memory of the machine
	CPUSystem, CPUUser float64
	Connections        int64 // since the start
	Rejected           int64
	Commands           int64
	OpsPerSecond       float64
	InputBytes         int64
	OutputBytes        int64
	InputPerSecond     float64
	OutputPerSecond    float64
	ErrorReplies       int64
	Errors             map[string]int64 // by code
	CommandStats       []CommandStat

	Blocked       int                   // of Clients, those that wait for a key
	AwaitedKeys   int                   // that they wait for
	PubSubClients int                   // of Clients, those that listen to something
	Topics        [ShardChannel + 1]int // that have subscribers, by Topic
}

// CommandStat is the history of one command.
type CommandStat struct {
	Name     string
	Calls    int64
	Duration time.Duration
	Rejected int64 // refused before they ran
	Failed   int64 // ran, and replied with an error

	Percentiles []Percentile // of the duration; none without calls
}

// Percentile is a duration that so many of a hundred calls did not exceed.
type Percentile struct {
	Rank float64
	Most time.Duration
}

type infoSection struct {
	name   string
	inAll  bool // shown by ALL and EVERYTHING but not by default
	fields func(i ServerInfo) []infoField
}

type infoField struct {
	name  string
	value any
}

var infoSections = []infoSection{
	{name: "Server", fields: serverSection},
	{name: "Clients", fields: clientsSection},
	{name: "Memory", fields: memorySection},
	{name: "Persistence", fields: persistenceSection},
	{name: "Stats", fields: statsSection},
	{name: "Replication", fields: replicationSection},
	{name: "CPU", fields: cpuSection},
	{name: "Modules", fields: func(ServerInfo) []infoField { return nil }},
	{name: "Commandstats", inAll: true, fields: commandstatsSection},
	{name: "Errorstats", fields: errorstatsSection},
	{name: "Latencystats", inAll: true, fields: latencystatsSection},
	{name: "Cluster", fields: func(ServerInfo) []infoField { return []infoField{{"cluster_enabled", 0}} }},
	{name: "Keyspace", fields: keyspaceSection},
	{name: "Switchyard", fields: switchyardSection},
}

// formatInfo writes the sections that are wanted, in Redis's order and form. No name at all means
// the default ones.
func formatInfo(i ServerInfo, wanted []string) string {
	every := slices.Contains(wanted, "all") || slices.Contains(wanted, "everything")
	usual := len(wanted) == 0 || slices.Contains(wanted, "default")
	var out strings.Builder
	for _, s := range infoSections {
		if !every && !(usual && !s.inAll) && !slices.Contains(wanted, strings.ToLower(s.name)) {
			continue
		}
		if out.Len() > 0 {
			out.WriteString("\r\n")
		}
		out.WriteString("# " + s.name + "\r\n")
		for _, f := range s.fields(i) {
			fmt.Fprintf(&out, "%s:%v\r\n", f.name, f.value)
		}
	}
	return out.String()
}

func serverSection(i ServerInfo) []infoField {
	up := i.Now.Sub(i.Started)
	return []infoField{
		{"redis_version", RedisVersion}, {"redis_git_sha1", "00000000"}, {"redis_git_dirty", 0}, {"redis_build_id", i.Version},
		{"redis_mode", "standalone"}, {"os", runtime.GOOS + " " + runtime.GOARCH}, {"arch_bits", 32 << (^uint(0) >> 63)},
		{"process_id", os.Getpid()}, {"run_id", i.RunID}, {"tcp_port", i.Port}, {"server_time_usec", i.Now.UnixMicro()},
		{"uptime_in_seconds", int64(up.Seconds())}, {"uptime_in_days", int64(up.Hours() / 24)}, {"hz", 10}, {"configured_hz", 10},
		{"lru_clock", i.Now.Unix() & (1<<24 - 1)}, {"executable", i.Executable}, {"config_file", i.ConfigFile}, {"io_threads_active", 0},
	}
}

func clientsSection(i ServerInfo) []infoField {
	return []infoField{
		{"connected_clients", i.Clients}, {"cluster_connections", 0}, {"maxclients", i.MaxClients},
		{"client_recent_max_input_buffer", i.MostInput}, {"client_recent_max_output_buffer", i.MostOutput},
		{"blocked_clients", i.Blocked}, {"tracking_clients", i.Tracking.Clients}, {"clients_in_timeout_table", 0},
		{"pubsub_clients", i.PubSubClients}, {"watching_clients", i.Watching}, {"total_blocking_keys", i.AwaitedKeys}, {"total_blocking_keys_on_nokey", 0},
	}
}

func memorySection(i ServerInfo) []infoField {
	used, limit := i.Contents.Bytes, i.Contents.MaxBytes
	return []infoField{
		{"used_memory", used}, {"used_memory_human", humanBytes(used)},
		{"used_memory_rss", i.ProcessBytes}, {"used_memory_rss_human", humanBytes(i.ProcessBytes)},
		{"used_memory_peak", i.PeakBytes}, {"used_memory_peak_human", humanBytes(i.PeakBytes)},
		{"used_memory_peak_perc", percent(used, i.PeakBytes)}, {"used_memory_overhead", max(i.AllocatedBytes-used, 0)},
		{"used_memory_startup", 0}, {"used_memory_dataset", used}, {"used_memory_dataset_perc", percent(used, max(i.AllocatedBytes, used))},
		{"allocator_allocated", i.AllocatedBytes}, {"allocator_active", i.AllocatedBytes}, {"allocator_resident", i.ProcessBytes},
		{"total_system_memory", i.SystemBytes}, {"total_system_memory_human", humanBytes(i.SystemBytes)},
		{"used_memory_lua", 0}, {"used_memory_vm_eval", 0}, {"used_memory_lua_human", humanBytes(0)}, {"used_memory_scripts_eval", 0},
		{"used_memory_vm_functions", 0}, {"used_memory_vm_total", 0}, {"used_memory_vm_total_human", humanBytes(0)},
		{"used_memory_functions", 0}, {"used_memory_scripts", 0}, {"used_memory_scripts_human", humanBytes(0)},
		{"number_of_cached_scripts", i.Scripts}, {"number_of_functions", i.Functions}, {"number_of_libraries", i.Libraries},
		{"maxmemory", limit}, {"maxmemory_human", humanBytes(limit)}, {"maxmemory_policy", cmp.Or(i.Contents.Policy, "noeviction")},
		{"allocator_frag_ratio", ratio(1, 1)}, {"allocator_frag_bytes", 0},
		{"allocator_rss_ratio", ratio(i.ProcessBytes, i.AllocatedBytes)}, {"allocator_rss_bytes", max(i.ProcessBytes-i.AllocatedBytes, 0)},
		{"rss_overhead_ratio", ratio(1, 1)}, {"rss_overhead_bytes", 0},
		{"mem_fragmentation_ratio", ratio(i.ProcessBytes, i.AllocatedBytes)}, {"mem_fragmentation_bytes", max(i.ProcessBytes-i.AllocatedBytes, 0)},
		{"mem_not_counted_for_evict", 0}, {"mem_total_replication_buffers", 0}, {"mem_replication_backlog", 0},
		{"mem_clients_normal", i.ClientBytes}, {"mem_clients_slaves", 0}, {"mem_cluster_links", 0}, {"mem_aof_buffer", 0},
		{"mem_allocator", "go"}, {"active_defrag_running", 0}, {"lazyfree_pending_objects", 0}, {"lazyfreed_objects", 0},
	}
}

func persistenceSection(i ServerInfo) []infoField {
	return []infoField{
		{"loading", 0}, {"async_loading", 0}, {"current_cow_peak", 0}, {"current_cow_size", 0}, {"current_cow_size_age", 0},
		{"current_fork_perc", "0.00"}, {"current_save_keys_processed", 0}, {"current_save_keys_total", 0},
		{"rdb_last_load_keys_expired", 0}, {"rdb_last_load_keys_loaded", 0},
		{"aof_rewrites", 0}, {"aof_rewrites_consecutive_failures", 0}, {"module_fork_in_progress", 0}, {"module_fork_last_cow_size", 0},
		{"rdb_saves", 0}, {"rdb_last_cow_size", 0}, {"aof_last_cow_size", 0}, {"rdb_changes_since_last_save", 0}, {"rdb_bgsave_in_progress", 0},
		{"rdb_last_save_time", i.Started.Unix()}, {"rdb_last_bgsave_status", "ok"}, {"rdb_last_bgsave_time_sec", -1},
		{"rdb_current_bgsave_time_sec", -1}, {"aof_enabled", 0}, {"aof_rewrite_in_progress", 0}, {"aof_rewrite_scheduled", 0},
		{"aof_last_rewrite_time_sec", -1}, {"aof_current_rewrite_time_sec", -1}, {"aof_last_bgrewrite_status", "ok"}, {"aof_last_write_status", "ok"},
	}
}

func statsSection(i ServerInfo) []infoField {
	return []infoField{
		{"total_connections_received", i.Connections}, {"total_commands_processed", i.Commands},
		{"instantaneous_ops_per_sec", int64(i.OpsPerSecond)},
		{"total_net_input_bytes", i.InputBytes}, {"total_net_output_bytes", i.OutputBytes},
		{"instantaneous_input_kbps", kilo(i.InputPerSecond)}, {"instantaneous_output_kbps", kilo(i.OutputPerSecond)},
		{"total_net_repl_input_bytes", 0}, {"total_net_repl_output_bytes", 0},
		{"instantaneous_input_repl_kbps", kilo(0)}, {"instantaneous_output_repl_kbps", kilo(0)},
		{"rejected_connections", i.Rejected}, {"sync_full", 0}, {"sync_partial_ok", 0}, {"sync_partial_err", 0},
		{"expired_keys", i.Contents.Expired}, {"expired_stale_perc", "0.00"}, {"expired_time_cap_reached_count", 0},
		{"evicted_keys", i.Contents.Evicted}, {"evicted_clients", 0},
		{"keyspace_hits", i.Contents.Hits}, {"keyspace_misses", i.Contents.Misses},
		{"pubsub_channels", i.Topics[Channel]}, {"pubsub_patterns", i.Topics[Pattern]}, {"pubsubshard_channels", i.Topics[ShardChannel]}, {"latest_fork_usec", 0}, {"total_forks", 0},
		{"migrate_cached_sockets", 0}, {"slave_expires_tracked_keys", 0}, {"active_defrag_hits", 0}, {"active_defrag_misses", 0},
		{"active_defrag_key_hits", 0}, {"active_defrag_key_misses", 0}, {"tracking_total_keys", i.Tracking.Keys}, {"tracking_total_items", i.Tracking.Items},
		{"total_active_defrag_time", 0}, {"current_active_defrag_time", 0}, {"io_threaded_reads_processed", 0}, {"io_threaded_writes_processed", 0},
		{"reply_buffer_shrinks", 0}, {"reply_buffer_expands", 0}, {"tracking_total_prefixes", i.Tracking.Prefixes}, {"unexpected_error_replies", 0}, {"total_error_replies", i.ErrorReplies},
	}
}

func replicationSection(i ServerInfo) []infoField {
	return []infoField{
		{"role", "master"}, {"connected_slaves", 0}, {"master_failover_state", "no-failover"}, {"master_replid", i.RunID},
		{"master_replid2", strings.Repeat("0", 40)}, {"master_repl_offset", 0}, {"second_repl_offset", -1},
		{"repl_backlog_active", 0}, {"repl_backlog_size", 1048576}, {"repl_backlog_first_byte_offset", 0}, {"repl_backlog_histlen", 0},
	}
}

func cpuSection(i ServerInfo) []infoField {
	return []infoField{
		{"used_cpu_sys", fmt.Sprintf("%.6f", i.CPUSystem)}, {"used_cpu_user", fmt.Sprintf("%.6f", i.CPUUser)},
		{"used_cpu_sys_children", "0.000000"}, {"used_cpu_user_children", "0.000000"},
	}
}

func commandstatsSection(i ServerInfo) (fields []infoField) {
	for _, s := range i.CommandStats {
		each := 0.0
		if s.Calls > 0 {
			each = float64(s.Duration.Microseconds()) / float64(s.Calls)
		}
		fields = append(fields, infoField{"cmdstat_" + s.Name, fmt.Sprintf("calls=%d,usec=%d,usec_per_call=%.2f,rejected_calls=%d,failed_calls=%d",
			s.Calls, s.Duration.Microseconds(), each, s.Rejected, s.Failed)})
	}
	return fields
}

func latencystatsSection(i ServerInfo) (fields []infoField) {
	for _, s := range i.CommandStats {
		var texts []string
		for _, p := range s.Percentiles {
			texts = append(texts, fmt.Sprintf("p%g=%.3f", p.Rank, float64(p.Most.Nanoseconds())/1000))
		}
		if len(texts) > 0 {
			fields = append(fields, infoField{"latency_percentiles_usec_" + s.Name, strings.Join(texts, ",")})
		}
	}
	return fields
}

func errorstatsSection(i ServerInfo) (fields []infoField) {
	for code, n := range i.Errors {
		fields = append(fields, infoField{"errorstat_" + code, fmt.Sprintf("count=%d", n)})
	}
	slices.SortFunc(fields, func(a, b infoField) int { return strings.Compare(a.name, b.name) })
	return fields
}

func keyspaceSection(i ServerInfo) (fields []infoField) {
	for n, d := range i.Contents.Databases {
		if d.Keys == 0 {
			continue
		}
		ttl := int64(0)
		if d.Expires > 0 && i.AverageTTL != nil {
			ttl = i.AverageTTL(n)
		}
		fields = append(fields, infoField{fmt.Sprintf("db%d", n), fmt.Sprintf("keys=%d,expires=%d,avg_ttl=%d", d.Keys, d.Expires, ttl)})
	}
	return fields
}

func switchyardSection(i ServerInfo) []infoField {
	return []infoField{
		{"switchyard_version", i.Version}, {"backend", i.Backend}, {"driver", i.Driver}, {"switches", i.Switches},
	}
}

// humanBytes prints a size as Redis does: 1.37M.
func humanBytes(n int64) string {
	units := "KMGTP"
	f, unit := float64(n), ""
	for i := 0; f >= 1024 && i < len(units); i++ {
		f, unit = f/1024, units[i:i+1]
	}
	if unit == "" {
		return fmt.Sprintf("%dB", n)
	}
	return fmt.Sprintf("%.2f%s", f, unit)
}

func percent(part, whole int64) string {
	if whole == 0 {
		return "0.00%"
	}
	return fmt.Sprintf("%.2f%%", 100*float64(part)/float64(whole))
}

func ratio(a, b int64) string {
	if b == 0 {
		return "0.00"
	}
	return fmt.Sprintf("%.2f", float64(a)/float64(b))
}

func kilo(perSecond float64) string { return fmt.Sprintf("%.2f", perSecond/1024) }
