package commands

import (
	"slices"
	"strings"
	"testing"

	"switchyard/backends"
	"switchyard/integration/redistest"
)

// sections reads INFO's text: the names of the sections in their order, and the fields of all.
func sections(t testing.TB, text string) (names []string, fields map[string]string) {
	t.Helper()
	fields = map[string]string{}
	for _, line := range strings.Split(text, "\r\n") {
		if title, isTitle := strings.CutPrefix(line, "# "); isTitle {
			names = append(names, title)
		} else if name, value, isField := strings.Cut(line, ":"); isField {
			if _, twice := fields[name]; twice {
				t.Errorf("INFO has %s twice", name)
			}
			fields[name] = value
		} else if line != "" {
			t.Errorf("INFO has the line %q", line)
		}
	}
	return names, fields
}

func TestInfoHasTheSectionsOfRedis(t *testing.T) {
	redis := redistest.Start(t)
	for _, line := range []string{
		"INFO", "INFO all", "INFO ALL", "INFO everything", "INFO default", "INFO server", "INFO Server Clients", "INFO clients server",
		"INFO nosuch", "INFO nosuch cpu", `INFO ""`, "INFO modules", "INFO keyspace", "INFO default commandstats", "INFO all server", "INFO commandstats",
	} {
		p := newPair(t, redis.Addr, "2")
		call := splitLine(t, line)
		ours, _ := sections(t, parseReply(t, p.rig.do(call...)).(string))
		theirs, _ := sections(t, parseReply(t, p.oracle.do(call...)).(string))
		ours = slices.DeleteFunc(ours, func(s string) bool { return s == "Switchyard" })
		if !slices.Equal(ours, theirs) {
			t.Errorf("%s has the sections %v, not %v", line, ours, theirs)
		}
	}
}

func TestInfoIsOneTextInBothProtocols(t *testing.T) {
	redis := redistest.Start(t)
	for _, proto := range []string{"2", "3"} {
		p := newPair(t, redis.Addr, proto)
		for _, section := range []string{"cluster", "nosuch", "keyspace"} {
			p.compare("INFO", section)
		}
		p.compare("INFO", "keyspace", "cluster")
	}
}

func TestInfoHasWhatToolsRead(t *testing.T) {
	r := newRig(t)
	r.do("SET", "a", "1", "EX", "100")
	r.do("SET", "b", "1")
	r.client.SelectDB(1)
	r.do("SET", "b", "1")
	_, fields := sections(t, parseReply(t, r.do("INFO", "everything")).(string))
	// redis_exporter, RedisInsight, Sidekiq, BullMQ, StackExchange.Redis and the stock Grafana board.
	for _, name := range strings.Fields(`
		redis_version redis_build_id redis_mode os process_id run_id tcp_port uptime_in_seconds uptime_in_days
		connected_clients blocked_clients tracking_clients maxclients client_recent_max_input_buffer client_recent_max_output_buffer
		used_memory used_memory_human used_memory_rss used_memory_peak used_memory_peak_human used_memory_lua used_memory_dataset
		total_system_memory maxmemory maxmemory_policy mem_fragmentation_ratio mem_fragmentation_bytes mem_allocator active_defrag_running
		lazyfree_pending_objects lazyfreed_objects loading async_loading rdb_changes_since_last_save rdb_bgsave_in_progress rdb_last_save_time
		rdb_last_bgsave_status rdb_last_bgsave_time_sec rdb_current_bgsave_time_sec aof_enabled aof_rewrite_in_progress
		aof_rewrite_scheduled aof_last_rewrite_time_sec aof_current_rewrite_time_sec aof_last_bgrewrite_status aof_last_write_status
		total_connections_received total_commands_processed instantaneous_ops_per_sec total_net_input_bytes total_net_output_bytes
		instantaneous_input_kbps instantaneous_output_kbps rejected_connections sync_full sync_partial_ok sync_partial_err expired_keys
		expired_stale_perc expired_time_cap_reached_count evicted_keys evicted_clients keyspace_hits keyspace_misses pubsub_channels
		pubsub_patterns latest_fork_usec migrate_cached_sockets slave_expires_tracked_keys active_defrag_hits active_defrag_misses
		total_error_replies unexpected_error_replies role connected_slaves master_replid master_repl_offset second_repl_offset
		repl_backlog_active repl_backlog_size repl_backlog_first_byte_offset repl_backlog_histlen
		allocator_frag_ratio allocator_frag_bytes allocator_rss_ratio allocator_rss_bytes rss_overhead_ratio rss_overhead_bytes
		mem_not_counted_for_evict mem_cluster_links mem_clients_normal module_fork_in_progress module_fork_last_cow_size
		used_memory_vm_total pubsub_clients watching_clients total_blocking_keys current_fork_perc
		used_cpu_sys used_cpu_user used_cpu_sys_children used_cpu_user_children cluster_enabled db0`) {
		if fields[name] == "" {
			t.Errorf("INFO has no %s", name)
		}
	}
	for name, want := range map[string]string{
		"redis_version": RedisVersion, "maxmemory_policy": "noeviction", "db0": "keys=2,expires=1,avg_ttl=5000", "db1": "keys=1,expires=0,avg_ttl=0",
		"client_recent_max_input_buffer": "20", "client_recent_max_output_buffer": "100", "mem_clients_normal": "500", "role": "master",
		"cmdstat_get": "calls=4,usec=10,usec_per_call=2.50,rejected_calls=1,failed_calls=2", "errorstat_WRONGTYPE": "count=1",
		"uptime_in_seconds": "176400", "uptime_in_days": "2", "used_memory_rss_human": "5.00M", "backend": "test", "switchyard_version": "1.2.3",
	} {
		if fields[name] != want {
			t.Errorf("%s is %q, not %q", name, fields[name], want)
		}
	}
}

