package lua

import (
	"bytes"
	"os"
	"strings"
	"testing"
)

// A step of a story runs a script of testdata/recipes.
type step struct {
	script string
	keys   string // separated by spaces
	args   []string
}

const (
	jobKeys    = "q:id q:wait q:delayed q:prio q:events"
	finishKeys = "q:active q:wait q:done q:failed"
)

// packed are the options of a job as a client packs them.
func packed(t *testing.T, options string) string {
	t.Helper()
	reply := run(t, New(Options{}), "return cmsgpack.pack(cjson.decode(ARGV[1]))", options)
	_, body, _ := strings.Cut(reply, "\r\n")
	return strings.TrimSuffix(body, "\r\n")
}

func TestQueuesAndLimitersWorkAsOnRedis(t *testing.T) {
	job := func(options, data string) step { return step{"add_job", jobKeys, []string{packed(t, options), data}} }
	take := step{"take_job", "q:wait q:active q:prio", []string{"q", "worker-1", "30000"}}
	finish := func(id, token, result, at, keep string) step {
		return step{"finish_job", finishKeys, []string{"q", id, token, result, at, keep}}
	}
	window := func(now string) step { return step{"window", "w:1", []string{now, "1000", "3"}} }
	bucket := func(now, n string) step { return step{"bucket", "b:1", []string{"0.3", "10", now, n}} }
	story := []step{
		job(`{"name":"mail","prefix":"q","timestamp":1700000000123,"attempts":2}`, `{"to":"a\u00e9/b"}`),
		job(`{"name":"late","prefix":"q","timestamp":1700000000123,"delay":5000}`, `{}`),
		job(`{"name":"later","prefix":"q","timestamp":1700000000123,"delay":9000.5}`, `[]`),
		job(`{"name":"first","prefix":"q","timestamp":1700000000123,"priority":3,"attempts":1}`, `1`),
		job(`{"name":"own","prefix":"q","timestamp":1,"jobId":"77","lifo":true}`, `null`),
		job(`{"name":"own","prefix":"q","timestamp":1,"jobId":"77"}`, `null`),
		{"promote", "q:delayed q:wait", []string{"1700000005123", "10"}},
		{"promote", "q:delayed q:wait", []string{"1700000005123"}},
		{"promote", "q:delayed q:wait", []string{"1800000000000", "1"}},
		{"promote", "q:delayed q:wait", []string{"1800000000000", "1"}},
		take,
		finish("77", "worker-1", `{"value":{"ok":true}}`, "100.5", "1"),
		finish("77", "worker-1", `{}`, "100", "1"),
		take,
		finish("1", "worker-2", `{}`, "100", ""),
		finish("1", "worker-1", `{"failed":"it \"broke\""}`, "100", ""),
		take,
		finish("1", "worker-1", `{"failed":"again"}`, "101", ""),
		take, take, take, take,
		finish("2", "worker-1", `{"value":[1,2.5,null]}`, "102", "1"),
		finish("3", "worker-1", `not json`, "103", "1"),
		window("1000"), window("1001.5"), window("1002"), window("1003"), window("2001"), window("9000"),
		bucket("0", "4"), bucket("1", "6"), bucket("2", "1"), bucket("10", "2.5"), bucket("100", "11"),
		{"unlock", "q:3:lock", []string{"worker-2"}},
		{"unlock", "q:3:lock", []string{"worker-1"}},
		{"unlock", "q:3:lock", []string{"worker-1"}},
		{"report", "q:1 q:2 q:3 q:4 q:77 q:wait q:done b:1 none", nil},
	}
	for _, proto := range []int{2, 3} {
		r := newRig(t)
		for _, c := range r.host.conns {
			c.do("SELECT", "1")
		}
		for i, s := range story {
			code, err := os.ReadFile("testdata/recipes/" + s.script + ".lua")
			if err != nil {
				t.Fatal(err)
			}
			keys := strings.Fields(s.keys)
			want := r.theirs(string(code), keys, s.args, proto)
			got := r.ours(string(code), keys, s.args, proto)
			if !bytes.Equal(got, want) {
				t.Errorf("step %d, %s\n got %q\nwant %q", i, s.script, got, want)
			}
		}
		sameKeys(t, r)
	}
}

// sameKeys compares databases 0, of the real scripts, and 1, of ours.
func sameKeys(t *testing.T, r *rig) {
	t.Helper()
	const content = `local r = {} local keys = redis.call('KEYS', '*') table.sort(keys)
for _, k in ipairs(keys) do r[#r + 1] = {k, redis.call('DUMP', k), redis.call('TTL', k) > 0} end return r`
	theirs := r.clients[2].do("EVAL", content, "0")
	r.clients[2].do("SELECT", "1")
	ours := r.clients[2].do("EVAL", content, "0")
	if !bytes.Equal(theirs, ours) || len(ours) < 500 {
		t.Errorf("keys\n got %q\nwant %q", ours, theirs)
	}
}
