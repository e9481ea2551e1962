package redis

import (
	"fmt"
	"testing"
	"time"

	"switchyard/backends"
	"switchyard/integration/redistest"
)

func TestStatsAreTheServers(t *testing.T) {
	s := redistest.Start(t, "--maxmemory", "50mb", "--maxmemory-policy", "allkeys-lfu")
	b := open(t, s, nil)
	defer b.Close()
	must(t, forward(b, request(0, 2, "MSET a 1 b 2")))
	must(t, forward(b, request(3, 2, "SET c 1 EX 100")))
	must(t, forward(b, request(0, 2, "GET a")))
	must(t, forward(b, request(0, 2, "GET none")))
	st, err := b.Stats(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if st.Keys() != 3 || st.Expires() != 1 || len(st.Databases) != 4 || st.Databases[3].Expires != 1 || st.Bytes < 100_000 ||
		st.MaxBytes != 50<<20 || st.Policy != "allkeys-lfu" || st.Hits != 1 || st.Misses != 1 {
		t.Errorf("%+v", st)
	}
	must(t, forward(b, request(0, 2, "SET d 1")))
	if again, err := b.Stats(t.Context()); err != nil || again.Keys() != 3 {
		t.Errorf("the answer is not kept: %+v, %v", again, err)
	}
	b.stats.mu.Lock()
	b.stats.at = time.Now().Add(-2 * statsAge)
	b.stats.mu.Unlock()
	if again, err := b.Stats(t.Context()); err != nil || again.Keys() != 4 {
		t.Errorf("the answer is kept for ever: %+v, %v", again, err)
	}
}

func TestPersistenceIsTheServers(t *testing.T) {
	for _, tc := range []struct {
		options []string
		want    bool
	}{
		{nil, false},
		{[]string{"--appendonly", "yes"}, true},
		{[]string{"--save", "900 1"}, true},
		{[]string{"--rename-command", "CONFIG", ""}, true},
	} {
		t.Run(fmt.Sprint(tc.options), func(t *testing.T) {
			b := open(t, redistest.Start(t, tc.options...), nil)
			defer b.Close()
			want := backends.Capabilities{TTL: true, Transactions: true, Atomic: true, Persistent: tc.want, Shared: true}
			if got := b.Capabilities(); got != want {
				t.Errorf("%+v", got)
			}
		})
	}
}

func FuzzParseInfo(f *testing.F) {
	f.Add("# Memory\r\nused_memory:100\r\nmaxmemory_policy:noeviction\r\n\r\ndb0:keys=3,expires=1,avg_ttl=0\r\n")
	f.Add("db-1:keys=1\ndb99999999:keys=1\ndb:\nkeyspace_hits:-5\n")
	f.Fuzz(func(t *testing.T, info string) {
		st := parseInfo(info)
		if len(st.Databases) > maxDatabases || st.Keys() < 0 && len(st.Databases) < 2 || st.Hits < 0 {
			t.Errorf("%+v", st)
		}
	})
}