// absentFields are those of Redis 7.0 that INFO does not have.
var absentFields = map[string]string{
	"monotonic_clock": "how Redis is built", "multiplexing_api": "how Redis is built", "atomicvar_api": "how Redis is built",
	"gcc_version": "how Redis is built", "process_supervised": "nothing is known of who supervises the process",
	"expire_cycle_cpu_milliseconds": "not measured", "total_eviction_exceeded_time": "not measured", "current_eviction_exceeded_time": "not measured",
	"dump_payload_sanitizations": "not counted", "total_reads_processed": "counting them would cost each read",
	"total_writes_processed":   "counting them would cost each write",
	"used_cpu_sys_main_thread": "there is no main thread", "used_cpu_user_main_thread": "there is no main thread",
}

func TestInfoHasTheFieldsOfRedis(t *testing.T) {
	redis := redistest.Start(t)
	p := newPair(t, redis.Addr, "2")
	for _, call := range [][]string{{"SET", "k", "v", "EX", "100"}, {"INFO", "nosuch"}, {"nosuch"}} {
		p.oracle.do(call...)
		p.rig.do(call...)
	}
	_, ours := sections(t, parseReply(t, p.rig.do("INFO", "everything")).(string))
	_, theirs := sections(t, parseReply(t, p.oracle.do("INFO", "everything")).(string))
	for name := range theirs {
		_, has := ours[name]
		switch why := absentFields[name]; {
		case strings.HasPrefix(name, "cmdstat_"), strings.HasPrefix(name, "latency_percentiles_usec_"):
		case !has && why == "":
			t.Errorf("INFO has no %s", name)
		case has && why != "":
			t.Errorf("INFO has %s, although: %s", name, why)
		}
	}
	for name := range absentFields {
		if _, has := theirs[name]; !has {
			t.Errorf("Redis has no %s", name)
		}
	}
}

func TestAnEmptyServerDividesByNothing(t *testing.T) {
	text := formatInfo(ServerInfo{CommandStats: []CommandStat{{Name: "get"}}, Contents: backends.Stats{}}, []string{"all"})
	if strings.Contains(text, "NaN") || strings.Contains(text, "Inf") {
		t.Error(text)
	}
}

func TestSizesAreForPeople(t *testing.T) {
	for n, want := range map[int64]string{0: "0B", 1023: "1023B", 1024: "1.00K", 1436549: "1.37M", 5 << 30: "5.00G", 1 << 40: "1.00T"} {
		if got := humanBytes(n); got != want {
			t.Errorf("%d is %s, not %s", n, got, want)
		}
	}
}
