package proxy

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

func TestClientListShowsWhatTheConnectionHolds(t *testing.T) {
	s := openSession(t, newTestServer(t, nil))
	defer s.Close()
	for _, line := range []string{"CLIENT INFO", "CLIENT LIST"} {
		got := ask(s, strings.Fields(line)...)
		for _, field := range []string{" fd=3 ", " qbuf=20 ", " obl=100 ", " omem=100 ", fmt.Sprintf(" tot-mem=%d ", memoryOf(fakeConn{}.Usage())), " events=rw "} {
			if !strings.Contains(got, field) {
				t.Errorf("%s has no%s: %s", line, field, got)
			}
		}
	}
	info := ask(s, "INFO", "clients", "memory")
	for _, field := range []string{
		"client_recent_max_input_buffer:20", "client_recent_max_output_buffer:100", fmt.Sprint("mem_clients_normal:", memoryOf(fakeConn{}.Usage())),
	} {
		if !strings.Contains(info, field+"\r\n") {
			t.Errorf("INFO has no %s", field)
		}
	}
}

func TestInfoEstimatesTheTimeToLive(t *testing.T) {
	s := openSession(t, newTestServer(t, nil))
	defer s.Close()
	average := func() int64 {
		found := regexp.MustCompile(`db0:keys=\d+,expires=\d+,avg_ttl=(\d+)\r`).FindStringSubmatch(ask(s, "INFO", "keyspace"))
		if found == nil {
			t.Fatal("INFO has no avg_ttl")
		}
		n, err := strconv.ParseInt(found[1], 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	ask(s, "SET", "forever", "v")
	if n := average(); n != 0 {
		t.Errorf("without keys that expire it is %d", n)
	}
	ask(s, "DEL", "forever")
	for i := range 100 {
		ask(s, "SET", fmt.Sprint("key:", i), "v", "EX", "10000")
	}
	if n := average(); n <= 9_000_000 || n > 10_000_000 {
		t.Errorf("of keys with 10000 s it is %d ms", n)
	}
}
